"""A process of its own that reads a place of logs and says, as JSON, what memory that took.

Arguments: the source and the place; the settings come from the environment. ``base_mb``: memory of the process once it
has counted one line, so with all that is imported, compiled code and the tables of addresses; ``peak_mb``: its largest
afterwards, while the place was read; ``imports_mb``: its memory after the imports; ``rows``: rows of the log in all
bins; ``lost``: rows by the reason for which a bin was cut; ``refused``: rows that were not used, lines that are too
long left aside.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from radar.sources._log_source import unpacked
from tests.memory import now_mb, peak_mb

START = datetime(2026, 3, 2, tzinfo=UTC)
#: source -> a line of its, and what counts each row of it once.
SOURCES = {
    "edge_logs": ('{"time":"2026-03-02T00:00:01Z","client":"8.8.8.8"}', pl.col("field") == "requests"),
    "dns_logs": ('{"time":"2026-03-02T00:00:01Z","client":"8.8.8.8","name":"www.shop.example"}',
                 (pl.col("kind") == "resolver") & pl.col("field").is_in(["asked", "answered"])),
    "waf_events": ('{"time":"2026-03-02T00:00:01Z","client":"8.8.8.8","rule":"1"}', pl.col("field") == "matches"),
}  # fmt: skip


def main(name: str, place: str) -> dict[str, Any]:
    """Measure. Linux only: it is the kernel that keeps the largest size and forgets it when asked to."""
    source: Any = importlib.import_module(f"radar.sources.{name}")
    line, once = SOURCES[name]
    imports = now_mb()
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.log"
        one.write_text(line + "\n")
        os.environ["RADAR_DATA_DIR"] = folder
        assert sum(_rows(body, once) for body in _bodies(source, str(one))) == 1
        if name == "edge_logs":
            from radar.sources import _edge_columns

            assert _edge_columns.read(f"{line}\n".encode())[0], "the line is read by compiled code"
    Path("/proc/self/clear_refs").write_text("5")
    base = now_mb()
    rows, lost, refused, largest, answers = 0, Counter[str](), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RADAR_DATA_DIR"] = folder
        for body in _bodies(source, place):
            rows += _rows(body, once)
            told = unpacked(body)
            assert told is not None
            for item in told[2]:
                if "than logs_memory_mb has room for" in item.reason:
                    lost[item.reason] += item.count
                elif item.reason != "line is too long":
                    refused += item.count
            largest, answers = max(largest, len(body)), answers + 1
    return {
        "imports_mb": imports,
        "base_mb": base,
        "peak_mb": peak_mb(),
        "rows": rows,
        "lost": dict(lost),
        "refused": refused,
        "answers": answers,
        "largest_answer_kb": largest >> 10,
    }


def _bodies(source: Any, place: str) -> Iterator[bytes]:
    os.environ[f"RADAR_{source.NAME.upper()}"] = place
    for answer in source.fetch(None, START, START + timedelta(minutes=61)):
        yield answer.body


def _rows(body: bytes, once: pl.Expr) -> int:
    told = unpacked(body)
    assert told is not None
    return int(told[0].filter(once)["amount"].sum()) if told[1] == 300 else 0


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
