"""Entities: what is measured. One spelling everywhere: tables, keys, URLs, API.

======== ==================== ==========================================================
type     example              code
======== ==================== ==========================================================
country  ``country/IQ``       ISO 3166-1 alpha-2, and ``XK``
region   ``region/US-CA``     ISO 3166-2
asn      ``asn/5089``         autonomous system number, plain decimal
geoasn   ``geoasn/ID-23693``  a network within one country: country code, hyphen, ASN
provider ``provider/acme-dns`` a lower-case slug
======== ==================== ==========================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from radar import cldr, providers, reference
from radar.errors import EntityError
from radar.labels import _

TYPES = ("country", "region", "asn", "geoasn", "provider")

#: A network counts as belonging to one country only when this share of its addresses lies there.
HOME_SHARE = 0.9

_ASN_MAX = 2**32 - 1
_REGION = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")
_GEOASN = re.compile(r"([A-Z]{2})-([1-9][0-9]{0,9})")
_ASN = re.compile(r"[1-9][0-9]{0,9}")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Entity:
    """One measured thing. ``key`` is its only spelling."""

    type: str
    code: str

    @property
    def key(self) -> str:
        """``type/code``."""
        return f"{self.type}/{self.code}"

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True, slots=True)
class Country:
    """One row of the country table. ``population`` and ``internet_users_pct`` are None where not known."""

    alpha2: str
    alpha3: str
    name: str
    continent: str
    subregion: str
    population: int | None
    internet_users_pct: float | None
    internet_users_year: int | None


@dataclass(frozen=True, slots=True)
class Network:
    """One row of the network table. ``cc`` is where most of its IPv4 addresses lie; '' when not known."""

    asn: int
    name: str
    cc: str
    cc_share: float | None
    ipv4_addresses: int

    @property
    def home(self) -> str:
        """The country the network belongs to, '' for a global network or an unknown one."""
        return self.cc if self.cc_share is not None and self.cc_share >= HOME_SHARE else ""


@lru_cache(maxsize=1)
def countries() -> dict[str, Country]:
    """All 250 countries by alpha-2 code, in the order of their codes. ``NA`` is Namibia."""
    return {
        row["alpha2"]: Country(
            alpha2=row["alpha2"],
            alpha3=row["alpha3"],
            name=row["name"],
            continent=row["continent"],
            subregion=row["subregion"],
            population=int(row["population"]) if row["population"] else None,
            internet_users_pct=float(row["internet_users_pct"]) if row["internet_users_pct"] else None,
            internet_users_year=int(row["internet_users_year"]) if row["internet_users_year"] else None,
        )
        for row in reference.table("countries")
    }


class Networks(Mapping[int, Network]):
    """The network table: kept as text lines and read when asked for, which takes a quarter of the memory."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = {int(line.partition(",")[0]): line for line in lines}

    def __getitem__(self, asn: int) -> Network:
        _asn, name, cc, share, addresses = next(csv.reader([self._lines[asn]]))
        if name[:1] == name[-1:] == '"' and name.count('"') == 2:  # registries hold some names in quotes
            name = name[1:-1]
        return Network(asn, name, cc, float(share) if share else None, int(addresses or 0))

    def __iter__(self) -> Iterator[int]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)


@lru_cache(maxsize=1)
def networks() -> Networks:
    """All known networks by ASN (loaded on first use)."""
    return Networks(reference.lines("networks"))


def parse(key: str) -> Entity:
    """Read ``type/code`` strictly.

    Raises
    ------
    EntityError
        Another form, an unknown type, an unknown country, a number that is no ASN.

    Examples
    --------
    >>> parse("country/NA").code
    'NA'
    """
    kind, slash, code = key.partition("/")
    if not slash or kind not in TYPES:
        raise EntityError(f"{key!r} is no entity; expected one of {', '.join(f'{t}/...' for t in TYPES)}")
    if kind == "country":
        _country(code, key)
    elif kind == "asn":
        _asn(code, key)
    elif kind == "geoasn":
        match = _GEOASN.fullmatch(code)
        if not match:
            raise EntityError(f"{key!r} is no network in a country; expected e.g. 'geoasn/ID-23693'")
        _country(match[1], key)
        _asn(match[2], key)
    elif kind == "region":
        match = _REGION.fullmatch(code)
        if not match:
            raise EntityError(f"{key!r} is no region; expected an ISO 3166-2 code such as 'region/US-CA'")
        _country(match[1], key)
    elif not _SLUG.fullmatch(code):
        raise EntityError(f"{key!r} is no provider; expected lower-case letters, digits and hyphens")
    return Entity(kind, code)


