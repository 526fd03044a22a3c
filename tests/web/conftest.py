"""The whole site over a real Valkey with the sample documents and series."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from radar.store import Store
from tests import samples
from tests.serving import site_over


class Site:
    """The application with a store and a wall clock of its own; one process has only one Dash application."""

    def __init__(self, server: Flask, store: Store) -> None:
        self.server = server
        self.store = store
        self.browser: FlaskClient = server.test_client()

    def get(self, path: str, **more: Any) -> Any:
        """A GET without compression."""
        return self.browser.get(path, **more)

    def page(self, path: str) -> str:
        """The HTML of a page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return str(answer.text)

    def dash(self, path: str, query: str = "", **headers: str) -> Any:
        """What Dash is told of the page of an address, as its routing callback asks for it."""
        rows = self.get("/_dash-dependencies").json
        body = {
            "output": next(row["output"] for row in rows if "_pages_content.children" in row["output"]),
            "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
            "inputs": [{"id": "_pages_location", "property": "pathname", "value": path},
                       {"id": "_pages_location", "property": "search", "value": query},
                       {"id": "refresh", "property": "data", "value": None}],
            "changedPropIds": ["_pages_location.pathname"],
        }  # fmt: skip
        return self.browser.post("/_dash-update-component", json=body, headers=headers)

    def at(self, wall: Callable[[], datetime]) -> None:
        """Set the wall clock that pages read."""
        self.server.config["RADAR_WALL"] = wall

    def use(self, store: Store) -> None:
        """Read from this store from now on, keeping what was read before."""
        self.server.config["RADAR_STORE"] = store


@pytest.fixture(scope="session")
def flask_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The one application of the process; files that it keeps go to a folder of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RADAR_DATA_DIR", str(tmp_path_factory.mktemp("web")))
        from radar import web

        yield web.server


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table by which the site tells networks, of the ranges that come with the radar."""
    from radar.sources import _beacon_table, _geo

    folder = tmp_path_factory.mktemp("table")
    _beacon_table.keep(folder, _geo.index())
    return (folder / _beacon_table.FILE).read_bytes()


@pytest.fixture
def bare(flask_app: Flask, client: Store) -> Iterator[Site]:
    """The site over an empty store."""
    with site_over(client):
        yield Site(flask_app, client)
    flask_app.config.pop("RADAR_WALL", None)


@pytest.fixture
def site(bare: Site) -> Site:
    """The site over the samples."""
    samples.seed(bare.store)
    return bare


@pytest.fixture
def now() -> datetime:
    """The wall clock when the test began."""
    return datetime.now(UTC)
