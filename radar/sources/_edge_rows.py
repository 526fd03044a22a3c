"""One request per row: say of each whether it can be used and, if not, why.

A row is dropped as a whole when one of its fields is wrong: a log line that is wrong in one place is not trusted in the
others. A field that is absent or null is no fault; the row then counts for what it does say.
"""

from __future__ import annotations

import polars as pl

from radar.entities import countries
from radar.sources import _geo
from radar.sources._edge_forms import COLUMNS
from radar.sources._rejections import Rejections

BIN_S = 300

_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000, 2100
_MS_FROM = 100_000_000_000  # epoch numbers from here on are milliseconds: as seconds they lie after the year 5138
_NS_FROM = 100_000_000_000_000_000  # and from here on nanoseconds
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
_CLOCK = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$"

#: How a connection ended, as logs say it -> as it is counted.
ENDS = {"reset": "reset", "rst": "reset", "timeout": "timeout", "timed_out": "timeout", "normal": "normal",
        "fin": "normal"}  # fmt: skip

#: Countries that say "not known": Cloudflare's and MaxMind's own codes.
_UNKNOWN = ("XX", "T1", "ZZ")


def placed(table: pl.DataFrame) -> pl.DataFrame:
    """Add ``second``: epoch seconds of the row's time.

    Null when it cannot be read, has no zone, or lies outside 2000 to 2100.
    """
    kind = table.schema["time"]
    time = pl.col("time")
    if kind == pl.String:
        seconds = _seconds_of(table["time"])
    elif isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        seconds = table.select(time.dt.epoch("s")).to_series()
    elif kind.is_numeric():
        seconds = table.select(_epoch_seconds(time.cast(pl.Float64, strict=False))).to_series()
    else:
        seconds = pl.Series([None] * table.height, dtype=pl.Int64)
    inside = pl.col("second").is_between(_FIRST_S, _LAST_S, closed="left")
    return table.with_columns(seconds.alias("second")).with_columns(second=pl.when(inside).then("second"))


def _seconds_of(times: pl.Series) -> pl.Series:
    """Epoch seconds of texts. Many rows of a log share their second, which is then read once."""
    whole = pl.col("time").str.contains(_CLOCK)
    keys = pl.DataFrame({"time": times}).select(
        pl.when(whole).then(pl.col("time").str.head(19) + "Z").otherwise("time").alias("time")
    )
    text = pl.col("time")
    local = text.str.strip_chars("[]").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False)
    known = keys.unique().with_columns(
        second=pl.coalesce(
            text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).dt.epoch("s"),
            local.dt.convert_time_zone("UTC").dt.epoch("s"),
            _epoch_seconds(text.cast(pl.Float64, strict=False)),
        )
    )
    return keys.join(known, on="time", how="left", maintain_order="left")["second"]


def _epoch_seconds(number: pl.Expr) -> pl.Expr:
    seconds = (
        pl.when(number >= _NS_FROM).then(number / 1e9).when(number >= _MS_FROM).then(number / 1000).otherwise(number)
    )
    return pl.when(seconds.is_between(0, 1e12)).then(seconds.floor()).cast(pl.Int64, strict=False)


def checked(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """The rows that can be used, typed.

    ``bin`` (epoch s), ``cc``, ``asn``, ``provider``, ``status``, ``bytes``, ``rtt`` (ms), ``throughput`` (Mbit/s),
    ``h3`` (Boolean), ``end`` (reset, timeout, normal), ``client`` (an address, for ``counted`` alone); all but ``bin``
    may be null. Country and network are looked up where the row has an address and not them. Rows that cannot be used
    are counted in ``rejected`` with their first wrong field.
    """
    table = table.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS if name not in table.columns
    )
    table = _located(placed(table))
    asn, status, size = (_whole(table, name) for name in ("asn", "status", "bytes"))
    rtt, throughput = (_real(table, name) for name in ("rtt_ms", "throughput_mbps"))
    cc = _text("country").str.to_uppercase()
    provider = pl.coalesce(_text("provider"), _text("origin"))
    end = _text("tcp_end").str.to_lowercase()

    def given(name: str) -> pl.Expr:
        return pl.col(name).is_not_null()

    def off(name: str, value: pl.Expr, low: float, high: float) -> pl.Expr:
        return given(name) & ~value.is_between(low, high).fill_null(False)

    nowhere = cc.is_null() & ~given("asn") & provider.is_null() & pl.col("found_cc").is_null()
    nowhere = nowhere & pl.col("found_asn").is_null()
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
        ("tcp_end is not reset, timeout or normal", "tcp_end",
         given("tcp_end") & ~end.is_in(list(ENDS)).fill_null(False)),
        *((why, "line", nowhere & (pl.col("why") == why)) for why in sorted(table["why"].drop_nulls().unique())),
        ("no country, AS number or provider", "line", nowhere),
    ]  # fmt: skip
    fault = pl.coalesce(
        pl.when(wrong).then(pl.lit(number, dtype=pl.UInt8)) for number, (_, _, wrong) in enumerate(faults)
    )
    table = table.with_columns(fault=fault)
    bad = table.filter(given("fault"))
    if bad.height:
        for number, count, first in bad.group_by("fault").agg(pl.len(), pl.col("line").min()).sort("fault").rows():
            reason, column, _ = faults[number]
            value = bad.filter(pl.col("line") == first).select(pl.col(column).cast(pl.String)).row(0)[0]
            rejected.add(reason, f"row {first}" if column == "line" else f"row {first}: {column} is {value!r}", count)
        table = table.filter(pl.col("fault").is_null())
    return table.select(
        bin=pl.col("second") // BIN_S * BIN_S,
        cc=pl.coalesce(cc, "found_cc"),
        asn=pl.coalesce(asn, "found_asn").cast(pl.Int64),
        provider=provider,
        status=status,
        bytes=size,
        rtt=rtt,
        throughput=throughput,
        h3=_text("protocol").str.to_uppercase().str.starts_with("HTTP/3"),
        end=end.replace_strict(ENDS, default=None, return_dtype=pl.String),
        client=_text("client").str.to_lowercase(),
    )


def _located(table: pl.DataFrame) -> pl.DataFrame:
    """Add ``found_cc``, ``found_asn`` by the client's address where the log lacks them, and ``why`` not."""
    said = pl.col("country").cast(pl.String, strict=False).str.to_uppercase()
    table = table.with_columns(country=pl.when(~said.is_in(_UNKNOWN) | pl.col("client").is_null()).then("country"))
    lacks = pl.col("client").is_not_null() & (pl.col("country").is_null() | pl.col("asn").is_null())
    none = pl.lit(None, dtype=pl.String)
    table = table.with_columns(client=pl.col("client").cast(pl.String, strict=False))
    asked = table.filter(lacks)["client"].unique()
    if asked.is_empty():
        return table.with_columns(found_cc=none, found_asn=pl.lit(None, dtype=pl.Int64), why=none)
    found = _geo.locate(asked)
    places = pl.DataFrame(
        [asked, found["cc"].alias("found_cc"), found["asn"].cast(pl.Int64).alias("found_asn"),
         found["reason"].cast(pl.String).alias("why")]
    )  # fmt: skip
    table = table.join(places, on="client", how="left", maintain_order="left")
    return table.with_columns(
        found_cc=pl.when(pl.col("country").is_null()).then("found_cc"),
        found_asn=pl.when(pl.col("asn").is_null()).then("found_asn"),
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
