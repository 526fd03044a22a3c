"""Ask the upstreams and archive what they say. Needs no store, so it goes on while Redis is down.

Bytes are archived before anything reads them: an answer that cannot be parsed today is kept for a better parser. Where
a source goes on the next time is in its ledger entry (:func:`resume_at`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import polars as pl
import structlog

from jobs.claims import check_sources
from jobs.consent import require, why_not
from jobs.ledger import EXAMPLES, Entry, Ledger
from radar.archive import Archive, ArchivedFile
from radar.errors import ArchiveError, RadarError, SchemaError, SourceError, UpstreamChanged, UpstreamUnavailable
from radar.http import Http
from radar.schema import Parsed, check_signals, empty_signals
from radar.settings import Settings
from radar.sources import WHOLE, Answer, Cut, Shard, Source, SourceModule, Streaming, discover
from radar.times import parse as parse_time
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: The first collection reaches back this far, so that a baseline can be learnt; further for sources of months.
FIRST_REACH = timedelta(days=28)
#: Each later one asks again for this many bins of each signal: upstreams revise their newest ones.
OVERLAP_BINS = 3
#: How far one signal that lags behind the others, or answers that were not understood, hold a source back.
HOLD_BACK = timedelta(hours=6)
#: While an upstream answers and has nothing new, it is asked again for this long, and at most for this long.
STALE_BACK = timedelta(hours=22)
#: So many answers not understood and none that was: asking on would only be a burden.
ENOUGH = 10


@dataclass(slots=True)
class Report:
    """What one collection of one source gave. ``running``: none was started, an earlier one is still at it,
    or another worker's. ``part``: which part of the source, "" for all of it."""

    source: str
    ok: bool = False
    answers: int = 0
    rows: int = 0
    rejected: int = 0
    newest_bin: str | None = None
    seconds: float = 0.0
    error: str | None = None
    examples: list[dict[str, str | int]] = field(default_factory=list)
    running: bool = False
    part: str = ""


#: Holds a source; gives the archive that its answers may be written to, or None when another worker is at it.
Free = Callable[[str], AbstractContextManager[Archive | None]]


class TakenOver(Exception):
    """A collection lost its claim, as it was stopped for too long: another worker does it now, and what this one would
    still archive or note is not wanted."""


def resume_at(source: Source, entry: Entry, now: datetime) -> datetime:
    """From when on a source is asked.

    Where it was left: at the end of the last collection that asked for everything, and before that at the newest bin of
    each of its signals, since they come with lags of their own. A collection that was broken off counts for nothing: it
    may have asked for a few countries only.
    """
    grains = {signal: timedelta(seconds=seconds) for signal, seconds in source.signals.items()}
    coarsest = max(grains.values(), default=timedelta())
    back = 2 * timedelta(seconds=source.lag_s) + 4 * coarsest
    first = now - max(FIRST_REACH, back)
    if not grains:  # happenings: from where they were last read whole
        return max(parse_time(entry.complete_until), first) if entry.complete_until else first
    if entry.asked_until is None or not entry.newest_bins:
        return first
    asked = parse_time(entry.asked_until)
    whole = parse_time(entry.complete_until) if entry.complete_until else first
    newest = {signal: parse_time(text) for signal, text in entry.newest_bins.items()}
    front = max(newest.values())
    places = [max(whole, asked - HOLD_BACK)]
    places += [max(t, front - HOLD_BACK) - OVERLAP_BINS * grains.get(signal, coarsest) for signal, t in newest.items()]
    return max(min(places), asked - max(STALE_BACK, back), first)


def collect(
    module: SourceModule, now: datetime, *, http: Http, archive: Archive, ledger: Ledger, simulated: bool = False
) -> Report:
    """Fetch one source from where it was left up to ``now``, archive, and write its ledger entry. Never raises: what
    went wrong is in the report and, where it can be written, in the ledger."""
    return keep(module, ask(module, now, http, ledger), now, archive=archive, ledger=ledger, simulated=simulated)


def ask(module: SourceModule, now: datetime, http: Http, ledger: Ledger, shard: Shard = WHOLE) -> Iterator[Answer]:
    """The answers of a source, or of a part of it, from where it was left up to ``now``. Nothing is asked before the
    first is wanted."""
    since = resume_at(module.SOURCE, ledger.read(module.SOURCE.name, shard.label), now)
    if shard == WHOLE:
        yield from module.fetch(http, since, now)
    else:
        yield from cast(Cut, module).fetch(http, since, now, shard=shard)


