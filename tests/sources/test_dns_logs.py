from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from radar.errors import UpstreamChanged
from radar.sources import dns_logs
from radar.sources._log_files import Chunk
from radar.sources._log_source import packed
from radar.sources._rejections import Rejections
from tests.sources import dns_build as build

BIN = "2026-03-02T00:05:00Z"


def values(body: bytes, entity: str = "provider/our-resolver") -> dict[str, float]:
    rows = dns_logs.parse(body).rows
    return {r["signal"]: r["value"] for r in rows.iter_rows(named=True) if r["entity"] == entity}


def bind(
    client: str, *, view: str = "", category: str = "", fails: bool = False, name: str = "www.shop.example"
) -> str:
    what = (
        f"query failed (SERVFAIL) for {name}/IN/A at query.c:123" if fails else f"query: {name} IN A +E(0)K (10.0.0.1)"
    )
    view = f"view {view}: " if view else ""
    return f"02-Mar-2026 00:05:07.123 {category}client @0x7f01ab {client}#53124 ({name}): {view}{what}"


def lines(*found: str) -> bytes:
    return ("\n".join(found) + "\n").encode()


def own(**columns: Any) -> str:
    import json

    return json.dumps({"time": BIN, "name": "www.shop.example", "client": "8.8.8.7", **columns})


def test_dnstap_gives_queries_shares_and_clients() -> None:
    said = values(build.day())
    assert said["dns.queries"] == 25
    assert said["dns.servfail_share"] == pytest.approx(12 / 25)
    assert said["dns.nxdomain_share"] == pytest.approx(1 / 25)
    assert said["dns.clients"] == 12


def test_a_query_and_its_answer_are_one_query() -> None:
    one = build.stream(
        build.message(5, build.question("a.test.example")), build.message(6, build.question("a.test.example"))
    )
    assert values(one)["dns.queries"] == 1


def test_a_log_of_queries_alone_has_no_shares() -> None:
    said = values(lines(*(bind(c) for c in build.CLIENTS)))
    assert said["dns.queries"] == 12
    assert "dns.servfail_share" not in said


@pytest.mark.parametrize("category", ["", "queries: ", "queries: info: ", "info: "])
@pytest.mark.parametrize("view", ["", "internal"])
def test_bind_is_read_with_and_without_view_category_and_severity(category: str, view: str) -> None:
    body = lines(
        bind("8.8.8.7", view=view, category=category), bind("8.8.8.7", view=view, category=category, fails=True)
    )
    assert values(body)["dns.queries"] == 1
    assert values(body)["dns.servfail_share"] == 1.0


@pytest.mark.parametrize(
    "line",
    [
        "[1772409901] unbound[123:0] info: 8.8.8.7 www.shop.example. A IN SERVFAIL 0.021 0 123",
        "[1772409901] unbound[123:0] reply: 8.8.8.7 www.shop.example. A IN SERVFAIL 0.021 0 123",
        "2026-03-02T00:05:01.5+00:00 unbound[1:a] info: 8.8.8.7 www.shop.example. AAAA IN SERVFAIL 0.0 1 50",
        '2026-03-02T00:05:01.5Z [INFO] 8.8.8.7:5075 - 29008 "A IN www.shop.example. udp 41 false 4096" SERVFAIL qr,rd 68 0.03s',  # noqa: E501
        "2026-03-02 00:05:01 pdns [12/1] answer to question 'www.shop.example|A': 0 answers, took 3 packets, rcode=2",
        'msg="Answer" ts="1772409901.123" answers="0" qname="www.shop.example" qtype="A" rcode="2"',
        own(rcode="SERVFAIL"),
        own(rcode=""),
        own(rcode="timeout"),
    ],
)
def test_each_form_tells_of_a_failed_answer(line: str) -> None:
    said = values(lines(line))
    assert said["dns.queries"] == 1
    assert said["dns.servfail_share"] == 1.0


@pytest.mark.parametrize(
    "line",
    [
        "[1772409901] unbound[123:0] query: 8.8.8.7 www.shop.example. A IN",
        "2026-03-02 00:05:01 pdns [12/1] question for 'www.shop.example|A' from 8.8.8.7:53124",
        'msg="Question" ts="1772409901.123" proto="udp" qname="www.shop.example" qtype="A" remote="[2001:4860:4860::8888]:4"',  # noqa: E501
        own(),
    ],
)
def test_each_form_tells_of_a_query(line: str) -> None:
    assert values(lines(line))["dns.queries"] == 1
    assert values(lines(line), "country/US")["dns.queries"] == 1


