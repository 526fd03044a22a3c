"""28 days of simulated history: from a SIGNALS Parquet file into a store that can draw charts and score the next bin.

What ``radar demo`` does between "loading 28 days of history" and the recorded sets: rows are laid out as blocks
(``to_block``), written to a real Valkey, learnt from (``warm``), and the newest bin is scored. Aims: the file under
30 MB, loaded in under 5 s. Beside it, in the same run, Polars only reads the same columns and counts rows a series.
"""

from __future__ import annotations

import io
import json
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import polars as pl

from jobs.rehearse import Rehearsal
from radar.store import connect, describe, embedded

REPEATS = 3


def run(rows: int | None) -> dict[str, Any]:
    """Load the history ``REPEATS`` times, each into a new store; ``rows`` is not used: there is one history."""
    loads: list[dict[str, Any]] = []
    memory = 0
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        cache = Path(name) / "cache"
        for nth in range(REPEATS):
            folder = Path(name) / str(nth)
            folder.mkdir()
            (folder / "cache").symlink_to(cache, target_is_directory=True)
            cache.mkdir(exist_ok=True)
            with embedded.start(folder) as server:
                loads.append(_load(folder, server.url))
                memory = describe(connect(server.url)).memory_bytes
        [path] = cache.glob("*.parquet")
        polars = median(_scan(path) for _ in range(REPEATS))
    seconds = median(load["seconds"] for load in loads)
    return {
        "name": "history_load",
        "value": round(seconds, 2),
        "unit": f"s for {loads[0]['rows']:,} rows of {loads[0]['bytes'] / 1e6:.1f} MB Parquet",
        "peers": {"polars_scan_and_count": round(polars, 2)},
        "ratios": {"polars_scan_and_count": round(seconds / polars, 1)},
        "details": {
            "runs_s": sorted(round(load["seconds"], 2) for load in loads),
            "rows": loads[0]["rows"],
            "file_bytes": loads[0]["bytes"],
            "rows_per_s": round(loads[0]["rows"] / seconds),
            "store_mb": round(memory / 1e6),
        },
    }


def _load(folder: Path, url: str) -> dict[str, Any]:
    said = SimpleNamespace(buffer=io.BytesIO(), write=lambda _text: None, flush=lambda: None)
    with redirect_stdout(said):
        Rehearsal(folder, url, speed=1.0).load()
    events = [json.loads(line) for line in said.buffer.getvalue().splitlines()]
    return next(event for event in events if event["event"] == "history")


def _scan(path: Path) -> float:
    began = time.perf_counter()
    columns = pl.scan_parquet(path).group_by("signal", "entity").agg(pl.len(), pl.col("value", "n").mean(),
                                                                     pl.col("timebin").max())  # fmt: skip
    columns.collect()
    return time.perf_counter() - began
