"""``make demo`` in a fresh checkout: what a newcomer waits for, from nothing but the repository.

The files of the repository are copied into an empty folder; ``make demo`` makes a virtual environment there, installs
the locked packages and starts the demo. The packages lie in the installer's cache of this machine already (one run
that is not counted sees to that). Ended with SIGINT to make, after which no process may remain. Aims: page under 30 s,
first outage under 60 s.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks._processes import REPO, environment, free_port, milestones, watch

RUNS = 3


def run(rows: int | None) -> dict[str, Any]:
    """Do it ``rows`` times (default 3) and report the medians."""
    result: dict[str, Any] = {"name": "make_demo", "peers": {}, "ratios": {}}
    if shutil.which("make") is None or not (REPO / ".git").exists():
        return result | {"value": None, "unit": "skipped: needs make and a git checkout"}
    _once(setup_only=True)
    seen = [_once() for _ in range(rows or RUNS)]
    return result | {
        "value": round(median(one["page_s"] for one in seen), 1),
        "unit": "s from `make demo` in a fresh checkout to a usable page, packages cached",
        "details": {
            "setup_s": round(median(one["setup_s"] for one in seen), 1),
            "first_outage_s": round(median(one["outage_s"] for one in seen), 1),
            "stop_s": round(median(one["stop_s"] for one in seen), 1),
            "runs": [{name: round(one[name], 1) for name in ("setup_s", "page_s", "outage_s")} for one in seen],
            "left_behind": 0,
        },
    }


def _once(*, setup_only: bool = False) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        folder, port = Path(name) / "checkout", free_port()
        _copy(folder)
        log = Path(name) / "log"
        env = environment(PORT=str(port))
        if setup_only:
            subprocess.run(["make", "setup"], cwd=folder, env=env, check=True, capture_output=True)
            return {}
        with watch(["make", "demo", "ARGS=--no-browser"], env=env, cwd=folder, log=log) as demo:
            found = milestones(demo, port, log=log)
            setup_s = min(sample.at for sample in demo.samples if "store" in sample.pss)
            stop_s = demo.interrupt()
    return {"page_s": found.page_s, "outage_s": found.outage_s, "setup_s": setup_s, "stop_s": stop_s}


def _copy(folder: Path) -> None:
    """The files that are, or would be, part of the repository."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=REPO,
                            check=True, capture_output=True, text=True).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        source, target = REPO / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
