"""Who lives in the simulated world: countries, networks and providers, and how much of the traffic each gives.

A *cell* is one network within one country, or the rest of a country (no network named). Everything that the world
shows is a sum of cells, so a country is never smaller than its networks and a global network is the sum of what it
carries in each country.

Names, AS numbers, populations and address counts are real (``radar.entities``, CC BY 4.0); volumes, rhythms and
noise are invented. Volume grows with Internet users to the power of 0.27, so that small states still have data
beside China; below ``TINY_USERS`` it falls to almost nothing, because a radar must also show places it cannot see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from radar.entities import Country, Network, countries, networks

#: Hours from UTC, by country. Summer time is left out; where a country spans zones, where most people live.
_OFFSETS: dict[float, str] = {
    -11: "AS NU UM",
    -10: "CK PF",
    -8: "PN",
    -6: "BZ CR GT HN MX NI SV",
    -5.7: "US",
    -5: "BS CO CU EC HT JM KY PA PE TC",
    -4.7: "CA",
    -4: "AG AI AW BB BL BM BO BQ CL CW DM DO GD GP GY KN LC MF MQ MS PR SX TT VC VE VG VI",
    -3: "AR BR FK GF PM PY SR UY",
    -2: "GL GS",
    -1: "CV",
    0: "BF BV CI EH FO GB GG GH GM GN GW IE IM IS JE LR ML MR PT SH SL SN ST TG",
    1: "AD AL AO AT BA BE BJ CD CF CG CH CM CZ DE DK DZ ES FR GA GI GQ HR HU IT LI LU MA MC ME MK MT NE NG NL NO PL "
    "RS SE SI SJ SK SM TD TN VA XK",
    2: "AX BG BI BW CY EE EG FI GR IL LB LS LT LV LY MD MW MZ NA PS RO RW SD SS SZ UA ZA ZM ZW",
    3: "BH BY DJ ER ET IQ JO KE KM KW MG QA SA SO SY TR TZ UG YE YT",
    3.5: "IR",
    3.8: "RU",
    4: "AE AM AZ GE MU OM RE SC",
    4.5: "AF",
    5: "HM KZ MV PK TF TJ TM UZ",
    5.5: "IN LK",
    5.75: "NP",
    6: "BD BT IO KG",
    6.5: "CC MM",
    7: "CX ID KH LA TH VN",
    8: "BN CN HK MN MO MY PH SG TW",
    9: "JP KP KR PW TL",
    10: "AU FM GU MP PG",
    11: "NC NF SB VU",
    12: "AQ FJ KI MH NR NZ TV WF",
    13: "TK TO WS",
}

#: Countries whose week does not rest on Saturday and Sunday; Monday is 0.
_WEEKENDS: dict[tuple[int, ...], str] = {
    (4, 5): "AF BD BH DZ EG IQ JO KW LY MV OM QA SA SD SY YE IL",
    (3, 4): "IR",
    (5,): "NP",
}

#: Inhabitants where the country table has none, rounded; only to give such places a plausible volume.
_INHABITANTS: dict[str, int] = {
    "AI": 15_000, "AX": 30_000, "BL": 11_000, "BQ": 30_000, "CK": 15_000, "EH": 590_000, "FK": 3_500, "GF": 300_000,
    "GG": 64_000, "GP": 380_000, "JE": 103_000, "MQ": 350_000, "MS": 4_400, "NF": 2_200, "NU": 1_700, "PM": 5_800,
    "RE": 880_000, "SH": 5_300, "SJ": 2_500, "TK": 1_900, "TW": 23_400_000, "VA": 500, "WF": 11_000, "YT": 320_000,
    "AQ": 1_000, "BV": 20, "CC": 600, "CX": 1_700, "GS": 30, "HM": 20, "IO": 3_000, "PN": 50, "TF": 150, "UM": 300,
}  # fmt: skip

#: Below this many Internet users a place is too small to be seen.
TINY_USERS = 17_000
_TINY_REQUESTS = 0.6
_USERS_POWER = 0.27
_REQUESTS_PER_POWER = 2.15

#: Places of the scenario get more volume than their size, so that what happens there can be seen.
_BOOST: dict[str, float] = {"TO": 2.6, "PT": 1.4, "IR": 1.4, "ES": 1.2, "CA": 1.2}

#: Networks shown per country when not given by its volume; and networks named on purpose.
_NETWORKS_OF: dict[str, tuple[int, ...]] = {
    "TO": (38201, 38198),
    "IR": (58224, 197207, 44244),
    "ES": (3352, 12430, 6739, 15704),
    "PT": (3243, 2860, 12353, 13156),
    "CA": (577, 812, 6327, 852),
}
_SHARES = (0.33, 0.23, 0.13, 0.08)
_BY_VOLUME = ((105.0, 1), (230.0, 2), (330.0, 3), (450.0, 4))

#: Networks that carry traffic in several countries: AS number -> countries, each with the given share there.
_GLOBAL: dict[int, tuple[str, ...]] = {
    6830: ("NL", "IE", "CH"),
    8075: ("US", "IE", "SG"),
    16276: ("FR", "DE", "GB"),
    9009: ("GB", "RO", "US"),
    45102: ("SG", "ID", "MY"),
    20473: ("US", "JP", "AU"),
}
_GLOBAL_SHARE = 0.06

#: A small network under nightly maintenance: too small to be judged (see ``scenario``).
SMALL = ("AT", 1853, 0.012)

#: Words in the names of networks that carry servers, offices or universities rather than subscribers.
_NO_SUBSCRIBERS = (
    "amazon", "google", "microsoft", "cloudflare", "akamai", "oracle", "dod ", "department", "ministry", "government",
    "universit", "research", "education", "academic", "hosting", "cloud", "server", "data cent", "datacent", "apple",
    "network information", "school", "bank", "alibaba", "tencent", "cogent", "level 3", "peg tech", "headquarters",
    "mercedes", "surf b.v.", "usda", "nasa", "air force", "army", "navy", "prudential", "ford ", "eli lilly",
    "fundacao", "ipxo", "idc",
)  # fmt: skip

#: Share of all requests whose answer is made at a provider; the rest is ours or not known.
PROVIDER_SHARE: dict[str, float] = {
    "akamai": 0.03, "aws": 0.06, "azure": 0.04, "cloudflare": 0.05, "fastly": 0.025, "google-cloud": 0.012,
    "oracle-cloud": 0.015, "ovhcloud": 0.02,
}  # fmt: skip

#: Addresses of a cell: so many for each request of a bin, and at least so many.
CLIENTS, CLIENTS_LEAST = 3, 10

#: Median round-trip time by continent, ms.
_RTT_MS = {"EU": 22.0, "NA": 30.0, "AS": 55.0, "SA": 60.0, "AF": 105.0, "OC": 95.0, "AN": 170.0}
_RTT_OF = {"TO": 139.0}

#: Half-width of the log-logistic spread of round-trip times within a cell.
RTT_SCALE = 0.2

#: Regions with routing and ping series of their own, and their share of the country's blocks: that of its people.
_REGIONS: dict[str, float] = {
    "ES-CN": 0.045, "ES-CT": 0.165, "ES-MD": 0.144, "PT-20": 0.022, "US-FL": 0.068, "US-GA": 0.033, "US-NC": 0.032,
    "US-SC": 0.016,
}  # fmt: skip

#: Countries routed in blocks of 256 addresses that answer pings: between these shares of the announced ones.
_PING_SHARE = (0.22, 0.5)
#: Networks with at least so many blocks have routing series too; places too small to be seen have at most so many.
_IODA_NETWORK_24S = 9_000
_TINY_24S = 8


def stream(seed: int, part: str, *keys: int) -> np.random.Generator:
    """An independent generator for one part of the world, so that one part can change without moving the others."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(part.encode()), *keys])))


