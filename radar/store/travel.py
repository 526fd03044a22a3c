"""What was known when: the record of all publications, and how to read it as of a moment.

Each publication adds one frame (``store.frames``) in its own transaction, so that there is no publication without its
frame and no frame without its publication. Frames lie in segments, one list each, named by the second in which they
begin; an index of all segments stays for ever. The newest segments are kept here (``RADAR_TIME_TRAVEL_DAYS``); older
ones lie in files of the data folder, from where a worker brings them back for a while when they are asked for
(``jobs.travel``).

Moments are those of the data's clock: the same T gives the same answer in a replay, whenever it is played.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import orjson

from radar.errors import StoreUnavailable
from radar.store import Store, asking, frames, keys, transaction
from radar.store.frames import FrameError, Raw, Told
from radar.times import parse, rfc3339

#: How long one waits for a worker to bring an old segment back before it is said that none does.
PATIENCE = timedelta(seconds=30)
#: How long a segment that was brought back stays.
STAYS_S = 3600
#: Segments that may be waited for at a time: each is hours of publications, and asking is open to everybody.
MOST_WANTED = 50

#: A segment is not begun anew for a few large changes.
_SMALL = 50_000


@dataclass(frozen=True, slots=True)
class Missing:
    """Why nothing can be shown as of a moment.

    ``nothing``: nothing was ever published. ``future``, ``early``: after the ``newest`` moment of which something is
    known, before the ``oldest``. ``preparing``: a worker was asked at ``since`` to bring it back. ``silent``: it was
    asked long ago and none has. ``busy``: too much else is being waited for. ``lost``: it cannot be brought back, and
    ``note`` says why: ``gone`` or ``damaged``.
    """

    why: Literal["nothing", "future", "early", "preparing", "silent", "busy", "lost"]
    oldest: datetime | None = None
    newest: datetime | None = None
    since: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What had been told by a moment. ``settled``: later publications cannot change the answer."""

    told: Told
    settled: bool


@dataclass(frozen=True, slots=True)
class Span:
    """What was told over a range, as segments in their order: name, and frames or why there are none.

    ``oldest``: when the first publication of all was; ``newest``: up to when something is known.
    """

    oldest: datetime
    newest: datetime
    segments: list[tuple[str, list[bytes] | Missing]]


# -- writing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """One frame that is to be written, and where."""

    at: datetime
    segment: str
    frame: bytes
    begins: bool  # a new segment
    rewinds: bool  # the clock went back: what was recorded from here on is another past
    rows: Raw
    window: bytes
    stays: tuple[str, int] = ("", 0)  # of a record that rewinds: the segment that it cuts, and frames that stay in it

    def write(self, pipe: Any) -> None:
        """Add the commands to a transaction on the keys of publications."""
        if self.rewinds:
            pipe.zremrangebyscore(keys.TRAVEL, int(self.segment), "+inf")
            pipe.delete(keys.travel(self.segment))
            cut, left = self.stays
            if left:
                pipe.ltrim(keys.travel(cut), 0, left - 1)
        if self.begins:
            pipe.zadd(keys.TRAVEL, {self.segment: int(self.segment)})
        pipe.rpush(keys.travel(self.segment), self.frame)


