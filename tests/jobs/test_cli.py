"""The command line: what it lists, how it says that a call was wrong, and what it leaves unimported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jobs import cli, outages
from radar import __version__, settings, store
from radar.errors import ConfigError, RadarError, StoreUnavailable
from radar.shapes import Outage
from radar.store import documents, travel
from radar.times import rfc3339

COMMANDS = ("demo", "run", "web", "jobs", "stream", "collect", "replay", "aggregate", "backtest", "causes", "try",
            "record", "outages", "archive", "rebuild", "backfill", "reference", "doctor")  # fmt: skip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def radar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command line in this process, in a data folder of its own; gives (exit code, output, errors)."""
    for row in settings.SETTINGS:
        for variable in (row.variable, *row.aliases):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.main(arguments)
        except SystemExit as done:  # argparse's way
            code = int(done.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def outage(**more: Any) -> Outage:
    made: dict[str, Any] = {
        "id": "country-IQ-20260302T0020", "entity": "country/IQ", "status": "open", "level": "outage",
        "start": "2026-03-02T00:20:00Z", "start_earliest": "2026-03-02T00:15:00Z", "end": None,
        "known_at": "2026-03-02T00:30:00Z", "confidence": 0.95,
        "severity": {"depth": 0.9, "share": None, "basis": "", "minutes": 10.0, "words": ""},
        "signals": [], "causes": [], "simulated": True, "headline": "Iraq is nearly offline",
        "updates": [{"at": "2026-03-02T00:30:00Z", "kind": "opened", "text": "Iraq is nearly offline"}],
        **more,
    }  # fmt: skip
    return made  # type: ignore[return-value]  # the whole shape is above


def test_help_lists_every_command(radar: Run) -> None:
    code, out, _ = radar("--help")
    assert code == 0
    assert [name for name in COMMANDS if name not in {line[4:].split(" ")[0] for line in out.splitlines()}] == []
    assert len([line for line in out.splitlines() if line.startswith("    ") and line[4].isalpha()]) == len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(radar: Run, command: str) -> None:
    code, out, _ = radar(command, "--help")
    assert code == 0
    assert f"usage: radar {command}" in out


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom jobs import cli\ncli.build().format_help()\n"
        "heavy = {'polars', 'numpy', 'redis', 'huey', 'httpx', 'rich', 'flask', 'dash', 'structlog'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_version_is_the_project_s(radar: Run) -> None:
    assert radar("--version")[:2] == (0, f"internet-radar {__version__}\n")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ((), "required: COMMAND"),
        (("dance",), "invalid choice: 'dance'"),
        (("demo", "--speed", "0"), "0 is not a number above 0"),
        (("demo", "--speed", "nan"), "nan is not a number above 0"),
        (("demo", "--port", "70000"), "'70000' is no port"),
        (("replay", "x.json"), "required: --source"),
        (("replay", "/nowhere", "--source", "ioda_signals"), "/nowhere does not exist"),
        (("replay", ".", "--source", "nobody"), "no source 'nobody'; there are atlas_probes, atlas_results"),
        (("collect", "nobody"), "no source 'nobody'"),
        (("try", "nobody"), "no source 'nobody'"),
        (("rebuild", "--source", "nobody"), "no source 'nobody'"),
        (("rebuild", "--from", "2026-01-08"), "'2026-01-08' is no time with a zone"),
        (("rebuild",), "there is no archive in"),
        (("archive", "burn"), "invalid choice: 'burn'"),
        (("backfill", "nobody", "--from", "2025-01"), "no source 'nobody'"),
        (("backfill", "ioda_signals"), "required: --from"),
        (("backfill", "ioda_signals", "--from", "2025-13"), "'2025-13' is no month; expected e.g. 2025-01"),
        (("backfill", "ris_live", "--from", "2025-01"), "ris_live cannot be asked for the past"),
        (("record", "nobody"), "no source 'nobody'"),
        (("outages", "--at", "2026-01-08"), "'2026-01-08' is no time with a zone; expected e.g. 2026-01-08T18:00:00Z"),
        (("outages", "--entity", "country/XX"), "country/XX"),
        (("backtest", "--signals", "a", "--labels", "b", "--profile", "odd"), "invalid choice: 'odd'"),
        (("backtest", "--signals", "/no/a", "--labels", "/no/b"), "/no/a does not exist"),
    ],
)  # fmt: skip
def test_a_wrong_call_exits_2_and_names_what_was_wrong(radar: Run, call: tuple[str, ...], says: str) -> None:
    code, out, err = radar(*call)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_a_wrong_setting_exits_2_and_names_it(radar: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    code, _, err = radar("outages")
    assert code == 2
    assert err == "radar outages: RADAR_PORT is 'many'; expected a whole number from 1 to 65535\n"


@pytest.mark.parametrize(
    ("error", "code"), [(RadarError("no"), 1), (StoreUnavailable("no"), 1), (ConfigError("no"), 2)]
)
def test_failed_work_is_one_line_and_its_exit_code(
    radar: Run, monkeypatch: pytest.MonkeyPatch, error: RadarError, code: int
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise error

    monkeypatch.setattr(outages, "run", fail)
    assert radar("outages") == (code, "", "radar outages: no\n")


def test_ctrl_c_ends_without_a_traceback(radar: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(outages, "run", interrupt)
    assert radar("outages") == (130, "", "\n")


def test_output_cut_short_by_head_is_no_error(tmp_path: Path) -> None:
    line = f"RADAR_DATA_DIR={tmp_path} {sys.executable} -m jobs.cli doctor --json | head -c 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True)
    assert "Traceback" not in done.stderr


def test_outages_before_the_first_publication_is_an_error_not_an_empty_list(
    radar: Run, monkeypatch: pytest.MonkeyPatch, valkey_url: str, client: store.Store
) -> None:
    monkeypatch.setenv("REDIS_URL", valkey_url)
    code, out, err = radar("outages", "--json")
    assert (code, out) == (1, "")
    assert "nothing was published yet" in err


def test_outages_prints_what_was_published_and_what_was_known_then(
    radar: Run, monkeypatch: pytest.MonkeyPatch, valkey_url: str, client: store.Store
) -> None:
    monkeypatch.setenv("REDIS_URL", valkey_url)
    for number, headline in enumerate(("first words", "later words")):
        at = datetime(2026, 3, 2, number, tzinfo=UTC)
        docs: dict[str, Any] = {"outages": [outage(headline=headline), outage(id="x", entity="country/PT")],
                "clock": {"now": rfc3339(at), "mode": "replay", "speed": 1.0, "ends": None}}  # fmt: skip
        with travel.Recorder(client).recording(at, docs, {}) as record:
            documents.publish(client, docs, within=record.write)
    code, out, _ = radar("outages", "--json", "--entity", "country/IQ")
    assert code == 0
    assert json.loads(out) == [outage(headline="later words")]
    then = radar("outages", "--json", "--entity", "country/IQ", "--at", "2026-03-02T00:59:59Z")[1]
    assert json.loads(then) == [outage(headline="first words")]
    code, out, err = radar("outages", "--at", "2026-03-01T00:00:00Z")
    assert (code, out) == (1, "")
    assert "it is from 2026-03-02T00:00:00Z to 2026-03-02T01:00:00Z" in err
    assert "Ongoing     country/IQ" in radar("outages")[1]
    assert radar("outages", "--entity", "country/NA")[:2] == (0, "No outages.\n")


def test_outages_of_a_folder_whose_store_does_not_run_are_read_from_its_disk(radar: Run, tmp_path: Path) -> None:
    from radar.store import connect, embedded

    with embedded.start(tmp_path) as server, connect(server.url) as client:
        documents.publish(client, {"outages": [outage()]})
    assert json.loads(radar("outages", "--json")[1])[0]["id"] == outage()["id"]


def test_outages_of_a_folder_where_no_radar_ran_say_where_one_did(radar: Run, tmp_path: Path) -> None:
    assert radar("outages") == (1, "", f"radar outages: no radar has run in {tmp_path} yet\n")
    (tmp_path / "demo").mkdir()
    assert f"the demo's data is in {tmp_path / 'demo'}" in radar("outages")[2]


def test_outages_with_the_store_down_is_an_error_in_words(radar: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    code, out, err = radar("outages")
    assert (code, out) == (1, "")
    assert "the store cannot be reached" in err


def test_a_line_says_when_a_time_is_not_known() -> None:
    assert "confidence not stated" in outages.line(outage(confidence=None))
    assert "2026-03-02T00:20:00Z .. " in outages.line(outage())


def test_times_on_the_command_line_are_utc() -> None:
    args = cli.build().parse_args(["outages", "--at", "2026-01-08T21:30:00+03:30"])
    assert args.at == datetime(2026, 1, 8, 18, tzinfo=UTC)
