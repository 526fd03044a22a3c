"""``/api/v1/quality``: rankings, single entities, CSV, and null for what is not known."""

from __future__ import annotations

from flask.testing import FlaskClient

from radar.store import Store, embedded, performance
from radar.store.documents import publish
from tests.api.conftest import application
from tests.sample_performance import sample_now, sample_performance
from tests.samples import sample_documents


def filled(spare: tuple[embedded.Embedded, Store]) -> FlaskClient:
    docs, states = sample_documents()
    publish(spare[1], {**docs, "performance": sample_now()}, states)
    performance.write(spare[1], {"asn/5089": sample_performance("asn/5089")})
    return application(spare[1]).test_client()


def test_countries_come_best_first_and_those_without_a_rank_last(spare: tuple[embedded.Embedded, Store]) -> None:
    body = filled(spare).get("/api/v1/quality").json
    ranking = [(row["entity"], row["rank"], row["n"]) for row in body["data"]["ranking"]]
    assert ranking == [("country/DE", 1, 5000), ("country/IQ", 2, 900), ("country/NR", None, 12),
                       ("country/PT", None, None)]  # fmt: skip
    assert body["data"]["ranking"][3]["value"] is None
    assert (body["data"]["hour"], body["meta"]["unit"], body["meta"]["simulated"]) == (
        "2026-03-02T11:00:00Z",
        "ms",
        True,
    )


def test_an_entity_is_given_whole_and_null_where_it_was_not_measured(spare: tuple[embedded.Embedded, Store]) -> None:
    data = filled(spare).get("/api/v1/quality?entity=asn/5089&entity=country/IQ").json["data"]
    assert data["entities"]["asn/5089"]["performance"]["rtt"]["against"] == "worse"
    assert data["entities"]["country/IQ"]["performance"] is None
    assert [row["entity"] for row in data["ranking"]] == ["country/IQ"]


def test_the_ranking_as_csv_has_an_empty_cell_for_no_data(spare: tuple[embedded.Embedded, Store]) -> None:
    lines = filled(spare).get("/api/v1/quality?format=csv").text.splitlines()
    assert lines[0] == "rank,entity,name,value,low,high,n,unit"
    assert lines[1].startswith("1,country/DE,Germany,20.0,")
    assert lines[4] == ",country/PT,Portugal,,,,,ms"


def test_nothing_measured_is_an_empty_ranking_and_not_a_failure(api: FlaskClient) -> None:
    data = api.get("/api/v1/quality").json["data"]
    assert (data["hour"], data["ranking"]) == (None, [])


def test_months_are_those_that_are_recorded(api: FlaskClient) -> None:
    data = api.get("/api/v1/quality?by=download").json["data"]
    assert data["months"]
    assert data["month"] == data["months"][0]


def test_an_unknown_measure_is_named(api: FlaskClient) -> None:
    answer = api.get("/api/v1/quality?by=beauty")
    assert answer.status_code == 400
    assert answer.json["error"]["parameter"] == "by"
