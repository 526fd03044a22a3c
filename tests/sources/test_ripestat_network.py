"""RIPEstat per network: what stood at the end of each day, or month where the upstream smoothed it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from radar.errors import UpstreamChanged
from radar.http import Http, Limits
from radar.schema import check_signals
from radar.sources import ripestat_network

NOW = datetime(2026, 3, 2, 0, 10, tzinfo=UTC)


def answer(call: str, resource: str = "3333", **data: Any) -> bytes:
    return json.dumps({"data_call_name": call, "status": "ok", "data": {"resource": resource, **data}}).encode()


def change(t: str, prefixes: Any, space: Any) -> dict[str, Any]:
    return {"timestamp": t, "prefixes": prefixes, "address-space": space}


def counts(ipv4: list[Any], resolution: str = "8h", end: str = "2026-03-05T08:00:00") -> bytes:
    return answer("prefix-count", ipv4=ipv4, ipv6=[], resolution=resolution, query_endtime=end)


def series(body: bytes, signal: str) -> dict[str, float]:
    rows = ripestat_network.parse(body).rows
    found = rows.filter(rows["signal"] == signal).select("timebin", "value")
    return {f"{t:%Y-%m-%d}": value for t, value in found.iter_rows()}


CHANGES = [
    change("2026-03-01T08:00:00", 5, 20),
    change("2026-03-02T16:00:00", 3, 12),
    change("2026-03-03T00:00:00", 4, 16),
]


def test_a_day_has_what_stood_at_its_end() -> None:
    assert series(counts(CHANGES), "bgp.announced_24s") == {
        "2026-03-01": 20, "2026-03-02": 12, "2026-03-03": 16, "2026-03-04": 16,
    }  # fmt: skip
    assert series(counts(CHANGES), "bgp.originated_v4")["2026-03-02"] == 3


@pytest.mark.parametrize("resolution", ["2d", "12d"])
def test_smoothed_counts_give_whole_months_and_never_days(resolution: str) -> None:
    early = [change("2025-12-20T00:00:00", 1, 4), *CHANGES]
    body = counts(early, resolution, "2026-04-02T00:00:00")
    assert series(body, "bgp.announced_24s_month") == {
        "2025-12-01": 4, "2026-01-01": 4, "2026-02-01": 4, "2026-03-01": 16,
    }  # fmt: skip
    assert series(body, "bgp.announced_24s") == {}


def test_space_of_zero_beside_prefixes_is_not_known() -> None:
    parsed = ripestat_network.parse(counts([change("2026-03-01T00:00:00", 1, 0)]))
    assert set(parsed.rows["signal"]) == {"bgp.originated_v4"}
    assert parsed.notes["space_not_known"] == 1


def test_a_network_that_announces_nothing_has_zero() -> None:
    assert series(counts([change("2026-03-03T00:00:00", 0, 0)]), "bgp.announced_24s") == {
        "2026-03-03": 0,
        "2026-03-04": 0,
    }


@pytest.mark.parametrize("odd", [change("soon", 1, 1), change("2026-03-01T00:00:00", "1", 1), {}, None, 7])
def test_a_change_that_cannot_be_read_is_rejected_and_the_others_count(odd: Any) -> None:
    parsed = ripestat_network.parse(counts([*CHANGES, odd]))
    assert parsed.rejected_count == 1
    assert parsed.rows.height == 8


STATUS: dict[str, Any] = {
    "query_time": "2026-03-02T08:00:00",
    "visibility": {"v4": {"ris_peers_seeing": 300, "total_ris_peers": 400},
                   "v6": {"ris_peers_seeing": 0, "total_ris_peers": 0}},
    "announced_space": {"v4": {"prefixes": 6, "ips": 4608}, "v6": {"prefixes": 0, "48s": 0}},
    "observed_neighbours": 872,
}  # fmt: skip


def test_one_moment_is_a_row_of_its_day_with_the_peers_behind_it() -> None:
    rows = ripestat_network.parse(answer("routing-status", "AS3333", **STATUS)).rows
    found = {signal: (value, n) for signal, value, n in rows.select("signal", "value", "n").iter_rows()}
    assert found == {
        "bgp.announced_24s": (18.0, None), "bgp.announced_48s": (0.0, None), "bgp.originated_v4": (6.0, None),
        "bgp.originated_v6": (0.0, None), "bgp.seen_by_v4": (0.75, 400), "bgp.neighbours": (872.0, None),
    }  # fmt: skip
    assert rows["timebin"].unique().to_list() == [datetime(2026, 3, 2, tzinfo=UTC)]
    assert rows["entity"].unique().to_list() == ["asn/3333"]


def test_midnight_is_the_end_of_the_day_before() -> None:
    body = answer("routing-status", **{**STATUS, "query_time": "2026-03-02T00:00:00"})
    assert set(series(body, "bgp.neighbours")) == {"2026-03-01"}


def test_more_peers_that_see_it_than_there_are_is_rejected() -> None:
    odd = {"v4": {"ris_peers_seeing": 9, "total_ris_peers": 4}, "v6": {}}
    parsed = ripestat_network.parse(answer("routing-status", **{**STATUS, "visibility": odd}))
    assert parsed.rejected_count == 1
    assert "bgp.seen_by_v4" not in set(parsed.rows["signal"])


def test_prefixes_are_counted_once_a_day_however_their_spans_overlap() -> None:
    spans = [{"starttime": "2026-03-01T00:00:00", "endtime": "2026-03-02T16:00:00"},
             {"starttime": "2026-03-02T00:00:00", "endtime": "2026-03-03T08:00:00"}]  # fmt: skip
    body = answer(
        "announced-prefixes", query_starttime="2026-03-01T00:00:00", query_endtime="2026-03-05T00:00:00",
        prefixes=[{"prefix": "192.0.2.0/24", "timelines": spans}, {"prefix": "2001:db8::/32", "timelines": spans[:1]}],
    )  # fmt: skip
    assert series(body, "bgp.originated_v4") == {"2026-03-01": 1, "2026-03-02": 1, "2026-03-03": 0, "2026-03-04": 0}
    assert series(body, "bgp.originated_v6") == {"2026-03-01": 1, "2026-03-02": 1, "2026-03-03": 0, "2026-03-04": 0}


def test_what_is_about_one_prefix_is_rejected_with_its_reason() -> None:
    for body in (answer("visibility", "2001:db8::/48"), answer("routing-status", "192.0.2.0/24", **STATUS)):
        parsed = ripestat_network.parse(body)
        assert parsed.rows.is_empty()
        assert [item.reason for item in parsed.rejected] == ["a single prefix is no entity"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (counts([], resolution="1h"), "expected 8h, 2d or 12d"),
        (answer("prefix-count", resolution="8h", query_endtime="2026-03-05T08:00:00"), "expected a list of changes"),
        (answer("routing-status"), "'query_time' is 'None'"),
        (answer("announced-prefixes"), "no list 'prefixes'"),
        (answer("prefix-count", "AS0"), "expected an AS number"),
        (answer("bgp-updates"), "data_call_name is 'bgp-updates'"),
    ],
)
def test_another_answer_is_told(body: bytes, message: str) -> None:
    with pytest.raises(UpstreamChanged, match=message):
        ripestat_network.parse(body)


@pytest.mark.parametrize(("back", "calls"), [(28, {"prefix-count", "routing-status"}), (4, {"routing-status"})])
def test_history_is_asked_for_once_and_then_only_the_newest_day(
    back: int, calls: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADAR_RIPESTAT_NETWORKS", "3")
    asked: list[httpx.URL] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, content=b"{}")

    http = Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1))
    list(ripestat_network.fetch(http, NOW - timedelta(days=back), NOW))
    assert {url.path.split("/")[2] for url in asked} == calls
    assert len(asked) == 3 * len(calls)
    assert all(url.params["sourceapp"] == "internet-radar" for url in asked)
    status = [url for url in asked if "routing-status" in url.path]
    assert {int(url.params["timestamp"]) for url in status} == {int(NOW.replace(minute=0).timestamp())}


def test_the_largest_networks_are_asked_about() -> None:
    from radar.entities import networks

    first, second = (networks()[int(asn[2:])].ipv4_addresses for asn in ripestat_network.largest(2))
    assert first >= second >= 10_000_000


@pytest.mark.shared
@pytest.mark.parametrize("name", ["prefix_count", "routing_status", "announced_prefixes"])
def test_the_recorded_answers_are_read_whole_and_agree(shared_data: Path, name: str) -> None:
    body = (shared_data / "ripestat-api-answers" / f"{name}.json").read_bytes()
    parsed = ripestat_network.parse(body)
    check_signals(parsed.rows, source="ripestat_network", signals=set(ripestat_network.SOURCE.signals))
    assert parsed.rejected == ()
    newest = parsed.rows.sort("timebin").group_by("signal", maintain_order=True).last()
    values = {signal.removesuffix("_month"): value for signal, value in newest.select("signal", "value").iter_rows()}
    assert values["bgp.originated_v4"] == 6, "three data calls say the same"
    assert values["bgp.originated_v6"] == 1
    assert values.get("bgp.announced_24s", 18) == 18
