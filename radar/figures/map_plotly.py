"""The world map as a Plotly dict figure that lies over its SVG (worldmap.py).

Plotly draws the same shapes from ``assets/topojson/world_110m.json`` with the same projection and ranges. Shapes of
"too little data" get their hatch from figures.css, which recognises their fill.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from radar.entities import countries
from radar.figures.palette import FONT, WORST_FIRST, colours
from radar.figures.text import bare
from radar.figures.world import Place, WorldMap, by_urgency, kind_of, neutral_words, shapes, words_of
from radar.shapes import EntityState

#: Plotly's ``config`` for the map: base shapes come from our own server only.
CONFIG: dict[str, Any] = {
    "topojsonURL": "/assets/topojson/",
    "displayModeBar": False,
    "displaylogo": False,
    "scrollZoom": False,
    "responsive": True,
}

#: Dot sizes in pixels by state, the same as the stroke widths in figures.css.
_DOT = {"outage": 9.0, "degraded": 8.0, "insufficient": 6.0, "ok": 4.5, "none": 4.5}
#: Width of the ring where a dot is drawn as one, by state.
_RING = {"degraded": 2.8, "insufficient": 1.2}


def figure(states: Mapping[str, EntityState], *, theme: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The same map as a Plotly dict figure.

    Every country is one location (ISO-3) or one dot; ``customdata`` is its alpha-2 code, for a click. Colours are
    those of ``theme`` ("light" or "dark"), the background is transparent, the hatch of "too little data" is put on by
    figures.css through the fill value. ``uirevision`` is constant: new data do not undo the reader's zoom.
    """
    world = shapes()
    paint = colours(theme)
    table = countries()
    areas: list[tuple[str, str, str, str]] = []  # ISO-3, kind, hover text, alpha-2
    dots: dict[tuple[str, bool], list[tuple[str, str, Place]]] = {}
    for code, state in by_urgency(states):
        place = world["countries"][code]
        words, kind = words_of(code, state, names), kind_of(state)
        if place["d"]:
            areas.append((table[code].alpha3, kind, words, code))
        if place["dot"] or kind in ("outage", "degraded"):
            dots.setdefault((kind, place["dot"]), []).append((code, words, place))
    scale = list(reversed(WORST_FIRST))
    step = 1 / len(scale)
    colorscale = [[edge, paint[kind]] for i, kind in enumerate(scale) for edge in (i * step, (i + 1) * step)]
    plain = [paint["paper"]] * len(world["neutral"])
    data: list[dict[str, Any]] = [
        {
            "type": "choropleth",
            "locationmode": "ISO-3",
            "locations": [n["id"] for n in world["neutral"]] + [a[0] for a in areas],
            "z": [0.5] * len(world["neutral"]) + [scale.index(a[1]) + 0.5 for a in areas],
            "zmin": 0,
            "zmax": len(scale),
            "text": [bare(neutral_words(n)) for n in world["neutral"]] + [bare(a[2]) for a in areas],
            "customdata": [None] * len(world["neutral"]) + [a[3] for a in areas],
            "colorscale": colorscale,
            "showscale": False,
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "line": {
                    "color": plain + [paint["ink" if a[1] == "outage" else "paper"] for a in areas],
                    "width": [0.6] * len(plain) + [0.9 if a[1] == "outage" else 0.6 for a in areas],
                }
            },
        },
        {
            "type": "scattergeo",
            "mode": "lines",
            "lon": [x for line in world["disputed"]["lines"] for x in [*(p[0] for p in line), None]],
            "lat": [y for line in world["disputed"]["lines"] for y in [*(p[1] for p in line), None]],
            "line": {"color": paint["ink-3"], "width": 0.9, "dash": "2px,2px"},
            "hoverinfo": "skip",
        },
    ]
    data += [
        _dots(kind, tiny, dots[kind, tiny], paint) for kind in scale for tiny in (False, True) if (kind, tiny) in dots
    ]
    return {"data": data, "layout": _layout(world, paint)}


def _dots(kind: str, tiny: bool, some: list[tuple[str, str, Place]], paint: dict[str, str]) -> dict[str, Any]:
    ring = _RING.get(kind) if tiny else None  # a ring of outer size _DOT; Plotly's size is that of the line's middle
    colour = paint[{"none": "insufficient", "insufficient": "insufficient-ink"}.get(kind, kind)]
    return {
        "type": "scattergeo",
        "mode": "markers",
        "lon": [place["lonlat"][0] for _code, _words, place in some],
        "lat": [place["lonlat"][1] for _code, _words, place in some],
        "text": [bare(words) for _code, words, _place in some],
        "customdata": [code for code, _words, _place in some],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "size": _DOT[kind] - (ring or 0),
            "symbol": "square" if kind == "outage" else "circle-open" if ring else "circle",
            "color": colour,
            "opacity": 1,
            "line": {"color": colour, "width": ring or 0},
        },
    }


def _layout(world: WorldMap, paint: dict[str, str]) -> dict[str, Any]:
    projection = world["projection"]
    return {
        "geo": {
            "scope": "world",
            "resolution": 110,
            "visible": False,
            "bgcolor": "rgba(0,0,0,0)",
            "projection": {
                "type": projection["type"],
                "rotation": {"lon": projection["rotation"], "lat": 0, "roll": 0},
                "minscale": 1,
                "maxscale": 12,
            },
            "lonaxis": {"range": projection["lon"]},
            "lataxis": {"range": projection["lat"]},
            # Plotly puts this point into the middle of the box; the middle of the ranges would move the map.
            "center": {"lon": projection["rotation"], "lat": projection["center_lat"]},
            "domain": {"x": [0, 1], "y": [0, 1]},
        },
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "dragmode": "pan",
        "uirevision": "map",
        "font": {"family": FONT, "size": 14, "color": paint["ink"]},
        "hoverlabel": {
            "bgcolor": paint["paper"],
            "bordercolor": paint["ink-3"],
            "font": {"family": FONT, "size": 14, "color": paint["ink"]},
            "align": "left",
        },
    }
