"""The real sources read what the world writes, and give what its history gives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from jobs.simulate import World
from radar.schema import Parsed, check_signals
from radar.sources import edge_logs, get

BIN = timedelta(minutes=5)


@pytest.fixture(scope="module")
def first(world: World) -> dict[str, Parsed]:
    """The first two bins, through the sources; ten minutes, so that pings are among them."""
    found = {}
    for source, answer in world.answers(world.starts, world.starts + 2 * BIN):
        module = get(source)
        parsed = module.parse(answer.body, name=answer.name)
        check_signals(parsed.rows, source=source, signals=set(module.SOURCE.signals))
        found[source] = parsed
    return found


def test_every_line_and_series_is_understood(first: dict[str, Parsed]) -> None:
    assert all(parsed.rejected == () for parsed in first.values())
    assert 15_000 < first["edge_logs"].notes["requests"] < 45_000


def test_entities_of_the_play_are_those_of_the_history(first: dict[str, Parsed], world: World) -> None:
    known: dict[str, set[str]] = {}
    for block in world.history_blocks():
        known.setdefault(block.group.series[0].partition("@")[2], set()).update(block.entities)
    for source in ("edge_logs", "ioda_signals"):
        parsed = first[source]
        seen = set(parsed.rows["entity"])
        # A network in its only country repeats the network's own series; the history leaves it out.
        homes = {f"geoasn/{key}" for key in _homes(world)}
        assert seen - homes <= known[source]
        too_small = {f"country/{code}" for code in world.index()["too_small"]} | {"asn/1853"}
        assert known[source] - seen <= too_small
        assert len(known[source] & seen) > 300


def _homes(world: World) -> set[str]:
    places = world._rates.places
    return {f"{places.codes[places.country[cell]]}-{asn}" for asn, cell in places.home_cells()}


def test_values_go_on_in_the_history_s_range(
    first: dict[str, Parsed], history: Callable[[str, str], pl.DataFrame]
) -> None:
    rows = pl.concat([first[source].rows for source in ("edge_logs", "ioda_signals")])
    for signal, entity, tolerance in (
        ("edge.requests", "country/US", 0.2),
        ("edge.requests", "asn/4134", 0.35),
        ("edge.requests", "geoasn/DE-16276", 0.7),
        ("edge.rtt_p50", "country/CN", 0.1),
        ("edge.rtt_p50", "provider/aws", 0.1),
        ("bgp.visible_24s", "country/BR", 0.005),
        ("bgp.visible_24s", "asn/812", 0.005),
        ("ping.up_24s", "country/BR", 0.03),
    ):
        now = rows.filter((pl.col("signal") == signal) & (pl.col("entity") == entity))["value"].item()
        before = history(signal, entity)["value"].tail(3).mean()
        assert now == pytest.approx(before, rel=tolerance), (signal, entity)


def test_a_broken_line_is_counted_and_the_rest_is_read(world: World) -> None:
    start = world.starts + timedelta(hours=7, minutes=35)
    answer = next(answer for source, answer in world.answers(start, start + BIN) if source == "edge_logs")
    parsed = edge_logs.parse(answer.body, name=answer.name)
    assert {row.reason: row.count for row in parsed.rejected}["line is no JSON object"] == 1
    check_signals(parsed.rows, source="edge_logs")
