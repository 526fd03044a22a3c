"""Frames give back, byte for byte, what was published, however it changed in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.store import frames

START = datetime(2026, 3, 2, tzinfo=UTC)

VALUES = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False),
                   st.text(max_size=8),
                   st.lists(st.integers(0, 3), max_size=2))  # fmt: skip
ROW = st.dictionaries(st.sampled_from(["status", "depth", "words", "end", "about"]), VALUES, max_size=5)
OUTAGES = st.dictionaries(st.sampled_from("abcde"), ROW, max_size=5).map(
    lambda rows: [{"id": key, **row} for key, row in rows.items()]
)
PUBLICATION = st.fixed_dictionaries(
    {
        "docs": st.fixed_dictionaries(
            {"outages": st.one_of(st.none(), OUTAGES), "notice": st.one_of(st.none(), ROW), "clock": ROW}
        ),
        "states": st.dictionaries(st.sampled_from(["country/IQ", "country/PT", "asn/5089"]), ROW, max_size=3),
    }
)


def written(publications: list[dict[str, Any]]) -> list[bytes]:
    """One segment of these publications, a minute apart."""
    found: list[bytes] = []
    before, window = frames.Raw(), b""
    for number, one in enumerate(publications):
        rows, at = frames.raw(one["docs"], one["states"]), START + timedelta(minutes=number)
        if number == 0:
            found.append(frames.whole(at, rows))
            window = frames.window_of(rows)
        else:
            found.append(frames.later(at, number, before, rows, window))
        before = rows
    return found


@given(st.lists(PUBLICATION, min_size=1, max_size=6))
def test_every_publication_comes_back_byte_for_byte(publications: list[dict[str, Any]]) -> None:
    segment = written(publications)
    for number, one in enumerate(publications):
        found = frames.replayed(segment, START + timedelta(minutes=number, seconds=59))
        assert found is not None
        told = frames.told(found[0], found[1])
        assert told.at == START + timedelta(minutes=number)
        assert orjson.dumps(told.docs["outages"]) == orjson.dumps(one["docs"]["outages"])
        assert orjson.dumps(told.docs["clock"]) == orjson.dumps(one["docs"]["clock"])
        assert orjson.dumps(told.docs["notice"]) == orjson.dumps(one["docs"]["notice"])
        assert {k: orjson.dumps(v) for k, v in told.states.items()} == {
            k: orjson.dumps(v) for k, v in one["states"].items()
        }


def publication(depth: Any) -> dict[str, Any]:
    return {"docs": {"outages": [{"id": "x", "depth": depth}]}, "states": {}}


def test_one_and_one_point_nought_and_true_are_three_things() -> None:
    segment = written([publication(1), publication(1.0), publication(True)])
    seen = []
    for minute in range(3):
        found = frames.replayed(segment, START + timedelta(minutes=minute))
        assert found is not None
        seen.append(orjson.dumps(frames.told(*found[:2]).docs["outages"]))
    assert seen == [b'[{"id":"x","depth":1}]', b'[{"id":"x","depth":1.0}]', b'[{"id":"x","depth":true}]']


def test_before_the_first_frame_nothing_is_known() -> None:
    assert frames.replayed(written([publication(1)]), START - timedelta(seconds=1)) is None


def test_a_frame_that_is_missing_is_noticed_and_not_passed_over() -> None:
    segment = written([publication(1), publication(2), publication(3)])
    with pytest.raises(frames.FrameError, match="is missing"):
        frames.replayed([segment[0], segment[2]])
    with pytest.raises(frames.FrameError, match="is missing"):
        frames.replayed(segment[1:])


@pytest.mark.parametrize("damaged", [b"", b"\x07" + bytes(20), bytes(13) + b"no deflate"])
def test_bytes_that_are_no_frame_are_an_error(damaged: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.replayed([damaged])


def test_what_stays_the_same_takes_next_to_nothing() -> None:
    states = {f"asn/{n}": {"state": "ok", "words": f"network {n}", "since": None} for n in range(2000)}
    same = {"docs": {"clock": {"now": "2026-03-02T00:00:00Z"}}, "states": states}
    after = {"docs": {"clock": {"now": "2026-03-02T00:01:00Z"}}, "states": states}
    first, second = written([same, after])
    assert len(second) < 100 < len(first)


@given(st.lists(PUBLICATION, min_size=1, max_size=6))
def test_steps_name_every_row_that_is_not_as_it_was(publications: list[dict[str, Any]]) -> None:
    before: dict[str, bytes] = {}
    for _when, rows, changed, _window in frames.steps(written(publications)):
        now = {name: orjson.dumps(row) for name, row in rows.items()}
        assert {name for name in {*before, *now} if before.get(name) != now.get(name)} <= changed
        before = now
