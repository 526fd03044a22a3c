"""``radar backfill``: ask a source for months of history, one after the other, and archive what it says.

The rows go to the end of the queue, where a running radar takes them in: what lies within the time for which series are
kept appears in its charts, all of it is there for `radar rebuild` and `radar backtest`. Bins of long ago are never
judged, as nobody is warned of the past.

Which months are complete is in ``backfill/<source>.json`` in the data folder. A month that was broken off is asked for
again as a whole; answers that are archived already are recognised, as all of a month are filed under the moment at
which it was first begun.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import structlog

from jobs import logs
from jobs.collect import keep
from jobs.consent import require
from jobs.ledger import Ledger
from jobs.progress import screen
from radar.archive import Archive
from radar.errors import ArchiveError, ConfigError
from radar.http import Http
from radar.labels import _
from radar.settings import Settings
from radar.sources import Answer, SourceModule
from radar.times import parse, rfc3339

log = structlog.get_logger(__name__)

#: After so many months in a row that failed without a single answer, no more are asked for: it would be a burden.
ENOUGH = 3

Progress = Callable[[float, str], None]


@dataclass(slots=True)
class Month:
    """What is known of one month. ``begun``: when it was first asked for, RFC 3339. ``error``: why it is not complete;
    None also where nobody has tried."""

    begun: str
    complete: bool = False
    answers: int = 0
    rows: int = 0
    rejected: int = 0
    error: str | None = None


@dataclass(slots=True)
class Report:
    """What one run did. ``asked``: months that this run asked for; ``known``: complete before; ``left``: not asked."""

    source: str
    asked: dict[str, Month] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no month is missing that could be there."""
        return not self.left and all(month.error is None for month in self.asked.values())


class Notes:
    """The file that says which months are complete. One process at a time may have it: see :meth:`alone`."""

    def __init__(self, data_dir: Path, source: str) -> None:
        self._path = data_dir / "backfill" / f"{source}.json"

    def read(self) -> dict[str, Month]:
        """All months that were ever asked for. Raises ArchiveError when the file cannot be read: what is complete would
        be asked for again."""
        try:
            return {name: Month(**row) for name, row in orjson.loads(self._path.read_bytes()).items()}
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ArchiveError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise ArchiveError(f"{self._path} is broken ({error}); expected months, as in {{\"2025-01\": {{...}}}}. "
                               "Delete it to ask for all of them again") from error  # fmt: skip

    def write(self, months: dict[str, Month]) -> None:
        """Replace the file in one step. Raises ArchiveError."""
        draft: str | None = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._path.parent, prefix=f"{self._path.stem}.", suffix=".tmp")
            with os.fdopen(handle, "wb") as out:
                out.write(orjson.dumps({name: asdict(months[name]) for name in sorted(months)},
                                       option=orjson.OPT_INDENT_2))  # fmt: skip
                out.flush()
                os.fsync(out.fileno())
            os.replace(draft, self._path)
        except OSError as error:
            if draft is not None:
                Path(draft).unlink(missing_ok=True)
            raise ArchiveError(f"{self._path} cannot be written: {error.strerror or error}") from error


def backfill(
    settings: Settings,
    module: SourceModule,
    months: list[datetime],
    *,
    http: Http,
    now: datetime,
    progress: Progress | None = None,
) -> Report:
    """Ask for the months that are not complete, oldest first, and archive what comes.

    Parameters
    ----------
    months
        First moments of months, in order.
    now
        The wall clock. A month that is not over is asked for up to now, and never noted as complete.

    Raises
    ------
    ConfigError
        Another run is at it.
    ArchiveError
        The notes cannot be read or written.
    """
    source = module.SOURCE
    archive, notes = Archive(settings.data_dir), Notes(settings.data_dir, source.name)
    report = Report(source.name)
    silent = 0
    with archive.disk.locked(f"backfill-{source.name}.lock", wait=False) as alone:
        if not alone:
            raise ConfigError(f"another run is asking {source.name} for its history")
        known = notes.read()
        for at, start in enumerate(months):
            name = f"{start:%Y-%m}"
            month = known.setdefault(name, Month(rfc3339(now)))
            if month.complete:
                report.known.append(name)
            elif silent >= ENOUGH:
                report.left.append(name)
            else:
                notes.write(known)  # the moment under which its answers are filed
                tell = _teller(progress, at, len(months), name)
                _ask(settings, module, start, month, http=http, archive=archive, now=now, tell=tell)
                notes.write(known)
                report.asked[name] = month
                silent = silent + 1 if month.error is not None and not month.answers else 0
    return report


