"""Two workers, real processes over a real Valkey: one is killed or stopped in the middle of what it does, the other
takes it over. What comes of it is what one worker makes that nobody disturbs: nothing lost, nothing twice.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from radar.store import board, connect, documents, embedded, keys
from tests.chaos.stage import CODES, REPO, until
from tests.serving import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, STEP = timedelta(hours=1), 600
#: Each is collected and then scored. In the second one Iraq has an outage; at the third, upstream has revised what it
#: said at the second.
TIMES = (START, START + HOUR, START + 2 * HOUR)
#: Long enough for a busy machine to renew in time.
LEASE_S = 1.5
#: Before which of its writes of series a worker stands still in mid-tick: the first, and later ones.
STOPS = (1, 12, 20)


class Upstream(ThreadingHTTPServer):
    """Gives pings of one country per request. What it says follows from ``edition``; ``hold`` names a country whose
    next answer is made at once and sent when ``free`` is set."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.edition = 0
        self.hold = ""
        self.held, self.free = threading.Event(), threading.Event()

    def value(self, code: str, at: int) -> int:
        """A steady series, and different in each bin."""
        value = 4000 + 10 * (at // STEP * 7 % 11)
        if self.edition >= 1 and code == "IQ" and at >= START.timestamp():
            return value // 10
        revised = self.edition >= 2 and at >= (START - HOUR).timestamp()
        return value + 7 if revised else value


class _Answers(BaseHTTPRequestHandler):
    server: Upstream

    def do_GET(self) -> None:
        """One country."""
        asked = parse_qs(urlsplit(self.path).query)
        code, since, end = asked["code"][0], int(asked["from"][0]), int(asked["until"][0])
        since = max(since, int((START - timedelta(days=16)).timestamp()))
        since += -since % STEP
        bins = range(since, end - STEP + 1, STEP)
        series = {
            "entityType": "country", "entityCode": code, "datasource": "ping-slash24", "subtype": "", "from": since,
            "until": since + len(bins) * STEP, "step": STEP, "nativeStep": STEP,
            "values": [self.server.value(code, at) for at in bins],
        }  # fmt: skip
        body = json.dumps({"error": None, "data": [[series]]}).encode()
        if code == self.server.hold:
            self.server.hold = ""
            self.server.held.set()
            self.server.free.wait(60)
        try:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked is dead

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The upstream, for as long as the block runs."""
    with serving(Upstream()) as server:
        try:
            yield server
        finally:
            server.free.set()


@dataclass
class Radar:
    """A folder, a store and an upstream, with the workers that share them."""

    folder: Path
    url: str
    source: Upstream
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def worker(self) -> subprocess.Popen[str]:
        """Start one."""
        line = [sys.executable, "-m", "tests.chaos.hand", str(self.folder), self.url, self.source.url, str(LEASE_S)]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                line, cwd=REPO, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self.workers.append(process)
        return process

    def everything(self) -> dict[str, Any]:
        """All that workers leave, but for what only says when by the wall clock, how long, or who."""
        found: dict[str, Any] = {}
        passing = (keys.lease(""), keys.queue(""), keys.document(board.DOCUMENT), keys.document("clock"))
        with connect(self.url) as client:
            for key in sorted(client.scan_iter(count=1000)):
                if not key.decode().startswith(passing):
                    kind = client.type(key)
                    read: dict[bytes, Callable[[], Any]] = {
                        b"string": partial(client.get, key),
                        b"hash": partial(client.hgetall, key),
                        b"zset": partial(client.zrange, key, 0, -1, withscores=True),
                        b"list": partial(client.llen, key),  # frames, which say when by the wall clock
                    }
                    found[key.decode()] = read[kind]()
        for path in sorted((self.folder / "archive").rglob("*")):
            if path.is_file() and path.suffix in (".zst", ".parquet", ".ndjson"):
                found[str(path.relative_to(self.folder))] = path.read_bytes()
        for path in sorted((self.folder / "collect").glob("*.json")):
            found[path.name] = {k: v for k, v in orjson.loads(path.read_bytes()).items() if k != "seconds"}
        return found

    def version(self) -> int:
        """How often something was published."""
        with connect(self.url) as client:
            return documents.version(client)


def tell(worker: subprocess.Popen[str], job: str, now: datetime, stop: int = 0) -> None:
    """Let it begin; ``stop``: before which write of series it is to stop itself."""
    assert worker.stdin is not None
    worker.stdin.write(f"{job} {now.isoformat()} {stop}\n")
    worker.stdin.flush()


def said(worker: subprocess.Popen[str]) -> str:
    """How it went."""
    assert worker.stdout is not None
    return worker.stdout.readline().strip().rpartition(" ")[0]


def done(worker: subprocess.Popen[str], job: str, now: datetime) -> None:
    """It does it, as soon as it may."""

    def once() -> bool:
        tell(worker, job, now)
        outcome = said(worker)
        assert outcome in ("DONE", "TAKEN", "HELD"), outcome
        return outcome == "DONE"

    until(f"{job} {now} is done", once, 40)


def stopped(worker: subprocess.Popen[str]) -> bool:
    """Does it stand still?"""
    return Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@contextmanager
def running(folder: Path, base: Path | None = None) -> Iterator[Radar]:
    """A radar, from nothing or a copy of what another one left; nothing is left running of it."""
    if base is None:
        folder.mkdir()
    else:
        shutil.copytree(base, folder, ignore=shutil.ignore_patterns("s.*", "*.lock", "socket", "*.pid"))
    with upstream() as source, embedded.start(folder / "s") as server:
        radar = Radar(folder, server.url, source)
        try:
            yield radar
        finally:
            for worker in radar.workers:
                worker.kill()
                worker.communicate()


@dataclass(frozen=True)
class Undisturbed:
    """What one worker makes of it, and how often it publishes."""

    everything: dict[str, Any]
    version: int


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is there before the disturbance: 16 days were collected, learnt from and published."""
    folder = tmp_path_factory.mktemp("base") / "radar"
    with running(folder) as radar:
        worker = ready(radar, radar.worker())
        done(worker, "collect", TIMES[0])
        done(worker, "tick", TIMES[0])
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Undisturbed:
    """One worker alone."""
    with running(tmp_path_factory.mktemp("alone") / "radar", base) as radar:
        worker = ready(radar, radar.worker())
        radar.source.edition = 1
        done(worker, "collect", TIMES[1])
        tell(worker, "tick", TIMES[1])
        assert worker.stdout is not None
        outcome, _, count = worker.stdout.readline().strip().rpartition(" ")
        assert outcome == "DONE", (radar.folder / "log").read_text()
        assert int(count) >= max(STOPS)
        rest(radar, worker)
        found = radar.everything()
        assert json.loads(found[keys.document("outages")])[0]["entity"] == "country/IQ"
        return Undisturbed(found, radar.version())


def ready(radar: Radar, worker: subprocess.Popen[str]) -> subprocess.Popen[str]:
    """It has started."""
    assert said(worker) == "READY", (radar.folder / "log").read_text()
    return worker


@pytest.fixture
def radar(tmp_path: Path, base: Path) -> Iterator[Radar]:
    with running(tmp_path / "radar", base) as made:
        made.source.edition = 1
        yield made


def two(radar: Radar) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Two workers."""
    first, second = radar.worker(), radar.worker()
    return ready(radar, first), ready(radar, second)


def rest(radar: Radar, worker: subprocess.Popen[str]) -> None:
    """What comes after it."""
    radar.source.edition = 2
    done(worker, "collect", TIMES[2])
    done(worker, "tick", TIMES[2])


def same(radar: Radar, wanted: Undisturbed) -> None:
    """Is all of it as if nothing had happened?"""
    found = radar.everything()
    assert sorted(found) == sorted(wanted.everything)
    assert [name for name, body in found.items() if body != wanted.everything[name]] == []
    assert radar.version() == wanted.version, "nothing was published twice"


def in_mid_collection(radar: Radar) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Two workers; the first has archived half of the countries and waits for the next one's answer."""
    first, second = two(radar)
    radar.source.hold = CODES[4]
    tell(first, "collect", TIMES[1])
    assert radar.source.held.wait(40)
    tell(second, "collect", TIMES[1])
    assert said(second) == "TAKEN"
    return first, second


def test_a_worker_killed_in_mid_collection(radar: Radar, undisturbed: Undisturbed) -> None:
    first, second = in_mid_collection(radar)
    first.kill()
    first.wait()
    done(second, "collect", TIMES[1])
    done(second, "tick", TIMES[1])
    rest(radar, second)
    same(radar, undisturbed)


def test_a_worker_stopped_in_mid_collection_that_wakes_up_when_all_is_done(
    radar: Radar, undisturbed: Undisturbed
) -> None:
    first, second = in_mid_collection(radar)
    first.send_signal(signal.SIGSTOP)
    done(second, "collect", TIMES[1])
    done(second, "tick", TIMES[1])
    rest(radar, second)
    radar.source.free.set()  # what it gets now is older than what the other one has archived
    first.send_signal(signal.SIGCONT)
    assert said(first) == "HELD"
    same(radar, undisturbed)
    tell(first, "tick", TIMES[2])
    assert said(first) == "TAKEN", "and it works on"


@pytest.mark.parametrize("stop", STOPS)
def test_a_worker_killed_in_mid_tick(radar: Radar, undisturbed: Undisturbed, stop: int) -> None:
    first, second = two(radar)
    done(first, "collect", TIMES[1])
    tell(first, "tick", TIMES[1], stop)
    until("it stands in mid-tick", lambda: stopped(first), 40)
    first.kill()
    first.wait()
    done(second, "tick", TIMES[1])
    rest(radar, second)
    same(radar, undisturbed)


@pytest.mark.parametrize("stop", STOPS)
def test_a_worker_stopped_in_mid_tick_that_wakes_up_when_all_is_done(
    radar: Radar, undisturbed: Undisturbed, stop: int
) -> None:
    first, second = two(radar)
    done(first, "collect", TIMES[1])
    tell(first, "tick", TIMES[1], stop)
    until("it stands in mid-tick", lambda: stopped(first), 40)
    done(second, "tick", TIMES[1])
    with connect(radar.url) as client:
        tell(second, "beat", TIMES[1])
        assert said(second) == "BEAT"
        jobs = board.read(client)
        assert jobs is not None
        told = next(run for run in jobs["runs"] if run["name"] == "tick")
        assert told["worker"] == f"{os.uname().nodename}:{second.pid}"
        assert told["taken_from"] == f"{os.uname().nodename}:{first.pid}"
    rest(radar, second)
    first.send_signal(signal.SIGCONT)
    assert said(first).startswith("StoreUnavailable: ")
    same(radar, undisturbed)
    tell(first, "tick", TIMES[2])
    assert said(first) == "TAKEN", "and it works on"
