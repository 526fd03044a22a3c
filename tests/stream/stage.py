"""A whole stream process on an upstream of ours: a websocket that goes on talking, and a web server with its dumps.

A clock runs sixty times as fast as the wall's, so that minutes pass in seconds. What the upstream says follows from the
clock alone: peers repeat what they have; from ``gone_at`` on a quarter of the prefixes is withdrawn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jobs.stream.listen import Listener
from jobs.stream.run import Process
from radar.http import Http, Limits
from radar.settings import load
from tests.stream.mrt import dump, updates
from tests.stream.upstream import ServerConnection, update, upstream

SPEED = 60.0
#: The fast clock begins here: a whole eight hours, so that a dump lies just before.
BEGAN = datetime(2026, 3, 2, 8, 0, 5, tzinfo=UTC).timestamp()
PEERS = [(f"192.0.2.{n}", 64500 + n) for n in range(1, 6)]
PREFIXES = [f"5.0.{n}.0/24" for n in range(40)]
ROUTES = {prefix: [1299, 64496] for prefix in PREFIXES}
LOST = PREFIXES[:10]


@dataclass
class Upstream:
    """What is said, and when. ``zero``: monotonic seconds at which the fast clock read ``BEGAN``."""

    zero: float = field(default_factory=time.monotonic)
    gone_at: float = float("inf")
    asked: list[str] = field(default_factory=list)

    def now(self) -> float:
        """The fast clock."""
        return BEGAN + (time.monotonic() - self.zero) * SPEED

    def has(self, prefix: str, at: float) -> bool:
        """Whether the peers have a route to it at that time."""
        return not (prefix in LOST and at >= self.gone_at)

    def talk(self, connection: ServerConnection) -> None:
        """Go through the prefixes for ever, every peer in turn; before that, one that is none."""
        count = 0
        told = False
        connection.send(update(self.now(), ["5.0.0.1/16"], [64501, 64496], peer=PEERS[0][0], asn=64501).decode())
        while True:
            at = self.now()
            if at >= self.gone_at and not told:
                told = True
                for peer, asn in PEERS:
                    connection.send(update(at, [], [], peer=peer, asn=asn, withdrawn=LOST).decode())
            for peer, asn in PEERS:
                prefix = PREFIXES[count % len(PREFIXES)]
                if self.has(prefix, at):
                    line = update(at, [prefix], [asn, 1299, 64496], peer=peer, asn=asn, id=f"{peer}-{at}")
                    connection.send(line.decode())
            count += 1
            time.sleep(0.02)

    def file(self, path: str) -> bytes | None:
        """A dump or a file of updates by its address; None for one that is not there yet."""
        self.asked.append(path)
        name = path.rpartition("/")[2]
        at = datetime.strptime(name, f"{name.partition('.')[0]}.%Y%m%d.%H%M.gz").replace(tzinfo=UTC).timestamp()
        if at > self.now():
            return None
        if name.startswith("bview"):
            return dump(at, PEERS, {p: path for p, path in ROUTES.items() if self.has(p, at)})
        rows: list[tuple[float, str, int, list[str], list[str], list[int]]] = []
        for peer, asn in PEERS:
            if at <= self.gone_at < at + 300:
                rows.append((self.gone_at, peer, asn, [], LOST, []))
            rows.append((at, peer, asn, [PREFIXES[-1]], [], [1299, 64496]))
        return updates(sorted(rows, key=lambda row: row[0]))


@contextmanager
def web(answers: Callable[[str], bytes | None]) -> Iterator[str]:
    """Serve files on this machine; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            body = answers(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Stage:
    """An upstream that runs, and what a process needs to listen to it."""

    upstream: Upstream
    stream_url: str
    web_url: str
    redis_url: str
    data_dir: Path

    def environment(self) -> dict[str, str]:
        """The settings, as variables."""
        files = f"{self.web_url}/{{collector}}"
        return {
            "RADAR_DATA_DIR": str(self.data_dir),
            "REDIS_URL": self.redis_url,
            "RADAR_ACCEPT_TERMS": "ris_live",
            "RADAR_RIS_LIVE_URL": self.stream_url,
            "RADAR_RIS_COLLECTORS": "rrc00",
            "RADAR_RIS_DUMPS": f"{files}/bview.%Y%m%d.%H%M.gz {files}/updates.%Y%m%d.%H%M.gz",
            "RADAR_RIS_MIN_PEERS": "3",
        }

    def process(self, *, snapshot_s: float = 120.0) -> Process:
        """A process of this upstream, on the fast clock."""
        made = Process(
            load(self.environment()), now=self.upstream.now, published_s=1.0, snapshot_s=snapshot_s,
            http=Http(limits=replace(Limits(), interval_s=0.0, tries=1)),
        )  # fmt: skip
        made.listener = quick(made.listener)
        return made


def quick(listener: Listener) -> Listener:
    """The same listener with short pauses: a second of its patience is a minute of the fast clock."""
    listener._pauses = (0.05, 0.1)
    return listener


@contextmanager
def stage(data_dir: Path, redis_url: str) -> Iterator[Stage]:
    """An upstream that talks."""
    said = Upstream()
    with upstream(said.talk) as stream_url, web(said.file) as web_url:
        yield Stage(said, stream_url, web_url, redis_url, data_dir)


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """The process in a thread of its own, stopped in the end."""
    thread = threading.Thread(target=process.run, daemon=True)
    thread.start()
    try:
        yield process
    finally:
        process.stop()
        thread.join(20)
        assert not thread.is_alive()


def wait_for(what: Callable[[], object], patience_s: float = 40.0) -> Any:
    """The first true answer. Fails when there is none in time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
