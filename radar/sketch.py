"""Percentiles and distinct counts that add up: any bins, files or machines give the same answer as one pass.

Everything is a table of cells, one row a cell that is not empty, so that merging is one ``group_by``:

* percentiles: a histogram with logarithmic cells (DDSketch, Masson et al., VLDB 2019), cell ``ceil(ln v / ln g)`` with
  ``g = (1 + a) / (1 - a)`` and ``a`` = 1 %: every percentile is within 1 % of a value of the data. Merged by adding.
* distinct counts: HyperLogLog (Flajolet et al., 2007; small counts by linear counting) with 4,096 registers: standard
  error 1.6 %. A register is a place and the longest run of zeros seen there; no address can be had back from it.
  Merged by taking the larger.

Both are exact in merging: the cells of a whole are the merged cells of its parts, in any order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from radar.cells import ordered, starts_of

#: Relative error of a percentile.
ERROR = 0.01
_G = (1 + ERROR) / (1 - ERROR)
_LN_G = math.log(_G)
#: Values at or below this share one cell: 0 among them, which has no logarithm.
SMALLEST = 1e-3
_ZERO_CELL = math.ceil(math.log(SMALLEST) / _LN_G)

#: Registers of a distinct count: 2 to the power of this.
_BITS = 12
REGISTERS = 1 << _BITS
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)

#: What a register counts for, by its run: 2 to the power of minus it.
_HALVES = pl.Series([0.5**run for run in range(64 - _BITS + 2)])

#: Of a 95 % interval.
Z = 1.959963984540054


def cell_of(value: pl.Expr) -> pl.Expr:
    """The cell (Int32) of each value; null for null. Values below ``SMALLEST`` share the lowest cell.

    Examples
    --------
    >>> pl.DataFrame({"v": [0.0, 1.0, 100.0, None]}).select(cell_of(pl.col("v")))["v"].to_list()
    [-345, 0, 231, None]
    """
    return (value.clip(lower_bound=SMALLEST).log() / _LN_G).ceil().cast(pl.Int32)


def value_of(cell: pl.Expr) -> pl.Expr:
    """The value that stands for a cell: no value of the cell is further from it than ``ERROR``; 0 for the lowest."""
    return pl.when(cell > _ZERO_CELL).then((cell * _LN_G).exp() * (2 / (_G + 1))).otherwise(0.0)


def merged(cells: pl.DataFrame | pl.LazyFrame, *, amount: str = "amount", largest: bool = False) -> pl.LazyFrame:
    """Cells that occur several times as one row each: added up, or the largest for registers (``largest``).

    All columns but ``amount`` name the cell.
    """
    lazy = cells.lazy()
    names = [name for name in lazy.collect_schema().names() if name != amount]
    return lazy.group_by(names).agg(pl.col(amount).max() if largest else pl.col(amount).sum())


def quantiles(cells: pl.DataFrame | pl.LazyFrame, keys: Sequence[str], shares: Sequence[float]) -> pl.DataFrame:
    """Percentiles of each group, with the 95 % interval of its median.

    Parameters
    ----------
    cells
        ``keys``, ``cell`` (Int32) and ``amount`` (values in the cell, more than 0); a cell may occur several times.
    keys
        Columns that name a group.
    shares
        Which percentiles, 0 to 1.

    Returns
    -------
    pl.DataFrame
        One row per group, sorted: ``keys``, ``n`` (UInt64, values), ``p25`` and so on for each share, and ``low``,
        ``high``: the Wilson interval of the median on order statistics (Fontugne et al., IMC 2017). With few values
        the interval is wide; nothing is null.

    Examples
    --------
    >>> cells = pl.DataFrame({"cc": ["IQ"] * 3, "cell": [0, 100, 200], "amount": [1, 1, 1]})
    >>> quantiles(cells, ["cc"], [0.5]).with_columns(pl.col(pl.Float64).round(2)).rows()
    [('IQ', 3, 7.32, 0.99, 54.06)]
    """
    keys = list(keys)
    ordered = _each_cell(cells, keys)
    groups = ordered.group_by(keys, maintain_order=True).agg(n=pl.col("amount").sum())
    n = pl.col("n")
    square = Z * Z
    centre, half = 0.5 + square / (2 * n), Z * (1 / (4 * n) + square / (4 * n * n)).sqrt()
    asked = {f"p{share * 100:g}": pl.lit(share) for share in shares}
    asked |= {
        "low": (centre - half) / (1 + square / n),
        "high": (centre + half) / (1 + square / n),
    }
    # the place of an observation among all of a group, counted on through all groups before it
    before = n.cum_sum() - n
    places = groups.select(
        (before + (share * (n - 1)).round().clip(0, n - 1).cast(pl.Int64)).alias(name) for name, share in asked.items()
    )
    upto = ordered["amount"].cum_sum()
    found = [ordered["cell"].gather(upto.search_sorted(place, side="right")).alias(place.name) for place in places]
    values = pl.DataFrame(found).select(value_of(pl.all()))
    return pl.concat([groups.with_columns(n.cast(pl.UInt64)), values], how="horizontal")


def register_of(digest: pl.Expr) -> pl.Expr:
    """Place (Int32) of the register that a 64-bit digest (UInt64) counts in."""
    return (digest // (1 << (64 - _BITS))).cast(pl.Int32)


def run_of(digest: pl.Expr) -> pl.Expr:
    """What it puts there (UInt8): one more than the zeros that the rest of the digest begins with."""
    rest = digest % (1 << (64 - _BITS))
    return pl.when(rest == 0).then(64 - _BITS + 1).otherwise(
        rest.bitwise_leading_zeros() - _BITS + 1
    ).cast(pl.UInt8)  # fmt: skip


def distinct(registers: pl.DataFrame | pl.LazyFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Distinct count of each group: ``keys`` and ``distinct`` (Float64).

    ``registers`` has ``keys``, ``cell`` (place) and ``amount`` (run); a place may occur several times, the largest run
    counts.

    Examples
    --------
    >>> digests = pl.DataFrame({"cc": "IQ", "d": pl.Series(range(1000)).hash(seed=1)})
    >>> registers = digests.select("cc", cell=register_of(pl.col("d")), amount=run_of(pl.col("d")))
    >>> abs(distinct(registers, ["cc"])["distinct"][0] - 1000) < 50
    True
    """
    keys = list(keys)
    used = pl.col("amount").len()
    total = pl.col("share").sum() + (REGISTERS - used)
    raw = _ALPHA * REGISTERS * REGISTERS / total
    empty = REGISTERS - used
    linear = REGISTERS * (REGISTERS / empty.cast(pl.Float64)).log()
    return (
        _each_cell(registers, keys, largest=True)
        .with_columns(share=pl.lit(_HALVES).gather(pl.col("amount").cast(pl.UInt32)))
        .group_by(keys, maintain_order=True)
        .agg(distinct=pl.when((raw <= 2.5 * REGISTERS) & (empty > 0)).then(linear).otherwise(raw))
    )


