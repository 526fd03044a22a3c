"""Falls so slow that the level follows them, and rises that come into the baseline weeks later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from radar.detect import slide
from radar.detect.evaluate import from_rows, run
from radar.shapes import Outage

START = datetime(2026, 1, 5, tzinfo=UTC)
STEP_S = 300
PER_DAY = 86_400 // STEP_S


def _usual(days: int, seed: int = 7) -> np.ndarray:
    """Counts with a rhythm of the day that wander by 2 % over hours."""
    rng = np.random.default_rng(seed)
    bins = np.arange(days * PER_DAY)
    wander = np.interp(bins, bins[::48], rng.normal(0.0, 0.02, len(bins[::48])))
    return 3000 * (1 + 0.4 * np.sin(2 * np.pi * bins / PER_DAY)) * np.exp(wander)


def _play(values: np.ndarray) -> list[Outage]:
    rows = pl.DataFrame({
        "timebin": [START + timedelta(seconds=STEP_S * k) for k in range(len(values))],
        "entity": "somewhere", "signal": "edge.requests",
        "value": np.random.default_rng(1).poisson(values).astype(float),
    })  # fmt: skip
    return sorted(run(from_rows(rows, Path("world")))[0], key=lambda outage: outage["start"])


def _slid(days: int, begin: int, hours: float, depth: float) -> np.ndarray:
    """Falls by ``depth`` over ``hours`` from bin ``begin`` on, stays down for a day, and is back at once."""
    size = round(hours * 3600 / STEP_S)
    values = _usual(days)
    values[begin : begin + size] *= 1 - depth * np.arange(size) / size
    values[begin + size : begin + size + PER_DAY] *= 1 - depth
    return values


@pytest.mark.parametrize(("hours", "depth"), [(8, 0.5), (20, 0.5), (30, 0.7)])
def test_a_slide_over_many_hours_is_published_about_when_three_tenths_are_lost(hours: float, depth: float) -> None:
    begin = 30 * PER_DAY
    found = _play(_slid(34, begin, hours, depth))
    sure = START + timedelta(seconds=STEP_S * begin, hours=0.3 / depth * hours)
    assert len(found) == 1
    assert datetime.fromisoformat(found[0]["known_at"]) <= sure + timedelta(minutes=45)
    assert datetime.fromisoformat(found[0]["start"]) >= START + timedelta(seconds=STEP_S * begin)


def test_without_looking_for_slides_the_level_follows_one_for_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: this is what it was like."""
    monkeypatch.setattr(slide, "followed", lambda p, away, *_rest: np.zeros(away.shape, bool))
    begin = 30 * PER_DAY
    sure = START + timedelta(seconds=STEP_S * begin, hours=0.3 / 0.7 * 30)
    late = [datetime.fromisoformat(o["known_at"]) - sure for o in _play(_slid(34, begin, 30, 0.7))]
    assert not late or min(late) > timedelta(hours=2)


def test_a_slide_of_a_tenth_and_a_usual_month_are_nothing() -> None:
    assert _play(_slid(34, 30 * PER_DAY, 20, 0.1)) == []
    assert _play(_usual(42)) == []


def test_what_has_more_than_doubled_within_ten_days_is_no_fall_when_it_comes_into_the_baseline() -> None:
    values = _usual(56)
    for day in (21, 24, 31):
        values[day * PER_DAY + 50 :] *= 1.45
    assert _play(values) == []
