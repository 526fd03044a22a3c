"""A day's rows of one source in one Parquet file, and which answer each of them came from.

Rows lie in the order of the queue, and within an answer as they were archived. The file's own metadata hold an index:
id, received stamp and number of rows of every answer, those without rows too. So nothing of what a listing of single
files says is lost, and a place in the queue stays a place in the queue.

Format: Apache Parquet; the index is JSON, zstd, base64, under the key ``radar.answers``.
"""

from __future__ import annotations

import base64
import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import orjson
import polars as pl
import zstandard

from radar.archive._names import ID_LENGTH, STAMP_LENGTH, ArchivedFile, moment
from radar.errors import SchemaError
from radar.schema import check_archived

#: Rows of a row group: what is read and kept at once.
CHUNK_ROWS = 65_536
#: Chunks and answers that are kept in memory: those of as many sources as are read side by side.
CHUNKS_KEPT, ANSWERS_KEPT = 24, 200_000
_KEY = "radar.answers"

#: What :class:`Packs` raises for a file that is no whole pack.
BROKEN = (pl.exceptions.PolarsError, SchemaError, ValueError, TypeError, zstandard.ZstdError)

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Index:
    """The answers of a pack, by their place in the queue. ``stops``: the row after each answer's last."""

    ids: list[str]
    received: list[str]
    stops: list[int]
    places: dict[str, int]

    @classmethod
    def of(cls, ids: Sequence[str], received: Sequence[str], counts: Sequence[int]) -> Index:
        """An index of answers in the order of the queue. Raises ValueError when they are in another."""
        if not len(ids) == len(received) == len(counts):
            raise ValueError("ids, received stamps and counts differ in number")
        if any(a >= b for a, b in pairwise(ids)):
            raise ValueError("ids do not rise")
        return cls(list(ids), list(received), list(accumulate(counts)), {one: at for at, one in enumerate(ids)})

    @property
    def rows(self) -> int:
        """Number of rows of all answers."""
        return self.stops[-1] if self.stops else 0

    def span(self, file_id: str) -> tuple[int, int]:
        """First row and the one after the last of an answer. Raises KeyError when it is not in this pack."""
        at = self.places[file_id]
        return (self.stops[at - 1] if at else 0), self.stops[at]

    def counts(self) -> list[int]:
        """Rows of each answer."""
        return [stop - start for start, stop in pairwise([0, *self.stops])]

    def files(self, source: str, path: Path, after: str | None) -> list[ArchivedFile]:
        """The answers that come after a place, as a listing gives them."""
        return [
            ArchivedFile(one, source, one[STAMP_LENGTH + 1 :], moment(received), path)
            for one, received in zip(self.ids, self.received, strict=True)
            if after is None or one > after
        ]

    def metadata(self) -> dict[str, str]:
        """What the Parquet file says of itself."""
        late = {str(at): stamp for at, stamp in enumerate(self.received) if self.ids[at][:STAMP_LENGTH] != stamp}
        told = orjson.dumps({"ids": "".join(self.ids), "received": late, "rows": self.counts()})
        return {_KEY: base64.b64encode(zstandard.ZstdCompressor(level=9).compress(told)).decode()}

    @classmethod
    def read(cls, path: Path) -> Index:
        """The index of a pack. Raises FileNotFoundError, or one of ``BROKEN``."""
        found = pl.read_parquet_metadata(path).get(_KEY)
        if found is None:
            raise ValueError("it has no index of answers")
        packed = base64.b64decode(found, validate=True)
        told = orjson.loads(zstandard.ZstdDecompressor().decompress(packed))
        try:
            joined, late, rows = told["ids"], told["received"], told["rows"]
        except KeyError as error:
            raise ValueError(f"its index has no {error}") from None
        ids = [joined[at : at + ID_LENGTH] for at in range(0, len(joined), ID_LENGTH)]
        return cls.of(ids, [late.get(str(at), one[:STAMP_LENGTH]) for at, one in enumerate(ids)], rows)


class Packs:
    """Reads packs, and keeps what was read last: answers are read one after the other, from many packs in turn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[tuple[Path, Stamp], Index] = OrderedDict()
        self._last: dict[tuple[Path, Stamp], str] = {}
        self._chunks: OrderedDict[tuple[Path, Stamp, int], pl.DataFrame] = OrderedDict()

    def index(self, path: Path) -> Index:
        """The index of a pack. Raises FileNotFoundError when there is none, OSError, or one of ``BROKEN``."""
        key = (path, _stamp(path))
        with self._lock:
            found = self._indexes.get(key)
            if found is not None:
                self._indexes.move_to_end(key)
                return found
        found = Index.read(path)
        with self._lock:
            self._indexes[key] = found
            self._last[key] = found.ids[-1] if found.ids else ""
            while len(self._indexes) > 1 and sum(len(one.ids) for one in self._indexes.values()) > ANSWERS_KEPT:
                self._indexes.popitem(last=False)
        return found

    def last(self, path: Path) -> str:
        """Id of the newest answer of a pack. Raises what :meth:`index` raises."""
        with self._lock:
            known = self._last.get((path, _stamp(path)))
        if known is not None:
            return known
        ids = self.index(path).ids
        return ids[-1] if ids else ""

    def read(self, path: Path, file_id: str) -> pl.DataFrame:
        """The rows of one answer.

        Raises
        ------
        KeyError
            The answer is not in this pack.
        FileNotFoundError
            There is no such pack (any more).
        OSError
            It cannot be read now.
        """
        while True:
            before = _stamp(path)
            first, stop = self.index(path).span(file_id)
            parts = []
            for number in range(first // CHUNK_ROWS, max(first, stop - 1) // CHUNK_ROWS + 1):
                at = number * CHUNK_ROWS
                parts.append(self._chunk(path, before, number).slice(max(first - at, 0), stop - max(first, at)))
            if _stamp(path) == before:
                return check_archived(pl.concat(parts) if len(parts) > 1 else parts[0])

    def _chunk(self, path: Path, stamp: Stamp, number: int) -> pl.DataFrame:
        key = (path, stamp, number)
        with self._lock:
            found = self._chunks.get(key)
            if found is not None:
                self._chunks.move_to_end(key)
                return found
        found = pl.scan_parquet(path, glob=False).slice(number * CHUNK_ROWS, CHUNK_ROWS).collect()
        with self._lock:
            self._chunks[key] = found
            while len(self._chunks) > CHUNKS_KEPT:
                self._chunks.popitem(last=False)
        return found


def _stamp(path: Path) -> Stamp:
    """Tells one state of a file from another."""
    found = os.stat(path)
    return found.st_ino, found.st_mtime_ns, found.st_size
