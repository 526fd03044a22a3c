"""One tick of the pipeline: 250 countries and 5,000 networks with six scored series each, on one core.

The process and the store's server are bound to the same core (Linux), so that nothing runs beside the tick.
History of 28 days lies in a real Valkey; the tick takes in one new bin of every series, scores it against the same hour
of the last four weeks, and publishes. There is no peer that does the same; the ratio is to a plain Polars group-by that
only computes the medians of the same windows.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from radar import entities
from radar.aggregate.bins import Block
from radar.signals import GROUPS
from radar.store import connect, describe, embedded

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = 28
SCORED = {"edge": (0, 1, 2), "ioda5": (0, 1), "ioda10": (0,)}
TICKS = 5


def run(rows: int | None) -> dict[str, Any]:
    """Measure ``TICKS`` ticks over ``rows`` entities (default 5,250) and report the median."""
    cores = _bind()
    keys = _keys(rows or 5250)
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as folder, embedded.start(Path(folder)) as server:
        client = connect(server.url, timeout_s=120)
        pipeline = Pipeline(client, None, clock=ClockMode("replay", 1.0, NOW, NOW))
        for name in SCORED:
            for at in range(0, len(keys), 250):
                pipeline.run(GROUPS[name]).warm(
                    _block(name, keys[at : at + 250], NOW - timedelta(days=DAYS), DAYS * 86400), simulated=True
                )
        seconds = []
        now = NOW
        for _ in range(TICKS):
            blocks = [_block(name, keys, now, 600) for name in SCORED]
            now += timedelta(seconds=600)
            began = time.perf_counter()
            for block in blocks:
                pipeline.feed_block(block, simulated=True)
            bins, _changed = pipeline.advance(now)
            pipeline.publish(now)
            seconds.append((time.perf_counter() - began) / 2)  # two 5-min bins at a time
        memory = describe(client).memory_bytes
    value = float(np.median(seconds))
    polars = _polars_medians(len(keys))
    return {
        "name": "pipeline_tick",
        "value": round(value, 3),
        "unit": f"s for one 5-min bin of {len(keys)} entities x 6 scored series, taken in, scored and published",
        "peers": {"polars_medians_only": round(polars, 3)},
        "ratios": {"polars_medians_only": round(value / polars, 2)},
        "details": {"ticks_s": [round(s, 3) for s in sorted(seconds)], "cores": cores, "bins": bins,
                    "store_mb": round(memory / 1e6)},
    }  # fmt: skip


def _bind() -> int:
    """Bind this process, and what it starts, to one core; how many it now has."""
    if not hasattr(os, "sched_setaffinity"):
        return os.cpu_count() or 1
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return len(os.sched_getaffinity(0))


def _keys(count: int) -> list[str]:
    countries = [f"country/{code}" for code in entities.countries()]
    networks = [f"asn/{asn}" for asn in sorted(entities.networks())]
    return sorted((countries + networks)[:count])


def _block(name: str, keys: list[str], start: datetime, seconds: int) -> Block:
    group = GROUPS[name]
    bins = seconds // group.grain_s
    draw = np.random.default_rng([len(name), int(start.timestamp()) // group.grain_s, len(keys)])
    hours = (start.timestamp() + np.arange(bins) * group.grain_s) / 3600
    shape = (200 + 80 * np.sin(hours * 2 * np.pi / 24)).astype(np.float32)
    value = np.full((len(keys), bins, group.width), np.nan, np.float32)
    for slot in SCORED[name]:
        noise = draw.standard_normal((len(keys), bins), dtype=np.float32)
        value[:, :, slot] = shape + 8 * noise if slot != 1 else 0.01 + 0.001 * np.abs(noise)
    return Block(group, keys, start, value, np.full_like(value, np.nan))


def _polars_medians(count: int) -> float:
    """Seconds that Polars takes for the median of 20 past bins of six series of as many entities, in long form."""
    draw = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "series": np.repeat(np.arange(count * 6, dtype=np.int32), 20),
            "value": draw.random(count * 6 * 20, dtype=np.float32),
        }
    )
    times = []
    for _ in range(3):
        began = time.perf_counter()
        frame.group_by("series").agg(pl.col("value").median())
        times.append(time.perf_counter() - began)
    return float(np.median(times))
