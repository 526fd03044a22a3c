"""Readers' measurements: hours that are over, quantiles of enough readers, and files that go when they were read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from jobs.consent import why_not
from radar.beacon import kept, limits
from radar.beacon.places import Place, Shelf
from radar.beacon.told import Told
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.settings import load
from radar.signals import SIGNALS
from radar.sources import speed_beacon

NOW = datetime(2026, 3, 1, 15, 10, tzinfo=UTC)
HOUR = "2026-03-01T13:00:00Z"


def lines(count: int, **changed: Any) -> bytes:
    rows = [{"hour": HOUR, "cc": "NA", "asn": 36996, "rtt_ms": 10.0 + n, "mbps": 5.0 + n, **changed}
            for n in range(count)]  # fmt: skip
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def values(body: bytes) -> dict[tuple[str, str], tuple[float, int]]:
    rows = speed_beacon.parse(body).rows
    return {(key, signal.removeprefix("beacon.")): (value, n)
            for key, signal, value, n in rows.select("entity", "signal", "value", "n").iter_rows()}  # fmt: skip


def test_an_hour_has_quantiles_of_its_readers() -> None:
    found = values(lines(11))
    assert found["country/NA", "rtt_p50"] == (15.0, 11)
    assert found["country/NA", "rtt_p75"] == (17.5, 11)
    assert found["country/NA", "throughput_p25"] == (7.5, 11)
    assert found["asn/36996", "throughput_p50"] == (10.0, 11)


def test_fewer_than_ten_readers_are_not_shown() -> None:
    assert values(lines(9)) == {}
    assert speed_beacon.parse(lines(9)).notes["measurements"] == 9
    assert len(values(lines(10))) > 0


def test_a_download_that_did_not_finish_is_no_rate_and_not_zero() -> None:
    found = values(lines(10, mbps=None) + lines(3))
    assert found["country/NA", "rtt_p50"][1] == 13
    assert not any(signal.startswith("throughput") for _, signal in found)


def test_a_network_without_a_country_and_a_country_without_a_network_count() -> None:
    assert {key for key, _ in values(lines(10, cc=None))} == {"asn/36996"}
    assert {key for key, _ in values(lines(10, asn=None))} == {"country/NA"}


@pytest.mark.parametrize(
    "changed",
    [{"hour": "2026-03-01T13:20:00Z"}, {"hour": None}, {"hour": 5}, {"cc": "XX"}, {"cc": ["NA"]}, {"asn": 0},
     {"asn": True}, {"asn": 2**40}, {"cc": None, "asn": None}, {"rtt_ms": None}, {"rtt_ms": -1}, {"rtt_ms": "9"},
     {"rtt_ms": 70_000}, {"mbps": -1}, {"mbps": 900}, {"mbps": "5"}],
)  # fmt: skip
def test_a_line_that_cannot_be_is_rejected_and_the_others_count(changed: dict[str, Any]) -> None:
    parsed = speed_beacon.parse(lines(1, **changed) + lines(10))
    assert [(item.reason, item.count) for item in parsed.rejected] == [("line is no measurement", 1)]
    assert set(parsed.rows["n"]) == {10}


def test_bytes_without_a_measurement_are_told() -> None:
    with pytest.raises(UpstreamChanged, match="expected lines of JSON with hour"):
        speed_beacon.parse(b"77.111.246.53 - - GET /\n")


def test_these_are_no_fair_sample_and_never_judged() -> None:
    assert {SIGNALS[signal].profile for signal in speed_beacon.SOURCE.signals} == {"none"}


def test_it_is_off_unless_it_is_switched_on() -> None:
    assert load({}).speed_beacon == ""
    assert "RADAR_SPEED_BEACON is not set" in why_not(speed_beacon.SOURCE, load({}))
    assert why_not(speed_beacon.SOURCE, load({"RADAR_SPEED_BEACON": "on"})) == ""


# Reading what the site wrote -----------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))
    return tmp_path / "beacon"


def fetch(since: datetime, until: datetime) -> list[str]:
    return [answer.name for answer in speed_beacon.fetch(cast(Any, None), since, until)]


def write(folder: Path, *moments: datetime) -> None:
    for moment in moments:
        kept.keep(folder, kept.line(Place("NA", 36996), Told(25.0, 40.0), moment), moment)


def test_whole_hours_are_read_and_the_one_that_runs_is_not(folder: Path) -> None:
    write(folder, *(NOW - timedelta(hours=h) for h in (0, 1, 2)))
    assert fetch(NOW, datetime(2026, 3, 1, 15, 0, 59, tzinfo=UTC)) == ["2026-03-01T13.ndjson"]
    assert fetch(NOW, datetime(2026, 3, 1, 15, 1, tzinfo=UTC)) == ["2026-03-01T14.ndjson"]
    assert fetch(NOW, NOW + timedelta(hours=1)) == ["2026-03-01T15.ndjson"]


def test_an_hour_is_given_once_whatever_is_asked_for(folder: Path) -> None:
    write(folder, NOW - timedelta(hours=30))
    assert fetch(NOW - timedelta(hours=1), NOW) == ["2026-02-28T09.ndjson"]
    assert fetch(NOW - timedelta(days=28), NOW) == []


def test_a_collection_that_dies_gives_the_hour_again(folder: Path) -> None:
    write(folder, NOW - timedelta(hours=2))
    answers = speed_beacon.fetch(cast(Any, None), NOW, NOW)
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # it is a generator
    assert fetch(NOW, NOW) == ["2026-03-01T13.ndjson"]


def test_what_the_site_keeps_is_what_the_source_reads(folder: Path) -> None:
    for _ in range(10):
        write(folder, NOW - timedelta(hours=2))
    (answer,) = speed_beacon.fetch(cast(Any, None), NOW, NOW)
    parsed = speed_beacon.parse(answer.body, name=answer.name)
    assert parsed.rejected == ()
    assert set(parsed.rows["timebin"]) == {datetime(2026, 3, 1, 13, tzinfo=UTC)}


def test_files_that_were_taken_go_after_two_days(folder: Path) -> None:
    write(folder, NOW - timedelta(hours=2))
    fetch(NOW, NOW)
    fetch(NOW, NOW + timedelta(hours=45))
    assert len(list(folder.glob("2026*"))) == 1
    fetch(NOW, NOW + timedelta(hours=47))
    assert list(folder.glob("2026*")) == []


def test_what_nobody_took_stays_for_a_month_and_no_longer(folder: Path) -> None:
    write(folder, NOW - timedelta(days=20), NOW - timedelta(days=40))
    assert len(fetch(NOW, NOW)) == 1
    assert len(list(folder.glob("2026*"))) == 1


def test_the_table_of_places_is_kept_current_and_yesterdays_key_deleted(folder: Path) -> None:
    limits.key_of_day(folder, NOW - timedelta(days=1))
    fetch(NOW, NOW)
    assert Shelf(folder).get() is not None
    assert list(folder.glob("key-*")) == []
    limits.key_of_day(folder, NOW)
    fetch(NOW, NOW)
    assert [path.name for path in folder.glob("key-*")] == ["key-20260301"]


def test_files_of_other_names_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    for name in ("notes.ndjson", "2026-13-01T00.ndjson", ".hidden"):
        (folder / name).write_text("x")
    assert fetch(NOW - timedelta(days=60), NOW) == []
    assert (folder / "notes.ndjson").exists()


def test_a_folder_that_is_a_file_is_told(folder: Path) -> None:
    folder.write_text("x")
    with pytest.raises(UpstreamUnavailable, match="folder cannot be used"):
        fetch(NOW, NOW)
