"""Who depends on whom to be reached: AS hegemony, from the paths of the viewpoints (:mod:`radar.routing.ways`).

Method: R. Fontugne, A. Shah, E. Aben, "The (Thin) Bridges of AS Connectivity: Measuring Dependency Using AS Hegemony",
PAM 2018. Towards one origin, a viewpoint sees the share of the origin's address space whose paths run through a network
(its betweenness there). The network's hegemony is the mean of that over the viewpoints without the highest and the
lowest 10 % of them: a viewpoint close to a network sees it on far too many paths, and one far from it on too few. 1:
every path to the origin runs through it; 0: none does.

Weights are blocks (/24, /48), of a prefix those that no more specific one covers, as packets follow the most specific
route. Prefixes that at most half of the viewpoints see are left out. A viewpoint says nothing of an origin when it does
not see it, when it lies inside of it, or when less than half of its paths there are known.

The same towards a country: the address space that is registered there, whoever announces it. What a network carries of
its own address space is no dependence and is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radar.routing.cells import Half, Peer
from radar.routing.reserved import is_reserved_as
from radar.routing.space import I64
from radar.routing.table import Table
from radar.routing.ways import DIRECT, UNKNOWN, of_all

F64 = npt.NDArray[np.float64]

#: With fewer viewpoints nothing is said: of ten, one is cut off at each end.
LEAST = 10
#: Part of the viewpoints that is cut off at each end.
TRIM = 0.1
#: Hegemony and shares below this are not told.
FLOOR = 0.01
#: A viewpoint counts for an origin when it knows the paths to at least this part of the address space it sees of it.
KNOWN = 0.5
#: Rows that are sorted at once: what bounds the memory of an evaluation.
ROWS = 300_000
_BITS = 32

#: (group << 32 | AS number, value), one row for each viewpoint that has one.
_Rows = tuple[I64, F64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows (group, asn, value), those of one group together, the largest value first. ``group``: an AS number or a
    country's number; ``value``: 0..1."""

    group: I64
    asn: I64
    value: F64


@dataclass(frozen=True, slots=True)
class Dependence:
    """What the viewpoints of one address family see.

    ``neighbours``: of each origin the networks right before it, with the share of its address space that is reached
    through each, the mean over the viewpoints that count for it; of one origin they add up to at most 1. ``transit``:
    hegemony towards each origin. ``countries``: the same towards each country, by the numbers of
    ``space.countries(family).codes``. ``seen``, ``seen_countries``: by group, how many viewpoints count for it; groups
    with fewer than ``least`` have no rows. ``direct``: whether a network of ``transit`` is a neighbour of the origin.
    """

    family: int
    viewpoints: int
    neighbours: Ranked
    transit: Ranked
    direct: npt.NDArray[np.bool_]
    countries: Ranked
    seen: dict[int, int]
    seen_countries: dict[int, int]


@dataclass(slots=True)
class _View:
    """One viewpoint: parts of each group's address space by chain, in the order of group."""

    asn: int
    group: npt.NDArray[np.int32]
    way: npt.NDArray[np.int32]
    share: npt.NDArray[np.float32]


def evaluate(table: Table, half: Half, viewpoints: Sequence[Peer], country: npt.NDArray[np.int32], *,
             least: int = LEAST) -> Dependence | None:  # fmt: skip
    """Work it out for one family. ``country``: of each prefix, -1 for none. None with fewer viewpoints than ``least``,
    or without prefixes."""
    count = len(half.names)
    if len(viewpoints) < least or not count:
        return None
    start, end = (np.frombuffer(column, np.int64) for column in (half.start, half.end))
    seen = np.zeros(count, np.uint16)
    for cells in table.cells(half, viewpoints):
        seen += cells != 0
    visible = np.flatnonzero((seen > len(viewpoints) / 2) & (end > start))
    weight = np.zeros(count, np.int64)
    weight[visible] = exclusive(start[visible], end[visible])
    asns, chains = np.array(table.networks, np.int64), table.chains.arrays()
    origins = _views(table, half, viewpoints, weight, None)
    near, far, numbers = _combine(origins, chains, least)
    del origins
    places = _views(table, half, viewpoints, weight, country)
    _, towards, places_seen = _combine(places, chains, least)
    direct = np.isin(far.group << _BITS | far.asn, near.group << _BITS | near.asn)
    return Dependence(
        half.family, len(viewpoints), Ranked(asns[near.group], near.asn, near.value),
        Ranked(asns[far.group], far.asn, far.value), direct,
        Ranked(towards.group - 1, towards.asn, towards.value),
        {int(asns[number]): n for number, n in numbers.items()}, {number - 1: n for number, n in places_seen.items()},
    )  # fmt: skip


