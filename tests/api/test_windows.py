"""Down-sampling: never finer than measured, never more than the evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.api import windows
from radar.signals import MONTH_S

VALUE = st.none() | st.floats(-1e9, 1e9)


def test_the_smallest_step_that_is_a_multiple_of_the_grain_and_keeps_to_the_points_is_chosen() -> None:
    assert windows.choose(300, 86_400, 288) == 300
    assert windows.choose(300, 86_400, 287) == 600
    assert windows.choose(600, 86_400, 100) == 1800, "15 minutes cannot be made of 10"
    assert windows.choose(MONTH_S, 10 * MONTH_S, 2) == MONTH_S, "nothing coarser than a month"


@given(st.sampled_from([300, 600, 1800, 3600, 7200, 86_400]), st.integers(1, 400 * 86_400), st.integers(1, 10_000))
def test_a_chosen_step_is_never_finer_than_the_grain(native_s: int, span_s: int, points: int) -> None:
    step = windows.choose(native_s, span_s, points)
    assert step >= native_s
    assert step % native_s == 0


def test_a_window_of_gaps_stays_a_gap() -> None:
    out = windows.coarsen({"value": [None, None, None], "n": [None, None, None]}, 3, weigh=False)
    assert out == {"value": [None], "n": [None]}


def test_a_window_with_fewer_than_half_of_its_bins_is_no_data() -> None:
    assert windows.coarsen({"value": [5.0, None, None, None]}, 4, weigh=False)["value"] == [None]
    assert windows.coarsen({"value": [5.0, None, None, 7.0]}, 4, weigh=False)["value"] == [6.0]
    assert windows.coarsen({"value": [5.0]}, 4, weigh=False)["value"] == [None], "a window that has just begun"


def test_a_zero_is_a_value() -> None:
    assert windows.coarsen({"value": [0.0, 0.0]}, 2, weigh=False)["value"] == [0.0]


def test_counts_stay_per_bin_and_n_adds_up() -> None:
    out = windows.coarsen({"value": [10.0, 20.0], "n": [10.0, 20.0]}, 2, weigh=False)
    assert out == {"value": [15.0], "n": [30.0]}


def test_medians_are_weighed_by_what_is_behind_them_where_all_bins_say_so() -> None:
    assert windows.coarsen({"value": [10.0, 40.0], "n": [2.0, 1.0]}, 2, weigh=True)["value"] == [20.0]
    out = windows.coarsen({"value": [10.0, 40.0], "n": [2.0, None]}, 2, weigh=True)
    assert out == {"value": [25.0], "n": [None]}


def test_the_baseline_of_a_window_with_a_gap_is_that_of_the_same_bins() -> None:
    out = windows.coarsen({"value": [8.0, None], "baseline": [10.0, 50.0]}, 2, weigh=False)
    assert out["baseline"] == [10.0]
    out = windows.coarsen({"value": [None, None], "baseline": [10.0, 50.0]}, 2, weigh=False)
    assert out["baseline"] == [30.0]


@given(st.lists(VALUE, max_size=60), st.integers(1, 12))
def test_a_mean_lies_between_the_values_it_is_made_of(values: list[float | None], per: int) -> None:
    out = windows.coarsen({"value": values}, per, weigh=False)["value"]
    assert len(out) == -(-len(values) // per)
    for place, mean in enumerate(out):
        part = [value for value in values[place * per : (place + 1) * per] if value is not None]
        if mean is not None:
            assert min(part) - 1e-3 <= mean <= max(part) + 1e-3


def test_months_are_calendar_months() -> None:
    at = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    assert windows.floor(at, MONTH_S) == datetime(2025, 12, 1, tzinfo=UTC)
    assert windows.ceil(at, MONTH_S) == datetime(2026, 1, 1, tzinfo=UTC)
    assert windows.count(datetime(2024, 10, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), MONTH_S) == 15


@pytest.mark.parametrize("step_s", [300, 1800, 7200, 86_400])
def test_a_start_of_a_window_is_its_own_floor_and_ceiling(step_s: int) -> None:
    at = windows.floor(datetime(2026, 3, 2, 13, 37, 11, tzinfo=UTC), step_s)
    assert windows.floor(at, step_s) == windows.ceil(at, step_s) == at
    assert windows.later(at, step_s, 3) == windows.ceil(windows.later(at, step_s, 2).replace(microsecond=1), step_s)
