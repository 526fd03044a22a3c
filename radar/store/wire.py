"""Many commands in one buffer over one connection: the fast path of bulk reads and writes.

redis-py builds and reads each command by itself, which costs more than the server's own work. Here the caller builds
the commands, and the answers are read in one loop. The connection comes from redis-py's pool, so login, database and
TLS are its business. RESP2 is the same on Redis and Valkey.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from types import TracebackType
from typing import Any, cast

from redis.crc import key_slot
from redis.exceptions import BusyLoadingError
from redis.exceptions import ConnectionError as RedisConnectionError

from radar.errors import StoreUnavailable
from radar.store import Store, asking
from radar.store.cluster import MOVING, Cluster

#: Requests and expected answers of one exchange are cut at about this size: small enough that no time-out of a
#: whole send is reached and the server's answer buffer stays small.
CHUNK_BYTES = 2 << 20

#: Fields of a hash in one command.
FIELDS = 500

#: How refusals begin that only say that another node is to be asked.
REDIRECTED = ("MOVED ", "ASK ", "TRYAGAIN")

_DOLLAR, _COLON, _PLUS, _MINUS, _STAR = b"$:+-*"

Reply = bytes | int | None

#: Raises when what is to be sent must not be sent any more.
Guard = Callable[[], None]

#: Commands of equal length side by side, each complete and answered once, and their number.
Sheet = tuple[bytes, int]


def free() -> None:
    """The guard of whoever may write whenever it likes."""


def command(*parts: bytes) -> bytes:
    """One command in RESP."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def exchange(
    client: Store, commands: Iterable[bytes], *, reply_bytes: int, what: str, guard: Guard = free
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
    guard
        Called when a connection stands and before anything is sent over it; what it raises ends the exchange. A
        connection that is closed later is never opened anew.

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
        return scattered(client, commands, reply_bytes=reply_bytes, what=what, guard=guard)
    replies: list[Reply] = []
    with asking(what), Line(client, what, guard) as line:
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


def pour(
    client: Store, sheets: Iterable[Sheet], answer: bytes, *, what: str, guard: Guard = free
) -> list[tuple[int, Reply]]:
    """Send commands that are all to be answered alike; return the answers that are others, with their positions.

    Parameters
    ----------
    sheets
        Laid out while the server works on those before; otherwise as the commands of ``exchange``.
    answer
        An answer in RESP: one line.
    guard
        As in ``exchange``.

    Raises
    ------
    StoreUnavailable
        As ``exchange``: also a single refusal among all answers.
    """
    usual: Reply = int(answer[1:-2]) if answer[0] == _COLON else answer[1:-2]
    if isinstance(client, Cluster):
        replies = scattered(client, _torn(sheets), reply_bytes=len(answer), what=what, guard=guard)
        return [(nth, reply) for nth, reply in enumerate(replies) if reply != usual]
    odd: list[tuple[int, Reply]] = []
    done = sent = weight = 0
    with asking(what), Line(client, what, guard) as line:

        def settle() -> None:
            odd.extend(
                (nth, reply) for nth, reply in enumerate(line.receive_alike(answer) or (), done) if reply != usual
            )

        for text, count in sheets:
            if weight >= CHUNK_BYTES:
                settle()
                done, weight = sent, 0
            line.send([text], count)
            sent += count
            weight += len(text)
        settle()
    return odd


