"""Holidays: worked out for every country, in the country's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.http import Http
from radar.sources.holidays import AHEAD, BACK, details, fetch, parse
from radar.times import parse as moment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    # nobody is asked: a client that is none would fail
    (answer,) = fetch(cast(Http, None), NOON - timedelta(days=1), NOON)
    assert parse(answer.body).rejected == ()
    return details(answer.body, name=answer.name)


def of(rows: list[dict[str, Any]], code: str, kind: str = "holiday") -> list[dict[str, Any]]:
    return [row for row in rows if row.get("places") == [f"country/{code}"] and row["kind"] == kind]


def test_half_of_all_countries_have_a_day_off_within_four_weeks(rows: list[dict[str, Any]]) -> None:
    told = {row["places"][0] for row in rows if row["row"] == "happening"}
    assert len(told) > 0.5 * len(countries())


def test_a_day_lasts_from_midnight_to_midnight_in_the_country(rows: list[dict[str, Any]]) -> None:
    (adwa,) = [row for row in of(rows, "ET") if row["title"] == "Adwa Victory Day"]
    assert (adwa["start"], adwa["end"]) == ("2026-03-01T21:00:00Z", "2026-03-02T21:00:00Z")


def test_a_day_of_a_country_with_many_zones_lasts_until_the_last_of_them(rows: list[dict[str, Any]]) -> None:
    (day,) = of(rows, "US")
    assert moment(day["end"]) - moment(day["start"]) == timedelta(hours=29)  # New York to Honolulu


def test_a_weekend_is_told_only_where_it_is_another_one(rows: list[dict[str, Any]]) -> None:
    assert of(rows, "DE", "weekend") == []
    fridays = of(rows, "IR", "weekend")
    assert {moment(f"{row['area']}T00:00:00Z").weekday() for row in fridays} == {4}
    assert len(fridays) == 4
    assert {moment(f"{row['area']}T00:00:00Z").weekday() for row in of(rows, "IQ", "weekend")} == {4, 5}


def test_what_is_no_longer_a_holiday_can_be_missed_in_the_span_of_the_answer(rows: list[dict[str, Any]]) -> None:
    (asked,) = [row for row in rows if row["row"] == "round"]
    assert moment(asked["until"]) - moment(asked["since"]) == timedelta(days=BACK + AHEAD - 2)


@pytest.mark.parametrize("body", [b"{}", b'{"countries":{}}', b'{"asked_at":"2026-03-02T00:00:00Z","countries":{}}',
                                  b'{"asked_at":"2026-03-02T00:00:00Z","from":"2001-01-01","until":"2099-01-01",'
                                  b'"countries":{}}'])  # fmt: skip
def test_an_answer_without_its_span_is_refused_and_says_what_was_expected(body: bytes) -> None:
    with pytest.raises(UpstreamChanged, match="expected days by country"):
        parse(body, name="x.json")
