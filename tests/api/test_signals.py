"""Series over HTTP: the same numbers as JSON and as CSV, gaps as null, and no answer dearer than it may be."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.api import parameters
from radar.api.signals import MOST_POINTS, _range
from radar.store import Store, embedded
from radar.times import parse
from tests.api.conftest import application
from tests.samples import NOW, sample_sources, seed

IRAQ = "/api/v1/signals?entity=country/IQ"


def get(api: FlaskClient, address: str, status: int = 200) -> Any:
    answer = api.get(address)
    assert answer.status_code == status, answer.text[:500]
    return json.loads(answer.data)


def test_a_series_has_a_value_and_a_baseline_for_every_time(api: FlaskClient) -> None:
    body = get(api, f"{IRAQ}&signal=edge.requests&baseline=1")
    (item,) = body["data"]
    assert (item["from"], item["until"]) == ("2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z")
    for name in ("times", "values", "n", "baseline", "lo", "hi", "threshold"):
        assert len(item[name]) == 288, name
    assert item["values"][-1] < item["threshold"][-1] < item["lo"][-1] < item["baseline"][-1] < item["hi"][-1]
    assert body["meta"]["interval"] == body["meta"]["native_interval"] == item["meta"]["interval"] == "5m"
    assert body["meta"]["unit"] == "requests"
    assert body["meta"]["source"] == "edge_logs"
    assert body["meta"]["licence"] == "CC0 1.0"
    assert body["meta"]["simulated"] is True
    assert body["meta"]["coverage"] == 1.0


def test_without_baseline_there_is_none(api: FlaskClient) -> None:
    (item,) = get(api, f"{IRAQ}&signal=edge.requests")["data"]
    assert {"values", "n"} <= item.keys()
    assert not {"baseline", "lo", "hi", "threshold"} & item.keys()


def test_a_gap_is_null_and_counts_against_coverage(api: FlaskClient) -> None:
    (item,) = get(api, f"{IRAQ}&signal=edge.requests&from=2026-03-01T05:00:00Z&until=2026-03-01T09:00:00Z")["data"]
    gap = [at for at, value in zip(item["times"], item["values"], strict=True) if value is None]
    assert (gap[0], gap[-1], len(gap)) == ("2026-03-01T06:00:00Z", "2026-03-01T07:55:00Z", 24)
    assert item["meta"]["coverage"] == 0.5


def test_bins_that_have_not_come_yet_are_not_missing(api: FlaskClient) -> None:
    (item,) = get(api, f"{IRAQ}&signal=edge.requests&interval=1d")["data"]
    assert (item["from"], item["until"]) == ("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z")
    assert item["meta"]["coverage"] == round(34 / 36, 4), "36 hours so far, with a gap of two"


def test_a_gap_stays_a_gap_at_every_zoom(api: FlaskClient) -> None:
    for interval in ("15m", "1h", "2h"):
        (item,) = get(api, f"{IRAQ}&signal=edge.requests&range=7d&interval={interval}")["data"]
        at = item["times"].index("2026-03-01T06:00:00Z")
        assert item["values"][at] is None, interval
        assert item["values"][at - 1] is not None
        assert item["meta"]["interval"] == interval
        assert "mean" in item["meta"]["aggregation"]


def test_csv_holds_exactly_the_numbers_of_the_json(api: FlaskClient) -> None:
    address = f"{IRAQ}&entity=asn/5089&signal=edge.requests&range=7d&max_points=200&baseline=1"
    data = get(api, address)["data"]
    answer = api.get(f"{address}&format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'rel="license"' in answer.headers["Link"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert list(rows[0]) == ["time", "entity", "signal", "source", "unit", "interval", "value", "n", "baseline", "lo",
                             "hi", "threshold", "simulated"]  # fmt: skip
    flat = [
        (at, item["entity"], *(item[name][i] for name in ("values", "n", "baseline", "lo", "hi", "threshold")))
        for item in data for i, at in enumerate(item["times"])
    ]  # fmt: skip

    def number(text: str) -> float | None:
        return float(text) if text else None

    read = [(row["time"], row["entity"], *(number(row[n]) for n in ("value", "n", "baseline", "lo", "hi", "threshold")))
            for row in rows]  # fmt: skip
    assert read == flat
    assert any(row["value"] == "" for row in rows), "a gap is an empty cell"
    assert {row["simulated"] for row in rows} == {"true"}


def test_without_a_signal_all_series_that_have_data_come(api: FlaskClient) -> None:
    body = get(api, IRAQ)
    assert [item["signal"] for item in body["data"]] == ["edge.requests", "bgp.visible_24s", "ping.up_24s"]
    assert body["meta"]["unit"] is None, "they differ, so the whole has none"
    assert body["meta"]["source"] is None
    assert [row["name"] for row in body["meta"]["sources"]] == ["edge_logs", "ioda_signals"]


def test_an_entity_without_data_has_no_series_and_one_asked_for_has_only_nulls(api: FlaskClient) -> None:
    assert get(api, "/api/v1/signals?entity=country/AQ")["data"] == []
    (item,) = get(api, "/api/v1/signals?entity=country/AQ&signal=edge.requests")["data"]
    assert set(item["values"]) == {None}
    assert item["meta"]["coverage"] == 0.0


def test_months_of_a_recorded_set_come_with_their_own_dates(api: FlaskClient) -> None:
    (item,) = get(api, f"{IRAQ}&signal=ndt.download_p50&range=all")["data"]
    assert (item["times"][0], item["times"][-1], len(item["times"])) == (
        "2024-10-01T00:00:00Z", "2025-10-01T00:00:00Z", 13)  # fmt: skip
    assert (item["values"][0], item["values"][1], item["values"][-1]) == (51.0, None, 57.5)
    assert item["meta"]["simulated"] is False
    (item,) = get(api, f"{IRAQ}&signal=ndt.download_p50&range=24h")["data"]
    assert item["times"] == ["2025-10-01T00:00:00Z"], "the last 24 h of a recorded set are its own"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("&interval=1m", "interval"),
        ("&interval=1mo", "interval"),
        ("&range=12w&interval=5m", "interval"),
        ("&interval=5m&max_points=10", "interval"),
    ],
)
def test_what_cannot_be_drawn_is_a_422_that_says_what_would_do(api: FlaskClient, query: str, parameter: str) -> None:
    error = get(api, f"{IRAQ}&signal=edge.requests{query}", 422)["error"]
    assert error["code"] == "too_expensive"
    assert error["parameter"] == parameter
    assert error["expected"]


def test_a_grain_that_does_not_divide_is_refused_with_those_that_do(api: FlaskClient) -> None:
    error = get(api, f"{IRAQ}&signal=ping.up_24s&interval=15m", 422)["error"]
    assert error["expected"].startswith("auto, 10m, 30m, 1h")


def test_every_range_that_the_pages_offer_can_be_asked_for(api: FlaskClient) -> None:
    from radar.pages import _view

    assert {name: seconds for name, (seconds, _words) in _view.RANGES.items()} == parameters.RANGES
    (item,) = get(api, f"{IRAQ}&signal=edge.requests_hour&range=1y&max_points=400")["data"]
    assert parse(item["until"]) - parse(item["from"]) >= timedelta(days=365)
    assert len(item["values"]) <= 401
    assert item["meta"]["interval"] == "1d"
    (fine,) = get(api, f"{IRAQ}&signal=edge.requests&range=1y&baseline=week")["data"]
    assert fine["meta"]["interval"] == "12h"
    assert get(api, f"{IRAQ}&signal=edge.requests&range=1y&baseline=median", 422)["error"]["parameter"] == "range"


def test_a_huge_range_is_refused_before_anything_is_read(api: FlaskClient) -> None:
    error = get(api, f"{IRAQ}&signal=edge.requests&from=1990-01-01T00:00:00Z", 422)["error"]
    assert error["parameter"] == "from"
    many = "".join(f"&entity=asn/{n}" for n in range(1, 20))
    assert get(api, f"{IRAQ}{many}&range=12w&signal=edge.requests", 422)["error"]["parameter"] == "range"


def test_too_many_series_are_refused(api: FlaskClient) -> None:
    many = "".join(f"&entity=asn/{n}" for n in range(1, 20))
    signals = "&signal=edge.requests&signal=edge.bytes&signal=bgp.visible_24s"
    assert get(api, f"{IRAQ}{many}{signals}", 422)["error"]["code"] == "too_expensive"


def test_max_points_is_kept_to(api: FlaskClient) -> None:
    for most in (1, 7, 100, 2000, MOST_POINTS):
        (item,) = get(api, f"{IRAQ}&signal=edge.requests&range=7d&max_points={most}")["data"]
        assert len(item["values"]) <= most + 1, "a range is widened to whole points"


def test_the_same_signal_twice_is_one_series(api: FlaskClient) -> None:
    body = get(api, f"{IRAQ}&signal=edge.requests&signal=edge.requests@edge_logs")
    assert len(body["data"]) == 1


def test_until_in_the_future_ends_now_and_from_in_the_future_is_an_error(api: FlaskClient) -> None:
    (item,) = get(api, f"{IRAQ}&signal=edge.requests&from=2026-03-02T11:00:00Z&until=2050-01-01T00:00:00Z")["data"]
    assert item["until"] == "2026-03-02T12:00:00Z"
    error = get(api, f"{IRAQ}&signal=edge.requests&from=2030-01-01T00:00:00Z", 400)["error"]
    assert error["parameter"] == "from"


def test_a_source_without_bins_still_has_a_range() -> None:
    never = next(row for row in sample_sources() if row["state"] == "never")
    given = {"range": "all", "from": None, "until": None}
    since, until = _range(given, NOW, 300, never)  # type: ignore[arg-type]  # a sample is a plain dict
    assert until == NOW
    assert (until - since).days == 28
    assert _range({**given, "range": "24h"}, NOW, 300, None)[0] == parse("2026-03-01T12:00:00Z")


def test_closed_bins_are_kept_long_only_when_they_are_real(
    api: FlaskClient, spare: tuple[embedded.Embedded, Store]
) -> None:
    closed = "/api/v1/signals?entity=country/PT&signal=edge.requests&until=2026-03-01T00:00:00Z"
    assert api.get(closed).headers["Cache-Control"] == "public, max-age=15"
    seed(spare[1], live=True)
    live = application(spare[1]).test_client()
    assert live.get(closed).headers["Cache-Control"] == "public, max-age=86400"
    fresh = "/api/v1/signals?entity=country/PT&signal=edge.requests&range=24h"
    assert live.get(fresh).headers["Cache-Control"] == "public, max-age=15"
