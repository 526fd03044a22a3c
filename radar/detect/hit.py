"""Whom an outage hits: Internet users, where a table and an estimate know them. Never a number without its ground.

Users of a country are its population times the share that uses the Internet; users of a network are an estimate from
its share of the IPv4 addresses announced there (``radar/people.py``, which says when it is not made). That an outage
hits a network does not say that all of its users are cut off: the depth of the loss is told beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

from radar import entities, people
from radar.detect.case import Case
from radar.detect.rules import RISES
from radar.labels import _


@dataclass(frozen=True, slots=True)
class Hit:
    """``share``: users behind what is hit, of the country's, 0..1; None: not known. ``basis``: what it counts, and from
    what. ``words``: the end of the sentence on severity."""

    share: float | None
    basis: str
    words: str


def hit(case: Case, parts: Sequence[Case]) -> Hit:
    """Whom a case hits. ``parts``: the published cases of which it is the whole."""
    unknown = Hit(None, _("not known"), _("how many people are hit is not known"))
    if any(a.rule in RISES for a in case.live) or not entities.is_entity(case.entity):
        return unknown
    if case.entity.startswith("country/"):
        return _country(case.entity.removeprefix("country/"), parts) or unknown
    asn = _number(case.entity)
    if asn is None:
        return unknown
    users, home = people.of_network(asn), entities.networks().get(asn)
    if users is None or home is None or (case.entity.startswith("geoasn/") and case.entity[7:9] != home.home):
        return unknown
    country = entities.countries()[home.home]
    total = people.of_country(country.alpha2) or 0
    text = _("about {n} of the {m} Internet users in {country} are behind this network (an estimate from its share of "
             "the addresses announced there)")  # fmt: skip
    return Hit(
        share=round(users / total, 6),
        basis=_("of the Internet users in {country}, an estimate from announced addresses").format(
            country=country.name
        ),
        words=text.format(n=many(users), m=many(total), country=country.name),
    )


def _country(code: str, parts: Sequence[Case]) -> Hit | None:
    """A country: its users, and those behind the networks that are known to be hit. None: its users are not known."""
    country, total = entities.countries()[code], people.of_country(code)
    if not total:
        return None
    behind = {
        asn: users
        for part in parts
        if part.status != "retracted" and (asn := _number(part.entity)) is not None
        and (home := entities.networks().get(asn)) is not None and home.home == code
        and (users := people.of_network(asn)) is not None
    }  # fmt: skip
    if not behind:
        text = _("{country} has about {m} Internet users ({year}); how many of them are hit is not known")
        return Hit(None, _("not known"), text.format(country=country.name, m=many(total),
                                                     year=country.internet_users_year))  # fmt: skip
    users = min(total, sum(behind.values()))
    text = _("about {n} of the {m} Internet users in {country} are behind networks that are known to be hit (an "
             "estimate from their share of the addresses announced there)")  # fmt: skip
    return Hit(
        share=round(users / total, 6),
        basis=_(
            "of the Internet users in {country}, behind networks known to be hit, an estimate from announced addresses"
        ).format(country=country.name),
        words=text.format(n=many(users), m=many(total), country=country.name),
    )


def many(number: int) -> str:
    """A number of people with two significant digits: "1.2 million", "340,000", "none" for nobody."""
    if number <= 0:
        return _("none")
    rounded = round(number, 1 - floor(log10(number)))
    for size, text in ((1_000_000_000, _("{n} billion")), (1_000_000, _("{n} million"))):
        if rounded >= size:
            n = rounded / size
            return text.format(n=f"{n:.1f}".removesuffix(".0") if n < 10 else f"{n:,.0f}")
    return f"{rounded:,}"


def _number(entity: str) -> int | None:
    """The AS number of a network or of its part in a country."""
    kind, _slash, code = entity.partition("/")
    if kind == "asn":
        return int(code)
    return int(code.rpartition("-")[2]) if kind == "geoasn" else None
