"""What was known when, over every kind of server: recorded with each publication, read as of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from radar.errors import StoreUnavailable
from radar.shapes import EntityState
from radar.store import Store, documents, frames, keys, travel
from radar.store.travel import Found, Missing, Recorder
from radar.times import rfc3339

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def state(words: str) -> EntityState:
    """A state that carries a text."""
    return {
        "state": "ok",
        "since": None,
        "outage": None,
        "words": words,
        "depth": None,
        "simulated": True,
        "series": [],
    }


def docs(at: datetime, outages: list[dict[str, Any]], mode: str = "replay", **clock: Any) -> dict[str, Any]:
    told = {"now": rfc3339(at), "mode": mode, "speed": 1.0, "ends": None, **clock}
    return {"clock": told, "outages": outages, "sources": [{"name": "x"}], "notice": None}


def publish(client: Store, recorder: Recorder, at: datetime, words: str = "", mode: str = "replay") -> bytes:
    """One publication of one outage; returns the JSON of its list."""
    body = docs(at, [{"id": "a", "headline": words, "depth": None}], mode)
    with recorder.recording(at, body, {"country/IQ": state(words)}) as record:
        documents.publish(client, body, {"country/IQ": state(words)}, within=record.write)
    return orjson.dumps(body["outages"])


def then(client: Store, at: datetime, wall: datetime = START) -> Found:
    found = travel.read(client, at, wall)
    assert isinstance(found, Found), found
    return found


def why(client: Store, at: datetime, wall: datetime = START) -> Missing:
    found = travel.read(client, at, wall)
    assert isinstance(found, Missing), found
    return found


def test_at_gives_what_the_last_publication_by_then_gave(client: Store) -> None:
    recorder = Recorder(client)
    told = [publish(client, recorder, START + i * 5 * MINUTE, f"words {i}") for i in range(4)]
    for i, body in enumerate(told):
        found = then(client, START + i * 5 * MINUTE + 4 * MINUTE) if i < 3 else then(client, START + 15 * MINUTE)
        assert orjson.dumps(found.told.docs["outages"]) == body
        assert found.told.states == {"country/IQ": state(f"words {i}")}
        assert found.told.docs["clock"]["now"] == rfc3339(START + i * 5 * MINUTE)
        assert found.told.at == START + i * 5 * MINUTE


def test_only_what_no_publication_can_change_any_more_is_settled(client: Store) -> None:
    recorder = Recorder(client)
    publish(client, recorder, START, mode="live")
    publish(client, recorder, START + MINUTE, mode="live")
    assert then(client, START + MINUTE - timedelta(seconds=1)).settled
    assert not then(client, START + MINUTE).settled
    assert not then(client, START + 2 * MINUTE, wall=START + 3 * MINUTE).settled


def test_the_future_and_the_time_before_the_first_publication_are_told_apart(client: Store) -> None:
    assert why(client, START).why == "nothing"
    publish(client, Recorder(client), START)
    early = why(client, START - timedelta(seconds=1))
    assert (early.why, early.oldest, early.newest) == ("early", START, START)
    assert why(client, START + timedelta(seconds=1), wall=START + MINUTE).why == "future", (
        "a replay's clock is not ours"
    )


def test_a_new_process_goes_on_with_the_segment_that_is_there(client: Store) -> None:
    publish(client, Recorder(client), START, "a")
    publish(client, Recorder(client), START + MINUTE, "b")
    assert len(travel.segments(client)) == 1
    assert then(client, START).told.states["country/IQ"]["words"] == "a"
    assert then(client, START + MINUTE).told.states["country/IQ"]["words"] == "b"


def test_each_day_begins_a_segment_of_its_own(client: Store) -> None:
    recorder = Recorder(client)
    for hours in range(0, 36, 6):
        publish(client, recorder, START + timedelta(hours=hours))
    days = [datetime.fromtimestamp(int(name), UTC).date().day for name in travel.segments(client)]
    assert days == [2, 3]


def test_a_segment_ends_after_so_many_frames(client: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST", 3)
    recorder = Recorder(client)
    for i in range(7):
        publish(client, recorder, START + i * MINUTE, str(i))
    assert len(travel.segments(client)) == 3
    assert [then(client, START + i * MINUTE).told.states["country/IQ"]["words"] for i in range(7)] == list("0123456")


def test_a_clock_that_goes_back_makes_another_past(client: Store) -> None:
    recorder = Recorder(client)
    for i in range(4):
        publish(client, recorder, START + i * MINUTE, f"first {i}")
    publish(client, recorder, START + MINUTE, "second")
    assert then(client, START).told.states["country/IQ"]["words"] == "first 0"
    assert then(client, START + MINUTE).told.states["country/IQ"]["words"] == "second"
    publish(client, recorder, START + 3 * MINUTE, "third")
    assert then(client, START + 2 * MINUTE).told.states["country/IQ"]["words"] == "second"
    told = travel.span(client, START, START + 3 * MINUTE, START)
    assert isinstance(told, travel.Span)
    times = [frames.time_of(frame) for _, held in told.segments if isinstance(held, list) for frame in held]
    assert times == [START, START + MINUTE, START + 3 * MINUTE], "nothing of the first past is left"


def test_the_last_publication_of_a_window_holds_until_its_end(client: Store) -> None:
    body = docs(START, [{"id": "a"}], speed=0.0, ends=rfc3339(START + 5 * MINUTE))
    with Recorder(client).recording(START, body, {}) as record:
        documents.publish(client, body, within=record.write)
    assert then(client, START + 5 * MINUTE).told.docs["outages"] == [{"id": "a"}]
    late = why(client, START + 5 * MINUTE + timedelta(seconds=1))
    assert (late.why, late.newest) == ("future", START + 5 * MINUTE)


def test_a_publication_that_was_refused_leaves_no_frame(client: Store) -> None:
    recorder = Recorder(client)
    publish(client, recorder, START, "a")
    body = docs(START + MINUTE, [])
    with (
        pytest.raises(TypeError),
        recorder.recording(START + MINUTE, body, {}) as record,
    ):
        documents.publish(client, body | {"bad": START}, within=record.write)
    publish(client, recorder, START + 2 * MINUTE, "c")
    assert then(client, START + MINUTE).told.states["country/IQ"]["words"] == "a"
    assert then(client, START + 2 * MINUTE).told.states["country/IQ"]["words"] == "c"


def test_what_the_store_lost_of_a_segment_is_an_error_and_not_another_past(client: Store) -> None:
    recorder = Recorder(client)
    for i in range(3):
        publish(client, recorder, START + i * MINUTE, str(i))
    (name,) = travel.segments(client)
    middle = travel.held(client, name)[1]
    client.lrem(keys.travel(name), 1, middle)  # type: ignore[arg-type]  # redis-py says str; it takes bytes
    with pytest.raises(StoreUnavailable, match="missing"):
        travel.read(client, START + 2 * MINUTE, START)
    publish(client, Recorder(client), START + 3 * MINUTE, "3")
    assert then(client, START + 3 * MINUTE).told.states["country/IQ"]["words"] == "3", "a new segment was begun"


def test_what_left_the_store_is_asked_of_a_worker_once_and_its_silence_is_told(client: Store) -> None:
    recorder = Recorder(client)
    publish(client, recorder, START)
    publish(client, recorder, START + timedelta(days=1))
    first = travel.segments(client)[0]
    held = travel.held(client, first)
    travel.drop(client, [first])
    asked = why(client, START, wall=START)
    assert (asked.why, asked.since) == ("preparing", START)
    again = why(client, START, wall=START + travel.PATIENCE)
    assert (again.why, again.since) == ("preparing", START)
    assert why(client, START, wall=START + travel.PATIENCE + MINUTE).why == "silent"
    assert travel.wanted(client) == [first]
    travel.bring_back(client, first, held)
    assert travel.wanted(client) == []
    assert then(client, START).told.at == START
    assert 0 < int(client.ttl(keys.travel(first))) <= travel.STAYS_S  # type: ignore[arg-type]  # redis-py's awaitable
    travel.drop(client, [first])
    assert then(client, START).told.at == START, "what was brought back stays its hour"


def test_not_everything_can_be_waited_for_at_once(client: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(travel, "MOST_WANTED", 1)
    recorder = Recorder(client)
    for day in range(3):
        publish(client, recorder, START + timedelta(days=day))
    travel.drop(client, travel.segments(client)[:2])
    assert why(client, START).why == "preparing"
    assert why(client, START + timedelta(days=1)).why == "busy"
    assert why(client, START).why == "preparing", "who waits already goes on waiting"


def test_what_cannot_be_brought_back_is_told_to_be_lost(client: Store) -> None:
    recorder = Recorder(client)
    publish(client, recorder, START)
    publish(client, recorder, START + timedelta(days=1))
    first = travel.segments(client)[0]
    travel.drop(client, [first])
    assert why(client, START).why == "preparing"
    travel.give_up(client, first, "damaged")
    lost = why(client, START, wall=START + MINUTE)
    assert (lost.why, lost.note) == ("lost", "damaged")
    assert travel.wanted(client) == []


def test_an_index_that_was_lost_is_entered_again(client: Store) -> None:
    publish(client, Recorder(client), START)
    old = str(int((START - timedelta(days=3)).timestamp()))
    travel.enter(client, [old])
    assert travel.segments(client)[0] == old
    assert why(client, START - timedelta(days=1)).why == "preparing"


def test_a_range_gives_what_held_at_its_beginning_and_all_that_came_after(client: Store) -> None:
    recorder = Recorder(client)
    for days in range(3):
        publish(client, recorder, START + timedelta(days=days), f"day {days}")
    wall = START + timedelta(days=3)
    found = travel.span(client, START + timedelta(days=1, hours=1), START + timedelta(days=2, hours=1), wall)
    assert isinstance(found, travel.Span)
    names = [str(int((START + timedelta(days=days)).timestamp())) for days in (1, 2)]
    assert [name for name, _held in found.segments] == names
    assert [travel.as_of(held, wall, name) is not None for name, held in found.segments if isinstance(held, list)] == [
        True,
        True,
    ]
    assert (found.oldest, found.newest) == (START, START + timedelta(days=2))
    early = travel.span(client, START - timedelta(days=9), START - timedelta(days=8), wall)
    assert isinstance(early, travel.Span)
    assert early.segments == []
    late = travel.span(client, wall, wall, wall)
    assert isinstance(late, Missing)
    assert late.why == "future"


def test_a_part_of_a_range_that_left_the_store_is_asked_of_a_worker(client: Store) -> None:
    recorder = Recorder(client)
    for days in range(2):
        publish(client, recorder, START + timedelta(days=days), f"day {days}")
    first = travel.segments(client)[0]
    travel.drop(client, [first])
    found = travel.span(client, START, START + timedelta(days=1), START + timedelta(days=1))
    assert isinstance(found, travel.Span)
    (_old, missing), (_new, held) = found.segments
    assert isinstance(missing, Missing)
    assert missing.why == "preparing"
    assert isinstance(held, list)
    assert travel.wanted(client) == [first]
