"""How every job goes and which workers are alive: each worker writes what it did and that it lives, and one of them
puts it together into document ``jobs`` every few seconds.

It lies in the store and not in a worker's memory, so that a worker that never runs the pipeline is heard of as well.
What happens while the store is away is remembered, and written when it is back.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import orjson
import structlog

from jobs.holds import lease_of
from radar.archive import Archive
from radar.errors import ArchiveError, StoreUnavailable
from radar.shapes.jobs import Backlog, Doing, JobRun, Jobs, Queue, WorkerRow
from radar.store import Store, asking, board, documents, keys
from radar.store.lease import Held, acquire, holders
from radar.times import parse, rfc3339

log = structlog.get_logger(__name__)

#: A worker tells that it lives this often, in seconds.
BEAT_S = 10.0
#: So many runs of a job are kept; their durations give the median and the 95th percentile.
RUNS = 40
#: Skipped buckets are told for a day, and a worker that is silent for an hour.
SKIPS, GONE = timedelta(days=1), timedelta(hours=1)
#: Runs are forgotten when a job was not run for this long, in seconds.
_RUNS_TTL_S = 60 * 86_400
#: So much is remembered at most while the store is away.
_PENDING = 2000

_WORKERS, _SKIPS = keys.queue("workers"), keys.queue("skips")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job, for the bucket that begins at ``start``. ``before``: the worker from which it was taken over,
    "" where it was not."""

    job: str
    start: datetime
    began: datetime
    seconds: float
    error: str | None
    before: str = ""


def holder_name() -> str:
    """What this process calls itself where it holds something: "host:pid#mark", unlike that of any other process."""
    return f"{socket.gethostname()}:{os.getpid()}#{secrets.token_hex(4)}"


def worker_of(holder: str) -> str:
    """The worker's name, "host:pid", of what a lease calls its holder."""
    return holder.partition("#")[0]


class Desk:
    """What one worker tells of itself. Several threads may use it at once. ``holder``: what its leases and connections
    are called, its name and a mark of this very process.

    ``sources``: the names of those that it collects. ``archive_id``: of the folder that it writes to.
    """

    def __init__(
        self,
        client: Store,
        *,
        now: Callable[[], datetime],
        sources: Iterable[str] = (),
        archive_id: str = "",
        holder: str = "",
    ) -> None:
        self.holder = holder or holder_name()
        self.name = worker_of(self.holder)
        self.waits = False
        self._client, self._now = client, now
        self._sources, self._archive_id = sorted(sources), archive_id
        self._started = now()
        self._doing: dict[str, datetime] = {}
        self._pending: deque[Run | tuple[str, datetime, str]] = deque(maxlen=_PENDING)
        self._lock = threading.Lock()

    def row(self) -> WorkerRow:
        """What is told of it now."""
        with self._lock:
            doing = sorted(self._doing.items())
        return WorkerRow(
            name=self.name,
            started=rfc3339(self._started),
            heard=rfc3339(self._now()),
            archive=self._archive_id,
            waits=self.waits,
            sources=self._sources,
            doing=[Doing(job=job, since=rfc3339(since)) for job, since in doing],
        )

    @contextmanager
    def at(self, job: str) -> Any:
        """It is at this job for as long as the block runs."""
        with self._lock:
            self._doing[job] = self._now()
        try:
            yield
        finally:
            with self._lock:
                self._doing.pop(job, None)

    def ran(self, run: Run) -> None:
        """A job ended. Its bucket then counts no longer as skipped."""
        self._pending.append(run)
        self.flush()

    def skip(self, job: str, start: datetime, why: str) -> None:
        """A bucket was not worked: ``why`` is "skipped" (the run before was not over) or "put_off"."""
        self._pending.append((job, start, why))
        self.flush()

    def beat(self) -> None:
        """Tell that it lives, and what was not told yet. Raises StoreUnavailable."""
        with asking("tell that a worker lives"):
            self._client.hset(_WORKERS, self.name, orjson.dumps(self.row()))
        self.flush()

    def leave(self) -> None:
        """It ends in order. A store that is away finds out by itself."""
        try:
            self.flush()
            with asking("leave"):
                self._client.hdel(_WORKERS, self.name)
        except StoreUnavailable as error:
            log.debug("a worker ended without a word", error=str(error))

    def flush(self) -> None:
        """Write what happened. What cannot be written now waits."""
        with self._lock:
            while self._pending:
                item = self._pending[0]
                try:
                    with asking("tell how a job went"):
                        self._write(item)
                except StoreUnavailable as error:
                    log.debug("how a job went waits to be told", error=str(error))
                    return
                self._pending.popleft()

    def _write(self, item: Run | tuple[str, datetime, str]) -> None:
        with self._client.pipeline(transaction=False) as pipe:
            if isinstance(item, Run):
                told = {"start": rfc3339(item.start), "began": rfc3339(item.began), "worker": self.name,
                        "seconds": round(item.seconds, 3), "error": item.error, "before": item.before}  # fmt: skip
                pipe.lpush(_runs(item.job), orjson.dumps(told))
                pipe.ltrim(_runs(item.job), 0, RUNS - 1)
                pipe.expire(_runs(item.job), _RUNS_TTL_S)
                pipe.zrem(_SKIPS, *(_member(item.job, item.start, why) for why in ("skipped", "put_off")))
            else:
                pipe.zadd(_SKIPS, {_member(*item): item[1].timestamp()})
            pipe.execute()


