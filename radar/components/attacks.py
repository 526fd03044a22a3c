"""The parts of the pages of attack rules: sentences, the list of new rules, the table, origins as map and as tables.

Words say what a firewall counted. An origin is where an address is registered; nothing here says who sent a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import numbers, outages, state, times
from radar.components.routes import Tile, share
from radar.components.ssr import marks, slot
from radar.figures.chart import runs
from radar.figures.text import day, esc, num
from radar.labels import N_, _, ngettext
from radar.shapes.attacks import AttackRule, Attacks, Share

#: Trend words with their meanings.
TRENDS: dict[str, tuple[str, str]] = {
    "new": (N_("Less than a day old"), N_("First seen in the last 24 hours, while our records reach back further.")),
    "rising": (N_("Rising"), N_("More per hour in the last 24 hours than in the six days before: their 95 % intervals "
                                "do not touch, and it is at least half as much again.")),
    "steady": (N_("Steady"), N_("No clear difference between the last 24 hours and the six days before.")),
    "falling": (N_("Falling"), N_("Less per hour in the last 24 hours than in the six days before: their 95 % "
                                  "intervals do not touch, and it is at most two thirds.")),
}  # fmt: skip

#: A rule is listed as new for so long.
NEW_FOR = timedelta(days=7)

#: How the table of rules is ordered: what makes the key; rules without it come last.
SORTS: dict[str, Callable[[AttackRule], Any]] = {
    "day": lambda rule: -rule["day"]["matches"],
    "name": lambda rule: (rule["title"] or rule["id"]).casefold(),
    "first": lambda rule: -times.parse(rule["first_seen"]).timestamp(),
    "growth": lambda rule: None if rule["factor"] is None else -rule["factor"],
    "blocked": lambda rule: rule["blocked"],
    "total": lambda rule: -rule["total"],
}


def title(rule: AttackRule) -> str:
    """The rule's title, or its id where the log names none."""
    return rule["title"] or _("Rule {id}").format(id=rule["id"])


def href(rule: AttackRule, **query: str) -> str:
    """The address of a rule's own view."""
    return f"/attacks?{urlencode({'rule': rule['id'], **{k: v for k, v in query.items() if v}})}"


def link(rule: AttackRule) -> Component:
    """A link to a rule's own view. Titles are English: they are those of the rules' authors."""
    return html.A(title(rule), href=href(rule), lang="en" if rule["title"] else None)


def is_new(rule: AttackRule, now: str) -> bool:
    """Whether it was first seen in the last seven days, and our records reach back at least a day further."""
    return not rule["since_start"] and times.parse(now) - times.parse(rule["first_seen"]) <= NEW_FOR


def sentence(found: Attacks, now: str, *, quiet: bool) -> str:
    """What firewalls counted in 24 hours, and which rule is newest; or since when nothing has come."""
    if quiet and found["newest"]:
        return _("No rule has matched since {when}. Either nothing was tried, or the firewalls' logs do not reach us; "
                 "we cannot tell which.").format(when=times.words(found["newest"], now))  # fmt: skip
    active = [rule for rule in found["rules"] if rule["day"]["matches"]]
    total = sum(rule["day"]["matches"] for rule in active)
    text = ngettext("In the last 24 hours, requests matched {n} rule of the firewalls {total} times.",
                    "In the last 24 hours, requests matched {n} rules of the firewalls {total} times.",
                    len(active)).format(n=len(active), total=numbers.rough(total))  # fmt: skip
    new = sorted((rule for rule in found["rules"] if is_new(rule, now)), key=lambda rule: rule["first_seen"])
    if not new:
        return text + " " + _("No rule has matched for the first time in the last seven days.")
    newest = new[-1]
    text += " " + ngettext(
        "{n} rule is new in the last seven days: “{title}”, first seen at {when}, {count} times since.",
        "{n} rules are new in the last seven days, the newest “{title}”, first seen at {when}, {count} times since.",
        len(new)).format(n=len(new), title=title(newest), when=times.words(newest["first_seen"], now),
                         count=numbers.rough(newest["total"]))  # fmt: skip
    return text + _largest_part(newest)


