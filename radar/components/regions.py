"""Regions of clouds: of a provider with the state of their countries, and of a country."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from radar import entities, providers, reference
from radar.components import shell, state, times
from radar.labels import _
from radar.regions import Region, of_country, of_provider, regions
from radar.shapes import EntityState


def provider(slug: str, states: Mapping[str, EntityState]) -> Component | None:
    """The regions of a provider, each with the state of the country it lies in, the worst first; None where the table
    has none of it."""
    rank = {"outage": 0, "degraded": 1}

    def worst(region: Region) -> int:
        seen = states.get(f"country/{region.country}")
        return rank.get(seen["state"], 2) if seen else 2

    found = sorted(of_provider(slug), key=worst)
    if not found:
        return None
    heads = ((_("Region"), ""), (_("Place"), "wide-only"), (_("Country"), ""), (_("State"), ""))
    head = html.Tr([html.Th(text, scope="col", className=classes) for text, classes in heads])
    body = []
    for region in found:
        key = f"country/{region.country}"
        seen = states.get(key)
        mark = state.mark(seen["state"]) if seen else state.mark("none", _("Not measured here"))
        country = html.A(entities.name(key), href=f"/{key}") if region.country else _("not known")
        body.append(html.Tr([html.Th(html.Code(region.id), scope="row"),
                             html.Td(region.name, className="wide-only"), html.Td(country),
                             html.Td(mark if region.country else "–")]))  # fmt: skip
    table = html.Table([html.Thead(head), html.Tbody(body)], className="figures regions")
    note = _("The state is that of the country's networks as we see them, not of the region: a cloud may work where "
             "the country does not, and the other way round.")  # fmt: skip
    return shell.section(_("Its regions"), html.Div(table, className="scroll"), _credit(), note=note, id="regions")


def country(key: str) -> Component | None:
    """The regions of clouds that lie in a country; None for any other entity, and where we know of none."""
    found = of_country(key.removeprefix("country/")) if key.startswith("country/") else []
    if not found:
        return None
    rows = [
        html.Li([html.A(providers.name_of(region.provider), href=f"/provider/{region.provider}"), " ",
                 html.Code(region.id), " ", html.Span(region.name, className="said")])
        for region in found
    ]  # fmt: skip
    names = list(dict.fromkeys(providers.name_of(region.provider) for region in regions()))
    note = _("Of {names}; other clouds are not in our table.").format(names=", ".join(names))
    return shell.section(_("Cloud regions here"), html.Ul(rows, className="plain"), _credit(), note=note, id="regions")


def _credit() -> Component:
    said, cities = reference.info("cloud_regions"), reference.info("cities")
    return html.P(
        [
            html.Span([_("Source: "), html.A(said.attribution, href=said.source_url)]),
            html.Span([_("Licence: "), html.A(said.licence, href=said.licence_url)]),
            html.Span(html.A(_("Table of {date}").format(date=times.spelled(said.date)), href="/sources#reference")),
            html.Span([_("Countries by the nearest city: "), html.A(cities.attribution, href=cities.source_url), " ",
                       cities.date]),
        ],
        className="credit",
    )  # fmt: skip
