"""The threshold that a chart draws is the threshold that fires."""

from __future__ import annotations

import numpy as np
import pytest

from radar.bands import band, is_network
from radar.detect import jump
from radar.signals import SIGNALS
from tests.detect.world import World

IR, NET = "country/IR", "geoasn/IR-64512"
CASES = [
    ("edge", 0, "edge.requests", (400.0, 0.01, 40.0, None, None)),
    ("edge", 0, "edge.requests", (60.0, 0.01, 40.0, None, None)),
    ("edge", 1, "edge.error_share", (400.0, 0.01, 40.0, None, None)),
    ("edge", 2, "edge.rtt_p50", (400.0, 0.01, 40.0, None, None)),
    ("ioda5", 0, "bgp.visible_24s", (9000.0, 700.0)),
    ("ioda5", 1, "telescope.sources", (9000.0, 700.0)),
    ("ioda10", 0, "ping.up_24s", (800.0,)),
    ("google", 0, "google.youtube", (30.0,)),
]


@pytest.mark.parametrize("wobble", [0.005, 0.08])
@pytest.mark.parametrize("entity", [IR, NET])
@pytest.mark.parametrize(("group", "slot", "signal", "usual"), CASES)
def test_a_bin_fires_just_beyond_the_drawn_threshold_and_not_before(
    group: str,
    slot: int,
    signal: str,
    usual: tuple[float, ...],
    wobble: float,
    entity: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jump, "judge", lambda *_: None)  # what fell at once may fire before: see test_jump

    def world() -> World:
        return World(group, [entity], usual, n=400.0, wobble=wobble)

    calm = world().step()
    s = SIGNALS[signal]
    made = world()
    lo, hi, threshold = band(s.profile, s.scale, float(calm.baseline[0, slot]), float(calm.spread[0, slot]),
                             plane=s.plane, grain_s=made.group.grain_s, network=is_network(entity))  # fmt: skip
    assert lo is not None
    assert hi is not None
    if threshold is None:  # no value of one bin alone can fire
        assert made.step({(entity, slot): 0.0}).verdict[0, slot] != 2
        return
    away = 0.002 if s.bad == "low" else -0.002
    assert made.step({(entity, slot): threshold * (1 - away)}).verdict[0, slot] == 2
    assert world().step({(entity, slot): threshold * (1 + away)}).verdict[0, slot] == 1
    assert threshold < lo if s.bad == "low" else threshold > hi


def test_a_network_is_published_at_fewer_deviations_than_a_country() -> None:
    world = World("edge", [IR, NET], (4000.0, None, None, None, None), wobble=0.06)

    def fallen() -> dict[str, bool]:  # by a quarter: between four and five deviations in one bin, more in several
        return {alert.entity: alert.publishable for alert in world.step({(IR, 0): 3050.0, (NET, 0): 3050.0}).alerts}

    first, second, third, fourth = (fallen() for _ in range(4))
    assert (first, second) == ({}, {NET: False})
    assert (third, fourth) == ({NET: False}, {IR: False, NET: True})


def test_nothing_known_gives_nothing_to_draw() -> None:
    assert band("seasonal", "count", None, 0.1) == (None, None, None)
    assert band("seasonal", "count", 100.0, float("nan")) == (None, None, None)
    assert band("none", "mbps", 100.0, 0.1) == (None, None, None)


def test_few_counts_have_a_range_and_no_threshold() -> None:
    lo, hi, threshold = band("seasonal", "count", 12.0, 0.3)
    assert threshold is None
    assert lo is not None
    assert hi is not None
    assert 0 <= lo < 12 < hi


def test_the_band_holds_most_of_a_normal_day() -> None:
    world = World("edge", [IR], (400.0, None, None, None, None), wobble=0.05)
    inside = []
    for _ in range(288):
        result = world.step()
        lo, hi, _ = band("seasonal", "count", float(result.baseline[0, 0]), float(result.spread[0, 0]))
        inside.append(lo <= result.clean[0, 0] <= hi)
    assert np.mean(inside) > 0.95
