"""The connection to a stream: a thread that takes what comes and puts it on the spool, and notes every gap.

It reads nothing of what it takes, so a flood costs the disk and not the table: the follower reads at its own pace.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

import structlog

from jobs.stream.spool import Spool
from radar.errors import RadarError, UpstreamUnavailable

log = structlog.get_logger(__name__)

#: What came is written at least this often, in seconds, or when there are so many messages.
CHUNK_S, CHUNK_MESSAGES = 0.25, 4000
#: First and longest pause between two tries to connect, in seconds.
PAUSE_S = (1.0, 60.0)
#: A spool larger than this is not read fast enough, or not at all: nothing more is taken until it is smaller.
SPOOL_BYTES = 8 << 30


class Stream(Protocol):
    """``stream`` of a streaming source: messages as they come, None each second in which none came."""

    def __call__(self) -> Iterator[bytes | None]:
        """Connect, and yield until the connection ends; raises UpstreamUnavailable with the reason."""


class Listener:
    """Listens until it is stopped. ``now`` is the wall clock in seconds."""

    def __init__(
        self,
        name: str,
        stream: Stream,
        spool: Spool,
        *,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        pause_s: tuple[float, float] = PAUSE_S,
        spool_bytes: int = SPOOL_BYTES,
    ) -> None:
        self.name = name
        self._stream = stream
        self._spool = spool
        self._now = now
        self._jitter = jitter
        self._pauses = pause_s
        self._limit = spool_bytes
        self._stop = threading.Event()
        self._heard: float | None = spool.newest()
        self._reason = "restart" if self._heard is not None else "start"
        self.connected = False
        self.messages = 0

    def start(self) -> threading.Thread:
        """Listen in a thread of its own."""
        thread = threading.Thread(target=self.run, name=f"listen-{self.name}", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End soon."""
        self._stop.set()

    def run(self) -> None:
        """Listen; connect again for as long as it is not stopped."""
        pause = self._pauses[0]
        while not self._stop.is_set():
            before = self.messages
            try:
                self._listen()
                reason = "closed"
            except UpstreamUnavailable as error:
                reason = str(error)
                log.warning("stream interrupted", source=self.name, reason=reason)
            except RadarError as error:  # the disk
                reason = str(error)
                log.error("stream cannot be kept", source=self.name, reason=reason)
            except Exception as error:  # a source is somebody's plug-in
                reason = f"{type(error).__name__}: {error}"
                log.exception("stream failed", source=self.name)
            self.connected = False
            if self._stop.is_set():
                break
            self._reason = reason
            pause = self._pauses[0] if self.messages > before else min(pause * 2, self._pauses[1])
            self._rest(pause * (1 + self._jitter() / 2))
        self._spool.close()

    def _listen(self) -> None:
        lines: list[bytes] = []
        cut = self._now()
        try:
            for message in self._stream():
                now = self._now()
                if self._stop.is_set():
                    break
                if message is not None:
                    if not self.connected:
                        self._resumed(now)
                    lines.append(message.replace(b"\n", b" "))
                    self.messages += 1
                if len(lines) >= CHUNK_MESSAGES or now - cut >= CHUNK_S:
                    kept, lines, cut = lines, [], now
                    self._write(now, kept)
        finally:
            if lines:  # what came before the connection broke
                self._write(self._now(), lines)

    def _write(self, now: float, lines: list[bytes]) -> None:
        self._spool.append(now, lines)
        if lines:
            self._heard = now
        if self._spool.size() > self._limit:
            raise UpstreamUnavailable(self.name, f"the spool holds more than {self._limit} bytes; the reader is behind")

    def _resumed(self, now: float) -> None:
        """The first message after a silence: what came before it is missing, and that is put down."""
        self.connected = True
        self._spool.append(now, [], {"gap": {"since": self._heard, "until": now, "reason": self._reason}})
        log.info(
            "stream goes on", source=self.name, missing_s=None if self._heard is None else round(now - self._heard)
        )

    def _rest(self, seconds: float) -> None:
        """Wait, and let the follower's clock go on meanwhile."""
        until = time.monotonic() + seconds
        while not self._stop.wait(min(1.0, max(0.0, until - time.monotonic()))) and time.monotonic() < until:
            try:
                self._spool.append(self._now(), [])
            except RadarError as error:
                log.error("spool not written", error=str(error))
