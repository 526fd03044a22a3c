"""The simulated routing table and its stream: messages in the form of RIS Live, of any size.

Who announces what is real: address ranges and their origin networks as RouteViews saw them (radar/data/ip_asn.md).
Peers, paths, churn and what happens are invented, drawn from one seed. Small, it is part of the demo; full-size (a
million prefixes, 300 peers) it is what the time from a withdrawal to the page is measured on.

A message is one line::

    {"type":"ris_message","data":{"timestamp":1772409601.25,"peer":"192.0.2.7","peer_asn":"64507","host":"rrc03.ripe.net",
     "id":"...","type":"UPDATE","path":[64507,1299,3320],"origin":"IGP",
     "announcements":[{"next_hop":"192.0.2.7","prefixes":["80.128.0.0/11"]}],"withdrawals":[]}}
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import orjson
import polars as pl

from jobs.simulate.places import stream
from radar import people
from radar.entities import networks
from radar.routing import Element
from radar.routing.cells import Peer, Sparse
from radar.routing.session import Session
from radar.routing.ways import VIEWPOINTS

#: Networks that carry others' routes in the paths.
TRANSIT = (174, 1299, 2914, 3257, 3320, 3356, 5511, 6453, 6461, 6762, 6939, 12956)
#: Prefixes of one withdrawal or announcement at most, as many fit into a message of BGP.
TOGETHER = 60
#: Peers tell what happened within this many seconds.
SPREAD_S = 20.0


@dataclass(frozen=True, slots=True)
class Speaker:
    """One simulated peer of a collector."""

    host: str
    address: str
    asn: int

    @property
    def key(self) -> str:
        """As the routing table names it."""
        return f"{self.host}|{self.address}"


class Routes:
    """A world of prefixes and of peers that speak of them.

    ``prefixes``: text of each prefix; ``origins``: its network. ``gone``: prefixes that are withdrawn now, for
    :meth:`set_gone`. Same seed and sizes, same world; the messages follow from the order of the calls.
    ``prefixes`` is how many there are, spread over all networks (or ``only`` some); or the table itself: texts and
    origins. ``carriers``: over so many of TRANSIT the changing paths run; few of them make few different paths.
    """

    def __init__(self, seed: int, *, prefixes: int | tuple[list[str], np.ndarray], peers: int, collectors: int = 8,
                 only: Collection[int] | None = None, carriers: int = len(TRANSIT)) -> None:  # fmt: skip
        self._rng = stream(seed, "routes")
        self._carriers = carriers
        self.prefixes, self.origins = _table(prefixes, only) if isinstance(prefixes, int) else prefixes
        hosts = [f"rrc{n:02d}" for n in range(collectors)]
        self.peers = [
            Speaker(hosts[n % collectors], str(ipaddress.IPv4Address("198.18.0.1") + n), 4_200_000_000 + n)
            for n in range(peers)
        ]
        self.gone: set[int] = set()
        self._of_network: dict[int, list[int]] = {}
        self._ways: dict[int, tuple[list[int], list[int]]] = {}
        for pid, asn in enumerate(self.origins.tolist()):
            self._of_network.setdefault(asn, []).append(pid)
        self._count = 0

    def of_network(self, asn: int) -> list[int]:
        """Numbers of the prefixes that a network announces."""
        return self._of_network.get(asn, [])

    def way(self, pid: int) -> list[int]:
        """Over which networks the routes to a prefix run, invented: every third prefix of a network over its second
        carrier, and half of the smaller networks of a country behind the largest one there."""
        asn = int(self.origins[pid])
        known = self._ways.get(asn)
        if known is None:
            home = networks()[asn].home if asn in networks() else ""
            largest = people.largest(home)[:3]
            behind = list(largest[:1]) if asn % 2 and asn not in (*largest, *TRANSIT) else []
            known = self._ways[asn] = [TRANSIT[asn // 2 % 12], *behind], [TRANSIT[asn // 24 % 12], *behind]
        return [hop for hop in known[pid % 3 == 0] if hop != asn]

    # ------------------------------------------------------------------ tables

    def fill(self, session: Session, time: float) -> None:
        """Give every peer the whole table, as after a dump at ``time``. Peers differ in few prefixes."""
        first, *others = self.peers
        session.apply(self.dump(first, time))
        whole = session.table.peers[first.key]
        for speaker in others:
            cells: list[Any] = [half.copy() if isinstance(half, bytearray) else Sparse(half) for half in whole.cells]
            peer = session.table.peers[speaker.key] = Peer(speaker.key, speaker.asn, cells, time, False, True, time)
            if len(session.table.peers) <= VIEWPOINTS:
                peer.ways = [Sparse(row) if isinstance(row, Sparse) else row[:] for row in whole.ways]

    def dump(self, speaker: Speaker, time: float) -> Iterator[Element]:
        """A peer's whole table as elements of a dump."""
        for pid, (prefix, asn) in enumerate(zip(self.prefixes, self.origins.tolist(), strict=True)):
            if pid not in self.gone:
                path = " ".join(map(str, (speaker.asn, *self.way(pid), asn)))
                yield time, speaker.key, speaker.asn, "B", prefix, path

    # ------------------------------------------------------------------ messages

    def churn(self, since: float, seconds: float, rate: float) -> list[tuple[float, bytes]]:
        """What a quiet Internet says: ``rate`` messages a second in which paths change and origins do not."""
        count = int(self._rng.poisson(rate * seconds))
        times = since + np.sort(self._rng.random(count)) * seconds
        speakers = self._rng.integers(0, len(self.peers), count)
        # few prefixes change often, most hardly ever
        pids = (len(self.prefixes) * self._rng.random(count) ** 4).astype(np.int64)
        carriers = self._rng.integers(0, self._carriers, (count, 2))
        out = []
        for time, who, pid, (a, b) in zip(times.tolist(), speakers.tolist(), pids.tolist(), carriers.tolist(),
                                          strict=True):  # fmt: skip
            if pid in self.gone:
                continue
            asn = int(self.origins[pid])
            mine = [p for p in self._of_network[asn][:3] if p not in self.gone]
            # how it comes to the peer changes, who the neighbours of the origin are does not
            path = [TRANSIT[a], *([] if a == b else [TRANSIT[b]]), *self.way(pid), asn]
            out.append((time, self._message(self.peers[who], time, path, mine, [])))
        return out

    def set_gone(self, pids: Iterable[int], since: float, *, spread_s: float = SPREAD_S) -> list[tuple[float, bytes]]:
        """Make just these prefixes be withdrawn: the messages of all peers that it takes, by time."""
        wanted = set(pids)
        fallen, back = sorted(wanted - self.gone), sorted(self.gone - wanted)
        self.gone = wanted
        out = []
        for speaker in self.peers:
            delays = self._rng.random(len(fallen) + len(back)) * spread_s
            for part in _parts(fallen):
                time = since + float(delays[part[0] % max(1, len(delays))])
                out.append((time, self._message(speaker, time, [], [], part)))
            for part in _same_origin(back, self.origins):
                time = since + float(delays[part[0] % max(1, len(delays))])
                path = [*self.way(part[0]), int(self.origins[part[0]])]
                out.append((time, self._message(speaker, time, path, part, [])))
        return sorted(out)

    def announce(self, prefix: str, path: Sequence[int], since: float, *, peers: int | None = None,
                 spread_s: float = SPREAD_S) -> list[tuple[float, bytes]]:  # fmt: skip
        """Let the first ``peers`` peers announce a prefix over a path of somebody's choice, such as a hijacker's."""
        out = []
        for speaker in self.peers[:peers]:
            time = since + float(self._rng.random()) * spread_s
            out.append((time, self._line(speaker, time, [speaker.asn, *path], [prefix], [])))
        return sorted(out)

    def withdraw(self, prefix: str, since: float, *, spread_s: float = SPREAD_S) -> list[tuple[float, bytes]]:
        """Let all peers withdraw a prefix that is not of this table."""
        out = []
        for speaker in self.peers:
            time = since + float(self._rng.random()) * spread_s
            out.append((time, self._line(speaker, time, [], [], [prefix])))
        return sorted(out)

    def restart(self, host: str, since: float, *, spread_s: float = 2 * SPREAD_S) -> list[tuple[float, bytes]]:
        """Let all sessions of a collector begin anew: each says so, and sends its whole table."""
        there = [pid for pid in range(len(self.prefixes)) if pid not in self.gone]
        groups = list(_same_origin(there, self.origins))
        out = []
        for speaker in self.peers:
            if speaker.host != host:
                continue
            out.append((since, self._state(speaker, since, "connected")))
            delays = np.sort(self._rng.random(len(groups))) * spread_s
            for part, delay in zip(groups, delays.tolist(), strict=True):
                path = [*self.way(part[0]), int(self.origins[part[0]])]
                out.append((since + delay, self._message(speaker, since + delay, path, part, [])))
        return sorted(out)

    def _state(self, speaker: Speaker, time: float, state: str) -> bytes:
        self._count += 1
        data = {
            "timestamp": round(time, 2), "peer": speaker.address, "peer_asn": str(speaker.asn),
            "id": f"{speaker.address}-{self._count}", "host": f"{speaker.host}.ripe.net", "type": "RIS_PEER_STATE",
            "state": state,
        }  # fmt: skip
        return orjson.dumps({"type": "ris_message", "data": data})

    def _message(self, speaker: Speaker, time: float, path: list[int], announced: Sequence[int],
                 withdrawn: Sequence[int]) -> bytes:  # fmt: skip
        names = self.prefixes
        return self._line(speaker, time, [speaker.asn, *path], [names[p] for p in announced],
                          [names[p] for p in withdrawn])  # fmt: skip

    def _line(self, speaker: Speaker, time: float, path: list[int], announced: list[str],
              withdrawn: list[str]) -> bytes:  # fmt: skip
        self._count += 1
        data: dict[str, Any] = {
            "timestamp": round(time, 2), "peer": speaker.address, "peer_asn": str(speaker.asn),
            "id": f"{speaker.address}-{self._count}", "host": f"{speaker.host}.ripe.net", "type": "UPDATE",
            "withdrawals": withdrawn,
        }  # fmt: skip
        if announced:
            data |= {"path": path, "origin": "IGP",
                     "announcements": [{"next_hop": speaker.address, "prefixes": announced}]}  # fmt: skip
        return orjson.dumps({"type": "ris_message", "data": data})


