"""What a series is held against, and per cent of it: the same numbers as JSON, as CSV and on a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from radar import bands
from radar.api import points
from radar.signals import SLOTS
from radar.store import blocks, connect, embedded
from radar.times import parse, rfc3339
from tests.api.conftest import application
from tests.samples import NOW, seed

IRAQ = "/api/v1/signals?entity=country/IQ&signal=edge.requests"
ERRORS = "/api/v1/signals?entity=country/IQ&signal=edge.error_share"


#: What was counted in each bin of the day one, two and three weeks before; of the fourth week nothing is known.
WEEKS = {1: 4000.0, 2: 100.0, 3: 9000.0}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The samples, and three weeks before them of which the second and third are known only for their first hour."""
    group = SLOTS["edge.requests@edge_logs"][0]
    with embedded.start(tmp_path_factory.mktemp("weeks")) as server, connect(server.url) as client:
        seed(client)
        for weeks, number in WEEKS.items():
            rows = np.full((1, 288 if weeks == 1 else 12, group.width), np.nan, dtype=np.float32)
            rows[:, :, 0] = number
            start = NOW - timedelta(days=1, weeks=weeks)
            blocks.write_bins(client, group, "value", ["country/IQ"], start, rows)
        yield application(client).test_client()


def one(api: FlaskClient, address: str, status: int = 200) -> dict[str, Any]:
    answer = api.get(address)
    assert answer.status_code == status, answer.text[:500]
    body = json.loads(answer.data)
    return body["error"] if status != 200 else body["data"][0]


def at_time(item: dict[str, Any], name: str, moment: datetime) -> float | None:
    return item[name][item["times"].index(rfc3339(moment))]


def test_a_week_before_is_that_week_itself_and_has_no_band(api: FlaskClient) -> None:
    now = one(api, f"{IRAQ}&range=24h&baseline=week")
    since, until = (parse(now[name]) - timedelta(days=7) for name in ("from", "until"))
    then = one(api, f"{IRAQ}&from={rfc3339(since)}&until={rfc3339(until)}")
    assert now["baseline"] == then["values"] == [4000.0] * 288
    assert set(now["lo"]) == set(now["hi"]) == {None}


def test_the_line_at_which_the_detector_fires_stays_its_own(api: FlaskClient) -> None:
    lines = [one(api, f"{IRAQ}&baseline={name}")["threshold"] for name in ("1", "forecast", "week", "median")]
    assert lines[0] == lines[1] == lines[2] == lines[3]
    assert any(value is not None for value in lines[0])


def test_the_middle_of_four_weeks_needs_two_and_is_bounded_by_them(api: FlaskClient) -> None:
    item = one(api, f"{IRAQ}&baseline=median&range=24h")
    first, later = NOW - timedelta(days=1), NOW - timedelta(hours=12)
    assert [at_time(item, name, first) for name in ("lo", "baseline", "hi")] == [100.0, 4000.0, 9000.0]
    assert [at_time(item, name, later) for name in ("lo", "baseline", "hi")] == [None] * 3, "one week is no middle"


def test_normalised_is_per_cent_of_the_baseline_and_says_so(api: FlaskClient) -> None:
    raw = one(api, f"{IRAQ}&range=24h&baseline=1")
    item = one(api, f"{IRAQ}&range=24h&baseline=1&scale=normalised")
    assert item["meta"]["unit"] == "% of normal"
    assert {value for value in item["baseline"] if value is not None} == {100.0}
    for value, normal, part in zip(raw["values"], raw["baseline"], item["values"], strict=True):
        assert part is None if value is None else part == pytest.approx(value / normal * 100, rel=1e-5)
    assert item["n"] == raw["n"]


@pytest.mark.parametrize("address", [ERRORS, IRAQ.replace("IQ", "AQ")])
def test_shares_and_what_is_held_against_nothing_stay_in_their_unit(api: FlaskClient, address: str) -> None:
    raw, item = (one(api, f"{address}&range=24h&baseline=week{more}") for more in ("", "&scale=normalised"))
    assert item["values"] == raw["values"]
    assert item["meta"]["unit"] == raw["meta"]["unit"] != "% of normal"


def test_the_csv_holds_the_same_numbers_and_unit(api: FlaskClient) -> None:
    address = f"{IRAQ}&range=24h&baseline=week&scale=normalised"
    item = one(api, address)
    rows = list(csv.DictReader(io.StringIO(api.get(f"{address}&format=csv").text, newline="")))
    assert [float(row["value"]) if row["value"] else None for row in rows] == item["values"]
    assert {row["unit"] for row in rows} == {"% of normal"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("baseline=month", "baseline"), ("scale=log&baseline=1", "scale"), ("scale=normalised", "scale")],
)
def test_what_cannot_be_is_refused_by_name(api: FlaskClient, query: str, parameter: str) -> None:
    error = one(api, f"{IRAQ}&{query}", 400)
    assert error["parameter"] == parameter
    assert error["expected"]


def test_earlier_weeks_count_among_the_bins_that_are_read() -> None:
    wanted = points.align("country/IQ", "edge.requests@edge_logs", parse("2026-03-01T00:00:00Z"),
                          parse("2026-03-02T00:00:00Z"), 300)  # fmt: skip
    against = points.align(wanted.entity, wanted.series_id, wanted.since, wanted.until, 300, against="median")
    assert (wanted.bins, against.bins) == (288, 5 * 288)


def test_the_threshold_of_coarse_bins_is_the_one_at_which_the_detector_fires() -> None:
    wanted = points.align("country/IQ", "google.youtube@google_traffic", parse("2026-03-01T00:00:00Z"),
                          parse("2026-03-01T02:00:00Z"), 7200)  # fmt: skip
    (threshold,) = points._lines(wanted, [100.0], [0.03])["threshold"]
    fine = bands.band("seasonal", "normalised", 100.0, 0.03)[2]
    assert threshold == bands.band("seasonal", "normalised", 100.0, 0.03, grain_s=7200)[2]
    assert threshold is not None
    assert fine is not None
    assert threshold < fine, "a clock change looks like a fall in bins longer than an hour"
