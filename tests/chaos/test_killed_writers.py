"""kill -9 at any moment, then a new start: the old state or the new one, whole, and nothing acknowledged is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from radar.archive import Archive
from radar.store import Store, documents, keys, lease
from tests.chaos.writer import START, body_of, rows_of


@pytest.fixture
def kill_after(repo_root: Path) -> Callable[..., list[str]]:
    """Run the writer, kill it with SIGKILL right after its n-th line, and return all lines it has printed."""

    def run(lines: int, *arguments: str) -> list[str]:
        command = [sys.executable, "-m", "tests.chaos.writer", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=repo_root, text=True) as writer:
            assert writer.stdout is not None
            seen = [writer.stdout.readline() for _ in range(lines)]
            writer.kill()
            seen += writer.stdout.readlines()
        assert writer.returncode == -9
        return [line.strip() for line in seen]

    return run


@pytest.mark.parametrize("lines", [1, 4, 9, 23])
def test_what_was_archived_survives_and_what_was_not_is_repaired(
    tmp_path: Path, kill_after: Callable[..., list[str]], lines: int
) -> None:
    acknowledged: list[str] = []
    for _ in range(2):
        acknowledged += kill_after(lines, "archive", str(tmp_path))
    archive = Archive(tmp_path)
    assert list((tmp_path / "archive" / "tmp").iterdir()) == [], "nothing half written is left"
    for raw in archive.pending_raw():
        answer = archive.raw(raw)
        archive.put_rows(raw, rows_of(int(answer.name)), simulated=answer.simulated)
    assert archive.pending_raw() == []

    found = {}
    for file in archive.files():
        answer = archive.raw(file)
        number = int(answer.name)
        assert answer.body == body_of(number)
        assert archive.read(file)["value"].unique().to_list() == [float(number)]
        assert number not in found, "no answer is archived twice"
        found[number] = file
    assert {int(line) for line in acknowledged} <= set(found)
    assert sorted(found) == list(range(len(found)))


def test_an_answer_whose_rows_were_never_written_is_parsed_again(
    tmp_path: Path, kill_after: Callable[..., list[str]]
) -> None:
    assert kill_after(1, "half", str(tmp_path)) == ["half"]
    archive = Archive(tmp_path)
    assert archive.files() == []
    [raw] = archive.pending_raw()
    assert archive.raw(raw).body == b"half"


def test_a_writer_that_dies_in_the_middle_of_a_file_leaves_no_part_of_it(tmp_path: Path, repo_root: Path) -> None:
    whole = Archive(tmp_path / "whole")
    file = whole.put("edge_logs", "0", body_of(0), rows_of(0), received_at=START, simulated=True)
    answer = next((tmp_path / "whole/archive/raw").rglob("*.zst")).stat().st_size
    table = file.path.stat().st_size
    assert answer < table

    for limit, stored in ((1, 0), (answer - 1, 0), (answer, 1), (table - 1, 1)):
        folder = tmp_path / str(limit)
        command = [sys.executable, "-m", "tests.chaos.writer", "torn", str(folder), str(limit)]
        assert subprocess.run(command, cwd=repo_root, check=False).returncode == -signal.SIGXFSZ
        assert [path.stat().st_size for path in (folder / "archive/tmp").iterdir()] == [limit], "it died in mid-write"
        archive = Archive(folder)
        assert list((folder / "archive/tmp").iterdir()) == []
        assert archive.files() == []
        assert [archive.raw(raw).body for raw in archive.pending_raw()] == [body_of(0)] * stored
        assert archive.put("edge_logs", "0", body_of(0), rows_of(0), received_at=START, simulated=True).id == file.id


@pytest.mark.parametrize("lines", [1, 3, 8])
def test_a_publication_is_whole_or_not_at_all(
    client: Store, valkey_url: str, kill_after: Callable[..., list[str]], lines: int
) -> None:
    first = 1
    for _ in range(2):
        acknowledged = int(kill_after(lines, "publish", valkey_url, str(first))[-1])
        found = documents.read(client, ["outages", "clock"], states=True)
        assert found.version in (acknowledged, acknowledged + 1), "at most the one that was under way came on top"
        number = found.docs["clock"]
        assert number == found.version
        assert found.docs["outages"] == [number] * 200_000
        assert {state["words"] for state in found.states.values()} == {str(number)}
        assert documents.blob(client, "memory") == b"%d" % number * 10_000

        assert lease.acquire(client, "tick", 600) is None, "the dead worker's lease still runs"
        assert 0 < client.ttl(keys.lease("tick")) <= 600
        client.delete(keys.lease("tick"))  # its time is over
        first = number + 1
