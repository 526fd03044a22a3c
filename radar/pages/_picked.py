"""What of the front page is picked: a country, a level, or both. The address says it, in the words of ``/outages``.

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


@dataclass(frozen=True, slots=True)
class Picked:
    """``place``: code of a country, "" for all; ``level``: one of LEVELS, "" for both; ``wrong``: what the address
    names and is no country."""

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

    def mark(self, svg: str) -> str:
        """The map with what is not picked pale."""
        names = [f"only-{self.level}"] if self.level else []
        if self.place:
            names.append("picking")
            svg = re.sub(rf'(<a href="/country/{self.place}" class="c s-\w+)', r"\1 picked", svg, count=1)
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
        name = entities.name(f"country/{self.place}")
        page = f"/country/{self.place}?at={at}" if at else f"/country/{self.place}"
        return [
            html.Span(world.words_of(self.place, countries.get(self.place), None)),
            html.Span(nothing) if none else None,
            html.A(_("The page of {name}").format(name=name), href=page),
            html.A(_("Show all"), href=self.address(at, all=True), **marks(data_clear="")),
        ]

    def _fits(self, whole: Outage, parts: Sequence[Outage]) -> bool:
        if self.level and whole["level"] != self.level:
            return False
        return not self.place or any(outages.country_of(row["entity"]) == self.place for row in (whole, *parts))


def read(place: str, level: str) -> Picked:
    """What an address asks for; anything may stand there."""
    level = level if level in LEVELS else ""
    if not place:
        return Picked(level=level)
    try:
        return Picked(entities.parse(f"country/{place}").code, level)
    except EntityError:
        return Picked(level=level, wrong=repr(place[:20]))
