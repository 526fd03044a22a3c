"""A small map of where an outage is felt: a part of the world map (``worldmap``), with networks as dots.

Shapes, classes and symbols are those of the home page's map. It is cut to the countries that are meant, at the same
aspect ratio. A network is drawn at its country's point, several around it, as nothing finer is known.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from radar.figures.text import esc
from radar.figures.world import kind_of, shapes, words_of
from radar.figures.worldmap import ASPECT, symbol
from radar.labels import N_, _
from radar.shapes import EntityState

Kind = Literal["outage", "degraded", "ok", "through"]

#: What a dot says of its network.
WORDS: dict[Kind, str] = {
    "outage": N_("network in outage"),
    "degraded": N_("network degraded"),
    "ok": N_("network was hit, back again"),
    "through": N_("network reached through one that is hit"),
}
#: The narrowest part that is shown, and the room around the points, in units of the map; dots of one country, and how
#: far apart they are as a part of the width.
NARROWEST, ROOM, MOST, APART = 2600, 700, 12, 0.016
_STEP = re.compile(r"-?\d+")
_GOLDEN = math.pi * (3 - math.sqrt(5))


@dataclass(frozen=True, slots=True)
class Dot:
    """One network. ``country``: alpha-2 code of where it is drawn."""

    name: str
    href: str
    country: str
    kind: Kind


def svg(states: Mapping[str, EntityState | None], dots: Sequence[Dot], label: str) -> str:
    """The map. ``states``: of the countries that are meant, None for one we hold nothing on; others are ground only.

    Countries and dots that the drawing does not know are left out. "" where none is left.
    """
    drawing = shapes()["countries"]
    meant = {code: state for code, state in states.items() if code in drawing}
    if not meant:
        return ""
    left, top, width, height = box = _box([(drawing[code]["at"][0], drawing[code]["at"][1]) for code in meant])
    around = [place["d"] for code, place in drawing.items() if place["d"] and code not in meant]
    around += [place["d"] for place in shapes()["neutral"]]
    # one element each: a path that begins with a relative move cannot follow another one
    ground = "".join(f'<path d="{path}"/>' for path in around if _touches(path, box))
    parts = []
    for code, state in sorted(meant.items()):
        place = drawing[code]
        x, y = place["at"]
        inside = f'<path d="{place["d"]}"/>' if place["d"] else ""
        if place["dot"]:
            inside += f'<path class="t" d="M{x} {y}h0"/><path class="p" d="M{x} {y}h0"/>'
        words = esc(words_of(code, state, None, short=True))
        parts.append(f'<a href="/country/{code}" class="c s-{kind_of(state)}"><title>{words}</title>{inside}</a>')
    drawn: dict[str, int] = {}
    for dot in dots:
        number = drawn.get(dot.country, 0)
        if dot.country not in drawing or number >= MOST:
            continue
        drawn[dot.country] = number + 1
        x, y = drawing[dot.country]["at"]
        away = APART * width * math.sqrt(number)
        at = f"M{round(x + away * math.cos(number * _GOLDEN))} {round(y + away * math.sin(number * _GOLDEN))}h0"
        words = esc(_("{name}: {state}").format(name=dot.name, state=_(WORDS[dot.kind])))
        parts.append(f'<a href="{esc(dot.href)}" class="c dot s-{dot.kind}" tabindex="-1"><title>{words}</title>'
                     f'<path class="h" d="{at}"/><path class="p" d="{at}"/></a>')  # fmt: skip
    hatch = (
        '<defs><pattern id="hatch" width="48" height="48" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect class="hatch-0" width="48" height="48"/><path class="hatch-1" d="M12 0v48"/></pattern></defs>'
    )
    return (
        f'<svg class="map affected" role="group" viewBox="{left} {top} {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg" aria-label="{esc(label)}">{hatch}'
        f'<g class="c">{ground}</g>{"".join(parts)}</svg>'
    )


def legend(dots: Sequence[Dot]) -> str:
    """The kinds of dots that are there, in words."""
    return f'<ul class="agree-key">{"".join(f"<li>{mark} {esc(words)}</li>" for mark, words in key_of(dots))}</ul>'


def key_of(dots: Sequence[Dot]) -> list[tuple[str, str]]:
    """A mark and its words for each kind of dot that is there."""
    return [(symbol(kind), _(WORDS[kind])) for kind in WORDS if any(dot.kind == kind for dot in dots)]


def _box(points: Sequence[tuple[int, int]]) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is shown: all points with room around them, inside of the world."""
    across, down = ASPECT
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    width = max(max(xs) - min(xs) + 2 * ROOM, (max(ys) - min(ys) + 2 * ROOM) * across / down, NARROWEST)
    width = min(width, across)
    height = width * down / across
    left = min(max((max(xs) + min(xs) - width) / 2, 0), across - width)
    top = min(max((max(ys) + min(ys) - height) / 2, 0), down - height)
    return round(left), round(top), round(width), round(height)


def _touches(path: str, box: tuple[int, int, int, int]) -> bool:
    low_x, low_y, high_x, high_y = _bounds(path)
    left, top, width, height = box
    return low_x <= left + width and high_x >= left and low_y <= top + height and high_y >= top


@lru_cache(maxsize=512)
def _bounds(path: str) -> tuple[int, int, int, int]:
    """Of a path of relative moves, as the packaged drawing has them: ``m4338 893 32 4 19-4z``."""
    xs, ys = [], []
    x = y = 0
    for ring in path.split("m")[1:]:
        steps = [int(step) for step in _STEP.findall(ring)]
        start = x + steps[0], y + steps[1]
        for dx, dy in zip(steps[::2], steps[1::2], strict=True):
            x, y = x + dx, y + dy
            xs.append(x)
            ys.append(y)
        x, y = start  # z goes back to where the ring began
    return min(xs), min(ys), max(xs), max(ys)
