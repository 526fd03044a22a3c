"""The one outbound client. Sources get it as an argument and never make their own, so that tests inject a transport and
every upstream sees one polite caller.

What it takes care of: a User-Agent that says who we are and whom to write to; time-outs, per read and in total; retries
with growing pauses that obey ``Retry-After``; one request per host at a time interval; conditional requests
(``ETag``, ``Last-Modified``) whose unchanged answers come from a cache; a limit on the size of an answer; no redirect
that leaves the scheme. Errors are the two a source speaks of: :class:`radar.errors.UpstreamUnavailable` (try later)
and :class:`radar.errors.UpstreamChanged` (tell a person).
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import httpx

from radar import __version__
from radar._http_cache import Cache, Cached
from radar._http_deadline import Deadline
from radar.errors import UpstreamChanged, UpstreamUnavailable

#: Answers that say "not now"; any other 4xx says "not like this".
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
_HOST = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. ``url`` is where it came from in the end; ``unchanged``: upstream said so, ``body`` is our copy."""

    url: str
    body: bytes
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient and how polite the client is. Seconds, bytes, requests."""

    connect_s: float = 10.0
    read_s: float = 30.0
    total_s: float = 120.0  # of one request, headers too: a server that drips bytes does not hold a job for ever
    tries: int = 4
    pause_s: float = 1.0  # before the second try; doubles from there
    longest_pause_s: float = 60.0  # asked to wait longer than this, we give up and come back on the next run
    interval_s: float = 1.0  # between two requests to one host
    answer_bytes: int = 128 * 1024 * 1024
    file_s: float = 1800.0  # the same two for a file of an archive, such as a table dump of one route collector
    file_bytes: int = 2 << 30


def user_agent(contact: str = "") -> str:
    """What we call ourselves: project, version, and where to complain."""
    about = f"; {contact}" if contact else ""
    return f"internet-radar/{__version__} (self-hosted Internet health radar{about})"


class Http:
    """The outbound client; safe to share between threads. Close it, or use it in a ``with`` block.

    Parameters
    ----------
    contact
        Mail address or URL told to upstreams (setting ``contact``).
    transport, sleep, clock, now, jitter
        Injected in tests. ``clock`` is monotonic seconds, ``now`` the wall clock (``Retry-After`` may be a date),
        ``jitter`` gives 0 to 1.
    cache
        Folder of answers kept for conditional requests; None keeps them in memory.
    turns
        Told a host and an interval in seconds; gives the seconds to wait until this client may ask it, so that clients
        in other processes, which ask the same, leave that interval too. None from it: nobody knows of others now.
    """

    def __init__(
        self,
        *,
        contact: str = "",
        transport: httpx.BaseTransport | None = None,
        limits: Limits = Limits(),
        cache: Path | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
        turns: Callable[[str, float], float | None] = lambda _host, _interval: 0.0,
    ) -> None:
        self._limits = limits
        self._cache = Cache(cache)
        self._sleep, self._clock, self._now, self._jitter = sleep, clock, now, jitter
        self._turns = turns
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}
        self._client = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
            headers={"User-Agent": user_agent(contact), "Accept-Encoding": "gzip, br"},
            follow_redirects=False,
        )
        self._deadline = Deadline(clock)
        self._deadline.watch(self._client)

    def __enter__(self) -> Http:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self,
        url: str,
        *,
        source: str,
        params: Mapping[str, str | int] | None = None,
        file: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask for one address.

        Parameters
        ----------
        url, params
            Where, and the query that is added to it.
        source
            The source that asks; named in errors.
        file
            It is a file of an archive: it never changes, so it is not kept for a conditional request, and it may be
            large and take long.
        headers
            Sent along, such as a key. Only the host that was named gets them: no other that it redirects to.

        Raises
        ------
        UpstreamUnavailable
            No connection, a time-out, a 5xx or a 429 that stayed after all tries, or a wish to wait very long.
        UpstreamChanged
            A 4xx, a redirect to another scheme or in circles, an answer that is too large or cannot be decoded.
        """
        target = _address(url, params)
        if target is None:
            raise UpstreamChanged(source, f"{url[:200]!r} is no address; expected http or https, and a host")
        pause = self._limits.pause_s
        for attempt in range(1, self._limits.tries + 1):
            wait: float | None = None
            try:
                status, reply, wait = self._follow(target, source, dict(headers or {}), file=file)
                if reply is not None:
                    return reply
                trouble = f"answered {status}"
            except httpx.DecodingError as error:
                raise UpstreamChanged(source, f"{target} sent a body that cannot be decoded: {error}") from error
            except httpx.TransportError as error:
                trouble = f"did not answer ({type(error).__name__}: {error})"
            if wait is not None and wait > self._limits.longest_pause_s:
                raise UpstreamUnavailable(source, f"{target} {trouble} and asks to wait {wait:.0f} s")
            if attempt < self._limits.tries:
                self._sleep(max(wait or 0.0, pause * (1 + self._jitter() / 2)))
                pause *= 2
        raise UpstreamUnavailable(source, f"{target} {trouble}, {self._limits.tries} tries")

    def _follow(
        self, url: str, source: str, own: dict[str, str], *, file: bool
    ) -> tuple[int, Reply | None, float | None]:
        """One try, redirects included: (status, reply or None for "try again", seconds upstream asks to wait)."""
        asked = url
        known = None if file else self._cache.get(url)
        seconds = self._limits.file_s if file else self._limits.total_s
        for _hop in range(_MAX_REDIRECTS + 1):
            headers = {**(known.conditions() if known else {}), **(own if _same_host(url, asked) else {})}
            self._take_turn(url)
            with (
                self._deadline.within(seconds),
                self._client.stream("GET", url, headers=headers) as answer,
            ):
                status = answer.status_code
                if status in _REDIRECTS:
                    url = self._redirect(url, answer, source)
                    continue
                if status == 304 and known:
                    return status, Reply(url, known.body, unchanged=True), None
                if status in _RETRY or status >= 500:
                    return status, None, self._asked_to_wait(answer)
                if status != 200:
                    raise UpstreamChanged(source, f"{url} answered {status}, expected 200")
                body = self._read(answer, url, source, seconds, self._limits.file_bytes if file else None)
                if not file:
                    self._cache.put(asked, Cached.of(answer.headers, body))
                return status, Reply(url, body), None
        raise UpstreamChanged(source, f"{asked} redirects more than {_MAX_REDIRECTS} times")

    def _read(self, answer: httpx.Response, url: str, source: str, seconds: float, most: int | None) -> bytes:
        """The body, up to the limits of size and time."""
        started, size, parts = self._clock(), 0, []
        most = most or self._limits.answer_bytes
        for part in answer.iter_bytes():
            size += len(part)
            if size > most:
                raise UpstreamChanged(source, f"{url} sent more than {most} bytes")
            if self._clock() - started > seconds:
                raise httpx.ReadTimeout(f"still sending after {seconds:.0f} s")
            parts.append(part)
        return b"".join(parts)

    @staticmethod
    def _redirect(url: str, answer: httpx.Response, source: str) -> str:
        """Where a redirect leads. Only the same scheme is followed: never to plain HTTP, a file, or elsewhere."""
        place = answer.headers.get("Location", "")
        target = _address(_joined(url, place))
        if target is None or urlsplit(target).scheme != urlsplit(url).scheme:
            raise UpstreamChanged(source, f"{url} redirects to {place[:200]!r}; expected the same scheme")
        return target

    def _asked_to_wait(self, answer: httpx.Response) -> float | None:
        """``Retry-After`` in seconds, given as a number or as a date; None when absent or unreadable."""
        text = answer.headers.get("Retry-After", "").strip()
        if text.isdigit():
            return float(text[:9])
        try:
            at = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - self._now()).total_seconds())

    def _take_turn(self, url: str) -> None:
        """Wait until this host may be asked again."""
        host = urlsplit(url).netloc
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(host, now))
            self._free_at[host] = turn + self._limits.interval_s
        if turn > now:
            self._sleep(turn - now)
        others = self._turns(host, self._limits.interval_s)
        if others:
            self._sleep(others)


def _address(url: str, params: Mapping[str, str | int] | None = None) -> str | None:
    """The address with its query, or None when it is none that this client asks."""
    try:
        target = str(httpx.URL(url, params=dict(params)) if params else httpx.URL(url))
        parts = urlsplit(target)
    except (httpx.InvalidURL, ValueError):
        return None
    return target if parts.scheme in ("http", "https") and _HOST.fullmatch(parts.hostname or "") else None


def _same_host(one: str, other: str) -> bool:
    a, b = urlsplit(one), urlsplit(other)
    return (a.scheme, a.netloc) == (b.scheme, b.netloc)


def _joined(url: str, place: str) -> str:
    """Where ``Location`` points, seen from the address that sent it; '' for nowhere."""
    try:
        return urljoin(url, place) if place else ""
    except ValueError:
        return ""