def about(rule: AttackRule, now: str) -> str:
    """One rule in a sentence that holds by itself."""
    when = times.words(rule["first_seen"], now)
    if rule["since_start"]:
        text = _("“{title}” has matched since our records begin ({when})").format(title=title(rule), when=when)
    else:
        text = _("“{title}” matched for the first time at {when}, {ago}").format(
            title=title(rule), when=when, ago=times.ago(rule["first_seen"], now))  # fmt: skip
    recent, total = rule["day"], numbers.rough(rule["total"])
    if recent["matches"] == rule["total"]:
        text += ngettext(", {total} time since.", ", {total} times since.", rule["total"]).format(total=total)
    else:
        text += _(", {total} times since, {n} of them in the last 24 hours.").format(
            total=total, n=numbers.rough(recent["matches"]))  # fmt: skip
    if rule["doubling_h"] is not None:
        minutes = rule["doubling_h"] * 60
        text += " " + _("It doubles about every {duration} by the last six hours.").format(
            duration=times.duration(round(minutes / 5) * 5 if minutes >= 30 else minutes))  # fmt: skip
    return text + _largest_part(rule)


def _largest_part(rule: AttackRule) -> str:
    """From where most of a rule's matches of 24 hours came; "" where no place is known."""
    if not rule["day"]["countries"]:
        return ""
    top = rule["day"]["countries"][0]
    return " " + _("The largest part, {share}, came from addresses registered in {name}.").format(
        name=cldr.inside(outages.name_of(top["entity"])), share=share(top["share"]))  # fmt: skip


def growth(rule: AttackRule) -> list[Any]:
    """The trend word, and by how much."""
    if rule["trend"] is None:
        return [html.Span(_("too early to say"), className="said")]
    parts: list[Any] = [html.Span(_(TRENDS[rule["trend"]][0]))]
    if rule["doubling_h"] is not None:
        parts.append(html.Small(_("doubles in {duration}").format(duration=times.duration(rule["doubling_h"] * 60))))
    elif rule["factor"] is not None and rule["trend"] in ("rising", "falling"):
        parts.append(html.Small(_("{n} times the rate before").format(n=numbers.rough(rule["factor"]))))
    return parts


def spark(values: Sequence[float | None], words: str, width: int = 132, height: int = 30) -> str:
    """A small line of a rule's hours, from zero. Hours in which nothing was heard stay empty."""
    pad, top = 3.0, max([v for v in values if v is not None], default=0.0) or 1.0
    step = (width - 2 * pad) / max(1, len(values) - 1)
    parts = []
    for begin, end in runs(values):
        points = [
            f"{num(pad + step * i)} {num(pad + (height - 2 * pad) * (1 - (values[i] or 0.0) / top))}"
            for i in range(begin, end)
        ]
        parts.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
    return (
        f'<svg class="spark" role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{esc(words)}</title>'
        f'<path class="value" d="{"".join(parts)}"/></svg>'
    )


def line(rule: AttackRule, id: str) -> Component:
    """The sparkline of a rule's last seven days."""
    words = _("Matches per hour of the last seven days, most: {n}").format(
        n=cldr.count(max([v for v in rule["hourly"] if v is not None], default=0)))  # fmt: skip
    return slot(id, lambda: spark(without_a_false_fall(rule["hourly"]), words), class_name="spark-box")


def without_a_false_fall(counts: Sequence[int | None]) -> Sequence[int | None]:
    """Without the hour or day that has not ended, where the part of it looks like a fall."""
    *_before, last, part = [0, 0, *(count or 0 for count in counts)]
    return counts[:-1] if part < last else counts


