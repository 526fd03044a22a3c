"""The store: Redis 7.2+ or Valkey 8+, asked through redis-py. What pages and the API read, and jobs write.

======================== =======================================================================
``store.keys``           every key, and how time is cut into pages
``store.series``         one entity's series, for readers (standard library only)
``store.blocks``         many entities at once, for jobs (numpy)
``store.documents``      published JSON documents, entity states, detector memory, version
``store.lease``          one worker at a time
``store.embedded``       a Valkey server of our own where there is no ``REDIS_URL``
======================== =======================================================================

A missing key is "no data"; a server that cannot be asked is :class:`radar.errors.StoreUnavailable`. These two are
never mixed up.

Upstream: redis-py (MIT), Valkey (BSD-3-Clause).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from radar.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from radar.settings import Settings

#: What all functions of this package take as ``client``.
Store = redis.Redis

#: Longest path of a unix socket in bytes: 108 with the final zero on Linux, 104 on macOS; the smaller one holds.
SOCKET_PATH_MAX = 103

#: File beside the embedded server's data that names its socket when the natural path is too long.
SOCKET_RECORD = "socket"


@dataclass(frozen=True, slots=True)
class Server:
    """What the server says about itself."""

    name: str  # "valkey" or "redis"
    version: str
    memory_bytes: int
    persistent: bool  # an append-only file is kept
    policy: str  # what it does when memory is full; only "noeviction" never loses data


def connect(settings: Settings | str, *, timeout_s: float = 2.0) -> Store:
    """A client for the configured server, or for a URL. Nothing is sent before the first command.

    Parameters
    ----------
    settings
        The process's settings, or ``redis://``, ``rediss://`` or ``unix://``.
    timeout_s
        How long to wait for the connection and for each answer. A command that finds its connection closed is sent
        once more, so that a server that was restarted is no error.

    Raises
    ------
    ConfigError
        The URL cannot be read.
    """
    url = settings if isinstance(settings, str) else url_of(settings)
    try:
        return redis.Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
            protocol=2,
            health_check_interval=0,
        )
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL is {hide_password(url)!r}; expected redis://, rediss:// or unix:// ({error})"
        ) from None


def url_of(settings: Settings) -> str:
    """The URL that these settings mean: ``REDIS_URL``, or the embedded server's socket."""
    return settings.redis_url or f"unix://{socket_of(settings.data_dir)}"


def socket_of(data_dir: Path) -> Path:
    """The embedded server's socket: ``store/s`` in the data folder, or where ``store/socket`` says it is."""
    folder = Path(data_dir).resolve() / "store"
    natural = folder / "s"
    if len(os.fsencode(natural)) <= SOCKET_PATH_MAX:
        return natural
    try:
        return Path((folder / SOCKET_RECORD).read_text(encoding="utf-8").strip())
    except OSError:
        return natural


@contextmanager
def asking(what: str) -> Iterator[None]:
    """Turn everything that can go wrong with the server inside the block into StoreUnavailable."""
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"{what}: {reason(error)}") from error


def reason(error: Exception) -> str:
    """A redis-py or system error in words that help whoever runs the site."""
    text = hide_password(str(error)) or type(error).__name__
    if isinstance(error, redis.AuthenticationError):
        return f"the store refuses the password of REDIS_URL ({text})"
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return "the store is still loading its data"
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return f"the store is full ({text})"
    if isinstance(error, redis.TimeoutError | TimeoutError):
        return f"the store does not answer in time ({text})"
    if isinstance(error, redis.ConnectionError | OSError):
        return f"the store cannot be reached ({text})"
    return f"the store refuses ({text})"


def hide_password(text: str) -> str:
    """The text with the password of any URL in it replaced by ``***``."""
    return re.sub(r"(rediss?://[^:@/\s]*):[^@\s]*@", r"\1:***@", text)


def ping(client: Store) -> None:
    """Return when the server answers. Raises StoreUnavailable otherwise."""
    with asking("ping"):
        client.ping()


def describe(client: Store) -> Server:
    """Name, version, memory and persistence of the server. Raises StoreUnavailable."""
    with asking("server information"):
        info: dict[str, Any] = client.info()
    valkey = "valkey_version" in info
    return Server(
        name="valkey" if valkey else "redis",
        version=str(info.get("valkey_version" if valkey else "redis_version", "")),
        memory_bytes=int(info.get("used_memory", 0)),
        persistent=bool(info.get("aof_enabled", 0)),
        policy=str(info.get("maxmemory_policy", "")),
    )


def clear(client: Store) -> int:
    """Delete every key of this project and nothing else; return how many. For rebuilds. Raises StoreUnavailable."""
    from radar.store import keys

    gone = 0
    with asking("clear"):
        batch: list[bytes] = []
        for key in client.scan_iter(match=f"{keys.PREFIX}*", count=5000):
            batch.append(key)
            if len(batch) == 5000:
                gone += int(client.unlink(*batch))
                batch.clear()
        if batch:
            gone += int(client.unlink(*batch))
    return gone
