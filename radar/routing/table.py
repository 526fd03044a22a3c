"""The routing table: for each prefix, which peers of the route collectors see it, and with which origin.

One byte for each (peer, prefix): 0 when the peer has no route, else a small number that stands for one of the prefix's
origins. A million prefixes and three hundred peers are 300 MB, and a minute's evaluation reads them once.

IPv4 and IPv6 lie apart (:class:`Half`), since peers carry the one, the other, or both. A peer that dies keeps nothing:
its routes are taken out with it, and it leaves the quorum (:mod:`radar.routing.quorum`), so it never counts as a
withdrawal.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from radar.routing import Element
from radar.routing.cells import STEP, Half, Peer, Sparse
from radar.routing.space import blocks_of, canonical, covering, parse_prefix
from radar.routing.ways import CANDIDATES, UNKNOWN, Chains, widen

U8 = npt.NDArray[np.uint8]

#: Bounds that no real table comes near; hostile input must not grow without end.
MAX_PREFIXES, MAX_PEERS, MAX_NETWORKS, MAX_PATHS = 4_000_000, 4096, 1 << 17, 1_000_000
#: Origins of one prefix that are told apart; further ones share the last number.
MAX_CODES = 254
#: A message this much older than its peer's newest came too late to change the state, in seconds.
LATE_S = 60.0
#: Entries of one dump lie within this time, in seconds; dumps of one collector are hours apart.
DUMP_S = 900.0
#: A peer with more routes than this is given a byte for every prefix.
DENSE_FROM = 8192
#: Elements after which it is looked for such peers.
PACK_EACH = 1 << 17
#: An origin is new for a prefix for this long, in seconds, and so is a prefix inside another one.
YOUNG_S = 7 * 86_400.0


class Watch(Protocol):
    """What is told of origins that a prefix never had; see :class:`radar.routing.origins.OriginWatch`."""

    def take(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
             known: tuple[int, ...]) -> None:  # fmt: skip
        """A peer announces the prefix with an origin that is not among the known ones."""

    def more_specific(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
                      covering_prefix: str, covering_origins: tuple[int, ...]) -> None:  # fmt: skip
        """A peer announces a prefix, new to the table, inside one of somebody else."""

    def end(self, time: float, prefix: str, origin: int) -> None:
        """No peer announces it with that origin any more."""


class PathWatch(Protocol):
    """What is told of every path; see :class:`radar.routing.leaks.LeakWatch`."""

    carried: dict[str, set[int]]

    def take(self, time: float, prefix: str, path: str, peer: str, peer_as: int) -> None:
        """A peer announces the prefix over this path."""

    def learn(self, path: str, time: float) -> None:
        """A path of a table dump: what it shows has been so."""

    def drop(self, time: float, prefix: str, peer: str) -> None:
        """The peer has no route any more to a prefix of ``carried``."""


class Table:
    """The state that elements feed. Not for several threads.

    ``settled``: what is new from now on is news. While a table is filled for the first time everything is new.
    """

    def __init__(self) -> None:
        self.halves = (Half(4), Half(6))
        self.peers: dict[str, Peer] = {}
        #: AS numbers by network number; number 0 is "no single origin" (a set, or more networks than can be).
        self.networks: list[int] = [0]
        self.settled = False
        self.rejected: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.watch: Watch | None = None
        self.paths: PathWatch | None = None
        self.chains = Chains()
        self._numbers: dict[int, int] = {0: 0}
        self._of_path: dict[str, int] = {}

    # ------------------------------------------------------------------ feeding

    def take(self, elements: Iterable[Element], *, collector: str = "", until: float = 4e9) -> int:
        """Apply elements in their order; returns how many there were.

        ``collector`` names the peers of elements whose peer does not ("rrc00|192.0.2.1" does). An element later than
        ``until`` is rejected: a peer's clock that runs ahead must not make later messages look late.
        """
        v4, v6 = self.halves
        peers, of_path, paths, chain = self.peers, self._of_path, self.paths, self.chains.number
        head = f"{collector}|"
        known: dict[str, Peer] = {}
        count = 0
        for time, name, peer_as, kind, prefix, path in elements:
            count += 1
            if not count % PACK_EACH:
                self._pack(known.values())  # a dump comes whole, and a dict for each of its peers would be gigabytes
            peer = known.get(name)
            if peer is None:
                key = name if "|" in name else head + name
                peer = peers.get(key) or self._new_peer(key, peer_as)
                if peer is None:
                    continue
                known[name] = peer
            if time > peer.heard:
                if time > until:
                    self.reject("from the future", f"{name} at {time:.0f}")
                    continue
                peer.heard = time
            elif time < peer.heard - LATE_S and kind != "B":
                self.reject("later than what came after it", f"{name} {kind} {prefix} at {time:.0f}")
                continue
            if kind == "S":
                self._session(peer, prefix, time)
                continue
            if kind == "B" and not peer.dump <= time < peer.dump + DUMP_S and not self._begin_dump(peer, time):
                continue
            side = ":" in prefix
            half, cells = (v6, peer.cells[1]) if side else (v4, peer.cells[0])
            pid = half.ids.get(prefix)
            if kind == "W":
                if pid is None:
                    continue  # never announced here: there is nothing to take away
                half.withdrawn.append(pid)
                cells[pid] = 0
                if paths is not None and prefix in paths.carried:
                    paths.drop(time, prefix, peer.key)
                continue
            if pid is None:
                pid = self._new_prefix(half, prefix)
                if pid < 0:
                    continue
            text = path or ""
            number = of_path.get(text)
            if number is None:
                number = self._origin_of(text)
            new = -1
            if half.origin[pid] == number:
                code = 1
            else:
                code, new = self._code(half, pid, number, time)
            ways = peer.ways[side]
            if ways is not None:
                ways[pid] = chain(text, peer_as) if number else UNKNOWN
            old = cells[pid]
            if kind == "A":
                half.announced.append(pid)
                if old and old != code:
                    half.changed.append(pid)
                if paths is not None:
                    paths.take(time, prefix, text, peer.key, peer_as)
                if old != code:
                    cells[pid] = code
                    if pid in half.fresh or pid in half.young or new >= 0:
                        self._tell(half, pid, code, time, prefix, text, peer.key, peer_as)
            else:
                cells[pid] = code
                if paths is not None:
                    paths.learn(text, time)
        self._pack(known.values())
        return count

    def drop(self, peer: Peer) -> None:
        """Forget all routes of a peer."""
        peer.cells = [Sparse(), Sparse()]

    def _session(self, peer: Peer, state: str, time: float) -> None:
        if state == "down":
            self.drop(peer)
            if self.paths is not None:
                for prefix in list(self.paths.carried):
                    self.paths.drop(time, prefix, peer.key)
            peer.down, peer.synced = True, False
        elif peer.down or not peer.synced:
            # a session that begins while we listen sends its whole table
            self.drop(peer)
            peer.down, peer.synced = False, True

    def _begin_dump(self, peer: Peer, time: float) -> bool:
        """The first entry of a dump: what the peer does not have in it, it does not have. False for a dump that is
        older than what we have of the peer."""
        if time < peer.dump or (peer.synced and time < peer.heard):
            self.reject("a table dump older than the state", f"{peer.key} at {time:.0f}")
            return False
        self.drop(peer)
        peer.dump, peer.down, peer.synced = time, False, True
        return True

    # ------------------------------------------------------------------ numbers

    def number(self, asn: int) -> int:
        """The number of a network, given when it is first seen."""
        found = self._numbers.get(asn)
        if found is None:
            if len(self.networks) >= MAX_NETWORKS:
                self.reject("more networks than there can be", f"AS{asn}")
                return 0
            found = self._numbers[asn] = len(self.networks)
            self.networks.append(asn)
        return found

    def _origin_of(self, path: str) -> int:
        last = path.rpartition(" ")[2]
        asn = int(last) if last.isascii() and last.isdecimal() and len(last) <= 10 else 0
        number = self.number(asn) if 0 < asn < 1 << 32 else 0
        if len(self._of_path) >= MAX_PATHS:
            self._of_path.clear()
        self._of_path[path] = number
        return number

    def _new_peer(self, key: str, asn: int) -> Peer | None:
        if len(self.peers) >= MAX_PEERS:
            self.reject("more peers than there can be", key)
            return None
        peer = Peer(key, asn, [Sparse(), Sparse()])
        if sum(other.ways != [None, None] for other in self.peers.values()) < CANDIDATES:
            peer.ways = [Sparse(), Sparse()]
        self.peers[key] = peer
        return peer

    def _new_prefix(self, half: Half, text: str) -> int:
        found = parse_prefix(text)
        if found is None or found[0] != half.family:
            self.reject("no prefix", text[:60])
            return -1
        pid = len(half.names)
        if pid >= MAX_PREFIXES:
            self.reject("more prefixes than there can be", text)
            return -1
        name = canonical(*found)
        if name != text:  # another spelling of the same prefix
            known = half.ids.get(name)
            pid = self._new_prefix(half, name) if known is None else known
            if pid >= 0 and len(half.ids) < 2 * MAX_PREFIXES:
                half.ids[text] = pid
            return pid
        start, end = blocks_of(*found)
        half.ids[text] = pid
        half.names.append(text)
        half.origin.append(0)
        half.start.append(start)
        half.end.append(end)
        if pid >= half.room:
            half.room += STEP
            for peer in self.peers.values():
                cells, ways = peer.cells[half.family == 6], peer.ways[half.family == 6]
                if isinstance(cells, bytearray):
                    cells.extend(bytes(STEP))
                if isinstance(ways, array):
                    ways.frombytes(bytes(4 * STEP))
        if self.settled:
            half.fresh[pid] = (0.0, "", ())  # filled in when its origin is known
        return pid

    def _code(self, half: Half, pid: int, number: int, time: float) -> tuple[int, int]:
        """The code of an origin that is not the prefix's first one; and the same again where it is new, else -1."""
        if half.origin[pid] == 0 and pid not in half.more and number != 0:
            half.origin[pid] = number
            if pid in half.fresh:
                self._place(half, pid, number, time)
            return 1, -1
        others = half.more.setdefault(pid, [])
        if number in others:
            return others.index(number) + 2, -1
        if len(others) + 2 > MAX_CODES:
            return MAX_CODES + 1, -1
        others.append(number)
        code = len(others) + 1
        if self.settled and number:
            half.young.setdefault(pid, {})[code] = time
            return code, code
        return code, -1

    # ------------------------------------------------------------------ what is new

    def _place(self, half: Half, pid: int, number: int, time: float) -> None:
        """A new prefix and its origin: keep it in mind where it lies inside one of somebody else."""
        for text in covering(half.names[pid]):
            at = half.ids.get(text)
            if at is not None and at not in half.fresh:
                owners = half.origins(at)
                if number not in owners and any(owners):
                    half.fresh[pid] = (time, text, tuple(self.networks[n] for n in owners if n))
                    return
                break
        del half.fresh[pid]

    def _tell(self, half: Half, pid: int, code: int, time: float, prefix: str, path: str, peer: str,
              peer_as: int) -> None:  # fmt: skip
        if self.watch is None:
            return
        origins = half.origins(pid)
        if code > len(origins) or not origins[code - 1]:
            return
        asn = self.networks[origins[code - 1]]
        young = half.young.get(pid, {})
        if code in young:
            known = tuple(self.networks[n] for i, n in enumerate(origins, 1) if n and i not in young)
            if known:
                self.watch.take(time, prefix, asn, path, peer, peer_as, known)
        elif pid in half.fresh and half.fresh[pid][1]:
            _since, inside, owners = half.fresh[pid]
            self.watch.more_specific(time, prefix, asn, path, peer, peer_as, inside, owners)

    def age(self, now: float) -> None:
        """Tell the watch what has ended, and take for known what is no longer new."""
        for half in self.halves:
            rows = [peer.cells[half.family == 6] for peer in self.peers.values()]
            for pid, codes in list(half.young.items()):
                there = {row[pid] for row in rows}
                for code, since in list(codes.items()):
                    if code not in there and self.watch is not None:
                        self.watch.end(now, half.names[pid], self.networks[half.origins(pid)[code - 1]])
                    if now - since > YOUNG_S:
                        del codes[code]
                if not codes:
                    del half.young[pid]
            for pid, (since, inside, _owners) in list(half.fresh.items()):
                if inside and self.watch is not None and not any(row[pid] == 1 for row in rows):
                    self.watch.end(now, half.names[pid], self.networks[half.origin[pid]])
                if not inside or now - since > YOUNG_S:
                    del half.fresh[pid]

    def reject(self, reason: str, example: str) -> None:
        """Count something that could not be used, and keep the first example of its kind."""
        self.rejected[reason] += 1
        self.examples.setdefault(reason, example)

    # ------------------------------------------------------------------ reading

    def cells(self, half: Half, peers: Iterable[Peer]) -> Iterator[U8]:
        """The cells of these peers, one array each, as long as there are prefixes. Views: use them at once."""
        count = len(half.names)
        for peer in peers:
            cells = peer.cells[half.family == 6]
            if isinstance(cells, bytearray):
                yield np.frombuffer(cells, np.uint8, count)
            else:
                row = np.zeros(count, np.uint8)
                row[np.fromiter(cells.keys(), np.int64, len(cells))] = np.fromiter(cells.values(), np.uint8, len(cells))
                yield row

    def routes(self, half: Half, peer: Peer) -> int:
        """How many prefixes of the family a peer has a route to."""
        cells = peer.cells[half.family == 6]
        if isinstance(cells, bytearray):
            return int(np.count_nonzero(np.frombuffer(cells, np.uint8)))
        return sum(code > 0 for code in cells.values())

    def _pack(self, peers: Iterable[Peer]) -> None:
        """Give a peer with many routes a byte for every prefix, and four to a viewpoint."""
        for peer in peers:
            for i, half in enumerate(self.halves):
                cells = peer.cells[i]
                if isinstance(cells, Sparse) and len(cells) > DENSE_FROM:
                    dense = bytearray(half.room)
                    for pid, code in cells.items():
                        dense[pid] = code
                    peer.cells[i] = dense
                if len(peer.ways[i] or ()) > DENSE_FROM:
                    widen(peer, i, half.room, self.peers.values())

    def summary(self) -> dict[str, Any]:
        """How large it is."""
        return {
            "prefixes_v4": len(self.halves[0].names),
            "prefixes_v6": len(self.halves[1].names),
            "networks": len(self.networks) - 1,
            "peers": len(self.peers),
        }
