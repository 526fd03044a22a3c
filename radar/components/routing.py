"""The parts of the page of routes: the sentence on top, totals, losses, gaps, collectors and their peers.

Everything that it shows is handed to it. Words that claim a loss, or that there is none, are used only while the
table is live (``radar.api.routing.standing``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import kit, numbers, outages, state, times
from radar.components.candidates import number
from radar.components.routes import (
    FEW,
    LOST,
    STATES,
    TERMS,
    Tile,
    change,
    count,
    fallen,
    judged,
    move,
    share,
    tiles,
    worst,
)
from radar.components.ssr import Raw, marks, slot
from radar.figures import shares
from radar.labels import N_, _, ngettext
from radar.shapes import Routing, RoutingGap, RoutingPeer, RoutingView

#: States of a peer: shape, word, meaning.
PEER_STATES: dict[str, tuple[str, str, str]] = {
    "live": ("ok", N_("Live"), N_("It sends messages.")),
    "silent": ("degraded", N_("Silent"), N_("Its session is up and nothing comes from it.")),
    "unsynced": ("insufficient", N_("Not in step"), N_("Messages of it are missing; its view is not believed.")),
    "down": ("none", N_("Down"), N_("Its session with the collector is closed.")),
}

#: Why messages are missing, in words; another reason is shown as it was given.
REASONS: dict[str, str] = {
    "disconnected": N_("the connection broke"),
    "stalled": N_("the connection stalled"),
    "restart": N_("our own restart"),
    "flood": N_("more messages than could be read"),
    "peer down": N_("a peer's session closed"),
    "silent": N_("its collector fell silent"),
}

#: States of the table in which a loss, or that there is none, may be said.
JUDGED = ("live", "ended")

#: Countries named in the sentence; drawn; and rows of a table before the rest is a link.
NAMED, DRAWN, ROWS = 3, 8, 15

#: How a table of views is ordered: what makes the key; views without it come last.
SORTS: dict[str, Callable[[RoutingView], Any]] = {
    "change": fallen,
    "name": lambda view: outages.name_of(view["entity"]).casefold(),
    "v4": lambda view: None if view["visible_24s"] is None else -view["visible_24s"],
    "before": lambda view: None if view["before_24s"] is None else -view["before_24s"],
    "v6": lambda view: None if view["visible_48s"] is None else -view["visible_48s"],
    "peers": lambda view: view["peer_share_v4"],
}


def sentence(routing: Routing, standing: str, now: str) -> str:
    """How many countries' routes look normal, which were lost, how many peers say so; or why it cannot be said."""
    totals, when = routing["totals"], times.words(routing["at"], now)
    peers = ngettext("{n} full-feed peer", "{n} full-feed peers", totals["full_v4"])
    peers = peers.format(n=cldr.count(totals["full_v4"]))
    if standing == "silent":
        return _("No route message has arrived since {when}: we cannot say how routes are now. What follows is the "
                 "table as it was then.").format(when=when)  # fmt: skip
    if standing == "catching_up":
        return _("The routing table is catching up after a restart and stands at {when}; until it has, we cannot say "
                 "what is lost.").format(when=when)  # fmt: skip
    if standing == "too_few_peers":
        return _("We listen to {peers}, too few to tell a lost route from a lost peer, so we say nothing about "
                 "losses.").format(peers=peers)  # fmt: skip
    lost, held, unknown = _judged(routing["countries"])
    if not lost and not held:
        text = _("We listen to {peers}; no country can be compared with a day before yet, so we cannot say what is "
                 "lost.").format(peers=peers)  # fmt: skip
    elif not lost:
        text = ngettext(
            "The routes of the {n} country that can be compared with a day before look normal, as {peers} see them.",
            "The routes of all {n} countries that can be compared with a day before look normal, as {peers} see them.",
            len(held)).format(n=len(held), peers=peers)  # fmt: skip
    elif len(lost) == 1:
        family, moved = worst(lost[0]) or ("", 0.0)
        text = ngettext(
            "{name} has lost {p} % of its announced {family} space against a day before; the routes of {n} other "
            "country look normal, as {peers} see them.",
            "{name} has lost {p} % of its announced {family} space against a day before; the routes of {n} other "
            "countries look normal, as {peers} see them.",
            len(held)).format(name=outages.name_of(lost[0]["entity"]), p=numbers.rough(-moved * 100), family=family,
                              n=len(held), peers=peers)  # fmt: skip
    else:
        text = _("{names} have lost a tenth or more of their announced address space against a day before; the routes "
                 "of {n} other countries look normal, as {peers} see them.").format(
            names=_names(lost), n=len(held), peers=peers)  # fmt: skip
    if unknown and (lost or held):
        text += " " + ngettext("{n} country has too little to compare.", "{n} countries have too little to compare.",
                               len(unknown)).format(n=len(unknown))  # fmt: skip
    if standing == "ended":
        text = _("At the end of the replay, {when}:").format(when=when) + " " + text
    return text