def keep(
    module: SourceModule,
    answers: Iterable[Answer],
    now: datetime,
    *,
    archive: Archive,
    ledger: Ledger,
    simulated: bool = False,
    part: str = "",
) -> Report:
    """Archive answers as they come, with the rows they hold; note in the ledger how it went. Never raises.

    ``archive`` may be guarded (:meth:`Archive.guarded`): when its check raises :class:`TakenOver`, all that was not
    written yet is left to the worker that took the collection over, the note included.
    """
    name = module.SOURCE.name
    began = time.perf_counter()
    found = Found(name)
    failure: str | None = None
    ended = False
    try:
        whole = getattr(module, "together", None)
        files: list[ArchivedFile] = []
        for answer in answers:
            found.answers += 1
            file = archive.put_raw(name, answer.name, answer.body, received_at=now, simulated=simulated)
            if whole is not None:
                files.append(file)
                continue
            parsed = _understood(module, answer, found)
            if parsed is not None:
                archive.put_rows(file, parsed.rows, simulated=simulated)
                found.take(parsed)
            elif len(found.wrong) == found.answers == ENOUGH:
                raise UpstreamUnavailable(name, f"none of {ENOUGH} answers was understood, first {found.wrong[0]}")
        if files:
            _keep_together(module, files, found, archive, simulated=simulated)
        ended = True
    except TakenOver:
        return _left(name, part, found)
    except RadarError as error:
        failure = str(error)
        # it was asked for everything, and asking again would not help: some of it is refused or no data at all
        ended = isinstance(error, UpstreamChanged) and found.answers > len(found.wrong)
    except Exception as error:  # a source is somebody's plug-in: whatever it raises is its own failure alone
        failure = f"{name}: {type(error).__name__}: {error}"
        log.exception("source failed", source=name)
    if failure is None and found.wrong:
        failure = f"{len(found.wrong)} of {found.answers} answers were not understood, first {found.wrong[0]}"
    report = found.report(failure, round(time.perf_counter() - began, 3))
    report.part = part
    try:
        with archive.writing():
            note(ledger, report, now, found, ended=ended)
    except TakenOver:
        return _left(name, part, found)
    except ArchiveError:  # a folder that cannot be locked: what it is that fails is told all the same
        note(ledger, report, now, found, ended=ended)
    log.info("collected", source=name, part=part, ok=report.ok, answers=report.answers, rows=report.rows,
             rejected=report.rejected, seconds=report.seconds, error=report.error)  # fmt: skip
    return report


def _left(name: str, part: str, found: Found) -> Report:
    log.warning("collection left to the worker that took it over", source=name, part=part, answers=found.answers)
    return Report(name, running=True, answers=found.answers, part=part)