def _torn(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    for text, count in sheets:
        size = len(text) // count
        for at in range(0, len(text), size):
            yield text[at : at + size]


def fetch(client: Store, names: Iterable[str], *, reply_bytes: int, what: str) -> list[bytes | None]:
    """The strings under these keys; None where there is none. Raises StoreUnavailable.

    One MGET of one moment where one server holds them all; on a Cluster keys of one tag are of one moment.
    """
    wanted = [name.encode() for name in names]
    if isinstance(client, Cluster):
        asked = (command(b"GET", name) for name in wanted)
        return cast("list[bytes | None]", scattered(client, asked, reply_bytes=reply_bytes, what=what))
    if not wanted:
        return []
    question = command(b"MGET", *wanted)
    with asking(what):
        try:
            return cast("list[bytes | None]", _one_trip(client, question, what))
        except (RedisConnectionError, ConnectionError):  # as redis-py does: a server that was restarted is no error
            return cast("list[bytes | None]", _one_trip(client, question, what))


def _one_trip(client: Store, question: bytes, what: str) -> list[Reply]:
    with Line(client, what) as line:
        return line.trip([question])


def put_fields(
    client: Store, key: str, rows: Mapping[str, bytes], gone: Iterable[str] = (), *, what: str, guard: Guard = free
) -> None:
    """Write these fields of a hash and remove those that are gone; ``guard`` as in ``exchange``. StoreUnavailable."""
    items = [(name.encode(), body) for name, body in rows.items()]
    names, target = [name.encode() for name in gone], key.encode()
    asked = [
        command(b"HSET", target, *chain.from_iterable(items[at : at + FIELDS])) for at in range(0, len(items), FIELDS)
    ] + [command(b"HDEL", target, *names[at : at + FIELDS]) for at in range(0, len(names), FIELDS)]
    exchange(client, asked, reply_bytes=16, what=what, guard=guard)


def scattered(
    client: Cluster, commands: Iterable[bytes], *, reply_bytes: int, what: str, guard: Guard = free
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
                        lines[name] = stack.enter_context(Line(node, what, guard))
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
        _follow(client, moved, replies, what, guard)
    return replies


def _follow(
    client: Cluster, moved: list[tuple[int, bytes, str]], replies: list[Reply], what: str, guard: Guard
) -> None:
    """Send again what a node answered with the address of another one, to that address: the node that is asked for the
    map of all may not have heard of the move yet."""
    client.refresh()
    with asking(what):
        try:
            for nth, item, text in moved:
                verb, _, address = text.split()[:3]
                host, _, port = address.rpartition(":")
                # a node that does not know its own address names none
                _, node = client.node(host, int(port)) if host else client.home(key_slot(item))
                asked = [command(b"ASKING"), item] if verb == "ASK" else [item]
                with Line(node, what, guard) as line:
                    replies[nth] = line.trip(asked)[-1]
        except MOVING:
            client.refresh()
            raise


class Line:
    """One connection of a plain client's pool for the length of a block. ``guard`` may refuse it at its beginning."""

    def __init__(self, client: Store, what: str, guard: Guard = free) -> None:
        self._pool: Any = client.connection_pool
        self._what = what
        self._guard = guard
        self._awaited = 0  # answers under way

    def __enter__(self) -> Line:
        self._connection: Any = self._pool.get_connection()
        try:
            self._guard()  # from here on nothing opens it anew: see store.lease
        except BaseException:
            self._pool.release(self._connection)
            raise
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

    def send(self, commands: list[bytes], count: int | None = None) -> None:
        """Send commands, ``count`` of them where several stand in one piece; their answers are to be received."""
        self._awaited += len(commands) if count is None else count
        self._connection.send_packed_command([b"".join(commands)], check_health=False)

    def receive(self, refused: list[tuple[int, str]] | None = None) -> list[Reply]:
        """The answers of what was sent since the last time; none when nothing was."""
        return self._take(bytearray(), refused)

    def receive_alike(self, answer: bytes) -> list[Reply] | None:
        """``receive`` where each answer is to be this one; None when each of them is."""
        usual = answer * self._awaited
        data = bytearray()
        while len(data) < len(usual):
            at = len(data)
            data += _piece(self._connection)
            if data[at:] != usual[at : len(data)]:
                return self._take(data, None)
        self._awaited = 0
        return None

    def _take(self, data: bytearray, refused: list[tuple[int, str]] | None) -> list[Reply]:
        refusals: list[tuple[int, str]] = []
        replies = _answers(self._connection, data, self._awaited, self._what, refusals)
        self._awaited = 0
        if refusals and refused is None:
            if refusals[0][1].startswith("LOADING "):
                raise BusyLoadingError(refusals[0][1])
            raise StoreUnavailable(f"{self._what}: the store refuses ({refusals[0][1]})")
        if refused is not None:
            refused += refusals
        return replies


def _piece(connection: Any) -> bytes:
    # The socket itself, as redis-py has no public reader of raw bytes; it is idle, so nothing is buffered elsewhere.
    piece: bytes = connection._sock.recv(1 << 18)
    if not piece:
        raise RedisConnectionError("the server closed the connection")
    return piece


def _answers(connection: Any, data: bytearray, count: int, what: str, refused: list[tuple[int, str]]) -> list[Reply]:
    """So many answers, of which ``data`` is what came already. Those of an array stand one after the other."""
    at = 0
    replies: list[Reply] = []
    while len(replies) < count:
        end = data.find(b"\r\n", at)
        if end < 0:
            data += _piece(connection)
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
                data += _piece(connection)
            replies.append(bytes(data[end + 2 : stop]))
            at = stop + 2
            continue
        if kind == _COLON:
            replies.append(int(data[at + 1 : end]))
        elif kind == _PLUS:
            replies.append(bytes(data[at + 1 : end]))
        elif kind == _STAR:
            count += int(data[at + 1 : end]) - 1
        elif kind == _MINUS:
            refused.append((len(replies), data[at + 1 : end].decode("utf-8", "replace")))
            replies.append(None)
        else:
            raise StoreUnavailable(
                f"{what}: the store answers in a form that is not RESP2 ({bytes(data[at:end])[:40]!r})"
            )
        at = end + 2
    return replies
