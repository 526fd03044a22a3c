"""The outbound client: polite, patient, and clear about whose fault it is."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from radar import __version__
from radar._http_deadline import Deadline
from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits, user_agent

URL = "https://upstream.example/data"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class World:
    """An upstream with a script, and a clock that only moves when someone sleeps."""

    def __init__(self, *script: Callable[[httpx.Request], httpx.Response] | httpx.Response, **client: Any) -> None:
        self.script = list(script)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        self.time = 1000.0
        options: dict[str, Any] = {"limits": Limits(interval_s=0), **client}
        self.http = Http(
            transport=httpx.MockTransport(self.answer), sleep=self.sleep, clock=lambda: self.time, now=lambda: NOW,
            jitter=lambda: 0.0, **options,
        )  # fmt: skip

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if callable(step):
            return step(request)
        return httpx.Response(step.status_code, headers=step.headers, content=step.content)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def get(self, url: str = URL, **more: Any) -> Any:
        return self.http.get(url, source="test", **more)


def ok(body: bytes = b"hello", **headers: str) -> httpx.Response:
    return httpx.Response(200, content=body, headers=headers)


def refuse(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def test_we_say_who_we_are_and_whom_to_write_to() -> None:
    world = World(ok(), contact="noc@radar.example")
    world.get(params={"from": 1, "code": "DE,NA"})
    assert world.asked[0].headers["user-agent"] == user_agent("noc@radar.example")
    assert f"internet-radar/{__version__}" in user_agent()
    assert "noc@radar.example" in user_agent("noc@radar.example")
    assert dict(world.asked[0].url.params) == {"from": "1", "code": "DE,NA"}


def test_answer_is_given_as_it_came() -> None:
    reply = World(ok(b"\x00\xff")).get()
    assert (reply.body, reply.unchanged, reply.url) == (b"\x00\xff", False, URL)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 507, 408])
def test_passing_trouble_is_tried_again_with_growing_pauses(status: int) -> None:
    world = World(httpx.Response(status), httpx.Response(status), ok())
    assert world.get().body == b"hello"
    assert world.slept == [1.0, 2.0]


def test_trouble_that_stays_is_unavailable_and_names_address_and_tries() -> None:
    world = World(httpx.Response(503))
    with pytest.raises(UpstreamUnavailable, match=r"test: https://upstream.example/data answered 503, 4 tries"):
        world.get()
    assert len(world.asked) == 4


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ConnectTimeout]
)
def test_no_connection_is_unavailable(error: type[httpx.TransportError]) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error("gone")

    with pytest.raises(UpstreamUnavailable, match=rf"did not answer \({error.__name__}: gone\)"):
        World(fail).get()


def test_connection_that_comes_back_is_used() -> None:
    assert World(refuse, ok()).get().body == b"hello"


@pytest.mark.parametrize(
    ("after", "pause"),
    [("7", 7.0), ("Mon, 02 Mar 2026 12:00:30 GMT", 30.0), ("0", 1.0), ("soon", 1.0), ("", 1.0)],
)
def test_wish_to_wait_is_obeyed_as_number_or_date(after: str, pause: float) -> None:
    world = World(httpx.Response(429, headers={"Retry-After": after}), ok())
    world.get()
    assert world.slept == [pause]


def test_wish_to_wait_very_long_is_obeyed_by_not_asking_again() -> None:
    world = World(httpx.Response(429, headers={"Retry-After": "3600"}))
    with pytest.raises(UpstreamUnavailable, match="asks to wait 3600 s"):
        world.get()
    assert len(world.asked) == 1
    assert world.slept == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 204, 206])
def test_refusal_is_upstream_changed_and_not_tried_again(status: int) -> None:
    world = World(httpx.Response(status))
    with pytest.raises(UpstreamChanged, match=f"answered {status}, expected 200"):
        world.get()
    assert len(world.asked) == 1


def test_one_host_is_asked_at_intervals_and_another_one_at_once() -> None:
    world = World(ok(), limits=Limits(interval_s=2.0))
    for path in ("a", "b", "c"):
        world.get(f"https://one.example/{path}")
    assert world.slept == [2.0, 2.0]
    world.get("https://two.example/a")
    assert world.slept == [2.0, 2.0]


def test_turns_of_threads_that_ask_one_host_do_not_overlap() -> None:
    world = World(ok(), limits=Limits(interval_s=1.0))
    world.http._clock = lambda: 0.0  # all ask at the same moment
    threads = [threading.Thread(target=world.get, args=(f"https://one.example/{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(world.slept) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("kept_in", ["memory", "folder"])
def test_unchanged_answer_comes_from_the_cache(kept_in: str, tmp_path: Path) -> None:
    cache = tmp_path / "http" if kept_in == "folder" else None
    stamp = "Mon, 02 Mar 2026 00:00:00 GMT"
    world = World(ok(b"first", ETag='"1"', **{"Last-Modified": stamp}), httpx.Response(304), ok(b"second"), cache=cache)
    assert world.get().body == b"first"
    reply = world.get()
    assert (reply.body, reply.unchanged) == (b"first", True)
    assert world.asked[1].headers["if-none-match"] == '"1"'
    assert world.asked[1].headers["if-modified-since"] == stamp
    assert world.get().body == b"second"


def test_cache_in_a_folder_outlives_the_client_and_broken_files_are_passed_over(tmp_path: Path) -> None:
    World(ok(b"kept", ETag='"1"'), cache=tmp_path).get()
    (file,) = tmp_path.iterdir()
    world = World(httpx.Response(304), cache=tmp_path)
    assert world.get().body == b"kept"
    file.write_bytes(file.read_bytes()[:-1])
    world = World(ok(b"new"), cache=tmp_path)
    assert world.get().body == b"new"
    assert "if-none-match" not in world.asked[0].headers


def test_not_modified_without_our_asking_is_a_changed_upstream() -> None:
    with pytest.raises(UpstreamChanged, match="answered 304"):
        World(httpx.Response(304)).get()


def test_too_large_an_answer_is_dropped_while_it_comes() -> None:
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(10_000):
            taken.append(number)
            yield b"x" * 1000

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=endless())

    with pytest.raises(UpstreamChanged, match="sent more than 50000 bytes"):
        World(answer, limits=Limits(interval_s=0, answer_bytes=50_000)).get()
    assert len(taken) < 200


def test_server_that_drips_is_given_up() -> None:
    world = World(ok(), limits=Limits(interval_s=0, total_s=60, tries=2))

    def drip() -> Iterator[bytes]:
        while True:
            world.time += 25
            yield b"x"

    world.script = [lambda _request: httpx.Response(200, content=drip())]
    with pytest.raises(UpstreamUnavailable, match="still sending after 60 s"):
        world.get()
    assert len(world.asked) == 2


def test_redirect_on_the_same_scheme_is_followed() -> None:
    world = World(httpx.Response(302, headers={"Location": "//files.example/x"}), ok(b"there"))
    reply = world.get()
    assert (reply.body, reply.url) == (b"there", "https://files.example/x")


@pytest.mark.parametrize(
    "place", ["http://upstream.example/", "file:///etc/passwd", "ftp://x.example/", "", "https://[x"]
)
def test_redirect_to_another_scheme_is_refused(place: str) -> None:
    with pytest.raises(UpstreamChanged, match="expected the same scheme"):
        World(httpx.Response(301, headers={"Location": place})).get()


def test_redirects_in_circles_are_refused() -> None:
    world = World(httpx.Response(302, headers={"Location": URL}))
    with pytest.raises(UpstreamChanged, match="redirects more than 5 times"):
        world.get()
    assert len(world.asked) == 6


def test_body_that_cannot_be_decoded_is_told() -> None:
    broken = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))
    with pytest.raises(UpstreamChanged, match="cannot be decoded"):
        World(lambda _request: broken).get()


@pytest.mark.parametrize("url", ["https://[broken", "\x00"])
def test_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(UpstreamChanged, match="is no address"):
        World(ok()).get(url)


def test_scheme_that_is_not_http_is_not_asked() -> None:
    with pytest.raises(UpstreamChanged, match="expected http or https, and a host"):
        World(ok()).get("file:///etc/passwd")


def test_the_cache_in_a_folder_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses that name a time are never asked twice, so what is kept of them is never replaced."""
    monkeypatch.setattr("radar._http_cache._KEEP_FILES", 10)
    world = World(lambda request: ok(b"x", ETag=f'"{request.url}"'), cache=tmp_path)
    for number in range(200):
        world.http.get(f"{URL}/{number}", source="s")
    assert len(list(tmp_path.iterdir())) < 10 + 64


