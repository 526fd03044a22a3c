"""The watches over origins and paths: given to the table, asked each minute, archived and kept in snapshots.

They judge by two files of the operator's: validated ROA payloads and a list of AS relationships. Without them less can
be said, and the candidates say so.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import structlog

from radar.archive import Archive
from radar.errors import RadarError
from radar.routing import events as lines
from radar.routing.leaks import LeakWatch
from radar.routing.origins import OriginWatch
from radar.routing.relations import Relations
from radar.routing.rpki import Vrps
from radar.routing.session import Session
from radar.routing.table import Table
from radar.routing.views import Evaluation
from radar.settings import Settings
from radar.shapes import RouteEvent
from radar.sources import get
from radar.times import parse, rfc3339

log = structlog.get_logger(__name__)

#: Candidates first seen within this time of a changed one are archived with it: a bin's count is that of one answer.
TOGETHER = timedelta(minutes=10)
#: Candidates that are over are shown for this long, and so many at most, the newest ones: a watch itself forgets them
#: within minutes.
SHOWN_FOR, SHOWN_MOST = timedelta(days=7), 500


@dataclass(slots=True)
class _File:
    """One of the operator's files, read again when it has changed."""

    path: Path | None
    read_at: float = 0.0

    def changed(self) -> bytes | None:
        """Its bytes when they are new; None when nothing has changed or it cannot be read, which is told in the log."""
        if self.path is None:
            return None
        try:
            at = self.path.stat().st_mtime
            if at == self.read_at:
                return None
            body = self.path.read_bytes()
        except OSError as error:
            log.warning("file not read", file=str(self.path), error=error.strerror or str(error))
            return None
        self.read_at = at
        return body


class Watches:
    """Both watches. ``simulated`` marks what they find."""

    def __init__(self, *, vrps: Path | None = None, relations: Path | None = None, simulated: bool = False) -> None:
        self._simulated = simulated
        self._files = {"vrps": _File(vrps), "relations": _File(relations)}
        self._vrps: Vrps | None = None
        self._relations: Relations | None = None
        self.clear()

    @classmethod
    def of(cls, settings: Settings) -> Watches:
        """Those that these settings ask for."""
        return cls(vrps=Path(settings.vrps_file) if settings.vrps_file else None,
                   relations=Path(settings.relations_file) if settings.relations_file else None)  # fmt: skip

    def clear(self) -> None:
        """Begin anew, as with an empty table."""
        self._announced: dict[str, int] = {}
        self._over: dict[str, RouteEvent] = {}
        self.origins = OriginWatch(self._vrps, self._relations, simulated=self._simulated)
        self.leaks = LeakWatch(
            self._relations, simulated=self._simulated, announced=lambda asn: self._announced.get(f"asn/{asn}")
        )

    def attach(self, table: Table) -> None:
        """Let a table tell what it sees. Paths are looked at only where relations are known."""
        table.watch = self.origins
        table.paths = self.leaks if self.leaks.judging else None

    def refresh(self, table: Table, now: float) -> None:
        """Read the operator's files where they have changed. A broken one leaves the last good one in use."""
        for name, make in (("vrps", Vrps.load), ("relations", Relations.load)):
            body = self._files[name].changed()
            if body is None:
                continue
            try:
                setattr(self, f"_{name}", make(body))
            except RadarError as error:
                log.error("file not understood, the last good one stays", file=name, error=str(error))
                continue
            self.origins.use(self._vrps, self._relations, now)
            self.leaks.use(self._relations)
            self.attach(table)

    def minute(self, session: Session, archive: Archive, *, simulated: bool) -> None:
        """Let both judge the newest evaluation, and archive what changed. A full disk is told in the log."""
        found = session.newest
        if found is None:
            return
        self._count(session, found)
        full = [[m.peer.key for m in found.members if m.full[side]] for side in (0, 1)]
        at = datetime.fromtimestamp(found.at, UTC)
        for name, changed, known in (
            ("origin_hijacks", self.origins.minute(found.at, *full), self.origins.events),
            ("route_leaks", self.leaks.minute(found.at, *full), self.leaks.events),
        ):
            if not changed:
                continue
            self._over.update({event["id"]: event for event in changed if event["status"] != "open"})
            body = lines.to_lines(_beside(changed, known()))
            try:
                module = get(name)
                parsed = module.parse(body, name=name)
                archive.put(name, f"{name} {at:%Y-%m-%dT%H:%MZ}", body, parsed.rows, received_at=at,
                            simulated=simulated)  # fmt: skip
            except RadarError as error:
                log.error("candidates not archived", source=name, error=str(error))
        self._forget(rfc3339(at - SHOWN_FOR))

    def _forget(self, before: str) -> None:
        """Drop candidates that were over before this time, and the oldest of too many."""
        kept = sorted((e["last_seen"], id) for id, e in self._over.items() if e["last_seen"] >= before)
        if len(kept) < len(self._over) or len(kept) > SHOWN_MOST:
            self._over = {id: self._over[id] for _, id in kept[-SHOWN_MOST:]}

    def _count(self, session: Session, found: Evaluation) -> None:
        """How many prefixes each network announces, for what is said of a leak's size."""
        counts = [side.prefixes for side in found.sides if side.prefixes is not None]
        if not counts or not self.leaks.judging:
            return
        total = sum(counts[1:], counts[0]).tolist()
        keys = session.evaluator.index.keys
        self._announced = {key: n for key, n in zip(keys, total, strict=False) if n and key.startswith("asn/")}

    def events(self) -> list[RouteEvent]:
        """All that are known, of both kinds: those that go on, and those of the last days that are over."""
        known = [*self.origins.events(), *self.leaks.events()]
        return list(({**self._over, **{event["id"]: event for event in known}}).values())

    def dump(self) -> dict[str, str]:
        """Both as text, for a snapshot, and what is over."""
        parts = {"origins": self.origins.dump(), "leaks": self.leaks.dump(),
                 "over": orjson.dumps(list(self._over.values()))}  # fmt: skip
        return {name: base64.b85encode(part).decode() for name, part in parts.items()}

    def load(self, kept: dict[str, str]) -> None:
        """Go on from what :meth:`dump` gave. Raises ValueError and KeyError."""
        self.clear()
        self.origins.load(base64.b85decode(kept["origins"]))
        self.leaks.load(base64.b85decode(kept["leaks"]))
        over = orjson.loads(base64.b85decode(kept["over"])) if "over" in kept else []
        self._over = {event["id"]: event for event in over}


def _beside(changed: Collection[RouteEvent], known: Collection[RouteEvent]) -> list[RouteEvent]:
    """The changed candidates and all others first seen about the same time."""
    times = [parse(event["first_seen"]) for event in changed]
    low, high = min(times) - TOGETHER, max(times) + TOGETHER
    found = {event["id"]: event for event in known if low <= parse(event["first_seen"]) <= high}
    found.update({event["id"]: event for event in changed})
    return [found[id] for id in sorted(found)]
