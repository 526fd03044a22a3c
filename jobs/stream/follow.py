"""From the spool to the routing table, minute by minute.

What comes out follows from the snapshot and the spool alone; the wall clock is the one that the listener wrote down. A
minute is closed a moment after its end, so that messages that took a second or two still count in it.

**Gaps.** A short one is put down and tolerated: so little can have changed. After a longer one the peers' views are not
believed until the table is whole again: from the collectors' own files of that time (:mod:`jobs.stream.fill`), from a
newer table dump, or from a session that begins anew. Until then the radar says that it cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from jobs.stream.spool import Place, Record, Spool
from radar.routing import Element
from radar.routing.quorum import SILENT_S, state_of
from radar.routing.ris import Reader
from radar.routing.session import Session
from radar.routing.views import Evaluation
from radar.shapes import RoutingGap
from radar.times import rfc3339

#: Seconds after a minute's end before it is closed.
GRACE_S = 2.0
#: A gap up to this long, in seconds, is put down and tolerated.
TOLERATED_S = 15.0
#: A message may claim to be this much newer than our clock, in seconds.
AHEAD_S = 300.0
#: Gaps that are remembered.
KEPT = 50

#: Elements of a collector that fill a gap, by collector.
Fills = dict[str, Callable[[], Iterable[Element]]]


@dataclass(slots=True)
class Gap:
    """Messages that are missing, in seconds. ``since`` None: nothing was ever known before ``until``."""

    id: str
    since: float | None
    until: float | None
    collector: str
    reason: str
    filled: bool = False

    def told(self) -> RoutingGap:
        """As the site is told."""
        return {
            "since": _text(self.since if self.since is not None else self.until) or "",
            "until": _text(self.until),
            "collector": self.collector,
            "reason": self.reason,
            "filled": self.filled,
        }


@dataclass(slots=True)
class Counts:
    """What the newest whole minute held."""

    messages: int = 0
    announcements: int = 0
    withdrawals: int = 0
    changes: int = 0


@dataclass(slots=True)
class Minute:
    """One closed minute. ``start`` in seconds. ``heard``: whether a message came in it."""

    start: float
    heard: bool
    found: Evaluation
    counts: Counts


@dataclass(slots=True)
class Memory:
    """What survives a restart beside the table; plain JSON."""

    segment: str
    offset: int
    minute: int = -1  # the running minute, number since the epoch
    clock: float = 0.0  # the listener's clock at the newest record
    messages: int = 0  # in the running minute
    gaps: list[dict[str, Any]] = field(default_factory=list)
    quiet: dict[str, float] = field(default_factory=dict)  # silent collectors, and when they were last heard
    before: dict[str, int] = field(default_factory=dict)  # counters at the minute's begin


class Follower:
    """Feeds one session from one spool. Not for several threads.

    ``fills``: for the id of a gap, what fills it; asked when the gap is reached.
    """

    def __init__(self, session: Session, spool: Spool, memory: Memory | None = None) -> None:
        self.session = session
        self.spool = spool
        start = spool.start()
        self.memory = memory or Memory(start.segment, start.offset)
        self.reader = Reader()
        self.gaps = [Gap(**gap) for gap in self.memory.gaps]
        self.fills: dict[str, Fills] = {}
        self.memory.before = self._totals()

    @property
    def place(self) -> Place:
        """Up to where the spool has been taken in."""
        return Place(self.memory.segment, self.memory.offset)

    def kept(self) -> dict[str, Any]:
        """The memory as plain JSON, for a snapshot."""
        self.memory.gaps = [asdict(gap) for gap in self.gaps]
        return asdict(self.memory)

    def step(self) -> Iterator[Minute]:
        """Take in what is on the spool now, and yield every minute as it is closed."""
        for record in self.spool.follow(self.place):
            yield from self._minutes(record.at)
            self._take(record)
            self.memory.segment, self.memory.offset = record.after.segment, record.after.offset
            self.memory.clock = max(self.memory.clock, record.at)

    # ------------------------------------------------------------------ one record

    def _take(self, record: Record) -> None:
        if record.note is not None:
            if "gap" in record.note:
                self._gap(record)
            return
        if not record.lines:
            return
        elements = self.reader.elements(record.lines)
        self.memory.messages += len(record.lines)
        if self.memory.quiet:
            self._resume(elements)
        self.session.apply(elements, until=record.at + AHEAD_S)

    def _minutes(self, at: float) -> Iterator[Minute]:
        """Close the minutes that are over at ``at``; a long silence closes only the last of them."""
        memory = self.memory
        if memory.minute < 0:
            memory.minute = int(at // 60)
        now = int((at - GRACE_S) // 60)
        if now <= memory.minute:
            return
        heard = memory.messages > 0
        counts = self._counts()
        start = memory.minute * 60.0
        self._watch_collectors(start + 60.0)
        found = self.session.close(start, heard=heard)
        memory.messages, memory.minute = 0, now
        memory.before = self._totals()
        yield Minute(start, heard, found, counts)

    def _counts(self) -> Counts:
        now, before = self._totals(), self.memory.before
        halves = self.session.table.halves
        changes = sum(len(half.changed) for half in halves)
        return Counts(self.memory.messages, now["announcements"] - before.get("announcements", 0),
                      now["withdrawals"] - before.get("withdrawals", 0), changes)  # fmt: skip

    def _totals(self) -> dict[str, int]:
        tally = self.reader.tally
        return {"announcements": tally.announcements, "withdrawals": tally.withdrawals}

    # ------------------------------------------------------------------ gaps

    def _gap(self, record: Record) -> None:
        said = (record.note or {})["gap"]
        since, until = said["since"], said["until"]
        self._miss(Gap(f"{int(until * 1000)}", since, until, "", said["reason"]))

    def _miss(self, gap: Gap) -> None:
        """Messages are missing: put it down, fill it if that can be done, else stop believing."""
        length = float("inf") if gap.since is None or gap.until is None else gap.until - gap.since
        fills = self.fills.get(gap.id, {})
        if length > TOLERATED_S:
            for collector, elements in fills.items():
                self._fill(gap, collector, elements())
            filled = set(fills) | ({gap.collector} - {""})
            if not fills:
                self.session.unsync(gap.collector or None)
            elif not gap.collector:
                for collector in {peer.collector for peer in self.session.table.peers.values()} - filled:
                    self.session.unsync(collector)
            gap.filled = bool(fills)
        self.gaps = [*(one for one in self.gaps if one.id != gap.id), gap][-KEPT:]

    def _fill(self, gap: Gap, collector: str, elements: Iterable[Element]) -> None:
        """Apply what a collector's own files hold of the gap. They hold every message, so what was whole stays so."""
        low = (gap.since or 0.0) - 2.0
        high = gap.until if gap.until is not None else float("inf")
        self.session.apply(
            (e for e in elements if e[3] == "B" or low <= e[0] <= high), collector=collector, until=high + AHEAD_S
        )

    def _watch_collectors(self, now: float) -> None:
        """A collector of which nothing is heard is a gap of its own: its peers are not all silent by chance."""
        heard: dict[str, float] = {}
        for peer in self.session.table.peers.values():
            if state_of(peer, peer.heard) == "live":
                heard[peer.collector] = max(peer.heard, heard.get(peer.collector, 0.0))
        for collector, last in sorted(heard.items()):
            if now - last > SILENT_S:
                self.memory.quiet.setdefault(collector, last)

    def _resume(self, elements: Iterable[Element]) -> None:
        """Of a collector that was silent something comes again: what came before is missing. Put down before it is
        taken in, so that a session which begins anew with it is believed."""
        quiet = self.memory.quiet
        for time, name, *_ in elements:
            collector = name.partition("|")[0]
            if collector in quiet and time > quiet[collector]:
                self._miss(Gap(f"{collector}-{int(time * 1000)}", quiet.pop(collector), time, collector, "silent"))
                if not quiet:
                    return

    def open_gaps(self) -> list[RoutingGap]:
        """All that is missing or was, newest first."""
        rows = [gap.told() for gap in self.gaps]
        rows += [
            Gap(collector, since, None, collector, "silent").told() for collector, since in self.memory.quiet.items()
        ]
        return sorted(rows, key=lambda row: row["until"] or "9", reverse=True)

    def state(self, minute: Minute) -> Literal["live", "catching_up", "silent", "too_few_peers"]:
        """How the table is, in one word."""
        sides = minute.found.sides
        if sides[0].blocks is None and sides[1].blocks is None:
            unsynced = sum(member.state == "unsynced" for member in minute.found.members)
            silent = sum(member.state == "silent" for member in minute.found.members)
            if not minute.heard or silent > unsynced:
                return "silent"
            return "catching_up" if unsynced else "too_few_peers"
        return "live"


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(datetime.fromtimestamp(seconds, UTC))
