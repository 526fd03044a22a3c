"""How time and memory of an aggregation grow with its rows: 1, 10 and 50 million, both ways, each in a new process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks import _rows

SIZES = (1_000_000, 10_000_000, 50_000_000)

#: Way -> (contestant of _rows_runners, what groups are by).
WAYS = {"exact, by network": ("ours", "geoasn"), "histograms, by country": ("ours, partials", "country")}


def run(rows: int | None) -> dict[str, Any]:
    """See the package. ``rows`` is the largest size; the smaller ones are a fifth and a fiftieth of it."""
    sizes = [size * (rows or SIZES[-1]) // SIZES[-1] for size in SIZES]
    seen: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for size in sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "rows"
            folder.mkdir()
            _rows.make(folder, size)
            for way, (name, by) in WAYS.items():
                out = Path(place) / f"{name}-{by}"
                out.mkdir()
                command = [sys.executable, "-m", "tests.benchmarks._rows_runners", name, by, str(folder), str(out)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                seen[way].append({"rows": size, **json.loads(done.stdout.splitlines()[-1])})
    first, last = seen["exact, by network"][0], seen["exact, by network"][-1]
    slope = last["s"] / first["s"] / (last["rows"] / first["rows"])
    return {
        "name": "aggregate_growth",
        "value": round(slope, 2),
        "unit": f"times the seconds a row, {sizes[-1]:,} rows beside {sizes[0]:,} (1 is linear)",
        "peers": {},
        "ratios": {},
        "details": {"runs": seen},
        "peak_mb": max(one["peak_mb"] for runs in seen.values() for one in runs),
    }
