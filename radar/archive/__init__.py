"""The archive on disk: every upstream answer as it came, and the rows that were made of it.

::

    archive/raw/<source>/<YYYY-MM-DD>/<received at>-<digest>.zst
    archive/signals/<source>/<YYYY-MM-DD>/<order>-<digest>[-<received at>].parquet
    archive/signals/<source>/<YYYY-MM-DD>.parquet                                    the pack of a day that is over

The archive is also the queue between collecting and everything after it. Three properties make that safe:

- A file appears whole or not at all: written under ``archive/tmp``, synced, renamed, and the folder synced.
- The answer is stored before anything reads it. A process that dies before the rows are stored leaves an answer that
  ``pending_raw`` lists; it is parsed again at the next start.
- A new file of rows always sorts after all there are, whatever clocks did. So one cursor, the ``id`` of the last file
  that was taken in, never passes over a file that came late.

The many small files of a day may become one (``radar.archive.upkeep``). A pack says of every answer in it what its own
file said, and is in its place before the first of them is deleted: who looks at the files first and at the pack after
that, as all do here, always finds every answer, and one that is in both counts once.

Formats: Zstandard (RFC 8878), Apache Parquet.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from radar.archive import _answers, _packs
from radar.archive._answers import RawAnswer
from radar.archive._disk import Disk, why
from radar.archive._listing import Listing
from radar.archive._names import PACK_NAME, SOURCE, STAMP, STAMP_LENGTH, ArchivedFile, day_of, moment
from radar.errors import ArchiveError
from radar.schema import ARCHIVED, check_archived

__all__ = ["STAMP", "STAMP_LENGTH", "Archive", "ArchivedFile", "RawAnswer", "day_of", "moment"]


class Archive:
    """The archive below a data folder. Several processes and threads may use it at once."""

    def __init__(self, data_dir: Path | str) -> None:
        """Open it, create what is missing, and remove what a process that died left half written.

        Raises ArchiveError when the folder cannot be used.
        """
        self.root = Path(data_dir) / "archive"
        self.disk = Disk(self.root)
        self.listing = Listing(self.disk)
        self._check: Callable[[], object] = lambda: None

    def guarded(self, check: Callable[[], object]) -> Archive:
        """The same archive for a writer that may lose the right to write: ``check`` is called before each file, under
        the lock of those who write, and raises when it is lost. So what it writes comes before all that its successor
        writes, or not at all."""
        found = copy(self)
        found._check = check
        return found

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lock of those who write. Raises ArchiveError, and what ``check`` raises."""
        with self.disk.locked():
            self._check()
            yield

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
        if not SOURCE.fullmatch(source):
            raise ArchiveError(f"{source!r} is no name of a source; expected small letters, digits and _")
        if received_at.tzinfo is None:
            raise ArchiveError(f"{source} {name}: received_at {received_at!r} has no zone; expected an aware time")
        received = received_at.astimezone(UTC)
        digest = _answers.digest_of(source, name, received, body)
        stamp = received.strftime(STAMP)
        file = ArchivedFile(f"{stamp}-{digest}", source, digest, received, self._raw_path(source, stamp, digest))
        if not file.path.exists():
            data = _answers.pack(source, name, body, stamp=stamp, digest=digest, simulated=simulated)
            with self.writing():
                self.disk.write(file.path, data)
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
        with self.writing():
            known = self.listing.rows_of(file)
            if known is not None:
                return known
            received = file.received_at.strftime(STAMP)
            order = self._next_order(received, file.digest)
            suffix = "" if order == received else f"-{received}"
            path = self.root / "signals" / file.source / day_of(order) / f"{order}-{file.digest}{suffix}.parquet"
            self.disk.write(path, buffer.getvalue())
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
        found: list[ArchivedFile] = []
        for name in [source] if source else self.sources():
            for day in self.listing.days(name):
                if day >= day_of(after or ""):
                    found += self.listing.files_of_day(name, day, after)
        return sorted(found)

    def read(self, file: ArchivedFile) -> pl.DataFrame:
        """The rows of a file, with the columns of ARCHIVED.

        Raises
        ------
        ArchiveError
            It cannot be read; names it. A file whose content is broken is moved into ``quarantine``; its answer is
            then pending again, so that parsing it anew repairs the archive. Of a pack that goes for all its answers.
        """
        path = file.path
        try:
            if not PACK_NAME.fullmatch(path.name):
                try:
                    return check_archived(pl.read_parquet(io.BytesIO(path.read_bytes())))
                except FileNotFoundError:
                    pack = self.listing.pack_path(file.source, day_of(file.id))
                    if not pack.exists():
                        raise
                    path = pack  # it was packed since it was listed
            return self.listing.packs.read(path, file.id)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {why(error)}") from error
        except LookupError as error:
            raise ArchiveError(f"{path} does not hold {file.id}") from error
        except _packs.BROKEN as error:
            moved = self.disk.quarantine(path)
            raise ArchiveError(f"{path} is broken ({error}); moved to {moved}") from error

    def raw(self, file: ArchivedFile) -> RawAnswer:
        """The answer that a file was made of, checked against its digest.

        Raises
        ------
        ArchiveError
            It is not there or cannot be read; names it. One whose content is broken is moved into ``quarantine``.
        """
        path = self._raw_path(file.source, file.received_at.strftime(STAMP), file.digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {why(error)}") from error
        try:
            return _answers.unpack(data, file)
        except _answers.BROKEN as error:
            moved = self.disk.quarantine(path)
            raise ArchiveError(f"{path} is broken ({error}); moved to {moved}") from error

    def has_raw(self, file: ArchivedFile) -> bool:
        """Is the answer itself still there? It is kept for less time than its rows."""
        return self._raw_path(file.source, file.received_at.strftime(STAMP), file.digest).exists()

    def pending_raw(self, sources: Iterable[str] | None = None) -> list[ArchivedFile]:
        """Answers that are stored and whose rows are not, oldest first: to be parsed again. Of these sources, or of
        all."""
        found: list[ArchivedFile] = []
        for name in self.sources() if sources is None else sources:
            raw = self.listing.raw_files(name)
            first = min((day_of(file.id) for file in raw), default=None)
            if first is not None:  # rows lie under the day of their answer or a later one
                done = {
                    file.digest
                    for day in self.listing.days(name)
                    if day >= first
                    for file in self.listing.files_of_day(name, day)
                }
                found += [file for file in raw if file.digest not in done]
        return sorted(found)

    def sources(self) -> list[str]:
        """Names of the sources that have files."""
        return self.listing.sources()

    def _next_order(self, received: str, digest: str) -> str:
        """The received stamp, or one microsecond after the newest file of all sources when that sorts later."""
        newest = self.listing.newest()
        if f"{received}-{digest}" > newest:
            return received
        return (moment(newest[:STAMP_LENGTH]) + timedelta(microseconds=1)).strftime(STAMP)

    def _raw_path(self, source: str, stamp: str, digest: str) -> Path:
        return self.root / "raw" / source / day_of(stamp) / f"{stamp}-{digest}.zst"
