"""The routing table against a naive one that keeps sets of blocks, and through restarts."""

from __future__ import annotations

import ipaddress
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.routing import Element, snapshot, space
from radar.routing.cells import Sparse
from radar.routing.quorum import SILENT_S, members
from radar.routing.session import Session
from radar.routing.table import DENSE_FROM

T = 1_772_409_600.0  # 2026-03-02 00:00 UTC
PEERS = [f"rrc0{n % 3}|192.0.2.{n}" for n in range(1, 8)]
#: Blocks of several countries, overlapping prefixes, and one too long to count.
PREFIXES = ["5.0.0.0/20", "5.0.1.0/24", "5.0.0.0/22", "41.0.0.0/20", "41.0.8.0/21", "200.1.0.0/23", "200.1.1.0/24",
            "200.1.1.128/25", "91.192.0.0/14", "2a00:1450::/44", "2a00:1450:8::/48", "2001:4200::/43",
            "2400:cb00::/48", "fc00::/48"]  # fmt: skip
#: /24 blocks of all of them.
ALL = 16 + 16 + 2 + 1024
ORIGINS = [64496, 5089, 12389]


def full_tables(origin: int = 64496, *, time: float = T) -> list[Element]:
    """A dump in which every peer has every prefix."""
    return [(time, peer, 100 + n, "B", prefix, f"{100 + n} 1299 {origin}")
            for n, peer in enumerate(PEERS) for prefix in PREFIXES]  # fmt: skip


def session(*, min_peers: int = 3) -> Session:
    return Session("ris_live", grain_s=60, min_peers=min_peers)


def values(made: Session, signal: str) -> dict[str, float]:
    rows = made.rows()
    rows = rows.filter((rows["signal"] == signal) & (rows["timebin"] == rows["timebin"].max()))
    return dict(zip(rows["entity"], rows["value"], strict=True))


