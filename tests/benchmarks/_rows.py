"""Simulated request logs in Parquet for the benchmarks of aggregation: files cut on bins, as collectors cut them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from radar.entities import countries

#: Networks, drawn by Zipf's law; bins of a day; files of a day.
NETWORKS, EXPONENT, BINS, FILES = 60_000, 1.05, 288, 10
_BIN_US, _START_US = 300_000_000, 1_767_225_600_000_000


def make(folder: Path, rows: int, seed: int = 7) -> list[Path]:
    """Ten files of one day: rows nearly in the order of time, 2 % of them failed, round trips in hundredths of a ms.

    Nine rows of ten are in the home country of their network.
    """
    draw = np.random.default_rng(seed)
    weight = 1 / np.arange(1, NETWORKS + 1) ** EXPONENT
    upto = np.cumsum(weight) / weight.sum()
    asns = draw.permutation(draw.choice(400_000, NETWORKS, replace=False) + 1).astype(np.uint32)
    names = pl.Series(list(countries()))
    home = draw.integers(0, len(names), NETWORKS)
    edges = np.round(np.linspace(0, BINS, FILES + 1)).astype(np.int64) * _BIN_US
    paths = []
    for number in range(FILES):
        size = rows * (number + 1) // FILES - rows * number // FILES
        network = np.searchsorted(upto, draw.random(size))
        country = home[network]
        abroad = draw.random(size) < 0.1
        country[abroad] = draw.integers(0, len(names), int(abroad.sum()))
        low, high = edges[number], edges[number + 1]
        times = np.sort(draw.integers(low, high, size)) + draw.integers(-20_000_000, 20_000_000, size)
        table = pl.DataFrame(
            {
                "time": pl.Series(np.clip(times, low, high - 1) + _START_US).cast(pl.Datetime("us", "UTC")),
                "country": names.gather(country),
                "asn": asns[network],
                "status": np.where(draw.random(size) < 0.02, 503, 200).astype(np.uint16),
                "bytes": draw.integers(0, 1_000_000, size, dtype=np.uint64),
                "rtt_ms": np.clip(np.round(draw.lognormal(3.5, 0.8, size), 2), 0.01, 60_000),
            }
        )
        paths.append(folder / f"{number:02}.parquet")
        table.write_parquet(paths[-1], compression="zstd", compression_level=3)
    return paths
