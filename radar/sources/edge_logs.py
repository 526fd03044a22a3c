"""The operator's own request logs: how many requests arrive from each country and network, how many fail, how slowly.

Where files may lie is said in docs/logs.md, and which forms are read: our own names as NDJSON, CSV or Parquet, the JSON
of nginx, Apache, Caddy and Cloudflare's Logpush, and lines of nginx and Apache. Our own names:

=================== ==================================================================================================
``time``            required. RFC 3339 with zone (``2026-03-02T00:05:01.250Z``), or epoch seconds, milliseconds or
                    nanoseconds; in Parquet also a timestamp with zone
``country``         ISO 3166-1 alpha-2 code of the client
``asn``             AS number of the client, ``5089`` or ``"AS5089"``
``status``          HTTP status; 0 when there was no answer
``bytes``           bytes sent in answer
``rtt_ms``          round-trip time of the connection in ms, as the server saw it
``throughput_mbps`` delivery rate in Mbit/s, where the answer was large enough to tell
``provider``        slug of the cloud, CDN or DNS service behind the answer (``google-cloud``); also ``origin``
``protocol``        ``HTTP/1.1``, ``HTTP/2.0``, ``HTTP/3.0``
``tcp_end``         how the connection ended: ``reset``, ``timeout`` or ``normal``
``client``          the client's address
=================== ==================================================================================================

At least one of ``country``, ``asn``, ``provider``, ``client`` is needed. An address is looked up where the log has no
country or network, sets one register of a distinct count by a keyed hash, and goes no further: neither rows nor
examples nor the archive hold one. The key is random and lies in the data folder (``logs/clients.key``).

Rows are counted per 5-minute bin for ``country/XX``, ``asn/N``, ``geoasn/XX-N`` and ``provider/slug``; a network that
lies almost wholly in one country is not counted a second time as a network in that country. A percentile needs at least
``ENOUGH`` rows, else there is none, and is that of a histogram, within 1 % (radar/sketch.py). Requests and bytes that a
bin has no row for are zero where that bin came for others and lists all; the other signals are then unknown.

Licence: the operator's own data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from radar import settings
from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.schema import Parsed, empty_signals
from radar.signals import SIGNALS, SLOTS
from radar.sources import Answer, Source
from radar.sources._bytes import PARQUET, begins, unpack
from radar.sources._edge_counts import BIN_S, ENOUGH, LARGEST, PARTIALS, counted, merged, signals
from radar.sources._edge_forms import COMPILED, from_lines, from_parquet
from radar.sources._edge_rows import checked, placed
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http
    from radar.sources._log_files import Chunk

__all__ = ["ENOUGH", "LARGEST", "SOURCE", "count", "fetch", "parse"]

NAME = "edge_logs"

HOUR_S = 3600

#: At a file's edges, a bin with less than this share of the rows of its fullest bin is not held by the file.
STRAY = 0.02

#: Columns of partials -> the type of entity that they name. Where one of them is cut, absent is not zero.
_ENTITIES = {"cc": "country", "asn": "asn", "provider": "provider"}
_KEY = ["timebin", "entity", "signal"]

#: Keys the hash where nothing of it is kept but an estimate.
_OPEN_KEY = 0x52_41_44_41_52


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Partials of each 5-minute bin of ``[since, until)`` that has changed and of each hour that is complete, from the
    files of the setting: see ``radar.sources._log_source``. Raises ConfigError when the setting is empty, and what that
    module raises.
    """
    from radar.sources import _log_source  # its state is no business of those who only parse

    found = settings.load()
    if not found.edge_logs:
        raise ConfigError("RADAR_EDGE_LOGS is empty; expected places of log files")
    counting = partial(count, key=client_key(found.data_dir))
    yield from _log_source.answers(
        NAME, found.edge_logs, since, until,
        count=counting, largest=LARGEST, once=pl.col("field") == "requests", prefix="edge", wait_s=found.logs_wait_s,
    )  # fmt: skip


