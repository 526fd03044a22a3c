"""Raw rows to bins with exact percentiles, beside DuckDB and ClickHouse (chdb) on the same files.

50 million simulated requests over 60,000 networks (Zipf), ten zstd Parquet files that end with bins, to 5 minutes x
country x network, and to 5 minutes x country. Five interleaved runs of each contestant, each in a process of its own;
a peer counts with the faster of its two ways (file by file, or all at once). Then every group is compared with what
DuckDB finds by sorting its values as a list.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from tests.benchmarks import _rows
from tests.benchmarks._rows_runners import COLUMNS, CORES, RUNNERS

ROWS = 50_000_000
REPEATS = 5


def run(rows: int | None) -> dict[str, Any]:
    """See the package."""
    rows = rows or ROWS
    names = [name for name in RUNNERS if name != "ours, partials"]
    seen: dict[str, dict[str, list[dict[str, float]]]] = {by: {name: [] for name in names} for by in COLUMNS}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "rows"
        folder.mkdir()
        files = _rows.make(folder, rows)
        size = sum(file.stat().st_size for file in files)
        for _ in range(REPEATS):
            for by in COLUMNS:
                for name in names:
                    if name != "decode" or by == "geoasn":
                        seen[by][name].append(_once(name, by, folder))
        compared = {by: _compared(by, files, Path(place)) for by in COLUMNS}
    seconds = {by: {name: median(one["s"] for one in runs) for name, runs in found.items() if runs}
               for by, found in seen.items()}  # fmt: skip
    best = {
        f"{peer}, {by}": min(value for name, value in found.items() if name.startswith(peer))
        for by, found in seconds.items()
        for peer in ("duckdb", "chdb")
    }
    mine = seconds["geoasn"]["ours"]
    return {
        "name": "aggregate_rows",
        "value": mine,
        "unit": f"s for {rows:,} rows to 5 min x country x network, exact percentiles",
        "peers": best,
        "ratios": {name: round(seconds[name.rpartition(" ")[2]]["ours"] / value, 2) for name, value in best.items()},
        "details": {
            "rows_per_s": round(rows / mine),
            "by_country_s": seconds["country"]["ours"],
            "decode_s": seconds["geoasn"]["decode"],
            "times_the_decode_limit": round(mine / seconds["geoasn"]["decode"], 2),
            "runs_s": {by: {name: [one["s"] for one in runs] for name, runs in found.items() if runs}
                       for by, found in seen.items()},
            "cpu_s": {by: {name: median(one["cpu_s"] for one in runs) for name, runs in found.items() if runs}
                      for by, found in seen.items()},
            "largest_mb": {by: {name: max(one["peak_mb"] for one in runs) for name, runs in found.items() if runs}
                           for by, found in seen.items()},
            "compared": compared,
            "file_mb": round(size / 1e6, 1),
            "cores": CORES,
            "duckdb": duckdb.__version__,
            "chdb": _version("chdb"),
        },
        "peak_mb": max(one["peak_mb"] for found in seen.values() for one in found["ours"]),
    }  # fmt: skip


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)


def _once(name: str, by: str, folder: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as out:
        command = [sys.executable, "-m", "tests.benchmarks._rows_runners", name, by, str(folder), out]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _compared(by: str, files: list[Path], place: Path) -> dict[str, int]:
    """How many of our groups there are, and how many differ from the reference in anything. One file at a time."""
    out = place / f"ours-{by}"
    out.mkdir()
    command = [sys.executable, "-m", "tests.benchmarks._rows_runners", "ours", by, str(files[0].parent), str(out)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'; set memory_limit = '8GB'")
    connection.execute(f"set temp_directory = '{place}/spill'")
    columns = f"bin, {COLUMNS[by]}, rows, error_share, rtt_p50, rtt_p75, rtt_p95"
    connection.execute(f"create view ours as select {columns} from '{out}/bins-*.parquet'")
    total = differ = 0
    for file in files:
        places = ", ".join(
            f"l[1 + round_even({share} * (len(l) - 1), 0)::int] p{share * 100:.0f}" for share in (0.5, 0.75, 0.95)
        )
        connection.execute(
            f"create or replace temp table right_ as select bin, {COLUMNS[by]}, n, e, {places} from (select "
            f"time_bucket(interval 5 minutes, time) bin, {COLUMNS[by]}, count(*) n, "
            f"count(*) filter (status >= 500) / count(*) e, list_sort(list(rtt_ms)) l from '{file}' group by all)"
        )
        found = connection.execute(
            "select (select count(*) from right_), (select count(*) from (from right_ except from ours)), "
            "(select count(*) from (select * from ours where bin between (select min(bin) from right_) and "
            "(select max(bin) from right_) except from right_))"
        ).fetchone()
        assert found is not None
        total += found[0]
        differ += found[1] + found[2]
    return {"groups": total, "that_differ": differ}
