"""Calendars of planned work: zones, repetitions, exceptions, what is not told, and who is asked."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from radar.errors import ConfigError, UpstreamUnavailable
from radar.http import Http, Limits
from radar.sources._calendar import MOST_EVENTS, MOST_TIMES
from radar.sources._context import Place
from radar.sources._context import places as places_of
from radar.sources.planned_maintenance import details, fetch, parse

AT = datetime(2026, 3, 2, 7, tzinfo=UTC)


def event(*lines: str, uid: str = "a", title: str = "Work") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{title}", *lines, "END:VEVENT", ""])


def answer(*events: str, head: str = "", places: tuple[str, ...] = ("country/DE",)) -> bytes:
    text = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{head}{''.join(events)}END:VCALENDAR\r\n"
    return orjson.dumps({"scope": "s", "places": places, "asked_at": "2026-03-02T07:00:00Z", "body": text})


def told(*events: str, **more: Any) -> list[dict[str, Any]]:
    return [row for row in details(answer(*events, **more)) if row["row"] == "happening"]


def starts(*events: str, **more: Any) -> list[str]:
    return [row["start"] for row in told(*events, **more)]


def reasons(body: bytes) -> list[str]:
    return [item.reason for item in parse(body).rejected]


def test_three_in_the_morning_stays_three_when_clocks_change() -> None:
    found = starts(event("DTSTART;TZID=Europe/Berlin:20260322T030000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3"))
    assert found == ["2026-03-22T02:00:00Z", "2026-03-29T01:00:00Z", "2026-04-05T01:00:00Z"]


@pytest.mark.parametrize(
    ("line", "head", "start"),
    [
        ("DTSTART:20260303T020000Z", "", "2026-03-03T02:00:00Z"),
        ("DTSTART:20260303T020000", "", "2026-03-03T02:00:00Z"),
        ("DTSTART:20260303T020000", "X-WR-TIMEZONE:Asia/Tokyo\r\n", "2026-03-02T17:00:00Z"),
        ("DTSTART:20260303T020000", "X-WR-TIMEZONE:../../etc/passwd\r\n", "2026-03-03T02:00:00Z"),
        ("DTSTART;VALUE=DATE:20260303", "X-WR-TIMEZONE:Asia/Tokyo\r\n", "2026-03-02T15:00:00Z"),
        ("DTSTART;TZID=W. Europe Standard Time:20260303T020000", "", "2026-03-03T01:00:00Z"),
        ("DTSTART;TZID=/example.org/America/New_York:20260303T020000", "", "2026-03-03T07:00:00Z"),
    ],
)
def test_a_time_is_read_in_its_zone_the_calendar_s_or_utc(line: str, head: str, start: str) -> None:
    assert starts(event(line), head=head) == [start]


def test_a_zone_that_is_not_known_is_never_taken_for_utc() -> None:
    body = answer(event("DTSTART;TZID=Mars/Olympus:20260303T020000"))
    assert details(body)[1:] == []
    assert reasons(body) == ["an event whose times cannot be read"]


def test_exceptions_and_added_dates_count_and_a_moved_one_keeps_its_id() -> None:
    series = event("DTSTART:20260303T020000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3",
                   "EXDATE:20260304T020000Z", "RDATE:20260310T020000Z")  # fmt: skip
    before = told(series)
    assert [row["start"][:10] for row in before] == ["2026-03-03", "2026-03-05", "2026-03-10"]
    moved = event("RECURRENCE-ID:20260305T020000Z", "DTSTART:20260306T050000Z", "DURATION:PT2H")
    after = {row["id"]: row for row in told(series, moved)}
    assert set(after) == {row["id"] for row in before}
    assert after[before[1]["id"]]["start"] == "2026-03-06T05:00:00Z"


def test_the_newer_of_two_versions_of_an_event_counts() -> None:
    old = event("DTSTART:20260303T020000Z", "SEQUENCE:1", title="Old")
    new = event("DTSTART:20260304T020000Z", "SEQUENCE:2", title="New")
    assert [row["title"] for row in told(new, old)] == ["New"]


def test_a_cancelled_event_is_told_as_taken_back() -> None:
    (row,) = told(event("DTSTART:20260303T020000Z", "STATUS:CANCELLED"))
    assert row["withdrawn"]


@pytest.mark.parametrize(
    ("lines", "title", "expected"),
    [
        ((), "Work", ["country/DE"]),
        (("CATEGORIES:asn/64500,network", "LOCATION:geoasn/ID-23693"), "Work", ["asn/64500", "geoasn/ID-23693"]),
        ((), "Work on AS64500 and AS 64501", ["asn/64500", "asn/64501"]),
        (("LOCATION:Lisbon\\, Portugal",), "Work", ["country/PT"]),
        (("GEO:38.72;-9.14",), "Work", ["country/PT"]),
        (("GEO:99;999",), "Work", ["country/DE"]),
        (("CATEGORIES:country/XX",), "Work", ["country/DE"]),
    ],
)
def test_the_places_are_those_of_the_event_s_own_words_else_the_calendar_s(
    lines: tuple[str, ...], title: str, expected: list[str]
) -> None:
    (row,) = told(event("DTSTART:20260303T020000Z", *lines, title=title))
    assert row["places"] == expected


def test_private_events_and_people_are_not_told() -> None:
    private = event("DTSTART:20260303T020000Z", "CLASS:CONFIDENTIAL", uid="b", title="Secret")
    public = event("DTSTART:20260303T020000Z", "DESCRIPTION:call Jane", "ORGANIZER:mailto:jane@example.org",
                   "ATTENDEE:mailto:joe@example.org", uid="jane@example.org")  # fmt: skip
    body = answer(private, public)
    text = orjson.dumps(details(body)).decode() + str(parse(body).rejected)
    assert not {"Secret", "Jane", "jane", "joe"} & set(
        text.replace(":", " ").replace("@", " ").replace('"', " ").split()
    )
    assert reasons(body) == ["a private event"]


def test_an_event_of_nowhere_is_rejected() -> None:
    assert reasons(answer(event("DTSTART:20260303T020000Z"), places=())) == ["an event without a title or a place"]


def test_a_zone_that_the_file_describes_is_not_worked_out() -> None:
    lines = [
        "BEGIN:VTIMEZONE", "TZID:Trap", "BEGIN:STANDARD", "DTSTART:19000101T000000", "TZOFFSETFROM:+0000",
        "TZOFFSETTO:+0100", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "END:STANDARD", "END:VTIMEZONE", "",
    ]  # fmt: skip
    zone = "\r\n".join(lines)
    began = time.perf_counter()
    assert starts(
        event("DTSTART;TZID=Trap:20260303T020000"), event("DTSTART:20260303T020000Z", uid="b"), head=zone
    ) == ["2026-03-03T02:00:00Z"]
    assert time.perf_counter() - began < 2


def test_too_many_events_and_occurrences_are_bounded() -> None:
    rows = told(*(event("DTSTART:20260303T020000Z", uid=str(n)) for n in range(MOST_EVENTS + 5)))
    assert len(rows) == MOST_EVENTS
    dates = ",".join(f"202603{day:02}T{hour:02}0000Z" for day in range(3, 25) for hour in range(24))
    assert len(told(event("DTSTART:20260303T020000Z", f"RDATE:{dates}"))) <= MOST_TIMES


@pytest.mark.parametrize(
    "text",
    ["", "<html></html>", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
     "BEGIN:VCALENDAR\r\n" + "BEGIN:VEVENT\r\n" * 9_000 + "END:VCALENDAR",
     "BEGIN:VCALENDAR\r\n" + "X" * 1_000_001, "BEGIN:VCALENDAR\r\n" + "A;" * 100_000],
    ids=range(7),
)  # fmt: skip
def test_what_is_no_calendar_is_told_as_an_error_of_that_place_alone(text: str) -> None:
    line = orjson.dumps({"scope": "bad", "places": [], "asked_at": "2026-03-02T07:00:00Z", "body": text})
    rows = details(line + b"\n" + answer(event("DTSTART:20260303T020000Z")))
    assert [row["error"] is None for row in rows if row["row"] == "round"] == [False, True]
    assert [row["scope"] for row in rows if row["row"] == "happening"] == ["s"]


def test_each_calendar_is_read_and_one_that_fails_is_told_without_its_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "own.ics"
    file.write_bytes(orjson.loads(answer(event("DTSTART:20260303T020000Z")))["body"].encode())
    monkeypatch.setenv("RADAR_PLANNED_MAINTENANCE", f"asn/64500={file} https://plans.example.org/private-token/x.ics")

    def upstream(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(404)

    with Http(transport=httpx.MockTransport(upstream), sleep=lambda _s: None, limits=Limits(tries=1)) as http:
        (found,) = fetch(http, AT, AT)
        assert b"private-token" not in found.body
        assert str(tmp_path).encode() not in found.body
        rows = details(found.body, name=found.name)
        assert [row["places"] for row in rows if row["row"] == "happening"] == [["asn/64500"]]
        assert next(row["error"] for row in rows if row["row"] == "round" and row["error"]).startswith(
            "plans.example.org"
        )
        monkeypatch.setenv("RADAR_PLANNED_MAINTENANCE", "https://plans.example.org/private-token/x.ics")
        asked = fetch(http, AT, AT)
        next(asked)
        with pytest.raises(UpstreamUnavailable, match="none of 1 calendars") as error:
            next(asked)
        assert "private" not in str(error.value)


def test_without_a_setting_or_with_an_entity_that_is_none_it_says_what_it_expects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RADAR_PLANNED_MAINTENANCE", raising=False)
    with (
        Http(transport=httpx.MockTransport(lambda _r: httpx.Response(404))) as http,
        pytest.raises(ConfigError, match="empty"),
    ):
        next(fetch(http, AT, AT))
    with pytest.raises(ConfigError, match="country/DE or asn/5089"):
        places_of("planned_maintenance", "country/XX=plan.ics")


def test_no_address_stands_in_an_error_not_even_one_that_it_was_sent_to() -> None:
    place = Place("https://a.example/token/x", ())
    told = place.trouble(ValueError("https://a.example/token/x redirects to https://b.example/other-token?x=1"))
    assert told == "a.example: a.example redirects to a.example"
    assert "secret" not in Place("plans/secret/x.ics", ()).trouble(FileNotFoundError(2, "none", "plans/secret/x.ics"))


def test_an_address_may_hold_the_sign_that_names_an_entity() -> None:
    assert places_of("planned_maintenance", "https://a.example/x?country/DE=1") == [
        Place("https://a.example/x?country/DE=1", ())
    ]
