"""Earthquakes: what is told, of which countries, and what an answer takes back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from radar.errors import UpstreamChanged
from radar.http import Http, Limits
from radar.sources._context_places import inside, near, nearest, of_geocode
from radar.sources.earthquakes import FEED, details, fetch, parse
from radar.times import rfc3339

AT = datetime(2026, 3, 2, 7, 20, tzinfo=UTC)
MS = 1000


def feed(*features: Any, span: str = "day", **about: Any) -> bytes:
    metadata = {"generated": int(AT.timestamp()) * MS, "url": FEED.format(span=span), **about}
    return json.dumps({"type": "FeatureCollection", "metadata": metadata, "features": features}).encode()


def quake(lat: float = -17.8, lon: float = 168.3, depth: Any = 35.0, id: str = "us1", **said: Any) -> dict[str, Any]:
    usual = {"mag": 6.2, "place": "20 km W of Port-Vila, Vanuatu", "type": "earthquake",
             "time": int((AT - timedelta(hours=2)).timestamp()) * MS}  # fmt: skip
    geometry = {"type": "Point", "coordinates": [lon, lat, depth]}
    return {"type": "Feature", "id": id, "geometry": geometry, "properties": {**usual, **said}}


def told(body: bytes) -> list[dict[str, Any]]:
    return [row for row in details(body) if row["row"] == "happening"]


def test_a_quake_is_told_of_the_countries_within_a_reach_that_grows_with_it() -> None:
    lisbon = {"lat": 38.0, "lon": -9.0, "place": "at sea"}
    (small,) = told(feed(quake(**lisbon, mag=5.6)))
    (large,) = told(feed(quake(**lisbon, mag=7.4)))
    assert small["places"] == ["country/PT"]
    assert set(large["places"]) >= {"country/PT", "country/ES"}
    assert len(large["places"]) > len(small["places"])


def test_the_country_that_upstream_names_is_told_too() -> None:
    (row,) = told(feed(quake(lat=-11.0, lon=160.0, place="300 km S of Nowhere, Papua New Guinea")))
    assert "country/PG" in row["places"]
    assert "country/SB" in row["places"]


def test_a_quake_far_from_every_country_is_told_without_one() -> None:
    (row,) = told(feed(quake(lat=0.0, lon=-30.0, place="Mid-Atlantic Ridge")))
    assert row["places"] == []


@pytest.mark.parametrize(("magnitude", "count"), [(5.4, 0), (5.5, 1), (9.5, 1)])
def test_the_smallest_that_is_told_has_magnitude_five_and_a_half(magnitude: float, count: int) -> None:
    assert len(told(feed(quake(mag=magnitude)))) == count


@pytest.mark.parametrize(
    "odd",
    [{"mag": None}, {"mag": True}, {"mag": "6"}, {"mag": 1e300}, {"time": None}, {"time": "x"}, {"time": 10**30},
     {"lat": 91.0}, {"lon": "x"}, {"id": ""}, {"time": int((AT + timedelta(hours=1)).timestamp()) * MS},
     {"type": "nuclear explosion"}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_is_rejected_and_the_rest_is_read(odd: dict[str, Any]) -> None:
    body = feed(quake(**odd), quake(id="us2"))
    assert [row["id"] for row in told(body)] == ["earthquakes:us2"]
    assert sum(item.count for item in parse(body).rejected) == 1


def test_a_depth_that_is_not_said_is_not_told() -> None:
    (row,) = told(feed(quake(depth=None)))
    assert row["title"] == "Magnitude 6.2"


def test_a_feed_speaks_of_its_own_span_and_another_takes_nothing_back() -> None:
    week = details(feed(span="week"))[0]
    assert week["since"] == rfc3339(AT - timedelta(days=7) + timedelta(minutes=10))
    other = details(feed(url="https://example.org/query"))[0]
    assert (other["since"], other["until"]) == (None, None)


def test_another_id_of_the_same_quake_is_replaced() -> None:
    (row,) = told(feed(quake(ids=",us1,at9,")))
    assert row["replaces"] == ["earthquakes:at9"]


def test_an_answer_without_its_time_is_refused() -> None:
    with pytest.raises(UpstreamChanged, match="expected GeoJSON"):
        details(feed(generated="soon"), name="x.geojson")


@pytest.mark.parametrize(("at", "since", "span"), [(AT, AT - timedelta(minutes=10), "day"),
                                                   (AT.replace(minute=5), AT, "week"),
                                                   (AT, AT - timedelta(days=3), "week")])  # fmt: skip
def test_a_week_is_asked_for_once_an_hour_and_after_a_gap(at: datetime, since: datetime, span: str) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, content=feed(quake()))

    with Http(transport=httpx.MockTransport(answer), sleep=lambda _s: None, limits=Limits(tries=1)) as http:
        (found,) = fetch(http, since, at)
    assert asked == [found.name] == [FEED.format(span=span)]
    assert len(told(found.body)) == 1


def test_places_are_found_across_the_date_line_and_at_the_poles() -> None:
    assert "country/FJ" in near(-17.0, -179.9, 300)
    assert near(90.0, 0.0, 100) == []
    assert nearest(0.0, -30.0, 100) == []


def test_a_polygon_holds_what_lies_in_it_and_a_small_one_has_the_nearest() -> None:
    assert inside([(49.0, 11.0), (49.0, 12.0), (48.0, 12.0), (48.0, 11.0)]) == ["country/DE"]  # Munich
    assert inside([(64.0, -20.0), (64.2, -20.0), (64.2, -19.8)]) == ["country/IS"]
    assert inside([(0.0, 0.0), (1.0, 1.0)]) == []


@pytest.mark.parametrize(
    ("system", "code", "key"),
    [
        ("EMMA_ID", "UK011", "country/GB"),
        ("NUTS3", "DE111", "country/DE"),
        ("ISO 3166-2", "BR-SP", "country/BR"),
        ("UGC", "TXZ211", "country/US"),
        ("profile:CAP-CP:Location:0.3", "3518", "country/CA"),
        ("WARNCELLID", "809184000", "country/DE"),
        ("EMMA_ID", "XX001", None),
        ("", "DE", None),
        ("postcode", "DE", None),
    ],
)
def test_codes_are_read_by_their_system(system: str, code: str, key: str | None) -> None:
    assert of_geocode(system, code) == key
