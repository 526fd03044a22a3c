"""What happened when, and when we knew: answers with ``at`` are what was published then, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from radar.store import Store, documents, embedded, travel
from tests.api.conftest import application
from tests.samples import NOW, sample_documents, text

FIJI = "FJ-20260302T0100Z"
IRAQ = "IQ-20260302T0500Z"
STEP = timedelta(minutes=10)

Life = list[tuple[datetime, list[dict[str, Any]]]]


def beliefs() -> Life:
    """The lists of four publications: Iraq is open, then its onset is corrected, then it is closed, then taken back."""
    outages = sample_documents()[0]["outages"]
    iraq = next(row for row in outages if row["id"] == IRAQ)
    rest = [row for row in outages if row["id"] != IRAQ]
    lives = [
        iraq,
        iraq | {"start": text(NOW - timedelta(hours=8)), "confidence": 0.99},
        iraq | {"status": "closed", "end": text(NOW + STEP)},
        iraq | {"status": "retracted", "confidence": None, "retraction": "Our own pipeline lost its logs."},
    ]
    return [(NOW + i * STEP, [life, *rest]) for i, life in enumerate(lives)]


def publish(store: Store, at: datetime, outages: list[dict[str, Any]], mode: str = "replay") -> None:
    docs, states = sample_documents()
    docs |= {"outages": outages, "clock": docs["clock"] | {"now": text(at), "mode": mode}}
    docs |= {f"outage:{row['id']}": row for row in outages}
    for row in outages:
        if row["id"] == IRAQ and row["status"] != "open":
            states["country/IQ"] = states["country/PT"]
    with travel.Recorder(store).recording(at, docs, states) as record:
        documents.publish(store, docs, states, within=record.write)


@pytest.fixture
def life(spare: tuple[embedded.Embedded, Store]) -> tuple[FlaskClient, Store, Life]:
    """The API over these publications."""
    _server, store = spare
    told = beliefs()
    for at, outages in told:
        publish(store, at, outages)
    app = application(store)
    app.config["RADAR_WALL"] = lambda: NOW + timedelta(days=1)
    return app.test_client(), store, told


def test_the_list_is_byte_for_byte_what_was_published_then(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, told = life
    for at, outages in told:
        for moment in (at, at + STEP - timedelta(seconds=1)):
            if moment > told[-1][0]:
                continue
            answer = api.get(f"/api/v1/outages?at={text(moment)}")
            assert answer.data.startswith(b'{"data":' + orjson.dumps(outages) + b","), moment
            assert answer.json["meta"]["at"] == text(at)
            assert answer.json["meta"]["now"] == text(at)


def test_an_outage_is_told_as_it_was_believed_and_since_when(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, told = life
    seen = []
    for at, outages in told:
        answer = api.get(f"/api/v1/outages/{IRAQ}?at={text(at)}")
        assert answer.data.startswith(b'{"data":' + orjson.dumps(outages[0]) + b",")
        seen.append((answer.json["data"]["status"], answer.json["data"]["start"][11:16], answer.json["data"]["end"]))
        assert answer.json["data"]["known_at"] == outages[0]["known_at"]
    assert seen == [("open", "05:00", None), ("open", "04:00", None), ("closed", "05:00", "2026-03-02T12:10:00Z"),
                    ("retracted", "05:00", None)]  # fmt: skip


def test_filters_hold_for_the_moment_and_not_for_now(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, _told = life
    ids = {row["id"] for row in api.get(f"/api/v1/outages?status=open&at={text(NOW)}").json["data"]}
    assert IRAQ in ids
    ids = {row["id"] for row in api.get("/api/v1/outages?status=open").json["data"]}
    assert IRAQ not in ids


def test_states_are_those_of_the_moment(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, _told = life

    def state(query: str) -> str:
        return str(api.get(f"/api/v1/entities?q=country/IQ{query}").json["data"][0]["state"])

    assert (state(f"&at={text(NOW)}"), state("")) == ("outage", "ok")
    then, now = (api.get(f"/api/v1/status{query}").json["data"] for query in (f"?at={text(NOW)}", ""))
    assert then["states"]["outage"] == now["states"]["outage"] + 1
    assert (then["clock"]["now"], then["version"]) == (text(NOW), None)


def test_what_has_passed_is_kept_for_long_and_what_may_change_is_not(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, told = life
    for address in ("/api/v1/outages?", f"/api/v1/outages/{IRAQ}?", "/api/v1/status?"):
        past = api.get(f"{address}at={text(told[0][0])}")
        assert past.headers["Cache-Control"] == "public, max-age=86400, immutable"
        again = api.get(f"{address}at={text(told[0][0])}", headers={"If-None-Match": past.headers["ETag"]})
        assert again.status_code == 304
        assert "immutable" not in api.get(f"{address}at={text(told[-1][0])}").headers["Cache-Control"]


def error(api: FlaskClient, address: str) -> tuple[int, dict[str, Any]]:
    answer = api.get(address)
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"error"}
    return answer.status_code, answer.json["error"]


def test_before_the_first_publication_the_oldest_time_is_told(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, _told = life
    status, told = error(api, "/api/v1/outages?at=2020-01-01T00:00:00Z")
    assert (status, told["code"], told["parameter"]) == (404, "not_found", "at")
    assert told["expected"] == f"a time from {text(NOW)}"


def test_the_future_is_refused(life: tuple[FlaskClient, Store, Life]) -> None:
    api, _store, told = life
    status, body = error(api, "/api/v1/outages?at=2026-03-03T00:00:00Z")
    assert (status, body["code"], body["parameter"]) == (400, "bad_parameter", "at")
    assert body["expected"] == f"a time up to {text(told[-1][0])}"


def test_on_a_live_clock_the_newest_publication_holds_until_now(spare: tuple[embedded.Embedded, Store]) -> None:
    _server, store = spare
    publish(store, NOW, beliefs()[0][1], mode="live")
    app = application(store)
    app.config["RADAR_WALL"] = lambda: NOW + timedelta(minutes=1)
    answer = app.test_client().get(f"/api/v1/outages?at={text(NOW + timedelta(seconds=50))}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=15"
    assert app.test_client().get(f"/api/v1/outages?at={text(NOW + 2 * STEP)}").status_code == 400


def test_an_outage_that_was_not_yet_published_is_not_found(life: tuple[FlaskClient, Store, Life]) -> None:
    api, store, told = life
    new = told[0][1][0] | {"id": "ZZ-1", "known_at": text(NOW + 4 * STEP)}
    publish(store, NOW + 4 * STEP, [new, *told[-1][1]])
    assert api.get(f"/api/v1/outages/ZZ-1?at={text(NOW + 4 * STEP)}").status_code == 200
    status, body = error(api, f"/api/v1/outages/ZZ-1?at={text(NOW)}")
    assert (status, body["message"]) == (404, "No outage ZZ-1 had been published by then.")


def test_one_that_had_no_room_in_the_list_is_told_while_nothing_was_said_since(
    life: tuple[FlaskClient, Store, Life],
) -> None:
    api, store, told = life
    without = [row for row in told[-1][1] if row["id"] != FIJI]
    publish(store, NOW + 4 * STEP, without)
    assert api.get(f"/api/v1/outages/{FIJI}?at={text(NOW + 4 * STEP)}").json["data"]["id"] == FIJI
    fiji = next(row for row in told[0][1] if row["id"] == FIJI)
    later = {"at": text(NOW + 5 * STEP), "kind": "corrected", "text": "x"}
    documents.publish(store, {f"outage:{FIJI}": fiji | {"updates": [*fiji["updates"], later]}})
    assert api.get(f"/api/v1/outages/{FIJI}?at={text(NOW + 4 * STEP)}").status_code == 404


def test_an_old_time_is_prepared_and_a_dead_worker_is_told_as_such(life: tuple[FlaskClient, Store, Life]) -> None:
    api, store, told = life
    publish(store, NOW + timedelta(days=1), told[-1][1])
    first = travel.segments(store)[0]
    held = travel.held(store, first)
    travel.drop(store, [first])
    address = f"/api/v1/outages?at={text(NOW)}"
    waiting = api.get(address)
    assert (waiting.status_code, waiting.json["error"]["code"]) == (202, "being_prepared")
    assert waiting.headers["Retry-After"] == "2"
    api.application.config["RADAR_WALL"] = lambda: datetime(2026, 3, 5, tzinfo=UTC)
    dead = api.get(address)
    assert (dead.status_code, dead.json["error"]["code"]) == (503, "not_prepared")
    assert "have not answered" in dead.json["error"]["message"]
    assert int(dead.headers["Retry-After"]) > 0
    travel.bring_back(store, first, held)
    assert api.get(address).data.startswith(b'{"data":' + orjson.dumps(told[0][1]))


def test_what_cannot_be_brought_back_is_a_404_in_words(life: tuple[FlaskClient, Store, Life]) -> None:
    api, store, told = life
    publish(store, NOW + timedelta(days=1), told[-1][1])
    first = travel.segments(store)[0]
    travel.drop(store, [first])
    travel.give_up(store, first, "damaged")
    status, body = error(api, f"/api/v1/outages?at={text(NOW)}")
    assert (status, body["message"]) == (404, "The file with what was known at that time is damaged.")
