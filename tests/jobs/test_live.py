"""The pipeline of a live radar: history as a whole, then bin by bin; nothing lost, nothing twice, late rows counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from jobs import live
from jobs.ledger import Ledger
from jobs.live import LivePipeline
from radar import settings
from radar.archive import Archive
from radar.schema import SIGNALS
from radar.store import Store, documents, series
from radar.times import rfc3339

STEP = timedelta(minutes=10)
DAY = timedelta(days=1)
NOW = datetime(2026, 2, 23, tzinfo=UTC)
SERIES = "ping.up_24s@ioda_signals"
CODES = ("IQ", "PT", "TO", "DE", "FR", "GB", "US", "JP")


def pings(start: datetime, bins: int, codes: tuple[str, ...] = CODES, **levels: float) -> pl.DataFrame:
    """Steady SIGNALS rows of some countries; ``levels`` sets one of them by its code."""
    noise = np.random.default_rng(7)
    parts = [
        pl.DataFrame(
            {
                "timebin": [start + STEP * i for i in range(bins)],
                "entity": [f"country/{code}"] * bins,
                "signal": ["ping.up_24s"] * bins,
                "value": np.round(levels.get(code, 4000.0) * (1 + noise.normal(0, 0.01, bins))),
                "n": [None] * bins,
            },
            schema=SIGNALS,
        )
        for code in codes
    ]
    return pl.concat(parts)


class Stage:
    """An archive, its collector's notes, and the pipeline that takes it in."""

    def __init__(self, folder: Path, client: Store) -> None:
        self.archive, self.ledger, self.client = Archive(folder), Ledger(folder), client
        self.line = self.anew()

    def anew(self) -> LivePipeline:
        """Another process with the same store and folder."""
        return LivePipeline(self.client, self.archive, ledger=self.ledger, enabled=("ioda_signals",))

    def put(self, rows: pl.DataFrame, received: datetime, *, source: str = "ioda_signals") -> None:
        """Archive an answer."""
        self.archive.put(source, "answer", rows.write_csv().encode(), rows, received_at=received, simulated=False)

    def asked(self, until: datetime, *, source: str = "ioda_signals") -> None:
        """Note that everything was asked for up to then."""
        with self.ledger.change(source) as entry:
            entry.asked_until = entry.complete_until = entry.last_success = rfc3339(until)

    def source(self) -> dict[str, object]:
        """The published row of the source."""
        return next(row for row in documents.get(self.client, "sources") if row["name"] == "ioda_signals")


@pytest.fixture
def stage(tmp_path: Path, client: Store) -> Iterator[Stage]:
    return Stage(tmp_path, client)


def backfill(stage: Stage, now: datetime, *, days: int = 21, **levels: float) -> None:
    """A first collection: one answer for each country, the last two hours with other levels; then its end."""
    for code in CODES:
        past = pings(now - DAY * days, days * 144 - 12, (code,))
        stage.put(pl.concat([past, pings(now - STEP * 12, 12, (code,), **levels)]), now)
    stage.asked(now)


def test_a_source_is_not_judged_by_half_a_first_collection(stage: Stage) -> None:
    stage.put(pings(NOW - DAY * 21, 100), NOW)
    assert stage.line.tick(NOW).rows == 0
    row = stage.source()
    assert (row["state"], row["rows"], row["gaps"]) == ("never", 0, [])
    assert stage.anew().tick(NOW + STEP).rows == 0, "nor is it after a restart"
    backfill(stage, NOW + STEP)
    stage.line.tick(NOW + STEP)
    report = stage.anew().tick(NOW + STEP)
    row = stage.source()
    assert report.rows == 0
    assert row["gaps"] == []
    assert row["state"] == "ok"
    assert row["oldest_bin"] == rfc3339(NOW - DAY * 21), "what came before it was complete is not lost"


def test_history_is_learnt_from_and_its_last_day_is_scored(stage: Stage) -> None:
    """An outage that goes on while the radar is set up is found; the weeks before it raise no alarm."""
    backfill(stage, NOW, IQ=400.0)
    report = stage.line.tick(NOW + timedelta(minutes=45))
    assert report.bins <= 144
    (outage,) = documents.get(stage.client, "outages")
    assert (outage["entity"], outage["start"], outage["status"]) == ("country/IQ", "2026-02-22T22:00:00Z", "open")
    states = documents.states(stage.client)
    assert states["country/PT"]["state"] == "ok"
    assert series.read(stage.client, "country/PT", SERIES, "baseline", NOW - STEP, NOW).values[0] is not None
    assert None not in series.read(stage.client, "country/PT", SERIES, "value", NOW - DAY * 21, NOW).values


def test_a_short_history_is_stepped_through_as_it_is(stage: Stage) -> None:
    stage.put(pings(NOW - timedelta(hours=3), 18), NOW)
    stage.asked(NOW)
    assert stage.line.tick(NOW + timedelta(hours=1)).bins == 18


