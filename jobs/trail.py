"""What each tick of a live radar knew: its clock, how far it had taken in the archive, whose history it had.

::

    archive/ticks/<YYYY-MM-DD>.ndjson     {"now": "2026-03-02T00:20:08.114203Z", "cursor": "...", "begun": [...]}

The archive says what came. What was made of it also depends on when the radar looked: an outage says when it was known,
and silence is told by the clock. With both, everything that was published can be worked out again (`jobs/rebuild.py`).

A line is written after its publication. One that a dying process could not write is made up for by the next: the store
remembers its last tick (:func:`state`), so that every publication has its line, once. A process that was only stopped,
and wakes when that was done, finds its line there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from radar.errors import ArchiveError

log = structlog.get_logger(__name__)

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"
#: Bytes at a file's end among which a line is looked for that was already written: some dozens of ticks.
_TAIL = 1 << 16


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick. ``cursor``: id of the last file that it knew, None before there was any. ``begun``: sources whose
    history had been taken in when it ended."""

    now: datetime
    cursor: str | None
    begun: tuple[str, ...]


class Trail:
    """The folder of ticks. One process writes it: the one that holds the pipeline's lease, or did a moment ago."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "archive" / "ticks"

    def write(self, tick: Tick) -> None:
        """Add a tick, unless it is there. Raises ArchiveError."""
        line = orjson.dumps(state(tick)) + b"\n"
        path = self._folder / f"{tick.now.astimezone(UTC):%Y-%m-%d}.ndjson"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                size = os.fstat(handle).st_size
                if line in os.pread(handle, _TAIL, max(0, size - _TAIL)):
                    return
                torn = (
                    size > 0 and os.pread(handle, 1, size - 1) != b"\n"
                )  # the machine went down while one was written
                os.write(handle, (b"\n" if torn else b"") + line)
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be written: {error.strerror or error}") from error

    def read(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[Tick]:
        """Ticks of ``[since, until]``, oldest first; None: from the first, to the last. Raises ArchiveError."""
        first, last = (f"{t.astimezone(UTC):%Y-%m-%d}" if t else None for t in (since, until))
        for day in self.days():
            if (first is None or day >= first) and (last is None or day <= last):
                for tick in self._of(day):
                    if (since is None or tick.now >= since) and (until is None or tick.now <= until):
                        yield tick

    def last(self) -> Tick | None:
        """The newest tick; None when there is none. Raises ArchiveError."""
        for day in reversed(self.days()):
            ticks = self._of(day)
            if ticks:
                return ticks[-1]
        return None

    def days(self) -> list[str]:
        """Days that have ticks, oldest first."""
        return sorted(path.stem for path in self._folder.glob("????-??-??.ndjson"))

    def drop(self, before: str) -> int:
        """Delete the days before this one; returns how many. Raises ArchiveError."""
        gone = [day for day in self.days() if day < before]
        try:
            for day in gone:
                (self._folder / f"{day}.ndjson").unlink(missing_ok=True)
        except OSError as error:
            raise ArchiveError(f"{self._folder} cannot be emptied: {error.strerror or error}") from error
        return len(gone)

    def _of(self, day: str) -> list[Tick]:
        path = self._folder / f"{day}.ndjson"
        try:
            lines = path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
        found = []
        for number, line in enumerate(lines, 1):
            try:
                found.append(read(orjson.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("a tick cannot be read", file=str(path), line=number, error=str(error))
        return found


def state(tick: Tick) -> dict[str, Any]:
    """A tick as plain JSON."""
    return {"now": tick.now.astimezone(UTC).strftime(_FORM), "cursor": tick.cursor, "begun": list(tick.begun)}


def read(plain: dict[str, Any]) -> Tick:
    """A tick from plain JSON. Raises ValueError, KeyError or TypeError."""
    now = datetime.strptime(plain["now"], _FORM).replace(tzinfo=UTC)
    return Tick(now, plain["cursor"], tuple(plain["begun"]))
