"""Planned maintenance: events of calendars (iCalendar, RFC 5545) that the operator of this radar names.

Upstream: files and addresses of the setting ``planned_maintenance``. Licence: the operator's own data, or the terms of
whoever publishes the calendar.

What an event speaks of is read from its own words: entity keys (``asn/5089``) in its categories or location, AS numbers
(``AS5089``), a position (GEO), a country's name in its location; else it is what the setting says of the calendar.
Events marked private or confidential are left out, and descriptions and people are never read.

One answer holds one round over all calendars: see ``radar/sources/_context.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from radar import settings
from radar.entities import country_of_name, is_entity
from radar.errors import ConfigError, SourceError, UpstreamUnavailable
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._calendar import MOST_BYTES, Occurrence, occurrences
from radar.sources._context import MOST, Row, happening, lines, parsed, places, read, round_row
from radar.sources._context_places import nearest
from radar.sources._rejections import Rejections
from radar.sources._status_text import TITLE, address, words
from radar.times import parse as parse_time
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http

NAME = "planned_maintenance"

#: Occurrences that are told: those that end after, and begin before.
BACK, AHEAD = timedelta(days=14), timedelta(days=60)

_KEY = re.compile(r"(?<![\w/])(?:country|region|asn|geoasn|provider)/[A-Za-z0-9-]{1,64}")
_AS = re.compile(r"\bAS ?([1-9][0-9]{0,9})\b")


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Read every calendar once; one that fails is told as failing and never stops the others.

    Raises ConfigError when the setting is empty, and UpstreamUnavailable when none of the calendars could be read.
    """
    setting = settings.load().planned_maintenance
    if not setting:
        raise ConfigError("RADAR_PLANNED_MAINTENANCE is empty; expected iCalendar files or addresses")
    asked = rfc3339(until)
    told: list[bytes] = []
    failed = 0
    for place in places(NAME, setting):
        try:
            told.append(place.line(asked, body=read(http, place, NAME, most=MOST_BYTES)))
        except (SourceError, OSError, ValueError) as error:
            failed += 1
            told.append(place.line(asked, error=place.trouble(error)))
    yield Answer(f"calendars-{asked.replace(':', '')}.ndjson", b"\n".join(told) + b"\n")
    if failed == len(told):
        raise UpstreamUnavailable(NAME, f"none of {failed} calendars could be read")


def parse(body: bytes, *, name: str = "") -> Parsed:
    """No series; counts the occurrences that are told and what could not be read. Pure and total."""
    rejected = Rejections()
    return parsed(_rows(body, name, rejected), rejected)


def details(body: bytes, *, name: str = "") -> list[Row]:
    """Rows for the book, in the form of ``radar/sources/_context.py``. Raises UpstreamChanged."""
    return _rows(body, name, Rejections())


def _rows(body: bytes, name: str, rejected: Rejections) -> list[Row]:
    rows: list[Row] = []
    for line in lines(NAME, body, name, rejected):
        scope, asked = line["scope"], line["asked_at"]
        if line["error"] is not None:
            rejected.add("a calendar could not be read", f"{scope}: {line['error']}")
            rows.append(round_row(scope, asked, since=None, until=None, error=line["error"]))
            continue
        now = parse_time(asked)
        try:
            found = [
                row
                for occurrence in occurrences(line["body"], now - BACK, now + AHEAD, rejected)
                if (row := _row(occurrence, line, rejected)) is not None
            ]
        except ValueError as error:
            rejected.add("a calendar in another form", f"{scope}: {error}")
            rows.append(round_row(scope, asked, since=None, until=None, error=f"it {error}"))
            continue
        if len(rows) + len(found) > MOST:
            rejected.add("more occurrences than are read", scope, len(rows) + len(found) - MOST)
            found = found[: MOST - len(rows)]
        # many calendars forget what is past: only what lies ahead can be missed
        rows.append(round_row(scope, asked, since=asked, until=rfc3339(now + AHEAD)))
        rows += found
    return rows


def _row(found: Occurrence, line: dict[str, Any], rejected: Rejections) -> Row | None:
    title = words(found.text("SUMMARY"), TITLE)
    if found.text("CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"):
        rejected.add("a private event", line["scope"])
        return None
    entities = _entities(found) or line["places"]
    if not title or not entities:
        rejected.add("an event without a title or a place", f"{line['scope']}: {title[:60]!r}")
        return None
    priority = found.text("PRIORITY")
    key = blake2b(f"{line['scope']} {found.key}".encode("utf-8", "replace"), digest_size=10).hexdigest()
    return happening(
        scope=line["scope"],
        id=f"{NAME}:{key}",
        kind="maintenance",
        title=title,
        places=entities,
        area=words(found.text("LOCATION"), TITLE),
        start=rfc3339(found.start),
        end=None if found.end is None else rfc3339(found.end),
        lasts=found.end is not None,
        severity=f"priority {priority}" if priority in tuple("123456789") else None,
        url=address(found.text("URL")),
        withdrawn=found.text("STATUS").upper() == "CANCELLED",
    )


def _entities(found: Occurrence) -> list[str]:
    """What the event says that it is about; none where it says nothing that we know."""
    location, named = found.text("LOCATION"), f"{found.text('CATEGORIES')} {found.text('LOCATION')}"[:4000]
    keys = [key for key in _KEY.findall(named) if is_entity(key)]
    keys += [
        key for number in _AS.findall(f"{named} {found.text('SUMMARY')[:400]}") if is_entity(key := f"asn/{number}")
    ]
    if keys:
        return keys[:50]
    geo = found.event.get("GEO")
    if geo is not None and hasattr(geo, "latitude") and abs(geo.latitude) <= 90 and abs(geo.longitude) <= 180:
        return nearest(float(geo.latitude), float(geo.longitude), 300.0)
    country = country_of_name(location[:400])
    return [f"country/{country}"] if country else []


SOURCE = Source(
    name=NAME,
    title="Planned maintenance",
    org="The operator of this radar",
    url="/sources#planned_maintenance",
    info_url="https://www.rfc-editor.org/rfc/rfc5545",
    licence="The operator's own data",
    licence_url="/about#own-measurements",
    attribution="Calendars named by the operator of this radar",
    cadence_s=3600,
    lag_s=0,
    signals={},
    summary="Maintenance that networks and providers have planned, from calendars (iCalendar) that the operator names.",
    setting=NAME,
    proof="documented",
)
