"""What the reference tables say on a page: people behind a country or a network, state ownership, the tables.

Every number is shown with its year and its source; what is an estimate is called one, and what is not known is not
shown as nought.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities, people, reference
from radar.components import numbers, shell, times
from radar.components.ssr import marks
from radar.labels import _


def country(key: str) -> Component | None:
    """Population and Internet users of a country with year and source; None for any other entity."""
    if not key.startswith("country/"):
        return None
    row = entities.countries()[key.removeprefix("country/")]
    said = reference.info("countries")
    unknown = _("not known")
    users = people.of_country(row.alpha2)
    share = unknown
    if row.internet_users_pct is not None:
        share = _("{share} % of people ({year})").format(share=numbers.rough(row.internet_users_pct),
                                                         year=row.internet_users_year,
    )  # fmt: skip
    pairs = [
        (_("Population"), _about(row.population) or unknown),
        (_("Internet users"), share),
        (_("That is"), _about_people(users) or unknown),
    ]
    terms = [item for name, value in pairs for item in (html.Dt(name), html.Dd(value))]
    credit = html.P(
        [html.Span([_("Source: "), said.attribution]),
         html.Span([_("Licence: "), html.A(said.licence, href=said.licence_url)]),
         html.Span(html.A(_("Table of {date}").format(date=times.spelled(said.date)), href="/sources#reference"))],
        className="credit",
    )  # fmt: skip
    return shell.section(_("People here"), html.Dl(terms, className="pairs"), credit, id="people")


def users(asn: int) -> str:
    """How many people a network serves, as an estimate, or why none is made."""
    network = entities.networks().get(asn)
    number = people.of_network(asn)
    if number is None or network is None:
        return _("no estimate: addresses say too little of them here")
    row = entities.countries()[network.home]
    return _("{people}, an estimate from {country}'s Internet users ({year}) and the network's share of its IPv4 "
             "addresses; networks that put many people behind one address have more").format(
        people=_about_people(number), country=entities.country_name(row.alpha2), year=row.internet_users_year,
    )  # fmt: skip


def ownership(asn: int) -> list[Any] | None:
    """What a study says of a state's majority in the operator of a network; None where it says nothing."""
    row = _owned().get(asn)
    if row is None:
        return None
    said = reference.info("state_owned")
    owner, operator = row
    text = _("{operator}: listed in a study of {year} as an operator in which the state holds the majority "
             "({country}). That may have changed since. ").format(
        operator=operator, year=said.date, country=entities.country_name(owner))  # fmt: skip
    return [text, html.A(_("The study"), href=said.source_url), f", {said.licence}"]


def tables() -> Component:
    """The reference tables with version, date, rows and licence."""
    heads = [_("Table"), _("Of"), _("Version"), _("Rows"), _("Source"), _("Licence")]
    kinds = ["", "", "", "num", "", ""]
    head = html.Tr([html.Th(name, scope="col", className=kind) for name, kind in zip(heads, kinds, strict=True)])
    body = []
    for said in map(reference.info, reference.names()):
        cells: list[Any] = [
            said.date,
            [said.version, "" if said.refreshed else _(" (came with this release)")],
            cldr.count(said.rows),
            html.A(said.attribution, href=said.source_url),
            html.A(said.licence, href=said.licence_url),
        ]
        body.append(html.Tr([
            html.Th(_(said.title), scope="row"),
            *(html.Td(html.Span(cell), className=kind, **marks(data_label=name))
              for cell, name, kind in zip(cells, heads[1:], kinds[1:], strict=True)),
        ]))  # fmt: skip
    table = html.Table([html.Thead(head), html.Tbody(body)], className="figures stacked")
    note = _("What we know of countries and networks whatever is measured. Users of a network are an estimate from its "
             "share of its country's addresses.")  # fmt: skip
    return shell.section(_("Reference tables"), html.Div(table, className="scroll"), id="reference", note=note)


@lru_cache(maxsize=1)
def _owned() -> dict[int, tuple[str, str]]:
    """State and operator by AS number."""
    return {int(row["asn"]): (row["owner_cc"], row["operator"]) for row in reference.table("state_owned")}


def _about(number: int | None) -> str:
    """A large number with two significant digits in words, '' for None."""
    if number is None:
        return ""
    for size, words in ((1e9, _("about {n} billion")), (1e6, _("about {n} million"))):
        if number >= size:
            return words.format(n=numbers.rough(number / size))
    return _("about {n}").format(n=numbers.rough(number))


def _about_people(number: int | None) -> str:
    return "" if number is None else _("{number} people").format(number=_about(number))