class Herald:
    """Puts document ``jobs`` together. One worker at a time does; each may.

    ``queue`` tells what lies in the queue, None where that cannot be asked. ``behind_after_s``: how long rows may wait
    for the pipeline before sources that are not urgent are asked less often; 0: they never are. ``cursor``: up to which
    file the pipeline has taken in the archive; None: what it has published says so. ``plays``: see ``Jobs``.
    """

    def __init__(
        self,
        client: Store,
        archive: Archive,
        *,
        cadences: Mapping[str, int],
        slow: Iterable[str] = (),
        queue: Callable[[], Queue | None] = lambda: None,
        behind_after_s: int = 0,
        cursor: Callable[[], str | None] | None = None,
        plays: bool = False,
    ) -> None:
        self._cursor, self._plays = cursor or self._published, plays
        self._client, self._archive = client, archive
        self._cadences, self._slow = dict(cadences), sorted(slow)
        self._queue, self._after_s = queue, behind_after_s

    def tell(self, now: datetime, by: str) -> Jobs | None:
        """Write the document, unless another worker has just done so. Raises StoreUnavailable."""
        if acquire(self._client, "board", BEAT_S * 0.8) is None:
            return board.read(self._client)
        found = self.compose(now, by)
        documents.put(self._client, board.DOCUMENT, found)
        return found

    def compose(self, now: datetime, by: str) -> Jobs:
        """The document as it is now. Raises StoreUnavailable."""
        workers = workers_of(self._client, now)
        alive = board.living(workers, now)
        running = {one["job"]: one["since"] for row in alive for one in row["doing"]}
        before = board.read(self._client)
        # what only another worker collects is told as well, for as long as one that collects it lives
        others = {run["name"]: run["every_s"] for run in (before["runs"] if before else ())
                  if any(_source(run["name"]) in row["sources"] for row in alive)}  # fmt: skip
        cadences = {**others, **self._cadences}
        with asking("read how the jobs went"):
            self._client.zremrangebyscore(_SKIPS, "-inf", (now - SKIPS).timestamp())
            skips = [member.decode().split("|") for member in cast("list[bytes]", self._client.zrange(_SKIPS, 0, -1))]
            with self._client.pipeline(transaction=False) as pipe:
                for job in cadences:
                    pipe.lrange(_runs(job), 0, RUNS - 1)
                found = cast("list[list[bytes]]", pipe.execute())
        named = [lease_of(job) for job in cadences]
        leases = map(holders(self._client, named).get, named)
        backlog = self.backlog()
        behind = self._behind(backlog, now)
        return Jobs(
            at=rfc3339(now),
            by=by,
            runs=[
                _row(job, every, [orjson.loads(raw) for raw in rows], running.get(job), skips, held)
                for (job, every), rows, held in zip(cadences.items(), found, leases, strict=True)
            ],
            workers=workers,
            queue=self._queue(),
            archive=backlog,
            behind=behind,
            behind_after_s=self._after_s,
            slowed=self._slow if behind else [],
            plays=self._plays,
        )

    def backlog(self) -> Backlog | None:
        """Files of rows that the pipeline has not taken in; None where the archive cannot be read."""
        cursor = self._cursor()
        try:
            files = self._archive.files(after=cursor)
        except ArchiveError as error:
            log.warning("what waits for the pipeline is not known", error=str(error))
            return None
        return Backlog(files=len(files), oldest=rfc3339(files[0].received_at) if files else None)

    def _published(self) -> str | None:
        raw = documents.blob(self._client, "now:tick")
        return orjson.loads(raw)["cursor"] if raw else None

    def _behind(self, backlog: Backlog | None, now: datetime) -> str | None:
        age = board.age_s(backlog["oldest"], now) if backlog else None
        return backlog["oldest"] if backlog and self._after_s and age is not None and age > self._after_s else None


