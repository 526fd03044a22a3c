"""The embedded server: its life, its data, its socket, its end."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from radar import settings, store
from radar.errors import StoreUnavailable
from radar.store import documents, embedded


def wait_for_end(pid: int, seconds: float = 15) -> bool:
    """Wait until a process has ended; True when it did."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def test_it_answers_only_its_owner_and_keeps_everything(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url) as client:
        assert server.owned
        assert server.alive()
        assert stat.S_IMODE((tmp_path / "store" / "s").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("save") == {"save": ""}
        assert client.config_get("port") == {"port": "0"}
    assert not server.alive()
    server.stop()


def test_settings_of_the_data_folder_lead_to_it(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server:
        own = settings.load({"RADAR_DATA_DIR": str(tmp_path)})
        assert store.url_of(own) == server.url


def test_what_was_acknowledged_survives_a_sigkill_of_the_server(tmp_path: Path) -> None:
    server = embedded.start(tmp_path)
    with store.connect(server.url) as client:
        for n in range(1, 201):
            documents.publish(client, {"clock": n})
    os.kill(server.pid, signal.SIGKILL)
    assert wait_for_end(server.pid)
    assert not server.alive()
    with embedded.start(tmp_path) as again, store.connect(again.url) as client:
        assert (documents.get(client, "clock"), documents.version(client)) == (200, 200)


def test_a_second_start_attaches_and_its_stop_leaves_the_server_alone(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as first:
        with embedded.start(tmp_path) as second:
            assert (second.url, second.pid, second.owned) == (first.url, first.pid, False)
            assert second.alive()
        assert first.alive()
    assert not second.alive()


def test_two_data_folders_have_two_servers(tmp_path: Path) -> None:
    with embedded.start(tmp_path / "a") as a, embedded.start(tmp_path / "b") as b:
        assert a.pid != b.pid
        with store.connect(a.url) as one, store.connect(b.url) as two:
            documents.publish(one, {"clock": 1})
            assert documents.version(two) == 0


def test_a_server_that_hangs_is_never_doubled(tmp_path: Path) -> None:
    with embedded.start(tmp_path) as server:
        os.kill(server.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable, match=r"another process holds .* and does not answer"):
                embedded.start(tmp_path, timeout_s=0.2)
        finally:
            os.kill(server.pid, signal.SIGCONT)


def test_a_folder_too_deep_for_a_socket_gets_a_short_one_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    with embedded.start(deep) as server, store.connect(server.url) as client:
        assert len(server.url) < 110
        documents.publish(client, {"clock": 1})
        own = settings.load({"RADAR_DATA_DIR": str(deep)})
        assert store.url_of(own) == server.url, "the record in the data folder leads to the socket"
        place = Path(server.url.removeprefix("unix://")).parent
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    with embedded.start(deep) as again, store.connect(again.url) as client:
        assert again.url == server.url, "the same place is used again"
        assert documents.get(client, "clock") == 1
    place.rmdir()
    with embedded.start(deep) as third:
        assert third.url != server.url, "a place that was cleaned away is replaced"
        other = Path(third.url.removeprefix("unix://")).parent
    other.rmdir()


def test_it_says_why_it_does_not_start(tmp_path: Path) -> None:
    with embedded.start(tmp_path):
        pass
    manifest = next((tmp_path / "store" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("this is no manifest\n", encoding="utf-8")
    with pytest.raises(StoreUnavailable, match=r"ended at start .* last lines of .*server\.log: .*manifest"):
        embedded.start(tmp_path)


def test_a_data_folder_that_is_a_file_is_an_understandable_error(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x", encoding="utf-8")
    with pytest.raises(StoreUnavailable, match="folder of the embedded store cannot be used"):
        embedded.start(tmp_path / "f")


def test_it_is_started_from_the_main_thread_only(tmp_path: Path) -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            embedded.start(tmp_path)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process together with its parent")
def test_no_server_remains_when_its_owner_is_killed(tmp_path: Path, repo_root: Path) -> None:
    code = (
        "import sys, signal\n"
        "from radar.store import embedded\n"
        "server = embedded.start(sys.argv[1])\n"
        "print(server.pid, flush=True)\n"
        "signal.pause()\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, cwd=repo_root)
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not wait_for_end(pid, 0)
        owner.kill()
    assert wait_for_end(pid)
    with embedded.start(tmp_path) as again:
        assert again.owned
