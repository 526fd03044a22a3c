"""When a job is due: time is cut into buckets of the job's cadence, and each bucket is worked once.

Buckets are counted from 1970-01-01T00:00Z, so that all workers agree on them without talking to each other.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bucket(now: datetime, every_s: int) -> datetime:
    """Start of the bucket that holds ``now``."""
    every = timedelta(seconds=every_s)
    return now - (now - _EPOCH) % every


def buckets(now: datetime, every_s: int, *, ahead_s: int) -> list[datetime]:
    """The bucket that holds ``now``, and those that start within the next ``ahead_s`` seconds."""
    found = [bucket(now, every_s)]
    until = now + timedelta(seconds=ahead_s)
    while found[-1] + timedelta(seconds=every_s) < until:
        found.append(found[-1] + timedelta(seconds=every_s))
    return found
