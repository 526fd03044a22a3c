"""What workers tell of themselves, put together from what all of them wrote, against a real Valkey."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.heartbeat import RUNS, Desk, Herald, Run, workers_of
from jobs.rehearse_jobs import Told
from jobs.worker import attend, heartbeat
from radar import store
from radar.archive import Archive
from radar.errors import StoreUnavailable
from radar.store import board, connect
from tests.jobs.test_work import START, Clock, Stage


def desk_of(client: store.Store, clock: Clock, name: str = "here:1", archive_id: str = "one") -> Desk:
    desk = Desk(client, now=clock, sources=["quick"], archive_id=archive_id)
    desk.name = name
    return desk


def herald_of(client: store.Store, tmp_path: Path, **more: int) -> Herald:
    return Herald(client, Archive(tmp_path), cadences={"collect:quick": 300}, slow=["slow"], **more)  # type: ignore[arg-type]


def ran(desk: Desk, number: int, seconds: float, error: str | None = None) -> None:
    start = START + timedelta(seconds=300 * number)
    desk.ran(Run("collect:quick", start, start + timedelta(seconds=7), seconds, error))


def test_durations_are_those_of_the_last_runs_whoever_ran_them(client: store.Store, tmp_path: Path) -> None:
    clock = Clock()
    here, there = desk_of(client, clock), desk_of(client, clock, "there:2")
    for number in range(RUNS + 5):
        ran((here, there)[number % 2], number, float(number))
    (row,) = herald_of(client, tmp_path).compose(clock.now, "here:1")["runs"]
    assert (row["runs"], row["seconds"], row["median_s"], row["p95_s"]) == (RUNS, 44.0, 25.0, 42.0)
    assert (row["worker"], row["waited_s"], row["ok"]) == ("here:1", 7.0, True)
    assert row["due"] == "2026-03-02T15:45:00Z"


def test_a_job_that_never_ran_has_no_numbers(client: store.Store, tmp_path: Path) -> None:
    (row,) = herald_of(client, tmp_path).compose(START, "here:1")["runs"]
    assert {row[name] for name in ("last_run", "due", "seconds", "median_s", "p95_s", "ok", "worker")} == {None}
    assert row["runs"] == 0


def test_what_happened_while_the_store_was_away_is_told_later(client: store.Store, tmp_path: Path) -> None:
    clock = Clock()
    away = desk_of(connect("redis://127.0.0.1:1"), clock)
    ran(away, 0, 3.0, "no answer")
    with pytest.raises(StoreUnavailable):
        away.beat()
    away._client = client
    away.beat()
    (row,) = herald_of(client, tmp_path).compose(clock.now, "here:1")["runs"]
    assert (row["seconds"], row["ok"], row["error"]) == (3.0, False, "no answer")


def test_a_worker_is_told_with_what_it_does_until_it_leaves_or_is_long_silent(client: store.Store) -> None:
    clock = Clock()
    here, there = desk_of(client, clock), desk_of(client, clock, "there:2")
    with here.at("tick"):
        here.beat()
    there.beat()
    assert [row["doing"] for row in workers_of(client, clock.now)] == [
        [{"job": "tick", "since": "2026-03-02T12:00:00Z"}],
        [],
    ]
    there.leave()
    clock.now += timedelta(minutes=5)
    (row,) = workers_of(client, clock.now)
    assert (row["name"], board.living([row], clock.now)) == ("here:1", []), "silent: taken for dead, still told"
    clock.now += timedelta(hours=1)
    assert workers_of(client, clock.now) == []


def test_one_of_several_workers_writes_the_document(client: store.Store, tmp_path: Path) -> None:
    herald = herald_of(client, tmp_path)
    for by in ("here:1", "there:2"):
        told = herald.tell(START, by)
        assert told is not None
        assert told["by"] == "here:1"
    assert board.read(client) == told


def test_the_pipeline_is_behind_when_rows_wait_too_long(
    client: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    herald = herald_of(client, tmp_path, behind_after_s=1800)
    waits = {"files": 3, "oldest": "2026-03-02T12:00:00Z"}
    monkeypatch.setattr(herald, "backlog", lambda: waits)
    found = herald.compose(START + timedelta(seconds=1800), "here:1")
    assert (found["behind"], found["slowed"]) == (None, [])
    late = START + timedelta(seconds=1801)
    found = herald.compose(late, "here:1")
    assert (found["behind"], found["slowed"]) == ("2026-03-02T12:00:00Z", ["slow"])
    never = herald_of(client, tmp_path, behind_after_s=0)
    monkeypatch.setattr(never, "backlog", lambda: waits)
    assert never.compose(late, "here:1")["behind"] is None


def test_a_worker_heeds_what_all_have_told(
    client: store.Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(client)
    herald = herald_of(client, tmp_path, behind_after_s=1800)
    monkeypatch.setattr(herald, "backlog", lambda: {"files": 3, "oldest": "2026-03-02T11:00:00Z"})
    attend(stage.work, herald, client, stage.clock)
    assert stage.work.behind
    assert not stage.work.desk.waits


def test_a_worker_waits_while_another_one_works_with_another_archive(client: store.Store, tmp_path: Path) -> None:
    stage = Stage(client)
    early = Clock()
    early.now -= timedelta(seconds=5)
    other = desk_of(client, early, "there:2", "another")
    other.beat()
    attend(stage.work, herald_of(client, tmp_path), client, stage.clock)
    assert stage.work.desk.waits
    assert board.read(client) is None, "it does not speak for the others either"
    other.leave()
    attend(stage.work, herald_of(client, tmp_path), client, stage.clock)
    assert not stage.work.desk.waits


def test_the_heartbeat_goes_on_after_a_failure() -> None:
    stop, beats = threading.Event(), []

    def beat() -> None:
        beats.append(datetime.now(UTC))
        if len(beats) == 3:
            stop.set()
        raise StoreUnavailable("away") if len(beats) == 1 else ValueError("odd")

    heartbeat(beat, stop, every_s=0.0)
    assert len(beats) == 3


def test_the_demo_tells_its_two_jobs_and_nothing_when_its_play_is_over(client: store.Store, tmp_path: Path) -> None:
    clock = Clock()
    told = Told(client, Archive(tmp_path), ["quick"], 1.25, cursor=lambda: None, now=clock, archive_id="one")
    with told.at("collect"):
        clock.now += timedelta(seconds=1)
    with pytest.raises(ValueError, match="invalid literal"), told.at("tick"):
        int("odd")
    told.tell()
    found = board.read(client)
    assert found is not None
    assert [(run["name"], run["every_s"], run["error"]) for run in found["runs"]] == [
        ("tick", 1, "ValueError: invalid literal for int() with base 10: 'odd'"),
        ("collect", 1, None),
    ]
    assert (found["plays"], found["queue"], len(found["workers"])) == (True, None, 1)
    told.end()
    assert board.read(client) is None
    assert workers_of(client, clock.now) == []
