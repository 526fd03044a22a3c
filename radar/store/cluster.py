"""A Redis Cluster as a client: redis-py routes single commands, and we say where a key lives for all that is more.

Transactions run on the plain client of the node that holds their keys. redis-py's own cluster transactions send an
EXEC once more after a lost connection, without the WATCH that guards a lease; a plain client's do not.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from types import TracebackType
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError, TryAgainError
from redis.retry import Retry

from radar.store.address import Address

#: What a command meets while a cluster changes. The next one finds the new places.
MOVING = (redis.ConnectionError, redis.TimeoutError, OSError, ClusterDownError, TryAgainError, RedisClusterException,
          redis.exceptions.AskError, redis.exceptions.ReadOnlyError)  # fmt: skip

#: How often redis-py looks for a single command's new place before it gives up.
TRIES = 2


class Cluster:
    """Stands in for ``redis.Redis`` where ``REDIS_URL`` names a Cluster. Nothing is asked before the first command.

    Commands of one key are redis-py's (``__getattr__``). All raise redis-py's errors, as ``store.asking`` expects.
    """

    def __init__(self, address: Address, timeout_s: float, name: str = "") -> None:
        self._address = address
        self._name = name
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._made: redis.RedisCluster | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.client, name)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def client(self) -> redis.RedisCluster:
        """redis-py's client; it asks the cluster for its nodes when it is made."""
        with self._lock:
            if self._made is None:
                self._made = redis.RedisCluster(
                    startup_nodes=[
                        ClusterNode(host, port)  # type: ignore[no-untyped-call]
                        for host, port in self._address.hosts
                    ],
                    retry=Retry(NoBackoff(), TRIES),
                    require_full_coverage=False,
                    reinitialize_steps=1,
                    socket_timeout=self._timeout_s,
                    socket_connect_timeout=self._timeout_s,
                    protocol=2,
                    health_check_interval=0,
                    client_name=self._name or None,
                    **self._address.options,
                )
            return self._made

    def close(self) -> None:
        """Close all connections; a client that is used afterwards opens new ones."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def home(self, slot: int) -> tuple[str, redis.Redis]:
        """Name and plain client of the primary that holds a slot. Raises SlotNotCoveredError when there is none."""
        made = self.client
        node = made.nodes_manager.get_node_from_slot(slot)
        return str(node.name), made.get_redis_connection(node)

    def node(self, host: str, port: int) -> tuple[str, redis.Redis]:
        """Name and plain client of a node that a redirection named."""
        made = self.client
        node = made.nodes_manager.get_node(host=host, port=port)
        if node is None:
            self.refresh()
            made = self.client
            node = made.nodes_manager.get_node(host=host, port=port)
        if node is None:
            raise redis.ConnectionError(f"the cluster names node {host}:{port} and does not list it")
        return str(node.name), made.get_redis_connection(node)

    def primaries(self) -> list[redis.Redis]:
        """Plain clients of all primaries that hold slots."""
        made = self.client
        return [made.get_redis_connection(node) for node in made.get_primaries()]  # type: ignore[no-untyped-call]

    def refresh(self) -> None:
        """Ask for the nodes anew; when nobody answers, make a new client at the next command."""
        made = self._made
        if made is None:
            return
        try:
            made.nodes_manager.initialize()
        except (RedisError, RedisClusterException, OSError):
            with suppress(RedisError, OSError):
                self.close()
