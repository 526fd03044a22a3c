"""Document ``jobs``: how the jobs of a live radar go, who runs them, and what waits. Times are RFC 3339 UTC."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class JobRun(TypedDict):
    """One job: a tick of the pipeline, the archive's upkeep, or one source or a part of it."""

    name: str  # "tick", "archive", "collect:ioda_signals.2of4"
    every_s: int  # its cadence
    last_run: str | None  # when its last run began; None: it never ran
    bucket: str | None  # the bucket that this run was for
    due: str | None  # when the bucket after that one begins; None: it never ran
    seconds: float | None  # what the last run took; median and 95th percentile of the last `runs` ones
    median_s: float | None
    p95_s: float | None
    runs: int
    waited_s: float | None  # how long after its bucket had begun the last run began
    ok: bool | None
    error: str | None
    worker: str | None  # who ran it
    running: str | None  # since when a living worker is at it
    holder: str | None  # who holds its lease; None: nobody
    abandoned: bool  # that lease has run out, and nobody has taken it over yet
    taken_from: str | None  # from whom the holder, or else the last run, took it over; None: from nobody
    skipped: int  # buckets of the last day that were not worked because the run before was not over
    put_off: int  # buckets of the last day that were left out because the pipeline is behind


class Doing(TypedDict):
    """What a worker is at."""

    job: str
    since: str


class WorkerRow(TypedDict):
    """One worker. It is heard of every few seconds; silent for longer, it is taken for dead."""

    name: str  # "host:pid"
    started: str
    heard: str
    archive: str  # id of the archive folder that it writes to
    waits: bool  # it does nothing, as another worker has another archive
    sources: list[str]
    doing: list[Doing]


class Queue(TypedDict):
    """What lies in the queue. ``oldest``: since when the task that waits longest could have been begun."""

    waiting: int
    planned: int  # not due yet, or to be tried again
    oldest: str | None


class Backlog(TypedDict):
    """Files of rows that the pipeline has not taken in. ``oldest``: when the first of them came."""

    files: int
    oldest: str | None


class Jobs(TypedDict):
    """The document. None: it could not be asked for."""

    at: str
    by: str
    runs: list[JobRun]
    workers: list[WorkerRow]
    queue: Queue | None
    archive: Backlog | None
    behind: str | None  # since when rows wait for longer than they should; None: they do not
    behind_after_s: int  # what is longer than they should; 0: never
    slowed: list[str]  # sources that are asked less often for as long as that is so
    plays: NotRequired[bool]  # one process plays recorded and simulated hours: there is no queue
