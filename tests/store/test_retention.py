"""How long series stay, and which go first when they take too much: on every kind of server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import structlog

from jobs.history import StoreHistory
from jobs.storage import DOCUMENT, Sweeper, told
from radar import settings, store
from radar.errors import ConfigError, StoreUnavailable
from radar.signals import GROUPS, MONTH_S, Group
from radar.store import Store, blocks, documents, keys
from radar.store.retention import Keep, memory, sweep

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FOR_EVER = Keep(0, 0, 0)
FINE, MINUTE, HOUR = GROUPS["edge"], GROUPS["ris"], GROUPS["edgehour"]
MONTH = next(group for group in GROUPS.values() if group.grain_s == MONTH_S)


def fill(client: Store, group: Group, days: Sequence[int], entities: int = 40, *, ttl_s: int | None = 10**7) -> None:
    """A page of each entity for so many days ago."""
    names = [f"asn/{i + 1}" for i in range(entities)]
    for day in days:
        start = keys.bin_start(group.grain_s, keys.bin_index(group.grain_s, NOW - day * DAY))
        blocks.write_bins(client, group, "value", names, start, np.ones((entities, 1, group.width)), ttl_s=ttl_s)


def days_left(client: Store, group: Group, days: Sequence[int]) -> list[int]:
    """Those days of which the first entity still has a value."""
    left = []
    for day in days:
        start = keys.bin_start(group.grain_s, keys.bin_index(group.grain_s, NOW - day * DAY))
        if not np.isnan(blocks.read_bins(client, group, "value", ["asn/1"], start, 1)).all():
            left.append(day)
    return left


def test_nothing_goes_while_there_is_room_and_no_limit(client: Store) -> None:
    fill(client, FINE, [0, 5, 400])
    found = sweep(client, FOR_EVER, None, NOW)
    assert (found["pages"], found["dropped"], found["met"], found["budget_bytes"]) == (120, [], True, None)
    assert found["bytes_per_point"] is not None
    assert 4.0 <= found["bytes_per_point"] < 4.2
    assert found["used_bytes"] > 0
    assert days_left(client, FINE, [0, 5, 400]) == [0, 5, 400]


def test_the_oldest_fine_pages_go_first_and_only_as_many_as_needed(client: Store) -> None:
    days = [0, 1, 3, 5, 9, 30]
    fill(client, FINE, days, 400)
    fill(client, HOUR, [200, 0], 100)
    fill(client, MONTH, [900], 10)
    page = keys.page_bytes(FINE)
    found = sweep(client, FOR_EVER, memory(client) - round(1.5 * 400 * page), NOW)
    assert days_left(client, FINE, days) == [0, 1, 3, 5]
    assert days_left(client, HOUR, [200, 0]) == [200, 0], "hours stay as long as there is something finer to drop"
    (drop,) = found["dropped"]
    assert (drop["why"], drop["pages"], drop["before"]) == ("budget", 800, "2026-02-22T00:00:00Z")
    assert drop["bytes"] == pytest.approx(800 * page, rel=0.05)
    assert found["met"]


def test_a_budget_that_cannot_be_met_spares_the_newest_days_and_months_and_says_so(client: Store) -> None:
    documents.publish(client, {"clock": 1})
    fill(client, FINE, [0, 1, 4])
    fill(client, HOUR, [100])
    fill(client, MONTH, [900])
    found = sweep(client, FOR_EVER, 1, NOW)
    assert not found["met"]
    assert days_left(client, FINE, [0, 1, 4]) == [0, 1]
    assert days_left(client, HOUR, [100]) == []
    assert days_left(client, MONTH, [900]) == [900]
    assert documents.get(client, "clock") == 1


def test_pages_that_a_shorter_setting_made_too_old_go_and_recorded_sets_stay(client: Store) -> None:
    fill(client, FINE, [0, 29, 35])
    fill(client, MINUTE, [0, 2, 6])
    fill(client, HOUR, [20, 120])
    fill(client, FINE, [300], ttl_s=None)
    found = sweep(client, Keep(3, 30, 60), None, NOW)
    assert days_left(client, FINE, [0, 29, 35, 300]) == [0, 29, 300]
    assert days_left(client, MINUTE, [0, 2, 6]) == [0, 2]
    assert days_left(client, HOUR, [20, 120]) == [20]
    assert [drop["why"] for drop in found["dropped"]] == ["age"]
    assert found["dropped"][0]["pages"] == 120


def test_keys_that_are_no_pages_are_left_alone(client: Store) -> None:
    client.set("radar:v1:{asn/1}:edge:value:x", b"1")
    client.set("radar:v1:{asn/1}:nogroup:value:7", b"1")
    client.set("radar:v1:{asn/1}:edge:noaspect:7", b"1")
    assert sweep(client, Keep(1, 1, 1), 1, NOW)["pages"] == 0
    assert len(list(client.scan_iter())) == 3


def test_live_pages_get_the_time_that_the_operator_set(client: Store) -> None:
    given = Keep.of(settings.load({"RADAR_KEEP_FINE_DAYS": "40", "RADAR_KEEP_COARSE_DAYS": "0"}))
    for group, days in ((FINE, 41), (HOUR, None)):
        StoreHistory(client, group, live=True, keep=given).keep("value", ["asn/1"], NOW, np.ones((1, group.width)))
        number = keys.bin_index(group.grain_s, NOW) // keys.page_bins(group.grain_s)
        left = client.ttl(keys.page("asn/1", group, "value", number))
        assert left == -1 if days is None else 0 <= days * 86_400 - left < 60


def test_the_defaults_are_what_the_keys_say() -> None:
    keep = Keep.of(settings.load({}))
    assert all(keep.seconds(group) == keys.live_ttl_s(group) for group in GROUPS.values())


def test_a_time_shorter_than_the_detector_looks_back_is_a_wrong_setting() -> None:
    with pytest.raises(ConfigError, match="RADAR_KEEP_FINE_DAYS is '28'; expected 0, or a whole number from 29"):
        settings.load({"RADAR_KEEP_FINE_DAYS": "28"})


def test_one_worker_sweeps_each_hour_and_what_went_is_remembered_and_logged(client: Store) -> None:
    fill(client, FINE, [0, 5], 400)
    given = replace(settings.load({}), store_memory_mb=1)
    one, other = Sweeper(client, given), Sweeper(client, given)
    with structlog.testing.capture_logs() as logs:
        assert one(NOW) is not None
    assert logs[0]["event"] == "series dropped from the store"
    assert logs[0]["pages"] == 400
    assert other(NOW + timedelta(minutes=59)) is None
    again = other(NOW + timedelta(minutes=61))
    assert again is not None
    assert [drop["pages"] for drop in again["dropped"]] == [400], "remembered, though nothing went this time"
    assert documents.get(client, DOCUMENT) == again
    said = list(told(store.describe(client), again, given))
    assert said[0][0] == "warning"
    assert "used of 1.0 MB (RADAR_STORE_MEMORY_MB); 400 pages of series, 4.0" in said[0][1]
    assert (
        "400 pages of series up to 2026-02-26T00:00:00Z were dropped at 2026-03-02T12:00:00Z for the budget"
        in said[1][1]
    )


def test_the_doctor_says_when_the_servers_refuse_before_the_budget_is_reached(client: Store) -> None:
    server = replace(store.describe(client), memory_bytes=10**6, max_bytes=5 * 10**6)
    given = replace(settings.load({}), store_memory_mb=6)
    assert [level for level, _, _ in told(server, None, given)] == ["ok", "warning"]
    assert "not swept yet" in next(told(server, None, given))[1]


def test_a_store_that_is_away_is_swept_later() -> None:
    with store.connect("redis://127.0.0.1:1") as away:
        with pytest.raises(StoreUnavailable):
            sweep(away, FOR_EVER, None, NOW)
        assert Sweeper(away, settings.load({}))(NOW) is None
