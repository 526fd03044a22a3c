"""A day's files become one: every answer stays what and where it was, whenever the packing dies and whoever reads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from radar.archive import Archive, ArchivedFile, _packs, packing
from radar.archive.packing import pack
from radar.archive.upkeep import closed_days, delete, expired, held
from radar.errors import ArchiveError
from radar.schema import SIGNALS, empty_signals

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NAME = "2026-03-02"
TODAY = "2026-03-05"


def rows(value: float, count: int) -> pl.DataFrame:
    """SIGNALS rows that tell by their values which answer they are of."""
    return pl.DataFrame(
        {
            "timebin": [DAY + timedelta(minutes=5 * i) for i in range(count)],
            "entity": ["country/NA"] * count,
            "signal": ["edge.requests"] * count,
            "value": [value + i / 1000 for i in range(count)],
            "n": [None] * count,
        },
        schema=SIGNALS,
    )


def put(archive: Archive, number: int, at: datetime, *, source: str = "edge_logs") -> ArchivedFile:
    made = empty_signals() if number % 5 == 4 else rows(number, 3 + number % 4)
    return archive.put(source, str(number), b"%d" % number, made, received_at=at, simulated=number % 2 == 0)


def a_day(archive: Archive, count: int = 12) -> list[ArchivedFile]:
    """A day of two sources, some of it late, and a first answer of the next day, so that it is over."""
    for number in range(count):
        put(archive, number, DAY + timedelta(hours=number))
        put(archive, number, DAY + timedelta(hours=number), source="dns_logs")
    put(archive, 98, DAY - timedelta(days=3))  # parsed late: it lies at the end of the queue, with its own time
    put(archive, 99, DAY + timedelta(days=1, hours=1))
    return archive.files()


Said = list[tuple[str, str, str, datetime, pl.DataFrame]]


def said(archive: Archive) -> Said:
    """All that a reader is told of every answer, where it lies apart."""
    return [(file.id, file.source, file.digest, file.received_at, archive.read(file)) for file in archive.files()]


def same(a: Said, b: Said) -> bool:
    return [x[:4] for x in a] == [x[:4] for x in b] and all(x[4].equals(y[4]) for x, y in zip(a, b, strict=True))


def parts(archive: Archive, source: str = "edge_logs", day: str = NAME) -> list[str]:
    folder = archive.root / "signals" / source / day
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_a_packed_day_says_of_every_answer_what_its_own_file_said(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    before = said(archive)
    packed = pack(archive, "edge_logs", NAME)
    assert packed is not None
    assert packed.files == 13
    assert parts(archive) == []
    for reader in (archive, Archive(tmp_path)):
        assert same(said(reader), before)
        assert reader.pending_raw() == []
        for file in files:
            assert [f.id for f in reader.files(after=file.id)] == [f.id for f in files if f.id > file.id]
            assert reader.raw(file).body == archive.raw(file).body
    assert pack(archive, "edge_logs", NAME) is None, "there is nothing to do a second time"
    assert not (archive.root / "signals" / "edge_logs" / NAME).exists(), "the empty folder goes the next time"


def test_a_pack_is_a_plain_parquet_file_with_all_rows(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    a_day(archive)
    wanted = pl.concat([archive.read(file) for file in archive.files("dns_logs")])
    pack(archive, "dns_logs", NAME)
    assert pl.read_parquet(archive.root / "signals" / "dns_logs" / f"{NAME}.parquet").equals(wanted)


def test_an_answer_in_a_pack_is_known_and_put_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    pack(archive, "edge_logs", NAME)
    again = Archive(tmp_path)
    assert put(again, 3, DAY + timedelta(hours=3)).id == next(f.id for f in files if f.received_at.hour == 3)
    late = next(f for f in files if f.received_at < DAY)
    assert put(again, 98, DAY - timedelta(days=3)).id == late.id, "also one that lies under a later day than its own"
    assert [f.id for f in again.files()] == [f.id for f in files]


def test_a_late_answer_sorts_after_packs_too(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    for day in ("2026-03-02", "2026-03-03"):
        for source in ("edge_logs", "dns_logs"):
            pack(archive, source, day)
    cursor = files[-1].id
    fresh = put(Archive(tmp_path), 50, DAY + timedelta(minutes=7))
    assert fresh.id > cursor
    assert archive.files(after=cursor) == [fresh]


def test_what_comes_into_a_packed_day_after_all_is_found_and_packed_later(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for number in range(3):
        put(archive, number, DAY + timedelta(hours=number))
    pack(archive, "edge_logs", NAME)
    put(archive, 7, DAY + timedelta(hours=9))
    put(archive, 8, DAY + timedelta(hours=10))
    before = said(archive)
    assert len(before) == 5
    assert pack(archive, "edge_logs", NAME) is not None
    assert parts(archive) == []
    assert same(said(Archive(tmp_path)), before)


def test_readers_with_an_old_listing_go_on(tmp_path: Path) -> None:
    archive, other = Archive(tmp_path), Archive(tmp_path)
    files = a_day(archive)
    wanted = [other.read(file) for file in files]
    pack(archive, "edge_logs", NAME)
    assert not files[0].path.exists() or not files[1].path.exists()
    assert all(other.read(file).equals(frame) for file, frame in zip(files, wanted, strict=True))


def test_a_day_larger_than_memory_allows_is_packed_from_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PART_ROWS", 10)
    monkeypatch.setattr(packing, "CHUNK_ROWS", 7)
    monkeypatch.setattr(_packs, "CHUNK_ROWS", 7)
    monkeypatch.setattr(_packs, "CHUNKS_KEPT", 2)
    archive = Archive(tmp_path)
    a_day(archive)
    before = said(archive)
    pack(archive, "edge_logs", NAME)
    pack(archive, "dns_logs", NAME)
    assert same(said(archive), before)


def test_rows_that_are_not_what_went_in_are_noticed_and_nothing_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    a_day(archive)
    before = said(archive)
    sink = pl.LazyFrame.sink_parquet
    monkeypatch.setattr(
        pl.LazyFrame, "sink_parquet", lambda frame, *a, **k: sink(frame.with_columns(pl.col("value") + 1), *a, **k)
    )
    with pytest.raises(ArchiveError, match="other rows than went into it"):
        pack(archive, "edge_logs", NAME)
    monkeypatch.undo()
    assert same(said(Archive(tmp_path)), before)
    assert pack(archive, "edge_logs", NAME) is not None


KILLED = """
import os, signal, sys
from radar.archive import Archive
from radar.archive.packing import pack

