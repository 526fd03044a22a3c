"""The operator's own resolvers: how many names each country and network asks for, and how many queries fail.

Files lie in a folder or behind a glob (setting ``dns_logs``): dnstap (Frame Streams, several streams in one file too),
text query logs (``radar/sources/_dns_text.py`` lists the forms; each line tells its own), and NDJSON or Parquet of our
own columns, one query or one answer a row:

=============== ======================================================================================================
``time``        required. RFC 3339 with zone, or epoch seconds or milliseconds; in Parquet also a timestamp with zone
``name``        required. The name that was asked for
``rcode``       ``NOERROR``, ``SERVFAIL``, ``NXDOMAIN``...; empty or ``TIMEOUT``: no answer came; null: the row is a
                query whose end is not known
``client``      address of the client
``country``     alpha-2 code, where the address does not say it; and ``asn``: AS number
``server_asn``  network of the server that our resolver asked, where it is known
=============== ======================================================================================================

A log may hold queries, answers, or both of each: of a bin, the larger of the two counts is its queries (so all our
resolvers should log in one way). Shares are
taken of the answers; of BIND, whose ``query-errors`` tell failures beside the queries, of the queries. A log that
tells no ends has no shares. Clients become a country, a network and a register's place at once
(``radar/sources/_dns_rows.py``); names become zones, and only a zone that enough clients asked for goes further.

Counted per 5-minute bin for ``provider/our-resolver`` (all), ``country/XX``, ``asn/N``, and ``provider/slug`` of the
services whose zones are known.

Licence: the operator's own data.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from radar import settings
from radar.entities import is_entity
from radar.errors import ConfigError, UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.sketch import distinct
from radar.sources import Answer, Source
from radar.sources._bytes import PARQUET, parquet, unpack
from radar.sources._dns_rows import (
    BIN_S,
    COLUMNS,
    LARGEST,
    PARTIALS,
    ZONE_CLIENTS,
    lined,
    own,
    partials,
    tapped,
)
from radar.sources._dns_tap import is_stream
from radar.sources._log_source import Told, answers, unpacked
from radar.sources._rejections import Rejections
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http
    from radar.sources._log_bins import Unlisted
    from radar.sources._log_files import Chunk

NAME = "dns_logs"

_KEY = ["timebin", "entity", "signal"]

#: A zone fails when so many of its queries do, and this part of them; of the others a bin tells the most asked for.
FAILED, FAILING, OTHERS = 10, 0.1, 50
#: Zones that a bin tells of at most.
TOLD = 100


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Partials of each 5-minute bin of ``[since, until)`` that has changed: see ``radar.sources._log_source``.

    Raises ConfigError when the setting is empty.
    """
    chosen = settings.load()
    if not chosen.dns_logs:
        raise ConfigError("RADAR_DNS_LOGS is empty; expected a folder or a glob of log files")
    once = (pl.col("kind") == "resolver") & pl.col("field").is_in(["asked", "answered", "erred"])
    yield from answers(
        NAME, chosen.dns_logs, since, until,
        count=count, largest=LARGEST, once=once, within="kind", prefix="dns", wait_s=chosen.logs_wait_s,
    )  # fmt: skip


