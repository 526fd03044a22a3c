"""A worker and a replay lay what people said over what they publish: through ticks, restarts, losses and replays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import cli
from jobs.ingest import Pipeline
from jobs.replay import replay
from jobs.reviewed import journal_of
from radar import settings
from radar.reviews import bare
from radar.store import Store, connect, documents, embedded
from radar.times import parse, rfc3339
from tests.jobs.test_pipeline import NOW, STEP, make, pings, play, warmed
from tests.jobs.test_replay import recording

__all__ = ["recording"]  # the fixture

Say = Callable[..., None]


@pytest.fixture
def outage(client: Store, tmp_path: Path) -> dict[str, Any]:
    """An open outage of Iraq, as a worker published it."""
    play(warmed(make(client, tmp_path)), NOW, 3, IQ=20.0)
    (found,) = documents.get(client, "outages")
    return dict(found)


@pytest.fixture
def say(client: Store, tmp_path: Path, outage: dict[str, Any]) -> Say:
    """Write an entry about that outage into the journal."""
    numbers = iter(range(100))

    def write(kind: str, **more: Any) -> None:
        number = next(numbers)
        at = documents.get(client, "clock")["now"]
        journal_of(client, tmp_path).append(
            {"id": f"r{number:02}", "at": at, "wall": at, "by": "Desk", "kind": kind, "outage": outage["id"],
             "reason": "The operator says so.", **more}
        )  # fmt: skip

    return write


def shown(client: Store, outage: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = documents.get(client, f"outage:{outage['id']}")
    assert found in documents.get(client, "outages")
    return found


def again(client: Store, folder: Path, bins: int = 1, since: int = 3, **levels: float) -> Pipeline:
    """A worker that has just been started plays on."""
    pipeline = make(client, folder)
    play(pipeline, NOW + since * STEP, bins, **levels)
    return pipeline


def test_a_false_alarm_is_retracted_by_the_next_tick_and_stays_so(
    client: Store, tmp_path: Path, outage: dict[str, Any], say: Say
) -> None:
    say("false_alarm")
    assert shown(client, outage)["status"] == "open", "nothing shows before the worker publishes"
    again(client, tmp_path, IQ=20.0)
    assert shown(client, outage)["status"] == "retracted"
    state = documents.state(client, "country/IQ")
    assert state is not None
    assert (state["state"], state["outage"]) == ("ok", None), "the detector alone holds it for one: not confirmed"
    again(client, tmp_path, bins=12, since=4)
    found = shown(client, outage)
    assert (found["status"], found["said_before"]["status"]) == ("retracted", "closed"), "the detector went on"
    assert [row["kind"] for row in found["updates"] if "review" in row] == ["retracted"]


def test_the_detector_s_own_book_knows_nothing_of_what_people_say(
    client: Store, tmp_path: Path, outage: dict[str, Any], say: Say
) -> None:
    say("correct", level="degraded", cause="power")
    pipeline = again(client, tmp_path, IQ=20.0)
    (raw,) = pipeline.book.all
    assert bare(shown(client, outage)) == raw  # type: ignore[arg-type]  # a document
    assert "reviews" not in raw


def test_a_mute_runs_out_by_the_radar_s_clock(client: Store, tmp_path: Path, outage: dict[str, Any], say: Say) -> None:
    say("mute", until=rfc3339(NOW + 5 * STEP))
    again(client, tmp_path, IQ=20.0)
    assert shown(client, outage)["muted"]["by"] == "Desk"
    again(client, tmp_path, since=4, IQ=20.0)
    assert "muted" not in shown(client, outage)


def test_a_mute_of_an_outage_that_is_over_runs_out_too(
    client: Store, tmp_path: Path, outage: dict[str, Any], say: Say
) -> None:
    say("mute", until=rfc3339(NOW + 20 * STEP))
    again(client, tmp_path, bins=12)
    assert shown(client, outage)["status"] == "closed"
    assert "muted" in shown(client, outage)
    again(client, tmp_path, bins=6, since=15)
    assert "muted" not in shown(client, outage)


def test_an_emptied_store_gets_back_what_people_said(
    client: Store, tmp_path: Path, outage: dict[str, Any], say: Say
) -> None:
    say("confirm")
    client.flushall()
    play(warmed(make(client, tmp_path / "new")), NOW, 1)  # without that folder's journal nothing comes back
    assert documents.get(client, "outages") == []
    client.flushall()
    rebuilt = make(client, tmp_path)
    rebuilt.cursor = rebuilt.archive.files()[-1].id  # type: ignore[union-attr, assignment]  # what it had is played anew
    warmed(rebuilt)
    for i in range(3):
        rebuilt.feed(_rows(i))
        rebuilt.tick(NOW + (i + 1) * STEP)
    (found,) = documents.get(client, "outages")
    assert (found["id"], found["reviews"][0]["by"]) == (outage["id"], "Desk")


def _rows(i: int) -> Any:
    from jobs.replay import received

    return received(pings(NOW + i * STEP, 1, IQ=20.0), "ioda_signals", {"ping.up_24s": 600}, simulated=True)


def test_a_broken_journal_stops_no_publication(client: Store, tmp_path: Path, outage: dict[str, Any], say: Say) -> None:
    say("confirm")
    with (tmp_path / "journal" / "reviews.ndjson").open("ab") as file:
        file.write(b"\xff{]\n")
    journal_of(client, tmp_path).append({"id": "odd", "at": "soon", "kind": 7})
    again(client, tmp_path, IQ=20.0)
    assert [row["id"] for row in shown(client, outage)["reviews"]] == ["r00"]


def test_an_entry_of_another_machine_reaches_our_file(client: Store, tmp_path: Path, outage: dict[str, Any]) -> None:
    at = rfc3339(NOW)
    journal_of(client, tmp_path / "other").append(
        {"id": "r1", "at": at, "wall": at, "by": "Desk", "kind": "confirm", "outage": outage["id"], "reason": "x"}
    )
    again(client, tmp_path, IQ=20.0)
    assert json.loads((tmp_path / "journal" / "reviews.ndjson").read_text())["id"] == "r1"


def test_reviews_survive_a_replay_of_the_same_bytes(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "kept"
    for row in settings.SETTINGS:
        for variable in (row.variable, *row.aliases):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RADAR_DATA_DIR", str(into))
    (raw,) = replay(recording, "google_traffic", into=into)["outages"]
    call = ["outages", "correct", raw["id"], "--start", "2024-01-29T23:00:00Z", "--by", "Desk", "--reason", "x"]
    assert cli.main(call) == 0
    assert "brought up to date at once" in capsys.readouterr().out
    (again_raw,) = replay(recording, "google_traffic", into=into)["outages"]
    assert again_raw == raw, "the detector says what it said"
    with embedded.start(into) as server, connect(server.url) as client:
        (found,) = documents.get(client, "outages")
    assert (found["start"], found["said_before"]["start"]) == ("2024-01-29T23:00:00Z", raw["start"])
    # what was said at the end of the recording is not known before it
    replay(recording, "google_traffic", into=into, until=parse(raw["end"]) + timedelta(days=1))
    with embedded.start(into) as server, connect(server.url) as client:
        assert "reviews" not in documents.get(client, "outages")[0]
