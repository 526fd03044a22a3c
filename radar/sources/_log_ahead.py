"""Pieces of logs counted side by side: while some are counted the next one is read, and they come out in their order.

Counting is the work of libraries that let other threads go on, so each core counts a piece of its own, from its bytes
to its partials, and none waits for another within a piece.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from threading import Semaphore
from typing import NamedTuple

import polars as pl

from radar.sources._log_files import Chunk, Seen
from radar.sources._rejections import Rejections

#: Pieces are not made smaller than this so that more of them can be counted at a time: each has costs of its own.
LEAST = 4 << 20

Count = Callable[[Chunk, Rejections], pl.DataFrame]


class Counting(NamedTuple):
    """A piece, how far its file is read after it, what of it could not be used, and its partials (``result`` waits for
    them, and raises what counting raised). ``lost`` is whole once they are there."""

    chunk: Chunk
    seen: Seen
    lost: Rejections
    partials: Future[pl.DataFrame]


def shares(memory: int, part: int) -> tuple[int, int]:
    """How large a piece may be, and how many are counted at a time, where all of them may have one in ``part`` of so
    many bytes of memory: no more than there are cores, nor so many that they are small."""
    abreast = max(min(pl.thread_pool_size(), memory // part // LEAST), 1)
    return memory // part // abreast, abreast


def counted(pieces: Iterable[tuple[Chunk | None, Seen]], count: Count, abreast: int) -> Iterator[Counting | Seen]:
    """What ``news`` gives, counted so many pieces at a time; no more than those and the next one are in memory.

    An item without a piece comes as it is. Raises what reading raises, when all pieces before have come.
    """
    waiting: deque[Counting | Seen] = deque()
    threads, cores = _threads(os.getpid()), Semaphore(abreast)

    def one(chunk: Chunk, lost: Rejections) -> pl.DataFrame:
        with cores:
            return count(chunk, lost)

    try:
        for chunk, seen in pieces:
            if chunk is None:
                waiting.append(seen)
                continue
            lost = Rejections()
            waiting.append(Counting(chunk, seen, lost, threads.submit(one, chunk, lost)))
            del chunk  # what is done with must not stay while the next is read
            if len(waiting) > abreast:
                yield waiting.popleft()
    except OSError:
        yield from _emptied(waiting)
        raise
    yield from _emptied(waiting)


def _emptied(waiting: deque[Counting | Seen]) -> Iterator[Counting | Seen]:
    while waiting:
        yield waiting.popleft()


@lru_cache(maxsize=1)
def _threads(_process: int) -> ThreadPoolExecutor:
    """Threads that stay: what a new one takes of memory is new too, and has to be cleared first."""
    return ThreadPoolExecutor(pl.thread_pool_size(), "logs")
