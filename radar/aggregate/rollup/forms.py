"""Logs and results as they come, to rows (radar.aggregate.rollup.rows): pieces of files through the readers of sources.

================= =====================================================================================================
``edge_logs``     request logs, all forms that the source reads. A row: one request
``dns_logs``      query logs, the same. A row: one answer, or one query where the log tells no answers; it failed when
                  it was SERVFAIL or none came. ``provider`` is who serves the zone, where that is known
``atlas_results`` pings and DNS queries of RIPE Atlas. A row: one result; a ping's time is the median of its replies,
                  and it failed when none came. The client is the probe
``speed``         single NDT tests (time and rate of the download), and the lines of this site's own beacon, which tell
                  the hour only
================= =====================================================================================================

Addresses become a country, a network and a keyed digest here, and go no further. What gives no row is counted by
reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from radar.aggregate.rollup import rows
from radar.aggregate.rollup.rows import Spec
from radar.sources import _edge_access as access
from radar.sources import _geo, atlas_results, dns_logs, edge_logs, mlab_ndt, speed_beacon
from radar.sources._atlas_results import read as read_results
from radar.sources._dns_rows import located, provided
from radar.sources._dns_tap import is_stream
from radar.sources._dns_text import NoTime
from radar.sources._dns_text import read as read_query
from radar.sources._dns_zones import zones_of
from radar.sources._edge_counts import BIN_S
from radar.sources._edge_forms import header_of
from radar.sources._ndt_tests import read_tests
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.sources._log_files import Chunk

#: Makes rows of a piece of a file. Raises UpstreamChanged where the piece is of another form.
Reader = Callable[["Chunk", Rejections], pl.DataFrame]

TYPES: dict[str, pl.DataType] = {
    "time": pl.Datetime("us", "UTC"), "country": pl.String(), "asn": pl.UInt32(), "provider": pl.String(),
    "status": pl.Int64(), "failed": pl.Boolean(), "bytes": pl.Int64(), "rtt_ms": pl.Float64(),
    "throughput_mbps": pl.Float64(), "client": pl.UInt64(),
}  # fmt: skip

#: Form -> columns that its rows have.
SAYS: dict[str, tuple[str, ...]] = {
    "edge_logs": ("time", "country", "asn", "provider", "status", "bytes", "rtt_ms", "throughput_mbps", "client"),
    "dns_logs": ("time", "country", "asn", "provider", "failed", "client"),
    "atlas_results": ("time", "country", "asn", "failed", "rtt_ms", "client"),
    "speed": ("time", "country", "asn", "rtt_ms", "throughput_mbps", "client"),
}

#: Rows as they are; all others become such rows.
ROWS = "rows"
NAMES = (ROWS, *SAYS)

#: Lines of a file that are looked at to tell its form.
_LOOKED_AT = 20

_HOURS_ONLY = "the line tells the hour only, and the bins are shorter"


def of_columns(schema: Mapping[str, pl.DataType]) -> str:
    """The form of a Parquet file with these columns; where nothing else fits, rows, which then say what is wrong."""
    if {"time", "name", "rcode"} <= set(schema):
        return "dns_logs"
    if {"field", "cell", "amount"} <= set(schema) or rows.fits(schema):
        return ROWS
    return "edge_logs" if _are_of_requests(schema) else ROWS


def of_bytes(head: bytes) -> str | None:
    """The form of a file that is no Parquet and begins so, unpacked; None: none that is read."""
    if is_stream(head):
        return "dns_logs"
    if head.lstrip()[:1] == b"[":
        return "atlas_results" if b'"prb_id"' in head else None
    lines = [line for line in head.split(b"\n") if line.strip()]
    for line in lines[:_LOOKED_AT]:
        found = _of_object(line) if line.lstrip().startswith(b"{") else _of_text(line)
        if found is not None:
            return found
    # one object over many lines, or one that is longer than what is looked at
    return "speed" if lines and b'"UUID"' in head and lines[0].lstrip().startswith(b"{") else None


def _of_object(line: bytes) -> str | None:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if "prb_id" in told:
        return "atlas_results"
    if {"time", "name"} <= set(told):
        return "dns_logs"
    if {"hour", "rtt_ms"} <= set(told) or not {"Download", "Upload", "S2C", "C2S", "UUID"}.isdisjoint(told):
        return "speed"
    return "edge_logs" if _are_of_requests(told) else None


def _are_of_requests(names: Iterable[str]) -> bool:
    """Are fields of these names those of a request log, as the head of a CSV file would say them?"""
    return header_of(",".join(names).encode()) is not None


def _of_text(line: bytes) -> str | None:
    text = line.decode("utf-8", "replace")
    if header_of(line) is not None or pl.Series([text]).str.contains(access.LINE).item():
        return "edge_logs"
    try:
        return "dns_logs" if read_query(text) is not None else None
    except NoTime:
        return "dns_logs"


def reader(form: str, key: int, spec: Spec) -> Reader:
    """What reads the pieces of one file of that form. ``key`` (64 bits) keys the digests of clients."""
    if form == "edge_logs":
        return lambda chunk, lost: _edge(chunk, lost, key, spec.grain_s)
    if form == "dns_logs":
        return _Queries(key)
    if form == "atlas_results":
        return lambda chunk, lost: _atlas(chunk, lost, key)
    return lambda chunk, lost: _speed(chunk, lost, key, spec.grain_s)


def _shaped(table: pl.DataFrame, form: str) -> pl.DataFrame:
    """The columns of the form in their types. ``t`` is the time in epoch seconds."""
    table = table.with_columns(time=pl.from_epoch(pl.col("t").cast(pl.Int64), "s").dt.replace_time_zone("UTC"))
    return table.select(pl.col(name).cast(TYPES[name]) for name in SAYS[form])


def _edge(chunk: Chunk, rejected: Rejections, key: int, grain_s: int) -> pl.DataFrame:
    tables = [
        _shaped(
            table.select(
                "asn", "provider", "status", "bytes", t="bin", country=pl.col("cc").cast(pl.String), rtt_ms="rtt",
                throughput_mbps="throughput",
                client=pl.when(pl.col("client").is_not_null()).then(pl.col("client").hash(key)),
            ),
            "edge_logs",
        )
        for table in edge_logs.rows_of(chunk, rejected, by_minute=grain_s < BIN_S)
    ]  # fmt: skip
    return pl.concat(tables) if tables else pl.DataFrame(schema={name: TYPES[name] for name in SAYS["edge_logs"]})


class _Queries:
    """Rows of query logs. A log that tells answers is counted by them, any other by its queries: so no query counts
    twice. Which it is, is decided by a file's first piece with rows."""

    def __init__(self, key: int) -> None:
        self._key = key
        self._role: str | None = None

    def __call__(self, chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
        found = dns_logs.rows_of(chunk, rejected)
        if self._role is None and found.height:
            self._role = "answer" if (found["role"] == "answer").any() else "query"
        for role, reason in (
            ("query", "query, and the file tells answers, which count"),
            ("answer", "answer, and the file began with queries alone, which count"),
            ("error", "failure told beside the queries: of which query is not said"),
            ("server", "question of the resolver to a server"),
        ):
            others = found.filter((pl.col("role") == role) & (pl.col("role") != self._role))
            if others.height:
                rejected.add(reason, f"{chunk.file} at {others['line'][0]}", others.height)
        mine = found.filter(pl.col("role") == self._role) if self._role else found
        mine = mine.with_columns(own=pl.when(pl.col("client").is_not_null()).then(pl.col("client").hash(self._key)))
        mine = located(mine).with_columns(zone=zones_of(mine["name"]))
        failed = pl.when(pl.col("rcode").is_not_null()).then(pl.col("rcode").is_in(["SERVFAIL", ""]))
        return _shaped(
            mine.select("asn", t="second", country="cc", provider=provided(mine["zone"]), failed=failed, client="own"),
            "dns_logs",
        )


def _atlas(chunk: Chunk, rejected: Rejections, key: int) -> pl.DataFrame:
    found = read_results(chunk.data, rejected, source=atlas_results.NAME)
    rejected.add("traceroute: neither a time nor a failure is taken of it", chunk.file, found.traces.height)
    probe = pl.col("probe").hash(key)
    pings = found.pings.select(
        "t", "asn", country="cc", failed=pl.col("rcvd") == 0, rtt_ms=pl.col("rtts").list.median(), client=probe
    )
    queries = found.queries.select(
        "t", "asn", country="cc", failed="failed", rtt_ms=pl.lit(None, pl.Float64), client=probe
    )
    return _shaped(pl.concat([pings, queries]), "atlas_results")


def _speed(chunk: Chunk, rejected: Rejections, key: int, grain_s: int) -> pl.DataFrame:
    lines = chunk.data.split(b"\n")
    told = [speed_beacon.measurement(line) for line in lines]
    tables = []
    if any(told):
        heard = [one for one in told if one is not None]
        wrong = sum(bool(line.strip()) for line, one in zip(lines, told, strict=True) if one is None)
        rejected.add("line is no measurement", chunk.file, wrong)
        schema = {"t": pl.Int64, "country": pl.String, "asn": pl.Int64, "rtt_ms": pl.Float64,
                  "throughput_mbps": pl.Float64}  # fmt: skip
        if grain_s < 3600:
            rejected.add(_HOURS_ONLY, f"{chunk.file} line {chunk.first_line}", len(heard))
            heard = []
        beacon = pl.DataFrame(heard, schema=schema, orient="row")
        tables.append(_shaped(beacon.with_columns(client=pl.lit(None, pl.UInt64)), "speed"))
    else:
        tests = read_tests(chunk.data, rejected, source=mlab_ndt.NAME)
        tables.append(_shaped(_tested(tests, key), "speed"))
    return pl.concat(tables)


def _tested(tests: list[dict[str, Any]], key: int) -> pl.DataFrame:
    """NDT tests, with the networks of their clients in place of addresses."""
    table = pl.DataFrame(
        [(test["time"], test["cc"], test["address"] if isinstance(test["address"], str) else None, test["rtt"],
          test["download"]) for test in tests],
        schema={"at": TYPES["time"], "country": pl.String, "address": pl.String, "rtt_ms": pl.Float64,
                "throughput_mbps": pl.Float64},
        orient="row",
    )  # fmt: skip
    return table.with_columns(
        _geo.locate(table["address"])["asn"],
        t=pl.col("at").dt.epoch("s"),
        client=pl.when(pl.col("address").is_not_null()).then(pl.col("address").hash(key)),
    )
