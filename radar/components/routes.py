"""What the routing table says of one entity: how much is announced, against a day before, seen by how many peers.

A loss is said only where there is something to compare with, and where the table is fed: a table that is silent,
catching up or seen by too few peers is shown as what it is, never as calm and never as an outage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.components import numbers, shell, state, times
from radar.labels import GLOSSARY, N_, _, ngettext
from radar.shapes import Routing, RoutingView, SourceStatus

#: From this share of the announced space on, a loss is called one; the same as for the state "degraded".
LOST = 0.1

#: From this share on it is said that the announced space is another than a day before.
MOVED = 0.02

#: With fewer blocks a day before, a share of them means too little to be called a loss.
FEW = 8

#: States of the table: shape, word, meaning.
STATES: dict[str, tuple[str, str, str]] = {
    "live": ("ok", N_("Live"), N_("Route messages arrive, and enough peers give a full view.")),
    "catching_up": ("insufficient", N_("Catching up"),
                    N_("The table is being brought up to date after a restart; until then nothing is judged by it.")),
    "silent": ("insufficient", N_("Silent"),
               N_("No route message has arrived. Silence says nothing about the routes themselves.")),
    "too_few_peers": ("insufficient", N_("Too few peers"),
                      N_("Too few peers give a full view to tell a lost route from a lost peer.")),
    "ended": ("insufficient", N_("Replay ended"),
              N_("The recorded messages are over; this is the table at their end.")),
}  # fmt: skip

#: One line for each term, beside those that all pages share.
TERMS: dict[str, str] = {
    "/24": GLOSSARY["/24"],
    "/48": N_("A block of IPv6 addresses, the smallest that is commonly routed on its own."),
    "prefix": N_("A range of addresses that is announced as one, such as 192.0.2.0/24."),
    "origin": N_("The network that announces a prefix as its own: the last one of the AS path."),
    "peer": GLOSSARY["full-feed peer"],
    "moas": N_("A prefix that several networks announce at the same time. Often meant so, sometimes not."),
    "share": N_("How many of the full-feed peers see the average announced prefix."),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with its name, what it is held against, and what it means."""

    label: str
    value: str
    under: Any = None
    help: str = ""


def tiles(rows: Sequence[Tile]) -> Component:
    """Numbers side by side, each with its name above and its comparison below."""
    boxes = []
    for row in rows:
        name = [html.Span(row.label), state.what(_(row.help)) if row.help else None]
        under = None if row.under is None else html.Dd(row.under, className="under")
        boxes.append(html.Div([html.Dt(name), html.Dd(row.value, className="big"), under]))
    return html.Dl(boxes, className="tiles")


def change(now: int | None, before: int | None) -> float | None:
    """The change against a day before, -1 for all gone; None where it cannot be said."""
    return None if now is None or before is None or before <= 0 else (now - before) / before


def worst(view: RoutingView) -> tuple[str, float] | None:
    """What was lost: the family and its change. IPv4 where that is a loss, else the lower one of IPv4 and IPv6; None
    where neither can be compared, or both are few blocks."""
    rows = (("IPv4", view["visible_24s"], view["before_24s"]), ("IPv6", view["visible_48s"], view["before_48s"]))
    found = [(family, moved) for family, now, before in rows
             if (before or 0) >= FEW and (moved := change(now, before)) is not None]  # fmt: skip
    lost = [row for row in found if row[1] <= -LOST]
    return lost[0] if lost else min(found, key=lambda row: row[1], default=None)


def fallen(view: RoutingView) -> float | None:
    """The change that ``worst`` names, alone."""
    found = worst(view)
    return None if found is None else found[1]


def judged(view: RoutingView) -> Literal["lost", "held", "unknown"]:
    """Whether announced space was lost against a day before."""
    moved = fallen(view)
    if moved is None:
        return "unknown"
    return "lost" if moved <= -LOST else "held"


def count(value: int | None) -> str:
    """A number in full, "–" for one that is not known."""
    return "–" if value is None else cldr.count(value)


def share(value: float | None) -> str:
    """ "97 %", "–" for one that is not known."""
    return "–" if value is None else _percent(cldr.fixed(value * 100))


def move(value: float | None) -> str:
    """A change as tables have it: "−18.1 %", "+2.4 %", "0 %", "–" where it cannot be said."""
    if value is None:
        return "–"
    percent = value * 100
    text = f"{percent:+.{1 if abs(percent) >= 0.1 else 2}f}".replace("-", "−")
    return _percent(cldr.written(text) if text.strip("+−0.") else "0")


def _percent(text: str) -> str:
    return _("{n} %").format(n=text).replace(" ", "\N{NO-BREAK SPACE}")


def _against(now: int | None, before: int | None) -> str:
    if now is None:
        return _("not known")
    if before is None:
        return _("nothing to compare with yet")
    return _("{before} a day before ({change})").format(before=cldr.count(before), change=move(change(now, before)))


