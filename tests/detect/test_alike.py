"""The look-back goes by the clock on the wall, and passes over a fast: which bins, and for whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from radar.detect.alike import Alike, alike, moved
from radar.detect.days import fasts
from radar.detect.engine import Detector
from radar.detect.evaluate import from_rows, run
from radar.detect.profiles import profiles
from radar.shapes import Outage
from radar.signals import GROUPS, SIGNALS

HOUR = 3600
DAY = timedelta(days=1)
#: Europe's clocks went forward on 29 March 2026, those of the United States on 8 March; Ramadan was from 18 February
#: on, its feast on 20 March.
APRIL = datetime(2026, 4, 2, 7, tzinfo=UTC)


def hour(t: datetime) -> int:
    return int(t.timestamp()) // HOUR


@pytest.mark.parametrize(
    ("code", "t", "days", "seconds"),
    [
        ("DE", APRIL, 7, HOUR), ("DE", APRIL, 1, 0), ("DE", APRIL + 30 * DAY, 28, 0), ("US", APRIL, 21, 0),
        ("US", APRIL, 28, HOUR), ("AU", datetime(2026, 4, 6, tzinfo=UTC), 7, -HOUR), ("JP", APRIL, 7, 0),
        ("DE", datetime(2025, 10, 27, 7, tzinfo=UTC), 7, -HOUR), ("", APRIL, 7, 0), ("XX", APRIL, 7, 0),
    ],
)  # fmt: skip
def test_clocks_have_moved_by(code: str, t: datetime, days: int, seconds: int) -> None:
    assert moved(code, hour(t), days) == seconds


@pytest.mark.parametrize(
    ("code", "day", "days", "back"),
    [
        ("SA", date(2026, 2, 17), 28, 28), ("SA", date(2026, 3, 10), 14, 14), ("SA", date(2026, 3, 10), 28, 28),
        ("SA", date(2026, 3, 26), 7, 42), ("SA", date(2026, 3, 30), 14, 42), ("SA", date(2026, 3, 30), 28, 56),
        ("SA", date(2026, 4, 22), 28, 28), ("SA", date(2026, 3, 24), 8, 8), ("SA", date(2026, 3, 26), 8, 43),
        ("NG", date(2026, 3, 30), 14, 14), ("DE", date(2026, 3, 30), 14, 14),
    ],
)  # fmt: skip
def test_what_follows_a_fast_is_held_against_what_was_before_it(code: str, day: date, days: int, back: int) -> None:
    assert alike(code, hour(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)), days) == back


def test_a_holiday_that_falls_upon_the_feast_by_chance_makes_no_fast() -> None:
    assert fasts("JP", 2026) == (), "the equinox, on 20 March"
    assert fasts("SA", 2026)
    assert fasts("GB", 2026) == ()


def test_each_entity_gets_the_bins_of_its_own_clock() -> None:
    p = profiles(GROUPS["edge"], SIGNALS)
    look = Alike(p, 300)
    look.entities(["country/JP", "geoasn/DE-3320", "region/US-CA", "asn/3320"])
    number = int(APRIL.timestamp()) // 300
    offsets = look.lookback(number)
    assert offsets[: len(p.lookback)] == p.lookback
    assert len(set(offsets)) == len(offsets)
    assert max(offsets) < 0
    own = look.align(number, np.broadcast_to(np.array(offsets, np.float32)[None, :, None], (4, len(offsets), 1)))
    weeks = slice(*p.weekly)
    plain = np.array(p.lookback)
    assert (own[0, :, 0] == plain).all()
    assert (own[3] == own[1]).all(), "a network has the clock of its home"
    assert (own[1, weeks, 0] == plain[weeks] + 12).all(), "all four weeks lie before the change"
    shifted = own[2, weeks, 0] - plain[weeks]
    assert set(shifted[plain[weeks] < -27 * 288]) == {12}
    assert set(shifted[plain[weeks] > -22 * 288]) == {0}
    # learning from history at once uses the same
    at_once = look.offsets(["country/JP", "geoasn/DE-3320", "region/US-CA", "asn/3320"], number)
    assert at_once is not None
    assert (at_once == own[:, :, 0]).all()
    assert look.offsets(["country/JP"], number) is None
    quiet = int(datetime(2026, 1, 20, tzinfo=UTC).timestamp()) // 300
    assert look.lookback(quiet) == p.lookback


def test_a_detector_takes_the_plain_look_back_too_and_no_other() -> None:
    group = GROUPS["edge"]
    detector = Detector(group)
    many = len(detector.lookback_at(APRIL, ["country/DE"]))
    assert many > len(detector.lookback)
    value = np.full((1, group.width), 100, np.float32)
    for size in (len(detector.lookback), many):
        detector.step(APRIL, ["country/DE"], value, value, np.full((1, size, group.width), 100, np.float32))
    with pytest.raises(ValueError, match="bins of the past"):
        detector.step(APRIL, ["country/DE"], value, value, np.full((1, many + 1, group.width), 100, np.float32))


def _play(entity: str, start: datetime, values: np.ndarray, step: timedelta) -> list[Outage]:
    rows = pl.DataFrame({"timebin": [start + step * k for k in range(len(values))], "entity": entity,
                         "signal": "edge.requests", "value": np.round(values)})  # fmt: skip
    return run(from_rows(rows, Path("world")))[0]


def test_a_morning_that_comes_an_hour_earlier_by_utc_is_no_outage_and_hides_none() -> None:
    """People rise at seven by their clocks, and within half an hour. Where the look-back went by UTC, the evening after
    the change, which ends an hour earlier, was a fall of nine tenths each day."""
    start = datetime(2026, 2, 16, tzinfo=UTC)
    step = timedelta(minutes=10)
    size = 60 * 144
    local = np.array([(start + step * k).timestamp() for k in range(size)])
    changed = datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()
    clock = ((local + np.where(local >= changed, 7200, 3600)) % 86_400) / HOUR
    awake = np.clip((clock - 6.9) / 0.4, 0, 1) * np.clip((23.2 - clock) / 0.4, 0, 1)
    values = (200 + 3000 * awake) * np.random.default_rng(4).normal(1, 0.02, size)
    assert _play("country/DE", start, values, step) == []
    down = int((datetime(2026, 4, 2, 9, tzinfo=UTC) - start) / step)
    values[down : down + 6] *= 0.6
    (found,) = _play("country/DE", start, values, step)
    assert found["start"] == "2026-04-02T09:00:00Z"


def test_a_loss_by_night_after_a_fast_is_not_hidden_by_its_lively_nights() -> None:
    start = datetime(2026, 1, 12, tzinfo=UTC)
    step = timedelta(minutes=10)
    size = 100 * 144
    times = np.array([(start + step * k).timestamp() for k in range(size)])
    clock = ((times + 3 * HOUR) % 86_400) / HOUR
    first, last = (datetime(2026, m, d, tzinfo=UTC).timestamp() for m, d in ((2, 18), (3, 20)))
    fast = (times >= first) & (times < last)
    values = 3000 * (1 + 0.3 * np.cos((clock - 20) * np.pi / 12))
    values *= np.where(fast & (clock < 4), 1.9, 1.0) * np.random.default_rng(4).normal(1, 0.02, size)
    down = int((datetime(2026, 4, 2, 22, tzinfo=UTC) - start) / step)
    values[down : down + 12] *= 0.7
    late = [row for row in _play("country/SA", start, values, step) if row["start"] > "2026-03-24"]
    assert [(row["start"], row["known_at"]) for row in late] == [("2026-04-02T22:00:00Z", "2026-04-02T22:20:00Z")]


def test_where_history_does_not_reach_back_behind_the_fast_its_nights_must_do() -> None:
    p = profiles(GROUPS["edge"], SIGNALS)
    look = Alike(p, 300)
    look.entities(["country/SA"])
    number = int(datetime(2026, 4, 2, tzinfo=UTC).timestamp()) // 300
    offsets = np.array(look.lookback(number))
    past = np.broadcast_to(offsets.astype(np.float32)[None, :, None], (1, len(offsets), 1)).copy()
    weeks = look.align(number, past)[0, : p.weekly[1], 0]
    assert (weeks < -40 * 288).sum() == 15, "three of the four weeks lay in it"
    past[:, offsets < -40 * 288] = np.nan
    weeks = look.align(number, past)[0, : p.weekly[1], 0]
    assert np.isfinite(weeks).all()
    assert (weeks > -29 * 288).sum() > 0
    assert look.unsure.all(), "and a fall from them is judged as on a day on which people live otherwise"


def test_a_fall_from_times_that_are_not_alike_needs_the_depth_of_a_special_day() -> None:
    """Only the fast itself is known of the first, whose nights were livelier; the second keeps none."""
    group, t = GROUPS["edge"], datetime(2026, 4, 2, tzinfo=UTC)
    detector = Detector(group)
    entities = ["country/SA", "country/NG"]
    offsets = np.array(detector.lookback_at(t, entities))
    past = np.full((2, len(offsets), group.width), 4000, np.float32)
    past[:, offsets < -30 * 288] = np.nan
    value = np.full((2, group.width), 4000, np.float32)
    spread = detector.step(t, entities, value, value, past).spread[:, 0]
    assert spread[0] > 1.5 * spread[1]
