"""The shutdown of Iran in January 2026, replayed from the recorded bytes through the whole pipeline.

Needs the recorded data sets beside the project; where they are absent it says that it was skipped. ``value`` is the
wall time from raw bytes to published outages in a store of its own.
"""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from jobs.replay import replay

SET = Path(__file__).resolve().parents[3] / "shared" / "data" / "ioda-iran-2026"
REPEATS = 3


def run(rows: int | None) -> dict[str, Any]:
    """Replay ``REPEATS`` times; ``rows`` is not used: there is one recording."""
    result: dict[str, Any] = {"name": "replay_iran", "peers": {}, "ratios": {}}
    if not SET.is_dir():
        return result | {"value": None, "unit": f"skipped: no recorded set at {SET.parent.name}/{SET.name}"}
    seconds, found = [], {}
    for _ in range(REPEATS):
        began = time.perf_counter()
        found = replay(SET, "ioda_signals")
        seconds.append(time.perf_counter() - began)
    days = (datetime.fromisoformat(found["until"]) - datetime.fromisoformat(found["from"])).total_seconds() / 86400
    taken = median(seconds)
    outages = [row for row in found["outages"] if row["entity"] == "country/IR"]
    return result | {
        "value": round(taken, 2),
        "unit": f"s for {days:.1f} days, {found['rows']:,} rows, raw bytes to published outages",
        "details": {
            "runs_s": sorted(round(one, 2) for one in seconds),
            "data_seconds_per_second": round(days * 86400 / taken),
            "outages_of_iran": [{"start": row["start"], "known_at": row["known_at"]} for row in outages],
        },
    }