class Naive:
    """What a table says, worked out with sets: slow and plain."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], int] = {}
        self.known: dict[str, list[int]] = defaultdict(list)

    def take(self, elements: list[Element]) -> None:
        for _time, peer, _asn, kind, prefix, path in elements:
            if kind == "W":
                self.routes.pop((peer, prefix), None)
            else:
                origin = self.routes[peer, prefix] = int((path or "0").split()[-1])
                if origin not in self.known[prefix]:
                    self.known[prefix].append(origin)

    def full(self, family: int) -> list[str]:
        counts = {peer: sum(1 for p, prefix in self.routes if p == peer and (":" in prefix) == (family == 6))
                  for peer in PEERS}  # fmt: skip
        bound = 0.75 * sorted(counts.values(), reverse=True)[2]
        return [peer for peer in PEERS if counts[peer] and counts[peer] >= bound > 0]

    def blocks(self, family: int) -> dict[str, int]:
        """Visible blocks of each country and network, and of each network in a country."""
        table, full = space.countries(family), self.full(family)
        found: dict[str, set[int]] = defaultdict(set)
        for prefix in PREFIXES:
            network = ipaddress.ip_network(prefix)
            votes = [self.routes[peer, prefix] for peer in full if (peer, prefix) in self.routes]
            if network.version != family or network.prefixlen > space.BLOCK_BITS[family] or len(votes) <= len(full) / 2:
                continue
            # the most votes; of equals, the one that was known first
            origin = max(self.known[prefix], key=lambda o: (votes.count(o), -self.known[prefix].index(o)))
            for block in range(*space.blocks_of(family, int(network.network_address), network.prefixlen)):
                number = int(table.at(np.array([block]))[0])
                found[f"asn/{origin}"].add(block)
                if number >= 0:
                    found[f"country/{table.codes[number]}"].add(block)
                    found[f"geoasn/{table.codes[number]}-{origin}"].add(block)
        return {key: len(blocks) for key, blocks in found.items()}


changes = st.lists(
    st.tuples(st.sampled_from(PEERS), st.sampled_from("AAW"), st.sampled_from(PREFIXES), st.sampled_from(ORIGINS)),
    max_size=60,
)


def elements_of(steps: list[tuple[str, str, str, int]]) -> list[Element]:
    return [(T + 60 + 0.01 * n, peer, 100, kind, prefix, f"100 1299 {origin}" if kind == "A" else None)
            for n, (peer, kind, prefix, origin) in enumerate(steps)]  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(steps=changes)
def test_countries_and_networks_have_the_blocks_that_sets_would_give(steps: list[tuple[str, str, str, int]]) -> None:
    made, naive = session(), Naive()
    for part in (full_tables(), elements_of(steps)):
        made.apply(part)
        naive.take(part)
    found = made.close(T + 60)
    for family, side in ((4, found.sides[0]), (6, found.sides[1])):
        full = naive.full(family)
        assert side.peers == len(full)
        if len(full) < 3:
            assert side.blocks is None
            continue
        assert side.blocks is not None
        ours = {key: int(n) for key, n in zip(made.evaluator.index.keys, side.blocks, strict=True) if n}
        assert ours == naive.blocks(family)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(steps=changes, at=st.integers(0, 60))
def test_a_session_from_a_snapshot_goes_on_as_if_nothing_had_been(
    steps: list[tuple[str, str, str, int]], at: int
) -> None:
    undisturbed, first = session(), session()
    elements = elements_of(steps)
    for made in (undisturbed, first):
        made.apply(full_tables())
        made.close(T)
        made.rows()
        made.apply(elements[:at])
    packed = b"".join(snapshot.dump(first, {"place": at}))
    second = session()
    assert snapshot.load(second, packed) == {"place": at}
    results = []
    for made in (undisturbed, second):
        made.apply(elements[at:])
        found = made.close(T + 60)
        results.append((made.rows(), made.views(found, simulated=False), b"".join(snapshot.dump(made, {}))))
    assert_frame_equal(results[0][0], results[1][0])
    assert results[0][1:] == results[1][1:]


def test_blocks_under_several_prefixes_are_counted_once() -> None:
    made = session()
    made.apply(full_tables())
    made.close(T)
    found = values(made, "bgp.visible_24s")
    # 5.0.0.0/20, 41.0.0.0/20, 200.1.0.0/23, 91.192.0.0/14; the longer ones lie inside, the /25 counts for nothing
    assert found["asn/64496"] == ALL


def test_a_prefix_is_visible_while_more_than_half_of_the_full_feeds_see_it() -> None:
    made = session()
    made.apply(full_tables())
    gone = [(T + 1, peer, 100, "W", "91.192.0.0/14", None) for peer in PEERS[:3]]
    made.apply(gone)
    made.close(T)
    assert values(made, "bgp.visible_24s")["asn/64496"] == ALL
    made.apply([(T + 61, PEERS[3], 100, "W", "91.192.0.0/14", None)])
    made.close(T + 60)
    assert values(made, "bgp.visible_24s")["asn/64496"] == ALL - 1024


def test_a_peer_that_dies_leaves_the_quorum_and_is_no_withdrawal() -> None:
    made = session()
    made.apply(full_tables())
    before = made.close(T)
    made.rows()
    made.apply([(T + 70, peer, 100, "S", "down", None) for peer in PEERS[:4]])
    after = made.close(T + 60)
    assert (before.sides[0].peers, after.sides[0].peers) == (7, 3)
    assert values(made, "bgp.visible_24s")["asn/64496"] == ALL
    assert int(after.withdrawn.sum()) == 0


def test_a_peer_that_falls_silent_leaves_the_quorum_and_comes_back_when_it_speaks() -> None:
    made = session()
    made.apply(full_tables())
    late = T + SILENT_S + 100
    made.apply([(late, peer, 100, "A", "5.0.0.0/20", "100 1299 64496") for peer in PEERS[:5]])
    states = [member.state for member in members(made.table, late)]
    assert states == ["live"] * 5 + ["silent"] * 2
    made.apply([(late + 1, PEERS[6], 100, "A", "5.0.0.0/20", "100 1299 64496")])
    assert [member.state for member in members(made.table, late + 1)][6] == "live"


def test_with_too_few_full_feeds_nothing_is_said_of_visibility() -> None:
    made = session(min_peers=8)
    made.apply(full_tables())
    made.apply([(T, PEERS[0], 100, "A", "5.0.0.0/20", "100 1299 64496")])
    found = made.close(T)
    assert found.sides[0].blocks is None
    assert set(made.rows()["signal"]) == {"bgp.announcements", "bgp.withdrawals", "bgp.origin_changes"}


def test_peers_whose_messages_are_missing_are_not_believed_until_a_dump_comes() -> None:
    made = session()
    made.apply(full_tables())
    made.unsync("rrc00")
    assert [m.state for m in members(made.table, T)] == [
        "unsynced" if peer.startswith("rrc00") else "live" for peer in PEERS
    ]
    made.apply(full_tables(time=T + 1000))
    assert {m.state for m in members(made.table, T + 1000)} == {"live"}


def test_a_newer_dump_replaces_what_a_peer_had() -> None:
    made = session()
    made.apply(full_tables())
    made.apply([(T + 8 * 3600, peer, 100, "B", "5.0.0.0/20", "100 1299 64496") for peer in PEERS])
    made.close(T + 8 * 3600)
    assert values(made, "bgp.visible_24s")["asn/64496"] == 16


def test_a_dump_older_than_the_state_changes_nothing() -> None:
    made = session()
    made.apply(full_tables())
    made.apply([(T + 10, PEERS[0], 100, "W", "5.0.0.0/20", None)])
    made.apply(full_tables(time=T - 8 * 3600))
    assert made.table.peers[PEERS[0]].cells[0][0] == 0
    assert made.table.rejected["a table dump older than the state"] > 0


def test_a_message_delayed_by_hours_does_not_undo_what_came_after_it() -> None:
    made = session()
    made.apply(full_tables())
    made.apply([(T + 3600, PEERS[0], 100, "W", "5.0.0.0/20", None), (T + 5, PEERS[0], 100, "A", "5.0.0.0/20", "1 2")])
    assert made.table.peers[PEERS[0]].cells[0][0] == 0
    assert made.table.rejected["later than what came after it"] == 1


def test_a_clock_that_runs_ahead_is_not_believed() -> None:
    made = session()
    made.apply(full_tables())
    made.apply([(T + 86_400, PEERS[0], 100, "W", "5.0.0.0/20", None)], until=T + 300)
    made.apply([(T + 2, PEERS[0], 100, "W", "41.0.0.0/20", None)], until=T + 300)
    assert made.table.peers[PEERS[0]].cells[0][0] == 1
    assert made.table.peers[PEERS[0]].cells[0][3] == 0
    assert made.table.rejected["from the future"] == 1


def test_a_change_of_origin_is_counted_and_several_origins_are_told() -> None:
    made = session()
    made.apply(full_tables())
    made.close(T)
    made.rows()
    made.apply([(T + 61, peer, 100, "A", "41.0.0.0/20", "100 1299 12389") for peer in PEERS[:3]])
    made.close(T + 60)
    rows = made.rows()
    asked = {(e, s): v for e, s, v in rows.select("entity", "signal", "value").rows()}
    assert asked["asn/64496", "bgp.origin_changes"] == 3
    assert asked["asn/64496", "bgp.moas"] == 1


def test_a_replay_makes_a_row_for_each_bin_in_which_something_came_and_none_for_silence() -> None:
    made = Session("mrt_files", grain_s=300)
    made.take(full_tables())
    made.take([(T + 1500, PEERS[0], 100, "W", "5.0.0.0/20", None)])
    parsed = made.done({})
    assert [t.hour * 60 + t.minute for t in parsed.rows["timebin"].unique().sort()] == [0, 25]


def test_times_that_leap_about_do_not_make_bins_without_end() -> None:
    made = Session("mrt_files", grain_s=300)
    made.take((T + 86_400.0 * n, "192.0.2.1", 1, "A", "5.0.0.0/20", "1 2") for n in range(5000))
    parsed = made.done({})
    assert parsed.rows["timebin"].n_unique() <= 2020
    assert "more bins than one answer may span" in {item.reason for item in parsed.rejected}


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -1.0, 0.0, 1e18])
def test_a_time_that_is_none_is_rejected(time: float) -> None:
    made = Session("mrt_files", grain_s=300)
    made.take([(time, "192.0.2.1", 1, "A", "5.0.0.0/20", "1 2"), (T, "192.0.2.1", 1, "A", "5.0.0.0/20", "1 2")])
    parsed = made.done({})
    assert parsed.rejected_count == 1


@pytest.mark.parametrize(
    "prefix", ["", "x", "5.0.0.0", "5.0.0.1/16", "5.0.0.0/33", "5.0.0.0/-1", "05.0.0.0/16", "::/129"]
)
def test_what_is_no_prefix_is_rejected_and_named(prefix: str) -> None:
    made = session()
    made.apply([(T, PEERS[0], 1, "A", prefix, "1 2")])
    assert made.table.rejected["no prefix"] == 1


def test_two_spellings_of_a_prefix_are_one() -> None:
    made = session()
    made.apply([(T, PEERS[0], 1, "A", "2A00:0000::/32", "1 2"), (T, PEERS[0], 1, "A", "2a00::/32", "1 2")])
    assert made.table.halves[1].names == ["2a00::/32"]


def test_a_peer_with_many_routes_takes_a_byte_for_each_and_one_with_few_takes_little() -> None:
    made = session()
    many = [
        (T, PEERS[0], 1, "A", f"{5 + (n >> 16)}.{n >> 8 & 255}.{n & 255}.0/24", "1 2") for n in range(DENSE_FROM + 2)
    ]
    made.apply([*many, (T, PEERS[1], 1, "A", "5.0.0.0/24", "1 2")])
    assert isinstance(made.table.peers[PEERS[0]].cells[0], bytearray)
    assert isinstance(made.table.peers[PEERS[1]].cells[0], Sparse)
    half = made.table.halves[0]
    assert [made.table.routes(half, p) for p in made.table.peers.values()] == [DENSE_FROM + 2, 1]


@pytest.mark.parametrize("damage", ["cut", "flip", "version"])
def test_a_damaged_snapshot_is_refused(damage: str) -> None:
    made = session()
    made.apply(full_tables())
    packed = bytearray(b"".join(snapshot.dump(made, {})))
    if damage == "cut":
        packed = packed[: len(packed) // 2]
    elif damage == "flip":
        packed[len(packed) // 2] ^= 0xFF
    else:
        packed = bytearray(b"".join(snapshot.dump(Session("mrt_files", grain_s=300), {})))
    with pytest.raises(ValueError, match="snapshot"):
        snapshot.load(session(), bytes(packed))


def test_what_was_a_day_before_is_known_after_a_day() -> None:
    made = session()
    made.apply(full_tables())
    found = made.close(T)
    assert made.views(found, simulated=False)["asn/64496"]["before_24s"] is None
    day = T + 86_400
    made.apply([(day, peer, 100, "W", "91.192.0.0/14", None) for peer in PEERS])
    view = made.views(made.close(day - 60), simulated=True)["asn/64496"]
    assert (view["visible_24s"], view["before_24s"], view["simulated"]) == (ALL - 1024, ALL, True)


class Told:
    """A watch that notes what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def take(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
             known: tuple[int, ...]) -> None:  # fmt: skip
        self.calls.append(("take", prefix, origin, known))

    def more_specific(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
                      covering_prefix: str, covering_origins: tuple[int, ...]) -> None:  # fmt: skip
        self.calls.append(("more_specific", prefix, origin, covering_prefix, covering_origins))

    def end(self, time: float, prefix: str, origin: int) -> None:
        self.calls.append(("end", prefix, origin))


