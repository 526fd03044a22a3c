"""What is counted of one rule in one stretch of time, and what two such counts say about its trend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

#: Kinds of places: origins by country and network, aims by country and provider.
KINDS = ("countries", "networks", "targets", "providers")

#: Places of a kind that a tally keeps, the largest; it is cut back to them when it holds twice as many.
KEPT = 40

#: Of a 95 % interval.
_Z = 1.959963984540054


class Tally:
    """Matches of one rule: how many, how many of them refused (``blocked``) among those of which the log says
    (``acted``), and from where to where (kind -> entity -> matches)."""

    __slots__ = ("acted", "blocked", "matches", "places")

    def __init__(self) -> None:
        self.matches = self.blocked = self.acted = 0
        self.places: dict[str, dict[str, int]] = {}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """The tally of a row of details."""
        tally = cls()
        tally.matches, tally.blocked, tally.acted = row["matches"], row["blocked"], row["acted"]
        tally.places = {kind: dict(row[kind]) for kind in KINDS if row[kind]}
        return tally

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        self.matches += other.matches
        self.blocked += other.blocked
        self.acted += other.acted
        for kind, found in other.places.items():
            mine = self.places.setdefault(kind, {})
            for entity, count in found.items():
                mine[entity] = mine.get(entity, 0) + count
            if len(mine) > 2 * KEPT:
                self.places[kind] = dict(largest(mine, KEPT))

    def inherit(self, other: Tally) -> None:
        """Add another tally, which keeps its counts and has no places left."""
        self.add(other)
        other.places = {}

    def dump(self) -> list[Any]:
        """Plain values; ``load`` is the inverse."""
        return [self.matches, self.blocked, self.acted, self.places]

    @classmethod
    def load(cls, row: list[Any]) -> Self:
        """The inverse of :meth:`dump`."""
        tally = cls()
        tally.matches, tally.blocked, tally.acted, tally.places = row
        return tally


def largest(found: Mapping[str, int], most: int) -> list[tuple[str, int]]:
    """The largest ones, largest first, equal ones by name."""
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:most]


def poisson(count: int) -> tuple[float, float]:
    """The 95 % interval of the mean of a Poisson count (Byar's approximation; Breslow and Day, 1987).

    Examples
    --------
    >>> [round(x, 1) for x in poisson(10)], [round(x, 1) for x in poisson(0)]
    ([4.8, 18.4], [0.0, 3.7])
    """

    def side(n: int, z: float) -> float:
        return n * (1 - 1 / (9 * n) + z / (3 * math.sqrt(n))) ** 3

    # the upper end of 0 is known exactly
    return (side(count, -_Z) if count else 0.0, side(count + 1, _Z) if count else -math.log(0.025))


def direction(now: int, hours: float, before: int, hours_before: float, *, clear: float) -> int:
    """1: the rate has risen, -1: it has fallen, 0: neither is sure. The intervals of both rates must not touch, and the
    rates must differ by the factor ``clear``."""
    low, high = (end / hours for end in poisson(now))
    low_before, high_before = (end / hours_before for end in poisson(before))
    rate, rate_before = now / hours, before / hours_before
    if low > high_before and rate >= clear * rate_before:
        return 1
    return -1 if high < low_before and rate * clear <= rate_before else 0
