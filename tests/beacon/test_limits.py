"""The count: by block and hour, under a number that nobody can turn back once the day is over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from radar import store
from radar.beacon import limits
from radar.beacon.door import Block, block_of
from radar.errors import StoreUnavailable
from radar.store import Store

NOW = datetime(2026, 3, 1, 13, 20, tzinfo=UTC)


def block(address: str) -> Block:
    found = block_of(address, [], 0)
    assert found is not None
    return found


def test_a_block_is_counted_up_to_its_limit_and_others_are_not_touched(client: Store, tmp_path: Path) -> None:
    mine, other = block("77.111.246.53"), block("77.111.247.53")
    assert [limits.allowed(client, tmp_path, mine, "result", 2, NOW) for _ in range(4)] == [True, True, False, False]
    assert not limits.allowed(client, tmp_path, block("77.111.246.9"), "result", 2, NOW), "the same block"
    assert limits.allowed(client, tmp_path, other, "result", 2, NOW)
    assert limits.allowed(client, tmp_path, mine, "bytes", 2, NOW), "another count"


def test_a_count_is_dropped_an_hour_after_its_first(client: Store, tmp_path: Path) -> None:
    for _ in range(3):
        limits.allowed(client, tmp_path, block("77.111.246.53"), "result", 2, NOW)
    (key,) = client.keys("*beacon*")
    left = client.ttl(key)
    assert limits.WINDOW_S - 30 <= left <= limits.WINDOW_S
    client.expire(key, 100)
    limits.allowed(client, tmp_path, block("77.111.246.53"), "result", 2, NOW)
    assert client.ttl(key) <= 100, "a later one must not prolong it"


def test_the_key_is_the_same_for_all_processes_and_another_the_next_day(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: limits.key_of_day(tmp_path, NOW), range(64)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    assert limits.key_of_day(tmp_path, NOW + timedelta(days=1)) != before
    assert [file.name for file in tmp_path.iterdir()] == ["key-20260302"]


def test_a_key_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "key-20260301").write_bytes(b"short")
    assert len(limits.key_of_day(tmp_path, NOW)) == 32


def test_the_number_of_a_block_is_another_one_the_next_day(client: Store, tmp_path: Path) -> None:
    for now in (NOW, NOW + timedelta(days=1)):
        limits.allowed(client, tmp_path, block("77.111.246.53"), "result", 2, now)
    assert len(client.keys("*beacon*")) == 2


def test_a_store_that_is_away_counts_nothing_and_says_so(tmp_path: Path) -> None:
    with store.connect(f"unix://{tmp_path}/nobody", timeout_s=0.2) as client, pytest.raises(StoreUnavailable):
        limits.allowed(client, tmp_path, block("77.111.246.53"), "result", 2, NOW)
