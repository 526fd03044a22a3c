"""Series over a real server: what jobs write is what readers read, bin for bin."""

from __future__ import annotations

import math
import socket
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radar import store
from radar.errors import StoreUnavailable
from radar.signals import GROUPS, MONTH_S, Group
from radar.store import Store, blocks, keys, series, wire

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EDGE = GROUPS["edge"]
REQUESTS = "edge.requests@edge_logs"
ERRORS = "edge.error_share@edge_logs"


def block(entities: int, bins: int, group: Group = EDGE, *, seed: int = 1) -> blocks.Block:
    """Random values with holes."""
    random = np.random.default_rng(seed)
    values = random.normal(1000, 300, (entities, bins, group.width)).astype(np.float32)
    values[random.random(values.shape) < 0.2] = np.nan
    return values


def listed(column: np.ndarray) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in column]


@pytest.mark.parametrize("name", ["edge", "ioda5", "ioda10", "ioda30", "ioda60", "google", "ndt50"])
def test_every_grain_comes_back_across_the_border_of_a_page(client: Store, name: str) -> None:
    group = GROUPS[name]
    per_page = keys.page_bins(group.grain_s)
    first = keys.bin_index(group.grain_s, MONDAY) // per_page * per_page + per_page - 3
    start = keys.bin_start(group.grain_s, first)
    until = keys.bin_start(group.grain_s, first + per_page + 6)
    entities = ["country/IQ", "geoasn/ID-23693", "provider/aws"]
    values = block(3, per_page + 6, group)
    blocks.write_bins(client, group, "value", entities, start, values)

    assert np.array_equal(
        blocks.read_bins(client, group, "value", entities, start, per_page + 6), values, equal_nan=True
    )
    for slot, series_id in enumerate(group.series):
        for row, entity in enumerate(entities):
            found = series.read(client, entity, series_id, "value", start, until)
            assert found.values == listed(values[row, :, slot])
            assert (found.start, found.step_s) == (start, group.grain_s)
    before = series.read(
        client, "country/IQ", group.series[0], "value", keys.bin_start(group.grain_s, first - 4), start
    )
    assert before.values == [None] * 4


def test_a_day_grain_comes_back_too(client: Store) -> None:
    daily = Group("daily", 86_400, 2, ())
    values = block(1, 800, daily)
    blocks.write_bins(client, daily, "value", ["country/IQ"], MONDAY, values)
    assert np.array_equal(blocks.read_bins(client, daily, "value", ["country/IQ"], MONDAY, 800), values, equal_nan=True)


def test_missing_series_is_none_not_zero(client: Store) -> None:
    found = series.read(client, "country/IQ", REQUESTS, "value", MONDAY, MONDAY + timedelta(minutes=15))
    assert found.values == [None, None, None]
    assert found.empty
    assert np.isnan(blocks.read_bins(client, EDGE, "value", ["country/IQ"], MONDAY, 3)).all()


def test_a_first_value_in_a_page_leaves_the_rest_of_the_day_without_data(client: Store) -> None:
    noon = MONDAY + timedelta(hours=12)
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], noon, np.ones((1, 1, 5)))
    day = series.read(client, "country/IQ", REQUESTS, "value", MONDAY, MONDAY + timedelta(days=1))
    assert [i for i, value in enumerate(day.values) if value is not None] == [144]
    assert client.strlen(keys.page("country/IQ", EDGE, "value", keys.bin_index(86_400, MONDAY))) == 288 * 20


