"""One run of one contestant in a process of its own: ``python -m tests.benchmarks._rows_runners NAME BY FOLDER OUT``.

Prints seconds and CPU seconds from when everything is imported until the bins are in Parquet files (zstd, level 1), and
the largest memory of the process. All contestants use all cores.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

CORES = len(os.sched_getaffinity(0))

#: What groups are by -> its columns.
COLUMNS = {"geoasn": "country, asn", "country": "country"}


def ours(by: str, files: list[Path], out: Path, *, exact: bool = True) -> Callable[[], object]:
    """``radar aggregate --exact``: four percentiles where the others make three. Or the way that adds up."""
    from jobs.aggregate import aggregate
    from jobs.engines.local import Local
    from radar.aggregate.rollup.rows import Spec

    names = [str(file) for file in files]
    memory_mb = 768
    return lambda: aggregate(Local.of(memory_mb), names, Spec(by, "5m"), str(out), exact=exact, memory_mb=memory_mb)


def _duckdb(by: str, files: list[Path], out: Path, *, each: bool) -> Callable[[], object]:
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"set threads = {CORES}; set preserve_insertion_order = false")
    places = [str(file) for file in files] if each else [f"{files[0].parent}/*.parquet"]

    def go() -> None:
        for number, place in enumerate(places):
            connection.execute(
                f"copy (select time_bucket(interval 5 minutes, time) bin, {COLUMNS[by]}, count(*) n, "
                "avg((status >= 500)::int) error_share, quantile_disc(rtt_ms, [.5, .75, .95]) rtt "
                f"from '{place}' group by all) to '{out}/{number}.parquet' (compression zstd, compression_level 1)"
            )

    return go


def _chdb(by: str, files: list[Path], out: Path, *, each: bool) -> Callable[[], object]:
    from chdb.session import Session

    session = Session()
    places = [str(file) for file in files] if each else [f"{files[0].parent}/*.parquet"]

    def go() -> None:
        for number, place in enumerate(places):
            session.query(
                f"select toStartOfFiveMinutes(time) bin, {COLUMNS[by]}, count() n, avg(status >= 500) error_share, "
                f"quantilesExact(.5, .75, .95)(rtt_ms) rtt from file('{place}', 'Parquet') group by bin, {COLUMNS[by]} "
                f"into outfile '{out}/{number}.parquet' format Parquet settings max_threads = {CORES}, "
                "output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1"
            )

    return go


def decode(_by: str, files: list[Path], _out: Path) -> Callable[[], object]:
    """The limit of reading: Polars scans the same columns and adds them up."""
    import polars as pl

    rows = pl.scan_parquet(files).select(
        pl.col("time").max(), pl.col("country").count(), pl.col("asn", "status", "rtt_ms").sum()
    )
    return lambda: rows.collect(engine="streaming")


RUNNERS: dict[str, Callable[[str, list[Path], Path], Callable[[], object]]] = {
    "ours": ours,
    "ours, partials": lambda by, files, out: ours(by, files, out, exact=False),
    "duckdb, file by file": lambda by, files, out: _duckdb(by, files, out, each=True),
    "duckdb, all at once": lambda by, files, out: _duckdb(by, files, out, each=False),
    "chdb, file by file": lambda by, files, out: _chdb(by, files, out, each=True),
    "chdb, all at once": lambda by, files, out: _chdb(by, files, out, each=False),
    "decode": decode,
}


def main(name: str, by: str, folder: str, out: str) -> None:
    """Prepare, run once, and tell."""
    go = RUNNERS[name](by, sorted(Path(folder).glob("*.parquet")), Path(out))
    cpu, begun = time.process_time(), time.perf_counter()
    go()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"s": round(seconds, 3), "cpu_s": round(cpu, 3), "peak_mb": round(peak_mb)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
