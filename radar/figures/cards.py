"""Cards: the pictures that social networks and messengers show beside a link (Open Graph, 1200 by 630 pixels).

A card is quoted without the page around it, so it says by itself what is broken, how sure we are, of when
that is, whose numbers it shows under which licence, where it stands, and that it is simulated where it is.
"""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from radar.figures import axes
from radar.figures.cardmap import world
from radar.figures.chart import Chart, runs
from radar.figures.ink import SMOOTH, Face, Paper, Point
from radar.figures.palette import colours
from radar.figures.text import unit_words
from radar.figures.world import Region
from radar.labels import REGIONS, _
from radar.shapes import EntityState

#: Width and height, as Open Graph has them.
SIZE = (1200, 630)

_EDGE = 56
_INSIDE = SIZE[0] - 2 * _EDGE
#: Sizes of a text and the lines that it may take in each, the best first.
_HEADLINE = ((54, 2), (48, 2), (42, 2), (38, 2), (36, 3), (32, 3), (29, 3), (27, 4), (24, 5))
_FACTS = ((25, 2), (22, 2), (20, 3))
_CREDIT = ((20, 2), (18, 2), (18, 3), (15, 4))
#: FreeType's faces must not be used by two threads at once; and one card at a time is work enough.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card says.

    Attributes
    ----------
    state
        Shape of what is said: a state, or "none" where nothing was ever measured.
    kicker, headline, facts
        A word for the state ("": the state is not shown); the sentence; what stands under it ("": nothing).
    time
        Of when that is, in words.
    credit
        Whose numbers, under which licence.
    address
        Where it stands, without ``https://``.
    chart
        Drawn where there is one; else the world by ``states``; a card with neither is words alone.
    states
        By alpha-2 code, as in the map of the site; None: no map.
    regions
        What is marked within countries.
    marked
        The country that is ringed on the map; "" for none.
    legend
        (state, word, count) beside the map.
    """

    state: str
    kicker: str
    headline: str
    facts: str
    time: str
    credit: str
    address: str
    simulated: bool
    chart: Chart | None = None
    states: Mapping[str, EntityState] | None = field(default_factory=dict)
    regions: Sequence[Region] = ()
    marked: str = ""
    legend: Sequence[tuple[str, str, int]] = ()

    @property
    def shows_simulated(self) -> bool:
        """Whether anything on it is simulated: what it tells of, its chart, or any state of its map."""
        if self.simulated or self.chart is not None:
            return self.simulated or bool(self.chart and self.chart.simulated)
        if self.states is None:
            return False
        return any(seen["simulated"] for seen in self.states.values()) or any(row.simulated for row in self.regions)


def png(card: Card, fonts: Path) -> bytes:
    """The card as a PNG. ``fonts``: the folder of the site's font files."""
    with _one_at_a_time:
        paper = Paper(*SIZE, colours("light")["paper"])
        _head(paper, card, fonts)
        foot = _words(paper, card, fonts)
        bottom = _credit(paper, card, fonts)
        if card.chart is not None:
            _chart(paper, card.chart, foot, bottom, fonts)
        elif card.states is not None:
            _map(paper, card, card.states, (foot, bottom), fonts)
        out = io.BytesIO()
        few = paper.image.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _head(paper: Paper, card: Card, fonts: Path) -> None:
    ink = colours("light")
    _mark(paper, (_EDGE, 36), ink["ink"])
    paper.text((_EDGE + 46, 65), _("Internet Radar"), Face(fonts, 28, 680), ink["ink"])
    right = SIZE[0] - _EDGE
    right -= round(paper.text((right, 65), card.time, Face(fonts, 24), ink["ink-2"], end=True))
    if card.shows_simulated:
        face, words = Face(fonts, 24, 640), _("Simulated data")
        wide = face.width(words)
        paper.rule((right - wide - 56, 34, right - 24, 78), ink["simulated"])
        paper.text((right - wide - 40, 65), words, face, ink["paper"])
    paper.rule((_EDGE, 96, SIZE[0] - _EDGE, 97), ink["line"])