def _each_cell(cells: pl.DataFrame | pl.LazyFrame, keys: list[str], *, largest: bool = False) -> pl.DataFrame:
    """Cells that occur several times as one row each (``amount``, Int64: the sum or the largest), in order of ``keys``
    and ``cell``."""
    table = cells.lazy().collect()
    if len(keys) == 1 and table.schema[keys[0]] == pl.Int64 and table.height:
        made = _of_numbers(table, keys[0], largest=largest)
        if made is not None:
            return made
    amount = pl.col("amount").max() if largest else pl.col("amount").sum()
    return table.group_by([*keys, "cell"]).agg(amount.cast(pl.Int64)).sort([*keys, "cell"])


def _of_numbers(table: pl.DataFrame, key: str, *, largest: bool) -> pl.DataFrame | None:
    """The same for groups that are numbers: group, cell and amount are put into one number of 64 bits, which is sorted
    in a fraction of the time that grouping takes. None where they do not fit."""
    group, cell, amount = (table[name].cast(pl.Int64).to_numpy() for name in (key, "cell", "amount"))
    if table.null_count().sum_horizontal().item():
        return None
    least, first = int(group.min()), int(cell.min())
    width, bits = int(cell.max()) - first + 1, int(amount.max()).bit_length()
    if amount.min() < 0 or ((int(group.max()) - least + 1) * width) << bits >= 1 << 63:
        return None
    numbers = ordered(((((group - least) * width + (cell - first)) << bits) | amount).view(np.uint64)).view(np.int64)
    places, amounts = numbers >> bits, numbers & ((1 << bits) - 1)
    starts = starts_of(places.view(np.uint64))
    last = np.append(starts[1:], len(numbers)) - 1  # the largest of a cell comes last
    amounts = amounts[last] if largest else np.add.reduceat(amounts, starts)
    places = places[starts]
    found = pl.DataFrame({key: places // width + least, "cell": places % width + first, "amount": amounts})
    return found.with_columns(pl.col(key).set_sorted(), pl.col("cell").cast(pl.Int32))
