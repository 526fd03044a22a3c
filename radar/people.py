"""How many people are behind a country and, as a rough estimate, behind a network.

A country: its population times the share of it that uses the Internet, both from the reference table.

A network: its country's Internet users, times the network's share of all IPv4 addresses that are announced there. That
is an estimate from addresses, not a count of subscribers. It says too little of networks that put many people behind
one address, as mobile ones do, and too much of companies, clouds and universities. It is not made (None) where the
country's users are not known, where the network belongs to no one country, and where the country announces more than
two addresses for each of its users: there addresses say little of people.
"""

from __future__ import annotations

from functools import lru_cache

from radar.entities import Country, countries, networks

#: With more addresses than this for each user of a country, no estimate is made from addresses.
ABUNDANT = 2.0
#: Networks of a country that are told, the largest ones.
MOST = 50


def of_country(code: str) -> int | None:
    """Internet users of a country, people; None when its population or their share is not known."""
    country: Country | None = countries().get(code)
    if country is None or country.population is None or country.internet_users_pct is None:
        return None
    return round(country.population * country.internet_users_pct / 100)


def of_network(asn: int) -> int | None:
    """Estimated Internet users of a network, people; None where no estimate is made, which is not "none"."""
    network = networks().get(asn)
    if network is None or not network.home or not network.ipv4_addresses:
        return None
    users, announced = of_country(network.home), addresses().get(network.home, 0.0)
    if users is None or not announced or announced > ABUNDANT * users:
        return None
    return round(users * min(1.0, network.ipv4_addresses * (network.cc_share or 0.0) / announced))


@lru_cache(maxsize=256)
def largest(code: str) -> tuple[int, ...]:
    """The networks that belong to a country, those with the most IPv4 addresses first, at most MOST."""
    return tuple(asn for _addresses, asn in sorted(_homes().get(code, ()), reverse=True)[:MOST])


@lru_cache(maxsize=1)
def _homes() -> dict[str, list[tuple[int, int]]]:
    """(IPv4 addresses, AS number) of the networks with any that belong to each country."""
    found: dict[str, list[tuple[int, int]]] = {}
    for network in networks().values():
        if network.home and network.ipv4_addresses:
            found.setdefault(network.home, []).append((network.ipv4_addresses, network.asn))
    return found


@lru_cache(maxsize=1)
def addresses() -> dict[str, float]:
    """Announced IPv4 addresses by country: of each network those in its main country."""
    found: dict[str, float] = {}
    for network in networks().values():
        if network.cc and network.cc_share is not None:
            found[network.cc] = found.get(network.cc, 0.0) + network.ipv4_addresses * network.cc_share
    return found
