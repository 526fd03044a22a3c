"""The book of outages: published, told, closed, reopened, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from radar.detect import OutageBook, entity_state
from radar.detect.model import View
from radar.shapes import Outage
from tests.detect.world import COUNTRIES, Radar, World

IR, IQ = "country/IR", "country/IQ"
CLOUD = "provider/google-cloud"
EDGE = (400.0, 0.01, 40.0, None, None)


def _edge(entities: list[str], **more: float) -> World:
    return World("edge", entities, EDGE, n=400.0, **more)


def _routes(entities: list[str]) -> World:
    return World("ioda5", entities, (9000.0, 700.0), wobble=0.003)


def _kinds(outage: Outage) -> list[str]:
    return [update["kind"] for update in outage["updates"]]


def test_a_strong_fall_is_published_after_two_bins_and_closed_after_two_normal_ones() -> None:
    radar = Radar(_edge([IR]))
    begin = radar.worlds[0].t
    assert radar.step({(IR, 0): 10}) == []
    (opened,) = radar.step({(IR, 0): 10})
    assert (opened["status"], opened["level"], opened["rule"]) == ("open", "outage", "one_strong")
    assert opened["start"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert opened["known_at"] == (begin + timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert opened["start_earliest"] == (begin - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert opened["headline"] == "Iran: requests at our edge 97 % below normal since 00:00 UTC on 23 February 2026."
    assert radar.step() == []
    (closed,) = radar.step()
    assert (closed["id"], closed["status"], _kinds(closed)) == (opened["id"], "closed", ["opened", "closed"])
    assert closed["severity"]["minutes"] == 10


def test_the_id_is_made_of_day_entity_and_onset() -> None:
    ids = []
    for _ in range(2):
        radar = Radar(_edge([IR]))
        radar.step({(IR, 0): 10})
        ids.append(radar.step({(IR, 0): 10})[0]["id"])
    assert ids[0] == ids[1]
    assert ids[0].startswith("20260223-ir-")


def test_a_weak_fall_waits_for_a_second_signal() -> None:
    edge, routes = _edge([IR], wobble=0.08), _routes([IR])
    radar = Radar(edge, routes)
    for _ in range(4):
        assert radar.step({(IR, 0): 290}) == []
    assert edge.detector.views([IR])[0].verdict == "affected"
    for _ in range(2):
        changed = radar.step({(IR, 0): 290}, {(IR, 0): 6600})
    (outage,) = changed
    assert outage["rule"] in ("two_signals", "one_strong")
    assert {row["signal"] for row in outage["signals"] if row["verdict"] == "affected"} == {
        "edge.requests",
        "bgp.visible_24s",
    }


def test_a_fall_by_less_than_half_is_degraded_and_becomes_an_outage_when_it_deepens() -> None:
    radar = Radar(_edge([IR]))
    for _ in range(4):
        radar.step({(IR, 0): 250})
    assert [outage["level"] for outage in radar.book.open] == ["degraded"]
    (worse,) = radar.step({(IR, 0): 60})
    assert worse["level"] == "outage"
    assert "More than half is lost" in worse["updates"][-1]["text"]


def test_a_relapse_within_the_hour_reopens_the_same_outage() -> None:
    radar = Radar(_edge([IR]))
    for change in (*[{(IR, 0): 10.0}] * 3, *[None] * 4):
        radar.step(change)
    assert radar.book.open == []
    radar.step({(IR, 0): 10})
    (again,) = radar.step({(IR, 0): 10})
    assert _kinds(again) == ["opened", "closed", "reopened"]
    assert (again["status"], again["end"], len(radar.book.all)) == ("open", None, 1)


def test_a_relapse_after_hours_is_another_outage() -> None:
    radar = Radar(_edge([IR]))
    for change in (*[{(IR, 0): 10.0}] * 3, *[None] * 30, *[{(IR, 0): 10.0}] * 2):
        radar.step(change)
    assert [o["status"] for o in radar.book.all] == ["open", "closed"]
    assert len({o["id"] for o in radar.book.all}) == 2


def test_an_outage_is_never_closed_because_its_source_went_silent() -> None:
    radar = Radar(_edge([IR]))
    for _ in range(3):
        radar.step({(IR, 0): 10})
    gone = {(IR, slot): float("nan") for slot in range(5)}
    told = [outage for _ in range(40) for outage in radar.step(gone)]
    assert [_kinds(o) for o in told] == [["opened", "updated"]]
    assert "It cannot be seen since 00:15 UTC on 23 February 2026" in told[0]["updates"][-1]["text"]
    (outage,) = radar.book.open
    row = outage["signals"][0]
    assert (row["verdict"], row["first_seen"]) == ("insufficient", "2026-02-23T00:00:00Z")
    for _ in range(3):
        radar.step()
    assert _kinds(radar.book.all[0])[-1] == "closed"


def test_what_turns_out_to_be_our_own_fault_is_retracted_in_the_open() -> None:
    hit = COUNTRIES[:12]
    radar = Radar(_edge(COUNTRIES[:40]))
    change = {(key, 0): 10.0 for key in hit}
    radar.step(change)
    assert len(radar.step(change)) == len(hit)
    changed = radar.step(all_times=(0.2, 1, 1, 1, 1))
    assert [o["status"] for o in changed] == ["retracted"] * len(hit)
    assert "our own measurement" in (changed[0].get("retraction") or "")
    assert changed[0]["confidence"] is None
    assert len(radar.book.all) == len(hit)
    notice = radar.book.notice
    assert notice is not None
    assert notice["signals"] == ["edge.requests"]
    assert notice["until"] is None


def test_a_dip_of_our_own_gives_a_notice_and_no_outage() -> None:
    radar = Radar(_edge(COUNTRIES[:40]))
    for _ in range(4):
        assert radar.step(all_times=(0.5, 1, 1, 1, 1)) == []
    notice = radar.book.notice
    assert notice is not None
    assert "We do not report this as outages" in notice["text"]
    for _ in range(4):
        radar.step()
    over = radar.book.notice
    assert over is not None
    assert over["until"] == "2026-02-23T00:20:00Z"
    for _ in range(4):
        radar.step()
    assert (radar.book.notice, radar.book.all) == (None, [])


def test_late_data_that_disprove_an_outage_retract_it() -> None:
    world = _edge([IR])
    radar = Radar(world)
    first = world.t
    good = world.history[:, -1].copy()
    for _ in range(2):
        radar.step({(IR, 0): 10})
    again = world.detector.step(first, world.entities, good, good * 0 + 400, world.past(first))
    (outage,) = radar.hear([again])
    assert outage["status"] == "retracted"
    assert "late data" in (outage.get("retraction") or "")


def test_a_person_may_retract_and_the_page_says_why() -> None:
    radar = Radar(_edge([IR]))
    for _ in range(2):
        changed = radar.step({(IR, 0): 10})
    outage = radar.book.retract(changed[0]["id"], radar.worlds[0].t, "a test of the monitoring.")
    assert outage["updates"][-1]["text"] == "Retracted: a test of the monitoring."
    assert radar.step({(IR, 0): 10}) == []
    with pytest.raises(KeyError):
        radar.book.retract("20260101-xx-0000", radar.worlds[0].t, "")


def test_networks_of_a_country_that_is_out_are_its_children() -> None:
    nets = ["geoasn/IR-44244", "geoasn/IR-197207"]
    radar = Radar(_edge([IR, *nets]))
    change = {(key, 0): 10.0 for key in (IR, *nets)}
    radar.step(change)
    by_entity = {o["entity"]: o for o in radar.step(change)}
    assert {by_entity[key].get("parent") for key in nets} == {by_entity[IR]["id"]}
    assert len(radar.book.all[0].get("children", [])) in (0, 2)
    country = next(o for o in radar.book.all if o["entity"] == IR)
    assert country.get("children") == sorted(by_entity[key]["id"] for key in nets)


def test_a_network_alone_stands_alone_until_its_country_follows() -> None:
    net = "geoasn/IR-44244"
    radar = Radar(_edge([IR, net]))
    radar.step({(net, 0): 10})
    (alone,) = radar.step({(net, 0): 10})
    assert alone.get("parent") is None
    radar.step({(net, 0): 10, (IR, 0): 10})
    changed = {o["entity"]: o for o in radar.step({(net, 0): 10, (IR, 0): 10})}
    assert changed[net].get("parent") == changed[IR]["id"]
    assert changed[net]["updates"][-1]["text"] == "This is part of a larger outage: Iran."


def test_failures_at_a_provider_are_a_degradation_of_that_provider() -> None:
    radar = Radar(_edge([CLOUD]))
    radar.step({(CLOUD, 1): 0.3})
    (outage,) = radar.step({(CLOUD, 1): 0.3})
    assert (outage["entity"], outage["level"]) == (CLOUD, "degraded")
    assert outage.get("headline", "").startswith("Google Cloud: 29 % of requests fail that usually succeed since ")
    assert outage.get("verdict") == "Packets still flow, but worse than usual."
    assert outage["causes"][0]["cause"] == "provider"


def test_latency_alone_is_never_more_than_degraded() -> None:
    radar = Radar(_edge([IR]))
    radar.step({(IR, 2): 400})
    (outage,) = radar.step({(IR, 2): 400})
    assert (outage["level"], outage["severity"]["depth"]) == ("degraded", None)


def test_a_holiday_dip_beside_normal_reachability_is_not_published() -> None:
    edge, ping = _edge([IR]), World("ioda5", [IR], (9000.0, 700.0), wobble=0.003)
    reach = World("ioda10", [IR], (800.0,), wobble=0.003)
    radar = Radar(edge, ping)
    book = OutageBook()
    for i in range(8):
        results = [edge.step({(IR, 0): 220}), ping.step(), *([reach.step()] if i % 2 else [])]
        alerts = [a for r in results for a in r.alerts]
        views = [v for w in (edge, ping, reach) for v in w.detector.views([IR])]
        assert book.update(edge.t, alerts, views) == []
    assert radar.book.all == []


def test_routes_withdrawn_alone_are_told_as_routes() -> None:
    radar = Radar(_routes([IR]), _edge([IR]))
    radar.step({(IR, 0): 7500})
    (outage,) = radar.step({(IR, 0): 7500})
    assert outage["level"] == "degraded"
    assert outage.get("verdict") == "Routes were withdrawn; packets still flow where we can see them."


def test_a_restart_in_mid_story_changes_nothing() -> None:
    straight, restarted = Radar(_edge([IR, IQ])), Radar(_edge([IR, IQ]))
    for i in range(30):
        change = {(IR, 0): 10.0} if 2 <= i < 9 or 14 <= i < 18 else None
        a = straight.step(change)
        restarted.book = OutageBook.load(restarted.book.dump())
        assert a == restarted.step(change)
    assert straight.book.dump() == restarted.book.dump()


def test_a_book_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        OutageBook.load(b'{"version":99}')


def test_simulated_and_recorded_series_are_marked() -> None:
    world = _edge([IR])
    book = OutageBook()
    for _ in range(2):
        result = world.step({(IR, 0): 10})
        changed = book.update(world.t, result.alerts, world.detector.views([IR]), simulated={"edge.requests@edge_logs"})
    assert changed[0]["simulated"] is True
    assert changed[0].get("history") is False


def test_states_tell_apart_normal_broken_and_unseen() -> None:
    world = _edge([IR, IQ])
    radar = Radar(world)
    for _ in range(2):
        radar.step({(IR, 0): 10, **{(IQ, slot): float("nan") for slot in range(5)}})
    views = {key: world.detector.views([key]) for key in (IR, IQ)}
    (outage,) = radar.book.open
    broken = entity_state(IR, views[IR], outage)
    assert (broken["state"], broken["outage"]) == ("outage", outage["id"])
    unseen = entity_state(IQ, views[IQ], None)
    assert (unseen["state"], unseen["words"]) == ("insufficient", "We cannot say: no data.")
    nothing = entity_state("country/FR", [], None)
    assert (nothing["state"], nothing["words"]) == ("insufficient", "We have no measurements from here.")
    assert entity_state(IR, views[IR], None)["words"].endswith("not confirmed as an outage.")


@pytest.mark.parametrize(("back", "missing"), [(160, 0.6), (32, 0.92)])
def test_the_peak_of_an_open_outage_is_not_told_as_if_it_were_now(back: int, missing: float) -> None:
    world = _edge([IR, IQ])
    radar = Radar(world)
    for value in (8, 8, 8):
        radar.step({(IR, 0): value})
    (outage,) = radar.book.open
    assert outage["severity"]["now"] is None
    assert outage["headline"].startswith("Iran: requests at our edge 98 % below normal since")
    for value in (back, back, back):
        radar.step({(IR, 0): value})
    (outage,) = radar.book.open
    assert outage["severity"]["depth"] == pytest.approx(0.98, abs=0.01)
    assert outage["severity"]["now"] == pytest.approx(missing, abs=0.02)
    assert f"requests at our edge {missing * 100:.0f} % below normal, 98 % at the worst since" in outage["headline"]
    state = entity_state(IR, world.detector.views([IR]), outage)
    assert state["depth"] == outage["severity"]["now"]


def view(series: str, verdict: str, reason: str = "") -> View:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return View("country/NR", series, verdict, reason, at, at, at, 300, 1.0, 1.0, None, None)


def test_a_place_is_calm_only_by_what_can_be_judged() -> None:
    routes = view("bgp.visible_24s@ioda_signals", "not_affected")
    pings = view("ping.up_24s@ioda_signals", "insufficient", "too_few")
    edge = view("edge.requests@edge_logs", "not_affected")
    shown = view("edge.bytes@edge_logs", "insufficient", "not_scored")
    whole = entity_state("country/NR", [routes, edge, shown], None)
    assert (whole["state"], whole["words"]) == ("ok", "What we measure is within its usual range.")
    part = entity_state("country/NR", [routes, edge, pings], None)
    assert part["state"] == "ok"
    assert part["words"] == "2 of 3 signals can be judged, and they are within their usual range."
    blind = entity_state("country/NR", [routes, pings], None)
    assert blind["state"] == "insufficient", "routes stand while packets are lost"
    assert blind["words"] == ("Its routes are within their usual range; of its traffic we cannot say: too few "
                              "measurements to judge.")  # fmt: skip
    gone = replace(routes, verdict="affected", loss=0.4)
    words = entity_state("country/NR", [gone, pings], None)["words"]
    assert words == "Announced IPv4 space: 40 % off its usual value; not confirmed as an outage."
    unmeasured = entity_state("country/NR", [routes], None)
    assert (unmeasured["state"], unmeasured["since"]) == ("ok", None)
    assert unmeasured["words"] == "Its routes are within their usual range; its traffic is not measured here."
