"""The jobs of a live radar, and what keeps them apart: collect one source, run one tick of the pipeline, keep the
archive.

Several workers may run at once, on one machine or many, over one archive (``jobs.folder``). Each (job, bucket) is
claimed in the store by one of them; a source that is asked in parts is as many jobs. Only one at a time runs the
pipeline, and only one at a time collects a part of a source, however long that takes (``jobs.holds``).

Claims and leases that their worker does not live to keep run out, and the next plan takes the work up. A worker that
was stopped for longer than that, and wakes up, finds them lost: it archives, writes and publishes nothing more. A tick
marks its bucket done in the transaction that publishes, so that no bucket is published twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any, Protocol

import structlog

from jobs.collect import Report
from jobs.collector import Collector
from jobs.heartbeat import Desk, Run, worker_of
from jobs.holds import PIPELINE as PIPELINE
from jobs.holds import Holds, fence, give_back, lease_of, renewed
from jobs.schedule import bucket
from jobs.upkeep import Kept
from radar.errors import StoreUnavailable
from radar.settings import Settings
from radar.sources import Shard, SourceModule
from radar.store import Store, asking, documents, keys
from radar.store.lease import Lease, acquire, cut_off
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: How long a command may take that holds the pipeline's lease, in seconds. Of workers RADAR_LEASE_S says how long it
#: outlives its holder.
PIPELINE_TTL_S = 30.0
#: A source that is still at it is looked at again after so many seconds.
LOOK_AGAIN_S = 60
#: A source that failed is asked again after this time, in seconds, or in its next bucket if that comes first.
AGAIN_S = 300.0


#: Seconds between two times that the archive is kept.
KEEP_S = 86_400
#: Sources that are asked at least this often, in seconds, are never slowed: outages are found by them.
URGENT_S = 900
#: While the pipeline is behind, the others are asked so many times less often, and put off for a day at most.
SLOWER, PUT_OFF_S = 4, 86_400


class Outcome(Enum):
    """How a bucket was met by a worker that was given it."""

    DONE = "done"
    TAKEN = "another worker has it, or it is done"
    HELD = "the run before is not over"
    PUT_OFF = "the pipeline is behind"
    ELSEWHERE = "not one of this worker's jobs"


class Published(Protocol):
    """What a tick gives back. ``version``: of what it published."""

    version: int | None


class Line(Protocol):
    """What a tick needs of :class:`jobs.ingest.Pipeline`."""

    lease: Lease | None
    beside: Callable[[Any], None] | None

    def tick(self, now: datetime) -> Published:
        """Take in, score and publish once."""


class Work:
    """What a worker does. ``pipeline`` makes a pipeline from what the store holds; it is called when ours is stale.
    ``sweep`` is called after each tick, under the same lease, ``keep`` once a day. ``desk``: where it tells what it
    does. ``behind`` is set while rows wait too long for the pipeline."""

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
        desk: Desk | None = None,
    ) -> None:
        self.settings = settings
        self.parts: dict[str, tuple[SourceModule, Shard]] = {
            shard.name(name): (module, shard) for name, module in modules.items() for shard in module.SOURCE.parts()
        }
        self.desk = desk or Desk(client, now=now, sources=modules)
        self.behind = False
        self.holds = Holds(client, collector, holder=self.desk.holder, ttl_s=settings.lease_s)
        self._ticks = threading.Lock()
        self._client = client
        self._collector = collector
        self._make = pipeline
        self._now = now
        self._sweep = sweep
        self._keep = keep
        self._line: Line | None = None
        self._version: int | None = -1
        self._collected: dict[str, datetime] = {}
        self._again: dict[str, datetime] = {}

    def cadences(self) -> dict[str, int]:
        """Every job and its cadence in seconds: "tick", "collect:<source or part of one>", and "archive"."""
        found = {f"collect:{name}": module.SOURCE.cadence_s for name, (module, _shard) in self.parts.items()}
        return {"tick": self.settings.tick_s, **found, "archive": KEEP_S}

    def slow(self) -> list[str]:
        """The sources that are asked less often while the pipeline is behind."""
        return sorted({m.SOURCE.name for m, _shard in self.parts.values() if m.SOURCE.cadence_s > URGENT_S})

    def open(self, wanted: Iterable[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
        """Those (job, bucket) that nobody has claimed or done. Raises StoreUnavailable."""
        asked = list(wanted)
        with asking("look for buckets that are open"):
            claims = self._client.mget([keys.lease(_claim_name(*one)) for one in asked]) if asked else []
        return [one for one, claim in zip(asked, claims, strict=True) if claim is None]

    def collect(self, name: str, start: datetime) -> Outcome:
        """Collect one source, or a part of one, for the bucket that starts at ``start``. Raises StoreUnavailable."""
        if name not in self.parts:
            return Outcome.ELSEWHERE
        module, shard = self.parts[name]
        every, job = module.SOURCE.cadence_s, f"collect:{name}"
        if self._wait_on(name, start):
            self.desk.skip(job, start, "put_off")
            return Outcome.PUT_OFF
        with self._claim(job, start) as claim:
            if claim is None:
                return Outcome.TAKEN
            lease = self.holds.take(module.SOURCE.name, shard)
            if lease is None:  # given back: the worker that is at it may end within this bucket
                give_back(claim)
                self.desk.skip(job, start, "skipped")
                return Outcome.HELD
            try:
                if not claim.renew():  # it ran out before the lease was ours: another worker has done this bucket
                    return Outcome.TAKEN
                now, lost = self._now(), partial(self._collector.leave, module.SOURCE.name, shard)
                with self.desk.at(job), renewed(claim, lost=lost):
                    report = self._collector.run([module], now, shard, fence(lease))[0]
            finally:
                self.holds.settle(module.SOURCE.name, shard)
            self._done(name, start, now, report, lease.before)
            # one that is still at it from an earlier bucket is looked at again when the claim has run out
            ttl_s = LOOK_AGAIN_S if report.running else every + 60 if report.ok else min(every, AGAIN_S)
            replace(claim, ttl_s=ttl_s).renew()
        if report.running:
            self.desk.skip(job, start, "skipped")
            return Outcome.HELD
        return Outcome.DONE

    def adopt(self) -> None:
        """The store is back: hold what is still collected since it was away. Raises StoreUnavailable."""
        self.holds.adopt((module.SOURCE.name, shard) for module, shard in self.parts.values())

    def collect_alone(self) -> None:
        """Start to collect what is due without asking the store: what a worker does while the store is away. Nothing is
        waited for, so that no source holds up another."""
        now = self._now()
        for name, (module, shard) in self.parts.items():
            start = bucket(now, module.SOURCE.cadence_s)
            again = self._again.pop(name, None)
            due = self._collected.get(name) != start or (again is not None and again <= now)
            if due and self._collector.start(module, now, partial(self._done, name, start, now), shard):
                self._collected[name] = start
            elif again is not None:
                self._again[name] = again

    def tick(self, start: datetime) -> Outcome:
        """Run the pipeline for the bucket that starts at ``start``. Raises StoreUnavailable and ArchiveError."""
        with self._claim("tick", start) as claim:
            if claim is None:
                return Outcome.TAKEN
            # whoever runs one may end, or its lease run out, within this bucket: then the claim is given back
            if not self._ticks.acquire(blocking=False):  # one of our own, that has lost its lease
                return self._held(claim, start)
            try:
                lease = acquire(self._client, PIPELINE, self.settings.lease_s, holder=self.desk.holder)
                if lease is None:
                    return self._held(claim, start)
                with self.desk.at("tick"), kept(lease):
                    if not claim.renew():  # it ran out before the lease was ours: another worker has done this bucket
                        return Outcome.TAKEN
                    if lease.before:
                        self._take_over(lease)
                    with renewed(claim):
                        self._tick(lease, claim, start)
                    self._sweep(self._now())
            finally:
                self._ticks.release()
        return Outcome.DONE

    def keep(self, start: datetime) -> Outcome:
        """Keep the archive for the day that starts at ``start``. Raises StoreUnavailable."""
        with self._claim("archive", start) as claim:
            if claim is None:
                return Outcome.TAKEN
            lease = acquire(self._client, lease_of("archive"), self.settings.lease_s, holder=self.desk.holder)
            if lease is None:
                give_back(claim)
                return Outcome.HELD
            began, now = time.perf_counter(), self._now()
            with self.desk.at("archive"), renewed(claim), kept(lease):
                report = self._keep(now)
            seconds, error = time.perf_counter() - began, "; ".join(report.errors[:3]) or None
            self._note("archive", start, now, seconds, error, lease.before)
            replace(claim, ttl_s=KEEP_S + 60).renew()
        return Outcome.DONE

    def _held(self, claim: Lease, start: datetime) -> Outcome:
        give_back(claim)
        self.desk.skip("tick", start, "skipped")
        return Outcome.HELD

    def _take_over(self, lease: Lease) -> None:
        """See to it that the worker which had the pipeline, and may be stopped in mid-write, writes nothing more."""
        self._line = None
        closed = 0 if lease.before == self.desk.holder else cut_off(self._client, lease.before)
        log.warning("pipeline taken over", before=lease.before, closed=closed)

    def _tick(self, lease: Lease, claim: Lease, start: datetime) -> None:
        began, now = time.perf_counter(), self._now()
        error: str | None = None
        lost = False
        try:
            if self._line is None or documents.version(self._client) != self._version:
                self._line = self._make()  # another worker has published since
            self._line.lease = lease  # what is written or published after it is lost is refused
            self._line.beside = partial(claim.close, seconds=self.settings.tick_s + 60)
            self._version = self._line.tick(now).version
        except Exception as failure:
            # The pipeline may be ahead of what was published: the next tick starts from what the store holds.
            self._line, error = None, f"{type(failure).__name__}: {failure}"
            lost = _lost(lease)
            raise
        finally:
            if not lost:  # else the worker that took it over tells how it went
                self._note("tick", start, now, time.perf_counter() - began, error, lease.before)

    def _wait_on(self, name: str, start: datetime) -> bool:
        """Is this bucket left out, because the pipeline is behind and the source is not urgent? Nothing is lost by it:
        a source goes on from where it was left. One that this worker has not asked yet is not put off."""
        every, last = self.parts[name][0].SOURCE.cadence_s, self._collected.get(name)
        if not self.behind or every <= URGENT_S or last is None:
            return False
        return start - last < timedelta(seconds=min(SLOWER * every, every + PUT_OFF_S))

    def _done(self, name: str, start: datetime, now: datetime, report: Report, before: str = "") -> None:
        """Remember how a collection went that was for the bucket of ``start`` and began at ``now``."""
        if report.running:
            return
        self._collected[name] = start
        self._again.pop(name, None)
        if not report.ok:
            self._again[name] = now + timedelta(seconds=AGAIN_S)
        self._note(f"collect:{name}", start, now, report.seconds, report.error, before)

    def _note(
        self, job: str, start: datetime, now: datetime, seconds: float, error: str | None, before: str = ""
    ) -> None:
        self.desk.ran(Run(job, start, now, seconds, error, worker_of(before)))

    @contextmanager
    def _claim(self, job: str, start: datetime) -> Iterator[Lease | None]:
        """Claim a (job, bucket); None when it is claimed or done. Given back when the job raises, to be retried."""
        claim = acquire(self._client, _claim_name(job, start), self.settings.lease_s)
        try:
            yield claim
        except BaseException:
            if claim is not None:
                give_back(claim)
            raise


@contextmanager
def kept(lease: Lease) -> Iterator[None]:
    """Renew the lease for as long as the block runs, then give it back."""
    try:
        with renewed(lease):
            yield
    finally:
        give_back(lease)


def _claim_name(job: str, start: datetime) -> str:
    return f"{job}:{rfc3339(start)}"


def _lost(lease: Lease) -> bool:
    """Is it known to be another worker's?"""
    try:
        return not lease.held()
    except StoreUnavailable:
        return False
