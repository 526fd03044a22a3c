"""Many commands in one buffer over one connection: the fast path of bulk reads and writes.

redis-py builds and reads each command by itself, which costs more than the server's own work. Here the caller builds
the commands, and the answers are read in one loop. The connection comes from redis-py's pool, so login, database and
TLS are its business. RESP2 is the same on Redis and Valkey.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, cast

from redis.crc import key_slot
from redis.exceptions import ConnectionError as RedisConnectionError

from radar.errors import StoreUnavailable
from radar.store import Store, asking
from radar.store.cluster import MOVING, Cluster

#: Requests and expected answers of one exchange are cut at about this size: small enough that no time-out of a
#: whole send is reached and the server's answer buffer stays small.
CHUNK_BYTES = 2 << 20

#: How refusals begin that only say that another node is to be asked.
REDIRECTED = ("MOVED ", "ASK ", "TRYAGAIN")

_DOLLAR, _COLON, _PLUS, _MINUS = b"$:+-"

Reply = bytes | int | None


def command(*parts: bytes) -> bytes:
    """One command in RESP."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def exchange(
    client: Store, commands: Iterable[bytes], *, reply_bytes: int, what: str, prelude: bytes | None = None
) -> list[Reply]:
    """Send commands and return their answers in the same order.

    Parameters
    ----------
    commands
        Each one complete, as ``command`` builds it; doing one twice must be the same as once. On a Cluster the first
        braces in it are its key's hash tag and name the node.
    reply_bytes
        About how large one answer is; used to cut the work into pieces.
    what
        Named in errors.
    prelude
        A command that each connection is sent first, such as the loading of a script; its answer is not returned.

    Returns
    -------
    list
        Bytes of a bulk or simple string, int of an integer, None of a nil.

    Raises
    ------
    StoreUnavailable
        The server cannot be reached, answers late, or refuses any one of the commands.
    """
    if isinstance(client, Cluster):
        return scattered(client, commands, reply_bytes=reply_bytes, what=what, prelude=prelude)
    replies: list[Reply] = []
    with asking(what), Line(client, what, prelude) as line:
        pending: list[bytes] = []
        weight = 0
        for item in commands:
            pending.append(item)
            weight += max(len(item), reply_bytes)
            if weight >= CHUNK_BYTES:
                replies += line.receive()  # the server worked on these while the next ones were put together
                line.send(pending)
                pending, weight = [], 0
        replies += line.receive()
        if pending:
            replies += line.trip(pending)
    return replies


def fetch(client: Store, names: Iterable[str], *, reply_bytes: int, what: str) -> list[bytes | None]:
    """The strings under these keys; None where there is none. Raises StoreUnavailable.

    One MGET of one moment where one server holds them all; on a Cluster keys of one tag are of one moment.
    """
    wanted = list(names)
    if not isinstance(client, Cluster):
        with asking(what):
            return cast("list[bytes | None]", client.mget(wanted)) if wanted else []
    asked = (command(b"GET", name.encode()) for name in wanted)
    return cast("list[bytes | None]", scattered(client, asked, reply_bytes=reply_bytes, what=what))


def scattered(
    client: Cluster, commands: Iterable[bytes], *, reply_bytes: int, what: str, prelude: bytes | None = None
) -> list[Reply]:
    """``exchange`` with a Cluster: each node is sent its own share, and what has moved meanwhile is sent again."""
    replies: list[Reply] = []
    moved: list[tuple[int, bytes, str]] = []
    with asking(what), ExitStack() as stack:
        lines: dict[str, Line] = {}
        shares: dict[str, list[tuple[int, bytes]]] = {}
        weights: dict[str, int] = {}
        homes: dict[int, str] = {}

        def send(name: str) -> None:
            share = shares.pop(name)
            weights[name] = 0
            refused: list[tuple[int, str]] = []
            answers = lines[name].trip([item for _, item in share], refused)
            for (nth, _), answer in zip(share, answers, strict=True):
                replies[nth] = answer
            for at, text in refused:
                if not text.startswith(REDIRECTED):
                    raise StoreUnavailable(f"{what}: the store refuses ({text})")
                moved.append((*share[at], text))

        try:
            for nth, item in enumerate(commands):
                replies.append(None)
                slot = key_slot(item)
                if (name := homes.get(slot, "")) == "":
                    name, node = client.home(slot)
                    homes[slot] = name
                    if name not in lines:
                        lines[name] = stack.enter_context(Line(node, what, prelude))
                shares.setdefault(name, []).append((nth, item))
                weights[name] = weights.get(name, 0) + max(len(item), reply_bytes)
                if weights[name] >= CHUNK_BYTES:
                    send(name)
            for name in list(shares):
                send(name)
        except MOVING:
            client.refresh()
            raise
    if moved:
        _follow(client, moved, replies, what, prelude)
    return replies


