"""What happens when the server is not there, goes away, hangs, refuses, or alters what is sent."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from radar import settings, store
from radar.errors import ConfigError, StoreUnavailable
from radar.signals import GROUPS
from radar.store import Store, blocks, documents, embedded, keys, lease, series

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
EDGE = GROUPS["edge"]
REQUESTS = "edge.requests@edge_logs"
ONES = np.ones((1, 1, 5))

CALLS: dict[str, Callable[[Store], object]] = {
    "ping": store.ping,
    "describe": store.describe,
    "clear": store.clear,
    "series.read": lambda c: series.read(c, "country/IQ", REQUESTS, "value", MONDAY, MONDAY + timedelta(hours=1)),
    "series.newest": lambda c: series.newest(c, "country/IQ", REQUESTS),
    "series.span": lambda c: series.span(c, REQUESTS),
    "write_bins": lambda c: blocks.write_bins(c, EDGE, "value", ["country/IQ"], MONDAY, ONES),
    "read_bins": lambda c: blocks.read_bins(c, EDGE, "value", ["country/IQ"], MONDAY, 1),
    "gather": lambda c: blocks.gather(c, EDGE, "value", ["country/IQ"], [MONDAY]),
    "documents.get": lambda c: documents.get(c, "clock"),
    "documents.get_many": lambda c: documents.get_many(c, ["clock"]),
    "documents.read": lambda c: documents.read(c, ["clock"], states=True),
    "documents.version": documents.version,
    "documents.states": documents.states,
    "documents.state": lambda c: documents.state(c, "country/IQ"),
    "documents.blob": lambda c: documents.blob(c, "edge"),
    "documents.blobs": lambda c: documents.blobs(c, ["edge"]),
    "documents.publish": lambda c: documents.publish(c, {"clock": 1}),
    "lease.acquire": lambda c: lease.acquire(c, "tick", 30),
}


def test_every_call_says_that_the_store_cannot_be_reached(tmp_path: Path) -> None:
    """Never a miss, never a redis-py error: before the server was there, and after it went away."""
    with embedded.start(tmp_path) as server, store.connect(server.url) as client:
        for call in CALLS.values():
            call(client)
        server.stop()
        for name, call in CALLS.items():
            with pytest.raises(StoreUnavailable, match="cannot be reached"):
                call(client)
            assert name
    with embedded.start(tmp_path), store.connect(server.url) as client:
        assert documents.get(client, "clock") == 1, "what was published before is still there"


def test_a_client_goes_on_when_the_server_was_restarted(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as first, store.connect(first.url) as client:
        documents.publish(client, {"clock": 1})
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ONES)
        first.stop()
        with embedded.start(tmp_path):
            assert documents.get(client, "clock") == 1
            assert blocks.read_bins(client, EDGE, "value", ["country/IQ"], MONDAY, 1).tolist() == ONES.tolist()


def test_a_server_that_hangs_is_given_up_after_the_time_out(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url, timeout_s=0.1) as client:
        store.ping(client)
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable, match="does not answer in time"):
                documents.get(client, "clock")
            with pytest.raises(StoreUnavailable, match="does not answer in time"):
                blocks.read_bins(client, EDGE, "value", ["country/IQ"], MONDAY, 1)
        finally:
            os.kill(server.pid, signal.SIGCONT)
        with store.connect(server.url, timeout_s=10) as patient:
            store.ping(patient)


@contextmanager
def late_server(folder: Path) -> Iterator[str]:
    """A server that keeps back its answer to GETRANGE until it is asked something else on the same connection, and is
    still loading when it is asked for pages."""
    path = folder / "late"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threads: list[threading.Thread] = []

    def talk(connection: socket.socket) -> None:
        kept_back = b""
        with connection:
            while asked := connection.recv(1 << 16):
                if b"GETRANGE" in asked:
                    kept_back = b"$0\r\n\r\n"
                    continue
                answer = b"+OK\r\n" * asked.count(b"SETINFO") or b'$3\r\n"b"\r\n'
                if b"MGET" in asked:
                    answer = b"-LOADING the dataset is loaded into memory\r\n"
                connection.sendall(kept_back + answer)
                kept_back = b""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
            threads[-1].start()

    threads.append(threading.Thread(target=serve, daemon=True))
    threads[0].start()
    try:
        yield f"unix://{path}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join(10)


def test_a_late_answer_is_never_taken_for_the_answer_of_another_question(tmp_path: Path) -> None:
    with late_server(tmp_path) as url, store.connect(url, timeout_s=0.3) as client:
        with pytest.raises(StoreUnavailable, match="does not answer in time"):
            CALLS["read_bins"](client)
        assert documents.get(client, "b") == "b"
        client.close()


def test_a_full_server_refuses_and_says_so(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url) as client:
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ONES)
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable, match=r"write edge value: the store refuses .*OOM"):
            blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ONES)
        with pytest.raises(StoreUnavailable, match=r"write edge value: the store is full"):
            blocks.write_bins(client, EDGE, "value", ["country/IR"], MONDAY, ONES)
        with pytest.raises(StoreUnavailable, match="publish: the store is full"):
            documents.publish(client, {"clock": 1})


def test_a_key_of_another_type_is_refused_not_missed(client: Store) -> None:
    client.lpush(keys.page("country/IQ", EDGE, "value", keys.bin_index(86_400, MONDAY)), "x")
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        blocks.write_bins(client, EDGE, "value", ["country/IQ"], MONDAY, ONES)
    with pytest.raises(StoreUnavailable, match="WRONGTYPE"):
        blocks.read_bins(client, EDGE, "value", ["country/IQ"], MONDAY, 1)
    client.delete(keys.VERSION)
    client.lpush(keys.VERSION, "x")
    with pytest.raises(StoreUnavailable, match="the store refuses"):
        documents.version(client)


def test_a_server_that_loads_its_data_is_no_server_that_refuses(tmp_path: Path) -> None:
    with late_server(tmp_path) as url, store.connect(url, timeout_s=5) as client:
        with pytest.raises(StoreUnavailable, match="the store is still loading its data"):
            CALLS["series.read"](client)
        assert documents.get(client, "b") == "b"


@contextmanager
def altering_proxy(target: str, folder: Path, old: bytes, new: bytes) -> Iterator[str]:
    """A socket before the real server that replaces bytes in what it is sent."""
    path = folder / "p"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    threads: list[threading.Thread] = []

    def pump(source: socket.socket, sink: socket.socket, alter: bool) -> None:
        with source, sink:
            while data := source.recv(1 << 20):
                sink.sendall(data.replace(old, new) if alter else data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.socket(socket.AF_UNIX)
        far.connect(target)
        for pair in ((near, far.dup(), True), (far, near.dup(), False)):
            threads.append(threading.Thread(target=pump, args=pair, daemon=True))
            threads[-1].start()

    threads.append(threading.Thread(target=serve, daemon=True))
    threads[0].start()
    try:
        yield f"unix://{path}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in threads:
            thread.join(10)


def test_a_write_that_arrives_altered_is_noticed_by_the_sample(valkey_url: str, tmp_path: Path) -> None:
    old, new = (np.float32(value).tobytes() for value in (42.5, 43.5))
    with (
        altering_proxy(valkey_url.removeprefix("unix://"), tmp_path, old, new) as url,
        store.connect(url, timeout_s=10) as through,
    ):
        blocks.write_bins(through, EDGE, "value", ["asn/1"], MONDAY, np.full((1, 1, 5), 41.5))
        with pytest.raises(StoreUnavailable, match="read back for asn/2 is not what was written"):
            blocks.write_bins(through, EDGE, "value", ["asn/2"], MONDAY, np.full((1, 1, 5), 42.5))


def test_a_url_that_cannot_be_read_is_a_wrong_setting_and_its_password_stays_secret() -> None:
    with pytest.raises(ConfigError, match="REDIS_URL is 'http://x'"):
        store.connect("http://x")
    assert store.hide_password("redis://me:secret@host/0") == "redis://me:***@host/0"
    with store.connect("redis://me:secret@127.0.0.1:1/0") as client, pytest.raises(StoreUnavailable) as caught:
        store.ping(client)
    assert "secret" not in str(caught.value)


def test_settings_lead_to_the_given_server_or_to_our_own(tmp_path: Path) -> None:
    given = settings.load({"REDIS_URL": "rediss://example.org/3"})
    assert store.url_of(given) == "rediss://example.org/3"
    own = settings.load({"RADAR_DATA_DIR": str(tmp_path)})
    assert store.url_of(own) == f"unix://{tmp_path.resolve()}/store/s"
    with store.connect(own) as client, pytest.raises(StoreUnavailable, match="cannot be reached"):
        store.ping(client)


def test_the_server_is_described(client: Store) -> None:
    server = store.describe(client)
    assert server.name in ("valkey", "redis")
    assert server.version
    assert server.memory_bytes > 0
    assert server.policy == "noeviction"
    kind = store.kind_of(client)
    assert server.kind == kind
    assert (server.primaries, server.replicas) == {"single": (1, 0), "sentinel": (1, 1), "cluster": (3, 3)}[kind]
    assert len(store.lineage(client)) == {"single": 0, "sentinel": 1, "cluster": 3}[kind]


def test_only_the_embedded_server_keeps_a_file_by_itself(valkey_url: str, standalone_url: str) -> None:
    with store.connect(valkey_url) as ours, store.connect(standalone_url) as other:
        assert (store.describe(ours).persistent, store.describe(other).persistent) == (True, False)