def _judged(views: Sequence[RoutingView]) -> tuple[list[RoutingView], list[RoutingView], list[RoutingView]]:
    """Those that lost space (most first), those that did not, those that cannot be compared."""
    found: dict[str, list[RoutingView]] = {"lost": [], "held": [], "unknown": []}
    for view in views:
        found[judged(view)].append(view)
    return sorted(found["lost"], key=lambda view: fallen(view) or 0.0), found["held"], found["unknown"]


def _names(views: Sequence[RoutingView]) -> str:
    names = [outages.name_of(view["entity"]) for view in views]
    if len(names) > NAMED + 1:
        return _("{names} and {n} more").format(names=", ".join(names[:NAMED]), n=len(names) - NAMED)
    return cldr.joined(names)


def standing_line(routing: Routing, standing: str, now: str) -> Component:
    """The table's own state: shape, word, as of when, from when it was caught up."""
    shape, word, meaning = STATES[standing]
    parts: list[Any] = [state.mark(shape, _(word)), html.Span(_(meaning)),
                        html.Span([_("as of "), times.time_ago(routing["at"], now)])]  # fmt: skip
    if routing["caught_up_from"]:
        began = times.time(routing["caught_up_from"], now)
        parts.append(html.Span([_("caught up from the snapshot of "), began]))
    if routing["simulated"]:
        parts.append(state.simulated(True))
    return html.P(parts, className="facts standing")


def totals(routing: Routing) -> Component:
    """The table as a whole."""
    row = routing["totals"]
    sessions = ngettext("of {n} session", "of {n} sessions", row["peers"]).format(n=count(row["peers"]))
    where = ngettext("at {n} collector", "at {n} collectors", row["collectors"]).format(n=count(row["collectors"]))
    said = [(row["announcements"], _("{n} announcements")), (row["withdrawals"], _("{n} withdrawals")),
            (row["origin_changes"], _("{n} changes of origin"))]  # fmt: skip
    under = ", ".join(text.format(n=count(value)) for value, text in said if value is not None)
    return tiles([
        Tile(_("IPv4 prefixes"), count(row["prefixes_v4"]),
             _("IPv6: {n}").format(n=count(row["prefixes_v6"])), TERMS["prefix"]),
        Tile(_("Networks that announce"), count(row["origins"]), _("with IPv4 or IPv6"), TERMS["origin"]),
        Tile(_("Full-feed peers, IPv4"), count(row["full_v4"]),
             _("IPv6: {n};").format(n=count(row["full_v6"])) + f" {sessions} {where}", TERMS["peer"]),
        Tile(_("Prefixes with several origins"), count(row["moas"]), _("MOAS, both families"), TERMS["moas"]),
        Tile(_("Messages in the last minute"), count(row["messages"]),
             under or _("not known: the table is not fed"), N_("What all peers sent; one message may tell of many "
                                                               "prefixes.")),
    ])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loss:
    """A country that lost announced space: of which family, and the change of it (-0.4: 40 % are gone)."""

    entity: str
    name: str
    family: str
    change: float

    @property
    def words(self) -> str:
        """What its bar says."""
        return _("{name}: {n} % of the {family} space of a day before is gone").format(
            name=self.name, n=cldr.fixed(-self.change * 100), family=self.family)  # fmt: skip

    def bar(self) -> str:
        """Its bar as SVG: what is left is low, what is gone high."""
        gone = shares.Part(-self.change, "outage" if self.change < -0.5 else "degraded")
        return shares.svg([shares.Part(1 + self.change, "ok", low=True), gone], self.words)


