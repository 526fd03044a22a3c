"""Percentiles and distinct counts that add up: within what they promise, and the same however the data were cut."""

from __future__ import annotations

import random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from radar.sketch import ERROR, cell_of, distinct, merged, quantiles, register_of, run_of, value_of


def cells(values: list[float]) -> pl.DataFrame:
    return pl.DataFrame({"k": "a", "v": values}).group_by("k", cell=cell_of(pl.col("v"))).len("amount")


def test_no_value_is_further_from_its_cell_than_promised() -> None:
    draw = random.Random(1)
    table = pl.DataFrame({"v": [10 ** draw.uniform(-2.9, 6) for _ in range(5000)]})
    off = table.select(((value_of(cell_of(pl.col("v"))) - pl.col("v")).abs() / pl.col("v")).max()).item()
    assert off <= ERROR + 1e-9


def test_zero_is_zero_and_null_is_null() -> None:
    found = pl.DataFrame({"v": [0.0, None]}).select(value_of(cell_of(pl.col("v")))).to_series()
    assert found[0] == 0.0
    assert pl.DataFrame({"v": [0.0, None]}).select(cell_of(pl.col("v"))).to_series()[1] is None


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.95, 1.0])
def test_percentile_is_within_one_percent_of_the_data_s(share: float) -> None:
    draw = random.Random(2)
    values = sorted(draw.lognormvariate(3, 1) for _ in range(1001))
    found = quantiles(cells(values), ["k"], [share])[f"p{share * 100:g}"][0]
    assert found == pytest.approx(values[round(share * 1000)], rel=ERROR)


def test_parts_merge_to_the_whole() -> None:
    draw = random.Random(3)
    values = [draw.lognormvariate(3, 1) for _ in range(500)]
    parts = pl.concat([cells(values[:1]), cells(values[1:300]), cells(values[300:])])
    assert_frame_equal(quantiles(parts, ["k"], [0.25, 0.5]), quantiles(cells(values), ["k"], [0.25, 0.5]))
    assert_frame_equal(merged(parts).collect().sort("cell"), cells(values).sort("cell"), check_dtypes=False)


def test_interval_of_the_median_holds_it_and_narrows() -> None:
    few, many = (quantiles(cells([float(n % 100 + 1) for n in range(size)]), ["k"], [0.5]).row(0, named=True)
                 for size in (20, 5000))  # fmt: skip
    assert few["low"] <= few["p50"] <= few["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]


@pytest.mark.parametrize("size", [1, 10, 300, 20_000, 200_000])
def test_distinct_count_is_near_whatever_comes_twice(size: int) -> None:
    digests = pl.DataFrame({"k": "a", "d": pl.Series(range(size)).hash(seed=5)})
    registers = digests.select("k", cell=register_of(pl.col("d")), amount=run_of(pl.col("d")))
    twice = distinct(pl.concat([registers, registers]), ["k"])["distinct"][0]
    assert twice == pytest.approx(size, rel=0.06, abs=0.5)
