"""The routes of the played hours, minute by minute, as the lines of RIS Live would come.

What is withdrawn follows the ``routes`` curves of the scenario: of a country's event the same share of every network's
space in it, of a network's event that of its own at home. On top: the churn of a quiet Internet, and what the scenario
plays with routes alone (a hijack, a leak, a collector that falls silent).

Who does wrong here has a number that was never given to anybody (and none of those that are reserved, as a radar
rightly passes those over). Networks that are wronged are real, and nothing of it ever happened: every row and candidate
that comes of it is marked as simulated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import orjson
from numpy.typing import NDArray

from jobs.simulate.announced import Announced, announced
from jobs.simulate.places import Places, stream
from jobs.simulate.routes import TRANSIT, Routes
from jobs.simulate.scenario import SCENARIO, STARTS, VANISHED, Event, factor
from radar.entities import networks
from radar.routing.session import Session

MINUTE = timedelta(minutes=1)
PEERS, COLLECTORS = 24, 4
#: Messages of a quiet Internet, per second, and the carriers over which their paths run: a table remembers every path.
RATE, CARRIERS = 3.0, 2
#: Who announces what is not theirs; who leaks, who told it the routes, and whom it tells them.
HIJACKER, LEAKER, LEARNED_FROM, TOLD = 4_199_999_001, 4_199_999_002, 4_199_999_003, 4_199_999_004
#: Peers that a hijack and a leak reach; those that the holder's own answer to a hijack reaches, and when it comes.
REACHED, LEAK_REACHED, ANSWER_REACHED = 20, 16, 8
ANSWER_AFTER = timedelta(minutes=80)
#: Prefixes of each network that are leaked.
LEAKED = 6
#: Space of the service that vanishes: reserved, so that it is nobody's, and large enough to be among the tracked.
SERVICE = ("240.0.0.0/10", "240.64.0.0/10")
#: The collector that falls silent.
SILENT = "rrc03"


@dataclass(frozen=True, slots=True)
class _Fall:
    """What an event takes away: of each network, in each place and address family, prefixes in the order in which they
    go, and the share of its space that is gone after each of them (0 before the first). No network ever loses more than
    the event says."""

    event: Event
    parts: list[tuple[list[int], NDArray[np.float64]]]

    def gone(self, at: datetime) -> Iterable[int]:
        """Prefixes that are withdrawn at this moment."""
        event = self.event
        if at < event.start or (event.end is not None and at >= event.end):
            return
        lost = 1.0 - factor(event.routes, (at - event.start) / MINUTE)
        for pids, shares in self.parts:
            yield from pids[: int(np.searchsorted(shares, lost + 1e-9, side="right")) - 1]


class RoutingPlay:
    """Plays the routes of one world. ``minute`` is asked in the order of time: each follows from what came before."""

    def __init__(self, seed: int, places: Places) -> None:
        falling = [event for event in SCENARIO if event.routes]
        # which region of a country a prefix lies in, the table does not know
        codes = {_country(key) for event in falling for key in event.entities if not key.startswith("region/")}
        table = announced({int(asn) for asn in places.asns if asn}, codes)
        order = stream(seed, "routing order").permutation(len(table.prefixes))
        self.table = Announced([table.prefixes[i] for i in order], table.origins[order],
                               [table.countries[i] for i in order], table.blocks[order])  # fmt: skip
        self.routes = Routes(seed, prefixes=(self.table.prefixes, self.table.origins), peers=PEERS,
                             collectors=COLLECTORS, carriers=CARRIERS)  # fmt: skip
        self._falls = [self._fall(event) for event in falling]
        self._hijacked = [(event, *self._target(event)) for event in SCENARIO if event.kind == "hijack"]

    # ------------------------------------------------------------------ before the play

    def fill(self, session: Session, time: datetime) -> None:
        """Give every peer its whole table, as after a dump."""
        self.routes.fill(session, time.timestamp())

    def quiet(self, start: datetime) -> list[bytes]:
        """A minute in which nothing happens, but that the service that will vanish is announced."""
        time = start.timestamp()
        return [line for _, line in sorted(self._service(time, there=True) + self.routes.churn(time, 60.0, RATE))]

    def relations(self) -> bytes:
        """Who is whose customer in this world, in the form of a relations file."""
        origins = sorted(set(self.table.origins.tolist()) - set(TRANSIT))
        lines = [f"{top}|{asn}|-1" for top in TRANSIT for asn in (HIJACKER, LEARNED_FROM, TOLD, VANISHED, *origins)]
        lines += [f"{LEARNED_FROM}|{LEAKER}|-1", f"{TOLD}|{LEAKER}|-1"]
        return "\n".join(["# simulated, made up for the demo", *lines]).encode()

    def vrps(self) -> bytes:
        """What the holders of hijacked space have signed, in the form of a validator's JSON."""
        roas = [
            {"asn": f"AS{self.table.origins[pid]}", "prefix": prefix, "maxLength": int(prefix.partition("/")[2]),
             "ta": "simulated"}
            for event, *_ in self._hijacked
            for pid in self._of(event)
            for prefix in [self.table.prefixes[pid]]
        ]  # fmt: skip
        return orjson.dumps({"metadata": {"generated": int(STARTS.timestamp()), "simulated": True}, "roas": roas})

    # ------------------------------------------------------------------ the play

    def gone(self, at: datetime) -> set[int]:
        """Numbers of the prefixes that are withdrawn at this moment."""
        return {pid for fall in self._falls for pid in fall.gone(at)}

    def minute(self, start: datetime) -> list[bytes]:
        """The messages of the minute that begins at ``start``, in order of time."""
        time = start.timestamp()
        found = self.routes.set_gone(self.gone(start + MINUTE / 2), time)
        found += self.routes.churn(time, 60.0, RATE)
        for event, prefix, holder in self._hijacked:
            found += self._hijack(event, prefix, holder, start)
        for event in SCENARIO:
            if event.kind == "leak" and start in (event.start, event.end):
                found += self._leak(event, time, over=start == event.end)
            elif event.kind == "vanished" and start in (event.start, event.end):
                found += self._service(time, there=start == event.end)
            elif event.kind == "collector":
                if event.start <= start < (event.end or start + MINUTE):
                    found = [(at, line) for at, line in found if f'"{SILENT}.'.encode() not in line]
                elif start == event.end:
                    found += self.routes.restart(SILENT, time)
        return [line for _, line in sorted(found)]

    def _service(self, time: float, *, there: bool) -> list[tuple[float, bytes]]:
        """All peers announce, or withdraw, the routes of the service that vanishes."""
        out = []
        for prefix in SERVICE:
            way = [TRANSIT[0], VANISHED]
            out += self.routes.announce(prefix, way, time) if there else self.routes.withdraw(prefix, time)
        return out

    def _hijack(self, event: Event, prefix: str, holder: int, start: datetime) -> list[tuple[float, bytes]]:
        time = start.timestamp()
        if start == event.start:
            return self.routes.announce(prefix, [TRANSIT[0], HIJACKER], time, peers=REACHED)
        if start == event.start + ANSWER_AFTER:
            return self.routes.announce(prefix, [TRANSIT[1], holder], time, peers=ANSWER_REACHED)
        return self.routes.withdraw(prefix, time) if start == event.end else []

    def _leak(self, event: Event, time: float, *, over: bool) -> list[tuple[float, bytes]]:
        out = []
        for key in event.entities:
            origin = int(key.partition("/")[2])
            way = [TRANSIT[2], origin] if over else [TRANSIT[2], TOLD, LEAKER, LEARNED_FROM, origin]
            for pid in [pid for pid in self.routes.of_network(origin) if ":" not in self.table.prefixes[pid]][:LEAKED]:
                out += self.routes.announce(self.table.prefixes[pid], way, time, peers=LEAK_REACHED)
        return out

    # ------------------------------------------------------------------ who is meant

    def _of(self, event: Event) -> list[int]:
        """Prefixes in the countries that an event names; those of its networks that lie in their own country."""
        named = {int(key[4:]): _country(key) for key in event.entities if key.startswith("asn/")}
        codes = {key[8:] for key in event.entities if key.startswith("country/")}
        return [
            pid
            for pid, (asn, code) in enumerate(zip(self.table.origins.tolist(), self.table.countries, strict=True))
            if named.get(asn) == code or code in codes
        ]

    def _fall(self, event: Event) -> _Fall:
        groups: dict[tuple[int, str, bool], list[int]] = {}
        for pid in self._of(event):
            key = (int(self.table.origins[pid]), self.table.countries[pid], ":" in self.table.prefixes[pid])
            groups.setdefault(key, []).append(pid)
        parts = []
        for pids in groups.values():  # prefixes lie in an order that was drawn
            shares = np.cumsum([0, *self.table.blocks[pids].tolist()]) / self.table.blocks[pids].sum()
            parts.append((pids, shares))
        return _Fall(event, parts)

    def _target(self, event: Event) -> tuple[str, int]:
        """The /24 that is hijacked, and its holder: the third one inside the holder's smallest larger prefix."""
        pids = [pid for pid in self._of(event) if ":" not in self.table.prefixes[pid] and self.table.blocks[pid] >= 4]
        pid = min(pids, key=lambda pid: (int(self.table.blocks[pid]), self.table.prefixes[pid]))
        octets = self.table.prefixes[pid].partition("/")[0].split(".")
        return f"{octets[0]}.{octets[1]}.{int(octets[2]) + 2}.0/24", int(self.table.origins[pid])


def _country(key: str) -> str:
    """The country (alpha-2) of an event's entity."""
    kind, _, code = key.partition("/")
    return code if kind == "country" else networks()[int(code)].home
