"""Hours of the demo: the drawn history and the played lines tell of one world."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest

from jobs.rehearse_edge import EdgeRehearsal
from jobs.replay import received
from jobs.simulate import World
from jobs.simulate.hours import HOURS, PER_HOUR
from jobs.simulate.play import PREFIX
from jobs.simulate.rates import FIRST, HISTORY_BINS
from jobs.simulate.scenario import BIN
from radar.aggregate.bins import Block, to_block
from radar.signals import GROUPS, SLOTS, series_id
from radar.sources import Answer, edge_logs


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def past(world: World) -> tuple[Block, Block]:
    return world.hours_history()


@pytest.fixture(scope="module")
def answers(world: World) -> list[Answer]:
    """What is archived of the first played hour."""
    edge = EdgeRehearsal()
    found: list[Answer] = []
    for number in range(HISTORY_BINS, HISTORY_BINS + PER_HOUR):
        found += edge.answers(world._play.edge(number), FIRST + (number + 1) * BIN)
    return found


@pytest.fixture(scope="module")
def played(answers: list[Answer]) -> tuple[Block, Block]:
    """The first played hour as the source tells it."""
    return laid_out(answers[-1])


def laid_out(hour: Answer) -> tuple[Block, Block]:
    rows = received(edge_logs.parse(hour.body, name=hour.name).rows, "edge_logs", edge_logs.SOURCE.signals)
    delay, rate = (to_block(rows, GROUPS[name]) for name in ("edgehour", "edgerate"))
    assert delay is not None
    assert rate is not None
    return delay, rate


def of(block: Block, entity: str, signal: str) -> np.ndarray:
    return block.value[block.entities.index(entity), :, SLOTS[series_id(signal)][1]]


def test_the_history_ends_where_the_play_begins(
    world: World, past: tuple[Block, Block], played: tuple[Block, Block]
) -> None:
    assert all(block.time(HOURS) == world.starts for block in past)
    assert [(block.group.name, block.start, block.bins) for block in played] == [
        ("edgehour", world.starts, 1), ("edgerate", world.starts, 1)]  # fmt: skip


@pytest.mark.parametrize("entity", ["country/ID", "country/DE", "asn/3352"])
@pytest.mark.parametrize("part", ["p25", "p50", "p75", "p95"])
def test_played_hours_are_of_the_same_world_as_the_history(
    past: tuple[Block, Block], played: tuple[Block, Block], entity: str, part: str
) -> None:
    for index, stem, close in ((0, "rtt", 0.12), (1, "throughput", 0.45)):
        signal = f"edge.{stem}_{part}_hour"
        usual = float(np.nanmedian(of(past[index], entity, signal)))
        assert of(played[index], entity, signal)[0] == pytest.approx(usual, rel=close)


def test_the_interval_holds_the_median(past: tuple[Block, Block], played: tuple[Block, Block]) -> None:
    for block, stem in ((past[0], "rtt"), (past[1], "throughput"), (played[0], "rtt"), (played[1], "throughput")):
        low, middle, high = (
            block.value[:, :, SLOTS[series_id(f"edge.{stem}_{part}_hour")][1]] for part in ("low", "p50", "high")
        )
        told = ~np.isnan(middle)
        assert told.any()
        assert (low[told] <= middle[told]).all()
        assert (middle[told] <= high[told]).all()


def test_a_place_that_is_hardly_seen_has_no_percentiles(past: tuple[Block, Block], played: tuple[Block, Block]) -> None:
    assert np.isnan(of(past[0], "country/AQ", "edge.rtt_p50_hour")).all()
    assert np.isnan(of(played[0], "country/AQ", "edge.rtt_p50_hour")).all()


@pytest.mark.parametrize("entity", ["country/ID", "country/DE", "country/TO", "asn/3352"])
def test_distinct_clients_are_as_many_as_the_history_says(
    past: tuple[Block, Block], played: tuple[Block, Block], entity: str
) -> None:
    def a_request(block: Block, at: int) -> float:
        met, sent = (of(block, entity, f"edge.{what}_hour")[at] for what in ("clients", "requests"))
        assert 0 < met < sent
        return float(met / sent)

    same = [a_request(past[0], -24 * days) for days in range(1, 8)]  # this hour of the days before
    assert a_request(played[0], 0) == pytest.approx(float(np.median(same)), rel=0.1)


def test_clients_of_an_hour_are_counted_once_in_it_and_not_once_a_bin(
    answers: list[Answer], played: tuple[Block, Block]
) -> None:
    bins = [edge_logs.parse(answer.body, name=answer.name).rows for answer in answers[:-1]]
    clients = pl.concat(bins).filter((pl.col("signal") == "edge.clients") & (pl.col("entity") == "country/DE"))["value"]
    assert len(clients) == PER_HOUR
    assert clients.max() < of(played[0], "country/DE", "edge.clients_hour")[0] < 0.8 * clients.sum()  # type: ignore[operator]


def test_every_value_of_the_history_says_how_many_are_behind_it(past: tuple[Block, Block]) -> None:
    for block in past:
        assert np.array_equal(np.isfinite(block.n), np.isfinite(block.value) & (block.value != 0) | (block.n > 0))
        assert (block.n[np.isfinite(block.n)] > 0).all()
    told = of(past[0], "country/DE", "edge.rtt_p50_hour")
    behind = past[0].n[past[0].entities.index("country/DE"), :, SLOTS[series_id("edge.rtt_p50_hour")][1]]
    assert np.array_equal(behind, of(past[0], "country/DE", "edge.requests_hour"))
    assert np.isfinite(told).all()


def test_hours_of_the_history_are_the_sums_of_its_bins(world: World, past: tuple[Block, Block]) -> None:
    bins = next(block for block in world.history_blocks() if "country/DE" in block.entities)
    requests = of(bins, "country/DE", "edge.requests")
    assert np.array_equal(requests.reshape(-1, PER_HOUR).sum(axis=1), of(past[0], "country/DE", "edge.requests_hour"))
    failed = np.nan_to_num(requests * of(bins, "country/DE", "edge.error_share")).reshape(-1, PER_HOUR).sum(axis=1)
    hourly = of(past[0], "country/DE", "edge.requests_hour") * of(past[1], "country/DE", "edge.error_share_hour")
    assert np.allclose(failed, hourly, atol=5)  # shares of bins are rounded


def test_no_address_is_archived(world: World, answers: list[Answer]) -> None:
    assert PREFIX.encode() in world._play.edge(HISTORY_BINS).body
    for answer in answers:
        table = pl.read_parquet(io.BytesIO(answer.body))
        words = {word for name in table.select(pl.col(pl.String)).columns for word in table[name].unique()}
        assert {"requests", "client", "DE"} <= words
        assert not any(PREFIX in word for word in words if word)


def test_an_hour_is_told_when_its_last_bin_has_ended_and_again_when_a_line_comes_late(world: World) -> None:
    edge = EdgeRehearsal()
    start = FIRST + HISTORY_BINS * BIN
    line = b'{"time":"%s","country":"DE","asn":3320,"status":200}\n'

    def told(minute: str, until: int) -> list[str]:
        lines = Answer("lines", line % f"2026-03-02T{minute}:30Z".encode())
        return [answer.name[15:-9] for answer in edge.answers(lines, start + until * BIN)]

    assert told("00:00", 1) == ["20260302T0000"]
    assert told("00:50", 11) == ["20260302T0050"]
    assert told("00:55", 12) == ["20260302T0055", "hour-20260302T0000"]
    assert told("01:00", 13) == ["20260302T0100"]
    assert told("00:51", 14) == ["20260302T0050", "hour-20260302T0000"]
    assert told("00:01", 40) == [], "its bin is not kept any more"
    assert told("04:00", 40) == [], "its bin has not ended"


def test_an_hour_that_is_told_again_is_told_whole(world: World) -> None:
    edge = EdgeRehearsal()
    start = FIRST + HISTORY_BINS * BIN
    hours: list[Answer] = []
    late = {33: "00:50"}  # two hours and fifty minutes after the hour began
    for number in range(36):
        at = late.get(number, f"{number // 12:02}:{number % 12 * 5:02}")
        lines = Answer("lines", f'{{"time":"2026-03-02T{at}:30Z","country":"DE"}}\n'.encode())
        hours += [found for found in edge.answers(lines, start + (number + 1) * BIN) if "-hour-" in found.name]
    told = [(answer.name[20:-9], edge_logs.parse(answer.body).notes["requests"]) for answer in hours]
    assert told == [("20260302T0000", 12), ("20260302T0100", 12), ("20260302T0000", 13), ("20260302T0200", 11)]


def test_a_late_line_changes_its_bin_and_one_that_is_too_late_is_counted(world: World) -> None:
    edge = EdgeRehearsal()
    start = FIRST + HISTORY_BINS * BIN
    line = b'{"time":"2026-03-02T00:01:00Z","country":"DE"}\n'
    first, late = (next(edge.answers(Answer("lines", line), start + bins * BIN)) for bins in (1, 3))
    assert [edge_logs.parse(answer.body).notes["requests"] for answer in (first, late)] == [1, 2]
    now = b'{"time":"2026-03-02T03:56:00Z","country":"DE"}\n{"time":"2026-03-02T0'
    lost = edge_logs.parse(next(edge.answers(Answer("lines", line + now), start + 48 * BIN)).body).rejected
    assert {item.reason: item.count for item in lost} == {
        "time is not of the bins that are kept": 1, "line is no JSON object": 1}  # fmt: skip
