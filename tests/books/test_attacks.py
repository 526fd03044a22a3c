"""The book of attacks: what it remembers, what replaces what, and when it says that something grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radar.books._tallies import Tally, direction, poisson
from radar.books.waf_events import MOST, AttackBook
from radar.shapes.attacks import AttackRule
from radar.times import rfc3339

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def row(at: datetime, matches: int, rule: str = "942100", *, grain: int = 300, **more: Any) -> dict[str, Any]:
    told = {"bin": rfc3339(at), "grain_s": grain, "rule": rule, "title": "", "cve": [], "matches": matches,
            "blocked": 0, "acted": 0, "first": rfc3339(at), "last": rfc3339(at), "countries": {}, "networks": {},
            "targets": {}, "providers": {}}  # fmt: skip
    return told | more


def book_of(*answers: list[dict[str, Any]], at: datetime = NOW) -> AttackBook:
    book = AttackBook()
    for rows in answers:
        book.take(rows, received_at=at, simulated=False)
    return book


def hours(count: int, matches: int, rule: str = "942100", *, until: datetime = NOW) -> list[dict[str, Any]]:
    return [row(until - HOUR * (count - i), matches, rule, grain=3600) for i in range(count)]


def rule_of(book: AttackBook, rule: str = "942100", now: datetime = NOW) -> AttackRule:
    return next(found for found in book.page(now)["rules"] if found["id"] == rule)


# Replacing -----------------------------------------------------------------------------------------------------------


def test_a_bin_that_comes_again_replaces_what_was_there() -> None:
    at = NOW - 10 * MINUTE
    assert rule_of(book_of([row(at, 5)], [row(at, 7)]))["total"] == 7


def test_a_bin_that_comes_again_without_a_rule_no_longer_counts_it() -> None:
    at = NOW - 10 * MINUTE
    book = book_of([row(at, 5), row(at, 2, "1")], [row(at, 2, "1")])
    assert rule_of(book)["total"] == 0


def test_a_whole_hour_replaces_its_bins() -> None:
    at = NOW - HOUR
    book = book_of([row(at, 5)], [row(at + 5 * MINUTE, 6)], [row(at, 20, grain=3600)])
    assert rule_of(book)["total"] == 20


def test_the_same_answers_twice_give_the_same_document() -> None:
    answers = [[row(NOW - 20 * MINUTE, 3)], hours(40, 4, until=NOW - HOUR), [row(NOW - 10 * MINUTE, 1, "7")]]
    assert book_of(*answers, *answers).page(NOW) == book_of(*answers).page(NOW)


def test_a_book_that_was_put_away_says_the_same_and_goes_on_the_same() -> None:
    book = book_of(hours(300, 3, until=NOW - HOUR), [row(NOW - 20 * MINUTE, 3, countries={"country/BR": 3})])
    again = AttackBook.load(book.dump())
    for one in (book, again):
        one.take([row(NOW - 5 * MINUTE, 8)], received_at=NOW, simulated=True)
    assert again.page(NOW) == book.page(NOW)


def test_a_match_ahead_of_the_clock_is_not_believed_and_counted() -> None:
    document = book_of([row(NOW - HOUR, 1)], [row(NOW + timedelta(days=400), 9, "8")]).page(NOW)
    assert [rule["id"] for rule in document["rules"]] == ["942100"]
    assert document["ahead"] == 1
    assert document["newest"] == rfc3339(NOW - HOUR + 5 * MINUTE)


# Counts --------------------------------------------------------------------------------------------------------------


def test_hours_in_which_nothing_was_heard_are_not_zero() -> None:
    book = book_of(hours(3, 2), [row(NOW - 5 * HOUR, 4, "1")])
    assert rule_of(book)["hourly"][-6:] == [None, 0, None, 2, 2, 2]


def test_days_outlast_hours_and_totals_outlast_days() -> None:
    rows = [row(NOW - timedelta(days=day), 10, grain=3600) for day in range(120, 0, -1)]
    found = rule_of(book_of(rows))
    assert found["total"] == 1200
    assert [count for count in found["daily"] if count is not None] == [10] * 89
    assert sum(filter(None, found["hourly"])) == 70
    assert found["first_seen"] == rfc3339(NOW - timedelta(days=120))


def test_a_bin_becomes_part_of_its_hour_without_losing_a_match() -> None:
    book = AttackBook()
    start = NOW - 30 * HOUR
    for number in range(360):
        at = start + number * 5 * MINUTE
        book.take([row(at, 1, countries={"country/BR": 1})], received_at=at + 5 * MINUTE, simulated=False)
    found = rule_of(book)
    assert found["total"] == 360
    assert found["day"]["matches"] == 288
    assert found["day"]["countries"] == [{"entity": "country/BR", "matches": 288, "share": 1.0, "usual": None}]
    assert found["week"]["countries"][0]["matches"] == 360


def test_origins_of_a_week_come_from_days_that_gave_their_hours_away() -> None:
    rows = [row(NOW - HOUR * back, 2, grain=3600, countries={"country/BR": 1, "country/FR": 1})
            for back in range(120, 0, -1)]  # fmt: skip
    week = rule_of(book_of(rows))["week"]
    assert week["matches"] == 240
    assert [(share["entity"], share["matches"]) for share in week["countries"]] == [
        ("country/BR", 120), ("country/FR", 120)]  # fmt: skip


def test_a_usual_share_is_that_of_the_other_rules() -> None:
    places = {"countries": {"country/BR": 1, "country/FR": 3}}
    book = book_of([row(NOW - HOUR, 10, "1", countries={"country/BR": 10}), row(NOW - HOUR, 4, "2", **places)])
    assert [share["usual"] for share in rule_of(book, "1")["day"]["countries"]] == [0.25]
    assert [share["usual"] for share in rule_of(book, "2")["day"]["countries"]] == [None, 1.0]


def test_the_refused_share_is_unknown_where_the_log_never_says() -> None:
    assert rule_of(book_of([row(NOW - HOUR, 10)]))["blocked"] is None
    assert rule_of(book_of([row(NOW - HOUR, 10, acted=4, blocked=1)]))["blocked"] == 0.25


def test_of_too_many_rules_the_smallest_and_oldest_go_and_are_counted() -> None:
    rows = [row(NOW - HOUR, 5 if number else 1, f"r{number}") for number in range(MOST + 1)]
    document = book_of(rows, [row(NOW - 5 * MINUTE, 3, "kept")]).page(NOW)
    names = {rule["id"] for rule in document["rules"]}
    assert len(names) == MOST
    assert "r0" not in names
    assert document["dropped_rules"] == 2


def test_what_is_kept_stays_small_however_many_places_there_are() -> None:
    tally = Tally()
    for number in range(10_000):
        one = Tally()
        one.matches, one.places = 1, {"networks": {f"asn/{number}": 1}}
        tally.add(one)
    assert tally.matches == 10_000
    assert len(tally.places["networks"]) <= 80


# First seen and trends -----------------------------------------------------------------------------------------------


def test_a_rule_is_new_only_where_records_reach_back_further() -> None:
    fresh = [row(NOW - 3 * HOUR, 4, "new")]
    assert rule_of(book_of(hours(100, 2, until=NOW - 4 * HOUR), fresh), "new")["trend"] == "new"
    young = rule_of(book_of(hours(10, 2, until=NOW - 4 * HOUR), fresh), "new")
    assert young["since_start"] is True
    assert young["trend"] is None


@pytest.mark.parametrize(("before", "now", "word"), [(10, 10, "steady"), (10, 25, "rising"), (10, 4, "falling"),
                                                     (1000, 1200, "steady")])  # fmt: skip
def test_a_trend_needs_a_clear_and_a_large_difference(before: int, now: int, word: str) -> None:
    book = book_of(hours(144, before, until=NOW - 24 * HOUR), hours(24, now))
    assert rule_of(book)["trend"] == word


def test_a_few_matches_more_are_no_rise() -> None:
    few = [row(NOW - HOUR * back, matches, grain=3600) for back, matches in ((160, 1), (100, 3), (2, 2))]
    book = book_of(sorted([*hours(168, 1, "other"), *few], key=lambda told: told["bin"]))
    assert rule_of(book)["trend"] == "steady"


def test_a_day_with_less_than_a_day_before_it_has_no_trend() -> None:
    assert rule_of(book_of(hours(30, 5)))["trend"] is None


def test_time_of_doubling_is_read_from_six_whole_hours() -> None:
    rows = [row(NOW - HOUR * (7 - i), 8 * 2**i, grain=3600) for i in range(7)]
    assert rule_of(book_of(hours(40, 8, until=NOW - 7 * HOUR), rows))["doubling_h"] == pytest.approx(1.0)
    assert rule_of(book_of(hours(48, 8)))["doubling_h"] is None


def test_intervals_hold_the_count_and_narrow_relative_to_it() -> None:
    for count in (0, 1, 5, 100, 10_000):
        low, high = poisson(count)
        assert low <= count <= high
    assert direction(20, 1, 20, 1, clear=1.5) == 0
    assert direction(100, 1, 20, 1, clear=1.5) == 1
    assert direction(20, 1, 100, 1, clear=1.5) == -1
