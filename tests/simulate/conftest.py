"""One world for all tests: its history is written once, and each played hour is read through a plain reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl
import pytest

from jobs.simulate import World


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def history_file(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.write_history(tmp_path_factory.mktemp("simulated") / "history.parquet")


@pytest.fixture(scope="session")
def history(history_file: Path) -> Callable[[str, str], pl.DataFrame]:
    """Rows of one signal of one entity."""

    @lru_cache(maxsize=256)
    def read(signal: str, entity: str) -> pl.DataFrame:
        chosen = (pl.col("signal") == signal) & (pl.col("entity") == entity)
        return pl.scan_parquet(history_file).filter(chosen).collect()

    return read


@pytest.fixture(scope="session")
def lines(world: World) -> Callable[[datetime, datetime], pl.DataFrame]:
    """Requests of the bins that end in (since, until], read as plain JSON lines; the source has tests of its own."""

    @lru_cache(maxsize=32)
    def read(since: datetime, until: datetime) -> pl.DataFrame:
        def bodies() -> Iterator[pl.DataFrame]:
            for name, answer in world.answers(since, until):
                if name == "edge_logs":
                    whole = answer.body[: answer.body.rfind(b"}\n") + 2]
                    yield pl.read_ndjson(whole, schema=LINE)

        return pl.concat(bodies())

    return read


LINE = {
    "time": pl.String,
    "country": pl.String,
    "asn": pl.Int64,
    "status": pl.Int64,
    "bytes": pl.Int64,
    "rtt_ms": pl.Float64,
    "throughput_mbps": pl.Float64,
    "provider": pl.String,
}
