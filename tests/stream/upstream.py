"""A server on this machine that speaks the protocol of RIS Live, and misbehaves when it is told to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

#: What a server does with one connection that has subscribed.
Script = Callable[[ServerConnection], None]


def update(time: float, prefixes: list[str], path: list[object], *, peer: str = "192.0.2.1", asn: int = 64500,
           host: str = "rrc00", withdrawn: list[str] | None = None, id: str = "") -> bytes:  # fmt: skip
    """One UPDATE as RIS Live sends it."""
    data: dict[str, object] = {"timestamp": time, "peer": peer, "peer_asn": str(asn), "host": f"{host}.ripe.net",
                               "id": id or f"{host}-{peer}-{time}-{prefixes}-{withdrawn}", "type": "UPDATE",
                               "withdrawals": withdrawn or []}  # fmt: skip
    if prefixes:
        data |= {"path": path, "origin": "IGP", "announcements": [{"next_hop": peer, "prefixes": prefixes}]}
    return orjson.dumps({"type": "ris_message", "data": data})


def peer_state(time: float, state: str, *, peer: str = "192.0.2.1", asn: int = 64500, host: str = "rrc00") -> bytes:
    """A session that came up or went down."""
    data = {"timestamp": time, "peer": peer, "peer_asn": str(asn), "host": host, "id": f"{peer}-{time}-{state}",
            "type": "RIS_PEER_STATE", "state": state}  # fmt: skip
    return orjson.dumps({"type": "ris_message", "data": data})


@contextmanager
def upstream(*scripts: Script) -> Iterator[str]:
    """Serve: the first connection gets the first script, the next one the next, and all later ones the last.

    Yields the address. The subscription must be the one of RIS Live, else the connection is closed.
    """
    count = 0
    lock = threading.Lock()

    def handle(connection: ServerConnection) -> None:
        nonlocal count
        with lock:
            script = scripts[min(count, len(scripts) - 1)]
            count += 1
        hello = orjson.loads(connection.recv(timeout=5))
        if hello.get("type") != "ris_subscribe":
            connection.close(1002, "expected ris_subscribe")
            return
        with suppress(ConnectionClosed):  # the client has gone
            script(connection)

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        port = server.socket.getsockname()[1]
        try:
            yield f"ws://127.0.0.1:{port}/v1/ws/?client=test"
        finally:
            server.shutdown()
            thread.join(5)


def send(*messages: bytes) -> Script:
    """Send these, then stay until the client goes."""

    def script(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message.decode())
        stay(connection)

    return script


def send_and_close(*messages: bytes, code: int = 1001) -> Script:
    """Send these, then close as upstream does when it restarts."""

    def script(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message.decode())
        connection.close(code, "going away")

    return script


def send_and_break_off(*messages: bytes) -> Script:
    """Send these, then half of a frame, then nothing: a cable is cut in the middle of a message."""

    def script(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message.decode())
        # a text frame that announces 200 bytes, of which ten come
        connection.socket.sendall(b"\x81\x7e\x00\xc8" + b'{"type":"r')
        connection.socket.shutdown(socket.SHUT_RDWR)
        connection.socket.close()

    return script


def stay(connection: ServerConnection) -> None:
    """Say nothing more, until the client goes."""
    while True:
        connection.recv()
