"""Who is whose customer, and what that says of a path."""

from __future__ import annotations

import bz2
import gzip
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.errors import UpstreamChanged
from radar.routing.relations import Leak, Relations, hops
from tests.routing.rehearsal import refusal

#: 10 and 20 are large and peer; 1, 2, 3 are customers: 1 of both, 2 of 10, 3 of 20; 1 and 2 peer.
FILE = b"""# source:topology|BGP|20261101
# a line of the header
10|20|0|bgp
10|1|-1|bgp
20|1|-1|mlp
10|2|-1
20|3|-1
1|2|0
"""
RELATIONS = Relations.load(FILE)


@pytest.mark.parametrize(
    ("a", "b", "is_"),
    [(1, 10, "provider"), (10, 1, "customer"), (10, 20, "peer"), (20, 10, "peer"), (1, 2, "peer"), (2, 1, "peer"),
     (2, 20, None), (1, 1, None), (99, 10, None)],
)  # fmt: skip
def test_a_relation_is_told_from_both_sides(a: int, b: int, is_: str | None) -> None:
    assert RELATIONS.of(a, b) == is_


def test_what_the_file_holds_is_counted() -> None:
    assert RELATIONS.count == 6
    assert RELATIONS.rejected == ()
    assert RELATIONS.customers(10) == 2
    assert RELATIONS.customers(1) == 0
    assert RELATIONS.knows(3)
    assert not RELATIONS.knows(4)


@pytest.mark.parametrize(
    ("path", "leak"),
    [
        ("20 1 10 2", Leak(1, 10, 20, 1)),  # provider to provider: the hairpin
        ("20 1 2", Leak(1, 2, 20, 4)),  # peer to provider
        ("2 1 10 4", Leak(1, 10, 2, 3)),  # provider to peer
    ],
)
def test_a_path_that_goes_down_and_up_again_is_a_leak(path: str, leak: Leak) -> None:
    assert RELATIONS.leak_in(path) == leak


def test_peer_to_peer_is_a_leak() -> None:
    relations = Relations.load(b"1|2|0\n2|3|0\n")
    assert relations.leak_in("1 2 3") == Leak(2, 3, 1, 2)


@pytest.mark.parametrize(
    "path",
    [
        "10 1",
        "1 10 2",  # a provider tells its customer all
        "3 20 10 2",  # up, over one peering, down
        "20 10 2",
        "2 10 1",
        "1",
        "",
    ],
)
def test_a_path_without_a_valley_is_none(path: str) -> None:
    assert RELATIONS.leak_in(path) is None


def test_prepending_changes_nothing() -> None:
    assert RELATIONS.leak_in("20 20 1 1 1 10 2 2") == Leak(1, 10, 20, 1)


@pytest.mark.parametrize("path", ["20 1 99 2", "99 1 10 2", "20 99 10 2"])
def test_an_unknown_relation_is_never_a_leak(path: str) -> None:
    assert RELATIONS.leak_in(path) is None


def test_a_set_hides_who_told_whom() -> None:
    assert RELATIONS.leak_in("20 {1,4} 10 2") is None
    assert RELATIONS.leak_in("20 1 {10}") is None
    assert RELATIONS.leak_in("20 1 10 {2,3}") == Leak(1, 10, 20, 1)


def test_confederations_are_inside_a_network() -> None:
    assert hops("20 (64512 64513) 1 [64514,64515] 10") == [20, 1, 10]
    assert RELATIONS.leak_in("20 1 (64512 64513) 1 10 2") == Leak(1, 10, 20, 1)


def test_of_two_leaks_the_one_nearest_to_the_origin_is_told() -> None:
    relations = Relations.load(b"1|2|-1\n3|2|-1\n3|4|-1\n5|4|-1\n")
    assert relations.leak_in("1 2 3 4 5") == Leak(4, 5, 3, 1)


@pytest.mark.parametrize("text", ["a b c", "1 2x 3", "1 {2", "\ud800"])
def test_what_is_no_path_has_no_hops(text: str) -> None:
    assert hops(text) == []


@settings(max_examples=200, deadline=None)
@given(st.text("0123456789 {}()[],-x", max_size=60))
def test_any_text_is_a_path_or_none(text: str) -> None:
    assert RELATIONS.leak_in(text) is None or isinstance(RELATIONS.leak_in(text), Leak)


def test_valleys_agree_with_the_rule_in_words() -> None:
    """Every path of up to four of the five networks, against RFC 7908's definition said the other way round: a network
    may tell a provider or a peer only of what it had from a customer."""
    for size in (3, 4):
        for way in product((1, 2, 3, 10, 20), repeat=size):
            if any(a == b for a, b in pairwise(way)):
                continue
            wrong = [
                way[n]
                for n in range(1, size - 1)
                if RELATIONS.of(way[n], way[n - 1]) in ("provider", "peer")
                and RELATIONS.of(way[n], way[n + 1]) not in ("customer", None)
            ]
            found = RELATIONS.leak_in(" ".join(map(str, way)))
            assert (found.leaker if found else None) == (wrong[-1] if wrong else None), way


def test_lines_that_cannot_be_used_are_counted_with_their_place() -> None:
    relations = Relations.load(FILE + b"7|8\n1|1|0\n0|5|0\n" + b"\n".join(b"5|%d|0" % n for n in range(100, 120)))
    assert {(row.reason, row.count) for row in relations.rejected} == {
        ("not two AS numbers and a relation", 1),
        ("a number that is no AS number", 2),
    }
    assert "line 9: 7|8" in relations.rejected[1].example


def test_a_pair_at_odds_with_itself_is_unknown() -> None:
    relations = Relations.load(b"1|2|-1\n2|1|-1\n1|3|0\n3|1|0\n")
    assert relations.of(1, 2) is None
    assert relations.of(1, 3) == "peer"  # the same again, from the other side
    assert [row.count for row in relations.rejected] == [1]


def test_older_markings_of_siblings_are_not_taken_for_something_else() -> None:
    lines = b"\n".join(b"1|%d|0" % n for n in range(2, 12))
    relations = Relations.load(lines + b"\n20|21|1\n20|22|2\n")
    assert relations.of(20, 21) is None
    assert relations.rejected[0].reason == "a relation that is neither -1 nor 0"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_file_is_read(pack: Any) -> None:
    assert Relations.load(pack(FILE)).count == 6


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "0 of 0 lines"),
        (b"# only words\n", "0 of 0 lines"),
        (b"<html>502 Bad Gateway</html>", "1 of 1 lines cannot be used, first not two AS numbers"),
        (b"1|2|0\n" + b"x\n" * 9, "9 of 10 lines"),
        (bz2.compress(FILE)[:-8], "end early"),
        (b"\x1f\x8b\x08\x00", "end early"),
        (b"BZh9zzzzzzzzzzzzzzzz", "damaged"),
    ],
)
def test_a_file_that_is_something_else_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(UpstreamChanged, match=f"relations_file: .*{says}"):
        Relations.load(body)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200) | st.text("0123456789|-#\n ", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    for head in (b"", FILE, b"\x1f\x8b\x08", b"BZh9"):
        says = refusal(Relations.load, head + body)
        assert says is None or (says.startswith("relations_file: ") and len(says) < 500)
