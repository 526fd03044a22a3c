"""Earthquakes: those of magnitude 5.5 and more, with the countries near them.

Upstream: the summary feeds of the U.S. Geological Survey (GeoJSON, anew each minute):
https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php. Licence: public domain (a work of the U.S. government).

A quake is told of the countries that have a known place within a distance that grows with its magnitude, and of the one
that upstream's own words name; that it was felt there is not said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from radar.entities import country_of_name
from radar.errors import UpstreamChanged
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._context import MOST, Row, happening, parsed, round_row
from radar.sources._context_places import near
from radar.sources._rejections import Rejections
from radar.sources._status_text import TITLE, address, moment, words
from radar.times import parse as parse_time
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http

NAME = "earthquakes"
SCOPE = "usgs"

FEED = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/4.5_{span}.geojson"

#: The smallest magnitude that is told.
LEAST = 5.5

#: Up to which magnitude a quake is told of places within how many kilometres: rules of thumb, no model of shaking.
REACH_KM = ((6.0, 100.0), (7.0, 200.0), (8.0, 400.0), (math.inf, 700.0))

#: How far back each feed goes, and what at its far end may have fallen out meanwhile.
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
_MARGIN = timedelta(minutes=10)
_SPAN = re.compile(r"_(hour|day|week|month)\.geojson")


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """The quakes of the last day; of the last week once an hour, and where more than a day was missed."""
    week = until.minute < 10 or until - since > SPANS["day"]
    url = FEED.format(span="week" if week else "day")
    yield Answer(url, http.get(url, source=NAME).body)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """No series; counts the quakes that are told and what could not be read. Pure and total."""
    rejected = Rejections()
    return parsed(_rows(body, name, rejected), rejected)


def details(body: bytes, *, name: str = "") -> list[Row]:
    """Rows for the book, in the form of ``radar/sources/_context.py``. Raises UpstreamChanged."""
    return _rows(body, name, Rejections())


def _rows(body: bytes, name: str, rejected: Rejections) -> list[Row]:
    where = (name or "answer")[:200]
    try:
        feed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UpstreamChanged(NAME, f"{where} is no JSON: {str(error)[:100]}; expected GeoJSON of quakes") from error
    feed = feed if isinstance(feed, dict) else {}
    about = feed.get("metadata")
    asked = moment(about.get("generated")) if isinstance(about, dict) else None
    features = feed.get("features")
    if asked is None or not isinstance(features, list):
        raise UpstreamChanged(NAME, f"{where} has no metadata.generated and features; expected GeoJSON of quakes")
    found: dict[str, Row] = {}
    for feature in features[:MOST]:
        row = _quake(feature, asked, rejected)
        if row is not None:
            found[row["id"]] = row
    if len(features) > MOST:
        rejected.add("more quakes than are read", f"{len(features)} quakes", len(features) - MOST)
    url = about.get("url") if isinstance(about, dict) else None
    span = _SPAN.search(url if isinstance(url, str) else where)
    since = rfc3339(parse_time(asked) - SPANS[span[1]] + _MARGIN) if span else None
    return [round_row(SCOPE, asked, since=since, until=asked if span else None), *found.values()]


def _quake(feature: Any, asked: str, rejected: Rejections) -> Row | None:
    """One feature as a row; None where it is too small or cannot be used."""
    said = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(said, dict):
        rejected.add("no feature with properties", str(feature)[:60])
        return None
    id_, magnitude, at = words(feature.get("id"), 40), _number(said.get("mag")), moment(said.get("time"))
    place = _place(feature.get("geometry"))
    if not id_ or magnitude is None or not -2 < magnitude < 11 or at is None or place is None:
        rejected.add(
            "no id, magnitude, time or place", f"{id_} {str(said.get('mag'))[:20]} {str(said.get('time'))[:20]}"
        )
        return None
    if at > asked:
        rejected.add("a quake in the future", f"{id_}: {at}")
        return None
    kind = words(said.get("type"), 40) or "earthquake"
    if kind != "earthquake":
        rejected.add("no earthquake", f"{id_}: {kind}")
        return None
    if magnitude < LEAST:
        return None
    lat, lon, depth = place
    area = words(said.get("place"), TITLE)
    reach = next(km for most, km in REACH_KM if magnitude < most)
    named = country_of_name(area.rpartition(",")[2])
    deep = "" if depth is None else f", {depth:.0f} km deep"
    others = said.get("ids")
    return happening(
        scope=SCOPE,
        id=f"{NAME}:{id_}",
        kind="earthquake",
        title=f"Magnitude {magnitude:.1f}{deep}",
        places=[*near(lat, lon, reach), *([f"country/{named}"] if named else [])],
        area=area,
        start=at,
        end=None,
        lasts=False,
        severity=words(said.get("alert"), 20) or None,
        url=address(said.get("url")),
        withdrawn=said.get("status") == "deleted",
        replaces=[f"{NAME}:{other}" for other in others[:400].split(",") if other and other != id_]
        if isinstance(others, str)
        else (),
    )


def _place(geometry: Any) -> tuple[float, float, float | None] | None:
    """Latitude, longitude and depth in km of a GeoJSON point; None for what is none."""
    at = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if not isinstance(at, list) or len(at) < 2:
        return None
    lon, lat = _number(at[0]), _number(at[1])
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None
    depth = _number(at[2]) if len(at) > 2 else None
    return lat, lon, depth if depth is not None and -10 < depth < 1000 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


SOURCE = Source(
    name=NAME,
    title="Earthquakes",
    org="U.S. Geological Survey",
    url=FEED.format(span="day"),
    info_url="https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php",
    licence="Public domain",
    licence_url="https://www.usgs.gov/information-policies-and-instructions/copyrights-and-credits",
    attribution="U.S. Geological Survey",
    cadence_s=600,
    lag_s=300,
    signals={},
    summary="Earthquakes of magnitude 5.5 and more, told of the countries near them.",
    proof="documented",
)
