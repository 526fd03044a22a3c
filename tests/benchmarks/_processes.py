"""The processes of a program that is measured: started, watched, ended; and the memory of all of them together.

Memory is PSS from ``/proc/<pid>/smaps_rollup`` (a page that several processes share counts once in total), beside it
RSS (such a page counts once for each). Linux only.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]

#: Seconds between two looks at the memory.
EVERY_S = 0.2
#: Seconds that a program gets to end after SIGINT.
ENDS_WITHIN_S = 20.0

_PROC = Path("/proc")


@dataclass(slots=True)
class Sample:
    """One look at the memory: MB (10^6 bytes) of each process by its role."""

    at: float
    pss: dict[str, float]
    rss: dict[str, float]


class Watched:
    """A program with all its descendants. ``samples`` grows while it runs; ``began`` is a ``time.monotonic``."""

    def __init__(self, process: subprocess.Popen[bytes], began: float) -> None:
        self.process = process
        self.began = began
        self.samples: list[Sample] = []
        self.seen: set[tuple[int, str]] = set()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.began

    def peak(self, until_s: float = float("inf")) -> Sample:
        """The sample with the largest sum of PSS."""
        return max((s for s in self.samples if s.at <= until_s), key=lambda s: sum(s.pss.values()))

    def peak_rss(self, until_s: float = float("inf")) -> float:
        """The largest sum of RSS, MB."""
        return max(sum(s.rss.values()) for s in self.samples if s.at <= until_s)

    def rest(self, until_s: float) -> None:
        """Only watch, until so many seconds after the start. Raises AssertionError when the program ends before."""
        while self.seconds < until_s:
            if self.process.poll() is not None:
                raise AssertionError(f"ended after {self.seconds:.0f} s with exit code {self.process.returncode}")
            time.sleep(min(1.0, max(0.0, until_s - self.seconds)))

    def interrupt(self) -> float:
        """End the program with SIGINT; seconds until it was gone.

        Raises AssertionError when it fails, takes too long, or leaves a process behind.
        """
        self._look()
        self._done.set()
        self._thread.join()
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {ENDS_WITHIN_S} s of SIGINT") from None
        took = time.monotonic() - began
        if code not in (0, 130, -signal.SIGINT):  # the last one is make
            raise AssertionError(f"ended with exit code {code}")
        left = [pid for pid, started in self.seen if _started(pid) == started]
        if left:
            raise AssertionError(f"processes remain: {[(pid, _command(pid)) for pid in left]}")
        return took

    def kill(self) -> None:
        """For a run that failed: end what is left of it, the children first."""
        self._done.set()
        self._thread.join()
        for pid, started in self.seen:
            if _started(pid) == started:
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def _watch(self) -> None:
        due = time.monotonic()
        while not self._done.is_set() and self.process.poll() is None:
            self._look()
            due = max(due + EVERY_S, time.monotonic())
            self._done.wait(due - time.monotonic())

    def _look(self) -> None:
        sample = Sample(self.seconds, {}, {})
        for pid in family(self.process.pid):
            memory = _memory(pid)
            started = _started(pid)
            if memory is None or started is None:  # it ended in between
                continue
            self.seen.add((pid, started))
            role = _role(pid)
            sample.pss[role] = sample.pss.get(role, 0.0) + memory[0]
            sample.rss[role] = sample.rss.get(role, 0.0) + memory[1]
        if sample.pss:
            self.samples.append(sample)


@contextmanager
def watch(command: Sequence[str], *, env: Mapping[str, str], cwd: Path = REPO, log: Path) -> Iterator[Watched]:
    """Run a program and watch it. The block is to end it by ``interrupt``; an error in the block kills it."""
    with log.open("wb") as out:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        watched = Watched(process, began)
        try:
            yield watched
        finally:
            if process.poll() is None:
                watched.kill()


def environment(**changed: str) -> dict[str, str]:
    """Our environment without settings of a radar, plus what is given."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith("RADAR_") and k not in ("PORT", "REDIS_URL")}
    return ours | changed


def free_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str, *, seconds: float = 5.0) -> tuple[int, bytes]:
    """Status and body of a GET on this machine; status 0 when nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


@dataclass(slots=True)
class Milestones:
    """When a demo could be used: seconds since the start."""

    page_s: float | None = None
    outage_s: float | None = None
    outage: str = ""


def milestones(watched: Watched, port: int, *, limit_s: float = 240.0, log: Path) -> Milestones:
    """Wait for the first usable page and the first open outage.

    Usable: ``/`` answers 200 and its first response holds the headline and the map of the loaded history. Raises
    AssertionError when the demo ends or takes longer than ``limit_s``.
    """
    found = Milestones()
    while found.page_s is None or found.outage_s is None:
        if watched.process.poll() is not None or watched.seconds > limit_s:
            raise AssertionError(f"the demo is not there after {watched.seconds:.0f} s: {log.read_text()[-2000:]}")
        if found.page_s is None:
            status, body = get(port, "/")
            if status == 200 and b'<svg class="map' in body and b"<h1" in body:
                found.page_s = watched.seconds
        else:
            status, body = get(port, "/api/v1/outages?status=open")
            if status == 200:
                now = [row for row in json.loads(body)["data"] if not row.get("history")]
                if now:
                    found.outage_s, found.outage = watched.seconds, now[-1]["entity"]
        time.sleep(0.1)
    return found


def demo_command(*options: str) -> list[str]:
    """``radar demo`` with this interpreter."""
    return [sys.executable, "-m", "jobs.cli", "demo", "--no-browser", *options]


def family(root: int) -> list[int]:
    """A process and all its descendants, as of now."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def _started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None when it does not run. A zombie does not run."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _memory(pid: int) -> tuple[float, float] | None:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return None
    kb = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines[1:])}
    return kb["Pss"] * 1024 / 1e6, kb["Rss"] * 1024 / 1e6


def _command(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _role(pid: int) -> str:
    command = _command(pid)
    for mark, role in (("valkey-server", "store"), ("redis-server", "store"), ("gunicorn", "web"),
                       ("jobs.rehearse", "rehearsal"), ("jobs.simulate", "simulate")):  # fmt: skip
        if mark in command:
            return role
    return "supervisor"