def _mark(paper: Paper, at: Point, colour: str) -> None:
    """The site's mark: three arcs that leave a dot."""
    n = 34 * SMOOTH
    one = n / 24
    shape = Image.new("RGBA", (n, n))
    pen = ImageDraw.Draw(shape)
    for radius in (7.5, 12.5, 17.5):
        x, y, r = 5 * one, 19 * one, (radius + 1) * one
        pen.arc((x - r, y - r, x + r, y + r), -90, 0, fill=colour, width=round(2 * one))
    pen.ellipse((2.5 * one, 16.5 * one, 7.5 * one, 21.5 * one), fill=colour)
    paper.paste(shape.reduce(SMOOTH), (round(at[0]), round(at[1])))


def _words(paper: Paper, card: Card, fonts: Path) -> float:
    """State, sentence, facts; gives where they end."""
    ink = colours("light")
    y = 108.0
    if card.kicker:
        y = 147.0
        paper.state((_EDGE, y - 21), card.state, ink, 24)
        paper.text((_EDGE + 38, y), card.kicker, Face(fonts, 28, 640), ink.get(f"{card.state}-ink", ink["ink-3"]))
    size, lines = _fitting(card.headline, _HEADLINE, _INSIDE, 660, fonts)
    y = paper.block((_EDGE, y + 18 + size), lines, Face(fonts, size, 660), ink["ink"], size * 1.18) - size * 1.18
    size, facts = _fitting(card.facts, _FACTS, _INSIDE, 400, fonts)
    return paper.block((_EDGE, y + 46), facts, Face(fonts, size), ink["ink-2"], size * 1.36) - 20


def _fitting(
    text: str, steps: Sequence[tuple[int, int]], width: float, weight: int, fonts: Path
) -> tuple[int, list[str]]:
    """The first of the steps (size, lines at most) in which the text is whole; in the last it may be cut."""
    size, most = steps[-1]
    for one, few in steps:
        lines = Face(fonts, one, weight).lines(text, width, few + 1)
        if len(lines) <= few:
            return one, lines
    return size, Face(fonts, size, weight).lines(text, width, most)


def _credit(paper: Paper, card: Card, fonts: Path) -> float:
    """Whose numbers, and where it stands; gives where that begins. A licence is never cut for want of room."""
    ink = colours("light")
    strong = Face(fonts, 20, 600)
    right = SIZE[0] - _EDGE
    address = strong.cut(card.address, 660)
    wide = paper.text((right, SIZE[1] - 28), address, strong, ink["ink-2"], end=True)
    size, lines = _fitting(card.credit, _CREDIT, _INSIDE - wide - 32, 400, fonts)
    leading = size + 5
    top = SIZE[1] - 28 - leading * max(0, len(lines) - 1)
    paper.block((_EDGE, top), lines, Face(fonts, size), ink["ink-3"], leading)
    return float(top - 34)


def _map(paper: Paper, card: Card, states: Mapping[str, EntityState], room: tuple[float, float], fonts: Path) -> None:
    """The world within ``room``, from and to which height."""
    ink = colours("light")
    top, bottom = room[0], round(room[1])
    height = round(bottom - top)
    picture = world(states, height, regions=card.regions, marked=card.marked)
    wide = min(picture.width, _INSIDE - (300 if card.legend else 0))
    if picture.width > wide:
        picture = picture.resize((wide, round(picture.height * wide / picture.width)), Image.Resampling.LANCZOS)
    paper.paste(picture, (SIZE[0] - _EDGE - picture.width, bottom - picture.height))
    marked: Counter[str] = Counter(region.kind for region in card.regions)
    regions = [(kind, _(words), marked[kind]) for kind, words in REGIONS.items() if marked[kind] and card.legend]
    y = bottom - 40 * (len(card.legend) + len(regions)) + 20
    for number, (kind, word, count) in enumerate([*card.legend, *regions]):
        draw = paper.state if number < len(card.legend) else paper.region
        draw((_EDGE, y - 17), kind, ink, 20)
        paper.text((_EDGE + 88, y), f"{count}", Face(fonts, 24, 640), ink["ink"], end=True)
        paper.text((_EDGE + 104, y), word, Face(fonts, 24), ink["ink-2"])
        y += 40