def exclusive(start: I64, end: I64) -> I64:
    """Of prefixes as ranges of blocks (none empty), how many blocks no more specific one covers.

    Examples
    --------
    >>> exclusive(np.array([0, 4, 4]), np.array([16, 8, 5])).tolist()
    [12, 3, 1]
    """
    own = end - start
    rest = np.lexsort((-end, start))
    above: I64 | None = None
    while len(rest):  # prefixes lie inside of one another or apart: one round for each level
        reach = np.maximum.accumulate(end[rest])
        top = np.append(True, start[rest][1:] >= reach[:-1])
        level = rest[top]
        if above is not None:
            parent = above[np.searchsorted(start[above], start[level], side="right") - 1]
            np.subtract.at(own, parent, end[level] - start[level])
        above, rest = level, rest[~top]
    return own


def _views(table: Table, half: Half, viewpoints: Sequence[Peer], weight: I64,
           country: npt.NDArray[np.int32] | None) -> list[_View]:  # fmt: skip
    """What each viewpoint sees. Groups are small numbers, as a pair is one number: of the origin networks as the table
    has them, or of countries from 1 on; 0 is "nobody", and whoever lies inside of the origin."""
    asns, out = np.array(table.networks, np.int64), []
    for cells, peer in zip(table.cells(half, viewpoints), viewpoints, strict=True):
        there = np.flatnonzero((cells != 0) & (weight > 0))
        origin = np.frombuffer(half.origin, np.uint32)[there].astype(np.int64)
        for at in np.flatnonzero(cells[there] != 1).tolist():
            known, code = half.origins(int(there[at])), int(cells[there[at]])
            origin[at] = known[code - 1] if code <= len(known) else 0
        group = origin if country is None else country[there].astype(np.int64) + 1
        way = of_all(peer.ways[half.family == 6], len(half.names))[there].astype(np.int64)
        out.append(_view(peer.asn, np.where(asns[origin] == peer.asn, 0, group), way, weight[there]))
    return out


def _view(asn: int, group: I64, way: I64, weight: I64) -> _View:
    """Add up the address space of each (group, chain). Group 0 is left out, and groups of which too little is known."""
    some = group > 0
    group, way, weight = group[some], way[some], weight[some]
    keys, where = np.unique(group << _BITS | way, return_inverse=True)
    size = np.bincount(where, weights=weight, minlength=len(keys))
    group, way = keys >> _BITS, keys & (1 << _BITS) - 1
    names, at = np.unique(group, return_inverse=True)
    whole = np.bincount(at, weights=size, minlength=len(names))
    known = np.bincount(at, weights=np.where(way == UNKNOWN, 0.0, size), minlength=len(names))
    use = (way != UNKNOWN) & (known >= KNOWN * whole)[at]
    share = (size / np.maximum(known, 1.0)[at])[use]
    return _View(asn, group[use].astype(np.int32), way[use].astype(np.int32), share.astype(np.float32))


