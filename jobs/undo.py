"""Bins as they were before a step that may be broken off, so that it can be begun again from the very same place.

A rebuild publishes now and then, and writes series all the time. One that is killed leaves series that are ahead of
what it published: values that came later are there already, and a bin that is scored again would be judged by them. So
what is about to be overwritten is first copied to a file in the data folder; whoever goes on puts it back.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
import zstandard

from jobs.history import StoreHistory
from radar.aggregate.bins import F32
from radar.errors import ArchiveError
from radar.signals import GROUPS, Group
from radar.store import Store, blocks
from radar.store.retention import Keep

_HEAD = struct.Struct("<II")


class Undo:
    """The file. It belongs to one publication, ``base``, and holds what was overwritten since."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "rebuild" / "undo"
        self._handle: int | None = None

    def begin(self, base: int) -> None:
        """Forget what there is: the publication ``base`` has everything. Raises ArchiveError."""
        try:
            self.close()
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ArchiveError(f"{self._path} cannot be written: {error.strerror or error}") from error
        self._add({"base": base}, b"")

    def keep(
        self, client: Store, group: Group, aspect: str, entities: Sequence[str], start: datetime, bins: int
    ) -> None:
        """Copy bins that are about to be written; nothing before :meth:`begin`. Raises StoreUnavailable and
        ArchiveError."""
        if self._handle is None:
            return
        old = blocks.read_bins(client, group, aspect, entities, start, bins)
        told = {"group": group.name, "aspect": aspect, "start": start.isoformat(), "entities": list(entities)}
        self._add(told, old.astype("<f4").tobytes())

    def restore(self, client: Store, base: int) -> int:
        """Put back what was overwritten since the publication ``base``, the newest first; returns how many pieces.

        Nothing is done when the file belongs to another publication. Raises StoreUnavailable and ArchiveError.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise ArchiveError(f"{self._path} cannot be read: {error.strerror or error}") from error
        pieces, at = [], 0
        while at + _HEAD.size <= len(data):
            sizes = _HEAD.unpack_from(data, at)
            stop = at + _HEAD.size + sum(sizes)
            if stop > len(data):
                break  # it was killed while it wrote this one, and so before it overwrote anything
            pieces.append((at + _HEAD.size, *sizes))
            at = stop
        heads = [orjson.loads(data[at : at + size]) for at, size, _body in pieces]
        if not heads or heads[0]["base"] != base:
            return 0
        for (at, size, length), told in reversed(list(zip(pieces, heads, strict=True))[1:]):
            group = GROUPS[told["group"]]
            body = zstandard.ZstdDecompressor().decompress(data[at + size : at + size + length])
            old = np.frombuffer(body, "<f4").reshape(len(told["entities"]), -1, group.width)
            start = datetime.fromisoformat(told["start"])
            blocks.write_bins(client, group, told["aspect"], told["entities"], start, old)
        return len(pieces) - 1

    def close(self) -> None:
        """Write no more."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def done(self) -> None:
        """Delete the file: everything is published."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _add(self, told: Mapping[str, object], body: bytes) -> None:
        head, packed = orjson.dumps(told), zstandard.ZstdCompressor(level=1).compress(body)
        assert self._handle is not None  # by those who call
        try:
            whole = _HEAD.pack(len(head), len(packed)) + head + packed
            while whole:
                whole = whole[os.write(self._handle, whole) :]
            os.fdatasync(self._handle)
        except OSError as error:
            raise ArchiveError(f"{self._path} cannot be written: {error.strerror or error}") from error


class UndoneHistory(StoreHistory):
    """Bins in the store, with a copy of what each write replaces."""

    def __init__(self, client: Store, group: Group, *, keep: Keep, undo: Undo) -> None:
        super().__init__(client, group, keep=keep)
        self._undo = undo

    def put_aspect(self, aspect: str, entities: Sequence[str], start: datetime, values: F32) -> None:
        """See :class:`jobs.history.History`."""
        self._undo.keep(self._client, self._group, aspect, entities, start, values.shape[1])
        super().put_aspect(aspect, entities, start, values)
