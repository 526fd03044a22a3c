"""Who depends on whom, for the pages that show it: read from the store for each page, as it belongs to no
publication."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from dash import html
from dash.development.base_component import Component

from radar.api import access
from radar.components import network, paths, shell
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _read
from radar.shapes.paths import Paths, PathsView
from radar.store import documents, routes


def section(key: str, snapshot: _read.Snapshot) -> Component | None:
    """The part of a network's or country's page; None for what has no paths, and where no source of routes runs."""
    asn = network.number_of(key)
    if asn is None and not key.startswith("country/"):
        return None
    whole = key if asn is None else f"asn/{asn}"
    try:
        about, views = read([whole])
        if about is None and _read.routing() is None:
            return None  # the part about routes says how to switch one on
    except StoreUnavailable:
        return shell.section(_("Neighbours and dependents"), html.P(
            _("We cannot read the paths of the routing table just now."), className="none"), id="paths")  # fmt: skip
    status = snapshot.source(about["source"]) if about else None
    return paths.block(whole, views[whole], about, status=status, now=snapshot.now)


def read(keys: Iterable[str]) -> tuple[Paths | None, dict[str, PathsView | None]]:
    """What the views rest on, and those of these entities. Raises StoreUnavailable."""
    try:
        client = access.client()
        return cast("Paths | None", documents.get(client, "paths")), routes.read_paths(client, keys)
    except StoreUnavailable:
        _read.note_hole()
        raise
