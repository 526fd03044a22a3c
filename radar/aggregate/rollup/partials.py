"""Counts that add up: partials of raw rows, of any files, machines and order.

A partial is one row ``bin, <key>, field, cell, amount``; ``bin`` is the start of the bin in epoch seconds.

============================ ======== ============================================================================
field                        cell     amount
============================ ======== ============================================================================
``rows``, ``bytes``          0        a sum
``bytes_n``, ``status_n``    0        how many rows say bytes, a status
``failed``                   0        answers of 5xx, and requests without an answer
``rtt``, ``throughput``      cell     values in that cell of the histogram (radar/sketch.py)
``client``                   register longest run of zeros; merges by the larger, all else by adding
============================ ======== ============================================================================

Merging is exact: the partials of a whole are the merged partials of its parts, row for row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from radar.aggregate.rollup.packing import Code, coded, dense, narrow, packed, unpacked, width
from radar.aggregate.rollup.rows import KEY_TYPES, Spec, explained, failure, keyed, microseconds, scan, usable
from radar.cells import CELL, I64, RUN, U64, histogram, registers, starts_of
from radar.errors import SchemaError
from radar.sketch import cell_of, distinct, quantiles, register_of, run_of, value_of

FIELDS = ("rows", "bytes", "bytes_n", "status_n", "failed", "rtt", "throughput", "client")
SHARES = (0.25, 0.5, 0.75, 0.95)

#: As many rows at once as there are.
ALL = 1 << 62

_SUMS = FIELDS[:5]
_HISTOGRAMS = {"rtt": "rtt_ms", "throughput": "throughput_mbps"}

#: Bits of field and cell; added to a cell so that none is below 0.
_LOW, _SHIFT = CELL + 3, 512
_CELLS = (1 << CELL) - 1
_FIELD = pl.Enum(FIELDS)


def schema(spec: Spec) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Columns and types of partials by that key."""
    return {
        "bin": pl.Int64, **{key: KEY_TYPES[key] for key in spec.keys}, "field": _FIELD, "cell": pl.Int32,
        "amount": pl.Int64,
    }  # fmt: skip


def of_file(
    file: str, spec: Spec, lost: Counter[str], *, start: int = 0, length: int | None = None, most: int = ALL
) -> Iterator[pl.DataFrame]:
    """Partials of one file, or of ``length`` of its rows from ``start`` on, in order, in tables of about ``most`` rows.

    A file of raw rows (radar.aggregate.rollup.rows), or of partials with a grain that divides the one asked for. Rows
    that do not count are added to ``lost`` by reason. Raises SchemaError with the file and what was expected.
    """
    if are_in(file):
        yield _finer(file, spec, start, length)
        return
    rows = scan(file, spec.keys)
    try:
        yield from in_turn(rows if length is None else rows.slice(start, length), spec, lost, most=most)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SchemaError(f"{file}: cannot be read: {str(error).splitlines()[0][:200]}") from error


def are_in(file: str) -> bool:
    """Does the file hold partials, and no raw rows? Raises SchemaError for one that cannot be read."""
    try:
        names = pl.scan_parquet(file, glob=False).collect_schema().names()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SchemaError(f"{file}: no Parquet file that can be read: {str(error).splitlines()[0][:200]}") from error
    return {"field", "cell", "amount"} <= set(names)


def _finer(file: str, spec: Spec, start: int, length: int | None) -> pl.DataFrame:
    """Partials that were kept, at a coarser grain."""
    wanted = schema(spec)
    kept = pl.scan_parquet(file, glob=False)
    names = kept.collect_schema().names()
    if names != list(wanted):
        raise SchemaError(f"{file}: partials with columns {', '.join(names)}; expected {', '.join(wanted)}")
    grain = int(pl.read_parquet_metadata(file).get("grain_s", "0"))
    if not grain or spec.grain_s % grain:
        raise SchemaError(f"{file}: partials of {grain} s; expected a grain that {spec.grain_s} s is a multiple of")
    table = kept.slice(start, length).collect().cast(wanted)  # type: ignore[arg-type]  # a dict of types
    return coarser(table, spec)


