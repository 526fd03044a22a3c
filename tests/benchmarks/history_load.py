"""28 days of simulated history: from a SIGNALS Parquet file into a store that can draw charts and score the next bin.

Rows are laid out as blocks (``to_block``), written to a real Valkey, learnt from (``warm``), and the newest bin is
scored. Aims: the file under 30 MB, loaded in under 5 s. Beside it, in the same run, Polars only reads the same columns
and counts rows a series. (``radar demo`` draws the same blocks and does without the file.)
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl

from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from jobs.simulate import World
from radar.aggregate.bins import Block, joined, to_block
from radar.signals import GROUPS
from radar.store import connect, describe, embedded

#: Entities whose history is laid out at once: all of it would take twice the memory.
ENTITIES = 128
REPEATS = 3


def run(rows: int | None) -> dict[str, Any]:
    """Load the history ``REPEATS`` times, each into a new store; ``rows`` is not used: there is one history."""
    loads: list[tuple[int, float]] = []
    memory = 0
    world = World()
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        path = world.write_history(Path(name) / "history.parquet")
        world.forget_history()
        for nth in range(REPEATS):
            folder = Path(name) / str(nth)
            folder.mkdir()
            with embedded.start(folder) as server:
                loads.append(_load(path, world, server.url))
                memory = describe(connect(server.url)).memory_bytes
        size = path.stat().st_size
        polars = median(_scan(path) for _ in range(REPEATS))
    count = loads[0][0]
    seconds = median(load[1] for load in loads)
    return {
        "name": "history_load",
        "value": round(seconds, 2),
        "unit": f"s for {count:,} rows of {size / 1e6:.1f} MB Parquet",
        "peers": {"polars_scan_and_count": round(polars, 2)},
        "ratios": {"polars_scan_and_count": round(seconds / polars, 1)},
        "details": {
            "runs_s": sorted(round(load[1], 2) for load in loads),
            "rows": count,
            "file_bytes": size,
            "rows_per_s": round(count / seconds),
            "store_mb": round(memory / 1e6),
        },
    }


def _load(path: Path, world: World, url: str) -> tuple[int, float]:
    """Rows that were loaded, and seconds."""
    began = time.perf_counter()
    clock = ClockMode("replay", 1.0, world.starts, world.ends)
    pipeline = Pipeline(connect(url, timeout_s=30), None, clock=clock)
    rows = pl.scan_parquet(path)
    count = 0
    for name, entities in world.history_entities().items():
        newest: list[Block] = []
        for at in range(0, len(entities), ENTITIES):
            part = entities[at : at + ENTITIES]
            # a range and not a set: row groups outside of it are not read
            block = to_block(rows.filter(pl.col("entity").is_between(pl.lit(part[0]), pl.lit(part[-1]))), GROUPS[name])
            assert block is not None
            count += int(np.count_nonzero(~np.isnan(block.value)))
            pipeline.run(block.group).warm(block.part(0, -1), simulated=True)
            newest.append(block.part(-1, None).copy())
        pipeline.feed_block(joined(newest), simulated=True)
    pipeline.advance(world.starts)
    return count, time.perf_counter() - began


def _scan(path: Path) -> float:
    began = time.perf_counter()
    columns = pl.scan_parquet(path).group_by("signal", "entity").agg(pl.len(), pl.col("value", "n").mean(),
                                                                     pl.col("timebin").max())  # fmt: skip
    columns.collect()
    return time.perf_counter() - began
