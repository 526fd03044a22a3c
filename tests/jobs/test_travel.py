"""Old publications: filed by day, dropped only then, brought back when asked for; and what the jobs record."""

from __future__ import annotations

import gzip
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.replay import replay
from jobs.travel import Files, Keeper, prepare, read, serve
from radar.archive import Archive
from radar.store import Store, connect, documents, embedded, keys, travel
from radar.store.travel import Found, Missing, Recorder
from radar.times import parse, rfc3339
from tests.jobs.test_pipeline import COUNTRIES, NOW, START, STEP, make, pings, put

DAY = timedelta(days=1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def publish(client: Store, at: datetime) -> None:
    docs: dict[str, Any] = {
        "clock": {"now": rfc3339(at), "mode": "live", "speed": 1.0, "ends": None},
        "outages": [{"id": f"{at:%d%H%M}"}],
    }
    with Recorder(client).recording(at, docs, {}) as record:
        documents.publish(client, docs, within=record.write)


def ids(found: Found | Missing) -> list[str]:
    assert isinstance(found, Found), found
    return [row["id"] for row in found.told.docs["outages"]]


@pytest.fixture
def days(client: Store) -> Store:
    """Five days with two publications each."""
    for day in range(5):
        publish(client, NOON + day * DAY)
        publish(client, NOON + day * DAY + timedelta(hours=1))
    return client


def test_days_that_are_over_are_filed_and_only_old_ones_leave_the_store(days: Store, tmp_path: Path) -> None:
    Keeper(days, Archive(tmp_path), 2)(NOON + 4 * DAY)
    files = sorted(path.name for path in (tmp_path / "archive" / "travel").iterdir())
    assert files == [f"2026-03-0{day}.parquet" for day in (2, 3, 4, 5)]
    held = [bool(travel.held(days, name)) for name in travel.segments(days)]
    assert held == [False, False, True, True, True]


def test_nothing_leaves_the_store_that_could_not_be_filed(days: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    (tmp_path / "archive" / "travel").write_text("a file where the folder should be")
    Keeper(days, archive, 1)(NOON + 4 * DAY)
    assert all(travel.held(days, name) for name in travel.segments(days))


def test_what_was_filed_comes_back_as_it_was(days: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    before = {name: travel.held(days, name) for name in travel.segments(days)}
    Keeper(days, archive, 1)(NOON + 4 * DAY)
    wall = NOON + 4 * DAY
    missing = travel.read(days, NOON, wall)
    assert isinstance(missing, Missing)
    assert missing.why == "preparing"
    assert prepare(days, archive) == 1
    assert ids(travel.read(days, NOON, wall)) == ["021200"]
    assert ids(travel.read(days, NOON + timedelta(hours=2), wall)) == ["021300"]
    assert {name: Files(archive).read(name) for name in list(before)[:4]} == dict(list(before.items())[:4])


def test_a_day_is_filed_again_with_what_came_late(days: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    keeper = Keeper(days, archive, 7)
    keeper(NOON + 4 * DAY)
    late = str(int((NOON + timedelta(hours=3)).timestamp()))
    travel.enter(days, [late])
    days.rpush(keys.travel(late), b"frame")
    keeper(NOON + 4 * DAY + timedelta(hours=2))
    assert Files(archive).read(late) == [b"frame"]
    assert Files(archive).read(travel.segments(days)[0]) == travel.held(days, travel.segments(days)[0])


def test_a_store_that_came_back_empty_gets_its_index_from_the_files(days: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    Keeper(days, archive, 7)(NOON + 4 * DAY)
    days.flushall()
    publish(days, NOON + 5 * DAY)
    assert isinstance(travel.read(days, NOON, NOON + 5 * DAY), Missing)
    Keeper(days, archive, 7)(NOON + 5 * DAY)
    prepared = read(days, tmp_path, NOON, NOON + 5 * DAY)
    assert ids(prepared) == ["021200"]


def test_a_damaged_file_and_a_missing_one_are_told_apart(days: Store, tmp_path: Path) -> None:
    archive, wall = Archive(tmp_path), NOON + 4 * DAY
    Keeper(days, archive, 1)(wall)
    files = Files(archive)
    files.path(NOON.date()).write_bytes(b"PAR1 and no more")
    files.path((NOON + DAY).date()).unlink()
    notes = []
    for at in (NOON, NOON + DAY):
        travel.read(days, at, wall)
        assert prepare(days, archive) == 0
        found = travel.read(days, at, wall)
        assert isinstance(found, Missing)
        notes.append((found.why, found.note))
    assert notes == [("lost", "damaged"), ("lost", "gone")]


def test_the_worker_brings_back_what_somebody_waits_for(days: Store, tmp_path: Path) -> None:
    archive, wall = Archive(tmp_path), NOON + 4 * DAY
    Keeper(days, archive, 1)(wall)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(days, archive, stop), kwargs={"every_s": 0.01})
    thread.start()
    try:
        until = datetime.now(UTC) + timedelta(seconds=30)
        while isinstance(found := travel.read(days, NOON, wall), Missing) and datetime.now(UTC) < until:
            assert found.why == "preparing"
    finally:
        stop.set()
        thread.join()
    assert ids(found) == ["021200"]


def test_each_tick_of_the_pipeline_is_recorded_as_it_was_published(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, pings(START, int((NOW - START) / STEP)), NOW)
    pipeline = make(client, tmp_path)
    pipeline.tick(NOW)
    told: dict[datetime, tuple[bytes, dict[str, Any]]] = {}
    for i in range(1, 13):
        at = NOW + i * STEP
        put(archive, pings(at - STEP, 1, **({"IQ": 40.0} if 3 <= i <= 8 else {})), at)
        if i == 6:
            pipeline = make(client, tmp_path)  # another process goes on
        pipeline.tick(at)
        told[at] = (orjson.dumps(documents.get(client, "outages")), dict(documents.states(client)))
    assert len({body for body, _ in told.values()}) > 3, "the outage began, changed and ended"
    for at, (body, states) in told.items():
        found = travel.read(client, at + STEP - timedelta(seconds=1) if at < max(told) else at, NOW)
        assert isinstance(found, Found)
        assert orjson.dumps(found.told.docs["outages"]) == body
        assert found.told.states == states
        assert found.told.states.keys() >= set(COUNTRIES)
        one = orjson.loads(body)
        if one:
            assert parse(one[0]["known_at"]) <= at


def test_a_replay_knows_on_its_own_clock_what_it_believed_when(tmp_path: Path) -> None:
    lines = ["date and time,value"]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for i in range(5 * 7 * 12):
        t = start + timedelta(hours=2 * i)
        value = 40 + 20 * ((i % 12) / 12) + (i * 7919 % 13) / 10
        if datetime(2024, 1, 30, tzinfo=UTC) <= t < datetime(2024, 1, 31, tzinfo=UTC):
            value *= 0.03
        lines.append(f"{t:%Y-%m-%d %H:%M:%S}.000,{value:.3f}")
    (tmp_path / "GE.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    into = tmp_path / "kept"
    (outage,) = replay(tmp_path / "GE.csv.gz", "google_traffic", into=into)["outages"]
    with embedded.start(into) as server, connect(server.url) as client:
        known = parse(outage["known_at"])
        assert ids(travel.read(client, known - timedelta(seconds=1), known)) == []
        then = travel.read(client, known, known)
        assert isinstance(then, Found)
        (first,) = then.told.docs["outages"]
        assert (first["id"], first["status"], first["end"]) == (outage["id"], "open", None)
        assert outage["end"] is not None
        last = travel.read(client, parse("2024-02-04T22:00:00Z"), known)
        assert isinstance(last, Found)
        assert last.told.docs["outages"] == [outage]
