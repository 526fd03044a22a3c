"""A limit on the time of a whole request: connecting, the headers, the body.

httpx limits the time of each single read, so a server that sends a byte of its headers now and then is waited for
without end. The connections themselves know better: every read, write and TLS handshake of a thread gets no more time
than is left of its deadline. httpx has no public place for that (httpcore, below it, has one: ``network_backend``), so
it is put in from here, in one place; where a later httpx looks different inside, requests go on without the limit, and
a test that drips headers fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

#: Less than this is no time, in seconds: clocks and sleeps are not exact.
_TOO_SHORT = 0.005


class Deadline:
    """The deadline of each thread's request; ``clock`` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._mine = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What this thread asks for in the block ends after so long, with a time-out of httpx."""
        self._mine.until, self._mine.seconds = self._clock() + seconds, seconds
        try:
            yield
        finally:
            self._mine.until = None

    def left(self, wanted: float | None, error: type[Exception]) -> float | None:
        """The time that a single step may take: what is ``wanted``, or what is left. Raises ``error`` when none is."""
        until = getattr(self._mine, "until", None)
        if until is None:
            return wanted
        rest = float(until) - self._clock()
        if rest <= _TOO_SHORT:
            raise error(f"still sending after {self._mine.seconds:.0f} s")
        return rest if wanted is None else min(wanted, rest)

    def watch(self, client: httpx.Client) -> None:
        """Put every connection that the client makes, through proxies too, under the deadlines."""
        mounted: dict[Any, Any] = getattr(client, "_mounts", {})
        for transport in (getattr(client, "_transport", None), *mounted.values()):
            pool = getattr(transport, "_pool", None)
            backend = getattr(pool, "_network_backend", None)
            if isinstance(backend, httpcore.NetworkBackend):
                pool._network_backend = _Backend(backend, self)  # type: ignore[union-attr]  # it has the attribute


class _Backend(httpcore.NetworkBackend):
    """Connections that know the deadline."""

    def __init__(self, inner: httpcore.NetworkBackend, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:  # fmt: skip
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_tcp(host, port, left, local_address, socket_options), self._deadline)

    def connect_unix_socket(self, path: str, timeout: float | None = None,
                            socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:  # fmt: skip
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.connect_unix_socket(path, left, socket_options), self._deadline)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """One connection; it may serve several threads one after the other, each under its own deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))
        except httpcore.ReadTimeout:
            self._deadline.left(None, httpcore.ReadTimeout)  # it was the whole that took too long, not this read
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:  # fmt: skip
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