@dataclass(frozen=True, slots=True)
class Places:
    """The cells and their fixed properties, as parallel arrays.

    ``requests``: mean requests per 5 minutes. ``errors``: usual share of failed requests. ``rtt_log``: log of the
    median round-trip time in ms; ``rtt_offset`` of a cell is centred within its country. ``clients``: addresses of a
    cell, of which each request comes from any. Cells lie country by
    country, in the order of ``codes``; ``first`` is each country's first cell. ``asns`` is 0 for the rest.
    """

    codes: tuple[str, ...]
    utc_offset: NDArray[np.float64]
    weekend: tuple[tuple[int, ...], ...]
    requests: NDArray[np.float64]
    rtt_log: NDArray[np.float64]
    first: NDArray[np.int64]
    country: NDArray[np.int64]
    asns: NDArray[np.int64]
    share: NDArray[np.float64]
    errors: NDArray[np.float64]
    rtt_offset: NDArray[np.float64]
    clients: NDArray[np.int64]
    providers: tuple[str, ...]
    ioda: tuple[str, ...]
    ioda_24s: NDArray[np.float64]
    ioda_pings: NDArray[np.float64]

    @property
    def tiny(self) -> tuple[str, ...]:
        """Countries too small to be judged."""
        return tuple(code for code in self.codes if users(countries()[code]) < TINY_USERS)

    def home_cells(self) -> list[tuple[int, int]]:
        """(AS number, cell) of networks seen in one country only."""
        return [(int(asn), i) for i, asn in enumerate(self.asns) if asn and int(asn) not in _GLOBAL]

    def global_cells(self) -> dict[int, list[int]]:
        """AS number -> its cells, for networks seen in several countries."""
        return {asn: [int(i) for i in np.flatnonzero(self.asns == asn)] for asn in sorted(_GLOBAL)}


def users(country: Country) -> float:
    """Internet users, guessed where the tables do not say."""
    people = country.population if country.population is not None else _INHABITANTS.get(country.alpha2, 100)
    share = country.internet_users_pct if country.internet_users_pct is not None else 65.0
    return people * max(share, 1.0) / 100


