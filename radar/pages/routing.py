"""``/routing``: what the world's routers tell each other: which space is announced, what was lost, what looks wrong."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar.api.routing import FEEDS
from radar.api.routing import standing as state_of
from radar.components import candidates, charts, kit, routes, shell
from radar.components import routing as parts
from radar.components.ssr import marks, slot
from radar.labels import _
from radar.pages import _choices, _read
from radar.shapes import Routing, SourceStatus

shell.register_page(__name__, path="/routing", title="Routes")

#: Candidates and networks on the page before the rest is a link.
CANDIDATES, NETWORKS = 20, 12

#: Lists that ``show`` gives in full.
WHOLE = ("countries", "networks", "candidates", "peers")

Query = dict[str, str]


def layout(sort: str = "", kind: str = "", status: str = "", show: str = "", **query: str) -> Component:
    """The page. ``sort`` orders the tables, ``kind`` and ``status`` narrow the candidates, ``show`` (countries,
    networks, candidates, peers) gives a list in full."""
    snapshot = _read.snapshot()
    routing = _read.routing()
    if routing is None:
        return _nothing([row for row in snapshot.sources if row["name"] in FEEDS])
    given = {"sort": sort, "kind": kind, "status": status, "show": show}
    wrong = _choices.unread(given, {"sort": parts.SORTS, "kind": candidates.KINDS, "status": candidates.STATUSES,
                                    "show": WHOLE})  # fmt: skip
    asked: Query = {
        "sort": sort if sort in parts.SORTS else "",
        "kind": kind if kind in candidates.KINDS else "",
        "status": status if status in candidates.STATUSES else "",
        "show": show if show in WHOLE else "",
    }
    now, source = snapshot.now, snapshot.source(routing["source"])
    standing = state_of(routing, snapshot.clock, source)
    if standing == "live" and snapshot.stalled_since:
        standing = "silent"
    head = parts.sentence(routing, standing, now)

    def credit(unit: str) -> Component:
        return routes.credit(routing, source, now, unit)

    data = html.P([html.A(_("JSON"), href="/api/v1/routing"), " · ",
                   html.A(_("How to read this"), href="#terms")], className="note")  # fmt: skip
    return shell.page(
        _("Routes"),
        html.P(head, className="lede"),
        *wrong,
        parts.standing_line(routing, standing, now),
        shell.section(_("The table as a whole"), parts.totals(routing), credit(_("as named at each number")),
                      id="totals", class_name="explained"),
        _countries(routing, standing, asked, credit(_("address space of a day before, %; /24 and /48 blocks"))),
        _networks(routing, standing, asked, credit(_("/24 and /48 blocks"))),
        _candidates(routing, asked, now, credit(_("full-feed peers that saw it"))),
        shell.section(_("What is missing"), parts.gaps(routing["gaps"], now), id="gaps",
                      note=_("Times in which we did not hear all messages. The table says nothing of them.")),
        _peers(routing, asked, now, credit(_("sessions; prefixes"))),
        _terms(),
        data,
        description=head,
        wide=True,
    )  # fmt: skip


def _href(asked: Query, fragment: str, **changed: str) -> str:
    query = urlencode([(name, value) for name, value in {**asked, **changed}.items() if value])
    return f"/routing{'?' + query if query else ''}#{fragment}"


def _countries(routing: Routing, standing: str, asked: Query, credit: Component) -> Component:
    rows = routing["countries"]
    if not rows:
        nothing = html.P(_("The table holds no country's space yet."), className="none")
        return shell.section(_("Countries"), nothing, id="countries")
    whole = asked["show"] == "countries"
    sort = asked["sort"] or "change"
    kept = parts.ordered(rows, sort)[: None if whole else parts.ROWS]
    table = slot("countries-table", lambda: parts.table(
        kept, standing=standing, sort=sort, link=lambda name: _href(asked, "countries", sort=name),
        first=_("Country")))  # fmt: skip
    more = None
    if len(kept) < len(rows):
        label = _("All {n} countries").format(n=len(rows))
        more = html.P(html.A(label, href=_href(asked, "countries", show="countries")))
    note = _("Announced address space now against a day before.")
    return shell.section(_("Countries"), *parts.losses(routing, standing, kit.figure("losses")),
                         table, more, credit, note=note,
                         id="countries", class_name="explained")  # fmt: skip


def _networks(routing: Routing, standing: str, asked: Query, credit: Component) -> Component:
    rows = routing["losses"]
    title, note = _("Networks that lost most"), _("Against a day before, of all networks that announce prefixes.")
    if not rows:
        text = _("No network is known to have lost announced space.")
        nothing = html.P(text, className="none") if standing in parts.JUDGED else parts.unfed()
        return shell.section(title, nothing, note=note, id="networks")
    sort = asked["sort"] or "change"
    kept = parts.ordered(rows, sort)[: None if asked["show"] == "networks" else NETWORKS]
    table = slot("networks-table", lambda: parts.table(
        kept, standing=standing, sort=sort, link=lambda name: _href(asked, "networks", sort=name),
        first=_("Network")))  # fmt: skip
    more = None
    if len(kept) < len(rows):
        label = _("All {n} that are kept").format(n=len(rows))
        more = html.P(html.A(label, href=_href(asked, "networks", show="networks")))
    return shell.section(title, table, more, credit, note=note, id="networks", class_name="explained")


def _candidates(routing: Routing, asked: Query, now: str, credit: Component) -> Component:
    found = candidates.chosen(routing["events"], asked["kind"], asked["status"])
    kinds = [("", _("All kinds"), _href(asked, "candidates", kind=""))]
    kinds += [(name, _(words), _href(asked, "candidates", kind=name)) for name, (words, _m) in candidates.KINDS.items()]
    statuses = [("", _("All"), _href(asked, "candidates", status=""))]
    statuses += [(name, _(word), _href(asked, "candidates", status=name))
                 for name, (_shape, word) in candidates.STATUSES.items()]  # fmt: skip
    strips = html.Div([charts.strip(kinds, asked["kind"], _("Kind")),
                       charts.strip(statuses, asked["status"], _("Status"))], className="ranges")  # fmt: skip
    title = [_("Candidates for hijacks and leaks"), " ", html.Span(str(len(routing["events"])), className="count")]
    inside: list[Any] = [strips] if routing["events"] else []
    if not found:
        text = _("None fits.") if routing["events"] else _("None is known. That is no proof that there was none.")
        inside.append(html.P(text, className="none"))
    else:
        kept = found if asked["show"] == "candidates" else found[:CANDIDATES]
        inside.append(candidates.listing(kept, now))
        if len(kept) < len(found):
            label = _("All {n} candidates").format(n=len(found))
            inside.append(html.P(html.A(label, href=_href(asked, "candidates", show="candidates"))))
    return shell.section(title, *inside, credit, note=candidates.hint(), id="candidates")


def _peers(routing: Routing, asked: Query, now: str, credit: Component) -> Component:
    rows = routing["peers"]
    title, note = _("Collectors and their peers"), _("Who tells us about routes, and whether we hear them.")
    if not rows:
        nothing = html.P(_("No session is known yet."), className="none")
        return shell.section(title, nothing, note=note, id="peers")
    whole = asked["show"] == "peers"
    href = _href(asked, "peers", show="peers")
    label = _("All {n} sessions one by one").format(n=len(rows))
    if whole:
        inside = slot("peers-table", lambda: parts.peers(rows, now), class_name="scroll")
        folded = html.Details([html.Summary(label), inside], open=True)
    else:
        link = html.P(html.A(_("Show the table"), href=href))
        folded = html.Details([html.Summary(label), slot("peers-table", link, class_name="scroll")],
                              **marks(data_href=href.partition("#")[0]))  # fmt: skip
    share = kit.offer("collectors", kit.figure("collectors"))
    return shell.section(
        title, parts.collectors(rows), share, folded, credit, note=note, id="peers", class_name="explained"
    )


def _terms() -> Component:
    terms = [
        (_("Prefix"), _(routes.TERMS["prefix"])),
        (_("/24 block"), _(routes.TERMS["/24"])),
        (_("/48 block"), _(routes.TERMS["/48"])),
        (_("Origin"), _(routes.TERMS["origin"])),
        (_("AS path"), _("The networks that a route runs through, nearest first; the last one is the origin.")),
        (_("Several origins (MOAS)"), _(routes.TERMS["moas"])),
        (_("Full-feed peer"), _(routes.TERMS["peer"])),
        (_("Announced space"), _("Blocks that more than half of the full-feed peers see a route to. A peer that falls "
                                 "silent is no longer asked; that is not a withdrawal.")),
        (_("Valley-free"), _("A route goes up from customers to providers, across at most once, and down again. One "
                             "that goes down and up again may have been leaked.")),
    ]  # fmt: skip
    terms += [(_("RPKI {word}").format(word=_(word)), _(text)) for word, text in candidates.RPKI.values()]
    terms += [(_(word), _(text)) for word, text in candidates.KINDS.values()]
    note = _("Routes say whether the way to a place is known, not whether packets arrive there.")
    return shell.section(_("How to read this"), parts.meanings(terms), note=note, id="terms")


def _nothing(feeds: list[SourceStatus]) -> Component:
    """No routing source has published: which are there, and how one is switched on."""
    waiting = [row for row in feeds if row["state"] not in ("off", "history")]
    if waiting:
        text = _("A source of route messages is switched on, and its table has not been published yet.")
        more = _("The first table appears when enough peers have told their view. Until then nothing is said about "
                 "routes.")  # fmt: skip
    else:
        text = _("No source of route messages runs here, so we cannot say anything about routes.")
        more = _("That says nothing about how the routes are.")
    advice = [
        html.P([_("Two sources can feed the table: "), html.A("ris_live", href="/sources#ris_live"), ", ",
                _("a live stream, and "), html.A("mrt_files", href="/sources#mrt_files"), ", ",
                _("which reads recorded files.")]),
        html.P([_("Whoever runs this radar switches one on with the setting "), html.Code("RADAR_SOURCES"),
                _("; the command "), html.Code("radar doctor"), _(" says in words what is missing. See "),
                html.A(_("the sources"), href="/sources"), "."]),
    ]  # fmt: skip
    return shell.page(_("Routes"), html.P(text, className="lede"), shell.empty(_("No routing table."), more, *advice),
                      description=text)  # fmt: skip
