"""A whole radar as processes, on an upstream of ours: what ``test_live_radar`` breaks.

The upstream gives a new ten-minute bin whenever it is asked, so that hours pass in seconds: it is 16 hours behind and
says of itself that half of that is usual. Its sources are throw-away modules that the worker finds before the real
ones. Everything else is as an operator starts it.
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
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import serving

REPO = Path(__file__).resolve().parents[2]
BIN_S = 600
CODES = ("IQ", "PT", "TO", "DE", "FR", "GB", "US", "JP")
HISTORY = timedelta(days=16)

#: Runs before anything else in our processes: our sources come first, and patience is shorter.
_SITE = """
import os, sys
import radar.sources
radar.sources.__path__.insert(0, os.environ["EXTRA_SOURCES"])
if {"jobs.worker", "jobs"} & set(sys.orig_argv):
    from jobs.collector import Collector
    from radar.http import Http, Limits
    Collector.__init__.__kwdefaults__["quiet_s"] = 3.0
    Http.__init__.__kwdefaults__["limits"] = Limits(tries=2, pause_s=0.1)
"""
_SOURCES = {
    "ioda_signals": """
import os
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
import radar.sources
from radar.sources import Answer
spec = spec_from_file_location("radar.sources._real", os.path.join(radar.sources.__path__[-1], "ioda_signals.py"))
real = module_from_spec(spec)
spec.loader.exec_module(real)
parse = real.parse
SOURCE = replace(real.SOURCE, cadence_s=5, lag_s=30_000, shards=1)
def fetch(http, since, until):
    url = f"{os.environ['UPSTREAM']}/raw?from={int(since.timestamp())}&until={int(until.timestamp())}"
    yield Answer(url, http.get(url, source="ioda_signals").body)
""",
    "raising": """
from dataclasses import replace
from radar.sources import ioda_signals
SOURCE = replace(ioda_signals.SOURCE, name="raising", cadence_s=5)
parse = ioda_signals.parse
def fetch(http, since, until):
    raise ZeroDivisionError("a bug in a plug-in")
""",
    "hanging": """
import os, threading
from dataclasses import replace
from pathlib import Path
from radar.sources import ioda_signals
SOURCE = replace(ioda_signals.SOURCE, name="hanging", cadence_s=5)
parse = ioda_signals.parse
def fetch(http, since, until):
    Path(os.environ["RADAR_DATA_DIR"], "hangs").touch()
    threading.Event().wait()
    yield
