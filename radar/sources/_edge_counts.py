"""Requests counted: rows to partials that add up, and partials to SIGNALS.

A partial is one row ``bin, cc, asn, provider, field, cell, amount``:

========================================== ======== ==================================================================
field                                      cell     amount
========================================== ======== ==================================================================
``requests``, ``bytes``                    0        a sum
``bytes_none``, ``status_none``            0        how many rows do not say bytes, a status
``h3_n``, ``ends_n``                       0        how many rows say a protocol, a connection's end
``s4``, ``s5``, ``s0``                     0        answers of 4xx and 5xx, and requests without one
``h3``, ``reset``, ``timeout``             0        requests over HTTP/3; connections that ended so
``clients_n``                              0        how many rows have a client's address
``rtt``, ``throughput``                    cell     values in that cell of the histogram (radar/sketch.py)
``client``                                 register longest run of zeros; the only field that merges by the larger
========================================== ======== ==================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np
import polars as pl

from radar.cells import CELL, I64, RUN, U64, histogram, registers, starts_of
from radar.entities import networks
from radar.schema import SIGNALS, empty_signals
from radar.signals import SIGNALS as CATALOGUE
from radar.sketch import cell_of, distinct, quantiles, register_of, run_of

#: Seconds of a bin.
BIN_S = 300

KEYS = ("bin", "cc", "asn", "provider")
PARTIALS: dict[str, pl.DataType | type[pl.DataType]] = {
    "bin": pl.Int64, "cc": pl.String, "asn": pl.Int64, "provider": pl.String, "field": pl.String, "cell": pl.Int32,
    "amount": pl.Int64,
}  # fmt: skip

#: Bits of a number of a group, so that a register and its run fit below it; added to a cell so that none is below 0.
_BITS, SHIFT = 64 - CELL - RUN, 512

#: Columns of text.
_TEXTS = frozenset({"cc", "provider", "field"})

#: Fields that add up and have one cell.
SUMS = ("requests", "bytes", "bytes_none", "status_none", "s4", "s5", "s0", "h3", "h3_n", "reset", "timeout", "ends_n",
         "clients_n")  # fmt: skip

#: All fields, and all series, of which numbers are compared in place of texts.
FIELDS = [*SUMS, "rtt", "throughput", "client"]
_FIELD = pl.Enum(FIELDS)
_SERIES = pl.Enum(sorted(signal for signal in CATALOGUE if signal.startswith("edge.")))

#: Fields that merge by the larger.
LARGEST = frozenset({"client"})

#: A median of fewer rows says more about those clients than about the network.
ENOUGH = 5

SHARES = (0.25, 0.5, 0.75, 0.95)

#: Entity type -> the columns that name it.
_KINDS = {"country": ["cc"], "asn": ["asn"], "geoasn": ["cc", "asn"], "provider": ["provider"]}


def counted(rows: pl.DataFrame, key: int) -> pl.DataFrame:
    """Partials of checked rows. ``key`` (64 bits) keys the hash of clients' addresses, which end here."""
    if rows.is_empty():
        return pl.DataFrame(schema=PARTIALS)
    rows = _numbered(rows, bits=_BITS)
    status, end = pl.col("status"), pl.col("end")
    by_column = {
        "bytes": {"bytes": pl.col("bytes").sum(), "bytes_none": pl.col("bytes").null_count()},
        "status": {
            "status_none": status.null_count(),
            "s4": status.is_between(400, 499).sum(),
            "s5": (status >= 500).sum(),
            "s0": (status == 0).sum(),
        },
        "h3": {"h3": pl.col("h3").sum(), "h3_n": pl.col("h3").count()},
        "end": {"reset": (end == "reset").sum(), "timeout": (end == "timeout").sum(), "ends_n": end.count()},
        "client": {"clients_n": pl.col("client").count()},
    }
    said = {name for name in rows.columns if rows[name].null_count() < rows.height}
    sums = rows.group_by("group").agg(
        *(pl.col(name).first() for name in KEYS),
        requests=pl.len(),
        **{field: value for column in said & set(by_column) for field, value in by_column[column].items()},
        **{f"{column}_none": pl.len() for column in ("bytes", "status") if column not in said},
    )
    keys = sums.select("group", *KEYS)
    fields = [name for name in sums.columns if name not in ("group", *KEYS)]
    counts = sums.select(*KEYS, pl.col(fields).cast(pl.Int64)).unpivot(
        on=fields, index=list(KEYS), variable_name="field", value_name="amount"
    )  # fmt: skip
    parts = [counts.select(*KEYS, "field", pl.lit(0, pl.Int32).alias("cell"), "amount").filter(pl.col("amount") != 0)]
    for name in ("rtt", "throughput"):
        if name in said:
            group, cells = _said(rows, rows[name], cell_of(pl.col(name)) + SHIFT)
            parts.append(_places(*histogram(group, cells), keys, name, shift=SHIFT))
    if "client" in said:
        marks = marks_of(pl.col("client").hash(key))
        parts.append(_places(*registers(*_said(rows, rows["client"], marks)), keys, "client"))
    return pl.concat(parts).cast(PARTIALS)  # type: ignore[arg-type]  # a mapping of types is one


