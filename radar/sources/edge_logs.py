"""The operator's own request logs: how many requests arrive from each country and network, how many fail, how slowly.

Files lie in a folder (setting ``edge_logs``), one row per request, as NDJSON (``.ndjson``, ``.jsonl``, ``.json``,
``.log``, also with ``.gz`` or ``.zst``) or Parquet (``.parquet``):

=================== ==================================================================================================
``time``            required. RFC 3339 with zone (``2026-03-02T00:05:01.250Z``), or epoch seconds or milliseconds; in
                    Parquet also a timestamp with zone
``country``         ISO 3166-1 alpha-2 code of the client
``asn``             AS number of the client, ``5089`` or ``"AS5089"``
``status``          HTTP status; 0 when there was no answer
``bytes``           bytes sent in answer
``rtt_ms``          round-trip time of the connection in ms, as the server saw it
``throughput_mbps`` delivery rate in Mbit/s, where the answer was large enough to tell
``provider``        slug of the cloud, CDN or DNS service behind the answer (``google-cloud``); also ``origin``
=================== ==================================================================================================

At least one of ``country``, ``asn``, ``provider`` is needed. Other columns are not read: a client's address, if there
is one, enters neither rows nor examples nor, through ``fetch``, the archive.

Rows are counted per 5-minute bin for ``country/XX``, ``asn/N``, ``geoasn/XX-N`` and ``provider/slug``; a network that
lies almost wholly in one country is not counted a second time as a network in that country. A median needs at least
``ENOUGH`` rows, else there is none. Requests and bytes that a bin has no row for are zero where that bin came
for others; the other signals are then unknown.

Licence: the operator's own data.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import zstandard

from radar import settings
from radar.entities import networks
from radar.errors import ConfigError, UpstreamChanged, UpstreamUnavailable
from radar.schema import SIGNALS, Parsed, empty_signals
from radar.sources import Answer, Source
from radar.sources._edge_rows import BIN_S, COLUMNS, checked, placed, read
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http

NAME = "edge_logs"

#: A median of fewer rows says more about those clients than about the network.
ENOUGH = 5

#: At a file's edges, a bin with less than this share of the rows of its fullest bin is not held by the file.
STRAY = 0.02

_LINES = (".ndjson", ".jsonl", ".json", ".log")
SUFFIXES = (".parquet", *(kind + packing for kind in _LINES for packing in ("", ".gz", ".zst")))

#: What ``fetch`` writes for a line that cannot be read: what stood there may have been an address.
UNREAD = b"?\n"

#: Entity type -> the columns that name it.
_KEYS = {"country": ["cc"], "asn": ["asn"], "geoasn": ["cc", "asn"], "provider": ["provider"]}


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Whole 5-minute bins of ``[since, until)``, oldest first, one answer each, from the files of the setting.

    An answer is NDJSON of the columns above as they stood in the log, and nothing else. It is cut by bin, not by file,
    so that a bin that lies in two files is counted once and whole. Files last written before ``since`` are not
    opened. Rows whose time cannot be read travel with their file's first bin, where ``parse`` counts them.

    Raises
    ------
    ConfigError
        The setting is empty.
    UpstreamUnavailable
        No file is there, or one cannot be read.
    UpstreamChanged
        After all other files: one of them is no request log.
    """
    place = settings.load().edge_logs
    if not place:
        raise ConfigError("RADAR_EDGE_LOGS is empty; expected a folder or a glob of log files")
    first, last = -(-int(since.timestamp()) // BIN_S) * BIN_S, int(until.timestamp()) // BIN_S * BIN_S
    parts: dict[int, list[pl.DataFrame]] = {}
    unread: dict[int, int] = {}
    wrong: list[str] = []
    for file in _files(place, since):
        try:
            table, lost = _rows_of(file.read_bytes())
        except OSError as error:
            raise UpstreamUnavailable(NAME, f"{file} cannot be read: {error.strerror}") from error
        except UpstreamChanged as error:
            wrong.append(f"{file}: {error}")
            continue
        inside = table.filter(pl.col("bin").is_between(first, last, closed="left"))
        for start in inside["bin"].unique().to_list():
            parts.setdefault(start, []).append(inside.filter(pl.col("bin") == start).drop("bin"))
        earliest = table["bin"].min()
        if isinstance(earliest, int):
            unread[earliest] = unread.get(earliest, 0) + lost
        elif table.height:
            wrong.append(f"{file}: none of its {table.height} rows has a time with a zone")
    for start in sorted(parts):
        name = f"edge-{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H%MZ}.ndjson.zst"
        yield Answer(name, _packed(parts[start], unread.get(start, 0)))
    if wrong:
        raise UpstreamChanged(NAME, f"{len(wrong)} files were passed over, first {wrong[0]}")


def _files(place: str, since: datetime) -> list[Path]:
    """Log files of a folder or glob that were written since then, by name."""
    found = Path(place).rglob("*") if Path(place).is_dir() else map(Path, glob.glob(place, recursive=True))
    files = sorted(path for path in found if path.name.endswith(SUFFIXES) and path.is_file())
    if not files:
        raise UpstreamUnavailable(NAME, f"no log file at {place!r}; expected names ending in {', '.join(SUFFIXES)}")
    return [path for path in files if path.stat().st_mtime >= since.timestamp()]


def _rows_of(body: bytes) -> tuple[pl.DataFrame, int]:
    """A file's rows as text, with ``bin``, and how many of its lines cannot be read.

    Rows without a time get the file's first bin; None where no row has one.
    """
    lost = Rejections()
    table = placed(read(body, lost, source=NAME))
    start = pl.col("second").min() // BIN_S * BIN_S
    rows = table.select(
        *(_as_text(name, table.schema[name]) for name in COLUMNS),
        bin=pl.coalesce(pl.col("second") // BIN_S * BIN_S, start),
    )
    return rows, sum(item.count for item in lost.done() if item.reason != "blank line")


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as the text it would have in NDJSON, so that files of both forms can share a bin."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string("iso:strict")  # with a zone where it has one, and only then
    if kind.is_float():
        whole = pl.when(column == column.floor()).then(column.cast(pl.Int64, strict=False)).cast(pl.String)
        return pl.coalesce(whole, column.cast(pl.String))
    return column.cast(pl.String, strict=False)


def _packed(parts: list[pl.DataFrame], unread: int) -> bytes:
    """Rows as NDJSON in zstd. A line that could not be read stays a line that cannot be read, without its content."""
    out = io.BytesIO()
    pl.concat(parts).write_ndjson(out)
    return zstandard.compress(out.getvalue() + UNREAD * unread)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Count one log file or one answer of ``fetch``. Raises UpstreamChanged when no row of a request log is in it."""
    rejected = Rejections()
    rows = _whole_bins(checked(read(body, rejected, source=NAME), rejected), rejected)
    notes = {"requests": rows.height}
    if rows.is_empty():
        return Parsed(empty_signals(), rejected.done(), notes)
    tables = [_counted(rows if kind != "geoasn" else _abroad(rows), kind, keys) for kind, keys in _KEYS.items()]
    out = pl.concat(tables).sort("timebin", "entity", "signal")
    return Parsed(out, rejected.done(), notes)


def _whole_bins(rows: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """Without the stray rows at a file's edges: late lines, and the last lines of the bin before.

    The file holds next to nothing of their bins. Counted as those bins they would replace what the bins' own files
    said, since of two answers about one bin the later one counts.
    """
    bins = rows.group_by("bin").len()
    held = bins.filter(pl.col("len") >= STRAY * pl.col("len").max())["bin"]
    stray = ~pl.col("bin").is_between(pl.lit(held.min()), pl.lit(held.max()))
    strays = rows.filter(stray) if len(held) else rows
    if strays.is_empty():
        return rows
    first = datetime.fromtimestamp(int(strays["bin"][0]), UTC)
    rejected.add("stray row of a bin that the file does not hold", f"bin {first:%Y-%m-%dT%H:%MZ}", strays.height)
    return rows.filter(~stray)


def _abroad(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of networks outside their home country, and of networks that have none."""
    pairs = rows.select("cc", "asn").drop_nulls().unique()
    table = networks()
    home = [asn in table and table[asn].home == cc for cc, asn in pairs.iter_rows()]
    return rows.join(pairs.filter(pl.Series(home, dtype=pl.Boolean)), on=["cc", "asn"], how="anti")


def _counted(rows: pl.DataFrame, kind: str, keys: list[str]) -> pl.DataFrame:
    """SIGNALS rows of one entity type."""
    groups = (
        rows.lazy()
        .drop_nulls(keys)
        .group_by("bin", *keys)
        .agg(
            requests=pl.len(),
            bytes=pl.col("bytes").sum(),
            bytes_n=pl.col("bytes").count(),
            failed=pl.col("failed").sum(),
            failed_n=pl.col("failed").count(),
            rtt=pl.col("rtt").median(),
            rtt_n=pl.col("rtt").count(),
            throughput=pl.col("throughput").median(),
            throughput_n=pl.col("throughput").count(),
        )
        .with_columns(
            timebin=pl.from_epoch("bin").cast(pl.Datetime("us", "UTC")),
            entity=pl.concat_str(pl.lit(f"{kind}/"), pl.concat_str(keys, separator="-")),
        )
    )
    #: signal -> (value, rows behind it, how many it needs)
    made = {
        "edge.requests": (pl.col("requests"), "requests", 1),
        "edge.bytes": (pl.col("bytes"), "bytes_n", 1),
        "edge.error_share": (pl.col("failed") / pl.col("failed_n"), "failed_n", 1),
        "edge.rtt_p50": (pl.col("rtt"), "rtt_n", ENOUGH),
        "edge.throughput_p50": (pl.col("throughput"), "throughput_n", ENOUGH),
    }
    done = groups.collect()
    return pl.concat(
        done.filter(pl.col(n) >= least).select(
            "timebin", "entity", signal=pl.lit(signal), value=value.cast(pl.Float64), n=pl.col(n).cast(pl.UInt32)
        )
        for signal, (value, n, least) in made.items()
    ).select(list(SIGNALS))


SOURCE = Source(
    name=NAME,
    title="Our edge: request logs",
    org="The operator of this radar",
    url="/method",
    info_url="/method",
    licence="The operator's own data",
    licence_url="/about",
    attribution="Request logs of the operator of this radar, counted per country and network",
    cadence_s=300,
    lag_s=300,
    signals=dict.fromkeys(
        ("edge.requests", "edge.bytes", "edge.error_share", "edge.rtt_p50", "edge.throughput_p50"), BIN_S
    ),
    summary="Requests, bytes, failures, round-trip times and delivery rates at the operator's own servers.",
    absent_is_zero=frozenset({"edge.requests", "edge.bytes"}),
    setting="edge_logs",
    proof="own",
)
