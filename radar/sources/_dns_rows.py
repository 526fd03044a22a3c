"""Query logs as rows, one query or one answer each, whatever form they were written in; and rows as partials.

Rows: ``line`` (of a file: line, row or byte), ``second`` (epoch), ``client`` (address, or any
text that stands for one), ``cc``, ``asn`` (both null where only the address says them), ``name``, ``rcode`` (null in a
query; "" where no answer came), ``role`` (see ``radar.sources._dns_text``), ``server_asn`` (network of the
server that our resolver asked). Clients and names go no further than :func:`partials`.
"""

from __future__ import annotations

from hashlib import blake2b

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.providers import provider_of_zone
from radar.sketch import register_of, run_of
from radar.sources import _dns_tap, _dns_text
from radar.sources._bytes import begins, json_lines
from radar.sources._dns_zones import zones_of
from radar.sources._geo import locate
from radar.sources._rejections import Rejections

#: Columns of the form of our own (NDJSON, Parquet).
COLUMNS = ("time", "client", "name", "rcode", "country", "asn", "server_asn")
BIN_S = 300
#: Rows this far from the middle one of their piece of a log have a clock of their own.
FAR_S = 86_400
#: A zone that fewer clients asked for within one piece of a log tells who they are: it never leaves that piece.
ZONE_CLIENTS, ZONE_QUERIES = 5, 10
#: Zones of a bin that one piece of a log may tell of: those that fail most, then those asked for most.
ZONES = 200

RESOLVER = "our-resolver"
#: Fields of partials that merge by the larger; all others add up.
LARGEST = frozenset({"client", "clients"})
PARTIALS = {"bin": pl.Int64, "kind": pl.String, "key": pl.String, "field": pl.String, "cell": pl.Int32,
            "amount": pl.Int64}  # fmt: skip

_ROWS = {"line": pl.Int64, "second": pl.Int64, "client": pl.String, "cc": pl.String, "asn": pl.Int64,
         "name": pl.String, "rcode": pl.String, "role": pl.String, "server_asn": pl.Int64}  # fmt: skip
_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000, 2100
_MS_FROM = 100_000_000_000
_LONGEST_NAME = 1024


def tapped(data: bytes, rejected: Rejections, *, first: int = 0) -> pl.DataFrame:
    """Rows of a dnstap stream or a piece of one."""
    roles = {_dns_tap.CLIENT_QUERY: "query", _dns_tap.CLIENT_RESPONSE: "answer", _dns_tap.RESOLVER_QUERY: "server"}
    found = list(_dns_tap.messages(data, rejected, first=first))
    asked = [m.address if m.kind == _dns_tap.RESOLVER_QUERY else None for m in found]
    rows = pl.DataFrame(
        {
            "line": [m.place for m in found],
            "second": [m.second for m in found],
            "client": [None if m.kind == _dns_tap.RESOLVER_QUERY else m.address for m in found],
            "cc": None,
            "asn": None,
            "name": [m.name for m in found],
            "rcode": [None if m.rcode is None else _dns_text.RCODES[m.rcode] if m.rcode < 11 else str(m.rcode)
                      for m in found],
            "role": [roles[m.kind] for m in found],
            "server_asn": None,
        },
        schema=_ROWS,
    )  # fmt: skip
    if any(asked):
        rows = rows.with_columns(server_asn=locate(pl.Series(asked, dtype=pl.String))["asn"].cast(pl.Int64))
    return _placed(rows, rejected, "frame at byte")


def lined(data: bytes, rejected: Rejections, *, first: int = 1, source: str) -> pl.DataFrame:
    """Rows of lines of text, JSON objects of our own form among them. Raises UpstreamChanged where no line is of a
    query."""
    objects_of: list[bytes] = []
    texts: list[tuple[int, _dns_text.Line]] = []
    other = blank = 0
    for number, raw in enumerate(data.split(b"\n"), first):
        if raw.startswith(b"{"):
            objects_of += [b"\n"] * (number - first - len(objects_of)) + [raw + b"\n"]
            continue
        if not raw.strip():
            blank += 1
            continue
        try:
            line = _dns_text.read(raw.decode("utf-8", "replace"))
        except _dns_text.NoTime as error:
            rejected.add(str(error), f"line {number}: {len(raw)} bytes")
            other += 1
            continue
        if line is None:
            rejected.add("line is of no query", f"line {number}: {len(raw)} bytes")
            other += 1
        else:
            texts.append((number, line))
    blank -= data.endswith(b"\n") or not data
    objects = _objects(b"".join(objects_of), rejected, first, source)
    if objects.is_empty() and not texts and (other or objects_of):
        raise UpstreamChanged(source, f"no line is of a query that can be placed; the file begins with {begins(data)}")
    rejected.add("blank line", "between others", blank)
    rows = pl.DataFrame(
        [(number, line.second, line.client, None, None, line.name, line.rcode, line.role, None)
         for number, line in texts],
        schema=_ROWS, orient="row",
    )  # fmt: skip
    return _placed(pl.concat([objects, rows]).sort("line"), rejected, "line")