class Recorder:
    """Makes the frame of each publication of one writer. Knows the last one; what others have written since the
    process that it lives in began is not seen, so make a new one together with the pipeline."""

    def __init__(self, client: Store) -> None:
        self._client = client
        self._last: Record | None = None
        self._read = False
        self._count = 0
        self._size = 0  # bytes of the whole frame
        self._grown = 0  # of those after it

    @contextmanager
    def recording(self, at: datetime, docs: Mapping[str, Any], states: Mapping[str, Any]) -> Iterator[Record]:
        """The frame of this publication, for the block that writes it. When that fails, nobody knows whether it was
        written, and the next time it is looked what the store has. Raises StoreUnavailable."""
        record = self._make(at, docs, states)
        try:
            yield record
        except BaseException:
            self._last, self._read = None, False
            raise
        self._written(record)

    def _make(self, at: datetime, docs: Mapping[str, Any], states: Mapping[str, Any]) -> Record:
        if not self._read:
            self._restore()
        rows = frames.raw(docs, states)
        last = self._last
        full = self._count >= frames.MOST or self._grown > max(self._size, _SMALL)
        if last is None or full or at < last.at or at.date() != last.at.date():
            segment = str(int(at.timestamp()))
            rewinds = last is not None and at < last.at
            stays = self._before(at) if rewinds else ("", 0)
            return Record(at, segment, frames.whole(at, rows), True, rewinds, rows, frames.window_of(rows), stays)
        frame = frames.later(at, self._count, last.rows, rows, last.window)
        return Record(at, last.segment, frame, False, False, rows, last.window)

    def _before(self, at: datetime) -> tuple[str, int]:
        """The segment that holds this second, if it began before, and how many of its frames are older."""
        second = int(at.timestamp())
        with asking("read the record of publications"):
            found = cast("list[bytes]", self._client.zrevrangebyscore(keys.TRAVEL, f"({second}", "-inf", 0, 1))
        if not found:
            return "", 0
        segment = found[0].decode()
        try:
            return segment, sum(frames.time_of(one).timestamp() < second for one in held(self._client, segment))
        except FrameError:
            return "", 0  # whoever reads it is told

    def _written(self, record: Record) -> None:
        size = len(record.frame)
        if record.begins:
            self._count, self._size, self._grown = 0, size, 0
        else:
            self._grown += size
        self._count += 1
        self._last = record

    def _restore(self) -> None:
        """Take up the newest segment. One that cannot be read is left, and a new one begun."""
        with asking("read the record of publications"):
            newest = cast("list[bytes]", self._client.zrevrange(keys.TRAVEL, 0, 0))
            held = self._client.lrange(keys.travel(newest[0].decode()), 0, -1) if newest else []
        self._read = True
        try:
            found = frames.replayed(cast("list[bytes]", held))
        except FrameError:
            return
        if found is None:
            return
        at, rows, window = found
        packed = {name: orjson.dumps(row) for name, row in rows.items()}
        self._last = Record(at, newest[0].decode(), b"", False, False, packed, window)
        sizes = [len(frame) for frame in cast("list[bytes]", held)]
        self._count, self._size, self._grown = len(sizes), sizes[0], sum(sizes[1:])


def write(client: Store, record: Record) -> None:
    """Write a frame without a publication: what a replay knew between two. Raises StoreUnavailable."""
    with asking("record what is known"), transaction(client, keys.TRAVEL) as pipe:
        record.write(pipe)
        pipe.execute()


# -- reading ----------------------------------------------------------------------------------------------------------


def read(client: Store, at: datetime, wall: datetime) -> Found | Missing:
    """What had been told by ``at``, or why that cannot be shown.

    A segment that is no longer in the store is asked of a worker.

    Parameters
    ----------
    wall
        The wall clock: up to it the newest publication holds where the data's clock is live.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked, or holds something that is no frame.
    """
    index = _look(client, at, at, wall)
    if isinstance(index, Missing):
        return index
    if not index.names:
        return Missing("early", index.oldest, index.horizon)
    segment = index.names[-1]
    held = _held_or_asked(client, segment, wall, index)
    if isinstance(held, Missing):
        return held
    told = as_of(held, at, segment)
    if told is None:
        return Missing("early", index.oldest, index.horizon)
    return Found(told, settled=at < index.newest)


def span(client: Store, since: datetime, until: datetime, wall: datetime) -> Span | Missing:
    """Everything that was told from ``since``, and what held at that moment, to ``until`` or to the newest that is
    known. Missing for a range that begins in the future, and where nothing was ever published.

    Segments that are no longer in the store are asked of a worker. Raises StoreUnavailable.
    """
    index = _look(client, since, until, wall)
    if isinstance(index, Missing):
        return index
    parts = [(name, _held_or_asked(client, name, wall, index)) for name in index.names]
    return Span(index.oldest or index.horizon, index.horizon, parts)


@dataclass(frozen=True, slots=True)
class _Index:
    """Segments of a range, the first of them that which holds at its beginning. ``newest``: of the last publication;
    ``horizon``: up to when that holds."""

    names: list[str]
    oldest: datetime | None
    newest: datetime
    horizon: datetime


def _look(client: Store, since: datetime, until: datetime, wall: datetime) -> _Index | Missing:
    with asking("read the record of publications"), transaction(client, keys.TRAVEL) as pipe:
        pipe.get(keys.document("clock"))
        pipe.zrange(keys.TRAVEL, 0, 0)
        pipe.zrevrangebyscore(keys.TRAVEL, int(since.timestamp()), "-inf", start=0, num=1)
        pipe.zrangebyscore(keys.TRAVEL, f"({int(since.timestamp())}", int(until.timestamp()))
        raw, first, before, within = pipe.execute()
    if raw is None:
        return Missing("nothing")
    clock = orjson.loads(raw)
    newest = parse(clock["now"])
    ended = clock["ends"] if clock["mode"] == "replay" and clock["speed"] == 0 else None
    horizon = max(newest, wall if clock["mode"] == "live" else parse(ended) if ended else newest)
    oldest = begins(first[0].decode()) if first else None
    if since > horizon:
        return Missing("future", oldest, horizon)
    return _Index([name.decode() for name in (*before, *within)], oldest, newest, horizon)


