"""From the table to what each country and network has: announced blocks, the peers' share, activity.

A prefix is visible when more than half of the full-feed peers have a route to it. Blocks are counted once, however many
prefixes cover them. A network's blocks are those of the prefixes of which it is the origin; a prefix with several
origins counts for the one that most peers see.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from radar.entities import countries as known_countries
from radar.routing import space
from radar.routing.cells import Half, Peer
from radar.routing.quorum import Member, full_feed
from radar.routing.space import I64
from radar.routing.table import Table

F64 = npt.NDArray[np.float64]
U16 = npt.NDArray[np.uint16]
B1 = npt.NDArray[np.bool_]

#: Fewest peers of one origin before a second origin counts (MOAS).
MOAS_PEERS = 2
#: (network, country) pairs are numbered network * _CC + country + 1.
_CC = 512


class Index:
    """Entities by number, in the order in which they were first seen; numbers never change."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.numbers: dict[str, int] = {}

    def number(self, key: str) -> int:
        """The number of an entity, given when it is first asked for."""
        found = self.numbers.get(key)
        if found is None:
            found = self.numbers[key] = len(self.keys)
            self.keys.append(key)
        return found


@dataclass(slots=True)
class Side:
    """One address family of all entities, one place per number of the index. ``peers``: the quorum's size; with fewer
    peers than are asked for, nothing else is known and the arrays are None.

    ``blocks``: visible blocks. ``prefixes``: visible prefixes. ``seen``, ``held``: sums over its prefixes that were
    ever visible, of peers that see each, and their number. ``moas``: visible prefixes with several origins.
    """

    peers: int
    blocks: F64 | None = None
    prefixes: I64 | None = None
    seen: F64 | None = None
    held: I64 | None = None
    moas: I64 | None = None

    def share(self) -> F64 | None:
        """Share of the quorum that sees the average prefix, 0..1; NaN for an entity without any. None: not known."""
        if self.seen is None or self.held is None or not self.peers:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.held > 0, self.seen / (self.held * self.peers), np.nan)


@dataclass(slots=True)
class Evaluation:
    """The table at one moment. Activity arrays: one place per number of the index."""

    at: float
    sides: tuple[Side, Side]
    members: list[Member]
    announced: I64
    withdrawn: I64
    changed: I64
    visible: tuple[int, int] = (0, 0)  # prefixes
    networks: int = 0  # origins of visible prefixes


@dataclass(slots=True)
class _Shape:
    """What follows from a half's prefixes alone, made anew when there are more of them."""

    count: int
    start: I64
    end: I64
    country: npt.NDArray[np.int32]
    ever: B1 = field(default_factory=lambda: np.zeros(0, bool))


