"""The connection, against a real websocket server that closes, breaks off, stalls and floods."""

from __future__ import annotations

import itertools
import threading
import time
from pathlib import Path

import pytest

from jobs.stream.listen import Listener
from jobs.stream.spool import Spool
from radar.errors import UpstreamUnavailable
from radar.sources import ris_live
from radar.ws import Ws, WsLimits
from tests.stream.upstream import (
    Script,
    ServerConnection,
    send,
    send_and_break_off,
    send_and_close,
    stay,
    update,
    upstream,
)

ONE, TWO, THREE = (update(1.7e9 + n, [f"192.0.{n}.0/24"], [64500, 64501]) for n in range(3))


def heard(spool: Spool) -> list[bytes]:
    return [line for record in spool.follow(spool.start()) for line in record.lines]


def gaps(spool: Spool) -> list[dict[str, object]]:
    return [record.note["gap"] for record in spool.follow(spool.start()) if record.note]


def listen(folder: Path, *scripts: Script, until: int, limits: WsLimits | None = None) -> Spool:
    """Listen to a server that follows the scripts, until so many messages are on the spool."""
    spool = Spool(folder)
    with upstream(*scripts) as url:
        ws = Ws(contact="test@example.org", limits=limits or WsLimits())
        listener = Listener("ris_live", lambda: ris_live.stream(ws, url=url), spool, pause_s=(0.01, 0.02))
        thread = listener.start()
        patience = time.monotonic() + 20
        while len(heard(spool)) < until and time.monotonic() < patience:
            threading.Event().wait(0.02)
        listener.stop()
        thread.join(10)
        assert not thread.is_alive()
    assert len(heard(spool)) >= until
    return spool


def test_messages_are_kept_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    spool = listen(tmp_path, send(ONE, TWO, THREE), until=3)
    assert heard(spool) == [ONE, TWO, THREE]
    assert [gap["reason"] for gap in gaps(spool)] == ["start"]
    assert gaps(spool)[0]["since"] is None


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (send_and_close(ONE), "1001 going away"),
        (send_and_close(ONE, code=1011), "1011"),
        (send_and_break_off(ONE), "broken off"),
    ],
    ids=["closed", "closed with an error", "closed in mid-frame"],
)
def test_a_connection_that_ends_is_made_again_and_the_gap_is_put_down(
    tmp_path: Path, first: Script, reason: str
) -> None:
    spool = listen(tmp_path, first, send(TWO), until=2)
    assert heard(spool) == [ONE, TWO]
    gap = gaps(spool)[1]
    assert reason in str(gap["reason"])
    assert isinstance(gap["since"], float)
    assert gap["since"] < gap["until"]  # type: ignore[operator]  # both are seconds


def test_a_stream_that_says_nothing_has_stalled(tmp_path: Path) -> None:
    spool = listen(tmp_path, send(ONE), send(TWO), until=2, limits=WsLimits(quiet_s=0.5))
    assert "silent for" in str(gaps(spool)[1]["reason"])


def test_a_message_that_is_too_long_ends_the_connection_and_not_the_process(tmp_path: Path) -> None:
    def flood(connection: ServerConnection) -> None:
        connection.send("x" * 5000)
        stay(connection)

    spool = listen(tmp_path, flood, send(ONE), until=1, limits=WsLimits(message_bytes=1000))
    assert heard(spool) == [ONE]


def test_a_flood_is_kept_whole(tmp_path: Path) -> None:
    many = [update(1.7e9, [f"10.{n >> 8}.{n & 255}.0/24"], [1, 2], id=str(n)) for n in range(20_000)]
    spool = listen(tmp_path, send(*many), until=20_000)
    assert heard(spool) == many


def test_a_spool_that_nobody_reads_stops_the_listener_from_taking_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    seconds = itertools.count()
    listener = Listener("ris_live", lambda: iter([ONE] * 10), spool, now=lambda: float(next(seconds)), spool_bytes=500)
    with pytest.raises(UpstreamUnavailable, match="the reader is behind"):
        listener._listen()
    assert 0 < len(heard(spool)) < 10
    spool.close()


def test_nobody_there_is_unavailable_with_the_reason() -> None:
    with pytest.raises(UpstreamUnavailable, match="no connection"):
        next(iter(ris_live.stream(Ws(), url="ws://127.0.0.1:9/v1/ws/")))


def test_a_page_instead_of_a_websocket_is_unavailable(tmp_path: Path) -> None:
    with upstream(send()) as url, pytest.raises(UpstreamUnavailable):
        next(iter(Ws().messages(url, source="ris_live", hello=b'{"type":"wrong"}')))
