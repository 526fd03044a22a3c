"""Who depends on whom, against a plain reckoning with dicts; and what is not said."""

from __future__ import annotations

import ipaddress
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.routing import Element, snapshot
from radar.routing.hegemony import FLOOR, LEAST, Dependence, exclusive
from radar.routing.lasting import Lasting, pairs
from radar.routing.relations import hops
from radar.routing.session import Session
from radar.routing.ways import Chains

T = 1_772_409_600.0
V = [f"rrc0{n % 3}|192.0.2.{n}" for n in range(12)]
BLOCKS = ["5.0.0.0/22", "5.0.1.0/24", "41.0.0.0/23", "41.0.4.0/24", "91.192.0.0/24"]


def taken(paths: dict[tuple[int, str], str], *, viewpoints: int = 12) -> Session:
    """A session whose viewpoint ``n`` (AS ``100 + n``) has these paths."""
    made = Session("ris_live", grain_s=60, min_peers=1)
    made.apply([(T, V[n], 100 + n, "B", prefix, paths[n, prefix]) for n in range(viewpoints) for prefix in BLOCKS
                if (n, prefix) in paths])  # fmt: skip
    return made


def seen(made: Session, at: float = T) -> Dependence | None:
    look = made.depend(made.close(at))[0]
    return look and look[0]


def everywhere(way: str, *, viewpoints: int = 12) -> dict[tuple[int, str], str]:
    return {(n, prefix): f"{100 + n} {way}" for n in range(viewpoints) for prefix in BLOCKS}


def towards(found: Dependence | None, origin: int) -> dict[int, float]:
    assert found is not None
    rows = zip(found.transit.group.tolist(), found.transit.asn.tolist(), found.transit.value.tolist(), strict=True)
    return {asn: value for group, asn, value in rows if group == origin}


def near(found: Dependence | None, origin: int) -> dict[int, float]:
    assert found is not None
    rows = zip(found.neighbours.group.tolist(), found.neighbours.asn.tolist(), found.neighbours.value.tolist(),
               strict=True)  # fmt: skip
    return {asn: value for group, asn, value in rows if group == origin}


# ------------------------------------------------------------------ what it says


def test_a_network_behind_one_other_depends_on_it_wholly_and_on_no_viewpoint() -> None:
    found = seen(taken(everywhere("1299 2914 5089")))
    assert towards(found, 5089) == {1299: 1.0, 2914: 1.0}, "a viewpoint is on a twelfth of the paths: cut off"
    assert near(found, 5089) == {2914: 1.0}
    assert found is not None
    assert found.direct.tolist() == [False, True]


def test_the_highest_and_the_lowest_tenth_of_the_viewpoints_are_cut_off() -> None:
    paths = everywhere("1299 5089")
    for n in range(5):  # five of twelve see another one
        paths |= {(n, prefix): f"{100 + n} 6939 5089" for prefix in BLOCKS}
    found = seen(taken(paths))
    # 12 values, one cut at each end: 7 ones and 5 zeros become 6 and 4
    assert towards(found, 5089) == {1299: pytest.approx(6 / 10), 6939: pytest.approx(4 / 10)}
    assert near(found, 5089) == {1299: pytest.approx(7 / 12), 6939: pytest.approx(5 / 12)}


def test_space_counts_and_a_more_specific_prefix_counts_once() -> None:
    paths = everywhere("1299 5089") | {(n, "5.0.1.0/24"): f"{100 + n} 6939 5089" for n in range(12)}
    # 3 + 1 + 2 + 1 + 1 blocks, of which the more specific one goes another way
    assert near(seen(taken(paths)), 5089) == {1299: pytest.approx(7 / 8), 6939: pytest.approx(1 / 8)}


def test_the_same_towards_a_country_over_all_origins() -> None:
    paths = everywhere("1299 5089") | {(n, "91.192.0.0/24"): f"{100 + n} 6939 12389" for n in range(12)}
    found = seen(taken(paths))
    assert found is not None
    assert set(found.countries.asn.tolist()) == {1299, 6939}, "origins and viewpoints do not count"
    assert found.countries.value.max() == 1.0


# ------------------------------------------------------------------ what it does not say