def _ask(
    settings: Settings,
    module: SourceModule,
    start: datetime,
    month: Month,
    *,
    http: Http,
    archive: Archive,
    now: datetime,
    tell: Callable[[int], None],
) -> None:
    """Ask for one month, in pieces as long as the source takes them, and note how it went."""
    end, settling = min(following(start), now), timedelta(seconds=module.SOURCE.settle_s)
    month.answers = month.rows = month.rejected = 0
    month.error = None
    # a ledger of its own: where the regular collection goes on is not changed by what was asked of the past
    ledger = Ledger(settings.data_dir / "backfill")
    at = start
    while at < end and month.error is None:
        stop = min(at + timedelta(hours=module.SOURCE.past_hours), end)
        before = month.answers
        told = module.fetch(http, at, min(stop + settling, now))
        answers = _counted(told, lambda count, before=before: tell(before + count))  # type: ignore[misc]
        found = keep(module, answers, parse(month.begun), archive=archive, ledger=ledger)
        month.answers, month.rows = month.answers + found.answers, month.rows + found.rows
        month.rejected += found.rejected
        month.error = found.error
        at = stop
    month.complete = month.error is None and following(start) + settling <= now


def _counted(answers: Iterable[Answer], tell: Callable[[int], None]) -> Iterator[Answer]:
    for number, answer in enumerate(answers, 1):
        tell(number)
        yield answer


def _teller(progress: Progress | None, at: int, of: int, name: str) -> Callable[[int], None]:
    def tell(answers: int) -> None:
        if progress:
            progress(at / of, _("{month}: {n} answers").format(month=name, n=f"{answers:,}"))

    return tell


def following(month: datetime) -> datetime:
    """The first moment of the month after."""
    return (month + timedelta(days=31)).replace(day=1)


def between(since: datetime, until: datetime) -> list[datetime]:
    """First moments of all months from that of ``since`` to that of ``until``."""
    found = [since.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    while following(found[-1]) <= until:
        found.append(following(found[-1]))
    return found


def run(settings: Settings, module: SourceModule, *, since: datetime, until: datetime | None, as_json: bool) -> int:
    """Ask, and say how each month went; 1 when one is missing.

    Raises
    ------
    ConfigError
        The source tells only of now, the months are no span of the past, its terms are not accepted, its setting is
        empty; and what :func:`backfill` raises.
    """
    logs.configure(settings, process="backfill")
    now, source = datetime.now(UTC), module.SOURCE
    last = until or now
    if not source.past_hours:
        raise ConfigError(f"{source.name} cannot be asked for the past: it tells of what is now, or of what lies there")
    if since > last or last > now:
        raise ConfigError(f"--from {since:%Y-%m} --until {last:%Y-%m} is no span of months up to {now:%Y-%m}")
    require(source, settings)
    if source.setting and not getattr(settings, source.setting):
        raise ConfigError(f"{source.name} needs RADAR_{source.setting.upper()}, which is not set")
    with Http(contact=settings.contact, cache=settings.data_dir / "http") as http, screen(sys.stderr) as view:
        report = backfill(settings, module, between(since, last), http=http, now=now, progress=view.progress)
    if as_json:
        body: dict[str, Any] = {**asdict(report), "ok": report.ok}
        sys.stdout.buffer.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(report)
    return 0 if report.ok else 1


def _print(report: Report) -> None:
    for name, month in report.asked.items():
        how = _("failed") if month.error else _("complete") if month.complete else _("so far")
        what = month.error or _("{answers} answers, {rows} rows, {rejected} rejected").format(
            answers=f"{month.answers:,}", rows=f"{month.rows:,}", rejected=f"{month.rejected:,}"
        )
        print(f"{how:<10} {report.source} {name}: {what}")
    if report.known:
        print(_("{n} months were complete before.").format(n=len(report.known)))
    if report.left:
        print(_("{n} months were not asked for, as nothing came of those before them.").format(n=len(report.left)))
    if not report.ok:
        print(_("The same call asks again for what is missing."))
