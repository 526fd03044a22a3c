"""Who a network or a country is reached through, and who is reached through it: tables with a sentence each.

Shares are of address space, as the paths of the route collectors' viewpoints show it: a neighbour's is the mean of all
viewpoints, all others are AS hegemony (docs/routing.md). Where too few viewpoints see a place nothing is said of it,
which is not "nobody".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.components import kit, numbers, shell, state, times
from radar.components.ssr import Raw, slot
from radar.figures import shares
from radar.labels import N_, _, ngettext
from radar.shapes import SourceStatus
from radar.shapes.paths import Dependent, Neighbour, Paths, PathsView, Transit

#: Rows that are seen before the rest is folded away.
SHOWN = 8
#: From this share on it is "all", as shares are rounded to a hundredth.
ALL = 0.995
#: Networks further away are named from this hegemony on: what is below says little.
NOTABLE = 0.1

METHOD = N_("Shares are of address space, as the viewpoints of route collectors see the paths. A neighbour's is the "
            "mean of all viewpoints; all others are AS hegemony (Fontugne and others 2018), which leaves out the "
            "highest and the lowest tenth of them. Links that no viewpoint sees, such as direct ones between two "
            "networks, are missing.")  # fmt: skip


class Row(NamedTuple):
    """One network of a table: its number, its share, what else is said of it, and that as a number or a time."""

    asn: int
    share: float
    more: Any = ""
    told: str | float | None = None

    @property
    def name(self) -> str:
        """Number and name."""
        return entities.name(f"asn/{self.asn}")

    def bar(self) -> str:
        """Its bar as SVG."""
        return shares.svg([shares.Part(self.share, "all")], percent(self.share))


class Table(NamedTuple):
    """One table: the id of its part of the page, its title, the heads of its columns, the name of the last one in
    files. ``more`` is empty where there is no such column."""

    id: str
    title: str
    rows: Sequence[Row]
    share: str
    more: str = ""
    told: str = ""
    numeric: bool = False


def block(key: str, view: PathsView | None, about: Paths | None, *, status: SourceStatus | None,
          now: str) -> Component:  # fmt: skip
    """The part of a network's or country's page. ``view``, ``about``: None where nothing is known."""
    title = html.Span([_("Neighbours and dependents"), " ", state.simulated(bool(view and view["simulated"]))])
    if about is None or view is None:
        return shell.section(title, html.P(nothing(about), className="none"), id="paths")
    parts: list[Any] = [html.P(said(key, view), className="sentence")]
    for table in tables(key, view, about):
        share = kit.figure("paths", entity=key, part=table.id)
        parts += [html.H3(table.title), drawn(table), kit.offer(table.id, share)]
    rest = view["dependents_count"] - len(view["dependents"])
    if view["dependents"] and rest > 0:
        more = ngettext("and {n} network more", "and {n} networks more", rest)
        parts.append(html.P(more.format(n=cldr.count(rest)), className="note"))
    parts.append(credit(view, about, status, now))
    return shell.section(title, *parts, note=_(METHOD), id="paths")


def tables(key: str, view: PathsView, about: Paths) -> list[Table]:
    """The tables of a network or country, those that have rows."""
    country = key.startswith("country/")
    near = [Row(row["asn"], row["share"], _since(row, about), row["since"]) for row in view["neighbours"] or ()]
    far = [Row(row["asn"], row["hegemony"]) for row in _further(view, country=country)]
    found = [
        Table("neighbours", _("Neighbours"), near, _("Share"), _("Since"), "since"),
        Table("transit", _("Networks it depends on most") if country else _("Further on the way"), far, _("Share")),
        dependents("dependents-of", _("Reached through it"), view["dependents"]),
    ]
    return [table for table in found if table.rows]


def said(key: str, view: PathsView) -> str:
    """The sentence of a network or country."""
    return country_sentence(key, view) if key.startswith("country/") else sentence(key, view)


def nothing(about: Paths | None) -> str:
    """Why nothing is said."""
    if about is None:
        return _("We see too few paths to say: no table of routes has been looked at yet.")
    most = max(about["viewpoints_v4"], about["viewpoints_v6"])
    if most < about["least"]:
        words = ngettext(
            "We see too few paths to say: {n} viewpoint gives a full view, and it takes {least}.",
            "We see too few paths to say: {n} viewpoints give a full view, and it takes {least}.",
            most,
        )
        return words.format(n=most, least=about["least"])  # fmt: skip
    return _("We see too few paths to say: no path of at least {least} viewpoints leads here.").format(
        least=about["least"])  # fmt: skip


def sentence(key: str, view: PathsView) -> str:
    """Whom a network is reached through, and how many through it."""
    name, near = entities.name(key), view["neighbours"]
    if near is None:
        said = _("We see too few paths to {name} to say whom it is reached through.").format(name=name)
    elif not near:
        said = _("On the paths to {name} no other network stands before it.").format(name=name)
    elif near[0]["share"] >= ALL:
        said = _("All paths to {name} that we see run through {first}.").format(
            name=name, first=entities.name(f"asn/{near[0]['asn']}").removesuffix("."))  # fmt: skip
    else:
        said = ngettext(
            "{name} is reached through {n} neighbour that we see; {first} carries {share} of its address space.",
            "{name} is reached through {n} neighbours that we see; {first} carries {share} of its address space.",
            len(near),
        ).format(name=name, n=len(near), first=entities.name(f"asn/{near[0]['asn']}"), share=percent(near[0]["share"]))
    return " ".join(part for part in (said, behind(view)) if part)


def country_sentence(key: str, view: PathsView) -> str:
    """Whom most of a country's address space is reached through."""
    name, far = entities.name(key), view["transit"]
    if not far:
        return _("No single network carries a part of the paths to {name} that would be worth telling.").format(
            name=name
        )
    first = entities.name(f"asn/{far[0]['asn']}")
    said = _("The paths to {share} of the address space of {name} run through {first}, more than through any other "
             "network that carries them.")  # fmt: skip
    return said.format(share=percent(far[0]["hegemony"]), name=name, first=first)