def _table(count: int, only: Collection[int] | None) -> tuple[list[str], np.ndarray]:
    """So many prefixes and their origins; four in five IPv4 where there are as many. Long ranges are cut until there
    are enough."""
    found: list[tuple[str, int]] = []
    for family, share in ((4, 0.8), (6, 0.2)):
        with as_file(files("radar").joinpath(f"data/ip_asn_v{family}.parquet")) as path:
            ranges = pl.read_parquet(path)
        if only is not None:
            ranges = ranges.filter(pl.col("asn").is_in(list(only)))
        found += _cut(family, ranges, int(count * share))
    return [prefix for prefix, _ in found], np.array([asn for _, asn in found], np.int64)


def _cut(family: int, ranges: pl.DataFrame, count: int) -> list[tuple[str, int]]:
    """Ranges as prefixes, spread evenly over the table when there are too many; halved when there are too few."""
    block = 8 if family == 4 else 16
    longest = 24 if family == 4 else 48
    width = 32 if family == 4 else 64
    out: list[tuple[int, int, int]] = []  # first block, length, network
    for start, end, asn in ranges.select("start", "end", "asn").iter_rows():
        low, high = -(-start >> block) if start & ((1 << block) - 1) else start >> block, (end + 1) >> block
        while low < high:
            size = low & -low or 1 << 20
            while size > high - low:
                size >>= 1
            length = longest - (size.bit_length() - 1)
            out.append((low, length, asn))
            low += size
    if len(out) > count:
        step = len(out) / count
        out = [out[int(i * step)] for i in range(count)]
    more: list[tuple[int, int, int]] = []
    for first, length, asn in sorted(out, key=lambda row: row[1]):
        if len(out) + len(more) >= count:
            break
        pieces = 1 << min(longest - length, 8)
        step_size = (1 << (longest - length)) // pieces
        room = count - len(out) - len(more)
        if pieces > 1:
            more += [(first + i * step_size, longest - step_size.bit_length() + 1, asn)
                     for i in range(min(pieces, room))]  # fmt: skip
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    shift = block if width == 32 else block + 64
    return [(f"{make(first << shift)}/{length}", asn) for first, length, asn in out + more]


def _parts(pids: list[int]) -> Iterator[list[int]]:
    for at in range(0, len(pids), TOGETHER):
        yield pids[at : at + TOGETHER]


def _same_origin(pids: list[int], origins: np.ndarray) -> Iterator[list[int]]:
    """Prefixes that can be announced together: one message has one path."""
    by_network: dict[int, list[int]] = {}
    for pid in pids:
        by_network.setdefault(int(origins[pid]), []).append(pid)
    for mine in by_network.values():
        yield from _parts(mine)
