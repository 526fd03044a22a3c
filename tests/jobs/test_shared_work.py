"""Several workers share the sources: parts, a bounded queue, what is put off, and claims that are lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.collect import Report, TakenOver
from jobs.work import PIPELINE, Outcome
from jobs.worker import tasks
from radar import store
from radar.errors import StoreUnavailable
from radar.sources import Shard
from radar.store import documents, keys
from radar.store.lease import Lease, acquire, holders
from tests.jobs.test_work import START, FakePipeline, Stage


@pytest.fixture
def stage(client: store.Store) -> Stage:
    return Stage(client)


def test_what_lies_in_the_queue_is_not_queued_again_and_is_told(stage: Stage, valkey_url: str) -> None:
    todo = tasks(stage.work, valkey_url, now=stage.clock)
    for _ in range(3):
        todo.plan()
    assert len(todo.huey.pending()) == 4
    told = todo.queue()
    assert told == {"waiting": 3, "planned": 1, "oldest": "2026-03-02T12:00:00Z"}, "the tick is not due yet"
    away = tasks(stage.work, "redis://127.0.0.1:1", now=stage.clock)
    assert away.queue() is None


def test_the_parts_of_a_source_are_claimed_one_by_one(client: store.Store) -> None:
    stage = Stage(client, shards=2)
    other = stage.worker()
    assert stage.work.collect("quick.1of2", START) is Outcome.DONE
    assert other.collect("quick.1of2", START) is Outcome.TAKEN
    assert other.collect("quick.2of2", START) is Outcome.DONE
    assert other.collect("quick", START) is Outcome.ELSEWHERE
    assert [name for name, _ in stage.collector.asked] == ["quick.1of2", "quick.2of2"]


def test_while_the_pipeline_is_behind_sources_that_are_not_urgent_are_put_off_and_not_dropped(
    stage: Stage, tmp_path: Path
) -> None:
    def hour(number: int) -> datetime:
        return START + timedelta(hours=number)

    stage.work.behind = True
    assert stage.work.collect("slow", hour(0)) is Outcome.DONE, "one that was not asked yet is asked"
    assert [stage.work.collect("slow", hour(n)) for n in (1, 2, 3)] == [Outcome.PUT_OFF] * 3
    assert stage.work.collect("quick", hour(0)) is Outcome.DONE
    assert stage.work.collect("quick", START + timedelta(seconds=300)) is Outcome.DONE
    stage.clock.now = hour(3)
    assert stage.rows(tmp_path)["collect:slow"]["put_off"] == 3
    assert stage.work.open([("collect:slow", hour(3))]), "it is not taken for done"
    stage.work.behind = False
    assert stage.work.collect("slow", hour(3)) is Outcome.DONE
    stage.work.behind = True
    assert stage.work.collect("slow", hour(7)) is Outcome.DONE, "a fourth as often, not never"
    assert stage.work.slow() == ["slow"]


def test_a_worker_that_lost_its_claim_leaves_the_collection_to_the_other(client: store.Store) -> None:
    stage = Stage(client, lease_s=0.3)
    left = threading.Event()

    def leave(_source: str, _shard: Shard) -> None:
        left.set()

    def long(_modules: Iterable[Any], _now: datetime, _shard: Shard, _fence: object) -> list[Report]:
        stage.client.set(keys.lease("collect:quick:2026-03-02T12:00:00Z"), b"another worker's")
        assert left.wait(10), "it was never told"
        return [Report("quick", ok=True)]

    stage.collector.run, stage.collector.leave = long, leave  # type: ignore[method-assign, assignment]
    stage.work.collect("quick", START)
    assert stage.client.get(keys.lease("collect:quick:2026-03-02T12:00:00Z")) == b"another worker's"


def test_a_worker_that_lost_the_pipeline_publishes_nothing(stage: Stage) -> None:
    make = stage.make

    def slow() -> FakePipeline:
        line = make()
        stage.client.set(keys.lease(PIPELINE), b"another worker's")
        return line

    stage.work._make = slow
    with pytest.raises(StoreUnavailable, match="held by another worker"):
        stage.work.tick(START)
    assert documents.get(stage.client, "clock") is None


QUICK = keys.lease("job:collect:quick")
LATER = START + timedelta(seconds=300)


def other_of(stage: Stage) -> Stage:
    """A worker of another process, over the same store."""
    return Stage(stage.client, lease_s=stage.lease_s)


def test_no_two_workers_collect_one_part_at_once_even_when_a_run_outlasts_its_cadence(stage: Stage) -> None:
    other = other_of(stage)
    stage.collector.at_it = {"quick"}  # it hangs: the report comes, the collection goes on
    stage.work.collect("quick", START)
    assert other.work.collect("quick", LATER) is Outcome.HELD
    assert other.collector.asked == []
    assert other.work.open([("collect:quick", LATER)]), "the bucket is free for the moment at which that ends"
    assert other.work.collect("slow", START) is Outcome.DONE, "other sources are not held up"
    stage.collector.at_it = set()
    stage.work.collect("quick", LATER)
    assert stage.client.get(QUICK) is None
    assert other.work.collect("quick", LATER + timedelta(seconds=300)) is Outcome.DONE


def test_the_lease_of_a_collection_that_hangs_is_given_back_when_it_ends(client: store.Store) -> None:
    stage = Stage(client, lease_s=0.15)
    stage.collector.at_it = {"quick"}
    stage.work.collect("quick", START)
    threading.Event().wait(0.4)
    assert client.get(QUICK) is not None, "it is renewed after the job has ended"
    stage.collector.at_it = set()
    threading.Event().wait(0.4)
    assert client.get(QUICK) is None
    assert holders(client, ["job:collect:quick"]) == {}


def test_a_dead_workers_part_is_taken_over_and_the_run_says_from_whom(stage: Stage, tmp_path: Path) -> None:
    dead = acquire(stage.client, "job:collect:quick", 30, holder="there:9#z")
    assert dead is not None
    assert stage.work.collect("quick", START) is Outcome.HELD
    row = stage.rows(tmp_path)["collect:quick"]
    assert (row["holder"], row["abandoned"], row["taken_from"], row["skipped"]) == ("there:9", False, None, 1)
    stage.client.delete(dead.key)  # it has run out
    row = stage.rows(tmp_path)["collect:quick"]
    assert (row["holder"], row["abandoned"]) == ("there:9", True)
    assert stage.work.collect("quick", START) is Outcome.DONE
    row = stage.rows(tmp_path)["collect:quick"]
    assert (row["holder"], row["abandoned"], row["taken_from"]) == (None, False, "there:9")
    assert row["worker"] == stage.work.desk.name
    stage.work.collect("quick", LATER)
    assert stage.rows(tmp_path)["collect:quick"]["taken_from"] is None, "that one was its own"


def test_what_a_stopped_worker_collected_is_fenced_and_told_to_its_collector(stage: Stage) -> None:
    fences: list[Callable[[], None]] = []

    def stopped(_modules: Iterable[Any], _now: datetime, _shard: Shard, fence: Callable[[], None]) -> list[Report]:
        fence()  # still ours
        stage.client.delete(QUICK)
        assert acquire(stage.client, "job:collect:quick", 30, holder="there:9#z") is not None
        fences.append(fence)
        with pytest.raises(TakenOver):
            fence()
        return [Report("quick", running=True)]

    stage.collector.run = stopped  # type: ignore[method-assign, assignment]
    assert stage.work.collect("quick", START) is Outcome.HELD
    assert fences
    assert stage.client.get(QUICK) is not None, "the other one's stays"


def test_a_bucket_that_another_worker_did_while_this_one_slept_is_not_done_again(stage: Stage) -> None:
    """It was stopped between its claim and its lease: both are free again when it wakes up."""
    other, take = other_of(stage), stage.work.holds.take

    def late(source: str, shard: Shard) -> Lease | None:
        stage.client.delete(keys.lease("collect:quick:2026-03-02T12:00:00Z"))
        assert other.work.collect("quick", START) is Outcome.DONE
        return take(source, shard)

    stage.work.holds.take = late  # type: ignore[method-assign]
    assert stage.work.collect("quick", START) is Outcome.TAKEN
    assert stage.collector.asked == []
    assert stage.client.get(QUICK) is None


def test_a_tick_that_another_worker_did_while_this_one_slept_is_not_published_again(stage: Stage) -> None:
    other, ticks = other_of(stage), stage.work._ticks

    def late(*, blocking: bool) -> bool:
        stage.client.delete(keys.lease("tick:2026-03-02T12:00:00Z"))
        assert other.work.tick(START) is Outcome.DONE
        return ticks.acquire(blocking)

    stage.work._ticks = SimpleNamespace(acquire=late, release=ticks.release)  # type: ignore[assignment]
    assert stage.work.tick(START) is Outcome.TAKEN
    assert (stage.made, documents.version(stage.client)) == ([], 1)


def test_a_bucket_is_done_in_the_very_transaction_that_publishes_it(client: store.Store) -> None:
    """A worker that dies right after it leaves no bucket that another one would publish again."""
    stage = Stage(client, lease_s=0.3)

    def die(_now: datetime) -> None:
        raise SystemExit  # nothing after the publication is reached

    stage.work._sweep = die
    with pytest.raises(SystemExit):
        stage.work.tick(START)
    claim = keys.lease("tick:2026-03-02T12:00:00Z")
    assert documents.version(client) == 1
    assert client.pttl(claim) > 60_000