def sentence(key: str, view: RoutingView | None, routing: Routing, standing: str, now: str) -> str:
    """What the table says of an entity, in one sentence that holds by itself."""
    name = entities.name(key)
    if standing != "live":
        when = times.words(routing["at"], now)
        return _("{state} We cannot say how the routes of {name} are now; the table last spoke at {when}.").format(
            state=_(STATES[standing][2]), name=name, when=when)  # fmt: skip
    if view is None:
        return _("The table holds no route of {name}: it announces nothing that our peers see, or not yet.").format(
            name=name)  # fmt: skip
    if view["visible_24s"] is None and view["visible_48s"] is None:
        return _("We see too little of the routes of {name} to say.").format(name=name)
    found = worst(view)
    if found is None:
        return _("The announced address space of {name} cannot be compared with a day before.").format(name=name)
    family, moved = found
    if moved <= -LOST:
        peers = view["peers_v4"] if family == "IPv4" else view["peers_v6"]
        return _("{name} has lost {n} % of its announced {family} space against a day before, as {peers} full-feed "
                 "peers see it.").format(name=name, n=numbers.rough(-moved * 100), family=family,
                                         peers=cldr.count(peers))  # fmt: skip
    if abs(moved) >= MOVED:
        text = _("The announced {family} space of {name} is {n} % smaller than a day before.")
        if moved > 0:
            text = _("The announced {family} space of {name} is {n} % larger than a day before.")
        return text.format(family=family, name=name, n=numbers.rough(abs(moved) * 100))
    return _("The announced address space of {name} is about what it was a day before.").format(name=name)


def credit(routing: Routing, status: SourceStatus | None, now: str, unit: str) -> Component:
    """Who the numbers come from, under which terms, in which unit, and of when."""
    title = status["title"] if status else routing["source"]
    licence: Any = html.A(status["licence"], href=status["licence_url"]) if status else _("not stated")
    return html.P(
        [
            html.Span([_("Source: "), html.A(title, href=f"/sources#{routing['source']}")]),
            html.Span([_("Licence: "), licence]),
            html.Span([_("Unit: "), unit]),
            html.Span([_("As of "), times.time_ago(routing["at"], now)]),
            html.Span(_("simulated")) if routing["simulated"] else None,
        ],
        className="credit",
    )


def block(
    key: str,
    view: RoutingView | None,
    routing: Routing | None,
    *,
    standing: str,
    status: SourceStatus | None,
    now: str,
    mentions: Component | None = None,
) -> Component:
    """The part of an entity's page about its routes. ``standing``: as ``radar.api.routing.standing`` has it;
    ``mentions``: the candidates that touch it, if any."""
    title = html.Span([_("Routes"), " ", state.simulated(bool(view and view["simulated"]))])
    if routing is None:
        text = _("No source of route messages runs here, so we do not know which of its routes are announced.")
        more = html.A(_("How to switch one on"), href="/routing")
        return shell.section(title, html.P([text, " ", more, "."], className="none"), id="routes")
    parts: list[Any] = [html.P(sentence(key, view, routing, standing, now), className="verdict")]
    if view is not None:
        parts.append(tiles(_tiles(view)))
    parts.append(mentions)
    parts.append(credit(routing, status, now, _("/24 and /48 blocks that more than half of the full-feed peers see")))
    return shell.section(title, *parts, id="routes", class_name="explained")


def unreadable() -> Component:
    """In place of an entity's routes when the store cannot be asked."""
    return shell.section(
        _("Routes"),
        html.P(_("We cannot read the routing table just now."), className="none"),
        id="routes",
    )


def _tiles(view: RoutingView) -> list[Tile]:
    prefixes = [
        ngettext("{n} IPv4 prefix", "{n} IPv4 prefixes", view["prefixes_v4"]).format(n=cldr.count(view["prefixes_v4"]))
        if view["prefixes_v4"] is not None else _("IPv4: not known"),
        ngettext("{n} IPv6 prefix", "{n} IPv6 prefixes", view["prefixes_v6"]).format(n=cldr.count(view["prefixes_v6"]))
        if view["prefixes_v6"] is not None else _("IPv6: not known"),
    ]  # fmt: skip
    moas = view["moas"]
    under = [
        ngettext("of {n} full-feed peer", "of {n} full-feed peers", view["peers_v4"]).format(
            n=cldr.count(view["peers_v4"])),
        _("IPv6: not known") if view["peer_share_v6"] is None
        else _("IPv6: {share} of {n}").format(share=share(view["peer_share_v6"]), n=cldr.count(view["peers_v6"])),
    ]  # fmt: skip
    return [
        Tile(_("IPv4 space, /24 blocks"), count(view["visible_24s"]),
             _against(view["visible_24s"], view["before_24s"]), TERMS["/24"]),
        Tile(_("IPv6 space, /48 blocks"), count(view["visible_48s"]),
             _against(view["visible_48s"], view["before_48s"]), TERMS["/48"]),
        Tile(_("Seen by"), share(view["peer_share_v4"]), "; ".join(under), TERMS["peer"]),
        Tile(_("Prefixes with several origins"), count(moas), ", ".join(prefixes), TERMS["moas"]),
    ]  # fmt: skip