def _objects(data: bytes, rejected: Rejections, first: int, source: str) -> pl.DataFrame:
    """Rows of our own form. Lines between objects are blank here."""
    if not data:
        return pl.DataFrame(schema=_ROWS)
    table, broken = json_lines(data, dict.fromkeys(COLUMNS, pl.String))
    if broken:
        rejected.add("line is no JSON object", f"line {broken[0][0] + first - 1}", len(broken))
    return own(table.with_columns(line=pl.col("line").cast(pl.Int64) + first - 1), rejected)


def own(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """Rows of our own columns, as text or as Parquet had them; ``line`` is there. Rows that are wrong in one field are
    rejected as a whole."""
    table = table.with_columns(pl.lit(None, pl.String).alias(c) for c in COLUMNS if c not in table.columns)
    table = table.with_columns(second=_seconds(table))
    cc = pl.col("country").cast(pl.String).str.to_uppercase()
    asn, server = (_asn(name) for name in ("asn", "server_asn"))
    rcode = pl.col("rcode").cast(pl.String).str.strip_chars().str.to_uppercase()
    faults = [
        ("no name", pl.col("name").is_null()),
        ("time cannot be read or has no zone", pl.col("second").is_null()),
        ("unknown country", pl.col("country").is_not_null() & ~cc.is_in(list(countries())).fill_null(False)),
        ("not an AS number", (pl.col("asn").is_not_null() & ~_is_asn(asn))
         | (pl.col("server_asn").is_not_null() & ~_is_asn(server))),
        ("rcode is no word", rcode.is_not_null() & ~rcode.str.contains(r"^[A-Z0-9]{0,16}$")),
    ]  # fmt: skip
    fault = pl.coalesce(pl.when(wrong).then(pl.lit(reason)) for reason, wrong in faults)
    table = table.with_columns(fault=fault)
    for reason, count, line in table.drop_nulls("fault").group_by("fault").agg(pl.len(), pl.col("line").min()).rows():
        rejected.add(reason, f"line {line}", count)
    return table.filter(pl.col("fault").is_null()).select(
        pl.col("line").cast(pl.Int64),
        "second",
        pl.col("client").cast(pl.String),
        cc=cc,
        asn=asn,
        name=pl.col("name").cast(pl.String),
        rcode=pl.when(rcode.is_in(["TIMEOUT", "NONE"])).then(pl.lit("")).otherwise(rcode),
        role=pl.when(rcode.is_null()).then(pl.lit("query")).otherwise(pl.lit("answer")),
        server_asn=server,
    )


def _seconds(table: pl.DataFrame) -> pl.Expr:
    kind, time = table.schema["time"], pl.col("time")
    if isinstance(kind, pl.Datetime):
        return time.dt.epoch("s") if kind.time_zone is not None else pl.lit(None, pl.Int64)
    number = time.cast(pl.Float64, strict=False)
    number = pl.when(number >= _MS_FROM).then(number / 1000).otherwise(number)
    whole = pl.when(number.is_between(0, 1e12)).then(number.floor()).cast(pl.Int64, strict=False)
    if kind != pl.String:
        return whole
    return pl.coalesce(time.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).dt.epoch("s"), whole)


