"""Who stands behind an AS number, as far as the table of networks tells: name, home country, and whether two numbers
look like the same owner's.

Large owners have many numbers, and prefixes move between them every day; that is no news.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from radar.entities import countries, networks

#: Words that say what form a company has, not which one it is.
_FORMS = frozenset({
    "inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "co", "company", "gmbh", "ag", "sa", "sas",
    "sarl", "srl", "spa", "bv", "nv", "ab", "as", "asa", "oy", "oyj", "aps", "plc", "pty", "pte", "pvt", "private",
    "pjsc", "jsc", "ojsc", "pao", "ooo", "zao", "kk", "kft", "doo", "sp", "zoo", "z", "o", "ltda", "cia", "me",
    "eireli", "bhd", "sdn", "pt", "tbk", "the",
})  # fmt: skip
#: First words that many unrelated owners share.
_COMMON = frozenset({
    "telecom", "telecommunications", "telecommunication", "network", "networks", "internet", "data", "digital",
    "national", "university", "universidade", "universidad", "ministry", "state", "city", "county", "department",
    "first", "global", "international", "american", "united", "central", "north", "south", "east", "west", "cloud",
    "hosting", "online", "smart", "fiber", "cable", "tele", "euro", "asia", "africa", "america", "europe", "info",
    "host", "joint", "open", "public", "society", "association", "institute", "bank", "group", "technology",
})  # fmt: skip


def label(asn: int) -> str:
    """ "AS5089 Virgin Media", or "AS64496" for a number without a name."""
    network = networks().get(asn)
    number = f"AS{asn}"
    # some rows of the table hold the number for a name
    return f"{number} {network.name}" if network is not None and network.name not in ("", number) else number


def home(asn: int) -> str:
    """The country that nearly all of its addresses lie in, as alpha-2; "" for a global or an unknown network."""
    network = networks().get(asn)
    return network.home if network is not None and network.home in countries() else ""


@lru_cache(maxsize=65_536)
def _words(asn: int) -> tuple[str, ...]:
    """The words that tell an owner from others: lower case, no forms of companies. () when there is no name."""
    network = networks().get(asn)
    if network is None or network.name.startswith("-"):  # "-Reserved AS-" and the like are nobody
        return ()
    return tuple(word for word in re.findall(r"[^\W_]+", network.name.lower()) if word not in _FORMS)


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    """Words of country names: what "China" and "Korea" share is a country."""
    return frozenset(word for country in countries().values() for word in re.findall(r"[^\W_]+", country.name.lower()))


def alike(a: int, b: int) -> Literal["same", "similar", ""]:
    """Do the names of two networks say that they have one owner? "same": one name but for the form of the company;
    "similar": they begin with the same uncommon word.

    Examples
    --------
    >>> alike(15169, 36040), alike(15169, 43515), alike(17557, 15169)
    ('same', 'similar', '')
    """
    first, second = _words(a), _words(b)
    if not first or not second:
        return ""
    if first == second:
        return "same"
    word = first[0]
    if word == second[0] and len(word) > 3 and word not in _COMMON and word not in _countries():
        return "similar"
    return ""
