"""A worker that does what it is told: ``python -m tests.chaos.hand FOLDER REDIS_URL UPSTREAM LEASE_S``.

It reads ``collect TIME`` or ``tick TIME [STOP]``, one a line, does that with everything that a real worker has
(``jobs.work``), by a clock that shows that time, and prints how it went and how many times it wrote series for it. With
STOP it sends itself SIGSTOP right before that write: after it has looked whether it still may.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jobs import logs
from jobs.collector import Collector
from jobs.heartbeat import Desk, Herald, holder_name
from jobs.ledger import Ledger
from jobs.live import LivePipeline
from jobs.schedule import bucket
from jobs.trail import Trail
from jobs.work import Work
from radar.archive import Archive
from radar.http import Http, Limits
from radar.settings import load
from radar.sources import Answer, ioda_signals
from radar.store import connect
from radar.store.wire import Line, free
from tests.chaos.stage import CODES

EVERY_S = 600
NAME = "ioda_signals"


class Hand:
    """The worker, in this process."""

    def __init__(self, folder: Path, url: str, upstream: str, lease_s: float) -> None:
        holder = holder_name()
        self.now = datetime(1970, 1, 1, tzinfo=UTC)
        self.archive, self.ledger = Archive(folder), Ledger(folder)
        self.client = connect(url, timeout_s=30, name=holder)
        source = replace(ioda_signals.SOURCE, cadence_s=EVERY_S, shards=1)

        def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
            for code in CODES:
                place = f"{upstream}/raw?code={code}&from={int(since.timestamp())}&until={int(until.timestamp())}"
                name = f"https://upstream.example/raw?code={code}&until={int(until.timestamp())}"
                yield Answer(name, http.get(place, source=NAME).body)

        self.work = Work(
            replace(load({}), lease_s=lease_s),  # type: ignore[arg-type]  # a part of a second
            client=self.client,
            collector=Collector(
                http=Http(limits=Limits(tries=1, interval_s=0)), archive=self.archive, ledger=self.ledger
            ),
            modules={NAME: SimpleNamespace(SOURCE=source, fetch=fetch, parse=ioda_signals.parse)},  # type: ignore[dict-item]
            pipeline=lambda: LivePipeline(
                self.client, self.archive, ledger=self.ledger, enabled=(NAME,), trail=Trail(folder)
            ),
            now=lambda: self.now,
            desk=Desk(self.client, now=lambda: self.now, sources=[NAME], holder=holder),
        )

    def do(self, job: str, now: datetime) -> str:
        """Work the bucket that holds this time; how it went."""
        self.now = now
        if job == "beat":
            self.work.desk.beat()
            Herald(self.client, self.archive, cadences=self.work.cadences()).tell(now, self.work.desk.name)
            return "BEAT"
        try:
            if job == "tick":
                return self.work.tick(bucket(now, self.work.settings.tick_s)).name
            return self.work.collect(NAME, bucket(now, EVERY_S)).name
        except Exception as error:  # whatever it is, the test looks at it
            return f"{type(error).__name__}: {error}"


class Writes:
    """Counts the writes of series in this process, and stops it before the one that was named."""

    def __init__(self) -> None:
        self.count = self.stop_at = 0
        self._send = Line.send

    def send(self, line: Line, *what: Any) -> None:
        """In the place of ``Line.send``."""
        if line._guard is not free:
            self.count += 1
            if self.count == self.stop_at:
                os.kill(os.getpid(), signal.SIGSTOP)
        self._send(line, *what)


def main(folder: str, url: str, upstream: str, lease_s: str) -> None:
    """Read what is to be done until there is nothing more."""
    logs.configure(load({}), process="hand")
    writes = Writes()
    Line.send = lambda line, *what: writes.send(line, *what)  # type: ignore[method-assign]
    hand = Hand(Path(folder), url, upstream, float(lease_s))
    print("READY", 0, flush=True)
    for text in sys.stdin:
        job, when, *stop = text.split()
        writes.count, writes.stop_at = 0, int(stop[0]) if stop else 0
        print(hand.do(job, datetime.fromisoformat(when)), writes.count, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
