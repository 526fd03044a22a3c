"""What serves beside a test: a server of ours, or the radar's own site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TypeVar

from flask import Flask

from radar.store import Store

Server = TypeVar("Server", bound=ThreadingHTTPServer)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server, answering for as long as the block runs. Whoever holds requests back lets them go before that."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def site_over(store: Store) -> Iterator[Flask]:
    """The one application of the process over a store; what it kept of another one is forgotten."""
    from radar.pages import _charts, _film, _kept, _read
    from radar.web import server

    def forget() -> None:
        for kept in (_read, _kept, _charts, _film):
            kept.forget()

    before = server.config["RADAR_STORE"]
    server.config["RADAR_STORE"] = store
    forget()
    yield server
    server.config["RADAR_STORE"] = before
    forget()
