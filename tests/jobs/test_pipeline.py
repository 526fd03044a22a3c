"""The pipeline over a real store and a real archive: what it publishes, and what it survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from jobs.replay import received
from radar.aggregate.bins import to_block
from radar.archive import Archive
from radar.errors import StoreUnavailable
from radar.schema import SIGNALS
from radar.signals import GROUPS
from radar.store import Store, connect, documents, embedded, series

STEP = timedelta(minutes=10)
START = datetime(2026, 2, 2, tzinfo=UTC)
DAYS = 21
NOW = START + timedelta(days=DAYS)
CLOCK = ClockMode("replay", 1.0, START, NOW)
COUNTRIES = ("country/IQ", "country/PT", "country/TO")


def pings(start: datetime, bins: int, **levels: float) -> pl.DataFrame:
    """Steady SIGNALS rows of three countries; ``levels`` sets one of them by its code."""
    noise = np.random.default_rng(7)
    rows = [
        {
            "timebin": start + STEP * i,
            "entity": entity,
            "signal": "ping.up_24s",
            "value": round(levels.get(entity[-2:], 1000.0) + float(noise.normal(0, 3)), 3),
            "n": None,
        }
        for i in range(bins)
        for entity in COUNTRIES
    ]
    return pl.DataFrame(rows, schema=SIGNALS)


def put(archive: Archive, rows: pl.DataFrame, now: datetime) -> None:
    archive.put("ioda_signals", f"{now:%H%M}.json", rows.write_json().encode(), rows, received_at=now, simulated=True)


def make(client: Store, folder: Path) -> Pipeline:
    return Pipeline(client, Archive(folder), clock=CLOCK, ledger=Ledger(folder), enabled=("ioda_signals",))


@pytest.fixture
def warm(client: Store, tmp_path: Path) -> Pipeline:
    """A pipeline that has seen three calm weeks."""
    return warmed(make(client, tmp_path))


def warmed(pipeline: Pipeline) -> Pipeline:
    rows = received(pings(START, DAYS * 144), "ioda_signals", {"ping.up_24s": 600}, simulated=True)
    block = to_block(rows, GROUPS["ioda10"])
    assert block is not None
    pipeline.run(block.group).warm(block, simulated=True)
    pipeline.tick(NOW)
    return pipeline


def play(pipeline: Pipeline, now: datetime, bins: int, **levels: float) -> datetime:
    for _ in range(bins):
        put(pipeline.archive, pings(now, 1, **levels), now + STEP)  # type: ignore[arg-type]
        now += STEP
        pipeline.tick(now)
    return now


def test_a_calm_country_is_ok_and_an_unseen_one_is_insufficient(warm: Pipeline, client: Store) -> None:
    play(warm, NOW, 1)
    states = documents.states(client)
    assert states["country/IQ"]["state"] == "ok"
    assert states["country/FR"]["state"] == "insufficient"
    assert states["country/IQ"]["simulated"], "simulated input is labelled in the document"


def test_an_outage_is_published_after_two_bins_and_closes_when_it_is_over(warm: Pipeline, client: Store) -> None:
    now = play(warm, NOW, 3, IQ=20.0)
    (outage,) = documents.get(client, "outages")
    assert outage["entity"] == "country/IQ"
    assert outage["status"] == "open"
    assert outage["start"] == "2026-02-23T00:00:00Z"
    assert outage["known_at"] == "2026-02-23T00:20:00Z"
    assert outage["simulated"]
    assert documents.state(client, "country/IQ")["state"] == "outage"  # type: ignore[index]
    assert documents.state(client, "country/PT")["state"] == "ok"  # type: ignore[index]
    play(warm, now, 12)
    closed = documents.get(client, f"outage:{outage['id']}")
    assert closed["status"] == "closed"
    assert documents.get(client, "outages")[0]["status"] == "closed"
    assert documents.state(client, "country/IQ")["state"] == "ok"  # type: ignore[index]


def test_a_source_that_falls_silent_is_late_and_nobody_is_down(warm: Pipeline, client: Store) -> None:
    now = NOW + timedelta(hours=6)
    warm.tick(now)
    assert documents.get(client, "outages") == []
    assert documents.state(client, "country/IQ")["state"] == "insufficient"  # type: ignore[index]
    row = next(s for s in documents.get(client, "sources") if s["name"] == "ioda_signals")
    assert row["state"] == "late"
    assert row["lag_s"] == 6 * 3600
    assert row["gaps"], "the gap is shown"


def test_a_new_process_goes_on_where_the_last_one_stopped(warm: Pipeline, client: Store, tmp_path: Path) -> None:
    now = play(warm, NOW, 3, IQ=20.0)
    first = documents.get(client, "outages")
    other = make(client, tmp_path)
    assert other.cursor == warm.cursor
    play(other, now, 2, IQ=20.0)
    second = documents.get(client, "outages")
    assert [o["id"] for o in second] == [o["id"] for o in first]
    assert second[0]["known_at"] == first[0]["known_at"]


def test_a_restart_in_the_middle_changes_nothing_in_the_result(client: Store, tmp_path: Path) -> None:
    def story(folder: Path, *, restarts: bool) -> list[dict[str, object]]:
        client.flushall()
        pipeline = warmed(make(client, folder))
        now = NOW
        for levels in ({}, {"IQ": 20.0}, {"IQ": 20.0}, {"IQ": 20.0}, {"IQ": 400.0}, {}, {}, {}, {}, {}, {}, {}):
            if restarts:
                pipeline = make(client, folder)
            now = play(pipeline, now, 1, **levels)
        return list(documents.get(client, "outages"))

    assert story(tmp_path / "a", restarts=True) == story(tmp_path / "b", restarts=False)


def test_late_rows_are_kept_and_do_not_open_an_outage_again(warm: Pipeline, client: Store) -> None:
    now = play(warm, NOW, 3)
    put(warm.archive, pings(NOW, 1, IQ=990.0), now)  # type: ignore[arg-type]
    warm.tick(now)
    got = series.read(client, "country/IQ", "ping.up_24s@ioda_signals", "value", NOW, NOW + STEP)
    assert got.values[0] == pytest.approx(990, abs=15)
    assert warm.runs["ioda10"].progress.late == 1
    assert documents.get(client, "outages") == []


def test_an_outage_that_revised_data_disprove_is_retracted_in_the_open(warm: Pipeline, client: Store) -> None:
    now = play(warm, NOW, 3, IQ=20.0)
    (outage,) = documents.get(client, "outages")
    assert outage["status"] == "open"
    put(warm.archive, pings(NOW, 3), now)  # type: ignore[arg-type]
    warm.tick(now)
    (retracted,) = documents.get(client, "outages")
    assert retracted["id"] == outage["id"], "the page stays"
    assert retracted["status"] == "retracted"
    assert "late data" in retracted["retraction"]
    assert retracted["updates"][-1]["kind"] == "retracted"
    assert documents.state(client, "country/IQ")["state"] == "ok"  # type: ignore[index]


def test_a_revision_that_a_dead_process_stored_and_did_not_score_is_scored_by_the_next_one(
    warm: Pipeline, client: Store, tmp_path: Path
) -> None:
    now = play(warm, NOW, 3, IQ=20.0)
    put(warm.archive, pings(NOW, 3), now)  # type: ignore[arg-type]
    warm.ingest()  # stored, and then the process dies
    make(client, tmp_path).tick(now)
    (outage,) = documents.get(client, "outages")
    assert outage["status"] == "retracted"


def test_while_the_store_is_away_nothing_is_lost(tmp_path: Path) -> None:
    with embedded.start(tmp_path / "redis") as server:
        client = connect(server.url)
        pipeline = warmed(make(client, tmp_path))
    now = NOW
    archive = Archive(tmp_path)
    for _ in range(3):
        put(archive, pings(now, 1, IQ=20.0), now + STEP)
        now += STEP
        with pytest.raises(StoreUnavailable):
            pipeline.tick(now)
    with embedded.start(tmp_path / "redis") as server:
        fresh = make(connect(server.url), tmp_path)
        fresh.tick(now)
        (outage,) = documents.get(fresh.client, "outages")
    assert outage["start"] == "2026-02-23T00:00:00Z"


WRITER = """
import os, signal, sys
from pathlib import Path
from radar.store import blocks, connect, documents
from tests.jobs.test_pipeline import NOW, STEP, make

