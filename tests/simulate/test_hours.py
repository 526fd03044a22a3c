"""Hours of the demo: the drawn history and the played lines tell of one world."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.simulate import World
from jobs.simulate.hours import HOURS, PER_HOUR
from jobs.simulate.rates import HISTORY_BINS
from radar.aggregate.bins import Block
from radar.signals import SLOTS, series_id


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def past(world: World) -> tuple[Block, Block]:
    return world.hours_history()


@pytest.fixture(scope="module")
def played(world: World) -> list[Block]:
    hours = world.played_hours()
    found: list[Block] = []
    for number in range(HISTORY_BINS, HISTORY_BINS + PER_HOUR):
        found += hours.take(number, world._play.edge(number).body)
    return found


def of(block: Block, entity: str, signal: str) -> np.ndarray:
    return block.value[block.entities.index(entity), :, SLOTS[series_id(signal)][1]]


def test_the_history_ends_where_the_play_begins(world: World, past: tuple[Block, Block], played: list[Block]) -> None:
    assert all(block.time(HOURS) == world.starts for block in past)
    assert [(block.group.name, block.start, block.bins) for block in played] == [
        ("edgehour", world.starts, 1), ("edgerate", world.starts, 1)]  # fmt: skip


@pytest.mark.parametrize("entity", ["country/ID", "country/DE", "asn/3352"])
@pytest.mark.parametrize("part", ["p25", "p50", "p75", "p95"])
def test_played_hours_are_of_the_same_world_as_the_history(
    past: tuple[Block, Block], played: list[Block], entity: str, part: str
) -> None:
    for index, stem, close in ((0, "rtt", 0.12), (1, "throughput", 0.45)):
        signal = f"edge.{stem}_{part}_hour"
        usual = float(np.nanmedian(of(past[index], entity, signal)))
        assert of(played[index], entity, signal)[0] == pytest.approx(usual, rel=close)


def test_the_interval_holds_the_median(past: tuple[Block, Block], played: list[Block]) -> None:
    for block, stem in ((past[0], "rtt"), (past[1], "throughput"), (played[0], "rtt"), (played[1], "throughput")):
        low, middle, high = (
            block.value[:, :, SLOTS[series_id(f"edge.{stem}_{part}_hour")][1]] for part in ("low", "p50", "high")
        )
        told = ~np.isnan(middle)
        assert told.any()
        assert (low[told] <= middle[told]).all()
        assert (middle[told] <= high[told]).all()


def test_a_place_that_is_hardly_seen_has_no_percentiles(past: tuple[Block, Block], played: list[Block]) -> None:
    assert np.isnan(of(past[0], "country/AQ", "edge.rtt_p50_hour")).all()
    assert np.isnan(of(played[0], "country/AQ", "edge.rtt_p50_hour")).all()


def test_an_hour_that_was_not_played_whole_gives_nothing(world: World) -> None:
    hours = world.played_hours()
    assert list(hours.take(HISTORY_BINS + PER_HOUR - 1, world._play.edge(HISTORY_BINS).body)) == []
