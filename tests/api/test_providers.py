"""``/api/v1/providers``: what is measured, what they say, who spoke first; null is never "all is well"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.api.providers import first_spoken, worst
from radar.providers import registry
from radar.store import connect, documents, embedded
from tests.api.conftest import application
from tests.sample_providers import sample_incident, sample_providers
from tests.samples import sample_documents

NOW = "2026-03-02T12:00:00Z"
GOOGLE = registry()["google-cloud"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The API over a store that holds the sample."""
    folder: Path = tmp_path_factory.mktemp("providers")
    with embedded.start(folder) as server, connect(server.url) as client:
        docs, states = sample_documents()
        documents.publish(client, {**docs, "providers": sample_providers()}, states, {})
        yield application(client).test_client()


def outage(**changed: Any) -> Any:
    usual = {"id": "o1", "entity": "provider/google-cloud", "status": "open", "known_at": "2026-03-02T10:02:00Z",
             "start": "2026-03-02T09:50:00Z", "start_earliest": "2026-03-02T09:45:00Z", "end": None}  # fmt: skip
    return {**usual, **changed}


def says(**changed: Any) -> Any:
    return {
        "asked_at": NOW,
        "read_at": NOW,
        "error": None,
        "simulated": True,
        "incidents": [sample_incident(**changed)],
    }


def test_who_spoke_first_is_told_in_minutes() -> None:
    (row,) = first_spoken(GOOGLE, says(), [outage()], NOW)
    assert (row["ours"], row["theirs"], row["minutes"]) == ("2026-03-02T10:02:00Z", "2026-03-02T10:31:00Z", 29.0)
    (row,) = first_spoken(GOOGLE, says(created_at="2026-03-02T10:00:00Z"), [outage()], NOW)
    assert row["minutes"] == -2.0


@pytest.mark.parametrize(
    "changed",
    [{"entity": "provider/aws"}, {"status": "retracted"}, {"history": True}, {"end": "2026-03-02T09:04:00Z"}],
)
def test_what_does_not_touch_or_was_taken_back_is_not_compared(changed: dict[str, Any]) -> None:
    assert first_spoken(GOOGLE, says(), [outage(**changed)], NOW) == []


def test_an_outage_within_an_hour_and_one_of_its_networks_are_compared() -> None:
    assert first_spoken(GOOGLE, says(), [outage(end="2026-03-02T09:10:00Z")], NOW)
    assert first_spoken(GOOGLE, says(), [outage(entity="asn/15169")], NOW)


@pytest.mark.parametrize("changed", [{"impact": "maintenance"}, {"created_at": None}])
def test_planned_work_and_an_incident_without_a_time_are_not_compared(changed: dict[str, Any]) -> None:
    assert first_spoken(GOOGLE, says(**changed), [outage()], NOW) == []


def test_the_worst_impact_is_unknown_where_nothing_was_read_or_said() -> None:
    assert worst(None) is None
    assert worst({**says(), "error": "answered 503"}) is None
    assert worst(says(impact=None)) is None
    assert worst(says()) == "major"
    assert worst(says(open=False)) == "none"


def test_the_list_holds_every_provider_and_null_where_nothing_is_known(told: FlaskClient) -> None:
    body = told.get("/api/v1/providers").json
    rows = {row["slug"]: row for row in body["data"]}
    assert list(rows) == list(registry())
    assert rows["google-cloud"]["says"]["impact"] == "major"
    assert rows["github"]["says"]["impact"] == "none"
    assert rows["github"]["state"] is None
    assert rows["cloudflare"]["says"]["impact"] is None
    assert rows["cloudflare"]["says"]["open"] is None
    assert rows["netflix"]["says"] is None
    assert body["meta"]["simulated"] is True


def test_a_kind_narrows_the_list_and_another_word_is_refused(told: FlaskClient) -> None:
    rows = told.get("/api/v1/providers?kind=dns").json["data"]
    assert rows
    assert all("dns" in row["kinds"] for row in rows)
    assert told.get("/api/v1/providers?kind=bank").status_code == 400


def test_one_provider_comes_with_its_networks_and_incidents(told: FlaskClient) -> None:
    data = told.get("/api/v1/providers/google-cloud").json["data"]
    assert [row["key"] for row in data["networks"]] == ["asn/15169", "asn/396982"]
    assert data["incidents"][0]["id"] == "i1"
    assert told.get("/api/v1/providers/netflix").json["data"]["incidents"] is None
    assert told.get("/api/v1/providers/nobody").status_code == 404


def test_without_the_document_nothing_is_said_of_them(api: FlaskClient) -> None:
    assert all(row["says"] is None for row in api.get("/api/v1/providers").json["data"])
