"""Counts of RIPEstat: four weeks of them are history enough to judge the first day."""

from __future__ import annotations

import pytest

from tests.detect.world import World

IQ, NETWORK = "country/IQ", "asn/3333"


def test_a_country_that_loses_a_fifth_of_its_networks_is_seen_after_two_hours() -> None:
    world = World("ripecc", [IQ], (3000.0, 800.0, 600.0, None, None, None), wobble=0.001)
    assert world.step().verdict[0, :3].tolist() == [1, 1, 1], "judged at once"
    lost = {(IQ, 2): 480.0}
    assert world.step(lost).alerts == []
    (alert,) = world.step(lost).alerts
    assert (alert.rule, alert.series_id, round(alert.depth, 1)) == (
        "routes_withdrawn",
        "bgp.networks@ripestat_country",
        0.2,
    )


@pytest.mark.parametrize("missing", [0, 1])
def test_a_network_is_compared_with_its_last_seven_days_and_a_missing_day_does_not_blind(missing: int) -> None:
    world = World("ripeas", [NETWORK], (5000.0, 900.0, 300.0, 40.0, 1.0, 1.0, 80.0), wobble=0.001)
    assert world.detector.lookback == tuple(range(-7, 0))
    for _ in range(missing):
        world.step({(NETWORK, slot): float("nan") for slot in range(7)})
    lost = {(NETWORK, 0): 2500.0}
    assert [world.step(lost).alerts for _ in range(2)] == [[], []]
    (alert,) = world.step(lost).alerts
    assert (alert.rule, round(alert.depth, 1)) == ("routes_withdrawn", 0.5)


def test_what_is_only_shown_is_not_judged() -> None:
    world = World("ripeas", [NETWORK], (5000.0, 900.0, 300.0, 40.0, 1.0, 1.0, 80.0), wobble=0.001)
    for _ in range(4):
        assert world.step({(NETWORK, 2): 1.0}).alerts == []
