"""A chart as finished SVG.

The drawing fills the width of its box at constant text size: the plot box keeps the same pixels to every side as
Plotly's margins (``axes.LEFT`` ...), x runs in percent and y in pixels. Lines lie in an inner drawing of one unit per
bin that is stretched to fit, which keeps their paths short. Colours are classes (``figures.css``).
"""

from __future__ import annotations

from itertools import pairwise

from radar.figures import sheet
from radar.figures.axes import (
    BESIDE,
    BOTTOM,
    LEAD,
    LEFT,
    RIGHT,
    TOP,
    YAxis,
    fraction,
    line_labels,
    shades,
    wide_gap,
    x_ticks,
    y_axis,
)
from radar.figures.chart import Chart, Values, credit, describe, gap_edges, gaps, runs
from radar.figures.text import esc, num, unit_words
from radar.labels import _


def svg(chart: Chart, *, width: int = 720, height: int = 220, standalone: bool = False) -> str:
    """The finished chart.

    Parameters
    ----------
    chart
        What to draw.
    width
        Of a standalone file, in pixels; in a page the drawing fills its box.
    height
        In pixels, axes included.
    standalone
        A complete file for print and download: with title, sentence, credit line and its own (light) colours.

    Returns
    -------
    str
        ``<svg class="ts" role="img">`` (``group`` where it has links) with ``<title>`` and ``<desc>`` that say in words
        what is seen.
    """
    plot = height - TOP - BOTTOM
    body = f"<title>{esc(chart.title)}</title><desc>{esc(describe(chart))}</desc>" + _body(chart, plot)
    if not standalone:
        # an image has no links in it; with some it is a group
        role = "group" if any(shade.span.href for shade in shades(chart)) else "img"
        return f'<svg class="ts" role="{role}" height="{height}" xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    drawing = (
        f'<svg class="ts" x="{LEFT - sheet.EDGE}" y="{TOP}" width="{width - LEFT - RIGHT - 6}" height="{plot}"'
        f' overflow="visible">{body}</svg>'
    )
    return sheet.svg(drawing, height, title=chart.title, sentence=chart.sentence, credit=credit(chart), wide=width)


def _body(chart: Chart, plot: int) -> str:
    """All inside of the plot box: x in percent of its width, y in pixels from its top."""
    axis = y_axis(chart)
    n = max(1, len(chart.value))
    out: list[str] = []
    above: list[str] = []  # what is written over bands and lines
    for shade in shades(chart):
        level = esc(shade.span.level)
        box = (
            f'<rect class="span" x="{_pc(shade.left)}" width="{_pc(shade.right - shade.left)}" height="{plot}"/>'
            f'<line class="edge" x1="{_pc(shade.left)}" x2="{_pc(shade.left)}" y2="{plot}"/>'
        )
        title = f"<title>{esc(shade.span.label)}</title>"
        out.append(f'<g class="s-{level}">{title}{box}</g>')
        if not (shade.label or shade.span.href):
            continue
        dx = 5 if shade.anchor == "start" else -5
        label = (
            f'<text class="span-label" x="{_pc(shade.left)}" dx="{dx}" y="{14 + 15 * shade.row}"'
            f' text-anchor="{shade.anchor}">{esc(shade.label)}</text>'
        )
        if shade.span.href:
            # the whole of the span leads there
            there = f'<rect class="way" x="{_pc(shade.left)}" width="{_pc(shade.right - shade.left)}" height="{plot}"/>'
            label = f'<a href="{esc(shade.span.href)}">{title}{there}{label if shade.label else ""}</a>'
        above.append(f'<g class="s-{level}">{label}</g>')
    for mark, text in axis.ticks:
        y = num((1 - axis.up(mark)) * plot)
        kind = "zero" if abs(mark) < 1e-12 else "grid"
        out.append(f'<line class="{kind}" x2="100%" y1="{y}" y2="{y}"/>')
        out.append(f'<text class="tick" x="-8" y="{y}" dy=".35em" text-anchor="end">{esc(text)}</text>')
    for moment, text in x_ticks(chart):
        where = _pc(fraction(chart, moment))
        out.append(f'<line class="grid" x1="{where}" x2="{where}" y1="{plot}" y2="{plot + 4}"/>')
        out.append(f'<text class="tick" x="{where}" y="{plot + 19}" text-anchor="middle">{esc(text)}</text>')
    out.append(f'<text class="tick" x="100%" dx="{RIGHT - 4}" y="{plot + 19}" text-anchor="end">UTC</text>')
    out.append(f'<text class="unit" x="0" y="-10">{esc(unit_words(chart.unit))}</text>')
    if flag := _flag(chart):
        out.append(
            f'<text class="flag{" sim" if chart.simulated else ""}" x="100%" y="-10" text-anchor="end">{flag}</text>'
        )
    out.append(
        f'<svg class="lines" width="100%" height="{plot}" viewBox="0 0 {n} {plot * 10}" preserveAspectRatio="none"'
        f' overflow="visible">'
    )
    scale = plot * 10
    if band := _band(chart.lo, chart.hi, axis, scale):
        out.append(f'<path class="band" d="{band}"/>')
    for name, values in (("baseline", chart.baseline), ("threshold", chart.threshold), ("value", chart.value)):
        if path := _line(values, axis, scale):
            out.append(f'<path class="{name}" d="{path}"/>')
    out.append("</svg>")
    out += _gaps(chart, plot)
    return "".join([*out, *above, *_names(chart, axis, plot)])


