"""Finding an entity by what a person types: a code, a number, the start of a name, any part of it.

All countries and all networks (91,000 names) lie in one long text, the largest networks first, so that looking
through it is a search in a string: a few milliseconds at worst, and the first hits are the ones most people mean.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from radar import cldr
from radar.entities import countries, is_entity, networks
from radar.providers import registry

#: Names that people type and neither the country table nor CLDR has.
ALIASES: dict[str, str] = {
    "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB", "britain": "GB",
    "great britain": "GB", "usa": "US", "america": "US", "holland": "NL", "ivory coast": "CI", "burma": "MM",
    "swaziland": "SZ", "czech republic": "CZ", "turkiye": "TR", "turkey": "TR", "macedonia": "MK", "east timor": "TL",
    "cape verde": "CV", "persia": "IR", "uae": "AE", "emirates": "AE", "drc": "CD", "congo kinshasa": "CD",
    "congo brazzaville": "CG", "dr congo": "CD", "democratic republic of the congo": "CD",
    "republic of the congo": "CG", "zaire": "CD", "vatican": "VA", "palestine": "PS", "bosnia": "BA", "ceylon": "LK",
    "united states": "US", "united states of america": "US", "united kingdom": "GB", "eeuu": "US", "ee uu": "US",
    "inglaterra": "GB", "escocia": "GB", "gales": "GB", "gran bretana": "GB", "birmania": "MM", "corea": "KR",
    "republica checa": "CZ", "saint lucia": "LC", "st lucia": "LC", "saint kitts": "KN", "st kitts": "KN",
    "st kitts and nevis": "KN", "st vincent": "VC", "st vincent and the grenadines": "VC", "st helena": "SH",
    "st martin": "MF", "st maarten": "SX", "st barths": "BL", "st pierre and miquelon": "PM", "south korea": "KR",
    "north korea": "KP", "dprk": "KP", "prc": "CN", "ksa": "SA", "rsa": "ZA", "png": "PG", "roc": "TW",
    "russian federation": "RU", "brunei": "BN", "laos": "LA", "syria": "SY", "moldova": "MD", "tanzania": "TZ",
    "western samoa": "WS", "the gambia": "GM", "the bahamas": "BS", "micronesia": "FM", "polynesia": "PF",
}  # fmt: skip

_AS = re.compile(r"(asn?)?[ -]?([0-9]{1,10})", re.ASCII)
_ASN_MAX = 2**32 - 1

#: Letters with a stroke and the like are no letter with an accent to Unicode, but they are to whoever has no such key.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d",
                        "þ": "th"})  # fmt: skip

#: What stands between words, whichever of them a keyboard has: apostrophes, dashes, dots, brackets, quotes.
_BETWEEN = str.maketrans(dict.fromkeys("'’‘ʼʻ`´-‐‑‒–—―−_.,:;()[]\"“”„«»·", " "))
_INITIALS = re.compile(r"(?<!\w)([^\W\d_])\.(?=[^\W\d_](?!\w))")

#: Lines that are looked at for words in any order.
_LOOKED_AT = 1500

#: Letters from how many on a word at the start of any word of a country's name comes before networks.
_PLAIN_WORD = 4


def fold(text: str) -> str:
    """Lower case without accents, apostrophes, dashes and dots, and with single spaces.

    >>> fold("São  Tomé"), fold("Łódź"), fold("Côte d’Ivoire"), fold("U.S.A.")
    ('sao tome', 'lodz', 'cote d ivoire', 'usa')
    """
    plain = text.casefold().translate(_PLAIN)
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    if "." in plain:
        plain = _INITIALS.sub(r"\1", plain)
    return " ".join(plain.translate(_BETWEEN).split())


@dataclass(frozen=True, slots=True)
class Index:
    """Folded names, one per line of ``text``, which starts and ends with a line break; ``starts``: offsets of lines."""

    text: str
    starts: list[int]
    keys: list[str]

    def find(self, needle: str, *, whole: bool = False) -> Iterator[str]:
        """Keys of the lines that hold the needle, in order. A needle may begin with the line break before a name, and
        end with that after it. ``whole``: the needle ends where a word does."""
        at = self.text.find(needle)
        while at >= 0:
            line = bisect_right(self.starts, at + (needle[0] == "\n")) - 1
            if whole and self.text[at + len(needle)] not in " \n":
                at = self.text.find(needle, at + 1)
                continue
            yield self.keys[line]
            if line + 1 == len(self.starts):
                return
            at = self.text.find(needle, self.starts[line + 1] - 1)

    def find_all(self, words: Sequence[str]) -> Iterator[str]:
        """Keys of the lines that have a word that starts so for each of the words, in any order. A bounded number of
        lines is looked at, so that words which stand everywhere take no longer."""
        longest = max(words, key=len)
        for needle in (f"\n{longest}", f" {longest}"):
            at, left = self.text.find(needle), _LOOKED_AT
            while at >= 0 and left:
                left -= 1
                line = bisect_right(self.starts, at + 1) - 1
                start = self.starts[line] - 1
                end = self.text.find("\n", start + 1)
                name = f" {self.text[start + 1 : end]}"
                if all(f" {word}" in name for word in words):
                    yield self.keys[line]
                at = self.text.find(needle, end)

    def lines(self, most: int | None = None) -> Iterator[tuple[str, str]]:
        """Keys and folded names, the first ones."""
        return islice(zip(self.keys, self.text[1:].split("\n"), strict=False), most)


def index(rows: Iterable[tuple[str, str]]) -> Index:
    """An index of (key, name)."""
    keys, starts, parts, offset = [], [], [], 1
    for key, name in rows:
        folded = fold(name)
        keys.append(key)
        starts.append(offset)
        parts.append(folded)
        offset += len(folded) + 1
    return Index("\n" + "".join(f"{part}\n" for part in parts), starts, keys)


def known(rows: Iterable[tuple[str, str]]) -> Index:
    """An index of (key, name) of entities that have data: "AS5089 Virgin Media" is looked for without its number, a
    region by its name in each language."""
    return index((key, name) for key, listed in rows for name in _names(key, listed))


def _names(key: str, listed: str) -> Iterator[str]:
    yield listed.partition(" ")[2] if key.startswith(("asn/", "geoasn/")) else listed
    if key.startswith("region/"):
        yield from (names[code] for names in cldr.regions().values() if (code := key[7:]) in names)


@lru_cache(maxsize=1)
def country_names() -> Index:
    names = [(f"country/{row.alpha2}", row.name) for row in countries().values()]
    spoken = [(f"country/{cc}", name) for table in cldr.countries().values() for cc, name in table.items()]
    own = [(f"country/{cc}", name) for cc, names in cldr.own_names().items() for name in names]
    return index([*names, *spoken, *own, *((f"country/{code}", alias) for alias, code in ALIASES.items())])


@lru_cache(maxsize=1)
def network_names() -> Index:
    rows = sorted(networks().values(), key=lambda row: (-row.ipv4_addresses, row.asn))
    return index((f"asn/{row.asn}", row.name) for row in rows if row.name)


@lru_cache(maxsize=1)
def provider_names() -> Index:
    rows = list(registry().values())
    names = [(row.key, row.name) for row in rows]
    return index([*names, *((row.key, alias) for row in rows for alias in (row.slug, *row.aliases))])


@lru_cache(maxsize=1)
def _numbers() -> list[str]:
    """AS numbers as texts, those of the largest networks first."""
    return [str(row.asn) for row in sorted(networks().values(), key=lambda row: (-row.ipv4_addresses, row.asn))]


def warm() -> None:
    """Build the index now (about a second), so that the first visitor does not wait for it."""
    for build in (country_names, network_names, provider_names, _numbers, cldr.regions):
        build()


def search(text: str, limit: int, known_here: Iterable[tuple[str, str]] | Index = ()) -> list[str]:
    """Keys of entities that fit the text, best first, at most ``limit``.

    Parameters
    ----------
    text
        What was typed. Case, accents, apostrophes, dashes and surplus spaces do not matter. Empty: nothing is found.
    limit
        How many at most.
    known_here
        (key, name) of entities that have data, or their index (``known``); among equals these come after countries.

    Order: the very code, number, key or name; countries of which a word starts so; names that start so; numbers that
    start so; names of which a word starts so; any part of a name; all words in any order. In each of these: countries,
    what has data, providers, networks by size.
    """
    wanted = fold(text)
    found: dict[str, None] = dict.fromkeys(_exact(text.strip(), wanted)) if text.strip() else {}
    if not wanted:
        return list(found)[:limit]
    ours = known_here if isinstance(known_here, Index) else known(known_here)
    tables = (country_names(), ours, provider_names(), network_names())
    for keys in _by_fit(wanted, tables):
        for key in keys:
            if len(found) >= limit:
                return list(found)[:limit]
            found[key] = None
    return list(found)[:limit]


def _by_fit(wanted: str, tables: Sequence[Index]) -> Iterator[Iterable[str]]:
    """What fits the folded text, the best first."""
    places = tables[0]
    yield from (table.find(f"\n{wanted}\n") for table in (places, tables[2]))
    yield places.find(f"\n{wanted}")
    yield places.find(f" {wanted}", whole=len(wanted) < _PLAIN_WORD)
    yield from (table.find(f"\n{wanted}") for table in tables[1:])
    number = _AS.fullmatch(wanted)
    if number:
        yield (f"asn/{n}" for n in _numbers() if n.startswith(number[2]))
        if number[1]:
            return  # "AS5089" is no part of a name
    yield from (table.find(f" {wanted}") for table in tables)
    yield from (table.find(wanted) for table in tables)
    words = wanted.split()
    if len(words) > 1:
        yield from (table.find_all(words) for table in tables)


def exactly(text: str) -> str | None:
    """The one entity that a text names outright: a code, a key, "AS" and a number, the whole name of a country or a
    provider. None where it names none or several, and for a bare number, which may be many things.

    >>> exactly("Iraq"), exactly("as5089"), exactly("AWS"), exactly("korea")
    ('country/IQ', 'asn/5089', 'provider/aws', None)
    """
    wanted = fold(text)
    if wanted.isdecimal():
        return None
    found = dict.fromkeys(_exact(text.strip(), wanted))
    if wanted:
        for table in (country_names(), provider_names()):
            found |= dict.fromkeys(table.find(f"\n{wanted}\n"))
    return next(iter(found)) if len(found) == 1 else None


def _exact(text: str, wanted: str) -> Iterator[str]:
    """What the text names outright: a key, an AS number, the code of a country or a region, a flag."""
    for key in (text, text.upper(), f"{text.partition('/')[0].lower()}/{text.partition('/')[2].upper()}"):
        if "/" in key and is_entity(key):
            yield key
    number = _AS.fullmatch(wanted)
    # a number that is called one has a page also where the table has no name for it
    if number and 0 < int(number[2]) <= _ASN_MAX and (number[1] or int(number[2]) in networks()):
        yield f"asn/{int(number[2])}"
    code = _flag(text) or wanted.upper()
    if len(code) == 2 and code in countries():
        yield f"country/{code}"
    if len(code) == 3:
        yield from (f"country/{row.alpha2}" for row in countries().values() if row.alpha3 == code)
    if (region := text.upper()) in cldr.regions()["en"]:
        yield f"region/{region}"
    if wanted in ALIASES:
        yield f"country/{ALIASES[wanted]}"  # "uk" is also the code of no country


def _flag(text: str) -> str:
    """The code that a flag is spelled with: of a Japanese flag "JP"; "" for any other text."""
    letters = [ord(c) - 0x1F1E6 for c in text]
    return "".join(chr(65 + n) for n in letters) if len(letters) == 2 and all(0 <= n < 26 for n in letters) else ""


def is_word_of_a_network(text: str) -> bool:
    """Whether a word, or words, of some network's name are just these."""
    wanted = fold(text)
    return any(next(network_names().find(f"{before}{wanted}", whole=True), None) for before in "\n ")
