"""Routes from a stream: judged each minute, against a day of history."""

from __future__ import annotations

from datetime import timedelta

from radar.detect import Detector
from radar.signals import GROUPS
from tests.detect.world import COUNTRIES, Radar, World

IR = "country/IR"


def routes(days: int = 2) -> World:
    return World("ris", [IR, *(key for key in COUNTRIES[:12] if key != IR)], (9000.0, 4000.0, None, None), n=120.0,
                 days=days, wobble=0.001)  # fmt: skip


def test_a_loss_of_a_tenth_is_published_with_the_minute_in_which_it_was_seen() -> None:
    radar = Radar(routes())
    begin = radar.worlds[0].t
    (outage,) = radar.step({(IR, 0): 8000.0})
    assert (outage["level"], outage["rule"]) == ("degraded", "one_strong")
    assert outage["start"] == begin.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert outage["known_at"] == (begin + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "in one evaluation of the routing table" in outage["rule_words"]


def test_ten_minutes_of_normal_routes_close_it_and_not_one() -> None:
    radar = Radar(routes())
    (opened,) = radar.step({(IR, 0): 1000.0})
    for _ in range(9):
        radar.step()
        assert [outage["id"] for outage in radar.book.open] == [opened["id"]]
    (closed,) = radar.step()
    assert (closed["id"], closed["status"]) == (opened["id"], "closed")


def test_a_loss_of_less_than_a_tenth_makes_no_outage() -> None:
    radar = Radar(routes())
    for _ in range(10):
        assert radar.step({(IR, 0): 8300.0}) == []


def test_a_day_of_history_is_enough_for_a_stream_and_not_for_slower_routes() -> None:
    assert Detector(GROUPS["ris"]).p.warm_up[0] == 86_400
    assert Detector(GROUPS["ioda5"]).p.warm_up[0] == 14 * 86_400
    young = Radar(routes(days=1))
    young.worlds[0].detector._state.first[:] += 60  # an hour less than a day
    assert young.step({(IR, 0): 1000.0}) == []


def test_what_all_countries_lose_together_is_our_own_fault() -> None:
    radar = Radar(routes())
    assert radar.step(all_times=(0.5, 0.5, 1.0, 1.0)) == []
    assert radar.book.notice is not None
