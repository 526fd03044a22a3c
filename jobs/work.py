"""The jobs of a live radar, and what keeps them apart: collect one source, run one tick of the pipeline, keep the
archive.

Several workers may run at once, on one machine or many. Each (job, bucket) is claimed in the store by one of them; only
one at a time runs the pipeline. A claim that its worker does not live to keep runs out, and the next plan takes it up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from jobs.collect import Report
from jobs.collector import Collector
from jobs.schedule import bucket
from jobs.upkeep import Kept
from radar.errors import RadarError, StoreUnavailable
from radar.settings import Settings
from radar.shapes import JobRun
from radar.sources import SourceModule
from radar.store import Store, documents
from radar.store.lease import Lease, acquire
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: Name of the lease that the one worker holds that runs the pipeline.
PIPELINE = "pipeline"
#: How long that lease outlives its worker, in seconds; it is renewed three times in this time.
PIPELINE_TTL_S = 30.0
#: How long the claim on a collection outlives its worker, in seconds; it too is renewed while the collection goes on.
COLLECT_TTL_S = 60.0
#: A source that failed is asked again after this time, in seconds, or in its next bucket if that comes first.
AGAIN_S = 300.0


#: Seconds between two times that the archive is kept.
KEEP_S = 86_400


class Line(Protocol):
    """What a tick needs of :class:`jobs.ingest.Pipeline`."""

    lease: Lease | None

    def tick(self, now: datetime) -> object:
        """Take in, score and publish once."""


class Work:
    """What a worker does. ``pipeline`` makes a pipeline from what the store holds; it is called when ours is stale.
    ``sweep`` is called after each tick, under the same lease, ``keep`` once a day."""

    def __init__(
        self,
        settings: Settings,
        *,
        client: Store,
        collector: Collector,
        modules: dict[str, SourceModule],
        pipeline: Callable[[], Line],
        now: Callable[[], datetime],
        sweep: Callable[[datetime], object] = lambda _now: None,
        keep: Callable[[datetime], Kept] = lambda _now: Kept(),
    ) -> None:
        self.settings = settings
        self.modules = modules
        self._client = client
        self._collector = collector
        self._make = pipeline
        self._now = now
        self._sweep = sweep
        self._keep = keep
        self._line: Line | None = None
        self._version = -1
        self._collected: dict[str, datetime] = {}
        self._again: dict[str, datetime] = {}
        self._runs: dict[str, JobRun] = {}

    def cadences(self) -> dict[str, int]:
        """Every job and its cadence in seconds: "tick", "collect:<source>", and "archive"."""
        found = {f"collect:{name}": module.SOURCE.cadence_s for name, module in self.modules.items()}
        return {"tick": self.settings.tick_s, **found, "archive": KEEP_S}

    def collect(self, name: str, start: datetime) -> None:
        """Collect one source for the bucket that starts at ``start``. Raises StoreUnavailable."""
        every = self.modules[name].SOURCE.cadence_s
        job = f"collect:{name}"
        with self._claim(job, start, ttl_s=COLLECT_TTL_S) as claim:
            if claim is None:
                return
            now = self._now()
            with renewed(claim):
                report = self._collector.run([self.modules[name]], now)[0]
            self._done(name, now, report)
            # one that is still at it from an earlier bucket is looked at again when the claim has run out
            ttl_s = COLLECT_TTL_S if report.running else every + 60 if report.ok else min(every, AGAIN_S)
            replace(claim, ttl_s=ttl_s).renew()

    def collect_alone(self) -> None:
        """Start to collect what is due without asking the store: what a worker does while the store is away. Nothing is
        waited for, so that no source holds up another."""
        now = self._now()
        for name, module in self.modules.items():
            start = bucket(now, module.SOURCE.cadence_s)
            again = self._again.pop(name, None)
            due = self._collected.get(name) != start or (again is not None and again <= now)
            if due and self._collector.start(module, now, partial(self._done, name, now)):
                self._collected[name] = start
            elif again is not None:
                self._again[name] = again

    def tick(self, start: datetime) -> None:
        """Run the pipeline for the bucket that starts at ``start``. Raises StoreUnavailable and ArchiveError."""
        with self._claim("tick", start, ttl_s=PIPELINE_TTL_S) as claim:
            if claim is None:
                return
            lease = acquire(self._client, PIPELINE, PIPELINE_TTL_S)
            if lease is None:
                log.debug("tick left to the worker that runs one")
                return
            with kept(lease):
                self._tick(lease)
                self._sweep(self._now())
            replace(claim, ttl_s=self.settings.tick_s + 60).renew()

    def keep(self, start: datetime) -> None:
        """Keep the archive for the day that starts at ``start``. Raises StoreUnavailable."""
        with self._claim("archive", start, ttl_s=COLLECT_TTL_S) as claim:
            if claim is None:
                return
            began, now = time.perf_counter(), self._now()
            with renewed(claim):
                report = self._keep(now)
            self._note("archive", now, time.perf_counter() - began, "; ".join(report.errors[:3]) or None)
            replace(claim, ttl_s=KEEP_S + 60).renew()

    def _tick(self, lease: Lease) -> None:
        began, now = time.perf_counter(), self._now()
        error: str | None = None
        try:
            if self._line is None or documents.version(self._client) != self._version:
                self._line = self._make()  # another worker has published since
            self._line.lease = lease  # what is published after it is lost is refused
            self._line.tick(now)
        except StoreUnavailable:
            self._line = None
            raise
        except Exception as failure:
            # The pipeline may be ahead of what was published: the next tick starts from what the store holds.
            self._line, error = None, f"{type(failure).__name__}: {failure}"
            raise
        finally:
            self._note("tick", now, time.perf_counter() - began, error)
            if self._line is not None or error is not None:
                self._version = documents.publish(self._client, {"jobs": self._all_runs()})

    def _done(self, name: str, now: datetime, report: Report) -> None:
        """Remember how a collection went that began at ``now``."""
        if report.running:
            return
        self._collected[name] = bucket(now, self.modules[name].SOURCE.cadence_s)
        self._again.pop(name, None)
        if not report.ok:
            self._again[name] = now + timedelta(seconds=AGAIN_S)
        self._note(f"collect:{name}", now, report.seconds, report.error)

    def _all_runs(self) -> list[JobRun]:
        """How every job went last, whichever worker ran it."""
        rows: dict[str, JobRun] = {row["name"]: row for row in documents.get(self._client, "jobs") or []}
        for name, row in self._runs.items():
            if name not in rows or rows[name]["last_run"] <= row["last_run"]:
                rows[name] = row
        return [rows[name] for name in sorted(rows) if name in self.cadences()]

    def _note(self, job: str, now: datetime, seconds: float, error: str | None) -> None:
        self._runs[job] = {
            "name": job,
            "last_run": rfc3339(now),
            "seconds": round(seconds, 3),
            "ok": error is None,
            "error": error,
        }

    @contextmanager
    def _claim(self, job: str, start: datetime, *, ttl_s: float) -> Iterator[Lease | None]:
        """Claim a (job, bucket); None when it is claimed or done. Given back when the job raises, to be retried."""
        claim = acquire(self._client, f"{job}:{rfc3339(start)}", ttl_s)
        try:
            yield claim
        except BaseException:
            if claim is not None:
                _give_back(claim)
            raise


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Renew the lease for as long as the block runs, then give it back."""
    try:
        with renewed(lease):
            yield
    finally:
        _give_back(lease)


@contextmanager
def renewed(lease: Lease) -> Iterator[None]:
    """Renew the lease for as long as the block runs."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease.ttl_s / 3):
            try:
                lease.renew()
            except StoreUnavailable as error:
                log.warning("lease not renewed", lease=lease.name, error=str(error))

    thread = threading.Thread(target=renew, name=f"lease-{lease.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _give_back(lease: Lease) -> None:
    try:
        lease.release()
    except RadarError as error:
        log.warning("lease not given back, it runs out", lease=lease.name, error=str(error))
