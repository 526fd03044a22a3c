"""The children of a radar: what ``radar run`` and ``radar demo`` have in common."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from jobs import web
from jobs.parent import Make
from jobs.supervisor import BACKOFF_S, Child, Supervisor
from radar.errors import RadarError
from radar.settings import Settings, child_environment
from radar.store import embedded
from radar.store.embedded import Embedded


def module(name: str, *arguments: str) -> list[str]:
    """The command line that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def log_file(settings: Settings, name: str) -> Path:
    """Where a child's log lines are kept; the folder is made."""
    folder = settings.data_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


class Store:
    """The embedded store of a supervisor. It belongs to the supervisor's own process and thread, and ends with them.

    ``settings`` are those given, with the server's address filled in; with a ``redis_url`` nothing is started, and all
    methods do nothing.
    """

    def __init__(self, settings: Settings, log: Callable[[str, str], None]) -> None:
        self._log = log
        self._data_dir = settings.data_dir
        self._server: Embedded | None = None
        self._again_at = 0.0
        self._wait_s = BACKOFF_S[0]
        if not settings.redis_url:
            self._server = embedded.start(settings.data_dir)
            settings = replace(settings, redis_url=self._server.url)
        self.settings = settings

    def watch(self) -> None:
        """Start it again when it has ended; others see a store that does not answer for that while."""
        if self._server is None or self._server.alive() or time.monotonic() < self._again_at:
            return
        self._log("store", f"ended, starts again; its log is {self._data_dir / 'store' / 'server.log'}")
        try:
            self._server = embedded.start(self._data_dir, timeout_s=5)
            self._wait_s = BACKOFF_S[0]
        except RadarError as error:
            self._log("store", f"error: {error}; tried again in {self._wait_s:g} s")
            self._again_at = time.monotonic() + self._wait_s
            self._wait_s = min(BACKOFF_S[1], self._wait_s * 2)

    def stop(self) -> None:
        """End it; it writes what is pending first. Call it when nobody writes any more."""
        if self._server is not None:
            self._server.stop()


def web_child(settings: Settings, *, keep_logs: bool = False) -> Child:
    """The site under gunicorn."""
    return Child(
        name="web",
        command=web.command(settings),
        env=web.environment(settings),
        log_file=log_file(settings, "web") if keep_logs else None,
    )


def jobs_child(settings: Settings) -> Child:
    """The worker of a live radar."""
    return Child(name="jobs", command=module("jobs.worker"), env=child_environment(settings))


def stream_child(settings: Settings) -> Child:
    """What listens to the streaming source."""
    return Child(name="stream", command=module("jobs.stream.run"), env=child_environment(settings))


def address(settings: Settings) -> str:
    """The site's address for a browser on this machine."""
    host = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/"


def answers(settings: Settings, path: str = "/", *, seconds: float = 2.0) -> bool:
    """Does the site answer this path with a page?"""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def run_together(settings: Settings, *children: Callable[[Settings], Child]) -> int:
    """Run children beside the embedded store of their data folder, until SIGINT or SIGTERM; then 0."""
    log = forwarder(settings)
    supervisor = Supervisor(log)
    make = Make()

    def watch(store: Store) -> None:
        store.watch()
        if make.gave_up():
            supervisor.request_stop()

    with supervisor.signals():
        store = Store(settings, log)
        try:
            for child in children:
                supervisor.start(child(store.settings))
            supervisor.run(lambda: watch(store))
        finally:
            supervisor.stop()
            store.stop()
            log("radar", "stopped")
    return 0


def forwarder(settings: Settings) -> Callable[[str, str], None]:
    """What passes on the log lines of children, in the form that the settings name."""
    return _forward_json if settings.log_format == "json" else _forward_plain


def _forward_plain(name: str, line: str) -> None:
    print(f"{name:<5}| {line}", file=sys.stderr, flush=True)


def _forward_json(name: str, line: str) -> None:
    if not line.startswith("{"):
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        line = json.dumps({"time": now, "level": "info", "process": name, "event": line}, ensure_ascii=False)
    print(line, file=sys.stderr, flush=True)