@lru_cache(maxsize=2)
def places(seed: int) -> Places:
    """Build the cells for a seed (about 0.3 s, most of it reading the network table)."""
    rng = stream(seed, "places")
    table = countries()
    codes = tuple(table)
    offsets = {code: offset for offset, names in _OFFSETS.items() for code in names.split()}
    rests = {code: days for days, names in _WEEKENDS.items() for code in names.split()}
    known = list(networks().values())
    by_country = _subscriber_networks(known)
    requests = np.array([_requests(table[code]) for code in codes])
    rtt = np.array([_RTT_MS[table[code].continent] for code in codes]) * np.exp(0.3 * rng.standard_normal(len(codes)))
    rtt = np.clip(rtt, 15.0, 180.0)
    for code, ms in _RTT_OF.items():
        rtt[codes.index(code)] = ms

    cells: list[tuple[int, int, float]] = []
    for i, code in enumerate(codes):
        named = _networks_in(code, requests[i], by_country)
        cells += [(i, asn, share) for asn, share in named]
        cells.append((i, 0, 1.0 - sum(share for _, share in named)))
    country = np.array([cell[0] for cell in cells])
    share = np.array([cell[2] for cell in cells])
    first = np.flatnonzero(np.r_[True, country[1:] != country[:-1]])
    usual = rng.uniform(0.002, 0.01, len(codes))
    rtt_offset = np.clip(0.08 * rng.standard_normal(len(cells)), -0.2, 0.2)
    rtt_offset -= np.add.reduceat(rtt_offset * share, first)[country]
    errors = usual[country] * np.exp(0.2 * rng.standard_normal(len(cells)))

    ioda, blocks = _routed(codes, sorted({cell[1] for cell in cells if cell[1]}), known)
    return Places(
        codes=codes,
        utc_offset=np.array([offsets[code] for code in codes]),
        weekend=tuple(rests.get(code, (5, 6)) for code in codes),
        requests=requests,
        rtt_log=np.log(rtt),
        first=first,
        country=country,
        asns=np.array([cell[1] for cell in cells]),
        share=share,
        errors=errors,
        rtt_offset=rtt_offset,
        clients=np.maximum(CLIENTS_LEAST, CLIENTS * requests[country] * share).astype(np.int64),
        providers=tuple(sorted(PROVIDER_SHARE)),
        ioda=ioda,
        ioda_24s=blocks,
        ioda_pings=np.floor(blocks * rng.uniform(*_PING_SHARE, len(ioda))),
    )


def _requests(country: Country) -> float:
    people = users(country)
    if people < TINY_USERS:
        return float(_TINY_REQUESTS * people / TINY_USERS)
    return float(_REQUESTS_PER_POWER * people**_USERS_POWER * _BOOST.get(country.alpha2, 1.0))


def _subscriber_networks(known: Iterable[Network]) -> dict[str, list[Network]]:
    """Networks that lie in one country and look like carriers of subscribers, largest first."""
    found: dict[str, list[Network]] = {}
    others = re.compile("|".join(map(re.escape, _NO_SUBSCRIBERS)))
    for network in known:
        if network.home and network.name and not others.search(network.name.lower()):
            found.setdefault(network.home, []).append(network)
    for rows in found.values():
        rows.sort(key=lambda row: (-row.ipv4_addresses, row.asn))
    return found


def _networks_in(code: str, requests: float, by_country: dict[str, list[Network]]) -> list[tuple[int, float]]:
    count = max((n for volume, n in _BY_VOLUME if requests >= volume), default=0)
    chosen: Iterable[int] = _NETWORKS_OF.get(code) or [row.asn for row in by_country.get(code, [])[:count]]
    named = list(zip(chosen, _SHARES, strict=False))
    named += [(asn, _GLOBAL_SHARE) for asn, where in sorted(_GLOBAL.items()) if code in where]
    if code == SMALL[0]:
        named.append((SMALL[1], SMALL[2]))
    return sorted(named)


def _routed(
    codes: tuple[str, ...], asns: list[int], known: Iterable[Network]
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Entities with routing and ping series, sorted by key, and their /24 blocks. Places without any are left out."""
    table = networks()
    addresses = dict.fromkeys(codes, 0)
    for network in known:
        if network.cc in addresses:
            addresses[network.cc] += network.ipv4_addresses
    limit = {code: _TINY_24S if users(countries()[code]) < TINY_USERS else 1 << 24 for code in codes}
    blocks = {f"country/{code}": min(addresses[code] // 256, limit[code]) for code in codes}
    named = {asn for asns_of in _NETWORKS_OF.values() for asn in asns_of}
    for asn in asns:
        size = table[asn].ipv4_addresses // 256
        if asn in named or (size >= _IODA_NETWORK_24S and asn not in _GLOBAL):
            blocks[f"asn/{asn}"] = size
    for code, part in _REGIONS.items():
        blocks[f"region/{code}"] = round(blocks[f"country/{code[:2]}"] * part)
    entities = tuple(sorted(key for key, size in blocks.items() if size > 0))
    return entities, np.array([float(blocks[key]) for key in entities])
