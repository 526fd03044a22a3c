"""Days on which people live otherwise: public holidays, the turn of Ramadan, clock changes.

On these a moderate fall of what people do is told of nobody's network: normal is less sure there. Worked out offline by
the packages ``holidays`` and ``tzdata``; a day counts from its first moment in any zone of the country to its last in
any.
Entities of no known country have no such days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from radar.entities import is_entity, parent

B1 = npt.NDArray[np.bool_]

#: Days after a change of clocks, the start of Ramadan and its end, before and of the feast, that count.
AFTER_CLOCKS, FAST_BEGINS, FEAST_BEFORE, FEAST = 2, 2, 1, 4
#: Local hours, winter time, in which the sun sets wherever a fast is kept: all stop at once to eat.
DUSK = range(16, 22)
#: Where most people keep Ramadan: countries in which more than half are Muslims.
MOST_FAST = frozenset((
    "AE", "AF", "AZ", "BD", "BF", "BH", "BN", "DJ", "DZ", "EG", "EH", "GM", "GN", "ID", "IQ", "IR",
    "JO", "KG", "KM", "KW", "KZ", "LB", "LY", "MA", "ML", "MR", "MV", "MY", "NE", "OM", "PK", "PS",
    "QA", "SA", "SD", "SL", "SN", "SO", "SY", "TD", "TJ", "TM", "TN", "TR", "UZ", "XK", "YE", "YT",
))  # fmt: skip


class Calendar:
    """Which of the entities have such a day, remembered for the hour that was asked for last."""

    def __init__(self) -> None:
        self._codes: list[str] = []
        self._hour = -1
        self._mask = self._dusk = np.zeros(0, bool)

    def entities(self, keys: Sequence[str]) -> None:
        """Take in the entities, in the order of the mask."""
        self._codes = [code_of(key) for key in keys]
        self._hour = -1

    def mask(self, epoch_s: int) -> B1:
        """Where it is such a day at this time (seconds since the epoch)."""
        self._look(epoch_s)
        return self._mask

    def dusk(self, epoch_s: int) -> B1:
        """Where it is such a day, or a fast is kept and broken in these hours."""
        self._look(epoch_s)
        return self._dusk

    def _look(self, epoch_s: int) -> None:
        hour = epoch_s // 3600
        if hour != self._hour:
            now = datetime.fromtimestamp(hour * 3600, UTC)
            special = {code for code in set(self._codes) if code and is_special(code, now)}
            self._mask = np.array([code in special for code in self._codes], bool)
            eating = {code for code in set(self._codes) if code and is_dusk(code, now)}
            self._dusk = self._mask | np.array([code in eating for code in self._codes], bool)
            self._hour = hour


@lru_cache(maxsize=4096)
def is_special(code: str, now: datetime) -> bool:
    """Whether it is such a day anywhere in a country."""
    return any(
        (now + timedelta(hours=hours)).date() in _special(code, (now + timedelta(hours=hours)).year)
        for hours in _shifts(code)
    )


@lru_cache(maxsize=4096)
def is_dusk(code: str, now: datetime) -> bool:
    """Whether a fast is broken about now anywhere in a country."""
    for hours in _shifts(code):
        there = now + timedelta(hours=hours)
        if there.hour in DUSK and any(first <= there.date() < feast for first, feast in fasts(code, there.year)):
            return True
    return False


def code_of(key: str) -> str:
    """The country that an entity lies in; "" where it is known of none."""
    if not is_entity(key):
        return ""
    home = key if key.startswith("country/") else (parent(key) or "")
    return home.partition("/")[2]


@lru_cache(maxsize=4096)
def _special(code: str, year: int) -> frozenset[date]:
    public = _public(code, year)
    found = set(public)
    for first, feast in fasts(code, year):
        found |= {first + timedelta(days=k) for k in range(FAST_BEGINS)}
        found |= {feast + timedelta(days=k) for k in range(-FEAST_BEFORE, FEAST)}
    for zone in zones(code):
        found |= {day + timedelta(days=k) for day in _clock_changes(zone, year) for k in range(AFTER_CLOCKS)}
    return frozenset(found)


@lru_cache(maxsize=4096)
def fasts(code: str, year: int) -> tuple[tuple[date, date], ...]:
    """First days of Ramadan and of the feast after it, of those about a year; none where the feast is no public holiday
    of the country."""
    public = _public(code, year)
    begin, feasts = (sorted(set().union(*some)) for some in zip(*(_lunar(year + k) for k in (-1, 0, 1)), strict=True))
    free = [any(feast + timedelta(days=k) in public for k in (-1, 0, 1)) for feast in feasts]
    if sum(free) < 2:  # one of three years may be another holiday
        return ()
    return tuple((day, feast) for day in begin for feast in feasts if timedelta(27) < feast - day < timedelta(32))


def _public(code: str, year: int) -> frozenset[date]:
    import holidays as package  # half a second with its countries: only where a bin is scored

    try:
        return frozenset(package.country_holidays(code, years=(year - 1, year, year + 1)))
    except NotImplementedError:
        return frozenset()


@lru_cache(maxsize=64)
def _lunar(year: int) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """First days of Ramadan, and of the feast after it."""
    from holidays.calendars.islamic import _IslamicLunar as Lunar

    months = Lunar()
    return tuple(day for day, _ in months.ramadan_beginning_dates(year)), tuple(
        day for day, _ in months.eid_al_fitr_dates(year)
    )


@lru_cache(maxsize=1)
def _all_zones() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            code, _, zone = line.split("\t")[:3]
            found.setdefault(code, []).append(zone)
    return found


def zones(code: str) -> list[str]:
    """IANA names of a country's zones."""
    return _all_zones().get(code, [])


@lru_cache(maxsize=512)
def _shifts(code: str) -> tuple[int, ...]:
    """Hours from UTC of the country's zones in one winter, rounded, the least and the most."""
    hours = []
    for zone in zones(code):
        try:
            shift = datetime(2025, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
        except ZoneInfoNotFoundError:  # a machine with a table of its own that lacks the zone
            continue
        hours.append(round(shift.total_seconds() / 3600))
    return tuple(sorted({min(hours), max(hours)})) if hours else (0,)


@lru_cache(maxsize=2048)
def _clock_changes(zone: str, year: int) -> tuple[date, ...]:
    """Local days on which the clocks are changed."""
    try:
        info = ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return ()
    found = []
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    before = noon.astimezone(info).utcoffset()
    for k in range(1, 366):
        now = (noon + timedelta(days=k)).astimezone(info)
        if now.utcoffset() != before:
            found.append(now.date())
            before = now.utcoffset()
    return tuple(found)
