"""Candidates as documents: ids, words, lines, the rules that weigh them, and the book that keeps them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.routing import evidence
from radar.routing.book import MAX_PREFIXES, TOGETHER_S, Book, Candidate
from radar.routing.events import (
    GRAIN_S,
    KINDS,
    STATUSES,
    event_id,
    first_bin,
    leak_words,
    listed,
    origin_words,
    read_lines,
    to_lines,
)
from radar.routing.owners import alike, home, label
from radar.routing.reserved import is_reserved_as, why_not_routed
from radar.routing.watching import FORGOTTEN_DAYS, USUAL_DAYS, Peers, Usual
from radar.shapes import RouteEvent
from tests.routing.cases import verizon_2019, youtube_2008
from tests.routing.rehearsal import play

DOCS = Path(__file__).resolve().parents[2] / "docs" / "routing.md"
DAY = 86_400.0


@pytest.fixture(scope="module")
def events() -> list[RouteEvent]:
    return [*play(youtube_2008()).hijacks(), *play(verizon_2019()).leaked()]


# ---------------------------------------------------------------------- documents and lines


def test_a_document_has_exactly_the_fields_that_pages_read(events: list[RouteEvent]) -> None:
    for event in events:
        assert set(event) == set(RouteEvent.__annotations__)
        assert event["kind"] in KINDS
        assert event["status"] in STATUSES
        assert 0 <= event["confidence"] <= 1
        assert event["simulated"] is True


def test_lines_come_back_as_they_were(events: list[RouteEvent]) -> None:
    again, faults, lines = read_lines(to_lines(events))
    assert again == events
    assert faults.done() == ()
    assert lines == len(events)


def test_the_id_comes_from_what_was_seen() -> None:
    first = event_id("leak", 701, "193.0.0.0/21", 1_200_000_000.0)
    assert first == event_id("leak", 701, "193.0.0.0/21", 1_200_000_019.9)  # the same minute
    assert first.startswith("20080110-as701-")
    others = {
        event_id("origin_change", 701, "193.0.0.0/21", 1_200_000_000.0),
        event_id("leak", 702, "193.0.0.0/21", 1_200_000_000.0),
        event_id("leak", 701, "193.0.0.0/22", 1_200_000_000.0),
        event_id("leak", 701, "193.0.0.0/21", 1_200_000_060.0),
    }
    assert first not in others
    assert len(others) == 4


def test_the_first_bin_is_that_of_five_minutes(events: list[RouteEvent]) -> None:
    assert first_bin(events[0]) % GRAIN_S == 0
    assert first_bin({**events[0], "first_seen": "2008-02-24T18:49:59Z"}) == first_bin(events[0])  # type: ignore[typeddict-item]


@pytest.mark.parametrize("field", sorted(RouteEvent.__annotations__))
def test_a_line_without_a_field_or_with_another_type_is_refused_and_counted(
    events: list[RouteEvent], field: str
) -> None:
    odd: list[Any] = [None, {}, [[]], [{}], -1, 10**12, 1e308, "x" * 30_000, ["x" * 30_000]]
    lacking = {key: value for key, value in events[0].items() if key != field}
    for row in (lacking, *({**events[0], field: value} for value in odd)):
        found, faults, _lines = read_lines(orjson.dumps(row))
        assert found == [], (field, str(row.get(field))[:40])
        assert [item.count for item in faults.done()] == [1]


def test_an_entity_that_is_none_costs_only_itself(events: list[RouteEvent]) -> None:
    row = {**events[0], "entities": ["asn/36561", "country/XX", "provider/aws", "asn/0"]}
    found, faults, _lines = read_lines(orjson.dumps(row))
    assert found[0]["entities"] == ["asn/36561"]
    assert [item.reason for item in faults.done()] == ["an entity that is no network and no country"]


def test_lines_that_are_none_are_counted_with_their_number(events: list[RouteEvent]) -> None:
    good = to_lines(events[:1])
    body = b"\n".join([b"", good, b"null", b"[1]", b'{"id": 1}', b"{", b"\xff\xfe", b"x" * (1 << 21), good])
    found, faults, lines = read_lines(body)
    assert len(found) == 2
    assert lines == 8
    assert sum(item.count for item in faults.done()) == 6
    assert any("line 4" in item.example for item in faults.done())


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200))
def test_any_bytes_give_events_or_faults(body: bytes) -> None:
    found, faults, lines = read_lines(body)
    assert len(found) + sum(item.count for item in faults.done()) >= lines


# ---------------------------------------------------------------------- words


def test_words_say_what_is_seen() -> None:
    assert origin_words("more_specific", 17557, [36561], 1, "208.65.153.0/24", "208.65.152.0/22") == (
        "AS17557 Pakistan Telecommuication company limited announces 208.65.153.0/24; AS36561 announces "
        "208.65.152.0/22 around it."
    )
    assert origin_words("origin_change", 64500, [64501], 1, "193.0.0.0/21", "") == (
        "AS64500 announces 193.0.0.0/21, which AS64501 announced before."
    )
    assert origin_words("origin_change", 64500, [64501], 1200, "193.0.0.0/21", "") == (
        "AS64500 announces 1,200 prefixes of AS64501, the first of them 193.0.0.0/21."
    )
    assert leak_words(64500, [(64501, 64502, 4)], 1, 1, more=False) == (
        "AS64500 passes 1 prefix on from AS64501 (its peer) to AS64502 (its provider); they are of 1 network."
    )
    assert leak_words(64500, [(64501, 64502, 1)], 2000, 40, more=True).startswith(
        "AS64500 passes at least 2,000 prefixes"
    )
    assert listed([64500, 64501]) == "AS64500, AS64501"
    assert listed([64500, 64501, 64502, 64503, 64504]) == "AS64500, AS64501, AS64502 and 2 more"


@pytest.mark.parametrize("bad", ["stole", "attack", "malicious", "hijacked by", "criminal"])
def test_no_sentence_accuses_anybody(bad: str) -> None:
    for rule in evidence.RULES.values():
        assert bad not in rule.says.lower() or "protection against an attack" in rule.says


# ---------------------------------------------------------------------- rules


def test_confidence_is_the_sum_of_the_rules_within_bounds() -> None:
    weighed = evidence.weigh([("more_specific", {"covering": "a"}), ("widely", {}), ("moved", {})])
    assert weighed.confidence == 0.1
    assert len(weighed.pro) == 2
    assert len(weighed.con) == 1
    assert evidence.weigh([]).confidence == evidence.LEAST
    assert evidence.weigh([("widely", {})] * 20).confidence == evidence.MOST


def test_what_speaks_for_weighs_up_and_what_speaks_against_weighs_down() -> None:
    for rule in evidence.RULES.values():
        assert rule.weight >= 0 if rule.side == "for" else rule.weight <= 0, rule.id


def test_each_rule_is_explained_with_its_weight() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([+−]?[\d.]+) \|", DOCS.read_text("utf-8"), re.M))
    expected = {
        rule.id: f"{'+' if rule.weight > 0 else '−' if rule.weight < 0 else ''}{abs(rule.weight):.2f}"
        for rule in evidence.RULES.values()
    }
    assert rows == expected


# ---------------------------------------------------------------------- the book


def candidate(book: Book, n: int, time: float = 0.0) -> Candidate:
    made = book.open(f"g{n}", "leak", 64500 + n, [1], f"193.0.{n}.0/24", "", time, "1 2")
    made.shown = True
    return made


def test_what_ended_is_kept_for_ten_minutes_and_then_forgotten() -> None:
    book = Book(simulated=False)
    candidate(book, 1).finish("ended", 100.0)
    assert len(book.turn(160.0)) == 1
    assert book.turn(100.0 + TOGETHER_S) == []
    assert len(book.documents()) == 1
    book.turn(101.0 + TOGETHER_S)
    assert book.documents() == []


def test_what_ended_is_kept_while_another_of_its_five_minutes_is_open() -> None:
    book = Book(simulated=False)
    candidate(book, 1, 10.0).finish("ended", 100.0)
    other = candidate(book, 2, 20.0)
    book.turn(160.0)
    assert book.turn(5000.0) == []
    other.dirty = True
    assert [event["status"] for event in book.turn(5060.0)] == ["ended", "open"]
    other.finish("ended", 5100.0)
    book.turn(9000.0)
    assert book.documents() == []


def test_what_was_never_shown_is_never_told() -> None:
    book = Book(simulated=False)
    candidate(book, 1).shown = False
    assert book.turn(60.0) == []
    assert book.documents() == []


def test_the_number_of_candidates_and_of_their_prefixes_is_bounded() -> None:
    book = Book(simulated=False, room=5)
    for n in range(20):
        candidate(book, n)
    assert len(book.documents()) == 5
    assert book.dropped == 15
    one = candidate(book, 30)
    for n in range(MAX_PREFIXES + 10):
        one.join(str(n), 0.0)
    assert len(one.prefixes) == MAX_PREFIXES


def test_of_too_many_the_finished_ones_go_first() -> None:
    book = Book(simulated=False, room=3)
    for n in range(3):
        candidate(book, n)
    found = book.get(book.documents()[1]["id"])
    assert found is not None
    found.finish("ended", 1.0)
    candidate(book, 9)
    assert found.id not in {event["id"] for event in book.documents()}


# ---------------------------------------------------------------------- helpers


def test_peers_are_bits_and_their_networks_are_counted_once() -> None:
    peers = Peers()
    bits = [peers.bit(f"p{n}", n // 2) for n in range(6)]
    assert bits == [1, 2, 4, 8, 16, 32]
    assert peers.bit("p3", 1) == 8
    assert peers.mask(["p0", "p5", "nobody"]) == 33
    assert peers.networks(0b111111) == 3
    assert peers.networks(0) == 0
    assert Peers.from_plain(peers.plain()).bits == peers.bits


def test_what_is_seen_on_many_days_is_usual() -> None:
    usual = Usual()
    assert [usual.note("a", DAY * day) for day in range(USUAL_DAYS)] == [False] * (USUAL_DAYS - 1) + [True]
    assert not usual.note("b", DAY)
    assert not usual.note("b", DAY + 3600)  # the same day again is no second day


def test_what_was_not_seen_for_two_months_is_forgotten() -> None:
    usual = Usual()
    usual.settle("a", 0.0)
    assert usual.note("a", DAY)
    assert not usual.note("a", DAY * (FORGOTTEN_DAYS + 2))


def test_habits_are_bounded_and_the_oldest_goes() -> None:
    usual = Usual(room=3)
    for n in range(5):
        usual.settle(str(n), DAY * n)
    assert [row[0] for row in usual.plain()] == ["2", "3", "4"]
    assert usual.dropped == 2


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (15169, 36040, "same"),
        (15169, 43515, "similar"),
        (16509, 8987, "similar"),
        (4809, 4837, ""),  # what both begin with is a country
        (17557, 15169, ""),
        (64496, 64497, ""),
        (15169, 399_995, ""),
    ],
)
def test_owners_are_told_apart_by_their_names(a: int, b: int, expected: str) -> None:
    assert alike(a, b) == expected
    assert alike(b, a) == expected


def test_a_network_without_a_name_is_called_by_its_number_once() -> None:
    assert label(399_995) == "AS399995"
    assert label(64496) == "AS64496"
    assert label(3333).startswith("AS3333 ")
    assert home(399_995) == ""


def test_reserved_numbers_and_space_are_known() -> None:
    assert [asn for asn in (0, 23456, 64496, 64511, 65534, 65535, 65551, 131071, 4_200_000_000, 4_294_967_295)
            if not is_reserved_as(asn)] == []  # fmt: skip
    assert [asn for asn in (1, 64495, 131072, 4_199_999_999) if is_reserved_as(asn)] == []
    assert why_not_routed("2001:db8::/32") == "reserved"
    assert why_not_routed("2001:67c::/32") == ""
    assert why_not_routed("2a00::/12") == "too short"
    assert why_not_routed("2a00:1450::/49") == "too long"
