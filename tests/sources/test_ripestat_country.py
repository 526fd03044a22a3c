"""RIPEstat per country: hours from short steps, months from long ones, and what is not known stays not known."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from radar.entities import countries
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits
from radar.schema import check_signals
from radar.sources import ripestat_country

COUNTS = {"v4_prefixes_ris": 10, "v6_prefixes_ris": 4, "asns_ris": 3, "v4_prefixes_stats": -1,
          "v6_prefixes_stats": -1, "asns_stats": 5}  # fmt: skip
NOW = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)


def span(first: str, last: str) -> dict[str, str]:
    return {"starttime": first, "endtime": last}


def answer(*stats: dict[str, Any], resolution: str = "5m", end: str = "2026-03-02T12:59:59", **more: Any) -> bytes:
    data = {"resource": "na", "resolution": resolution, "query_endtime": end, "stats": list(stats), **more}
    return json.dumps({"data_call_name": "country-resource-stats", "status": "ok", "data": data}).encode()


def entry(*timeline: dict[str, str], **counts: Any) -> dict[str, Any]:
    return {"timeline": list(timeline), **COUNTS, **counts}


def networks(body: bytes, signal: str = "bgp.networks") -> dict[str, float]:
    rows = ripestat_country.parse(body).rows
    found = rows.filter(rows["signal"] == signal)
    return {f"{t:%d %H}": value for t, value in found.select("timebin", "value").iter_rows()}


def test_an_hour_has_the_count_that_stood_at_its_start() -> None:
    body = answer(
        entry(span("2026-03-02T09:00:00", "2026-03-02T10:25:00"), span("2026-03-02T11:30:00", "2026-03-02T12:55:00")),
        entry(span("2026-03-02T10:30:00", "2026-03-02T11:25:00"), asns_ris=1),
    )
    assert networks(body) == {"02 09": 3, "02 10": 3, "02 11": 1, "02 12": 3}


def test_an_hour_that_no_span_covers_is_no_row() -> None:
    body = answer(
        entry(span("2026-03-02T08:05:00", "2026-03-02T08:55:00"), span("2026-03-02T10:00:00", "2026-03-02T10:00:00"))
    )
    assert networks(body) == {"02 10": 3}


def test_an_hour_that_is_not_over_is_no_row() -> None:
    body = answer(entry(span("2026-03-02T10:00:00", "2026-03-02T12:15:00")), end="2026-03-02T12:15:00")
    assert networks(body) == {"02 10": 3, "02 11": 3}


def test_minus_one_is_not_known_and_zero_is_zero() -> None:
    parsed = ripestat_country.parse(answer(entry(span("2026-03-02T10:00:00", "2026-03-02T10:05:00"), asns_ris=0)))
    assert dict(parsed.rows.select("signal", "value").iter_rows()) == {
        "bgp.networks": 0, "bgp.prefixes_v4": 10, "bgp.prefixes_v6": 4, "registry.networks": 5,
    }  # fmt: skip
    assert parsed.notes["not_known"] == 2
    assert parsed.rejected == ()


def test_namibia_is_a_country() -> None:
    parsed = ripestat_country.parse(answer(entry(span("2026-03-02T10:00:00", "2026-03-02T10:05:00"))))
    assert parsed.rows["entity"].unique().to_list() == ["country/NA"]


@pytest.mark.parametrize("resolution", ["1d", "1w"])
def test_days_and_weeks_give_whole_months_and_never_hours(resolution: str) -> None:
    body = answer(
        entry(span("2026-01-01T00:00:00", "2026-01-29T00:00:00")),
        entry(span("2026-02-05T00:00:00", "2026-03-01T00:00:00"), asns_ris=8),
        resolution=resolution,
        end="2026-03-20T00:00:00",
    )
    parsed = ripestat_country.parse(body)
    assert set(parsed.rows["signal"]) == {"bgp.networks_month", "bgp.prefixes_v4_month", "bgp.prefixes_v6_month"}
    values = parsed.rows.filter(parsed.rows["signal"] == "bgp.networks_month")
    assert values["timebin"].to_list() == [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    assert values["value"].to_list() == [3.0, 8.0]


@pytest.mark.parametrize("value", [True, "7", None, [], -2, 1e300, float("nan")])
def test_a_value_that_is_no_count_costs_one_row(value: Any) -> None:
    parsed = ripestat_country.parse(answer(entry(span("2026-03-02T10:00:00", "2026-03-02T10:05:00"), asns_ris=value)))
    assert parsed.rejected_count == 1
    assert parsed.rows.height == 3


@pytest.mark.parametrize(
    "odd",
    [span("2026-03-02T10:00:07", "2026-03-02T10:05:00"), span("2026-03-02T10:00:00", "2026-03-01T10:00:00"),
     span("yesterday", "today"), span("0001-01-01T00:00:00", "9999-12-31T00:00:00"), {}, "10:00", None],
)  # fmt: skip
def test_a_span_without_times_on_the_step_is_rejected_and_the_others_are_read(odd: Any) -> None:
    parsed = ripestat_country.parse(answer(entry(odd, span("2026-03-02T10:00:00", "2026-03-02T10:05:00"))))
    assert [item.reason for item in parsed.rejected] == ["span has no times on the step"]
    assert parsed.rows.height == 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (answer(resolution="8h"), "expected 5m, 1h, 1d, 1w"),
        (answer(resource="xx"), "expected a country code"),
        (answer(end="soon"), "no 'query_endtime'"),
        (answer(stats={}), "no list 'stats'"),
        (answer().replace(b'"ok"', b'"error"'), "expected status 'ok'"),
        (answer().replace(b"country-resource-stats", b"country-asns"), "data_call_name is 'country-asns'"),
        (b"[1]", "expected an object"),
    ],
)
def test_another_answer_is_told(body: bytes, message: str) -> None:
    with pytest.raises(UpstreamChanged, match=message):
        ripestat_country.parse(body)


def test_spans_without_end_are_not_laid_out() -> None:
    long = [entry(span("2000-01-01T00:00:00", "2099-12-31T00:00:00")) for _ in range(10)]
    with pytest.raises(UpstreamChanged, match="expected at most"):
        ripestat_country.parse(answer(*long))


def world(status: int, asked: list[httpx.URL]) -> Http:
    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(status, content=answer())

    return Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1))


def test_every_country_is_asked_once_and_says_who_asks() -> None:
    asked: list[httpx.URL] = []
    answers = list(ripestat_country.fetch(world(200, asked), NOW - timedelta(days=120), NOW))
    assert len(answers) == len(asked) == len(countries())
    params = dict(asked[0].params)
    assert params["sourceapp"] == "internet-radar"
    assert params["resolution"] == "1h"
    assert int(params["endtime"]) - int(params["starttime"]) == 28 * 86_400, "no more than upstream gathers quickly"
    assert {url.params["resource"] for url in asked} == set(countries())


def test_an_upstream_that_is_down_is_not_asked_for_the_next_country() -> None:
    asked: list[httpx.URL] = []
    with pytest.raises(UpstreamUnavailable):
        list(ripestat_country.fetch(world(503, asked), NOW, NOW))
    assert len(asked) == 1


def test_all_sources_of_ripestat_together_ask_less_than_a_thousand_times_a_day() -> None:
    from radar.settings import SETTINGS
    from radar.sources import ripestat_network

    row = next(row for row in SETTINGS if row.name == "ripestat_networks")
    with pytest.raises(ValueError, match="from 1 to 120"):
        row.parse("121")
    network = row.parse("120") * 86_400 / ripestat_network.SOURCE.cadence_s
    assert len(countries()) * 86_400 / ripestat_country.SOURCE.cadence_s + network < 1000


@pytest.mark.shared
def test_the_recorded_half_year_is_read_whole(shared_data: Path) -> None:
    body = (shared_data / "ripestat-api-answers" / "country_resource_stats.json.gz").read_bytes()
    parsed = ripestat_country.parse(body)
    check_signals(parsed.rows, source="ripestat_country", signals=set(ripestat_country.SOURCE.signals))
    assert parsed.rejected == ()
    hours = (datetime(2025, 6, 11, 14, tzinfo=UTC) - datetime(2024, 12, 1, 12, tzinfo=UTC)) // timedelta(hours=1)
    assert parsed.notes["steps"] == hours, "no hour is missing and none is there twice"
    stats = json.loads(gzip.decompress(body))["data"]["stats"]
    assert parsed.rows["value"].max() == max(one["v4_prefixes_ris"] for one in stats)
