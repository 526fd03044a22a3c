"""Ask the upstreams and archive what they say. Needs no store, so it goes on while Redis is down.

Bytes are archived before anything reads them: an answer that cannot be parsed today is kept for a better parser.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from jobs.ledger import EXAMPLES, Entry, Ledger
from radar.archive import Archive
from radar.errors import ArchiveError, RadarError, SchemaError, SourceError
from radar.http import Http
from radar.schema import Parsed, check_signals
from radar.settings import Settings
from radar.sources import Answer, Source, SourceModule, discover
from radar.times import parse as parse_time
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: The first collection reaches back this far, so that a baseline can be learnt.
FIRST_REACH = timedelta(days=28)
#: Each later one asks again for this many bins: upstreams revise their newest ones.
OVERLAP_BINS = 3
#: A source that takes longer than this is reported as hanging, and not started again until it returns.
LIMIT_S = 240.0


@dataclass(slots=True)
class Report:
    """What one collection of one source gave."""

    source: str
    ok: bool = False
    answers: int = 0
    rows: int = 0
    rejected: int = 0
    newest_bin: str | None = None
    seconds: float = 0.0
    error: str | None = None
    examples: list[dict[str, str | int]] = field(default_factory=list)


def collect(
    module: SourceModule, now: datetime, *, http: Http, archive: Archive, ledger: Ledger, simulated: bool = False
) -> Report:
    """Fetch one source from where it was left up to ``now``, archive, and write its ledger entry. Never raises a
    RadarError: what went wrong is in the report and in the ledger."""
    source = module.SOURCE
    entry = ledger.read(source.name)
    since = now - FIRST_REACH
    if entry.newest_bin is not None:
        since = max(since, parse_time(entry.newest_bin) - timedelta(seconds=OVERLAP_BINS * _finest(source)))
    return keep(module, module.fetch(http, since, now), now, archive=archive, ledger=ledger, simulated=simulated)


def keep(
    module: SourceModule,
    answers: Iterable[Answer],
    now: datetime,
    *,
    archive: Archive,
    ledger: Ledger,
    simulated: bool = False,
) -> Report:
    """Archive answers as they come, with the rows they hold; note in the ledger how it went."""
    source = module.SOURCE
    began = time.perf_counter()
    report = Report(source.name)
    rejected: Counter[str] = Counter()
    example: dict[str, str] = {}
    try:
        for answer in answers:
            report.answers += 1
            file = archive.put_raw(source.name, answer.name, answer.body, received_at=now, simulated=simulated)
            try:
                parsed = _parse(module, answer)
            except (SourceError, SchemaError) as error:
                report.error = report.error or str(error)
                log.warning("answer not understood", source=source.name, answer=answer.name, error=str(error))
                continue
            archive.put_rows(file, parsed.rows, simulated=simulated)
            report.rows += parsed.rows.height
            report.rejected += parsed.rejected_count
            for item in parsed.rejected:
                rejected[item.reason] += item.count
                example.setdefault(item.reason, item.example)
            if parsed.rows.height:
                newest = rfc3339(parsed.rows["timebin"].max())  # type: ignore[arg-type]  # a datetime by the schema
                report.newest_bin = max(newest, report.newest_bin or newest)
    except RadarError as error:
        report.error = str(error)
    except Exception as error:  # a source is somebody's plug-in: whatever it raises is its own failure alone
        report.error = f"{source.name}: {type(error).__name__}: {error}"
        log.exception("source failed", source=source.name)
    report.ok = report.error is None
    report.seconds = round(time.perf_counter() - began, 3)
    report.examples = [
        {"reason": reason, "count": count, "example": example[reason]}
        for reason, count in rejected.most_common(EXAMPLES)
    ]
    _note(ledger, report, now)
    log.info("collected", source=source.name, ok=report.ok, answers=report.answers, rows=report.rows,
             rejected=report.rejected, seconds=report.seconds, error=report.error)  # fmt: skip
    return report


def resume(archive: Archive) -> int:
    """Read again what was archived and never parsed, because its collector died or its parser could not; returns the
    number of answers that gave rows. Called when a worker starts."""
    done = 0
    for file in archive.pending_raw():
        module = discover().get(file.source)
        if module is None:
            continue
        raw = archive.raw(file)
        try:
            parsed = _parse(module, Answer(raw.name, raw.body))
        except (SourceError, SchemaError) as error:
            log.warning("answer still not understood", source=file.source, answer=raw.name, error=str(error))
            continue
        archive.put_rows(file, parsed.rows, simulated=raw.simulated)
        done += 1
    return done


class Collector:
    """Runs sources side by side, each in a thread of its own with a time limit.

    A source that hangs is reported and left alone; it is not started again before it returns, and the others go on.
    """

    def __init__(self, *, http: Http, archive: Archive, ledger: Ledger, limit_s: float = LIMIT_S) -> None:
        self._http = http
        self._archive = archive
        self._ledger = ledger
        self._limit_s = limit_s
        self._busy: dict[str, threading.Thread] = {}

    def run(self, modules: Iterable[SourceModule], now: datetime) -> list[Report]:
        """Collect these sources and return one report each, at the latest when the limit is over."""
        reports: dict[str, Report] = {}
        started: dict[str, threading.Thread] = {}
        for module in modules:
            name = module.SOURCE.name
            if name in self._busy and self._busy[name].is_alive():
                reports[name] = self._hanging(name, now)
                continue
            thread = threading.Thread(
                target=self._one, args=(module, now, reports), name=f"collect-{name}", daemon=True
            )
            self._busy[name] = started[name] = thread
            thread.start()
        deadline = time.monotonic() + self._limit_s
        for name, thread in started.items():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                reports[name] = self._hanging(name, now)
            elif name not in reports:
                reports[name] = Report(name, error=f"{name}: collection ended without a report")
        return [reports[name] for name in sorted(reports)]

    def _one(self, module: SourceModule, now: datetime, reports: dict[str, Report]) -> None:
        name = module.SOURCE.name
        try:
            reports[name] = collect(module, now, http=self._http, archive=self._archive, ledger=self._ledger)
        except ArchiveError as error:
            reports[name] = Report(name, error=str(error))
            log.error("ledger not written", source=name, error=str(error))

    def _hanging(self, name: str, now: datetime) -> Report:
        report = Report(name, error=f"{name}: no end after {self._limit_s:g} s; it is left alone until it returns")
        _note(self._ledger, report, now)
        log.warning("source hangs", source=name, limit_s=self._limit_s)
        return report


def enabled(settings: Settings, only: Iterable[str] | None = None) -> list[SourceModule]:
    """The sources that these settings collect: named ones, or all whose own setting, if they need one, is set."""
    wanted = set(only) if only else None
    found = []
    for name, module in discover().items():
        if wanted is not None:
            if name in wanted:
                found.append(module)
            continue
        named = "all" in settings.sources or name in settings.sources
        ready = not module.SOURCE.setting or bool(getattr(settings, module.SOURCE.setting))
        if named and ready:
            found.append(module)
    return found


def _parse(module: SourceModule, answer: Answer) -> Parsed:
    parsed = module.parse(answer.body, name=answer.name)
    check_signals(parsed.rows, source=module.SOURCE.name, signals=set(module.SOURCE.signals))
    return parsed


def _note(ledger: Ledger, report: Report, now: datetime) -> None:
    entry: Entry = ledger.read(report.source)
    if report.ok:
        entry.last_success = rfc3339(now)
    else:
        entry.last_error, entry.last_error_at = report.error, rfc3339(now)
    if report.newest_bin is not None:
        entry.newest_bin = max(report.newest_bin, entry.newest_bin or "")
    entry.rows += report.rows
    entry.rejected += report.rejected
    entry.rejected_examples = report.examples or entry.rejected_examples
    entry.seconds = report.seconds
    ledger.write(entry)


def _finest(source: Source) -> int:
    return min(source.signals.values())