def client_key(folder: Path) -> int:
    """The key of the hash of clients' addresses, made when it is first needed.

    With another key the same client is counted a second time in the bins that both keys had a part in.
    """
    path = folder / "logs" / "clients.key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            body = b""
        if len(body) != 8:
            body = os.urandom(8)
            spare = path.with_name(f"{path.name}.{os.getpid()}")
            with os.fdopen(os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(body)
            spare.replace(path)
    except OSError as error:
        raise UpstreamUnavailable(NAME, f"the key {path.name} cannot be kept: {error.strerror}") from error
    return int.from_bytes(body, "big")


def count(chunk: Chunk, rejected: Rejections, *, key: int = _OPEN_KEY) -> pl.DataFrame:
    """Partials (``PARTIALS``) of one piece of a log; a cell may occur several times. Raises UpstreamChanged for a
    Parquet file of another form.
    """
    parts = [pl.DataFrame(schema=PARTIALS)]
    for table in _tables(chunk, rejected):
        if len(chunk.data) >= COMPILED:
            from radar.sources._edge_tally import tallied  # brings a compiler, as in ``_edge_forms``

            plain, table = tallied(table, key)
            parts.append(plain)
        if table.height:
            parts.append(counted(checked(table, rejected), key))
    return pl.concat(parts)


def rows_of(chunk: Chunk, rejected: Rejections, *, by_minute: bool = False) -> Iterator[pl.DataFrame]:
    """The rows of one piece of a log that can be used, with their clients: see ``radar.sources._edge_rows.checked``.

    ``by_minute``: ``bin`` is the row's minute, and not the five of a bin. Raises UpstreamChanged.
    """
    for table in _tables(chunk, rejected):
        if not by_minute or "time" not in table.columns:
            yield checked(table, rejected)
            continue
        table = table.with_columns(pl.col(pl.Enum).cast(pl.String))
        minute = placed(table)["second"].fill_null(0) % BIN_S // 60
        for number in minute.unique().sort():
            yield checked(table.filter(minute == number), rejected).with_columns(pl.col("bin") + 60 * number)


def _tables(chunk: Chunk, rejected: Rejections) -> Iterator[pl.DataFrame]:
    if chunk.kind == "parquet":
        yield from_parquet(chunk.data, source=NAME, first=chunk.first_line)
        return
    yield from from_lines(chunk.data, rejected, first=chunk.first_line, header=chunk.head)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Count one log file, or tell one answer of ``fetch``.

    Raises UpstreamChanged when no row of a request log is in it.
    """
    if body.startswith(PARQUET):
        from radar.sources._log_source import unpacked

        told = unpacked(body)
        if told is not None:
            rows = _sound(told.partials)
            requests = rows.filter(pl.col("field") == "requests")["amount"].sum()
            hour = told.grain_s == HOUR_S
            listed = ("edge.requests_hour",) if hour else ("edge.requests", "edge.bytes")
            nulls = told.nulls(dict.fromkeys(listed, ""), lambda cut: f"{_ENTITIES.get(cut.name)}/{cut.example}")
            found = pl.concat([signals(rows, hour=hour), nulls]).unique(_KEY, keep="first", maintain_order=True)
            return Parsed(found.sort(_KEY), told.rejected, {"requests": int(requests)})
    rejected = Rejections()
    data, cut = unpack(body, source=NAME)
    if data.startswith(PARQUET):
        tables = [from_parquet(data, source=NAME)]
    else:
        tables = list(from_lines(data, rejected))
        unread = [item for item in rejected.done() if item.reason != "blank line"]
        if unread and not sum(table.height for table in tables):
            raise UpstreamChanged(
                NAME, f"line 1: no request log, in any form that is read; it begins with {begins(data)}"
            )
    if cut:
        rejected.add("compressed file ends early", f"after {len(data)} unpacked bytes")
    partials = merged([counted(checked(table, rejected), _OPEN_KEY) for table in tables])
    partials = _whole_bins(partials, rejected)
    requests = partials.filter(pl.col("field") == "requests")["amount"].sum()
    rows = signals(partials) if requests else empty_signals()
    return Parsed(rows, rejected.done(), {"requests": int(requests)})


def _sound(partials: pl.DataFrame) -> pl.DataFrame:
    """Partials of an answer, in their types and of known columns. Raises UpstreamChanged."""
    if not set(PARTIALS) <= set(partials.columns):
        raise UpstreamChanged(NAME, f"the counts have columns {partials.columns}; expected {list(PARTIALS)}")
    try:
        rows = partials.select(pl.col(name).cast(kind) for name, kind in PARTIALS.items())
    except pl.exceptions.PolarsError as error:
        raise UpstreamChanged(NAME, f"the counts are of other types: {str(error)[:160]}") from error
    return rows.filter(pl.col("amount") > 0)


def _whole_bins(partials: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """Without the stray rows at a file's edges: late lines, and the last lines of the bin before.

    The file holds next to nothing of their bins. Counted as those bins they would replace what the bins' own files
    said, since of two answers about one bin the later one counts.
    """
    bins = partials.filter(pl.col("field") == "requests").group_by("bin").agg(rows=pl.col("amount").sum())
    if bins.is_empty():
        return partials
    held = bins.filter(pl.col("rows") >= STRAY * pl.col("rows").max())["bin"]
    inside = pl.col("bin").is_between(pl.lit(held.min()), pl.lit(held.max()))
    strays = bins.filter(~inside).sort("bin")
    if strays.is_empty():
        return partials
    first = datetime.fromtimestamp(int(strays["bin"][0]), UTC)
    rejected.add(
        "stray row of a bin that the file does not hold", f"bin {first:%Y-%m-%dT%H:%MZ}", int(strays["rows"].sum())
    )
    return partials.filter(inside)


def _signals() -> list[str]:
    """All series that the catalogue gives to request logs."""
    return [signal for signal in SIGNALS if f"{signal}@{NAME}" in SLOTS]


SOURCE = Source(
    name=NAME,
    title="Our edge: request logs",
    org="The operator of this radar",
    url="/method",
    info_url="/method",
    licence="The operator's own data",
    licence_url="/about#own-measurements",
    attribution="Request logs of the operator of this radar, counted per country and network",
    cadence_s=60,
    lag_s=300,
    signals={signal: HOUR_S if signal.endswith("_hour") else BIN_S for signal in _signals()},
    summary="Requests, bytes, failures, round-trip times and delivery rates at the operator's own servers.",
    absent_is_zero=frozenset({"edge.requests", "edge.bytes", "edge.requests_hour"}),
    setting="edge_logs",
    proof="own",
)
