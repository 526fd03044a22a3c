"""Many commands in one buffer over one connection: the fast path of bulk reads and writes.

redis-py builds and reads each command by itself, which costs more than the server's own work. Here the caller builds
the commands, and the answers are read in one loop. The connection comes from redis-py's pool, so login, database and
TLS are its business. RESP2 is the same on Redis and Valkey.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from radar.errors import StoreUnavailable
from radar.store import Store, asking

#: Requests and expected answers of one exchange are cut at about this size: small enough that no time-out of a
#: whole send is reached and the server's answer buffer stays small.
CHUNK_BYTES = 2 << 20

_DOLLAR, _COLON, _PLUS, _MINUS = b"$:+-"

Reply = bytes | int | None


def command(*parts: bytes) -> bytes:
    """One command in RESP."""
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def exchange(client: Store, commands: Iterable[bytes], *, reply_bytes: int, what: str) -> list[Reply]:
    """Send commands and return their answers in the same order.

    Parameters
    ----------
    commands
        Each one complete, as ``command`` builds it.
    reply_bytes
        About how large one answer is; used to cut the work into pieces.
    what
        Named in errors.

    Returns
    -------
    list
        Bytes of a bulk or simple string, int of an integer, None of a nil.

    Raises
    ------
    StoreUnavailable
        The server cannot be reached, answers late, or refuses any one of the commands.
    """
    replies: list[Reply] = []
    with asking(what):
        connection: Any = client.connection_pool.get_connection()
        try:
            pending: list[bytes] = []
            weight = 0
            for item in commands:
                pending.append(item)
                weight += max(len(item), reply_bytes)
                if weight >= CHUNK_BYTES:
                    replies += _round_trip(connection, pending, what)
                    pending, weight = [], 0
            if pending:
                replies += _round_trip(connection, pending, what)
        except BaseException:
            # Answers may still be under way; this connection must not be used for anything else.
            connection.disconnect()
            raise
        finally:
            client.connection_pool.release(connection)
    return replies


def _round_trip(connection: Any, commands: list[bytes], what: str) -> list[Reply]:
    connection.send_packed_command([b"".join(commands)], check_health=False)
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

    while len(replies) < len(commands):
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
            raise StoreUnavailable(f"{what}: the store refuses ({data[at + 1 : end].decode('utf-8', 'replace')})")
        else:
            raise StoreUnavailable(
                f"{what}: the store answers in a form that is not RESP2 ({bytes(data[at:end])[:40]!r})"
            )
        at = end + 2
    return replies
