"""Journals: what was acknowledged is on disk, and either place gets back what it lost from the other."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from radar import store
from radar.errors import ArchiveError, StoreUnavailable
from radar.store import Store, embedded, keys
from radar.store.journal import Journal


def entry(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"r{number}", "at": f"2026-03-02T00:{number:02}:00Z", "reason": "seen by an operator", **more}


def ids(journal: Journal) -> list[str]:
    return [row["id"] for row in journal.read().entries]


def test_entries_come_back_in_the_order_of_their_times_on_every_kind_of_server(client: Store, tmp_path: Path) -> None:
    journal = Journal(client, "reviews", tmp_path)
    for number in (2, 1, 3):
        journal.append(entry(number))
    assert ids(journal) == ["r1", "r2", "r3"]
    assert journal.read().entries[0] == entry(1)


def test_a_server_with_an_append_only_file_has_an_acknowledged_entry_on_its_disk(
    valkey_url: str, tmp_path: Path
) -> None:
    with store.connect(valkey_url) as client:
        client.flushall()
        receipt = Journal(client, "reviews", tmp_path).append(entry(1))
        assert receipt.store == "synced"
        # what a new connection waits for is already there: zero milliseconds of waiting would do
        assert client.execute_command("WAITAOF", 1, 0, 1)[0] == 1  # type: ignore[no-untyped-call]
    assert receipt.file is not None
    assert json.loads(receipt.file.read_text()) == entry(1)


def test_a_server_without_an_append_only_file_is_said_to_keep_it_in_memory(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url) as client:
        client.config_set("appendonly", "no")
        assert Journal(client, "reviews", tmp_path).append(entry(1)).store == "memory"


def test_a_server_that_does_not_sync_in_time_is_told_by_its_own_policy(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url) as client:
        client.config_set("appendfsync", "no")
        assert Journal(client, "reviews", tmp_path).append(entry(1)).store == "no"


def test_an_emptied_store_gets_the_journal_back_from_the_file(client: Store, tmp_path: Path) -> None:
    journal = Journal(client, "reviews", tmp_path)
    journal.append(entry(1))
    client.flushall()
    assert ids(journal) == ["r1"]
    assert ids(Journal(client, "reviews")) == ["r1"], "the store has it again"


def test_a_lost_file_is_written_again_from_the_store(client: Store, tmp_path: Path) -> None:
    journal = Journal(client, "reviews", tmp_path)
    journal.append(entry(1))
    assert journal.path is not None
    journal.path.unlink()
    journal.read()
    assert json.loads(journal.path.read_text()) == entry(1)


def test_entries_of_two_machines_meet_in_the_store(client: Store, tmp_path: Path) -> None:
    one, other = (Journal(client, "reviews", tmp_path / name) for name in ("one", "other"))
    one.append(entry(1))
    other.append(entry(2))
    assert ids(one) == ids(other) == ["r1", "r2"]
    assert one.path is not None
    assert {json.loads(line)["id"] for line in one.path.read_text().splitlines()} == {"r1", "r2"}


def test_an_entry_that_came_twice_counts_once(client: Store, tmp_path: Path) -> None:
    journal = Journal(client, "reviews", tmp_path)
    journal.append(entry(1))
    journal.append(entry(1))
    assert ids(journal) == ["r1"]


def test_clearing_the_store_for_a_rebuild_leaves_journals_alone(client: Store) -> None:
    journal = Journal(client, "reviews")
    journal.append(entry(1))
    client.set(keys.document("outages"), b"[]")
    assert store.clear(client) == 1
    assert ids(journal) == ["r1"]


def test_a_line_that_a_killed_process_left_unfinished_is_told_and_spoils_no_other(
    client: Store, tmp_path: Path
) -> None:
    journal = Journal(client, "reviews", tmp_path)
    journal.append(entry(1))
    assert journal.path is not None
    with journal.path.open("ab") as file:
        file.write(b'{"id": "r2", "at": "2026')
    journal.append(entry(3))
    record = journal.read()
    assert [row["id"] for row in record.entries] == ["r1", "r3"]
    assert len(record.broken) == 1
    assert f"{journal.path}, line 2: expected a JSON object" in record.broken[0]


@pytest.mark.parametrize("line", [b"[]", b"null", b'{"id": 1, "at": "x"}', b"\xff\xfe", b'{"at": "2026"}'])
def test_a_line_that_is_no_entry_is_told_and_stays(client: Store, tmp_path: Path, line: bytes) -> None:
    journal = Journal(client, "reviews", tmp_path)
    journal.append(entry(1))
    assert journal.path is not None
    with journal.path.open("ab") as file:
        file.write(line + b"\n")
    assert [len(journal.read().broken), ids(journal)] == [1, ["r1"]]
    assert line in journal.path.read_bytes()


def test_while_the_store_is_away_an_entry_waits_in_the_file(tmp_path: Path) -> None:
    with embedded.start(tmp_path / "a") as server:
        url = server.url
    with store.connect(url) as gone:
        assert Journal(gone, "reviews", tmp_path).append(entry(1)).store == "away"
        with pytest.raises(StoreUnavailable):
            Journal(gone, "reviews").append(entry(2))
    with embedded.start(tmp_path / "a") as server, store.connect(server.url) as client:
        assert ids(Journal(client, "reviews", tmp_path)) == ["r1"]


def test_a_file_that_cannot_be_written_keeps_nothing_and_says_so(client: Store, tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where the folder should be")
    with pytest.raises(ArchiveError, match=r"journal/reviews\.ndjson cannot be written"):
        Journal(client, "reviews", tmp_path).append(entry(1))
    assert client.xlen(keys.journal("reviews")) == 0


def test_an_entry_that_the_disk_does_not_confirm_is_not_acknowledged(
    client: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(ArchiveError, match="Input/output error"):
        Journal(client, "reviews", tmp_path).append(entry(1))
    assert client.xlen(keys.journal("reviews")) == 0


def test_readers_are_not_held_up_by_a_file_that_cannot_be_written(client: Store, tmp_path: Path) -> None:
    Journal(client, "reviews").append(entry(1))
    (tmp_path / "journal").write_text("a file where the folder should be")
    record = Journal(client, "reviews", tmp_path).read()
    assert [row["id"] for row in record.entries] == ["r1"]
    assert len(record.broken) == 2


def test_what_is_no_entry_is_refused(client: Store) -> None:
    with pytest.raises(ValueError, match="needs texts `id` and `at`"):
        Journal(client, "reviews").append({"id": "r1"})


def test_many_writers_at_once_lose_no_entry_and_mix_no_lines(valkey_url: str, tmp_path: Path) -> None:
    with store.connect(valkey_url) as client:
        client.flushall()

    def write(number: int) -> None:
        with store.connect(valkey_url, timeout_s=10) as own:
            Journal(own, "reviews", tmp_path).append(entry(number, reason="x" * 5000))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.connect(valkey_url) as client:
        journal = Journal(client, "reviews", tmp_path)
        assert len(ids(journal)) == 12
        assert client.xlen(keys.journal("reviews")) == 12
    assert journal.path is not None
    assert len(journal.path.read_text().splitlines()) == 12
