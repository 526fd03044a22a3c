"""From files to bins: what is new is counted once, whatever happens to the files and to the process."""

from __future__ import annotations

import bz2
import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import zstandard

from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.schema import Rejected
from radar.sources._log_bins import Unlisted
from radar.sources._log_files import Chunk
from radar.sources._log_source import answers, packed, unpacked
from radar.sources._rejections import Rejections

START = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = START + timedelta(minutes=5)
EPOCH = int(START.timestamp())


def count(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
    """Lines hold a second of the day."""
    if b"no log" in chunk.data:
        raise UpstreamChanged("s", "no log")
    seconds = [int(line.split()[0]) for line in chunk.data.splitlines()]
    table = pl.DataFrame({"bin": [EPOCH + s // 300 * 300 for s in seconds]}, schema={"bin": pl.Int64})
    return table.with_columns(field=pl.lit("rows"), cell=pl.lit(0, pl.Int32), amount=pl.lit(1, pl.Int64))


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path / "var"))
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def fetched(folder: Path, until: datetime = UNTIL) -> dict[str, int]:
    """Rows by answer."""
    found = {}
    for answer in answers("s", str(folder), START, until, count=count, prefix="s"):
        done = unpacked(answer.body)
        assert done is not None
        found[answer.name] = done[0]["amount"].sum()
    return found


BIN = "s-2026-03-02T0000Z.parquet"


def put(path: Path, data: bytes, *, at: datetime = START) -> None:
    path.write_bytes(data)
    os.utime(path, (at.timestamp(), at.timestamp() + len(data)))


def test_a_growing_file_is_read_on_and_its_unfinished_line_waits(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n2 y\n3")
    assert fetched(logs) == {BIN: 2}
    put(logs / "a.log", b"1 x\n2 y\n3 z\n")
    assert fetched(logs) == {BIN: 3}
    assert fetched(logs) == {}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard.compress])
def test_a_file_that_was_packed_after_rotation_is_counted_once(logs: Path, pack) -> None:  # type: ignore[no-untyped-def]
    put(logs / "a.log", b"1 x\n2 y\n")
    assert fetched(logs) == {BIN: 2}
    put(logs / "a.log.1.z", pack(b"1 x\n2 y\n3 late\n"))
    put(logs / "a.log", b"9 new\n")
    assert fetched(logs) == {BIN: 4}


def test_a_renamed_file_and_a_copy_are_counted_once(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n2 y\n")
    assert fetched(logs) == {BIN: 2}
    (logs / "a.log").rename(logs / "a.log.1")
    put(logs / "copy.log", b"1 x\n2 y\n")
    assert fetched(logs) == {}


def test_a_file_that_was_truncated_or_replaced_begins_anew(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n2 y\n")
    assert fetched(logs) == {BIN: 2}
    put(logs / "a.log", b"3 z\n")
    assert fetched(logs) == {BIN: 3}
    put(logs / "a.log", b"4 another\n5 beginning\n")
    assert fetched(logs) == {BIN: 5}


def test_who_is_killed_before_all_answers_were_taken_gives_them_again(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n301 y\n")
    until = START + timedelta(minutes=10)
    taken = answers("s", str(logs), START, until, count=count, prefix="s")
    first = next(taken)
    taken.close()
    again = list(answers("s", str(logs), START, until, count=count, prefix="s"))
    assert [again[0].name, again[0].body] == [first.name, first.body]
    assert len(again) == 2


def test_a_late_row_gives_its_bin_and_its_hour_again(logs: Path) -> None:
    hour = START + timedelta(hours=1)
    put(logs / "a.log", b"1 x\n301 y\n")
    assert fetched(logs, hour)["s-hour-2026-03-02T0000Z.parquet"] == 2
    put(logs / "b.log", b"2 late\n")
    assert fetched(logs, hour) == {BIN: 2, "s-hour-2026-03-02T0000Z.parquet": 3}


def test_an_hour_is_given_though_its_last_bins_are_empty(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n")
    assert fetched(logs) == {BIN: 1}
    assert fetched(logs, START + timedelta(hours=1)) == {"s-hour-2026-03-02T0000Z.parquet": 1}
    assert fetched(logs, START + timedelta(hours=2)) == {}


def test_rows_of_the_future_are_counted_with_their_file_and_what_was_expected(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n9000 future\n9001 future\n99000 future\n")
    (answer,) = answers("s", str(logs), START, UNTIL, count=count, prefix="s")
    done = unpacked(answer.body)
    assert done is not None
    (lost,) = done[2]
    assert (lost.reason, lost.count) == ("time is ahead of the clock", 3)
    assert "a.log" in lost.example
    assert "expected" in lost.example


def test_a_damaged_state_is_put_aside_and_the_files_are_read_anew(logs: Path, tmp_path: Path) -> None:
    put(logs / "a.log", b"1 x\n")
    assert fetched(logs) == {BIN: 1}
    (tmp_path / "var" / "logs" / "s.sqlite").write_bytes(b"no database" * 1000)
    assert fetched(logs) == {BIN: 1}
    assert (tmp_path / "var" / "logs" / "s.damaged").exists()


def test_a_file_that_is_no_log_is_told_after_the_others(logs: Path) -> None:
    put(logs / "a.log", b"no log\n")
    put(logs / "b.log", b"1 x\n")
    taken = answers("s", str(logs), START, UNTIL, count=count, prefix="s")
    assert next(taken).name == BIN
    with pytest.raises(UpstreamChanged, match=r"pieces of 1 files were refused, first a\.log"):
        list(taken)


def test_a_refused_piece_is_counted_with_its_place_and_the_pieces_beside_it_are_read(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADAR_LOGS_MEMORY_MB", "64")
    fill = b"1 x\n" * (1 << 19)  # a piece holds 2 MB
    put(logs / "a.log", fill + b"no log\n" * (1 << 19) + fill)
    taken = answers("s", str(logs), START, UNTIL, count=count, prefix="s")
    done = unpacked(next(taken).body)
    with pytest.raises(UpstreamChanged, match=r"pieces of 1 files were refused, first a\.log"):
        next(taken)
    assert done is not None
    (lost,) = done[2]
    read = done[0]["amount"].sum()
    assert lost.reason == "piece of a file is no log of this kind"
    assert lost.example.startswith("a.log from 5")
    assert read > 1 << 19, "what stands before and after it counts"
    assert read + lost.count == 3 << 19
    assert fetched(logs) == {}, "it is told once"


def test_a_damaged_packed_file_keeps_no_other_from_being_read(logs: Path) -> None:
    put(logs / "a.log", b"1 x\n")
    assert fetched(logs) == {BIN: 1}
    put(logs / "b.gz", b"\x1f\x8b" + b"\xff" * 50)
    put(logs / "c.log", b"2 y\n")
    assert fetched(logs) == {BIN: 2}


def test_no_file_is_an_error(logs: Path) -> None:
    with pytest.raises(UpstreamUnavailable, match="no log file"):
        fetched(logs)


def test_a_line_longer_than_a_chunk_is_dropped_and_counted(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_LOGS_MEMORY_MB", "64")
    put(logs / "a.log", b"1 x\n" + b"9" * (5 << 20) + b"\n2 y\n")
    (answer,) = answers("s", str(logs), START, UNTIL, count=count, prefix="s")
    done = unpacked(answer.body)
    assert done is not None
    assert done[0]["amount"].sum() == 2
    assert [item.reason for item in done[2]] == ["line is too long"]


def test_packed_partials_come_back_and_damaged_ones_do_not() -> None:
    table = pl.DataFrame({"bin": [EPOCH], "field": ["rows"], "cell": [0], "amount": [1]})
    cut = Unlisted("asn", "", "64496")
    body = packed(table, 300, rejected=[Rejected("odd", 2, "line 3")], unlisted=[cut])
    done = unpacked(body)
    assert done is not None
    assert done.partials.equals(table)
    assert done[1:] == (300, (Rejected("odd", 2, "line 3"),), (cut,))
    for at in range(0, len(body), 37):
        broken = bytearray(body)
        broken[at] ^= 1
        assert unpacked(bytes(broken)) is None
    assert unpacked(body[:-9]) is None
