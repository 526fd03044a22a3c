"""How far a figure of the exam may be off by chance: 95 % intervals of a share of events, and of a rate of rare ones.

Worlds are few and events in them too: a recall of .95 that rests on forty events may as well be .85. Events are taken
for independent of each other; those of one entity are not quite, so the true intervals are a little wider.
Sources: Wilson (1927) for shares; Byar's approximation of the exact Poisson interval (Breslow and Day, 1987).
"""

from __future__ import annotations

import math

#: Two-sided 95 % of a normal distribution, in deviations.
Z = 1.96


def share(hits: int, of: int) -> tuple[float, float] | None:
    """Wilson's interval of ``hits / of``, 0..1; None of nothing.

    Examples
    --------
    >>> share(38, 40), share(0, 0)
    ((0.835, 0.9862), None)
    """
    if of <= 0:
        return None
    p, square = hits / of, Z * Z / of
    middle, wide = p + square / 2, Z * math.sqrt(p * (1 - p) / of + square / (4 * of))
    low, high = (middle - wide) / (1 + square), (middle + wide) / (1 + square)
    return round(max(0.0, low), 4), round(min(1.0, high), 4)


def rate(events: int, weeks: float) -> tuple[float, float] | None:
    """The interval of ``events / weeks``, where events are rare; None of no time.

    Examples
    --------
    >>> rate(1, 100.0), rate(0, 100.0)
    ((0.0001, 0.0556), (0.0, 0.0367))
    """
    if weeks <= 0:
        return None
    low = 0.0 if events == 0 else events * (1 - 1 / (9 * events) - Z / (3 * math.sqrt(events))) ** 3
    more = events + 1
    high = more * (1 - 1 / (9 * more) + Z / (3 * math.sqrt(more))) ** 3
    return round(max(0.0, low) / weeks, 4), round(high / weeks, 4)
