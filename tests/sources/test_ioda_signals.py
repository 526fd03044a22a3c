"""IODA: the API's answers and the dashboard's export."""

from __future__ import annotations

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
from radar.sources import ioda_signals

START = 1_772_409_600  # 2026-03-02T00:00:00Z
EXPORT = "ioda-iran-2026-normalized.csv"
HEADING = '"Time (UTC)","BGP (#Visible /24s)"\n'


def series(values: list[Any], **more: Any) -> dict[str, Any]:
    step = more.get("step", 300)
    until = START + step * len(values)
    return {"entityType": "country", "entityCode": "IQ", "entityName": "Iraq", "datasource": "bgp", "from": START,
            "until": until, "step": step, "nativeStep": step, "values": values, **more}  # fmt: skip


def answer(*found: dict[str, Any], error: str | None = None) -> bytes:
    return json.dumps({"type": "signals", "error": error, "data": [list(found)]}).encode()


def reasons(body: bytes, name: str = "") -> dict[str, int]:
    return {item.reason: item.count for item in ioda_signals.parse(body, name=name).rejected}


def test_null_is_no_data_and_zero_is_zero() -> None:
    rows = ioda_signals.parse(answer(series([5, None, 0]))).rows
    assert rows["value"].to_list() == [5.0, 0.0]
    assert rows["timebin"].to_list() == [datetime(2026, 3, 2, 0, minute, tzinfo=UTC) for minute in (0, 10)]


def test_several_entities_in_one_answer_are_kept_apart() -> None:
    network = series([3], entityType="asn", entityCode="5089")
    parsed = ioda_signals.parse(answer(series([1]), series([2], entityCode="IR"), network))
    assert parsed.rows.select("entity", "value").rows() == [("asn/5089", 3.0), ("country/IQ", 1.0), ("country/IR", 2.0)]


@pytest.mark.parametrize("code", ["47262-IR", "IR-47262"])
def test_network_in_a_country_has_one_spelling(code: str) -> None:
    rows = ioda_signals.parse(answer(series([1], entityType="geoasn", entityCode=code))).rows
    assert rows["entity"].to_list() == ["geoasn/IR-47262"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"step": 600}, "step is not the native step"),
        ({"nativeStep": 60, "step": 60}, "step is not the native step"),
        ({"step": None}, "step is not the native step"),
        ({"from": START + 7, "until": START + 607}, "start is not on the step"),
        ({"from": None}, "start is not on the step"),
        ({"from": -(10**15)}, "start is not on the step"),
        ({"until": START + 900}, "values do not fill the range"),
        ({"datasource": "moon"}, "unknown datasource"),
        ({"datasource": ["bgp"]}, "unknown datasource"),
        ({"entityCode": "XX"}, "unknown entity"),
        ({"entityCode": None}, "unknown entity"),
        ({"entityType": "continent", "entityCode": "EU"}, "unknown entity"),
        ({"entityType": "region", "entityCode": "4416"}, "unknown entity"),
        ({"entityType": "geoasn", "entityCode": "3269-1906"}, "unknown entity"),
        ({"entityType": "asn", "entityCode": "4294967296"}, "unknown entity"),
    ],
)
def test_series_in_another_form_is_rejected_with_its_reason(more: dict[str, Any], reason: str) -> None:
    body = answer({**series([1, 2]), **more})
    assert reasons(body) == {reason: 2}
    assert ioda_signals.parse(body).rows.is_empty()


@pytest.mark.parametrize("value", [-1, True, "7", [], {}, 1e300, float("nan"), float("inf")])
def test_value_that_is_no_count_costs_one_row_and_not_the_answer(value: Any) -> None:
    parsed = ioda_signals.parse(answer(series([4, value, 6])))
    assert parsed.rows["value"].to_list() == [4.0, 6.0]
    assert parsed.rejected_count == 1


def test_values_of_nested_objects_and_other_products_are_passed_over_and_counted() -> None:
    parsed = ioda_signals.parse(answer(
        series([[{"agg_values": {}}]], datasource="ping-slash24-loss", step=600),
        series([1], datasource="gtr", step=1800, subtype="YOUTUBE"),
        series([2], datasource="gtr", step=1800, subtype="WEB_SEARCH"),
    ))  # fmt: skip
    assert parsed.notes["series_passed_over"] == 2
    assert parsed.rows.select("signal", "value").rows() == [("google.search", 2.0)]


def test_bin_given_twice_keeps_the_later_value_and_is_counted() -> None:
    parsed = ioda_signals.parse(answer(series([1, 2]), series([9])))
    assert parsed.rows["value"].to_list() == [9.0, 2.0]
    assert reasons(answer(series([1, 2]), series([9]))) == {"the same bin twice": 1}


def test_error_in_the_envelope_is_told_in_words() -> None:
    with pytest.raises(UpstreamChanged, match="upstream answers with an error: cannot find corresponding metadata"):
        ioda_signals.parse(answer(error="cannot find corresponding metadata entity 0"))


def test_broken_json_is_told_with_line_and_column() -> None:
    with pytest.raises(UpstreamChanged, match=r"ioda_signals: line 2 column \d+: no JSON"):
        ioda_signals.parse(b'{"type": "signals",\n "data": [[}')


