"""The jobs of a live radar, and what keeps them apart: collect one source, run one tick of the pipeline, keep the
archive.

Several workers may run at once, on one machine or many, over one archive (``jobs.folder``). Each (job, bucket) is
claimed in the store by one of them; a source that is asked in parts is as many jobs. Only one at a time runs the
pipeline. A claim that its worker does not live to keep runs out, and the next plan takes it up; a worker that was
stopped for longer than that, and wakes up, finds its claim lost: it archives and publishes nothing more.
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
from typing import Protocol

import structlog

from jobs.collect import Report
from jobs.collector import Collector
from jobs.heartbeat import Desk, Run
from jobs.schedule import bucket
from jobs.upkeep import Kept
from radar.errors import RadarError, StoreUnavailable
from radar.settings import Settings
from radar.sources import Shard, SourceModule
from radar.store import Store, asking, documents, keys
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
        with self._claim(job, start, ttl_s=COLLECT_TTL_S) as claim:
            if claim is None:
                return Outcome.TAKEN
            now, lost = self._now(), partial(self._collector.leave, module.SOURCE.name, shard)
            with self.desk.at(job), renewed(claim, lost=lost):
                report = self._collector.run([module], now, shard)[0]
            self._done(name, start, now, report)
            # one that is still at it from an earlier bucket is looked at again when the claim has run out
            ttl_s = COLLECT_TTL_S if report.running else every + 60 if report.ok else min(every, AGAIN_S)
            replace(claim, ttl_s=ttl_s).renew()
        if report.running:
            self.desk.skip(job, start, "skipped")
            return Outcome.HELD
        return Outcome.DONE

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
        with self._claim("tick", start, ttl_s=PIPELINE_TTL_S) as claim:
            if claim is None:
                return Outcome.TAKEN
            lease = acquire(self._client, PIPELINE, PIPELINE_TTL_S)
            if lease is None:  # given back: whoever runs one may end, or its lease run out, within this bucket
                _give_back(claim)
                self.desk.skip("tick", start, "skipped")
                return Outcome.HELD
            with self.desk.at("tick"), renewed(claim), kept(lease):
                self._tick(lease, start)
                self._sweep(self._now())
            replace(claim, ttl_s=self.settings.tick_s + 60).renew()
        return Outcome.DONE

    def keep(self, start: datetime) -> Outcome:
        """Keep the archive for the day that starts at ``start``. Raises StoreUnavailable."""
        with self._claim("archive", start, ttl_s=COLLECT_TTL_S) as claim:
            if claim is None:
                return Outcome.TAKEN
            began, now = time.perf_counter(), self._now()
            with self.desk.at("archive"), renewed(claim):
                report = self._keep(now)
            self._note("archive", start, now, time.perf_counter() - began, "; ".join(report.errors[:3]) or None)
            replace(claim, ttl_s=KEEP_S + 60).renew()
        return Outcome.DONE

    def _tick(self, lease: Lease, start: datetime) -> None:
        began, now = time.perf_counter(), self._now()
        error: str | None = None
        try:
            if self._line is None or documents.version(self._client) != self._version:
                self._line = self._make()  # another worker has published since
            self._line.lease = lease  # what is published after it is lost is refused
            self._version = self._line.tick(now).version
        except Exception as failure:
            # The pipeline may be ahead of what was published: the next tick starts from what the store holds.
            self._line, error = None, f"{type(failure).__name__}: {failure}"
            raise
        finally:
            self._note("tick", start, now, time.perf_counter() - began, error)

    def _wait_on(self, name: str, start: datetime) -> bool:
        """Is this bucket left out, because the pipeline is behind and the source is not urgent? Nothing is lost by it:
        a source goes on from where it was left. One that this worker has not asked yet is not put off."""
        every, last = self.parts[name][0].SOURCE.cadence_s, self._collected.get(name)
        if not self.behind or every <= URGENT_S or last is None:
            return False
        return start - last < timedelta(seconds=min(SLOWER * every, every + PUT_OFF_S))

    def _done(self, name: str, start: datetime, now: datetime, report: Report) -> None:
        """Remember how a collection went that was for the bucket of ``start`` and began at ``now``."""
        if report.running:
            return
        self._collected[name] = start
        self._again.pop(name, None)
        if not report.ok:
            self._again[name] = now + timedelta(seconds=AGAIN_S)
        self._note(f"collect:{name}", start, now, report.seconds, report.error)

    def _note(self, job: str, start: datetime, now: datetime, seconds: float, error: str | None) -> None:
        self.desk.ran(Run(job, start, now, seconds, error))

    @contextmanager
    def _claim(self, job: str, start: datetime, *, ttl_s: float) -> Iterator[Lease | None]:
        """Claim a (job, bucket); None when it is claimed or done. Given back when the job raises, to be retried."""
        claim = acquire(self._client, _claim_name(job, start), ttl_s)
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
def renewed(lease: Lease, *, lost: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Renew the lease for as long as the block runs; ``lost`` is called when it turns out to be another worker's."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(lease.ttl_s / 3):
            try:
                if not lease.renew():
                    log.warning("lease lost", lease=lease.name)
                    lost()
                    return
            except StoreUnavailable as error:
                log.warning("lease not renewed", lease=lease.name, error=str(error))

    thread = threading.Thread(target=renew, name=f"lease-{lease.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _claim_name(job: str, start: datetime) -> str:
    return f"{job}:{rfc3339(start)}"


def _give_back(lease: Lease) -> None:
    try:
        lease.release()
    except RadarError as error:
        log.warning("lease not given back, it runs out", lease=lease.name, error=str(error))
