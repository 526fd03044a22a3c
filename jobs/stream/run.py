"""``radar stream``: listen, keep the table, archive and tell each minute, keep snapshots.

The archive needs no store: while it is away the minutes are archived all the same, and told when it is back. Only one
process at a time listens to a source: a lock on the folder, and a lease in the store.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import structlog

from jobs import logs
from jobs.claims import check_sources, folder_lock, listens
from jobs.collect import Found, Report, note
from jobs.ledger import Ledger
from jobs.stream.fill import PUBLISHED_S, Filler
from jobs.stream.follow import Fills, Follower, Memory, Minute
from jobs.stream.keep import Snapshots
from jobs.stream.listen import Listener, Stream
from jobs.stream.spool import Place, Spool
from jobs.stream.tell import Teller
from jobs.stream.watches import Watches
from radar.archive import Archive
from radar.errors import ArchiveError, ConfigError, RadarError, StoreUnavailable
from radar.http import Http
from radar.routing.session import MIN_PEERS, TRACKED, Session
from radar.schema import Parsed
from radar.settings import Settings
from radar.sources import ris_live
from radar.store import Store, connect
from radar.store.lease import Lease, acquire
from radar.times import rfc3339
from radar.ws import Ws

log = structlog.get_logger(__name__)

#: The follower looks at the spool this often, in seconds.
LOOK_S = 0.2
#: Seconds between two snapshots.
SNAPSHOT_S = 600.0
#: A gap that was not filled after this time, in seconds, will not be: its snapshot is no longer kept.
WAIT_S = 4 * 3600.0
#: The lease on a stream outlives its process by this, in seconds.
LEASE_S = 90.0


class Streaming:
    """Everything but the connection: from the spool to archive, store and snapshots. ``now``: wall clock in seconds."""

    def __init__(
        self,
        folder: Path,
        *,
        archive: Archive,
        ledger: Ledger,
        client: Store | None,
        watches: Watches | None = None,
        min_peers: int = MIN_PEERS,
        tracked: int = TRACKED,
        snapshot_s: float = SNAPSHOT_S,
        simulated: bool = False,
    ) -> None:
        self.name = ris_live.NAME
        self.spool = Spool(folder / "spool")
        self.snapshots = Snapshots(folder / "snapshots")
        self.watches = watches or Watches(simulated=simulated)
        self._archive = archive
        self._ledger = ledger
        self._client = client
        self._min_peers = min_peers
        self._tracked = tracked
        self._snapshot_s = snapshot_s
        self._simulated = simulated
        self._teller = Teller(client, self.name, simulated=simulated) if client is not None else None
        self.newest: Minute | None = None
        self.follower = self._begin(None)
        self.caught_up_from = self._snapshot_at

    # ------------------------------------------------------------------ where to begin

    def _session(self) -> Session:
        return Session(self.name, grain_s=ris_live.GRAIN_S, min_peers=self._min_peers, tracked=self._tracked)

    def _begin(self, before: float | None) -> Follower:
        """A follower from the newest snapshot that can be used, of those older than ``before``; else from the start of
        the spool."""
        self._snapshot_at: float | None = None
        for at in reversed(self.snapshots.times()):
            if before is not None and at >= before:
                continue
            session = self._session()
            try:
                extra = self.snapshots.load(session, at)
                memory = Memory(**extra["memory"])
                place = Place(memory.segment, memory.offset)
                if self.spool.segments() and place.segment < self.spool.segments()[0]:
                    raise ArchiveError("the spool does not reach back to it")
                self.watches.load(extra["watches"])
            except (ArchiveError, KeyError, TypeError, ValueError) as error:
                log.warning("snapshot passed over", at=at, error=str(error))
                continue
            self._snapshot_at = float(at)
            log.info("table read from a snapshot", at=at, **session.table.summary())
            follower = Follower(session, self.spool, memory)
            self.watches.attach(session.table)
            return follower
        self.watches.clear()
        session = self._session()
        self.watches.attach(session.table)
        return Follower(session, self.spool)

    def rewind(self, fills: dict[str, Fills], since: float) -> None:
        """Begin again before ``since`` (seconds), with what fills the gaps from there on."""
        self.follower = self._begin(since)
        self.follower.fills = fills
        log.info("going back to fill a gap", since=since, gaps=sorted(fills))

    # ------------------------------------------------------------------ minutes

    def step(self) -> int:
        """Take in what is on the spool now; returns how many minutes were closed."""
        count = 0
        for minute in self.follower.step():
            count += 1
            self._minute(minute)
            if minute.found.at - (self._snapshot_at or 0.0) >= self._snapshot_s:
                self.snapshot(minute.found.at)
        return count

    def _minute(self, minute: Minute) -> None:
        rows = self.follower.session.rows()
        start = datetime.fromtimestamp(minute.start, UTC)
        end = datetime.fromtimestamp(minute.found.at, UTC)
        report, found = Report(self.name, ok=True), Found(self.name)
        tally = self.follower.reader.tally
        table = self.follower.session.table
        for counted, examples in ((tally.rejected, tally.examples), (table.rejected, table.examples)):
            found.rejected.update(counted)
            found.example.update(examples)
            counted.clear()
        if rows.height:
            body = ris_live.evaluated(rfc3339(start), rows)
            rows = ris_live.with_hours(rows)
            name = f"{self.name} {rfc3339(start)}"
            try:
                self._archive.put(self.name, name, body, rows, received_at=end, simulated=self._simulated)
                found.take(Parsed(rows))
                found.answers = 1
            except RadarError as error:
                report.ok, report.error = False, str(error)
                log.error("minute not archived", minute=rfc3339(start), error=str(error))
        self.watches.minute(self.follower.session, self._archive, simulated=self._simulated)
        if tally.errors:
            report.ok, report.error = False, f"{self.name}: upstream says {tally.errors[-1]!r}"
            tally.errors.clear()
        elif not minute.heard:
            report.ok, report.error = False, f"{self.name}: nothing came from {rfc3339(start)} to {rfc3339(end)}"
        done = found.report(report.error, 0.0)
        note(self._ledger, done, end, found, ended=minute.heard)
        self.newest = minute

    def tell(self) -> None:
        """Publish the newest minute. A store that cannot be asked is told the next time."""
        if self._teller is None or self.newest is None:
            return
        try:
            self._teller.tell(self.follower, self.newest, events=self.watches.events(),
                              snapshot_at=self._snapshot_at, caught_up_from=self.caught_up_from)  # fmt: skip
        except StoreUnavailable as error:
            log.warning("routing not told", error=str(error))

    def snapshot(self, at: float) -> None:
        """Keep the table; what the spool holds before the oldest snapshot is removed. A full disk is told in the
        log."""
        extra = {"memory": self.follower.kept(), "watches": self.watches.dump()}
        try:
            self.snapshots.write(self.follower.session, extra, at, self.follower.place.segment)
        except ArchiveError as error:
            log.error("snapshot not written", error=str(error))
            return
        self._snapshot_at = at
        waiting = [gap.since for gap in self.follower.gaps if not gap.filled and gap.since and at - gap.since < WAIT_S]
        older = [kept for kept in self.snapshots.times() if waiting and kept < min(waiting)]
        self.snapshots.purge(keep=older[-1:])
        self.spool.purge(Place(min(self.snapshots.times().values()), 0))


class Process:
    """A streaming source as a process: the connection, the table, the lease, and what fills gaps. ``now``: wall clock
    in seconds; ``published_s``: see :mod:`jobs.stream.fill`."""

    def __init__(
        self,
        settings: Settings,
        *,
        stream: Stream | None = None,
        http: Http | None = None,
        now: Callable[[], float] = time.time,
        published_s: float = PUBLISHED_S,
        snapshot_s: float = SNAPSHOT_S,
    ) -> None:
        folder = settings.data_dir / "stream" / ris_live.NAME
        self._settings = settings
        self._client = connect(settings, timeout_s=30)
        self.streaming = Streaming(
            folder,
            archive=Archive(settings.data_dir),
            ledger=Ledger(settings.data_dir),
            client=self._client,
            watches=Watches.of(settings),
            min_peers=settings.ris_min_peers,
            tracked=settings.ris_networks,
            snapshot_s=snapshot_s,
        )
        self._now = now
        ws = Ws(contact=settings.contact)
        url = settings.ris_live_url or ris_live.URL
        listen: Stream = stream or (lambda: ris_live.stream(ws, url=url))
        self.listener = Listener(ris_live.NAME, listen, self.streaming.spool, now=now)
        self.filler = Filler(
            folder / "fills", settings.ris_dumps, settings.ris_collectors,
            http or Http(contact=settings.contact), now=now, published_s=published_s,
        )  # fmt: skip
        self._stop = threading.Event()
        self._lease: Lease | None = None

    def stop(self, *_: object) -> None:
        """End soon."""
        self._stop.set()
        self.listener.stop()
        self.filler.stop()

    def run(self) -> int:
        """Listen until stopped; then 0."""
        if not self._hold():
            return 0
        listening = self.listener.start()
        filling = self.filler.start()
        streaming = self.streaming
        try:
            while not self._stop.is_set():
                closed = streaming.step()
                if closed:
                    streaming.watches.refresh(streaming.follower.session.table, self._now())
                    if not self._kept():
                        log.error("another process listens to this source now; this one ends")
                        return 1
                    streaming.tell()
                    self._fill()
                self._stop.wait(LOOK_S)
        finally:
            self.stop()
            listening.join(5)
            filling.join(5)
            streaming.step()
            streaming.snapshot(streaming.follower.memory.clock)
            if self._lease is not None:
                try:
                    self._lease.release()
                except StoreUnavailable as error:
                    log.warning("lease not given back, it runs out", error=str(error))
        return 0

    def _fill(self) -> None:
        """Ask for what is missing; go back when it is there."""
        follower = self.streaming.follower
        missing = [gap for gap in follower.gaps if not gap.filled and gap.until is not None]
        for gap in missing:
            self.filler.want(gap)
        ready = {gap.id: self.filler.fills(gap.id) for gap in missing if self.filler.ready(gap.id)}
        if ready:
            since = min(gap.since or 0.0 for gap in missing if gap.id in ready)
            known = {**follower.fills, **ready}
            self.streaming.rewind(known, since)

    def _hold(self) -> bool:
        """Take the lease, waiting for whoever has it; True at once while the store is away. False when stopped."""
        told = False
        while not self._stop.is_set():
            try:
                self._lease = acquire(self._client, f"stream:{ris_live.NAME}", LEASE_S)
            except StoreUnavailable as error:
                log.warning("store is away: listening all the same", error=str(error))
                return True
            if self._lease is not None:
                return True
            if not told:
                log.info("another process listens to this source; waiting for its lease", source=ris_live.NAME)
                told = True
            self._stop.wait(2.0)
        return False

    def _kept(self) -> bool:
        """Renew the lease; False when another process has it."""
        try:
            if self._lease is not None and self._lease.renew():
                return True
            self._lease = acquire(self._client, f"stream:{ris_live.NAME}", LEASE_S)
            return self._lease is not None
        except StoreUnavailable:
            return True


def run(settings: Settings) -> int:
    """``radar stream``: listen until SIGINT or SIGTERM, beside an embedded store where there is no ``REDIS_URL``."""
    check_sources(settings)
    if not listens(settings):
        raise ConfigError(
            f"{ris_live.NAME} is not switched on: name it in RADAR_ACCEPT_TERMS (and in RADAR_SOURCES, unless that is "
            "'all'); `radar doctor` shows its terms"
        )
    if settings.redis_url:
        return main(settings)
    from jobs.processes import run_together, stream_child

    return run_together(settings, stream_child)


def main(settings: Settings) -> int:
    """Listen until SIGINT or SIGTERM; then 0."""
    logs.configure(settings, process="stream")
    with folder_lock(settings.data_dir, "stream"):
        process = Process(settings)
        halt: Callable[[int, FrameType | None], None] = process.stop
        signal.signal(signal.SIGTERM, halt)
        signal.signal(signal.SIGINT, halt)
        return process.run()


if __name__ == "__main__":
    import sys

    from radar.settings import load

    sys.exit(main(load()))