name, at = sys.argv[2].split(":")
calls, real = 0, getattr(os, name)
def dies(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(at):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
archive = Archive(sys.argv[1])
setattr(os, name, dies)
pack(archive, "edge_logs", "2026-03-02")
"""


@pytest.mark.parametrize("at", ["mkdir:1", "fsync:1", "rename:1", "fsync:2", "unlink:1", "unlink:2", "unlink:13"])
def test_packing_that_is_killed_anywhere_leaves_every_row_once(tmp_path: Path, at: str, repo_root: Path) -> None:
    archive = Archive(tmp_path)
    a_day(archive)
    before = said(archive)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), at], cwd=repo_root, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    after = Archive(tmp_path)
    assert same(said(after), before)
    assert after.pending_raw() == []
    assert put(after, 3, DAY + timedelta(hours=3)).id in {row[0] for row in before}
    assert same(said(after), before), "and nothing is put twice"
    pack(after, "edge_logs", NAME)
    assert parts(after) == [], "the next run ends what was begun"
    assert same(said(Archive(tmp_path)), before)
    assert not list((tmp_path / "archive").glob("packing/*"))


def test_one_process_packs_at_a_time(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    a_day(archive)
    with archive.disk.locked("pack.lock"):
        assert pack(Archive(tmp_path), "edge_logs", NAME) is None
    assert pack(Archive(tmp_path), "edge_logs", NAME) is not None


def test_a_broken_file_is_put_aside_and_the_rest_of_the_day_is_packed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    broken = next(file for file in files if file.source == "edge_logs")
    broken.path.write_bytes(b"PAR1 torn")
    pack(archive, "edge_logs", NAME)
    assert [file.digest for file in archive.pending_raw()] == [broken.digest]
    assert len(archive.files()) == len(files) - 1


@pytest.mark.parametrize("damage", ["cut", "empty", "no index", "torn rows"])
def test_a_broken_pack_is_set_aside_and_its_answers_are_pending(tmp_path: Path, damage: str) -> None:
    archive = Archive(tmp_path)
    files = [file for file in a_day(archive) if file.source == "edge_logs" and file.id < "20260303"]
    pack(archive, "edge_logs", NAME)
    path = archive.root / "signals" / "edge_logs" / f"{NAME}.parquet"
    whole = path.read_bytes()
    if damage == "no index":
        pl.read_parquet(path).write_parquet(path)
    elif damage == "torn rows":
        path.write_bytes(whole[:4] + b"\xff" * 400 + whole[404:])
    else:
        path.write_bytes({"cut": whole[:-30], "empty": b""}[damage])
    reader = Archive(tmp_path)
    if damage == "torn rows":
        with pytest.raises(ArchiveError, match=r"2026-03-02\.parquet is broken .* moved to"):
            reader.read(reader.files("edge_logs")[0])
    left = reader.files("edge_logs")
    assert all(file.id > "20260303" for file in left)
    assert {file.digest for file in reader.pending_raw()} == {file.digest for file in files}
    assert (tmp_path / "archive" / "quarantine" / "signals" / "edge_logs" / f"{NAME}.parquet").exists()


def test_only_days_are_closed_that_are_over_for_the_queue_for_its_readers_and_for_the_clock(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    newest = files[-1].id
    assert closed_days(archive, "edge_logs", taken=newest, today=TODAY) == [NAME], "the queue may go on in its last day"
    assert closed_days(archive, "edge_logs", taken=newest, today=NAME) == [], "nor the day that it is"
    assert closed_days(archive, "edge_logs", taken=files[5].id, today=TODAY) == [], "nor what was not taken in yet"
    assert closed_days(archive, "edge_logs", taken=None, today=TODAY) == []


def expire(archive: Archive, taken: str | None, *, raw: str = "", signals: str = "") -> int:
    found = [
        what
        for source in archive.sources()
        for what in expired(archive, source, taken=taken, today=TODAY, raw_before=raw, rows_before=signals)
    ]
    for what in found:
        delete(archive, what)
    return sum(len(what.paths) for what in found)


@pytest.mark.parametrize("packed", [False, True])
def test_answers_go_before_their_rows_and_nothing_becomes_pending(tmp_path: Path, packed: bool) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    before = said(archive)
    if packed:
        pack(archive, "edge_logs", NAME)
    assert expire(archive, files[-1].id, raw=NAME) == 1, "the late one, which was received before"
    assert expire(archive, files[-1].id, raw="2026-03-03") == 24
    assert same(said(archive), before), "rows stay"
    assert archive.pending_raw() == []
    assert [archive.has_raw(file) for file in files] == [False] * 25 + [True]
    expire(archive, files[-1].id, signals="2026-03-03")
    assert [file.id for file in Archive(tmp_path).files()] == [files[-1].id]
    assert archive.pending_raw() == []


def test_rows_that_go_take_their_answers_with_them(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = a_day(archive)
    expire(archive, files[-1].id, signals="2026-03-03")
    assert [file.id for file in archive.files()] == [files[-1].id]
    assert archive.pending_raw() == [], "an answer without rows would be parsed anew"


def test_what_was_not_taken_in_or_never_understood_is_never_deleted(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    odd = archive.put_raw("edge_logs", "odd", b"?", received_at=DAY, simulated=False)
    files = a_day(archive)
    assert expire(archive, None, raw=TODAY, signals=TODAY) == 0
    assert expire(archive, files[3].id, raw=TODAY, signals=TODAY) == 4, "answers of what was taken in; rows go by days"
    assert len(archive.files()) == len(files)
    expire(archive, files[-1].id, raw=TODAY, signals=TODAY)
    assert archive.pending_raw() == [odd]
    assert [file.id for file in archive.files()] == [files[-1].id], "the place of the queue is not forgotten"


def test_what_is_held_is_counted_by_source_and_kind(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    a_day(archive)
    pack(archive, "dns_logs", NAME)
    found = {(one.source, one.kind): one for one in held(archive)}
    assert (found["dns_logs", "signals"].files, found["dns_logs", "signals"].days) == (1, 1)
    assert (found["edge_logs", "signals"].files, found["edge_logs", "signals"].days) == (14, 2)
    raw = found["edge_logs", "raw"]
    assert (raw.files, raw.oldest, raw.newest) == (14, "2026-02-27", "2026-03-03")
    assert raw.bytes == sum(path.stat().st_size for path in (archive.root / "raw" / "edge_logs").rglob("*.zst"))
