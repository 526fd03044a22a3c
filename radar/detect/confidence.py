"""How sure it is that an outage is real: a probability that was learnt from alarms of which it is known what they were.

Of one family of signals: a logistic curve over the score, the depth and the length of its alert, which may only rise
with each of them. It was fitted on the tuning seeds of the exam (``scripts/calibrate.py``) and is kept with its
provenance in ``radar/data/confidence.json``. Families are independent witnesses: that all of them are wrong is the
product of their doubts. Those that look and do not see it, and alerts too weak to be published alone, are weighed by
stated factors, as the worlds of the exam have one signal each. Source: docs/method.md.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "data" / "confidence.json"
FEATURES = ("score", "depth", "bins")

#: An alert that may not be published alone is worth so much of one that may; a family of packets that looks and sees
#: nothing takes a fifth off. Stated, not learnt.
WEAK, AGAINST = 0.6, 0.8
#: Nothing is surer than this, and one family alone not surer than that: simulated worlds do not hold every mistake that
#: one kind of measurement can make.
MOST, MOST_ALONE = 0.99, 0.95
#: What more than this says no more: deviations, and bins.
MOST_SCORE, MOST_BINS = 30.0, 100.0


def features(score: float, depth: float, bins: int) -> tuple[float, ...]:
    """The evidence of one alert, each 0..1 and larger for more: worst score (signed or not), loss 0..1, bins."""
    return (
        min(abs(score), MOST_SCORE) / MOST_SCORE,
        min(max(depth, 0.0), 1.0),
        math.log(min(max(bins, 1), MOST_BINS)) / math.log(MOST_BINS),
    )


@lru_cache(maxsize=1)
def learned() -> Mapping[str, float]:
    """The fitted curve: ``base`` and one weight for each of :data:`FEATURES`."""
    return {str(k): float(v) for k, v in json.loads(FILE.read_text(encoding="utf-8"))["curve"].items()}


def alone(score: float, depth: float, bins: int, curve: Mapping[str, float] | None = None) -> float:
    """The probability that one alert, seen by nobody else, is of a real outage."""
    curve = learned() if curve is None else curve
    x = curve["base"] + sum(
        curve[name] * value for name, value in zip(FEATURES, features(score, depth, bins), strict=True)
    )
    return min(MOST_ALONE, 1.0 / (1.0 + math.exp(-x)))


def fused(seen: Iterable[float], against: int) -> float:
    """One probability of those of the families that see it; ``against``: how many look at packets and do not.

    Examples
    --------
    >>> fused([0.9, 0.8], 0), fused([0.9], 1), fused([], 0)
    (0.98, 0.72, 0.0)
    """
    wrong = math.prod(1.0 - p for p in seen)
    return round(min(MOST, (1.0 - wrong) * AGAINST**against), 3)
