"""Make one file of the many small ones of a day that is over.

Format: Apache Parquet, as ``radar.archive._packs`` says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import structlog

from radar.archive import Archive, ArchivedFile
from radar.archive._disk import listed, names, sync, why
from radar.archive._names import ID_LENGTH, PACK_NAME, STAMP
from radar.archive._packs import CHUNK_ROWS, Index
from radar.archive.upkeep import size_of
from radar.errors import ArchiveError

log = structlog.get_logger(__name__)

#: Rows that packing holds in memory at once; a day that has more is put together from parts on disk.
PART_ROWS = 8 * CHUNK_ROWS


@dataclass(frozen=True, slots=True)
class Packed:
    """A day that was packed, or would be. ``after_bytes``: None when it was not done."""

    source: str
    day: str
    files: int
    before_bytes: int
    after_bytes: int | None


def to_pack(archive: Archive, source: str, day: str) -> Packed | None:
    """What there is to pack of a day; None where its pack is all there is, or a single file, or nothing."""
    parts = [path for path in listed(archive.root / "signals" / source / day) if path.suffix == ".parquet"]
    if not parts or (len(parts) == 1 and not archive.listing.pack_path(source, day).exists()):
        return None
    return Packed(source, day, len(parts), sum(map(size_of, parts)), None)


def pack(archive: Archive, source: str, day: str) -> Packed | None:
    """Make one file of the files of a closed day; None when there is nothing to do, or another process is at it.

    Killed anywhere, it leaves all rows once: the pack appears whole, is read back and compared, and only then are the
    files deleted that it has taken the place of. Those that an earlier run left are deleted now.

    Raises
    ------
    ArchiveError
        Something cannot be read or written. A file that is broken is put aside, as when it is read, and the rest of
        the day is packed.
    """
    with archive.disk.locked("pack.lock", wait=False) as alone:
        found = to_pack(archive, source, day) if alone else None
        if found is None:
            if alone:
                _delete(archive, source, day)  # its empty folder
            return None
        path = archive.listing.pack_path(source, day)
        work = archive.root / "packing"
        try:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            fresh = _fresh(archive, source, day)
            if fresh:
                _write(archive, path, fresh, work)
            _delete(archive, source, day)
            shutil.rmtree(work, ignore_errors=True)
            return Packed(source, day, found.files, found.before_bytes, size_of(path))
        except OSError as error:
            raise ArchiveError(f"{path} cannot be packed: {why(error)}") from error


def _fresh(archive: Archive, source: str, day: str) -> list[ArchivedFile]:
    """Files of the day that its pack does not have. One that sorts before the pack's last answer cannot be: it is left
    as it is."""
    index = archive.listing.index(source, day)
    last = index.ids[-1] if index is not None and index.ids else ""
    return sorted(
        file
        for file in archive.listing.files_of_day(source, day)
        if not PACK_NAME.fullmatch(file.path.name) and file.id > last
    )


def _write(archive: Archive, path: Path, fresh: list[ArchivedFile], work: Path) -> None:
    """Write the pack of what is packed already and of these files, and put it in its place."""
    old = archive.listing.index(fresh[0].source, path.stem)
    ids = list(old.ids) if old is not None else []
    received = list(old.received) if old is not None else []
    counts = old.counts() if old is not None else []
    scans = [pl.scan_parquet(path, glob=False)] if old is not None else []
    parts: list[Path] = []
    for number, (files, frame) in enumerate(_portions(archive, fresh)):
        part = work / f"{number}.parquet"
        frame.write_parquet(part, compression="lz4")
        parts.append(part)
        for file, rows in files:
            ids.append(file.id)
            received.append(file.received_at.strftime(STAMP))
            counts.append(rows)
    if not parts:
        return  # every file was broken
    index = Index.of(ids, received, counts)
    draft = work / path.name
    pl.concat([*scans, *(pl.scan_parquet(part, glob=False) for part in parts)]).sink_parquet(
        draft, compression="zstd", compression_level=9, row_group_size=CHUNK_ROWS, metadata=index.metadata()
    )
    _compare(draft, index, old.rows if old is not None else 0, parts)
    with draft.open("rb+") as whole:
        os.fsync(whole.fileno())
    with archive.disk.locked():
        draft.rename(path)
        sync(path.parent)


def _portions(
    archive: Archive, files: list[ArchivedFile]
) -> Iterator[tuple[list[tuple[ArchivedFile, int]], pl.DataFrame]]:
    """Rows of the files, some at a time, and how many are of each. A file that is broken is passed over: reading has
    put it aside."""
    taken: list[tuple[ArchivedFile, int]] = []
    frames: list[pl.DataFrame] = []
    for file in files:
        try:
            frame = archive.read(file)
        except ArchiveError as error:
            if file.path.exists():
                raise
            log.error("archived rows are broken", file=str(file.path), error=str(error))
            continue
        taken.append((file, frame.height))
        frames.append(frame)
        if sum(one.height for one in frames) >= PART_ROWS:
            yield taken, pl.concat(frames)
            taken, frames = [], []
    if frames:
        yield taken, pl.concat(frames)


def _compare(draft: Path, index: Index, at: int, parts: list[Path]) -> None:
    """Read back what was written. Raises ArchiveError when it is not what went in: nothing is deleted then."""
    whole = pl.scan_parquet(draft, glob=False)
    if Index.read(draft) != index or whole.select(pl.len()).collect().item() != index.rows:
        raise ArchiveError(f"{draft.name} holds other numbers of rows than went into it; nothing was deleted")
    for part in parts:
        wanted = pl.read_parquet(part)
        if not whole.slice(at, wanted.height).collect().equals(wanted):
            raise ArchiveError(f"{draft.name} holds other rows than went into it; nothing was deleted")
        at += wanted.height


def _delete(archive: Archive, source: str, day: str) -> None:
    """Delete the files whose answers are in the day's pack; and the folder, when it was empty already.

    A folder that has just become empty stays for this time: who lists the source meanwhile sees it or the pack.
    """
    folder = archive.root / "signals" / source / day
    index = archive.listing.index(source, day)
    was_empty = not names(folder)
    for path in listed(folder):
        if index is not None and path.suffix == ".parquet" and path.name[:ID_LENGTH] in index.places:
            path.unlink(missing_ok=True)
    if was_empty and index is not None and folder.exists():
        with archive.disk.locked():  # a writer may be about to put a file into it
            folder.rmdir()
