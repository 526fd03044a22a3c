"""The queue of the stream process: what was written comes back, whatever happens to the writer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.stream.spool import SEGMENT_S, Place, Spool
from radar.errors import ArchiveError


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[], Spool]]:
    """Makes spools over one folder, and closes them."""
    made: list[Spool] = []

    def one() -> Spool:
        made.append(Spool(tmp_path))
        return made[-1]

    yield one
    for spool in made:
        spool.close()


def lines(spool: Spool, place: Place | None = None) -> list[bytes]:
    return [line for record in spool.follow(place or spool.start()) for line in record.lines]


def test_what_was_written_comes_back_in_order(make: Callable[[], Spool]) -> None:
    spool = make()
    spool.append(100.0, [b"a", b"b"])
    spool.append(101.0, [])
    spool.append(102.0, [b"c"])
    spool.append(103.0, [], {"gap": {"since": 1}})
    records = list(spool.follow(spool.start()))
    assert [record.at for record in records] == [100.0, 101.0, 102.0, 103.0]
    assert lines(spool) == [b"a", b"b", b"c"]
    assert records[3].note == {"gap": {"since": 1}}
    assert lines(spool, records[0].after) == [b"c"]


def test_a_new_file_begins_after_a_while_and_old_ones_can_go(make: Callable[[], Spool]) -> None:
    spool = make()
    for step in range(4):
        spool.append(step * SEGMENT_S, [str(step).encode()])
    assert len(spool.segments()) == 4
    third = list(spool.follow(spool.start()))[1].after
    assert spool.purge(Place(spool.segments()[2], 0)) == 2
    assert lines(spool) == [b"2", b"3"]
    with pytest.raises(ArchiveError, match="is gone"):
        list(spool.follow(third))


@pytest.mark.parametrize("lost", [1, 3, 15, 16, 17, 20])
def test_a_record_cut_short_by_a_kill_costs_itself_alone(make: Callable[[], Spool], tmp_path: Path, lost: int) -> None:
    spool = make()
    spool.append(1.0, [b"whole"])
    spool.append(2.0, [b"cut short"])
    spool.close()
    path = tmp_path / spool.segments()[0]
    path.write_bytes(path.read_bytes()[:-lost])
    again = make()
    assert again.newest() == 1.0
    again.append(3.0, [b"after"])
    assert lines(again) == [b"whole", b"after"]


def test_a_damaged_record_is_never_taken_for_a_message(make: Callable[[], Spool], tmp_path: Path) -> None:
    spool = make()
    spool.append(1.0, [b"one"])
    spool.append(2.0, [b"two"])
    spool.close()
    path = tmp_path / spool.segments()[0]
    body = bytearray(path.read_bytes())
    body[-3] ^= 0xFF
    path.write_bytes(bytes(body))
    assert lines(make()) == [b"one"]


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="file"):
        Spool(tmp_path / "file" / "spool")
