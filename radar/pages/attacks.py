"""``/attacks``: the rules of firewalls that matched: what is new, how it has grown, from where, aimed at where.

``/attacks?rule=ID`` is the view of one rule. ``range`` (24h, 7d, 90d) is the time of its chart, ``window`` (24h, 7d)
that of its origins, ``sort`` the order of the table of all rules.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api.attacks import RANGES, SOURCE, standing
from radar.components import attacks as parts
from radar.components import attacks_map, charts, kit, routes, shell, state, times
from radar.labels import _
from radar.pages import _attack_chart, _attacks, _choices, _read
from radar.shapes import Outage, SourceStatus
from radar.shapes.attacks import AttackRule, Attacks

shell.register_page(__name__, path="/attacks", title="Attacks")

#: Rules in the table before the rest is a link.
ROWS = 30

WINDOWS = ("24h", "7d")


def layout(rule: str = "", sort: str = "", show: str = "", range: str = "", window: str = "", table: str = "",
           **query: str) -> Component:  # fmt: skip
    """The page, or the view of one rule."""
    snapshot = _read.snapshot()
    source = snapshot.source(SOURCE)
    found = _attacks.published(snapshot.version)
    if found is None:
        return _nothing(source)
    quiet = standing(found, snapshot.clock) == "quiet"
    now = snapshot.now
    if not rule:
        wrong = _choices.unread({"sort": sort, "show": show}, {"sort": parts.SORTS, "show": ("all",)})
        return _all(found, source, now, quiet=quiet, sort=sort if sort in parts.SORTS else "", whole=show == "all",
                    risen=_attacks.risen(snapshot), wrong=wrong)  # fmt: skip
    one = next((row for row in found["rules"] if row["id"] == rule), None)
    if one is None:
        text = _("We know of no rule {id} that matched. Rules with few matches are dropped after a time.")
        advice = html.P(html.A(_("All rules that matched"), href="/attacks"))
        return shell.missing(text.format(id=rule[:100]), advice)
    return _one(found, one, source, now, quiet=quiet, range=range if range in RANGES else _attacks.usual_range(one),
                window=window if window in WINDOWS else WINDOWS[0], table=table == "1",
                risen=_attacks.risen(snapshot, rule),
                wrong=_choices.unread({"range": range, "window": window}, {"range": RANGES, "window": WINDOWS})
                )  # fmt: skip


def _all(found: Attacks, source: SourceStatus | None, now: str, *, quiet: bool, sort: str, whole: bool,
         risen: list[Outage], wrong: list[Component]) -> Component:  # fmt: skip
    head = parts.sentence(found, now, quiet=quiet)
    new = sorted((row for row in found["rules"] if parts.is_new(row, now)), key=lambda r: r["first_seen"], reverse=True)
    sort = sort or "day"
    rules = parts.ordered(found["rules"], sort)
    kept = rules if whole else rules[:ROWS]

    def link(name: str) -> str:
        return f"/attacks?sort={name}{'&show=all' if whole else ''}#rules"

    inside: list[Any] = [parts.ranking(kept, now, sort=sort, link=link)]
    if len(kept) < len(rules):
        label = _("All {n} rules").format(n=len(rules))
        inside.append(html.P(html.A(label, href=f"/attacks?sort={sort}&show=all#rules")))
    if found["dropped_rules"]:
        text = _("{n} rules with few matches, longest ago, were dropped to keep this list short.")
        inside.append(html.P(text.format(n=cldr.count(found["dropped_rules"])), className="note"))
    since = None
    if found["since"]:
        since = html.Span([_("Our records begin on "), times.day(found["since"]), ". ", _("What was tried before, or "
                           "elsewhere, is not in them.")])  # fmt: skip
    nothing = html.P(_("No rule has matched for the first time in this time."), className="none")
    listed = parts.new_list(new, now, found["simulated"]) if new else nothing
    return shell.page(
        _("Attacks"),
        html.P(head, className="lede"),
        *wrong,
        _attacks.rises(risen, now),
        shell.section(_("New in the last seven days"), listed, note=since, id="new"),
        shell.section([_("All rules that matched"), " ", html.Span(str(len(rules)), className="count")],
                      *inside, _credit(found, source, now, _("requests that matched")), id="rules",
                      class_name="explained"),
        _terms(),
        html.P([html.A(_("JSON"), href="/api/v1/attacks"), " · ",
                html.A(_("CSV"), href="/api/v1/attacks?format=csv")], className="note"),
        heading=html.Span([_("Attempts that firewalls saw"), " ", state.simulated(found["simulated"])]),
        description=head,
        wide=True,
    )  # fmt: skip


def _one(
    found: Attacks,
    rule: AttackRule,
    source: SourceStatus | None,
    now: str,
    *,
    quiet: bool,
    range: str,
    window: str,
    table: bool,
    risen: list[Outage],
    wrong: list[Component],
) -> Component:
    head = parts.about(rule, now)
    if quiet:
        head = f"{parts.sentence(found, now, quiet=True)} {head}"
    places = rule["day"] if window == "24h" else rule["week"]

    def href(**changed: str) -> str:
        return parts.href(rule, **{"range": range if range != _attacks.usual_range(rule) else "",
                                   "window": window if window != WINDOWS[0] else "", **changed})  # fmt: skip

    times_ = [("24h", _("24 hours")), ("7d", _("7 days")), ("90d", _("90 days"))]
    spans = charts.strip([(key, words, f"{href(range=key)}#growth") for key, words in times_], range,
                         _("Time of the chart"))  # fmt: skip
    times_ = [("24h", _("24 hours")), ("7d", _("7 days"))]
    windows = charts.strip([(key, words, f"{href(window=key)}#origins") for key, words in times_], window,
                           _("Time of the origins"))  # fmt: skip
    credit = _credit(found, source, now, _("requests that matched"))
    drawn = _attack_chart.drawing(found, rule, source, now, range)
    usual = _("Of {n} matches. A usual share is that of all other rules in seven days.").format(
        n=cldr.count(places["matches"]))  # fmt: skip
    return shell.page(
        parts.title(rule),
        html.P(head, className="lede"),
        *wrong,
        html.P([*(piece for tag in parts.tags(rule) for piece in (tag, " ")), state.simulated(found["simulated"])],
               className="facts"),
        routes.tiles(parts.facts(rule, now)),
        _attacks.rises(risen, now),
        shell.section(_("How it has grown"), html.Div(spans, className="ranges"),
                      _attack_chart.chart(drawn, now, href(table="1"), table=table), id="growth"),
        shell.section(_("Where from"), html.Div(windows, className="ranges"), attacks_map.world(places, "origins-map"),
                      _credit(found, source, now, _("part of the matches, %")),
                      kit.offer("origins", kit.figure("origins", rule=rule["id"], window=window)),
                      note=_("Where the addresses are registered. Requests are often sent through machines of others: "
                             "this does not say who sent them."), id="origins"),
        html.Div([
            shell.section(_("Countries"), parts.origins(places["countries"], _("Country")), note=usual, id="countries",
                          class_name="explained"),
            shell.section(_("Networks"), parts.origins(places["networks"], _("Network")), note=usual, id="networks",
                          class_name="explained"),
        ], className="two"),
        shell.section(_("Aimed at"), parts.aims(places["targets"]), credit, id="targets",
                      note=_("A match counts for the country and for the provider that it was aimed at: the shares of "
                             "countries and those of providers each add up to at most 100 %.")),
        _terms(),
        html.P([html.A(_("All rules"), href="/attacks"), " · ",
                html.A(_("JSON"), href=f"/api/v1/attacks?rule={quote(rule['id'], safe='')}")], className="note"),
        kicker=html.A(_("Rules that matched"), href="/attacks"),
        description=head,
        named=("rule",),
        charts=True,
        wide=True,
    )  # fmt: skip


def _credit(found: Attacks, source: SourceStatus | None, now: str, unit: str) -> Component:
    title = source["title"] if source else found["source"]
    licence: Any = html.A(source["licence"], href=source["licence_url"]) if source else _("not stated")
    newest = html.Span([_("Newest match before "), times.time_ago(found["newest"], now)]) if found["newest"] else None
    return html.P(
        [
            html.Span([_("Source: "), html.A(title, href=f"/sources#{SOURCE}")]),
            html.Span([_("Licence: "), licence]),
            html.Span([_("Unit: "), unit]),
            newest,
            html.Span(_("simulated")) if found["simulated"] else None,
        ],
        className="credit",
    )


def _terms() -> Component:
    terms = [
        (_("Rule"), _("A pattern that a web application firewall looks for in requests, such as a known way to use a "
                      "hole in some software. A match is an attempt at most: it may be a test, a scanner, or a mistake "
                      "of the rule.")),
        (_("First seen"), _("The first match in our records. The first attempt in the world may have been earlier and "
                            "elsewhere.")),
        (_("Origin"), _("The country and network that the client's address is registered to. Many requests are sent "
                        "through machines of others; an origin does not say who sent them. Addresses are not kept.")),
        (_("Refused"), _("Refused or challenged by the firewall, as a share of the matches of which its log says what "
                         "was done.")),
        *((_(word), _(text)) for word, text in parts.TRENDS.values()),
        (_("Doubling"), _("From the last three whole hours against the three before, where those differ clearly.")),
    ]  # fmt: skip
    rows = [item for word, text in terms for item in (html.Dt(word), html.Dd(text))]
    return shell.section(_("How to read this"), html.Dl(rows, className="pairs"), id="terms")


def _nothing(source: SourceStatus | None) -> Component:
    """No book has been published: is a log read at all, and how one is switched on."""
    if source is not None and source["state"] not in ("off", "history"):
        text = _("The logs of firewalls are read here, and no match of a rule has arrived yet.")
        more = _("That may mean that nothing was tried, or that the logs do not reach us.")
    else:
        text = _("No firewall's log is read here, so we cannot say what is being tried.")
        more = _("That says nothing about whether anything is tried.")
    advice = html.P([
        _("Whoever runs this radar names the files with the setting "), html.Code("RADAR_WAF_EVENTS"),
        _(". ModSecurity, Coraza, AWS WAF, Cloudflare and a simple form of our own are understood; see "),
        html.A(_("the sources"), href=f"/sources#{SOURCE}"), "."])  # fmt: skip
    return shell.page(_("Attacks"), html.P(text, className="lede"), shell.empty(_("No matches."), more, advice),
                      description=text, heading=_("Attempts that firewalls saw"))  # fmt: skip
