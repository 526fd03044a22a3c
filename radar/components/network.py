"""What the reference table knows of a network: its name, where its addresses lie, how many they are.

That is knowable of every network on the Internet, also of one that nothing was ever measured of.
"""

from __future__ import annotations

import re
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar import reference as tables
from radar.components import numbers, reference, shell, times
from radar.labels import _

#: Who the table is from, as its licence asks for (THIRD_PARTY.md).
CREDIT = "https://db-ip.com"
OWNERS = ("RouteViews", "NRO")
LICENCE, LICENCE_URL = "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/"


def table_date() -> str | None:
    """The day of the reference table in use, "2026-06-17"; None when it does not say a day."""
    said = tables.info("networks").date
    return said if re.fullmatch(r"\d{4}-\d\d-\d\d", said) else None


def number_of(key: str) -> int | None:
    """The AS number of a network's or a network-in-a-country's key; None for any other entity."""
    kind, _slash, code = key.partition("/")
    if kind == "asn":
        return int(code)
    return int(code.partition("-")[2]) if kind == "geoasn" else None


def is_global(key: str) -> bool:
    """Whether less than nine tenths of a network's addresses lie in one country."""
    network = entities.networks().get(number_of(key) or 0)
    return network is not None and network.cc_share is not None and not network.home


def where(key: str) -> str:
    """Where the addresses of a network lie, in one sentence."""
    asn = number_of(key) or 0
    network = entities.networks().get(asn)
    if network is None:
        return _("AS{asn} is not in our table of {n} networks: it may be new, private or unused.").format(
            asn=asn, n=cldr.count(len(entities.networks())))  # fmt: skip
    if not network.cc or network.cc_share is None:
        return _("We do not know in which country its addresses lie.")
    place = cldr.inside(entities.country_name(network.cc)) if network.cc in entities.countries() else network.cc
    share = cldr.fixed(network.cc_share * 100)
    if network.home:
        return _("Nearly all of its addresses ({share} %) lie in {place}.").format(share=share, place=place)
    if network.cc_share > 0.5:
        return _("Global network: most of its addresses ({share} %) lie in {place}.").format(share=share, place=place)
    return _("Global network: the largest part of its addresses ({share} %) lies in {place}.").format(
        share=share, place=place
    )


def block(key: str) -> Component | None:
    """Name, place and size from the reference table, with its day and credit; None for what is no network."""
    asn = number_of(key)
    if asn is None:
        return None
    network = entities.networks().get(asn)
    pairs: list[tuple[str, Any]] = [(_("AS number"), str(asn))]
    if network is not None:
        pairs.append((_("Name"), network.name or _("not known")))
        known = network.ipv4_addresses > 0
        size = _("about {n}").format(n=numbers.rough(network.ipv4_addresses)) if known else _("not known")
        pairs.append((_("IPv4 addresses"), size))
        if known and (not key.startswith("geoasn/") or key[7:9] == network.home):
            pairs.append((_("Internet users"), reference.users(asn)))
    owned = reference.ownership(asn)
    if owned is not None:
        pairs.append((_("Ownership"), owned))
    terms = [item for name, value in pairs for item in (html.Dt(name), html.Dd(value))]
    if key.startswith("geoasn/"):
        terms += [html.Dt(_("In all countries")), html.Dd(html.A(entities.name(f"asn/{asn}"), href=f"/asn/{asn}"))]
    day = table_date()
    dated: list[Any] = [_("Table of "), times.day(f"{day}T00:00:00Z")] if day else [_("Table without a date")]
    credit = html.P(
        [
            html.Span(
                [
                    _("Source: "),
                    *(part for name in OWNERS for part in (name, ", ")),
                    html.A(_("IP Geolocation by DB-IP"), href=CREDIT),
                ]
            ),
            html.Span([_("Licence: "), html.A(LICENCE, href=LICENCE_URL)]),
            html.Span(dated),
        ],
        className="credit",
    )
    said = where(key) if network is None or key.startswith("asn/") else f"{_('The network as a whole:')} {where(key)}"
    return shell.section(_("About this network"), html.P(said), html.Dl(terms, className="pairs"), credit,
                         id="network")  # fmt: skip
