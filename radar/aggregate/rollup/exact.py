"""Counts, error shares and exact percentiles of one stretch of time, by one sort of packed keys.

Each row becomes one unsigned 64-bit number, the most significant part first::

    | bin | columns of the key, one after the other | round-trip time in thousandths of a ms | status known | failed |

Sorted, the rows of a group lie side by side in the order of their times, so that a percentile is one look-up and a
count one subtraction. Every part is as wide as its largest value needs; where they do not fit into 64 bits, the time is
cut in two, and a column of a single bin is numbered densely.

A percentile is the value at place ``round(share * (n - 1))``, halves to the even place, as in ``radar.sketch``: so the
histogram's percentile is within 1 % of this one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from radar.aggregate.rollup.packing import Code, coded, dense, narrow, packed, plain, unpacked, width
from radar.aggregate.rollup.rows import (
    KEY_TYPES,
    TICKS,
    Spec,
    bin_of,
    explained,
    failure,
    keyed,
    microseconds,
    scan,
    usable,
)
from radar.cells import U64, ordered, starts_of
from radar.errors import SchemaError

SHARES = (0.25, 0.5, 0.75, 0.95)

_READ = ("time", "status", "failed", "rtt_ms")

#: The bit that says that a row has a status.
_KNOWN = 2


@dataclass(frozen=True, slots=True)
class Bins:
    """``table``: one row a group. ``rows``: how many rows of input count; ``lost``: reason -> rows that do not."""

    table: pl.DataFrame
    rows: int
    lost: dict[str, int] = field(default_factory=dict)


def aggregate(
    files: Sequence[str],
    spec: Spec,
    *,
    since_s: int | None = None,
    until_s: int | None = None,
    shares: Sequence[float] = SHARES,
    share_of_keys: tuple[int, int] = (0, 1),
) -> Bins:
    """Bins of the rows of these files that lie in [since_s, until_s), epoch seconds; None: all of them.

    ``share_of_keys`` is (which, of how many) shares that the keys are cut into: of the others no row is read.

    Returns
    -------
    Bins
        ``table`` sorted by bin and key: ``bin`` (Datetime, its start), the key, ``rows`` (UInt32), ``error_share``
        (Float64; answers of 5xx and requests without an answer, of the rows that have a status; null without any),
        ``rtt_n`` (UInt32, rows with a round-trip time) and ``rtt_p50`` and so on (Float64, ms; null without any).

    Raises
    ------
    SchemaError
        A file that cannot be read or lacks a column; names it.
    """
    held, lost = _read(files, spec, since_s, until_s, share_of_keys)
    table = _grouped(held.pop(), spec, shares)  # which alone holds them, and lets go of them once they are packed
    table, unnamed = keyed(table, spec.keys, "rows")
    for reason, count in unnamed.items():
        lost[reason] = lost.get(reason, 0) + count
    return Bins(table, int(table["rows"].sum()), lost)


def _read(
    files: Sequence[str], spec: Spec, since_s: int | None, until_s: int | None, share_of_keys: tuple[int, int]
) -> tuple[list[pl.DataFrame], dict[str, int]]:
    """Narrow columns of the rows that count, one table: ``bin``, the key, ``ticks``, ``flags``; and why others do not.

    Decoding and narrowing are one streaming pass: the wide columns are never in memory as a whole.
    """
    tables: list[pl.DataFrame] = []
    lost: dict[str, int] = {}
    for file in files:
        rows = scan(file, spec.keys)
        names = rows.collect_schema().names()
        rows = rows.select([name for name in names if name in _READ or name in spec.keys])
        if since_s is not None and until_s is not None:
            inside = microseconds().is_between(since_s * 1_000_000, until_s * 1_000_000, closed="left")
            rows = rows.filter(inside)
        which, of = share_of_keys
        if of > 1:
            rows = rows.filter(pl.struct(narrow(key) for key in spec.keys).hash(seed=1) % of == which)
        names = rows.collect_schema().names()
        try:
            table = rows.select(
                usable(names).alias("good"),
                bin_of(spec.grain_s).cast(pl.UInt32, strict=False).alias("bin"),
                *(narrow(key) for key in spec.keys),
                _ticks(names).alias("ticks"),
                _flags(names).alias("flags"),
            ).collect(engine="streaming")
        except (pl.exceptions.PolarsError, OSError) as error:
            raise SchemaError(f"{file}: cannot be read: {str(error).splitlines()[0][:200]}") from error
        if not table["good"].all():
            for reason, count in explained(rows).items():
                lost[reason] = lost.get(reason, 0) + count
            table = table.filter("good")
        tables.append(table.drop("good"))
    return [pl.concat(tables)], lost


def _ticks(names: Sequence[str]) -> pl.Expr:
    if "rtt_ms" not in names:
        return pl.lit(None, pl.UInt32)
    return (pl.col("rtt_ms") * TICKS).round(mode="half_away_from_zero").cast(pl.UInt32, strict=False)


def _flags(names: Sequence[str]) -> pl.Expr:
    """Bit 1: the row has a status. Bit 0: its request failed."""
    failed = failure(names)
    if failed is None:
        return pl.lit(0, pl.UInt8)
    return (failed.cast(pl.UInt8) + pl.lit(_KNOWN, pl.UInt8)).fill_null(pl.lit(0, pl.UInt8))


def _grouped(rows: pl.DataFrame, spec: Spec, shares: Sequence[float]) -> pl.DataFrame:
    if rows.is_empty():
        return _table(spec, shares)
    first, last = int(rows["bin"].min()), int(rows["bin"].max())  # type: ignore[arg-type]  # whole, and not empty
    codes = [plain("bin", rows["bin"].to_numpy() - np.uint32(first)), *(coded(rows[key]) for key in spec.keys)]
    said = rows["ticks"].max()
    none = 0 if said is None else int(said) + 1  # type: ignore[arg-type]  # stands for "not said", and sorts last
    room = 64 - none.bit_length() - 2
    if width(codes) > room:
        if first < last:
            late = rows["bin"] > (first + last) // 2
            return pl.concat([_grouped(rows.filter(part), spec, shares) for part in (~late, late)])
        codes = [dense(code) for code in codes]
        if width(codes) > room:
            raise SchemaError(f"{rows.height} rows of one bin have too many keys; expected {room} bits of them")
    ticks = rows["ticks"].fill_null(none) if rows["ticks"].null_count() else rows["ticks"]
    values = [Code("ticks", ticks.to_numpy(), none.bit_length()), Code("flags", rows["flags"].to_numpy(), 2)]
    del rows, ticks
    keys = packed([*codes, *values])
    del values
    codes = [Code(code.name, np.empty(0, np.uint8), code.bits, code.texts) for code in codes]
    return _counted(ordered(keys), codes, first, none, spec, shares)


def _counted(
    keys: U64, codes: Sequence[Code], first: int, none: int, spec: Spec, shares: Sequence[float]
) -> pl.DataFrame:
    """One row a group of sorted keys."""
    group = keys >> np.uint64(none.bit_length() + 2)
    starts = starts_of(group)
    n = np.diff(starts, append=len(group))
    group = group[starts]
    flags = (keys & np.uint64(3)).astype(np.uint8)
    failed = np.add.reduceat(flags & np.uint8(1), starts, dtype=np.uint32)
    known = n if flags.min() >= _KNOWN else np.add.reduceat(flags >> np.uint8(1), starts, dtype=np.uint32)
    del flags
    mask = np.uint64((1 << none.bit_length()) - 1)
    timed = n
    if ((keys[starts + n - 1] >> np.uint64(2) & mask) == none).any():
        said = (keys >> np.uint64(2) & mask) != none
        timed = np.add.reduceat(said.astype(np.uint8), starts, dtype=np.uint32)
    columns = {}
    for share in shares:
        place = np.rint(share * np.maximum(timed - 1.0, 0.0)).astype(np.int64)
        ticks = keys[starts + place] >> np.uint64(2) & mask
        columns[f"rtt_p{share * 100:g}"] = np.where(timed > 0, ticks / TICKS, np.nan)
    with np.errstate(invalid="ignore"):
        columns["error_share"] = failed / known
    read = unpacked(group, codes)
    read["bin"] = read["bin"].cast(pl.Int64) + first
    return _table(spec, shares, {**read, "rows": n, "rtt_n": timed, **columns})


def _table(spec: Spec, shares: Sequence[float], columns: Mapping[str, object] | None = None) -> pl.DataFrame:
    """The result in its types. NaN, where nothing was said, is null from here on."""
    names = ["bin", *spec.keys, "rows", "error_share", "rtt_n", *(f"rtt_p{share * 100:g}" for share in shares)]
    table = pl.DataFrame({name: [] for name in names} if columns is None else dict(columns))
    return table.select(
        pl.from_epoch(pl.col("bin").cast(pl.Int64) * spec.grain_s, "s").dt.replace_time_zone("UTC").alias("bin"),
        *(pl.col(key).cast(KEY_TYPES[key]) for key in spec.keys),
        pl.col("rows").cast(pl.UInt32),
        pl.col("error_share").cast(pl.Float64).fill_nan(None),
        pl.col("rtt_n").cast(pl.UInt32),
        *(pl.col(name).cast(pl.Float64).fill_nan(None) for name in names if name.startswith("rtt_p")),
    )
