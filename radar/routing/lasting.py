"""Since when a network is another one's neighbour, as far as the table has watched."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]


def pairs(origin: npt.NDArray[np.int64], neighbour: npt.NDArray[np.int64]) -> U64:
    """(origin, neighbour) as one number each."""
    return origin.astype(np.uint64) << np.uint64(32) | neighbour.astype(np.uint64)


@dataclass(slots=True)
class Lasting:
    """The pairs of the last look, in order, and since when each is there, in seconds; NaN: ever since its origin is
    known here. ``began``: the first look, None before there was one."""

    began: float | None = None
    keys: U64 = field(default_factory=lambda: np.zeros(0, np.uint64))
    since: F64 = field(default_factory=lambda: np.zeros(0))

    def look(self, found: U64, at: float) -> F64:
        """Take in what is there now, in any order; gives since when, in that order.

        A pair that was not there the last time is new, unless nothing was known of its origin then. One that went and
        came back is new.
        """
        fresh = np.full(len(found), np.nan)
        if self.began is None:
            self.began = at
        elif len(self.keys):
            place = np.minimum(np.searchsorted(self.keys, found), len(self.keys) - 1)
            same = self.keys[place] == found
            known = np.isin(found >> np.uint64(32), self.keys >> np.uint64(32))
            fresh = np.where(same, self.since[place], np.where(known, at, np.nan))
        order = np.argsort(found)
        self.keys, self.since = found[order], fresh[order]
        return fresh
