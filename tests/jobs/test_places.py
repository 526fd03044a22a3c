"""The table by which the site tells a reader's network is made by a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from radar.beacon.door import block_of
from radar.beacon.places import FILE, Place, Places


def made(folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "RADAR_DATA_DIR": str(folder)}
    return subprocess.run([sys.executable, "-m", "jobs.places"], env=env, capture_output=True, text=True, check=False)


def test_the_table_is_made_once_and_found_by_whoever_serves_the_folder(tmp_path: Path) -> None:
    assert made(tmp_path).returncode == 0
    path = tmp_path / "beacon" / FILE
    before = path.stat().st_mtime_ns
    block = block_of("82.0.0.1", [], 0)
    assert block is not None
    assert Places(path).find(block) == Place("GB", 5089)
    assert made(tmp_path).returncode == 0
    assert path.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "beacon").write_text("in the way")
    done = made(tmp_path)
    assert done.returncode == 1
    assert "no table of addresses was written" in done.stdout + done.stderr
