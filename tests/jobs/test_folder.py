"""Which archive a worker writes to, and that workers with different ones do not work side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs import folder
from jobs.heartbeat import Desk
from radar import store
from radar.errors import ArchiveError
from radar.shapes.jobs import WorkerRow

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def row(client: store.Store, name: str, archive: str, seconds: int, *, waits: bool = False) -> WorkerRow:
    desk = Desk(client, now=lambda: START + timedelta(seconds=seconds), archive_id=archive)
    desk.name, desk.waits = name, waits
    return desk.row()


def test_an_archive_keeps_the_id_that_it_got_first(tmp_path: Path) -> None:
    assert folder.read(tmp_path) is None
    first = folder.identity(tmp_path)
    assert len(first) == 16
    assert folder.identity(tmp_path) == folder.read(tmp_path) == first
    assert folder.identity(tmp_path / "other") != first
    assert [path.name for path in (tmp_path / "archive").iterdir()] == ["id"], "no draft is left"


def test_an_empty_id_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "id").touch()
    with pytest.raises(ArchiveError, match="archive/id is empty; expected the id of this archive"):
        folder.identity(tmp_path)


def test_the_worker_that_came_later_with_another_archive_is_the_one_that_waits(client: store.Store) -> None:
    first, second = row(client, "a:1", "one", 0), row(client, "b:1", "two", 5)
    assert folder.first_other(second, [first, second]) == first
    assert folder.first_other(first, [first, second]) is None
    assert folder.first_other(row(client, "c:1", "one", 9), [first]) is None, "the same archive is shared"
    waiting = row(client, "a:1", "one", 0, waits=True)
    assert folder.first_other(second, [waiting]) is None, "one that waits is in nobody's way"
