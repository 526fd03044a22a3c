"""An upstream of our own on this machine, with every bad habit that upstreams have: ``/<habit>``.

``GET /good`` answers ``{}``. What was asked is in ``asked``; a habit that goes on for ever ends with the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import serving


class Upstream(ThreadingHTTPServer):
    """The server. ``url`` is its address without a path."""

    daemon_threads = True
    request_queue_size = 128  # else a dozen connections at once overflow the listener, and one of them waits a second

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One request; the first part of the path is the habit."""

    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        """Answer in the way that was asked for."""
        habit = self.path.split("/")[1].partition("?")[0]
        first = habit not in self.server.asked
        self.server.asked.append(habit)
        try:
            HABITS[habit](self, first)
        except OSError:
            self.close_connection = True  # whoever asked had enough

    def send(self, body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> None:
        """An answer; ``length`` is what it claims, -1 for saying nothing and closing at the end."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length == -1:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def drip(self, piece: bytes, every_s: float) -> None:
        """Send a piece, again and again."""
        while not self.server.over.wait(every_s):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _truncated(handler: Handler, _first: bool) -> None:
    handler.send(b'{"data": [', length=1000)
    handler.close_connection = True


def _endless(handler: Handler, _first: bool) -> None:
    handler.send(b"", length=-1)
    handler.drip(b"x" * 65536, 0.0)


def _drip(handler: Handler, _first: bool) -> None:
    handler.send(b"", length=-1)
    handler.drip(b"x", 0.05)


def _drip_headers(handler: Handler, _first: bool) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    handler.drip(b"x", 0.05)


def _busy_once(handler: Handler, first: bool) -> None:
    if first:
        handler.send(b"", status=429, Retry_After="1")
    else:
        handler.send(b"{}")


HABITS: dict[str, Callable[[Handler, bool], None]] = {
    "good": lambda handler, _first: handler.send(b"{}"),
    "broken": lambda handler, _first: handler.send(b"oops", status=500),
    "busy": lambda handler, _first: handler.send(b"", status=429, Retry_After="3600"),
    "busy_once": _busy_once,
    "half_json": lambda handler, _first: handler.send(b'{"data": [{"from": 1'),
    "truncated": _truncated,
    "html": lambda handler, _first: handler.send(b"<!doctype html><p>Maintenance", Content_Type="text/html"),
    "endless": _endless,
    "drip": _drip,
    "drip_headers": _drip_headers,
    "no_gzip": lambda handler, _first: handler.send(b"plain", Content_Encoding="gzip"),
}


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The server, for as long as the block runs."""
    with serving(Upstream()) as server:
        try:
            yield server
        finally:
            server.over.set()
