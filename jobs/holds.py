"""The lease of each source, or part of one, that this worker collects: kept for as long as its collection runs, however
many of its buckets go by, so that no two workers ever collect one part at once.

A claim (``jobs.work``) says who works a bucket; this says who is at the upstream. A worker that dies leaves a lease
that runs out. One that was stopped for longer wakes up to find it lost: its fence, asked under the archive's lock
before each file, lets it write nothing more. While the store is away nobody can be asked, and collecting goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

import structlog

from jobs.collect import TakenOver
from radar.archive import Archive
from radar.errors import RadarError, StoreUnavailable
from radar.sources import Shard, discover
from radar.store import Store
from radar.store.lease import Lease, acquire

log = structlog.get_logger(__name__)

#: Name of the lease that the one worker holds that runs the pipeline.
PIPELINE = "pipeline"


class Under(Protocol):
    """What is asked of :class:`jobs.collector.Collector`."""

    def busy(self, source: str, shard: Shard) -> bool:
        """Is a collection under way?"""

    def fence(self, source: str, shard: Shard, check: Callable[[], None]) -> None:
        """From now on it heeds this fence."""

    def leave(self, source: str, shard: Shard) -> None:
        """What it would still say is not taken."""


def lease_of(job: str) -> str:
    """Name of the lease of whoever is at a job: "tick", "archive", "collect:ioda_signals.2of4"."""
    return PIPELINE if job == "tick" else f"job:{job}"


class Holds:
    """The leases that this worker has. Several threads may use it at once."""

    def __init__(self, client: Store, collector: Under, *, holder: str, ttl_s: float) -> None:
        self._client, self._collector = client, collector
        self._holder, self._ttl_s = holder, ttl_s
        self._mine: dict[str, Lease] = {}
        self._lock = threading.Lock()

    def take(self, source: str, shard: Shard) -> Lease | None:
        """The lease, also when this worker has it already; None while another worker collects it. StoreUnavailable."""
        name = shard.name(source)
        with self._lock:
            mine = self._mine.get(name)
            if mine is not None:
                return mine
            lease = acquire(self._client, lease_of(f"collect:{name}"), self._ttl_s, holder=self._holder)
            if lease is None:
                return None
            self._mine[name] = lease
        if lease.before:
            log.warning("collection taken over", job=f"collect:{name}", before=lease.before)
        self._collector.fence(source, shard, fence(lease))  # one that was begun while the store was away
        threading.Thread(target=self._keep, args=(lease, source, shard), name=f"lease-{name}", daemon=True).start()
        return lease

    def settle(self, source: str, shard: Shard) -> None:
        """Give the lease back, unless a collection is still under way: then it is given back when that ends."""
        if not self._collector.busy(source, shard):
            self._drop(shard.name(source))

    def adopt(self, parts: Iterable[tuple[str, Shard]]) -> None:
        """Take the leases of collections that began while the store was away; leave those that another worker has
        begun meanwhile. Raises StoreUnavailable."""
        for source, shard in parts:
            if self._collector.busy(source, shard) and self.take(source, shard) is None:
                self._collector.leave(source, shard)

    @contextmanager
    def free(self, source: str, archive: Archive) -> Iterator[Archive | None]:
        """Hold a source and all its parts for the block, if nobody collects any of them: the archive, guarded by these
        leases. None otherwise, also while nobody can be asked."""
        module = discover()[source]
        names = {shard.name(source) for shard in module.SOURCE.parts()} | {source}
        with ExitStack() as stack:
            leases = []
            for name in sorted(names):
                try:
                    lease = acquire(self._client, lease_of(f"collect:{name}"), self._ttl_s, holder=self._holder)
                except StoreUnavailable:
                    lease = None
                if lease is None:
                    yield None
                    return
                leases.append(lease)
                stack.callback(give_back, lease)
                stack.enter_context(renewed(lease))
            fences = [fence(lease) for lease in leases]
            yield archive.guarded(lambda: [check() for check in fences])

    def _keep(self, lease: Lease, source: str, shard: Shard) -> None:
        """Renew the lease until it is given back, lost, or nothing is under way any more."""
        name, never, idle = shard.name(source), threading.Event(), 0
        while not never.wait(lease.ttl_s / 3) and self._mine.get(name) is lease:
            # taken a moment ago, and the collection not begun yet: that is not the end of one
            idle = 0 if self._collector.busy(source, shard) else idle + 1
            if idle > 1:
                self._drop(name)
                return
            try:
                if not lease.renew():
                    log.warning("collection lost to another worker", job=f"collect:{name}")
                    self._collector.leave(source, shard)
                    with self._lock:
                        self._mine.pop(name, None)
                    return
            except StoreUnavailable as error:
                log.warning("lease not renewed", lease=lease.name, error=str(error))

    def _drop(self, name: str) -> None:
        with self._lock:
            lease = self._mine.pop(name, None)
            if lease is not None:
                give_back(lease)


def fence(lease: Lease) -> Callable[[], None]:
    """What raises TakenOver once the lease is another worker's, and returns while nobody can be asked."""

    def check() -> None:
        try:
            held = lease.held()
        except StoreUnavailable:
            return
        if not held:
            raise TakenOver

    return check


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


def give_back(lease: Lease) -> None:
    """Give it back; where that cannot be done, it runs out."""
    try:
        lease.release()
    except RadarError as error:
        log.warning("lease not given back, it runs out", lease=lease.name, error=str(error))
