"""Lines of nginx and Apache, ``common`` or ``combined``, with ``key=value`` after them, to columns of text.

``client - user [time] "request" status bytes "referrer" "agent" key=value ...``, cut at the quotes. A quote within a
field is escaped by the program that writes the line (``\\x22`` or ``\\"``) and is none of them, so that no address
asked for and no user agent can pass for another field or another line.

Most logs are of one form from the first line to the last: :func:`alike` reads those column by column, and says where it
cannot. :func:`each` reads any mixture of forms, line by line. Where both can, both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from radar.sources._bytes import BROKEN
from radar.sources._rejections import Rejections

_STAMP = r"\[\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"
#: A line with this in it is one of these.
LINE = rf"{_STAMP} \""
_IS_LINE = re.compile(LINE.encode())
_ESCAPED = re.compile(rb"\\.")

#: How the part before the request ends, where the day has two digits.
_HEAD_END, _HEAD_END_LEN = rf"^{_STAMP} $", len("[02/Mar/2026:00:00:00 +0000] ")
_PROTOCOL = r" HTTP/[0-9.]+$"

#: Keys that may stand after a line.
KEYS = ("country", "asn", "rtt", "throughput_mbps", "provider", "protocol", "tcp_end")

#: Parts of a line between quotes that are read: the last ones may hold ``key=value``.
_PARTS = 9


def alike(data: bytes) -> pl.DataFrame | None:
    """A row for each line of a chunk whose lines are all cut alike; None where they are not."""
    first = data[: data.find(b"\n") + 1 or None].rstrip(b"\n")
    if not _IS_LINE.search(first) or b"\r" in data:
        return None
    if b"\\" in data:
        data, first = _ESCAPED.sub(b"_", data), _ESCAPED.sub(b"_", first)
    quotes = first.count(b'"')
    if not 2 <= quotes < _PARTS:
        return None
    names = [f"part_{number}" for number in range(quotes + 1)]
    schema = dict.fromkeys(names, pl.String)
    try:
        parts = pl.read_csv(
            data, separator='"', quote_char=None, has_header=False, schema=schema, empty_string_is_null=False
        )
    except BROKEN:
        return None
    # a line with more parts is an error; of one with fewer the last are empty
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    table = _columns(parts) if parts.height == lines else None
    said = [name for name in names[6::2] if parts[name].str.contains("=", literal=True).any()]
    if table is None or len(said) > 1:
        return None
    if not said:
        return table
    pairs = _pairs_alike(parts[said[0]])
    return None if pairs is None else _with_pairs(table, pairs)


def _columns(parts: pl.DataFrame) -> pl.DataFrame | None:
    """What stands before and after the request; None where some line is of another form."""
    head, request, after = (pl.col(f"part_{number}") for number in range(3))
    ends = parts.select(time=head.str.tail(_HEAD_END_LEN)).to_series()
    if not ends.rle().struct.field("value").unique().str.contains(_HEAD_END).all():
        return None
    table = parts.select(
        ends.str.slice(1, _HEAD_END_LEN - 3),
        request,
        client=head.str.head(head.str.find(" ", literal=True)),
        short=request.str.tail(7),
        long=request.str.tail(9),
        status=after.str.slice(1, 3).cast(pl.Int64, strict=False),
        size=after.str.slice(5).str.strip_suffix(" "),
        gaps=after.str.starts_with(" ") & (after.str.slice(4, 1) == " "),
    )
    short, long, size = pl.col("short"), pl.col("long"), pl.col("size")
    table = table.with_columns(
        bytes=size.cast(pl.Int64, strict=False),
        protocol=pl.when(short.str.starts_with(" HTTP/")).then(short.str.slice(1))
        .when(long.str.starts_with(" HTTP/")).then(long.str.slice(1)),
    )  # fmt: skip
    if table["bytes"].null_count():
        table = table.with_columns(bytes=pl.when(size == "-").then(0).otherwise("bytes"))
    without = table.filter(pl.col("protocol").is_null()).select(request).to_series()
    fits = (
        table["gaps"].all()
        and not table["status"].null_count() + table["bytes"].null_count()
        and table["protocol"].drop_nulls().unique().str.contains(r"^HTTP/[0-9.]+$").all()
        and not without.str.contains(_PROTOCOL).any()
    )
    return table.select("time", "client", "protocol", "status", "bytes") if fits else None


def _pairs_alike(text: pl.Series) -> dict[str, pl.Series] | None:
    """Values of ``KEYS`` where every text has the keys of the first one, in its order."""
    words = [word.partition("=") for word in text[0].strip(" ").split(" ")]
    keys = [key for key, sign, _ in words if sign]
    if len(keys) != len(words) or len(set(keys)) != len(keys):
        return None
    values = text.str.strip_chars(" ").str.splitn(" ", len(keys)).struct.unnest()
    columns = [pl.col(name) for name in values.columns]
    fits = pl.all_horizontal(
        *(column.str.starts_with(f"{key}=") for key, column in zip(keys, columns, strict=True)),
        ~columns[-1].str.contains(" ", literal=True),
    )
    if not values.select(fits.fill_null(False).all()).item():
        return None
    found = values.select(
        column.str.slice(len(key) + 1).alias(key) for key, column in zip(keys, columns, strict=True) if key in KEYS
    )
    return {column.name: column for column in found}


def each(lines: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """A row for each of the lines (``line``, ``text``) that can be read, whatever forms they are of."""
    text = pl.col("text")
    if lines["text"].str.contains("\\", literal=True).any():
        text = pl.when(text.str.contains("\\", literal=True)).then(text.str.replace_all(r"\\.", "_")).otherwise(text)
    parts = lines.select("line", part=text.str.split_exact('"', _PARTS - 1)).unnest("part")
    head, request, after, sixth, eighth = (pl.col(f"field_{number}") for number in (0, 1, 2, 6, 8))
    fields = after.str.strip_chars(" ").str.splitn(" ", 3).struct
    table = parts.select(
        "line",
        time=head.str.extract(r"\[([^\[\]]+)\] $"),
        client=head.str.splitn(" ", 2).struct.field("field_0"),
        protocol=pl.when(request.str.contains(_PROTOCOL)).then(request.str.extract(r"([^ ]+)$")),
        status=fields.field("field_0"),
        bytes=fields.field("field_1"),
        tail=pl.concat_str([fields.field("field_2"), sixth, eighth], separator=" ", ignore_nulls=True),
    )
    cut = table.filter(pl.col("bytes").is_null())
    if cut.height:
        rejected.add("line has no status and size after the request", f"line {cut['line'][0]}", cut.height)
        table = table.filter(pl.col("bytes").is_not_null())
    tail = table["tail"]
    table = table.with_columns(
        status=pl.when(pl.col("status").is_in(["-", "000"])).then(pl.lit("0")).otherwise("status"),
        bytes=pl.when(pl.col("bytes") == "-").then(pl.lit("0")).otherwise("bytes"),
    ).drop("tail")
    if not tail.str.contains("=", literal=True).any():
        return table
    return _with_pairs(table, {key: tail.str.extract(rf"(?:^| ){key}=([^ ]+)") for key in KEYS})


def _with_pairs(table: pl.DataFrame, values: Mapping[str, pl.Series]) -> pl.DataFrame:
    """The columns of a line and those of its ``key=value``. ``-`` and nothing are null."""
    given = table.with_columns(pl.Series(f"said_{key}", values) for key, values in values.items()).select(
        *table.columns,
        *(pl.when(~pl.col(f"said_{key}").is_in(["", "-"])).then(f"said_{key}").alias(f"said_{key}") for key in values),
    )
    out = given.select(
        pl.exclude("^said_.*$"),
        *(pl.col(f"said_{key}").alias(key) for key in values if key not in ("protocol", "rtt")),
    )
    if "protocol" in values:
        out = out.with_columns(protocol=pl.coalesce(given["said_protocol"], out["protocol"]))
    if "rtt" in values:
        out = out.with_columns(_milliseconds(given["said_rtt"]).alias("rtt_ms"))
    return out


def named(table: pl.DataFrame) -> pl.DataFrame:
    """Our names for what was read column by column (``_edge_columns``): as ``alike`` would."""
    texts = {"said_country": "country", "said_provider": "provider", "said_tcp_end": "tcp_end", "said_asn": "asn",
             "said_throughput_mbps": "throughput_mbps", "said_rtt": "rtt_ms"}  # fmt: skip
    protocol = pl.col("request")
    if "said_protocol" in table.columns:
        protocol = pl.coalesce(pl.col("said_protocol").cast(pl.String), protocol.cast(pl.String))
    return table.select(
        "time", "client", protocol.alias("protocol"), "status", pl.col("bytes").fill_null(0),
        *(pl.col(said).alias(name) for said, name in texts.items() if said in table.columns),
    )  # fmt: skip


def _milliseconds(rtt: pl.Series) -> pl.Series:
    """Round-trip times in ms, given in ms, s or us (without a unit: us). Where one is none, all are text."""
    plain = rtt.str.strip_suffix("ms").cast(pl.Float64, strict=False)
    if rtt.str.ends_with("ms").all() and plain.null_count() == rtt.null_count():
        return plain
    text = pl.col("rtt")
    number = text.str.extract(r"^([0-9.eE+-]+)(?:us|ms|s)?$").cast(pl.Float64, strict=False)
    scale = (
        pl.when(text.str.ends_with("ms")).then(1.0).when(text.str.contains(r"[0-9]s$")).then(1000.0).otherwise(0.001)
    )
    return rtt.to_frame("rtt").select(pl.coalesce((number * scale).cast(pl.String), "rtt")).to_series()
