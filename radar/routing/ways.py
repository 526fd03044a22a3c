"""Over which networks routes run, as a few of the peers (viewpoints) see it: what "who depends on whom" is made of.

A path for every peer and prefix would be a gigabyte. Two things keep it small. Paths are kept of at most VIEWPOINTS
full-feed peers of each address family, one of each network, from as many collectors as there are. And of a path its
*chain* is kept: the networks between the viewpoint and the origin, since the origin stands in the peer's cell already.
Chains are those to the networks that carry others, which are few, so they are numbered once and a route is four bytes.

A chain is cleaned: prepending and repetition count once, confederations are inside one network, numbers that nobody
holds (private, documentation, AS_TRANS) are dropped, and all from the first mention of the origin on is left out (a
network that puts others into its own path to keep them away). A path with an AS_SET hides who told whom: not known.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from radar.routing.cells import Peer, Sparse
from radar.routing.relations import hops
from radar.routing.reserved import is_reserved_as
from radar.routing.space import I64

if TYPE_CHECKING:
    from radar.routing.quorum import Member

#: Peers of each address family whose paths are kept.
VIEWPOINTS = 20
#: Peers that may turn out to be such ones: before a table is filled nobody knows who has all of it.
CANDIDATES = 256
#: Chains that are told apart, and spellings of chains that are remembered.
MAX_CHAINS, MAX_SPELLINGS = 1 << 19, 1 << 20
#: A spelling longer than this, in characters, is not remembered; a chain of more networks is not known.
LONGEST, MOST_HOPS = 128, 32

#: Chain numbers of "not known" and of "nobody in between".
UNKNOWN, DIRECT = 0, 1


class Chains:
    """Chains by number. ``refused``: paths that were not taken for want of room."""

    def __init__(self) -> None:
        self.refused = 0
        self._clear()

    def _clear(self) -> None:
        self.asns = array("I")  # all chains, one after the other
        self.first = array("I", [0, 0, 0])  # where each begins; that of the next one is its end
        self._numbers: dict[str, int] = {"": DIRECT}

    def __len__(self) -> int:
        return len(self.first) - 1

    def number(self, path: str, peer_as: int) -> int:
        """The number of a path's chain; UNKNOWN for one with a set, without an origin, or that is no path.

        Examples
        --------
        >>> chains = Chains()
        >>> chains.of(chains.number("3333 1299 1299 64512 2914 5089 5089", 3333))
        [1299, 2914]
        """
        if "{" in path or "(" in path or "[" in path:
            if "{" in path:
                return UNKNOWN
            path = " ".join(map(str, hops(path)))
        head, _, origin = path.rpartition(" ")
        at = f" {head} ".find(f" {origin} ")
        if at >= 0:
            head = head[: max(0, at - 1)]
        first, _, rest = head.partition(" ")
        spelling = rest if first == str(peer_as) else head
        found = self._numbers.get(spelling)
        return self._add(spelling, origin, peer_as) if found is None else found

    def _add(self, spelling: str, origin: str, peer_as: int) -> int:
        if not (origin.isascii() and origin.isdecimal()):
            return UNKNOWN
        way = hops(spelling)
        if not way:
            return UNKNOWN
        clean = [asn for asn in dict.fromkeys(way) if asn != peer_as and not is_reserved_as(asn)]
        if len(clean) > MOST_HOPS:
            return UNKNOWN
        name = " ".join(map(str, clean))
        number = self._numbers.get(name)
        if number is None:
            if len(self) >= MAX_CHAINS:
                self.refused += 1
                return UNKNOWN
            number = len(self)
            self.asns.extend(clean)
            self.first.append(len(self.asns))
            self._numbers[name] = number
        if len(spelling) <= LONGEST and len(self._numbers) < MAX_SPELLINGS:
            self._numbers[spelling] = number
        return number

    def of(self, number: int) -> list[int]:
        """The networks of a chain, that of the viewpoint's side first."""
        return self.asns[self.first[number] : self.first[number + 1]].tolist()

    def arrays(self) -> tuple[I64, I64]:
        """All chains at once: AS numbers one after the other, and where each chain begins."""
        return np.array(self.asns, np.int64), np.array(self.first, np.int64)

    def load(self, asns: Sequence[int], first: Sequence[int]) -> None:
        """Put back what :meth:`arrays` gave. Raises ValueError for what cannot be."""
        if len(first) < 3 or list(first[:3]) != [0, 0, 0] or first[-1] != len(asns) or (np.diff(first) < 0).any():
            raise ValueError("chains do not fit together")
        self._clear()
        self.asns, self.first = array("I", asns), array("I", first)
        for number in range(2, len(self)):
            self._numbers.setdefault(" ".join(map(str, self.of(number))), number)

    def compact(self, rows: Iterable[Row]) -> None:
        """Forget the chains over which no route runs any more, once they are half of what there can be."""
        if len(self) < MAX_CHAINS // 2 and len(self._numbers) < MAX_SPELLINGS // 2:
            return
        rows = list(rows)
        used = np.unique(np.concatenate([np.array([UNKNOWN, DIRECT]), *(np.unique(numbers(row)) for row in rows)]))
        old, lost = [self.of(n) for n in used.tolist()], self.refused
        fresh = np.zeros(len(self), np.uint32)
        self._clear()
        for number, chain in zip(used.tolist()[2:], old[2:], strict=True):
            fresh[number] = self._add(" ".join(map(str, chain)), "1", 0)
        fresh[DIRECT], self.refused = DIRECT, lost
        for row in rows:
            if isinstance(row, Sparse):
                row.update({pid: int(fresh[number]) for pid, number in row.items()})
            else:
                np.frombuffer(row, np.uint32)[:] = fresh[np.frombuffer(row, np.uint32)]


