"""The world is the same for a seed, has everything the demo shows, and says that it is simulated."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import pytest

from jobs.simulate import World
from jobs.simulate.history import SIGNALS
from jobs.simulate.places import PROVIDER_SHARE
from radar.entities import countries, is_entity, networks
from radar.errors import ArchiveError
from radar.schema import SIGNALS as COLUMNS
from radar.schema import check_archived, check_signals
from radar.signals import SLOTS, series_id
from radar.sources import discover

HOUR = timedelta(hours=1)
BIN = timedelta(minutes=5)

_DIGEST = """
import hashlib
from datetime import timedelta
from jobs.simulate import World
world = World({seed})
total = hashlib.sha256()
for name, answer in world.answers(world.starts + timedelta(hours=3), world.starts + timedelta(hours=3, minutes=10)):
    total.update(answer.body)
for i, block in enumerate(world.history_blocks()):
    if i in (0, 3, 5):
        total.update(block.value.tobytes() + block.n.tobytes())
print(total.hexdigest())
"""


def _digest(seed: int, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", _DIGEST.format(seed=seed)],
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


def test_same_seed_gives_the_same_bytes_in_another_process_and_on_a_plainer_processor() -> None:
    first = _digest(7, PYTHONHASHSEED="1")
    plain = _digest(7, PYTHONHASHSEED="2", NPY_DISABLE_CPU_FEATURES=" ".join(_vector_units()))
    assert first == plain
    assert len(first) == 64


def _vector_units() -> list[str]:
    """What numpy may switch off here: its fast paths round exp() and log() differently in the last digit."""
    from numpy._core._multiarray_umath import __cpu_baseline__, __cpu_dispatch__, __cpu_features__

    return [unit for unit in __cpu_dispatch__ if __cpu_features__.get(unit) and unit not in __cpu_baseline__]


def test_another_seed_gives_another_world(world: World) -> None:
    other = World(world.seed + 1)
    until = world.starts + BIN
    mine, theirs = (next(iter(one.answers(world.starts, until)))[1].body for one in (world, other))
    assert hashlib.sha256(mine).digest() != hashlib.sha256(theirs).digest()


def test_a_bin_is_the_same_whenever_it_is_asked_for(world: World) -> None:
    since = world.starts + 2 * HOUR
    alone = dict(world.answers(since + BIN, since + 2 * BIN))
    among = {answer.name: answer for _, answer in world.answers(since, since + 4 * BIN)}
    for answer in alone.values():
        assert among[answer.name].body == answer.body


def test_answers_are_those_whose_bins_end_in_the_range(world: World) -> None:
    def names(since: timedelta, until: timedelta) -> list[str]:
        answers = world.answers(world.starts + since, world.starts + until)
        return [answer.name[-21:-8] for source, answer in answers if source == "edge_logs"]

    minute = timedelta(minutes=1)
    assert names(0 * minute, 5 * minute) == ["20260302T0000"]
    assert names(1 * minute, 16 * minute) == ["20260302T0000", "20260302T0005", "20260302T0010"]
    assert names(5 * minute, 9 * minute) == []
    assert names(-HOUR, 0 * minute) == []
    assert len(names(13.9 * HOUR, 20 * HOUR)) == 2
    assert len(names(-HOUR, 99 * HOUR)) == 14 * 12


def test_history_is_small_and_holds_the_archive_s_contract(history_file: Path) -> None:
    assert history_file.stat().st_size < 30_000_000
    rows = pl.scan_parquet(history_file)
    check_archived(rows.head(1000).collect())
    facts = rows.select(
        length=pl.len(),
        simulated=pl.col("simulated").all(),
        received=(pl.col("received_at") - pl.col("timebin")).is_in([BIN, 2 * BIN]).all(),
        nulls=pl.col("value").null_count(),
        finite=pl.col("value").is_finite().all(),
        zero=(pl.col("n") == 0).sum(),
        first=pl.col("timebin").min(),
        last=pl.col("received_at").max(),
    ).collect().row(0, named=True)  # fmt: skip
    assert facts["simulated"]
    assert facts["received"]
    assert facts["finite"]
    assert (facts["nulls"], facts["zero"]) == (0, 0)
    assert facts["first"] == datetime(2026, 2, 2, tzinfo=UTC)
    assert facts["last"] == datetime(2026, 3, 2, tzinfo=UTC)
    assert 10_000_000 < facts["length"] < 20_000_000


def test_history_rows_pass_the_source_contract_signal_by_signal(history_file: Path) -> None:
    modules = discover()
    for signal in SIGNALS:
        source = series_id(signal).partition("@")[2]
        chosen = (pl.col("signal") == signal) & (pl.col("timebin") >= datetime(2026, 3, 1, 20, tzinfo=UTC))
        rows = pl.scan_parquet(history_file).filter(chosen).collect()
        assert rows["source"].unique().to_list() == [source]
        promised = set(modules[source].SOURCE.signals) if source in modules else None
        check_signals(rows.select(list(COLUMNS)), source=source, signals=promised)


def test_history_is_sorted_by_signal_entity_and_time(history_file: Path) -> None:
    keys = pl.scan_parquet(history_file).select("signal", "entity").collect()
    runs = keys.filter(pl.struct("signal", "entity").ne_missing(pl.struct("signal", "entity").shift(1)).fill_null(True))
    assert runs.equals(runs.sort("signal", "entity"))
    assert runs.is_unique().all()
    times = pl.scan_parquet(history_file).select(
        backwards=((pl.col("timebin").diff() <= timedelta(0)) & (pl.col("entity") == pl.col("entity").shift(1))
                   & (pl.col("signal") == pl.col("signal").shift(1))).sum()
    )  # fmt: skip
    assert times.collect().item() == 0


def test_every_country_has_rows_and_a_few_hundred_networks_do(history_file: Path) -> None:
    requests = pl.scan_parquet(history_file).filter(pl.col("signal") == "edge.requests")
    keys = set(requests.select(pl.col("entity").unique()).collect()["entity"])
    assert {key for key in keys if key.startswith("country/")} == {f"country/{code}" for code in countries()}
    assert {key for key in keys if key.startswith("provider/")} == {f"provider/{name}" for name in PROVIDER_SHARE}
    named = {int(key[4:]) for key in keys if key.startswith("asn/")}
    assert len(named) >= 190
    assert named <= set(networks())
    assert all(is_entity(key) for key in keys)


def test_blocks_and_rows_say_the_same(world: World, history: Callable[[str, str], pl.DataFrame]) -> None:
    wanted = {"country/IR": "edge", "provider/aws": "edge", "asn/812": "ioda5", "country/TO": "ioda10"}
    seen: set[tuple[str, str]] = set()
    for block in world.history_blocks():
        group = block.group
        bins = int(timedelta(days=28).total_seconds()) // group.grain_s
        assert block.value.shape == block.n.shape == (len(block.entities), bins, group.width)
        assert block.start == world.first
        for entity in block.entities:
            assert (group.name, entity) not in seen
            seen.add((group.name, entity))
            if wanted.get(entity) != group.name:
                continue
            for signal in SIGNALS:
                series = series_id(signal)
                if series not in group.series:
                    continue
                rows = history(signal, entity)
                slot = SLOTS[series][1]
                np.testing.assert_array_equal(
                    rows["value"].cast(pl.Float32), block.value[block.entities.index(entity), :, slot]
                )
                assert rows["timebin"][0] == block.start
    assert {(group, entity) for entity, group in wanted.items()} <= seen


def test_everything_raw_says_that_it_is_simulated(world: World) -> None:
    for source, answer in world.answers(world.starts, world.starts + BIN):
        assert "simulated" in answer.name
        if source == "ioda_signals":
            document = orjson.loads(answer.body)
            assert "SIMULATED DATA" in document["copyright"]
            assert document["metadata"]["simulated"] is True
    assert all(event.title.startswith("Simulated") for event in world.scenario)


def test_the_file_itself_says_that_it_is_simulated(history_file: Path) -> None:
    assert "SIMULATED DATA" in pl.read_parquet_metadata(history_file)["simulated"]


def test_a_folder_that_cannot_be_written_is_an_archive_error(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ArchiveError, match="simulated history"):
        world.write_history(tmp_path / "file" / "history.parquet")
    (tmp_path / "taken.parquet").mkdir()
    with pytest.raises(ArchiveError, match=r"taken\.parquet"):
        world.write_history(tmp_path / "taken.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "taken.parquet"]


def test_forgotten_history_is_drawn_the_same_again() -> None:
    small = World(3)
    first = next(small.history_blocks()).value.copy()
    small.forget_history()
    np.testing.assert_array_equal(next(small.history_blocks()).value, first)


def test_tiny_places_stay_tiny(world: World, history_file: Path) -> None:
    tiny = world.index()["too_small"]
    assert len(tiny) >= 12
    assert {"NR", "PN", "TV", "TK"} <= set(tiny)
    chosen = (pl.col("signal") == "edge.requests") & pl.col("entity").is_in([f"country/{code}" for code in tiny])
    rows = pl.scan_parquet(history_file).filter(chosen).collect()
    hours = rows.group_by("entity", pl.col("timebin").dt.truncate("1h")).agg(pl.col("value").sum())
    assert hours["entity"].n_unique() == len(tiny)
    assert hours["value"].max() < 30  # type: ignore[operator]


def test_events_are_in_order_and_inside_the_played_hours(world: World) -> None:
    starts = [event.start for event in world.scenario]
    assert starts == sorted(starts)
    for event in world.scenario:
        assert world.starts <= event.start < (event.end or world.ends) <= world.ends
        assert all(is_entity(key) for key in (*event.entities, *event.also))
        assert (event.citation.startswith("https://")) == (event.expect in ("outage", "candidate"))
        for curve in (event.requests, event.errors, event.rtt, event.routes, event.pings):
            assert all(left[0] < right[0] for left, right in pairwise(curve))


def test_no_outage_begins_or_ends_while_our_own_pipeline_dips(world: World) -> None:
    dip = next(event for event in world.scenario if event.expect == "notice")
    assert dip.end is not None
    for event in world.scenario:
        if event is not dip:
            assert not dip.start - BIN <= event.start <= dip.end + BIN
            assert event.end is None or not dip.start - BIN <= event.end <= dip.end + BIN
