"""The archive's upkeep beside a live radar: what is packed and deleted, what never is, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from jobs import archive as command
from jobs import doctor, upkeep
from jobs.upkeep import Taken, taken_in
from radar.archive import Archive, packing
from radar.errors import ArchiveError, ConfigError
from radar.settings import Settings, load
from radar.store import Store, documents, series
from tests.jobs.test_live import CODES, DAY, NOW, SERIES, STEP, Stage, backfill, pings

DAYS = 4


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str) -> Settings:
    return load({"RADAR_DATA_DIR": str(tmp_path), "REDIS_URL": valkey_url})


@pytest.fixture
def stage(tmp_path: Path, client: Store) -> Iterator[Stage]:
    """A radar that has run for some days, an answer an hour."""
    stage = Stage(tmp_path, client)
    backfill(stage, NOW)
    stage.line.tick(NOW)
    for hour in range(DAYS * 24):
        at = NOW + timedelta(hours=hour)
        stage.put(pings(at, 6), at + timedelta(hours=1))
        if hour % 6 == 5:
            stage.line.tick(at + timedelta(hours=1))
    return stage


END = NOW + DAY * DAYS


def files_of_rows(stage: Stage) -> int:
    return len(list((stage.archive.root / "signals").rglob("*.parquet")))


def test_closed_days_are_packed_and_the_radar_goes_on_as_if_nothing_had_been(stage: Stage, settings: Settings) -> None:
    before = files_of_rows(stage)
    ids = [file.id for file in stage.archive.files()]
    report = upkeep.work(stage.client, stage.archive, settings, END)
    assert report.errors == []
    assert len(report.packed) == DAYS
    assert files_of_rows(stage) == DAYS + 1 < before
    assert [file.id for file in stage.archive.files()] == ids
    stage.put(pings(END, 1), END + STEP)
    assert (stage.line.tick(END + STEP).files, stage.anew().tick(END + STEP).files) == (1, 0)
    assert upkeep.work(stage.client, stage.archive, settings, END).packed == [], "and once"


def test_a_store_that_came_back_empty_is_filled_from_packs_as_from_files(stage: Stage, settings: Settings) -> None:
    def story() -> tuple[list[object], object]:
        stage.client.flushall()
        stage.anew().tick(END)
        values = [
            series.read(stage.client, f"country/{code}", SERIES, aspect, NOW - DAY * 21, END).values
            for code in CODES
            for aspect in ("value", "baseline", "score")
        ]
        return [values, documents.states(stage.client)], documents.get(stage.client, "outages")

    loose = story()
    upkeep.work(stage.client, stage.archive, settings, END)
    assert story() == loose


def test_nothing_is_touched_that_the_store_does_not_say_was_taken_in(stage: Stage, settings: Settings) -> None:
    short = replace(settings, archive_raw_days=1, archive_rows_days=29)
    later = END + DAY * 60
    before = files_of_rows(stage)
    stage.client.flushall()
    report = upkeep.work(stage.client, stage.archive, short, later)
    assert (report.packed, report.expired, files_of_rows(stage)) == ([], [], before)
    nobody = Taken(stage.line.cursor, frozenset())
    assert upkeep.prune(stage.archive, short, nobody, later, dry=False).expired == [], (
        "a source that is still waited for"
    )


def test_answers_go_when_they_are_older_than_the_setting_and_rows_stay(stage: Stage, settings: Settings) -> None:
    short = replace(settings, archive_raw_days=2)
    taken = taken_in(stage.client)
    dry = upkeep.prune(stage.archive, short, taken, END, dry=True)
    assert [one.day for one in dry.expired] == ["2026-02-23", "2026-02-24"]
    assert stage.archive.has_raw(stage.archive.files()[0]), "a dry run deletes nothing"
    done = upkeep.prune(stage.archive, short, taken, END, dry=False)
    assert done.expired == dry.expired
    files = stage.archive.files()
    assert [stage.archive.has_raw(file) for file in (files[0], files[-1])] == [False, True]
    assert stage.archive.pending_raw() == []
    assert upkeep.prune(stage.archive, settings, taken, END, dry=False).expired == [], "as it is by default"


def test_a_day_that_cannot_be_packed_is_told_and_the_others_are(
    stage: Stage, settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pack(archive: Archive, source: str, day: str) -> packing.Packed | None:
        if day == "2026-02-24":
            raise ArchiveError(f"{day}.parquet cannot be packed: No space left on device")
        return packing.pack(archive, source, day)

    monkeypatch.setattr(upkeep, "pack", pack)
    assert command.run(settings, "compact", dry=False, as_json=False) == 1
    said = capsys.readouterr().out
    assert "failed: 2026-02-24.parquet cannot be packed: No space left on device" in said
    assert "ioda_signals 2026-02-25: 24 files" in said


def test_the_command_shows_plans_and_does_it(
    stage: Stage, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(what: command.What, **how: bool) -> str:
        assert command.run(settings, what, dry=how.get("dry", False), as_json=how.get("as_json", False)) == 0
        return capsys.readouterr().out

    raw, rows = json.loads(run("show", as_json=True))
    assert (raw["source"], raw["kind"], raw["files"]) == ("ioda_signals", "raw", 8 + DAYS * 24)
    assert rows["days"] == DAYS + 1
    assert "ioda_signals          answers" in run("show")
    before = files_of_rows(stage)
    assert "this is what would be done" in run("compact", dry=True)
    assert files_of_rows(stage) == before
    done = json.loads(run("compact", as_json=True))
    assert [day["day"] for day in done["days"]] == ["2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26"]
    assert all(day["after_bytes"] < day["before_bytes"] for day in done["days"])
    assert run("compact") == "Nothing to do.\n"
    assert done["taken_in_until"] == stage.line.cursor


def test_the_command_says_that_nothing_was_taken_in(
    tmp_path: Path, client: Store, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigError, match="there is no archive"):
        command.run(settings, "show", dry=False, as_json=False)
    Stage(tmp_path, client).put(pings(NOW, 3), NOW)
    assert command.run(settings, "prune", dry=False, as_json=False) == 0
    assert capsys.readouterr().out == "Nothing was taken in yet, so nothing is touched.\n"


def test_doctor_says_what_the_archive_holds_and_what_goes_next(
    stage: Stage, settings: Settings, tmp_path: Path
) -> None:
    def told(settings: Settings) -> list[str]:
        return [one.text for one in doctor.examine(lambda: settings, END) if one.topic == "archive"]

    total, source = told(settings)
    assert "kept for 90 days" in total
    assert "kept for ever" in total
    assert source.startswith("ioda_signals: answers ")
    assert "since 2026-02-23, the oldest of which go on 2026-05-25; rows " in source
    assert "the oldest of which are due to go" in told(replace(settings, archive_raw_days=1))[1]
    assert told(replace(settings, data_dir=tmp_path / "other")) == ["nothing was archived yet"]
