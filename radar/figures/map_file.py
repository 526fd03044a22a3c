"""The world by state, or in shades, as a picture of its own: title, sentence, legend, source, licence, time and address
are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from textwrap import wrap

from radar.figures import worldmap
from radar.figures.palette import PALETTE, SHADES, WORST_FIRST
from radar.figures.text import esc
from radar.figures.world import by_urgency, kind_of
from radar.labels import STATES, _
from radar.shapes import EntityState

#: Pixels: of the picture across, of its margins, and of one line of text.
WIDE, EDGE, LINE = 960, 16, 18

#: Letters of the small text that a line holds.
_LETTERS = 140


def svg(states: Mapping[str, EntityState], *, title: str, sentence: str, credit: str, base: str) -> str:
    """The finished file, in the colours of the light theme.

    Parameters
    ----------
    states
        By alpha-2 code; a country that is absent is drawn as "no data".
    sentence, credit
        What is said above the map and below it; both are wrapped.
    base
        Address of the site, before the paths of its pages, for the links of the countries.
    """
    legend = []
    counts = dict.fromkeys(WORST_FIRST, 0)
    for _code, state in by_urgency(states):
        counts[kind_of(state)] += 1
    for kind in WORST_FIRST:
        words = f"{_(STATES[kind]) if kind in STATES else _('No data')} {counts[kind]}"
        legend.append((worldmap.symbol(kind), words))
    return sheet(worldmap.svg(states, compact=True), legend, title=title, sentence=sentence, credit=credit, base=base)


def sheet(drawing: str, legend: Sequence[tuple[str, str]], *, title: str, sentence: str, credit: str, base: str) -> str:
    """Any map of the world as a finished file. ``legend``: marks of 12 by 12 pixels, and their words."""
    across = WIDE - 2 * EDGE
    high = round(across * worldmap.ASPECT[1] / worldmap.ASPECT[0])
    say, end = wrap(sentence, _LETTERS), wrap(credit, _LETTERS)
    top = 40 + LINE * len(say)
    below = top + high + 24
    total = below + 14 + LINE * len(end) + EDGE
    drawing = drawing.replace('href="/', f'href="{escape(base)}/')
    drawing = drawing.replace("<svg ", f'<svg x="{EDGE}" y="{top}" width="{across}" height="{high}" ', 1)

    def lines(texts: list[str], y: int) -> str:
        return "".join(f'<text class="say" x="{EDGE}" y="{y + LINE * i}">{esc(t)}</text>' for i, t in enumerate(texts))

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{total}" viewBox="0 0 {WIDE} {total}">'
        f'<style>{_style()}</style><rect class="sheet" width="{WIDE}" height="{total}"/>'
        f'<text class="head" x="{EDGE}" y="26">{esc(title)}</text>{lines(say, 46)}{drawing}'
        f"{_legend(legend, below)}{lines(end, below + 14 + LINE)}</svg>"
    )


def _legend(marks: Sequence[tuple[str, str]], y: int) -> str:
    out, each = [], (WIDE - 2 * EDGE) // len(marks)
    for i, (mark, words) in enumerate(marks):
        out.append(f'<g transform="translate({EDGE + i * each},{y - 10})">{mark}</g>')
        out.append(f'<text class="say" x="{EDGE + i * each + 18}" y="{y}">{esc(words)}</text>')
    return "".join(out)


def _style() -> str:
    """The classes of figures.css that the map uses, with the light colours written out."""
    c = PALETTE["light"]
    kinds = "".join(
        f".map .s-{k}{{fill:{c[k]}}}.map .s-{k} .p{{stroke:{c[k]}}}.sym.s-{k}{{fill:{c[k]};color:{c[k]}}}"
        for k in ("ok", "degraded", "outage", "none")
    )
    kinds += "".join(f".map .s-{k},.swatch.s-{k}{{fill:{v}}}.map .s-{k} .p{{stroke:{v}}}" for k, v in SHADES.items())
    return (
        "text{font:13px Inter,system-ui,sans-serif}"
        f".sheet{{fill:{c['paper']}}}.head{{font-size:18px;font-weight:600;fill:{c['ink']}}}.say{{fill:{c['ink-2']}}}"
        ".map path{vector-effect:non-scaling-stroke;stroke-linejoin:round}"
        f".map .c{{stroke:{c['paper']};stroke-width:.6px}}{kinds}"
        f".map .s-insufficient{{fill:url(#hatch)}}.hatch-0{{fill:{c['paper-2']}}}"
        f".map .hatch-1{{stroke:{c['insufficient']};stroke-width:13px;vector-effect:none}}"
        f".map .s-outage>path:not(.p,.o){{stroke:{c['ink']};stroke-width:.9px}}"
        f".map .disputed{{fill:none;stroke:{c['ink-3']};stroke-width:.9px;stroke-dasharray:2 2}}"
        ".map .p,.map .o{stroke-linecap:round;stroke-width:4.5px}.map .b{display:none}"
        f".map .s-none .p{{stroke:{c['insufficient']}}}.map .s-insufficient .p{{stroke:{c['insufficient-ink']};"
        f"stroke-width:6px}}.map .o{{stroke:{c['paper']};stroke-width:2.4px}}.map .s-degraded .p{{stroke-width:8px}}"
        ".map .s-outage .p{stroke-width:9px;stroke-linecap:square}"
        ".sym .ring{fill:none;stroke:currentColor;stroke-width:1.5}.sym .lines{fill:none;stroke:currentColor}"
        f".sym.s-insufficient{{color:{c['insufficient-ink']}}}.sym.s-none{{fill:{c['insufficient']}}}"
    )
