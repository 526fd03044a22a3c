"""Several workers share the sources: parts, a bounded queue, what is put off, and claims that are lost."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import work as work_module
from jobs.collect import Report
from jobs.work import PIPELINE, Outcome
from jobs.worker import tasks
from radar import store
from radar.errors import StoreUnavailable
from radar.sources import Shard
from radar.store import documents, keys
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


def test_a_worker_that_lost_its_claim_leaves_the_collection_to_the_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_module, "COLLECT_TTL_S", 0.3)
    left = threading.Event()

    def leave(_source: str, _shard: Shard) -> None:
        left.set()

    def long(_modules: Iterable[Any], _now: datetime, _shard: Shard) -> list[Report]:
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