def tags(rule: AttackRule) -> list[Component]:
    """The rule's id and CVE numbers."""
    return [html.Code(rule["id"]), *(html.Span(number, className="tag") for number in rule["cve"])]


def new_list(rules: Sequence[AttackRule], now: str, simulated: bool) -> Component:
    """Rules that were first seen in the last seven days, newest first."""
    items = []
    for at, rule in enumerate(rules):
        facts: list[Any] = [
            html.Span([_("first seen "), times.time_ago(rule["first_seen"], now)]),
            html.Span(_("{n} times since").format(n=cldr.count(rule["total"]))),
        ]
        if rule["doubling_h"] is not None:
            duration = times.duration(rule["doubling_h"] * 60)
            facts.append(html.Span(_("doubles in {duration}").format(duration=duration)))
        if rule["blocked"] is not None:
            facts.append(html.Span(_("{share} refused").format(share=share(rule["blocked"]))))
        if rule["day"]["countries"]:
            names = ", ".join(outages.name_of(row["entity"]) for row in rule["day"]["countries"][:3])
            facts.append(html.Span(_("most often from {names}").format(names=names)))
        facts.append(state.simulated(simulated))
        head = html.Div([*tags(rule), line(rule, f"new-{at}")], className="item-head")
        items.append(html.Li(html.Article([
            head, html.H3(link(rule), className="sentence"), html.P(facts, className="facts"),
        ], className="item")))  # fmt: skip
    return html.Ul(items, className="plain items")


def ordered(rules: Sequence[AttackRule], sort: str) -> list[AttackRule]:
    """The rules in that order; those that cannot be placed in it come last."""
    key = SORTS[sort]
    return sorted(rules, key=lambda rule: (key(rule) is None, key(rule) if key(rule) is not None else 0))


def ranking(rules: Sequence[AttackRule], now: str, *, sort: str, link: Callable[[str], str]) -> Component:
    """All rules as a table. ``link`` gives the address of another order."""
    heads = [("name", _("Rule"), "", ""), ("", _("Last seven days"), "", "wide-only"),
             ("first", _("First seen"), _("The first match that we know of."), ""),
             ("day", _("Last 24 h"), "", "num"),
             ("growth", _("Growth"), _("The last 24 hours against the six days before, per hour."), ""),
             ("blocked", _("Refused"), _("Share refused or challenged, of those of which the log says."),
              "num wide-only"),
             ("", _("Most often from"), _("Where the address is registered; not who sent the request."), "wide-only"),
             ("", _("Aimed at"), "", "wide-only")]  # fmt: skip
    cells = []
    for name, words, help, classes in heads:
        tip: list[Any] = [" ", state.what(help)] if help else []
        up = marks(aria_sort="ascending" if name in ("name", "blocked") else "descending") if name == sort else {}
        label: Any = html.A(words, href=link(name)) if name else words
        cells.append(html.Th([label, *tip], scope="col", className=classes, **up))
    body = [_row(rule, now, f"rule-{at}") for at, rule in enumerate(rules)]
    table = html.Table([html.Thead(html.Tr(cells)), html.Tbody(body)], className="figures views attack-rules")
    return html.Div(table, className="scroll")


def _row(rule: AttackRule, now: str, id: str) -> Component:
    def named(rows: Sequence[Share]) -> Component | str:
        links = [html.A(outages.name_of(row["entity"]), href=f"/{row['entity']}") for row in rows[:2]]
        return html.Span([part for link in links for part in (link, ", ")][:-1]) if links else "–"

    first: list[Any] = [times.time(rule["first_seen"], now), html.Small(times.ago(rule["first_seen"], now))]
    if rule["since_start"]:
        first = [day(times.parse(rule["first_seen"])), html.Small(_("or earlier"))]
    return html.Tr([
        html.Th([link(rule), html.Small(tags(rule))], scope="row"),
        html.Td(line(rule, id), className="wide-only"),
        html.Td(first),
        html.Td(cldr.count(rule["day"]["matches"]), className="num"),
        html.Td(growth(rule)),
        html.Td(share(rule["blocked"]), className="num wide-only"),
        html.Td(named(rule["day"]["countries"]), className="wide-only"),
        html.Td(named(rule["day"]["targets"]), className="wide-only"),
    ])  # fmt: skip


