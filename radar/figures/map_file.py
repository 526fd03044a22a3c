"""The world by state, or in shades, as a picture of its own: title, sentence, legend, source, licence, time and address
are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from radar.figures import sheet, worldmap
from radar.figures.world import Region
from radar.shapes import EntityState


def svg(
    states: Mapping[str, EntityState],
    *,
    regions: Sequence[Region] = (),
    title: str,
    sentence: str,
    credit: str,
    base: str,
) -> str:
    """The finished file, in the colours of the light theme.

    Parameters
    ----------
    states
        By alpha-2 code; a country that is absent is drawn as "no data".
    regions
        What is marked within countries.
    sentence, credit
        What is said above the map and below it; both are wrapped.
    base
        Address of the site, before the paths of its pages, for the links of the countries.
    """
    legend = [(mark, f"{words} {n}") for mark, words, n in worldmap.key(states, regions)]
    drawing = worldmap.svg(states, regions=regions, compact=True)
    return shaded(drawing, legend, title=title, sentence=sentence, credit=credit, base=base)


def shaded(
    drawing: str, legend: Sequence[tuple[str, str]], *, title: str, sentence: str, credit: str, base: str
) -> str:
    """Any map of the world as a finished file. ``legend``: marks of 12 by 12 pixels, and their words."""
    drawing, room = body(drawing, legend)
    drawing = drawing.replace('href="/', f'href="{escape(base)}/')
    return sheet.svg(drawing, room, title=title, sentence=sentence, credit=credit)


def body(drawing: str, legend: Sequence[tuple[str, str]]) -> tuple[str, int]:
    """A map of the world with its legend, as wide as a sheet has room -> SVG, and its height."""
    across = sheet.WIDE - 2 * sheet.EDGE
    high = round(across * worldmap.ASPECT[1] / worldmap.ASPECT[0])
    drawing = drawing.replace("<svg ", f'<svg width="{across}" height="{high}" ', 1)
    key, room = sheet.legend(legend)
    return f'{drawing}<g transform="translate(0,{high + 12})">{key}</g>', high + 12 + room
