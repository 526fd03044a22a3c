"""The demo's play from its first hours: simulated bytes through the real jobs into a real store."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from jobs.rehearse import STEP, Rehearsal
from jobs.rehearse_routes import HISTORY, RouteRehearsal
from jobs.simulate import World
from jobs.simulate.play import PREFIX
from radar.entities import countries
from radar.shapes import Outage
from radar.shapes.quality import PerformanceNow
from radar.signals import GROUPS, SLOTS, series_id
from radar.sources import ris_live
from radar.store import Store, blocks, connect, documents, embedded, performance, routes, travel
from radar.times import parse

HOURS = 7


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rehearsal, Store, PerformanceNow]]:
    """The demo before its first step, and how its countries perform then."""
    folder = tmp_path_factory.mktemp("demo")
    with embedded.start(folder) as server:
        world = World()
        world.ends = world.starts + timedelta(hours=HOURS)
        rehearsal = Rehearsal(folder, server.url, speed=1e9, world=world)
        rehearsal.load()
        client = connect(server.url)
        yield rehearsal, client, documents.get(client, "performance")
        assert rehearsal.routes is not None
        rehearsal.routes.close()


@pytest.fixture(scope="module")
def played(loaded: tuple[Rehearsal, Store, PerformanceNow]) -> tuple[Rehearsal, Store]:
    """The first seven hours of the demo, as fast as they go: past shutdown, power failure, hijack, leak, the silent
    collector and the log loss."""
    rehearsal, client, _ = loaded
    rehearsal.play(threading.Event())
    return rehearsal, client


def by_entity(client: Store) -> dict[str, list[Outage]]:
    found: dict[str, list[Outage]] = {}
    for outage in documents.get(client, "outages"):
        found.setdefault(outage["entity"], []).append(outage)
    return found


def test_how_countries_perform_is_told_before_the_first_step(loaded: tuple[Rehearsal, Store, PerformanceNow]) -> None:
    _, _, now = loaded
    assert now["simulated"]
    assert now["hour"] == "2026-03-01T23:00:00Z"
    ranked = [row for row in now["countries"] if row["rank"]["rtt"]]
    assert len(ranked) > 200
    assert len([row for row in ranked if row["rank"]["throughput"]]) >= 20
    for row in ranked:
        assert row["rtt"]["n"] >= 100
        assert row["rtt"]["days"] == 27, "the hour itself is one of the 28 days"
    told = [row["rtt"]["against"] for row in ranked]
    assert told.count("as_usual") > 0.85 * len(ranked)
    assert "insufficient" not in told


def test_hours_that_were_played_are_told_like_those_before(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    now = documents.get(client, "performance")
    assert parse(now["hour"]) == rehearsal.world.ends - timedelta(hours=1)
    for key in ("country/DE", "asn/7922", "geoasn/DE-16276"):
        told = performance.read(client, key)
        assert told is not None
        assert told["rtt"]["n"] == told["requests"] > told["clients"] > 0.15 * told["requests"]  # type: ignore[operator]
        assert told["rtt"]["against"] == "as_usual"


def test_hours_are_the_sums_of_their_bins_across_the_start_of_the_play(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    start = rehearsal.world.starts - timedelta(hours=2)
    keys = ["country/DE", "country/TO", "asn/7922"]
    (bin_group, bin_slot), (group, slot) = SLOTS[series_id("edge.requests")], SLOTS[series_id("edge.requests_hour")]
    bins = blocks.read_bins(client, bin_group, "value", keys, start, 12 * 4)[:, :, bin_slot]
    hours = blocks.read_bins(client, group, "value", keys, start, 4)[:, :, slot]
    assert (bins.reshape(3, 4, 12).sum(axis=2) == hours).all()


def test_no_address_of_a_client_is_kept(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    files = rehearsal.archive.files("edge_logs")
    assert len(files) == HOURS * 13
    lines = next(rehearsal.world.answers(rehearsal.world.starts, rehearsal.world.starts + STEP))[1].body
    address = lines.partition(b'"client":"')[2].partition(b'"')[0]
    assert address.startswith(PREFIX.encode())
    for file in (files[0], files[12]):
        body = rehearsal.archive.raw(file).body
        table = pl.read_parquet(io.BytesIO(body))
        assert "client" in set(table["field"])
        assert not any(PREFIX in word for name in table.columns for word in table[name].cast(pl.String).drop_nulls())
    for key in client.scan_iter(b"*"):
        raw = client.dump(key)
        assert address not in (raw or b"")


def test_every_event_that_must_be_seen_is_and_no_other_country_or_region_is_named(
    played: tuple[Rehearsal, Store],
) -> None:
    rehearsal, client = played
    meant = {
        entity
        for event in rehearsal.world.scenario
        if event.expect == "outage" and event.start < rehearsal.world.ends - timedelta(minutes=30)
        for entity in event.entities
    }
    found = {o["entity"]: o["parent"] for o in documents.get(client, "outages") if o["simulated"]}
    for kind in ("country/", "region/"):
        assert {entity for entity in found if entity.startswith(kind)} == {e for e in meant if e.startswith(kind)}
    wholes = {entity for entity, parent in found.items() if not parent}
    assert {entity for entity in meant if entity.startswith("country/")} | {"region/US-SC"} <= wholes
    assert found["region/ES-MD"], "a part of the country's outage"


def test_what_is_said_of_an_outage_could_be_read_in_the_very_minute_that_it_names(
    played: tuple[Rehearsal, Store],
) -> None:
    _rehearsal, client = played
    second, wall = timedelta(seconds=1), datetime.now(UTC)

    def told(id: str, at: datetime) -> list[Any]:
        found = travel.read(client, at, wall)
        assert isinstance(found, travel.Found)
        outage = next((row for row in found.told.docs["outages"] if row["id"] == id), None)
        return outage["updates"] if outage else []

    odd = set()
    for outage in (row for row in documents.get(client, "outages") if not row["history"]):
        assert outage["known_at"] == outage["updates"][0]["at"]
        for update in outage["updates"]:
            at = parse(update["at"])
            assert update in told(outage["id"], at), f"{outage['id']} at {at}"
            assert update not in told(outage["id"], at - second)
            odd.add(at.minute % 5)
    assert len(odd) > 1, "routes are evaluated by the minute"


def likely(outage: Outage) -> tuple[str, str]:
    """The cause that leads, and what speaks for it."""
    cause: dict[str, Any] = dict(max(outage["causes"], key=lambda row: row["p"]))
    return outage["causes"][0]["cause"], " ".join(cause["for"])


def test_the_power_failure_of_two_neighbours_is_told_as_one_and_not_as_a_cable(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    found = by_entity(client)
    for code, neighbour in (("ES", "Portugal"), ("PT", "Spain")):
        cause, why = likely(found[f"country/{code}"][0])
        assert cause == "power"
        assert f"{neighbour}, of the same region, fell within the same ten minutes" in why
    why = likely(found["country/PT"][0])[1]
    assert "slid deeper over hours" in why
    assert "warning" in why, "the storm that is told of is named beside it"
    parts = [row for entity, rows in found.items() for row in rows if row["parent"] == found["country/ES"][0]["id"]]
    assert {row["entity"] for row in parts} >= {"asn/3352", "asn/12430"}
    assert {likely(row)[0] for row in parts} == {"power"}


def test_the_cable_of_the_island_is_named_as_a_candidate(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    cause, why = likely(by_entity(client)["country/TO"][0])
    assert cause == "cable_cut"
    assert "Tonga Cable System (Sopu near Nukuʻalofa)" in why


def test_the_shutdown_is_told_as_a_pattern_that_was_measured(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    cause, why = likely(by_entity(client)["country/IR"][0])
    assert cause == "shutdown"
    assert "Most routes stayed up while packets were lost." in why


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
    for name in ("ris_live", "origin_hijacks", "route_leaks"):
        assert sources[name]["simulated"]
        assert all(rehearsal.archive.read(file)["simulated"].all() for file in rehearsal.archive.files(name))
    routing = documents.get(client, "routing")
    assert routing["simulated"]
    assert all(row["simulated"] for rows in ("countries", "losses", "events") for row in routing[rows])
    assert documents.get(client, "routing")["source"] == "ris_live"


def test_recorded_sets_are_history_and_never_late(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    sources = {row["name"]: row for row in documents.get(client, "sources")}
    for name in ("google_traffic", "mlab_ndt"):
        assert sources[name]["state"] == "history"
        assert sources[name]["lag_s"] is None
    for name in ("edge_logs", "ioda_signals", "ris_live", "origin_hijacks", "route_leaks"):
        assert sources[name]["state"] == "ok", name
    assert sources["ris_live"]["lag_s"] == 0
    assert sources["ris_live"]["rejected"] == 0


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


def test_iran_loses_packets_and_not_its_routes_by_both_views_of_them(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    (iran,) = by_entity(client)["country/IR"]
    assert iran["verdict"] == "Most routes stayed up, packets gone."
    told = {(row["signal"], row["source"]): row["verdict"] for row in iran["signals"]}
    assert told["bgp.visible_24s", "ioda_signals"] == told["bgp.visible_24s", "ris_live"] == "not_affected"
    assert told["edge.requests", "edge_logs"] == "affected"


def test_the_cable_takes_the_routes_of_the_island_with_it_in_the_stream_too(played: tuple[Rehearsal, Store]) -> None:
    _, client = played
    (tonga,) = by_entity(client)["country/TO"]
    told = {(row["signal"], row["source"]): row["verdict"] for row in tonga["signals"]}
    assert told["bgp.visible_24s", "ris_live"] == "affected"
    view = routes.read(client, "country/TO")
    assert view is not None
    assert (view["visible_24s"], view["before_24s"]) == (0, 40)


def test_a_hijack_and_a_leak_are_candidates_by_nobody_and_no_outage(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    events = {event["kind"]: event for event in documents.get(client, "routing")["events"]}
    assert set(events) == {"more_specific", "leak"}
    planned = {event.kind: event for event in rehearsal.world.scenario}
    for kind, name in (("more_specific", "hijack"), ("leak", "leak")):
        found, plan = events[kind], planned[name]
        assert plan.start <= parse(found["first_seen"]) < plan.start + timedelta(minutes=1)
        assert found["status"] == "ended"
        assert found["suspect"] > 4_000_000_000
        assert found["simulated"]
        assert found["confidence"] >= 0.7
        assert set(plan.entities) <= set(found["entities"])
        hit = [o for key in plan.entities for o in by_entity(client).get(key, [])]
        assert hit == []
    assert events["more_specific"]["rpki"] == "invalid"


def test_a_collector_that_is_not_heard_is_a_gap_and_no_outage(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    silent = next(event for event in rehearsal.world.scenario if event.kind == "collector")
    routing = documents.get(client, "routing")
    (gap,) = routing["gaps"]
    assert (gap["collector"], gap["reason"], gap["filled"]) == ("rrc03", "silent", False)
    assert silent.end is not None
    assert abs(parse(gap["until"]) - silent.end) < timedelta(minutes=1)
    assert {peer["state"] for peer in routing["peers"]} == {"live"}, "they are believed again"
    assert routing["totals"]["full_v4"] == routing["totals"]["full_v6"] == 24
    opened = [
        o["entity"]
        for o in documents.get(client, "outages")
        if o["simulated"] and silent.start <= parse(o["start"]) <= silent.end + timedelta(minutes=5)
    ]
    assert opened == []


def test_routes_of_every_country_have_series_from_before_the_play_on(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, client = played
    group = GROUPS["ris"]
    views = {view["entity"] for view in documents.get(client, "routing")["countries"]}
    assert len(views & {f"country/{code}" for code in countries()}) > 230
    start, bins = rehearsal.world.starts - HISTORY, (HISTORY // timedelta(minutes=1)) + HOURS * 60
    series = blocks.read_bins(client, group, "value", ["country/DE", "asn/812"], start, bins)[:, :, 0]
    assert not (series != series).any(), "no minute is missing"
    assert series.min() > 0.99 * series.max(axis=1).min()


def test_hours_of_routes_end_as_their_last_minutes_say_across_the_start_of_the_play(
    played: tuple[Rehearsal, Store],
) -> None:
    rehearsal, client = played
    keys, start = ["country/DE", "country/TO", "asn/812"], rehearsal.world.starts - timedelta(hours=20)
    minutes = blocks.read_bins(client, GROUPS["ris"], "value", keys, start, (20 + HOURS) * 60)[:, 59::60, :3]
    hours = blocks.read_bins(client, GROUPS["rishour"], "value", keys, start, 20 + HOURS)
    assert np.array_equal(minutes, hours, equal_nan=True)
    weeks = blocks.read_bins(client, GROUPS["rishour"], "value", keys, start - timedelta(days=27), 27 * 24)
    assert not np.isnan(weeks[:, :, 0]).any(), "four weeks, none missing"


def test_the_spool_stays_small(played: tuple[Rehearsal, Store]) -> None:
    rehearsal, _ = played
    assert rehearsal.routes is not None
    spool = rehearsal.routes.streaming.spool
    assert len(spool.segments()) <= 2
    assert spool.folder.is_relative_to(rehearsal.archive.root.parent / "stream" / ris_live.NAME)
    assert rehearsal.routes.streaming.snapshots.times() == {}


def test_a_carrier_that_is_gone_is_published_with_the_next_step(tmp_path: Path) -> None:
    world = World()
    carrier = next(event for event in world.scenario if event.kind == "routing")
    # the same play from five minutes before the withdrawal on; history ends where it begins
    with embedded.start(tmp_path) as server:
        rehearsal = Rehearsal(tmp_path, server.url, speed=1e9, world=world)
        world.starts = carrier.start - STEP
        rehearsal.routes = RouteRehearsal(tmp_path, world, rehearsal.archive, rehearsal.ledger,
                                          connect(server.url))  # fmt: skip
        rehearsal.routes.begin(rehearsal.pipeline)
        found = {}
        for since in (world.starts, carrier.start):
            rehearsal.routes.play(since, since + STEP)
            found = {outage["entity"]: outage for outage in rehearsal.pipeline.tick(since + STEP).changed}
        rehearsal.routes.close()
        assert set(found) == {"asn/812"}
        outage = found["asn/812"]
        assert outage["known_at"] == (carrier.start + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert outage["simulated"]
