"""Sudden falls: how far the newest minutes lie below the hour before them, both held against what is normal.

What is normal for a country wanders by some per cent over hours: a loss of a third is a few deviations deep against it,
and is found late. From one quarter of an hour to the next almost nothing wanders, so that the same loss stands out at
once if it came at once. Only where bins are short, and for signals with a rhythm. A jump alone says nothing: the value
must also lie below the gate of its rule, so that the end of a crowd or of an outage is no fall.

Shapes: J windows (all but the longest), E entities, W slots. Rule: ``seasonal_drop``. Source: docs/method.md.
"""

from __future__ import annotations

import numpy as np

from radar import bands
from radar.detect.model import F32
from radar.detect.profiles import SEASONAL, Profiles
from radar.detect.score import B1, B2, MAD, STILL_Z, YOUNG, YOUNG_FLOOR, Scored, deviations
from radar.detect.state import State
from radar.rules import number

#: On days on which people live otherwise they also stop at once, as when a fast is broken: only a larger jump counts.
SPECIAL = np.float32(np.log(number("seasonal_drop", "below_special_jump")))
#: And only where that left so little of normal.
SPECIAL_NOW = np.float32(np.log(number("seasonal_drop", "below_special_now")))
#: Part of the longest window that must have come before the newest bins.
ENOUGH = 0.5


def ratios(p: Profiles, sums_x: F32, sums_mu: F32, fallen: tuple[F32, F32] | None = None) -> F32:
    """Log ratio of each window to what came before it within the longest one: [J, E, W]; NaN where that is too little.

    ``sums_x``, ``sums_mu``: what came and what was expected in each window, [M, E, W]. ``fallen``: the same of bins
    before each window that are of the fall already (:func:`fallen`), [J, E, W].
    """
    new_x, new_mu = sums_x[:-1], sums_mu[:-1]
    old_x, old_mu = sums_x[-1] - new_x, sums_mu[-1] - new_mu
    if fallen is not None:
        old_x, old_mu = old_x - fallen[0], old_mu - fallen[1]
    sizes = np.array(p.windows, np.float32)
    wanted = (ENOUGH * (sizes[-1] - sizes[:-1]) / sizes[:-1])[:, None, None]
    add = np.where(p.count, np.float32(bands.ADD_COUNT), np.float32(bands.ADD_PART) * new_mu)
    more = np.where(p.count, np.float32(bands.ADD_COUNT), np.float32(bands.ADD_PART) * old_mu)
    out = np.log((new_x + add) / (new_mu + add)) - np.log((old_x + more) / (old_mu + more))
    return np.where((old_mu >= wanted * new_mu) & (new_mu > 0) & (p.kind == SEASONAL), out, np.float32(np.nan))


def fallen(p: Profiles, state: State, number: int) -> tuple[F32, F32] | None:
    """What came and what was expected in bins before each window that fired and have opened no alert yet: where one did
    not come in between, they lie before the newest bins, and are no part of what was before the fall. None: nowhere."""
    waits = np.argwhere((state.bad > 0) & (state.state == 0))
    if not len(waits):
        return None
    size = state.lead["R"]
    x, mu = (np.zeros((p.jumps, *state.bad.shape), np.float32) for _ in range(2))
    for row, slot in waits:
        left = int(state.bad[row, slot])
        for back in range(1, size):
            place = (number - back) % size
            if left and state.ring_mu[place, row, slot] > 0:
                left -= 1
                before = np.array([back >= m for m in p.windows[: p.jumps]])
                x[before, row, slot] += state.ring_x[place, row, slot]
                mu[before, row, slot] += state.ring_mu[place, row, slot]
    return x, mu


def judge(p: Profiles, scored: Scored, jumps: F32, sums_mu: F32, noise: F32, samples: F32, stop: B1,
          networks: B1 | None = None) -> None:  # fmt: skip
    """Let what fell at once fire, writing into ``scored``. ``noise``: log of the usual |jump|, [J, E, W]. ``stop``:
    entities whose people may all stop at once now. ``networks``: those that are networks."""
    own = 1.0 / (sums_mu[:-1] + 1.0) + 1.0 / (sums_mu[-1] - sums_mu[:-1] + 1.0)
    floor = np.where(samples < YOUNG, np.maximum(p.floor, YOUNG_FLOOR), p.floor)
    least = np.square(floor) + np.where(p.count, own, np.float32(0.0))
    z = jumps / np.sqrt(np.maximum(np.square(MAD * np.exp(noise)), least))
    gate = np.where(stop[:, None], np.minimum(SPECIAL, p.log_gate), p.log_gate)
    below = np.where(stop[:, None], np.minimum(SPECIAL_NOW, p.log_gate), p.log_gate)
    opens, publishes = deviations(p, networks)
    fell: B2 = (z < opens) & (jumps < gate) & (scored.windows[:-1] < below) & (scored.near < STILL_Z)
    if p.count.any():
        fell &= ~(p.count & (sums_mu[:-1] < bands.MIN_COUNT))
    deep = np.where(fell, z, np.float32(np.inf)).min(axis=0)
    any_fell = fell.any(axis=0)
    scored.z = np.where(any_fell, np.minimum(scored.z, deep), scored.z)
    scored.fires |= any_fell
    scored.strong |= deep < publishes


def learn(jumps: F32, noise: F32, use: B2, step: F32, rise: float) -> F32:
    """The usual |jump| from bins that were normal (``use``), as :mod:`radar.detect.engine` learns that of windows."""
    move = np.sign(np.abs(jumps) - np.exp(noise)) * (step * np.float32(0.5))
    good = use & np.isfinite(move) & (jumps < rise)
    return np.where(good, np.clip(noise + move, -9.0, 9.0), noise).astype(np.float32)
