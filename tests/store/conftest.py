"""The store's tests run against every kind of server that ``REDIS_URL`` can name; none is skipped."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from radar import store
from tests.store import servers

KINDS = ("embedded", "standalone", "sentinel", "cluster")


@pytest.fixture(scope="session")
def standalone_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server on a port."""
    with servers.standalone(tmp_path_factory.mktemp("standalone")) as url:
        yield url


@pytest.fixture(scope="session")
def sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A primary with a replica and three Sentinels."""
    with servers.sentinel(tmp_path_factory.mktemp("sentinel")) as watched:
        yield watched.url


@pytest.fixture(scope="session")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three primaries with a replica each."""
    with servers.cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield nodes.url


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    """The URL of each kind in turn."""
    name = "valkey_url" if request.param == "embedded" else f"{request.param}_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def client(url: str) -> Iterator[store.Store]:
    """A client of each kind in turn, emptied."""
    with store.connect(url, timeout_s=10) as connection:
        connection.flushall()
        yield connection