#: The chain of each prefix at one viewpoint: few as a dict, many as four bytes for each prefix.
Row = Sparse | array  # type: ignore[type-arg]  # of "I"


def numbers(row: Row) -> np.ndarray:
    """The chain numbers in a row, in no order."""
    if isinstance(row, Sparse):
        return np.fromiter(row.values(), np.int64, len(row))
    return np.frombuffer(row, np.uint32).astype(np.int64)


def of_all(row: Row, count: int) -> np.ndarray:
    """The chain number of each of so many prefixes; UNKNOWN where there is none."""
    if isinstance(row, Sparse):
        out = np.zeros(count, np.uint32)
        out[np.fromiter(row.keys(), np.int64, len(row))] = np.fromiter(row.values(), np.uint32, len(row))
        return out
    return np.frombuffer(row, np.uint32, count)


def widen(peer: Peer, family: int, room: int, peers: Iterable[Peer]) -> None:
    """Give a viewpoint with many routes four bytes for every prefix, or make it none where there are enough."""
    row = peer.ways[family]
    if not isinstance(row, Sparse):
        return
    wide = [other for other in peers if isinstance(other.ways[family], array)]
    if any(other.asn == peer.asn for other in wide):
        peer.ways[family] = None
        return
    if len(wide) >= VIEWPOINTS:
        kept = Counter(other.collector for other in wide)
        crowded, most = kept.most_common(1)[0]
        if kept[peer.collector] > most - 2:
            peer.ways[family] = None
            return
        [other for other in wide if other.collector == crowded][-1].ways[family] = None
    dense = array("I", bytes(4 * room))
    for pid, number in row.items():
        dense[pid] = number
    peer.ways[family] = dense


def settle(members: Sequence[Member], family: int) -> list[Peer]:
    """The viewpoints of one family (0: IPv4, 1: IPv6): full-feed peers, one of each network, spread over collectors.

    Peers that turned out to be none keep nothing. One that is missing is chosen among the others, and learns its paths
    from what it announces from now on.
    """
    full = [member.peer for member in members if member.full[family]]
    kept = [peer for peer in full if peer.ways[family] is not None]
    chosen: dict[int, Peer] = {}
    load: Counter[str] = Counter()
    for group in (kept, [peer for peer in full if peer.ways[family] is None]):
        waiting = list({peer.asn: peer for peer in reversed(group) if peer.asn not in chosen}.values())[::-1]
        while waiting and len(chosen) < VIEWPOINTS:
            peer = min(waiting, key=lambda one: load[one.collector])
            waiting.remove(peer)
            chosen[peer.asn] = peer
            load[peer.collector] += 1
    mine = {peer.key for peer in chosen.values()}
    for member in members:
        peer = member.peer
        if peer.key in mine:
            peer.ways[family] = Sparse() if peer.ways[family] is None else peer.ways[family]
        elif member.state == "live":
            peer.ways[family] = None
    return [member.peer for member in members if member.peer.key in mine]
