"""The routes of the play: a table of real ranges, withdrawals that follow the scenario, and wrongdoers nobody is."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import orjson
import pytest

from jobs.simulate import World
from jobs.simulate.routing_play import (
    HIJACKER,
    LEAKER,
    LEARNED_FROM,
    MINUTE,
    SILENT,
    TOLD,
    RoutingPlay,
)
from jobs.simulate.scenario import SCENARIO, Event, factor
from radar.entities import countries, networks
from radar.routing.relations import Relations
from radar.routing.reserved import is_reserved_as, why_not_routed
from radar.routing.ris import Reader
from radar.routing.rpki import Vrps
from radar.routing.space import blocks_of, parse_prefix


@pytest.fixture(scope="module")
def play(world: World) -> RoutingPlay:
    return RoutingPlay(world.seed, world.places)


@pytest.fixture(scope="module")
def blocks(play: RoutingPlay) -> Counter[tuple[str, str, int]]:
    """/24 and /48 blocks by (country or network, family)."""
    found: Counter[tuple[str, str, int]] = Counter()
    table = play.table
    for prefix, asn, code, size in zip(table.prefixes, table.origins.tolist(), table.countries, table.blocks.tolist(),
                                       strict=True):  # fmt: skip
        family = 6 if ":" in prefix else 4
        found["country", code, family] += size
        found["asn", str(asn), family] += size
    return found


def event(kind: str) -> Event:
    return next(event for event in SCENARIO if event.kind == kind)


def lost(play: RoutingPlay, at: datetime, *, code: str = "", asn: int = 0) -> float:
    """The part of its IPv4 space that a country or a network has lost at this moment."""
    table = play.table
    mine = [
        pid for pid, prefix in enumerate(table.prefixes)
        if ":" not in prefix and (table.countries[pid] == code if code else table.origins[pid] == asn)
    ]  # fmt: skip
    gone = play.gone(at)
    return sum(int(table.blocks[pid]) for pid in mine if pid in gone) / int(table.blocks[mine].sum())


def test_prefixes_are_canonical_routable_and_do_not_overlap(play: RoutingPlay) -> None:
    spans: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    for prefix, size in zip(play.table.prefixes, play.table.blocks.tolist(), strict=True):
        found = parse_prefix(prefix)
        assert found is not None
        assert why_not_routed(prefix) == "", prefix
        low, high = blocks_of(*found)
        assert high - low == size
        spans[found[0]].append((low, high))
    for each in spans.values():
        assert all(left[1] <= right[0] for left, right in pairwise(sorted(each)))
    assert 10_000 < len(play.table.prefixes) < 20_000


def test_every_country_with_ranges_is_there_and_so_are_the_networks_of_the_world(play: RoutingPlay, blocks) -> None:
    there = {code for kind, code, family in blocks if kind == "country" and family == 4}
    assert set(countries()) - there == {"BV", "CC", "CX", "EH", "GS", "HM", "PN", "SH", "SJ", "TF", "UM", "XK"}
    named = {key.partition("/")[2] for event in SCENARIO for key in event.entities if key.startswith("asn/")}
    assert {("asn", asn, 4) for asn in named - {"1853"}} <= set(blocks)


def test_withdrawals_follow_the_curves_and_no_network_loses_more_than_its_country(play: RoutingPlay) -> None:
    iran = event("shutdown")
    assert lost(play, iran.start + 30 * MINUTE, code="IR") == 0
    for hours in (2, 5, 10):
        at = iran.start + timedelta(hours=hours)
        wanted = 1 - factor(iran.routes, hours * 60)
        assert wanted - 0.05 < lost(play, at, code="IR") <= wanted
        for asn in (58224, 197207, 44244):
            assert lost(play, at, asn=asn) <= wanted + 1e-6
    tonga = event("cable_cut")
    assert lost(play, tonga.start + timedelta(hours=2), code="TO") == 1
    carrier = event("routing")
    assert 0.5 < lost(play, carrier.start + MINUTE, asn=812) < 0.6
    assert 0.68 < lost(play, carrier.start + timedelta(hours=1), asn=812) <= 0.75
    assert lost(play, carrier.start + timedelta(hours=1), code="CA") < 0.1, "one carrier is not its country"
    assert lost(play, carrier.start + timedelta(hours=4, minutes=1), asn=812) == 0
    assert play.gone(iran.start - MINUTE) == set()


def test_what_is_said_of_a_withdrawal_is_what_is_gone(world: World) -> None:
    play = RoutingPlay(world.seed, world.places)
    carrier = event("routing")
    play.minute(carrier.start - MINUTE)
    kinds = Counter(
        (kind, path and path.rpartition(" ")[2])
        for _, _, _, kind, _, path in Reader().elements(play.minute(carrier.start))
    )
    gone = play.gone(carrier.start + MINUTE / 2) - play.gone(carrier.start - MINUTE / 2)
    assert kinds["W", None] >= 24 * len(gone) > 0


def test_a_silent_collector_says_nothing_and_comes_back_with_whole_tables(world: World) -> None:
    play = RoutingPlay(world.seed, world.places)
    silent = event("collector")
    assert silent.end is not None
    before, during = play.minute(silent.start - MINUTE), play.minute(silent.start)
    assert any(SILENT.encode() in line for line in before)
    assert not any(SILENT.encode() in line for line in during)
    elements = Reader().elements(play.minute(silent.end))
    states = [(name, prefix) for _, name, _, kind, prefix, _ in elements if kind == "S"]
    assert {state for _, state in states} == {"up"}
    assert len(states) == 6
    name = states[0][0]
    told = {prefix for _, peer, _, kind, prefix, _ in elements if peer == name and kind == "A"}
    gone = play.gone(silent.end + MINUTE / 2)
    assert told == {prefix for pid, prefix in enumerate(play.table.prefixes) if pid not in gone}
    assert elements == sorted(elements, key=lambda element: element[0])


def test_who_does_wrong_is_nobody_and_is_not_passed_over(play: RoutingPlay) -> None:
    for asn in (HIJACKER, LEAKER, LEARNED_FROM, TOLD):
        assert asn not in networks()
        assert not is_reserved_as(asn)
        assert f"AS{asn}" not in {f"AS{origin}" for origin in play.table.origins.tolist()}


def test_the_files_that_candidates_are_judged_by_are_in_the_form_of_an_operator_s(play: RoutingPlay) -> None:
    relations, vrps = Relations.load(play.relations()), Vrps.load(play.vrps())
    assert relations.rejected == vrps.rejected == ()
    assert relations.leak_in(f"4200000001 2914 {TOLD} {LEAKER} {LEARNED_FROM} 3303") is not None
    assert relations.leak_in("4200000001 2914 1299 3303") is None
    ((_, prefix, holder),) = play._hijacked
    assert vrps.validate(prefix, HIJACKER) == "invalid"
    around = next(p for p in play.table.prefixes if ":" not in p and vrps.validate(p, holder) == "valid")
    assert around
    assert b"simulated" in play.relations()
    assert orjson.loads(play.vrps())["metadata"]["simulated"] is True


def test_the_same_seed_says_the_same_words_and_another_one_others() -> None:
    def words(seed: int) -> str:
        play = RoutingPlay(seed, World(seed).places)
        total = hashlib.sha256()
        for minutes in (19, 20, 70, 71):
            for line in play.minute(World(seed).starts + minutes * MINUTE):
                total.update(line)
        return total.hexdigest()

    assert words(7) == words(7)
    assert words(7) != words(8)


def test_a_minute_s_messages_are_in_order_and_all_are_understood(world: World) -> None:
    play = RoutingPlay(world.seed, world.places)
    reader = Reader()
    for minute in range(3):
        start = world.starts + minute * MINUTE
        elements = reader.elements(play.minute(start))
        times = [time for time, *_ in elements]
        assert times == sorted(times)
        assert start.timestamp() <= times[0]
        assert times[-1] < start.timestamp() + 61
        assert len({name for _, name, *_ in elements}) == 24, "each peer is heard each minute"
    assert reader.tally.rejected.total() == 0
