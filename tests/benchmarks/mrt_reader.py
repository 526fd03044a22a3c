"""MRT files: elements a second of ``radar.routing.mrt``, beside bgpdump and ftlbgp on the same recorded files.

A job is a whole file: opened, unpacked, every element made with its AS path. Ours runs in this process, as it does in a
radar; bgpdump is a process that prints to /dev/null (``bgpdump -m``); ftlbgp gives plain records of the same fields.
They take turns, and the median of each file's jobs counts. Updates and table dumps are told apart. ``rows`` leaves out
files with more elements than that.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from radar.routing.mrt import read
from tests.benchmarks._processes import REPO

FOLDER = REPO.parent / "shared" / "data" / "bgp-mrt"
REPEATS = 7
#: ftlbgp takes some seconds for the largest file.
REPEATS_FTLBGP = 3

#: Starts, reads one file, ends: what a command line tool would take.
_PROCESS = "import sys; from radar.routing.mrt import read; [None for _ in read(open(sys.argv[1], 'rb'), source='x')]"


def run(rows: int | None) -> dict[str, Any]:
    """Measure; the value is that of updates."""
    reason = _missing()
    if reason:
        return {"name": "mrt_reader", "value": None, "unit": f"skipped: {reason}", "peers": {}, "ratios": {}}
    files = [path for path in sorted(FOLDER.iterdir()) if path.suffix in (".gz", ".bz2")]
    sizes = {path: _ours(path) for path in files}
    kept = [path for path in files if rows is None or sizes[path] <= rows]
    seconds = {path: _take_turns(path) for path in kept}
    updates = [path for path in kept if "updates" in path.name]
    tables = [path for path in kept if "updates" not in path.name]
    rates = _rates(updates, sizes, seconds)
    rates_tables = _rates(tables, sizes, seconds)
    largest = max(updates, key=lambda path: sizes[path])
    process = median(_seconds(lambda: _process(largest)) for _ in range(3))
    return {
        "name": "mrt_reader",
        "value": round(rates["ours"]),
        "unit": f"elements/s of updates, with AS path ({sum(sizes[path] for path in updates):,} elements)",
        "peers": {peer: round(rate) for peer, rate in rates.items() if peer != "ours"},
        "ratios": {peer: round(rates["ours"] / rate, 2) for peer, rate in rates.items() if peer != "ours"},
        "details": {
            "tables_per_s": round(rates_tables["ours"]),
            "tables_elements": sum(sizes[path] for path in tables),
            "tables_ratios": {
                peer: round(rates_tables["ours"] / rate, 2) for peer, rate in rates_tables.items() if peer != "ours"
            },
            "share_of_bgpdump": round(rates["bgpdump"] / rates["ours"], 3),
            "tables_share_of_bgpdump": round(rates_tables["bgpdump"] / rates_tables["ours"], 3),
            "largest_with_python_start_s": round(process, 3),
            "files": [
                {"file": path.name, "elements": sizes[path], **{who: round(s, 4) for who, s in seconds[path].items()}}
                for path in kept
            ],
        },
    }


def _missing() -> str:
    """What there is not; "" when all is there."""
    if not FOLDER.is_dir():
        return "the recorded files are not beside the project"
    return "" if shutil.which("bgpdump") else "bgpdump is not installed"


def _take_turns(path: Path) -> dict[str, float]:
    """Median seconds of each reader."""
    jobs: dict[str, Callable[[], object]] = {
        "ours": lambda: _ours(path),
        "bgpdump": lambda: _bgpdump(path),
        "ftlbgp": lambda: _ftlbgp(path),
    }
    taken: dict[str, list[float]] = {who: [] for who in jobs}
    for turn in range(REPEATS):
        for who, job in jobs.items():
            if who != "ftlbgp" or turn < REPEATS_FTLBGP:
                taken[who].append(_seconds(job))
    return {who: median(times) for who, times in taken.items()}


def _rates(paths: list[Path], sizes: dict[Path, int], seconds: dict[Path, dict[str, float]]) -> dict[str, float]:
    """Elements a second over several files."""
    return {
        who: sum(sizes[path] for path in paths) / sum(seconds[path][who] for path in paths)
        for who in ("ours", "bgpdump", "ftlbgp")
    }


def _ours(path: Path) -> int:
    with path.open("rb") as file:
        return sum(map(len, read(file, source="mrt_reader", everything=True)))


def _process(path: Path) -> None:
    subprocess.run([sys.executable, "-c", _PROCESS, str(path)], check=True, cwd=REPO)


def _bgpdump(path: Path) -> None:
    subprocess.run(["bgpdump", "-m", str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _ftlbgp(path: Path) -> int:
    from ftlbgp import BgpParser

    route, state = BgpParser.bgp.route, BgpParser.bgp.state_change
    fields = (
        route.timestamp | route.human.peer_ip | route.peer_as | route.source | route.human.prefix | route.human.aspath
    )
    with BgpParser(
        named_records=False,
        bgp_records=BgpParser.bgp.records.route | BgpParser.bgp.records.state_change,
        bgp_route=fields,
        bgp_state_change=state.timestamp | state.human.peer_ip | state.peer_as | state.new_state,
    ) as parse:
        return sum(1 for _record in parse(str(path)))


def _seconds(job: Callable[[], object]) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began
