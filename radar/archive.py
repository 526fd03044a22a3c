"""The archive on disk: every upstream answer as it came, and the rows that were made of it.

::

    archive/raw/<source>/<YYYY-MM-DD>/<received at>-<digest>.zst
    archive/signals/<source>/<YYYY-MM-DD>/<order>-<digest>[-<received at>].parquet

The archive is also the queue between collecting and everything after it. Three properties make that safe:

- A file appears whole or not at all: written under ``archive/tmp``, synced, renamed, and the folder synced.
- The answer is stored before anything reads it. A process that dies before the rows are stored leaves an answer that
  ``pending_raw`` lists; it is parsed again at the next start.
- A new file of rows always sorts after all there are, whatever clocks did. So one cursor, the ``id`` of the last file
  that was taken in, never passes over a file that came late.

A raw file is a zstd skippable frame with a JSON header, then a zstd frame: ``zstd -dc`` gives the upstream's very
bytes. Formats: Zstandard (RFC 8878), Apache Parquet.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import zstandard

from radar.errors import ArchiveError, SchemaError
from radar.schema import ARCHIVED, check_archived

_STAMP = "%Y%m%dT%H%M%S%fZ"
_SOURCE = re.compile(r"[a-z0-9][a-z0-9_]*")
_RAW_NAME = re.compile(r"(?P<order>\d{8}T\d{12}Z)-(?P<digest>[0-9a-f]{16})\.zst")
_ROWS_NAME = re.compile(r"(?P<order>\d{8}T\d{12}Z)-(?P<digest>[0-9a-f]{16})(?:-(?P<received>\d{8}T\d{12}Z))?\.parquet")
_SKIPPABLE = 0x184D2A50


@dataclass(frozen=True, slots=True, order=True)
class ArchivedFile:
    """One answer in the archive. ``id`` is the place in the queue: files sort by it, and a cursor holds it.

    ``digest`` identifies the answer: its source, name, time and bytes.
    """

    id: str
    source: str
    digest: str
    received_at: datetime
    path: Path


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An upstream answer as it came."""

    source: str
    name: str
    body: bytes
    received_at: datetime
    simulated: bool


