"""The store: Redis 7.2+ or Valkey 8+, asked through redis-py. What pages and the API read, and jobs write.

======================== =======================================================================
``store.keys``           every key, and how time is cut into pages
``store.series``         one entity's series, for readers (standard library only)
``store.blocks``         many entities at once, for jobs (numpy)
``store.patches``        ... and the write that every bin makes
``store.documents``      published JSON documents, entity states, detector memory, version
``store.journal``        what people said: append-only, and the only data that cannot be rebuilt
``store.lease``          one worker at a time
``store.embedded``       a Valkey server of our own where there is no ``REDIS_URL``
``store.address``        what ``REDIS_URL`` can name
``store.cluster``        a Cluster in the place of one server
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
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from radar.errors import ConfigError, StoreUnavailable
from radar.store import address as addresses
from radar.store.cluster import MOVING, Cluster

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
    """What the server says about itself; of a Cluster, all its primaries together."""

    name: str  # "valkey" or "redis"
    version: str  # the oldest of all primaries
    memory_bytes: int
    persistent: bool  # an append-only file is kept, by each of them
    policy: str  # what it does when memory is full; only "noeviction" never loses data
    kind: Literal["single", "sentinel", "cluster"] = "single"
    primaries: int = 1
    replicas: int = 0  # connected now
    max_bytes: int = 0  # maxmemory; 0: no limit is set


def connect(settings: Settings | str, *, timeout_s: float = 2.0, name: str = "") -> Store:
    """A client for the configured server, or for a URL. Nothing is sent before the first command.

    Parameters
    ----------
    settings
        The process's settings, or a URL in a form of ``store.address``.
    timeout_s
        How long to wait for the connection and for each answer. A command that finds its connection closed is sent
        once more, so that a server that was restarted is no error.
    name
        What the server calls the connections, a text without spaces: see ``store.lease.cut_off``.

    Returns
    -------
    Store
        For a Cluster a ``store.cluster.Cluster``, which takes the same commands.

    Raises
    ------
    ConfigError
        The URL cannot be read.
    """
    url = settings if isinstance(settings, str) else url_of(settings)
    options: dict[str, Any] = {
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 1, (redis.ConnectionError,)),
        "protocol": 2,
        "health_check_interval": 0,
        "client_name": name or None,
    }
    try:
        many = addresses.parse(url)
        if many is None:
            return redis.Redis.from_url(url, **options)
    except ValueError as error:
        raise ConfigError(
            f"REDIS_URL is {hide_password(url)!r}; expected redis://, rediss:// or unix://, or redis+sentinel:// or "
            f"redis+cluster:// ({hide_password(str(error))})"
        ) from None
    if many.kind == "cluster":
        return cast("Store", Cluster(many, timeout_s, name))
    asked = {**options, "client_name": None, "retry": Retry(NoBackoff(), 0), **many.sentinel}
    watchers: Any = Sentinel(  # type: ignore[no-untyped-call]
        list(many.hosts), sentinel_kwargs=asked, **{**many.options, **options}
    )
    return cast("Store", watchers.master_for(many.service, redis_class=redis.Redis))


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
    except (RedisError, RedisClusterException, OSError) as error:
        raise StoreUnavailable(f"{what}: {reason(error)}") from error


@contextmanager
def transaction(client: Store, key: str) -> Iterator[Any]:
    """A MULTI/EXEC pipeline; all keys in it have the hash tag of ``key``. Raises redis-py's errors: use ``asking``."""
    if not isinstance(client, Cluster):
        with client.pipeline(transaction=True) as pipe:
            yield pipe
        return
    try:
        with client.home(key_slot(key.encode()))[1].pipeline(transaction=True) as pipe:
            yield pipe
    except MOVING:
        client.refresh()
        raise


def primaries(client: Store) -> list[Store]:
    """The server, or each primary of a Cluster. Raises redis-py's errors: use ``asking``."""
    return client.primaries() if isinstance(client, Cluster) else [client]


def kind_of(client: Store) -> Literal["single", "sentinel", "cluster"]:
    """What the client's URL names."""
    if isinstance(client, Cluster):
        return "cluster"
    return "sentinel" if isinstance(client.connection_pool, SentinelConnectionPool) else "single"


def lineage(client: Store) -> list[str]:
    """Which primaries hold the data, each by the id of its replication history; a failover changes one of them.

    Empty for one server: what it holds is always as of one moment, the cursor and the series with it. Of several,
    one may have lost its last writes and another not. Raises StoreUnavailable.
    """
    if kind_of(client) == "single":
        return []
    with asking("ask who the primaries are"):
        try:
            return sorted(str(node.info("replication").get("master_replid", "")) for node in primaries(client))
        except MOVING:
            if isinstance(client, Cluster):
                client.refresh()
            raise


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
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return f"the store cannot be reached: its primary has become a replica ({text})"
    if isinstance(error, redis.ConnectionError | redis.exceptions.ClusterError | RedisClusterException | OSError):
        return f"the store cannot be reached ({text})"
    return f"the store refuses ({text})"


def hide_password(text: str) -> str:
    """The text with the password of any URL in it replaced by ``***``."""
    text = re.sub(r"(rediss?(?:\+\w+)?://[^:@/\s]*):[^@\s]*@", r"\1:***@", text)
    return re.sub(r"((?:sentinel_)?password=)[^&\s'\"]+", r"\1***", text)


def ping(client: Store) -> None:
    """Return when the server answers. Raises StoreUnavailable otherwise."""
    with asking("ping"):
        client.ping()


def describe(client: Store) -> Server:
    """Name, version, memory and persistence of the server. Raises StoreUnavailable."""
    with asking("server information"):
        seen: list[dict[str, Any]] = [node.info() for node in primaries(client)]
    valkey = "valkey_version" in seen[0]
    policies = [str(info.get("maxmemory_policy", "")) for info in seen]
    return Server(
        name="valkey" if valkey else "redis",
        version=min((str(i.get("valkey_version" if valkey else "redis_version", "")) for i in seen), key=_numbers),
        memory_bytes=sum(int(info.get("used_memory", 0)) for info in seen),
        persistent=all(int(info.get("aof_enabled", 0)) for info in seen),
        policy=next((policy for policy in policies if policy != "noeviction"), policies[0]),
        kind=kind_of(client),
        primaries=len(seen),
        replicas=sum(int(info.get("connected_slaves", 0)) for info in seen),
        max_bytes=sum(int(info.get("maxmemory", 0)) for info in seen),
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def clear(client: Store) -> int:
    """Delete every key of this project but the journals, and nothing else; return how many. For rebuilds.

    Raises StoreUnavailable.
    """
    from radar.store import keys
    from radar.store.wire import command, exchange

    gone = 0
    with asking("clear"):
        for node in primaries(client):
            every = node.scan_iter(match=f"{keys.PREFIX}*", count=5000)
            found = (key for key in every if not key.startswith(keys.JOURNALS.encode()))
            while batch := list(islice(found, 5000)):
                asked = (command(b"UNLINK", key) for key in batch)
                gone += sum(int(n or 0) for n in exchange(client, asked, reply_bytes=8, what="clear"))
    return gone
