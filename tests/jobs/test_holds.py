"""Who may collect a source, and take up what another one left: leases in a real Valkey, files on a real disk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.collect import TakenOver, resume
from jobs.holds import Holds, lease_of
from jobs.worker import standby, take_up
from radar.archive import Archive
from radar.sources import WHOLE
from radar.store import Store, connect, keys
from radar.store.lease import acquire
from tests.jobs.test_work import FakeCollector, Stage

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAME = "ioda_signals"
PARTS = ("ioda_signals.1of4", "ioda_signals")


def body(value: int) -> bytes:
    """An answer of IODA about Iraq."""
    first = int(NOW.timestamp()) - 1200
    series = {
        "entityType": "country", "entityCode": "IQ", "datasource": "ping-slash24", "subtype": "", "from": first,
        "until": first + 600, "step": 600, "nativeStep": 600, "values": [value],
    }  # fmt: skip
    return json.dumps({"error": None, "data": [[series]]}).encode()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive with an answer that was never parsed."""
    made = Archive(tmp_path)
    made.put_raw(NAME, "one", body(4000), received_at=NOW, simulated=False)
    return made


@pytest.fixture
def holds(client: Store) -> Holds:
    return Holds(client, FakeCollector(), holder="here:1#a", ttl_s=0.3)


@contextmanager
def other(client: Store, name: str) -> Iterator[None]:
    """Another worker collects it."""
    lease = acquire(client, lease_of(f"collect:{name}"), 30, holder="there:9#z")
    assert lease is not None
    yield
    lease.release()


@pytest.mark.parametrize("name", PARTS)
def test_answers_that_a_living_worker_is_in_the_middle_of_are_not_taken_up(
    client: Store, archive: Archive, holds: Holds, name: str
) -> None:
    with other(client, name):
        assert resume(archive, lambda source: holds.free(source, archive)) == (0, {NAME})
        assert archive.files() == []
    assert resume(archive, lambda source: holds.free(source, archive)) == (1, set())
    assert len(archive.files()) == 1
    assert list(client.scan_iter(match=f"{keys.lease('')}*")) == [], "nothing is held any more"


def test_while_answers_are_taken_up_nobody_else_collects_that_source(
    client: Store, archive: Archive, holds: Holds
) -> None:
    with holds.free(NAME, archive) as ours:
        assert ours is not None
        threading.Event().wait(0.5)  # longer than a lease that nobody renews
        for name in PARTS:
            assert acquire(client, lease_of(f"collect:{name}"), 30) is None


def test_a_worker_that_lost_the_source_while_it_took_answers_up_writes_no_rows(
    client: Store, archive: Archive, holds: Holds
) -> None:
    with holds.free(NAME, archive) as ours:
        assert ours is not None
        client.set(keys.lease(lease_of(f"collect:{NAME}")), b"another worker's")
        (file,) = ours.pending_raw()
        with pytest.raises(TakenOver):
            ours.put_raw(NAME, "two", body(4001), received_at=NOW, simulated=False)
    assert archive.pending_raw() == [file]


def test_what_was_not_free_at_the_start_is_taken_up_when_it_is(client: Store, archive: Archive, holds: Holds) -> None:
    with other(client, NAME):
        rest = take_up(archive, lambda source: holds.free(source, archive), threading.Event(), every_s=0.05)
        assert rest is not None
        threading.Event().wait(0.2)
        assert archive.files() == []
    rest.join(10)
    assert not rest.is_alive()
    assert len(archive.files()) == 1


def test_while_nobody_can_be_asked_nothing_is_taken_up(archive: Archive) -> None:
    away = Holds(connect("redis://127.0.0.1:1"), FakeCollector(), holder="here:1#a", ttl_s=0.3)
    assert resume(archive, lambda source: away.free(source, archive)) == (0, {NAME})


def test_a_guarded_archive_writes_nothing_once_its_check_fails(archive: Archive) -> None:
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise TakenOver

    guarded = archive.guarded(check)
    guarded.put_raw(NAME, "two", body(4001), received_at=NOW, simulated=False)
    with pytest.raises(TakenOver):
        guarded.put_raw(NAME, "three", body(4002), received_at=NOW, simulated=False)
    assert len(archive.pending_raw()) == 2
    archive.put_raw(NAME, "three", body(4002), received_at=NOW, simulated=False)


def test_when_the_store_is_back_collections_that_go_on_are_held_or_left_to_whoever_began_meanwhile(
    client: Store,
) -> None:
    stage = Stage(client)
    stage.collector.at_it = {"slow", "quick"}
    stop = threading.Event()
    answers = iter([False, True])

    def reachable() -> bool:
        try:
            return next(answers)
        except StopIteration:
            stop.set()
            return True

    with other(client, "slow"):
        standby(stage.work, reachable, stop, every_s=0.0)
        assert stage.collector.left == ["slow"]
        assert list(stage.collector.fences) == ["quick"]
        assert acquire(client, lease_of("collect:quick"), 30) is None
    stage.collector.at_it = set()
    stage.work.holds.settle("quick", WHOLE)
    assert acquire(client, lease_of("collect:quick"), 30) is not None