""",
}


class Upstream(ThreadingHTTPServer):
    """Answers like IODA: 16 days of pings, and one more bin at each request. ``broken`` answers 500 instead."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        now = int(datetime.now(UTC).timestamp()) // BIN_S * BIN_S
        self.newest = now - 96 * BIN_S
        self.oldest = self.newest - int(HISTORY.total_seconds())
        self.broken = False
        self.free = threading.Event()  # cleared: whoever asks waits, and is counted
        self.free.set()
        self.held = 0
        self.down_from: int | None = None  # from this bin on, Iraq is nearly offline
        self.lock = threading.Lock()

    def value(self, code: str, at: int) -> int:
        """The value of a bin: steady, and different from its neighbours."""
        value = 4000 + 10 * (at // BIN_S * 7 % 11)
        return value // 10 if code == "IQ" and self.down_from is not None and at >= self.down_from else value

    def series(self, code: str, since: int, until: int) -> dict[str, Any]:
        """One series of the answer."""
        first = max(-(-since // BIN_S) * BIN_S, self.oldest)
        bins = range(first, min(until, self.newest + BIN_S), BIN_S)
        return {
            "entityType": "country", "entityCode": code, "datasource": "ping-slash24", "subtype": "", "from": first,
            "until": first + len(bins) * BIN_S, "step": BIN_S, "nativeStep": BIN_S,
            "values": [self.value(code, at) for at in bins],
        }  # fmt: skip


class _Answers(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        """One request."""
        asked = parse_qs(urlsplit(self.path).query)
        if not self.server.free.is_set():
            self.server.held += 1
            self.server.free.wait()
        since, until = int(asked["from"][0]), int(asked["until"][0])
        with self.server.lock:
            if not self.server.broken:
                self.server.newest += BIN_S
            rows = [self.server.series(code, since, until) for code in CODES]
        body = json.dumps({"error": None, "data": [rows]}).encode()
        self.send_response(500 if self.server.broken else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The upstream, for as long as the block runs."""
    with serving(Upstream()) as server:
        yield server


class Radar:
    """A data folder with its settings; ``start`` runs commands on it, ``stop`` ends what still runs."""

    def __init__(self, folder: Path, upstream: Upstream, *, sources: str = "ioda_signals", redis_url: str = "") -> None:
        self.folder = folder
        self.data = folder / "data"
        (folder / "site").mkdir(parents=True)
        (folder / "site" / "sitecustomize.py").write_text(_SITE)
        (folder / "sources").mkdir()
        for name, code in _SOURCES.items():
            (folder / "sources" / f"{name}.py").write_text(code)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("RADAR_")},
            "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{REPO}", "EXTRA_SOURCES": str(folder / "sources"),
            "UPSTREAM": f"http://127.0.0.1:{upstream.server_address[1]}",
            "RADAR_DATA_DIR": str(self.data), "PORT": str(self.port), "REDIS_URL": redis_url,
            "RADAR_SOURCES": sources, "RADAR_ACCEPT_TERMS": "all", "RADAR_TICK_S": "5", "RADAR_WEB_WORKERS": "2",
        }  # fmt: skip
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, command: str) -> subprocess.Popen[bytes]:
        """Run ``radar COMMAND``; its log goes to a file beside the data."""
        with (self.folder / f"{command}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jobs.cli", command],
                env=self.env, cwd=REPO, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.running.append(process)
        return process

    def once(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        line = [sys.executable, "-m", "jobs.cli", *arguments]
        return subprocess.run(line, env=self.env, cwd=REPO, capture_output=True, text=True, timeout=60, check=False)

    def stop(self) -> None:
        """End what still runs, and what that left."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        for process in self.running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of an answer of the site; 0 when nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except (OSError, http.client.HTTPException):  # nobody there, or killed in mid-answer
            return 0, ""

    def status(self) -> dict[str, Any]:
        """``/api/v1/status``, or nothing while it cannot be had."""
        code, body = self.get("/api/v1/status")
        return dict(json.loads(body)["data"]) if code == 200 else {}

    def source(self, name: str = "ioda_signals") -> dict[str, Any]:
        """A source's row there."""
        return next((row for row in self.status().get("sources", []) if row["name"] == name), {})

    def log(self, command: str) -> str:
        """What a command wrote."""
        return (self.folder / f"{command}.log").read_text(errors="replace")

    def children(self, process: subprocess.Popen[bytes]) -> dict[str, int]:
        """Process ids of a supervisor's children, once all of them run: "store", "jobs", "web"."""
        return dict(until("all processes run", lambda: len(found := self._children(process)) == 3 and found))

    def _children(self, process: subprocess.Popen[bytes]) -> dict[str, int]:
        found = {}
        for pid in _children(process.pid):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            for name, mark in (("store", "valkey-server"), ("jobs", "jobs.worker"), ("web", "gunicorn")):
                if mark in line:
                    found[name] = pid
        return found


def _children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def grandchildren(pid: int) -> list[int]:
    """The processes that a process started."""
    return _children(pid)


def gone(pid: int) -> bool:
    """Is there no such process, or only its empty shell?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)


def until(what: str, ready: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Look again and again until something is so; what it gave then."""
    pause = threading.Event()
    limit = time.monotonic() + seconds
    while True:
        found = ready()
        if found:
            return found
        assert time.monotonic() < limit, f"it did not come to that within {seconds:g} s: {what}"
        pause.wait(0.1)
