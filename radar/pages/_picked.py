"""What of the front page is picked: a country or a region, a level, or both. The address says it, of countries and
levels in the words of ``/outages``.

The server draws it as the browser would (``assets/home/pick.js``), so that a link shows at once, and without scripts,
what whoever passed it on had seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.components import outages
from radar.components.ssr import marks
from radar.errors import EntityError
from radar.figures import world
from radar.labels import _
from radar.shapes import EntityState, Outage

LEVELS = ("outage", "degraded")

#: A region that is marked on the map, up to its level.
_REGION = re.compile(r'<a href="/region/(?P<code>[\w-]+)" class="r s-(?:outage|degraded)')


@dataclass(frozen=True, slots=True)
class Picked:
    """``place``: code of a country or of a region, "" for all; ``level``: one of LEVELS, "" for both; ``wrong``: what
    the address names and is neither."""

    place: str = ""
    level: str = ""
    wrong: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What an address has to say to show the same."""
        return {name: value for name, value in (("place", self.place), ("level", self.level)) if value}

    def address(self, at: str | None = None, *, all: bool = False) -> str:
        """The front page with this picked, as of ``at``; ``all``: with nothing picked."""
        query = ({"at": at} if at else {}) | ({} if all else self.query)
        return f"/?{urlencode(query, safe=':')}" if query else "/"

    @property
    def is_region(self) -> bool:
        """Whether it is a region that is picked, not a whole country."""
        return "-" in self.place

    def mark(self, svg: str, rows: Sequence[Outage] = ()) -> str:
        """The map with what is not picked pale, and without regions of which the list shows nothing. ``rows``: what
        is listed."""
        names = [f"only-{self.level}"] if self.level else []
        if self.level:
            fitting = [(row, *parts) for row, parts in outages.wholes(rows) if row["level"] == self.level]
            shown = {code for some in fitting for code in outages.places(some)}
            svg = _REGION.sub(lambda found: found[0] if found["code"] in shown else f"{found[0]} off", svg)
        if self.place:
            names.append("picking")
            within = self.place if self.is_region else rf"{self.place}-\w+"
            link = rf'<a href="/(?:country/{self.place[:2]}|region/{within})" class="[cr] s-\w+'
            svg = re.sub(link, r"\g<0> picked", svg)
        return svg.replace('class="map ', f'class="{" ".join(["map", *names])} ', 1) if names else svg

    def narrow(self, listing: Component, rows: Sequence[Outage]) -> Component:
        """A list of outages (``outages.listing``) with what is not picked hidden."""
        for line, (whole, parts) in zip(listing.children, outages.wholes(rows), strict=True):
            if not self._fits(whole, parts):
                line.className = "off"
        return listing

    def told(self, countries: Mapping[str, EntityState], rows: Sequence[Outage], at: str | None) -> list[Any]:
        """What is picked in words, with the way on and the way back; nothing where nothing is."""
        if self.wrong:
            return [_("There is no country with the code {code}.").format(code=self.wrong)]
        none = not any(self._fits(whole, parts) for whole, parts in outages.wholes(rows))
        nothing = _("Nothing open here.")
        if not self.place:
            return [nothing] if self.level and none else []
        key = f"region/{self.place}" if self.is_region else f"country/{self.place}"
        (words,) = (
            [region.words for region in outages.regions(rows, self.place) if region.code == self.place]
            if self.is_region
            else [world.words_of(self.place, countries.get(self.place), None)]
        )
        name, page = entities.name(key), f"/{key}?at={at}" if at else f"/{key}"
        return [
            html.Span(words),
            html.Span(nothing) if none and nothing not in words else None,
            html.A(_("The page of {name}").format(name=name), href=page),
            html.A(_("Show all"), href=self.address(at, all=True), **marks(data_clear="")),
        ]

    def _fits(self, whole: Outage, parts: Sequence[Outage]) -> bool:
        if self.level and whole["level"] != self.level:
            return False
        return not self.place or self.place in outages.places((whole, *parts))


def read(place: str, level: str) -> Picked:
    """What an address asks for; anything may stand there."""
    level = level if level in LEVELS else ""
    if not place:
        return Picked(level=level)
    try:
        return Picked(entities.parse(f"{'region' if '-' in place else 'country'}/{place}").code, level)
    except EntityError:
        return Picked(level=level, wrong=repr(place[:20]))
