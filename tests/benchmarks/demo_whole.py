"""The memory of all processes of ``radar demo`` over the whole play, while people read.

One run of about seven and a half minutes: the home page is asked for once a second, and each minute a headless
Chromium visits it, so that scripts are compressed and Dash's callbacks run. Aim: PSS under 1 GB.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks._processes import demo_command, environment, free_port, get, milestones, watch
from tests.benchmarks._visit import chromium, visit

#: The play takes 420 s after loading; what is left shows the site alone.
WATCH_S = 460.0


def run(rows: int | None) -> dict[str, Any]:
    """Watch once, for ``rows`` seconds (default 460)."""
    until = float(rows or WATCH_S)
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name, chromium() as browser:
        folder, port = Path(name), free_port()
        log = folder / "log"
        env = environment(RADAR_DATA_DIR=str(folder / "data"), PORT=str(port))
        with watch(demo_command(), env=env, log=log) as demo:
            milestones(demo, port, log=log)
            visits, due = 0, demo.seconds + 30
            while demo.seconds < until:
                get(port, "/")
                if demo.seconds > due:
                    visit(browser, f"http://127.0.0.1:{port}/")
                    visits, due = visits + 1, due + 60
                time.sleep(1)
            peak, samples = demo.peak(), demo.samples
            demo.interrupt()
    minutes: dict[int, dict[str, int]] = {}
    for sample in samples:
        minutes[int(sample.at // 60)] = {role: round(mb) for role, mb in sorted(sample.pss.items())}
    return {
        "name": "demo_whole",
        "value": round(sum(peak.pss.values())),
        "unit": "MB, largest PSS of all processes over the whole play",
        "peers": {},
        "ratios": {},
        "details": {
            "peak_at_s": round(peak.at),
            "at_the_peak_mb": {role: round(mb) for role, mb in sorted(peak.pss.items())},
            "peak_rss_mb": round(demo.peak_rss()),
            "visits_by_a_browser": visits,
            "at_the_end_of_each_minute_mb": list(minutes.values()),
        },
    }
