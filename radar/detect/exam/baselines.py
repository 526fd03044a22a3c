"""What others publish, re-implemented from its public description, to be measured beside our detector on the same data.

Each method gives a score per bin, the lower the worse; a bin below a threshold is bad. Persistence, merging and the
publication time are the same for all, and ours: at least two bins and ten minutes in a row, gaps under an hour joined.

======================  ===============================================================================================
``ioda_ratio``          value / median of the last seven days (IODA's rule for pings and the telescope)
``week_ago``            value / value of the same time a week ago
``similar_days``        value / median of the six most similar windows of 24 h in 28 days (Cloudflare Radar's forecast)
``hour_of_week_z``      distance from the median of the hour of the week, in 1.4826 MAD of that hour
======================  ===============================================================================================

Thresholds are chosen for each method, on the tuning seeds, for the most recall at no more than :data:`MOST_FALSE` false
alarms per entity and week: as kind as we can be to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from radar.detect.scorecard import Alarm
from radar.detect.tape import Tape

F64 = npt.NDArray[np.float64]

DAY_S, WEEK_S = 86_400, 7 * 86_400
#: False alarms per entity and week that a threshold may cost on the tuning seeds.
MOST_FALSE = 0.1
LADDER = {
    "ioda_ratio": (0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.1, 0.05, 0.02),
    "week_ago": (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05),
    "similar_days": (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05),
    "hour_of_week_z": (-3.0, -4.0, -5.0, -6.0, -8.0, -10.0, -14.0, -20.0, -30.0),
}
WARM_UP_S = 14 * DAY_S
MERGE = timedelta(hours=1)


def scores(tape: Tape) -> dict[str, F64]:
    """Score of every method for the first series of a tape: [entities, bins]; NaN where it cannot say."""
    x, grain = tape.values[:, :, 0].astype(np.float64), tape.group.grain_s
    with np.errstate(all="ignore"):
        return {name: method(x, grain) for name, method in METHODS.items()}


def alarms(tape: Tape, name: str, score: F64, threshold: float) -> list[Alarm]:
    """Spans in which a method would have cried."""
    grain = tape.group.grain_s
    persist = max(2, -(-600 // grain))
    found: list[Alarm] = []
    warm = WARM_UP_S // grain
    begin = tape.start.timestamp()
    for row, key in enumerate(tape.entities):
        bad = score[row] < threshold
        bad[:warm] = False
        spans: list[list[int]] = []
        for first, end in _runs(bad):
            if spans and (first - spans[-1][1]) * grain < MERGE.total_seconds() + grain and end - first >= 1:
                spans[-1][1] = end
            elif end - first >= persist:
                spans.append([first, end, first + persist])
        for first, end, known in spans:
            times = [datetime.fromtimestamp(begin + n * grain, UTC) for n in (first, end, known)]
            found.append(
                Alarm(f"{name}-{key}-{first}", key, times[0], times[1], times[2], "outage", "closed", None, ())
            )
    return found


def _runs(bad: npt.NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], bad.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _ioda_ratio(x: F64, grain: int) -> F64:
    """The median of seven days is taken anew every six hours: it hardly moves in between."""
    week, step = WEEK_S // grain, max(1, 6 * 3600 // grain)
    out = np.full(x.shape, np.nan)
    for at in range(week, x.shape[1], step):
        middle = np.nanmedian(x[:, at - week : at], axis=1)
        out[:, at : at + step] = x[:, at : at + step] / np.where(middle > 0, middle, np.nan)[:, None]
    return out


def _week_ago(x: F64, grain: int) -> F64:
    week = WEEK_S // grain
    out = np.full(x.shape, np.nan)
    before = x[:, :-week]
    out[:, week:] = x[:, week:] / np.where(before > 0, before, np.nan)
    return out


def _similar_days(x: F64, grain: int) -> F64:
    """The six of 28 windows (24 h, ending at the same time of day) that look most like the last 24 h, every hour."""
    day, step = DAY_S // grain, max(1, 3600 // grain)
    out = np.full(x.shape, np.nan)
    for at in range(8 * day, x.shape[1], step):
        latest = x[:, at - day : at]
        backs = [b for b in range(1, 29) if at - (b + 1) * day >= 0]
        size = min(step, x.shape[1] - at)
        windows = np.stack([x[:, at - (b + 1) * day : at - b * day] for b in backs])
        away = np.nanmean(np.abs(windows - latest[None]), axis=2)
        nearest = np.argsort(np.where(np.isnan(away), np.inf, away), axis=0)[:6]
        ahead = np.stack([x[:, at - b * day : at - b * day + size] for b in backs])
        forecast = np.nanmedian(np.take_along_axis(ahead, nearest[:, :, None], axis=0), axis=0)
        out[:, at : at + size] = x[:, at : at + size] / np.where(forecast > 0, forecast, np.nan)
    return out


def _hour_of_week_z(x: F64, grain: int) -> F64:
    """Against all bins of the same hour of the week in the four weeks before."""
    per_hour, week = max(1, 3600 // grain), WEEK_S // grain
    out = np.full(x.shape, np.nan)
    for at in range(week, x.shape[1], per_hour):
        begins = [at - w * week for w in range(1, 5) if at - w * week >= 0]
        past = np.concatenate([x[:, b : b + per_hour] for b in begins], axis=1)
        middle = np.nanmedian(past, axis=1)
        spread = 1.4826 * np.nanmedian(np.abs(past - middle[:, None]), axis=1)
        spread = np.maximum(spread, np.maximum(0.03 * middle, 1e-9))
        part = x[:, at : at + per_hour]
        out[:, at : at + per_hour] = (part - middle[:, None]) / spread[:, None]
    return out


METHODS: dict[str, Callable[[F64, int], F64]] = {
    "ioda_ratio": _ioda_ratio,
    "week_ago": _week_ago,
    "similar_days": _similar_days,
    "hour_of_week_z": _hour_of_week_z,
}