def test_forms_may_stand_side_by_side_in_one_file() -> None:
    body = lines(own(rcode="NOERROR"), bind("8.8.8.7"), "", own(rcode="SERVFAIL"), "what is this")
    parsed = dns_logs.parse(body)
    assert {item.reason: item.count for item in parsed.rejected} == {"line is of no query": 1, "blank line": 1}
    assert values(body)["dns.queries"] == 2


def test_no_client_and_no_name_leaves_the_answer() -> None:
    body = lines(*(bind(c, name="secret.shop.example") for c in build.CLIENTS), "03-Mar client 8.8.8.7#1 (x): query: x")
    told = repr(dns_logs.details(body)) + repr(dns_logs.parse(body))
    assert "8.8." not in told
    assert "secret" not in told


def test_a_zone_that_few_clients_ask_for_is_not_told() -> None:
    few = lines(*(own(client=f"8.8.{n % 4}.7", rcode="SERVFAIL") for n in range(100)))
    assert [row["zone"] for row in dns_logs.details(few)] == [""]


def test_details_name_the_zone_that_fails_and_who_was_asked() -> None:
    total, zone, *rest = dns_logs.details(build.day())
    assert total == {"bin": BIN, "zone": "", "queries": 25, "failed": 12, "nxdomain": 1, "clients": 0, "servers": {}}
    assert zone == {"bin": BIN, "zone": "shop.example", "queries": 12, "failed": 12, "nxdomain": 0, "clients": 12,
                    "servers": {"15169": 3}}  # fmt: skip
    assert [row["zone"] for row in rest] == ["test.example"]


def test_a_time_far_from_the_others_is_rejected() -> None:
    body = lines(
        *(own(rcode="NOERROR") for _ in range(5)), own(time="2031-01-01T00:00:00Z"), own(time="2200-01-01T00:00:00Z")
    )
    parsed = dns_logs.parse(body)
    assert sum(item.count for item in parsed.rejected) == 2
    assert parsed.rows["timebin"].n_unique() == 1


@pytest.mark.parametrize(
    "name", ["a\\032b.shop.example", "x" * 300 + ".shop.example", "evil\x1b[31m.example", "..", "-"]
)
def test_an_odd_name_counts_as_a_query_and_names_no_zone(name: str) -> None:
    body = lines(*(own(client=c, name=name, rcode="SERVFAIL") for c in build.CLIENTS))
    assert values(body)["dns.queries"] == 12
    zones = {row["zone"] for row in dns_logs.details(body)} - {""}
    assert zones <= {"shop.example"}


@pytest.mark.parametrize("body", [b"", b"\n", b"\n\n\n"])
def test_an_empty_log_gives_no_rows(body: bytes) -> None:
    assert dns_logs.parse(body).rows.is_empty()


@pytest.mark.parametrize(
    "body", [b"hello\n", b"{\n", b'{"a":1}\n', b"[1]\n", b"Mar  2 00:05:01 x unbound[1:0] info: 8.8.8.8 a. A IN\n"]
)
def test_a_file_without_any_query_raises_or_rejects(body: bytes) -> None:
    try:
        parsed = dns_logs.parse(body)
    except UpstreamChanged as error:
        message = str(error)
    else:
        message = ""
    assert "8.8" not in message
    if message:
        return
    assert parsed.rows.is_empty()
    assert parsed.rejected_count == 1


def test_a_log_in_pieces_gives_the_same_bin_as_the_whole() -> None:
    whole = lines(*(bind(c) for c in build.CLIENTS), *(bind(c, fails=True) for c in build.CLIENTS[:4]))
    rejected = Rejections()
    pieces = [
        dns_logs.count(Chunk("queries.log", "lines", part, 1), rejected)
        for part in (lines(*(bind(c) for c in build.CLIENTS)), lines(*(bind(c, fails=True) for c in build.CLIENTS[:4])))
    ]
    body = packed(pl.concat(pieces), 300, rejected=rejected.done())
    assert dns_logs.parse(body).rows.equals(dns_logs.parse(whole).rows)


def test_partials_of_an_hour_give_no_rows() -> None:
    body = packed(dns_logs.count(Chunk("day.dnstap", "binary", build.day(), 0), Rejections()), 3600)
    assert dns_logs.parse(body).rows.is_empty()
    assert dns_logs.details(body) == []
