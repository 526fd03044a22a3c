"""One request per row: read NDJSON or Parquet, and say of each row whether it can be used and, if not, why.

A row is dropped as a whole when one of its fields is wrong: a log line that is wrong in one place is not trusted in the
others. A field that is absent or null is no fault; the row then counts for what it does say.
"""

from __future__ import annotations

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.sources._bytes import PARQUET, begins, json_lines, parquet, unpack
from radar.sources._rejections import Rejections

#: The columns that are read. Any other, a client's address above all, is never looked at.
COLUMNS = ("time", "country", "asn", "status", "bytes", "rtt_ms", "throughput_mbps", "provider", "origin")

BIN_S = 300

_TEXT = dict.fromkeys(COLUMNS, pl.String)
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000, 2100
_MS_FROM = 100_000_000_000  # epoch numbers from here on are milliseconds: as seconds they lie after the year 5138
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"


def read(body: bytes, rejected: Rejections, *, source: str) -> pl.DataFrame:
    """All rows of a log, unchecked: ``line`` (line or row number from 1) and ``COLUMNS``; absent columns are null.

    Lines that hold no JSON object are counted in ``rejected``, blank ones too. Raises UpstreamChanged when nothing in
    the body is such a row.
    """
    data, cut = unpack(body, source=source)
    if data.startswith(PARQUET):
        table = parquet(data, source=source, columns=frozenset(COLUMNS))
        if "time" not in table.columns:
            raise UpstreamChanged(source, f"the Parquet file has no column 'time'; of ours it has {table.columns}")
        table = _plain(table, source).with_row_index("line", 1)
    else:
        table = _read_lines(data, cut, rejected, source)
    if cut:
        rejected.add("compressed file ends early", f"after {len(data)} unpacked bytes")
    return table.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS if name not in table.columns
    )


def _plain(table: pl.DataFrame, source: str) -> pl.DataFrame:
    """A Parquet table with texts, numbers, booleans and times only."""
    for name, kind in table.schema.items():
        if kind in (pl.Categorical, pl.Enum, pl.Null):
            table = table.with_columns(pl.col(name).cast(pl.String))
        elif not (kind.is_numeric() or isinstance(kind, pl.Datetime) or kind in (pl.String, pl.Boolean)):
            raise UpstreamChanged(source, f"column {name!r} of the Parquet file is {kind}; expected text or numbers")
    return table


def _read_lines(data: bytes, cut: bool, rejected: Rejections, source: str) -> pl.DataFrame:
    table, broken = json_lines(data, _TEXT)
    said = ~pl.all_horizontal(pl.col(name).is_null() for name in COLUMNS)
    empty = table.filter(~said)
    table = table.filter(said)
    if broken:
        line, size = broken[0]
        rejected.add("line is no JSON object", f"line {line}: {size} bytes", len(broken))
    if empty.height:
        rejected.add("line has none of the columns", f"line {empty['line'][0]}", empty.height)
    if table.is_empty() and (broken or empty.height):
        line = min([number for number, _ in broken] + empty["line"].to_list())
        raise UpstreamChanged(
            source, f"line {line}: no JSON object with a field 'time'; the file begins with {begins(data)}"
        )
    blank = data.count(b"\n") + (not data.endswith(b"\n") and bool(data)) - table.height - empty.height - len(broken)
    if blank > 0:
        head, twice, _ = (b"\n" + data).partition(b"\n\n")
        before = head.count(b"\n")
        place = f"line {before + 1}" if twice else "a line of spaces"
        rejected.add("blank line", place, blank)
    return table


def placed(table: pl.DataFrame) -> pl.DataFrame:
    """Add ``second``: epoch seconds of the row's time.

    Null when it cannot be read, has no zone, or lies outside 2000 to 2100.
    """
    kind = table.schema["time"]
    time = pl.col("time")
    if kind == pl.String:
        number = _epoch_seconds(time.cast(pl.Float64, strict=False))
        seconds = pl.coalesce(
            time.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).dt.epoch("s"), number
        )
    elif isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        seconds = time.dt.epoch("s")
    elif kind.is_numeric():
        seconds = _epoch_seconds(time.cast(pl.Float64, strict=False))
    else:
        seconds = pl.lit(None, dtype=pl.Int64)
    return table.with_columns(second=seconds).with_columns(
        second=pl.when(pl.col("second").is_between(_FIRST_S, _LAST_S, closed="left")).then("second")
    )


