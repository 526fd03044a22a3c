"""A map of where the matches of a rule came from: the named countries, shaded by their share, in greys.

Colour means state on this site, so shades say how much. The tables beside the map hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from radar.components.attacks import percent
from radar.components.ssr import slot
from radar.figures.text import esc
from radar.figures.world import name_of, shapes
from radar.labels import N_, _
from radar.shapes.attacks import Share, Window

#: Shades of the map: share of the rule's matches up to which each one reaches.
SHADES: tuple[tuple[float, str], ...] = ((0.01, N_("under 1 %")), (0.05, N_("1 to 5 %")), (0.2, N_("5 to 20 %")),
                                         (1.01, N_("20 % or more")))  # fmt: skip


def world(window: Window, id: str) -> Component:
    """A map of the named countries of origin, shaded by their share."""
    shares = {row["entity"].removeprefix("country/"): row for row in window["countries"]}
    legend = [html.Li([html.Span(className=f"swatch q{at}"), _(words)]) for at, (_top, words) in enumerate(SHADES, 1)]
    legend.insert(0, html.Li([html.Span(className="swatch"), _("none that we name")]))
    return html.Div([slot(id, lambda: _map(shares)), html.Ul(legend, className="plain shades")])


def _map(shares: Mapping[str, Share]) -> str:
    drawing = shapes()
    parts: list[str] = []
    dots: list[str] = []
    for code, place in drawing["countries"].items():
        row = shares.get(code)
        shade = "" if row is None else f" q{next(at for at, (top, _w) in enumerate(SHADES, 1) if row['share'] < top)}"
        words = name_of(code, None)
        if row is not None:
            words = f"{words}: {row['matches']:,} ({percent(row['share'])})"
        inside = f'<path d="{place["d"]}"/>' if place["d"] else ""
        if place["dot"]:
            x, y = place["at"]
            inside += f'<path class="t" d="M{x} {y}h0"/><path class="p" d="M{x} {y}h0"/>'
        (dots if place["dot"] else parts).append(
            f'<a href="/country/{code}" class="c{shade}" tabindex="-1"><title>{esc(words)}</title>{inside}</a>'
        )
    neutral = "".join(f'<g class="c"><path d="{place["d"]}"/></g>' for place in drawing["neutral"])
    names = ", ".join(f"{name_of(code, None)} {percent(row['share'])}" for code, row in list(shares.items())[:10])
    label = _("Map of origins: {names}").format(names=names or _("none"))
    return (
        f'<svg class="map origins" role="img" viewBox="0 0 {drawing["width"]} {drawing["height"]}"'
        f' xmlns="http://www.w3.org/2000/svg" aria-label="{esc(label)}">{neutral}{"".join(parts)}'
        f'<path class="disputed" d="{drawing["disputed"]["d"]}"/>{"".join(dots)}</svg>'
    )