def lost(routing: Routing) -> list[Loss]:
    """The countries that lost most, worst first, and no more than are drawn."""
    found, _held, _unknown = _judged(routing["countries"])
    rows = [(view["entity"], *(worst(view) or ("", 0.0))) for view in found[:DRAWN]]
    return [Loss(entity, outages.name_of(entity), family, moved) for entity, family, moved in rows]


def lost_words(routing: Routing) -> str:
    """How many countries lost a tenth or more."""
    n = len(_judged(routing["countries"])[0])
    return ngettext("{n} country has lost a tenth or more of its announced space.",
                    "{n} countries have lost a tenth or more of their announced space; the worst are drawn.",
                    n).format(n=n)  # fmt: skip


def losses(routing: Routing, standing: str, share: str = "") -> list[Component]:
    """A drawing of the countries that lost most, with its sentence; the sentence alone when none did. ``share``: the
    page of this drawing alone; "" on that page, which says title and sentence itself."""
    rule = _("A loss is said from {n} % on, against a day before, where there were at least {few} blocks.").format(
        n=cldr.fixed(LOST * 100), few=FEW)  # fmt: skip
    if standing not in JUDGED:
        return [unfed()]
    found = lost(routing)
    if not found:
        return [html.P(_("No country that can be compared has lost that much.") + " " + rule, className="none")]
    rows = [
        html.Tr([html.Th(html.A(row.name, href=f"/{row.entity}"), scope="row"),
                 html.Td(Raw(row.bar()), className="bar-cell"),
                 html.Td([html.Small(row.family), " ", move(row.change)], className="num")])
        for row in found
    ]  # fmt: skip
    unit = _("Whole bar: the space announced a day before. Low part: still announced. High part: gone.")
    head = html.Thead(html.Tr([html.Th(_("Country"), scope="col"), html.Th(_("Left and gone"), scope="col"),
                               html.Th(_("Change"), scope="col", className="num")]), className="sr")  # fmt: skip
    drawing = slot("losses", lambda: html.Table([head, html.Tbody(rows)], className="shares"))
    caption = html.Figcaption([html.H3(_("Announced space that is gone")),
                               html.P(lost_words(routing), className="sentence")])  # fmt: skip
    parts = [
        caption if share else None,
        drawing,
        html.P([unit, " ", rule], className="note"),
        kit.offer("losses", share) if share else None,
    ]
    return [html.Figure(parts, className="chart")]


def unfed() -> Component:
    """In place of a judgement, while the table is not fed."""
    return html.P(_("The table is not fed just now, so no loss can be told from it."), className="none")


def ordered(views: Sequence[RoutingView], sort: str) -> list[RoutingView]:
    """Views in one of the orders of ``SORTS``; what has no value for it comes last."""
    key = SORTS[sort]
    keyed = [(key(view), view) for view in views]
    known = sorted((row for row in keyed if row[0] is not None), key=lambda row: row[0])
    return [view for _value, view in known] + [view for value, view in keyed if value is None]


