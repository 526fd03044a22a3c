"""Intervals of the exam's figures: they hold the figure, and narrow with what it rests on."""

from __future__ import annotations

import pytest

from radar.detect.exam import interval


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (5, 10), (10, 10), (190, 200)])
def test_the_interval_of_a_share_holds_it_and_stays_within_0_and_1(hits: int, of: int) -> None:
    found = interval.share(hits, of)
    assert found is not None
    assert 0.0 <= found[0] <= hits / of <= found[1] <= 1.0


def test_more_events_make_it_narrower() -> None:
    few, many = interval.share(19, 20), interval.share(190, 200)
    assert few is not None
    assert many is not None
    assert many[1] - many[0] < (few[1] - few[0]) / 2


def test_a_known_share_and_a_known_rate() -> None:
    assert interval.share(45, 50) == pytest.approx((0.7864, 0.9565), abs=1e-4)  # Wilson, by hand
    assert interval.rate(10, 1.0) == pytest.approx((4.795, 18.391), abs=0.01)  # exact Poisson


def test_no_false_alarm_in_little_time_is_not_called_none_at_all() -> None:
    found = interval.rate(0, 100.0)
    assert found is not None
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.0369, abs=5e-4)


def test_nothing_to_rest_on_is_none() -> None:
    assert interval.share(0, 0) is None
    assert interval.rate(0, 0.0) is None
