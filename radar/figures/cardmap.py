"""The world by state on pixels: the same shapes and colours as the map of the site (``worldmap``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw

from radar.figures.ink import SMOOTH, Point, region_mark
from radar.figures.palette import WORST_FIRST, colours
from radar.figures.world import Region, calm_first, kind_of, point_of, shapes
from radar.shapes import EntityState

_NUMBER = re.compile(r"-?\d+")
#: Radius of the dot of a place that is too small to see, and of what is broken, pixels of the picture.
_DOT, _BROKEN = 3.0, 6.0
#: Radius of the mark of a region.
_REGION = 10.0
#: Square pixels of a shape that is seen without a dot.
_SEEN = 150


def world(
    states: Mapping[str, EntityState], height: int, *, regions: Sequence[Region] = (), marked: str = ""
) -> Image.Image:
    """The map as RGBA of this height. ``states``: by alpha-2 code; ``regions``: what is marked within countries;
    ``marked``: the country that is ringed, or ""."""
    drawing, ink = shapes(), colours("light")
    scale = height * SMOOTH / drawing["height"]
    size = (round(drawing["width"] * scale), height * SMOOTH)
    picture = Image.new("RGBA", size)
    pen = ImageDraw.Draw(picture)
    hatched = Image.new("L", size)
    hatching = ImageDraw.Draw(hatched)
    for neutral in drawing["neutral"]:
        _fill(pen, neutral["d"], scale, ink["none"], ink["paper"])
    for code, path in _largest_first():
        kind = kind_of(states.get(code))
        _fill(pen, path, scale, ink[kind if kind != "insufficient" else "none"], ink["paper"])
        # whoever lies inside of a hatched country is not hatched
        _fill(hatching, path, scale, 255 if kind == "insufficient" else 0, 0)
    picture.paste(_hatch(size, ink["insufficient"]), mask=hatched)
    pen = ImageDraw.Draw(picture)
    by_state = sorted(drawing["countries"], key=lambda code: -WORST_FIRST.index(kind_of(states.get(code))))
    for code in by_state:
        place, kind = drawing["countries"][code], kind_of(states.get(code))
        x, y = (n * scale for n in place["at"])
        broken = kind in ("outage", "degraded")
        if place["dot"] or (broken and _size(place["d"]) * scale**2 < _SEEN * SMOOTH**2):
            r = (_BROKEN if broken else _DOT) * SMOOTH
            dot = pen.rectangle if kind == "outage" else pen.ellipse
            dot((x - r, y - r, x + r, y + r), fill=ink[kind], outline=ink["paper"], width=SMOOTH)
    for region in calm_first(regions):
        x, y = (n * scale for n in point_of(region.code))
        region_mark(pen, (x, y), region.kind, _REGION * SMOOTH, ink)
    if marked in drawing["countries"]:
        x, y = (n * scale for n in drawing["countries"][marked]["at"])
        r = 22 * SMOOTH
        pen.ellipse((x - r, y - r, x + r, y + r), outline=ink["ink"], width=3 * SMOOTH)
    return picture.reduce(SMOOTH)


def _fill(pen: ImageDraw.ImageDraw, path: str, scale: float, colour: str | int, edge: str | int) -> None:
    for ring in _rings(path):
        points = [(x * scale, y * scale) for x, y in ring]
        pen.polygon(points, fill=colour, outline=edge)


@lru_cache(maxsize=512)
def _rings(path: str) -> tuple[tuple[Point, ...], ...]:
    """The rings of a path of relative moves, as the packaged drawing has them: ``m4338 893 32 4 19-4z``."""
    found = []
    x = y = 0
    for part in path.split("m")[1:]:
        numbers = [int(text) for text in _NUMBER.findall(part)]
        ring: list[Point] = []
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            ring.append((x, y))
        x, y = (int(n) for n in ring[0])  # z goes back to where the ring began
        if len(ring) > 2:
            found.append(tuple(ring))
    return tuple(found)


@lru_cache(maxsize=1)
def _largest_first() -> tuple[tuple[str, str], ...]:
    """Countries with a shape, so that one that lies inside of another is drawn on top of it."""
    found = [(code, place["d"]) for code, place in shapes()["countries"].items() if place["d"]]
    return tuple(sorted(found, key=lambda row: -_size(row[1])))


def _size(path: str) -> float:
    """The area of a shape in units of the drawing."""
    return sum(map(_area, _rings(path)))


def _area(ring: tuple[Point, ...]) -> float:
    pairs = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2


def _hatch(size: tuple[int, int], colour: str) -> Image.Image:
    """Slanted lines all over."""
    lines = Image.new("RGBA", size, colours("light")["none"])
    pen = ImageDraw.Draw(lines)
    for x in range(-size[1], size[0], 5 * SMOOTH):
        pen.line((x, size[1], x + size[1], 0), fill=colour, width=SMOOTH + 1)
    return lines
