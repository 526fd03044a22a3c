"""Cells counted by sorting are those that a plain group-by counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar import cells
from radar.cells import CELL, RUN, histogram, registers

VALUES = st.lists(st.tuples(st.integers(0, 2**46 - 1), st.integers(0, 2**CELL - 1)), min_size=1, max_size=50)


def numbers(some: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(some, np.uint64)


@given(VALUES, st.integers(1, 3))
def test_a_histogram_counts_every_value_in_its_cell(values: list[tuple[int, int]], times: int) -> None:
    values = values * times
    found, amounts = histogram(numbers([group for group, _ in values]), numbers([cell for _, cell in values]))
    right = {place: values.count(place) for place in sorted(set(values))}
    assert [(int(n) >> CELL, int(n) % 2**CELL) for n in found] == list(right)
    assert amounts.tolist() == list(right.values())


@given(VALUES, st.lists(st.integers(1, 2**RUN - 1), min_size=50, max_size=50))
def test_a_register_keeps_its_longest_run(values: list[tuple[int, int]], runs: list[int]) -> None:
    values, runs = values * 2, runs[::-1] + runs
    right: dict[tuple[int, int], int] = {}
    for place, run in zip(values, runs, strict=False):
        right[place] = max(right.get(place, 0), run)
    marks = numbers([(cell << RUN) + run for (_, cell), run in zip(values, runs, strict=False)])
    found, longest = registers(numbers([group for group, _ in values]), marks)
    assert [(int(n) >> CELL, int(n) % 2**CELL) for n in found] == sorted(right)
    assert longest.tolist() == [right[place] for place in sorted(right)]


def test_both_sorts_order_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    some = np.random.default_rng(3).integers(0, 2**64, 5000, dtype=np.uint64)
    found = []
    for choice in (True, False):
        monkeypatch.setattr(cells, "numpy_sorts_faster", lambda choice=choice: choice)
        found.append(cells.ordered(some.copy()))
    assert found[0].tolist() == found[1].tolist() == sorted(some.tolist())
