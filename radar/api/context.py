"""``/api/v1/context``: what else happened in a place: holidays, planned work, earthquakes, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from radar import entities
from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import bad_parameter, meta, success
from radar.api.parameters import ENTITY, FROM, UNTIL
from radar.labels import _
from radar.shapes import SourceStatus
from radar.shapes.context import SOURCES, Happening, Told, document
from radar.times import parse, rfc3339

#: What is shown where no range is asked for: so long before and after the clock.
AROUND = timedelta(days=7)

#: One that lasts and whose end is not known is taken to be over after this time.
UNKNOWN_END = timedelta(days=1)

DOCUMENTS = tuple(document(source) for source in SOURCES)


def places_of(key: str) -> list[str]:
    """The entity and what it lies in: a network in a country also the network and the country, a network the country
    that it lies in nearly whole."""
    kind, _slash, code = key.partition("/")
    found = [key]
    if not entities.is_entity(key):
        return found
    if kind == "geoasn":
        found.append(f"asn/{code.partition('-')[2]}")
    parent = entities.parent(key)
    return [*found, parent] if parent else found


def touching(
    documents: Iterable[Told | None], since: datetime, until: datetime, places: Iterable[str] = ()
) -> list[Happening]:
    """The happenings that touch the half-open range, in any of the places (where none is named: all), newest first."""
    wanted = set(places)
    first, last = rfc3339(since), rfc3339(until)
    found = [
        row
        for told in documents
        if told is not None
        for row in told["happenings"]
        if row["start"] < last and _over(row) >= first and (not wanted or wanted & set(row["places"]))
    ]
    return sorted(found, key=lambda row: (row["start"], row["id"]), reverse=True)


def _over(row: Happening) -> str:
    """Until when it counts."""
    if row["end"] is not None or not row["lasts"]:
        return row["end"] or row["start"]
    return rfc3339(parse(row["start"]) + UNKNOWN_END)


def asked(documents: Mapping[str, Told | None], sources: Mapping[str, SourceStatus]) -> list[dict[str, Any]]:
    """For each source of happenings: its state, when it was asked and read last, and what was wrong."""
    rows = []
    for name in SOURCES:
        told, status = documents.get(document(name)), sources.get(name)
        rows.append({
            "source": name,
            "state": status["state"] if status else "off",
            "asked_at": told["asked_at"] if told else None,
            "read_at": told["read_at"] if told else None,
            "error": told["error"] if told else None,
        })  # fmt: skip
    return rows


@endpoint("/context", ENTITY, FROM, UNTIL)
def context(given: dict[str, Any]) -> Response:
    """Happenings with place and time that others tell of: holidays, planned maintenance, earthquakes, warnings; newest
    first. None of them is said to be the cause of anything.

    ``entity`` keeps those of the entity and of what it lies in. ``from`` and ``until`` keep those that touch the range;
    without them it is a week before the clock to a week after. ``withdrawn_at``: its source took it back, or no longer
    lists it. ``data`` is null where no source of happenings was ever read, and ``meta.state`` says why: ``off`` (none
    is switched on) or ``waiting``. ``meta.asked`` says of each source when it was read: an empty list says no more than
    that these sources told of nothing.
    """
    if given["from"] and given["until"] and given["until"] <= given["from"]:
        raise bad_parameter("until", _("until is not after from."), _("a time after from"))
    seen = access.read(*DOCUMENTS)
    now = parse(seen.clock["now"])
    since, until = given["from"] or now - AROUND, given["until"] or now + AROUND
    places = {place for key in given["entity"] for place in places_of(key)}
    statuses = [seen.sources[name] for name in SOURCES if name in seen.sources]
    documents = [seen.docs[name] for name in DOCUMENTS]
    found = touching(documents, since, until, places)
    read = any(told is not None for told in documents)
    waiting = any(row["state"] not in ("off", "history") for row in statuses)
    about = meta(
        sources=[row for row in statuses if row["state"] != "off"],
        clock=seen.clock,
        simulated=any(row["simulated"] for row in found),
        state="live" if read else "waiting" if waiting else "off",
        count=len(found) if read else 0,
        asked=asked(seen.docs, seen.sources),
        version=seen.version,
    )
    return success(found if read else None, about)
