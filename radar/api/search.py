"""Finding an entity by what a person types: a code, a number, the start of a name, any part of it.

All countries and all networks (91,000 names) lie in one long text, the largest networks first, so that looking
through it is a search in a string: a few milliseconds at worst, and the first hits are the ones most people mean.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from radar import cldr
from radar.entities import countries, is_entity, networks
from radar.providers import registry

#: Names that people type and the country table does not have.
ALIASES: dict[str, str] = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "britain": "GB", "great britain": "GB", "usa": "US",
    "america": "US", "holland": "NL", "ivory coast": "CI", "burma": "MM", "swaziland": "SZ", "czech republic": "CZ",
    "turkiye": "TR", "turkey": "TR", "macedonia": "MK", "east timor": "TL", "cape verde": "CV", "persia": "IR",
    "uae": "AE", "emirates": "AE", "drc": "CD", "congo kinshasa": "CD", "vatican": "VA", "palestine": "PS",
    "united states": "US", "united states of america": "US", "united kingdom": "GB", "eeuu": "US", "ee uu": "US",
    "inglaterra": "GB", "escocia": "GB", "gran bretana": "GB", "birmania": "MM", "republica checa": "CZ",
}  # fmt: skip

_AS = re.compile(r"(?:as|asn)?[ -]?([0-9]{1,10})", re.ASCII)

#: Letters with a stroke and the like are no letter with an accent to Unicode, but they are to whoever has no such key.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d",
                        "þ": "th"})  # fmt: skip


def fold(text: str) -> str:
    """Lower case without accents and with single spaces: "São  Tomé" as "sao tome", "Łódź" as "lodz"."""
    plain = text.casefold().translate(_PLAIN)
    bare = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(bare.replace("\n", " ").split())


@dataclass(frozen=True, slots=True)
class _Index:
    """Folded names, one per line of ``text``, which starts with a line break; ``starts`` are the offsets of lines."""

    text: str
    starts: list[int]
    keys: list[str]

    def find(self, needle: str) -> Iterator[str]:
        """Keys of the lines that hold the needle, in order. A needle may begin with the line break before a name."""
        at = self.text.find(needle)
        while at >= 0:
            line = bisect_right(self.starts, at + (needle[0] == "\n")) - 1
            yield self.keys[line]
            after = self.starts[line + 1] - 1 if line + 1 < len(self.starts) else len(self.text)
            at = self.text.find(needle, after)


def _index(rows: Iterable[tuple[str, str]]) -> _Index:
    keys, starts, parts, offset = [], [], [], 1
    for key, name in rows:
        folded = fold(name)
        keys.append(key)
        starts.append(offset)
        parts.append(folded)
        offset += len(folded) + 1
    return _Index("\n" + "\n".join(parts), starts, keys)


@lru_cache(maxsize=1)
def _countries() -> _Index:
    names = [(f"country/{row.alpha2}", row.name) for row in countries().values()]
    spoken = [(f"country/{cc}", name) for table in cldr.countries().values() for cc, name in table.items()]
    return _index([*names, *spoken, *((f"country/{code}", alias) for alias, code in ALIASES.items())])


@lru_cache(maxsize=1)
def _networks() -> _Index:
    rows = sorted(networks().values(), key=lambda row: (-row.ipv4_addresses, row.asn))
    return _index((f"asn/{row.asn}", row.name) for row in rows if row.name)


@lru_cache(maxsize=1)
def _providers() -> _Index:
    names = [(row.slug, row.name) for row in registry().values()]
    return _index((f"provider/{slug}", name) for slug, name in names)


@lru_cache(maxsize=1)
def _numbers() -> list[str]:
    """AS numbers as texts, those of the largest networks first."""
    return [str(row.asn) for row in sorted(networks().values(), key=lambda row: (-row.ipv4_addresses, row.asn))]


def warm() -> None:
    """Build the index now (about half a second), so that the first visitor does not wait for it."""
    for build in (_countries, _networks, _providers, _numbers):
        build()


def search(text: str, limit: int, known: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Keys of entities that fit the text, best first, at most ``limit``.

    Parameters
    ----------
    text
        What was typed. Case, accents and surplus spaces do not matter. An empty text finds nothing.
    limit
        How many at most.
    known
        (key, name) of entities that have data; among equals these come right after countries.

    Order: the very code or number or key; names that start so; numbers that start so; names of which a word starts so;
    any part of a name. In each of these: countries, what has data, providers, networks by size.
    """
    wanted = fold(text)
    if not wanted:
        return []
    found: dict[str, None] = {}
    # "AS5089 Virgin Media": the number is looked for as a number.
    ours = _index((key, name.partition(" ")[2] if key.startswith(("asn/", "geoasn/")) else name) for key, name in known)
    tables = (_countries(), ours, _providers(), _networks())
    number = _AS.fullmatch(wanted)
    for key in _exact(text.strip(), wanted):
        found[key] = None
    for needle in (f"\n{wanted}", None, f" {wanted}", wanted):
        if needle is None:
            if number:
                digits = number[1]
                _take(found, (f"asn/{n}" for n in _numbers() if n.startswith(digits)), limit)
            continue
        for table in tables:
            _take(found, table.find(needle), limit)
            if len(found) >= limit:
                return list(found)[:limit]
    return list(found)[:limit]


def _exact(text: str, wanted: str) -> Iterator[str]:
    """What the text names outright: a key, an AS number, a country's code."""
    for key in (text, text.upper(), f"{text.partition('/')[0].lower()}/{text.partition('/')[2].upper()}"):
        if "/" in key and is_entity(key):
            yield key
    number = _AS.fullmatch(wanted)
    if number and int(number[1]) in networks():
        yield f"asn/{int(number[1])}"
    code = wanted.upper()
    if len(code) == 2 and code in countries():
        yield f"country/{code}"
    if len(code) == 3:
        yield from (f"country/{row.alpha2}" for row in countries().values() if row.alpha3 == code)
    if wanted in ALIASES:
        yield f"country/{ALIASES[wanted]}"  # "uk" is also the code of no country


def _take(found: dict[str, None], keys: Iterable[str], limit: int) -> None:
    for key in keys:
        if len(found) >= limit:
            return
        found[key] = None
