"""The book of happenings: corrected, taken back, kept for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radar.books import _context as context
from radar.books._context import KEPT, ContextBook, book_of
from radar.sources._context import happening, round_row
from radar.times import rfc3339

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Book = book_of("made_up")


def asked(at: datetime, *, error: str | None = None, scope: str = "s", listing: bool = True) -> dict[str, Any]:
    since, until = (rfc3339(NOON - 10 * HOUR), rfc3339(NOON + 10 * HOUR)) if listing else (None, None)
    return round_row(scope, rfc3339(at), since=since, until=until, error=error)


def row(id: str = "a", start: datetime = NOON, **changed: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {"scope": "s", "id": id, "kind": "maintenance", "title": "T", "places": ["country/DE"],
                             "start": rfc3339(start), "end": rfc3339(start + HOUR)}  # fmt: skip
    return happening(**{**usual, **changed})


def taken(*answers: tuple[datetime, list[dict[str, Any]]]) -> ContextBook:
    book = Book()
    for at, rows in answers:
        book.take(rows, received_at=at, simulated=False)
    return book


def only(book: ContextBook, at: datetime = NOON + HOUR) -> Any:
    (found,) = book.page(at)["happenings"]
    return found


def test_what_is_said_again_in_the_same_words_was_not_changed() -> None:
    found = only(taken((NOON, [asked(NOON), row()]), (NOON + HOUR, [asked(NOON + HOUR), row()])))
    assert (found["known_at"], found["changed_at"], found["withdrawn_at"]) == (rfc3339(NOON), None, None)


def test_a_correction_takes_the_place_of_what_was_said_and_tells_when() -> None:
    later = NOON + HOUR
    found = only(taken((NOON, [asked(NOON), row()]), (later, [asked(later), row(start=NOON + HOUR)])))
    assert found["start"] == rfc3339(NOON + HOUR)
    assert (found["known_at"], found["changed_at"]) == (rfc3339(NOON), rfc3339(later))


def test_what_is_no_longer_listed_was_taken_back_and_says_when() -> None:
    later = NOON + HOUR
    found = only(taken((NOON, [asked(NOON), row()]), (later, [asked(later)])))
    assert found["withdrawn_at"] == rfc3339(later)


def test_what_is_listed_again_stands_again() -> None:
    book = taken(*((NOON + n * HOUR, [asked(NOON + n * HOUR), *rows]) for n, rows in enumerate([[row()], [], [row()]])))
    assert only(book, NOON + 3 * HOUR)["withdrawn_at"] is None


@pytest.mark.parametrize(
    "later",
    [
        [asked(NOON + HOUR, error="answered 503")],
        [asked(NOON + HOUR, listing=False)],
        [asked(NOON + HOUR, scope="another")],
        [asked(NOON - HOUR)],
    ],
    ids=["not read", "no listing", "another place", "an older answer"],
)
def test_an_answer_that_says_nothing_of_it_takes_nothing_back(later: list[dict[str, Any]]) -> None:
    found = only(taken((NOON, [asked(NOON), row()]), (NOON + HOUR, later)))
    assert found["withdrawn_at"] is None


def test_what_lies_outside_of_the_listed_span_is_not_missed() -> None:
    far = NOON + 11 * HOUR
    found = only(taken((NOON, [asked(NOON), row(start=far)]), (NOON + HOUR, [asked(NOON + HOUR)])))
    assert found["withdrawn_at"] is None


def test_a_cancelled_one_stays_and_says_since_when() -> None:
    later = [(NOON + n * HOUR, [asked(NOON + n * HOUR), row(withdrawn=True)]) for n in (1, 2)]
    found = only(taken((NOON, [asked(NOON), row()]), *later), NOON + 3 * HOUR)
    assert found["withdrawn_at"] == rfc3339(NOON + HOUR)


def test_one_that_replaces_another_is_known_since_the_other_was() -> None:
    later = NOON + HOUR
    new = row("b", title="U", replaces=["a"])
    found = only(taken((NOON, [asked(NOON, listing=False), row()]), (later, [asked(later, listing=False), new])))
    assert (found["id"], found["known_at"], found["changed_at"]) == ("b", rfc3339(NOON), rfc3339(later))


def test_an_older_answer_adds_and_changes_nothing_else() -> None:
    earlier = NOON - HOUR
    book = taken((NOON, [asked(NOON), row()]), (NOON, [asked(earlier), row(title="old"), row("b")]))
    assert {h["id"]: h["title"] for h in book.page(NOON)["happenings"]} == {"a": "T", "b": "T"}


def test_an_error_is_told_until_the_place_is_read_again() -> None:
    later = NOON + HOUR
    book = taken((NOON, [asked(NOON), row()]), (later, [asked(later, error="client 192.0.2.7 refused")]))
    page = book.page(later)
    assert (page["asked_at"], page["read_at"]) == (rfc3339(later), rfc3339(NOON))
    assert page["error"] == "client [address] refused"
    book.take([asked(later + HOUR)], received_at=later + HOUR, simulated=False)
    assert book.page(later + HOUR)["error"] is None


def test_a_place_that_was_never_read_leaves_the_time_of_reading_unknown() -> None:
    page = taken((NOON, [asked(NOON), asked(NOON, scope="t", error="x")])).page(NOON)
    assert (page["read_at"], page["error"]) == (None, "x")


def test_a_place_that_is_asked_no_more_is_forgotten_with_what_it_told_of_the_time_to_come() -> None:
    later = NOON + HOUR
    book = taken((NOON, [asked(NOON), asked(NOON, scope="t", error="x"), row("was", scope="t"),
                         row("comes", later + HOUR, scope="t"), row("b")]),
                 (later, [asked(later), row("b")]))  # fmt: skip
    page = book.page(later)
    assert [h["id"] for h in page["happenings"]] == ["b", "was"]
    assert (page["read_at"], page["error"]) == (rfc3339(later), None)


def test_an_older_answer_makes_no_place_forgotten() -> None:
    book = taken((NOON, [asked(NOON), row("a", NOON + HOUR)]), (NOON, [asked(NOON - HOUR, scope="t")]))
    assert [h["id"] for h in book.page(NOON)["happenings"]] == ["a"]


def test_what_was_read_after_the_moment_asked_for_is_left_out() -> None:
    assert taken((NOON, [asked(NOON), row()])).page(NOON - HOUR)["happenings"] == []


def test_a_month_after_its_end_it_is_dropped() -> None:
    book = taken((NOON, [asked(NOON), row()]))
    still = NOON + HOUR + KEPT
    book.take([asked(still)], received_at=still, simulated=False)
    assert book.page(still)["happenings"]
    book.take([asked(still + HOUR)], received_at=still + HOUR, simulated=False)
    assert book.page(still + HOUR)["happenings"] == []


def test_too_many_are_dropped_the_oldest_first_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST", 3)
    rows = [row(f"n{n}", NOON + n * HOUR) for n in range(5)]
    page = taken((NOON, [asked(NOON), *rows])).page(NOON)
    assert [h["id"] for h in page["happenings"]] == ["n2", "n3", "n4"]
    assert page["dropped"] == 2


def test_a_book_that_is_loaded_again_says_the_same() -> None:
    book = taken((NOON, [asked(NOON), row()]))
    assert Book.load(book.dump()).page(NOON) == book.page(NOON)
