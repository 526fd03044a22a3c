"""The benchmark's command line keeps its contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_benchmark_prints_one_json_object_with_its_peers(repo_root: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "series_store", "--rows", "120", "--json"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, check=True, text=True)
    result = json.loads(done.stdout)
    assert result["name"] == "series_store"
    assert set(result["peers"]) == set(result["ratios"]) == {"hash", "sorted_set"}
    assert result["peak_mb"] > 10
    assert result["details"]["bytes_per_point"]["packed"] < 4.2
    assert result["details"]["bytes_per_point"]["packed"] < result["details"]["bytes_per_point"]["hash"] / 2


def test_an_unknown_benchmark_is_a_wrong_call(repo_root: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "nothing"]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, check=False, text=True)
    assert done.returncode == 2
    assert "series_store" in done.stderr
