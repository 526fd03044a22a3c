"""What the archive holds, which of its days are over, and what of them may go.

A day of a source is closed when the queue has gone on to a later one: no file will ever be added to it. Whoever calls
says up to which place of the queue everything was taken in; what comes after that is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radar.archive import Archive
from radar.archive._disk import listed, names, why
from radar.archive._names import DAY, PACK_NAME, day_of
from radar.errors import ArchiveError

Kind = Literal["raw", "signals"]


@dataclass(frozen=True, slots=True)
class Held:
    """What the archive holds of one source and kind; ``oldest`` and ``newest`` are days."""

    source: str
    kind: Kind
    days: int
    oldest: str | None
    newest: str | None
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Expired:
    """A day that is older than it is to be kept, or the part of it that may go."""

    kind: Kind
    source: str
    day: str
    paths: tuple[Path, ...]
    bytes: int


def held(archive: Archive) -> list[Held]:
    """Days, files and bytes of every source: raw answers, then rows. Looks at every file. Raises ArchiveError."""
    found: list[Held] = []
    for source in archive.sources():
        for kind in ("raw", "signals"):
            days: set[str] = set()
            files = size = 0
            for entry in listed(archive.root / kind / source):
                if DAY.fullmatch(entry.name):
                    inside = [size_of(path) for path in listed(entry)]
                elif kind == "signals" and PACK_NAME.fullmatch(entry.name):
                    inside = [size_of(entry)]
                else:
                    continue
                if inside:
                    days.add(entry.name[:10])
                files, size = files + len(inside), size + sum(inside)
            found.append(Held(source, kind, len(days), min(days, default=None), max(days, default=None), files, size))
    return found


def closed_days(archive: Archive, source: str, *, taken: str | None, today: str) -> list[str]:
    """Days of rows that can get no more files and were taken in as a whole, oldest first.

    Parameters
    ----------
    taken
        Id of the last file that was taken in by everybody who reads the queue; None: nothing was.
    today
        The day that it is, ``YYYY-MM-DD``: it is never closed.
    """
    end = min(today, day_of(taken or ""), day_of(archive.listing.newest()))
    return [day for day in archive.listing.days(source) if day < end]


def expired(
    archive: Archive, source: str, *, taken: str | None, today: str, raw_before: str, rows_before: str
) -> list[Expired]:
    """What may be deleted of a source, in the order in which it has to go: answers before the rows made of them, as an
    answer without rows would be parsed anew.

    Parameters
    ----------
    taken, today
        As in :func:`closed_days`.
    raw_before, rows_before
        Days, ``YYYY-MM-DD``; what is older goes; "" for nothing. Rows take their answers with them.
    """
    closed = closed_days(archive, source, taken=taken, today=today)
    raw_days = sorted(path.name for path in listed(archive.root / "raw" / source) if DAY.fullmatch(path.name))
    found = [
        Expired("raw", source, day, tuple(paths), sum(map(size_of, paths)))
        for day in raw_days
        if day < min(today, max(raw_before, rows_before)) and (paths := _taken_raw(archive, source, day, taken))
    ]
    for day in closed:
        if day < rows_before:
            pack = archive.listing.pack_path(source, day)
            paths = [*listed(archive.root / "signals" / source / day), *([pack] if pack.exists() else [])]
            found.append(Expired("signals", source, day, tuple(paths), sum(map(size_of, paths))))
    return found


def _taken_raw(archive: Archive, source: str, day: str, taken: str | None) -> list[Path]:
    """Answers of a day whose rows are stored and were taken in; those that no parser has understood stay."""
    left = {file.digest: file.path for file in archive.listing.raw_of_day(source, day)}
    found: list[Path] = []
    for other in archive.listing.days(source):
        if not left or taken is None:
            break
        if day <= other <= day_of(taken):  # rows lie under the day of their answer or a later one
            files = archive.listing.files_of_day(source, other)
            found += [left.pop(file.digest) for file in files if file.id <= taken and file.digest in left]
    return found


def delete(archive: Archive, what: Expired) -> None:
    """Delete what has expired. Killed anywhere, the rest goes the next time. Raises ArchiveError."""
    try:
        for path in what.paths:
            path.unlink(missing_ok=True)
        folder = archive.root / what.kind / what.source / what.day
        if folder.exists() and not names(folder):
            with archive.disk.locked():
                folder.rmdir()
    except OSError as error:
        raise ArchiveError(f"{what.kind}/{what.source}/{what.day} cannot be deleted: {why(error)}") from error


def size_of(path: Path) -> int:
    """Bytes of a file; 0 when it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
