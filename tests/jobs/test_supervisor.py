"""The supervisor with small stand-in programs: what it starts, restarts, forwards, and never leaves behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs import supervisor as module
from jobs.claims import check_port, folder_lock
from jobs.supervisor import Child, Supervisor
from radar.errors import RadarError

#: Ends on SIGTERM, as it should.
POLITE = "import signal; print('up', flush=True); signal.pause()"
SAYS_PID = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
#: Ignores SIGTERM, and has a child of its own that does so too.
STUBBORN = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
os.write(1, b'%d\\n' % os.getpid())  # in one piece: two processes write here
signal.pause()
"""

Lines = list[tuple[str, str]]


def program(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def child(name: str, code: str, **more: object) -> Child:
    return Child(name=name, command=program(code), env=dict(os.environ), **more)  # type: ignore[arg-type]  # passed on


def until(supervisor: Supervisor, ready: Callable[[], bool], seconds: float = 10) -> None:
    """Let the supervisor work until something is so."""
    limit = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < limit, "it did not come to that"
        supervisor.step(0.05)


def gone(pid: int) -> bool:
    """Is there no such process, or only its empty shell?"""
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True


@pytest.fixture
def lines() -> Lines:
    return []


@pytest.fixture
def supervisor(lines: Lines) -> Iterator[Supervisor]:
    made = Supervisor(lambda name, line: lines.append((name, line)), grace_s=1.0)
    yield made
    made.stop()


def test_a_child_s_lines_are_forwarded_with_its_name(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(child("web", POLITE))
    until(supervisor, lambda: ("web", "up") in lines)


def test_lines_of_both_streams_arrive_whole_even_when_it_ends_at_once(supervisor: Supervisor, lines: Lines) -> None:
    code = "import sys; print('x' * 200_000); print('last', end='', file=sys.stderr)"
    supervisor.start(child("web", code, restart=False))
    until(supervisor, lambda: supervisor.ended("web") == 0)
    assert ("web", "x" * 200_000) in lines
    assert ("web", "last") in lines


def test_on_line_takes_standard_output_and_leaves_the_log(supervisor: Supervisor, lines: Lines) -> None:
    heard: list[str] = []
    code = "import sys; print('data'); print('log', file=sys.stderr)"
    supervisor.start(child("play", code, restart=False, on_line=heard.append))
    until(supervisor, lambda: supervisor.ended("play") == 0)
    assert heard == ["data"]
    assert lines == [("play", "log")]


def test_a_crashed_child_is_started_again(
    supervisor: Supervisor, lines: Lines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", (0.01, 0.02))
    file = tmp_path / "starts"
    supervisor.start(child("jobs", f"open({str(file)!r}, 'a').write('x'); raise SystemExit(3)"))
    until(supervisor, lambda: file.exists() and len(file.read_text()) >= 3)
    assert ("jobs", "ended (exit code 3), starts again in 0.01 s") in lines


def test_the_wait_before_a_restart_grows(supervisor: Supervisor, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKOFF_S", (0.01, 0.03))
    supervisor.start(child("jobs", "raise SystemExit(1)"))
    until(supervisor, lambda: len(lines) >= 4)
    assert [line.rpartition(" in ")[2] for _, line in lines[:4]] == ["0.01 s", "0.02 s", "0.03 s", "0.03 s"]


def test_a_child_that_ended_well_and_shall_not_restart_stays_ended(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(child("play", "pass", restart=False))
    until(supervisor, lambda: supervisor.ended("play") == 0)
    supervisor.step(0.05)
    assert not supervisor.alive("play")
    assert lines == []


def test_a_program_that_is_not_there_is_an_error_in_words(supervisor: Supervisor) -> None:
    with pytest.raises(RadarError, match="web cannot be started"):
        supervisor.start(Child(name="web", command=["/nowhere/gunicorn"], env={}))


def test_stop_kills_the_stubborn_and_what_they_started(supervisor: Supervisor, lines: Lines) -> None:
    supervisor.start(child("web", STUBBORN))
    until(supervisor, lambda: len(lines) == 2)
    pids = [int(line) for _, line in lines]
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 3
    assert len(set(pids)) == 2
    until(supervisor, lambda: all(gone(pid) for pid in pids), 2)
    assert ("web", "did not stop in time, killed") in lines


def test_stop_asks_the_polite_and_kills_nobody(supervisor: Supervisor, lines: Lines) -> None:
    for name in ("web", "jobs"):
        supervisor.start(child(name, POLITE))
    until(supervisor, lambda: len(lines) == 2)
    supervisor.stop()
    assert [supervisor.ended(name) for name in ("web", "jobs")] == [-signal.SIGTERM, -signal.SIGTERM]
    assert len(lines) == 2


def test_what_a_crashed_child_left_behind_is_killed(supervisor: Supervisor, lines: Lines) -> None:
    code = "import os, signal\npid = os.fork()\nif pid: print(pid, flush=True); raise SystemExit(1)\nsignal.pause()"
    supervisor.start(child("web", code, restart=False))
    until(supervisor, lambda: supervisor.ended("web") == 1)
    until(supervisor, lambda: gone(int(lines[0][1])))


def test_a_signal_ends_the_loop(supervisor: Supervisor) -> None:
    supervisor.start(child("web", POLITE))
    with supervisor.signals():
        supervisor.run(lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert supervisor.stopping
    assert not supervisor.alive("web")


def test_a_port_in_use_is_named_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(RadarError, match=f"port {port} is in use; choose another one, such as PORT="):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_a_folder_belongs_to_one_radar_at_a_time(tmp_path: Path) -> None:
    with folder_lock(tmp_path, "demo"):
        with pytest.raises(RadarError, match="another `radar demo` uses"), folder_lock(tmp_path, "demo"):
            pass
        with folder_lock(tmp_path / "other", "demo"):
            pass
    with folder_lock(tmp_path, "demo"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys
from jobs.supervisor import Child, Supervisor
supervisor = Supervisor(lambda name, line: print(line, flush=True))
supervisor.start(Child("web", {program(SAYS_PID)!r}, os.environ))
supervisor.run()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert not gone(pid)
        process.kill()
        process.wait()
        limit = time.monotonic() + 5
        while not gone(pid):
            assert time.monotonic() < limit, "the child outlived its supervisor"