def _epoch_seconds(number: pl.Expr) -> pl.Expr:
    seconds = pl.when(number >= _MS_FROM).then(number / 1000).otherwise(number)
    return pl.when(seconds.is_between(0, 1e12)).then(seconds.floor()).cast(pl.Int64, strict=False)


def checked(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """The rows that can be used, typed.

    ``bin`` (epoch s), ``cc``, ``asn``, ``provider``, ``failed``, ``bytes``, ``rtt`` (ms), ``throughput`` (Mbit/s); all
    but ``bin`` may be null. Rows that cannot be used are counted in ``rejected`` with their first wrong field.
    """
    table = placed(table)
    asn, status, size = (_whole(table, name) for name in ("asn", "status", "bytes"))
    rtt, throughput = (_real(table, name) for name in ("rtt_ms", "throughput_mbps"))
    cc = _text("country").str.to_uppercase()
    provider = pl.coalesce(_text("provider"), _text("origin"))

    def given(name: str) -> pl.Expr:
        return pl.col(name).is_not_null()

    def off(name: str, value: pl.Expr, low: float, high: float) -> pl.Expr:
        return given(name) & ~value.is_between(low, high).fill_null(False)

    faults = [
        ("no time", "time", pl.col("time").is_null()),
        ("time cannot be read or has no zone", "time", pl.col("second").is_null()),
        ("unknown country", "country", given("country") & ~cc.is_in(list(countries())).fill_null(False)),
        ("not an AS number", "asn", off("asn", asn, 1, 2**32 - 1)),
        ("status is not 0 or 100 to 599", "status", off("status", status, 0, 599) | status.is_between(1, 99)),
        ("bytes is not a whole number of zero or more", "bytes", off("bytes", size, 0, 2**48)),
        ("rtt_ms is not a number from 0 to 600000", "rtt_ms", off("rtt_ms", rtt, 0, 600_000)),
        ("throughput_mbps is not a number from 0 to 1000000", "throughput_mbps",
         off("throughput_mbps", throughput, 0, 1_000_000)),
        ("provider is not a slug", "provider", provider.is_not_null() & ~provider.str.contains(_SLUG)),
        ("no country, AS number or provider", "line", ~given("country") & ~given("asn") & provider.is_null()),
    ]  # fmt: skip
    fault = pl.coalesce(
        pl.when(wrong).then(pl.lit(number, dtype=pl.UInt8)) for number, (_, _, wrong) in enumerate(faults)
    )
    table = table.with_columns(fault=fault)
    bad = table.filter(given("fault"))
    if bad.height:
        for number, count, first in bad.group_by("fault").agg(pl.len(), pl.col("line").min()).sort("fault").rows():
            reason, column, _ = faults[number]
            value = bad.filter(pl.col("line") == first).select(pl.col(column).cast(pl.String)).item()
            rejected.add(reason, f"row {first}" if column == "line" else f"row {first}: {column} is {value!r}", count)
    return table.filter(pl.col("fault").is_null()).select(
        bin=pl.col("second") // BIN_S * BIN_S,
        cc=cc,
        asn=asn,
        provider=provider,
        failed=(status == 0) | (status >= 500),
        bytes=size,
        rtt=rtt,
        throughput=throughput,
    )


def _text(name: str) -> pl.Expr:
    """The column as text, blanks as null."""
    text = pl.col(name).cast(pl.String, strict=False).str.strip_chars()
    return pl.when(text != "").then(text)


def _whole(table: pl.DataFrame, name: str) -> pl.Expr:
    """The column as whole numbers; null for what is none. ``AS5089`` is one for ``asn``."""
    kind, column = table.schema[name], pl.col(name)
    if kind == pl.String:
        return (column.str.strip_prefix("AS") if name == "asn" else column).cast(pl.Int64, strict=False)
    if kind.is_integer():
        return column.cast(pl.Int64, strict=False)
    if kind.is_numeric():
        number = column.cast(pl.Float64, strict=False)
        return pl.when(number == number.floor()).then(number).cast(pl.Int64, strict=False)
    return pl.lit(None, dtype=pl.Int64)


def _real(table: pl.DataFrame, name: str) -> pl.Expr:
    """The column as numbers; null for what is none. NaN stays and fails every range."""
    kind = table.schema[name]
    if kind == pl.String or kind.is_numeric():
        return pl.col(name).cast(pl.Float64, strict=False)
    return pl.lit(None, dtype=pl.Float64)
