"""What every source of happenings promises of its rows, whatever the bytes: asked of each that there is."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.books import discover as books
from radar.books._context import ContextBook
from radar.entities import is_entity
from radar.errors import UpstreamChanged
from radar.shapes.context import KINDS, SOURCES, document
from radar.sources import discover
from radar.times import parse as moment
from tests.sources.fixtures import Case, cases
from tests.sources.happenings import as_csv

CASES = [case for name in SOURCES for case in cases(name)]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def rows_of(case: Case, body: bytes) -> list[dict[str, Any]] | None:
    """The rows, each as it must be, and as many as ``parse`` counts; None when upstream changed."""
    module: Any = discover()[case.source]
    try:
        rows: list[dict[str, Any]] = module.details(body, name=case.file.name)
    except UpstreamChanged:
        with pytest.raises(UpstreamChanged):
            module.parse(body, name=case.file.name)
        return None
    told = [row for row in rows if row["row"] == "happening"]
    assert module.parse(body, name=case.file.name).notes == {"happenings": len(told)}
    scopes = {row["scope"] for row in rows if row["row"] == "round"}
    for row in told:
        assert row["kind"] in KINDS
        assert row["title"]
        assert len(row["title"]) <= 2_100
        assert row["scope"] in scopes
        assert row["id"].startswith(f"{case.source}:")
        assert all(is_entity(place) for place in row["places"])
        assert row["end"] is None or moment(row["end"]) >= moment(row["start"])
        assert row["url"] == "" or row["url"].startswith(("http://", "https://"))
    for row in rows:
        if row["row"] == "round":
            assert moment(row["asked_at"])
    return rows


def test_the_sources_of_happenings_are_those_without_series_and_each_has_a_book() -> None:
    assert set(SOURCES) == {name for name, module in discover().items() if not module.SOURCE.signals}
    kept = {name: book for name, book in books().items() if issubclass(book, ContextBook)}
    assert set(kept) == set(SOURCES)
    assert {name: book().document for name, book in kept.items()} == {name: document(name) for name in SOURCES}


@every_case
def test_recorded_answer_gives_the_golden_happenings(case: Case) -> None:
    rows = rows_of(case, case.file.read_bytes())
    assert rows is not None
    assert as_csv(rows) == (case.folder / "happenings.csv").read_text(encoding="utf-8")
    assert len(rows) > 1


@every_case
def test_truncated_answer_gives_no_more_happenings(case: Case) -> None:
    body = case.file.read_bytes()
    whole = rows_of(case, body)
    assert whole is not None
    for at in range(0, len(body), max(1, len(body) // 60)):
        part = rows_of(case, body[:at])
        assert part is None or len(part) <= len(whole)


@every_case
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_damaged_answer_gives_whole_rows_or_upstream_changed(case: Case, data: st.DataObject) -> None:
    body = bytearray(case.file.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=8)):
        body[place] = data.draw(st.integers(0, 255))
    rows_of(case, bytes(body))


@every_case
def test_pieces_cut_out_and_repeated_give_whole_rows_or_upstream_changed(case: Case) -> None:
    chance = random.Random(7)
    body = case.file.read_bytes()
    for _ in range(60):
        a, b = sorted(chance.randrange(len(body)) for _ in range(2))
        rows_of(case, body[:a] + body[b:])
        rows_of(case, body[:b] + body[a:])


@every_case
def test_a_book_takes_the_answer_twice_and_says_the_same(case: Case) -> None:
    rows = rows_of(case, case.file.read_bytes())
    assert rows is not None
    at = moment(max(row["asked_at"] for row in rows if row["row"] == "round"))
    book = books()[case.source]()
    book.take(rows, received_at=at, simulated=False)
    once = book.page(at)
    book.take(rows, received_at=at, simulated=False)
    assert book.page(at) == once
    assert once["happenings"]
    assert type(book).load(book.dump()).page(at) == once
