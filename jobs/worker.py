"""``radar jobs``: the huey consumer that collects sources and runs the pipeline (``jobs.work``).

Once a minute a plan puts every due (job, bucket) into the queue; workers take them from there, and a claim in the store
sees to it that each is worked once, however many workers run. Threads, never forked processes: a process that used
Polars must not fork.

The queue lives in the same Redis as the results, or in the one that ``RADAR_QUEUE_URL`` names. While one of them cannot
be asked, there is no queue: a standby thread then goes on collecting into the archive, which needs no store, and the
pipeline takes it in when both are back.

Every few seconds a worker tells what it does (``jobs.heartbeat``), and learns from what all have told whether the
pipeline is behind. One that finds a worker at work with another archive waits, and collects nothing.

Upstream: huey (MIT).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from huey import Huey, RedisHuey
from huey.consumer import Consumer
from huey.storage import RedisStorage

from jobs import folder, logs, travel, upkeep
from jobs.claims import check_sources
from jobs.collect import Free, enabled, resume
from jobs.collector import Collector
from jobs.consent import off
from jobs.heartbeat import BEAT_S, Desk, Herald, holder_name, workers_of
from jobs.ledger import Ledger
from jobs.live import LivePipeline, settle
from jobs.schedule import buckets
from jobs.storage import Sweeper
from jobs.trail import Trail
from jobs.turns import Turns
from jobs.work import Work
from radar.archive import Archive
from radar.errors import ConfigError, StoreUnavailable
from radar.http import Http
from radar.settings import Settings, load
from radar.shapes.jobs import Queue as QueueState
from radar.store import Store, asking, board, connect, keys, ping, url_of
from radar.store.retention import Keep
from radar.times import rfc3339

log = structlog.get_logger("jobs.worker")  # also when run as a program

#: Jobs at a time in this process, besides one for each source: a source that hangs takes its own thread, so that the
#: plan and the pipeline always have theirs.
THREADS = 3
#: The pipeline runs this long after the minute began, so that it finds what streams have just evaluated.
AFTER = timedelta(seconds=8)
#: The archive is kept this long after a day began, so that the pipeline has gone on to the new one.
AFTER_MIDNIGHT = timedelta(minutes=20)
#: Seconds between two looks at whether the store answers.
STANDBY_S = 5.0
#: Seconds that running jobs may go on after the worker was told to stop. What is cut off is done again.
GRACE_S = 2.0


class Queue(RedisStorage):  # type: ignore[misc]  # huey has no types
    """huey's storage under our own key names."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.queue_key = keys.queue("queue")
        self.schedule_key = keys.queue("schedule")
        self.result_key = keys.queue("results")
        self.counter_key = keys.queue("counters")
        self.notify_prefix = keys.queue("notify:")


@dataclass(frozen=True, slots=True)
class Tasks:
    """What can be put into the queue. ``queue`` tells what lies in it, None while it cannot be asked."""

    huey: Huey
    plan: Callable[[], None]
    queue: Callable[[], QueueState | None]


