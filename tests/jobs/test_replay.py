"""Replays: the data's own clock, nothing known too early, the same bytes give the same outages."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jobs.cli import main
from jobs.replay import replay
from radar.errors import RadarError
from radar.store import connect, documents, embedded
from radar.times import parse

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Five weeks of 2-hourly traffic of one country that is cut for a day."""
    lines = ["date and time,value"]
    for i in range(5 * 7 * 12):
        t = START + timedelta(hours=2 * i)
        value = 40 + 20 * ((i % 12) / 12) + (i * 7919 % 13) / 10
        if datetime(2024, 1, 30, tzinfo=UTC) <= t < datetime(2024, 1, 31, tzinfo=UTC):
            value *= 0.03
        lines.append(f"{t:%Y-%m-%d %H:%M:%S}.000,{value:.3f}")
    path = tmp_path / "GE.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_the_same_bytes_give_the_same_outages(recording: Path) -> None:
    first = replay(recording, "google_traffic")
    second = replay(recording, "google_traffic")
    assert first["outages"], "the day without traffic is found"
    assert json.dumps(first) == json.dumps(second)


def test_an_outage_is_not_known_before_its_second_bin_has_ended(recording: Path) -> None:
    (outage,) = replay(recording, "google_traffic")["outages"]
    assert outage["start"] == "2024-01-30T00:00:00Z"
    assert parse(outage["known_at"]) >= parse(outage["start"]) + timedelta(hours=4)


def test_a_replay_that_is_stopped_early_knows_only_what_had_ended_by_then(recording: Path) -> None:
    found = replay(recording, "google_traffic", until=datetime(2024, 1, 30, 1, tzinfo=UTC))
    assert found["outages"] == []
    assert found["until"] == "2024-01-30T00:00:00Z", "the end of the last bin that had ended"


def test_the_result_stays_in_the_folder_for_the_site(recording: Path, tmp_path: Path) -> None:
    into = tmp_path / "kept"
    result = replay(recording, "google_traffic", into=into)
    with embedded.start(into) as server:
        client = connect(server.url)
        assert documents.get(client, "outages") == result["outages"]
        clock = documents.get(client, "clock")
    assert clock["mode"] == "replay"
    assert clock["speed"] == 0
    assert clock["now"] == "2024-02-05T00:00:00Z"


def test_the_command_prints_what_the_function_returns(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(recording), "--source", "google_traffic", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["rows"] == 420
    assert printed["rejected"] == 0
    assert printed["from"] == "2024-01-01T00:00:00Z"
    assert len(printed["outages"]) == 1


def test_a_path_that_is_not_there_and_a_source_that_is_not_known_are_clear_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RadarError, match="nowhere"):
        replay(tmp_path / "nowhere", "google_traffic")
    assert main(["replay", str(tmp_path), "--source", "no_such_source"]) == 2
    assert "no_such_source" in capsys.readouterr().err


@pytest.mark.shared
def test_iran_2026_through_the_whole_line(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(shared_data / "ioda-iran-2026"), "--source", "ioda_signals", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    (outage,) = printed["outages"]
    assert outage["entity"] == "country/IR"
    assert "2026-01-08T16:00:00Z" <= outage["start_earliest"] <= outage["start"] <= "2026-01-08T17:00:00Z"
    assert outage["known_at"] <= "2026-01-08T18:00:00Z"
    seen = {row["signal"]: row for row in outage["signals"]}
    assert seen["ping.up_24s_norm"]["first_seen"] == "2026-01-08T16:30:00Z"
    assert seen["google.search_norm"]["first_seen"] == "2026-01-08T18:30:00Z"
    assert seen["bgp.visible_24s_norm"]["verdict"] == "not_affected"
    assert outage["verdict"] == "Most routes stayed up, packets gone."