def _asn(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.strip_prefix("AS").cast(pl.Int64, strict=False)


def _is_asn(value: pl.Expr) -> pl.Expr:
    return value.is_between(1, 2**32 - 1).fill_null(False)


def _placed(rows: pl.DataFrame, rejected: Rejections, place: str) -> pl.DataFrame:
    """Rows whose time can be: within 2000 to 2100, and within a day of the middle one's."""
    sane = pl.col("second").is_between(_FIRST_S, _LAST_S)
    middle = rows.filter(sane)["second"].median()
    near = (pl.col("second") - pl.lit(middle, pl.Float64)).abs() <= FAR_S
    long = pl.col("name").str.len_bytes() > _LONGEST_NAME
    for reason, wrong in (
        ("time lies outside 2000 to 2100", ~sane),
        ("time lies more than a day from the others of its piece", sane & ~near),
        ("name is longer than any name", sane & near & long),
    ):
        found = rows.filter(wrong)
        if found.height:
            rejected.add(reason, f"{place} {found['line'][0]}", found.height)
    return rows.filter(sane & near & ~long)


def partials(rows: pl.DataFrame) -> pl.DataFrame:
    """What one piece of a log says of each bin, in a form that adds up: ``PARTIALS``.

    ``kind``: resolver, country, asn, provider or zone, ``key`` which one. ``field``: asked (queries), answered, failed
    and nxdomain (answers), erred (failures told beside the queries), client (registers of a distinct count, by cell);
    of zones, clients (how many asked in one piece: at least so many in all) and server (answers that lack, by the
    network that was asked for them; the cell is its AS number less 2 to the power of 31). No client or name is in it.
    """
    if rows.is_empty():
        return pl.DataFrame(schema=PARTIALS)
    rows = located(rows).with_columns(
        bin=pl.col("second") // BIN_S * BIN_S,
        zone=zones_of(rows["name"]),
        asked=pl.col("role") == "query",
        answered=pl.col("role") == "answer",
        failed=(pl.col("role") == "answer") & pl.col("rcode").is_in(["SERVFAIL", ""]),
        nxdomain=(pl.col("role") == "answer") & (pl.col("rcode") == "NXDOMAIN"),
        erred=(pl.col("role") == "error") & pl.col("rcode").is_in(["SERVFAIL", ""]),
    )
    heard = rows.filter(pl.col("role") != "server")
    parts = [
        part
        for kind, key in (
            ("resolver", pl.lit(RESOLVER)),
            ("country", pl.col("cc")),
            ("asn", pl.col("asn")),
            ("provider", provided(heard["zone"])),
        )
        for part in _of(heard.with_columns(key=key.cast(pl.String)).drop_nulls("key"), kind)
    ]
    parts += _zones(heard, rows)
    return pl.concat(parts).select(pl.col(name).cast(kind) for name, kind in PARTIALS.items())


def provided(zones: pl.Series) -> pl.Expr:
    """Slug of the provider that each row's zone belongs to, null for none."""
    known = {zone: provider_of_zone(zone) for zone in zones.drop_nulls().unique().to_list()}
    named = {zone: slug for zone, slug in known.items() if slug is not None}
    return pl.col("zone").replace_strict(named, default=None, return_dtype=pl.String)


_COUNTS = ("asked", "answered", "failed", "nxdomain", "erred")


def _of(rows: pl.DataFrame, kind: str) -> list[pl.DataFrame]:
    counts = rows.group_by("bin", "key").agg(pl.col(_COUNTS).sum().cast(pl.Int64))
    registers = (
        rows.drop_nulls("digest")
        .group_by("bin", "key", cell=register_of(pl.col("digest")))
        .agg(amount=run_of(pl.col("digest")).max())
    )
    return [
        _long(counts, _COUNTS, kind),
        registers.select("bin", pl.lit(kind).alias("kind"), "key", pl.lit("client").alias("field"), "cell",
                         pl.col("amount").cast(pl.Int64)),
    ]  # fmt: skip


def _long(counts: pl.DataFrame, fields: tuple[str, ...], kind: str) -> pl.DataFrame:
    return (
        counts.unpivot(fields, index=["bin", "key"], variable_name="field", value_name="amount")
        .filter(pl.col("amount") > 0)
        .select("bin", pl.lit(kind).alias("kind"), "key", "field", pl.lit(0, pl.Int32).alias("cell"),
                pl.col("amount").cast(pl.Int64))
    )  # fmt: skip


def _zones(heard: pl.DataFrame, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Counts of the zones that enough clients asked for."""
    counts = (
        heard.drop_nulls("zone")
        .group_by("bin", key="zone")
        .agg(pl.col(_COUNTS).sum().cast(pl.Int64), clients=pl.col("digest").drop_nulls().n_unique().cast(pl.Int64))
        .filter(
            (pl.col("clients") >= ZONE_CLIENTS) & (pl.max_horizontal("asked", "answered", "failed") >= ZONE_QUERIES)
        )
        .sort(
            [pl.max_horizontal("failed", "erred"), pl.max_horizontal("asked", "answered"), pl.col("key")],
            descending=[True, True, False],
        )
        .group_by("bin", maintain_order=True)
        .head(ZONES)
    )
    servers = (
        rows.drop_nulls(["zone", "server_asn"])
        .filter((pl.col("role") == "server") | pl.col("failed"))
        .group_by("bin", key="zone", cell=(pl.col("server_asn") - 2**31).cast(pl.Int32))
        .agg(amount=pl.len().cast(pl.Int64))
        .join(counts.select("bin", "key"), on=["bin", "key"], how="semi")
        .select("bin", pl.lit("zone").alias("kind"), "key", pl.lit("server").alias("field"), "cell", "amount")
    )
    return [_long(counts, (*_COUNTS, "clients"), "zone"), servers]


def located(rows: pl.DataFrame) -> pl.DataFrame:
    """Country, network and digest in place of the client."""
    unique = rows["client"].drop_nulls().unique(maintain_order=True).to_list()
    known = rows.filter(pl.col("cc").is_null() & pl.col("asn").is_null())["client"].drop_nulls().unique()
    place = pl.DataFrame({
        "client": pl.Series(unique, dtype=pl.String),
        "digest": pl.Series([int.from_bytes(blake2b(c.encode(), digest_size=8).digest(), "big") for c in unique],
                            dtype=pl.UInt64),
    })  # fmt: skip
    places = locate(known)
    found = pl.DataFrame({
        "client": known,
        "found_cc": places["cc"].cast(pl.String),
        "found_asn": places["asn"].cast(pl.Int64),
    })  # fmt: skip
    return (
        rows.join(place, on="client", how="left", maintain_order="left")
        .join(found, on="client", how="left", maintain_order="left")
        .with_columns(cc=pl.coalesce("cc", "found_cc"), asn=pl.coalesce("asn", "found_asn"))
        .drop("client", "found_cc", "found_asn")
    )
