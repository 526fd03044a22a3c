"""What the workers say of themselves: document ``jobs``, and how it is judged at the moment it is read.

A dead worker cannot say that it is dead. So the document holds times, and each reader compares them with its own clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from radar.shapes.jobs import JobRun, Jobs, WorkerRow
from radar.store import Store, documents
from radar.times import parse

DOCUMENT = "jobs"
#: A worker that was not heard of for so long, in seconds, is taken for dead.
SILENT_S = 45.0
#: A job is late when it is past due by one cadence, but not before two minutes, and not later than an hour.
LATE_MIN_S, LATE_MAX_S = 120, 3600

State = Literal["failing", "late", "never", "ok"]
#: From worst to calmest.
ORDER: tuple[State, ...] = ("failing", "late", "never", "ok")


@dataclass(frozen=True, slots=True)
class Judged:
    """One job at a moment. ``lag_s``: how far past due it is, 0 when it is not; None: it never ran."""

    run: JobRun
    state: State
    lag_s: float | None


def read(client: Store) -> Jobs | None:
    """The document; None before any worker wrote it. Raises StoreUnavailable."""
    found: Any = documents.get(client, DOCUMENT)
    return cast(Jobs, found) if isinstance(found, dict) else None


def judge(runs: Iterable[JobRun], now: datetime) -> list[Judged]:
    """All jobs, those in trouble first."""
    found = [_judged(run, now) for run in runs]
    return sorted(found, key=lambda one: (ORDER.index(one.state), -(one.lag_s or 0.0), one.run["name"]))


def living(workers: Iterable[WorkerRow], now: datetime) -> list[WorkerRow]:
    """The workers that were heard of a moment ago."""
    return [row for row in workers if now - parse(row["heard"]) <= timedelta(seconds=SILENT_S)]


def last_heard(jobs: Jobs) -> str:
    """When any worker was heard of last."""
    return max([jobs["at"], *(row["heard"] for row in jobs["workers"])])


def age_s(since: str | None, now: datetime) -> float | None:
    """Seconds from then to now; None for never."""
    return None if since is None else max(0.0, (now - parse(since)).total_seconds())


def _judged(run: JobRun, now: datetime) -> Judged:
    lag = age_s(run["due"], now)
    grace = min(max(LATE_MIN_S, run["every_s"]), LATE_MAX_S)
    if lag is None:
        return Judged(run, "never", None)
    if run["ok"] is False:
        return Judged(run, "failing", lag)
    # put off on purpose is not late, nor is what is being done just now
    late = lag > grace and run["running"] is None and not (run["put_off"] and lag <= 4 * run["every_s"])
    return Judged(run, "late" if late else "ok", lag)
