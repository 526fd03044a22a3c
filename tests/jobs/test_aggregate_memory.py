"""The memory of a run is that of its setting, however many keys the rows have, and the result the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

REPO = Path(__file__).resolve().parent.parent.parent

#: Rows, nearly each of a key of its own and so of eight partials; beside the setting a process takes as much at most.
ROWS, BESIDE_MB = 700_000, 190

_RUN = """
import sys
from jobs.aggregate import aggregate
from jobs.engines.local import Local
from radar.aggregate.rollup.rows import Spec
import jobs.engines.steps
from tests.memory import peak_mb

before = peak_mb()
with Local.of(64) as local:
    aggregate(local, [sys.argv[1]], Spec("geoasn", "5m"), sys.argv[2], exact=sys.argv[4] == "exact",
              memory_mb=int(sys.argv[3]))
print(peak_mb() - before)
"""


@pytest.fixture(scope="module")
def many_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = np.random.default_rng(5)
    start = 1_772_409_600
    path = tmp_path_factory.mktemp("rows") / "many.parquet"
    pl.DataFrame({
        "time": pl.from_epoch(pl.Series(start + np.sort(draw.integers(0, 3600, ROWS)))).dt.replace_time_zone("UTC"),
        "country": pl.Series(["IQ", "ID", "US", "BR", "DE"]).gather(draw.integers(0, 5, ROWS)),
        "asn": draw.integers(1, 400_000, ROWS),
        "status": draw.choice([200, 503], ROWS),
        "bytes": draw.integers(1, 9000, ROWS),
        "rtt_ms": draw.lognormal(3, 1, ROWS),
        "throughput_mbps": draw.lognormal(2, 1, ROWS),
        "client": draw.integers(0, 2**63, ROWS),
    }).write_parquet(path, row_group_size=50_000)  # fmt: skip
    return path


def _peak_mb(file: Path, into: Path, memory_mb: int, how: str) -> int:
    """What a run takes at most, beside what the process took before it."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(file), str(into), str(memory_mb), how],
        capture_output=True, text=True, timeout=240, cwd=REPO, env={**os.environ, "PYTHONPATH": str(REPO)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.parametrize("how", ["partials", "exact"])
def test_a_run_takes_the_memory_of_its_setting_and_gives_the_same_bins(
    how: str, many_keys: Path, tmp_path: Path
) -> None:
    free = _peak_mb(many_keys, tmp_path / "free", 100_000, how)
    held = _peak_mb(many_keys, tmp_path / "held", 64, how)
    assert held < 64 + BESIDE_MB, (held, free)
    if how == "partials":
        assert free > 64 + BESIDE_MB, "so much as is allowed was enough for all at once: this proves nothing"
    keys = ["bin", "country", "asn"]
    tables = [pl.read_parquet(tmp_path / folder / "bins-*.parquet").sort(keys) for folder in ("held", "free")]
    assert tables[0].height > ROWS * 0.9
    assert_frame_equal(*tables)
    kept = [sorted((tmp_path / folder).glob("partials-*.parquet")) for folder in ("held", "free")]
    assert len(kept[0]) == (how == "partials")
    for one, other in zip(*kept, strict=True):
        assert_frame_equal(pl.read_parquet(one), pl.read_parquet(other))
