"""Real servers of the tests: one, a primary with a replica and three Sentinels, and a Cluster of six.

All are processes of the same program as the embedded store, on free ports of this machine, without persistence, and
with short time-outs, so that a failover takes a second or two.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.exceptions import RedisError

from radar.store import embedded

#: Milliseconds after which a node that does not answer counts as down.
NODE_TIMEOUT_MS = 1000
SLOTS = 16384


@dataclass
class Server:
    """One process. ``name`` is its folder, ``port`` where it listens."""

    folder: Path
    port: int
    options: list[str]
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, or start it again with what is on its disk, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [str(embedded.server_binary()), *self.options, "--port", str(self.port), "--bind", "127.0.0.1",
                   "--dir", str(self.folder), "--logfile", str(self.folder / "log")]  # fmt: skip
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        until(lambda: self.client().ping(), f"server on port {self.port}")

    def client(self) -> redis.Redis:
        """A plain client of this process alone."""
        return redis.Redis(port=self.port, protocol=2, socket_timeout=5)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, nor on those 10,000 above, which a Cluster's nodes use among themselves."""
    found: list[int] = []
    port = 21000
    while len(found) < count:
        port += 1
        if all(_is_free(one) for one in (port, port + 10_000)):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def until(good: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait until a question is answered with yes; errors of the store count as no."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if good():
                return
        except (RedisError, OSError):
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} is not ready after {seconds} s")
        time.sleep(0.05)


_PLAIN = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]


@contextmanager
def standalone(folder: Path) -> Iterator[str]:
    """One server on a port."""
    server = Server(folder, free_ports(1)[0], _PLAIN)
    try:
        yield f"redis://127.0.0.1:{server.port}/0"
    finally:
        server.kill()


@dataclass
class Watched:
    """A primary, its replica and their Sentinels."""

    url: str
    nodes: list[Server]
    sentinels: list[Server]

    def primary(self) -> Server:
        """The node that the Sentinels name."""
        [watcher] = self.sentinels[:1]
        answer = watcher.client().sentinel_get_master_addr_by_name("mymaster")
        assert answer is not None
        return next(node for node in self.nodes if node.port == int(answer[1]))

    def replica(self) -> Server:
        """The other one."""
        primary = self.primary()
        return next(node for node in self.nodes if node is not primary)


@contextmanager
def sentinel(folder: Path) -> Iterator[Watched]:
    """One primary, one replica, three Sentinels of which two must agree."""
    first, second, *watching = free_ports(5)
    nodes = [Server(folder / "a", first, _PLAIN)]
    sentinels: list[Server] = []
    try:
        nodes.append(Server(folder / "b", second, [*_PLAIN, "--replicaof", f"127.0.0.1 {first}"]))
        until(lambda: nodes[1].client().info("replication")["master_link_status"] == "up", "the replica")
        for port in watching:
            own = folder / str(port)
            own.mkdir()
            (own / "conf").write_text(
                f"sentinel monitor mymaster 127.0.0.1 {first} 2\n"
                f"sentinel down-after-milliseconds mymaster {NODE_TIMEOUT_MS}\n"
                "sentinel failover-timeout mymaster 5000\n"
            )
            sentinels.append(Server(own, port, [str(own / "conf"), "--sentinel"]))
        for one in sentinels:
            until(lambda one=one: _knows_all(one), "the Sentinels")  # type: ignore[misc]
        hosts = ",".join(f"127.0.0.1:{port}" for port in watching)
        yield Watched(f"redis+sentinel://{hosts}/mymaster/0", nodes, sentinels)
    finally:
        for server in (*sentinels, *nodes):
            server.kill()


def _knows_all(one: Server) -> bool:
    seen = one.client().sentinel_master("mymaster")
    return bool(seen["num-slaves"] == 1 and seen["num-other-sentinels"] == 2)


@dataclass
class Nodes:
    """A Cluster of three primaries with a replica each."""

    url: str
    servers: list[Server]

    def holder(self, slot: int) -> Server:
        """The primary that holds a slot, as the nodes that still run say."""
        for server in self.servers:
            if server.process.poll() is None:
                for low, high, primary, *_ in server.client().execute_command("CLUSTER SLOTS"):
                    if low <= slot <= high:
                        return next(one for one in self.servers if one.port == int(primary[1]))
        raise AssertionError(f"nobody holds slot {slot}")

    def healthy(self) -> bool:
        """Whether all nodes agree that all is well, with a replica in step at each primary."""
        for server in self.servers:
            client = server.client()
            info = client.execute_command("CLUSTER INFO")
            state = info["cluster_state"] if isinstance(info, dict) else str(info)
            if "ok" not in state:
                return False
            seen = client.info("replication")
            if seen["role"] == "master" and seen["connected_slaves"] != 1:
                return False
            if seen["role"] == "slave" and seen["master_link_status"] != "up":
                return False
        return True


@contextmanager
def cluster(folder: Path) -> Iterator[Nodes]:
    """Three primaries that share all slots, and three replicas."""
    options = [*_PLAIN, "--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS),
               "--cluster-require-full-coverage", "no", "--cluster-config-file", "nodes.conf"]  # fmt: skip
    servers: list[Server] = []
    try:
        servers.extend(Server(folder / str(port), port, options) for port in free_ports(6))
        first = servers[0].client()
        for server in servers[1:]:
            first.execute_command("CLUSTER", "MEET", "127.0.0.1", server.port)
        for nth, server in enumerate(servers[:3]):
            low, high = SLOTS * nth // 3, SLOTS * (nth + 1) // 3 - 1
            server.client().execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
        for server in servers:
            until(lambda one=server: len(one.client().cluster("nodes")) == 6, "the Cluster")  # type: ignore[misc]
        for primary, replica in zip(servers[:3], servers[3:], strict=True):
            name = primary.client().execute_command("CLUSTER", "MYID")
            until(lambda r=replica, n=name: r.client().execute_command("CLUSTER", "REPLICATE", n), "a replica")  # type: ignore[misc]
        nodes = Nodes("redis+cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in servers[:3]), servers)
        until(nodes.healthy, "the Cluster")
        yield nodes
    finally:
        for server in servers:
            server.kill()
