"""What all countries lose together is our own fault, also where by night few of them have many counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from radar.detect import common
from radar.detect.evaluate import from_rows, run
from radar.shapes import Outage

START = datetime(2026, 1, 5, tzinfo=UTC)
HOMES = ("EG", "IR", "SA", "TR", "ID", "US", "DE", "FR", "PL", "BR", "AR", "IN")
BINS = 24 * 288


def _play(size: float, lost: dict[str, float]) -> list[Outage]:
    """A small network and a larger one in each of twelve countries; ``lost``: parts lost within three hours."""
    rng = np.random.default_rng(3)
    day = 1 + 0.3 * np.sin(2 * np.pi * np.arange(BINS) / 288)
    frames = []
    for code in HOMES:
        for number, times in ((64_512, 0.2), (64_513, 1.0)):
            mean = size * times * day
            begin = BINS - 3 * 288
            mean[begin : begin + 36] *= 1 - lost.get(code, 0.0)
            frames.append(pl.DataFrame({
                "timebin": [START + timedelta(minutes=5 * k) for k in range(BINS)],
                "entity": f"geoasn/{code}-{number}", "signal": "edge.requests",
                "value": rng.poisson(mean).astype(float),
            }))  # fmt: skip
    return run(from_rows(pl.concat(frames), Path("world")))[0]


@pytest.mark.parametrize("size", [25.0, 400.0])
def test_a_dip_of_all_is_nobodys_outage_however_few_each_counts(size: float) -> None:
    assert _play(size, dict.fromkeys(HOMES, 0.7)) == []


@pytest.mark.parametrize("size", [25.0, 400.0])
def test_two_of_twelve_are_heard(size: float) -> None:
    assert {o["entity"][7:9] for o in _play(size, {"EG": 0.9, "BR": 0.9})} == {"EG", "BR"}


def test_of_a_home_the_largest_votes_where_the_sizes_are_given() -> None:
    electorate = common.voters([f"geoasn/{code}-{n}" for code in HOMES for n in (64_512, 64_513)])
    may = np.ones(24, bool)
    sizes = np.tile(np.array([1.0, 9.0], np.float32), 12)
    assert electorate.of(may).tolist() == list(range(0, 24, 2))
    assert electorate.of(may, sizes).tolist() == list(range(1, 24, 2))


def _index(lost: set[str], absent: set[str]) -> list[Outage]:
    """Twelve countries' indices by the hour; for two hours some lose nine tenths, and of others nothing comes."""
    rng = np.random.default_rng(3)
    size = 24 * 24
    times = [START + timedelta(hours=k) for k in range(size)]
    frames = []
    for code in HOMES:
        value = 50 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(size) / 24)) * rng.normal(1, 0.02, size)
        value[-48:-46] *= 0.1 if code in lost else 1.0
        if code in absent:
            value[-48:-46] = np.nan
        frames.append(pl.DataFrame({"timebin": times, "entity": f"country/{code}", "signal": "google.search_norm",
                                    "value": np.round(value, 1)}).filter(pl.col("value").is_not_nan()))  # fmt: skip
    return run(from_rows(pl.concat(frames), Path("world")))[0]


def test_where_some_of_many_did_not_come_nearly_all_of_the_others_say_that_it_is_us() -> None:
    assert _index(set(HOMES[:8]), set(HOMES[8:])) == []
    assert _index(set(HOMES), set()) == []


def test_half_of_the_few_that_came_are_heard() -> None:
    assert {o["entity"] for o in _index(set(HOMES[:4]), set(HOMES[8:]))} == {f"country/{code}" for code in HOMES[:4]}
    assert len(_index(set(HOMES[:5]), set(HOMES[5:]))) == 5, "five are too few to tell"
