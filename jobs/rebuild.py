"""``radar rebuild``: work everything out again that a live radar published, from the archive, into an empty store.

The same pipeline goes through the same files, with the clock of each tick as the live radar wrote it down
(`jobs/trail.py`): what was known when is then what it was, and an outage gets the same id and the same words. Where no
ticks were written down, they are made up: one every ``RADAR_TICK_S``, which knows what was archived by then.

It publishes every ``PUBLISH_TICKS`` ticks and notes how far it is in the same transaction. A rebuild that was killed
goes on from there, with the series as they were then (`jobs/undo.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog

from jobs.clock import ClockMode
from jobs.collect import enabled
from jobs.consent import off
from jobs.ledger import Ledger
from jobs.live import PATIENCE, LivePipeline, settle
from jobs.past import Past
from jobs.trail import Trail
from jobs.undo import Undo, UndoneHistory
from jobs.work import PIPELINE, PIPELINE_TTL_S, kept
from radar.archive import STAMP, STAMP_LENGTH, moment
from radar.errors import ConfigError, RadarError
from radar.settings import Settings
from radar.store import Store, asking, clear, documents, keys, primaries
from radar.store.lease import Lease, acquire
from radar.store.retention import Keep
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: The pipeline publishes every so many ticks.
PUBLISH_TICKS = 60
#: A window that ends within this time of now is that of a live radar, which goes on from there.
LIVE = timedelta(hours=1)
#: A past window is kept for as long as the store is.
FOR_EVER = Keep(0, 0, 0)
#: Keys that say nothing about what was published.
_PASSING = (keys.lease("").encode(), keys.queue("").encode(), keys.beacon("").encode(), keys.JOURNALS.encode())
#: Name of the blob that says what is being rebuilt, and how far it is.
MARK = "now:rebuild"


@dataclass(slots=True)
class Mark:
    """What is being rebuilt. ``asked``: as the caller said it; ``done``: ticks that are published; times RFC 3339."""

    asked: dict[str, Any]
    since: str
    until: str
    done: int = 0
    files: int = 0
    rows: int = 0
    complete: bool = False


@dataclass(slots=True)
class Report:
    """What a rebuild did. ``written_down``: ticks of which the live radar left a line; the others were made up.
    ``resumed``: an earlier run had come so far."""

    since: str
    until: str
    ticks: int = 0
    written_down: int = 0
    resumed: int = 0
    files: int = 0
    rows: int = 0
    outages: int = 0
    complete: bool = False
    seconds: float = 0.0
    sources: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Moment:
    """One tick to be done again. ``begun`` None: it was made up, and nobody knows."""

    now: datetime
    cursor: str
    begun: frozenset[str] | None


class RebuiltPipeline(LivePipeline):
    """A live pipeline whose past is told to it."""

    def __init__(self, client: Store, archive: Past, mark: Mark, **options: Any) -> None:
        super().__init__(client, archive, **options)
        self.past, self.mark = archive, mark
        self._told: frozenset[str] | None = None

    def step(self, tick: Moment) -> bool:
        """Do what the live radar did in this tick, but for publishing it. Returns whether there is news."""
        self.past.until, self._now, self._told = tick.cursor, tick.now, tick.begun
        files, rows = self.ingest()
        if self.shelf:
            self.shelf.read()
        changed = self.advance(tick.now)[1]
        self.mark.files, self.mark.rows = self.mark.files + files, self.mark.rows + rows
        return bool(changed)

    def settle(self) -> None:
        """Take what was taken in as published: the live radar had done that, and a run that goes on after a break finds
        the store as it was then."""
        for run in self.runs.values():
            run.published = True

    def _is_ready(self, name: str) -> bool:
        if self._told is not None:
            return name in self._told
        first = next(iter(self.past.files(name)), None)
        return first is not None and self._now is not None and self._now - first.received_at > PATIENCE

    def _blobs(self, now: datetime) -> dict[str, bytes]:
        return {**super()._blobs(now), MARK.partition(":")[2]: orjson.dumps(self.mark)}


def rebuild(
    settings: Settings,
    client: Store,
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    sources: tuple[str, ...] = (),
    replace: bool = False,
    progress: Callable[[float, str], None] | None = None,
    stop: threading.Event | None = None,
) -> Report:
    """Rebuild a window.

    Parameters
    ----------
    now
        The wall clock.
    since, until
        First and last moment of the radar's clock; None: the first of which there is something, and now.
    sources
        Only these; none: all that the archive has.
    replace
        Empty the store first, whatever it holds.
    progress
        Called with the share that is done and a text.
    stop
        When set, the rebuild ends where it can be taken up again.

    Raises
    ------
    ConfigError
        The store is not empty, or nothing is archived of that time.
    RadarError
        A radar is working on this store.
    StoreUnavailable, ArchiveError
        One of them cannot be used. What was done is kept.
    """
    began = time.perf_counter()
    asked = {"since": _text(since), "until": _text(until), "sources": sorted(sources)}
    lease = _taken(client)
    mark = _mark(client)
    if mark is not None and (mark.complete or mark.asked != asked):
        mark = None
    if replace and mark is None:
        lease = _emptied(client, lease)
    elif mark is not None and mark.done == 0:  # nothing of it was published: bins without a memory of them are no use
        lease, mark = _emptied(client, lease), None
    with kept(lease):
        archive = Past(settings.data_dir, sources or None)
        if mark is None:
            _refuse_unless_empty(client)
            begin, end = _window(settings, archive, since, until, now)
            mark = Mark(asked, rfc3339(begin), rfc3339(end))
            documents.publish(client, {}, blobs={MARK: orjson.dumps(mark)}, lease=lease)
        found = _run(settings, client, archive, mark, lease, now, progress, stop or threading.Event())
    found.seconds = round(time.perf_counter() - began, 3)
    log.info("rebuilt", **{name: value for name, value in asdict(found).items() if name != "sources"})
    return found


def _run(
    settings: Settings,
    client: Store,
    archive: Past,
    mark: Mark,
    lease: Lease,
    now: datetime,
    progress: Callable[[float, str], None] | None,
    stop: threading.Event,
) -> Report:
    since, until = datetime.fromisoformat(mark.since), datetime.fromisoformat(mark.until)
    goes_on = until >= now - LIVE
    keep, undo = Keep.of(settings) if goes_on else FOR_EVER, Undo(settings.data_dir)
    if mark.done:
        undo.restore(client, mark.done)
        undo.begin(mark.done)
    line = RebuiltPipeline(
        client,
        archive,
        mark,
        ledger=Ledger(settings.data_dir),
        enabled=[collected.SOURCE.name for collected in enabled(settings)],
        off=off(settings),
        networks=settings.tracked_networks,
        keep=keep,
        settle=settle(settings),
        history=lambda client, group: UndoneHistory(client, group, keep=keep, undo=undo),
        lease=lease,
    )
    report = Report(mark.since, mark.until, resumed=mark.done, sources=archive.sources())
    before = since
    for number, tick in enumerate(_ticks(settings, archive, since, until), 1):
        report.ticks, report.written_down = number, report.written_down + (tick.begun is not None)
        if number > report.resumed:
            news = line.step(tick)
            mark.done = number
            line.settle()
            if number % PUBLISH_TICKS == 0:
                line.publish(tick.now)
                undo.begin(number)
            elif tick.begun is not None or news or number == 1 or tick.now.hour != before.hour:
                line.remember(tick.now)  # it was published, or may be asked for
            if progress:
                progress((tick.now - since) / max(until - since, timedelta(seconds=1)), rfc3339(tick.now))
        before = tick.now
        if stop.is_set() and number % PUBLISH_TICKS == 0:
            break
    else:
        mark.complete = True
        line.clock = line.clock if goes_on else ClockMode("replay", 0.0, since, until)
        line.publish(before)
        undo.done()
    report.files, report.rows, report.complete = mark.files, mark.rows, mark.complete
    report.outages = len(list(line.book.all))
    return report


# -- the window --------------------------------------------------------------------------------------------------------


def _window(
    settings: Settings, archive: Past, since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """First and last moment. Raises ConfigError when there is nothing to rebuild."""
    end = until or now
    days = archive.all_days()
    if not days:
        raise ConfigError(f"nothing is archived in {settings.data_dir} of these sources; RADAR_DATA_DIR names the "
                          "folder of a radar")  # fmt: skip
    archive.until = _known(end)
    first = next(iter(archive.files()), None)
    if first is None:
        raise ConfigError(f"nothing was archived until {rfc3339(end)}; the first answer came on {days[0]}")
    tick = next(Trail(settings.data_dir).read(), None)
    came = moment(first.id[:STAMP_LENGTH])
    # a radar that has just been set up ticks before it has anything to judge by
    begin = since or (tick.now if tick is not None and tick.now - came < PATIENCE else came)
    if begin >= end:
        raise ConfigError(f"--from {rfc3339(begin)} is not before --until {rfc3339(end)}")
    return begin.replace(microsecond=0), end.replace(microsecond=0)


def _ticks(settings: Settings, archive: Past, since: datetime, until: datetime) -> Iterator[Moment]:
    """Every tick of the window: those that were written down, and made-up ones before the first of them."""
    written = Trail(settings.data_dir).read(since, until)
    first = next(written, None)
    step = timedelta(seconds=settings.tick_s)
    at = since
    while at < (first.now if first else until):
        at = min(at + step, until)
        if first is None or at < first.now:
            yield Moment(at, _known(at), None)
    for tick in (first, *written) if first else ():
        if tick.cursor is not None:
            yield Moment(tick.now, tick.cursor, frozenset(tick.begun))


def _known(at: datetime) -> str:
    """A place in the queue after all that had come by a moment. Answers of one moment follow each other there by
    microseconds, thousands of them by milliseconds."""
    return (at.astimezone(UTC) + timedelta(seconds=1)).strftime(STAMP)


# -- the store ---------------------------------------------------------------------------------------------------------


def _taken(client: Store) -> Lease:
    """The lease of those who write. Raises RadarError when a radar has it."""
    lease = acquire(client, PIPELINE, PIPELINE_TTL_S)
    if lease is None:
        raise RadarError(f"a radar works on this store, or did until {PIPELINE_TTL_S:g} s ago; stop `radar run` or "
                         "`radar jobs` first")  # fmt: skip
    return lease


def _emptied(client: Store, lease: Lease) -> Lease:
    """Delete everything of this project, and hold the lease again. Raises RadarError when somebody wrote meanwhile."""
    clear(client)
    again = acquire(client, PIPELINE, PIPELINE_TTL_S)
    if again is None or documents.version(client):
        raise RadarError(f"a radar wrote into the store while it was emptied (lease {lease.name}); stop it first")
    return again


def _refuse_unless_empty(client: Store) -> None:
    with asking("look whether it is empty"):
        for node in primaries(client):
            for key in node.scan_iter(match=f"{keys.PREFIX}*", count=1000):
                if not key.startswith(_PASSING):
                    raise ConfigError("the store is not empty; --replace deletes what was published there, and never "
                                      "what people said")  # fmt: skip


def _mark(client: Store) -> Mark | None:
    raw = documents.blob(client, MARK)
    return Mark(**orjson.loads(raw)) if raw else None


def _text(t: datetime | None) -> str | None:
    return rfc3339(t) if t else None
