"""Is it them, or is it us? Movement that most countries share is our own measurement, not anybody's network.

Each country has one vote per series: its own row, or the first of its networks where no country rows are measured.
Fewer than ten countries cannot tell a shared movement from one region's trouble, so then nothing is taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radar import bands
from radar.detect.model import F32
from radar.detect.profiles import Profiles
from radar.detect.score import B2, Scored
from radar.entities import is_entity, parent

#: Fewest countries that can vote; counts need this many expected per bin.
MIN_VOTERS, MIN_EXPECTED = 10, 40.0
#: Where ten could vote and some did not come, so few can tell if so many of them dip.
LEAST_VOTERS, NEARLY_ALL = 6, 0.8
#: Where too few have so many, as by night: those with so many, and only what moves the median of them by so many
#: standard errors (that of a median is so much larger than that of a mean).
LEAST_EXPECTED, SURE, MEDIAN = 4.0, 4.0, np.float32(1.2533)
#: The median country moved by more than this (log units), or so many countries dip: our own measurement is impaired.
COMMON_DROP, COMMON_SHARE = 0.15, 1 / 3
#: For rises (errors, latency): so many countries at once.
COMMON_RISE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Voters:
    """Rows that may vote, and the home of each (a number): of a home, the first that can be judged votes."""

    rows: npt.NDArray[np.intp]
    homes: npt.NDArray[np.intp]

    def of(self, may: npt.NDArray[np.bool_], size: F32 | None = None) -> npt.NDArray[np.intp]:
        """One row of each home among those for which ``may`` holds (by place in ``rows``): the first, or that of the
        largest ``size``."""
        places = np.flatnonzero(may)
        if size is not None:
            places = places[np.argsort(-size[places], kind="stable")]
        _, first = np.unique(self.homes[places], return_index=True)
        return self.rows[np.sort(places[first])]


def voters(entities: Sequence[str]) -> Voters:
    """All countries if there are ten, else the rows of each home country."""
    own = [i for i, key in enumerate(entities) if key.startswith("country/")]
    if len(own) >= MIN_VOTERS:
        return Voters(np.array(own, np.intp), np.arange(len(own), dtype=np.intp))
    numbers: dict[str, int] = {}
    rows, homes = [], []
    for i, key in enumerate(entities):
        # a name that the catalogue of entities does not know, as in files that people bring, stands for itself
        home = key if key.startswith("country/") or not is_entity(key) else parent(key)
        if home is not None:
            rows.append(i)
            homes.append(numbers.setdefault(home, len(numbers)))
    return Voters(np.array(rows, np.intp), np.array(homes, np.intp))


def take_out(
    p: Profiles, windows: F32, jumps: F32, mu: F32, judged: B2, electorate: Voters
) -> dict[int, tuple[float, float, int]]:
    """Subtract the common fall from the ratios of windows and jumps, in place. -> slot: (drop, share, voters) where
    impaired."""
    impaired: dict[int, tuple[float, float, int]] = {}
    rows = electorate.rows
    if len(rows) < MIN_VOTERS:
        return impaired
    for slot in np.flatnonzero(p.log):
        may = judged[rows, slot] & np.isfinite(windows[0, rows, slot])
        counts = bool(p.count[slot] and p.kind[slot] != 2)
        expected = mu[rows, slot]
        who = electorate.of(may & (expected >= MIN_EXPECTED) if counts else may)
        few = counts and len(who) < MIN_VOTERS
        if few:  # so that the larger of each home votes
            who = electorate.of(may & (expected >= LEAST_EXPECTED), expected)
        if len(who) < (MIN_VOTERS if counts else LEAST_VOTERS):
            continue
        moved = windows[:, who, slot]
        middle = np.median(moved, axis=1)
        share = float((moved[0] < np.log(bands.GATE)).mean())
        if len(who) < MIN_VOTERS and share < NEARLY_ALL:
            continue
        if few:  # their counts scatter, and so does the middle of them: only what chance does not do
            sizes = np.array(p.windows, np.float32)[:, None] * mu[who, slot]
            middle = np.where(middle < -SURE * MEDIAN * np.median(1 / np.sqrt(sizes + 1), axis=1) / len(who) ** 0.5,
                              middle, np.float32(0.0))  # fmt: skip
            share = 0.0
        windows[:, :, slot] -= np.minimum(middle, 0.0)[:, None]
        for sudden in jumps:
            there = sudden[who, slot][np.isfinite(sudden[who, slot])]
            if len(there) and (not few or middle[0] < 0):
                sudden[:, slot] -= min(float(np.median(there)), 0.0)
        if middle[0] < -COMMON_DROP or share > COMMON_SHARE:
            impaired[int(slot)] = (float(1 - np.exp(min(0.0, float(middle[0])))), share, len(who))
    return impaired


def rises(p: Profiles, scored: Scored, judged: B2, electorate: Voters) -> dict[int, tuple[float, float, int]]:
    """The same for shares of failures, latencies and bursts: slots in which half of the voters fire at once."""
    impaired: dict[int, tuple[float, float, int]] = {}
    rows = electorate.rows
    if len(rows) < MIN_VOTERS:
        return impaired
    for slot in np.flatnonzero(~p.log & (p.kind > 0)):
        who = electorate.of(judged[rows, slot] & ~scored.few[rows, slot])
        if len(who) < MIN_VOTERS:
            continue
        share = float(scored.fires[who, slot].mean())
        if share > COMMON_RISE_SHARE:
            impaired[int(slot)] = (0.0, share, len(who))
    return impaired
