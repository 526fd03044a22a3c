"""What pages know of the world: one snapshot of the published documents, and the last good one when the store is gone.

The store is asked for its version at most once per request; the documents are read anew only when it has changed. When
it cannot be asked, the last good snapshot is used and says since when it has been so (``lost_since``); when there never
was one, ``StoreUnavailable`` goes up and the site answers 503. Errors are not kept: each request asks again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from flask import current_app, g, has_request_context

from radar import languages, retell
from radar.api import access
from radar.components import times
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.shapes import Clock, EntityState, Notice, Outage, QualityRow, Routing, RoutingView, SourceStatus
from radar.shapes.jobs import Jobs
from radar.shapes.quality import Performance, PerformanceNow
from radar.shapes.reliability import Reliability
from radar.store import board, documents, performance, reliability, routes, travel

#: A publication that is older than this by the wall clock has stalled.
STALLED_AFTER = timedelta(minutes=5)

_NAMES = ("clock", "sources", "outages", "notice", "quality", "entities")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Documents of one publication. ``clock`` None: nothing has been published yet."""

    version: int
    clock: Clock | None
    sources: list[SourceStatus]
    outages: list[Outage]
    notice: Notice | None
    quality: list[QualityRow]
    entities: list[dict[str, Any]]
    states: dict[str, EntityState]
    lost_since: datetime | None = None  # wall clock; None while the store answers
    stalled_since: datetime | None = None  # wall clock of the last publication, when that is too long ago
    at: str | None = None  # the moment that it is of, where that is not now (pages._then)

    @property
    def now(self) -> str:
        """What time the radar believes it is; the wall clock before the first publication."""
        return self.clock["now"] if self.clock else times.rfc3339(wall())

    @property
    def is_blind(self) -> bool:
        """Whether no place at all has enough data to say anything: then nothing open is no calm."""
        return all(seen["state"] == "insufficient" for seen in self.states.values())

    def source(self, name: str) -> SourceStatus | None:
        """One source's row, or None."""
        return next((row for row in self.sources if row["name"] == name), None)

    def title(self, name: str) -> str:
        """What a source is called; its name where nothing is known of it."""
        found = self.source(name)
        return found["title"] if found else name

    def outage(self, id: str) -> Outage | None:
        """The outage of that id as the list has it, or None."""
        return next((row for row in self.outages if row["id"] == id), None)

    def current(self, status: str = "open") -> list[Outage]:
        """Outages of that status that belong to the running clock, newest first."""
        return [row for row in self.outages if row["status"] == status and not row.get("history")]


class _Memory:
    """The last good snapshot of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.snapshot: Snapshot | None = None
        self.lost_since: datetime | None = None
        self.jobs: Jobs | None = None
        self.retold: dict[str, tuple[int, Snapshot]] = {}  # by language: of which version, and what it says
        self.routing: tuple[int, Routing | None] | None = None  # of which version, and what it held


_memory = _Memory()


def wall() -> datetime:
    """The wall clock. ``app.config["RADAR_WALL"]`` may hold another one."""
    given = current_app.config.get("RADAR_WALL") if has_request_context() else None
    return cast(Callable[[], datetime], given)() if given else datetime.now(UTC)


def note_hole() -> None:
    """Remember for this request that something could not be read, or changes without a publication, so that the answer
    is not kept."""
    if has_request_context():
        g.has_hole = True


def has_hole() -> bool:
    """Whether the answer to this request must not be kept."""
    return has_request_context() and bool(g.get("has_hole"))


def forget() -> None:
    """Drop the last good snapshot, as a process that has just started."""
    with _memory.lock:
        _memory.snapshot = None
        _memory.lost_since = None
        _memory.jobs = None
        _memory.routing = None
        _memory.retold.clear()


def snapshot() -> Snapshot:
    """The documents as they are now; read once per request.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked and this process has never read a document.
    """
    kept: Snapshot | None = g.get("snapshot") if has_request_context() else None
    if kept is not None:
        return kept
    fresh = _judged(_spoken(_current()), wall())
    if has_request_context():
        g.snapshot = fresh
    return fresh


def outage(id: str) -> Outage | None:
    """One outage in full, with its updates; the list's form when the store is gone; None when there is none."""
    listed = snapshot().outage(id)
    try:
        found = retell.document(documents.get(access.client(), f"outage:{id}"))
        return cast("Outage | None", found) or listed
    except StoreUnavailable:
        if listed is None:
            raise
        return listed


def routing() -> Routing | None:
    """What the stream of route messages published; None while no routing source runs.

    It is large, so it is read only by pages that need it and once per publication. The last good one when the store
    is gone; StoreUnavailable when this process never read it.
    """
    version = snapshot().version
    kept = _memory.routing
    if kept is None or kept[0] != version:
        try:
            kept = (version, cast("Routing | None", documents.get(access.client(), "routing")))
            _memory.routing = kept
        except StoreUnavailable:
            note_hole()
            if kept is None:
                raise
    found = kept[1]
    return found and cast(Routing, {**found, "events": retell.document(found["events"])})


