"""Pieces are counted side by side and come out in order, whatever goes wrong with one of them or with the reading."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import polars as pl
import pytest

from radar.errors import UpstreamChanged
from radar.sources._log_ahead import LEAST, counted, shares
from radar.sources._log_files import Chunk, Seen
from radar.sources._rejections import Rejections

PIECES, ABREAST = 12, 3


def pieces(*, breaks: bool = False, alive: list[int] | None = None) -> Iterator[tuple[Chunk | None, Seen]]:
    for number in range(PIECES):
        if alive is not None:
            alive.append(number)
        yield Chunk("a.log", "lines", b"%d\n" % number, number + 1), Seen("k", "a.log", offset=number)
    if breaks:
        raise OSError("the disk is gone")
    yield None, Seen("k", "a.log", offset=PIECES)


def count(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
    number = int(chunk.data)
    rejected.add("odd", f"row {number}", number % 2)
    if number == 5:
        raise UpstreamChanged("s", "no log")
    return pl.DataFrame({"number": [number]})


def test_pieces_come_in_order_each_with_its_place_and_what_was_lost_of_it() -> None:
    found = list(counted(pieces(), count, ABREAST))
    assert [item.offset if isinstance(item, Seen) else item.seen.offset for item in found] == list(range(PIECES + 1))
    for number, item in enumerate(found[:-1]):
        assert not isinstance(item, Seen)
        if number == 5:
            with pytest.raises(UpstreamChanged, match="no log"):
                item.partials.result()
            continue
        assert item.partials.result()["number"].to_list() == [number]
        assert [lost.example for lost in item.lost.done()] == [f"row {number}"] * (number % 2)


def test_a_file_that_breaks_off_says_so_after_all_that_was_read() -> None:
    items = counted(pieces(breaks=True), count, ABREAST)
    assert [int(next(items).chunk.data) for _ in range(PIECES)] == list(range(PIECES))  # type: ignore[union-attr]
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_no_more_pieces_are_in_memory_than_are_counted_at_a_time_and_the_next_one() -> None:
    read: list[int] = []
    for number, item in enumerate(counted(pieces(alive=read), count, ABREAST)):
        if not isinstance(item, Seen):
            assert len(read) - number <= ABREAST + 1
    assert len(read) == PIECES


def test_no_more_pieces_are_counted_at_a_time_than_asked_for() -> None:
    counting, most = 0, 0
    changes = threading.Lock()

    def watched(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
        nonlocal counting, most
        with changes:
            counting += 1
            most = max(most, counting)
        time.sleep(0.01)
        with changes:
            counting -= 1
        return count(chunk, rejected)

    for item in counted(pieces(), watched, 1):
        if not isinstance(item, Seen):
            item.partials.exception(timeout=60)
    assert most == 1


@pytest.mark.skipif(pl.thread_pool_size() < 2, reason="one core counts one piece at a time")
def test_cores_count_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def meets(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
        meeting.wait()
        return count(chunk, rejected)

    found = [item for item in counted(pieces(), meets, 2) if not isinstance(item, Seen)]
    assert len({item.chunk.first_line for item in found}) == PIECES
    assert all(one.chunk.first_line < other.chunk.first_line for one, other in pairwise(found))


@pytest.mark.parametrize("memory", [1 << 20, 64 << 20, 512 << 20, 4 << 30, 1 << 40])
def test_pieces_share_the_memory_that_one_may_take(memory: int) -> None:
    limit, abreast = shares(memory, 48)
    assert limit * abreast <= memory // 48
    assert 1 <= abreast <= pl.thread_pool_size()
    assert abreast == 1 or limit >= LEAST
