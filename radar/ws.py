"""The one outbound websocket client: user agent, time-outs, limits. Injected into streaming sources, never global.

Errors are :class:`radar.errors.UpstreamUnavailable`, with the reason in words: a stream that ends is asked again.

Upstream: websockets (BSD-3-Clause).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI, WebSocketException
from websockets.sync.client import connect

from radar.errors import UpstreamUnavailable
from radar.http import user_agent


@dataclass(frozen=True, slots=True)
class WsLimits:
    """How patient the client is, in seconds, and how much it takes, in bytes."""

    connect_s: float = 15.0
    quiet_s: float = 60.0  # a stream that says nothing for this long has stalled: it is left, and asked again
    message_bytes: int = 1 << 20
    waiting: int = 4096  # messages that wait to be taken before the other side is slowed down


class Ws:
    """Makes connections. ``contact`` is told to upstreams; ``clock`` is monotonic seconds."""

    def __init__(
        self, *, contact: str = "", limits: WsLimits = WsLimits(), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._agent = user_agent(contact)
        self._limits = limits
        self._clock = clock

    def messages(self, url: str, *, source: str, hello: bytes = b"") -> Iterator[bytes | None]:
        """Connect, say ``hello``, and yield every message as it comes; None each second in which none came.

        Raises
        ------
        UpstreamUnavailable
            No connection; the other side closed it, broke off or broke the protocol, sent a message that is too long,
            or has been silent for too long.
        """
        limits = self._limits
        try:
            with connect(
                url, user_agent_header=self._agent, open_timeout=limits.connect_s, close_timeout=1,
                max_size=limits.message_bytes, max_queue=limits.waiting, ping_interval=None, proxy=None,
            ) as socket:  # fmt: skip
                if hello:
                    socket.send(hello.decode())
                heard = self._clock()
                while True:
                    try:
                        message = socket.recv(timeout=1.0, decode=False)
                    except TimeoutError:
                        if self._clock() - heard > limits.quiet_s:
                            raise UpstreamUnavailable(source, f"silent for {limits.quiet_s:.0f} s") from None
                        yield None
                        continue
                    heard = self._clock()
                    yield message
        except ConnectionClosed as error:
            raise UpstreamUnavailable(source, f"the connection was closed ({_reason(error)})") from error
        except (InvalidHandshake, InvalidURI) as error:
            raise UpstreamUnavailable(source, f"{url} is no websocket ({error})") from error
        except (WebSocketException, OSError, TimeoutError, EOFError) as error:
            raise UpstreamUnavailable(source, f"no connection ({type(error).__name__}: {error})") from error


def _reason(error: ConnectionClosed) -> str:
    """Who closed it, with which code."""
    if error.sent is not None and error.sent.code != 1000 and (error.rcvd is None or error.rcvd_then_sent is False):
        return f"by us: {error.sent.code} {error.sent.reason}".strip()
    if error.rcvd is not None:
        return f"{error.rcvd.code} {error.rcvd.reason}".strip()
    return "broken off"
