"""A live radar as processes, broken the way that machines break: it comes back by itself, and loses nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from radar.archive import Archive
from radar.store import connect, embedded, series
from radar.times import parse
from tests.chaos.stage import BIN_S, Radar, Upstream, gone, grandchildren, kill, until, upstream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

SERIES = "ping.up_24s@ioda_signals"
CALM = ("We see no large outage", "No outage is open")


@pytest.fixture
def source() -> Iterator[Upstream]:
    with upstream() as server:
        yield server


@pytest.fixture
def radar(tmp_path: Path, source: Upstream) -> Iterator[Radar]:
    made = Radar(tmp_path, source, sources="ioda_signals,raising,hanging")
    yield made
    made.stop()


def newest(radar: Radar) -> str:
    return str(radar.source().get("newest_bin") or "")


def goes_on(radar: Radar) -> None:
    """New bins are published."""
    before = newest(radar)
    until("a newer bin is published", lambda: newest(radar) > before, 40)


def holes(url: str, source: Upstream, upto: str) -> list[str]:
    """Bins whose stored value is not what the upstream gave, up to the newest one that was published."""
    since = datetime.fromtimestamp(source.oldest, UTC)
    with connect(url) as client:
        found = series.read(client, "country/PT", SERIES, "value", since, parse(upto))
    starts = range(source.oldest, int(parse(upto).timestamp()), BIN_S)
    assert len(found.values) == len(starts)
    return [f"{at}: {v}" for at, v in zip(starts, found.values, strict=True) if v != source.value("PT", at)]


def test_a_live_radar_outlives_the_death_of_each_of_its_processes(radar: Radar, source: Upstream) -> None:
    run = radar.start("run")
    until("history is published", lambda: radar.source().get("state") == "ok", 40)
    status = radar.status()
    assert status["clock"]["mode"] == "live"
    assert status["states"]["ok"] == 8
    assert (datetime.now(UTC) - parse(status["clock"]["wall"])).total_seconds() < 15

    # sources that fail say so, and the others go on
    assert "a bug in a plug-in" in radar.source("raising")["last_error"]
    until("the hanging one is told", lambda: "no answer for" in (radar.source("hanging")["last_error"] or ""))
    page = radar.get("/sources")[1]
    assert "a bug in a plug-in" in page
    assert "it is left alone until it returns" in page
    goes_on(radar)

    # the store
    kill(radar.children(run)["store"])
    until(
        "the site says that it cannot see", lambda: radar.get("/api/v1/status")[0] == 503 or "store" in radar.log("run")
    )
    goes_on(radar)

    # the worker, an outage beginning meanwhile
    source.down_from = source.newest + BIN_S
    kill(radar.children(run)["jobs"])
    outages = until("the outage is published", lambda: json.loads(radar.get("/api/v1/outages")[1])["data"], 40)
    assert [(row["entity"], row["status"]) for row in outages] == [("country/IQ", "open")]
    assert parse(outages[0]["start"]).timestamp() == source.down_from
    assert json.loads(radar.once("outages", "--json").stdout) == json.loads(radar.get("/api/v1/outages")[1])["data"]

    # a process of the site, and all of it
    kill(grandchildren(radar.children(run)["web"])[0])
    assert radar.get("/")[0] == 200
    kill(radar.children(run)["web"])
    until("the site is back", lambda: radar.get("/")[0] == 200)

    # the supervisor: nothing outlives it, and the next one goes on where it was
    left = [*radar.children(run).values(), *grandchildren(radar.children(run)["web"])]
    kill(run.pid)
    run.wait()
    until("nothing is left", lambda: all(gone(pid) for pid in left), 10)
    again = radar.start("run")
    until("the site is back", lambda: newest(radar), 30)
    goes_on(radar)
    assert [row["id"] for row in json.loads(radar.get("/api/v1/outages")[1])["data"]] == [outages[0]["id"]]
    assert holes(f"unix://{radar.data}/store/s", source, newest(radar)) == []

    # and a stop in order
    left = [*radar.children(again).values(), *grandchildren(radar.children(again)["web"])]
    began = time.monotonic()
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0
    assert time.monotonic() - began < 6
    assert all(gone(pid) for pid in left)
    stopped = radar.once("outages", "--json")
    assert [row["id"] for row in json.loads(stopped.stdout)] == [outages[0]["id"]], "read from its disk"
    assert "Traceback" not in radar.log("run").replace("ZeroDivisionError", "").split("source failed")[0]


def test_with_the_store_away_at_the_start_and_later_nothing_archived_is_lost(tmp_path: Path, source: Upstream) -> None:
    folder = tmp_path / "redis"
    url = f"unix://{folder}/store/s"
    radar = Radar(tmp_path / "radar", source, redis_url=url)
    archive = Archive(radar.data)

    def archived() -> int:
        return len(archive.files())

    try:
        radar.start("jobs")
        radar.start("web")
        # no store yet: the site does not claim that all is calm, and collecting goes on
        until("the site answers", lambda: radar.get("/health")[0] == 200)
        for path in ("/", "/outages", "/api/v1/outages", "/api/v1/status", "/ready"):
            code, body = radar.get(path)
            assert code == 503, path
            assert not any(words in body for words in CALM)
        until("collecting goes on without a store", lambda: archived() >= 2)
        with embedded.start(folder):
            until("all of it is published", lambda: radar.source().get("state") == "ok", 40)
            assert holes(url, source, newest(radar)) == []
            assert radar.get("/")[0] == 200
        # it goes away
        lost = newest(radar) or ""
        code, body = until("the site is served from memory", lambda: radar.get("/"))
        assert code in (200, 503)
        assert "cannot reach" in body.lower() or code == 503
        assert radar.get("/api/v1/outages")[0] == 503
        assert radar.get("/ready")[0] == 503
        before = archived()
        until("collecting goes on", lambda: archived() >= before + 2, 30)
        meanwhile = source.newest
        with embedded.start(folder):
            until(
                "what came meanwhile is published",
                lambda: newest(radar) and parse(newest(radar)).timestamp() >= meanwhile,
                40,
            )
            assert newest(radar) > lost
            assert holes(url, source, newest(radar)) == []
            assert radar.source()["last_error"] is None
            assert "cannot reach" not in radar.get("/")[1].lower()
            # an upstream that fails is told, and what it gives afterwards is taken in
            source.broken = True
            until("the failure is told", lambda: radar.source().get("state") == "failing", 30)
            assert "answered 500, 2 tries" in radar.source()["last_error"]
            source.broken = False
            until("it is over", lambda: radar.source().get("state") == "ok", 30)
    finally:
        radar.stop()
    assert {process.returncode for process in radar.running} == {0}, "both ended in order"


def test_collect_needs_no_store_and_says_what_it_found(radar: Radar, source: Upstream) -> None:
    radar.env["REDIS_URL"] = "redis://127.0.0.1:1"
    told = radar.once("collect", "ioda_signals")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("ok      ioda_signals     ")
    assert "0 rejected, newest bin 20" in told.stdout
    both = radar.once("collect", "ioda_signals", "raising", "--json")
    assert both.returncode == 1
    rows = {row["source"]: row for row in json.loads(both.stdout)}
    assert rows["ioda_signals"]["ok"]
    assert rows["ioda_signals"]["rows"] < 50, "it goes on where it was left"
    assert rows["raising"]["error"] == "raising: ZeroDivisionError: a bug in a plug-in"
    assert len(Archive(radar.data).files()) == 2
    assert not (radar.data / "store").exists()


def test_a_second_radar_on_the_same_folder_or_port_says_why_it_does_not_start(radar: Radar) -> None:
    radar.start("run")
    until("the first one answers", lambda: radar.get("/health")[0] == 200)
    again = radar.once("run")
    assert (again.returncode, again.stdout) == (1, "")
    assert f"port {radar.port} is in use" in again.stderr
    radar.env["RADAR_SOURCES"] = "ioda"
    wrong = radar.once("run")
    assert wrong.returncode == 2
    assert "RADAR_SOURCES names ioda; expected 'all' or some of" in wrong.stderr


def test_the_doctor_says_what_is_broken_while_it_is(radar: Radar) -> None:
    def findings() -> list[tuple[str, str]]:
        done = radar.once("doctor", "--json")
        return [(row["level"], f"{row['topic']}: {row['text']}") for row in json.loads(done.stdout)["findings"]]

    radar.start("run")
    until("all sources were heard of", lambda: "bug" in str(radar.source("raising").get("last_error")), 40)
    said = findings()
    assert ("warning", "source: ") in [(level, text[:8]) for level, text in said if "a bug in a plug-in" in text]
    assert not [text for level, text in said if level == "broken"]
    radar.stop()
    said = findings()
    assert any(level == "note" and "not running now" in text for level, text in said)
    assert any(level == "warning" and "a bug in a plug-in" in text for level, text in said), "from its own notes"


def _can_be_interrupted() -> None:
    """Who starts the tests in the background of a script has them ignore interrupts, and all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_commands_end_at_once_when_they_are_interrupted(radar: Radar) -> None:
    line = [sys.executable, "-m", "jobs.cli", "collect", "hanging"]
    with subprocess.Popen(line, env=radar.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          preexec_fn=_can_be_interrupted) as process:  # fmt: skip
        until("it waits for an answer", (radar.data / "hangs").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