def table(
    views: Sequence[RoutingView], *, standing: str, sort: str, link: Callable[[str], str], first: str
) -> Component:
    """Views as a table, in the order given. ``standing``: of the whole table. ``sort`` marks the column of that order,
    ``link`` gives the address of another one, ``first`` heads the first column."""
    heads = [("name", first, ""), ("v4", _("IPv4 /24 now"), TERMS["/24"]), ("before", _("A day before"), ""),
             ("change", _("Change"), ""), ("v6", _("IPv6 /48 now"), TERMS["/48"]),
             ("peers", _("Peers"), TERMS["share"])]  # fmt: skip
    cells = []
    for name, words, help in heads:
        here = marks(aria_sort="ascending" if name in ("name", "change", "peers") else "descending")
        tip: list[Any] = [" ", state.what(_(help))] if help else []
        classes = "" if name == "name" else "num wide-only" if name == "before" else "num"
        cells.append(html.Th([html.A(words, href=link(name)), *tip], scope="col", className=classes,
                             **(here if name == sort else {})))  # fmt: skip
    whole = all(view["simulated"] for view in views)
    body = [_view(view, whole, standing in JUDGED) for view in views]
    inside = html.Table([html.Thead(html.Tr(cells)), html.Tbody(body)], className="figures views")
    return html.Div(inside, className="scroll")


def _view(view: RoutingView, whole: bool, fed: bool) -> Component:
    """A row. ``whole``: all of the table is simulated, which is said once, beside it. ``fed``: losses may be said."""
    kind = {"lost": "degraded", "held": "ok", "unknown": "insufficient"}[judged(view) if fed else "unknown"]
    if kind == "degraded" and (fallen(view) or 0.0) < -0.5:
        kind = "outage"
    before = html.Small(_("of {n}").format(n=count(view["before_24s"])), className="narrow-only")
    v6 = move(change(view["visible_48s"], view["before_48s"]))
    name = [state.shape(kind), html.A(outages.name_of(view["entity"]), href=f"/{view['entity']}"),
            state.simulated(view["simulated"] and not whole)]  # fmt: skip
    return html.Tr([
        html.Th(html.Span(name, className="named"), scope="row"),
        html.Td([count(view["visible_24s"]), before], className="num"),
        html.Td(count(view["before_24s"]), className="num wide-only"),
        html.Td(move(change(view["visible_24s"], view["before_24s"])), className="num"),
        html.Td([count(view["visible_48s"]), html.Small(v6)], className="num"),
        html.Td(share(view["peer_share_v4"]), className="num"),
    ])  # fmt: skip


def gaps(rows: Sequence[RoutingGap], now: str) -> Component:
    """Times in which messages are missing, newest first."""
    if not rows:
        return html.P(_("None is known of the time that we still keep."), className="none")
    items = []
    for gap in rows:
        who = gap["collector"] or _("the whole stream")
        filled = _("filled later from dumps of the same time") if gap["filled"] else _("not filled")
        why = _(REASONS[gap["reason"]]) if gap["reason"] in REASONS else gap["reason"]
        items.append(html.Li([times.span(gap["since"], gap["until"], now), html.Span(f"{who}: {why}"),
                              html.Span(filled, className="note")],
                             className="filled" if gap["filled"] else "open"))  # fmt: skip
    return html.Ul(items, className="plain gaps")


@dataclass(frozen=True, slots=True)
class Collector:
    """How many sessions a collector holds, how many of them live with a full view, with a part of it, or do not; how
    many carry all of IPv4 and of IPv6. ``heard``: RFC 3339, when last; None: never."""

    name: str
    sessions: int
    full: int
    part: int
    down: int
    full_v4: int
    full_v6: int
    heard: str | None

    @property
    def words(self) -> str:
        """What its bar says."""
        return _("{name}: of {n} sessions, {full} live with a full view, {part} live with a part of it, {rest} not "
                 "live").format(name=self.name, full=self.full, n=self.sessions, part=self.part,
                                rest=self.down)  # fmt: skip

    def bar(self) -> str:
        """Its bar as SVG: full views first, then parts, low, then what is not heard."""
        n = self.sessions
        return shares.svg([shares.Part(self.full / n, "full"), shares.Part(self.part / n, "ok", low=True),
                           shares.Part(self.down / n, "gone")], self.words)  # fmt: skip


