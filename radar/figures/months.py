"""Twelve months as columns: how much of each was watched, and how much of that was in an outage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from radar.figures.text import esc, num
from radar.labels import _

#: Height of a column, of the line under it, and width of a column with its gap, in units of the drawing.
HIGH, UNDER, WIDE, GAP = 72.0, 18.0, 30.0, 4.0


@dataclass(frozen=True, slots=True)
class Parts:
    """Shares of a month's hours, 0 to 1. What is not watched is not known."""

    watched: float
    degraded: float
    outage: float


@dataclass(frozen=True, slots=True)
class Column:
    """One month: its name, its shares, and what is said of it."""

    name: str
    parts: Parts
    words: str


def svg(columns: Sequence[Column], title: str, words: str) -> str:
    """The drawing as ``<svg class="months" role="img">``.

    A month that was watched is a pale column, of which the time in an outage is filled from the foot, by its square
    root, so that an hour is seen: a tenth of the height is a hundredth of the month. The share that was not watched is
    hatched from the top; a month that was not watched at all is hatched throughout.
    """
    width = WIDE * len(columns) - GAP
    body = [f"<title>{esc(title)}</title><desc>{esc(_described(columns, words))}</desc>", _HATCH]
    for i, column in enumerate(columns):
        x, parts = i * WIDE, column.parts
        blind = max(0.0, min(1.0, 1 - parts.watched)) * HIGH
        out = min(HIGH, sqrt(max(0.0, parts.outage)) * HIGH)
        bad = min(HIGH, sqrt(max(0.0, parts.outage + parts.degraded)) * HIGH)
        boxes = [("seen", 0.0, HIGH), ("blind", 0.0, blind), ("bad", HIGH - bad, bad), ("out", HIGH - out, out)]
        drawn = "".join(
            f'<rect class="{kind}" x="{num(x)}" y="{num(y)}" width="{num(WIDE - GAP)}" height="{num(high)}"/>'
            for kind, y, high in boxes
            if high > 0
        )
        body.append(f"<g><title>{esc(f'{column.name}: {column.words}')}</title>{drawn}</g>")
        if i in (0, len(columns) - 1):
            anchor, at = ("start", x) if i == 0 else ("end", x + WIDE - GAP)
            body.append(f'<text x="{num(at)}" y="{num(HIGH + 14)}" text-anchor="{anchor}">{esc(column.name)}</text>')
    box = f"0 0 {num(width)} {num(HIGH + UNDER)}"
    inside = "".join(body)
    return f'<svg class="months" role="img" viewBox="{box}" xmlns="http://www.w3.org/2000/svg">{inside}</svg>'


_HATCH = (
    '<defs><pattern id="unknown-hours" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="5" height="5" class="ground"/><line y2="5" class="hatch"/></pattern>'
    "</defs>"
)


def _described(columns: Sequence[Column], words: str) -> str:
    each = " ".join(_("{month}: {words}.").format(month=one.name, words=one.words) for one in columns)
    return f"{words} {each}"