def facts(rule: AttackRule, now: str) -> list[Tile]:
    """The numbers on top of a rule's view."""
    recent = rule["day"]
    trend = rule["trend"]
    under = None if rule["factor"] is None else _("{n} times the rate before").format(n=numbers.rough(rule["factor"]))
    if rule["doubling_h"] is not None:
        under = _("doubles in {duration}").format(duration=times.duration(rule["doubling_h"] * 60))
    first = _("already there when our records begin") if rule["since_start"] else times.ago(rule["first_seen"], now)
    return [
        Tile(_("First seen"), times.words(rule["first_seen"], now), first),
        Tile(_("Matches in 24 hours"), cldr.count(recent["matches"]),
             _("{n} since it was first seen").format(n=cldr.count(rule["total"]))),
        Tile(_("Growth"), _("Too early to say") if trend is None else _(TRENDS[trend][0]), under,
             TRENDS[trend][1] if trend else ""),
        Tile(_("Refused in 24 hours"), share(rule["blocked"]),
             _("the log does not say") if rule["blocked"] is None else None,
             N_("Share refused or challenged, of those of which the log says.")),
    ]  # fmt: skip


def origins(rows: Sequence[Share], first: str) -> Component:
    """Countries or networks of origin with their share of this rule and their usual share of all others."""
    if not rows:
        return html.P(_("The log names no origin that we could place."), className="none")
    usual = _("Its share of the matches of all other rules in seven days. A dash: none, or too few to be kept.")
    heads = [(first, "", ""), (_("Matches"), "", "num"), (_("Share"), "", "num"), (_("Usual share"), usual, "num")]
    head = []
    for words, help, classes in heads:
        tip: list[Any] = [" ", state.what(help)] if help else []
        head.append(html.Th([words, *tip], scope="col", className=classes))
    body = [
        html.Tr([
            html.Th(html.A(outages.name_of(row["entity"]), href=f"/{row['entity']}"), scope="row"),
            html.Td(cldr.count(row["matches"]), className="num"),
            html.Td(percent(row["share"]), className="num"),
            html.Td([percent(row["usual"]), _against(row)], className="num"),
        ])
        for row in rows
    ]  # fmt: skip
    return html.Div(html.Table([html.Thead(html.Tr(head)), html.Tbody(body)], className="figures views"),
                    className="scroll")  # fmt: skip


def percent(value: float | None) -> str:
    """ "4.2 %" with one decimal, "–" for one that is not known."""
    return "–" if value is None else cldr.fixed(value * 100, 1) + "\N{NO-BREAK SPACE}%"


def _against(row: Share) -> Component | None:
    usual = row["usual"]
    if not usual or usual < 0.001 or row["matches"] < 10:
        return None
    return html.Small(_("{n} times that here").format(n=numbers.rough(row["share"] / usual)))


def aims(rows: Sequence[Share]) -> Component:
    """Countries and providers that were aimed at."""
    if not rows:
        return html.P(_("The log does not say what was aimed at."), className="none")
    body = [
        html.Tr([html.Th(html.A(outages.name_of(row["entity"]), href=f"/{row['entity']}"), scope="row"),
                 html.Td(cldr.count(row["matches"]), className="num"), html.Td(percent(row["share"]), className="num")])
        for row in rows
    ]  # fmt: skip
    head = html.Tr([html.Th(_("Country or provider"), scope="col"), html.Th(_("Matches"), scope="col", className="num"),
                    html.Th(_("Share"), scope="col", className="num")])  # fmt: skip
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures views"), className="scroll")
