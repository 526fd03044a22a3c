"""What lies in the archive: sources, days, answers and files of rows.

Whoever looks for rows looks at the files of a day first and at its pack after that. A file is deleted when the pack
that has its rows is in its place, so nothing is ever missed; what is in both is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import structlog

from radar.archive import _packs
from radar.archive._disk import Disk, listed, names, why
from radar.archive._names import (
    DAY,
    ID_LENGTH,
    PACK_NAME,
    RAW_NAME,
    ROWS_NAME,
    SOURCE,
    STAMP,
    ArchivedFile,
    day_of,
    moment,
)
from radar.archive._packs import Index, Packs
from radar.errors import ArchiveError

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Listing:
    """Looks at the folder each time it is asked; only indexes of packs are remembered."""

    def __init__(self, disk: Disk) -> None:
        self.root = disk.root
        self.packs = Packs()
        self._disk = disk

    def sources(self) -> list[str]:
        """Names of the sources that have files."""
        found = {folder.name for kind in ("raw", "signals") for folder in listed(self.root / kind)}
        return sorted(name for name in found if SOURCE.fullmatch(name))

    def days(self, source: str) -> list[str]:
        """Days that have rows of a source, oldest first."""
        found = names(self.root / "signals" / source)
        return sorted({name[:10] for name in found if DAY.fullmatch(name) or PACK_NAME.fullmatch(name)})

    def files_of_day(self, source: str, day: str, after: str | None = None) -> list[ArchivedFile]:
        """Files of rows of one source and day, in no order; each answer once."""
        parts: list[ArchivedFile] = []
        for path in listed(self.root / "signals" / source / day):
            match = ROWS_NAME.fullmatch(path.name)
            if match:
                file_id = f"{match['order']}-{match['digest']}"
                if after is None or file_id > after:
                    received = moment(match["received"] or match["order"])
                    parts.append(ArchivedFile(file_id, source, match["digest"], received, path))
        if after is not None and (self._last(source, day) or "") <= after:
            return parts
        pack = self.index(source, day)
        if pack is None:
            return parts
        packed = pack.files(source, self.pack_path(source, day), after)
        return packed + [file for file in parts if file.id not in pack.places]

    def rows_of(self, file: ArchivedFile) -> ArchivedFile | None:
        """The rows that are already stored for an answer. Usually under the answer's own stamp, else by digest."""
        stamp = file.received_at.strftime(STAMP)
        own = f"{stamp}-{file.digest}"
        folder = self.root / "signals" / file.source
        path = folder / day_of(stamp) / f"{own}.parquet"
        if path.exists():
            return ArchivedFile(own, file.source, file.digest, file.received_at, path)
        for path in folder.glob(f"*/*-{file.digest}-{stamp}.parquet"):
            match = ROWS_NAME.fullmatch(path.name)
            if match:
                found = f"{match['order']}-{file.digest}"
                return ArchivedFile(found, file.source, file.digest, file.received_at, path)
        for name in names(folder):
            packed = PACK_NAME.fullmatch(name)
            if packed and packed["day"] >= day_of(stamp):  # rows never lie before their answer
                index = self.index(file.source, packed["day"])
                for at, one in enumerate(index.ids if index else ()):
                    if index and one.endswith(file.digest) and index.received[at] == stamp:
                        return ArchivedFile(one, file.source, file.digest, file.received_at, folder / name)
        return None

    def newest(self) -> str:
        """Id of the newest file of rows, whatever its source; "" when there is none."""
        newest = ""
        for source in listed(self.root / "signals"):
            for day in reversed(self.days(source.name)):
                # a first collection puts thousands of files into one folder, and comes by here for each of them
                found = (name for name in sorted(names(source / day), reverse=True) if ROWS_NAME.fullmatch(name))
                last = max(next(found, "")[:ID_LENGTH], self._last(source.name, day) or "")
                if last:
                    newest = max(newest, last)
                    break
        return newest

    def raw_files(self, source: str) -> list[ArchivedFile]:
        """The stored answers of a source, in no order. ``id`` is made of the time at which each was received."""
        return [file for day in listed(self.root / "raw" / source) for file in self.raw_of_day(source, day.name)]

    def raw_of_day(self, source: str, day: str) -> list[ArchivedFile]:
        """The answers of a source that were received on a day, in no order."""
        return [
            ArchivedFile(f"{match['order']}-{match['digest']}", source, match["digest"], moment(match["order"]), path)
            for path in listed(self.root / "raw" / source / day)
            if (match := RAW_NAME.fullmatch(path.name))
        ]

    def pack_path(self, source: str, day: str) -> Path:
        """Where the pack of a day is, or would be."""
        return self.root / "signals" / source / f"{day}.parquet"

    def index(self, source: str, day: str) -> Index | None:
        """The index of a day's pack; None when there is none, or when it was broken and has been put aside."""
        return self._read(self.packs.index, source, day)

    def _last(self, source: str, day: str) -> str | None:
        """Id of the newest answer of a day's pack, without its whole index; None as above."""
        return self._read(self.packs.last, source, day)

    def _read(self, read: Callable[[Path], T], source: str, day: str) -> T | None:
        path = self.pack_path(source, day)
        try:
            return read(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {why(error)}") from error
        except _packs.BROKEN as error:
            moved = self._disk.quarantine(path)
            log.error("a pack of the archive is broken; its answers are parsed again at the next start",
                      file=str(path), moved=str(moved), error=str(error))  # fmt: skip
            return None
