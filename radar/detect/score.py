"""Scores: how far a bin lies from its baseline, in robust standard deviations. Pure functions on arrays.

Shapes: E entities, W slots, M windows. Negative is bad. NaN in a score: cannot be said.

Seasonal and flat signals are judged by the log ratio of what came to what was expected, summed over several windows;
counts also carry the Poisson noise of their size, so that a small network is not called broken for being small.
Shares of failures and latencies are judged by their distance above the baseline, bursts by how unlikely they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radar import bands
from radar.detect import burst
from radar.detect.model import F32
from radar.detect.profiles import BURST, LATENCY, RATIO, SEASONAL, WEEKS, Profiles

B1 = npt.NDArray[np.bool_]
B2 = npt.NDArray[np.bool_]
MAD = np.float32(1.4826)

#: Residuals seen before a series' own noise is believed; until then the spread is at least this.
YOUNG, YOUNG_FLOOR = 48, np.float32(0.1)
#: A window of several bins fires only while its newest are low themselves: one bad bin must not fire for an hour.
STILL_Z = -1.5
#: Weeks that lie no further apart than this (log units) agree. One of three or four that lies further below the others
#: than that was an outage, and no level.
AGREE, APART = np.float32(0.1), np.float32(0.7)
#: What answers by day and by night is held against the lower of its last days: four busy ones of seven, each only
#: partly believed, would else make a fall of the end of them, at the same time of each following day.
LOWER = 0.4
#: A habit explains at most so much (log units).
HABIT_MOST = np.float32(-0.7)


def median_over(past: F32) -> tuple[F32, npt.NDArray[np.int64]]:
    """Median over axis 1 of [E, L, W], NaN left out, and how many values there were. No value at all gives NaN.

    A sort with NaN last and two look-ups: about ten times as fast as ``np.nanmedian`` along an axis.
    """
    ordered = np.ascontiguousarray(past.transpose(0, 2, 1))
    ordered.sort(axis=2)
    counts = ordered.shape[2] - np.isnan(ordered).sum(axis=2)
    if ordered.shape[2] == 0:
        return np.full(counts.shape, np.nan, np.float32), counts
    low = np.take_along_axis(ordered, np.maximum(counts - 1, 0)[:, :, None] // 2, axis=2)[:, :, 0]
    high = np.take_along_axis(ordered, (np.minimum(counts, ordered.shape[2] - 1) // 2)[:, :, None], axis=2)[:, :, 0]
    return np.where(counts > 0, (low + high) * np.float32(0.5), np.float32(np.nan)), counts


def lower_over(past: F32, share: float) -> tuple[F32, npt.NDArray[np.int64]]:
    """The value below which ``share`` of those over axis 1 of [E, L, W] lie, NaN left out, and how many there were."""
    ordered = np.ascontiguousarray(past.transpose(0, 2, 1))
    ordered.sort(axis=2)
    counts = ordered.shape[2] - np.isnan(ordered).sum(axis=2)
    at = np.maximum(np.ceil(counts * share).astype(np.int64) - 1, 0)
    found = np.take_along_axis(ordered, at[:, :, None], axis=2)[:, :, 0]
    return np.where(counts > 0, found, np.float32(np.nan)), counts


def by_week(p: Profiles, part: F32, which: npt.NDArray[np.intp]) -> tuple[F32, npt.NDArray[np.int64], F32]:
    """Median over the weeks of the median of each week's neighbouring bins, how many values there were, and how far the
    lowest week lies below that (log units, at most 0; NaN where it says nothing).

    Weeks that differ, as after a busy one, must not make the baseline jump from bin to bin with what is missing. Where
    four weeks of a seasonal signal fall into two halves, the lower one is normal: a fall is what is looked for.
    """
    e, lookback, w = part.shape
    each = lookback // WEEKS
    if each > 1:
        weeks, counts = median_over(part.reshape(e * WEEKS, each, w))
        weeks, total = weeks.reshape(e, WEEKS, w), counts.reshape(e, WEEKS, w).sum(axis=1)
    else:
        weeks, total = part, np.isfinite(part).sum(axis=1)
    middle, known = median_over(weeks)
    ordered = np.sort(weeks, axis=1)
    low = ordered[:, (WEEKS - 1) // 2]
    base = np.where((known == WEEKS) & (p.kind[which] == SEASONAL), low, middle)
    apart = np.log(ordered[:, 0] / base)
    level = (known == 2) | ((known > 2) & (apart > -APART))
    return base, total, np.where(level, apart, np.float32(np.nan)).astype(np.float32)


def normal(p: Profiles, past: F32) -> tuple[F32, F32]:
    """The baseline before the level is applied, and how much of a fall may be its own fault: [E, W].

    The baseline is NaN where too little history is at hand. The doubt is in log units, 0 where the weeks agree: where
    the lowest of them lies far below the one that was taken, one of the two was not normal, and nobody knows which.
    """
    out = np.full((past.shape[0], past.shape[2]), np.nan, np.float32)
    doubt = np.zeros_like(out)
    for (begin, end), slots in ((p.weekly, (p.kind > 0) & (p.kind != 2)), (p.daily, (p.kind == 2) & ~p.routes),
                                (p.recent, p.routes)):  # fmt: skip
        if end > begin and slots.any():
            which = slots.nonzero()[0]
            part = past[:, begin:end] if len(which) == past.shape[2] else past[:, begin:end][:, :, which]
            if begin == p.weekly[0] and end == p.weekly[1]:
                middle, counts, apart = by_week(p, part, which)
                own = np.where(p.count[which], 1.0 / np.sqrt(middle + 1.0), 0.0)
                less = np.where(p.kind[which] == SEASONAL, apart + AGREE + own, 0.0)
                doubt[:, which] = np.where(np.isfinite(less), np.maximum(-less, 0.0), 0.0)
            elif begin == p.daily[0] and end == p.daily[1]:
                middle, counts = lower_over(part, LOWER)
            else:
                middle, counts = median_over(part)
            out[:, which] = np.where(counts >= max(2, (end - begin) // 5), middle, np.nan)
    return out, doubt


def habit(p: Profiles, past: F32, noise: F32) -> F32:
    """How far yesterday fell below its own baseline at this time of day: log ratio [E, W], at most 0, with two
    deviations in its favour; 0 where it cannot be said. What repeats each day is how people live now."""
    begin, end = p.habit
    out = np.zeros((past.shape[0], past.shape[2]), np.float32)
    if end == begin:
        return out
    before, bins = past[:, begin : begin + 2].mean(axis=1), 3.0 if p.fine else 1.0
    # a dip of half an hour moves a little each day, and is lost in the mean of long bins
    yesterday = past[:, begin + 2 : end].mean(axis=1) if p.fine else past[:, begin + 2 : end].min(axis=1)
    add = np.where(p.count, np.float32(bands.ADD_COUNT), np.float32(bands.ADD_PART) * before)
    own = np.where(p.count, 1.0 / (bins * yesterday + 1.0) + 1.0 / (2 * before + 1.0), 0.0)
    sigma = np.sqrt(own + np.square(MAD * np.exp(noise)))
    fell = np.log((yesterday + add) / (before + add)) + 2 * sigma
    use = np.isfinite(fell) & (p.kind == SEASONAL)
    return np.where(use, np.clip(fell, HABIT_MOST, 0.0), out).astype(np.float32)


@dataclass(slots=True)
class Scored:
    """One bin, judged. ``z``: the worst over the windows. ``near``: that of the shortest window that can be judged.

    ``ratio``: log ratio of the newest bin (log kinds) or distance above the baseline (others). ``fires``: beyond
    score and gate. ``strong``: beyond the score for publication too. ``shallow``: routes, between the two gates.
    ``few``: too few observations to judge. ``windows``: log ratios [M, E, W], with the common movement taken out.
    ``up``: fires by a rise of its count; its ``z`` is then the highest over the windows.
    """

    z: F32
    near: F32
    ratio: F32
    spread: F32
    fires: B2
    strong: B2
    shallow: B2
    few: B2
    windows: F32
    up: B2


def log_windows(p: Profiles, sums_x: F32, sums_mu: F32) -> F32:
    """Log ratios of sums over windows [M, E, W]; NaN where nothing was expected or seen."""
    add = np.where(p.count, np.float32(bands.ADD_COUNT), np.float32(bands.ADD_PART) * sums_mu)
    out = np.full(sums_x.shape, np.nan, np.float32)
    np.divide(sums_x + add, sums_mu + add, out=out, where=sums_mu > 0)
    return np.log(out, out=out)


def deviations(p: Profiles, networks: B1 | None) -> tuple[F32, F32]:
    """Scores at which an alert opens, and at which it may be published alone: [E, W], or [1] without ``networks``."""
    if networks is None:
        return np.full(1, bands.OPEN_Z, np.float32), np.full(1, bands.PUBLISH_Z, np.float32)
    own = networks[:, None] & (p.kind == SEASONAL)
    opens = np.where(own, np.float32(bands.OPEN_NETWORK), np.float32(bands.OPEN_Z))
    return opens, np.where(own, np.float32(bands.PUBLISH_NETWORK), np.float32(bands.PUBLISH_Z))


def least_spread(p: Profiles, samples: npt.NDArray[np.int32], special: B1 | None, networks: B1 | None) -> F32:
    """The smallest spread that is believed: log units [E, W]. Larger where little was seen, and where ``special``."""
    floor = np.where(samples < YOUNG, np.maximum(p.floor, YOUNG_FLOOR), p.floor)
    if special is not None and special.any():
        ours = np.zeros(len(special), bool) if networks is None else networks
        least = np.where(ours, bands.FLOOR_SPECIAL_NETWORK, bands.FLOOR_SPECIAL)[:, None]
        floor = np.where(special[:, None] & (p.kind == SEASONAL), np.maximum(floor, least), floor)
    return np.asarray(floor, np.float32)


def judge_log(
    p: Profiles, windows: F32, sums_mu: F32, mu: F32, noise: F32, poisson: F32, samples: npt.NDArray[np.int32],
    rising: B2 | None = None, special: B1 | None = None, doubt: F32 | None = None, networks: B1 | None = None,
) -> Scored:  # fmt: skip
    """Judge the seasonal and flat slots from window ratios, expected sums, and the noise known of each window.
    ``rising``: where a rise is news too. ``special``: entities whose people live otherwise today. ``doubt``: how much
    of a fall may be the baseline's fault (:func:`normal`). ``networks``: entities that are networks."""
    fallen = windows if doubt is None else np.where(windows < 0, np.minimum(windows + doubt, 0.0), windows)
    own = 1.0 / (sums_mu + 1.0)
    noise_var = np.square(MAD * np.exp(noise))
    if p.count.any():
        noise_var = np.where(p.count, noise_var - poisson, noise_var)
    var = np.maximum(noise_var, np.square(least_spread(p, samples, special, networks)))
    if p.count.any():
        var = var + np.where(p.count & (p.kind != 2), own, np.float32(0.0))
    sigma = np.sqrt(var)
    z = fallen / sigma
    enough = np.isfinite(windows)
    if p.count.any():
        seasonal_few = p.count & (p.kind != 2) & (sums_mu < bands.MIN_COUNT)
        flat_few = p.count & (p.kind == 2) & (mu < bands.MIN_FLAT)
        enough &= ~(seasonal_few | flat_few)
    z = np.where(enough, z, np.float32(np.nan))
    opens, publishes = deviations(p, networks)
    low = enough & (z < opens)
    fires = low & (fallen < p.log_gate)
    worst = np.where(enough, z, np.float32(np.inf)).min(axis=0)
    plain = z if doubt is None else np.where(enough, windows / sigma, np.float32(np.nan))
    near = plain[-1]
    for m in range(len(z) - 2, -1, -1):
        near = np.where(np.isnan(plain[m]), near, plain[m])
    fires &= ~(near > STILL_Z)
    any_enough = enough.any(axis=0)
    up = np.zeros(mu.shape, bool)
    if rising is not None and rising.any():
        high = enough & (z > bands.RISE_LOAD_Z) & (windows > np.log(bands.RISE_LOAD)) & (near > -STILL_Z)
        up = rising & high.any(axis=0)
        worst = np.where(up, np.where(enough, z, -np.float32(np.inf)).max(axis=0), worst)
    return Scored(
        z=np.where(any_enough, worst, np.float32(np.nan)),
        near=near,
        ratio=windows[0],
        spread=sigma[0],
        fires=np.asarray(fires.any(axis=0)) | up,
        strong=np.asarray((fires & ((z < publishes) | (fallen < np.log(bands.HALF)))).any(axis=0)) | up,
        shallow=p.routes & low[0] & (windows[0] < np.float32(np.log(bands.SHALLOW_ROUTES))),
        few=~any_enough & np.isfinite(windows[0]),
        windows=windows,
        up=up,
    )


