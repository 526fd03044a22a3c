"""Every grain by every kind of entity, over one generated file: beside a plain group-by of the same rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from jobs.aggregate import aggregate
from jobs.engines.local import Local
from radar.aggregate.rollup.rows import GRAINS, KEYS, Spec
from radar.sketch import ERROR, SMALLEST

ROWS = 30_000
SHARES = {"p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}

#: Of a distinct count: four standard errors, and one client where there are few.
CLIENTS = 4 * 0.016


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Requests of two and a half days, most of them in two hours; of what is not the key, every fifth is not said."""
    draw = np.random.default_rng(11)
    dense = draw.integers(0, 7200, ROWS - 5000)
    seconds = 1_772_409_600 + np.concatenate([dense, draw.integers(0, 216_000, 5000)])
    said = {
        "status": draw.choice([0, 200, 200, 301, 404, 500, 503], ROWS).astype(np.int16),
        "bytes": draw.integers(0, 2**33, ROWS),
        "rtt_ms": draw.lognormal(3.5, 1.2, ROWS).round(3),
        "throughput_mbps": draw.lognormal(2, 1, ROWS),
        "client": pl.Series(draw.integers(0, 3000, ROWS)).hash(seed=3),
    }
    path = tmp_path_factory.mktemp("matrix") / "rows.parquet"
    rows = pl.DataFrame({
        "time": pl.from_epoch(pl.Series(seconds)).dt.replace_time_zone("UTC"),
        "country": pl.Series(["IQ", "ID", "US", "XK", "DE"]).gather(draw.integers(0, 5, ROWS)),
        "asn": pl.Series([1, 8075, 3320, 4_200_000_000]).gather(draw.integers(0, 4, ROWS)),
        "region": pl.Series(["US-CA", "ID-JK", "DE-BY"]).gather(draw.integers(0, 3, ROWS)),
        "provider": pl.Series(["acme", "acme-dns"]).gather(draw.integers(0, 2, ROWS)),
        **{name: pl.Series(values) for name, values in said.items()},
    })  # fmt: skip
    lacks = {name: pl.Series(draw.random(ROWS) < 0.2) for name in said}
    rows.with_columns(
        pl.when(~absent).then(pl.col(name)).alias(name) for name, absent in lacks.items()
    ).write_parquet(path)  # fmt: skip
    return path


def plain(file: Path, spec: Spec) -> pl.DataFrame:
    """The same bins by sorting values and counting what is there."""
    status = pl.col("status")

    def at(name: str, share: float) -> pl.Expr:
        values = pl.col(name).drop_nulls().sort()
        return values.get((share * (values.len() - 1.0)).round().cast(pl.Int64), null_on_oob=True)

    return (
        pl.read_parquet(file)
        .group_by(pl.col("time").dt.truncate(spec.grain).alias("bin"), *spec.keys)
        .agg(
            rows=pl.len(),
            bytes=pl.when(pl.col("bytes").count() > 0).then(pl.col("bytes").sum()),
            error_share=pl.when(status.count() > 0).then(((status >= 500) | (status == 0)).sum() / status.count()),
            clients=pl.col("client").drop_nulls().n_unique(),
            **{
                f"{short}_{of}": value
                for short, name in (("rtt", "rtt_ms"), ("throughput", "throughput_mbps"))
                for of, value in {"n": pl.col(name).count(), **{p: at(name, s) for p, s in SHARES.items()}}.items()
            },
        )
        .sort("bin", *spec.keys)
    )


@pytest.mark.parametrize("grain", [*GRAINS])
@pytest.mark.parametrize("by", [*KEYS])
def test_bins_are_those_of_a_plain_group_by(by: str, grain: str, file: Path, tmp_path: Path) -> None:
    spec = Spec(by, grain)
    with Local(2) as local:
        report = aggregate(local, [str(file)], spec, str(tmp_path), exact=False, memory_mb=64)
    assert (report.rows, report.lost) == (ROWS, {})
    found = pl.read_parquet(tmp_path / "bins-*.parquet").sort("bin", *spec.keys)
    right = plain(file, spec)
    keys = ["bin", *spec.keys]
    same = [*keys, "rows", "bytes", "error_share", "rtt_n", "throughput_n"]
    assert_frame_equal(found.select(same), right.select(same), check_dtypes=False)
    assert found.height > 2
    for name in (f"{of}_{share}" for of in ("rtt", "throughput") for share in SHARES):
        assert found[name].is_null().equals(right[name].is_null())
        off = (found[name] - right[name]).abs() - right[name] * (ERROR + 1e-9)
        assert (off.drop_nulls() <= SMALLEST).all(), f"{name} is off by {off.max()}"
    few = found.join(right.select(*keys, real="clients"), on=keys)
    off = few.select((pl.col("clients").fill_null(0) - pl.col("real")).abs() - pl.col("real") * CLIENTS).to_series()
    assert (off <= 1).all(), f"clients are off by {off.max()}"