def workers_of(client: Store, now: datetime) -> list[WorkerRow]:
    """All workers that were heard of within the last hour; others are forgotten. Raises StoreUnavailable."""
    with asking("read which workers live"):
        found = cast("dict[bytes, bytes]", client.hgetall(_WORKERS))
        rows = [cast(WorkerRow, orjson.loads(raw)) for raw in found.values()]
        gone = [row["name"] for row in rows if now - parse(row["heard"]) > GONE]
        if gone:
            client.hdel(_WORKERS, *gone)
    return sorted((row for row in rows if row["name"] not in gone), key=lambda row: row["name"])


def _row(
    job: str,
    every_s: int,
    runs: list[dict[str, Any]],
    running: str | None,
    skips: list[list[str]],
    held: Held | None,
) -> JobRun:
    mine = [why for name, _start, why in skips if name == job]
    last = runs[0] if runs else None
    before = held.before if held is not None else last.get("before", "") if last else ""
    took = sorted(run["seconds"] for run in runs)
    start = parse(last["start"]) if last else None
    return JobRun(
        name=job,
        every_s=every_s,
        last_run=last["began"] if last else None,
        bucket=last["start"] if last else None,
        due=rfc3339(start + timedelta(seconds=every_s)) if start else None,
        seconds=last["seconds"] if last else None,
        median_s=_at(took, 0.5),
        p95_s=_at(took, 0.95),
        runs=len(runs),
        waited_s=max(0.0, (parse(last["began"]) - start).total_seconds()) if last and start else None,
        ok=last["error"] is None if last else None,
        error=last["error"] if last else None,
        worker=last["worker"] if last else None,
        running=running,
        holder=worker_of(held.holder) if held is not None else None,
        abandoned=held is not None and not held.runs,
        taken_from=worker_of(before) or None,
        skipped=mine.count("skipped"),
        put_off=mine.count("put_off"),
    )


def _at(values: list[float], share: float) -> float | None:
    """The value at that place of sorted ones, as percentiles are taken elsewhere; None of none."""
    return values[round(share * (len(values) - 1))] if values else None


def _source(job: str) -> str:
    return job.partition(":")[2].partition(".")[0]


def _runs(job: str) -> str:
    return keys.queue(f"runs:{job}")


def _member(job: str, start: datetime, why: str) -> str:
    return f"{job}|{rfc3339(start)}|{why}"