def _names(chart: Chart, axis: YAxis, plot: int) -> list[str]:
    """The names of the lines, with a line that leads to those that had to be moved far from their own."""
    labels = line_labels(chart, axis, plot)
    beside = LEAD if any(label.astray for label in labels) else BESIDE
    out = [
        f'<svg x="100%" overflow="visible"><path class="lead {label.name}"'
        f' d="M1 {num(label.line_y)}L{beside - 2} {num(label.y)}"/></svg>'
        for label in labels
        if label.astray
    ]
    return out + [
        f'<text class="name {label.name}" x="100%" dx="{beside}" y="{num(label.y)}" dy=".35em">{esc(label.text)}</text>'
        for label in labels
    ]


def _gaps(chart: Chart, plot: int) -> list[str]:
    n = max(1, len(chart.value))
    places = (_pc(i / n) for i in gap_edges(chart.value))
    out = [f'<line class="gap" x1="{x}" x2="{x}" y2="{plot}"/>' for x in places]
    for begin, end in gaps(chart.value):
        if wide_gap(chart, begin, end):
            middle = _pc((begin + end) / 2 / n)
            out.append(
                f'<text class="gap-label" x="{middle}" y="{plot - 8}" text-anchor="middle">{esc(_("no data"))}</text>'
            )
    return out


def _line(values: Values, axis: YAxis, scale: int) -> str:
    """A path per run of numbers, in whole units: a bin is one unit wide, a pixel ten units high."""
    parts: list[str] = []
    for begin, end in runs(values) if values else ():
        ys = [_y(v, axis, scale) for v in values[begin:end] if v is not None]
        steps = "".join(f" 1{_signed(b - a)}" for a, b in pairwise(ys))
        parts.append(f"M{begin} {ys[0]}" + (f"l{steps[1:]}" if steps else "h0"))
    return "".join(parts)


def _band(lo: Values, hi: Values, axis: YAxis, scale: int) -> str:
    parts: list[str] = []
    for begin, end in runs(lo, hi) if lo and hi else ():
        top = [_y(v, axis, scale) for v in hi[begin:end] if v is not None]
        foot = [_y(v, axis, scale) for v in lo[begin:end] if v is not None][::-1]
        there = "".join(f" 1{_signed(b - a)}" for a, b in pairwise(top))
        back = "".join(f"-1{_signed(b - a)}" for a, b in pairwise(foot))
        parts.append(
            f"M{begin} {top[0]}"
            + (f"l{there[1:]}" if there else "")
            + f"V{foot[0]}"
            + (f"l{back}" if back else "")
            + "z"
        )
    return "".join(parts)


def _y(value: float, axis: YAxis, scale: int) -> int:
    return round((1 - axis.up(value)) * scale)


def _signed(step: int) -> str:
    return str(step) if step < 0 else f" {step}"


def _pc(part: float) -> str:
    text = f"{part * 100:.3f}".rstrip("0").rstrip(".")
    return f"{text or '0'}%"


def _flag(chart: Chart) -> str:
    if chart.simulated:
        return esc(_("simulated"))
    return esc(_("recorded history")) if chart.history else ""
