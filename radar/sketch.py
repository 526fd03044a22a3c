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

import polars as pl

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
    ordered = _each_cell(cells, keys, pl.col("amount").sum().cast(pl.Int64))
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
    total = (0.5 ** pl.col("amount").cast(pl.Float64)).sum() + (REGISTERS - used)
    raw = _ALPHA * REGISTERS * REGISTERS / total
    empty = REGISTERS - used
    linear = REGISTERS * (REGISTERS / empty.cast(pl.Float64)).log()
    return (
        _each_cell(registers, keys, pl.col("amount").max())
        .group_by(keys, maintain_order=True)
        .agg(distinct=pl.when((raw <= 2.5 * REGISTERS) & (empty > 0)).then(linear).otherwise(raw))
    )


def _each_cell(cells: pl.DataFrame | pl.LazyFrame, keys: list[str], amount: pl.Expr) -> pl.DataFrame:
    """Cells that occur several times as one row each, in order of ``keys`` and ``cell``.

    A group that is a number is put with its cell into one number: that is grouped and sorted several times as fast.
    """
    table = cells.lazy().collect()
    if len(keys) == 1 and table.schema[keys[0]] == pl.Int64 and table.height:
        group, cell = pl.col(keys[0]), pl.col("cell").cast(pl.Int64)
        least, most = table.select(pl.min(keys[0]).alias("least"), pl.max(keys[0]).alias("most")).row(0)
        first, last = table.select(cell.min().alias("first"), cell.max().alias("last")).row(0)
        width = last - first + 1
        if least is not None and least > -(2**62) and (most - least + 1) * width < 2**62:
            places = table.select("amount", place=(group - least) * width + cell - first)
            told = places.group_by("place").agg(amount).sort("place")
            place = pl.col("place")
            return told.select(
                (place // width + least).alias(keys[0]), (place % width + first).cast(pl.Int32).alias("cell"), "amount"
            )
    return table.group_by([*keys, "cell"]).agg(amount).sort([*keys, "cell"])
