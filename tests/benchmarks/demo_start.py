"""``radar demo`` from nothing: when can its page be used, when is the first outage on the map, how much memory.

Each run has a fresh data folder, as the 28 days of history are drawn anew each time. Watched for two minutes, and at
least for one and a half after the first outage, all processes together; then SIGINT, after which no process may remain.
Aims: page under 30 s, outage under 60 s, PSS under 1 GB. Beside the times, what they took of the processors: on a
machine that has other work to do, only that can be compared.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks._processes import demo_command, environment, family, free_port, milestones, watch

RUNS = 3
#: Seconds over which the memory is watched, and after the first outage: the first hours are merged in that time.
WATCH_S, AFTER_S = 120.0, 90.0


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
            "cpu_s_until_the_outage": round(median(one["cpu_s"] for one in seen), 1),
            "peak_pss_mb": round(worst["pss_mb"]),
            "peak_pss_mb_median": round(median(one["pss_mb"] for one in seen)),
            "peak_rss_mb": round(max(one["rss_mb"] for one in seen)),
            "peak_at_s": round(worst["peak_at_s"], 1),
            "at_the_peak_mb": worst["parts"],
            "at_the_end_mb": seen[len(seen) // 2]["settled"],
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
            cpu_s = _cpu_s(demo.process.pid)
            demo.rest(max(WATCH_S, demo.seconds + AFTER_S))
            peak, last = demo.peak(), demo.samples[-1]
            stop_s = demo.interrupt()
    return {
        "page_s": found.page_s,
        "outage_s": found.outage_s,
        "pss_mb": sum(peak.pss.values()),
        "cpu_s": cpu_s,
        "rss_mb": demo.peak_rss(),
        "peak_at_s": peak.at,
        "parts": {role: round(mb) for role, mb in sorted(peak.pss.items())},
        "settled": {role: round(mb) for role, mb in sorted(last.pss.items())},
        "stop_s": stop_s,
    }


def _cpu_s(root: int) -> float:
    """Seconds of processor time of a process, its descendants, and those of them that have ended."""
    ticks = 0
    for pid in family(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it ended in between; who waited for it has its time
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