class Found:
    """What the answers of one collection held, added up."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.answers = 0
        self.rows = 0
        self.rejected: Counter[str] = Counter()
        self.example: dict[str, str] = {}
        self.newest: dict[str, str] = {}
        self.wrong: list[str] = []

    def take(self, parsed: Parsed) -> None:
        """Add one answer."""
        self.rows += parsed.rows.height
        for item in parsed.rejected:
            self.rejected[item.reason] += item.count
            self.example.setdefault(item.reason, item.example)
        for signal, newest in parsed.rows.group_by("signal").agg(pl.col("timebin").max()).iter_rows():
            self.newest[signal] = max(rfc3339(newest), self.newest.get(signal, ""))

    def report(self, error: str | None, seconds: float) -> Report:
        """All of it as a report."""
        return Report(
            self.source,
            ok=error is None,
            answers=self.answers,
            rows=self.rows,
            rejected=self.rejected.total(),
            newest_bin=max(self.newest.values(), default=None),
            seconds=seconds,
            error=error,
            examples=[
                {"reason": reason, "count": count, "example": self.example[reason]}
                for reason, count in self.rejected.most_common(EXAMPLES)
            ],
        )


def _understood(module: SourceModule, answer: Answer, found: Found) -> Parsed | None:
    """What the answer says; None, and noted, when it cannot be read. Its bytes are archived already."""
    try:
        return _parse(module, answer)
    except (SourceError, SchemaError) as error:
        found.wrong.append(str(error))
        log.warning("answer not understood", source=found.source, answer=answer.name, error=str(error))
    except Exception as error:  # a parser that was not written for this: its own failure, and of this answer alone
        found.wrong.append(f"{found.source}: {type(error).__name__}: {error}")
        log.exception("parser failed", source=found.source, answer=answer.name)
    return None


def _keep_together(
    module: SourceModule, files: list[ArchivedFile], found: Found, archive: Archive, *, simulated: bool
) -> bool:
    """Parse archived answers as one; their rows are kept with the last of them. Returns whether they gave any."""
    source = module.SOURCE
    loaders = [(archive.raw(file).name, partial(_raw_body, archive, file)) for file in files]
    try:
        parsed: Parsed = module.together(loaders)  # type: ignore[attr-defined]  # asked for by the caller
        check_signals(parsed.rows, source=source.name, signals=set(source.signals))
    except (SourceError, SchemaError) as error:
        found.wrong.append(str(error))
        log.warning("answers not understood", source=source.name, answers=len(files), error=str(error))
        return False
    for file in files[:-1]:
        archive.put_rows(file, empty_signals(), simulated=simulated)
    archive.put_rows(files[-1], parsed.rows, simulated=simulated)
    found.take(parsed)
    return True


def _raw_body(archive: Archive, file: ArchivedFile) -> bytes:
    return archive.raw(file).body


def resume(archive: Archive, free: Free | None = None, sources: Iterable[str] | None = None) -> tuple[int, set[str]]:
    """Read again what was archived and never parsed, because its collector died or its parser could not. Called when a
    worker starts, and never keeps it from starting.

    Parameters
    ----------
    free
        Holds a source for the block and gives the archive to write to, or None while a worker is in the middle of its
        answers: these are no leftovers, and of sources that are read together a half must not be taken for the whole.
        None: where no worker runs.
    sources
        Only these; None for all.

    Returns
    -------
    tuple
        The number of answers that gave rows, and the sources that were not free.
    """
    done, left = 0, set[str]()
    for name in sorted(archive.sources() if sources is None else sources):
        module = discover().get(name)
        if module is None or not archive.pending_raw([name]):
            continue
        try:
            with free(name) if free is not None else nullcontext(archive) as ours:
                if ours is None:
                    left.add(name)
                    continue
                done += _resumed(module, ours, ours.pending_raw([name]))
        except TakenOver:
            left.add(name)
    return done, left


def _resumed(module: SourceModule, archive: Archive, pending: list[ArchivedFile]) -> int:
    done = 0
    together: dict[datetime, list[ArchivedFile]] = {}  # those that one collection brought
    for file in pending:
        if hasattr(module, "together"):
            together.setdefault(file.received_at, []).append(file)
            continue
        try:
            raw = archive.raw(file)
        except RadarError as error:
            log.warning("archived answer cannot be read", source=file.source, error=str(error))
            continue
        parsed = _understood(module, Answer(raw.name, raw.body), Found(file.source))
        if parsed is not None:
            archive.put_rows(file, parsed.rows, simulated=raw.simulated)
            done += 1
    for files in together.values():
        try:
            simulated = archive.raw(files[0]).simulated
            if _keep_together(module, files, Found(module.SOURCE.name), archive, simulated=simulated):
                done += len(files)
        except RadarError as error:
            log.warning("archived answers cannot be read", source=module.SOURCE.name, error=str(error))
    return done


def enabled(settings: Settings, only: Iterable[str] | None = None, *, streams: bool = False) -> list[SourceModule]:
    """The sources that these settings collect: named ones, or all whose own setting, if they need one, is set, and
    whose terms, if they have any, are accepted. ``only``: these and no others, whatever the settings switch on.

    ``streams``: those that are listened to instead (``radar stream``), which are never collected.

    Raises ConfigError for a name in the settings that is no source, and for one in ``only`` whose terms are not
    accepted.
    """
    wanted = set(only) if only else None
    check_sources(settings)
    found = []
    for name, module in discover().items():
        if isinstance(module, Streaming) != streams:
            continue
        if wanted is not None:
            if name in wanted:
                require(module.SOURCE, settings)
                found.append(module)
            continue
        if not module.SOURCE.derived_from and not why_not(module.SOURCE, settings):
            found.append(module)
    return found


def _parse(module: SourceModule, answer: Answer) -> Parsed:
    parsed = module.parse(answer.body, name=answer.name)
    check_signals(parsed.rows, source=module.SOURCE.name, signals=set(module.SOURCE.signals))
    return parsed


def note(ledger: Ledger, report: Report, now: datetime, found: Found | None, *, ended: bool) -> None:
    """Write what a collection gave into the ledger. A disk that takes nothing is told in the report and the log."""
    try:
        with ledger.change(report.source, report.part) as entry:
            if report.ok:
                # what was noted meanwhile, that it hangs, is over
                entry.last_success = max(rfc3339(now), entry.last_error_at or "")
            else:
                entry.last_error, entry.last_error_at = report.error, rfc3339(now)
            if found is None:
                return
            if ended:
                entry.asked_until = max(rfc3339(now), entry.asked_until or "")
            if ended and not found.wrong:
                entry.complete_until = max(rfc3339(now), entry.complete_until or "")
            for signal, newest in found.newest.items():
                entry.newest_bins[signal] = max(newest, entry.newest_bins.get(signal, ""))
            entry.newest_bin = max(entry.newest_bins.values(), default=None)
            entry.rows += report.rows
            entry.rejected += report.rejected
            entry.rejected_examples = report.examples or entry.rejected_examples
            entry.seconds = report.seconds
    except RadarError as error:
        report.ok, report.error = False, report.error or str(error)
        log.error("ledger not written", source=report.source, error=str(error))
