"""Reading and counting take no more memory than the setting allows, whatever the files hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sources import hostile_logs

#: MB, the least that the setting takes, and a file of several times as much.
SETTING, SIZE = 64, 200
REPO = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's largest memory anew")


@pytest.mark.parametrize(("source", "form"), [("edge_logs", "edge"), ("dns_logs", "dns"), ("waf_events", "waf")])
def test_a_hostile_log_of_three_times_the_memory_is_counted_within_it(tmp_path: Path, source: str, form: str) -> None:
    path = tmp_path / "a.log"
    lines = hostile_logs.written(form, path, SIZE << 20)
    seen = measured(source, path)
    assert seen["rows"] + seen["refused"] == lines, "every line is counted, with a name or without"
    assert seen["refused"] < lines / 50, "some addresses are of nobody"
    assert seen["peak_mb"] - seen["base_mb"] <= SETTING, seen
    assert seen["lost"], "what was cut is told"


@pytest.mark.parametrize(
    ("source", "form", "header", "rows"), [("edge_logs", "csv", 1, 1), ("waf_events", "audit", 0, 90)]
)
def test_lines_that_are_dear_to_read_are_counted_within_it(
    tmp_path: Path, source: str, form: str, header: int, rows: int
) -> None:
    path = tmp_path / "a.log"
    lines = hostile_logs.written(form, path, 16 << 20) - header
    seen = measured(source, path)
    assert seen["rows"] + seen["refused"] == lines * rows
    assert seen["peak_mb"] - seen["base_mb"] <= SETTING, seen


def measured(source: str, path: Path) -> Any:
    """What reading took, at the calmest of up to three times: where threads meet, the allocator now and then keeps some
    20 MB more of what was freed; what the reader needs, it needs each time."""
    found = _measured(source, path)
    for _ in range(2):
        if found["peak_mb"] - found["base_mb"] <= SETTING:
            break
        found = min(found, _measured(source, path), key=lambda one: one["peak_mb"] - one["base_mb"])
    return found


def _measured(source: str, path: Path) -> Any:
    found = subprocess.run(
        [sys.executable, "-m", "tests.sources.logs_memory", source, str(path)],
        capture_output=True, text=True, check=False, cwd=REPO,
        env={**os.environ, "RADAR_LOGS_MEMORY_MB": str(SETTING)},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)
