"""Slow degradation: a fall over days that no bin shows on its own, as when a service is throttled more each day.

Daily means are compared with those of two to twelve weeks ago. A season moves less than that in ten weeks; outages and
holidays last less than five days. While it is open, affected days are replaced by what was normal, so that a throttled
service never becomes normal within a year. Rule id: ``slow_degradation``. Source: docs/method.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from radar.detect.alerts import AlertDesk
from radar.detect.model import F32, Alert
from radar.detect.profiles import DAY_S
from radar.detect.score import B2
from radar.detect.state import SLOW_DAYS, State
from radar.rules import EACH, RULES

_RULE = RULES["slow_degradation"].numbers
#: Newest days that are compared, and the days back that they are compared with.
RECENT, REF_FROM, REF_TO = int(_RULE["days"]), int(_RULE["from_days"]), int(_RULE["to_days"])
#: Daily means of the reference that must be there.
MIN_REF, MIN_RECENT = int(_RULE["min_reference_days"]), int(_RULE["min_days"])
#: Below this part of the reference, and this many deviations: open. Above that part: over.
OPEN_RATIO, OPEN_SCORE, CLOSE_RATIO = _RULE["below"], -EACH["open_z"], _RULE["close_above"]
#: Smallest spread of daily means that is believed, log units.
FLOOR = 0.02
#: Part of a day's bins without which its mean is not taken.
MIN_PART = 0.6
#: A new level becomes normal after this.
ADOPT = timedelta(days=_RULE["adopt_days"])


def step(desk: AlertDesk, state: State, number: int, x: F32, has: B2) -> list[Alert]:
    """Add one bin to the running day; at the first bin of a new day, judge the days before. -> alerts that changed."""
    grain, slots = desk.group.grain_s, desk.p.slow
    day = number * grain // DAY_S
    changed = []
    if state.day >= 0 and day > state.day:
        ratio, score, recent, reference = close_days(state, day, DAY_S / grain, slots)
        low = (ratio < OPEN_RATIO) & (score < OPEN_SCORE)
        for row, slot in np.argwhere(((state.slow == 1) | low) & np.isfinite(ratio)):
            numbers = [float(a[row, slot]) for a in (ratio, score, recent, reference)]
            changed.append(_judge(desk, state, int(row), int(slot), day - 1, *numbers))
    state.day = day
    use = has & slots
    state.day_sum += np.where(use, x, np.float32(0.0))
    state.day_bins += use
    return changed


def _judge(
    desk: AlertDesk,
    state: State,
    row: int,
    slot: int,
    newest: int,
    ratio: float,
    score: float,
    recent: float,
    normal: float,
) -> Alert:
    key, now = (row, slot, "slow"), _midnight(newest)
    if key not in desk.open:
        first = onset(state, row, slot, newest, normal)
        for day in range(first, newest + 1):
            state.clean_days[day % SLOW_DAYS, row, slot] = normal
        opened = _midnight(first)
        desk.open[key] = Alert(
            state.entities[row], desk.group.series[slot], "slow_degradation", opened, now, opened - timedelta(days=1),
            DAY_S, publishable=True,
        )  # fmt: skip
        state.slow[row, slot] = 1
    alert = desk.open[key]
    alert.value, alert.baseline = recent, normal
    alert.loss = alert.held = round(max(0.0, 1.0 - ratio), 4)
    over = ratio > CLOSE_RATIO
    if over or now - alert.opened > ADOPT:
        alert.adopted = not over
        state.slow[row, slot] = 0
        return desk.close(key, alert.last + timedelta(days=1), now)
    alert.last, alert.bins = now, alert.bins + 1
    alert.depth = max(alert.depth, alert.loss)
    alert.score_min = min(alert.score_min, round(score, 3))
    return alert


def close_days(state: State, day: int, bins_per_day: float, slots: npt.NDArray[np.bool_]) -> tuple[F32, F32, F32, F32]:
    """End the running day, and days without data up to ``day``. -> ratio, score, recent, reference: [E, W]."""
    whole = state.day_bins >= MIN_PART * bins_per_day
    mean = np.where(whole & slots, state.day_sum / np.maximum(state.day_bins, 1), np.float32(np.nan))
    state.day_sum[:] = 0.0
    state.day_bins[:] = 0
    for old in range(state.day, min(day, state.day + SLOW_DAYS)):
        place = old % SLOW_DAYS
        state.days[place] = mean if old == state.day else np.float32(np.nan)
        state.clean_days[place] = state.days[place]
    newest = day - 1
    recent = _median(state.days, newest, 0, RECENT, MIN_RECENT)
    reference = _median(state.clean_days, newest, REF_FROM, REF_TO, MIN_REF)
    away = np.abs(np.log(_days(state.clean_days, newest, REF_FROM, REF_TO) / reference))
    spread = np.maximum(1.4826 * _nan_median(away), FLOOR)
    ratio = recent / reference
    score = np.log(ratio) / spread
    hit = (state.slow == 1) | ((ratio < OPEN_RATIO) & (score < OPEN_SCORE))
    low = hit & (state.days[newest % SLOW_DAYS] < CLOSE_RATIO * reference)
    state.clean_days[newest % SLOW_DAYS] = np.where(low, reference, state.clean_days[newest % SLOW_DAYS])
    return ratio, score.astype(np.float32), recent, reference


def onset(state: State, row: int, slot: int, newest: int, reference: float) -> int:
    """The first of the low days in a row (gaps allowed) that end with the newest one, as a day number."""
    first = newest
    for day in range(newest, newest - REF_FROM, -1):
        mean = float(state.days[day % SLOW_DAYS, row, slot])
        if mean == mean:
            if mean >= CLOSE_RATIO * reference:
                break
            first = day
    return first


def _midnight(day: int) -> datetime:
    return datetime.fromtimestamp(day * DAY_S, UTC)


def _days(ring: F32, newest: int, begin: int, end: int) -> F32:
    return ring[[(newest - back) % SLOW_DAYS for back in range(begin, end)]]


def _median(ring: F32, newest: int, begin: int, end: int, least: int) -> F32:
    part = _days(ring, newest, begin, end)
    enough = np.isfinite(part).sum(axis=0) >= least
    return np.where(enough, _nan_median(part), np.float32(np.nan))


def _nan_median(part: F32) -> F32:
    ordered = np.sort(part, axis=0)
    counts = np.isfinite(ordered).sum(axis=0)
    low = np.take_along_axis(ordered, (np.maximum(counts - 1, 0) // 2)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(counts // 2, len(ordered) - 1)[None], axis=0)[0]
    out: F32 = np.where(counts > 0, (low + high) * np.float32(0.5), np.float32(np.nan))
    return out
