"""Happenings over the API: filters, what null means, and who was asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.api.context import places_of, touching
from radar.shapes.context import SOURCES
from radar.store import connect, documents, embedded
from radar.times import parse
from tests.api.conftest import application
from tests.sample_context import sample_context, sample_happening, sample_told
from tests.samples import sample_documents


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The API over a store that holds the sample happenings."""
    folder: Path = tmp_path_factory.mktemp("context")
    with embedded.start(folder) as server, connect(server.url) as client:
        docs, states = sample_documents()
        documents.publish(client, {**docs, **sample_context()}, states, {})
        yield application(client).test_client()


def titles(api: FlaskClient, query: str = "") -> list[str]:
    return [row["title"] for row in api.get(f"/api/v1/context{query}").json["data"]]


def test_happenings_come_newest_first_as_the_books_published_them(told: FlaskClient) -> None:
    body = told.get("/api/v1/context?entity=country/IQ").json
    assert [row["kind"] for row in body["data"]] == ["maintenance", "earthquake", "holiday"]
    assert body["data"][0] == sample_happening()
    assert body["meta"]["simulated"] is True
    assert (body["meta"]["state"], body["meta"]["count"]) == ("live", 3)


def test_an_entity_has_its_own_and_those_of_what_it_lies_in(told: FlaskClient) -> None:
    assert len(titles(told, "?entity=geoasn/IQ-21277")) == 3
    assert titles(told, "?entity=country/GB") == ["Storm"]
    assert titles(told, "?entity=country/FJ") == []
    assert len(titles(told, "?entity=country/GB&entity=country/IQ")) == 4


@pytest.mark.parametrize(
    ("span", "kinds"),
    [
        ("from=2026-03-02T05:30:00Z&until=2026-03-02T05:30:01Z", {"earthquake", "holiday"}),
        ("from=2026-03-02T05:31:00Z&until=2026-03-02T11:00:00Z", {"holiday"}),
        ("from=2026-03-02T21:30:00Z", {"weather"}),  # its end is not said: it counts for a day
        ("from=2026-03-03T11:00:01Z", set()),
        ("until=2026-03-01T21:00:00Z", set()),
    ],
)
def test_a_range_keeps_what_touches_it(told: FlaskClient, span: str, kinds: set[str]) -> None:
    assert {row["kind"] for row in told.get(f"/api/v1/context?{span}").json["data"]} == kinds


def test_it_says_of_each_source_when_it_was_read_and_of_none_that_all_is_calm(
    told: FlaskClient, api: FlaskClient
) -> None:
    asked = told.get("/api/v1/context").json["meta"]["asked"]
    assert [row["source"] for row in asked] == list(SOURCES)
    assert all(row["read_at"] == "2026-03-02T12:00:00Z" for row in asked)
    nothing = api.get("/api/v1/context").json
    assert nothing["data"] is None
    assert nothing["meta"]["state"] in ("off", "waiting")


def test_a_range_that_ends_before_it_begins_is_refused(told: FlaskClient) -> None:
    answer = told.get("/api/v1/context?from=2026-03-02T12:00:00Z&until=2026-03-02T11:00:00Z")
    assert (answer.status_code, answer.json["error"]["parameter"]) == (400, "until")


def test_the_places_of_an_entity_are_what_it_lies_in() -> None:
    assert places_of("country/IQ") == ["country/IQ"]
    assert places_of("geoasn/ID-23693") == ["geoasn/ID-23693", "asn/23693", "country/ID"]
    assert places_of("asn/5089") == ["asn/5089", "country/GB"]
    assert places_of("provider/github") == ["provider/github"]
    assert places_of("rule/1") == ["rule/1"]


def test_one_that_touches_is_found_at_its_very_end_and_not_at_the_range_s() -> None:
    documents: list[Any] = [sample_told("planned_maintenance", sample_happening()), None]
    begins, ends = parse("2026-03-02T11:00:00Z"), parse("2026-03-02T13:00:00Z")
    assert len(touching(documents, ends, parse("2026-03-02T14:00:00Z"))) == 1
    assert touching(documents, parse("2026-03-02T10:00:00Z"), begins) == []