def marks_of(digest: pl.Expr) -> pl.Expr:
    """Register and run (``radar.cells.registers``) of the digest of a client."""
    return register_of(digest).cast(pl.UInt64) * (1 << RUN) + run_of(digest)


def _said(rows: pl.DataFrame, column: pl.Series, number: pl.Expr) -> tuple[U64, U64]:
    """Groups and numbers of the rows that have a value in the column."""
    held = rows.filter(column.is_not_null()) if column.null_count() else rows
    found = held.select(pl.col("group").cast(pl.UInt64), number.cast(pl.UInt64).alias("number"))
    return found["group"].to_numpy(), found["number"].to_numpy()


def _places(numbers: U64, amounts: I64, keys: pl.DataFrame, name: str, *, shift: int = 0) -> pl.DataFrame:
    """Partials of the cells or registers that radar.cells counted."""
    place = pl.col("place")
    found = pl.DataFrame({"place": numbers.view(np.int64), "amount": amounts}).select(
        "amount", group=place // (1 << CELL), cell=place % (1 << CELL) - shift
    )
    return _field(found.join(keys, on="group"), name)


def _numbered(table: pl.DataFrame, keys: Sequence[str] = KEYS, *, bits: int = 63) -> pl.DataFrame:
    """Add ``group``, a number for each combination of ``keys``: grouping by one number is several times as fast."""
    table = table.with_columns(pl.col(name).cast(pl.Categorical) for name in keys if table.schema[name] == pl.String)
    spans = table.select(
        (pl.col(name).to_physical() if name in _TEXTS else pl.col(name)).cast(pl.Int64) for name in keys
    ).with_columns(pl.col("bin") // BIN_S)
    least = [least or 0 for least in spans.min().row(0)]
    widths = [(most or 0) - start + 2 for start, most in zip(least, spans.max().row(0), strict=True)]
    if prod(widths) >= 2**bits:  # years apart, or hostile: too many to be packed into one number
        return table.with_columns(group=table.select(pl.struct(keys).rank("dense").cast(pl.Int64)).to_series())
    group = pl.lit(0, pl.Int64)
    for name, start, width in zip(keys, least, widths, strict=True):
        group = group * width + (pl.col(name) - start + 1).fill_null(0)
    return table.with_columns(spans.select(group.alias("group")).to_series())


def _field(cells: pl.DataFrame, name: str) -> pl.DataFrame:
    return cells.select(
        *KEYS, pl.lit(name).alias("field"), pl.col("cell").cast(pl.Int32), pl.col("amount").cast(pl.Int64)
    )


def merged(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """Partials of several pieces as those of the whole."""
    names = (*KEYS, "field", "cell")
    whole = _numbered(pl.concat([pl.DataFrame(schema=PARTIALS), *parts]), names)
    if whole.is_empty():
        return pl.DataFrame(schema=PARTIALS)
    # sorted by that number what is alike lies side by side, in half the time that grouping takes
    order = whole["group"].arg_sort()
    group, amounts = (whole[name].gather(order).to_numpy() for name in ("group", "amount"))
    starts = starts_of(group.view(np.uint64))
    cells = whole.select(pl.col(names).gather(order.gather(starts)))
    total, most = (pl.Series(how.reduceat(amounts, starts)) for how in (np.add, np.maximum))
    amount = pl.when(pl.col("field").is_in(list(LARGEST))).then(most).otherwise(total)
    return cells.with_columns(amount=amount).select(pl.col(name).cast(kind) for name, kind in PARTIALS.items())


def signals(partials: pl.DataFrame, *, hour: bool = False) -> pl.DataFrame:
    """SIGNALS of partials, merged or not: the series of 5-minute bins, or those of whole hours."""
    partials = partials.with_columns(
        pl.col("cc", "provider").cast(pl.Categorical), pl.col("field").cast(_FIELD, strict=False)
    )
    with ThreadPoolExecutor(len(_KINDS)) as threads:
        made = list(threads.map(lambda kind: _of_entities(partials, kind, _KINDS[kind], hour), _KINDS))
    found = [(rows, names.with_columns(kind=pl.lit(at))) for at, (rows, names) in enumerate(made) if names.height]
    if not found:
        return empty_signals()
    # sorted by numbers: comparing the texts of each row takes several times as long
    names = pl.concat(names for _, names in found).sort("timebin", "entity").with_columns(order=pl.int_range(pl.len()))
    rows = pl.concat(
        rows.join(names.filter(pl.col("kind") == own["kind"][0]).select("group", "order"), on="group")
        for rows, own in found
    )
    rows = rows.sort(pl.col("order") * len(_SERIES.categories) + pl.col("signal").to_physical().cast(pl.Int64))
    told = names.select("timebin", "entity").select(pl.all().gather(rows["order"]))
    return told.hstack(rows.select(pl.col("signal").cast(pl.String), "value", "n")).select(list(SIGNALS))


def _abroad(partials: pl.DataFrame) -> pl.DataFrame:
    """Those of networks outside their home country, and of networks that have none."""
    pairs = partials.select("cc", "asn").drop_nulls().unique()
    table = networks()
    home = [asn in table and table[asn].home == cc for cc, asn in pairs.iter_rows()]
    return partials.join(pairs.filter(pl.Series(home, dtype=pl.Boolean)), on=["cc", "asn"], how="anti")


def _of_entities(partials: pl.DataFrame, kind: str, keys: list[str], hour: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of one entity type: ``group``, ``signal``, ``value``, ``n``; and ``group``, ``timebin``, ``entity``."""
    held = (_abroad(partials) if kind == "geoasn" else partials).drop_nulls(keys)
    if held.is_empty():
        return pl.DataFrame(), pl.DataFrame()
    held = _numbered(held, ("bin", *keys))
    who = held.group_by("group").agg(pl.col("bin", *keys).first())
    field, amount = pl.col("field"), pl.col("amount")
    whole = held.filter(field.is_in(SUMS)).group_by("group", "field").agg(amount.sum())
    counts = whole.select("group", *(pl.when(field == name).then(amount).otherwise(0).alias(name) for name in SUMS))
    clients = distinct(held.filter(field == "client").select("group", "cell", "amount"), ["group"])
    sums = (
        counts.group_by("group")
        .agg(pl.all().sum())
        .with_columns(bytes_n=pl.col("requests") - pl.col("bytes_none"),
                      status_n=pl.col("requests") - pl.col("status_none"))
        .join(clients, on="group", how="left")
    )  # fmt: skip
    failed = pl.col("s5") + pl.col("s0")
    #: signal -> (value, rows behind it)
    made = {
        "edge.requests": (pl.col("requests"), "requests"),
        "edge.bytes": (pl.col("bytes"), "bytes_n"),
        "edge.error_share": (failed / pl.col("status_n"), "status_n"),
        "edge.client_error_share": (pl.col("s4") / pl.col("status_n"), "status_n"),
        "edge.server_error_share": (pl.col("s5") / pl.col("status_n"), "status_n"),
        "edge.unanswered_share": (pl.col("s0") / pl.col("status_n"), "status_n"),
        "edge.http3_share": (pl.col("h3") / pl.col("h3_n"), "h3_n"),
        "edge.reset_share": (pl.col("reset") / pl.col("ends_n"), "ends_n"),
        "edge.timeout_share": (pl.col("timeout") / pl.col("ends_n"), "ends_n"),
        "edge.clients": (pl.col("distinct").round(), "clients_n"),
    }
    if hour:
        kept = ("edge.requests", "edge.clients", "edge.error_share")
        made = {f"{name}_hour": made[name] for name in kept}
    tables = [_rows(sums, signal, value, n, 1) for signal, (value, n) in made.items()]
    for name in ("rtt", "throughput"):
        found = quantiles(held.filter(field == name).select("group", "cell", "amount"), ["group"], SHARES)
        asked = {f"edge.{name}_p{share * 100:g}": f"p{share * 100:g}" for share in SHARES}
        if hour:
            asked = {f"{signal}_hour": column for signal, column in asked.items()}
            asked |= {f"edge.{name}_{end}_hour": end for end in ("low", "high")}
        tables += [_rows(found, signal, pl.col(column), "n", ENOUGH) for signal, column in asked.items()]
    text = pl.lit(f"{kind}/") + pl.concat_str([pl.col(key).cast(pl.String) for key in keys], separator="-")
    time = pl.from_epoch("bin").cast(pl.Datetime("us", "UTC"))
    return pl.concat(tables), who.select("group", timebin=time, entity=text)


def _rows(table: pl.DataFrame, signal: str, value: pl.Expr, n: str, least: int) -> pl.DataFrame:
    return table.filter(pl.col(n) >= least).select(
        "group", signal=pl.lit(signal, _SERIES), value=value.cast(pl.Float64), n=pl.col(n).cast(pl.UInt32)
    )
