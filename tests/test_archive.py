"""The archive: nothing half written, nothing lost, nothing passed over."""

from __future__ import annotations

import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from radar.archive import Archive, ArchivedFile
from radar.errors import ArchiveError, SchemaError
from radar.schema import ARCHIVED, SIGNALS, empty_signals

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def rows(value: float | None = 1.0, count: int = 3) -> pl.DataFrame:
    """A few SIGNALS rows."""
    return pl.DataFrame(
        {
            "timebin": [NOON + timedelta(minutes=5 * i) for i in range(count)],
            "entity": ["country/NA"] * count,
            "signal": ["edge.requests"] * count,
            "value": [value] * count,
            "n": [None] * count,
        },
        schema=SIGNALS,
    )


def put(
    archive: Archive, body: bytes, *, at: datetime = NOON, source: str = "edge_logs", name: str = "a"
) -> ArchivedFile:
    return archive.put(source, name, body, rows(), received_at=at, simulated=True)


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_rows_and_the_very_bytes_come_back(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    body = bytes(range(256)) * 1000
    file = archive.put("edge_logs", "log ü.gz", body, rows(None), received_at=NOON, simulated=True)
    assert archive.files() == [file]
    answer = archive.raw(file)
    assert (answer.name, answer.body, answer.received_at, answer.simulated) == ("log ü.gz", body, NOON, True)
    found = archive.read(file)
    assert dict(found.schema) == ARCHIVED
    assert found.select(list(SIGNALS)).equals(rows(None))
    assert found["received_at"].unique().to_list() == [NOON]
    assert found["source"].unique().to_list() == ["edge_logs"]
    assert found["simulated"].unique().to_list() == [True]
    assert found["value"].null_count() == 3, "null stays null"


def test_files_lie_by_source_and_day_and_sort_by_time(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = put(archive, b"x")
    assert tree(tmp_path / "archive") == {
        "lock",
        f"raw/edge_logs/2026-03-02/20260302T120000000000Z-{file.digest}.zst",
        f"signals/edge_logs/2026-03-02/20260302T120000000000Z-{file.digest}.parquet",
    }


@pytest.mark.skipif(shutil.which("zstd") is None, reason="no zstd program on this machine")
def test_the_plain_zstd_program_gives_the_upstreams_bytes(tmp_path: Path) -> None:
    put(Archive(tmp_path), b"as it came\n")
    path = next((tmp_path / "archive" / "raw").rglob("*.zst"))
    assert subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout == b"as it came\n"


def test_an_empty_answer_and_no_rows_are_archived_too(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = archive.put("edge_logs", "empty", b"", empty_signals(), received_at=NOON, simulated=False)
    assert archive.raw(file).body == b""
    assert archive.read(file).is_empty()
    assert dict(archive.read(file).schema) == ARCHIVED


def test_the_same_answer_of_the_same_time_is_stored_once(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    first = put(archive, b"x")
    before = tree(tmp_path)
    assert put(archive, b"x") == first
    assert put(Archive(tmp_path), b"x", at=NOON.astimezone()) == first
    assert tree(tmp_path) == before
    put(archive, b"x", name="b")
    put(archive, b"x", source="google_traffic")
    put(archive, b"x", at=NOON + timedelta(seconds=1))
    assert len(archive.files()) == 4


def test_a_cursor_never_passes_over_a_file_that_came_late(tmp_path: Path) -> None:
    """The clock went back, another source was slower, or an answer was parsed again after a crash."""
    archive = Archive(tmp_path)
    cursor = put(archive, b"1").id
    late = [
        put(archive, b"2", at=NOON - timedelta(hours=3)),
        put(archive, b"3", at=NOON, source="google_traffic"),
        put(archive, b"4", at=NOON - timedelta(days=400), source="mlab_ndt"),
    ]
    assert archive.files(after=cursor) == late, "in the order in which they were archived"
    assert [archive.read(file)["received_at"][0] for file in late] == [file.received_at for file in late]
    assert late[0].received_at == NOON - timedelta(hours=3), "the true time is kept"
    assert [archive.raw(file).body for file in late] == [b"2", b"3", b"4"]
    assert put(archive, b"2", at=NOON - timedelta(hours=3)) == late[0], "and a second put of it changes nothing"
    assert archive.files(after=late[-1].id) == []
    on_time = put(archive, b"5", at=NOON + timedelta(minutes=1))
    assert archive.files(after=late[-1].id) == [on_time]


def test_many_answers_of_one_moment_keep_their_order(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    files = [put(archive, b"%d" % i) for i in range(40)]
    assert archive.files() == files
    assert [archive.raw(file).body for file in archive.files(after=files[9].id)] == [b"%d" % i for i in range(10, 40)]


def test_files_of_one_source_only(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, b"1")
    other = put(archive, b"2", source="google_traffic")
    assert archive.files("google_traffic") == [other]
    assert archive.files("nobody") == []
    assert archive.sources() == ["edge_logs", "google_traffic"]


def test_an_answer_without_rows_is_pending_until_it_is_parsed(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    put(archive, b"1", at=NOON + timedelta(hours=1))
    cursor = archive.files()[-1].id
    raw = archive.put_raw("edge_logs", "a", b"2", received_at=NOON, simulated=True)
    again = Archive(tmp_path)
    assert again.pending_raw() == [raw]
    assert again.raw(raw).body == b"2"
    assert again.files(after=cursor) == []
    stored = again.put_rows(raw, rows(), simulated=again.raw(raw).simulated)
    assert again.pending_raw() == []
    assert again.files(after=cursor) == [stored]
    assert again.raw(stored).body == b"2"


def test_rows_of_another_form_are_refused_and_the_answer_stays_pending(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    with pytest.raises(SchemaError):
        archive.put("edge_logs", "a", b"x", rows().drop("n"), received_at=NOON, simulated=True)
    assert archive.files() == []
    assert [archive.raw(file).body for file in archive.pending_raw()] == [b"x"]


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "other columns"])
def test_a_broken_parquet_is_set_aside_and_its_answer_parsed_again(tmp_path: Path, damage: str) -> None:
    archive = Archive(tmp_path)
    file = put(archive, b"x")
    whole = file.path.read_bytes()
    if damage == "other columns":
        rows().write_parquet(file.path)
    else:
        file.path.write_bytes({"cut": whole[:-20], "empty": b"", "garbage": b"PAR1" + b"\xff" * 200 + b"PAR1"}[damage])
    with pytest.raises(ArchiveError, match=rf"{file.path.name} is broken .* moved to .*quarantine/signals"):
        archive.read(file)
    kept = tmp_path / "archive" / "quarantine" / file.path.relative_to(tmp_path / "archive")
    assert kept.exists()
    assert archive.files() == []
    [pending] = archive.pending_raw()
    repaired = archive.put_rows(pending, rows(), simulated=True)
    assert archive.read(repaired).height == 3


@pytest.mark.parametrize("damage", ["cut", "cut in the header", "empty", "garbage", "flipped", "another answer"])
def test_a_broken_answer_is_set_aside_not_believed(tmp_path: Path, damage: str) -> None:
    archive = Archive(tmp_path)
    file = put(archive, b"some longer body " * 50)
    other = put(archive, b"another")
    path, second = (next((tmp_path / "archive/raw").rglob(f"*{f.digest}.zst")) for f in (file, other))
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[-8] ^= 1
    path.write_bytes(
        {"cut": whole[:-5], "cut in the header": whole[:20], "empty": b"", "garbage": b"\0" * 99, "flipped": flipped,
         "another answer": second.read_bytes()}[damage]
    )  # fmt: skip
    with pytest.raises(ArchiveError, match=rf"{path.name} is broken .* moved to .*quarantine/raw"):
        archive.raw(file)
    assert not path.exists()
    assert archive.read(file).height == 3, "its rows are still there"
    assert archive.raw(other).body == b"another"


def test_a_file_that_is_gone_is_an_error_that_names_it(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = put(archive, b"x")
    shutil.rmtree(tmp_path / "archive" / "signals")
    with pytest.raises(ArchiveError, match=rf"{file.path.name} cannot be read: No such file"):
        archive.read(file)
    assert not (tmp_path / "archive" / "quarantine").exists(), "what cannot be read is not the same as what is broken"
    shutil.rmtree(tmp_path / "archive" / "raw")
    with pytest.raises(ArchiveError, match=r"\.zst cannot be read: No such file"):
        archive.raw(file)
    assert Archive(tmp_path).files() == []


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """The system refuses to let any file grow beyond this, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    body = bytes((i * i) % 251 for i in range(50_000))
    with (
        no_room_beyond(200),
        pytest.raises(ArchiveError, match=r"raw/edge_logs/.*\.zst cannot be written: File"),
    ):
        put(archive, body)
    assert archive.pending_raw() == []
    raw = archive.put_raw("edge_logs", "a", body, received_at=NOON, simulated=True)
    with no_room_beyond(200), pytest.raises(ArchiveError, match=r"signals/edge_logs/.*\.parquet cannot be written"):
        archive.put_rows(raw, rows(), simulated=True)
    assert archive.files() == []
    assert list((tmp_path / "archive" / "tmp").iterdir()) == []
    assert archive.read(archive.put_rows(raw, rows(), simulated=True)).height == 3, "goes on when there is room again"


def test_a_half_written_file_is_removed_at_the_next_start_but_not_under_a_writer(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    orphan = tmp_path / "archive" / "tmp" / "20260302T120000000000Z-0123456789abcdef.zst"
    orphan.write_bytes(b"half")
    with archive.disk.locked():
        Archive(tmp_path)
        assert orphan.exists()
    Archive(tmp_path)
    assert not orphan.exists()
    assert archive.pending_raw() == []


def test_several_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            archive = Archive(tmp_path)
            for i in range(25):
                put(archive, b"%d %d" % (number, i), source=f"s{number % 2}")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    archive = Archive(tmp_path)
    files = archive.files()
    assert {archive.raw(file).body for file in files} == {b"%d %d" % (n, i) for n in range(4) for i in range(25)}
    assert len({file.id for file in files}) == 100


def test_a_source_name_cannot_leave_the_archive(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    for name in ("../x", "", "A", "a/b", "a.b"):
        with pytest.raises(ArchiveError, match="no name of a source"):
            put(archive, b"x", source=name)


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="has no zone"):
        put(Archive(tmp_path), b"x", at=NOON.replace(tzinfo=None))


def test_a_folder_that_cannot_be_used_is_an_understandable_error(tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("x", encoding="utf-8")
    with pytest.raises(ArchiveError, match="archive cannot be used"):
        Archive(tmp_path)


def test_what_does_not_belong_there_is_left_alone(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    file = put(archive, b"x")
    (file.path.parent / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "archive" / "signals" / ".DS_Store").write_text("x", encoding="utf-8")
    assert archive.files() == [file]
    assert archive.put_rows(file, rows(), simulated=True) == file
    put(archive, b"y")
    assert len(archive.files()) == 2
