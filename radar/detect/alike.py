"""Which times of the past are alike: by the clock on the wall, and by whether a fast is kept.

People get up by their clocks. For four weeks after these were changed, the same time by UTC would be an hour off: the
morning's rise would look like a fall where it now comes an hour later, and the scatter that this teaches would hide the
next real one. So each offset of the look-back is moved by what the clocks have moved since then. Where a country has
several zones, by what most of them have; entities of no known country have none.

In Ramadan the day is another one where most people keep it: livelier nights, a dip at dusk. The weeks after it are held
against those before it, where history reaches back so far.

Shapes: E entities, L offsets of the look-back, W slots. Source of zones: tzdata; of fasts: ``radar.detect.days``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from radar.detect.days import FEAST, MOST_FAST, code_of, fasts, zones
from radar.detect.model import F32
from radar.detect.profiles import DAY_S, Profiles

B1 = npt.NDArray[np.bool_]
I1 = npt.NDArray[np.intp]
HOUR_S = 3600
#: Weeks of a fast are left for those that lie so many days before them, or a week more.
BEFORE = (28, 35)
#: Hours of history whose places are remembered while it is learnt from.
KEPT = 1000


class Alike:
    """The look-back of a detector's entities, remembered for the hour that was asked for last."""

    def __init__(self, p: Profiles, grain_s: int) -> None:
        self._grain_s = grain_s
        self._base = np.asarray(p.lookback, np.intp)
        #: Days back of each offset that goes by clock and fast; 0: it does not.
        self._days = np.zeros(len(self._base), np.intp)
        for begin, end in (p.weekly, p.habit):
            self._days[begin:end] = np.round(-self._base[begin:end] * grain_s / DAY_S)
        self._rows: dict[str, I1] = {}
        self._hour = -1
        self._all: tuple[int, ...] = p.lookback
        self._picks: list[tuple[I1, I1]] = []
        #: The entities that were held against times that are not alike, for want of others, when it was last aligned.
        self.unsure: B1 = np.zeros(0, bool)
        self._tables: dict[int, dict[str, I1 | None]] = {}

    def entities(self, keys: Sequence[str]) -> None:
        """Take in the entities, in the order of the rows of :meth:`align`."""
        rows: dict[str, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(code_of(key), []).append(row)
        self._rows = {code: np.array(mine, np.intp) for code, mine in rows.items()}
        self._hour = -1

    def lookback(self, number: int) -> tuple[int, ...]:
        """The offsets of the look-back at this bin, and after them those that some entity needs in their place."""
        self._look(number)
        return self._all

    def align(self, number: int, past: F32) -> F32:
        """The look-back of every entity, [E, L, W], from values at the offsets of :meth:`lookback`, or of the plain
        look-back, which is given back as it is."""
        self._look(number)
        size = len(self._base)
        self.unsure = np.zeros(len(past), bool)
        if past.shape[1] == size:
            return past
        out = past[:, :size].copy()
        for rows, places in self._picks:
            out[rows], self.unsure[rows] = self.fill(past[rows][:, places], out[rows])
        return out

    def fill(self, own: F32, plain: F32) -> tuple[F32, B1]:
        """``own`` [E, L, W], what lies at an entity's own offsets; where nothing of a week came there, as where history
        does not reach back so far, what lies at the plain ones. And the entities of which this is so."""
        unlike = np.zeros(len(own), bool)
        for days in set(self._days.tolist()) - {0}:
            at = np.flatnonzero(self._days == days)
            some, instead = own[:, at], plain[:, at]
            none = np.isnan(some).all(axis=1, keepdims=True)
            own[:, at] = np.where(none, instead, some)
            unlike |= (none & np.isfinite(instead)).any(axis=(1, 2))
        return own, unlike

    def offsets(self, entities: Sequence[str], number: int) -> I1 | None:
        """Offsets of each entity at this bin, [entities, L]; None where all have the plain look-back."""
        hour = number * self._grain_s // HOUR_S
        if hour not in self._tables:
            if len(self._tables) > KEPT:
                self._tables.clear()
            self._tables[hour] = {}
        table = self._tables[hour]
        codes = [code_of(key) for key in entities]
        for code in set(codes) - table.keys():
            table[code] = self._of(hour, code)
        if all(table[code] is None for code in set(codes)):
            return None
        return np.stack([self._base if (own := table[code]) is None else own for code in codes])

    def _look(self, number: int) -> None:
        hour = number * self._grain_s // HOUR_S
        if hour == self._hour:
            return
        self._hour, self._all, self._picks = hour, tuple(map(int, self._base)), []
        found = {code: own for code in self._rows if (own := self._of(hour, code)) is not None}
        if not found:
            return
        self._all += tuple(sorted({int(o) for own in found.values() for o in own} - set(self._all)))
        place = {offset: i for i, offset in reversed(list(enumerate(self._all)))}
        rows: dict[tuple[int, ...], list[I1]] = {}
        for code, own in found.items():
            rows.setdefault(tuple(map(int, own)), []).append(self._rows[code])
        self._picks = [(np.concatenate(mine), np.array([place[o] for o in offsets], np.intp))
                       for offsets, mine in rows.items()]  # fmt: skip

    def _of(self, hour: int, code: str) -> I1 | None:
        """A country's offsets; None where they are those of the plain look-back."""
        if not code:
            return None
        moves = {days: self._move(code, hour, days) for days in set(self._days.tolist()) if days}
        if not any(moves.values()):
            return None
        return self._base + np.array([moves.get(days, 0) for days in self._days.tolist()], np.intp)

    def _move(self, code: str, hour: int, days: int) -> int:
        """Bins by which what lies so many days back is moved."""
        wanted = alike(code, hour, days)
        return int((days - wanted) * DAY_S / self._grain_s) + int(moved(code, hour, wanted) / self._grain_s)


@lru_cache(maxsize=1 << 16)
def moved(code: str, hour: int, days: int) -> int:
    """Seconds by which the clocks of most zones of a country are ahead, at this hour since the epoch, of what they were
    so many days before: whole hours. Where half of them moved, as in Australia, more people live in those."""
    before = hour - days * DAY_S // HOUR_S
    found = Counter(round((_ahead(zone, hour) - _ahead(zone, before)) / HOUR_S) * HOUR_S for zone in zones(code))
    return max(found, key=lambda seconds: (found[seconds], abs(seconds)), default=0)


@lru_cache(maxsize=1 << 16)
def alike(code: str, hour: int, days: int) -> int:
    """So many days back lies what is held against this hour where that of ``days`` back is asked for: more, where that
    was in a fast and this hour is not."""
    today = (datetime.fromtimestamp(hour * HOUR_S, UTC) + timedelta(seconds=_ahead_of(code, hour))).date()
    if code not in MOST_FAST or _fast(code, today) or not _fast(code, today - timedelta(days=days)):
        return days
    if days % 7 and _fast(code, today - timedelta(days=1)):
        return days  # the weeks before yesterday, which was in the fast itself
    return next((days + k for k in BEFORE if not _fast(code, today - timedelta(days=days + k))), days)


def _fast(code: str, day: date) -> bool:
    """Whether a day lies in a fast, or among the days of its feast."""
    return any(first <= day < feast + timedelta(days=FEAST) for first, feast in fasts(code, day.year))


def _ahead_of(code: str, hour: int) -> int:
    """Seconds that the first zone of a country is ahead of UTC."""
    there = zones(code)
    return _ahead(there[0], hour) if there else 0


@lru_cache(maxsize=1 << 17)
def _ahead(zone: str, hour: int) -> int:
    """Seconds that a zone is ahead of UTC at this hour; 0 where this machine does not know the zone."""
    try:
        shift = datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except ZoneInfoNotFoundError:
        return 0
    return int(shift.total_seconds()) if shift else 0
