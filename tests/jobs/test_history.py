"""What the history writes into the store, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from jobs.history import StoreHistory
from radar.aggregate.bins import Block
from radar.signals import GROUPS
from radar.store import Store, blocks

GROUP = GROUPS["ioda5"]
START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 288


def block(value: float, n: float, *, days: int = 3) -> Block:
    shape = (2, days * DAY, GROUP.width)
    return Block(GROUP, ["country/IQ", "country/DE"], START, np.full(shape, value, np.float32),
                 np.full(shape, n, np.float32))  # fmt: skip


def pages(client: Store, aspect: str) -> int:
    return len(client.keys(f"*country/IQ*{aspect}*"))


def test_a_page_without_a_value_is_not_kept(client: Store) -> None:
    some = block(5.0, np.nan)
    some.n[:, -10:] = 7.0
    StoreHistory(client, GROUP).put(some)
    assert (pages(client, ":value:"), pages(client, ":n:")) == (3, 1)
    read = blocks.read_bins(client, GROUP, "n", ["country/DE"], START, 3 * DAY)
    np.testing.assert_array_equal(read[0], some.n[1])
    StoreHistory(client, GROUP).put(block(6.0, np.nan))
    assert pages(client, ":n:") == 1


def test_nothing_never_removes_a_value_and_counts_as_no_change(client: Store) -> None:
    history = StoreHistory(client, GROUP)
    assert len(history.put(block(5.0, 7.0))) == 3 * DAY
    assert history.put(block(np.nan, np.nan)) == []
    assert (blocks.read_bins(client, GROUP, "value", ["country/IQ"], START, 3 * DAY) == 5.0).all()
    assert (blocks.read_bins(client, GROUP, "n", ["country/IQ"], START, 3 * DAY) == 7.0).all()


def test_what_is_kept_for_the_first_time_is_kept_as_it_would_be_over_nothing(client: Store) -> None:
    some = block(5.0, 7.0)
    some.value[1, : 2 * DAY] = np.nan
    some.value[:, 1] = np.nan
    assert StoreHistory(client, GROUP).put(some, fresh=True) == [i for i in range(3 * DAY) if i != 1]
    read = blocks.read_bins(client, GROUP, "value", some.entities, START, 3 * DAY)
    np.testing.assert_array_equal(read, some.value)
    assert StoreHistory(client, GROUP).put(some) == []
