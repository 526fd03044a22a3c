"""Slides: falls so slow that the level follows them down, and each bin lies hardly below the one before it.

The level takes up what the last hours were like, so that a quiet day is no alarm; a fault that grows over half a day is
taken up too, and would be told hours late. So the newest hour is also held against where the level stands in the long
run, with the scatter that this distance itself has shown. Beyond the score and the gate of its rule the level goes back
there at once: it had followed a fall. That alone opens nothing; what is below normal is then judged as everywhere. Only
where bins are short: in long ones the level has not followed far before the fall is seen.

Shapes: E entities, W slots. Rule: ``seasonal_drop``. Source: docs/method.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from radar import bands
from radar.detect.model import F32
from radar.detect.profiles import SEASONAL, Profiles
from radar.detect.score import B1, B2, MAD, deviations, least_spread

I32 = npt.NDArray[np.int32]
NAN = np.float32(np.nan)
#: A rise of more than this (log units) is a crowd.
CROWD = np.float32(np.log(1.25))


def ratios(p: Profiles, windows: F32, used: F32, rest: F32) -> F32:
    """Log ratio of the newest hour to what is normal in the long run: [E, W]; NaN for signals without a rhythm.

    ``windows``: log ratios against the level in use, [M, E, W]; ``used``, ``rest``: that level, and where it rests.
    """
    away = windows[p.slide] + np.minimum(used - rest, 0.0)
    return np.where(p.kind == SEASONAL, away, NAN).astype(np.float32)


def followed(p: Profiles, away: F32, sums_mu: F32, noise: F32, recent: F32, samples: I32, special: B1, doubt: F32,
             networks: B1) -> B2:  # fmt: skip
    """Where the level has followed a fall down: [E, W].

    ``away``: of :func:`ratios`. ``noise``: log of its usual distance; that of the last hours, ``recent`` [M, E, W],
    counts where it is larger, as when a fast moves the day. The rest as of ``score.judge_log``.
    """
    expected = sums_mu[p.slide]
    noise_var = np.square(MAD * np.exp(np.maximum(noise, recent[p.slide])))
    var = np.maximum(noise_var, np.square(least_spread(p, samples, special, networks)))
    var = var + np.where(p.count, 1.0 / (expected + 1.0), np.float32(0.0))
    low = (away + doubt) / np.sqrt(var) < deviations(p, networks)[0]
    few = p.count & (expected < bands.MIN_COUNT)
    return np.asarray(low & (away < p.log_gate) & ~few, bool)


def learn(p: Profiles, away: F32, noise: F32, use: B2, samples: I32) -> F32:
    """The usual distance from bins that were normal (``use``): over a week, as a slide must not teach it that sliding
    is usual; and nothing from a crowd, which says little of the scatter without it."""
    step = np.maximum(np.float32(p.slide_step), np.float32(2.0) / (samples + 3)).astype(np.float32)
    move = np.sign(np.abs(away) - np.exp(noise)) * (step * np.float32(0.5))
    good = use & np.isfinite(move) & (away < CROWD)
    return np.where(good, np.clip(noise + move, -9.0, 9.0), noise).astype(np.float32)
