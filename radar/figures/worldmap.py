"""The world by state: one drawing, as finished SVG and as a Plotly dict figure that lies exactly over it.

Both come from ``radar/data/world_map.json`` and ``assets/topojson/world_110m.json``, made from the same shapes by
``scripts/assets/build_map.mjs`` (Natural Earth, public domain; Equal Earth projection, Antarctica cropped). Give the
box around both the aspect ratio ``ASPECT`` and nothing moves when the scripts arrive.

The SVG holds no colour: classes only (``assets/figures.css``), so one text serves both themes. Places too small to see
are dots of constant size on the screen with a 24 px target. A country is a link outside the tab order: the list beside
the map and the search are the way by keyboard, and 250 stops would be none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypedDict

from radar.entities import countries
from radar.figures.palette import FONT, WORST_FIRST, colours
from radar.figures.text import esc
from radar.labels import STATES, _, ngettext
from radar.shapes import EntityState


class Place(TypedDict):
    """One shape: path, label point in map units and in degrees, and whether it is too small to see."""

    d: str
    at: list[int]
    lonlat: list[float]
    dot: bool


class Neutral(Place):
    """A shape without an ISO code."""

    id: str
    name: str


class Border(TypedDict):
    """Disputed borders: one path, and the same lines in degrees."""

    d: str
    lines: list[list[list[float]]]


class WorldMap(TypedDict):
    """The packaged drawing."""

    width: int
    height: int
    projection: dict[str, Any]
    countries: dict[str, Place]
    neutral: list[Neutral]
    disputed: Border


@lru_cache(maxsize=1)
def shapes() -> WorldMap:
    """The packaged drawing, read once."""
    raw = files("radar").joinpath("data/world_map.json").read_text(encoding="utf-8")
    loaded: WorldMap = json.loads(raw)
    return loaded


#: Width by height of the map; the CSS of the box around it must say the same (``figures.css``: ``--map-aspect``).
ASPECT = (9600, 4283)

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


def svg(
    states: Mapping[str, EntityState], *, names: Mapping[str, str] | None = None, compact: bool = False
) -> str:
    """The finished map.

    Parameters
    ----------
    states
        By alpha-2 code. A country that is absent is drawn as "no data", never as normal.
    names
        Names to show by alpha-2 code; the country table's where absent.
    compact
        Leave out the sentences in the titles and the wide touch targets, for small embeds.

    Returns
    -------
    str
        ``<svg class="map" role="img">`` with every country once as ``<a href="/country/IQ" class="c s-outage">``.
        Needs ``figures.css``. Scales to the width of its box.
    """
    world = shapes()
    large: list[str] = []
    small: list[str] = []
    for code, state in _by_urgency(states):
        place = world["countries"][code]
        words = _words(code, state, names, short=compact)
        kind = _kind(state)
        x, y = place["at"]
        parts = [f'<a href="/country/{code}" class="c s-{kind}" tabindex="-1"><title>{esc(words)}</title>']
        if place["d"]:
            parts.append(f'<path d="{place["d"]}"/>')
        if place["dot"]:
            if not compact:
                parts.append(f'<path class="t" d="M{x} {y}h0"/>')
            parts.append(_dot(x, y, kind))
        elif kind in ("outage", "degraded"):
            parts.append(f'<path class="p" d="M{x} {y}h0"/>')  # lost in a large shape, seen on a small screen
        parts.append("</a>")
        (small if place["dot"] else large).append("".join(parts))
    neutral = "".join(
        f'<g class="c s-none"><title>{esc(_neutral_words(n))}</title><path d="{n["d"]}"/></g>'
        for n in world["neutral"]
    )
    return (
        f'<svg class="map" role="img" viewBox="0 0 {world["width"]} {world["height"]}"'
        f' xmlns="http://www.w3.org/2000/svg" aria-labelledby="map-title map-desc">'
        f'<title id="map-title">{esc(_("Map of the world by state of connectivity"))}</title>'
        f'<desc id="map-desc">{esc(describe(states, names=names))}</desc>'
        '<defs><pattern id="hatch" width="48" height="48" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-0" width="48" height="48"/><path class="hatch-1" d="M12 0v48"/></pattern>'
        # The same in pixels, for Plotly's shapes: keep this SVG in the page, under the interactive map.
        '<pattern id="hatch-px" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-0" width="7" height="7"/><path class="hatch-2" d="M1.8 0v7"/></pattern></defs>'
        f'{neutral}{"".join(large)}<path class="disputed" d="{world["disputed"]["d"]}"/>{"".join(small)}</svg>'
    )


def describe(states: Mapping[str, EntityState], *, names: Mapping[str, str] | None = None) -> str:
    """The map in words: what is worst first, then how many are normal and how many we cannot speak of."""
    by_kind: dict[str, list[str]] = {kind: [] for kind in WORST_FIRST}
    for code, state in _by_urgency(states):
        by_kind[_kind(state)].append(_name(code, names))
    parts = []
    for kind, message in (("outage", _("Outage: {names}.")), ("degraded", _("Degraded: {names}."))):
        if by_kind[kind]:
            parts.append(message.format(names=", ".join(by_kind[kind])))
    if not parts:
        parts.append(_("No country is in outage or degraded as far as we can see."))
    normal, blind = len(by_kind["ok"]), len(by_kind["insufficient"]) + len(by_kind["none"])
    parts.append(ngettext("{n} country is normal.", "{n} countries are normal.", normal).format(n=normal))
    parts.append(
        ngettext("Of {n} we have too little data to say.", "Of {n} we have too little data to say.", blind).format(n=blind)
    )
    return " ".join(parts)


def note() -> str:
    """The line under the map: projection, borders, origin."""
    return _(
        "Dashed lines are disputed borders. Shapes without a colour have no country code of their own. "
        "Equal Earth projection; Antarctica is not shown. Shapes: Natural Earth."
    )


def legend(states: Mapping[str, EntityState]) -> str:
    """The states in words, each with its shape and its count, as an HTML list (class ``map-legend``)."""
    counts = dict.fromkeys(WORST_FIRST, 0)
    for _code, state in _by_urgency(states):
        counts[_kind(state)] += 1
    items = []
    for kind in WORST_FIRST:
        if counts[kind] or kind != "none":
            label = _(STATES[kind]) if kind in STATES else _("No data")
            items.append(f'<li>{symbol(kind)}<span>{esc(label)}</span> <b>{counts[kind]}</b></li>')
    return f'<ul class="map-legend">{"".join(items)}</ul>'


def symbol(kind: str) -> str:
    """The shape of a state, 12 px, hidden from readers of text: square, half dot, dot, hatched ring."""
    inner = {
        "outage": '<rect x="1" y="1" width="10" height="10"/>',
        "degraded": '<circle class="ring" cx="6" cy="6" r="4.5"/><path d="M6 1.5a4.5 4.5 0 0 1 0 9z"/>',
        "insufficient": '<circle class="ring" cx="6" cy="6" r="4.5"/><path class="lines" d="M3 8 8 3M4.5 9.5l5-5"/>',
    }.get(kind, '<circle cx="6" cy="6" r="4"/>')
    return f'<svg class="sym s-{kind}" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">{inner}</svg>'


def figure(
    states: Mapping[str, EntityState], *, theme: str, names: Mapping[str, str] | None = None
) -> dict[str, Any]:
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
    for code, state in _by_urgency(states):
        place = world["countries"][code]
        words, kind = _words(code, state, names), _kind(state)
        if place["d"]:
            areas.append((table[code].alpha3, kind, words, code))
        if place["dot"] or kind in ("outage", "degraded"):
            dots.setdefault((kind, place["dot"]), []).append((code, words, place))
    scale = [kind for kind in reversed(WORST_FIRST)]
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
            "text": [_neutral_words(n) for n in world["neutral"]] + [a[2] for a in areas],
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
    data += [_dots(kind, tiny, dots[kind, tiny], paint) for kind in scale for tiny in (False, True) if (kind, tiny) in dots]
    return {"data": data, "layout": _layout(world, paint)}


def _dots(kind: str, tiny: bool, some: list[tuple[str, str, Place]], paint: dict[str, str]) -> dict[str, Any]:
    ring = _RING.get(kind) if tiny else None  # a ring of outer size _DOT; Plotly's size is that of the line's middle
    colour = paint[{"none": "insufficient", "insufficient": "insufficient-ink"}.get(kind, kind)]
    return {
        "type": "scattergeo",
        "mode": "markers",
        "lon": [place["lonlat"][0] for _code, _words, place in some],
        "lat": [place["lonlat"][1] for _code, _words, place in some],
        "text": [words for _code, words, _place in some],
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


def _by_urgency(states: Mapping[str, EntityState]) -> Iterator[tuple[str, EntityState | None]]:
    """All countries, calm ones first, so that what is broken is drawn on top."""
    rank = {kind: -i for i, kind in enumerate(WORST_FIRST)}
    yield from sorted(
        ((code, states.get(code)) for code in countries()), key=lambda item: (rank[_kind(item[1])], item[0])
    )


def _kind(state: EntityState | None) -> str:
    return "none" if state is None else state["state"]


def _name(code: str, names: Mapping[str, str] | None) -> str:
    return (names or {}).get(code) or countries()[code].name


def _words(code: str, state: EntityState | None, names: Mapping[str, str] | None, *, short: bool = False) -> str:
    """ "Iraq: Outage. Requests at our edge are 72 % below normal. (simulated)"."""
    name = _name(code, names)
    if state is None:
        return _("{name}: no data").format(name=name)
    text = _("{name}: {state}").format(name=name, state=_(STATES[state["state"]]))
    if state["words"] and state["state"] != "ok" and not short:
        text += f". {state['words']}"
    return _("{text} (simulated)").format(text=text) if state["simulated"] else text


def _neutral_words(place: Neutral) -> str:
    return _("{name}: disputed, without a country code of its own; not measured apart").format(name=_(place["name"]))


def _dot(x: int, y: int, kind: str) -> str:
    """A dot that keeps its size on the screen: a line of no length with a wide, round or square end."""
    ring = f'<path class="o" d="M{x} {y}h0"/>' if kind in ("insufficient", "degraded") else ""
    return f'<path class="p" d="M{x} {y}h0"/>{ring}'
