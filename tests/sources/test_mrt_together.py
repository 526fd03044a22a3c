"""MRT files of several collectors, read into one table: by replay, by collection, and after a collector died."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from jobs.collect import keep, resume
from jobs.ledger import Ledger
from jobs.replay import record
from radar.archive import Archive
from radar.errors import UpstreamChanged
from radar.sources import Answer, mrt_files
from tests.stream.mrt import dump, updates

T = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
A = [(f"192.0.2.{n}", 64500 + n) for n in range(1, 3)]
B = [(f"198.51.100.{n}", 64510 + n) for n in range(1, 4)]
ROUTES = {f"5.0.{n}.0/24": [1299, 64496] for n in range(10)}
GONE = list(ROUTES)[:4]


def gone_at(seconds: int, peers: list[tuple[str, int]]) -> bytes:
    """Updates in which these peers withdraw four prefixes, so many seconds after ``T``."""
    return updates([(T.timestamp() + seconds, peer, asn, [], GONE, []) for peer, asn in peers])


FILES = [
    Answer("rrc01.updates.20260302.0805.gz", gone_at(400, B)),
    Answer("rrc00.bview.20260302.0800.gz", dump(T.timestamp(), A, ROUTES)),
    Answer("rrc00.updates.20260302.0805.gz", gone_at(350, A)),
    Answer("rrc01.bview.20260302.0800.gz", dump(T.timestamp(), B, ROUTES)),
]


def visible(rows: pl.DataFrame) -> list[tuple[str, float, int]]:
    """(bin, blocks, peers) of the network."""
    mine = rows.filter((pl.col("entity") == "asn/64496") & (pl.col("signal") == "bgp.visible_24s")).sort("timebin")
    return [(f"{t:%H:%M}", v, n) for t, v, n in mine.select("timebin", "value", "n").iter_rows()]


def test_collectors_form_one_table_whatever_the_order_of_the_files() -> None:
    for order in (FILES, FILES[::-1]):
        rows = record(mrt_files, order).rows
        assert visible(rows) == [("08:00", 10.0, 5), ("08:05", 6.0, 5)]


def test_one_collector_alone_with_two_peers_says_nothing_of_what_is_visible() -> None:
    parsed = mrt_files.parse(FILES[1].body, name=FILES[1].name)
    assert visible(parsed.rows) == []
    assert parsed.notes["full_feed_v4"] == 2


def test_a_file_that_is_none_is_rejected_and_the_others_are_read() -> None:
    wrong = Answer("rrc00.updates.20260302.0810.gz", b"<html>502 Bad Gateway</html>")
    recording = record(mrt_files, [*FILES, wrong])
    assert visible(recording.rows)[-1] == ("08:05", 6.0, 5)
    assert recording.rejected == 1
    with pytest.raises(UpstreamChanged):
        record(mrt_files, [wrong])


def test_a_collection_keeps_every_file_and_the_rows_of_all_of_them(tmp_path: Path) -> None:
    archive, ledger = Archive(tmp_path), Ledger(tmp_path)
    report = keep(mrt_files, FILES, T + timedelta(minutes=15), archive=archive, ledger=ledger)
    assert (report.ok, report.answers, report.newest_bin) == (True, 4, "2026-03-02T08:05:00Z")
    files = archive.files("mrt_files")
    assert len(files) == 4
    assert visible(pl.concat([archive.read(file) for file in files])) == [("08:00", 10.0, 5), ("08:05", 6.0, 5)]
    assert archive.pending_raw() == []


def test_files_of_a_collector_that_died_are_read_together_later(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for answer in FILES:
        archive.put_raw("mrt_files", answer.name, answer.body, received_at=T + timedelta(minutes=15), simulated=False)
    assert resume(archive) == (4, set())
    rows = pl.concat([archive.read(file) for file in archive.files("mrt_files")])
    assert visible(rows) == [("08:00", 10.0, 5), ("08:05", 6.0, 5)]
    assert resume(archive) == (0, set())
