"""Sudden falls, doubtful baselines, rises that pass, dusk in a fast: what made false alarms or hid outages on the
tuning seeds, each in a small world of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from radar.detect.days import is_dusk
from radar.detect.engine import Detector
from radar.detect.evaluate import from_rows, run
from radar.detect.state import ADDED, FIELDS, State
from radar.shapes import Outage
from radar.signals import GROUPS

START = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 56
HOURS = np.arange(DAYS * 24)


def _play(values: np.ndarray, signal: str = "edge.requests") -> list[Outage]:
    """All outages of one series of hourly values, by time."""
    rows = pl.DataFrame({
        "timebin": [START + timedelta(hours=int(h)) for h in HOURS],
        "entity": "somewhere", "signal": signal, "value": np.round(values),
    }).filter(pl.col("value").is_not_nan())  # fmt: skip
    return sorted(run(from_rows(rows, Path("world")))[0], key=lambda outage: outage["start"])


def _wandering(seed: int = 5) -> np.ndarray:
    """A rhythm of the day that wanders by some per cent from day to day, and little from hour to hour."""
    rng = np.random.default_rng(seed)
    wander = np.interp(HOURS, HOURS[::36], rng.normal(0.0, 0.09, len(HOURS[::36])))
    return 5000 * (1 + 0.4 * np.sin(2 * np.pi * HOURS / 24)) * np.exp(wander)


def test_a_loss_of_a_third_for_three_hours_is_found_although_normal_wanders() -> None:
    values = _wandering()
    assert _play(values) == []
    at = 45 * 24 + 9
    values[at : at + 3] *= 0.62
    (found,) = _play(values)
    assert found["start"] == f"{START + timedelta(hours=at):%Y-%m-%dT%H:%M:%SZ}"


def test_a_fall_is_followed_over_a_bin_that_did_not_come() -> None:
    """What fell before the gap is no part of what was before the fall."""
    values = _wandering()
    at = 45 * 24 + 9
    values[at : at + 4] *= 0.68
    values[at + 1] = np.nan
    (found,) = _play(values)
    assert found["known_at"] == f"{START + timedelta(hours=at + 3):%Y-%m-%dT%H:%M:%SZ}"


def test_a_level_that_rose_for_good_is_no_fall_when_the_weeks_before_it_leave_the_baseline() -> None:
    values = 5000 * (1 + 0.4 * np.sin(2 * np.pi * HOURS / 24)) * np.random.default_rng(2).normal(1, 0.02, len(HOURS))
    values[28 * 24 + 5 :] *= 1.7
    assert _play(values) == []


def test_a_series_that_begins_in_mid_outage_is_not_called_out_when_that_week_leaves_the_baseline() -> None:
    values = 5000 * (1 + 0.4 * np.sin(2 * np.pi * HOURS / 24)) * np.random.default_rng(3).normal(1, 0.02, len(HOURS))
    values[:62] *= 0.1
    assert _play(values) == []
    values[40 * 24 : 40 * 24 + 12] *= 0.1
    assert len(_play(values)) == 1


def test_pings_that_come_back_from_a_busy_week_have_not_fallen() -> None:
    values = 900 * np.random.default_rng(4).normal(1, 0.004, len(HOURS))
    values[25 * 24 : 31 * 24] *= 1.6
    assert _play(values, "ping.up_24s") == []
    values[40 * 24 : 40 * 24 + 12] *= 0.5
    assert [outage["start"] for outage in _play(values, "ping.up_24s")] == ["2026-02-14T00:00:00Z"]


def test_four_odd_days_of_seven_do_not_make_a_fall_at_the_same_time_of_each_day_after_them() -> None:
    values = 400 * np.random.default_rng(6).normal(1, 0.003, len(HOURS))
    values[20 * 24 :] *= 0.88
    values[22 * 24 : 25 * 24] *= 1.43
    values[25 * 24 + 22 : 26 * 24 + 4] *= 12
    assert _play(values, "ping.up_24s") == []


@pytest.mark.parametrize(
    ("code", "when", "dusk"),
    [
        ("EG", (2026, 3, 1, 16), True),
        ("EG", (2026, 3, 1, 9), False),
        ("ID", (2026, 3, 1, 11), True),
        ("EG", (2026, 4, 1, 16), False),
        ("DE", (2026, 3, 1, 17), False),
    ],
)
def test_the_hours_in_which_a_fast_is_broken_are_known(code: str, when: tuple[int, int, int, int], dusk: bool) -> None:
    assert is_dusk(code, datetime(*when, tzinfo=UTC)) is dusk


def test_memory_from_before_jumps_were_kept_is_read() -> None:
    detector = Detector(GROUPS["edge"])
    detector._grow(["country/IR", "country/EG"])
    line, _, _ = detector.dump().partition(b"\n")
    head = json.loads(line) | {"version": 2}
    del head["lead"]["J"]
    arrays = [np.ascontiguousarray(getattr(detector._state, f)).tobytes() for f in FIELDS if f not in ADDED[2]]
    blob = b"".join([json.dumps(head).encode(), b"\n", *arrays])
    assert Detector.load(GROUPS["edge"], blob).dump() == detector.dump()
    with pytest.raises(ValueError, match="memory ends within"):
        State.load(blob[:-2])