def test_bins_of_logs_are_scored_a_minute_after_they_ended(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.line = LivePipeline(stage.client, stage.archive, ledger=stage.ledger, settle=live.settle(settings.load()))
    rows = pings(NOW - timedelta(hours=3), 18).with_columns(signal=pl.lit("edge.requests"))
    five = pl.concat([rows, rows.with_columns(pl.col("timebin") + STEP / 2)])
    stage.put(five, NOW, source="edge_logs")
    stage.asked(NOW, source="edge_logs")
    assert stage.line.tick(NOW + timedelta(seconds=59)).bins == 35
    assert stage.line.tick(NOW + timedelta(seconds=60)).bins == 1
    monkeypatch.setenv("RADAR_LOGS_WAIT_S", "0")
    assert live.settle(settings.load())["edge_logs"] == 0


def test_a_first_collection_that_never_ends_is_judged_by_what_came(stage: Stage) -> None:
    stage.put(pings(NOW - DAY * 2, 288), NOW)
    assert stage.line.tick(NOW + timedelta(minutes=59)).rows == 0
    assert stage.line.tick(NOW + timedelta(minutes=61)).rows == 288 * len(CODES)


def test_one_source_waits_and_another_goes_on(stage: Stage) -> None:
    stage.put(pings(NOW - DAY * 2, 288), NOW)
    rows = pings(NOW - DAY, 12).with_columns(pl.lit("google.youtube").alias("signal"))
    stage.put(rows, NOW, source="google_traffic")
    stage.asked(NOW, source="google_traffic")
    assert stage.line.tick(NOW).rows == rows.height
    stage.asked(NOW)
    assert stage.line.tick(NOW + STEP).rows == 288 * len(CODES)
    assert stage.line.tick(NOW + STEP * 2).rows == 0, "and each once"


def test_bins_that_came_while_nobody_looked_are_all_taken_in_and_none_is_counted_twice(stage: Stage) -> None:
    backfill(stage, NOW)
    stage.line.tick(NOW)
    rows = stage.source()["rows"]
    for i in range(6):
        at = NOW + STEP * i
        stage.put(pings(at - STEP * 2, 3), at + STEP)  # each asks again for two older bins
    report = stage.anew().tick(NOW + timedelta(minutes=105))
    assert report.files == 6
    assert report.bins == 6 + 3, "those that had to settle after the first tick, too"
    found = series.read(stage.client, "country/PT", SERIES, "value", NOW, NOW + STEP * 6)
    assert len(found.values) == 6
    assert None not in found.values
    assert stage.source()["gaps"] == []
    assert int(str(stage.source()["rows"])) - int(str(rows)) < 6 * 3 * len(CODES) + 1


def test_values_that_come_after_their_bin_was_scored_are_kept_and_counted_once(stage: Stage) -> None:
    backfill(stage, NOW)
    stage.line.tick(NOW + timedelta(minutes=45))
    run = stage.line.runs["ioda10"]
    assert run.progress.late == 0
    news = pings(NOW, 6, CODES[:2])
    stage.put(news, NOW + timedelta(hours=4))
    stage.line.tick(NOW + timedelta(hours=4))
    late = pings(NOW, 3, CODES[2:])
    stage.put(late, NOW + timedelta(hours=4, minutes=10))
    stage.line.tick(NOW + timedelta(hours=4, minutes=10))
    assert run.progress.late == 3, "bins"
    stage.put(late, NOW + timedelta(hours=4, minutes=20))
    stage.line.tick(NOW + timedelta(hours=4, minutes=20))
    assert run.progress.late == 3, "the same answer again is no news"
    assert None not in series.read(stage.client, "country/JP", SERIES, "value", NOW, NOW + STEP * 3).values


def test_a_store_that_came_back_empty_is_filled_from_the_archive(stage: Stage) -> None:
    backfill(stage, NOW)
    stage.line.tick(NOW)
    stage.put(pings(NOW, 6), NOW + timedelta(hours=1))
    stage.line.tick(NOW + timedelta(hours=1))
    before = series.read(stage.client, "country/PT", SERIES, "value", NOW - DAY * 21, NOW + STEP * 6).values
    stage.client.flushall()
    stage.anew().tick(NOW + timedelta(hours=1))
    after = series.read(stage.client, "country/PT", SERIES, "value", NOW - DAY * 21, NOW + STEP * 6).values
    assert after == before
    assert stage.source()["state"] == "ok"
    assert documents.states(stage.client)["country/PT"]["state"] == "ok"


def test_a_file_of_rows_that_is_broken_is_put_aside_and_the_others_are_taken_in(stage: Stage) -> None:
    backfill(stage, NOW)
    stage.line.tick(NOW)
    stage.put(pings(NOW, 1), NOW + STEP)
    stage.put(pings(NOW + STEP, 1), NOW + STEP * 2)
    broken = stage.archive.files()[-2]
    broken.path.write_bytes(b"PAR1 torn")
    report = stage.line.tick(NOW + STEP * 2)
    assert (report.files, report.rows) == (1, len(CODES))
    assert not broken.path.exists()


def test_a_long_backlog_is_taken_in_by_parts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BATCH_ROWS", 1000)
    backfill(stage, NOW)
    fed: list[int] = []
    take = live.groups_of
    monkeypatch.setattr(live, "groups_of", lambda rows: fed.append(rows.height) or take(rows))
    stage.line.tick(NOW)
    assert len(fed) == len(CODES)
    assert stage.source()["state"] == "ok"


def test_a_radar_that_has_seen_nothing_yet_does_not_call_itself_well(stage: Stage) -> None:
    from radar.api.status import judge

    stage.line.tick(NOW)
    docs = documents.get_many(stage.client, ["clock", "sources"])
    assert judge(docs["clock"], docs["sources"], datetime.now(UTC)) == ("stale", ["source ioda_signals: No data yet"])
    backfill(stage, NOW)
    stage.line.tick(NOW)
    docs = documents.get_many(stage.client, ["clock", "sources"])
    assert judge(docs["clock"], docs["sources"], datetime.now(UTC)) == ("ok", [])
