"""Request logs counted: rows a second from lines to series, beside DuckDB on the same files in the same run.

``rows`` requests of a made-up site (networks by a power law), as NDJSON and as combined lines of nginx with
``key=value`` after them. Both count, for every 5 minutes, by country, by network and by network in a country: requests,
bytes, the shares of client errors, server errors, requests without an answer and HTTP/3, four percentiles of the
round-trip time and distinct clients. DuckDB does it in one query with its reader, exact percentiles and its own
HyperLogLog. The radar reads and counts pieces as it does those of any file, checks every row, merges what the pieces
gave, makes the interval of each median, and leaves out networks in their home country. The files are read from the
disk's cache by both.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import numpy as np
import polars as pl

from radar.sources import edge_logs
from radar.sources._edge_counts import merged, signals
from radar.sources._log_ahead import counted, shares
from radar.sources._log_files import Seen, news
from radar.sources._log_places import find
from radar.sources._log_source import PART
from radar.sources._rejections import Rejections

DEFAULT_ROWS = 2_000_000
REPEATS = 3
#: The default of the setting ``logs_memory_mb``.
MEMORY = 512 << 20

_COUNTED = """count(*) AS requests, sum(bytes), sum((status BETWEEN 400 AND 499)::INT) / count(status),
    sum((status >= 500)::INT) / count(status), sum((status = 0)::INT) / count(status),
    sum((status = 0 OR status >= 500)::INT) / count(status),
    sum(starts_with(protocol, 'HTTP/3')::INT) / count(protocol), count(rtt),
    quantile_disc(rtt, [0.25, 0.5, 0.75, 0.95]), approx_count_distinct(client)"""
_READ = {
    "ndjson": """SELECT epoch(time::TIMESTAMPTZ) AS second, country, asn, status, bytes, rtt_ms AS rtt, protocol, client
        FROM read_json('{path}', format = 'newline_delimited', columns = {{time: 'VARCHAR', country: 'VARCHAR',
            asn: 'BIGINT', status: 'BIGINT', bytes: 'BIGINT', rtt_ms: 'DOUBLE', protocol: 'VARCHAR',
            client: 'VARCHAR'}})""",
    "combined": """SELECT epoch(strptime(c03[2:], '%d/%b/%Y:%H:%M:%S')) AS second, c10[9:] AS country,
            c11[5:]::BIGINT AS asn, c06 AS status, c07 AS bytes, c12[5:-3]::DOUBLE AS rtt,
            split_part(c05, ' ', 3) AS protocol, c00 AS client
        FROM read_csv('{path}', delim = ' ', quote = '"', escape = '"', header = false, auto_detect = false,
            columns = {{"""
    + ", ".join(f"c{n:02}: '{'BIGINT' if n in (6, 7) else 'VARCHAR'}'" for n in range(13))
    + "}})",
}
_QUERY = """SELECT floor(second / 300) AS bin, country, asn, {counted} FROM ({read})
    GROUP BY GROUPING SETS ((bin, country), (bin, asn), (bin, country, asn))"""


def run(rows: int | None) -> dict[str, Any]:
    """Measure both forms; the value is that of NDJSON."""
    wanted = rows or DEFAULT_ROWS
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        paths = _logs(wanted, Path(name))
        ours, theirs, made = {}, {}, {}
        for form, path in paths.items():
            query = _QUERY.format(counted=_COUNTED, read=_READ[form].format(path=path))
            took: dict[str, list[float]] = {"ours": [], "theirs": []}
            for _ in range(REPEATS):
                made[form] = _timed(took["ours"], lambda p=path: _ours(p))
                groups = _timed(took["theirs"], lambda q=query: duckdb.sql(q).fetchall())
            seen = made[form].filter(pl.col("signal") == "edge.requests", pl.col("entity").str.starts_with("country/"))
            if seen["value"].sum() != sum(row[3] for row in groups if row[2] is None):
                raise AssertionError(f"{form}: the radar counts {seen['value'].sum()} requests, DuckDB another number")
            ours[form], theirs[form] = (wanted / median(took[who]) for who in ("ours", "theirs"))
    return {
        "name": "edge_logs_count",
        "value": round(ours["ndjson"]),
        "unit": f"rows/s of NDJSON, from lines to series ({wanted:,} rows)",
        "peers": {"duckdb_read_json": round(theirs["ndjson"])},
        "ratios": {"duckdb_read_json": round(ours["ndjson"] / theirs["ndjson"], 2)},
        "details": {
            "combined_rows_per_s": round(ours["combined"]),
            "duckdb_read_csv_rows_per_s": round(theirs["combined"]),
            "combined_ratio": round(ours["combined"] / theirs["combined"], 2),
            "signals_rows": {form: frame.height for form, frame in made.items()},
        },
    }


def _ours(path: Path) -> pl.DataFrame:
    rejected = Rejections()
    (file,) = find("edge_logs", str(path))
    parts = []
    limit, abreast = shares(MEMORY, PART)
    pieces = news("edge_logs", file, {}, rejected, limit=limit, now_s=time.time())
    for piece in counted(pieces, edge_logs.count, abreast):
        if not isinstance(piece, Seen):
            parts.append(piece.partials.result())
            rejected.extend(piece.lost)
    if rejected.done():
        raise AssertionError(f"rejected: {rejected.done()}")
    return signals(merged(parts))


def _timed(took: list[float], call: Callable[[], Any]) -> Any:
    began = time.perf_counter()
    made = call()
    took.append(time.perf_counter() - began)
    return made


def _logs(rows: int, folder: Path) -> dict[str, Path]:
    """An hour of requests in both forms."""
    draw = np.random.default_rng(20260302)
    codes = np.array(["DE", "US", "FR", "BR", "IN", "IQ", "ID", "JP"])
    asn = np.minimum(draw.zipf(1.6, rows), 800)
    at = np.sort(draw.integers(0, 3_600_000, rows)) + 1_772_409_600_000
    frame = pl.DataFrame(
        {
            "at": pl.Series(at).cast(pl.Datetime("ms")),
            "country": codes[asn % 8],
            "asn": 1000 + asn,
            "status": np.where(draw.random(rows) < 0.02, 503, 200),
            "bytes": draw.integers(100, 100_000, rows),
            "rtt_ms": np.round(draw.lognormal(3.5, 0.6, rows), 1),
            "ip": pl.Series(draw.integers(0, 200, rows)),
        }
    )
    paths = {form: folder / f"a.{form}" for form in _READ}
    time_ = pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").alias("time")
    protocol, client = pl.lit("HTTP/2.0").alias("protocol"), pl.format("203.0.113.{}", "ip").alias("client")
    own = frame.select(time_, "country", "asn", "status", "bytes", "rtt_ms", protocol, client)
    own.write_ndjson(paths["ndjson"])
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36"
    lines = frame.select(
        pl.format(
            '203.0.113.{} - - [{} +0000] "GET /a/{}?q=1 HTTP/2.0" {} {} "https://example.com/x" "' + agent
            + '" country={} asn={} rtt={}ms',
            "ip", pl.col("at").dt.strftime("%d/%b/%Y:%H:%M:%S"), "bytes", "status", "bytes", "country", "asn", "rtt_ms",
        )
    )  # fmt: skip
    lines.write_csv(paths["combined"], include_header=False, quote_style="never")
    return paths