def count(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
    """Partials of one piece of a log: ``radar.sources._dns_rows.PARTIALS``. Raises UpstreamChanged where nothing in it
    is of a query."""
    return partials(rows_of(chunk, rejected))


def rows_of(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
    """Rows of one piece of a log, with its clients and names: see ``radar.sources._dns_rows``. Raises UpstreamChanged
    where nothing in it is of a query."""
    if chunk.kind == "binary":
        return tapped(chunk.data, rejected, first=chunk.first_line)
    if chunk.kind == "parquet":
        return _parquet(chunk.data, rejected, chunk.first_line)
    return lined(chunk.data, rejected, first=chunk.first_line, source=NAME)


def _parquet(data: bytes, rejected: Rejections, first: int) -> pl.DataFrame:
    table = parquet(data, source=NAME, columns=frozenset(COLUMNS))
    if not {"time", "name"} <= set(table.columns):
        raise UpstreamChanged(NAME, f"the Parquet file has no columns 'time' and 'name'; of ours: {table.columns}")
    return own(table.with_row_index("line", first), rejected)


def _counted(body: bytes) -> Told:
    """Partials of an answer: as they are, or of a raw log counted here."""
    rejected = Rejections()
    done = unpacked(body) if body.startswith(PARQUET) else None
    if done is not None:
        if not set(PARTIALS) <= set(done.partials.columns):
            raise UpstreamChanged(NAME, f"partials have columns {done.partials.columns}; expected {list(PARTIALS)}")
        return done
    data, cut = unpack(body, source=NAME)
    if cut:
        rejected.add("compressed file ends early", f"after {len(data)} unpacked bytes")
    if data.startswith(PARQUET):
        rows = _parquet(data, rejected, 1)
    elif is_stream(data):
        rows = tapped(data, rejected)
    else:
        rows = lined(data, rejected, source=NAME)
    table = partials(rows)  # which fills ``rejected``
    return Told(table, BIN_S, rejected.done())


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Partials or a raw log of any of the forms above as SIGNALS. Partials of hours give no rows: no series needs
    them. Raises UpstreamChanged."""
    told = _counted(body)
    if told.grain_s != BIN_S or told.partials.is_empty():
        return Parsed(pl.DataFrame(schema=SIGNALS), told.rejected)
    table = told.partials.drop_nulls("key")  # what was cut, and counts together: see radar.sources._log_bins
    known = _with_ends(table.filter(pl.col("kind") != "zone"))
    registers = table.filter((pl.col("kind") != "zone") & (pl.col("field") == "client"))
    clients = distinct(registers.select("bin", "kind", "key", "cell", "amount"), ["bin", "kind", "key"])
    queries = known.select(
        "bin", "kind", "key", signal=pl.lit("dns.queries"), value=pl.col("queries").cast(pl.Float64), n="queries"
    )
    made = [
        queries.filter(pl.col("n") > 0),
        _share(known, "dns.servfail_share", "failed", "ends"),
        _share(known, "dns.nxdomain_share", "nxdomain", "answered"),
        clients.select(
            "bin",
            "kind",
            "key",
            signal=pl.lit("dns.clients"),
            value=pl.col("distinct").round(),
            n=pl.lit(None, pl.Int64),
        ),
    ]
    rows = pl.concat(part.with_columns(pl.col("n").cast(pl.UInt32)) for part in made).select(
        timebin=pl.from_epoch("bin").cast(pl.Datetime("us", "UTC")),
        entity=pl.concat_str(pl.col("kind").replace("resolver", "provider"), pl.lit("/"), "key"),
        signal="signal",
        value="value",
        n="n",
    )
    unknown = [key for key in rows["entity"].unique().to_list() if not is_entity(key)]
    kept = rows.filter(~pl.col("entity").is_in(unknown)).sort("timebin", "entity", "signal")
    nulls = told.nulls({"dns.queries": "key"}, _entity)
    found = pl.concat([kept.select(list(SIGNALS)), nulls]).unique(_KEY, keep="first", maintain_order=True)
    return Parsed(found.sort(_KEY), told.rejected)


def _entity(cut: Unlisted) -> str | None:
    return None if cut.kind == "zone" else f"{cut.kind.replace('resolver', 'provider')}/{cut.example}"


def _with_ends(table: pl.DataFrame) -> pl.DataFrame:
    """One row per bin and key with a column per field, and ``ends``: queries whose end is known."""
    fields = ("asked", "answered", "failed", "nxdomain", "erred", "clients")
    wide = table.group_by("bin", "kind", "key").agg(
        pl.col("amount").filter(pl.col("field") == field).sum().cast(pl.Int64).alias(field) for field in fields
    )
    beside = table.filter(pl.col("field") == "erred")["bin"].unique().to_list()
    ends = pl.when(pl.col("answered") > 0).then("answered").when(pl.col("bin").is_in(beside)).then("queries")
    return wide.with_columns(queries=pl.max_horizontal("asked", "answered", "erred")).with_columns(
        ends=ends.otherwise(0), failed=pl.when(pl.col("answered") > 0).then("failed").otherwise("erred")
    )


def _share(known: pl.DataFrame, signal: str, part: str, of: str) -> pl.DataFrame:
    some = known.filter(pl.col(of) > 0)
    return some.select(
        "bin", "kind", "key", signal=pl.lit(signal), value=(pl.col(part) / pl.col(of)).clip(0.0, 1.0), n=of
    )


def details(body: bytes, *, name: str = "") -> list[dict[str, Any]]:
    """What a bin says beyond series, for ``radar try`` and the book.

    Rows ``{bin, zone, queries, failed, nxdomain, clients, servers}``, of each bin first one with zone "" for all
    queries together, then the zones that fail, then those most asked for. ``failed`` is None where the log tells no
    ends; ``clients``: at least so many; ``servers``: failures by the network that was asked, as ``{"64496": 12}``.
    """
    told = _counted(body)
    if told.grain_s != BIN_S or told.partials.is_empty():
        return []
    table = told.partials.filter(pl.col("kind").is_in(["resolver", "zone"])).drop_nulls("key")
    known = _with_ends(table).sort("bin", "key")
    servers: dict[tuple[int, str], dict[str, int]] = {}
    asked = table.filter((pl.col("kind") == "zone") & (pl.col("field") == "server"))
    for row in asked.sort("amount", descending=True).iter_rows(named=True):
        servers.setdefault((row["bin"], row["key"]), {})[str(row["cell"] + 2**31)] = row["amount"]
    out: list[dict[str, Any]] = []
    for (_bin,), part in known.group_by("bin", maintain_order=True):
        rows = [_told(row, servers.get((row["bin"], row["key"]), {})) for row in part.iter_rows(named=True)]
        total = [row for row in rows if row["zone"] == ""]
        zones = [row for row in rows if row["zone"] and row["clients"] >= ZONE_CLIENTS]
        failing = sorted((row for row in zones if fails(row)), key=lambda row: (-row["failed"], row["zone"]))
        others = sorted((row for row in zones if not fails(row)), key=lambda row: (-row["queries"], row["zone"]))
        out += total + failing[: TOLD - OTHERS] + others[:OTHERS]
    return out


def _told(row: dict[str, Any], servers: dict[str, int]) -> dict[str, Any]:
    return {
        "bin": rfc3339(datetime.fromtimestamp(row["bin"], UTC)),
        "zone": "" if row["kind"] == "resolver" else row["key"],
        "queries": row["queries"],
        "failed": row["failed"] if row["ends"] else None,
        "nxdomain": row["nxdomain"] if row["answered"] else None,
        "clients": row["clients"],
        "servers": dict(list(servers.items())[:5]),
    }


def fails(row: dict[str, Any]) -> bool:
    """Whether a zone's queries fail in numbers that are worth telling."""
    failed = row["failed"] or 0
    return bool(failed >= FAILED and failed >= FAILING * row["queries"])


SOURCE = Source(
    name=NAME,
    title="Our resolvers: query logs",
    org="The operator of this radar",
    url="/method",
    info_url="/method",
    licence="The operator's own data",
    licence_url="/about#own-measurements",
    attribution="Query logs of the resolvers of the operator of this radar, counted per country, network and zone",
    cadence_s=60,
    lag_s=300,
    signals=dict.fromkeys(("dns.queries", "dns.servfail_share", "dns.nxdomain_share", "dns.clients"), BIN_S),
    summary="DNS queries at the operator's own resolvers, from where they come, and how many fail.",
    absent_is_zero=frozenset({"dns.queries"}),
    setting="dns_logs",
    proof="documented",
)
