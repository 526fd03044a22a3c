"""The demo's play from its first hours: simulated bytes through the real jobs into a real store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from jobs.rehearse import Rehearsal
from jobs.simulate import World
from radar.shapes import Outage
from radar.store import Store, connect, documents, embedded

HOURS = 7


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, Store]]:
    """The first seven hours of the demo, as fast as they go: past the shutdown, the power failure and the log loss."""
    folder = tmp_path_factory.mktemp("demo")
    with embedded.start(folder) as server:
        world = World()
        world.ends = world.starts + timedelta(hours=HOURS)
        rehearsal = Rehearsal(folder, server.url, speed=1e9, world=world)
        rehearsal.load()
        rehearsal.play(threading.Event())
        yield rehearsal, connect(server.url)


def by_entity(client: Store) -> dict[str, list[Outage]]:
    found: dict[str, list[Outage]] = {}
    for outage in documents.get(client, "outages"):
        found.setdefault(outage["entity"], []).append(outage)
    return found


def test_every_event_that_must_be_seen_is_and_no_other_country_is_named(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    meant = {
        entity
        for event in rehearsal.world.scenario
        if event.expect == "outage" and event.start < rehearsal.world.ends - timedelta(minutes=30)
        for entity in event.entities
    }
    seen = {o["entity"] for o in documents.get(client, "outages") if o["simulated"] and not o["parent"]}
    countries = {entity for entity in meant if entity.startswith("country/")}
    assert countries <= seen
    assert {entity for entity in seen if entity.startswith("country/")} == countries


def test_the_loss_of_our_own_logs_is_said_and_is_nobodys_outage(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    dip = next(event for event in rehearsal.world.scenario if event.expect == "notice")
    opened = [
        o["entity"]
        for o in documents.get(client, "outages")
        if o["simulated"] and dip.start.isoformat() <= o["start"] < dip.end.isoformat()
    ]
    assert opened == []


def test_everything_simulated_says_so(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    assert documents.get(client, "clock")["simulated"]
    for outage in documents.get(client, "outages"):
        assert outage["simulated"] != outage["history"], "an outage here is simulated now or recorded history"
    sources = {row["name"]: row for row in documents.get(client, "sources")}
    assert sources["edge_logs"]["simulated"]
    assert sources["ioda_signals"]["simulated"]
    assert not sources["google_traffic"]["simulated"]
    assert rehearsal.archive.read(rehearsal.archive.files()[0])["simulated"].all()


def test_recorded_sets_are_history_and_never_late(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    sources = {row["name"]: row for row in documents.get(client, "sources")}
    for name in ("google_traffic", "mlab_ndt"):
        assert sources[name]["state"] == "history"
        assert sources[name]["lag_s"] is None
    assert sources["edge_logs"]["state"] == "ok"


def test_the_throttling_of_russia_is_found_in_the_record_and_its_controls_stay_silent(
    played: tuple[Rehearsal, Store],
) -> None:
    _, client = played
    found = by_entity(client)
    russia = [o for o in found["country/RU"] if o["history"]]
    assert any("2024-07-25" <= o["start"] <= "2024-08-31" for o in russia)
    assert not [o for code in ("NL", "GE") for o in found.get(f"country/{code}", []) if o["history"]]
    assert documents.state(client, "country/RU")["state"] == "ok", "history does not colour the map of now"  # type: ignore[index]


def test_quality_of_all_countries_is_published(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    rows = documents.get(client, "quality")
    assert {row["month"] for row in rows} == {"2024-10", "2025-10"}
    assert len({row["entity"] for row in rows}) > 230
    germany = next(row for row in rows if row["entity"] == "country/DE" and row["month"] == "2025-10")
    assert germany["values"]["ndt.download_p50"] == pytest.approx(51.37, abs=0.01)
    assert germany["values"]["ndt.rtt_p50"] == pytest.approx(17.35, abs=0.01)


def test_the_clock_stands_still_when_the_play_is_over(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    clock = documents.get(client, "clock")
    assert clock["speed"] == 0
    assert clock["now"] == rehearsal.world.ends.strftime("%Y-%m-%dT%H:%M:%SZ")
