"""A drawing as a file that can be printed as it is: title, sentence, source, licence, unit, time and address in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from radar.figures import style
from radar.figures.palette import PALETTE
from radar.figures.text import esc

#: Pixels: of a sheet across, of its margins, of one line of small text, of the room for names and for figures.
WIDE, EDGE, LINE, NAMES, FIGURES = 960, 16, 18, 280, 130
#: Pixels that a letter takes at most, small text.
_LETTER = 6.7


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a drawing that has one bar for each thing: its name, what stands small under it, the bar (``<svg`` with
    ``width="100%"``) of so many pixels, and figures beside it."""

    name: str
    drawing: str
    high: int
    under: str = ""
    figures: str = ""


def svg(drawing: str, high: int, *, title: str, sentence: str, credit: str, wide: int = WIDE) -> str:
    """The finished file, in the colours of the light theme.

    Parameters
    ----------
    drawing
        SVG that takes the place from (0, 0) to (``wide`` - 2 * EDGE, ``high``), painted by ``assets/figures.css``.
    sentence, credit
        What is said above it and below it; both are wrapped.
    """
    letters = int((wide - 2 * EDGE) / _LETTER)
    head, say, end = (
        wrap(title, int(letters / 1.6)),
        wrap(sentence, letters),
        wrap(credit, letters, break_on_hyphens=False),
    )
    under = 20 + 24 * len(head)
    top = under - 4 + LINE * len(say)
    below = top + high + 6 + LINE
    total = below + LINE * (len(end) - 1) + EDGE
    ink, place = PALETTE["light"], f"translate({EDGE},{top})"
    paint = (
        f"{style.of(drawing)}.sheet{{fill:{ink['paper']}}}.head{{font-size:18px;font-weight:600;fill:{ink['ink']}}}"
        f".say{{fill:{ink['ink-2']}}}.thing{{font-size:13px;fill:{ink['ink']}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{wide}" height="{total}"'
        f' viewBox="0 0 {wide} {total}"><title>{esc(title)}</title><style>{paint}</style>'
        f'<rect class="sheet" width="{wide}" height="{total}"/>{_lines(head, EDGE, 26, "head", 24)}'
        f'{_lines(say, EDGE, under)}<g transform="{place}">{drawing}</g>{_lines(end, EDGE, below)}</svg>'
    )


def bars(rows: Sequence[Bar], *, wide: int = WIDE) -> tuple[str, int]:
    """Rows one below the other: a name, a bar, figures. -> the drawing, and its height."""
    across = wide - 2 * EDGE
    room = across - NAMES - (FIGURES if any(row.figures for row in rows) else 0)
    parts, y = [], 8
    for row in rows:
        name, under = wrap(row.name, int(NAMES / 7.4)), wrap(row.under, int(NAMES / _LETTER))
        texts = len(name) + len(under)
        high = max(row.high, LINE * texts)
        parts += [f'<text class="thing" x="0" y="{y + 13 + LINE * i}">{esc(t)}</text>' for i, t in enumerate(name)]
        parts.append(_lines(under, 0, y + 13 + LINE * len(name)))
        at = f'x="{NAMES}" y="{y + (high - row.high) // 2}" width="{room}"'
        parts.append(row.drawing.replace('width="100%"', at, 1))
        if row.figures:
            parts.append(f'<text class="thing" x="{across}" y="{y + (high + 9) // 2}" text-anchor="end">'
                         f"{esc(row.figures)}</text>")  # fmt: skip
        y += high + 10
    return "".join(parts), y


def legend(marks: Sequence[tuple[str, str]], *, wide: int = WIDE) -> tuple[str, int]:
    """Marks of 12 by 12 pixels and their words, side by side, on as many lines as they need. -> it, and its height."""
    parts, x, y = [], 0.0, 2
    for mark, words in marks:
        room = 18 + len(words) * _LETTER
        if x and x + room > wide - 2 * EDGE:
            x, y = 0.0, y + LINE
        parts.append(
            f'<g transform="translate({x:.0f},{y})">{mark}<text class="say" x="18" y="10">{esc(words)}</text></g>'
        )
        x += room + 20
    return "".join(parts), y + LINE - 2


def _lines(texts: Sequence[str], x: int, y: int, kind: str = "say", each: int = LINE) -> str:
    return "".join(
        f'<text class="{kind}" x="{x}" y="{y + each * i}">{esc(text)}</text>' for i, text in enumerate(texts)
    )
