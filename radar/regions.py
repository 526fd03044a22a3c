"""Regions of clouds: which provider has one where, by the reference tables ``cloud_regions`` and ``cities``.

The table of regions tells coordinates of a city and no country; the country is that of the nearest city of 100,000
people and more. Only the standard library is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import asin, cos, inf, radians, sin, sqrt

from radar import reference
from radar.entities import countries

EARTH_KM, DEGREE_KM = 6371.0, 111.0
#: A region farther than this from every city of the table is placed in no country.
FAR_KM = 1000.0


@dataclass(frozen=True, slots=True)
class Region:
    """One region. ``provider``: slug. ``name``: as its source calls it, its id where that names no place. ``country``:
    alpha-2 code, "" where no city is near."""

    provider: str
    id: str
    name: str
    country: str


@lru_cache(maxsize=1)
def regions() -> tuple[Region, ...]:
    """All regions of the table in use, in its order. A row without coordinates on Earth is left out."""
    found = []
    for row in reference.table("cloud_regions"):
        try:
            lat, lon = float(row["lat"]), float(row["lon"])
        except (TypeError, ValueError):
            continue
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            continue
        km, _city, country = nearest_city(lat, lon)
        name = _name(row["region"], row["name"])
        found.append(Region(row["provider"], row["region"], name, country if km <= FAR_KM else ""))
    return tuple(found)


def of_provider(slug: str) -> list[Region]:
    """Its regions, by their ids."""
    return sorted((region for region in regions() if region.provider == slug), key=lambda region: region.id)


def of_country(code: str) -> list[Region]:
    """The regions that lie in a country, by provider and id."""
    mine = (region for region in regions() if region.country == code)
    return sorted(mine, key=lambda region: (region.provider, region.id))


def nearest_city(lat: float, lon: float) -> tuple[float, str, str]:
    """(kilometres, name, alpha-2 code) of the nearest city of 100,000 people and more; (inf, "", "") without a table.

    Examples
    --------
    >>> nearest_city(50.1109, 8.6821)[1:]
    ('Frankfurt am Main', 'DE')
    """
    best = (inf, "", "")
    for y, x, name, code in _cities():
        if abs(lat - y) * DEGREE_KM < best[0]:  # else it cannot be nearer
            best = min(best, (_km(lat, lon, y, x), name, code))
    return best


@lru_cache(maxsize=1)
def _cities() -> list[tuple[float, float, str, str]]:
    known = countries()
    return [
        (float(row["lat"]), float(row["lon"]), row["name"], row["cc"])
        for row in reference.table("cities")
        if row["cc"] in known
    ]


def _km(lat: float, lon: float, lat2: float, lon2: float) -> float:
    """Distance on the sphere (haversine)."""
    y, y2 = radians(lat), radians(lat2)
    half = sin((y2 - y) / 2) ** 2 + cos(y) * cos(y2) * sin(radians(lon2 - lon) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def _name(id: str, said: str) -> str:
    """The name with what a table left of a bracket put right: "Asia Pacific (Seoul" lacks its end."""
    text = said.strip()
    if text.count("(") == text.count(")") + 1:
        text += ")"
    return text if " " in text or "," in text or text.istitle() else id
