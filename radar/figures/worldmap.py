"""The world by state as finished SVG.

It comes from ``radar/data/world_map.json``, made by ``scripts/assets/build_map.mjs`` (Natural Earth, public domain;
Equal Earth projection, Antarctica cropped). Give the box around it the aspect ratio ``ASPECT``.

The SVG holds no colour: classes only (``assets/figures.css``), so one text serves both themes, and what is of another
moment is shown by other classes on the same nodes (``assets/home/then.js``). Places too small to see
are dots of constant size on the screen with a 24 px target, which lies under the large shapes: it acts over the sea and
takes nothing from a neighbour, unless the dot is broken and the neighbour is calm. A country is a link outside the tab
order: the list beside the map and the search are the way by keyboard, and 250 stops would be none.

An outage of a region alone is no state of its country, which keeps its own: the region is a mark at its place, the
shape of the level within a ring, on top of all. No country's mark has a ring around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from radar.figures.palette import WORST_FIRST
from radar.figures.text import esc
from radar.figures.world import (
    Region,
    by_urgency,
    calm_first,
    describe,
    kind_of,
    neutral_words,
    point_of,
    shapes,
    words_of,
)
from radar.labels import REGIONS, STATES, _
from radar.shapes import EntityState

__all__ = ["ASPECT", "describe", "legend", "note", "svg", "symbol"]

#: Width by height of the map; the CSS of the box around it must say the same (``figures.css``: ``--map-aspect``).
ASPECT = (9600, 4283)
#: Shapes are drawn on a grid that is so many map units wide, which is a third of what they are simplified to: a tenth
#: less of the home page to load. ``figures.css`` scales them back.
GRID = 3
NUMBER = re.compile(r"-?\d+")


def svg(
    states: Mapping[str, EntityState],
    *,
    regions: Sequence[Region] = (),
    names: Mapping[str, str] | None = None,
    compact: bool = False,
) -> str:
    """The finished map.

    Parameters
    ----------
    states
        By alpha-2 code. A country that is absent is drawn as "no data", never as normal.
    regions
        What is marked within countries; one in which nothing is open is there and not shown.
    names
        Names to show by alpha-2 code; the country table's where absent.
    compact
        Leave out the sentences in the titles and the wide touch targets, and draw the shapes as they are packaged: for
        files that bring a style of their own.

    Returns
    -------
    str
        ``<svg class="map coarse" role="group">`` (``compact``: ``map`` alone) with every country once as
        ``<a href="/country/IQ" class="c s-outage">``, and beside them the targets of dots as ``<a class="g">``. Needs
        ``figures.css``. Scales to the width of its box. Regions are ``<a href="/region/US-SC" class="r s-outage">``.
    """
    world = shapes()
    drawn = str if compact else coarse
    calm: list[str] = []
    broken: list[str] = []
    small: list[str] = []
    targets: dict[bool, list[str]] = {False: [], True: []}
    for code, state in by_urgency(states):
        place = world["countries"][code]
        words = words_of(code, state, names, short=compact)
        kind = kind_of(state)
        is_broken = kind in ("outage", "degraded")
        x, y = place["at"]
        parts = [f'<a href="/country/{code}" class="c s-{kind}" tabindex="-1"><title>{esc(words)}</title>']
        if place["d"]:
            parts.append(f'<path d="{drawn(place["d"])}"/>')
        if place["dot"]:
            targets[is_broken].append(
                f'<a href="/country/{code}" class="g" tabindex="-1"><path class="t" d="M{x} {y}h0"/></a>'
            )
            parts.append(_dot(x, y, kind, whole=not compact))
        elif not compact or is_broken:
            parts.append(f'<path class="p b" d="M{x} {y}h0"/>')  # lost in a large shape, seen on a small screen
        parts.append("</a>")
        (small if place["dot"] else broken if is_broken else calm).append("".join(parts))
    neutral = "".join(
        f'<g class="c s-none"><title>{esc(neutral_words(n))}</title><path d="{drawn(n["d"])}"/></g>'
        for n in world["neutral"]
    )
    # what a pointer meets first lies on top: marks, then broken shapes, the targets of broken dots, shapes, targets
    under, over = ("" if compact else f'<g aria-hidden="true">{"".join(targets[n])}</g>' for n in (False, True))
    step = 48 if compact else 48 // GRID
    return (
        f'<svg class="map{"" if compact else " coarse"}" role="group" viewBox="0 0 {world["width"]} {world["height"]}"'
        f' xmlns="http://www.w3.org/2000/svg" aria-labelledby="map-title map-desc">'
        f'<title id="map-title">{esc(_("Map of the world by state of connectivity"))}</title>'
        f'<desc id="map-desc">{esc(describe(states, regions=regions, names=names))}</desc>'
        f'<defs><pattern id="hatch" width="{step}" height="{step}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect class="hatch-0" width="{step}" height="{step}"/>'
        f'<path class="hatch-1" d="M{step // 4} 0v{step}"/></pattern></defs>'
        f"{under}{neutral}{''.join(calm)}{over}{''.join(broken)}"
        f'<path class="disputed" d="{drawn(world["disputed"]["d"])}"/>{"".join(small)}'
        f"{''.join(_region(region, whole=not compact) for region in calm_first(regions))}</svg>"
    )


@lru_cache(maxsize=512)
def coarse(d: str) -> str:
    """A path of the packaged drawing (relative lines, ``m`` and ``z`` alone) in units of :data:`GRID`; "" where
    nothing is left of it."""
    out: list[str] = []
    x = y = at_x = at_y = 0
    for ring in d.split("m")[1:]:
        numbers = [int(n) for n in NUMBER.findall(ring)]
        points: list[tuple[int, int]] = []
        closed, begin = ring.endswith("z"), (x + numbers[0], y + numbers[1])
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            point = (round(x / GRID), round(y / GRID))
            if not points or point != points[-1]:
                points.append(point)
        if closed:
            x, y = begin
        if len(points) < (3 if closed else 2):
            continue
        steps = ""
        for px, py in points:
            steps += "".join(f"{n}" if n < 0 else f" {n}" for n in (px - at_x, py - at_y))
            at_x, at_y = px, py
        out.append(f"m{steps.lstrip()}{'z' if closed else ''}")
        if closed:
            at_x, at_y = points[0]
    return "".join(out)


def note() -> str:
    """The line under the map: projection, borders, origin."""
    return _(
        "Dashed lines are disputed borders. Shapes without a colour have no country code of their own. "
        "Equal Earth projection; Antarctica is not shown. Shapes: Natural Earth."
    )


def key(states: Mapping[str, EntityState], regions: Sequence[Region] = ()) -> list[tuple[str, str, int]]:
    """What is on the map: symbol, word and count of each state, and of regions where some are marked."""
    counts = Counter(kind_of(state) for _code, state in by_urgency(states))
    rows = [
        (symbol(kind), _(STATES[kind]) if kind in STATES else _("No data"), counts[kind])
        for kind in WORST_FIRST
        if counts[kind] or kind != "none"
    ]
    marked: Counter[str] = Counter(region.kind for region in regions)
    return rows + [(symbol_of_region(kind), _(words), marked[kind]) for kind, words in REGIONS.items() if marked[kind]]


def legend(states: Mapping[str, EntityState], regions: Sequence[Region] = ()) -> str:
    """:func:`key` as an HTML list (class ``map-legend``)."""
    items = [f"<li>{mark}<span>{esc(words)}</span> <b>{n}</b></li>" for mark, words, n in key(states, regions)]
    return f'<ul class="map-legend">{"".join(items)}</ul>'


def symbol_of_region(kind: str) -> str:
    """The mark of a region, 12 px, hidden from readers of text: the shape of its level within a ring."""
    inner = {
        "outage": '<rect x="3.5" y="3.5" width="5" height="5"/>',
        "degraded": '<path d="M6 3a3 3 0 0 1 0 6z"/>',
    }.get(kind, "")
    return (
        f'<svg class="sym region s-{kind}" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">'
        f'<circle class="around" cx="6" cy="6" r="5.25"/>{inner}</svg>'
    )


def symbol(kind: str) -> str:
    """The shape of a state, 12 px, hidden from readers of text: square, half dot, dot, hatched ring."""
    inner = {
        "outage": '<rect x="1" y="1" width="10" height="10"/>',
        "degraded": '<circle class="ring" cx="6" cy="6" r="4.5"/><path d="M6 1.5a4.5 4.5 0 0 1 0 9z"/>',
        "insufficient": '<circle class="ring" cx="6" cy="6" r="4.5"/><path class="lines" d="M3 8 8 3M4.5 9.5l5-5"/>',
    }.get(kind, '<circle cx="6" cy="6" r="4"/>')
    return f'<svg class="sym s-{kind}" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">{inner}</svg>'


def _dot(x: int, y: int, kind: str, *, whole: bool) -> str:
    """A dot that keeps its size on the screen: a line of no length with a wide, round or square end. ``whole``: with
    the ring of the states that have one, which is hidden in the others."""
    ring = f'<path class="o" d="M{x} {y}h0"/>' if whole or kind in ("insufficient", "degraded") else ""
    return f'<path class="p" d="M{x} {y}h0"/>{ring}'


def _region(region: Region, *, whole: bool) -> str:
    """The mark of a region: ring, ground, the shape of its level. ``whole``: with the target of a finger."""
    x, y = point_of(region.code)
    target = f'<path class="t" d="M{x} {y}h0"/>' if whole else ""
    return (
        f'<a href="/region/{region.code}" class="r s-{region.kind}{"" if region.kind != "none" else " off"}"'
        f' tabindex="-1"><title>{esc(region.words)}</title>{target}<path class="h" d="M{x} {y}h0"/>'
        f'<path class="w" d="M{x} {y}h0"/>{_dot(x, y, region.kind, whole=whole)}</a>'
    )
