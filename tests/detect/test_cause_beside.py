"""What others tell of a place counts where it holds at the onset, for the place itself, and while it stands."""

from __future__ import annotations

from typing import Any, cast

import pytest

from radar.detect.cause import Told
from radar.detect.cause.beside import Beside
from radar.shapes.context import Happening
from radar.shapes.providers import ProviderSays
from radar.times import parse

START = int(parse("2026-03-02T03:00:00Z").timestamp())


def happening(**changes: Any) -> Happening:
    row = {
        "id": "x:1", "source": "weather_alerts", "kind": "weather", "title": "Storm", "places": ["country/PT"],
        "area": "the coast", "start": "2026-03-02T01:00:00Z", "end": "2026-03-02T09:00:00Z", "lasts": True,
        "severity": "severe", "known_at": "2026-03-02T00:00:00Z", "changed_at": None, "withdrawn_at": None, "url": "",
        "simulated": False, **changes,
    }  # fmt: skip
    return cast(Happening, row)


def speaks(entity: str = "country/PT", **changes: Any) -> list[str]:
    return [told.speaks for told in Beside(lambda: [happening(**changes)]).of(entity, START)]


def test_a_severe_warning_that_holds_counts_with_title_and_source() -> None:
    assert Beside(lambda: [happening()]).of("country/PT", START) == (Told("weather", "Storm", "weather_alerts"),)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"severity": "moderate"}, []),
        ({"end": "2026-03-02T02:59:00Z"}, []),
        ({"start": "2026-03-02T03:20:00Z"}, ["weather"]),
        ({"start": "2026-03-02T03:40:00Z"}, []),
        ({"end": None}, ["weather"]),
        ({"end": None, "start": "2026-02-28T03:00:00Z"}, []),
        ({"places": ["country/ES"]}, []),
        ({"withdrawn_at": "2026-03-02T02:00:00Z"}, []),
        ({"title": "Power outage in the north", "severity": "minor"}, ["power"]),
        ({"title": "Blackout", "kind": "maintenance", "source": "planned_maintenance"}, ["power"]),
        ({"title": "National examinations", "kind": "maintenance"}, ["exams"]),
        ({"title": "Carnival", "kind": "holiday"}, ["holiday"]),
        ({"title": "Weekend", "kind": "weekend"}, []),
        ({"title": "Magnitude 6.4, 20 km deep", "kind": "earthquake", "lasts": False, "end": None}, ["quake"]),
        ({"title": "Magnitude 5.9", "kind": "earthquake", "lasts": False, "end": None}, []),
        ({"title": "Magnitude 7.0", "kind": "earthquake", "lasts": False, "end": None,
          "start": "2026-03-01T02:00:00Z"}, []),
    ],
)  # fmt: skip
def test_each_kind_counts_under_its_own_condition(changes: dict[str, Any], found: list[str]) -> None:
    assert speaks(**changes) == found


def test_planned_work_counts_for_what_it_names_and_not_for_all_in_the_country() -> None:
    work = {"kind": "maintenance", "title": "Exchange of routers"}
    assert speaks("asn/3352", places=["asn/3352"], **work) == ["maintenance"]
    assert speaks("geoasn/ES-3352", places=["asn/3352"], **work) == ["maintenance"]
    assert speaks("asn/3352", places=["country/ES"], **work) == []
    assert speaks("country/ES", places=["country/ES"], **work) == ["maintenance"]


def test_a_network_stands_under_what_is_told_of_its_country() -> None:
    assert speaks("asn/3243") == ["weather"]


def test_a_provider_speaks_for_itself_while_its_incident_was_open() -> None:
    def says(**changes: Any) -> dict[str, ProviderSays]:
        row = {"title": "Errors", "open": False, "started_at": "2026-03-02T02:50:00Z",
               "resolved_at": "2026-03-02T05:00:00Z", **changes}  # fmt: skip
        return {"acme": cast(ProviderSays, {"incidents": [row]})}

    def told(entity: str = "provider/acme", **changes: Any) -> list[str]:
        return [row.speaks for row in Beside(tuple, lambda: says(**changes)).of(entity, START)]

    assert told() == ["provider"]
    assert told(resolved_at="2026-03-02T02:59:00Z") == []
    assert told(started_at=None) == []
    assert told(resolved_at=None, open=True) == ["provider"]
    assert told("provider/other") == []


def test_books_are_read_when_first_asked_and_once() -> None:
    read: list[int] = []

    def rows() -> list[Happening]:
        read.append(1)
        return [happening()]

    beside = Beside(rows)
    assert read == []
    for _ in range(3):
        beside.of("country/PT", START)
    assert read == [1]
