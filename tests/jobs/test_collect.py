"""Collection: bytes first, each source for itself, and no store needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from jobs.collect import Collector, collect, enabled, keep
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.http import Http
from radar.schema import SIGNALS, Parsed, Rejected
from radar.settings import load
from radar.sources import Answer, get

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = get("ioda_signals").SOURCE


def one_row() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "timebin": NOW - timedelta(minutes=10),
                "entity": "country/IQ",
                "signal": "bgp.visible_24s",
                "value": 4.0,
                "n": None,
            }
        ],
        schema=SIGNALS,
    )


def module(name: str, fetch, parse=None):
    return SimpleNamespace(
        SOURCE=replace(SOURCE, name=name),
        fetch=fetch,
        parse=parse or (lambda body, *, name="": Parsed(one_row())),
    )


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path)


@pytest.fixture
def http() -> Http:
    return Http()


def good(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
    yield Answer("good.json", b"{}")


def test_rows_and_bytes_are_archived_and_the_ledger_says_so(archive: Archive, ledger: Ledger, http: Http) -> None:
    report = collect(module("good", good), NOW, http=http, archive=archive, ledger=ledger)
    assert report.ok
    assert report.rows == 1
    rows = archive.read(archive.files()[0])
    assert rows["source"].to_list() == ["good"]
    assert rows["simulated"].to_list() == [False]
    assert ledger.read("good").last_success == "2026-03-02T12:00:00Z"
    assert ledger.read("good").newest_bin == "2026-03-02T11:50:00Z"


def test_an_answer_that_is_not_understood_is_kept_and_the_next_one_still_read(
    archive: Archive, ledger: Ledger, tmp_path: Path
) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        if body == b"bad":
            raise UpstreamChanged("good", "byte 0: expected '{'")
        return Parsed(one_row())

    answers = [Answer("bad.json", b"bad"), Answer("good.json", b"{}")]
    report = keep(module("good", good, parse), answers, NOW, archive=archive, ledger=ledger)
    assert not report.ok
    assert report.error is not None
    assert "byte 0: expected '{'" in report.error
    assert report.rows == 1
    assert len(list((tmp_path / "archive" / "raw").rglob("*.zst"))) == 2, "the bytes that failed are kept too"


def test_a_source_that_breaks_its_own_contract_is_an_error_of_that_source(archive: Archive, ledger: Ledger) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        return Parsed(one_row().with_columns(pl.lit(float("nan")).alias("value")))

    report = keep(module("bad", good, parse), [Answer("a", b"")], NOW, archive=archive, ledger=ledger)
    assert report.error is not None
    assert "not finite" in report.error
    assert archive.files() == []


def test_rejected_rows_are_counted_with_an_example(archive: Archive, ledger: Ledger) -> None:
    def parse(body: bytes, *, name: str = "") -> Parsed:
        return Parsed(one_row(), (Rejected("unknown country", 3, "country/XX"),))

    keep(module("good", good, parse), [Answer("a", b""), Answer("b", b"")], NOW, archive=archive, ledger=ledger)
    entry = ledger.read("good")
    assert entry.rejected == 6
    assert entry.rejected_examples == [{"reason": "unknown country", "count": 6, "example": "country/XX"}]


def test_one_source_that_raises_and_one_that_hangs_do_not_stop_the_third(
    archive: Archive, ledger: Ledger, http: Http
) -> None:
    release = threading.Event()

    def raises(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        raise RuntimeError("a bug in a plug-in")
        yield

    def hangs(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        release.wait(60)
        yield Answer("late.json", b"{}")

    collector = Collector(http=http, archive=archive, ledger=ledger, limit_s=0.5)
    try:
        reports = {
            r.source: r
            for r in collector.run([module("raises", raises), module("hangs", hangs), module("good", good)], NOW)
        }
        assert reports["good"].ok
        assert "a bug in a plug-in" in str(reports["raises"].error)
        assert "no end after 0.5 s" in str(reports["hangs"].error)
        assert "no end after" in str(ledger.read("hangs").last_error), "the sources page says so"
        again = collector.run([module("hangs", hangs)], NOW)
        assert "no end after" in str(again[0].error), "it is not started twice"
    finally:
        release.set()


def test_a_failure_is_noted_and_a_later_success_is_newer(archive: Archive, ledger: Ledger, http: Http) -> None:
    def down(_http: object, _since: datetime, _until: datetime) -> Iterator[Answer]:
        raise UpstreamUnavailable("good", "503 from the upstream")
        yield

    collect(module("good", down), NOW, http=http, archive=archive, ledger=ledger)
    assert ledger.read("good").last_error == "good: 503 from the upstream"
    collect(module("good", good), NOW + timedelta(minutes=5), http=http, archive=archive, ledger=ledger)
    entry = ledger.read("good")
    assert entry.last_success is not None
    assert entry.last_error_at is not None
    assert entry.last_success > entry.last_error_at


def test_the_next_collection_starts_where_the_last_one_ended(archive: Archive, ledger: Ledger, http: Http) -> None:
    asked: list[datetime] = []

    def fetch(_http: object, since: datetime, _until: datetime) -> Iterator[Answer]:
        asked.append(since)
        yield Answer("good.json", b"{}")

    for minute in (0, 5):
        collect(module("good", fetch), NOW + timedelta(minutes=minute), http=http, archive=archive, ledger=ledger)
    assert asked[0] == NOW - timedelta(days=28)
    assert NOW - timedelta(hours=1) < asked[1] < NOW


def test_a_source_whose_setting_is_empty_is_not_collected(tmp_path: Path) -> None:
    names = {m.SOURCE.name for m in enabled(load({}))}
    assert "edge_logs" not in names
    assert "ioda_signals" in names
    with_logs = {m.SOURCE.name for m in enabled(load({"RADAR_EDGE_LOGS": str(tmp_path)}))}
    assert "edge_logs" in with_logs
