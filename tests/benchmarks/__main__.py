"""Find and run benchmarks; see the package."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests import benchmarks
from tests.benchmarks import _growth, _report

#: A machine with a load average above this has something else to do.
CALM = 1.0

#: The newest result of each benchmark, so that one can be run again without the others.
KEPT = Path(__file__).resolve().parents[2] / "var" / "benchmarks"


def names() -> list[str]:
    """Names of all benchmarks."""
    return sorted(info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_"))


def run(name: str, rows: int | None) -> dict[str, Any]:
    """Run one benchmark in this process."""
    before = os.getloadavg()[0]
    result: dict[str, Any] = importlib.import_module(f"tests.benchmarks.{name}").run(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result.setdefault("peak_mb", round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1))
    result["measured"] = f"{datetime.now(UTC):%Y-%m-%d}"
    result["load"] = [round(before, 2), round(os.getloadavg()[0], 2)]
    return result


def show(result: dict[str, Any]) -> None:
    """Print one result for people."""
    value = "not measured," if result["value"] is None else f"{result['value']:,}"
    print(f"{result['name']}: {value} {result['unit']}, peak {result['peak_mb']} MB")
    for peer, seen in result["peers"].items():
        print(f"    {peer}: {seen:,} (ours / theirs {result['ratios'][peer]:,})")
    for what, seen in result.get("details", {}).items():
        print(f"    {what}: {seen}")
    print(f"    load: {result['load']}", flush=True)


def calm(limit_s: float) -> None:
    """Wait until the machine has little else to do, but not longer than that."""
    until = time.monotonic() + limit_s
    while os.getloadavg()[0] > CALM and time.monotonic() < until:
        time.sleep(2)


def run_each(wanted: list[str], rows: int | None, *, as_json: bool, patience_s: float) -> bool:
    """Run benchmarks, each in a process of its own, so that its peak memory is its own. True when none failed."""
    size = [] if rows is None else ["--rows", str(rows)]
    failed = []
    for name in wanted:
        calm(patience_s)
        command = [sys.executable, "-m", "tests.benchmarks", name, *size, "--json"]
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(f"{name}: failed", file=sys.stderr)
            failed.append(name)
            continue
        result = json.loads(done.stdout)
        if as_json:
            print(json.dumps(result), flush=True)
        else:
            show(result)
        if rows is None:
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{name}.json").write_text(json.dumps(result), encoding="utf-8")
    return not failed


def main() -> int:
    """The command line: 0 done, 1 a benchmark failed, 2 the call was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure, beside peers. Without a name: all of them, and the table of docs/performance.md anew.",
    )
    parser.add_argument("name", nargs="?", choices=names(), help="one benchmark; all when left out")
    parser.add_argument("--rows", type=int, help="size of the work; each benchmark has its own default")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--write", action="store_true",
                        help="with a name: put its result into the table, beside the newest of the others")  # fmt: skip
    parser.add_argument("--patience", type=float, default=60, metavar="S",
                        help=f"seconds to wait for a load average below {CALM:g} before each of them (60)")  # fmt: skip
    given = parser.parse_args()
    if given.rows is not None and given.rows < 1:
        parser.error("--rows must be 1 or more")
    if given.name and not given.write:
        result = run(given.name, given.rows)
        if given.json:
            print(json.dumps(result))
        else:
            show(result)
        return 0
    wanted = [given.name] if given.name else names()
    done = run_each(wanted, given.rows, as_json=given.json, patience_s=given.patience)
    if given.rows is None and done:
        kept = {name: KEPT / f"{name}.json" for name in names()}
        results = {name: json.loads(file.read_text()) for name, file in kept.items() if file.is_file()}
        _report.write(results)
        _growth.write(results)
        print(f"written: {_report.PAGE.name}", file=sys.stderr)
    return int(not done)


if __name__ == "__main__":
    sys.exit(main())