class Evaluator:
    """Evaluates one table again and again; keeps what does not change, and which prefixes were ever visible."""

    def __init__(self, table: Table, *, min_peers: int) -> None:
        self.table = table
        self.min_peers = min_peers
        self.index = Index()
        self._shapes: dict[int, _Shape] = {}
        self._network_keys: list[int] = []
        self._pairs: dict[int, int] = {}
        wanted = known_countries()
        self._country_of = {
            family: [self.index.number(f"country/{code}") if code in wanted else -1
                     for code in space.countries(family).codes]
            for family in (4, 6)
        }  # fmt: skip

    def evaluate(self, at: float, members: list[Member]) -> Evaluation:
        """The table as it is now, and the activity since the logs were cleared. ``at``: seconds."""
        parts = [self._half(half, members) for half in self.table.halves]
        logs = [self._activity(half) for half in self.table.halves]
        size = len(self.index.keys)
        for side, *_ in parts:
            for name in ("blocks", "prefixes", "seen", "held", "moas"):
                values = getattr(side, name)
                if values is not None:
                    setattr(side, name, _padded(values, size))
        both = [sum((_padded(log[i], size) for log in logs), np.zeros(size, np.int64)) for i in range(3)]
        origins = np.unique(np.concatenate([part[2] for part in parts])) if parts else np.zeros(0)
        return Evaluation(
            at, (parts[0][0], parts[1][0]), members, both[0], both[1], both[2],
            (parts[0][1], parts[1][1]), int(np.count_nonzero(origins)),
        )  # fmt: skip

    # ------------------------------------------------------------------ visibility

    def _half(self, half: Half, members: list[Member]) -> tuple[Side, int, I64]:
        peers = full_feed(half, members)
        side = Side(len(peers))
        shape = self._shape(half)
        if len(peers) < self.min_peers or not shape.count:
            return side, 0, np.zeros(0, np.int64)
        seen = np.zeros(shape.count, np.uint16)
        for cells in self.table.cells(half, peers):
            seen += cells != 0
        covers = shape.end > shape.start
        visible = (seen > len(peers) / 2) & covers
        shape.ever |= visible
        origin, several = self._origins(half, peers, visible)
        self._count(half, side, shape, visible, origin)
        held = shape.ever & (seen > 0)
        self._share(half, side, shape, held, origin, seen, visible, several)
        return side, int(visible.sum()), np.unique(origin[visible])

    def _origins(self, half: Half, peers: list[Peer], visible: B1) -> tuple[I64, B1]:
        """The origin network of each prefix, by most peers; and which prefixes several networks announce."""
        origin = np.frombuffer(half.origin, np.uint32).astype(np.int64)
        several = np.zeros(len(origin), bool)
        pids = np.array([pid for pid in half.more if visible[pid]], np.int64)
        if len(pids):
            cells = np.stack([row[pids] for row in self.table.cells(half, peers)])
            for column, pid in enumerate(pids):
                votes = np.bincount(cells[:, column], minlength=3)
                votes[0] = 0
                names = half.origins(int(pid))
                best = int(votes.argmax())
                origin[pid] = names[best - 1] if 0 < best <= len(names) else 0
                several[pid] = int((votes >= MOAS_PEERS).sum()) > 1
        return origin, several

    def _count(self, half: Half, side: Side, shape: _Shape, visible: B1, origin: I64) -> None:
        start, end = shape.start[visible], shape.end[visible]
        table = space.countries(half.family)
        begin, finish, _ = space.union(start, end)
        _, country, size = table.split(begin, finish)
        numbers = np.array([*self._country_of[half.family], -1])  # the last place is that of no country
        found = [(numbers[country], size)]
        begin, finish, network = space.union(start, end, origin[visible])
        named = network > 0
        begin, finish, network = begin[named], finish[named], network[named]
        found.append((self._networks()[network], finish - begin))
        piece, country, size = table.split(begin, finish)
        found.append((self._in_country(network[piece], numbers[country], half.family, country), size))
        length = len(self.index.keys)
        blocks = np.zeros(length)
        for where, weight in found:
            inside = where >= 0
            blocks += np.bincount(where[inside], weights=weight[inside], minlength=length)
        side.blocks = blocks

    def _share(self, half: Half, side: Side, shape: _Shape, held: B1, origin: I64, seen: U16, visible: B1,
               several: B1) -> None:  # fmt: skip
        numbers = np.array([*self._country_of[half.family], -1])
        groups = [numbers[shape.country], self._networks()[origin]]
        groups.append(self._in_country(origin, groups[0], half.family, shape.country))
        length = len(self.index.keys)
        side.seen = np.zeros(length)
        side.held, side.prefixes, side.moas = (np.zeros(length, np.int64) for _ in range(3))
        for where in groups:
            for name, mask in (("held", held), ("prefixes", visible), ("moas", several)):
                use = mask & (where >= 0)
                setattr(side, name, getattr(side, name) + np.bincount(where[use], minlength=length))
            use = held & (where >= 0)
            side.seen = side.seen + np.bincount(where[use], weights=seen[use], minlength=length)

    # ------------------------------------------------------------------ activity

    def _activity(self, half: Half) -> tuple[I64, I64, I64]:
        shape = self._shape(half)
        country = np.array([*self._country_of[half.family], -1])[shape.country]
        network = self._networks()[np.frombuffer(half.origin, np.uint32)] if shape.count else country
        return (
            self._tally(half.announced, shape, country, network),
            self._tally(half.withdrawn, shape, country, network),
            self._tally(half.changed, shape, country, network),
        )

    def _tally(self, log: array[int], shape: _Shape, country: I64, network: I64) -> I64:
        length = len(self.index.keys)
        if not len(log):
            return np.zeros(length, np.int64)
        per = np.bincount(np.frombuffer(log, np.uint32), minlength=shape.count)
        out = np.zeros(length, np.int64)
        for where in (country, network):
            use = (where >= 0) & (per > 0)
            out += np.bincount(where[use], weights=per[use], minlength=length).astype(np.int64)
        return out

    # ------------------------------------------------------------------ numbers of entities

    def _shape(self, half: Half) -> _Shape:
        count = len(half.names)
        shape = self._shapes.get(half.family)
        if shape is None or shape.count != count:
            start, end = (np.array(column, np.int64) for column in (half.start, half.end))
            country = space.countries(half.family).at(start)
            country = np.where(end > start, country, -1).astype(np.int32)
            ever = np.zeros(count, bool)
            if shape is not None:
                ever[: shape.count] = shape.ever
            shape = self._shapes[half.family] = _Shape(count, start, end, country, ever)
        return shape

    def _networks(self) -> I64:
        """The number of entity ``asn/...`` of each network number; -1 for "no single origin"."""
        known = self._network_keys
        for asn in self.table.networks[len(known) :]:
            known.append(self.index.number(f"asn/{asn}") if 0 < asn < 2**32 else -1)
        return np.array(known, np.int64)

    def _in_country(self, network: I64, country: I64, family: int, code: npt.NDArray[np.int32]) -> I64:
        """The numbers of the entities ``geoasn/...``; -1 where network or country is none."""
        good = (network > 0) & (country >= 0)
        pairs = np.where(good, network * _CC + code + 1, -1) * 2 + (family == 6)
        values, where = np.unique(pairs, return_inverse=True)
        codes = space.countries(family).codes
        numbers = np.full(len(values), -1, np.int64)
        for i, pair in enumerate(values.tolist()):
            if pair < 0:
                continue
            found = self._pairs.get(pair)
            if found is None:
                asn, cc = self.table.networks[(pair // 2) // _CC], codes[(pair // 2) % _CC - 1]
                found = self._pairs[pair] = self.index.number(f"geoasn/{cc}-{asn}")
            numbers[i] = found
        return numbers[where]

    def country(self, half: Half) -> npt.NDArray[np.int32]:
        """The country of each prefix, by the numbers of ``space.countries``; -1 for none."""
        return self._shape(half).country

    def ever(self, half: Half) -> B1:
        """Which prefixes were ever visible; for snapshots."""
        return self._shape(half).ever

    def restore(self, half: Half, ever: B1) -> None:
        """Put back what :meth:`ever` gave."""
        self._shape(half).ever[: len(ever)] = ever


def _padded(values: Any, size: int) -> Any:
    if len(values) == size:
        return values
    out = np.zeros(size, values.dtype)
    out[: len(values)] = values
    return out
