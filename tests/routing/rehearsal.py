"""Run a case through the real table and both watches, minute by minute, as the stream process does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from radar.errors import UpstreamChanged
from radar.routing.leaks import LeakWatch
from radar.routing.origins import OriginWatch
from radar.routing.quorum import full_feed, members
from radar.routing.relations import Relations
from radar.routing.rpki import Vrps
from radar.routing.table import Table
from radar.shapes import RouteEvent
from tests.routing.cases import Case


@dataclass
class Played:
    """What came of a case: every candidate in its newest form, and when it was first told (stream seconds)."""

    origins: OriginWatch
    leaks: LeakWatch
    told: list[tuple[float, RouteEvent]] = field(default_factory=list)

    @property
    def newest(self) -> dict[str, RouteEvent]:
        return {event["id"]: event for _at, event in self.told}

    def hijacks(self) -> list[RouteEvent]:
        return [event for event in self.newest.values() if event["kind"] != "leak"]

    def leaked(self) -> list[RouteEvent]:
        return [event for event in self.newest.values() if event["kind"] == "leak"]

    def known_at(self, id: str) -> float:
        return next(at for at, event in self.told if event["id"] == id)


def play(
    case: Case,
    *,
    relations: bool = True,
    vrps: bool = True,
    each_minute: Callable[[float, OriginWatch, LeakWatch], None] = lambda _now, _origins, _leaks: None,
) -> Played:
    """Play a case with the operator's files or without them."""
    table = Table()
    file = Relations.load(case.relations_file) if relations else None
    signed = Vrps.load(case.vrps_file) if vrps and case.vrps_file else None
    out = Played(OriginWatch(signed, file, simulated=True), LeakWatch(file, simulated=True))
    table.watch, table.paths = out.origins, out.leaks
    table.take(case.dump)
    for time, _peer, _asn, _kind, _prefix, path in case.dump:
        out.leaks.learn(path or "", time)
    table.settled = True
    now, batch = case.start + 60, []
    for element in [*case.stream, (case.stream[-1][0] + 61, *case.stream[-1][1:])]:
        while element[0] >= now:
            table.take(batch)
            batch = []
            found = members(table, now)
            full = [[peer.key for peer in full_feed(half, found)] for half in table.halves]
            table.age(now)
            for watch in (out.origins, out.leaks):
                out.told.extend((now, event) for event in watch.minute(now, *full))
            each_minute(now, out.origins, out.leaks)
            now += 60
        if element[3] == "W" and element[4] in out.leaks.carried:
            out.leaks.drop(element[0], element[4], element[1])
        batch.append(element)
    return out


def refusal(load: Callable[[bytes], object], body: bytes) -> str | None:
    """What a reader says against the bytes; None when it takes them. Any other error goes through."""
    try:
        load(body)
    except UpstreamChanged as error:
        return str(error)
    return None