def by_collector(rows: Sequence[RoutingPeer]) -> list[Collector]:
    """The collectors by name."""
    found = []
    for name in sorted({row["collector"] for row in rows}):
        mine = [row for row in rows if row["collector"] == name]
        live = sum(row["state"] == "live" for row in mine)
        full = [row for row in mine if row["state"] == "live" and (row["full_v4"] or row["full_v6"])]
        found.append(Collector(
            name, len(mine), len(full), live - len(full), len(mine) - live,
            sum(row["full_v4"] for row in full), sum(row["full_v6"] for row in full),
            max((row["last_heard"] for row in mine if row["last_heard"]), default=None),
        ))  # fmt: skip
    return found


def collectors_words(found: Sequence[Collector]) -> str:
    """How many sessions of all can be relied on."""
    return _("Of {n} sessions with route collectors, {full} live with a full view, {part} live with a part of it, "
             "{rest} are not live.").format(
        n=cldr.count(sum(row.sessions for row in found)), full=cldr.count(sum(row.full for row in found)),
        part=cldr.count(sum(row.part for row in found)), rest=cldr.count(sum(row.down for row in found)))  # fmt: skip


def collectors(rows: Sequence[RoutingPeer]) -> Component:
    """One row a collector: how many sessions it holds, and how many of them can be relied on."""
    body = [
        html.Tr([
            html.Th(row.name, scope="row"),
            html.Td(count(row.sessions), className="num"),
            html.Td(Raw(row.bar()), className="bar-cell"),
            html.Td(count(row.full + row.part), className="num"),
            html.Td(count(row.full_v4), className="num"),
            html.Td(count(row.full_v6), className="num"),
            html.Td(times.time(row.heard, row.heard) if row.heard else _("never"), className="num wide-only"),
        ])
        for row in by_collector(rows)
    ]  # fmt: skip
    heads = ((_("Collector"), ""), (_("Sessions"), "num"), (_("Full view, part of it, not live"), ""),
             (_("Live"), "num"), (_("Full IPv4"), "num"), (_("Full IPv6"), "num"),
             (_("Last heard"), "num wide-only"))  # fmt: skip
    top = html.Thead(html.Tr([html.Th(words, scope="col", className=kind) for words, kind in heads]))
    table = html.Table([top, html.Tbody(body)], className="figures views")
    return slot("collectors", table, class_name="scroll")


def peers(rows: Sequence[RoutingPeer], now: str) -> Component:
    """Every session: who speaks, whether it is heard, what it carries."""
    heads = ((_("Collector"), ""), (_("Network"), ""), (_("Router"), ""), (_("State"), ""), (_("Full view"), ""),
             (_("IPv4 prefixes"), "num"), (_("IPv6 prefixes"), "num"), (_("Last heard"), "num"))  # fmt: skip
    body = []
    for row in sorted(rows, key=lambda row: (row["collector"], row["asn"], row["peer"])):
        shape, word, _meaning = PEER_STATES[row["state"]]
        full = [name for name, flag in (("IPv4", row["full_v4"]), ("IPv6", row["full_v6"])) if flag]
        heard = times.time(row["last_heard"], now) if row["last_heard"] else _("never")
        body.append(html.Tr([
            html.Th(row["collector"], scope="row"),
            html.Td(number(row["asn"])),
            html.Td(html.Code(row["peer"])),
            html.Td(state.mark(shape, _(word))),
            html.Td(", ".join(full) or _("no")),
            html.Td(count(row["prefixes_v4"]), className="num"),
            html.Td(count(row["prefixes_v6"]), className="num"),
            html.Td(heard, className="num"),
        ]))  # fmt: skip
    top = html.Thead(html.Tr([html.Th(words, scope="col", className=kind) for words, kind in heads]))
    return html.Table([top, html.Tbody(body)], className="figures")


def meanings(rows: Sequence[tuple[str, str]]) -> Component:
    """Terms with what they mean, both in the reader's language."""
    return html.Dl([item for term, text in rows for item in (html.Dt(term), html.Dd(text))], className="pairs")
