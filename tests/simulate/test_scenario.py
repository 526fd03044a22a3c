"""Each event reaches the shape that was published, and what must not be seen stays within the usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import orjson
import polars as pl
import pytest

from jobs.simulate import World
from jobs.simulate.scenario import factor
from radar.sources import ioda_signals

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

History = Callable[[str, str], pl.DataFrame]
Lines = Callable[[datetime, datetime], pl.DataFrame]


@pytest.fixture(scope="module")
def share(world: World, history: History, lines: Lines) -> Callable[..., float]:
    """Requests of an entity between two moments of the play, as a share of the same hours of the four weeks before."""

    def of(entity: str, since: float, until: float) -> float:
        low, high = world.starts + since * MINUTE, world.starts + until * MINUTE
        kind, _, code = entity.partition("/")
        chosen = {"country": pl.col("country") == code, "asn": pl.col("asn").cast(pl.String) == code,
                  "provider": pl.col("provider") == code}[kind]  # fmt: skip
        now = lines(low, high).filter(chosen).height
        rows = history("edge.requests", entity)
        before = sum(
            rows.filter(pl.col("timebin").is_between(low - w * WEEK, high - w * WEEK, closed="left"))["value"].sum()
            for w in (1, 2, 3, 4)
        )
        return float(now / (before / 4))

    return of


@pytest.fixture(scope="module")
def blocks(world: World, history: History) -> Callable[[str, str, float], float]:
    """/24 blocks of an entity in the last bin that ends by a moment of the play, as a share of the day before."""

    def of(signal: str, entity: str, minute: float) -> float:
        at = world.starts + minute * MINUTE
        answers = world.answers(at - 10 * MINUTE, at)
        rows = pl.concat([ioda_signals.parse(a.body).rows for name, a in answers if name == "ioda_signals"])
        now = rows.filter((pl.col("entity") == entity) & (pl.col("signal") == signal))["value"][-1]
        return float(now / history(signal, entity).tail(144)["value"].median())  # type: ignore[operator]

    return of


def test_a_curve_is_one_before_its_start_and_straight_between_points() -> None:
    curve = ((0, 0.5), (10, 0.1))
    assert factor(curve, -1) == 1.0
    assert factor(curve, 5) == pytest.approx(0.3)
    assert factor(curve, 99) == 0.1
    assert factor((), 5) == 1.0


def test_play_goes_on_where_history_ends(world: World, history: History, lines: Lines) -> None:
    hour = lines(world.starts, world.starts + HOUR).group_by("country").len()
    untouched = hour.filter(~pl.col("country").is_in(["IR", "ET"]) & (pl.col("len") > 300))
    z = []
    for code, now in untouched.iter_rows():
        rows = history("edge.requests", f"country/{code}")
        starts = [world.starts - w * WEEK for w in (1, 2, 3, 4)]
        weeks = [
            rows.filter(pl.col("timebin").is_between(start, start + HOUR, closed="left"))["value"].sum()
            for start in starts
        ]
        usual = sum(weeks) / 4
        z.append((now - usual) / (usual * (1 / usual + 1 / (4 * usual) + 0.04**2) ** 0.5))
    scores = pl.Series(z)
    assert len(scores) > 200
    assert abs(scores.mean()) < 0.3  # type: ignore[arg-type]
    assert 0.6 < scores.std() < 1.4  # type: ignore[operator]
    assert scores.abs().max() < 5  # type: ignore[operator]


def test_quality_goes_on_where_history_ends(world: World, history: History, lines: Lines) -> None:
    first = lines(world.starts, world.starts + HOUR)
    failed = (pl.col("status") == 0) | (pl.col("status") >= 500)
    checks = {"country/US": pl.col("country") == "US", "asn/4134": pl.col("asn") == 4134,
              "provider/aws": pl.col("provider") == "aws", "asn/6830": pl.col("asn") == 6830}  # fmt: skip
    for entity, chosen in checks.items():
        mine = first.filter(chosen)
        rtt = history("edge.rtt_p50", entity).tail(12)["value"].mean()
        assert mine["rtt_ms"].median() == pytest.approx(rtt, rel=0.06), entity
        errors = history("edge.error_share", entity).tail(288)["value"].mean()
        assert mine.select(failed.mean()).item() == pytest.approx(errors, abs=4 * (errors / mine.height) ** 0.5), entity


def test_a_country_is_the_sum_of_its_networks_and_the_rest(lines: Lines, world: World) -> None:
    bin_ = lines(world.starts, world.starts + 5 * MINUTE)
    assert 15_000 < bin_.height < 45_000
    shown = bin_.filter(pl.col("country") == "ES").group_by("asn").len()
    assert shown["asn"].null_count() == 1
    assert {3352, 12430, 6739, 15704} <= set(shown["asn"])


def test_shutdown_takes_packets_in_two_bins_and_few_routes_much_later(share, blocks) -> None:
    assert share("country/IR", 0, 20) > 0.8
    assert share("country/IR", 25, 30) < 0.15
    assert 0.015 < share("country/IR", 40, 160) < 0.05
    assert blocks("ping.up_24s", "country/IR", 60) < 0.05
    assert blocks("bgp.visible_24s", "country/IR", 60) > 0.99
    assert 0.85 < blocks("bgp.visible_24s", "country/IR", 600) < 0.88
    assert 0.2 < share("country/IR", 810, 840) < 0.4
    for asn in (58224, 197207, 44244):
        assert share(f"asn/{asn}", 60, 300) < 0.08


def test_island_goes_dark_with_all_its_networks_and_comes_back_by_satellite(share, blocks, lines, world) -> None:
    assert share("country/TO", 60, 100) > 0.8
    assert share("country/TO", 140, 500) == 0
    assert share("asn/38198", 140, 500) == 0
    assert blocks("bgp.visible_24s", "country/TO", 200) == 0
    assert blocks("ping.up_24s", "country/TO", 200) == 0
    trickle = lines(world.starts + 600 * MINUTE, world.starts + 720 * MINUTE).filter(pl.col("country") == "TO")
    assert 560 < trickle["rtt_ms"].median() < 780


def test_power_failure_halves_at_once_slides_for_five_hours_and_ends(share, blocks) -> None:
    at_once, worst = share("country/PT", 180, 190), share("country/PT", 460, 480)
    assert 0.4 < at_once < 0.6
    assert 0.06 < worst < 0.15
    assert 0.3 < share("country/ES", 180, 190) < 0.5
    assert 0.13 < share("country/ES", 460, 480) < 0.26
    by_network = [share(f"asn/{asn}", 420, 480) for asn in (3352, 12430, 6739, 15704)]
    assert max(by_network) > 1.3 * min(by_network)
    assert blocks("bgp.visible_24s", "country/ES", 200) > 0.99
    assert blocks("bgp.visible_24s", "country/ES", 480) < 0.95
    assert share("country/ES", 700, 780) > 0.9
    assert share("country/PT", 720, 800) > 0.9


def test_one_carrier_is_gone_and_its_country_dips_by_its_share(share, blocks) -> None:
    assert share("asn/812", 540, 600) < 0.04
    assert 0.65 < share("country/CA", 540, 700) < 0.9
    assert share("asn/577", 540, 700) > 0.85
    assert blocks("bgp.visible_24s", "asn/812", 560) < 0.3
    assert 0.5 < blocks("bgp.visible_24s", "country/CA", 560) < 0.97
    assert share("asn/812", 790, 835) > 0.85


def test_provider_fails_while_its_traffic_and_the_countries_are_fine(share, lines, world) -> None:
    hour = lines(world.starts + 425 * MINUTE, world.starts + 485 * MINUTE)
    failed = ((pl.col("status") == 0) | (pl.col("status") >= 500)).mean()
    by_provider = dict(hour.drop_nulls("provider").group_by("provider").agg(failed).iter_rows())
    assert 0.3 < by_provider.pop("google-cloud") < 0.42
    assert max(by_provider.values()) < 0.02
    assert share("provider/google-cloud", 425, 485) > 0.9
    assert hour.select(failed).item() < 0.015


def test_our_own_dip_halves_every_place_and_leaves_routes_alone(share, blocks) -> None:
    for code in ("US", "JP", "BR", "ZA", "DE"):
        assert 0.35 < share(f"country/{code}", 360, 385) < 0.65
        assert share(f"country/{code}", 385, 400) > 0.8
        assert blocks("bgp.visible_24s", f"country/{code}", 380) > 0.99
        assert blocks("ping.up_24s", f"country/{code}", 380) > 0.97


def test_what_must_not_fire_has_its_own_size(share) -> None:
    assert 0.8 < share("country/ET", 480, 720) < 0.95
    assert share("country/IN", 610, 670) > 1.6
    assert 0.9 < share("country/IN", 720, 800) < 1.1


def test_a_power_failure_of_one_region_leaves_its_neighbours_and_hardly_shows_in_its_country(blocks) -> None:
    assert blocks("ping.up_24s", "region/US-SC", 300) < 0.4
    assert blocks("bgp.visible_24s", "region/US-SC", 300) > 0.95
    for key in ("region/US-NC", "region/US-GA", "region/US-FL"):
        assert blocks("ping.up_24s", key, 300) == pytest.approx(1, abs=0.02)
    assert blocks("ping.up_24s", "country/US", 300) > 0.97


def test_a_failure_of_the_mainland_s_grid_is_that_of_its_regions_and_not_of_the_islands(blocks) -> None:
    assert blocks("ping.up_24s", "region/ES-MD", 470) == pytest.approx(
        blocks("ping.up_24s", "country/ES", 470), abs=0.03
    )
    assert blocks("ping.up_24s", "region/ES-CN", 470) == pytest.approx(1, abs=0.02)
    assert blocks("ping.up_24s", "region/PT-20", 470) == pytest.approx(1, abs=0.02)


def test_small_network_is_gone_each_night_at_the_same_time(world: World, history: History, lines: Lines) -> None:
    rows = history("edge.requests", "asn/1853")
    night = rows.filter(pl.col("timebin").dt.time().is_between(time(2, 15), time(2, 45), closed="left"))
    assert night["value"].sum() == 0
    assert rows["value"].sum() > 5_000
    played = lines(world.starts + 135 * MINUTE, world.starts + 165 * MINUTE)
    assert played.filter(pl.col("asn") == 1853).is_empty()


def test_late_repeated_and_broken_lines_come_once(world: World) -> None:
    bodies = {
        a.name: a.body for n, a in world.answers(world.starts + 7 * HOUR, world.starts + 8 * HOUR) if n == "edge_logs"
    }
    broken = [name for name, body in bodies.items() if not body.endswith(b"}\n")]
    assert broken == ["simulated-edge-20260302T0735Z.ndjson"]
    rows = bodies[broken[0]].splitlines()[:-1]
    late = [row for row in rows if orjson.loads(row)["time"] < "2026-03-02T07:35"]
    assert len(late) == 4
    assert len(set(rows)) == len(rows) - 2
