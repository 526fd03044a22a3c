"""What people said, laid over what the detector says: nothing is deleted, and the same words give the same document."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar import reviews
from radar.shapes import Outage
from radar.shapes.reviews import Review
from radar.times import parse, rfc3339
from tests import samples

NOW = samples.NOW
IRAQ, FIJI = "IQ-20260302T0500Z", "FJ-20260302T0100Z"


def said(kind: str, outage: str = IRAQ, number: int = 1, *, hours_ago: float = 0.5, **more: Any) -> Review:
    at = rfc3339(NOW - timedelta(hours=hours_ago))
    return {"id": f"r{number}", "at": at, "wall": at, "by": "Desk", "kind": kind, "outage": outage,
            "reason": "the operator says so", **more}  # type: ignore[return-value, typeddict-item]  # fmt: skip


def laid(*entries: Review, now: datetime = NOW) -> dict[str, Outage]:
    outages: list[Outage] = samples.sample_outages()  # type: ignore[assignment]  # the samples have the whole shape
    return {outage["id"]: outage for outage in reviews.apply(outages, entries, now)}


def machine(id: str = IRAQ) -> dict[str, Any]:
    return next(outage for outage in samples.sample_outages() if outage["id"] == id)


def test_without_reviews_nothing_changes() -> None:
    assert list(laid().values()) == samples.sample_outages()


def test_a_confirmation_names_who_why_and_when_and_changes_no_finding() -> None:
    found = laid(said("confirm"))[IRAQ]
    assert found["reviews"] == [said("confirm")]
    assert found["updates"][-1] == {"at": "2026-03-02T11:30:00Z", "kind": "confirmed", "review": "r1",
                                    "text": "Confirmed by Desk: the operator says so"}  # fmt: skip
    assert found["said_before"] == {}
    assert {name: found[name] for name in ("status", "start", "end", "causes")} == {  # type: ignore[literal-required]
        name: machine()[name] for name in ("status", "start", "end", "causes")
    }


def test_a_false_alarm_is_retracted_with_the_reason_and_stays() -> None:
    found = laid(said("false_alarm"))[IRAQ]
    assert (found["status"], found["retraction"]) == ("retracted", "Desk: the operator says so")
    assert found["end"] == "2026-03-02T11:30:00Z", "an open one ends when it was taken back"
    assert found["confidence"] is None
    assert found["headline"].startswith("Taken back: Iraq has been mostly offline")
    assert found["said_before"]["status"] == "open"
    assert found["said_before"]["headline"] == machine()["headline"]
    assert [row["kind"] for row in found["updates"]] == ["opened", "updated", "corrected", "retracted"]


def test_a_correction_shows_the_corrected_times_and_what_was_said_before() -> None:
    found = laid(said("correct", start="2026-03-02T04:40:00Z", end="2026-03-02T09:40:00Z", level="degraded",
                      before={"start": "2026-03-02T05:00:00Z", "end": None, "level": "outage"}))[IRAQ]  # fmt: skip
    assert (found["start"], found["end"], found["level"]) == (
        "2026-03-02T04:40:00Z", "2026-03-02T09:40:00Z", "degraded")  # fmt: skip
    assert found["start_earliest"] == "2026-03-02T04:40:00Z", "never after the start"
    assert found["status"] == "closed", "what has ended is not open"
    assert found["severity"]["minutes"] == 300
    assert found["said_before"]["start"] == "2026-03-02T05:00:00Z"
    assert found["headline"] == (
        "Iraq: degraded from 04:40 UTC on 2 March 2026 to 09:40 UTC on 2 March 2026, as corrected."
    )
    assert found["updates"][-1]["text"] == (
        "Corrected by Desk: start: 04:40 UTC on 2 March 2026 instead of 05:00 UTC on 2 March 2026, "
        "end: 09:40 UTC on 2 March 2026 instead of none, level: degraded instead of outage. the operator says so"
    )


@pytest.mark.parametrize(
    ("change", "minutes", "time"),
    [({"start": "2026-03-02T04:40:00Z"}, 440, "7 h 20 min"), ({"end": "2026-03-02T10:00:00Z"}, 300, "5 h")],
)
def test_how_bad_it_was_is_told_of_the_corrected_time(change: dict[str, Any], minutes: float, time: str) -> None:
    listed: list[Any] = samples.sample_outages()
    found = next(row for row in listed if row["id"] == IRAQ)
    found["severity"]["words"] = "Up to 97 % lost for 7 h; about 9 million people."
    severity = reviews.apply(listed, [said("correct", **change)], NOW)[listed.index(found)]["severity"]
    assert severity["minutes"] == minutes
    assert severity["words"] == f"Up to 97 % lost for {time}; about 9 million people."


def test_a_corrected_cause_is_somebody_s_word_and_no_probability_of_ours() -> None:
    found = laid(said("correct", cause="power"))[IRAQ]
    assert found["causes"] == [
        {"cause": "power", "p": 1.0, "by": "Desk", "for": ["Desk says so: the operator says so"], "against": []}
    ]
    assert found["said_before"] == {"causes": machine()["causes"]}
    assert found["headline"] == machine()["headline"], "times and level are as they were"


def test_the_last_word_counts_field_by_field() -> None:
    found = laid(
        said("correct", number=1, hours_ago=2, start="2026-03-02T04:40:00Z", level="degraded"),
        said("correct", number=2, hours_ago=1, start="2026-03-02T04:50:00Z"),
    )[IRAQ]
    assert (found["start"], found["level"]) == ("2026-03-02T04:50:00Z", "degraded")


def test_who_confirms_after_a_false_alarm_brings_it_back() -> None:
    found = laid(said("false_alarm", hours_ago=2), said("confirm", number=2, hours_ago=1))[IRAQ]
    assert found["status"] == "open"
    assert [row["kind"] for row in found["updates"]][-2:] == ["retracted", "confirmed"], "both stay on record"


def test_what_was_taken_back_no_longer_counts_and_stays_on_record() -> None:
    found = laid(said("false_alarm", hours_ago=2), said("withdraw", number=2, hours_ago=1, entry="r1"))[IRAQ]
    assert found["status"] == "open"
    assert found["headline"] == machine()["headline"]
    assert found["reviews"][0]["withdrawn"] == "r2"
    assert found["updates"][-1]["text"] == (
        "Desk takes back “False alarm” of 10:00 UTC on 2 March 2026: the operator says so"
    )


def test_the_detector_s_outage_comes_back_from_any_reviewed_one() -> None:
    entries = (said("correct", hours_ago=3, start="2026-03-02T04:40:00Z", cause="power"),
               said("false_alarm", number=2, hours_ago=2),
               said("mute", number=3, hours_ago=1, until="2026-03-09T00:00:00Z"))  # fmt: skip
    for id, found in laid(*entries).items():
        assert reviews.bare(found) == machine(id)


def test_laying_the_same_words_over_a_reviewed_outage_changes_nothing() -> None:
    entries = [said("correct", start="2026-03-02T04:40:00Z"), said("false_alarm", number=2, hours_ago=0.2)]
    once = list(laid(*entries).values())
    assert reviews.apply(once, entries, NOW) == once
    assert reviews.apply(once, list(once[0].get("reviews", [])), NOW)[0] == once[0]


def test_what_is_said_later_than_the_radar_s_clock_is_not_told_yet() -> None:
    assert "reviews" not in laid(said("confirm"), now=NOW - timedelta(hours=1))[IRAQ]


def test_reviews_of_outages_that_are_not_there_are_passed_over() -> None:
    assert list(laid(said("confirm", "XX-1")).values()) == samples.sample_outages()


# -- mutes -------------------------------------------------------------------------------------------------------------


def test_a_mute_counts_until_its_date_and_then_no_more() -> None:
    mute = said("mute", until="2026-03-02T12:30:00Z")
    assert laid(mute)[IRAQ]["muted"] == {
        "until": "2026-03-02T12:30:00Z", "by": "Desk", "reason": "the operator says so", "entry": "r1", "outage": IRAQ,
    }  # fmt: skip
    assert "muted" not in laid(mute, now=parse("2026-03-02T12:30:00Z"))[IRAQ]
    assert laid(mute)[IRAQ]["status"] == "open", "it hides nothing of what is so"


def test_unmute_ends_a_mute() -> None:
    mute = said("mute", hours_ago=2, until="2026-03-09T00:00:00Z")
    assert "muted" not in laid(mute, said("unmute", number=2, hours_ago=1))[IRAQ]


def test_a_mute_covers_the_parts_of_the_outage() -> None:
    found = laid(said("mute", until="2026-03-09T00:00:00Z"))
    assert {id for id, row in found.items() if "muted" in row} == {
        IRAQ, "AS21277-20260302T0500Z", "IQ-51684-20260302T0510Z",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signals", "hours_later", "muted"),
    [
        (("edge.requests",), 1, True),
        (("edge.requests", "ping.up_24s"), 1, True),
        (("edge.requests", "dns.queries"), 1, False),  # another signal sees it too: that is news
        ((), 1, False),
        (("edge.requests",), -1, False),  # it was there before the muted one
    ],
)
def test_a_mute_covers_later_outages_of_the_same_entity_and_signals_only(
    signals: tuple[str, ...], hours_later: float, muted: bool
) -> None:
    first = machine()
    start = rfc3339(parse(first["start"]) + timedelta(hours=hours_later))
    rows = [{"signal": name, "source": "x", "verdict": "affected", "first_seen": start} for name in signals]
    second = {**first, "id": "second", "start": start, "signals": rows, "children": []}
    outages: list[Outage] = [second, first]  # type: ignore[list-item]  # both have the whole shape
    found = reviews.apply(outages, [said("mute", until="2026-03-09T00:00:00Z")], NOW)
    assert ("muted" in found[0]) is muted
    assert reviews.touched(outages, [said("mute", until="2026-03-09T00:00:00Z")]) == {"second", IRAQ}


# -- entries as they were written --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "praise"}, "kind is 'praise'"),
        ({"by": None}, "by is None; expected a text"),
        ({"outage": 5}, "outage is 5; expected a text"),
        ({"at": "yesterday"}, "at is 'yesterday'; expected an RFC 3339 time"),
        ({"kind": "mute"}, "until is None; expected a text"),
        ({"kind": "mute", "until": "2026-03-09"}, "until is '2026-03-09'; expected an RFC 3339 time"),
        ({"kind": "withdraw"}, "entry is None; expected a text"),
        ({"kind": "correct", "start": 7}, "start is 7; expected an RFC 3339 time"),
        ({"kind": "correct", "level": "bad"}, "level is 'bad'; expected degraded or outage"),
        ({"kind": "correct", "cause": "aliens"}, "cause is 'aliens'"),
        ({"kind": ["mute"]}, "kind is ['mute']"),
        ({"at": "0001-01-01T00:00:00+05:00"}, "at is '0001-01-01T00:00:00+05:00'; expected an RFC 3339 time"),
        ({"kind": "correct", "before": "05:00"}, "before is '05:00'"),
        ({"kind": "correct", "level": "outage", "before": {"level": "bad"}}, "level is 'bad'"),
        ({"kind": "correct", "start": "2026-03-02T04:00:00Z", "before": {"start": "05:00"}}, "start is '05:00'"),
    ],
)
def test_an_entry_that_is_no_review_is_told_and_the_others_count(change: dict[str, Any], why: str) -> None:
    found, wrong = reviews.readable([{**said("confirm"), **change}, said("confirm", number=2)])
    assert [row["id"] for row in found] == ["r2"]
    assert len(wrong) == 1
    assert why in wrong[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["2026-03-02T11:00:00Z", "2026-03-02", IRAQ, FIJI, "r1", "outage", "power", *reviews.KINDS]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["start", "end", "level"]), inner),
    max_leaves=4,
)  # fmt: skip
_FIELDS = ("id", "at", "by", "kind", "outage", "reason", "until", "entry", "start", "end", "level", "cause", "before",
           "withdrawn")  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(_FIELDS), _JSON), max_size=4), st.booleans())
def test_whatever_stands_in_the_journal_a_publication_comes_of_it(entries: list[dict[str, Any]], whole: bool) -> None:
    full = [{**said("confirm", number=number), **entry} for number, entry in enumerate(entries)] if whole else entries
    found, wrong = reviews.readable(full)
    assert len(found) + len(wrong) == len(full)
    for outage in laid(*found).values():
        assert reviews.bare(outage) == machine(outage["id"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  two\r\n lines\t ", "two lines"),
        ("bell \x07 escape \x1b[2J", "bell \ufffd escape \ufffd[2J"),
        ("right\u202eto left", "right\ufffdto left"),
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # escaped by whoever shows it
        ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)
def test_words_are_cleaned_of_what_steers_a_screen_and_of_nothing_else(text: str, shown: str) -> None:
    assert reviews.clean(text) == shown


def test_words_that_are_too_long_in_the_file_are_cut() -> None:
    found, _wrong = reviews.readable([{**said("confirm"), "by": "n" * 10_000, "reason": "x" * 10_000}])
    assert (len(found[0]["by"]), len(found[0]["reason"])) == (reviews.MOST_NAME, reviews.MOST_REASON)
