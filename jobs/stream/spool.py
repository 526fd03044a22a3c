"""Messages on disk in the order in which they came, cut into files of a few minutes.

A record is 16 bytes (when it was written, how long it is, a checksum) and a packed part: lines of messages, or a note
of our own. One process writes, others may follow. A record that was cut short by a kill is the last of its file;
whoever writes next begins a new one.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from radar.errors import ArchiveError

_HEAD = struct.Struct("<dII")
#: Seconds of one file, and bytes after which the next begins before that.
SEGMENT_S, SEGMENT_BYTES = 300.0, 256 << 20
#: Longest record, packed; no writer makes a longer one.
_LONGEST = 64 << 20
_NOTE = b"\x00"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record begins: the file and the byte."""

    segment: str
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``at``: wall clock of the writer, seconds. ``lines``: messages. ``note``: our own, or None.
    ``after``: where the next record begins."""

    at: float
    lines: list[bytes]
    note: dict[str, Any] | None
    after: Place


class Spool:
    """A folder of segments."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"{folder} cannot be used: {error.strerror or error}") from error
        self._packer = zstandard.ZstdCompressor(level=3)
        self._out: Any = None
        self._began = 0.0

    # ------------------------------------------------------------------ writing

    def append(self, at: float, lines: list[bytes], note: dict[str, Any] | None = None) -> None:
        """Write one record; it is in the hands of the system when this returns. Raises ArchiveError."""
        body = _NOTE + orjson.dumps(note) if note is not None else b"\n".join(lines)
        packed = self._packer.compress(body)
        try:
            out = self._segment(at)
            out.write(_HEAD.pack(at, len(packed), zlib.crc32(packed)) + packed)
            out.flush()
        except OSError as error:
            self.close()
            raise ArchiveError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def close(self) -> None:
        """End the running file."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def _segment(self, at: float) -> Any:
        if self._out is not None and (at - self._began >= SEGMENT_S or self._out.tell() >= SEGMENT_BYTES):
            self.close()
        if self._out is None:
            number = int(self.segments()[-1].partition(".")[0]) + 1 if self.segments() else 0
            self._out = (self.folder / f"{number:012d}.spool").open("xb")
            self._began = at
        return self._out

    # ------------------------------------------------------------------ reading

    def segments(self) -> list[str]:
        """Names of the files, oldest first."""
        return sorted(name for name in os.listdir(self.folder) if name.endswith(".spool"))

    def size(self) -> int:
        """Bytes of all files."""
        return sum((self.folder / name).stat().st_size for name in self.segments())

    def start(self) -> Place:
        """Where the oldest record begins; where the first will, in an empty spool."""
        names = self.segments()
        return Place(names[0] if names else f"{0:012d}.spool", 0)

    def newest(self) -> float | None:
        """When the newest whole record was written; None in an empty spool."""
        for name in reversed(self.segments()):
            last = None
            for record in self._read(Place(name, 0)):
                last = record.at
            if last is not None:
                return last
        return None

    def follow(self, place: Place) -> Iterator[Record]:
        """All whole records from ``place`` on that are there now.

        Raises
        ------
        ArchiveError
            The file of ``place`` is not there any more while later ones are: what lay between is lost.
        """
        names = self.segments()
        if names and place.segment < names[0] and place != self.start():
            raise ArchiveError(f"{self.folder / place.segment} is gone; the oldest is {names[0]}")
        for name in names:
            if name >= place.segment:
                yield from self._read(Place(name, place.offset if name == place.segment else 0))

    def _read(self, place: Place) -> Iterator[Record]:
        try:
            with (self.folder / place.segment).open("rb") as file:
                at = place.offset
                file.seek(at)
                while len(head := file.read(_HEAD.size)) == _HEAD.size:
                    written, size, checksum = _HEAD.unpack(head)
                    packed = file.read(size) if size <= _LONGEST else b""
                    if len(packed) != size or zlib.crc32(packed) != checksum:
                        return  # still being written, or cut short by a kill
                    at += _HEAD.size + size
                    body = zstandard.ZstdDecompressor().decompress(packed)
                    note = orjson.loads(body[1:]) if body[:1] == _NOTE else None
                    lines = body.split(b"\n") if note is None and body else []
                    yield Record(written, lines, note, Place(place.segment, at))
        except FileNotFoundError:
            return
        except (OSError, zstandard.ZstdError, orjson.JSONDecodeError) as error:
            raise ArchiveError(f"{self.folder / place.segment} cannot be read: {error}") from error

    def purge(self, keep: Place) -> int:
        """Remove the files that lie wholly before ``keep``; returns how many."""
        gone = [name for name in self.segments() if name < keep.segment]
        for name in gone:
            (self.folder / name).unlink(missing_ok=True)
        return len(gone)
