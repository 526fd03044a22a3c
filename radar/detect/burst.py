"""Bursts of disconnects: how unlikely it is that so many of N break away in one bin. Pure functions on arrays.

The rule: of N that could, k do so in one bin, each with the usual rate p. It is an alarm when P(K >= k) < 1e-6 for a
binomial K, and k >= max(5, 0.3 N). Arrays broadcast; all functions are vectorised. Source: docs/method.md; the tail is
the regularised incomplete beta function I_p(k, n - k + 1) by its continued fraction (Abramowitz and Stegun 26.5.8).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from radar import bands
from radar.rules import number

F64 = npt.NDArray[np.float64]

#: An alarm is rarer than this, by chance alone, and no smaller than so many, or this part of all.
CHANCE, FEWEST, PART = (number("burst", key) for key in ("chance", "fewest", "part"))

_STEPS = 500
_TINY = 1e-300
_LARGEST = 2.0**40


def log_tail(k: npt.ArrayLike, n: npt.ArrayLike, p: npt.ArrayLike) -> F64:
    """Natural logarithm of P(K >= k) for a binomial K of n trials with probability p.

    0 for k <= 0, -inf for k > n. NaN where an input is not finite, or ``n`` beyond any count. ``k`` and ``n`` need not
    be whole.

    Examples
    --------
    >>> round(float(np.exp(log_tail(5, 10, 0.5))), 4)
    0.623
    """
    k, n, p = (np.asarray(a, np.float64) for a in np.broadcast_arrays(k, n, p))
    out = np.full(k.shape, np.nan)
    known = np.isfinite(k) & (np.abs(n) < _LARGEST) & np.isfinite(p)
    out[known & (k <= 0)] = 0.0
    out[known & (k > 0) & ((k > n) | (p <= 0))] = -np.inf
    out[known & (k > 0) & (k <= n) & (p >= 1)] = 0.0
    inside = known & (k > 0) & (k <= n) & (p > 0) & (p < 1)
    if inside.any():
        a, b, x = k[inside], n[inside] - k[inside] + 1.0, p[inside]
        front = _log_gamma(a + b) - _log_gamma(a) - _log_gamma(b) + a * np.log(x) + b * np.log1p(-x)
        upper = x < (a + 1.0) / (a + b + 2.0)  # where the fraction converges; else the other tail is summed
        first, second, at = np.where(upper, a, b), np.where(upper, b, a), np.where(upper, x, 1.0 - x)
        log_part = front + np.log(_fraction(first, second, at)) - np.log(first)
        out[inside] = np.minimum(0.0, np.where(upper, log_part, np.log1p(-np.exp(np.minimum(log_part, -1e-17)))))
    return out


def is_alarm(k: npt.ArrayLike, n: npt.ArrayLike, p: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """The rule itself. False where an input is NaN.

    Examples
    --------
    >>> [bool(is_alarm(k, 12, 1 / 288)) for k in (4, 5)]
    [False, True]
    """
    k, n = np.asarray(k, np.float64), np.asarray(n, np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray((log_tail(k, n, p) < np.log(CHANCE)) & (k >= np.maximum(FEWEST, PART * n)))


def score(k: npt.ArrayLike, n: npt.ArrayLike, p: npt.ArrayLike) -> F64:
    """The chance as a score: ``OPEN_Z`` at ``CHANCE``, growing with the orders of magnitude. 0 for what is certain."""
    scaled: F64 = bands.OPEN_Z * np.maximum(log_tail(k, n, p), -1e4) / np.log(CHANCE)
    return scaled


def smallest(n: npt.ArrayLike, p: npt.ArrayLike) -> F64:
    """The smallest whole count that is an alarm; n + 1 where none is. NaN where an input is NaN."""
    n, p = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(p, np.float64))
    low, high = np.ceil(np.maximum(FEWEST, PART * n)), np.floor(n) + 1.0
    low = np.minimum(low, high)
    for _ in range(64):
        if not (low < high).any():
            break
        middle = np.floor((low + high) / 2)
        alarm = is_alarm(middle, n, p)
        low, high = np.where(alarm | (low >= high), low, middle + 1), np.where(alarm & (low < high), middle, high)
    return np.where((np.abs(n) < _LARGEST) & np.isfinite(p), high, np.nan)


def _fraction(a: F64, b: F64, x: F64) -> F64:
    """The continued fraction of the incomplete beta function, by Lentz' method."""
    c = np.ones_like(x)
    d = 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    h = d.copy()
    for m in range(1, _STEPS):
        step = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d, c = 1.0 / _away(1.0 + step * d), _away(1.0 + step / c)
        h = h * d * c
        step = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d, c = 1.0 / _away(1.0 + step * d), _away(1.0 + step / c)
        change = d * c
        h = h * change
        if np.all(np.abs(change - 1.0) < 1e-12):
            break
    return h


def _away(values: F64) -> F64:
    """The values, kept away from zero."""
    return np.where(np.abs(values) < _TINY, _TINY, values)


def _log_gamma(x: F64) -> F64:
    """ln Gamma(x) for x > 0: Stirling's series, shifted to where it is exact to twelve digits."""
    shift = np.zeros_like(x)
    y = x.copy()
    for _ in range(10):
        small = y < 10.0
        shift = np.where(small, shift + np.log(np.maximum(y, _TINY)), shift)
        y = np.where(small, y + 1.0, y)
    series = 1 / (12 * y) - 1 / (360 * y**3) + 1 / (1260 * y**5) - 1 / (1680 * y**7)
    out: F64 = (y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + series - shift
    return out
