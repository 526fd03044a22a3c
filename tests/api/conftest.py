"""A real Valkey with the sample documents and series, and the API alone in a Flask application."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from radar.api import blueprint
from radar.store import Store, connect, embedded
from tests.samples import keep_fresh, seed


def application(store: Store) -> Flask:
    """An application that serves the API from this store, and nothing else."""
    app = Flask(__name__)
    app.config["RADAR_STORE"] = store
    app.register_blueprint(blueprint, url_prefix="/api/v1")
    return app


@pytest.fixture(scope="session")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, FlaskClient]]:
    """A store with the samples, and the API over it; both live as long as the session."""
    with embedded.start(tmp_path_factory.mktemp("api")) as server, connect(server.url) as client:
        seed(client)
        yield client, application(client).test_client()


@pytest.fixture
def api(sampled: tuple[Store, FlaskClient]) -> FlaskClient:
    """The API over the samples, published just now. Read only."""
    store, answers = sampled
    keep_fresh(store)
    return answers


@pytest.fixture
def spare(tmp_path: Path) -> Iterator[tuple[embedded.Embedded, Store]]:
    """A second, empty server, for tests that publish something else or take the server away."""
    with embedded.start(tmp_path) as server, connect(server.url) as client:
        yield server, client