class Slow(threading.Thread):
    """A server on this machine that answers every request with the bytes it is given, one at a time."""

    def __init__(self, head: bytes, *, every_s: float = 0.01, whole: int = 0) -> None:
        super().__init__(daemon=True)
        self.head, self.every_s, self.whole = head, every_s, whole
        self.over = threading.Event()
        self.asked = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def __enter__(self) -> Slow:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(10)

    def run(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                while connection.recv(65536):
                    self.asked += 1
                    if self.asked <= self.whole:
                        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        continue
                    connection.sendall(self.head)
                    while not self.over.wait(self.every_s):
                        connection.sendall(b"x")


QUICK = Limits(connect_s=5, read_s=5, total_s=0.3, tries=1, interval_s=0)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b""],
    ids=["headers", "body", "status line"],
)  # fmt: skip
def test_server_that_drips_is_given_up_after_the_whole_time_wherever_it_drips(head: bytes) -> None:
    began = time.monotonic()
    with (
        Slow(head) as server,
        Http(limits=QUICK) as http,
        pytest.raises(UpstreamUnavailable, match="still sending after 0 s"),
    ):
        http.get(server.url, source="test")
    assert time.monotonic() - began < 4, "each single read came well within its own time-out"


def test_the_limit_holds_on_a_connection_that_is_used_again() -> None:
    with Slow(b"HTTP/1.1 200 OK\r\nX-Slow: ", whole=2) as server, Http(limits=QUICK) as http:
        assert [http.get(server.url, source="test").body for _ in range(2)] == [b"ok", b"ok"]
        with pytest.raises(UpstreamUnavailable, match="still sending"):
            http.get(server.url, source="test")
        assert server.asked == 3


