"""Memory that logs of 1 GB take: how much more than after one line, beside what the setting allows (its least, 64 MB).

Files of ``rows`` MB (1,024), written for it: NDJSON and combined lines in which every line has another client (and half
of the NDJSON another network and provider), one line, and zeros packed by gzip. Each is read by a process of its own,
from its bytes to the bins of ``edge_logs``; that all lines were counted is checked. The value is the largest of them.
There is no peer: what DuckDB or Polars take for the same group-by grows with the groups.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks._processes import REPO
from tests.sources import hostile_logs

DEFAULT_ROWS = 1024
#: MB that the setting allows.
SETTING = 64


def run(rows: int | None) -> dict[str, Any]:
    """Measure each file once; the value is in MB above the process that has counted one line."""
    size = rows or DEFAULT_ROWS
    forms: dict[str, Callable[[Path, int], int]] = {
        "ndjson": lambda path, mb: hostile_logs.written("edge", path, mb << 20),
        "combined": lambda path, mb: hostile_logs.written("combined", path, mb << 20),
        "one_line": _one_line,
        "gzip_of_zeros": _zeros,
    }
    details = {form: _measured(form, write, size) for form, write in forms.items()}
    return {
        "name": "logs_memory",
        "value": max(seen["above_base_mb"] for seen in details.values()),
        "unit": f"MB at most above the process with its tables, logs of {size:,} MB, setting {SETTING} MB",
        "peers": {},
        "ratios": {},
        "details": {"setting_mb": SETTING, "file_mb": size, **details},
    }


def _one_line(path: Path, size: int) -> int:
    """A line of so many MB between two that count."""
    with path.open("wb") as out:
        out.write(b'{"time":"2026-03-02T00:00:01Z","client":"8.8.8.8"}\n')
        out.truncate(size << 20)
        out.seek(0, os.SEEK_END)
        out.write(b'\n{"time":"2026-03-02T00:00:02Z","client":"8.8.8.8"}\n')
    return 2


def _zeros(path: Path, size: int) -> int:
    """So many MB of zeros, packed to a thousandth of it; nothing in them counts."""
    with gzip.open(path, "wb", compresslevel=1) as out:
        for _ in range(size):
            out.write(bytes(1 << 20))
    return 0


def _measured(form: str, write: Callable[[Path, int], int], size: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as folder:
        path = Path(folder) / "a.log"
        lines = write(path, size)
        environment = {**os.environ, "RADAR_LOGS_MEMORY_MB": str(SETTING)}
        began = time.perf_counter()
        found = subprocess.run(
            [sys.executable, "-m", "tests.sources.logs_memory", "edge_logs", folder],
            check=True, stdout=subprocess.PIPE, text=True, cwd=REPO, env=environment,
        )  # fmt: skip
        took = time.perf_counter() - began
        file_mb = path.stat().st_size >> 20
    seen = json.loads(found.stdout)
    refused = seen["refused"]
    if seen["rows"] + refused != lines:
        raise AssertionError(f"{form}: {seen['rows']} and {refused} refused of {lines} lines were counted")
    return {
        "above_base_mb": seen["peak_mb"] - seen["base_mb"],
        "base_mb": seen["base_mb"],
        "imports_mb": seen["imports_mb"],
        "lines": lines,
        "on_disk_mb": file_mb,
        "took_s": round(took, 1),
        "largest_answer_kb": seen["largest_answer_kb"],
    }