def _follow(
    client: Cluster, moved: list[tuple[int, bytes, str]], replies: list[Reply], what: str, prelude: bytes | None
) -> None:
    """Send again what a node answered with the address of another one."""
    client.refresh()
    with asking(what):
        try:
            for nth, item, text in moved:
                if text.startswith("ASK "):
                    host, _, port = text.split()[2].rpartition(":")
                    _, node = client.node(host, int(port))
                    asked = [command(b"ASKING"), item]
                else:
                    _, node = client.home(key_slot(item))
                    asked = [item]
                with Line(node, what, prelude) as line:
                    replies[nth] = line.trip(asked)[-1]
        except MOVING:
            client.refresh()
            raise


class Line:
    """One connection of a plain client's pool for the length of a block."""

    def __init__(self, client: Store, what: str, prelude: bytes | None = None) -> None:
        self._pool: Any = client.connection_pool
        self._what = what
        self._prelude = prelude
        self._awaited, self._first = 0, False  # answers under way, and whether the first of them is the prelude's

    def __enter__(self) -> Line:
        self._connection: Any = self._pool.get_connection()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            # Answers may still be under way; this connection must not be used for anything else.
            self._connection.disconnect()
        self._pool.release(self._connection)

    def trip(self, commands: list[bytes], refused: list[tuple[int, str]] | None = None) -> list[Reply]:
        """Send commands and take their answers. A refusal raises, or is put into ``refused`` with its position."""
        self.send(commands)
        return self.receive(refused)

    def send(self, commands: list[bytes]) -> None:
        """Send commands; their answers are to be received before others are sent."""
        lead, self._prelude = [self._prelude] if self._prelude is not None else [], None
        self._first = bool(lead)
        self._awaited = len(lead) + len(commands)
        self._connection.send_packed_command([b"".join([*lead, *commands])], check_health=False)

    def receive(self, refused: list[tuple[int, str]] | None = None) -> list[Reply]:
        """The answers of what was sent last; none when nothing was."""
        refusals: list[tuple[int, str]] = []
        replies = _answers(self._connection, self._awaited, self._what, refusals) if self._awaited else []
        if self._first and self._awaited:
            refusals = [(at - 1, text) for at, text in refusals]
            del replies[0]
        self._awaited = 0
        if refusals and (refused is None or refusals[0][0] < 0):
            raise StoreUnavailable(f"{self._what}: the store refuses ({refusals[0][1]})")
        if refused is not None:
            refused += refusals
        return replies


def _answers(connection: Any, count: int, what: str, refused: list[tuple[int, str]]) -> list[Reply]:
    # The socket itself, as redis-py has no public reader of raw bytes; it is idle, so nothing is buffered elsewhere.
    sock = connection._sock
    data = bytearray()
    at = 0
    replies: list[Reply] = []

    def more() -> None:
        piece = sock.recv(1 << 18)
        if not piece:
            raise RedisConnectionError("the server closed the connection")
        data.extend(piece)

    while len(replies) < count:
        end = data.find(b"\r\n", at)
        if end < 0:
            more()
            continue
        kind = data[at]
        if kind == _DOLLAR:
            size = int(data[at + 1 : end])
            if size < 0:
                replies.append(None)
                at = end + 2
                continue
            stop = end + 2 + size
            while len(data) < stop + 2:
                more()
            replies.append(bytes(data[end + 2 : stop]))
            at = stop + 2
            continue
        if kind == _COLON:
            replies.append(int(data[at + 1 : end]))
        elif kind == _PLUS:
            replies.append(bytes(data[at + 1 : end]))
        elif kind == _MINUS:
            refused.append((len(replies), data[at + 1 : end].decode("utf-8", "replace")))
            replies.append(None)
        else:
            raise StoreUnavailable(
                f"{what}: the store answers in a form that is not RESP2 ({bytes(data[at:end])[:40]!r})"
            )
        at = end + 2
    return replies
