"""One request per row: say of each whether it can be used and, if not, why.

A row is dropped as a whole when one of its fields is wrong: a log line that is wrong in one place is not trusted in the
others. A field that is absent or null is no fault; the row then counts for what it does say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from radar.entities import countries
from radar.sources import _geo
from radar.sources._edge_counts import BIN_S
from radar.sources._edge_names import COLUMNS
from radar.sources._edge_times import FIRST_S, LAST_S, epoch_seconds, moments
from radar.sources._rejections import Rejections

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
_CLOCK = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,9})?Z$"

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
        seconds = table.select(epoch_seconds(time.cast(pl.Float64, strict=False))).to_series()
    else:
        seconds = pl.Series([None] * table.height, dtype=pl.Int64)
    inside = pl.col("second").is_between(FIRST_S, LAST_S, closed="left")
    return table.with_columns(seconds.alias("second")).with_columns(second=pl.when(inside).then("second"))


def _seconds_of(times: pl.Series) -> pl.Series:
    """Epoch seconds of texts; where most differ and end with Z, of the minute.

    Rows of one time follow each other in a log: each time is read once for all of them.
    """
    runs = times.rle().struct.unnest()
    if len(runs) > len(times) / 2 and times.drop_nulls().str.contains(_CLOCK).all():
        runs = times.str.head(len("2026-03-02T00:05")).rle().struct.unnest()
        runs = runs.with_columns(pl.col("value") + ":00Z")
    known = runs.select("value").unique().with_columns(second=moments(pl.col("value")))
    seconds = runs.join(known, on="value", how="left", maintain_order="left")["second"]
    return seconds.gather(np.repeat(np.arange(len(runs), dtype=np.uint32), runs["len"].to_numpy()))


def checked(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """The rows that can be used, typed.

    ``bin`` (epoch s), ``cc``, ``asn``, ``provider``, ``status``, ``bytes``, ``rtt`` (ms), ``throughput`` (Mbit/s),
    ``h3`` (Boolean), ``end`` (reset, timeout, normal), ``client`` (an address, for ``counted`` alone); all but ``bin``
    may be null. Country and network are looked up where the row has an address and not them. Rows that cannot be used
    are counted in ``rejected`` with their first wrong field.
    """
    table = table.select(column for column in table if column.name == "time" or column.null_count() < table.height)
    table = _read(_located(placed(_with(table, "time"))))
    faults = _faults(table)
    wrong = table.select(pl.any_horizontal(fault.rows for fault in faults)).to_series()
    if wrong.any():
        _reject(table.filter(wrong), faults, rejected)
        table = table.filter(~wrong)
    return table.select(
        pl.col("second") // BIN_S * BIN_S,
        _first_of(table, "cc", "found_cc"),
        _first_of(table, "asn_", "found_asn"),
        *(f"{name}_" for name in ("provider", "status", "bytes", "rtt_ms", "throughput_mbps")),
        _h3(table["protocol"]).alias("h3"),
        _by_text(table["end_"], lambda ends: ends.replace_strict(ENDS, default=None, return_dtype=pl.String)),
        _by_text(table["client"], spelled_alike),
    ).rename(_NAMES)


#: Columns as they are read -> as they are called afterwards.
_NAMES = {"second": "bin", "asn_": "asn", "provider_": "provider", "status_": "status", "bytes_": "bytes",
          "rtt_ms_": "rtt", "throughput_mbps_": "throughput", "end_": "end"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a row cannot be used: the reason, the column that is wrong, and which rows are."""

    reason: str
    column: str
    rows: pl.Expr


def _with(table: pl.DataFrame, *names: str) -> pl.DataFrame:
    """With those columns, of nulls where they are absent."""
    return table.with_columns(pl.lit(None, COLUMNS[name]).alias(name) for name in names if name not in table.columns)


def _read(table: pl.DataFrame) -> pl.DataFrame:
    """Add what the columns say, null for what is no such thing: ``cc``, and others by name with ``_`` after it."""
    table = _with(table, *COLUMNS)
    whole = [_whole(table, name).alias(f"{name}_") for name in ("asn", "status", "bytes")]
    real = [_real(table, name).alias(f"{name}_") for name in ("rtt_ms", "throughput_mbps")]
    texts = {name: _by_text(table[name], stripped) for name in ("provider", "origin", "tcp_end")}
    return table.with_columns(
        _by_text(table["country"], known_countries).alias("cc"),
        *whole,
        *real,
        provider_=_either(texts["provider"], texts["origin"]),
        end_=texts["tcp_end"].str.to_lowercase() if _says(texts["tcp_end"]) else texts["tcp_end"],
    )


