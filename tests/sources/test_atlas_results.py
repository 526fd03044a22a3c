"""RIPE Atlas results: pairs of network and target, hour by hour, and what may not come out of them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from radar.errors import UpstreamChanged
from radar.http import Http, Limits
from radar.schema import check_signals
from radar.sources import atlas_results
from radar.sources._atlas_results import read, slim
from radar.sources._rejections import Rejections

HOUR = 1_772_452_800  # 2026-03-02T12:00:00Z
RIPE, GOOGLE = "193.0.0.9", "8.8.8.9"  # AS3333 (NL), AS15169 (US)
TARGET = {"dst_addr": "193.0.14.129", "dst_name": "k.root-servers.net"}


def body(*results: Any) -> bytes:
    return b"\n".join(json.dumps(one).encode() for one in results)


def ping(*rtts: Any, lost: int = 0, source: Any = RIPE, at: int = 0, probe: int = 1, **more: Any) -> dict[str, Any]:
    replies = [{"rtt": rtt} for rtt in rtts] + [{"x": "*"}] * lost
    return {"type": "ping", "timestamp": HOUR + at, "prb_id": probe, "from": source, **TARGET, "result": replies,
            "sent": len(replies), "rcvd": len(rtts), **more}  # fmt: skip


def trace(*hops: Any, at: int = 0, probe: int = 1, source: str = RIPE, **more: Any) -> dict[str, Any]:
    told = [
        {"hop": n, "result": [{"x": "*"} if hop is None else {"from": hop, "rtt": 1.5}]}
        for n, hop in enumerate(hops, 1)
    ]
    return {"type": "traceroute", "timestamp": HOUR + at, "prb_id": probe, "from": source, "msm_id": 5001, **TARGET,
            "result": told, **more}  # fmt: skip


def query(at: int = 0, source: str = RIPE, **more: Any) -> dict[str, Any]:
    return {"type": "dns", "timestamp": HOUR + at, "prb_id": 1, "from": source, **TARGET, **more}


ANSWERED = {"rt": 12.5, "abuf": "AAGEAAABAAEAAAAA"}


def table(*results: Any, since: int = 0) -> Any:
    return atlas_results.pairs(read(body(*results), Rejections(), source="s"), since=since)


def rows(*results: Any, name: str = "") -> dict[tuple[str, str], tuple[float, int]]:
    found = atlas_results.parse(body(*results), name=name).rows
    return {(e, s.partition(".")[2]): (v, n) for _t, e, s, v, n in found.iter_rows()}


def test_a_pair_has_median_interval_least_and_loss() -> None:
    (row,) = table(*(ping(float(k), at=k) for k in range(1, 101)), ping(lost=3)).to_dicts()
    assert (row["asn"], row["country"], row["target"]) == (3333, "NL", "k.root-servers.net")
    assert (row["rtt_p50_ms"], row["rtt_min_ms"]) == (50.5, 1.0)
    # Wilson: 100 w = 40.38 and 59.62, so the 41st and the 61st of the sorted values
    assert (row["rtt_lo_ms"], row["rtt_hi_ms"]) == (41.0, 61.0)
    assert (row["sent"], row["lost"], row["replies"], row["n"]) == (103, 3, 100, 101)
    assert row["loss"] == pytest.approx(3 / 103)
    assert row["compared"] is row["path_changes"] is row["queries"] is None


@pytest.mark.parametrize("many", [1, 2, 3, 5, 20])
def test_the_interval_holds_the_median_however_few_there_are(many: int) -> None:
    (row,) = table(*(ping(float(k), at=k) for k in range(1, many + 1))).to_dicts()
    assert 1 <= row["rtt_lo_ms"] <= row["rtt_p50_ms"] <= row["rtt_hi_ms"] <= many


def test_lost_pings_have_a_loss_and_no_round_trip_time() -> None:
    assert rows(ping(lost=3)) == {("asn/3333", "loss"): (1.0, 3)}


def test_a_late_answer_is_a_loss_and_what_could_not_be_sent_is_neither() -> None:
    late = {"type": "ping", "timestamp": HOUR, "prb_id": 1, "from": RIPE, **TARGET, "sent": 3, "rcvd": 0,
            "result": [{"x": "*"}, {"dup": 1, "rtt": 10474.5}, {"x": "*"}, {"x": "*"}]}  # fmt: skip
    unsent = ping(5.0, source=GOOGLE) | {
        "sent": 3,
        "result": [{"rtt": 5.0}, {"error": "no route"}, {"error": "no route"}],
    }
    assert rows(late, unsent) == {
        ("asn/3333", "loss"): (1.0, 3), ("asn/15169", "loss"): (0.0, 1), ("asn/15169", "rtt_p50"): (5.0, 1),
    }  # fmt: skip


def test_a_network_has_the_median_over_its_targets() -> None:
    other = {"dst_name": "other", "dst_addr": ""}
    found = rows(*(ping(10.0, at=k) for k in range(9)), ping(30.0, **other))
    assert found["asn/3333", "rtt_p50"] == (20.0, 10)


def test_a_country_needs_three_networks() -> None:
    two = [ping(10.0), ping(20.0, source="145.0.0.1")]
    assert not any(entity.startswith("country/") for entity, _ in rows(*two))
    three = [*two, ping(60.0, source="77.160.0.1"), ping(1.0, source=GOOGLE)]
    assert rows(*three)["country/NL", "rtt_p50"] == (20.0, 3)


A, B, C = "8.8.8.8", "1.1.1.1", "9.9.9.9"


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ((A, B), (A, B), 0),
        ((A, B), (A, C), 1),
        ((A, B), ("8.8.4.4", "1.0.0.1"), 0),  # other routers of the same networks
        ((A, C, B), (A, None, B), 0),  # one did not answer
        ((A, C, B), (), 0),  # none did
        ((A, C), (C, A), 1),
        ((A, "192.168.1.1", B), (A, "10.0.0.1", B), 0),
    ],
)
def test_a_path_changed_when_it_led_through_other_networks(before: tuple[Any], after: tuple[Any], changed: int) -> None:
    assert rows(trace(*before), trace(*after, at=1800)) == {("asn/3333", "path_changes"): (changed, 1)}


def test_traceroutes_of_other_probes_targets_and_measurements_are_not_compared() -> None:
    others = [trace(C, at=60, probe=2), trace(C, at=60, dst_name="other"), trace(C, at=60, msm_id=5004)]
    assert rows(trace(A), *others) == {}
    assert rows(trace(C, at=1800), trace(A)) == rows(trace(A), trace(C, at=1800)), "order in the file does not matter"


def test_an_hour_before_is_there_to_compare_with_and_gives_no_row() -> None:
    found = rows(trace(A, at=-600), trace(C, at=600), ping(9.0, at=-600), name=f"x#from={HOUR}")
    assert found == {("asn/3333", "path_changes"): (1, 1)}
    assert atlas_results.parse(body(trace(A, at=-600), trace(C, at=600))).rows["timebin"].to_list() == [
        datetime(2026, 3, 2, 12, tzinfo=UTC)
    ]


def test_queries_fail_by_silence_and_by_server_failure() -> None:
    refused, not_implemented = ({**ANSWERED, "abuf": f"AAGEB{c}AB"} for c in ("Q", "A"))
    assert rows(query(result=ANSWERED), query(error={"timeout": 5000}))["asn/3333", "dns_failures"] == (0.5, 2)
    assert rows(query(result={**ANSWERED, "abuf": "AAGEAgAB"}))["asn/3333", "dns_failures"] == (1.0, 1)
    assert rows(query(result=refused))["asn/3333", "dns_failures"] == (1.0, 1)
    assert rows(query(result=not_implemented))["asn/3333", "dns_failures"] == (0.0, 1), (
        "rcode 4 is no failure of the server"
    )
    assert rows(query(result={**ANSWERED, "abuf": "???"}))["asn/3333", "dns_failures"] == (0.0, 1)


def test_a_probe_without_a_resolver_asked_nobody() -> None:
    assert rows(query(error={"nameserver": "no local resolvers found"})) == {}


def test_the_address_of_somebodys_resolver_is_no_target() -> None:
    own = query(resultset=[{"dst_addr": "192.168.77.1", "result": ANSWERED}, {"error": {"timeout": 1}}])
    found = atlas_results.details(body(own))
    assert [row["target"] for row in found] == ["own resolver"]
    assert found[0]["queries"] == 2
    assert b"192.168.77.1" not in slim(body(own), source="s")


def test_results_without_a_network_are_counted_and_left_out() -> None:
    parsed = atlas_results.parse(body(ping(5.0, source="10.1.2.3"), ping(5.0, source=None), ping(5.0, source="x")))
    assert parsed.rows.is_empty()
    assert parsed.notes["without_network"] == 3


@pytest.mark.parametrize(
    "odd",
    [
        ping(5.0, timestamp=None), ping(5.0, prb_id="1"), ping(5.0, sent=0), ping(5.0, rcvd=9), ping(5.0, result=None),
        ping(5.0, dst_name=None, dst_addr=None), trace(A, msm_id=None), trace(A, result="*"), query(), {"prb_id": 1}, 7,
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_read_is_rejected_and_the_others_count(odd: Any) -> None:
    parsed = atlas_results.parse(body(ping(9.0), odd))
    assert parsed.rejected_count == 1
    assert parsed.rows.height == 2


@pytest.mark.parametrize("rtt", [0, -1, "5", None, True, 1e9, [], {}])
def test_a_time_that_is_none_is_no_reply(rtt: Any) -> None:
    assert ("asn/3333", "rtt_p50") not in rows(ping(rtt))


def test_other_kinds_of_results_are_passed_over_and_counted() -> None:
    parsed = atlas_results.parse(body(ping(5.0), {"type": "sslcert", "prb_id": 1}))
    assert (parsed.notes["passed_over"], parsed.rejected_count) == (1, 0)


def test_a_list_and_lines_give_the_same() -> None:
    results = [ping(5.0), trace(A), trace(C, at=9), query(result=ANSWERED)]
    lines, listed = (atlas_results.parse(b).rows for b in (body(*results), json.dumps(results).encode()))
    assert lines.equals(listed)


def test_a_broken_line_costs_that_line() -> None:
    parsed = atlas_results.parse(body(ping(5.0)) + b'\n{"type": "pi')
    assert (parsed.rows.height, parsed.rejected_count) == (2, 1)


@pytest.mark.parametrize("text", [b"", b"nothing", b"{", b"{]\n{]", b"[1, 2", b"12"])
def test_what_is_no_results_is_told(text: bytes) -> None:
    with pytest.raises(UpstreamChanged):
        atlas_results.parse(text)


def test_no_host_of_a_probe_comes_out_nor_reaches_the_archive() -> None:
    home = "193.0.3.77"
    sent = body(
        ping(5.0, source=home, src_addr="192.168.9.9"), trace(home, A, source=home), query(source=home, result=ANSWERED)
    )
    parsed = atlas_results.parse(sent)
    shown = str(parsed.rows.to_dicts()) + str(parsed) + str(atlas_results.details(sent))
    kept = slim(sent, source="s").decode()
    for address in (home, "192.168.9.9"):
        assert address not in shown
        assert address not in kept
    assert atlas_results.parse(kept.encode()).rows.equals(parsed.rows), "what is kept tells the same"


def world(answers: dict[str, bytes]) -> tuple[Http, list[httpx.URL]]:
    asked: list[httpx.URL] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, content=answers.get(request.url.path.split("/")[4], b""))

    return Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1)), asked


NOW = datetime.fromtimestamp(HOUR + 3 * 3600 + 60, UTC)  # the last hour's results are still coming in


def test_whole_hours_of_the_named_measurements_are_asked_for_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_ATLAS_MEASUREMENTS", "1001,5001")
    http, asked = world({"1001": body(ping(5.0, at=600))})
    answers = list(atlas_results.fetch(http, NOW - timedelta(days=28), NOW))
    assert {url.path for url in asked} == {f"/api/v2/measurements/{msm}/results/" for msm in (1001, 5001)}
    assert len(asked) == 2 * 4
    assert all(url.params["anchors_only"] == "true" for url in asked)
    spans = [(int(url.params["start"]), int(url.params["stop"])) for url in asked[:4]]
    assert spans[-1][1] == HOUR + 2 * 3600 - 1, "the hour that has just ended is left to settle"
    assert spans[0][0] == HOUR + (2 - 12 - 1) * 3600
    assert [answer.name for answer in answers] == [
        f"{url}#from={first + 3600}" for url, (first, _) in zip(asked[:4], spans, strict=True)
    ]


def test_all_probes_are_read_where_the_setting_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_ATLAS_RESULTS_OF", "all")
    http, asked = world({})
    assert list(atlas_results.fetch(http, NOW - timedelta(hours=3), NOW)) == []
    assert asked
    assert not any("anchors_only" in url.params for url in asked)


@pytest.mark.shared
def test_recorded_results_are_read_whole(shared_data: Path) -> None:
    file = shared_data / "ripe-atlas-results" / "fetchmesh_results.ndjson.gz"
    parsed = atlas_results.parse(file.read_bytes(), name=file.name)
    check_signals(parsed.rows, source="atlas_results", signals=set(atlas_results.SOURCE.signals))
    assert (parsed.notes["pings"], parsed.notes["traceroutes"], parsed.rejected) == (1000, 1000, ())
    sent = [
        one for line in gzip.decompress(file.read_bytes()).splitlines() if (one := json.loads(line))["type"] == "ping"
    ]
    networks = parsed.rows.filter(
        (parsed.rows["signal"] == "atlas.loss") & parsed.rows["entity"].str.starts_with("asn/")
    )
    assert networks["n"].sum() == sum(one["sent"] for one in sent), "no packet is lost on the way"
    lost = sum(one["sent"] - one["rcvd"] for one in sent)
    assert (networks["value"] * networks["n"]).sum() == pytest.approx(lost)


@pytest.mark.shared
def test_a_recorded_week_of_one_probe_has_its_median_in_every_hour(shared_data: Path) -> None:
    file = shared_data / "ripe-atlas-results" / "1042404_6098.ndjson.gz"
    results = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    (hour,) = {one["timestamp"] // 3600 for one in results[200:201]}
    rtts = sorted(r["rtt"] for one in results if one["timestamp"] // 3600 == hour for r in one["result"] if "rtt" in r)
    found = {row["timebin"]: row for row in atlas_results.details(file.read_bytes())}
    assert len(found) == 168
    row = found[f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H:%M:%SZ}"]
    middle = (rtts[(len(rtts) - 1) // 2] + rtts[len(rtts) // 2]) / 2
    assert row["rtt_p50_ms"] == round(middle, 4)