class Archive:
    """The archive below a data folder. Several processes and threads may use it at once."""

    def __init__(self, data_dir: Path | str) -> None:
        """Open it, create what is missing, and remove what a process that died left half written.

        Raises ArchiveError when the folder cannot be used.
        """
        self.root = Path(data_dir) / "archive"
        try:
            for kind in ("raw", "signals", "tmp"):
                (self.root / kind).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self.root} cannot be used: {_why(error)}") from error
        with self._locked(wait=False) as alone:
            if alone:  # otherwise someone is writing, and what lies there is no orphan
                for orphan in _listed(self.root / "tmp"):
                    orphan.unlink(missing_ok=True)

    def put(
        self, source: str, name: str, body: bytes, rows: pl.DataFrame, *, received_at: datetime, simulated: bool
    ) -> ArchivedFile:
        """Store an answer and the SIGNALS rows made of it; ``put_raw`` and ``put_rows`` in one step.

        Putting the same answer of the same time again changes nothing and returns the file that is there.
        """
        raw = self.put_raw(source, name, body, received_at=received_at, simulated=simulated)
        return self.put_rows(raw, rows, simulated=simulated)

    def put_raw(self, source: str, name: str, body: bytes, *, received_at: datetime, simulated: bool) -> ArchivedFile:
        """Store an answer as it came.

        Parameters
        ----------
        source
            The source module's name.
        name
            The answer's file name or address; some sources read it.
        received_at
            Aware time at which the answer was complete.

        Raises
        ------
        ArchiveError
            It cannot be written; names the file and why. Nothing half written is left.
        """
        if not _SOURCE.fullmatch(source):
            raise ArchiveError(f"{source!r} is no name of a source; expected small letters, digits and _")
        if received_at.tzinfo is None:
            raise ArchiveError(f"{source} {name}: received_at {received_at!r} has no zone; expected an aware time")
        moment = received_at.astimezone(UTC)
        digest = _digest(source, name, moment, body)
        stamp = moment.strftime(_STAMP)
        path = self.root / "raw" / source / moment.strftime("%Y-%m-%d") / f"{stamp}-{digest}.zst"
        file = ArchivedFile(f"{stamp}-{digest}", source, digest, moment, path)
        if not path.exists():
            header = orjson.dumps(
                {"source": source, "name": name, "received_at": stamp, "simulated": simulated, "digest": digest}
            )
            packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(body)
            with self._locked():
                self._write(path, struct.pack("<II", _SKIPPABLE, len(header)) + header + packed)
        return file

    def put_rows(self, file: ArchivedFile, rows: pl.DataFrame, *, simulated: bool) -> ArchivedFile:
        """Store the SIGNALS rows made of an answer that ``put_raw`` stored, at the end of the queue.

        Raises
        ------
        SchemaError
            The rows have not the columns of SIGNALS.
        ArchiveError
            They cannot be written.
        """
        archived = rows.with_columns(
            pl.lit(file.source).alias("source"),
            pl.lit(simulated).alias("simulated"),
            pl.lit(file.received_at).cast(ARCHIVED["received_at"]).alias("received_at"),
        )
        buffer = io.BytesIO()
        check_archived(archived).write_parquet(buffer, compression="zstd", compression_level=3)
        with self._locked():
            known = self._rows_of(file)
            if known is not None:
                return known
            received = file.received_at.strftime(_STAMP)
            order = self._next_order(received, file.digest)
            suffix = "" if order == received else f"-{received}"
            day = f"{order[:4]}-{order[4:6]}-{order[6:8]}"
            path = self.root / "signals" / file.source / day / f"{order}-{file.digest}{suffix}.parquet"
            self._write(path, buffer.getvalue())
        return ArchivedFile(f"{order}-{file.digest}", file.source, file.digest, file.received_at, path)

    def files(self, source: str | None = None, after: str | None = None) -> list[ArchivedFile]:
        """Files of rows in the order in which they were archived.

        Parameters
        ----------
        source
            Only of this source; None for all.
        after
            Only those that come after the file with this id.
        """
        return sorted(self._scan("signals", source, _ROWS_NAME, after))

    def read(self, file: ArchivedFile) -> pl.DataFrame:
        """The rows of a file, with the columns of ARCHIVED.

        Raises
        ------
        ArchiveError
            It cannot be read; names it. A file whose content is broken is moved into ``quarantine``; its answer is
            then pending again, so that parsing it anew repairs the archive.
        """
        try:
            data = file.path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{file.path} cannot be read: {_why(error)}") from error
        try:
            return check_archived(pl.read_parquet(io.BytesIO(data)))
        except (pl.exceptions.PolarsError, SchemaError) as error:
            moved = self._quarantine(file.path)
            raise ArchiveError(f"{file.path} is broken ({error}); moved to {moved}") from error

    def raw(self, file: ArchivedFile) -> RawAnswer:
        """The answer that a file was made of, checked against its digest.

        Raises
        ------
        ArchiveError
            It is not there or cannot be read; names it. One whose content is broken is moved into ``quarantine``.
        """
        stamp = file.received_at.strftime(_STAMP)
        day = file.received_at.strftime("%Y-%m-%d")
        path = self.root / "raw" / file.source / day / f"{stamp}-{file.digest}.zst"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {_why(error)}") from error
        try:
            return _unpack(data, file)
        except (ValueError, KeyError, struct.error, zstandard.ZstdError) as error:
            moved = self._quarantine(path)
            raise ArchiveError(f"{path} is broken ({error}); moved to {moved}") from error

    def pending_raw(self) -> list[ArchivedFile]:
        """Answers that are stored and whose rows are not, oldest first: to be parsed again."""
        done = {(file.source, file.digest) for file in self._scan("signals", None, _ROWS_NAME, None)}
        return sorted(f for f in self._scan("raw", None, _RAW_NAME, None) if (f.source, f.digest) not in done)

    def sources(self) -> list[str]:
        """Names of the sources that have files."""
        found = {folder.name for kind in ("raw", "signals") for folder in _listed(self.root / kind)}
        return sorted(name for name in found if _SOURCE.fullmatch(name))

    def _scan(
        self, kind: str, source: str | None, pattern: re.Pattern[str], after: str | None
    ) -> Iterator[ArchivedFile]:
        first_day = f"{after[:4]}-{after[4:6]}-{after[6:8]}" if after else ""
        for name in [source] if source else self.sources():
            for day in _listed(self.root / kind / name):
                if day.name < first_day:
                    continue
                for path in _listed(day):
                    match = pattern.fullmatch(path.name)
                    if not match:
                        continue
                    file_id = f"{match['order']}-{match['digest']}"
                    if after is not None and file_id <= after:
                        continue
                    received = match.groupdict().get("received") or match["order"]
                    moment = _moment(received)
                    yield ArchivedFile(file_id, name, match["digest"], moment, path)

    def _rows_of(self, file: ArchivedFile) -> ArchivedFile | None:
        """The rows that are already stored for an answer. Usually under the answer's own stamp, else by digest."""
        stamp = file.received_at.strftime(_STAMP)
        own = f"{stamp}-{file.digest}"
        path = self.root / "signals" / file.source / file.received_at.strftime("%Y-%m-%d") / f"{own}.parquet"
        if path.exists():
            return ArchivedFile(own, file.source, file.digest, file.received_at, path)
        for path in (self.root / "signals" / file.source).glob(f"*/*-{file.digest}-{stamp}.parquet"):
            match = _ROWS_NAME.fullmatch(path.name)
            if match:
                found = f"{match['order']}-{file.digest}"
                return ArchivedFile(found, file.source, file.digest, file.received_at, path)
        return None

    def _next_order(self, received: str, digest: str) -> str:
        """The received stamp, or one microsecond after the newest file of all sources when that sorts later."""
        newest = ""
        for source in _listed(self.root / "signals"):
            for day in sorted(_listed(source), reverse=True):
                # a first collection puts thousands of files into one folder, and comes by here for each of them
                names = sorted(_names(day), reverse=True)
                found = next((name for name in names if _ROWS_NAME.fullmatch(name)), None)
                if found is not None:
                    newest = max(newest, found[:39])
                    break
        if f"{received}-{digest}" > newest:
            return received
        return (_moment(newest[:22]) + timedelta(microseconds=1)).strftime(_STAMP)

    @contextmanager
    def _locked(self, *, wait: bool = True) -> Iterator[bool]:
        """Hold the archive's lock; yields False when it is taken and ``wait`` is False."""
        path = self.root / "lock"
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be opened: {_why(error)}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def _write(self, path: Path, data: bytes) -> None:
        """Put a whole file in its place. The lock is held, so the temporary name is ours alone."""
        temporary = self.root / "tmp" / path.name
        try:
            new_folders = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
            path.parent.mkdir(parents=True, exist_ok=True)
            for folder in new_folders:
                _sync(folder.parent)
            try:
                with temporary.open("wb") as out:
                    out.write(data)
                    out.flush()
                    os.fsync(out.fileno())
                temporary.rename(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync(path.parent)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be written: {_why(error)}") from error

    def _quarantine(self, path: Path) -> Path:
        moved = self.root / "quarantine" / path.relative_to(self.root)
        try:
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.replace(moved)
        except OSError as error:
            raise ArchiveError(f"{path} is broken and cannot be moved away: {_why(error)}") from error
        return moved


def _digest(source: str, name: str, moment: datetime, body: bytes) -> str:
    whole = hashlib.sha256(f"{source}\0{name}\0{moment.strftime(_STAMP)}\0".encode())
    whole.update(body)
    return whole.hexdigest()[:16]


def _unpack(data: bytes, file: ArchivedFile) -> RawAnswer:
    magic, size = struct.unpack_from("<II", data)
    if magic != _SKIPPABLE:
        raise ValueError("it does not begin with a header")
    header = orjson.loads(data[8 : 8 + size])
    packed = data[8 + size :]
    if not packed:
        raise ValueError("it ends after the header")
    reader = zstandard.ZstdDecompressor().decompressobj()
    body = reader.decompress(packed)
    if not reader.eof:
        raise ValueError("it is cut short")
    if _digest(header["source"], header["name"], file.received_at, body) != file.digest:
        raise ValueError("its content does not match its digest")
    return RawAnswer(header["source"], header["name"], body, file.received_at, bool(header["simulated"]))


def _moment(stamp: str) -> datetime:
    """The time that ``_STAMP`` wrote; by hand, as a listing reads thousands of them."""
    day, clock = stamp[:8], stamp[9:21]
    return datetime(
        int(day[:4]), int(day[4:6]), int(day[6:]),
        int(clock[:2]), int(clock[2:4]), int(clock[4:6]), int(clock[6:]), tzinfo=UTC,
    )  # fmt: skip


def _listed(folder: Path) -> list[Path]:
    """What lies in a folder; nothing when it is not there."""
    return [folder / name for name in _names(folder)]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ArchiveError(f"{folder} cannot be listed: {_why(error)}") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