def dies(function, at):
    calls = 0
    def wrapped(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return wrapped

where, at = sys.argv[3].split(":")
module = {"write_bins": blocks, "gather": blocks, "publish": documents}[where]
pipeline = make(connect(sys.argv[1]), Path(sys.argv[2]))
setattr(module, where, dies(getattr(module, where), int(at)))
pipeline.tick(NOW + 3 * STEP)
"""


@pytest.mark.parametrize("kill_at", ["write_bins:1", "write_bins:2", "gather:3", "write_bins:7", "publish:1"])
def test_a_writer_killed_at_any_point_leaves_a_whole_version_and_the_next_one_catches_up(
    warm: Pipeline, client: Store, valkey_url: str, tmp_path: Path, kill_at: str, repo_root: Path
) -> None:
    pipeline = warm
    before = documents.version(client)
    for i in range(3):
        put(pipeline.archive, pings(NOW + STEP * i, 1, IQ=20.0), NOW + STEP * (i + 1))  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "-c", WRITER, valkey_url, str(tmp_path), kill_at],
        cwd=repo_root,
        env=os.environ,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    assert documents.version(client) == before, "nothing of the broken tick is published"
    assert documents.get(client, "outages") == []
    make(client, tmp_path).tick(NOW + 3 * STEP)
    (outage,) = documents.get(client, "outages")
    assert outage["start"] == "2026-02-23T00:00:00Z"
    assert outage["known_at"] == "2026-02-23T00:20:00Z"
