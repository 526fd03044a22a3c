"""A lease that passes to another worker takes the right to write with it, on one server, Sentinels and a Cluster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from radar.errors import StoreUnavailable
from radar.signals import GROUPS
from radar.store import Store, blocks, connect, keys, lease, performance, series
from tests.sample_performance import sample_performance

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ENTITIES = [f"asn/{number}" for number in range(1, 40)]  # on all shards of a Cluster
SERIES = "edge.requests@edge_logs"


@pytest.fixture
def other(url: str) -> Iterator[Store]:
    """A client of another worker, whose connections carry its name."""
    with connect(url, timeout_s=10, name="there:2#b") as connection:
        yield connection


def values(client: Store) -> set[float | None]:
    """The bin at noon of all entities."""
    return {series.newest(client, entity, SERIES)[1] for entity in ENTITIES}  # type: ignore[index]


def block(value: float) -> blocks.Block:
    return np.full((len(ENTITIES), 1, 5), value, np.float32)


def test_who_holds_a_lease_is_told_until_it_is_given_back(client: Store) -> None:
    held = lease.acquire(client, "tick", 30, holder="here:1#a")
    assert held is not None
    assert held.before == ""
    assert lease.acquire(client, "tick", 30, holder="there:2#b") is None
    assert lease.holders(client, ["tick", "collect"]) == {"tick": lease.Held("here:1#a", "", runs=True)}
    assert held.release()
    assert lease.holders(client, ["tick"]) == {}


def test_whoever_takes_over_is_told_from_whom(client: Store) -> None:
    first = lease.acquire(client, "tick", 30, holder="here:1#a")
    assert first is not None
    client.delete(first.key)  # its time is over
    assert lease.holders(client, ["tick"]) == {"tick": lease.Held("here:1#a", "", runs=False)}
    second = lease.acquire(client, "tick", 30, holder="there:2#b")
    assert second is not None
    assert second.before == "here:1#a"
    assert not first.release(), "what another worker holds is not given back"
    assert lease.holders(client, ["tick"]) == {"tick": lease.Held("there:2#b", "here:1#a", runs=True)}
    second.release()
    again = lease.acquire(client, "tick", 30, holder="here:1#a")
    assert again is not None
    assert again.before == "", "that one gave it back"


def test_one_that_is_late_and_that_nobody_took_over_gives_it_back_all_the_same(client: Store) -> None:
    held = lease.acquire(client, "tick", 30, holder="here:1#a")
    assert held is not None
    client.delete(held.key)
    held.release()
    assert lease.holders(client, ["tick"]) == {}


def test_without_its_lease_a_worker_writes_no_series(client: Store) -> None:
    held = lease.acquire(client, "tick", 30)
    assert held is not None
    blocks.write_bins(client, GROUPS["edge"], "value", ENTITIES, NOON, block(1.0), guard=held.check)
    client.set(held.key, b"another worker's")
    with pytest.raises(StoreUnavailable, match="the lease tick is held by another worker"):
        blocks.write_bins(client, GROUPS["edge"], "value", ENTITIES, NOON, block(2.0), guard=held.check)
    with pytest.raises(StoreUnavailable, match="the lease tick is held by another worker"):
        performance.write(client, {"asn/1": sample_performance("asn/1")}, guard=held.check)
    assert values(client) == {1.0}
    assert performance.known(client) == set()


def test_a_worker_that_was_stopped_between_its_look_and_its_write_writes_nothing(client: Store, other: Store) -> None:
    """All that can happen to a stopped process happens within the look itself, after it was answered."""
    held = lease.acquire(other, "tick", 30, holder="there:2#b")
    assert held is not None
    blocks.write_bins(other, GROUPS["edge"], "value", ENTITIES, NOON, block(1.0), guard=held.check)
    looks: list[int] = []

    def look_and_sleep() -> None:
        held.check()
        looks.append(1)
        if len(looks) == 1:
            client.delete(held.key)
            taken = lease.acquire(client, "tick", 30, holder="here:1#a")
            assert taken is not None
            assert lease.cut_off(client, taken.before) > 0
            blocks.write_bins(client, GROUPS["edge"], "value", ENTITIES, NOON, block(3.0), guard=taken.check)

    with pytest.raises(StoreUnavailable):
        blocks.write_bins(other, GROUPS["edge"], "value", ENTITIES, NOON, block(2.0), guard=look_and_sleep)
    assert values(client) == {3.0}
    with pytest.raises(StoreUnavailable):
        blocks.write_bins(other, GROUPS["edge"], "value", ENTITIES, NOON, block(2.0), guard=held.check)
    assert values(client) == {3.0}
    assert other.get(keys.lease("tick")) is not None, "it may read, and be told so"


def test_a_page_of_which_all_is_written_is_guarded_as_well(client: Store) -> None:
    held = lease.acquire(client, "tick", 30)
    assert held is not None
    client.delete(held.key)
    day = np.ones((1, 288, 5), np.float32)
    with pytest.raises(StoreUnavailable, match="held by another worker"):
        blocks.write_bins(client, GROUPS["edge"], "value", ["asn/1"], NOON.replace(hour=0), day, guard=held.check)
    assert series.newest(client, "asn/1", SERIES) is None
