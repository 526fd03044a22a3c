"""Bursts of disconnects: the exact rule, and what the detector makes of it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar import bands
from radar.bands import band
from radar.detect import burst
from tests.detect.world import World

IQ = "country/IQ"
CONNECTED, DISCONNECTS = 0, 1


def exact(k: int, n: int, p: float) -> float:
    chance = Fraction(p)
    return float(sum(math.comb(n, i) * chance**i * (1 - chance) ** (n - i) for i in range(k, n + 1)))


@given(st.integers(1, 150), st.floats(0, 1.01), st.sampled_from([1e-4, 1 / 288, 0.02, 0.3, 0.5, 0.9, 0.999]))
def test_the_tail_is_the_sum_of_its_terms(n: int, part: float, p: float) -> None:
    k = round(part * n)
    wanted = exact(k, n, p)
    assert math.exp(burst.log_tail(k, n, p)) == pytest.approx(wanted, rel=1e-9, abs=1e-280)


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_any_numbers_give_a_chance_or_none_and_never_an_error(k: float, n: float, p: float) -> None:
    with np.errstate(all="ignore"):
        found = float(burst.log_tail(k, n, p))
        assert math.isnan(found) or found <= 0
        assert burst.is_alarm(k, n, p) in (True, False)
        burst.smallest(n, p)


def test_large_numbers_do_not_overflow() -> None:
    assert burst.log_tail(3e9, 4.2e9, 1 / 288) < -1e9
    assert burst.log_tail(1, 4.2e9, 1 / 288) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "p", "alarm"),
    [
        (4, 4, 1e-4, False),  # unlikely, and fewer than five
        (5, 10, 1 / 288, True),
        (5, 17, 1 / 288, False),  # less than 30 % of all
        (6, 17, 1 / 288, True),
        (299, 1000, 1 / 288, False),
        (300, 1000, 1 / 288, True),
        (5, 10, 0.2, False),  # they do so all the time
        (0, 10, 1 / 288, False),
        (float("nan"), 10, 0.1, False),
        (5, float("nan"), 0.1, False),
    ],
)
def test_an_alarm_is_rarer_than_one_in_a_million_and_no_smaller_than_five_or_thirty_percent(
    k: float, n: float, p: float, alarm: bool
) -> None:
    assert bool(burst.is_alarm(k, n, p)) is alarm


@given(st.integers(1, 400), st.sampled_from([1e-4, 1 / 288, 0.05, 0.4]))
def test_the_smallest_alarm_is_an_alarm_and_one_less_is_none(n: int, p: float) -> None:
    least = float(burst.smallest(n, p))
    assert least == n + 1 or burst.is_alarm(least, n, p)
    assert not burst.is_alarm(least - 1, n, p)


def test_the_score_opens_at_one_in_a_million() -> None:
    for p in (0.01, 0.1):
        k = np.arange(1, 40)
        opens = burst.score(k, 40, p) < bands.OPEN_Z
        assert (opens == (burst.log_tail(k, 40, p) < math.log(1e-6))).all()


def world(n: float = 40.0) -> World:
    """Iraq with ``n`` probes, of which one in a hundred bins one disconnects."""
    return World("atlas", [IQ], (n, 0.0), n=n, wobble=0.0)


def test_one_bin_opens_an_alert_and_two_calm_ones_close_it() -> None:
    made = world()
    made.step()
    (alert,) = made.step({(IQ, DISCONNECTS): 20.0}).alerts
    assert (alert.rule, alert.publishable, alert.depth) == ("burst", True, 0.5)
    made.step({(IQ, DISCONNECTS): 0.0})
    (alert,) = made.step({(IQ, DISCONNECTS): 0.0}).alerts
    assert alert.closed == alert.opened + made.grain


def test_fewer_than_the_rule_says_open_none() -> None:
    made = world()
    assert made.step({(IQ, DISCONNECTS): 11.0}).alerts == []
    assert made.step({(IQ, DISCONNECTS): 12.0}).alerts != []


def test_the_drawn_threshold_lies_just_below_the_smallest_alarm() -> None:
    calm = world().step({(IQ, DISCONNECTS): 0.0})
    spread, base = float(calm.spread[0, DISCONNECTS]), float(calm.baseline[0, DISCONNECTS])
    threshold = band("burst", "count", base, spread)[2]
    assert threshold == pytest.approx(float(burst.smallest(40, 1 / 288)) - 0.5, abs=1e-4)


def test_without_probes_nothing_is_judged() -> None:
    made = world()
    made.n = np.nan
    assert made.step({(IQ, DISCONNECTS): 0.0}).alerts == []
