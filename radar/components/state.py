"""States as readers see them: a shape, a colour and a word; never a colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar.components.ssr import marks
from radar.labels import REGIONS, STATE_HELP, STATES, _

#: From worst to calmest, as lists and legends order them.
ORDER = ("outage", "degraded", "insufficient", "ok")


def shape(state: str) -> Component:
    """The shape alone: filled square, half dot, hatched ring, dot. Say the word beside it."""
    return html.Span(className=f"shape s-{state}", **marks(aria_hidden="true"))


def mark(state: str, words: Any = None) -> Component:
    """Shape and word of a state; ``words`` in place of its usual one."""
    text = _(STATES[state]) if words is None else words
    return html.Span([shape(state), html.Span(text)], className=f"state s-{state}")


def simulated(flag: bool) -> Component | None:
    """The word "simulated" where something is; nothing elsewhere."""
    return html.Span(_("simulated"), className="tag s-simulated") if flag else None


def legend(counts: Mapping[str, int], *, unknown: int, regions: Mapping[str, int]) -> Component:
    """All states with their shape, word, meaning and how many there are; ``unknown``: places nothing is known of;
    ``regions``: how many are marked within countries, by level."""
    lines = [(state, mark(state), counts.get(state, 0), _(STATE_HELP[state])) for state in ORDER]
    if unknown:
        lines.append(("none", mark("none", _("No data")), unknown, _("Nothing was ever measured here.")))
    for level, words in REGIONS.items():
        ring = html.Span(className=f"shape region s-{level}", **marks(aria_hidden="true"))
        told = html.Span([ring, html.Span(_(words))], className=f"state s-{level}")
        lines.append((level, told, regions.get(level, 0), _("One region; its country is shown by its own state.")))
    rows = [
        html.Li([words, " ", html.B(str(n)), html.Span(help, className="help")]) for _state, words, n, help in lines
    ]
    return html.Ul(rows, className="legend")


def what(meaning: str) -> Component:
    """A question mark that explains, in one line, on focus, tap and hover, until Escape (``assets/site/tips.js``).
    Place it in a positioned box. What it explains is its name, so that it is heard where it cannot be seen."""
    hidden = marks(aria_hidden="true")
    tip = html.Span(meaning, className="tip", **hidden)
    return html.Span([html.Span("?", **hidden), tip], className="what", tabIndex="0", role="note",
                     **marks(aria_label=meaning))  # fmt: skip
