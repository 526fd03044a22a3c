"""How people's traffic moves over the day, the week and the year, in places whose habits differ.

Everything here is a factor on a mean: the generator multiplies it with a size and draws counts from it. Local time is
that of the IANA zone, so clock changes come by themselves. Holidays are those of the package ``holidays``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
HOUR_S, DAY_S = 3600, 86_400

#: Ramadan and the feast after it, first day to last.
RAMADAN = ((date(2026, 2, 18), date(2026, 3, 19)),)
FEAST_DAYS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entity's people are. ``rest``: days of the weekend, Monday is 0. ``fasts``: Ramadan moves its days."""

    code: str
    zone: str
    rest: tuple[int, ...] = (5, 6)
    fasts: bool = False


#: No place of one table is in the other: what was tuned on some countries is reported on others.
TUNING = (
    Place("EG", "Africa/Cairo", (4, 5), True), Place("IR", "Asia/Tehran", (3, 4), True),
    Place("SA", "Asia/Riyadh", (4, 5), True), Place("TR", "Europe/Istanbul", fasts=True),
    Place("ID", "Asia/Jakarta", fasts=True), Place("US", "America/New_York"), Place("DE", "Europe/Berlin"),
    Place("FR", "Europe/Paris"), Place("PL", "Europe/Warsaw"), Place("BR", "America/Sao_Paulo"),
    Place("AR", "America/Argentina/Buenos_Aires"), Place("IN", "Asia/Kolkata", (6,)), Place("JP", "Asia/Tokyo"),
    Place("NG", "Africa/Lagos"), Place("KE", "Africa/Nairobi"), Place("AU", "Australia/Sydney"),
)  # fmt: skip
REPORT = (
    Place("TM", "Asia/Ashgabat", fasts=True), Place("SO", "Africa/Mogadishu", (4, 5), True),
    Place("MR", "Africa/Nouakchott", (4, 5), True), Place("SY", "Asia/Damascus", (4, 5), True),
    Place("BN", "Asia/Brunei", (4, 6), True), Place("RS", "Europe/Belgrade"), Place("LV", "Europe/Riga"),
    Place("SI", "Europe/Ljubljana"), Place("SK", "Europe/Bratislava"), Place("NI", "America/Managua"),
    Place("JM", "America/Jamaica"), Place("HN", "America/Tegucigalpa"), Place("UG", "Africa/Kampala"),
    Place("CI", "Africa/Abidjan"), Place("LA", "Asia/Vientiane"), Place("HK", "Asia/Hong_Kong"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habits:
    """How the people of one entity live. ``swing``: log of day over night; ``peak``: hour of the evening's most;
    ``second``: log of the second wave; ``rest``: factor of a day of rest; ``feast``: factor of a holiday."""

    swing: float
    peak: float
    second: float
    rest: float
    feast: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habits:
        """Habits of one entity."""
        return cls(
            swing=float(rng.uniform(0.35, 1.0)),
            peak=float(rng.uniform(17.0, 21.5)),
            second=float(rng.uniform(0.05, 0.3)),
            rest=float(rng.uniform(0.75, 1.12)),
            feast=float(rng.uniform(0.72, 1.0)),
        )


def local(place: Place, first: int, grain_s: int, bins: int) -> tuple[F64, npt.NDArray[np.int64]]:
    """Hours of the local day (0..24) and local days (ordinals) at the middle of each bin; ``first``: epoch seconds."""
    at = first + grain_s * np.arange(bins, dtype=np.int64) + grain_s // 2
    quarters = np.unique(at // 900)
    zone = ZoneInfo(place.zone)
    shift = np.array(
        [datetime.fromtimestamp(int(q) * 900, zone).utcoffset().total_seconds() for q in quarters]  # type: ignore[union-attr]  # an aware time has an offset
    )
    there = at + shift[np.searchsorted(quarters, at // 900)].astype(np.int64)
    return (there % DAY_S) / HOUR_S, there // DAY_S + date(1970, 1, 1).toordinal()


def usual(place: Place, habits: Habits, first: int, grain_s: int, bins: int) -> F64:
    """Factor of each bin, about 1 in the mean: day, week, holidays, and Ramadan where it is kept."""
    hour, day = local(place, first, grain_s, bins)
    resting = np.isin((day - 1) % 7, place.rest)
    late = np.where(resting, 1.0, 0.0)  # on days of rest people get up later
    log = habits.swing * np.cos((hour - habits.peak - 0.5 * late) * np.pi / 12)
    log += habits.second * np.cos((hour - habits.peak + 5.5 - late) * np.pi / 6)
    log += np.where(resting, np.log(habits.rest), 0.0)
    log += np.where(np.isin(day, _feasts(place.code, day)), np.log(habits.feast) * _awake(hour), 0.0)
    if place.fasts:
        log += _ramadan(hour, day, first)
    factor = np.exp(log)
    return np.asarray(factor / factor.mean(), np.float64)


def _awake(hour: F64) -> F64:
    return np.clip(np.minimum(hour - 5.0, 26.0 - hour) / 3.0, 0.0, 1.0)


def _feasts(code: str, day: npt.NDArray[np.int64]) -> list[int]:
    first, last = date.fromordinal(int(day.min())), date.fromordinal(int(day.max()))
    found = [d.toordinal() for d in _public(code, first.year, last.year)]
    for _, end in RAMADAN:
        found += [end.toordinal() + k for k in range(1, FEAST_DAYS + 1)] if code in _KEEP else []
    return found


@lru_cache(maxsize=64)
def _public(code: str, first: int, last: int) -> tuple[date, ...]:
    try:
        return tuple(holidays.country_holidays(code, years=range(first, last + 1)))
    except NotImplementedError:
        return ()


def _ramadan(hour: F64, day: npt.NDArray[np.int64], first: int) -> F64:
    """Log factor: quieter days, a dip while the fast is broken, livelier nights until the meal before dawn."""
    begin = datetime.fromtimestamp(first, UTC).date() - timedelta(days=1)
    log = np.zeros(len(hour))
    for start, end in RAMADAN:
        if end < begin:
            continue
        within = (day >= start.toordinal()) & (day <= end.toordinal())
        sunset = 18.0 + (day - start.toordinal()) / 60.0
        dip = -0.45 * np.exp(-(((hour - sunset - 0.25) / 0.4) ** 2))
        night = 0.30 * np.exp(-(((np.mod(hour + 12, 24) - 12.0 - 1.0) / 3.5) ** 2))
        quiet = -0.10 * np.clip(np.minimum(hour - 6.0, 17.0 - hour), 0.0, 1.0)
        log += np.where(within, dip + night + quiet, 0.0)
    return log


_KEEP = {place.code for place in (*TUNING, *REPORT) if place.fasts}