def test_a_request_that_ended_leaves_no_deadline_behind() -> None:
    time_now = 0.0
    deadline = Deadline(lambda: time_now)
    with deadline.within(5):
        assert deadline.left(30, httpx.ReadTimeout) == 5
        assert deadline.left(None, httpx.ReadTimeout) == 5
        time_now = 6.0
        with pytest.raises(httpx.ReadTimeout, match="still sending after 5 s"):
            deadline.left(30, httpx.ReadTimeout)
    assert deadline.left(30, httpx.ReadTimeout) == 30


def test_a_file_of_an_archive_may_be_large_and_is_not_kept() -> None:
    asked: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers)
        return httpx.Response(200, content=b"x" * 2000, headers={"ETag": '"1"'})

    limits = Limits(answer_bytes=1000, file_bytes=3000, interval_s=0)
    with Http(transport=httpx.MockTransport(answer), limits=limits) as http:
        with pytest.raises(UpstreamChanged, match="more than 1000 bytes"):
            http.get("https://a.example/x", source="acme")
        for _ in range(2):
            assert len(http.get("https://a.example/x", source="acme", file=True).body) == 2000
    assert not any("If-None-Match" in headers for headers in asked)


def test_a_key_goes_to_the_host_that_was_named_and_to_no_other() -> None:
    world = World(
        httpx.Response(302, headers={"Location": "/again"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/x"}),
        ok(b"there"),
    )
    assert world.get(headers={"Authorization": "Bearer key"}).body == b"there"
    assert [request.headers.get("Authorization") for request in world.asked] == ["Bearer key", "Bearer key", None]