def test_a_zero_is_a_zero_and_a_nan_takes_a_value_back(client: Store) -> None:
    ones = np.ones((1, 2, 5), np.float32)
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ones)
    ones[0, 0, 0], ones[0, 1, 0] = 0.0, np.nan
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ones)
    found = series.read(client, "country/IQ", REQUESTS, "value", MONDAY, MONDAY + timedelta(minutes=15))
    assert found.values == [0.0, None, None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_float32_values_come_back_to_the_bit(client: Store, values: list[float]) -> None:
    rows = np.full((1, len(values), 5), np.nan)
    rows[0, :, 3] = values
    blocks.write_bins(client, EDGE, "clean", ["country/IQ"], MONDAY, rows)
    until = MONDAY + timedelta(minutes=5 * len(values))
    found = series.read(client, "country/IQ", "edge.bytes@edge_logs", "clean", MONDAY, until).values
    assert [struct.pack("<f", value) for value in found if value is not None] == [
        struct.pack("<f", value) for value in values
    ]


def test_a_count_is_exact_up_to_sixteen_million(client: Store) -> None:
    rows = np.full((1, 1, 5), 16_777_216.0)
    blocks.write_bins(client, EDGE, "n", ["country/IQ"], MONDAY, rows)
    found = series.read(client, "country/IQ", REQUESTS, "n", MONDAY, MONDAY + timedelta(minutes=5))
    assert found.values == [16_777_216.0]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
def test_a_value_beyond_float32_is_refused_and_named(client: Store, value: float) -> None:
    rows = np.ones((2, 1, 5))
    rows[1, 0, 2] = value
    with pytest.raises(ValueError, match="of country/IR, edge slot 2, does not fit float32"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ", "country/IR"], MONDAY, rows)
    assert client.dbsize() == 0


def test_a_block_of_another_shape_is_refused(client: Store) -> None:
    with pytest.raises(ValueError, match=r"shape \(1, 1, 4\), expected \(1, bins, 5\)"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, np.ones((1, 1, 4)))
    with pytest.raises(ValueError, match="named twice in one write: country/IQ"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ", "country/IQ"], MONDAY, np.ones((2, 1, 5)))
    with pytest.raises(ValueError, match="no bin of 300 s starts"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY.replace(second=1), np.ones((1, 1, 5)))
    with pytest.raises(ValueError, match="ttl_s is 0"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, np.ones((1, 1, 5)), ttl_s=0)


def test_unknown_series_and_aspects_are_key_errors_not_misses(client: Store) -> None:
    with pytest.raises(KeyError, match="no series"):
        series.read(client, "country/IQ", "edge.requests@nobody", "value", MONDAY, MONDAY)
    with pytest.raises(KeyError, match="no aspect"):
        series.read(client, "country/IQ", REQUESTS, "mean", MONDAY, MONDAY + timedelta(hours=1))
    with pytest.raises(KeyError, match="no aspect"):
        blocks.read_bins(client, EDGE, "mean", ["country/IQ"], MONDAY, 1)


def test_no_entities_and_no_bins_are_nothing_to_do(client: Store) -> None:
    assert blocks.write_bins(client, EDGE, "value", [], MONDAY, np.empty((0, 4, 5))) == 0
    assert blocks.read_bins(client, EDGE, "value", [], MONDAY, 3).shape == (0, 3, 5)
    assert blocks.gather(client, EDGE, "value", ["country/IQ"], []).shape == (1, 0, 5)
    assert series.read(client, "country/IQ", REQUESTS, "value", MONDAY, MONDAY).values == []
    assert series.read_many(client, [], MONDAY, MONDAY) == {}


def test_a_gather_returns_bins_in_the_order_asked_for(client: Store) -> None:
    entities = [f"asn/{number}" for number in range(1, 300)]
    values = block(len(entities), 2 * 288)
    blocks.write_bins(client, EDGE, "clean", entities, MONDAY, values)
    wanted = [300, 5, 4, 3, 287, 288, 3, 575, 576]
    found = blocks.gather(
        client, EDGE, "clean", ["asn/7", "asn/999999", "asn/299"], [MONDAY + timedelta(minutes=5 * i) for i in wanted]
    )
    assert found.shape == (3, len(wanted), 5)
    assert np.array_equal(found[0, :8], values[6, wanted[:8]], equal_nan=True)
    assert np.array_equal(found[2, :8], values[298, wanted[:8]], equal_nan=True)
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, 8]).all()


def asked(client: Store, command: str) -> int:
    """How often all servers were sent a command."""
    seen = [node.info("commandstats").get(f"cmdstat_{command}", {}) for node in store.primaries(client)]
    return sum(one.get("calls", 0) for one in seen)


def test_several_series_come_in_one_round_trip_each_with_its_own_grain(client: Store) -> None:
    ping = GROUPS["ioda10"]
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, np.full((1, 12, 5), 2.0))
    blocks.write_bins(client, ping, "value", ["country/IQ"], MONDAY, np.full((1, 6, 1), 3.0))
    wanted = [("country/IQ", REQUESTS, "value"), ("country/IQ", ERRORS, "value"),
              ("country/IQ", ping.series[0], "value"), ("country/IR", REQUESTS, "baseline")]  # fmt: skip
    before = asked(client, "mget"), asked(client, "get")
    found = series.read_many(client, wanted, MONDAY, MONDAY + timedelta(hours=1))
    after = asked(client, "mget"), asked(client, "get")
    pages = 3  # a Cluster is asked for each, all in one go: they lie on several nodes
    many = store.kind_of(client) == "cluster"
    assert (after[0] - before[0], after[1] - before[1]) == ((0, pages) if many else (1, 0))
    assert [len(found[item].values) for item in wanted] == [12, 12, 6, 12]
    assert set(found[wanted[2]].values) == {3.0}
    assert found[wanted[3]].empty


def test_a_connection_that_ends_before_the_answer_is_no_error_once(
    client: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, np.ones((1, 1, 5)))
    names = [keys.page(name, EDGE, "value", keys.bin_index(86_400, MONDAY)) for name in ("asn/1", "country/IQ")]
    often = 0 if store.kind_of(client) == "cluster" else 1  # one of several nodes is not asked again
    piece, breaks = wire._piece, [1] * often

    def broken(connection: Any) -> bytes:
        if breaks:
            breaks.pop()
            connection._sock.shutdown(socket.SHUT_RDWR)
            while connection._sock.recv(1 << 16):
                pass
        return piece(connection)

    monkeypatch.setattr(wire, "_piece", broken)
    found = wire.fetch(client, names, reply_bytes=6000, what="try")
    assert [None if page is None else len(page) for page in found] == [None, 5760]
    breaks[:] = [1] * (often + 1)
    with pytest.raises(StoreUnavailable, match="try: the store cannot be reached"):
        wire.fetch(client, names, reply_bytes=6000, what="try")