def test_with_too_few_viewpoints_nothing_is_said() -> None:
    assert seen(taken(everywhere("1299 5089", viewpoints=LEAST - 1), viewpoints=LEAST - 1)) is None
    assert seen(taken(everywhere("1299 5089", viewpoints=LEAST), viewpoints=LEAST)) is not None


def test_an_origin_that_too_few_viewpoints_see_has_no_rows() -> None:
    paths = everywhere("1299 5089")
    for n in range(LEAST - 1, 12):
        paths[n, "91.192.0.0/24"] = f"{100 + n} 3356 {{12389,12390}}"
    for n in range(LEAST - 1):
        paths[n, "91.192.0.0/24"] = f"{100 + n} 3356 12389"
    found = seen(taken(paths))
    assert towards(found, 12389) == {} == near(found, 12389)
    assert found is not None
    assert found.seen[12389] == LEAST - 1
    assert towards(found, 5089) == {1299: 1.0}


def test_two_sessions_with_one_network_are_one_viewpoint() -> None:
    made = Session("ris_live", grain_s=60, min_peers=1)
    made.apply(
        [(T, f"rrc00|198.51.100.{n}", 100, "B", prefix, "100 1299 5089") for n in range(20) for prefix in BLOCKS]
    )
    assert seen(made) is None


def test_a_viewpoint_that_knows_less_than_half_of_the_paths_does_not_count_for_the_origin() -> None:
    paths = everywhere("1299 5089") | {(0, prefix): "100 {1,2} 5089" for prefix in BLOCKS[:3]}
    found = seen(taken(paths))
    assert found is not None
    assert found.seen[5089] == 11


# ------------------------------------------------------------------ against a plain reckoning

_WAYS = st.lists(st.sampled_from([1299, 6939, 3356, 2914, 64512]), max_size=4)


@given(st.dictionaries(st.tuples(st.integers(0, 11), st.sampled_from(BLOCKS)),
                       st.tuples(_WAYS, st.sampled_from([5089, 12389])), min_size=40))  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_it_is_what_a_plain_reckoning_says_and_shares_add_up_to_one_at_most(
    drawn: dict[tuple[int, str], tuple[list[int], int]],
) -> None:
    paths = {at: " ".join(map(str, (100 + at[0], *way, origin))) for at, (way, origin) in drawn.items()}
    made = taken(paths)
    found = seen(made)
    full = [n for n in range(12) if any(peer.key == V[n] and peer.ways[0] is not None
                                        for peer in made.table.peers.values())]  # fmt: skip
    if len(full) < LEAST:
        assert found is None
        return
    for origin in (5089, 12389):
        wanted_near, wanted_far = plainly(paths, full, origin)
        assert near(found, origin) == pytest.approx(wanted_near)
        assert towards(found, origin) == pytest.approx(wanted_far)
        assert sum(near(found, origin).values()) <= 1 + 1e-6
        assert all(value <= 1 for value in towards(found, origin).values())


def plainly(
    paths: dict[tuple[int, str], str], full: list[int], origin: int
) -> tuple[dict[int, float], dict[int, float]]:
    """Neighbours and hegemony by the definition."""
    there = {prefix for prefix in BLOCKS if sum((n, prefix) in paths for n in full) > len(full) / 2}
    size: dict[str, int] = {}
    for prefix in there:
        mine = set(ipaddress.ip_network(prefix).subnets(new_prefix=24))
        for other in there - {prefix}:
            if ipaddress.ip_network(other).subnet_of(ipaddress.ip_network(prefix)):  # type: ignore[arg-type]
                mine -= set(ipaddress.ip_network(other).subnets(new_prefix=24))
        size[prefix] = len(mine)
    near: dict[int, list[float]] = defaultdict(list)
    far: dict[int, list[float]] = defaultdict(list)
    count = 0
    for n in full:
        mine_ = {prefix: hops(paths[n, prefix]) for prefix in there if (n, prefix) in paths}
        mine_ = {prefix: [asn for asn in way if asn != 64512] for prefix, way in mine_.items() if way[-1] == origin}
        whole = sum(size[prefix] for prefix in mine_)
        if not whole:
            continue
        count += 1
        last: dict[int, float] = defaultdict(float)
        on: dict[int, float] = defaultdict(float)
        for prefix, way in mine_.items():
            last[list(dict.fromkeys(way))[-2]] += size[prefix] / whole
            for asn in set(way[:-1]):
                on[asn] += size[prefix] / whole
        for values, kept in ((last, near), (on, far)):
            for asn, value in values.items():
                kept[asn].append(value)
    if count < LEAST:
        return {}, {}
    cut = math.floor(count / 10)
    means = {asn: sum(values) / count for asn, values in near.items()}
    trimmed = {asn: sum(sorted([0.0] * (count - len(values)) + values)[cut : count - cut]) / (count - 2 * cut)
               for asn, values in far.items()}  # fmt: skip
    return tuple({asn: v for asn, v in rows.items() if v >= FLOOR} for rows in (means, trimmed))  # type: ignore[return-value]


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(27, 32)), min_size=1, max_size=25, unique=True))
def test_blocks_that_no_more_specific_prefix_covers(drawn: list[tuple[int, int]]) -> None:
    nets = list({ipaddress.ip_network((n, length), strict=False) for n, length in drawn})
    start = np.array([int(net.network_address) for net in nets])
    end = np.array([int(net.broadcast_address) + 1 for net in nets])
    wanted = []
    for net in nets:
        inner = [other for other in nets if other != net and other.subnet_of(net)]  # type: ignore[arg-type]
        wanted.append(sum(all(address not in other for other in inner) for address in net))
    assert exclusive(start, end).tolist() == wanted


