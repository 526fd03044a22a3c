"""The jobs of a live radar against a real Valkey: each bucket once, nothing lost while the store is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.collect import Report
from jobs.heartbeat import Herald
from jobs.schedule import bucket, buckets
from jobs.upkeep import Kept
from jobs.work import PIPELINE, Outcome, Work
from jobs.worker import AFTER, standby, tasks
from radar import store
from radar.archive import Archive
from radar.errors import ArchiveError, StoreUnavailable
from radar.settings import load
from radar.shapes.jobs import JobRun
from radar.sources import WHOLE, Shard
from radar.store import connect, documents, keys
from radar.store.lease import Lease, acquire

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Clock:
    """A clock that goes only when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class FakeCollector:
    """Notes who was asked; fails for the names in ``failing``; those in ``at_it`` are still at it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime]] = []
        self.failing: set[str] = set()
        self.at_it: set[str] = set()
        self.left: list[str] = []
        self.fences: dict[str, Callable[[], None]] = {}

    def run(
        self, modules: Iterable[Any], now: datetime, shard: Shard = WHOLE, fence: Callable[[], None] | None = None
    ) -> list[Report]:
        name = shard.name(next(iter(modules)).SOURCE.name)
        if name in self.at_it:
            return [Report(name, running=True)]
        self.asked.append((name, now))
        return [Report(name, ok=name not in self.failing, error="no answer" if name in self.failing else None)]

    def start(self, module: Any, now: datetime, then: Callable[[Report], None], shard: Shard = WHOLE) -> bool:
        if shard.name(module.SOURCE.name) in self.at_it:
            return False
        then(self.run([module], now, shard)[0])
        return True

    def busy(self, source: str, shard: Shard = WHOLE) -> bool:
        return shard.name(source) in self.at_it

    def fence(self, source: str, shard: Shard, check: Callable[[], None]) -> None:
        self.fences[shard.name(source)] = check

    def leave(self, source: str, shard: Shard = WHOLE) -> None:
        self.left.append(shard.name(source))


class FakePipeline:
    """Notes its ticks and publishes like the real one; ``fails`` is raised once."""

    def __init__(self, client: store.Store) -> None:
        self.client = client
        self.lease: Lease | None = None
        self.beside: Callable[[Any], None] | None = None
        self.ticks: list[datetime] = []
        self.fails: Exception | None = None

    def tick(self, now: datetime) -> Any:
        self.ticks.append(now)
        if self.fails is not None:
            failure, self.fails = self.fails, None
            raise failure
        docs = {"clock": {"now": now.isoformat()}}
        return SimpleNamespace(version=documents.publish(self.client, docs, lease=self.lease, within=self.beside))


class Stage:
    """A worker with its surroundings."""

    def __init__(self, client: store.Store, shards: int = 1, lease_s: float = 30) -> None:
        self.shards, self.lease_s = shards, lease_s
        self.clock = Clock()
        self.collector = FakeCollector()
        self.client = client
        self.made: list[FakePipeline] = []
        self.work = self.worker()

    def worker(self) -> Work:
        names = {"slow": 3600, "quick": 300}
        modules: dict[str, Any] = {
            name: SimpleNamespace(SOURCE=SimpleNamespace(name=name, cadence_s=every, parts=self.parts))
            for name, every in names.items()
        }
        return Work(
            replace(load({}), lease_s=self.lease_s),  # type: ignore[arg-type]  # a part of a second
            client=self.client,
            collector=self.collector,  # type: ignore[arg-type]  # stands in for it
            modules=modules,
            pipeline=self.make,
            now=self.clock,
        )

    def parts(self) -> list[Shard]:
        return [Shard(number, self.shards) for number in range(self.shards)]

    def rows(self, tmp_path: Path) -> dict[str, JobRun]:
        """What is told of the jobs, by name."""
        herald = Herald(self.client, Archive(tmp_path), cadences=self.work.cadences())
        return {row["name"]: row for row in herald.compose(self.clock.now, "here:1")["runs"]}

    def make(self) -> FakePipeline:
        self.made.append(FakePipeline(self.client))
        return self.made[-1]


@pytest.fixture
def stage(client: store.Store) -> Stage:
    return Stage(client)


def test_buckets_are_the_same_for_every_worker() -> None:
    now = START + timedelta(seconds=61)
    assert bucket(now, 60) == START + timedelta(seconds=60)
    assert bucket(now, 86_400) == datetime(2026, 3, 2, tzinfo=UTC)
    assert buckets(START, 20, ahead_s=60) == [START + timedelta(seconds=s) for s in (0, 20, 40)]
    assert buckets(now, 3600, ahead_s=60) == [START]


def test_a_bucket_is_collected_once_by_however_many_workers(stage: Stage) -> None:
    for worker in (stage.work, stage.worker(), stage.work):
        worker.collect("quick", START)
    assert stage.collector.asked == [("quick", START)]
    stage.work.collect("quick", START + timedelta(seconds=300))
    assert len(stage.collector.asked) == 2


def test_a_source_that_failed_is_asked_again_before_its_next_bucket_but_not_at_once(stage: Stage) -> None:
    stage.collector.failing = {"slow"}
    stage.work.collect("slow", START)
    stage.work.collect("slow", START)
    assert len(stage.collector.asked) == 1
    left = stage.client.ttl(keys.lease("collect:slow:2026-03-02T12:00:00Z"))
    assert 0 < left <= 300


def test_a_source_that_is_still_at_it_is_looked_at_again_soon(stage: Stage, tmp_path: Path) -> None:
    """A first collection takes many buckets: the next ones are not lost to it, nor is its own report."""
    stage.work.collect("quick", START)
    stage.collector.at_it = {"quick"}
    later = START + timedelta(seconds=300)
    assert stage.work.collect("quick", later) is Outcome.HELD
    assert 0 < stage.client.ttl(keys.lease("collect:quick:2026-03-02T12:05:00Z")) <= 60
    row = stage.rows(tmp_path)["collect:quick"]
    assert (row["last_run"], row["skipped"]) == ("2026-03-02T12:00:00Z", 1)
    stage.collector.at_it = set()
    stage.client.delete(keys.lease("collect:quick:2026-03-02T12:05:00Z"))
    stage.work.collect("quick", later)
    assert stage.rows(tmp_path)["collect:quick"]["skipped"] == 0, "it was worked after all"


def test_claim_and_lease_of_a_long_collection_last_as_long_as_it_does_and_no_longer(client: store.Store) -> None:
    stage = Stage(client, lease_s=0.6)
    key, lease = keys.lease("collect:quick:2026-03-02T12:00:00Z"), keys.lease("job:collect:quick")
    left: list[int] = []

    def long(_modules: Iterable[Any], _now: datetime, _shard: Shard, _fence: object) -> list[Report]:
        never = threading.Event()
        stage.collector.at_it = {"quick"}
        for _ in range(4):
            never.wait(0.3)
            left.extend((stage.client.pttl(key), stage.client.pttl(lease)))
        stage.collector.at_it = set()
        return [Report("quick", ok=True)]

    stage.collector.run = long  # type: ignore[method-assign, assignment]  # a longer one
    stage.work.collect("quick", START)
    assert all(0 < ms <= 600 for ms in left), "a worker that dies leaves it for a moment only"
    assert stage.client.ttl(key) > 300, "and then it is done"
    assert stage.client.get(lease) is None


def test_the_runs_of_all_workers_are_told(stage: Stage, tmp_path: Path) -> None:
    other = stage.worker()
    other.collect("slow", START)
    other.tick(START)
    stage.work.collect("quick", START)
    stage.clock.now += timedelta(seconds=60)
    stage.work.tick(stage.clock.now)
    rows = stage.rows(tmp_path)
    assert {name: row["last_run"] for name, row in rows.items()} == {
        "tick": "2026-03-02T12:01:00Z",
        "collect:slow": "2026-03-02T12:00:00Z",
        "collect:quick": "2026-03-02T12:00:00Z",
        "archive": None,
    }
    assert rows["tick"]["runs"] == 2


def test_a_tick_runs_once_per_bucket_and_tells_how_it_went(stage: Stage, tmp_path: Path) -> None:
    stage.work.tick(START)
    stage.work.tick(START)
    assert [line.ticks for line in stage.made] == [[START]]
    row = stage.rows(tmp_path)["tick"]
    assert row["seconds"] == pytest.approx(0, abs=1)
    told = (row["last_run"], row["bucket"], row["due"], row["ok"], row["error"], row["runs"], row["worker"])
    assert told == ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z", True, None, 1,
                    stage.work.desk.name)  # fmt: skip


def test_two_ticks_never_run_at_the_same_time(stage: Stage) -> None:
    held = acquire(stage.client, PIPELINE, 30)
    assert held is not None
    stage.work.tick(START)
    assert stage.made == []
    held.release()
    stage.work.tick(START + timedelta(seconds=60))
    assert len(stage.made) == 1


def test_a_worker_keeps_its_pipeline_until_another_one_has_published(stage: Stage) -> None:
    other = stage.worker()
    stage.work.tick(START)
    stage.work.tick(START + timedelta(seconds=60))
    assert len(stage.made) == 1
    other.tick(START + timedelta(seconds=120))
    stage.work.tick(START + timedelta(seconds=180))
    assert len(stage.made) == 3, "what this worker holds in memory is older than what the store holds"


def test_a_tick_that_failed_is_told_and_starts_anew_in_the_same_bucket(stage: Stage, tmp_path: Path) -> None:
    stage.work.tick(START)
    stage.made[0].fails = ArchiveError("disk full")
    later = START + timedelta(seconds=60)
    with pytest.raises(ArchiveError):
        stage.work.tick(later)
    row = stage.rows(tmp_path)["tick"]
    assert (row["ok"], row["error"]) == (False, "ArchiveError: disk full")
    stage.work.tick(later)
    assert len(stage.made) == 2, "the old pipeline may be ahead of what was published"
    assert stage.rows(tmp_path)["tick"]["ok"] is True


def test_with_the_store_away_a_tick_raises_and_loses_nothing(stage: Stage) -> None:
    away = Stage(connect("redis://127.0.0.1:1"))
    with pytest.raises(StoreUnavailable):
        away.work.tick(START)
    assert away.made == []


def test_with_the_store_away_collecting_goes_on_once_per_bucket() -> None:
    away = Stage(connect("redis://127.0.0.1:1"))
    away.work.collect_alone()
    away.clock.now += timedelta(seconds=60)
    away.work.collect_alone()
    assert [name for name, _ in away.collector.asked] == ["slow", "quick"]
    away.clock.now += timedelta(seconds=300)
    away.work.collect_alone()
    assert [name for name, _ in away.collector.asked] == ["slow", "quick", "quick"]


def test_with_the_store_away_one_source_holds_up_no_other_and_failures_are_tried_again() -> None:
    away = Stage(connect("redis://127.0.0.1:1"))
    away.collector.at_it, away.collector.failing = {"slow"}, {"quick"}
    away.work.collect_alone()
    away.clock.now += timedelta(seconds=299)
    away.work.collect_alone()
    assert [name for name, _ in away.collector.asked] == ["quick"]
    away.collector.at_it, away.collector.failing = set(), {"slow"}
    away.clock.now += timedelta(seconds=1)
    away.work.collect_alone()
    assert [name for name, _ in away.collector.asked] == ["quick", "slow", "quick"]
    away.clock.now += timedelta(seconds=299)
    away.work.collect_alone()
    away.clock.now += timedelta(seconds=1)
    away.work.collect_alone()
    assert [name for name, _ in away.collector.asked][3:] == ["slow", "quick"], "within its bucket of an hour"


def test_the_standby_collects_only_while_the_store_is_away(stage: Stage) -> None:
    stop = threading.Event()
    answers = iter([True, False, False, True])

    def reachable() -> bool:
        try:
            return next(answers)
        except StopIteration:
            stop.set()
            return True

    standby(stage.work, reachable, stop, every_s=0.0)
    assert [name for name, _ in stage.collector.asked] == ["slow", "quick"]


def drain(huey: Any, moment: Callable[[], datetime]) -> list[tuple[str, tuple[Any, ...]]]:
    """Work everything that is queued and due; gives what was worked."""
    done = []
    while (task := huey.dequeue()) is not None:
        done.append((task.name, task.args))
        huey.execute(task, moment().replace(tzinfo=None))
    return done


def test_the_plan_queues_what_is_due_under_our_own_keys(stage: Stage, valkey_url: str) -> None:
    todo = tasks(stage.work, valkey_url, now=stage.clock)
    todo.huey.storage.blocking = False
    todo.plan()
    assert {key.decode() for key in stage.client.scan_iter()} == {keys.queue("queue")}
    done = drain(todo.huey, lambda: stage.clock.now + AFTER + timedelta(seconds=1))
    assert done == [
        ("tick", (START.isoformat(),)),
        ("collect", ("slow", START.isoformat())),
        ("collect", ("quick", START.isoformat())),
        ("archive", (f"{START:%Y-%m-%d}T00:00:00+00:00",)),
    ]
    assert len(stage.made) == 1
    assert [name for name, _ in stage.collector.asked] == ["slow", "quick"]
    todo.plan()
    assert len(todo.huey.pending()) == 0, "what is done is not planned again"


def test_the_archive_is_kept_once_a_day_whoever_does_it_and_its_failure_is_told(stage: Stage, tmp_path: Path) -> None:
    kept: list[datetime] = []

    def keep(now: datetime) -> Kept:
        kept.append(now)
        return Kept(errors=["2026-03-01 cannot be packed"])

    other = Stage(stage.client)
    stage.work._keep = other.work._keep = keep
    midnight = START.replace(hour=0)
    stage.work.keep(midnight)
    other.work.keep(midnight)
    assert len(kept) == 1
    row = stage.rows(tmp_path)["archive"]
    assert (row["ok"], row["error"]) == (False, "2026-03-01 cannot be packed")
    other.work.keep(midnight + timedelta(days=1))
    assert len(kept) == 2


def test_a_job_that_raised_is_queued_again(stage: Stage, valkey_url: str, tmp_path: Path) -> None:
    todo = tasks(stage.work, valkey_url, now=stage.clock)
    todo.huey.storage.blocking = False
    make = stage.make

    def failing() -> FakePipeline:
        line = make()
        line.fails = ArchiveError("disk full") if len(stage.made) == 1 else None
        return line

    stage.work._make = failing
    todo.plan()
    drain(todo.huey, lambda: stage.clock.now + AFTER + timedelta(seconds=1))
    assert todo.huey.scheduled_count() == 1
    (again,) = todo.huey.scheduled()
    todo.huey.execute(again, again.eta + timedelta(seconds=1))
    assert stage.rows(tmp_path)["tick"]["ok"] is True


def test_the_queue_can_be_read_by_another_process(stage: Stage, valkey_url: str, tmp_path: Path) -> None:
    tasks(stage.work, valkey_url, now=stage.clock).plan()
    other = Stage(stage.client)
    todo = tasks(other.work, valkey_url, now=other.clock)
    todo.huey.storage.blocking = False
    drain(todo.huey, lambda: other.clock.now + AFTER + timedelta(seconds=1))
    assert stage.made == []
    assert len(other.made) == 1
