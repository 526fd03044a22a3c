"""The real thing: gunicorn over a real Valkey, looked at by a real Chromium."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from radar import store
from radar.sources import _beacon_table, _geo
from radar.store import embedded
from tests import samples
from tests.conftest import REPO
from tests.samples import NOW
from tests.web.test_film import publish

#: Two cores may be busy with other tests: what is waited for may take its time, and fails only when it never comes.
expect.set_options(timeout=20_000)


#: Asks for Dash and all charts when the scripts of the page have run.
EVERYTHING = "addEventListener('DOMContentLoaded', () => document.dispatchEvent(new Event('radar-live-all')));"


@dataclass(frozen=True)
class Running:
    """A site that answers. ``stop_store`` takes its store away."""

    url: str
    client: store.Store
    stop_store: Callable[[], None]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, **variables: str) -> Iterator[Running]:
    """gunicorn with one worker over a Valkey of its own, filled with the samples; ``variables``: of its environment."""
    port = _free_port()
    with embedded.start(folder / "store") as server, store.connect(server.url, timeout_s=10) as client:
        samples.seed(client)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RADAR_")}
        environ |= {"REDIS_URL": server.url, "RADAR_DATA_DIR": str(folder / "data"), **variables}
        command = [sys.executable, "-m", "gunicorn", "radar.web:server", "--no-control-socket", "--worker-class",
                   "gthread", "--threads", "4", "--bind", f"127.0.0.1:{port}", "--log-level", "warning"]  # fmt: skip
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(command, cwd=REPO, env=environ, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, folder / "log")
            yield Running(url, client, server.stop)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
                answer.read()
                return
        except OSError:
            pass
    raise AssertionError(f"the site does not answer: {log.read_text()}")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """A site that all browser tests read."""
    with serving(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def view(browser: Browser, running: Running) -> Iterator[Callable[..., Page]]:
    """Open a page of the site: ``view("/path", width=390, dark=True, scripts=False)``.

    Dash runs at once and makes every chart live, unless ``untouched``: then on demand, as for a reader. Errors of
    scripts and on the console, and every request to another host, fail the test.
    """
    opened: list[Any] = []
    wrong: list[str] = []
    samples.keep_fresh(running.client)

    def show(path: str, *, width: int = 1280, dark: bool = False, scripts: bool = True, url: str = "",
             expect_errors: bool = False, untouched: bool = False) -> Page:  # fmt: skip
        base = url or running.url
        context = browser.new_context(
            viewport={"width": width, "height": 844}, color_scheme="dark" if dark else "light",
            java_script_enabled=scripts, base_url=base, timezone_id="Asia/Tokyo", locale="en-GB",
        )  # fmt: skip
        opened.append(context)
        page = context.new_page()
        if not expect_errors:
            page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
            page.on("console", lambda line: wrong.append(f"{path}: {line.text}") if line.type == "error" else None)
        page.on(
            "request",
            lambda r: None if r.url.startswith((base, "data:", "blob:")) else wrong.append(f"{path} asked {r.url}"),
        )
        page.add_init_script(
            "window.shifts = [];"
            "new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.shifts.push(entry.value)))"
            ".observe({type: 'layout-shift', buffered: true});"
        )
        if not untouched:
            page.add_init_script(EVERYTHING)
        page.goto(path)
        return page

    yield show
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """A site that published at noon, at ten past, and Iraq's end at twenty past; behind a server of its own."""
    folder = tmp_path_factory.mktemp("home")
    _beacon_table.keep(folder / "data" / "beacon", _geo.index())
    with serving(folder, RADAR_BEACON_PROXIES="1") as site:
        publish(site.client, NOW + timedelta(minutes=10), notice=True)
        publish(site.client, NOW + timedelta(minutes=20), calm=True)
        yield site