def _chart(paper: Paper, chart: Chart, top: float, bottom: float, fonts: Path) -> None:
    """The line against its normal: the same axes, band, threshold, shading and gaps as on the page."""
    ink = colours("light")
    unit = unit_words(chart.unit)
    title = _("{title}, {unit}").format(title=chart.title, unit=unit) if unit else chart.title
    normal = _("pale: what is normal") if chart.lo or chart.baseline else ""
    taken = paper.text((SIZE[0] - _EDGE, top + 22), normal, Face(fonts, 20), ink["ink-3"], end=True)
    face = Face(fonts, 22, 600)
    paper.text((_EDGE, top + 22), face.cut(title, _INSIDE - taken - 24), face, ink["ink"])
    left, right, up, down = _EDGE + 70, SIZE[0] - _EDGE, top + 44, bottom - 34
    y = axes.y_axis(chart)
    small = Face(fonts, 18)
    for value, words in (y.ticks[0], y.ticks[len(y.ticks) // 2], y.ticks[-1]):
        line = down - y.up(value) * (down - up)
        paper.rule((left, round(line), right, round(line)), ink["line"])
        paper.text((left - 10, line + 6), words, small, ink["ink-3"], end=True)
    for moment, words in axes.x_ticks(chart, 5):
        x = left + axes.fraction(chart, moment) * (right - left)
        if x + small.width(words) < right:
            paper.text((x, down + 22), words, small, ink["ink-3"])
    size = (round(right - left), round(down - up))
    paper.paste(_lines(chart, y, size), (round(left), round(up)))


def _lines(chart: Chart, y: axes.YAxis, size: tuple[int, int]) -> Image.Image:
    ink = colours("light")
    wide, high = size[0] * SMOOTH, size[1] * SMOOTH
    picture = Image.new("RGBA", (wide, high))
    pen = ImageDraw.Draw(picture)

    def at(i: int, value: float) -> Point:
        return (i + 0.5) / len(chart.value) * wide, (1 - y.up(value)) * (high - 1)

    def stretch(values: Sequence[float | None], begin: int, end: int) -> list[Point]:
        return [at(i, value) for i in range(begin, end) if (value := values[i]) is not None]

    for span in chart.spans:
        a = axes.fraction(chart, span.start) * wide
        b = (axes.fraction(chart, span.end) if span.end else 1.0) * wide
        colour = ink.get(span.level, ink["ink-3"])
        pen.rectangle((a, 0, max(b, a + SMOOTH), high), fill=f"{colour}2b")
    for begin, end in runs(chart.lo, chart.hi) if chart.lo and chart.hi else ():
        pen.polygon(stretch(chart.lo, begin, end) + stretch(chart.hi, begin, end)[::-1], fill=ink["band"])
    for values, colour, width in ((chart.baseline, ink["ok-ink"], 1), (chart.threshold, ink["threshold"], 1),
                                  (chart.value, ink["ink"], 3)):  # fmt: skip
        for begin, end in runs(values) if values else ():
            points = stretch(values, begin, end)
            if len(points) == 1:
                x, top = points[0]
                pen.ellipse((x - 2 * width, top - 2 * width, x + 2 * width, top + 2 * width), fill=colour)
            else:
                pen.line(points, fill=colour, width=width * SMOOTH, joint="curve")
    return picture.reduce(SMOOTH)
