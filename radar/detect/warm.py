"""Take in weeks of history at once: what the detector would have learnt from stepping through it, without alerts.

Exact where it matters (first data, baselines, daily means), sampled where it does not: the noise of a series is taken
from at most 336 of its bins in the last seven days.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from radar.detect import common, slow
from radar.detect.model import F32, Warmed
from radar.detect.profiles import DAY_S, HALF_LIFE_S, LEVEL_DOWN, LEVEL_UP, WEEK_S
from radar.detect.score import judge_log, judge_rise, log_windows, median_over, normal
from radar.detect.state import SLOW_DAYS

if TYPE_CHECKING:
    from radar.detect.engine import Detector

SAMPLES = 336
CHUNK = 64
#: Rows, entities times bins, whose spread is found at once.
SPREAD_ROWS = 2048
NAN = np.float32(np.nan)


def warm(detector: Detector, start: datetime, entities: list[str], clean: F32, *, days: float) -> Warmed:
    """Learn from ``clean``, float32 [entities, bins, width] from ``start`` on. Raises ValueError for another shape.

    Returns baseline and spread of the last ``days`` days (NaN where history does not reach back far enough).
    """
    group, state, p = detector.group, detector._state, detector.p
    if clean.ndim != 3 or clean.shape[0] != len(entities) or clean.shape[2] != group.width:
        raise ValueError(f"{group.name}: history {clean.shape}; expected ({len(entities)}, bins, {group.width})")
    first = int(start.timestamp()) // group.grain_s
    bins = clean.shape[1]
    state.newest = max(state.newest, first + bins - 1)
    rows = np.array([state.rows[key] for key in entities], np.intp)
    has = np.isfinite(clean) & (p.kind > 0)
    any_data = has.any(axis=1)
    begin = np.where(any_data, first + has.argmax(axis=1), -1)
    known = state.first[rows]
    state.first[rows] = np.where((known >= 0) & ((known < begin) | ~any_data), known, begin)
    state.seen[rows] = np.maximum(
        state.seen[rows], np.where(any_data, first + bins - 1 - has[:, ::-1].argmax(axis=1), -1)
    )
    state.since[rows] = np.where(any_data, state.newest, -1)
    shown = min(bins, round(days * DAY_S / group.grain_s))
    baseline = np.full((len(entities), shown, group.width), NAN, np.float32)
    week = min(bins, WEEK_S // group.grain_s)
    points = (
        np.unique(np.linspace(bins - week, bins - 1, min(week, SAMPLES)).astype(np.intp)) if week else np.empty(0, int)
    )
    with np.errstate(all="ignore"):
        residuals, expected = [], []
        for at in np.array_split(points, max(1, len(points) // CHUNK)):
            mu = _normals(detector, entities, first, clean, at)
            residuals.append(_windows(detector, clean, at, mu))
            expected.append(mu)
        if len(points):
            _learn(
                detector,
                rows,
                points,
                bins,
                np.concatenate(residuals, axis=2),
                np.concatenate(expected, axis=1),
                clean,
                entities,
                first,
            )
        for at in np.array_split(np.arange(bins - shown, bins), max(1, shown // CHUNK)):
            if len(at):
                baseline[:, at - (bins - shown)] = _normals(detector, entities, first, clean, at)
        baseline = np.where(p.kind > 0, baseline * np.exp(np.where(p.log, state.level[rows], 0.0))[:, None], NAN)
        spread = _spread(detector, rows, baseline.astype(np.float32))
        if p.slow.any():
            _days(detector, rows, first, clean)
    t = datetime.fromtimestamp((first + bins - shown) * group.grain_s, UTC)
    return Warmed(t, baseline.astype(np.float32), spread)


def _normals(detector: Detector, entities: list[str], first: int, clean: F32, at: np.ndarray) -> F32:
    """Baselines without level at the bins ``at``, counted from the bin ``first``: [E, len(at), W]."""
    offsets = np.asarray(detector.lookback, np.intp)
    places = at[:, None] + offsets[None, :]
    past = clean[:, np.clip(places, 0, clean.shape[1] - 1)]
    past[:, places < 0] = NAN
    for k, number in enumerate((first + at).tolist()):
        own = detector._alike.offsets(entities, number)
        if own is not None:
            there = at[k] + own
            some = clean[np.arange(len(entities))[:, None], np.clip(there, 0, clean.shape[1] - 1)]
            past[:, k] = detector._alike.fill(np.where((there >= 0)[..., None], some, NAN), past[:, k])[0]
    e, k, lookback, w = past.shape
    return normal(detector.p, past.reshape(e * k, lookback, w))[0].reshape(e, k, w)


def _windows(detector: Detector, clean: F32, at: np.ndarray, mu: F32) -> F32:
    """Log ratios (for rises: distances) over the windows that end at the bins ``at``: [M, E, at, W]."""
    p = detector.p
    out = []
    for m in p.windows:
        places = np.clip(at[:, None] - np.arange(m)[None, :], 0, clean.shape[1] - 1)
        x = clean[:, places].mean(axis=2) if m > 1 else clean[:, at]
        out.append(np.where(p.log, log_windows(p, (x * m)[None], (mu * m)[None])[0], np.abs(x - mu)))
    return np.stack(out)


def _learn(detector: Detector, rows: np.ndarray, points: np.ndarray, bins: int, r: F32, mu: F32, clean: F32,
           entities: list[str], first: int) -> None:  # fmt: skip
    state, p, grain = detector._state, detector.p, detector.group.grain_s
    recent = points >= bins - max(1, 2 * HALF_LIFE_S // grain)
    middle = _median(r[0][:, recent])
    level = np.where((p.kind == 1) & np.isfinite(middle), np.clip(middle, -LEVEL_DOWN, LEVEL_UP), 0.0)
    usual = np.where(p.log, _median(r[0]), 0.0)
    away = np.abs(r - np.where(np.isfinite(usual), usual, 0.0)[None, :, None, :])
    mad = np.stack([_median(a) for a in away])
    seen = np.isfinite(r[0]).sum(axis=1)
    state.samples[rows] = np.where(seen > 0, (seen * (WEEK_S / grain) / max(1, len(points))).astype(np.int32), 0)
    state.noise[:, rows] = np.where(
        np.isfinite(mad), np.clip(np.log(np.maximum(mad, 1e-4)), -9.0, 9.0), state.noise[:, rows]
    )
    slid = _median(np.abs(r[p.slide]))
    state.slide[rows] = np.where(slid > 0, np.clip(np.log(slid), -9.0, 9.0), state.slide[rows])
    for k, m in enumerate(p.windows[: p.jumps]):
        usual = _median(np.abs(r[k] - r[-1])) * (p.windows[-1] / (p.windows[-1] - m))
        state.jump[k, rows] = np.where(usual > 0, np.clip(np.log(usual), -9.0, 9.0), state.jump[k, rows])
    state.level[rows] = level
    own = np.stack([_median(1.0 / (mu * m + 1.0)) for m in p.windows])
    state.poisson[:, rows] = np.where(p.count & np.isfinite(own), own, 0.0)
    size = state.lead["R"]
    newest = state.newest
    with_level = mu * np.exp(np.where(p.log, level, 0.0))[:, None]
    for back in range(min(size, bins)):
        where = np.flatnonzero(points == bins - 1 - back)
        expected = (
            with_level[:, where[0]]
            if len(where)
            else _normals(detector, entities, first, clean, np.array([bins - 1 - back]))[:, 0]
        )
        x = clean[:, bins - 1 - back]
        good = np.isfinite(x) & np.isfinite(expected) & (p.kind > 0)
        state.ring_x[(newest - back) % size, rows] = np.where(good, x, 0.0)
        state.ring_mu[(newest - back) % size, rows] = np.where(good, expected, 0.0)


def _spread(detector: Detector, rows: np.ndarray, baseline: F32) -> F32:
    """Robust sigma of each bin of ``baseline`` [E, bins, W]; some bins at once, as each call costs time of its own."""
    p, state = detector.p, detector._state
    out = np.full(baseline.shape, NAN, np.float32)
    step = max(1, SPREAD_ROWS // max(1, len(rows)))
    for at in range(0, baseline.shape[1], step):
        part = baseline[:, at : at + step]
        mu = part.reshape(-1, part.shape[2])
        noise, poisson = (np.repeat(known[:, rows], part.shape[1], axis=1) for known in (state.noise, state.poisson))
        samples = np.repeat(state.samples[rows], part.shape[1], axis=0)
        sums = np.stack([mu * m for m in p.windows])
        scored = judge_log(p, np.zeros_like(sums), sums, mu, noise, poisson, samples)
        if (~p.log).any():
            judge_rise(p, scored, mu, np.full_like(mu, NAN), mu, noise[0], samples)
        out[:, at : at + step] = np.where(np.isfinite(mu), scored.spread, NAN).reshape(part.shape)
    return out


def _days(detector: Detector, rows: np.ndarray, first: int, clean: F32) -> None:
    """Whole days of daily means, and the running one."""
    state, p, grain = detector._state, detector.p, detector.group.grain_s
    per_day = DAY_S // grain
    day_of = (first + np.arange(clean.shape[1])) // per_day
    last = int(day_of[-1])
    for day in range(max(int(day_of[0]), last - SLOW_DAYS), last + 1):
        part = clean[:, day_of == day]
        use = np.isfinite(part) & p.slow
        count, total = use.sum(axis=1), np.where(use, part, 0.0).sum(axis=1)
        if day == last:
            state.day = day
            state.day_sum[rows], state.day_bins[rows] = total, count
        else:
            mean = np.where(count >= slow.MIN_PART * per_day, total / np.maximum(count, 1), NAN)
            state.days[day % SLOW_DAYS, rows] = state.clean_days[day % SLOW_DAYS, rows] = mean
    detector._voters = common.voters(state.entities)


def _median(values: F32) -> F32:
    """Median over axis 1 of [E, N, W], NaN left out."""

    return median_over(np.ascontiguousarray(values))[0]