def _by_text(said: pl.Series, what: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What a function of texts makes of a column; where its texts are numbered, it is asked once for each."""
    if not _says(said):
        return what(pl.Series(said.name, [None], pl.String)).new_from_index(0, len(said))
    if isinstance(said.dtype, pl.Enum):
        return what(said.dtype.categories).gather(said.to_physical()).alias(said.name)
    return what(said.cast(pl.String, strict=False))


def _says(column: pl.Series) -> bool:
    return column.null_count() < len(column)


def _either(first: pl.Series, second: pl.Series) -> pl.Series:
    """The first that is not null, of each row."""
    if not _says(second):
        return first
    return first.zip_with(first.is_not_null(), second) if _says(first) else second


def _first_of(table: pl.DataFrame, *names: str) -> pl.Series:
    """The first of two columns that is not null, under the first one's name. A column of nulls makes no work."""
    first, second = (table[name] for name in names)
    if not _says(second):
        return first
    return table.select(pl.coalesce(names)).to_series()


def stripped(texts: pl.Series) -> pl.Series:
    """Texts without blanks around them, blanks as null."""
    text = pl.col(texts.name).str.strip_chars()
    return texts.to_frame().select(pl.when(text != "").then(text)).to_series().alias(texts.name)


def known_countries(said: pl.Series) -> pl.Series:
    """Codes of countries that exist; null for all else."""
    kind = pl.Enum(list(countries()))
    found = said.cast(kind, strict=False)
    if found.null_count() > said.null_count():
        found = said.str.strip_chars().str.to_uppercase().cast(kind, strict=False)
    return found


def _faults(table: pl.DataFrame) -> list[_Fault]:
    """All that can be wrong with a row, the first of which is told."""
    said = {name for name in COLUMNS if table[name].null_count() < table.height}

    def given(name: str) -> pl.Expr:
        return pl.col(name).is_not_null()

    def off(name: str, low: float, high: float) -> pl.Expr:
        return given(name) & ~pl.col(f"{name}_").is_between(low, high).fill_null(False)

    provider, end, status = pl.col("provider_"), pl.col("end_"), pl.col("status_")
    nowhere = pl.all_horizontal(pl.col(name).is_null() for name in ("cc", "asn", "provider_", "found_cc", "found_asn"))
    faults = [
        _Fault("no time", "time", pl.col("time").is_null()),
        _Fault("time cannot be read or has no zone", "time", pl.col("second").is_null()),
        _Fault("unknown country", "country", given("country") & pl.col("cc").is_null()),
        _Fault("not an AS number", "asn", off("asn", 1, 2**32 - 1)),
        _Fault("status is not 0 or 100 to 599", "status",
               off("status", 0, 599) | status.is_between(1, 99).fill_null(False)),
        _Fault("bytes is not a whole number of zero or more", "bytes", off("bytes", 0, 2**48)),
        _Fault("rtt_ms is not a number from 0 to 600000", "rtt_ms", off("rtt_ms", 0, 600_000)),
        _Fault("throughput_mbps is not a number from 0 to 1000000", "throughput_mbps",
               off("throughput_mbps", 0, 1_000_000)),
        _Fault("provider is not a slug", "provider", given("provider_") & ~provider.str.contains(SLUG)),
        _Fault("tcp_end is not reset, timeout or normal", "tcp_end",
               given("tcp_end") & ~end.is_in(list(ENDS)).fill_null(False)),
    ]  # fmt: skip
    if "origin" in said:
        said.add("provider")
    why = [_Fault(why, "line", nowhere & (pl.col("why") == why)) for why in sorted(table["why"].drop_nulls().unique())]
    return [
        *(fault for fault in faults if fault.column == "time" or fault.column in said),
        *why,
        _Fault("no country, AS number or provider", "line", nowhere),
    ]


def _reject(wrong: pl.DataFrame, faults: list[_Fault], rejected: Rejections) -> None:
    """Count rows by their first fault, with the first of each as an example."""
    first = pl.coalesce(pl.when(fault.rows).then(pl.lit(at, pl.UInt8)) for at, fault in enumerate(faults))
    wrong = wrong.with_columns(fault=first)
    for at, count, line in wrong.group_by("fault").agg(pl.len(), pl.col("line").min()).sort("fault").rows():
        column = faults[at].column
        value = wrong.filter(pl.col("line") == line).select(pl.col(column).cast(pl.String)).row(0)[0]
        example = f"row {line}" if column == "line" else f"row {line}: {column} is {value!r}"
        rejected.add(faults[at].reason, example, count)


def _h3(protocols: pl.Series) -> pl.Series:
    """Whether each request came over HTTP/3; null where the row does not say."""
    if isinstance(protocols.dtype, pl.Enum):
        return _by_text(protocols, are_h3)
    known = protocols.unique().to_frame("protocol")
    known = known.with_columns(_by_text(known["protocol"], are_h3).alias("h3"))
    return protocols.to_frame("protocol").join(known, on="protocol", how="left", maintain_order="left")["h3"]


def are_h3(protocols: pl.Series) -> pl.Series:
    return stripped(protocols).str.to_uppercase().str.starts_with("HTTP/3")


def spelled_alike(said: pl.Series) -> pl.Series:
    """Addresses, spelled alike."""
    if not said.str.contains(r"[^0-9a-f:.]|^$").any():
        return said
    return stripped(said).str.to_lowercase()


def _located(table: pl.DataFrame) -> pl.DataFrame:
    """Add ``found_cc``, ``found_asn`` by the client's address where the log lacks them, and ``why`` not."""
    none = {"found_cc": pl.String, "found_asn": pl.Int64, "why": pl.String}
    nothing = [pl.lit(None, kind).alias(name) for name, kind in none.items()]
    if "client" not in table.columns:
        return table.with_columns(nothing)
    table = _with(table, "country", "asn")
    said = table["country"]
    said = (said.dtype.categories if isinstance(said.dtype, pl.Enum) else said.unique()).cast(pl.String, strict=False)
    unknown = said.filter(said.str.to_uppercase().is_in(_UNKNOWN))
    if len(unknown):
        unknown_here = pl.col("country").cast(pl.String, strict=False).is_in(unknown.to_list())
        known = ~unknown_here | pl.col("country").is_null() | pl.col("client").is_null()
        table = table.with_columns(country=pl.when(known).then("country"))
    lacks = pl.col("client").is_not_null() & (pl.col("country").is_null() | pl.col("asn").is_null())
    if not table.select(lacks.any()).item():
        return table.with_columns(nothing)
    table = table.with_columns(pl.col("client").cast(pl.String, strict=False))
    asked = table.filter(lacks)["client"].unique()
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
