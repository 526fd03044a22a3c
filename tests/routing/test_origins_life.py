"""Candidates for origin hijacks from their beginning to their end; bounds of the watch, and its snapshots."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.routing.origins import OriginWatch
from tests.routing.odd import HOLDER, PEERS, PREFIX, START, SUSPECT, minute, relations, shows, signed, texts

# ---------------------------------------------------------------------- grouping, ending, coming back


def test_prefixes_of_one_network_within_ten_minutes_are_one_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    shows(watch, range(4), START + 500, prefix="193.0.8.0/21")
    (second,) = minute(watch, 9)
    assert second["id"] == first["id"]
    assert second["prefixes"] == [PREFIX, "193.0.8.0/21"]
    assert "announces 2 prefixes of AS3333" in second["words"]


def test_a_prefix_much_later_is_another_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    shows(watch, range(4), START + 700, prefix="193.0.8.0/21")
    (second,) = minute(watch, 12)
    assert second["id"] != first["id"]


def test_it_ends_when_the_last_peer_drops_the_last_prefix() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    shows(watch, range(4), prefix="193.0.8.0/21")
    assert [event["status"] for event in minute(watch)] == ["open"]
    watch.end(START + 100, PREFIX, SUSPECT)
    watch.end(START + 101, PREFIX, SUSPECT)  # told twice, counted once
    assert minute(watch, 2) == []
    watch.end(START + 130, "193.0.8.0/21", SUSPECT)
    (event,) = minute(watch, 3)
    assert (event["status"], event["last_seen"]) == ("ended", "2026-03-02T10:02:10Z")
    assert watch.watched == {}


def test_a_route_that_comes_back_at_once_is_the_same_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    watch.end(START + 100, PREFIX, SUSPECT)
    minute(watch, 2)
    shows(watch, range(4), START + 200)
    (again,) = minute(watch, 4)
    assert (again["id"], again["status"]) == (first["id"], "open")


def test_what_has_lasted_for_a_week_is_dismissed() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    told = [watch.minute(START + 86_400 * day, PEERS, []) for day in range(1, 8)]
    assert [len(events) for events in told] == [0, 0, 0, 0, 0, 1, 0]
    (event,) = told[5]
    assert (event["status"], event["confidence"]) == ("dismissed", 0.05)
    assert event["against"][0] == "It has lasted for days: it is taken for the new normal."


def test_a_candidate_is_taken_back_when_the_holder_passes_the_route_on() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    shows(watch, [5], tail=f"1299 {HOLDER}")
    (event,) = minute(watch, 2)
    assert event["status"] == "dismissed"
    assert "The holder itself passes the route on." in event["against"]


@pytest.mark.parametrize("explained", ["roa", "contract"])
def test_new_files_take_back_what_they_explain(explained: str) -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(4))
    minute(watch)
    vrps = signed((PREFIX, HOLDER, 21), *([(PREFIX, SUSPECT, 21)] if explained == "roa" else []))
    file = relations(*([f"{HOLDER}|{SUSPECT}|-1"] if explained == "contract" else []))
    watch.use(vrps, file, START + 90)
    (event,) = minute(watch, 2)
    assert event["status"] == "dismissed"


def test_new_files_leave_what_they_do_not_explain() -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(4))
    minute(watch)
    watch.use(signed((PREFIX, HOLDER, 21)), relations(), START + 90)
    assert minute(watch, 2) == []
    assert [event["status"] for event in watch.events()] == ["open"]


def test_unchanged_candidates_of_the_same_five_minutes_are_told_again() -> None:
    """The archive's newest lines about five minutes hold all of them, so that a count of lines is whole."""
    watch = OriginWatch(relations=relations("1299|3215|-1"))
    shows(watch, range(4))
    minute(watch)
    shows(watch, range(4), START + 70, prefix="80.10.0.0/16", known=(3215,))
    assert [event["prefix"] for event in minute(watch, 2)] == [PREFIX, "80.10.0.0/16"]
    shows(watch, range(4), START + 400, prefix="80.11.0.0/16", known=(3215, 2))
    assert minute(watch, 7) == []  # several origins before: too weak to be shown, and no third network either
    watch.end(START + 500, PREFIX, SUSPECT)
    assert [event["status"] for event in minute(watch, 9)] == ["ended", "open"]


# ---------------------------------------------------------------------- bounds and snapshots


def test_room_is_bounded_and_what_is_lost_is_counted() -> None:
    watch = OriginWatch(room=40)
    for n in range(200):
        shows(watch, [0], START + n, prefix=f"193.{n}.0.0/16")
    assert sum(len(held) for held in watch.watched.values()) <= 40
    assert watch.dropped["pairs"] >= 160
    assert "193.199.0.0/16" in watch.watched  # the oldest went


def test_a_candidate_outlives_a_flood_of_odd_routes() -> None:
    watch = OriginWatch(relations=relations(), room=40)
    shows(watch, range(4))
    minute(watch)
    for n in range(200):
        shows(watch, [0], START + 60, prefix=f"194.{n}.0.0/16")
    assert minute(watch, 2) == []
    assert PREFIX in watch.watched


def test_a_candidate_that_can_no_longer_be_followed_says_so() -> None:
    watch = OriginWatch(relations=relations(), room=10)
    for n in range(30):
        shows(watch, range(4), START + n, prefix=f"193.{n}.0.0/16", known=(3000 + n,))
        minute(watch, 1)
    assert watch.dropped["pairs"] > 0
    ended = [event for event in watch.events() if event["status"] == "ended"]
    assert ended
    assert all("Too much came at once" in texts(event, "against") for event in ended)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.sampled_from([b"{}", b"[]", b"null", b'{"form":"origins-1"}']), st.integers(0, 4000))
def test_another_snapshot_is_refused_and_changes_nothing(body: bytes, cut: int) -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    whole = watch.dump()
    for broken in (body, whole[:cut], whole.replace(b'"seen"', b'"sene"'), whole.replace(b"origins-1", b"origins-0")):
        if broken == whole:
            continue
        with pytest.raises(ValueError, match="no snapshot of origins"):
            watch.load(broken)
        assert watch.dump() == whole