def jobs() -> Jobs | None:
    """What the workers say of themselves; None before one did. It belongs to no publication, so it is asked for each
    time, and a page that tells it is not kept; the last that was read while the store is gone."""
    note_hole()
    with suppress(StoreUnavailable):
        _memory.jobs = board.read(access.client())
    return _memory.jobs


def route(entity: str) -> RoutingView | None:
    """The routing table's view of one entity; None where the table never held it. Raises StoreUnavailable."""
    try:
        return routes.read(access.client(), entity)
    except StoreUnavailable:
        note_hole()
        raise


def performance_now() -> PerformanceNow | None:
    """How all countries performed in the last hour; None while no edge log gives hours. Raises StoreUnavailable."""
    try:
        return cast("PerformanceNow | None", documents.get(access.client(), "performance"))
    except StoreUnavailable:
        note_hole()
        raise


def performance_of(entity: str) -> Performance | None:
    """How one entity performed in the last hour; None where nothing was measured, or the store cannot be asked."""
    try:
        return performance.read(access.client(), entity)
    except StoreUnavailable:
        note_hole()
        return None


def oldest() -> datetime | None:
    """When the first publication of all was; None where there was none, or the store cannot be asked."""
    try:
        return travel.oldest(access.client())
    except StoreUnavailable:
        note_hole()
        return None


def reliability_of(entity: str) -> Reliability | None:
    """How reliable one entity was over twelve months; None where nothing was counted, or the store cannot be asked."""
    try:
        return reliability.read(access.client(), entity)
    except StoreUnavailable:
        note_hole()
        return None


def _current() -> Snapshot:
    try:
        version = documents.version(access.client())
        if _memory.snapshot is None or _memory.snapshot.version != version or _memory.snapshot.clock is None:
            fresh = _load()
            with _memory.lock:
                _memory.snapshot = fresh
    except StoreUnavailable:
        with _memory.lock:
            if _memory.snapshot is None or _memory.snapshot.clock is None:
                raise
            _memory.lost_since = _memory.lost_since or wall()
            return replace(_memory.snapshot, lost_since=_memory.lost_since)
    with _memory.lock:
        _memory.lost_since = None
        return _memory.snapshot


def _load() -> Snapshot:
    read = documents.read(access.client(), _NAMES, states=True)
    docs = read.docs
    return Snapshot(
        version=read.version,
        clock=docs["clock"],
        sources=docs["sources"] or [],
        outages=docs["outages"] or [],
        notice=docs["notice"],
        quality=docs["quality"] or [],
        entities=docs["entities"] or [],
        states=read.states,
    )


def _spoken(snapshot: Snapshot) -> Snapshot:
    """The same with its sentences in the reader's language, put there once per publication."""
    language = languages.current()
    if language == "en":
        return snapshot
    kept = _memory.retold.get(language)
    if kept is None or kept[0] != snapshot.version or snapshot.clock is None:
        kept = (snapshot.version, told(snapshot))
        _memory.retold[language] = kept
    return replace(kept[1], lost_since=snapshot.lost_since)


def told(snapshot: Snapshot) -> Snapshot:
    """The documents with their sentences in the reader's language."""
    return replace(
        snapshot,
        sources=[_source(row) for row in snapshot.sources],
        outages=retell.document(snapshot.outages),
        notice=retell.document(snapshot.notice),
        states=retell.document(snapshot.states),
    )


def _source(row: SourceStatus) -> SourceStatus:
    told = {
        "title": retell.text(row["title"]),
        "org": retell.text(row["org"]),
        "licence": retell.text(row["licence"]),
        "attribution": retell.text(row["attribution"]),
    }
    return cast(SourceStatus, retell.document(row) | told)


def _judged(snapshot: Snapshot, now: datetime) -> Snapshot:
    """Whether publication has stalled: the clock should be running, and the last publication is long ago. Then no place
    is called normal and no source on time: what was well is not known to be so still. What was broken stays so until
    something says more."""
    clock = snapshot.clock
    if clock is None or clock["speed"] == 0:
        return snapshot
    published = times.parse(clock["wall"])
    if now - published <= STALLED_AFTER:
        return snapshot
    words = _("Nothing new has come in for a while")
    states = {
        key: cast(EntityState, {**seen, "state": "insufficient", "since": None, "words": words})
        if seen["state"] == "ok"
        else seen
        for key, seen in snapshot.states.items()
    }
    # a replay has a clock of its own, by which nothing has become later
    more_s = (now - published).total_seconds() if clock["mode"] == "live" else 0.0
    sources = [cast(SourceStatus, {**row, "lag_s": None if row["lag_s"] is None else row["lag_s"] + more_s,
                                   "state": "late" if row["state"] == "ok" else row["state"]})
               for row in snapshot.sources]  # fmt: skip
    return replace(snapshot, stalled_since=published, states=states, sources=sources)
