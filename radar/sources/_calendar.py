"""Events of an iCalendar file (RFC 5545) as single occurrences within a span of time.

Files may be anything, so what could grow is bounded: bytes, events, occurrences of one event. Time zones are those of
the system's table by name (also Windows' names); what a file itself says of a zone is not read. Times without a zone,
and whole days, are those of the calendar's ``X-WR-TIMEZONE``, else UTC.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from radar.sources._recurrence import starts
from radar.sources._rejections import Rejections

#: Bytes of a file, events of it, and occurrences of one event in the span, that are read.
MOST_BYTES, MOST_EVENTS, MOST_TIMES = 1_000_000, 2_000, 200

_ZONES = re.compile(r"^BEGIN:VTIMEZONE\b.*?^END:VTIMEZONE\b[^\n]*\n?", re.MULTILINE | re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an event takes place. ``key`` stays when it is moved; ``end`` None: it says none."""

    key: str
    start: datetime
    end: datetime | None
    event: Any  # the component, for its texts

    def text(self, name: str) -> str:
        """A property as text; several joined by a comma; "" for none."""
        found = self.event.get(name)
        if isinstance(found, list):
            return ", ".join(_plain(one) for one in found)
        return "" if found is None else _plain(found)


def occurrences(text: str, since: datetime, until: datetime, rejected: Rejections) -> Iterator[Occurrence]:
    """The occurrences that touch the half-open span, in the order of the file.

    Raises
    ------
    ValueError
        No iCalendar file, or too large a one; says what was expected.
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"has {len(text)} characters; expected at most {MOST_BYTES}")
    if not re.match(r"\s*BEGIN:VCALENDAR\b", text, re.IGNORECASE):
        raise ValueError("does not begin with BEGIN:VCALENDAR; expected an iCalendar file")
    if not re.search(r"\nEND:VCALENDAR\s*$", text[-100:], re.IGNORECASE):
        raise ValueError("does not end with END:VCALENDAR; expected a whole iCalendar file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's doubts about names of zones
            calendar: Any = Calendar.from_ical(_ZONES.sub("", text.replace("\r\n", "\n")))
            events = list(islice(calendar.walk("VEVENT"), MOST_EVENTS + 1))
            yield from _of_events(events, _zone(calendar.get("X-WR-TIMEZONE")), since, until, rejected)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"is no iCalendar file: {str(error)[:100]}") from error


def _of_events(
    events: list[Any], zone: tzinfo, since: datetime, until: datetime, rejected: Rejections
) -> Iterator[Occurrence]:
    if len(events) > MOST_EVENTS:
        rejected.add("more events than are read", f"more than {MOST_EVENTS}")
    moved: dict[tuple[str, datetime], Any] = {}
    whole: dict[str, Any] = {}
    for event in events[:MOST_EVENTS]:
        uid = str(event.get("UID") or "")[:200]
        if not uid or "DTSTART" not in event:
            rejected.add("an event without UID or DTSTART", ", ".join(sorted(event))[:80])
        elif "RECURRENCE-ID" in event:
            try:
                moved[(uid, _time(event["RECURRENCE-ID"], zone))] = event
            except (ValueError, AttributeError, OverflowError) as error:
                rejected.add("an event whose times cannot be read", str(error)[:80])
        elif uid not in whole or _sequence(event) >= _sequence(whole[uid]):
            whole[uid] = event
    for (uid, at), event in moved.items():
        yield from _single(f"{uid} {at:%Y%m%dT%H%M}", event, zone, since, until, rejected)
    for uid, event in whole.items():
        if "RRULE" not in event and "RDATE" not in event:
            yield from _single(uid, event, zone, since, until, rejected)
            continue
        try:
            start, length = _span(event, zone)
            times = _repeated(event, start, zone, since - (length or timedelta()), until)
        except (ValueError, AttributeError, OverflowError, TypeError) as error:
            rejected.add("an event that cannot be repeated", str(error)[:80])
            continue
        for at in times:
            if (uid, at) not in moved and at < until and at + (length or timedelta()) >= since:
                end = None if length is None else at + length
                yield Occurrence(f"{uid} {at:%Y%m%dT%H%M}", at, end, event)


def _single(
    key: str, event: Any, zone: tzinfo, since: datetime, until: datetime, rejected: Rejections
) -> Iterator[Occurrence]:
    try:
        start, length = _span(event, zone)
        end = None if length is None else start + length
    except (ValueError, AttributeError, OverflowError, TypeError) as error:
        rejected.add("an event whose times cannot be read", str(error)[:80])
        return
    if start < until and (end or start) >= since:
        yield Occurrence(key, start, end, event)


def _span(event: Any, zone: tzinfo) -> tuple[datetime, timedelta | None]:
    """Start, and how long it lasts; None where the event does not say. ValueError."""
    first = event["DTSTART"].dt
    start = _time(event["DTSTART"], zone)
    if "DTEND" in event:
        length = _time(event["DTEND"], zone) - start
    elif "DURATION" in event:
        length = event["DURATION"].dt
    elif not isinstance(first, datetime):
        length = _aware(first + timedelta(days=1), zone) - start
    else:
        return start, None
    if not timedelta() <= length <= timedelta(days=366):
        raise ValueError(f"it lasts {length}; expected up to a year")
    return start, length


def _repeated(event: Any, start: datetime, zone: tzinfo, since: datetime, until: datetime) -> list[datetime]:
    """The starts of a repeated event from ``since`` on, in UTC, first the earliest. ValueError for a rule that is none.

    Rules are worked out on the clock of the event's own zone, so that "at three" stays at three when clocks change.
    """
    first = event["DTSTART"].dt
    own = first.tzinfo if isinstance(first, datetime) and first.tzinfo else zone
    local = start.astimezone(own).replace(tzinfo=None)
    limit = until.astimezone(own).replace(tzinfo=None)
    found = {start}
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        found.update(_of_rule(rule, local, limit, own, since))
    gone = set(_dates(event, "EXDATE", zone))
    found.update(at for at in _dates(event, "RDATE", zone) if at < until)
    return sorted(at for at in found - gone if at >= since)[:MOST_TIMES]


def _of_rule(rule: Any, local: datetime, limit: datetime, own: tzinfo, since: datetime) -> Iterator[datetime]:
    ends = rule.get("UNTIL", [None])[0]
    last = None
    if ends is not None:
        last = _aware(ends, own).astimezone(own).replace(tzinfo=None)
        last += timedelta(0) if isinstance(ends, datetime) else timedelta(hours=23, minutes=59)
    begin = since.astimezone(own).replace(tzinfo=None)
    for at in starts(rule, local, begin, limit, last):
        yield at.replace(tzinfo=own).astimezone(UTC)


def _dates(event: Any, name: str, zone: tzinfo) -> Iterator[datetime]:
    found = event.get(name, [])
    for one in found if isinstance(found, list) else [found]:
        for item in islice(one.dts, MOST_TIMES):
            at = item.dt[0] if isinstance(item.dt, tuple) else item.dt
            _known(at, one)
            yield _aware(at, zone)


def _time(value: Any, zone: tzinfo) -> datetime:
    """The time of a property, in UTC. ValueError for one in a zone that is not known."""
    _known(value.dt, value)
    return _aware(value.dt, zone)


def _known(at: Any, value: Any) -> None:
    if isinstance(at, datetime) and at.tzinfo is None and "TZID" in value.params:
        raise ValueError(f"the time zone {str(value.params['TZID'])[:40]!r} is not known")


def _aware(at: date, zone: tzinfo) -> datetime:
    """A time in UTC. ValueError outside of the years 1900 to 2200."""
    if not 1900 < at.year < 2200:
        raise ValueError(f"{at} lies too far away")
    whole = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001 - given one below
    return (whole if whole.tzinfo else whole.replace(tzinfo=zone)).astimezone(UTC)


def _zone(name: Any) -> tzinfo:
    try:
        return ZoneInfo(str(name)) if name else UTC
    except (KeyError, ValueError, OSError):
        return UTC


def _sequence(event: Any) -> int:
    try:
        return int(event.get("SEQUENCE", 0))
    except (ValueError, TypeError):
        return 0


def _plain(value: Any) -> str:
    if hasattr(value, "cats"):
        return ", ".join(str(one) for one in value.cats)
    return str(value)
