"""OONI: shares of tests that worked, too few of them are no share, and days that are not over are not asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import record
from jobs.consent import accepted
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits
from radar.settings import load
from radar.signals import SIGNALS
from radar.sources import ooni_aggregation as ooni

NOW = datetime(2026, 3, 4, 5, 40, tzinfo=UTC)
WEB = f"{ooni.API}?test_name=web_connectivity&since=2026-03-01&until=2026-03-04&time_grain=day"
GOOD = {"measurement_start_day": "2026-03-01", "probe_cc": "NA", "ok_count": 60, "anomaly_count": 30,
        "confirmed_count": 10, "failure_count": 50, "measurement_count": 150}  # fmt: skip


def answer(*rows: Any) -> bytes:
    return json.dumps({"v": 0, "dimension_count": 2, "db_stats": {}, "result": list(rows)}).encode()


def values(body: bytes, name: str = WEB) -> dict[str, tuple[float | None, int | None]]:
    rows = ooni.parse(body, name=name).rows
    return {signal: (value, n) for signal, value, n in rows.select("signal", "value", "n").iter_rows()}


def test_a_share_is_of_the_tests_that_worked() -> None:
    assert values(answer(GOOD)) == {"ooni.web_anomaly_share": (0.4, 100), "ooni.web_blocked_share": (0.1, 100)}


def test_a_test_without_block_pages_has_anomalies_only() -> None:
    name = WEB.replace("web_connectivity", "whatsapp")
    assert values(answer(GOOD), name) == {"ooni.whatsapp_anomaly_share": (0.4, 100)}


def test_too_few_tests_are_null_and_never_zero() -> None:
    few = {**GOOD, "ok_count": 29, "anomaly_count": 0, "confirmed_count": 0, "measurement_count": 79}
    assert set(values(answer(few)).values()) == {(None, 29)}
    enough = {**few, "ok_count": 30, "measurement_count": 80}
    assert set(values(answer(enough)).values()) == {(0.0, 30)}
    assert ooni.parse(answer(few, {**enough, "probe_cc": "IT"}), name=WEB).notes == {"tests": 59, "too_few": 1}


def test_a_day_on_which_every_test_failed_is_null() -> None:
    failed = {**GOOD, "ok_count": 0, "anomaly_count": 0, "confirmed_count": 0, "measurement_count": 50}
    assert set(values(answer(failed)).values()) == {(None, 0)}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"probe_cc": "ZZ"}, "unknown country"),
        ({"probe_cc": ["NA"]}, "unknown country"),
        ({"measurement_count": 151}, "counts do not add up"),
        ({"ok_count": None}, "counts do not add up"),
        ({"ok_count": -60, "measurement_count": 30}, "counts do not add up"),
        ({"ok_count": True}, "counts do not add up"),
        ({"ok_count": 2**33, "measurement_count": 2**33 + 90}, "counts do not add up"),
        ({"measurement_start_day": "2026-02-28"}, "a day that was not asked for"),
        ({"measurement_start_day": "2026-03-04"}, "a day that was not asked for"),
        ({"measurement_start_day": "2026-03-01T05:00:00Z"}, "no row of counts with a day"),
        ({"measurement_start_day": "2026-13-01"}, "no row of counts with a day"),
        ({"measurement_start_day": 20260301}, "no row of counts with a day"),
    ],
)
def test_an_odd_row_is_rejected_and_the_others_are_read(changed: dict[str, Any], reason: str) -> None:
    parsed = ooni.parse(answer({**GOOD, **changed}, {**GOOD, "probe_cc": "IT"}), name=WEB)
    assert [(item.reason, item.count) for item in parsed.rejected] == [(reason, 1)]
    assert set(parsed.rows["entity"]) == {"country/IT"}


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        (answer(), "answer.json", "names no test"),
        (answer(), WEB.replace("web_connectivity", "torsf"), "names no test"),
        (b'{"error": "Choose time_grain between day, week", "v": 0}', WEB, "upstream says 'Choose time_grain"),
        (b'{"detail": [{"msg": "field required", "ip": "77.111.246.53"}]}', WEB, r"\[address\]"),
        (b'{"v": 0, "result": {"ok_count": 3}}', WEB, "no list 'result'"),
        (b"[]", WEB, "expected an object"),
    ],
)
def test_another_answer_is_told(body: bytes, name: str, message: str) -> None:
    with pytest.raises(UpstreamChanged, match=message):
        ooni.parse(body, name=name)


def world(asked: list[httpx.URL], status: int = 200) -> Http:
    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(status, content=answer(GOOD))

    return Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1))


def test_whole_days_that_are_over_are_asked_for_once_a_test() -> None:
    asked: list[httpx.URL] = []
    answers = list(ooni.fetch(world(asked), NOW - timedelta(days=2), NOW))
    assert [url.params["test_name"] for url in asked] == list(ooni.TESTS)
    assert {(url.params["since"], url.params["until"]) for url in asked} == {("2026-03-02", "2026-03-04")}
    assert {url.params["axis_y"] for url in asked} == {"probe_cc"}
    parsed = [ooni.parse(one.body, name=one.name) for one in answers]
    assert [item.rejected[0].reason for item in parsed] == ["a day that was not asked for"] * len(ooni.TESTS)


def test_no_more_than_upstream_gives_and_nothing_before_a_day_is_over() -> None:
    asked: list[httpx.URL] = []
    list(ooni.fetch(world(asked), NOW - timedelta(days=4000), NOW))
    assert {url.params["since"] for url in asked} == {"2025-03-04"}
    assert list(ooni.fetch(world(asked), NOW - timedelta(hours=5), NOW)) == []


def test_an_upstream_that_is_down_is_not_asked_for_the_next_test() -> None:
    asked: list[httpx.URL] = []
    with pytest.raises(UpstreamUnavailable):
        list(ooni.fetch(world(asked, 503), NOW - timedelta(days=2), NOW))
    assert len(asked) == 1


def test_it_is_asked_only_where_its_terms_are_accepted_and_says_that_its_form_is_not_proven() -> None:
    assert not accepted(ooni.SOURCE, load({}))
    assert accepted(ooni.SOURCE, load({"RADAR_ACCEPT_TERMS": "ooni_aggregation"}))
    assert ooni.SOURCE.proof == "documented"


def test_what_is_blocked_is_never_judged_as_lost_connectivity() -> None:
    assert {SIGNALS[signal].profile for signal in ooni.SOURCE.signals} == {"none"}


def test_a_recorded_answer_keeps_the_test_in_its_name(tmp_path: Path) -> None:
    settings = load({"RADAR_ACCEPT_TERMS": "ooni_aggregation", "RADAR_DATA_DIR": str(tmp_path / "var")})
    assert record.run("ooni_aggregation", settings, into=tmp_path, http=world([]), now=NOW) == 0
    names = {path.name for path in (tmp_path / "ooni_aggregation" / "recorded").iterdir()}
    assert "ooni_aggregation-aggregation-test_name=web_connectivity" in names
