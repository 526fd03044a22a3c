"""Who depends on a network: the people behind it, and the providers whose services it carries."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities, people, providers
from radar.components import network, numbers, shell
from radar.labels import _, ngettext


def block(key: str) -> Component | None:
    """The part of a network's page; None for what is no network, and where nothing is known."""
    asn = network.number_of(key)
    if asn is None:
        return None
    served = [row for row in providers.registry().values() if asn in row.networks]
    known = entities.networks().get(asn)
    # the estimate is of its home, not of its part in another country
    at_home = known is not None and (key.startswith("asn/") or key[7:9] == known.home)
    people_words = _people(asn) if at_home else ""
    parts: list[Any] = [html.P(people_words)] if people_words else []
    if served:
        words = ngettext("{n} provider of our registry runs on it:", "{n} providers of our registry run on it:",
                         len(served)).format(n=len(served))  # fmt: skip
        names = [html.Li(html.A(row.name, href=f"/{row.key}")) for row in served]
        parts += [html.P(words), html.Ul(names, className="plain")]
    if not parts:
        return None
    return shell.section(_("Who depends on it"), *parts, id="dependents")


def _people(asn: int) -> str:
    """The people behind it, as a share of its country's; "" where no estimate is made."""
    known = entities.networks().get(asn)
    number = people.of_network(asn)
    if known is None or number is None:
        return ""
    users = people.of_country(known.home)
    place = people.largest(known.home).index(asn) + 1 if asn in people.largest(known.home) else None
    text = _("About {share} % of the Internet users of {country} ({n} people, an estimate from announced addresses).")
    said = text.format(share=numbers.rough(number / users * 100) if users else "–",
                       country=entities.name(f"country/{known.home}"), n=numbers.rough(number))  # fmt: skip
    if place is None or place > 10:
        return said
    return said + " " + _("Its place among the networks there: {place}.").format(place=place)
