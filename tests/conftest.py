"""Fixtures that all tests share: a real Valkey, the recorded data sets, Chromium.

Nothing here is patched or faked: what a machine lacks is skipped, and the reason is printed.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import structlog
from playwright.sync_api import Browser, sync_playwright

from radar import store
from radar.store import embedded

# how long an example takes says something about the machine, and nothing about the product
hypothesis.settings.register_profile("radar", deadline=None)
hypothesis.settings.load_profile("radar")

REPO = Path(__file__).resolve().parent.parent
SHARED = REPO.parent / "shared" / "data"
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                  "--disable-background-networking", "--disable-component-update"]  # fmt: skip


def find_chromium() -> str | None:
    """The browser's program, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a browser or the recorded data where there are none."""
    no_browser = pytest.mark.skip(reason="no Chromium on this machine (Debian package `chromium`)")
    no_data = pytest.mark.skip(reason=f"the recorded data sets are not at {SHARED}")
    for item in items:
        if item.get_closest_marker("browser") and find_chromium() is None:
            item.add_marker(no_browser)
        if item.get_closest_marker("shared") and not SHARED.is_dir():
            item.add_marker(no_data)


@pytest.fixture(autouse=True)
def logging_as_found() -> Iterator[None]:
    """Commands set up logs for their process; run within a test, they must leave no handler on its output."""
    root, level, handlers = logging.getLogger(), logging.getLogger().level, logging.getLogger().handlers[:]
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    if root.handlers != handlers:
        root.handlers[:] = handlers
        root.setLevel(level)
    if before is None:
        structlog.reset_defaults()
    else:
        structlog.configure(**before)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The folder of the project."""
    return REPO


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data sets; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"the recorded data sets are not at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """The program of the browser; skips where it is absent."""
    found = find_chromium()
    if found is None:
        pytest.skip("no Chromium on this machine (Debian package `chromium`)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Chromium, headless; one for all tests, as Playwright wants. It asks nobody for anything by itself."""
    with sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real embedded Valkey that lives as long as the test session."""
    with embedded.start(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
def client(valkey_url: str) -> Iterator[store.Store]:
    """A client of that server, emptied."""
    with store.connect(valkey_url, timeout_s=10) as connection:
        connection.flushall()
        yield connection