def test_bins_carry_their_own_times(client: Store) -> None:
    five = series.SeriesSlice(MONDAY, 300, [1.0, None])
    assert five.times() == [MONDAY, MONDAY + timedelta(minutes=5)]
    months = series.SeriesSlice(datetime(2025, 12, 1, tzinfo=UTC), MONTH_S, [1.0, 2.0, 3.0])
    assert months.times() == [datetime(2025, 12, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC),
                              datetime(2026, 2, 1, tzinfo=UTC)]  # fmt: skip


def test_the_newest_value_is_found_far_back_and_never_invented(client: Store) -> None:
    assert series.newest(client, "country/IQ", REQUESTS) is None
    rows = np.full((2, 1, 5), np.nan)
    rows[0, 0, 0] = 7.0
    blocks.write_bins(client, EDGE, "value", ["country/IQ", "country/IR"], MONDAY, rows)
    later = MONDAY + timedelta(days=20)
    blocks.write_bins(client, EDGE, "value", ["country/FR"], later, np.ones((1, 1, 5)))
    assert series.newest(client, "country/IQ", REQUESTS) == (MONDAY, 7.0)
    assert series.newest(client, "country/IR", REQUESTS) is None
    assert series.newest(client, "country/FR", REQUESTS) == (later, 1.0)
    assert series.span(client, REQUESTS) == (MONDAY, later)
    assert series.span(client, REQUESTS, "score") is None


def test_late_history_does_not_move_the_newest_bin_back(client: Store) -> None:
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, np.ones((1, 3, 5)))
    earlier = MONDAY - timedelta(days=3)
    blocks.write_bins(client, EDGE, "value", ["country/IQ"], earlier, np.ones((1, 3, 5)))
    assert series.span(client, REQUESTS) == (earlier, MONDAY + timedelta(minutes=10))


def test_only_pages_written_with_a_time_to_live_run_out(client: Store) -> None:
    day = keys.bin_index(86_400, MONDAY)
    blocks.write_bins(client, EDGE, "value", ["asn/1"], MONDAY, np.ones((1, 1, 5)), ttl_s=5000)
    blocks.write_bins(client, EDGE, "value", ["asn/2"], MONDAY, np.ones((1, 288, 5)), ttl_s=5000)
    blocks.write_bins(client, EDGE, "value", ["asn/3"], MONDAY, np.ones((1, 1, 5)))
    blocks.write_bins(client, EDGE, "value", ["asn/3"], MONDAY, np.ones((1, 1, 5)), ttl_s=5000)
    left = [client.ttl(keys.page(f"asn/{i}", EDGE, "value", day)) for i in (1, 2, 3)]
    assert [4990 < left[0] <= 5000, 4990 < left[1] <= 5000, left[2]] == [True, True, -1]


def test_a_page_of_another_length_is_an_error_not_a_gap(client: Store) -> None:
    page = keys.page("country/IQ", EDGE, "value", keys.bin_index(86_400, MONDAY))
    client.set(page, b"\0" * 30)
    with pytest.raises(StoreUnavailable, match="has 30 bytes, expected 5760"):
        series.read(client, "country/IQ", REQUESTS, "value", MONDAY, MONDAY + timedelta(minutes=15))
    with pytest.raises(StoreUnavailable, match="shorter than a page"):
        blocks.read_bins(client, EDGE, "value", ["country/IQ"], MONDAY, 3)
    client.set(page, b"\0" * 60)
    with pytest.raises(StoreUnavailable, match="a page has 60 bytes, expected 5760"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY + timedelta(minutes=5), np.ones((1, 1, 5)))


@pytest.mark.parametrize("row", [0, 100, 287])
def test_a_bin_of_many_entities_begins_pages_and_goes_on_in_others(client: Store, row: int) -> None:
    """More than one call of the script holds; half of the pages are there already."""
    entities = [f"asn/{number}" for number in range(1300)]
    whole = block(650, 288)
    blocks.write_bins(client, EDGE, "value", entities[::2], MONDAY, whole)
    values = block(1300, 1, seed=2)
    blocks.write_bins(client, EDGE, "value", entities, MONDAY + timedelta(minutes=5 * row), values, ttl_s=5000)
    expected = np.full((1300, 288, 5), np.nan, np.float32)
    expected[::2] = whole
    expected[:, row] = values[:, 0]
    assert np.array_equal(blocks.read_bins(client, EDGE, "value", entities, MONDAY, 288), expected, equal_nan=True)
    day = keys.bin_index(86_400, MONDAY)
    assert client.ttl(keys.page("asn/0", EDGE, "value", day)) == -1
    assert client.ttl(keys.page("asn/1", EDGE, "value", day)) > 4990
