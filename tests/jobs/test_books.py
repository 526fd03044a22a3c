"""The books over a real store and a real archive: read once, in order, whatever happens in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from jobs.books import Shelf
from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from radar.archive import Archive, ArchivedFile
from radar.books import discover
from radar.sources import discover as sources
from radar.sources import get
from radar.store import Store, documents

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
STEP = timedelta(minutes=5)


def matches(number: int) -> bytes:
    """Five matches of one rule in bin ``number``."""
    second = int((START + STEP * number).timestamp()) + 7
    row = {"time": second, "rule": "942100", "title": "Test rule", "action": "blocked", "country": "BR", "asn": 28573}
    return (orjson.dumps(row) + b"\n") * 5


def put(archive: Archive, body: bytes, number: int) -> ArchivedFile:
    parsed = get("waf_events").parse(body)
    return archive.put(
        "waf_events", f"{number}.ndjson", body, parsed.rows, received_at=START + STEP * (number + 1), simulated=True
    )


def make(client: Store, archive: Archive, folder: Path) -> Pipeline:
    clock = ClockMode("replay", 1.0, START, START + timedelta(hours=1))
    return Pipeline(client, archive, clock=clock, ledger=Ledger(folder), enabled=("waf_events",))


def total(client: Store) -> int:
    (rule,) = documents.get(client, "attacks")["rules"]
    return int(rule["total"])


@pytest.mark.parametrize("name", sorted(discover()))
def test_every_book_belongs_to_a_source_that_tells_details(name: str) -> None:
    assert name in sources()
    assert callable(getattr(sources()[name], "details", None))


@pytest.mark.parametrize("name", sorted(discover()))
def test_an_empty_book_has_a_page_and_comes_back_from_its_dump(name: str) -> None:
    book = discover()[name]()
    again = discover()[name].load(book.dump())
    assert orjson.dumps(again.page(START)) == orjson.dumps(book.page(START))


def test_a_book_is_published_with_the_series_and_goes_on_in_a_new_process(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, matches(0), 0)
    make(client, archive, tmp_path).tick(START + STEP)
    assert total(client) == 5
    put(archive, matches(1), 1)
    make(client, archive, tmp_path).tick(START + 2 * STEP)
    assert total(client) == 10, "the second process reads only what is new"
    make(client, archive, tmp_path).tick(START + 3 * STEP)
    assert total(client) == 10


def test_a_process_that_dies_before_it_published_is_repeated_and_counts_once(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, matches(0), 0)
    lost = make(client, archive, tmp_path)
    assert lost.shelf is not None
    assert lost.shelf.read() == 1
    make(client, archive, tmp_path).tick(START + STEP)
    assert total(client) == 5


def test_a_broken_answer_is_passed_over_and_the_ones_after_it_are_read(client: Store, tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    broken = put(archive, matches(0), 0)
    raw = next(path for path in tmp_path.rglob(f"*-{broken.digest}.zst") if "raw" in path.parts)
    raw.write_bytes(b"no frame of zstandard")
    put(archive, matches(1), 1)
    shelf = Shelf(client, archive)
    assert shelf.read() == 1
    (rule,) = shelf.pages(START + 2 * STEP)["attacks"]["rules"]
    assert rule["total"] == 5


def test_a_source_whose_details_fail_stops_neither_the_tick_nor_its_next_answer(
    client: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    put(archive, matches(0), 0)
    put(archive, matches(1), 1)
    module = get("waf_events")
    real = module.details  # type: ignore[attr-defined]

    def fails_once(body: bytes, *, name: str = "") -> list[dict[str, object]]:
        if name == "0.ndjson":
            raise ZeroDivisionError("a fault of its own")
        return real(body, name=name)  # type: ignore[no-any-return]

    monkeypatch.setattr(module, "details", fails_once)
    make(client, archive, tmp_path).tick(START + 2 * STEP)
    assert total(client) == 5


def test_without_answers_there_is_no_document(client: Store, tmp_path: Path) -> None:
    make(client, Archive(tmp_path), tmp_path).tick(START)
    assert documents.get(client, "attacks") is None, "nothing heard is not the same as nothing that matched"
