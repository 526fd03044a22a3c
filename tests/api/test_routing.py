"""``/api/v1/routing``: the document inside the envelope, views by entity, filters, and why there may be nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.store import Store, embedded
from radar.store.documents import publish
from tests.api.conftest import application
from tests.api.test_contract import error_of
from tests.sample_routes import sample_routes, sample_routing
from tests.samples import NOW, sample_documents, text


def put(spare: tuple[embedded.Embedded, Store], *, live: bool = False, **docs: Any) -> FlaskClient:
    """The API over other documents."""
    before, states = sample_documents(live=live)
    publish(spare[1], {**before, **docs}, states)
    return application(spare[1]).test_client()


def test_the_document_is_given_as_it_was_published(api: FlaskClient) -> None:
    body = api.get("/api/v1/routing").json
    assert {**body["data"], "views": {}} == {**sample_routing(NOW), "views": {}}
    assert body["data"]["views"] == {}
    about = body["meta"]
    assert (about["state"], about["source"], about["licence"], about["simulated"]) == (
        "live", "ris_live", "CC0 1.0", True)  # fmt: skip
    assert about["count"] == 3


def test_views_are_given_by_entity_and_null_is_not_in_the_table(api: FlaskClient) -> None:
    data = api.get("/api/v1/routing?entity=asn/5089&entity=asn/10&entity=geoasn/IQ-51684").json["data"]
    assert list(data["views"]) == ["asn/5089", "asn/10", "geoasn/IQ-51684"]
    assert data["views"]["asn/5089"] == sample_routes(NOW)["asn/5089"]
    assert data["views"]["asn/10"] is None
    assert [event["suspect"] for event in data["events"]] == [64512, 3356], "those that touch one of them"


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("", ["more_specific", "leak", "origin_change"]),
        ("kind=leak", ["leak"]),
        ("kind=leak&kind=origin_change", ["leak", "origin_change"]),
        ("status=open", ["more_specific"]),
        ("status=ended&kind=origin_change", []),
        ("entity=country/FJ", ["leak"]),
    ],
)
def test_candidates_are_filtered(api: FlaskClient, query: str, kinds: list[str]) -> None:
    body = api.get(f"/api/v1/routing?{query}").json
    assert [event["kind"] for event in body["data"]["events"]] == kinds
    assert body["meta"]["count"] == len(kinds)


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "hijack"), ("kind", ""), ("status", "closed"), ("status", "OPEN")]
)
def test_a_word_that_is_none_of_them_is_named(api: FlaskClient, name: str, value: str) -> None:
    error = error_of(api, f"/api/v1/routing?{name}={value}", 400)
    assert error["parameter"] == name
    assert error["expected"]


@pytest.mark.parametrize("entity", ["country/XX", "asn/0", "geoasn/IQ", "5089"])
def test_an_entity_that_does_not_exist_is_a_404(api: FlaskClient, entity: str) -> None:
    assert error_of(api, f"/api/v1/routing?entity={entity}", 404)["parameter"] == "entity"


def test_no_table_is_null_and_says_why(spare: tuple[embedded.Embedded, Store]) -> None:
    sources = sample_documents()[0]["sources"]
    body = put(spare, routing=None).get("/api/v1/routing?entity=asn/5089").json
    assert body["data"] is None
    assert (body["meta"]["state"], body["meta"]["count"], body["meta"]["source"]) == ("waiting", 0, None)
    without = [row for row in sources if row["name"] != "ris_live"]
    off = [*without, {**sources[0], "name": "mrt_files", "state": "off"}]
    for rows in (without, off):
        answer = put(spare, routing=None, sources=rows).get("/api/v1/routing")
        assert answer.status_code == 200
        assert answer.json["meta"]["state"] == "off"


@pytest.mark.parametrize(("minutes", "state"), [(0, "live"), (11, "live"), (13, "silent"), (600, "silent")])
def test_a_live_table_that_has_not_moved_is_silent(
    spare: tuple[embedded.Embedded, Store], minutes: int, state: str
) -> None:
    """Ten minutes, and twice the minute that its source usually lags."""
    late = {**sample_routing(NOW), "at": text(NOW - timedelta(minutes=minutes))}
    assert put(spare, live=True, routing=late).get("/api/v1/routing").json["meta"]["state"] == state


def test_a_hurried_replay_is_given_the_time_between_two_publications(spare: tuple[embedded.Embedded, Store]) -> None:
    late = {**sample_routing(NOW), "at": text(NOW - timedelta(hours=4))}
    assert put(spare, routing=late).get("/api/v1/routing").json["meta"]["state"] == "live"


def test_any_other_state_is_told_as_it_is(spare: tuple[embedded.Embedded, Store]) -> None:
    for state in ("catching_up", "silent", "too_few_peers", "ended"):
        body = put(spare, routing={**sample_routing(NOW), "state": state}).get("/api/v1/routing").json
        assert body["meta"]["state"] == state
        assert body["data"]["at"] == text(NOW)
