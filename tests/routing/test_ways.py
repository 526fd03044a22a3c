"""Chains of paths, whatever a path looks like; and of which peers they are kept."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.routing import ways
from radar.routing.cells import Peer, Sparse
from radar.routing.quorum import Member
from radar.routing.reserved import is_reserved_as
from radar.routing.ways import DIRECT, UNKNOWN, Chains, settle, widen

PEER = 3333


def chain(path: str) -> list[int] | None:
    """What is kept of a path; None: not known."""
    chains = Chains()
    number = chains.number(path, PEER)
    return None if number == UNKNOWN else chains.of(number)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("3333 1299 2914 5089", [1299, 2914]),
        ("3333 5089", []),
        ("3333", []),
        ("5089", []),
        ("1299 2914 5089", [1299, 2914]),  # a route server that leaves itself out
        ("3333 3333 1299 5089", [1299]),
        ("3333 1299 1299 1299 5089 5089", [1299]),
        ("3333 1299 " + "5089 " * 199 + "5089", [1299]),
        ("3333 " + "1299 " * 200 + "5089", [1299]),
        ("3333 1299 4199999001 4199999002", [1299, 4199999001]),  # four octets
        ("3333 12 1", [12]),  # the origin's number is the end of another one's
        ("3333 11 1", [11]),
        ("3333 1299 5089 2914 5089", [1299]),  # the origin put another one into its own path
        ("3333 1299 2914 1299 5089", [1299, 2914]),  # a loop
        ("3333 1299 64512 5089", [1299]),  # private: its upstream counts
        ("3333 1299 23456 5089", [1299]),
        ("3333 0 1299 5089", [1299]),
        ("3333 (65001 65002) 1299 5089", [1299]),
        ("(65001 65002) 3333 1299 5089", [1299]),
        ("3333 [65001,65002] 1299 (65003) 5089", [1299]),
        ("3333 1299 {2914,3257} 5089", None),
        ("3333 1299 {5089,5090}", None),
        ("3333 1299 {5089}", None),
        ("3333 1299 x 5089", None),
        ("3333 ²1299 5089", None),
        ("3333 1299  5089", [1299]),
        ("3333 " + " ".join(str(n) for n in range(100, 100 + ways.MOST_HOPS + 1)) + " 5089", None),
    ],
)
def test_a_path_is_cleaned_to_the_networks_in_between(path: str, kept: list[int] | None) -> None:
    assert chain(path) == kept


@given(
    st.lists(st.integers(0, 70_000) | st.integers(0, 2**33), max_size=40), st.text(" 0123456789{}(),[]x", max_size=60)
)
def test_no_path_breaks_it_and_a_chain_holds_nobody_twice(hops: list[int], noise: str) -> None:
    for path in (" ".join(map(str, hops)), noise, " ".join(map(str, hops)) + noise):
        kept = chain(path)
        if kept:
            assert len(kept) == len(set(kept)) <= ways.MOST_HOPS
            assert PEER not in kept
            assert not any(is_reserved_as(asn) for asn in kept)
            assert str(kept[-1]) != path.split()[-1]


def test_spellings_of_one_chain_have_one_number() -> None:
    chains = Chains()
    numbers = {chains.number(path, PEER) for path in ("3333 10 20 5", "3333 10 10 20 5", "3333 10 20 20 6 6")}
    assert len(numbers) == 1
    assert chains.number("3333 5", PEER) == DIRECT


def test_with_no_room_a_new_chain_is_not_known_and_old_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "MAX_CHAINS", 10)
    chains = Chains()
    found = [chains.number(f"3333 {n} 5", PEER) for n in range(100, 120)]
    assert found[8:] == [UNKNOWN] * 12
    assert chains.refused == 12
    assert chains.number("3333 100 5", PEER) == found[0]


def test_chains_that_nobody_uses_are_forgotten_and_the_rest_keep_their_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "MAX_CHAINS", 40)
    chains = Chains()
    numbers = [chains.number(f"3333 {n} 7018 5", PEER) for n in range(100, 130)]
    few, many = Sparse({3: numbers[20], 4: UNKNOWN}), array("I", [numbers[29], DIRECT, UNKNOWN, numbers[20]])
    chains.compact([few, many])
    assert len(chains) == 4
    assert chains.of(few[3]) == [120, 7018] == chains.of(many[3])
    assert chains.of(many[0]) == [129, 7018]
    assert (many[1], many[2], few[4]) == (DIRECT, UNKNOWN, UNKNOWN)
    assert chains.number("3333 120 7018 5", PEER) == few[3]


def peer(n: int, *, asn: int = 0, collector: str = "rrc00", row: object = None) -> Peer:
    made = Peer(f"{collector}|192.0.2.{n}", asn or 1000 + n, [Sparse(), Sparse()], synced=True)
    made.ways = [Sparse() if row is None else row, None]
    return made


def test_viewpoints_are_spread_over_collectors_and_networks() -> None:
    wide = [peer(n, row=array("I")) for n in range(ways.VIEWPOINTS)]
    twin, near, far = peer(40, asn=wide[0].asn), peer(41), peer(42, collector="rrc15")
    everyone = [*wide, twin, near, far]
    for one in (twin, near, far):
        widen(one, 0, 8, everyone)
    assert twin.ways[0] is None, "its network has one already"
    assert near.ways[0] is None, "there are enough of its collector"
    assert isinstance(far.ways[0], array)
    assert wide[-1].ways[0] is None
    assert sum(isinstance(one.ways[0], array) for one in everyone) == ways.VIEWPOINTS


def member(one: Peer, *, full: bool = True, state: str = "live") -> Member:
    return Member(one, state, (10, 0), (full, False))  # type: ignore[arg-type]


def test_who_turns_out_to_have_little_keeps_nothing_and_who_is_missing_is_chosen() -> None:
    part, silent, late = peer(1), peer(2), peer(3)
    late.ways[0] = None
    chosen = settle([member(part, full=False), member(silent, full=False, state="unsynced"), member(late)], 0)
    assert chosen == [late]
    assert part.ways[0] is None
    assert silent.ways[0] is not None, "nobody knows yet"
    assert late.ways[0] == {}


def test_no_more_than_enough_and_one_of_each_network() -> None:
    many = [peer(n, collector=f"rrc0{n % 3}") for n in range(ways.VIEWPOINTS + 9)]
    chosen = settle([member(one) for one in [*many, peer(90, asn=many[0].asn)]], 0)
    assert len(chosen) == ways.VIEWPOINTS
    assert len({one.asn for one in chosen}) == ways.VIEWPOINTS
    spread = [sum(one.collector == f"rrc0{n}" for one in chosen) for n in range(3)]
    assert max(spread) - min(spread) <= 1
    assert sum(one.ways[0] is not None for one in many) == ways.VIEWPOINTS
