"""The book of what providers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from radar.books.provider_status import MOST, StatusBook
from radar.times import rfc3339

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def page(at: datetime, error: str | None = None, provider: str = "github") -> dict[str, Any]:
    return {"kind": "page", "provider": provider, "asked_at": rfc3339(at), "error": error}


def incident(at: datetime, id: str = "a", **changed: Any) -> dict[str, Any]:
    usual = {
        "kind": "incident", "provider": "github", "asked_at": rfc3339(at), "id": id, "title": "T", "impact": "minor",
        "status": "investigating", "over": False, "started_at": rfc3339(NOON), "created_at": rfc3339(NOON),
        "resolved_at": None, "url": "", "components": [], "regions": [], "updates": [],
    }  # fmt: skip
    return {**usual, **changed}


def taken(*rounds: tuple[datetime, list[dict[str, Any]]]) -> StatusBook:
    book = StatusBook()
    for at, rows in rounds:
        book.take(rows, received_at=at, simulated=True)
    return book


def only(book: StatusBook, at: datetime) -> Any:
    (row,) = book.page(at)["providers"]["github"]["incidents"]
    return row


FIVE = timedelta(minutes=5)


def test_the_time_of_first_reading_stays_while_the_incident_changes() -> None:
    first, second = NOON + FIVE, NOON + 2 * FIVE
    book = taken((first, [page(first), incident(first)]), (second, [page(second), incident(second, impact="major")]))
    row = only(book, second)
    assert row["impact"] == "major"
    assert row["first_seen"] == rfc3339(first)


def test_an_open_incident_that_is_gone_is_neither_open_nor_resolved() -> None:
    first, second = NOON + FIVE, NOON + 2 * FIVE
    row = only(taken((first, [page(first), incident(first)]), (second, [page(second)])), second)
    assert (row["open"], row["listed"], row["resolved_at"]) == (False, False, None)


def test_a_page_that_could_not_be_read_closes_nothing_and_says_why() -> None:
    first, second = NOON + FIVE, NOON + 2 * FIVE
    book = taken((first, [page(first), incident(first)]), (second, [page(second, "answered 503")]))
    says = book.page(second)["providers"]["github"]
    assert says["incidents"][0]["open"]
    assert says["error"] == "answered 503"
    assert says["read_at"] == rfc3339(first)
    assert says["asked_at"] == rfc3339(second)


def test_a_round_that_comes_late_takes_nothing_away() -> None:
    first, second = NOON + FIVE, NOON + 2 * FIVE
    row = only(taken((second, [page(second), incident(second)]), (second, [page(first)])), second)
    assert row["open"]


def test_ninety_days_and_so_many_incidents_are_kept_and_what_is_open_stays() -> None:
    old = rfc3339(NOON - timedelta(days=91))
    rows = [page(NOON), incident(NOON, "old", created_at=old, over=True), incident(NOON, "open", created_at=old)]
    rows += [incident(NOON, f"n{n}", over=True) for n in range(MOST - 1)]
    ids = [row["id"] for row in taken((NOON, rows)).page(NOON)["providers"]["github"]["incidents"]]
    assert len(ids) == MOST
    assert "open" in ids
    assert "old" not in ids


def test_a_book_that_is_loaded_again_says_the_same() -> None:
    book = taken((NOON, [page(NOON), incident(NOON)]))
    assert StatusBook.load(book.dump()).page(NOON) == book.page(NOON)