def judge_rise(p: Profiles, scored: Scored, x: F32, n: F32, mu: F32, noise: F32,
               samples: npt.NDArray[np.int32]) -> None:  # fmt: skip
    """Judge the ratio, latency and burst slots, writing into ``scored``. ``noise``: log of the median distance."""
    for slot in np.flatnonzero(p.kind >= RATIO):
        base, size = mu[:, slot], n[:, slot]
        sigma = np.square(MAD * np.exp(noise[:, slot]))
        if p.kind[slot] == RATIO:
            share = np.clip(base, 0.0, 1.0)
            own = np.where(np.isfinite(size), share * (1 - share) / np.maximum(size, 1.0), 0.0)
            sigma = np.sqrt(np.maximum(sigma, bands.FLOOR_SHARE**2) + own)
            gate = np.full_like(base, bands.RISE_SHARE)
        elif p.kind[slot] == LATENCY:
            sigma = np.sqrt(np.maximum(sigma, np.maximum(bands.FLOOR_LATENCY * base, bands.FLOOR_LATENCY_MS) ** 2))
            gate = np.maximum(bands.RISE_LATENCY * base, bands.RISE_LATENCY_MS)
        else:
            sigma = np.sqrt(sigma + base + 1.0)
            gate = np.full_like(base, bands.RISE_BURST)
        young = samples[:, slot] < YOUNG
        sigma = np.where(young, np.maximum(sigma, np.float32(YOUNG_FLOOR) * np.abs(base)), sigma).astype(np.float32)
        few = np.isfinite(size) & (size < bands.MIN_N) if p.kind[slot] != BURST else np.zeros(len(base), bool)
        above = x[:, slot] - base
        z = np.where(few, np.float32(np.nan), -above / sigma)
        fires = (z < bands.OPEN_Z) & (above > gate)
        if p.kind[slot] == BURST and np.isfinite(size).any():
            z, fires, sigma = _burst(p, x[:, slot], size, base, z, fires, sigma)
        scored.z[:, slot] = scored.near[:, slot] = z
        scored.ratio[:, slot] = above
        scored.spread[:, slot] = sigma
        scored.fires[:, slot] = fires
        scored.strong[:, slot] = fires & (z < bands.PUBLISH_Z)
        scored.few[:, slot] = few & np.isfinite(above)


