"""Cells counted by sorting: the one way from single values of groups to partials that add up (radar/sketch.py).

A group is a number, a cell or register a few bits below it: one 64-bit number a value. Sorted, what is alike lies side
by side, so that a count is a subtraction. One sort of single numbers takes a quarter of the time of a hash table.
"""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

#: Bits of a cell or of a register's place, and of a register's run.
CELL, RUN = 12, 6


def histogram(group: U64, cells: U64) -> tuple[U64, I64]:
    """Values in each cell of each group: numbers ``group << CELL | cell``, each once and in order, and how many.

    ``cells`` are from 0 to below ``2 ** CELL``, groups below ``2 ** (64 - CELL)``; there is at least one value.

    Examples
    --------
    >>> numbers, amounts = histogram(np.array([2, 1, 2], np.uint64), np.array([7, 5, 7], np.uint64))
    >>> [(int(n) >> CELL, int(n) & 4095, int(a)) for n, a in zip(numbers, amounts)]
    [(1, 5, 1), (2, 7, 2)]
    """
    numbers = ordered((group << np.uint64(CELL)) | cells)
    starts = starts_of(numbers)
    return numbers[starts], np.diff(starts, append=len(numbers))


def registers(group: U64, marks: U64) -> tuple[U64, I64]:
    """The longest run in each register of each group: numbers ``group << CELL | place`` as above, and the runs.

    ``marks`` are ``place << RUN | run``, groups below ``2 ** (64 - CELL - RUN)``; there is at least one mark.
    """
    numbers = ordered((group << np.uint64(CELL + RUN)) | marks)
    last = np.append(starts_of(numbers >> np.uint64(RUN))[1:], len(numbers)) - 1  # the largest of a register comes last
    runs = numbers[last]
    return runs >> np.uint64(RUN), (runs & np.uint64((1 << RUN) - 1)).astype(np.int64)


def starts_of(numbers: U64) -> I64:
    """Where each run of equal numbers begins. ``numbers`` is not empty."""
    return np.concatenate((np.zeros(1, np.int64), np.flatnonzero(numbers[1:] != numbers[:-1]) + 1))


def ordered(numbers: U64) -> U64:
    """The numbers in order; the argument may be used up."""
    if numpy_sorts_faster():
        numbers.sort()
        return numbers
    return pl.Series(numbers).sort(multithreaded=False).to_numpy()


@lru_cache(maxsize=1)
def numpy_sorts_faster() -> bool:
    """Which of two sorts is the faster one on this processor, measured once.

    NumPy sorts with AVX-512, which is several times faster than Polars on most processors that have it, and several
    times slower on those (AMD Zen 4) on which its compressing store is.
    """
    keys = np.random.default_rng(1).integers(0, 1 << 63, 200_000, dtype=np.uint64)
    seconds = []
    for sort in (np.sort, lambda some: pl.Series(some).sort(multithreaded=False)):
        runs = []
        for _ in range(3):
            begun = time.perf_counter()
            sort(keys)
            runs.append(time.perf_counter() - begun)
        seconds.append(min(runs))
    return seconds[0] < seconds[1]
