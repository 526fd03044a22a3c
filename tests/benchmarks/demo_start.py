"""``radar demo`` from nothing: when can its page be used, when is the first outage on the map, how much memory.

Each run has a fresh data folder, so the 28 days of history are drawn anew. Watched for two minutes, all processes
together; then SIGINT, after which no process may remain. Aims: page under 30 s, outage under 60 s, PSS under 1 GB.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks._processes import demo_command, environment, free_port, milestones, watch

RUNS = 3
#: Seconds over which the memory is watched.
WATCH_S = 120.0


def run(rows: int | None) -> dict[str, Any]:
    """Start the demo ``rows`` times (default 3) and report the medians; the peak is the largest of all runs."""
    seen = [_once() for _ in range(rows or RUNS)]
    seen.sort(key=lambda one: one["page_s"])
    worst = max(seen, key=lambda one: one["pss_mb"])
    return {
        "name": "demo_start",
        "value": round(median(one["page_s"] for one in seen), 2),
        "unit": "s until the page can be used, fresh data folder, packages installed",
        "peers": {},
        "ratios": {},
        "details": {
            "first_outage_s": round(median(one["outage_s"] for one in seen), 2),
            "peak_pss_mb": round(worst["pss_mb"]),
            "peak_pss_mb_median": round(median(one["pss_mb"] for one in seen)),
            "peak_rss_mb": round(max(one["rss_mb"] for one in seen)),
            "peak_at_s": round(worst["peak_at_s"], 1),
            "at_the_peak_mb": worst["parts"],
            "after_two_minutes_mb": seen[len(seen) // 2]["settled"],
            "stop_s": round(median(one["stop_s"] for one in seen), 2),
            "runs": [{"page_s": round(one["page_s"], 2), "outage_s": round(one["outage_s"], 2),
                      "pss_mb": round(one["pss_mb"])} for one in seen],
            "left_behind": 0,
        },
    }  # fmt: skip


def _once() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        folder, port = Path(name), free_port()
        log = folder / "log"
        env = environment(RADAR_DATA_DIR=str(folder / "data"), PORT=str(port))
        with watch(demo_command(), env=env, log=log) as demo:
            found = milestones(demo, port, log=log)
            demo.rest(WATCH_S)
            peak, last = demo.peak(WATCH_S), demo.samples[-1]
            stop_s = demo.interrupt()
    return {
        "page_s": found.page_s,
        "outage_s": found.outage_s,
        "pss_mb": sum(peak.pss.values()),
        "rss_mb": demo.peak_rss(WATCH_S),
        "peak_at_s": peak.at,
        "parts": {role: round(mb) for role, mb in sorted(peak.pss.items())},
        "settled": {role: round(mb) for role, mb in sorted(last.pss.items())},
        "stop_s": stop_s,
    }
