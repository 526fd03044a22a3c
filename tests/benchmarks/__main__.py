"""Find and run benchmarks; see the package."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import resource
import subprocess
import sys
from typing import Any

from tests import benchmarks


def names() -> list[str]:
    """Names of all benchmarks."""
    return sorted(info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_"))


def run(name: str, rows: int | None) -> dict[str, Any]:
    """Run one benchmark in this process."""
    result: dict[str, Any] = importlib.import_module(f"tests.benchmarks.{name}").run(rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result.setdefault("peak_mb", round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1))
    return result


def show(result: dict[str, Any]) -> None:
    """Print one result for people."""
    print(f"{result['name']}: {result['value']:,} {result['unit']}, peak {result['peak_mb']} MB")
    for peer, value in result.get("peers", {}).items():
        print(f"    {peer}: {value:,} (ours / theirs {result['ratios'][peer]:,})")
    for what, seen in result.get("details", {}).items():
        print(f"    {what}: {seen}")


def main() -> int:
    """The command line: 0 done, 1 a benchmark failed, 2 the call was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure, beside peers.")
    parser.add_argument("name", nargs="?", choices=names(), help="one benchmark; all when left out")
    parser.add_argument("--rows", type=int, help="size of the work; each benchmark has its own default")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    given = parser.parse_args()
    if given.rows is not None and given.rows < 1:
        parser.error("--rows must be 1 or more")
    if given.name:
        result = run(given.name, given.rows)
        if given.json:
            print(json.dumps(result))
        else:
            show(result)
        return 0
    failed = False
    for name in names():  # each in a process of its own, so that its peak memory is its own
        size = [] if given.rows is None else ["--rows", str(given.rows)]
        command = [sys.executable, "-m", "tests.benchmarks", name, *size, *(["--json"] if given.json else [])]
        failed |= subprocess.run(command, check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
