"""Happenings for the pages that show them: read once per publication, the last good ones while the store is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dash.development.base_component import Component

from radar.api import access
from radar.api.context import AROUND, DOCUMENTS, places_of, touching
from radar.components import context, times
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _read
from radar.shapes import Outage, SourceStatus
from radar.shapes.context import SOURCES, Told
from radar.store import documents

#: How long before its start an outage's page looks.
BEFORE = timedelta(hours=6)

#: Of which store and version, and what it held.
_kept: tuple[Any, int, dict[str, Told | None]] | None = None


def here(key: str, snapshot: _read.Snapshot) -> Component:
    """What else is known of an entity."""
    told = _told(snapshot)
    if told is None:
        return context.unreadable(_("What else is known here"))
    now = times.parse(snapshot.now)
    since, until = now - AROUND, now + AROUND
    found = touching(told.values(), since, until, places_of(key))
    return context.here(found, told, _sources(snapshot), key, times.rfc3339(since), times.rfc3339(until), snapshot.now)


def at_the_same_time(outage: Outage, snapshot: _read.Snapshot) -> Component | None:
    """What is known of an outage's place while it lasted; None for recorded history, of which nobody was asked."""
    if outage.get("history"):
        return None
    told = _told(snapshot)
    if told is None:
        return context.unreadable(_("At the same time"))
    since = times.parse(outage["start_earliest"]) - BEFORE
    until = times.parse(outage["end"] or snapshot.now) + timedelta(seconds=1)  # the last moment counts
    found = touching(told.values(), since, until, places_of(outage["entity"]))
    return context.at_the_same_time(found, told, _sources(snapshot), times.rfc3339(since), times.rfc3339(until),
                                    snapshot.now)  # fmt: skip


def _sources(snapshot: _read.Snapshot) -> dict[str, SourceStatus]:
    return {name: row for name in SOURCES if (row := snapshot.source(name)) is not None}


def _told(snapshot: _read.Snapshot) -> dict[str, Told | None] | None:
    """The documents by name; None when they cannot be read and this process never did."""
    global _kept
    client = access.client()
    if _kept is not None and _kept[0] is client and _kept[1] == snapshot.version:
        return _kept[2]
    try:
        found = documents.read(client, DOCUMENTS).docs
    except StoreUnavailable:
        _read.note_hole()
        return _kept[2] if _kept is not None and _kept[0] is client else None
    _kept = (client, snapshot.version, found)
    return found
