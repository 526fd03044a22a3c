"""From coordinates and codes to countries: for the sources of happenings.

Countries are known by their cities of 100,000 people and more and by one point each (``radar/data``), not by their
borders: a place near a border may be told of both sides, and one far from every city of none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import orjson

from radar import reference
from radar.entities import countries

F64 = npt.NDArray[np.float64]
Point = tuple[float, float]

EARTH_KM = 6371.0

#: The country codes of Eurostat that are others than those of ISO 3166.
_EUROSTAT = {"EL": "GR", "UK": "GB"}
#: Systems of codes that one country alone uses, by a part of their name.
_OF_ONE = {"SAME": "US", "UGC": "US", "FIPS": "US", "CAP-CP": "CA", "WARNCELL": "DE", "AMOC": "AU", "LAYER:MSC": "CA"}
#: Systems whose codes begin with the country's.
_WITH_COUNTRY = re.compile(r"ISO.?3166|EMMA|NUTS|ISO$|COUNTRY", re.IGNORECASE)


@lru_cache(maxsize=1)
def _points() -> tuple[F64, F64, list[str]]:
    """Latitudes, longitudes and country codes of what countries are known by."""
    rows = [(float(row["lat"]), float(row["lon"]), row["cc"]) for row in reference.table("cities")]
    world = orjson.loads(files("radar").joinpath("data/world_map.json").read_bytes())["countries"]
    rows += [(place["lonlat"][1], place["lonlat"][0], code) for code, place in world.items()]
    rows = [row for row in rows if row[2] in countries()]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]), [row[2] for row in rows]


def near(lat: float, lon: float, km: float) -> list[str]:
    """Keys of the countries that have a known place within ``km`` of the point, in the order of their codes."""
    lats, lons, codes = _points()
    found = np.flatnonzero(_distances(lat, lon, lats, lons) <= km)
    return _keys(codes[i] for i in found)


def nearest(lat: float, lon: float, km: float) -> list[str]:
    """The key of the country whose known place is nearest; none when that is farther than ``km``."""
    lats, lons, codes = _points()
    away = _distances(lat, lon, lats, lons)
    at = int(np.argmin(away))
    return [f"country/{codes[at]}"] if away[at] <= km else []


def inside(polygon: Sequence[Point]) -> list[str]:
    """Keys of the countries that have a known place inside the polygon of (lat, lon); where none lies in it, the
    country nearest to its middle within 300 km. Fewer than three corners: none."""
    if len(polygon) < 3:
        return []
    lats, lons, codes = _points()
    ys, xs = (np.array([point[axis] for point in polygon]) for axis in (0, 1))
    box = (lats >= ys.min()) & (lats <= ys.max()) & (lons >= xs.min()) & (lons <= xs.max())
    found = [codes[i] for i in np.flatnonzero(box) if _holds(ys, xs, float(lats[i]), float(lons[i]))]
    return _keys(found) or nearest(float(ys.mean()), float(xs.mean()), 300.0)


def of_geocode(system: str, code: str) -> str | None:
    """The key of the country that a code of a CAP message lies in; None for a system that is not known.

    Examples
    --------
    >>> of_geocode("EMMA_ID", "EL004")
    'country/GR'
    >>> of_geocode("SAME", "006037")
    'country/US'
    """
    name = system.upper()
    for part, country in _OF_ONE.items():
        if part in name:
            return f"country/{country}"
    start = code.strip()[:2].upper()
    start = _EUROSTAT.get(start, start)
    return f"country/{start}" if _WITH_COUNTRY.search(name) and start in countries() else None


def _distances(lat: float, lon: float, lats: F64, lons: F64) -> F64:
    """Kilometres along the surface (haversine)."""
    a, b = np.radians(lats), np.radians(lat)
    half = np.sin((a - b) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lons - lon) / 2) ** 2
    away: F64 = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return away


def _holds(ys: F64, xs: F64, lat: float, lon: float) -> bool:
    """Whether the polygon holds the point: it crosses the ray to the east an odd number of times."""
    next_ys, next_xs = np.roll(ys, -1), np.roll(xs, -1)
    spans = (ys > lat) != (next_ys > lat)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = xs + (lat - ys) / (next_ys - ys) * (next_xs - xs)
    return bool(np.count_nonzero(spans & (at > lon)) % 2)


def _keys(codes: Iterable[str]) -> list[str]:
    return [f"country/{code}" for code in sorted(set(codes))]
