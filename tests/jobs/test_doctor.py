"""``radar doctor``: each thing that can be wrong, said in words with what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from jobs import doctor
from jobs.doctor import Finding
from jobs.ledger import Ledger
from radar import store
from radar.errors import ConfigError
from radar.settings import Settings, load
from radar.store import Server, documents
from tests.samples import sample_jobs

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"RADAR_DATA_DIR": str(tmp_path)})


def found(settings: Settings, topic: str) -> list[Finding]:
    return [finding for finding in doctor.examine(lambda: settings, NOW) if finding.topic == topic]


def clock(wall: str, *, mode: str = "live", speed: float = 1.0) -> dict[str, object]:
    return {"now": wall, "mode": mode, "speed": speed, "simulated": False, "starts": None, "ends": None, "wall": wall}


def test_a_fresh_folder_has_nothing_broken(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(as_json=False, read=lambda: settings, now=NOW) == 0
    said = capsys.readouterr().out
    assert "the embedded Valkey is not running now" in said
    assert said.endswith("Nothing is broken.\n")


def test_json_holds_the_same_findings(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(as_json=True, read=lambda: settings, now=NOW) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["ok"] is True
    assert {"python", "packages", "settings", "data", "store", "browser"} <= {f["topic"] for f in body["findings"]}


def test_a_wrong_setting_is_named_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    def read() -> Settings:
        raise ConfigError("RADAR_PORT is 'many'; expected a whole number from 1 to 65535")

    assert doctor.run(as_json=False, read=read, now=NOW) == 1
    said = capsys.readouterr().out
    assert "RADAR_PORT is 'many'" in said
    assert "docs/settings.md" in said


def test_a_folder_that_cannot_be_written_is_broken(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (finding,) = found(replace(settings, data_dir=tmp_path / "file" / "data"), "data")
    assert finding.level == "broken"
    assert "RADAR_DATA_DIR" in finding.todo


def test_a_full_disk_is_said_before_it_stops_the_archive(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((100 * 2**20, "broken"), (2**30, "warning"), (2**35, "ok")):
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path, free=free: SimpleNamespace(free=free))
        assert [finding.level for finding in found(settings, "data")] == [level]


def test_a_redis_that_does_not_answer_is_broken_and_its_password_is_not_shown(settings: Settings) -> None:
    (finding,) = found(replace(settings, redis_url="redis://me:secret@127.0.0.1:1"), "store")
    assert finding.level == "broken"
    assert "secret" not in finding.text
    assert "REDIS_URL" in finding.todo


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [("redis", "7.0.15", "broken"), ("redis", "7.2.0", "ok"), ("redis", "8.2.3", "ok"), ("valkey", "7.2.5", "broken"),
     ("valkey", "8.0.1", "ok"), ("valkey", "9.1.2", "ok")],
)  # fmt: skip
def test_a_server_that_is_too_old_is_broken(name: str, version: str, level: str) -> None:
    (finding,) = doctor._server(Server(name, version, 1000, True, "noeviction"), "here")
    assert finding.level == level


def test_a_server_that_forgets_is_said() -> None:
    server = Server("redis", "8.0.0", 1000, False, "allkeys-lru")
    assert [finding.level for finding in doctor._server(server, "here")] == ["ok", "warning", "broken"]


def test_documents_are_judged_by_their_age(settings: Settings, valkey_url: str, client: store.Store) -> None:
    settings = replace(settings, redis_url=valkey_url)
    assert [f.text for f in found(settings, "documents")] == ["nothing was published yet"]
    documents.publish(client, {"clock": clock("2026-03-02T11:59:00Z")})
    assert [f.level for f in found(settings, "documents")] == ["ok"]
    documents.publish(client, {"clock": clock("2026-03-02T10:00:00Z")})
    (late,) = found(settings, "documents")
    assert (late.level, "published 2 h ago" in late.text) == ("broken", True)
    documents.publish(client, {"clock": clock("2026-03-02T10:00:00Z", mode="replay", speed=0)})
    assert [f.level for f in found(settings, "documents")] == ["ok"], "a replay that has ended publishes no more"


def test_sources_and_jobs_that_fail_are_named_with_their_error(
    settings: Settings, valkey_url: str, client: store.Store
) -> None:
    settings = replace(settings, redis_url=valkey_url)
    row = {"newest_bin": None, "rows": 0, "last_error": "no answer"}
    documents.publish(client, {
        "clock": clock("2026-03-02T12:00:00Z"),
        "sources": [{"name": "a", "state": "failing", **row}, {"name": "b", "state": "late", **row},
                    {"name": "c", "state": "ok", **row}, {"name": "d", "state": "off", **row}],
    })  # fmt: skip
    told = {f.text.partition(":")[0]: f for f in found(settings, "source")}
    assert [told[name].level for name in "abcd"] == ["warning", "warning", "ok", "note"]
    assert "radar try a" in told["a"].todo
    (none,) = found(settings, "jobs")
    assert (none.level, none.text) == ("note", "no worker has reported yet")


def test_jobs_that_fail_dead_workers_and_what_waits_are_told(
    settings: Settings, valkey_url: str, client: store.Store, tmp_path: Path
) -> None:
    settings = replace(settings, redis_url=valkey_url)
    documents.publish(client, {"clock": clock("2026-03-02T12:00:00Z"), "jobs": sample_jobs(NOW)})
    told = {f.text: f.level for f in found(settings, "jobs")}
    assert told == {
        "1 alive: radar-a:4021; silent: radar-b:977": "ok",
        "2 tasks wait, 1 are planned; the oldest waits since 2026-03-02T11:59:25Z": "ok",
        "7 files of rows wait for the pipeline, the oldest since 2026-03-02T11:57:40Z": "ok",
        "collect:google_traffic failed at 2026-03-02T11:30:00Z: google_traffic: 503 from upstream": "warning",
        "collect:ioda_signals.2of4 was due at 2026-03-02T11:39:58Z; "
        "its last run began at 2026-03-02T11:35:00Z": "warning",
    }
    documents.put(client, "jobs", sample_jobs(NOW - timedelta(minutes=5)))
    dead = found(settings, "jobs")[0]
    assert (dead.level, dead.text) == ("warning", "no worker was heard of since 2026-03-02T11:54:56Z")


def test_workers_with_different_archives_are_broken_and_so_is_a_folder_that_none_writes_to(
    settings: Settings, valkey_url: str, client: store.Store, tmp_path: Path
) -> None:
    settings = replace(settings, redis_url=valkey_url)
    jobs = sample_jobs(NOW)
    jobs["workers"][1] |= {"archive": "other", "heard": "2026-03-02T11:59:58Z"}
    jobs["behind"] = "2026-03-02T11:00:00Z"
    documents.publish(client, {"clock": clock("2026-03-02T12:00:00Z"), "jobs": jobs})
    (tmp_path / "archive").mkdir(exist_ok=True)
    (tmp_path / "archive" / "id").write_text("mine\n")
    told = {f.text.partition(":")[0]: f.level for f in found(settings, "jobs")}
    assert told["workers write to different archives"] == "broken"
    assert told[f"the archive below {tmp_path} is mine; the living workers write to another one"] == "warning"
    assert told["the pipeline is behind"] == "warning"


def test_a_source_that_is_named_and_cannot_be_collected_is_broken(settings: Settings) -> None:
    (unknown,) = found(replace(settings, sources=("edge_log",)), "sources")
    assert (unknown.level, "RADAR_SOURCES names edge_log" in unknown.text) == ("broken", True)
    bare, nothing = found(replace(settings, sources=("edge_logs",)), "sources")
    assert (bare.level, bare.todo) == ("broken", "set RADAR_EDGE_LOGS; docs/settings.md says to what")
    assert nothing.level == "warning"
    (fine,) = found(settings, "sources")
    assert (
        fine.level,
        fine.text.endswith("are on: earthquakes, google_traffic, holidays, mlab_ndt, provider_status"),
    ) == (
        "ok",
        True,
    )
    (terms,) = found(replace(settings, accept_terms=("moon",)), "sources")
    assert (terms.level, terms.todo) == ("broken", "correct RADAR_ACCEPT_TERMS")


def told_of(settings: Settings, name: str) -> Finding:
    """The one line about a source."""
    (line,) = (f for f in found(settings, "source") if f.text.startswith(f"{name}: "))
    return line


def test_each_source_is_said_to_be_on_or_off_with_the_reason_and_what_to_do(settings: Settings) -> None:
    on, bare, terms = (told_of(settings, name) for name in ("mlab_ndt", "edge_logs", "ioda_signals"))
    assert on.text == "mlab_ndt: on, never, no data yet, 0 rows"
    assert "radar collect mlab_ndt" in on.todo
    assert bare.text == "edge_logs: off. RADAR_EDGE_LOGS is not set."
    assert "No open licence is stated" in terms.text
    assert terms.todo.endswith("add ioda_signals to RADAR_ACCEPT_TERMS")
    assert told_of(replace(settings, accept_terms=("all",)), "ioda_signals").text.startswith("ioda_signals: on")
    named = replace(settings, sources=("mlab_ndt",))
    assert told_of(named, "google_traffic").todo == "add google_traffic to RADAR_SOURCES"


def test_the_age_of_the_newest_data_is_told_without_a_store(settings: Settings) -> None:
    settings = replace(settings, accept_terms=("ripestat_country",))
    for newest, level, state in (("2026-03-02T10:00:00Z", "ok", "ok"), ("2026-02-01T10:00:00Z", "warning", "late")):
        with Ledger(settings.data_dir).change("ripestat_country") as entry:
            entry.newest_bins, entry.newest_bin = {"bgp.networks": newest}, newest
            entry.last_success, entry.rows = "2026-03-02T11:00:00Z", 7
        line = told_of(settings, "ripestat_country")
        assert (line.level, f"on, {state}, newest bin {newest} (" in line.text) == (level, True)
    assert line.text.endswith("29 days behind), 7 rows")


def test_without_a_store_the_collectors_own_notes_are_read(settings: Settings) -> None:
    ledger = Ledger(settings.data_dir)
    with ledger.change("ioda_signals") as entry:
        entry.last_error, entry.last_error_at = "ioda_signals: answered 503", "2026-03-02T11:59:00Z"
    with ledger.change("mlab_ndt") as entry:
        entry.last_success = "2026-03-02T11:00:00Z"
        entry.newest_bins = {"ndt.rtt_p50": "2026-01-01T00:00:00Z"}
        entry.newest_bin = "2026-01-01T00:00:00Z"
    failing, fine = told_of(settings, "ioda_signals"), told_of(settings, "mlab_ndt")
    assert (failing.level, "answered 503" in failing.text) == ("warning", True)
    assert fine.level == "ok"


def test_a_quick_tick_is_not_called_stalled_by_one_slow_publication(
    settings: Settings, valkey_url: str, client: store.Store
) -> None:
    """Taking in four weeks of history takes longer than five ticks of five seconds."""
    documents.publish(client, {"clock": clock("2026-03-02T11:58:00Z")})
    assert [f.level for f in found(replace(settings, redis_url=valkey_url, tick_s=5), "documents")] == ["ok"]
