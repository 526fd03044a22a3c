"""Snapshots on disk: written whole or not at all, the newest readable one is used.

A snapshot that a kill or a bad disk has broken is passed over for the one before it; the spool is kept for as long as
the oldest snapshot needs it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import structlog

from radar.errors import ArchiveError
from radar.routing import snapshot
from radar.routing.session import Session

log = structlog.get_logger(__name__)

#: Snapshots that are kept, the newest ones.
KEPT = 3


class Snapshots:
    """A folder of snapshots, named by the listener's clock in whole seconds and the spool's file that follows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for draft in folder.glob("*.tmp"):
                draft.unlink()
        except OSError as error:
            raise ArchiveError(f"{folder} cannot be used: {error.strerror or error}") from error

    def times(self) -> dict[int, str]:
        """Times of the snapshots that are there, oldest first, with the spool's file from which each goes on."""
        found = {}
        for path in self._folder.glob("*.snapshot"):
            at, _, segment = path.stem.partition("-")
            if at.isdecimal() and segment:
                found[int(at)] = f"{segment}.spool"
        return dict(sorted(found.items()))

    def write(self, session: Session, extra: dict[str, Any], at: float, segment: str) -> None:
        """Write one in one step. Raises ArchiveError; nothing half written stays."""
        path = self._folder / f"{int(at)}-{segment.partition('.')[0]}.snapshot"
        draft = path.with_suffix(".tmp")
        try:
            with draft.open("wb") as out:
                for part in snapshot.dump(session, extra):
                    out.write(part)
                out.flush()
                os.fsync(out.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise ArchiveError(f"{path} cannot be written: {error.strerror or error}") from error

    def load(self, session: Session, at: int) -> dict[str, Any]:
        """Fill a new session from the snapshot of that time. Raises ArchiveError."""
        path = self._path(at)
        try:
            return snapshot.load(session, path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise ArchiveError(f"{path} cannot be used: {error}") from error

    def purge(self, *, keep: Iterable[int] = ()) -> None:
        """Remove all but the newest ones and those to keep."""
        times = self.times()
        wanted = {*list(times)[-KEPT:], *keep}
        for at in times:
            if at not in wanted:
                self._path(at).unlink(missing_ok=True)

    def _path(self, at: int) -> Path:
        return self._folder / f"{at}-{self.times().get(at, '').partition('.')[0]}.snapshot"