def _burst(p: Profiles, x: F32, size: F32, base: F32, z: F32, fires: B1, sigma: F32) -> tuple[F32, B1, F32]:
    """Score, firing and spread of a burst where it is known how many could break away, by the binomial tail; elsewhere
    what was given. The spread puts the threshold that is drawn just below the smallest count that fires."""
    known = np.isfinite(size) & np.isfinite(x) & np.isfinite(base) & (size > 0)
    n = np.where(known, size, np.nan).astype(np.float64)
    rate = np.clip(np.maximum(base / n, p.burst_rate), 0.0, 1.0)
    least = (burst.smallest(n, rate) - 0.5 - base) / -bands.OPEN_Z
    return (
        np.where(known, burst.score(x, n, rate), z).astype(np.float32),
        np.where(known, burst.is_alarm(x, n, rate), fires),
        np.where(known, np.maximum(least, 0.0), sigma).astype(np.float32),
    )


def loss(p: Profiles, x: F32, mu: F32, n: F32) -> F32:
    """Loss against the baseline, 0..1, per bin: see ``radar.detect.model``. NaN where it cannot be said."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fallen = 1.0 - x / mu
        out = fallen
        if (p.kind >= RATIO).any():
            out = np.where(p.kind == RATIO, (x - mu) / np.maximum(1.0 - mu, 1e-6), out)
            out = np.where((p.kind == LATENCY) | (p.kind == BURST), 1.0 - mu / x, out)
            out = np.where((p.kind == BURST) & np.isfinite(n), (x - mu) / n, out)
    clipped: F32 = np.clip(out, 0.0, 1.0).astype(np.float32)
    return clipped
