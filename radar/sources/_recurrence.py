"""Recurrence rules of RFC 5545 (``RRULE``) within a span of time, in bounded work.

Read are the rules that plans are made of: yearly, monthly, weekly and daily, with ``INTERVAL``, ``COUNT``, ``UNTIL``,
``BYMONTH``, ``BYMONTHDAY``, ``BYDAY`` (also the second Sunday), ``BYSETPOS`` and ``WKST``. Any other rule is refused by
name. No library is asked: those that there are loop for minutes on rules that never match.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import count as numbers
from typing import Any

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

#: Parts of a rule that are read. BYHOUR and the like only where they say what the first time says anyway.
_PARTS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST"})
_CLOCK = {"BYHOUR": "hour", "BYMINUTE": "minute", "BYSECOND": "second"}

#: Periods (days, weeks, months, years) of one rule that are looked at.
MOST = 3_000


def starts(
    rule: Mapping[str, Sequence[Any]], first: datetime, since: datetime, until: datetime, last: datetime | None = None
) -> Iterator[datetime]:
    """The starts in ``[since, until)`` and not after ``last`` (``UNTIL``); all times on the event's own clock, naive.

    Parameters
    ----------
    rule
        By part, lists of values, as the package icalendar reads them.
    first
        ``DTSTART``; by the standard it is the first start, whether the rule fits it or not.

    Raises
    ------
    ValueError
        A part that is not read, a value that cannot be, or a rule that would need more than ``MOST`` periods.
    """
    _check(rule, first)
    often = str(rule["FREQ"][0]).upper()
    every = int(rule.get("INTERVAL", [1])[0])
    left = int(rule["COUNT"][0]) if "COUNT" in rule else None
    # without a count the periods before the span need not be gone through
    begin = 0 if left is not None else max(0, _period(often, first, since, rule) // every - 1)
    if since <= first < until:
        yield first
    left = None if left is None else left - 1
    for number in numbers(begin):
        if number - begin >= MOST:
            raise ValueError(f"it needs more than {MOST} periods")
        found, reached = _candidates(often, number * every, first, rule)
        if reached >= until.date() or (last is not None and reached > last.date()) or (left is not None and left <= 0):
            return
        for day in _chosen(found, rule):
            at = datetime.combine(day, first.time())
            if at <= first:
                continue
            if at >= until or (last is not None and at > last) or (left is not None and left <= 0):
                return
            left = None if left is None else left - 1
            if at >= since:
                yield at


def _check(rule: Mapping[str, Sequence[Any]], first: datetime) -> None:
    for name, values in rule.items():
        part = name.upper()
        if part in _CLOCK:
            if [int(value) for value in values] != [getattr(first, _CLOCK[part])]:
                raise ValueError(f"{part} is another time than that of its start, which is not read")
        elif part not in _PARTS:
            raise ValueError(f"{part} is not read; expected {', '.join(sorted(_PARTS))}")
    if str(rule.get("FREQ", [""])[0]).upper() not in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY"):
        raise ValueError(f"FREQ is {str(rule.get('FREQ'))[:40]}; expected YEARLY, MONTHLY, WEEKLY or DAILY")
    if not 1 <= int(rule.get("INTERVAL", [1])[0]) <= 1000:
        raise ValueError("INTERVAL is no whole number from 1 to 1000")
    if "COUNT" in rule and int(rule["COUNT"][0]) < 1:
        raise ValueError("COUNT is no whole number from 1")
    if any(len(values) > 366 for values in rule.values()):
        raise ValueError("a part has more than 366 values")


def _period(often: str, first: datetime, since: datetime, rule: Mapping[str, Sequence[Any]]) -> int:
    """How many days, weeks, months or years ``since`` lies after the first start."""
    if often == "DAILY":
        return (since.date() - first.date()).days
    if often == "WEEKLY":
        return (since.date() - _week(first.date(), rule)).days // 7
    months = (since.year - first.year) * 12 + since.month - first.month
    return months if often == "MONTHLY" else since.year - first.year


def _candidates(often: str, ahead: int, first: datetime, rule: Mapping[str, Sequence[Any]]) -> tuple[list[date], date]:
    """The days of the period that lies so many days, weeks, months or years ahead, and the day on which it begins."""
    months = {int(value) for value in rule.get("BYMONTH", [])}
    weekdays = [_weekday(value) for value in rule.get("BYDAY", [])]
    monthdays = {int(value) for value in rule.get("BYMONTHDAY", [])}
    if often == "DAILY":
        day = first.date() + timedelta(days=ahead)
        fits = (not months or day.month in months) and (not weekdays or day.weekday() in {w for _n, w in weekdays})
        fits = fits and (not monthdays or bool(monthdays & {day.day, day.day - _length(day) - 1}))
        return [day] if fits else [], day
    if often == "WEEKLY":
        monday = _week(first.date(), rule) + timedelta(days=7 * ahead)
        wanted = {w for _n, w in weekdays} or {first.weekday()}
        week = [monday + timedelta(days=n) for n in range(7)]
        return [day for day in week if day.weekday() in wanted and (not months or day.month in months)], monday
    if often == "MONTHLY":
        year, month = divmod(first.year * 12 + first.month - 1 + ahead, 12)
        start = date(year, month + 1, 1)
        days = _of_days(start, _length(start), weekdays, monthdays, first.day)
        return days if not months or start.month in months else [], start
    start = date(first.year + ahead, 1, 1)
    if weekdays and not months and not monthdays:
        return _of_days(start, 366 if _length(date(start.year, 2, 1)) == 29 else 365, weekdays, set(), first.day), start
    wanted_months = months or (set(range(1, 13)) if monthdays else {first.month})
    found: list[date] = []
    for month in sorted(wanted_months):
        if not 1 <= month <= 12:
            raise ValueError(f"BYMONTH holds {month}")
        begin = date(start.year, month, 1)
        found += _of_days(begin, _length(begin), weekdays, monthdays, first.day)
    return found, start


def _of_days(
    start: date, length: int, weekdays: Sequence[tuple[int, int]], monthdays: set[int], usual: int
) -> list[date]:
    """The days of a month (or year) that fit the numbers of days, and the weekdays by their number from either end."""
    days = [start + timedelta(days=n) for n in range(length)]
    if monthdays:
        days = [day for n, day in enumerate(days, 1) if n in monthdays or n - length - 1 in monthdays]
    elif not weekdays:
        return [day for day in days if day.day == usual]
    if not weekdays:
        return days
    found = set()
    for number, weekday in weekdays:
        same = [start + timedelta(days=n) for n in range(length) if (start.weekday() + n) % 7 == weekday]
        if number == 0:
            found.update(same)
        elif abs(number) <= len(same):
            found.add(same[number - 1 if number > 0 else number])
    return [day for day in days if day in found]


def _chosen(days: list[date], rule: Mapping[str, Sequence[Any]]) -> list[date]:
    places = [int(value) for value in rule.get("BYSETPOS", [])]
    if not places:
        return days
    picked = {days[n - 1 if n > 0 else n] for n in places if n and abs(n) <= len(days)}
    return sorted(picked)


def _weekday(value: Any) -> tuple[int, int]:
    """``2SU`` as (2, 6), ``SU`` as (0, 6)."""
    text = str(value).upper()
    if text[-2:] not in DAYS:
        raise ValueError(f"BYDAY holds {text[:10]!r}")
    return int(text[:-2] or 0), DAYS.index(text[-2:])


def _week(day: date, rule: Mapping[str, Sequence[Any]]) -> date:
    """The first day of the day's week."""
    begins = DAYS.index(str(rule.get("WKST", ["MO"])[0]).upper())
    return day - timedelta(days=(day.weekday() - begins) % 7)


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]
