"""Request logs: rows a second of ``radar.sources.edge_logs.parse``, beside DuckDB on the same bytes.

``rows`` requests of the simulated world, as NDJSON and as Parquet. The radar checks each row, counts four kinds of
entities and builds SIGNALS rows. DuckDB reads the file (as text columns, as the radar must, or as it guesses) and
counts the same columns per bin and country, network, network in a country, provider; it checks nothing. (Of networks
in a country the radar keeps only those of networks that lie in several; the others' counts are compared.)
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import polars as pl

from jobs.simulate import World
from radar.sources import edge_logs

DEFAULT_ROWS = 500_000
REPEATS = 5

_TEXT = """read_json('{path}', format = 'newline_delimited', columns = {{time: 'VARCHAR', country: 'VARCHAR',
    asn: 'BIGINT', status: 'BIGINT', bytes: 'BIGINT', rtt_ms: 'DOUBLE', throughput_mbps: 'DOUBLE',
    provider: 'VARCHAR'}})"""
_FROM = {"ndjson": _TEXT, "parquet": "read_parquet('{path}')"}

_GROUPS = (("country",), ("asn",), ("country", "asn"), ("provider",))
_COUNTED = """count(*), sum(bytes), count(bytes), count(*) FILTER (status = 0 OR status >= 500), count(status),
    median(rtt_ms), count(rtt_ms), median(throughput_mbps), count(throughput_mbps)"""


def run(rows: int | None) -> dict[str, Any]:
    """Measure both forms; the value is that of NDJSON."""
    wanted = rows or DEFAULT_ROWS
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        body, made = _logs(wanted)
        paths = {"ndjson": Path(name) / "a.ndjson", "parquet": Path(name) / "a.parquet"}
        paths["ndjson"].write_bytes(body)
        pl.read_ndjson(paths["ndjson"]).write_parquet(paths["parquet"])
        ours, theirs, sizes, signals = {}, {}, {}, {}
        for form, path in paths.items():
            data = path.read_bytes()
            signals[form] = edge_logs.parse(data, name=path.name).rows
            query = _FROM[form].format(path=path)
            alone = signals[form].filter(
                pl.col("signal") == "edge.requests", ~pl.col("entity").str.starts_with("geoasn")
            )
            if _duckdb(query) != alone.height:
                raise AssertionError(f"{form}: DuckDB counts {_duckdb(query)} groups, the radar {alone.height}")
            ours[form] = made / _seconds(lambda d=data, n=path.name: edge_logs.parse(d, name=n))
            theirs[form] = made / _seconds(lambda q=query: _duckdb(q))
            sizes[form] = round(len(data) / 1e6, 1)
    return {
        "name": "edge_logs_parse",
        "value": round(ours["ndjson"]),
        "unit": f"rows/s of NDJSON, checked and counted ({made:,} rows)",
        "peers": {"duckdb_read_json": round(theirs["ndjson"])},
        "ratios": {"duckdb_read_json": round(ours["ndjson"] / theirs["ndjson"], 2)},
        "details": {
            "parquet_rows_per_s": round(ours["parquet"]),
            "duckdb_read_parquet_rows_per_s": round(theirs["parquet"]),
            "parquet_ratio": round(ours["parquet"] / theirs["parquet"], 2),
            "file_mb": sizes,
            "signals_rows": {form: frame.height for form, frame in signals.items()},
            "threads": {"polars": pl.thread_pool_size(), "duckdb": os.cpu_count()},
            "duckdb": duckdb.__version__,
            "polars": pl.__version__,
        },
    }


def _logs(rows: int) -> tuple[bytes, int]:
    """At least so many lines of whole simulated bins, and how many they are."""
    world, parts, count = World(), [], 0
    now = world.starts
    while count < rows:
        for source, answer in world.answers(now, now + timedelta(minutes=5)):
            if source == "edge_logs":
                whole = answer.body[: answer.body.rfind(b"\n") + 1]
                parts.append(whole)
                count += whole.count(b"\n")
        now += timedelta(minutes=5)
    return b"".join(parts), count


def _duckdb(query: str) -> int:
    """Read and count; the number of groups of one key, to see that the work is the same."""
    bin_ = "floor(epoch(time::TIMESTAMPTZ) / 300)::BIGINT * 300"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TEMP TABLE rows AS SELECT *, {bin_} AS bin FROM {query}")
        found = 0
        for keys in _GROUPS:
            names = ", ".join(keys)
            where = " AND ".join(f"{key} IS NOT NULL" for key in keys)
            asked = f"SELECT bin, {names}, {_COUNTED} FROM rows WHERE {where} GROUP BY bin, {names}"
            groups = connection.execute(asked).fetchall()
            found += len(groups) if len(keys) == 1 else 0
    return found


def _seconds(call: Callable[[], object]) -> float:
    """Median seconds of a call."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return median(taken)
