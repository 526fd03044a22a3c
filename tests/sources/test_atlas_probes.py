"""RIPE Atlas probes: what a list of them tells of its last minutes, and what it does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits
from radar.schema import check_signals
from radar.sources import atlas_probes

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
NAME = f"probes#at={AT}"
LAST = AT - 600  # start of the newest bin that is settled: 11:50 to 11:55
HOME = "192.0.2.77"  # stands for an address of somebody's home


def probe(
    number: int, status: int, since: int | None, *, cc: Any = "IQ", v4: Any = 203214, **more: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "status": {"id": status, "name": "", "since": None},
        "status_since": since,
        "country_code": cc,
        "asn_v4": v4,
        "asn_v6": None,
        "last_connected": AT,
        "address_v4": HOME,
        **more,
    }


def page(*listed: Any, more: int = 0, following: str | None = None) -> bytes:
    return json.dumps({"count": len(listed) + more, "next": following, "results": list(listed)}).encode()


def up(many: int, *, since: int | None = AT - 9000, first: int = 1, **where: Any) -> list[dict[str, Any]]:
    return [probe(number, 1, since, **where) for number in range(first, first + many)]


def newest(body: bytes, name: str = NAME) -> dict[tuple[str, str], tuple[float, int]]:
    """(entity, signal without its family) -> (value, n) of the newest bin."""
    rows = atlas_probes.parse(body, name=name).rows
    rows = rows.filter(rows["timebin"] == rows["timebin"].max())
    return {(e, s.partition(".")[2]): (v, n) for _t, e, s, v, n in rows.iter_rows()}


def test_the_newest_two_settled_bins_are_told() -> None:
    rows = atlas_probes.parse(page(*up(3)), name=NAME).rows
    assert rows["timebin"].unique().sort().to_list() == [NOW - timedelta(minutes=15), NOW - timedelta(minutes=10)]


def test_a_disconnect_counts_in_its_own_bin_out_of_those_that_were_connected() -> None:
    lost = [
        probe(10, 2, LAST),
        probe(11, 2, LAST + 299),
        probe(12, 2, LAST + 300),
        probe(13, 2, LAST - 1),
        probe(14, 2, None),
    ]
    found = newest(page(*up(5), *lost))
    assert found["country/IQ", "disconnects"] == (2, 8)
    assert found["country/IQ", "connected"] == (6, 10), "who left after the bin was connected at its end"


def test_a_probe_that_came_back_later_was_not_connected_in_the_bin() -> None:
    found = newest(page(*up(5), probe(10, 1, LAST + 400)))
    assert found["country/IQ", "connected"] == (5, 6)
    assert found["country/IQ", "disconnects"] == (0, 5)


def test_probes_that_were_given_up_are_not_counted() -> None:
    assert newest(page(*up(5), *(probe(20 + s, s, LAST) for s in (0, 3, 4))))["country/IQ", "connected"] == (5, 5)


def test_where_none_was_connected_none_can_disconnect() -> None:
    found = newest(page(probe(1, 2, AT - 10**6)))
    assert found == {("country/IQ", "connected"): (0, 1)}


def test_networks_with_few_probes_have_no_row_and_countries_do() -> None:
    few = newest(page(*up(4)))
    assert {entity for entity, _ in few} == {"country/IQ"}
    many = newest(page(*up(5)))
    assert {entity for entity, _ in many} == {"country/IQ", "asn/203214", "geoasn/IQ-203214"}


def test_a_network_at_home_is_not_counted_twice() -> None:
    assert {entity for entity, _ in newest(page(*up(5, cc="AT", v4=8412)))} == {"country/AT", "asn/8412"}


def test_a_probe_without_ipv4_counts_for_its_ipv6_network_and_one_without_a_place_for_none() -> None:
    listed = [{**one, "asn_v4": None, "asn_v6": 6939} for one in up(5, cc=None)]
    assert {entity for entity, _ in newest(page(*listed))} == {"asn/6939"}
    parsed = atlas_probes.parse(page(*(up(5, cc="", v4=None))), name=NAME)
    assert parsed.rows.is_empty()
    assert (parsed.notes["without_country"], parsed.notes["without_network"]) == (5, 5)


def test_namibia_is_a_country() -> None:
    assert ("country/NA", "connected") in newest(page(*up(1, cc="NA")))


def test_pages_are_added_up_and_a_probe_on_two_of_them_counts_once() -> None:
    body = page(*up(4), more=3) + b"\n" + page(*up(4, first=4), more=3) + b"\n"
    assert newest(body)["country/IQ", "connected"] == (7, 7)


def test_pages_that_are_missing_are_told() -> None:
    parsed = atlas_probes.parse(page(*up(3), more=40), name=NAME)
    assert [(item.reason, item.count) for item in parsed.rejected] == [("probes on pages that are not here", 40)]


def test_without_a_moment_the_newest_connection_is_the_moment() -> None:
    with_name, without = (atlas_probes.parse(page(*up(3)), name=name).rows for name in (NAME, "probes.json"))
    assert with_name.equals(without)
    assert atlas_probes.parse(page(probe(1, 2, LAST))).rows.is_empty(), (
        "nobody is connected: nothing says when that was"
    )


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        {},
        {"id": 5},
        probe(-1, 1, None),
        probe(5, 9, None),
        {"id": 5, "status": {"id": True}},
        {"id": "5", "status": 1},
    ],
)
def test_what_is_no_probe_is_rejected_and_the_others_count(odd: Any) -> None:
    parsed = atlas_probes.parse(page(*up(3), odd), name=NAME)
    assert parsed.rejected_count == 1
    assert parsed.notes["probes"] == 3


def test_no_address_comes_out() -> None:
    parsed = atlas_probes.parse(page(*up(6), {"id": None, "address_v4": HOME, "status": HOME}), name=NAME)
    assert HOME not in str(parsed.rows.to_dicts()) + str(parsed.rejected) + str(parsed.notes)


def envelope(call: str, **data: Any) -> bytes:
    return json.dumps({"data_call_name": call, "status": "ok", "data": data, "time": "2026-03-02T12:00:00.5"}).encode()


def plain(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "status": one["status"]["id"]} for one in listed]


def test_a_list_of_one_country_says_nothing_of_networks_that_reach_beyond_it() -> None:
    listed = plain([*up(5, cc="AT", v4=8412), *up(5, first=20, cc="AT", v4=13335)])
    assert {e for e, _ in newest(envelope("atlas-probes", probes=listed, resource="at"), "")} == {
        "country/AT", "asn/8412", "geoasn/AT-13335",
    }  # fmt: skip


def test_a_list_of_one_network_says_nothing_of_countries() -> None:
    body = envelope("atlas-probes", probes=plain(up(5)), resource="AS203214")
    assert {e for e, _ in newest(body, "")} == {"asn/203214", "geoasn/IQ-203214"}


def deployed(resource: str, *days: Any) -> bytes:
    return envelope("atlas-probe-deployment", deployments=[{"resource": resource, "deployment": list(days)}])


def day(date: Any, **statuses: Any) -> dict[str, Any]:
    return {"date": date, "statuses": statuses}


def test_history_gives_days_and_never_bins_of_minutes() -> None:
    body = deployed(
        "cc_na",
        day("2014-06-13", connected=3, disconnected=1, abandoned=9),
        day("2014-06-14", connected=0, disconnected=0),
    )
    rows = atlas_probes.parse(body).rows
    assert rows.select("entity", "signal", "value", "n").rows() == [
        ("country/NA", "atlas.connected_day", 3.0, 4), ("country/NA", "atlas.connected_day", 0.0, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("resource", "entity"),
    [("cc_nl", "country/NL"), ("nl", "country/NL"), ("asn4_3333", "asn/3333"), ("3333", "asn/3333"),
     ("asn6_3333", None), ("region_eu", None), ("cc_xx", None), ("asn4_0", None)],
)  # fmt: skip
def test_only_whole_countries_and_networks_have_a_key(resource: str, entity: str | None) -> None:
    parsed = atlas_probes.parse(deployed(resource, day("2014-06-13", connected=3, disconnected=1)))
    assert parsed.rows["entity"].to_list() == ([entity] if entity else [])
    assert parsed.rejected_count == (0 if entity else 1)


@pytest.mark.parametrize(
    "odd",
    [
        day("2014-06-13T08:00:00", connected=1, disconnected=1),
        day("soon", connected=1),
        day("2014-06-13", connected=-1, disconnected=1),
        {"date": "2014-06-13", "statuses": 3},
        None,
    ],
)
def test_a_day_without_counts_is_rejected(odd: Any) -> None:
    parsed = atlas_probes.parse(deployed("cc_nl", odd))
    assert (parsed.rows.height, parsed.rejected_count) == (0, 1)


def world(*pages: bytes | int) -> tuple[Http, list[httpx.URL]]:
    asked: list[httpx.URL] = []
    left = list(pages)

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        one = left.pop(0)
        return httpx.Response(one) if isinstance(one, int) else httpx.Response(200, content=one)

    return Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1)), asked


NEXT = f"{atlas_probes.API}/probes/?page=2"


def test_all_pages_are_asked_for_and_no_address_reaches_the_archive() -> None:
    http, asked = world(page(*up(3), more=2, following=NEXT), page(*up(2, first=4), more=3))
    (answer,) = atlas_probes.fetch(http, NOW - timedelta(days=28), NOW)
    assert dict(asked[0].params)["status"] == "1,2"
    assert int(asked[0].params["page_size"]) == 500
    assert str(asked[1]) == NEXT
    assert HOME.encode() not in answer.body
    assert newest(answer.body, answer.name)["country/IQ", "connected"] == (5, 5)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/api/v2/probes/", "/etc/passwd", 7])
def test_a_next_page_elsewhere_is_not_followed(elsewhere: Any) -> None:
    http, asked = world(page(*up(3), more=2, following=elsewhere))
    with pytest.raises(UpstreamChanged, match="expected a page of"):
        list(atlas_probes.fetch(http, NOW, NOW))
    assert len(asked) == 1


def test_pages_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atlas_probes, "MOST_PAGES", 3)
    http, asked = world(*[page(*up(1), following=NEXT)] * 9)
    with pytest.raises(UpstreamChanged, match="page 3 leads to"):
        list(atlas_probes.fetch(http, NOW, NOW))
    assert len(asked) == 3


def test_half_a_list_is_no_answer() -> None:
    http, _ = world(page(*up(3), more=7))
    with pytest.raises(UpstreamChanged, match="hold 3 probes; the first promised 10"):
        list(atlas_probes.fetch(http, NOW, NOW))
    http, _ = world(page(*up(3), more=7, following=NEXT), 503)
    with pytest.raises(UpstreamUnavailable):
        list(atlas_probes.fetch(http, NOW, NOW))


@pytest.mark.shared
@pytest.mark.parametrize(("name", "rows"), [("atlas_probes", 44), ("atlas_probe_deployment", 3994)])
def test_the_recorded_answers_are_read_whole(shared_data: Path, name: str, rows: int) -> None:
    file = shared_data / "ripestat-api-answers" / f"{name}.json.gz"
    parsed = atlas_probes.parse(file.read_bytes(), name=file.name)
    check_signals(parsed.rows, source="atlas_probes", signals=set(atlas_probes.SOURCE.signals))
    assert (parsed.rows.height, parsed.rejected) == (rows, ())
