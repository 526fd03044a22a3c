"""The document of names that fail, for the pages that show it."""

from __future__ import annotations

from typing import cast

from dash import html
from dash.development.base_component import Component

from radar.api import access
from radar.components import dns
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _read
from radar.shapes.dns import Dns
from radar.store import documents

RESOLVER = "provider/our-resolver"


def names(key: str, snapshot: _read.Snapshot) -> Component | None:
    """The section "Names that fail" for our resolvers; None for every other entity, and on a page about the past, as it
    tells of the last hour alone."""
    if key != RESOLVER or snapshot.at:
        return None
    try:
        found = cast("Dns | None", documents.get(access.client(), "dns"))
    except StoreUnavailable:
        _read.note_hole()
        return html.P(_("Which names fail cannot be read just now."), className="note")
    return dns.block(found, snapshot.outages)