def tasks(work: Work, url: str, *, now: Callable[[], datetime]) -> Tasks:
    """Give the jobs their queue, on the server or the Sentinels that ``url`` names."""
    pool = connect(url, timeout_s=30).connection_pool
    huey = RedisHuey("radar", results=False, storage_class=Queue, connection_pool=pool)

    @huey.task(name="tick", retries=2, retry_delay=5)  # type: ignore[untyped-decorator]
    def tick(start: str) -> None:
        if not work.desk.waits:  # what a waiting worker takes is planned again
            work.tick(datetime.fromisoformat(start))

    @huey.task(name="collect", retries=2, retry_delay=30)  # type: ignore[untyped-decorator]
    def collect(name: str, start: str) -> None:
        if not work.desk.waits:
            work.collect(name, datetime.fromisoformat(start))

    @huey.task(name="archive", retries=2, retry_delay=300)  # type: ignore[untyped-decorator]
    def archive(start: str) -> None:
        if not work.desk.waits:
            work.keep(datetime.fromisoformat(start))

    kinds: dict[str, tuple[Any, timedelta, tuple[str, ...]]] = {
        "tick": (tick, AFTER, ()), "archive": (archive, AFTER_MIDNIGHT, ())
    }  # fmt: skip

    def plan() -> None:
        """Queue what is due, but for what is done, claimed, or lies in the queue: it never grows beyond that."""
        moment, cadences = now(), work.cadences()
        wanted = [(job, start) for job, every in cadences.items() for start in buckets(moment, every, ahead_s=60)]
        queued = {(task.name, task.args) for task in (*huey.pending(), *huey.scheduled())}
        for job, start in work.open(wanted):
            task, wait, named = kinds.get(job, (collect, timedelta(), (job.partition(":")[2],)))
            arguments, due = (*named, start.isoformat()), start + wait
            one = task.s(*arguments, eta=max(due, moment), expires=cadences[job] + 90)
            if (one.name, one.args) not in queued:
                huey.enqueue(one)

    def queue() -> QueueState | None:
        try:
            with asking("look into the queue"):
                waits, planned = huey.pending(), huey.scheduled_count()
        except StoreUnavailable as error:
            log.debug("the queue is not known", error=str(error))
            return None
        moment = now().replace(tzinfo=None)  # as huey keeps times: UTC, without saying so
        ready = [task.eta for task in waits if task.eta is not None and task.eta <= moment]
        early = sum(task.eta is not None and task.eta > moment for task in waits)
        oldest = rfc3339(min(ready).replace(tzinfo=UTC)) if ready else None
        return QueueState(waiting=len(waits) - early, planned=planned + early, oldest=oldest)

    huey.periodic_task(lambda _moment: True, name="plan", expires=60)(plan)
    return Tasks(huey, plan, queue)


def queue_of(settings: Settings) -> str:
    """URL of the queue's Redis. Raises ConfigError when that would be a Cluster."""
    url = settings.queue_url or url_of(settings)
    if "+cluster://" in url:
        raise ConfigError("REDIS_URL names a Cluster, on which the job queue cannot lie; expected RADAR_QUEUE_URL with "
                          "one server or Sentinels")  # fmt: skip
    return url


def standby(work: Work, reachable: Callable[[], bool], stop: threading.Event, *, every_s: float = STANDBY_S) -> None:
    """Until ``stop``: while the store is away, collect what is due into the archive."""
    away = False
    while not stop.wait(every_s):
        if reachable():
            if away:
                log.info("store is back")
                try:
                    work.adopt()
                except StoreUnavailable:
                    continue
            away = False
            continue
        if not away:
            log.warning("store is away: collecting goes on into the archive, the pipeline waits")
        away = True
        work.collect_alone()


def take_up(archive: Archive, free: Free, stop: threading.Event, *, every_s: float) -> threading.Thread | None:
    """Parse what was archived and never parsed, of all sources that no worker is at; then, in the thread that is given
    back, of the others when they are free."""

    def once(sources: set[str] | None) -> set[str]:
        done, left = resume(archive, free, sources)
        if done:
            log.info("answers taken up that were never parsed", answers=done)
        return left

    def rest(left: set[str]) -> None:
        while left and not stop.wait(every_s):
            left = once(left)

    left = once(None)
    if not left:
        return None
    log.info("answers that another worker is in the middle of are left to it", sources=sorted(left))
    thread = threading.Thread(target=rest, args=(left,), name="take-up", daemon=True)
    thread.start()
    return thread


def attend(work: Work, herald: Herald, client: Store, now: Callable[[], datetime]) -> None:
    """Tell that this worker lives and how the jobs go, and heed what all of them tell. Raises StoreUnavailable."""
    desk = work.desk
    desk.beat()
    other = folder.first_other(desk.row(), board.living(workers_of(client, now()), now()))
    if (other is not None) != desk.waits:
        desk.waits = other is not None
        desk.beat()
        if other is not None:
            log.error("this worker waits: another one is at work with another archive, and what it collected here the "
                      "pipeline would never see; share one folder, or stop one of them",
                      other=other["name"], its=other["archive"], ours=desk.row()["archive"])  # fmt: skip
        else:
            log.info("this worker goes on: nobody works with another archive any more")
    if desk.waits:
        return
    found = herald.tell(now(), desk.name)
    behind = found is not None and found["behind"] is not None
    if behind != work.behind:
        log.warning("the pipeline is behind: sources that are not urgent are asked less often" if behind else
                    "the pipeline has caught up", slowed=found["slowed"] if found else [])  # fmt: skip
    work.behind = behind


