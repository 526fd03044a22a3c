from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radar.books.dns_logs import DnsBook
from radar.times import rfc3339

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
STEP = timedelta(minutes=5)


def rows(
    at: datetime, *, failed: int | None = 0, queries: int = 100, zone: str = "shop.example"
) -> list[dict[str, Any]]:
    row = {"bin": rfc3339(at), "nxdomain": 0, "clients": 9, "servers": {"64496": failed} if failed else {}}
    total = None if failed is None else failed + 2
    return [
        row | {"zone": "", "queries": 1000, "failed": total},
        row | {"zone": zone, "queries": queries, "failed": failed},
    ]


def played(quiet: int = 24, failing: int = 6) -> tuple[DnsBook, datetime]:
    book, at = DnsBook(), BEGIN
    for number in range(quiet + failing):
        bad = number >= quiet
        book.take(rows(at, failed=90 if bad else 0, queries=300 if bad else 100), received_at=at + STEP, simulated=True)
        at += STEP
    return book, at


def test_a_failing_zone_is_told_against_its_day_before() -> None:
    book, now = played()
    (zone,) = book.page(now)["zones"]
    assert zone["zone"] == "shop.example"
    assert zone["since"] == rfc3339(BEGIN + 24 * STEP)
    assert zone["share_before"] == 0.0
    assert zone["times"] == (6 * 300 + 6 * 100) / 12 / 100
    assert zone["networks"] == ["asn/64496"]


def test_words_say_whose_zones_the_failures_ask_for() -> None:
    book, now = played()
    assert "96 % of the failing ones ask for zones of AS64496" in book.page(now)["words"]


def test_a_zone_that_has_recovered_is_not_told() -> None:
    book, now = played()
    for _ in range(8):
        book.take(rows(now), received_at=now + STEP, simulated=True)
        now += STEP
    assert book.page(now)["zones"] == []


def test_a_bin_that_comes_again_replaces_what_was_there() -> None:
    book, now = played()
    before = book.page(now)
    book.take(rows(now - STEP, failed=90, queries=300), received_at=now, simulated=True)
    assert book.page(now) == before


def test_a_bin_of_the_future_is_not_believed() -> None:
    book, now = played()
    book.take(rows(now + timedelta(days=400), failed=50), received_at=now, simulated=True)
    assert book.page(now + timedelta(days=500))["at"] == rfc3339(now)


def test_logs_without_ends_say_so() -> None:
    book = DnsBook()
    book.take(rows(BEGIN, failed=None), received_at=BEGIN + STEP, simulated=False)
    page = book.page(BEGIN + STEP)
    assert page["failed"] is None
    assert page["zones"] == []
    assert "not how it ended" in page["words"]


def test_the_book_survives_a_restart_and_stays_small() -> None:
    book, now = played(quiet=400)
    again = DnsBook.load(book.dump())
    assert again.page(now) == book.page(now)
    assert again.dump() == book.dump()
    assert len(again.bins) <= 24
    assert len(again.hours) <= 27


def test_who_would_answer_the_failing_names_is_told_with_their_part_of_the_failures() -> None:
    book, now = played()
    (row,) = book.unanswered(now)
    assert (row.network, row.zones) == ("asn/64496", ("shop.example",))
    assert row.share == pytest.approx(90 * 6 / (92 * 6 + 2 * 6))
    assert row.times == pytest.approx(2.0)


def test_all_networks_of_a_zones_provider_would_answer_it() -> None:
    book, at = DnsBook(), BEGIN
    for _ in range(3):
        book.take(rows(at, failed=90, zone="github.com"), received_at=at + STEP, simulated=True)
        at += STEP
    assert {row.network for row in book.unanswered(at)} >= {"asn/36459", "asn/64496"}


def test_a_bin_that_has_just_begun_says_nothing_yet() -> None:
    book, now = played(quiet=0, failing=1)
    assert book.unanswered(now - STEP) == []
    assert len(book.unanswered(now)) == 1


def test_where_ends_are_not_known_nobody_is_named() -> None:
    book = DnsBook()
    book.take(rows(BEGIN, failed=None), received_at=BEGIN + STEP, simulated=False)
    assert book.unanswered(BEGIN + STEP) == []


def test_an_empty_book_has_a_page() -> None:
    assert DnsBook().page(BEGIN)["at"] is None
    assert DnsBook().unanswered(BEGIN) == []