def counted(rows: pl.LazyFrame, spec: Spec) -> tuple[pl.DataFrame, dict[str, int]]:
    """Partials of raw rows, sorted, and reason -> rows that do not count: what ``in_turn`` gives, as one."""
    lost: Counter[str] = Counter()
    return pl.concat([pl.DataFrame(schema=schema(spec)), *in_turn(rows, spec, lost)]), dict(lost)


def in_turn(rows: pl.LazyFrame, spec: Spec, lost: Counter[str], *, most: int = ALL) -> Iterator[pl.DataFrame]:
    """Partials of raw rows, sorted, in tables of about ``most`` rows (and at most those of one bin and key more).

    ``rows`` has ``time``, the key, and what else there is of the columns of radar.aggregate.rollup.rows. Rows that do
    not count are added to ``lost`` by reason.
    """
    names = rows.collect_schema().names()
    table = rows.select(
        usable(names).alias("good"),
        (microseconds() // (spec.grain_s * 1_000_000) * spec.grain_s).alias("bin"),
        *(narrow(key) for key in spec.keys),
        *_narrowed(names),
    ).collect(engine="streaming")
    if not table["good"].all():
        lost.update(explained(rows))
        table = table.filter("good")
    if table.is_empty():
        return
    group, codes = _groups(table, spec, 64 - (CELL + RUN if "client" in table.columns else _LOW))
    codes = [Code(code.name, np.empty(0, np.uint8), code.bits, code.texts) for code in codes]
    counts = _counts(table.drop("bin", *spec.keys), group)
    del table, group
    for numbers, amounts in _cut(counts, most):
        found = _unpacked(*_summed(numbers, amounts), codes, spec)
        known, unnamed = keyed(found.filter(pl.col("field") == "rows"), spec.keys, "amount")
        if unnamed:
            lost.update(unnamed)
            found = found.join(known.select("bin", *spec.keys), on=["bin", *spec.keys], how="semi", nulls_equal=True,
                               maintain_order="left")  # fmt: skip
        yield found


def _narrowed(names: Sequence[str]) -> Iterator[pl.Expr]:
    """What is counted of a row, in few bytes; null: not said."""
    if "bytes" in names:
        yield pl.col("bytes").cast(pl.Int64, strict=False)
    failed = failure(names)
    if failed is not None:
        yield failed
    for name, column in _HISTOGRAMS.items():
        if column in names:
            value = pl.col(column).cast(pl.Float64).clip(0, 1e6)  # what lies outside of it does not count
            yield (cell_of(value.fill_nan(0)) + _SHIFT).cast(pl.UInt16, strict=False).alias(name)
    if "client" in names:
        digest = pl.col("client").reinterpret(signed=False)
        yield (register_of(digest).cast(pl.UInt32) * (1 << RUN) + run_of(digest)).alias("client")


def _groups(table: pl.DataFrame, spec: Spec, bits: int) -> tuple[U64, list[Code]]:
    """Bin and key of each row as one number of at most so many bits; and how to read it."""
    since = table["bin"] - table["bin"].min()
    first = int(table["bin"][0]) - int(since[0])
    numbers = (since // spec.grain_s).cast(pl.UInt32).to_numpy()
    starts = pl.Series(range(first, first + (int(numbers.max()) + 1) * spec.grain_s, spec.grain_s), dtype=pl.Int64)
    codes = [Code("bin", numbers, len(starts).bit_length(), starts), *(coded(table[key]) for key in spec.keys)]
    if width(codes) > bits:
        codes = [dense(code) for code in codes]
    if width(codes) > bits:
        raise SchemaError(f"bins and keys of {width(codes)} bits; expected {bits}: fewer bins at once")
    return packed(codes), codes


def _counts(table: pl.DataFrame, group: U64) -> list[tuple[U64, I64]]:
    """For each field, packed (group, field, cell) in order, each once, and amounts."""
    sums = (
        pl.DataFrame({"group": group})
        .with_columns(table.select(pl.col("^(bytes|failed)$")))
        .group_by("group")
        .agg(rows=pl.len(), **_sums(table.columns))
        .sort("group")
    )
    base = sums["group"].to_numpy() << np.uint64(_LOW)
    found = [(base | _field(name), sums[name].to_numpy().astype(np.int64)) for name in sums.columns[1:]]
    for name in (*_HISTOGRAMS, "client"):
        if name not in table.columns:
            continue
        said = table[name].is_not_null().to_numpy()
        cells = table[name].filter(pl.Series(said)).to_numpy().astype(np.uint64)
        base = group if said.all() else group[said]
        if not len(base):
            continue
        keys, amounts = registers(base, cells) if name == "client" else histogram(base, cells)
        keys = ((keys >> np.uint64(CELL)) << np.uint64(_LOW)) | _field(name) | (keys & np.uint64(_CELLS))
        found.append((keys, amounts))
    return found


def _cut(counts: Sequence[tuple[U64, I64]], most: int) -> Iterator[tuple[U64, I64]]:
    """All fields as one, in tables of about ``most`` numbers that end where a group does."""
    if sum(len(numbers) for numbers, _ in counts) <= most:
        yield np.concatenate([numbers for numbers, _ in counts]), np.concatenate([amounts for _, amounts in counts])
        return
    groups = counts[0][0] >> np.uint64(_LOW) << np.uint64(_LOW)  # every group has rows
    places = [np.searchsorted(numbers, groups) for numbers, _ in counts]
    before = np.sum(places, axis=0)
    firsts = np.unique(np.searchsorted(before, np.arange(0, int(before[-1]) + 1, most)))
    for first, last in zip(firsts, [*firsts[1:], None], strict=True):
        cuts = [slice(at[first], None if last is None else at[last]) for at in places]
        yield (np.concatenate([numbers[cut] for (numbers, _), cut in zip(counts, cuts, strict=True)]),
               np.concatenate([amounts[cut] for (_, amounts), cut in zip(counts, cuts, strict=True)]))  # fmt: skip


def _sums(names: Sequence[str]) -> dict[str, pl.Expr]:
    found: dict[str, pl.Expr] = {}
    if "bytes" in names:
        found |= {"bytes": pl.col("bytes").sum(), "bytes_n": pl.col("bytes").count()}
    if "failed" in names:
        found |= {"status_n": pl.col("failed").count(), "failed": pl.col("failed").sum()}
    return found


def _field(name: str) -> np.uint64:
    """A field's bits; sums lie in the cell that stands for 0."""
    return np.uint64(FIELDS.index(name) << CELL | (_SHIFT if name in _SUMS else 0))


def _summed(numbers: U64, amounts: I64) -> tuple[U64, I64]:
    """Every (group, field, cell) once, in order: added up, of registers the larger. Amounts of 0 are left out."""
    order = np.argsort(numbers, kind="stable")  # which merges the runs that are in order already
    numbers, amounts = numbers[order], amounts[order]
    starts = starts_of(numbers)
    found = numbers[starts]
    added = np.add.reduceat(amounts, starts)
    registers = (found >> np.uint64(CELL) & np.uint64(7)) == FIELDS.index("client")
    if len(starts) < len(numbers) and registers.any():
        added = np.where(registers, np.maximum.reduceat(amounts, starts), added)
    held = added != 0
    return (found, added) if held.all() else (found[held], added[held])


def _unpacked(numbers: U64, amounts: I64, codes: Sequence[Code], spec: Spec) -> pl.DataFrame:
    low = [Code("field", np.empty(0, np.uint8), 3), Code("cell", np.empty(0, np.uint16), CELL)]
    read = unpacked(numbers, [*codes, *low])
    field = read["field"].cast(pl.UInt8)
    shift = pl.when(pl.col("field") == FIELDS.index("client")).then(0).otherwise(_SHIFT)
    table = pl.DataFrame({**read, "field": field, "amount": amounts})
    return table.with_columns(
        cell=pl.col("cell").cast(pl.Int32) - shift, field=pl.col("field").cat.to(_FIELD)
    ).cast(schema(spec))  # type: ignore[arg-type]  # a dict of types  # fmt: skip


def merged(parts: Sequence[pl.DataFrame], spec: Spec) -> pl.DataFrame:
    """Partials of several parts as those of the whole, sorted: the same for any parts and any order of them."""
    parts = [part for part in parts if part.height]
    if len(parts) < 2:
        return parts[0] if parts else pl.DataFrame(schema=schema(spec))
    return _merged(pl.concat(parts), spec)


def _merged(whole: pl.DataFrame, spec: Spec) -> pl.DataFrame:
    table = whole.with_columns(narrow(key) for key in spec.keys)
    group, codes = _groups(table, spec, 64 - _LOW)
    shift = pl.when(pl.col("field") == "client").then(0).otherwise(_SHIFT)
    low = whole.select(pl.col("field").to_physical().cast(pl.UInt64) * (1 << CELL) + (pl.col("cell") + shift))
    numbers = (group << np.uint64(_LOW)) | low.to_series().cast(pl.UInt64).to_numpy()
    return _unpacked(*_summed(numbers, whole["amount"].to_numpy()), codes, spec)


def coarser(partials: pl.DataFrame, spec: Spec) -> pl.DataFrame:
    """Partials of a finer grain as those of ``spec``: the same as if the rows had been counted so."""
    if partials.is_empty():
        return partials
    return _merged(partials.with_columns(pl.col("bin") // spec.grain_s * spec.grain_s), spec)


def bins(partials: pl.DataFrame, spec: Spec) -> pl.DataFrame:
    """What partials say, one row a bin and entity, sorted.

    Returns
    -------
    pl.DataFrame
        ``bin`` (Datetime, its start), the key, ``rows`` (UInt64), ``bytes`` (UInt64; null when no row says),
        ``error_share`` (Float64; answers of 5xx and requests without an answer, of the rows with a status; null
        without any), ``clients`` (Float64, distinct, standard error 1.6 %; null when no row has a digest), ``rtt_n``
        (UInt64, rows with a round-trip time), ``rtt_p25`` and so on (Float64, ms, within 1 % of the data's; null
        without any), and the same of ``throughput`` in Mbit/s.
    """
    group = ["bin", *spec.keys]
    sums = partials.filter(pl.col("field").is_in(_SUMS)).pivot("field", index=group, values="amount", on_columns=_SUMS)
    sums = sums.with_columns(pl.col(_SUMS).fill_null(0))
    table = sums.join(distinct(_cells(partials, "client"), group), on=group, how="left")
    for name in _HISTOGRAMS:
        table = table.join(_percentiles(_cells(partials, name), name, group), on=group, how="left")
    shares = [f"p{share * 100:g}" for share in SHARES]
    return table.sort(group).select(
        pl.from_epoch("bin", "s").dt.replace_time_zone("UTC"),
        *spec.keys,
        pl.col("rows").cast(pl.UInt64),
        pl.when(pl.col("bytes_n") > 0).then("bytes").cast(pl.UInt64).alias("bytes"),
        (pl.col("failed") / pl.col("status_n")).fill_nan(None).alias("error_share"),
        pl.col("distinct").alias("clients"),
        *(
            column
            for name in _HISTOGRAMS
            for column in (
                pl.col(f"{name}_n").fill_null(0).cast(pl.UInt64),
                *(pl.col(f"{name}_{share}") for share in shares),
            )
        ),
    )


def _cells(partials: pl.DataFrame, name: str) -> pl.DataFrame:
    return partials.filter(pl.col("field") == name).drop("field")


def _percentiles(cells: pl.DataFrame, name: str, group: list[str]) -> pl.DataFrame:
    """As ``radar.sketch.quantiles``, of cells that are sorted and occur once: no group is gathered or sorted anew."""
    if cells.is_empty():
        return quantiles(cells, group, SHARES).drop("low", "high").rename(
            {"n": f"{name}_n"} | {f"p{share * 100:g}": f"{name}_p{share * 100:g}" for share in SHARES}
        )  # fmt: skip
    runs = cells.select(pl.struct(group).rle_id()).to_series().to_numpy()
    starts = starts_of(runs)
    upto = np.cumsum(cells["amount"].to_numpy())
    ends = np.append(starts[1:], len(runs)) - 1
    before = np.where(starts > 0, upto[starts - 1], 0)
    n = upto[ends] - before
    values = cells.select(value_of(pl.col("cell"))).to_series()
    found = {f"{name}_n": pl.Series(n)}
    for share in SHARES:
        place = before + np.rint(share * (n - 1)).astype(np.int64)
        found[f"{name}_p{share * 100:g}"] = values.gather(np.searchsorted(upto, place, side="right"))
    return cells.select(group)[starts].with_columns(**found)
