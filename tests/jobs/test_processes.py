"""What the demo says, how the site is started, and how a lonely signal to make is noticed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jobs import demo, web
from jobs.processes import address, answers, forwarder, web_child
from jobs.progress import Plain
from radar.settings import child_environment, load


class Screen(Plain):
    """Keeps what was said."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self.said: list[str] = []
        self.logged: list[str] = []

    def say(self, text: str, *, strong: bool = False) -> None:
        self.said.append(text)

    def log(self, name: str, line: str) -> None:
        self.logged.append(line)


@pytest.fixture
def screen() -> Screen:
    return Screen()


def event(kind: str, **fields: object) -> str:
    return json.dumps({"event": kind, **fields})


OUTAGE = event("outage", now="2026-03-02T00:30:00Z", id="iq-1", entity="country/IQ", headline="Iraq is offline")


def test_the_demo_gives_the_address_only_when_the_page_answers(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = [False, True]
    monkeypatch.setattr(demo, "answers", lambda _settings: ready.pop(0))
    play = demo.Demo(load({}), screen, browser=False)
    play.look()
    assert screen.said == []
    assert ready == [False, True], "nothing is asked before history is loaded"
    play.hear(event("loaded", now="2026-03-02T00:00:00Z"))
    play.hear(OUTAGE)
    for _ in range(2):
        play._asked_at = 0.0
        play.look()
    text = "\n".join(screen.said)
    assert text.index("The radar is open: http://localhost:8050/") < text.index("First outage: Iraq is offline")
    assert "http://localhost:8050/outage/iq-1" in text


def test_the_demo_says_when_the_first_outage_opens_and_only_then(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "answers", lambda _settings: True)
    play = demo.Demo(load({}), screen, browser=False)
    play.hear(event("loaded", now="2026-03-02T00:00:00Z"))
    play.look()
    play.hear(OUTAGE)
    play.hear(OUTAGE.replace("iq-1", "iq-2"))
    assert [line for line in screen.said if line.startswith("First outage")] == ["First outage: Iraq is offline"]


def test_the_demo_goes_on_serving_after_the_play_and_says_so(screen: Screen) -> None:
    demo.Demo(load({}), screen, browser=False).hear(event("ended", now="2026-03-02T14:00:00Z"))
    assert screen.said[0] == "The play has ended at 2026-03-02T14:00:00Z."
    assert "The site goes on" in screen.said[1]


@pytest.mark.parametrize("line", ["plain words", "{}", "[1]", '"event"', '{"event": 3}', '{"event": "news"}'])
def test_other_lines_of_the_rehearsal_never_break_the_demo(screen: Screen, line: str) -> None:
    demo.Demo(load({}), screen, browser=False).hear(line)
    assert screen.said == []


def test_a_new_demo_starts_from_nothing(tmp_path: Path) -> None:
    own, other = tmp_path / "demo", tmp_path / "other"
    for folder in (own / "store", own / "archive", other):
        folder.mkdir(parents=True)
        (folder / "file").write_text("x")
    (own / "stray").symlink_to(other)
    demo.make_anew(own)
    assert list(own.iterdir()) == []
    assert (other / "file").read_text() == "x", "a link is removed, and not what it leads to"


def test_one_process_serves_the_demo_unless_somebody_asks_for_more() -> None:
    assert demo.own_settings(load({})).web_workers == 1
    assert demo.own_settings(load({"RADAR_WEB_WORKERS": "4"})).web_workers == 4


def test_the_demo_reads_nothing_that_is_not_simulated(tmp_path: Path) -> None:
    live = {"RADAR_DATA_DIR": str(tmp_path), "RADAR_EDGE_LOGS": "/var/log", "REDIS_URL": "redis://127.0.0.1:1/0"}
    own = demo.own_settings(load(live))
    assert (own.data_dir, own.edge_logs, own.redis_url) == (tmp_path / "demo", "", "")


def test_the_site_is_started_as_the_settings_say() -> None:
    line = web.command(load({"PORT": "9000", "RADAR_HOST": "::1", "RADAR_WEB_WORKERS": "3", "RADAR_WEB_THREADS": "5"}))
    text = " ".join(line)
    assert "--bind [::1]:9000" in text
    assert "--workers 3 --threads 5" in text
    assert "--worker-class gthread" in text
    assert "--no-control-socket" in line
    assert "--preload" not in line, "a process that used Polars must not fork"


def test_the_site_keeps_its_memory_small_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    assert web_child(load({})).env["MALLOC_ARENA_MAX"] == "1"
    monkeypatch.setenv("MALLOC_ARENA_MAX", "4")
    assert web_child(load({})).env["MALLOC_ARENA_MAX"] == "4"


def test_children_get_our_settings_under_their_own_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    ours = replace(load({"RADAR_SOURCES": "a,b"}), data_dir=tmp_path, port=9000, redis_url="unix:///s")
    assert load(child_environment(ours)) == ours


def test_nobody_listening_is_no_answer() -> None:
    assert not answers(load({"PORT": "1"}), seconds=0.5)


def test_the_address_is_one_that_a_browser_can_open() -> None:
    assert address(load({"RADAR_HOST": "0.0.0.0", "PORT": "80"})) == "http://localhost:80/"
    assert address(load({"RADAR_HOST": "::1"})) == "http://[::1]:8050/"


def test_json_logs_stay_json_whatever_a_child_writes(capsys: pytest.CaptureFixture[str]) -> None:
    forward = forwarder(load({"RADAR_LOG_FORMAT": "json"}))
    forward("web", '{"event": "its own"}')
    forward("store", "plain words")
    own, wrapped = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert own == {"event": "its own"}
    assert (wrapped["process"], wrapped["event"]) == ("store", "plain words")


@pytest.mark.skipif(sys.platform != "linux", reason="make is watched through /proc, which only Linux has")
def test_a_signal_to_make_alone_is_noticed(tmp_path: Path) -> None:
    """GNU make waits in silence for its child after SIGINT; the child must notice by itself."""
    watch = (
        "from jobs.parent import Make; make = Make(); print('watching', make.gave_up(), flush=True)\n"
        "while not make.gave_up(): os.sched_yield()\nprint('noticed', flush=True)"
    )
    script = tmp_path / "watch.py"
    script.write_text(f"import os\n{watch}")
    (tmp_path / "Makefile").write_text(f"all:\n\t@{sys.executable} {script}\n")
    repo = Path(__file__).resolve().parents[2]
    line = ["make", "-C", str(tmp_path)]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": str(repo)}
    ) as make:
        assert make.stdout is not None
        said = next(text for text in make.stdout if text.startswith("watching"))
        assert said == "watching False\n"
        make.send_signal(signal.SIGINT)
        assert "noticed" in make.stdout.read()


def test_a_new_demo_throws_everything_away_but_what_people_said(tmp_path: Path) -> None:
    for name in ("journal/reviews.ndjson", "store/appendonly", "archive/raw/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    demo.make_anew(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()] == [
        "journal/reviews.ndjson"
    ]