def _held_or_asked(client: Store, segment: str, wall: datetime, index: _Index) -> list[bytes] | Missing:
    return held(client, segment) or _ask(client, segment, wall, index.oldest, index.horizon)


def as_of(held: Sequence[bytes], at: datetime, segment: str) -> Told | None:
    """What the frames of a segment tell as of a moment. Raises StoreUnavailable for what is no frame."""
    try:
        found = frames.replayed(held, at)
    except FrameError as error:
        raise StoreUnavailable(f"the record of publications from {begins(segment)}: {error}") from None
    return None if found is None else frames.told(found[0], found[1])


def _ask(client: Store, segment: str, wall: datetime, oldest: datetime | None, newest: datetime) -> Missing:
    """Ask a worker for a segment that lies in the data folder."""
    with asking("ask for the record of an old time"):
        note = cast("bytes | None", client.get(keys.travel(f"lost:{segment}")))
        if note is not None:
            return Missing("lost", oldest, newest, note=note.decode())
        waiting = cast("bytes | None", client.hget(keys.TRAVEL_WANTED, segment))
        if waiting is None:
            if int(client.hlen(keys.TRAVEL_WANTED)) >= MOST_WANTED:
                return Missing("busy", oldest, newest)
            client.hsetnx(keys.TRAVEL_WANTED, segment, rfc3339(wall))
    since = wall if waiting is None else parse(waiting.decode())
    return Missing("silent" if wall - since > PATIENCE else "preparing", oldest, newest, since)


# -- what a worker does -----------------------------------------------------------------------------------------------


def wanted(client: Store) -> list[str]:
    """Segments that somebody waits for. Raises StoreUnavailable."""
    with asking("read what is waited for"):
        return sorted(key.decode() for key in cast("list[bytes]", client.hkeys(keys.TRAVEL_WANTED)))


def bring_back(client: Store, segment: str, held: Sequence[bytes]) -> None:
    """Put an old segment into the store for an hour. One that is there already is left. Raises StoreUnavailable."""
    key = keys.travel(segment)
    with asking("bring back the record of an old time"), transaction(client, keys.TRAVEL) as pipe:
        pipe.watch(key)
        if pipe.exists(key):
            pipe.unwatch()
        else:
            pipe.multi()
            pipe.rpush(key, *held)
            pipe.expire(key, STAYS_S)
            pipe.execute()
        client.hdel(keys.TRAVEL_WANTED, segment)


def give_up(client: Store, segment: str, note: str) -> None:
    """Say for an hour why a segment cannot be brought back. Raises StoreUnavailable."""
    with asking("say what is lost of an old time"), transaction(client, keys.TRAVEL) as pipe:
        pipe.set(keys.travel(f"lost:{segment}"), note.encode(), ex=STAYS_S)
        pipe.hdel(keys.TRAVEL_WANTED, segment)
        pipe.execute()


def segments(client: Store) -> list[str]:
    """Names of all segments, oldest first: each is the second in which it begins. Raises StoreUnavailable."""
    with asking("list the record of publications"):
        return [name.decode() for name in cast("list[bytes]", client.zrange(keys.TRAVEL, 0, -1))]


def oldest(client: Store) -> datetime | None:
    """When the first publication of all was; None before it. Raises StoreUnavailable."""
    with asking("read the record of publications"):
        first = cast("list[bytes]", client.zrange(keys.TRAVEL, 0, 0))
    return begins(first[0].decode()) if first else None


def held(client: Store, segment: str, start: int = 0) -> list[bytes]:
    """The frames of a segment that are in the store, from the place ``start`` on; empty when it is not there. Raises
    StoreUnavailable."""
    with asking("read the record of publications"):
        return cast("list[bytes]", client.lrange(keys.travel(segment), start, -1))


def drop(client: Store, names: Sequence[str]) -> None:
    """Take segments out of the store, but for those that were brought back; the index keeps all. StoreUnavailable."""
    if not names:
        return
    with asking("drop the record of old publications"), transaction(client, keys.TRAVEL) as pipe:
        for name in names:
            pipe.ttl(keys.travel(name))
        gone = [keys.travel(name) for name, left in zip(names, pipe.execute(), strict=True) if left == -1]
        if gone:
            client.unlink(*gone)


def enter(client: Store, names: Sequence[str]) -> None:
    """Put segments into the index, as after the store was emptied. Raises StoreUnavailable."""
    if names:
        with asking("list the record of publications"):
            client.zadd(keys.TRAVEL, {name: int(name) for name in names}, nx=True)


def begins(segment: str) -> datetime:
    """When the first publication of a segment was."""
    return datetime.fromtimestamp(int(segment), UTC)
