"""``/api/v1/routing/paths``: views by entity with names, what they rest on, and why there may be nothing."""

from __future__ import annotations

from radar import entities
from radar.store import Store, documents, embedded, routes
from radar.store.documents import publish
from tests.api.conftest import application
from tests.api.test_contract import error_of
from tests.sample_paths import sample_paths, sample_paths_views
from tests.samples import NOW, sample_documents


def test_views_are_given_with_names_and_null_is_not_known(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    publish(spare[1], docs, states)
    documents.put(spare[1], "paths", sample_paths(NOW))
    routes.write_paths(spare[1], sample_paths_views(NOW))  # type: ignore[arg-type]  # invented, in the real form
    api = application(spare[1]).test_client()
    body = api.get("/api/v1/routing/paths?entity=asn/21277&entity=asn/10&entity=country/IQ").json
    assert list(body["data"]["entities"]) == ["asn/21277", "asn/10", "country/IQ"]
    assert body["data"]["entities"]["asn/10"] is None
    found = body["data"]["entities"]["asn/21277"]
    neighbour = {"asn": 3356, "name": entities.name("asn/3356")}
    assert found["neighbours"][0] == {**neighbour, "share": 0.71, "since": None}
    assert found["dependents"][2]["users"] is None
    assert sum(row["share"] for row in found["neighbours"]) <= 1
    assert body["data"]["entities"]["country/IQ"]["neighbours"] is None
    assert body["data"]["about"] == sample_paths(NOW)
    about = body["meta"]
    assert (about["state"], about["count"], about["source"], about["simulated"]) == ("told", 2, "ris_live", True)
    assert api.get("/api/v1/routing/paths").json["data"]["entities"] == {}
    assert error_of(api, "/api/v1/routing/paths?entity=country/XX", 404)["parameter"] == "entity"


def test_before_the_first_look_it_says_that_it_waits(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    publish(spare[1], docs, states)
    body = application(spare[1]).test_client().get("/api/v1/routing/paths?entity=asn/21277").json
    assert body["data"] == {"about": None, "entities": {"asn/21277": None}}
    assert (body["meta"]["state"], body["meta"]["simulated"]) == ("waiting", False)
