"""``/map``: the world map of one moment alone, at an address that keeps it: to be linked, printed, downloaded, cited.

An address with ``sha256`` was made of certain states; the page says whether these are still they.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.components import kit, shell, times
from radar.components.ssr import slot
from radar.figures import worldmap
from radar.labels import _
from radar.pages import _map, _then

shell.register_page(__name__, path="/map", title="Map")

#: Name of the kit; the offer on the front page has the same.
ID = "world-map"


def layout(at: str = "", sha256: str = "", **query: str) -> Component:
    """The page; ``at``: the moment, now where there is none."""
    found = _map.read(at)
    if isinstance(found, Component):
        return found
    work, snapshot, marked = found.work, found.snapshot, found.regions
    page = shell.page(
        work.title,
        kit.standing(sha256.lower(), work.fingerprint) if sha256 else None,
        html.P(found.heading, className="lede"),
        slot("map", lambda: _then.links(worldmap.svg(found.states, regions=marked), snapshot), class_name="map-box"),
        slot("map-legend", lambda: worldmap.legend(found.states, marked)),
        html.P([_("As published at"), " ", times.time(snapshot.now), ". ", worldmap.note()], className="note"),
        shell.section(_("Share, download, cite"), kit.kit(ID, work, worldmap.describe(found.states, regions=marked))),
        kicker=_("Map"),
        description=found.heading,
        robots="noindex",
    )  # fmt: skip
    return _then.stay(page, snapshot)
