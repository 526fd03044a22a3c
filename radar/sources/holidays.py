"""Holidays: public holidays of every country, and the days of rest where the weekend is not Saturday and Sunday.

Upstream: none; they are worked out here by the Python package ``holidays`` (Vacanza), offline. Licence: MIT. Only days
that hold for a whole country are told, not those of single states or provinces. A day lasts from its first moment in
any zone of the country to its last in any.

An answer is JSON: ``package``, ``asked_at``, ``from``, ``until`` (days, half-open), and by country ``weekend`` (0 is
Monday) and ``days`` (names by day).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.labels import _
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._context import MOST, Row, happening, parsed, round_row
from radar.sources._rejections import Rejections
from radar.sources._status_text import TITLE, moment, words
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http

NAME = "holidays"

#: Days that are told before and after the day on which they are worked out.
BACK, AHEAD = 14, 14

USUAL_WEEKEND = (5, 6)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_YEARS = range(2000, 2100)


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Work out the days around ``until``; nobody is asked."""
    # half a second with all its countries: only where it is used
    import holidays as package
    from holidays.version import __version__

    first = until.date() - timedelta(days=BACK)
    end = until.date() + timedelta(days=AHEAD)
    told: dict[str, Any] = {}
    supported = package.list_supported_countries(include_aliases=False)
    for code in countries():
        if code in supported:
            found = package.country_holidays(code, years=range(first.year, end.year + 1), language="en_US")
            told[code] = {
                "weekend": sorted(found.weekend),
                "days": {f"{day}": found.get_list(day) for day in sorted(found) if first <= day < end},
            }
    answer = {"package": f"holidays {__version__}", "asked_at": rfc3339(until), "from": f"{first}",
              "until": f"{end}", "countries": told}  # fmt: skip
    yield Answer(f"holidays-{until:%Y-%m-%d}.json", orjson.dumps(answer))


def parse(body: bytes, *, name: str = "") -> Parsed:
    """No series; counts the days that are told and what could not be read. Pure and total."""
    rejected = Rejections()
    return parsed(_rows(body, name, rejected), rejected)


def details(body: bytes, *, name: str = "") -> list[Row]:
    """Rows for the book, in the form of ``radar/sources/_context.py``. Raises UpstreamChanged."""
    return _rows(body, name, Rejections())


def _rows(body: bytes, name: str, rejected: Rejections) -> list[Row]:
    where = (name or "answer")[:200]
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UpstreamChanged(NAME, f"{where} is no JSON: {str(error)[:100]}; expected days by country") from error
    told = told if isinstance(told, dict) else {}
    asked, first, end = moment(told.get("asked_at")), _day(told.get("from")), _day(told.get("until"))
    by_country = told.get("countries")
    if asked is None or first is None or end is None or not isinstance(by_country, dict) or end - first > _LONGEST:
        raise UpstreamChanged(NAME, f"{where} has no asked_at, from, until and countries; expected days by country")
    rows: list[Row] = []
    for code, row in by_country.items():
        if code not in countries() or not isinstance(row, dict):
            rejected.add("no country with its days", repr(code))
            continue
        rows += _holidays(code, row.get("days"), rejected)
        rows += _weekends(code, row.get("weekend"), first, end, rejected)
    if len(rows) > MOST:
        rejected.add("more days than are read", f"{len(rows)} days", len(rows) - MOST)
    # zones lie up to 14 hours off: only days that are whole in the span can be missed
    span = (f"{first + timedelta(days=1)}T00:00:00Z", f"{end - timedelta(days=1)}T00:00:00Z")
    return [round_row(NAME, asked, since=span[0], until=span[1]), *rows[:MOST]]


_LONGEST = timedelta(days=800)


def _holidays(code: str, days: Any, rejected: Rejections) -> Iterator[Row]:
    if not isinstance(days, dict):
        rejected.add("no days of a country", f"{code}: {str(days)[:40]}")
        return
    for text, names in days.items():
        day = _day(text)
        title = "; ".join(words(part, TITLE) for part in names if isinstance(part, str)) if _listed(names) else ""
        if day is None or not title:
            rejected.add("no day with its name", f"{code}: {text[:20]} {str(names)[:40]}")
            continue
        yield _row(code, day, "holiday", title)


def _weekends(code: str, weekend: Any, first: date, end: date, rejected: Rejections) -> Iterator[Row]:
    """The days of rest of a country whose weekend is another one than Saturday and Sunday."""
    if not _listed(weekend) or not all(isinstance(day, int) and 0 <= day < 7 for day in weekend):
        rejected.add("no days of the week", f"{code}: {str(weekend)[:40]}")
        return
    if tuple(weekend) == USUAL_WEEKEND:
        return
    for number in range((end - first).days):
        day = first + timedelta(days=number)
        if day.weekday() in weekend:
            yield _row(code, day, "weekend", _("{weekday}, a day of rest here").format(weekday=_DAYS[day.weekday()]))


def _row(code: str, day: date, kind: str, title: str) -> Row:
    start, end = _span(code, day)
    return happening(scope=NAME, id=f"{NAME}:{code}:{day}:{kind}", kind=kind, title=title, places=[f"country/{code}"],
                     start=start, end=end, area=f"{day}")  # fmt: skip


def _span(code: str, day: date) -> tuple[str, str]:
    zones = _zones().get(code, (UTC,))
    following = day + timedelta(days=1)
    starts = [datetime.combine(day, time(), zone) for zone in zones]
    ends = [datetime.combine(following, time(), zone) for zone in zones]
    return rfc3339(min(starts)), rfc3339(max(ends))


@lru_cache(maxsize=1)
def _zones() -> dict[str, tuple[ZoneInfo, ...]]:
    """The time zones of each country, from the table that comes with the package ``tzdata``."""
    found: dict[str, list[ZoneInfo]] = {}
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for row in text.splitlines():
        parts = row.split("\t")
        if row.startswith("#") or len(parts) < 3:
            continue
        try:
            found.setdefault(parts[0], []).append(ZoneInfo(parts[2]))
        except ZoneInfoNotFoundError:  # a system's own table that is older than the package's
            continue
    return {code: tuple(zones) for code, zones in found.items()}


def _day(value: Any) -> date | None:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
    return day if day is not None and day.year in _YEARS else None


def _listed(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 20


SOURCE = Source(
    name=NAME,
    title="Public holidays",
    org="Vacanza",
    url="https://github.com/vacanza/holidays",
    info_url="https://holidays.readthedocs.io/",
    licence="MIT",
    licence_url="https://github.com/vacanza/holidays/blob/dev/LICENSE",
    attribution="Vacanza, Python package holidays",
    cadence_s=86_400,
    lag_s=0,
    signals={},
    summary="Public holidays of whole countries, and days of rest where the weekend is another one. Worked out here; "
    "nobody is asked.",
    proof="recorded",
)