def watched() -> tuple[Session, Told]:
    made, told = session(), Told()
    made.table.watch = told
    made.apply(full_tables())
    made.close(T)
    return made, told


def test_a_new_origin_is_told_for_each_peer_and_so_is_its_end() -> None:
    made, told = watched()
    made.apply([(T + 61, peer, 100, "A", "41.0.0.0/20", "100 64500") for peer in PEERS[:2]])
    made.close(T + 60)
    assert told.calls == [("take", "41.0.0.0/20", 64500, (64496,))] * 2
    made.apply([(T + 121, peer, 100, "A", "41.0.0.0/20", "100 64496") for peer in PEERS[:2]])
    made.close(T + 120)
    assert told.calls[2:] == [("end", "41.0.0.0/20", 64500)]


def test_a_new_prefix_inside_another_is_told_until_nobody_has_it_from_that_origin() -> None:
    made, told = watched()
    made.apply([(T + 61, peer, 100, "A", "5.0.9.0/24", "100 64500") for peer in PEERS[:3]])
    made.close(T + 60)
    assert told.calls == [("more_specific", "5.0.9.0/24", 64500, "5.0.0.0/20", (64496,))] * 3
    made.apply([(T + 121, peer, 100, "A", "5.0.9.0/24", "100 64496") for peer in PEERS[:3]])
    made.close(T + 120)
    assert told.calls[-1] == ("end", "5.0.9.0/24", 64500), (
        "the holder took it back: it is still announced, by the holder"
    )


def test_a_new_prefix_of_the_same_origin_is_no_news() -> None:
    made, told = watched()
    made.apply([(T + 61, peer, 100, "A", "5.0.9.0/24", "100 64496") for peer in PEERS[:3]])
    made.close(T + 60)
    assert told.calls == []


def test_while_a_table_is_first_filled_nothing_is_news() -> None:
    made, told = session(), Told()
    made.table.watch = told
    made.apply(full_tables())
    made.apply([(T + 1, peer, 100, "A", "41.0.0.0/20", "100 64500") for peer in PEERS[:2]])
    assert told.calls == []
