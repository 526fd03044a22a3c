"""A map of where the matches of a rule came from: the named countries, in shades by their share.

Colour means state on this site, so shades say how much. The tables beside the map hold the same numbers.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components.attacks import percent
from radar.components.ssr import slot
from radar.figures import quality as drawings
from radar.figures.world import name_of, shapes
from radar.labels import N_, _
from radar.shapes.attacks import Share, Window

#: Shades of the map: share of the rule's matches up to which each one reaches, and its name in words.
SHADES: tuple[tuple[str, float, str], ...] = (
    ("q1", 0.01, N_("under 1 %")), ("q2", 0.05, N_("1 to 5 %")), ("q3", 0.2, N_("5 to 20 %")),
    ("q4", 1.01, N_("20 % or more")),
)  # fmt: skip


def world(window: Window, id: str) -> Component:
    """A map of the named countries of origin, with what it says and its key."""
    legend = [html.Li([html.Span(className=f"swatch s-{kind}"), words]) for kind, words in key_of()]
    return html.Div([
        html.P(largest(window), className="sentence"),
        slot(id, lambda: drawing(window), class_name="map-box"),
        html.Ul([html.Li(_("Part of all matches:")), *legend], className="plain shades"),
    ])  # fmt: skip


def largest(window: Window) -> str:
    """The countries with the largest parts, in words."""
    named = ", ".join(f"{_name(row)} {percent(row['share'])}" for row in window["countries"][:3])
    if not named:
        return _("Of none of {n} matches it is known where the address is registered.").format(
            n=cldr.count(window["matches"]))  # fmt: skip
    return _("The largest parts of {n} matches: {names}.").format(n=cldr.count(window["matches"]), names=named)


def key_of() -> list[tuple[str, str]]:
    """Shades and their words, fewest first."""
    return [("none", _("none that we name")), *((kind, _(words)) for kind, _top, words in SHADES)]


def sentence(window: Window) -> str:
    """What the map shows, in words."""
    named = ", ".join(f"{_name(row)} {percent(row['share'])}" for row in window["countries"][:10])
    return _("Map of origins: {names}").format(names=named or _("none"))


def drawing(window: Window) -> str:
    """The map as SVG."""
    shares = {row["entity"].removeprefix("country/"): row for row in window["countries"]}
    words = {code: name_of(code, None) for code in shapes()["countries"]}
    words |= {
        code: f"{_name(row)}: {cldr.count(row['matches'])} ({percent(row['share'])})" for code, row in shares.items()
    }
    kinds = {code: next(kind for kind, top, _words in SHADES if row["share"] < top) for code, row in shares.items()}
    return drawings.world(kinds, words, sentence(window))


def _name(row: Share) -> str:
    return name_of(row["entity"].removeprefix("country/"), None)