def test_no_data_at_all_is_zero_rows_and_no_error() -> None:
    assert ioda_signals.parse(b'{"error":null,"data":[[]]}').rows.is_empty()


def test_export_without_a_country_in_its_name_says_what_was_expected() -> None:
    with pytest.raises(UpstreamChanged, match=r"'data\.csv' names no country"):
        ioda_signals.parse((HEADING + '"2026-01-01 00:00:00",5\n').encode(), name="/x/IR/data.csv")


def test_export_at_a_coarser_step_is_refused() -> None:
    body = HEADING + "".join(f'"2026-01-01 {hour:02d}:00:00",5\n' for hour in range(0, 24, 2))
    with pytest.raises(UpstreamChanged, match="the step is 7200 s, expected 1800 s"):
        ioda_signals.parse(body.encode(), name=EXPORT)


def test_raw_counts_in_an_export_are_rejected_and_not_taken_for_percentages() -> None:
    body = HEADING + '"2026-01-01 00:00:00",9812\n"2026-01-01 00:30:00",99.5\n'
    assert reasons(body.encode(), EXPORT) == {"value is not a number from 0 to 100": 1}


def test_blank_cell_of_the_hourly_column_is_no_rejection() -> None:
    body = '"Time (UTC)","Mozilla (City Count)"\n'
    body += '"2026-01-01 00:00:00",15\n"2026-01-01 00:30:00",\n"2026-01-01 01:00:00",12.5\n'
    parsed = ioda_signals.parse(body.encode(), name=EXPORT)
    assert parsed.rejected == ()
    assert parsed.rows["value"].to_list() == [15.0, 12.5]


@pytest.mark.shared
def test_the_iran_export_holds_as_many_values_as_its_description_says(shared_data: Path) -> None:
    (file,) = (shared_data / "ioda-iran-2026").glob("*.csv")
    parsed = ioda_signals.parse(file.read_bytes(), name=file.name)
    check_signals(parsed.rows, source="ioda_signals", signals=set(ioda_signals.SOURCE.signals))
    assert dict(parsed.rows.group_by("signal").len().iter_rows()) == {
        "google.search_norm": 2862,
        "telescope.sources_norm": 2590,
        "bgp.visible_24s_norm": 2857,
        "ping.up_24s_norm": 2862,
        "mozilla.cities_norm": 1416,
    }
    assert parsed.rejected == ()
    assert set(parsed.rows["entity"]) == {"country/IR"}


def client(reply: Any, asked: list[httpx.Request]) -> Http:
    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        result: httpx.Response = reply(request)
        return result

    return Http(transport=httpx.MockTransport(handle), sleep=lambda _s: None, limits=Limits(tries=1, interval_s=0))


def test_fetch_asks_for_all_countries_of_a_short_range_in_few_requests() -> None:
    asked: list[httpx.Request] = []
    since = datetime(2026, 3, 2, tzinfo=UTC)
    http = client(lambda _r: httpx.Response(200, content=answer(series([1]))), asked)
    answers = list(ioda_signals.fetch(http, since, since + timedelta(hours=2)))
    assert len(answers) == len(asked) == 10
    codes = ",".join(request.url.path.rsplit("/", 1)[1] for request in asked).split(",")
    assert codes == list(countries())
    assert dict(asked[0].url.params) == {"from": str(START), "until": str(START + 7200)}
    assert ioda_signals.parse(answers[0].body, name=answers[0].name).rows.height == 1


def test_fetch_splits_a_long_range_and_goes_country_by_country() -> None:
    asked: list[httpx.Request] = []
    since = datetime(2026, 1, 1, tzinfo=UTC)
    http = client(lambda _r: httpx.Response(200, content=answer()), asked)
    answers = ioda_signals.fetch(http, since, since + timedelta(days=28))
    next(answers), next(answers), next(answers)
    assert [request.url.path.rsplit("/", 1)[1] for request in asked] == ["AD", "AD", "AE"]
    assert asked[0].url.params["until"] == asked[1].url.params["from"]


def test_one_refused_request_does_not_stop_the_others() -> None:
    asked: list[httpx.Request] = []
    since = datetime(2026, 3, 2, tzinfo=UTC)
    http = client(lambda r: httpx.Response(400 if "/AD," in r.url.path else 200, content=answer()), asked)
    assert len(list(ioda_signals.fetch(http, since, since + timedelta(hours=1)))) == 9


def test_when_most_requests_are_refused_it_is_said_with_the_first_reason() -> None:
    asked: list[httpx.Request] = []
    since = datetime(2026, 3, 2, tzinfo=UTC)
    http = client(lambda _r: httpx.Response(404), asked)
    with pytest.raises(UpstreamChanged, match="10 of 10 items were refused, first AD,AE"):
        list(ioda_signals.fetch(http, since, since + timedelta(hours=1)))


def test_an_upstream_that_is_down_is_not_asked_on() -> None:
    asked: list[httpx.Request] = []
    since = datetime(2026, 3, 2, tzinfo=UTC)
    http = client(lambda _r: httpx.Response(503), asked)
    with pytest.raises(UpstreamUnavailable):
        list(ioda_signals.fetch(http, since, since + timedelta(hours=1)))
    assert len(asked) == 1