def _combine(views: list[_View], chains: tuple[I64, I64], least: int) -> tuple[Ranked, Ranked, dict[int, int]]:
    """Neighbours, hegemony, and how many viewpoints count for each group."""
    named = [np.unique(view.group) for view in views]
    found, counts = np.unique(np.concatenate(named), return_counts=True)
    groups = found.astype(np.int64)
    enough = groups[counts >= least]
    seen: dict[int, int] = dict(zip(groups.tolist(), counts.tolist(), strict=True))
    _, first = chains
    rows = sum(len(view.group) for view in views) * (4 + int(np.diff(first).mean() if len(first) > 1 else 0))
    parts = [part for part in np.array_split(enough, max(1, rows // ROWS)) if len(part)]
    near, far = [], []
    for part in parts:
        number = counts[np.searchsorted(groups, part)]
        next_to, through = _expanded(views, chains, int(part[0]), int(part[-1]))
        near.append(_ranked(*_mean(*next_to, part, number)))
        far.append(_ranked(*_trimmed(*through, part, number)))
    return _joined(near), _joined(far), seen


def _expanded(views: list[_View], chains: tuple[I64, I64], low: int, high: int) -> tuple[_Rows, _Rows]:
    """For groups from ``low`` to ``high``, one row for each viewpoint and (group, network): networks right before the
    origin, and all on the way. Values of one viewpoint: 0..1."""
    asns, first = chains
    near: list[_Rows] = []
    far: list[_Rows] = []
    for view in views:
        begin, finish = np.searchsorted(view.group, np.array((low, high + 1), np.int32))
        group, way = view.group[begin:finish].astype(np.int64), view.way[begin:finish].astype(np.int64)
        share = view.share[begin:finish].astype(np.float64)
        own = np.full(len(group), 0 if is_reserved_as(view.asn) else view.asn, np.int64)
        length = first[way + 1] - first[way]
        last = own.copy()
        last[way != DIRECT] = asns[first[way + 1][way != DIRECT] - 1]
        near.append(_summed(group, last, share))
        place = np.repeat(np.arange(len(group)), length)
        step = np.arange(len(place)) - np.repeat(np.cumsum(length) - length, length)
        # the viewpoint's own network is on all its paths
        far.append(_summed(np.concatenate((group[place], group)), np.concatenate((asns[first[way][place] + step], own)),
                           np.concatenate((share[place], share))))  # fmt: skip
    return _stacked(near), _stacked(far)


def _summed(group: I64, asn: I64, share: F64) -> _Rows:
    some = asn > 0
    keys, where = np.unique((group << _BITS | asn)[some], return_inverse=True)
    return keys, np.minimum(1.0, np.bincount(where, weights=share[some], minlength=len(keys)))


def _stacked(rows: list[_Rows]) -> _Rows:
    return np.concatenate([keys for keys, _ in rows]), np.concatenate([values for _, values in rows])


def _mean(keys: I64, values: F64, groups: I64, number: I64) -> _Rows:
    """The mean over the viewpoints; where one has no row its value is 0."""
    pairs, where = np.unique(keys, return_inverse=True)
    total = np.bincount(where, weights=values, minlength=len(pairs))
    return _of(pairs, groups, total / _number(pairs, groups, number))


def _trimmed(keys: I64, values: F64, groups: I64, number: I64) -> _Rows:
    """The mean over the viewpoints without the highest and the lowest ones; where one has no row its value is 0."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    pairs, begin, rows = np.unique(keys, return_index=True, return_counts=True)
    n = _number(pairs, groups, number)
    cut = np.floor(TRIM * n).astype(np.int64)
    rank = np.arange(len(keys)) - np.repeat(begin, rows) + np.repeat(n - rows, rows)  # zeros come before
    keep = (rank >= np.repeat(cut, rows)) & (rank < np.repeat(n - cut, rows))
    total = np.bincount(np.repeat(np.arange(len(pairs)), rows), weights=np.where(keep, values, 0.0),
                        minlength=len(pairs))  # fmt: skip
    return _of(pairs, groups, total / (n - 2 * cut))


def _number(pairs: I64, groups: I64, number: I64) -> I64:
    return number[np.minimum(np.searchsorted(groups, pairs >> _BITS), len(groups) - 1)]


def _of(pairs: I64, groups: I64, values: F64) -> _Rows:
    """Only of these groups, and only what is worth telling."""
    use = np.isin(pairs >> _BITS, groups) & (values >= FLOOR)
    return pairs[use], values[use]


def _ranked(pairs: I64, values: F64) -> Ranked:
    group, asn = pairs >> _BITS, pairs & (1 << _BITS) - 1
    order = np.lexsort((asn, -values, group))
    return Ranked(group[order], asn[order], np.minimum(1.0, values[order]))


def _joined(parts: list[Ranked]) -> Ranked:
    if not parts:
        empty = np.zeros(0, np.int64)
        return Ranked(empty, empty, np.zeros(0))
    return Ranked(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("group", "asn", "value")))
