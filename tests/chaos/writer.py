"""A writer that is killed: ``python -m tests.chaos.writer archive FOLDER`` or ``... publish URL FIRST``.

After each finished step it prints the step's number, so that the test knows what was acknowledged.
"""

from __future__ import annotations

import resource
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl

from radar import store
from radar.archive import Archive
from radar.schema import SIGNALS
from radar.shapes import EntityState
from radar.store import documents, lease

START = datetime(2026, 3, 2, tzinfo=UTC)


def body_of(number: int) -> bytes:
    """The answer with this number: some 20 kB that do not compress to nothing."""
    return b"".join(b"%d %d\n" % (number, (number + 7) * i % 9973) for i in range(2500))


def rows_of(number: int) -> pl.DataFrame:
    """The rows that are made of it."""
    bins = [START + timedelta(minutes=5 * i) for i in range(500)]
    columns = {
        "timebin": bins,
        "entity": ["country/IQ"] * 500,
        "signal": ["edge.requests"] * 500,
        "value": [float(number)] * 500,
        "n": [None] * 500,
    }
    return pl.DataFrame(columns, schema=SIGNALS)


def archive(folder: str) -> None:
    """Archive answers without end."""
    target = Archive(folder)
    number = sum(1 for _ in target.files())
    while True:
        at = START + timedelta(seconds=number)
        target.put("edge_logs", str(number), body_of(number), rows_of(number), received_at=at, simulated=True)
        print(number, flush=True)
        number += 1


def half(folder: str) -> None:
    """Store one answer, and wait to be killed before its rows."""
    Archive(folder).put_raw("edge_logs", "half", b"half", received_at=START, simulated=True)
    print("half", flush=True)
    signal.pause()


def torn(folder: str, limit: str) -> None:
    """Archive one answer, and be killed by the system when a file has grown to ``limit`` bytes: in mid-write."""
    target = Archive(folder)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    target.put("edge_logs", "0", body_of(0), rows_of(0), received_at=START, simulated=True)


def publish(url: str, first: str) -> None:
    """Publish without end, all parts carrying one number, under a lease."""
    with store.connect(url) as client:
        held = lease.acquire(client, "tick", 600)
        number = int(first)
        while True:
            state = EntityState(
                state="ok", since=None, outage=None, words=str(number), depth=None, simulated=True, series=[]
            )
            docs = {"outages": [number] * 200_000, "clock": number}
            states: dict[str, EntityState | None] = {f"asn/{i + 1}": state for i in range(2000)}
            documents.publish(client, docs, states, {"memory": b"%d" % number * 10_000}, lease=held)
            print(number, flush=True)
            number += 1


if __name__ == "__main__":
    steps: dict[str, Callable[..., None]] = {"archive": archive, "half": half, "torn": torn, "publish": publish}
    steps[sys.argv[1]](*sys.argv[2:])
