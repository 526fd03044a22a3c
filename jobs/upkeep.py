"""The archive's upkeep: once a day closed days are packed, and what is older than the settings say is deleted.

Nothing is touched that the pipeline and the books have not taken in: how far they are is in the store, so a store that
cannot be asked, or that came back empty, keeps everything as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

import orjson
import structlog

from jobs.trail import Trail
from radar.archive import Archive
from radar.archive.packing import Packed, pack, to_pack
from radar.archive.upkeep import Expired, Held, closed_days, delete, expired, held
from radar.errors import ArchiveError
from radar.settings import Settings
from radar.store import Store, documents

log = structlog.get_logger(__name__)

#: Told how far a step is, 0 to 1, and what it is at.
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """How far the queue was taken in: the last id that every reader has passed, and the sources whose history was."""

    until: str | None
    sources: frozenset[str]


@dataclass(slots=True)
class Kept:
    """What was done, or would be. ``errors``: days that could not be worked on, each with why."""

    packed: list[Packed] = field(default_factory=list)
    expired: list[Expired] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def taken_in(client: Store) -> Taken:
    """What the store says of it; nothing, where nothing was published. Raises StoreUnavailable."""
    found = documents.blobs(client, ["now:pipeline", "now:begun", "books:cursor"])
    state = found["now:pipeline"]
    cursor = orjson.loads(state)["cursor"] if state else None
    books = found["books:cursor"].decode() if found["books:cursor"] else None
    begun = orjson.loads(found["now:begun"] or b"[]")
    return Taken(min(cursor, books) if cursor and books else None, frozenset(begun))


def compact(archive: Archive, taken: Taken, now: datetime, *, dry: bool, progress: Progress | None = None) -> Kept:
    """Pack all closed days of all sources; ``dry``: only say what there is to pack."""
    report = Kept()
    days = [
        (source, day)
        for source in archive.sources()
        for day in closed_days(archive, source, taken=taken.until, today=f"{now:%Y-%m-%d}")
    ]
    for at, (source, day) in enumerate(days):
        if progress:
            progress(at / len(days), f"{source} {day}")
        try:
            found = to_pack(archive, source, day) if dry else pack(archive, source, day)
        except ArchiveError as error:
            report.errors.append(str(error))
            log.error("a day was not packed", source=source, day=day, error=str(error))
            continue
        if found is not None:
            report.packed.append(found)
    return report


def prune(archive: Archive, settings: Settings, taken: Taken, now: datetime, *, dry: bool) -> Kept:
    """Delete what is older than the settings say; ``dry``: only say what would go."""
    report = Kept()
    raw, rows = before(settings, now)
    for source in archive.sources() if raw or rows else ():
        if source not in taken.sources:
            continue
        try:
            for what in expired(archive, source, taken=taken.until, today=f"{now:%Y-%m-%d}",
                                raw_before=raw, rows_before=rows):  # fmt: skip
                if not dry:
                    delete(archive, what)
                report.expired.append(what)
        except ArchiveError as error:
            report.errors.append(str(error))
            log.error("nothing more was deleted of a source", source=source, error=str(error))
    if rows and not dry:
        Trail(settings.data_dir).drop(rows)
    return report


def before(settings: Settings, now: datetime) -> tuple[str, str]:
    """Days before which answers, and rows, are not kept; "" where they are kept for ever."""

    def day(kept: int) -> str:
        return f"{now - timedelta(days=kept):%Y-%m-%d}" if kept else ""

    return day(settings.archive_raw_days), day(settings.archive_rows_days)


def work(client: Store, archive: Archive, settings: Settings, now: datetime) -> Kept:
    """What the worker does once a day: pack, then delete. Raises StoreUnavailable; what fails of the archive is in the
    report and the log."""
    taken = taken_in(client)
    report = compact(archive, taken, now, dry=False)
    pruned = prune(archive, settings, taken, now, dry=False)
    report.expired, report.errors = pruned.expired, report.errors + pruned.errors
    log.info("archive kept", days_packed=len(report.packed), files_packed=sum(one.files for one in report.packed),
             files_deleted=sum(len(one.paths) for one in report.expired),
             mb_deleted=round(sum(one.bytes for one in report.expired) / 1e6, 1))  # fmt: skip
    return report


def told(settings: Settings, now: datetime) -> Iterator[tuple[Literal["ok", "note", "broken"], str, str]]:
    """What `radar doctor` says of the archive: its size by source, and what goes next; with what to do."""
    if not (settings.data_dir / "archive").is_dir():
        yield "note", "nothing was archived yet", "`radar jobs` or `radar collect` does that"
        return
    try:
        found = held(Archive(settings.data_dir))
    except ArchiveError as error:
        yield "broken", str(error), "give this user the folder"
        return
    raw, rows = settings.archive_raw_days, settings.archive_rows_days
    total = {kind: sum(one.bytes for one in found if one.kind == kind) for kind in ("raw", "signals")}
    yield ("ok", f"answers {mb(total['raw'])}, kept for {_kept(raw)}; rows {mb(total['signals'])}, kept for "
           f"{_kept(rows)}", "")  # fmt: skip
    for answers, made in zip(found[::2], found[1::2], strict=True):
        yield "ok", f"{answers.source}: {_held(answers, raw, now)}; {_held(made, rows, now)}", ""


def _held(one: Held, kept: int, now: datetime) -> str:
    name = "answers" if one.kind == "raw" else "rows"
    if one.oldest is None:
        return f"no {name}"
    text = f"{name} {mb(one.bytes)} in {one.files:,} files of {one.days:,} days since {one.oldest}"
    if not kept:
        return text
    goes = date.fromisoformat(one.oldest) + timedelta(days=kept + 1)
    return f"{text}, the oldest of which " + (f"go on {goes}" if goes > now.date() else "are due to go")


def _kept(days: int) -> str:
    return f"{days:,} days" if days else "ever"


def mb(size: float) -> str:
    """A size in MB of a million bytes."""
    return f"{size / 1e6:,.1f} MB"
