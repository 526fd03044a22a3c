"""Old publications: out of the store into one file a day, and back when somebody asks what was known then.

::

    archive/travel/2026-03-02.parquet      every publication of that day, as frames (``radar.store.frames``)

A day is filed when it is over. What is older than ``RADAR_TIME_TRAVEL_DAYS`` and filed leaves the store; its place in
the index stays, so that a page or the API knows that there is something to ask for. Formats: Apache Parquet.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import structlog
from polars.exceptions import PolarsError

from radar.archive import Archive
from radar.errors import ArchiveError, StoreUnavailable
from radar.store import Store, travel
from radar.store.travel import Found, Missing

log = structlog.get_logger(__name__)

#: Time between two looks at what is to be filed.
EVERY = timedelta(hours=1)
#: Time between two looks at what somebody waits for, in seconds.
LOOK_S = 1.0

_SCHEMA = pl.Schema({"segment": pl.Int64, "place": pl.UInt32, "frame": pl.Binary})


class Files:
    """The files of filed days."""

    def __init__(self, archive: Archive) -> None:
        self._disk = archive.disk
        self.folder = archive.root / "travel"

    def segments(self) -> set[str]:
        """All segments that are filed. A file that cannot be read is told and passed over. Raises ArchiveError."""
        found: set[str] = set()
        for path in sorted(self.folder.glob("*.parquet")):
            try:
                found |= {str(row) for row in self._read(path, ["segment"])["segment"].unique()}
            except ArchiveError as error:
                log.warning("file of old publications not read", error=str(error))
        return found

    def read(self, segment: str) -> list[bytes]:
        """The frames of a segment; empty when it is not filed. Raises ArchiveError."""
        path = self.path(day_of(segment))
        if not path.exists():
            return []
        rows = self._read(path).filter(pl.col("segment") == int(segment)).sort("place")
        return list(rows["frame"])

    def add(self, day: date, segments: Mapping[str, Sequence[bytes]]) -> None:
        """Put segments into the file of their day, beside those that are in it. Raises ArchiveError."""
        rows = [(int(name), place, frame) for name, held in segments.items() for place, frame in enumerate(held)]
        added = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
        path = self.path(day)
        if path.exists():
            added = pl.concat([self._read(path).filter(~pl.col("segment").is_in(added["segment"].implode())), added])
        out = io.BytesIO()
        added.sort("segment", "place").write_parquet(out, compression="zstd")
        with self._disk.locked():
            self._disk.write(path, out.getvalue())

    def path(self, day: date) -> Path:
        """The file of a day."""
        return self.folder / f"{day.isoformat()}.parquet"

    def _read(self, path: Path, columns: list[str] | None = None) -> pl.DataFrame:
        try:
            return pl.read_parquet(path, columns=columns)
        except (PolarsError, OSError) as error:
            raise ArchiveError(f"{path} cannot be read: {error}") from None


class Keeper:
    """Files days that are over, and takes what is old out of the store. Call it under the pipeline's lease."""

    def __init__(self, client: Store, archive: Archive, days: int) -> None:
        self._client = client
        self._files = Files(archive)
        self._days = timedelta(days=days)
        self._filed: set[str] | None = None
        self._dropped: set[str] = set()
        self._next: datetime | None = None

    def __call__(self, now: datetime) -> None:
        """File what is due, once an hour. What fails is told and done again with the next call."""
        if self._next is not None and now < self._next:
            return
        try:
            self._keep(now)
        except (StoreUnavailable, ArchiveError) as error:
            log.warning("old publications not filed", error=str(error))
            return
        self._next = now + EVERY

    def _keep(self, now: datetime) -> None:
        if self._filed is None:
            filed = self._files.segments()
            travel.enter(self._client, sorted(filed))  # a store that came back empty has lost its index
            self._filed = filed
        today = datetime(now.year, now.month, now.day, tzinfo=UTC)
        over = [name for name in travel.segments(self._client) if moment(name) < today]
        fresh: dict[date, dict[str, list[bytes]]] = {}
        for name in over:
            if name not in self._filed and (held := travel.held(self._client, name)):
                fresh.setdefault(day_of(name), {})[name] = held
        for day, segments in fresh.items():
            self._files.add(day, segments)
            self._filed |= set(segments)
            log.info("publications filed", day=day.isoformat(), segments=len(segments),
                     frames=sum(map(len, segments.values())),
                     bytes=sum(len(frame) for held in segments.values() for frame in held))  # fmt: skip
        old = [name for name in over
               if name in self._filed and name not in self._dropped and moment(name) < now - self._days]  # fmt: skip
        travel.drop(self._client, old)
        self._dropped |= set(old)


def prepare(client: Store, archive: Archive) -> int:
    """Bring back every segment that somebody waits for; returns how many were. One that cannot be is told to be lost.

    Raises StoreUnavailable.
    """
    count = 0
    for name in travel.wanted(client):
        try:
            held = Files(archive).read(name)
        except ArchiveError as error:
            log.error("old publications cannot be brought back", error=str(error))
            travel.give_up(client, name, "damaged")
            continue
        if held:
            travel.bring_back(client, name, held)
            count += 1
            log.info("old publications brought back", since=moment(name).isoformat(), frames=len(held))
        else:
            log.error("old publications are not filed", since=moment(name).isoformat())
            travel.give_up(client, name, "gone")
    return count


def serve(client: Store, archive: Archive, stop: threading.Event, *, every_s: float = LOOK_S) -> None:
    """Until ``stop``: bring back what somebody waits for. A store that is away is asked again."""
    while not stop.wait(every_s):
        try:
            prepare(client, archive)
        except StoreUnavailable as error:
            log.debug("not looked what is waited for", error=str(error))


def read(client: Store, data_dir: Path, at: datetime, wall: datetime) -> Found | Missing:
    """What had been told by ``at``, as :func:`radar.store.travel.read`; old publications are read from their file.

    Raises StoreUnavailable and ArchiveError.
    """
    found = travel.read(client, at, wall)
    if not isinstance(found, Missing) or found.why not in ("preparing", "silent", "busy"):
        return found
    prepare(client, Archive(data_dir))
    return travel.read(client, at, wall)


def moment(segment: str) -> datetime:
    """When a segment begins."""
    return datetime.fromtimestamp(int(segment), UTC)


def day_of(segment: str) -> date:
    """The day in whose file a segment lies."""
    return moment(segment).date()