# ------------------------------------------------------------------ over time


def test_since_when_is_not_known_of_what_was_always_there_and_known_of_what_came() -> None:
    made = taken(everywhere("1299 5089"))
    first = made.depend(made.close(T))[0]
    assert first is not None
    assert np.isnan(first[1]).all()
    changed: list[Element] = [(T + 120, V[n], 100 + n, "A", BLOCKS[0], f"{100 + n} 6939 5089") for n in range(12)]
    made.apply(changed)
    later = made.depend(made.close(T + 180))[0]
    assert later is not None
    since = dict(zip(later[0].neighbours.asn.tolist(), later[1].tolist(), strict=True))
    assert math.isnan(since[1299])
    assert since[6939] == T + 240


def test_a_neighbour_that_comes_back_is_new_and_one_of_a_new_origin_is_not() -> None:
    lasting = Lasting()
    a, b = (pairs(np.array([5089]), np.array([n])) for n in (1299, 6939))
    other = pairs(np.array([4_199_999_001]), np.array([4_199_999_002]))
    assert np.isnan(lasting.look(a, 1.0))[0]
    assert lasting.look(np.concatenate((b, a)), 2.0).tolist()[0] == 2.0
    assert lasting.look(b, 3.0).tolist() == [2.0]
    assert lasting.look(np.concatenate((a, b)), 4.0).tolist() == [4.0, 2.0]
    assert np.isnan(lasting.look(np.concatenate((a, other)), 5.0)[1])


def test_a_withdrawn_route_is_no_path_and_a_dropped_session_no_viewpoint() -> None:
    made = taken(everywhere("1299 5089") | {(n, "91.192.0.0/24"): f"{100 + n} 3356 12389" for n in range(12)})
    assert towards(seen(made), 12389) == {3356: 1.0}
    made.apply([(T + 60, V[n], 100 + n, "W", "91.192.0.0/24", None) for n in range(12)])
    assert towards(seen(made, T + 60), 12389) == {}
    made.apply([(T + 120, V[n], 100 + n, "S", "down", None) for n in range(3)])
    assert seen(made, T + 120) is None


def test_a_snapshot_keeps_paths_and_one_without_them_is_read_too() -> None:
    made = taken(everywhere("1299 5089") | {(3, BLOCKS[0]): "103 2914 6939 5089"})
    before = seen(made)
    fresh = Session("ris_live", grain_s=60, min_peers=1)
    snapshot.load(fresh, b"".join(snapshot.dump(made, {})))
    assert fresh.lasting[0].began == T + 60
    after = seen(fresh)
    assert towards(after, 5089) == towards(before, 5089) != {}
    assert b"".join(snapshot.dump(fresh, {})) == b"".join(snapshot.dump(made, {}))


def test_damaged_chains_are_refused() -> None:
    for asns, first in (([], []), ([1], [0, 0, 0]), ([1], [0, 0, 0, 2]), ([1, 2], [0, 0, 0, 2, 1, 2])):
        with pytest.raises(ValueError, match="do not fit"):
            Chains().load(asns, first)