def heartbeat(beat: Callable[[], None], stop: threading.Event, *, every_s: float = BEAT_S) -> None:
    """Until ``stop``: beat, whatever happens to the store meanwhile."""
    while True:
        try:
            beat()
        except StoreUnavailable as error:
            log.debug("no beat", error=str(error))
        except Exception:
            log.exception("no beat")  # a worker that works must not be taken for dead for good
        if stop.wait(every_s):
            return


def sweeps(*each: Callable[[datetime], object]) -> Callable[[datetime], None]:
    """What is done after a tick, one after the other."""

    def sweep(now: datetime) -> None:
        for one in each:
            one(now)

    return sweep


def run(settings: Settings) -> int:
    """``radar jobs``: work until SIGINT or SIGTERM, beside an embedded store where there is no ``REDIS_URL``."""
    check_sources(settings)
    if settings.redis_url:
        queue_of(settings)
        return main(settings)
    from jobs.processes import jobs_child, run_together

    return run_together(settings, jobs_child)


def main(settings: Settings) -> int:
    """Work until SIGINT or SIGTERM; then 0."""
    logs.configure(settings, process="jobs")
    queue = queue_of(settings)
    archive, ledger = Archive(settings.data_dir), Ledger(settings.data_dir)
    holder = holder_name()
    client = connect(settings, timeout_s=30, name=holder)
    probes = [connect(url) for url in dict.fromkeys((url_of(settings), queue))]
    modules = {module.SOURCE.name: module for module in enabled(settings)}
    reasons = off(settings)
    trail = Trail(settings.data_dir)
    desk = Desk(client, now=utc_now, sources=modules, archive_id=folder.identity(settings.data_dir), holder=holder)
    http = Http(contact=settings.contact, cache=settings.data_dir / "http", turns=Turns(connect(queue)))
    work = Work(
        settings,
        client=client,
        collector=Collector(http=http, archive=archive, ledger=ledger),
        modules=modules,
        pipeline=lambda: LivePipeline(
            client,
            archive,
            ledger=ledger,
            enabled=tuple(modules),
            off=reasons,
            networks=settings.tracked_networks,
            keep=Keep.of(settings),
            settle=settle(settings),
            trail=trail,
        ),
        sweep=sweeps(Sweeper(client, settings), travel.Keeper(client, archive, settings.time_travel_days)),
        keep=lambda now: upkeep.work(client, archive, settings, now),
        now=utc_now,
        desk=desk,
    )
    log.info("jobs start", sources=sorted(modules), tick_s=settings.tick_s)
    for name in settings.sources:
        if name in reasons:
            log.warning("source not collected", source=name, reason=reasons[name])
    if not modules:
        log.warning("no source is switched on; see RADAR_SOURCES")
    stop = threading.Event()

    def reachable() -> bool:
        try:
            for probe in probes:
                ping(probe)
        except StoreUnavailable:
            return False
        return True

    def held() -> bool:
        return desk.waits or reachable()

    thread = threading.Thread(target=standby, args=(work, held, stop), name="standby", daemon=True)
    thread.start()
    threading.Thread(target=travel.serve, args=(client, archive, stop), name="travel", daemon=True).start()
    while not reachable():
        stop.wait(1.0)
    take_up(archive, lambda source: work.holds.free(source, archive), stop, every_s=settings.lease_s)
    todo = tasks(work, queue, now=utc_now)
    herald = Herald(
        client,
        archive,
        cadences=work.cadences(),
        slow=work.slow(),
        queue=todo.queue,
        behind_after_s=settings.behind_s,
    )
    beat = partial(attend, work, herald, client, utc_now)
    with suppress(StoreUnavailable):
        beat()  # before anything is taken from the queue
    threading.Thread(target=heartbeat, args=(beat, stop), name="heartbeat", daemon=True).start()
    while desk.waits:
        stop.wait(1.0)
    try:
        Consumer(
            todo.huey,
            workers=THREADS + len(modules),
            max_delay=1.0,
            graceful_signal="TERM",
            shutdown_timeout=GRACE_S,
        ).run()
    finally:
        stop.set()
        desk.leave()
    return 0


def utc_now() -> datetime:
    """The wall clock: nothing below the jobs reads it."""
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main(load()))