def behind(view: PathsView) -> str:
    """How many networks are mostly reached through it, and how many people are there; "" for none."""
    count, users = view["dependents_count"], view["dependents_users"]
    if not count:
        return ""
    said = ngettext("{n} network is mostly reached through it", "{n} networks are mostly reached through it", count)
    text = said.format(n=cldr.count(count))
    if users:
        text += _(", with about {n} Internet users where we can estimate them").format(n=numbers.rough(users))
    return f"{text}."


def dependents(id: str, title: str, rows: Sequence[Dependent]) -> Table:
    """Networks that are reached through one, those with most users first."""
    made = [Row(row["asn"], row["hegemony"], "–" if row["users"] is None else numbers.rough(row["users"]), row["users"])
            for row in rows]  # fmt: skip
    return Table(id, title, made, _("Paths"), _("Users"), "users", numeric=True)


def credit(view: PathsView, about: Paths, status: SourceStatus | None, now: str) -> Component:
    """Who the numbers come from, how many viewpoints, and of when."""
    title = status["title"] if status else about["source"]
    licence: Any = html.A(status["licence"], href=status["licence_url"]) if status else _("not stated")
    seen = view["viewpoints"]
    family = {4: "IPv4", 6: "IPv6"}.get(view["family"] or 0, "")
    return html.P(
        [
            html.Span([_("Source: "), html.A(title, href=f"/sources#{about['source']}")]),
            html.Span([_("Licence: "), licence]),
            None if seen is None else html.Span(ngettext("{family}, {n} viewpoint", "{family}, {n} viewpoints", seen)
                                                .format(family=family, n=seen)),
            html.Span([_("As of "), times.time_ago(about["at"], now)]),
            html.Span(_("simulated")) if view["simulated"] else None,
        ],
        className="credit",
    )  # fmt: skip


def percent(share: float) -> str:
    """ "62 %"."""
    return _("{n} %").format(n=cldr.fixed(share * 100)).replace(" ", "\N{NO-BREAK SPACE}")


def _further(view: PathsView, *, country: bool) -> list[Transit]:
    """Networks on the way that are not neighbours already."""
    near = {row["asn"] for row in view["neighbours"] or ()}
    return [row for row in view["transit"] or () if row["asn"] not in near and (country or row["hegemony"] >= NOTABLE)]


def _since(row: Neighbour, about: Paths) -> Any:
    """The day since when it is a neighbour; before we watched we cannot know."""
    if row["since"] is not None:
        return times.day(row["since"])
    began = about["watched_from"]
    return _("as long as we watch") if began is None else [_("before "), times.day(began)]


def drawn(table: Table) -> Component:
    """Rows in their order, the largest share first or as the caller has them; the rest is folded away."""
    id, _title, rows, share, more, _told, numeric = table
    kind = "num" if numeric else ""
    head = html.Tr([html.Th(_("Network"), scope="col"), html.Th(share, scope="col", className="num"),
                    html.Td(className="bar-cell"),
                    *([html.Th(more, scope="col", className=kind)] if more else [])])  # fmt: skip

    def made(part: Sequence[Row]) -> Component:
        body = [
            html.Tr([html.Th(html.A(row.name, href=f"/asn/{row.asn}"), scope="row"),
                     html.Td(percent(row.share), className="num"), html.Td(Raw(row.bar()), className="bar-cell"),
                     *([html.Td(row.more, className=kind)] if more else [])])
            for row in part
        ]  # fmt: skip
        return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures paths"), className="scroll")

    first = slot(f"{id}-rows", lambda: made(rows[:SHOWN]))
    if len(rows) <= SHOWN:
        return first
    left = len(rows) - SHOWN
    label = ngettext("{n} more", "{n} more", left).format(n=left)
    return html.Div([first, html.Details([html.Summary(label), slot(f"{id}-rest", lambda: made(rows[SHOWN:]))])])