@lru_cache(maxsize=200_000)
def is_entity(key: str) -> bool:
    """Whether ``parse`` would accept the key."""
    try:
        parse(key)
    except EntityError:
        return False
    return True


def respelt(key: str) -> str:
    """The key that another spelling means ("country/ir", "asn/AS5089", "geoasn/ir-as58224"); "" where it means none,
    or is spelt right already."""
    kind, _slash, code = key.partition("/")
    if kind in ("country", "region"):
        code = code.upper()
    elif kind == "provider":
        code = code.lower()
    elif kind in ("asn", "geoasn"):
        code = re.sub(r"(^|-)AS(?=[0-9])", r"\1", code.upper())
    found = f"{kind}/{code}"
    return found if found != key and is_entity(found) else ""


def country_name(cc: str) -> str:
    """The name of a country by its alpha-2 code, in the language that is spoken now. Raises KeyError."""
    return cldr.country(cc) or countries()[cc].name


def name(key: str) -> str:
    """The name a reader sees, in the language that is spoken now.

    "Iraq", "California, US", "AS5089 Virgin Media", "AS23693 Telkomsel in Indonesia", "acme-dns".

    A network that is not in the table is called by its number alone, a region by its code. Raises EntityError.
    """
    entity = parse(key)
    if entity.type == "country":
        return country_name(entity.code)
    if entity.type == "asn":
        return _network_name(int(entity.code))
    if entity.type == "geoasn":
        cc, _dash, asn = entity.code.partition("-")
        return _("{network} in {country}").format(network=_network_name(int(asn)), country=country_name(cc))
    if entity.type == "region":
        return f"{cldr.region(entity.code) or entity.code}, {country_name(entity.code[:2])}"
    return providers.name_of(entity.code)


def parent(key: str) -> str | None:
    """The country that an entity lies in, or None: of a region, of a network in a country, of a network whose
    addresses lie almost all in one country. Countries and providers have none. Raises EntityError."""
    entity = parse(key)
    if entity.type in ("region", "geoasn"):
        return f"country/{entity.code[:2]}"
    if entity.type == "asn":
        network = networks().get(int(entity.code))
        if network is not None and network.home in countries():
            return f"country/{network.home}"
    return None


def country_of_name(text: str) -> str | None:
    """The alpha-2 code of a country named in free text such as a file name, or None when none or two match.

    Longest name first, so that "Guinea-Bissau" is not read as "Guinea". Case and punctuation are ignored.
    """
    folded = " " + re.sub(r"[^a-z]+", " ", text.lower()) + " "
    found: str | None = None
    for country in sorted(countries().values(), key=lambda c: -len(c.name)):
        needle = " " + re.sub(r"[^a-z]+", " ", country.name.lower()).strip() + " "
        if len(needle) > 3 and needle in folded:
            if found is not None:
                return None
            found = country.alpha2
            folded = folded.replace(needle, "  ")
    return found


def _country(code: str, key: str) -> None:
    if code not in countries():
        raise EntityError(f"{key!r}: {code!r} is no country; expected an ISO 3166-1 alpha-2 code such as 'IQ'")


def _asn(code: str, key: str) -> None:
    if not _ASN.fullmatch(code) or int(code) > _ASN_MAX:
        raise EntityError(f"{key!r}: {code!r} is no AS number; expected 1 to {_ASN_MAX}, plain digits")


def _network_name(asn: int) -> str:
    network = networks().get(asn)
    return f"AS{asn} {network.name}" if network and network.name else f"AS{asn}"
