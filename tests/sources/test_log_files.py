"""Files of every form in pieces of bounded size."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import obstore
import polars as pl
import pytest
import zstandard

from radar.sources._log_files import Chunk, news
from radar.sources._log_places import find
from radar.sources._rejections import Rejections
from tests.conftest import REPO

LATER = 4e9


def chunks(place: object, limit: int = 1 << 20, rejected: Rejections | None = None) -> list[Chunk]:
    lost = rejected or Rejections()
    return [
        chunk
        for file in find("s", str(place))
        for chunk, _ in news("s", file, {}, lost, limit=limit, now_s=LATER)
        if chunk is not None
    ]


def test_chunks_end_at_the_end_of_a_line_and_are_numbered(tmp_path: Path) -> None:
    lines = b"".join(b"%07d\n" % number for number in range(200_000))
    (tmp_path / "a.log").write_bytes(lines)
    found = chunks(tmp_path, 300_000)
    assert len(found) > 2
    assert b"".join(chunk.data for chunk in found) == lines
    assert all(int(chunk.data[:7]) + 1 == chunk.first_line for chunk in found)


def test_many_short_lines_come_in_pieces_of_fewer_lines(tmp_path: Path) -> None:
    lines = b"\n" * 50_000 + b"x\n" * 50_000 + b"y" * 3000 + b"\n"
    (tmp_path / "a.log").write_bytes(lines)
    found = chunks(tmp_path, 640_000)
    assert b"".join(chunk.data for chunk in found) == lines
    assert max(chunk.data.count(b"\n") for chunk in found) <= 10_000
    assert [chunk.first_line for chunk in found] == [
        1 + sum(before.data.count(b"\n") for before in found[:at]) for at in range(len(found))
    ]
    assert all(chunk.data.endswith(b"\n") for chunk in found)


def test_a_small_parquet_file_of_many_rows_comes_as_files_of_fewer(tmp_path: Path) -> None:
    pl.DataFrame({"n": pl.repeat(7, 500_000, eager=True)}).write_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 640_000
    found = [pl.read_parquet(io.BytesIO(chunk.data)).height for chunk in chunks(tmp_path, 6_400_000)]
    assert found == [100_000] * 5


def test_frames_are_never_cut(tmp_path: Path) -> None:
    frame = (300).to_bytes(4) + b"x" * 300
    start = bytes(4) + (4).to_bytes(4) + b"\0\0\0\2"
    (tmp_path / "a.tap").write_bytes(start + frame * 5000)
    found = chunks(tmp_path, 400_000)
    assert len(found) > 2
    assert {chunk.kind for chunk in found} == {"binary"}
    assert found[0].data.startswith(start + frame)
    assert all(chunk.data.startswith(frame) for chunk in found[1:])


def test_zeros_are_no_frames_but_a_line_that_is_too_long(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    rejected = Rejections()
    assert chunks(tmp_path, rejected=rejected) == []
    assert [(item.reason, item.count) for item in rejected.done()] == [("line is too long", 1)]


def test_a_stream_that_is_lost_among_zeros_goes_on_at_the_next_one(tmp_path: Path) -> None:
    content = b"protobuf:dnstap.Dnstap"
    field = (1).to_bytes(4) + len(content).to_bytes(4) + content
    start = bytes(4) + (4 + len(field)).to_bytes(4) + (2).to_bytes(4) + field
    frame = (300).to_bytes(4) + b"x" * 300
    whole = start + frame * 10 + bytes(3_000_003) + start + frame * 10
    (tmp_path / "a.tap").write_bytes(whole)
    found = chunks(tmp_path, 400_000)
    assert b"".join(chunk.data for chunk in found) == whole
    assert found[-1].data.endswith(start + frame * 10)


def test_a_large_parquet_file_comes_as_files_of_some_rows(tmp_path: Path) -> None:
    table = pl.DataFrame({"n": range(50_000)})
    table.write_parquet(tmp_path / "a.parquet", compression="uncompressed")
    found = chunks(tmp_path, 180_000)
    assert len(found) > 2
    assert pl.concat(pl.read_parquet(io.BytesIO(chunk.data)) for chunk in found).equals(table)


def test_damaged_files_are_counted_and_give_what_came_before(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8b" + b"\xff" * 50)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    rejected = Rejections()
    assert chunks(tmp_path, rejected=rejected) == []
    assert {item.reason for item in rejected.done()} == {"file is damaged", "Parquet file ends early"}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_at_an_address_is_read(tmp_path: Path) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    (tmp_path / "a.log").write_bytes(b"one\ntwo\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            (chunk,) = chunks(f"http://127.0.0.1:{server.server_port}/a.log")
        finally:
            server.shutdown()
    assert (chunk.file, chunk.data) == ("a.log", b"one\ntwo\n")


def test_a_line_of_200_mb_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with path.open("wb") as out:
        out.write(b"first\n")
        out.truncate(200 << 20)
        out.seek(0, 2)
        out.write(b"\nlast\n")
    code = f"""
from radar.sources._log_files import news
from radar.sources._log_places import find
from radar.sources._rejections import Rejections
from tests.memory import peak_mb
before = peak_mb()
lost = Rejections()
(file,) = find("s", {str(path)!r})
found = [c.data for c, _ in news("s", file, {{}}, lost, limit=4 << 20, now_s=4e9) if c is not None]
assert found == [b"first\\n", b"last\\n"], found
assert [item.count for item in lost.done()] == [1]
print(peak_mb() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPO)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40


def test_a_file_of_300_mb_is_read_in_bounded_memory_plain_and_packed(tmp_path: Path) -> None:
    line = b'{"time": 1772409900, "client": "192.0.2.1", "path": "/"}\n'
    block = line * (1 << 14)
    count = (300 << 20) // len(block) + 1
    with (tmp_path / "a.log").open("wb") as plain, zstandard.open(tmp_path / "b.zst", "wb") as packed:
        for _ in range(count):
            plain.write(block)
            packed.write(block)
    code = f"""
from radar.sources._log_files import news
from radar.sources._log_places import find
from radar.sources._rejections import Rejections
from tests.memory import peak_mb
before = peak_mb()
for file in find("s", {str(tmp_path)!r}):
    size = sum(len(c.data) for c, _ in news("s", file, {{}}, Rejections(), limit=4 << 20, now_s=4e9) if c is not None)
    assert size == {count * len(block)}, size
print(peak_mb() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=REPO)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40


def test_objects_of_a_store_are_read_and_their_place_on_disk_is_no_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = obstore.store.MemoryStore()
    obstore.put(kept, "logs/2026/a.log", b"one\ntwo\n")
    obstore.put(kept, "logs/2026/b.log.gz", gzip.compress(b"three\n"))
    obstore.put(kept, "logs/2026/c.txt", b"no\n")
    monkeypatch.setattr(obstore.store, "from_url", lambda *_, **__: kept)  # a bucket needs a network
    found = chunks("s3://bucket/logs/*.log*")
    assert [(chunk.file, chunk.data) for chunk in found] == [("a.log", b"one\ntwo\n"), ("b.log.gz", b"three\n")]


def test_a_file_named_after_a_client_is_told_without_its_address(tmp_path: Path) -> None:
    (tmp_path / "access-192.0.2.77.log").write_bytes(b"one\n")
    assert [chunk.file for chunk in chunks(tmp_path)] == ["access-[address].log"]
