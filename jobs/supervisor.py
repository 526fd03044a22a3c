"""Start the processes of a radar, keep them running, and leave none behind.

One thread, one loop: it reads what the children write, notices the ones that end, starts those again that should run,
and ends all of them when it is told to. Each child leads its own process group, so that Ctrl-C at a terminal reaches
only the supervisor; the store, which they write to, is stopped after them (``jobs.processes``).

On Linux the kernel ends the children too when the supervisor is killed (PR_SET_PDEATHSIG). There must be no second
thread here: that signal is sent when the *thread* that started the child ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from radar.errors import RadarError

#: Seconds that all children together get to stop on their own, before the rest is killed.
GRACE_S = 3.5
#: Seconds before a crashed child is started again: doubled each time, up to the second number.
BACKOFF_S = (0.5, 30.0)
#: Seconds after which a child that runs is called healthy, and its next crash the first one.
HEALTHY_S = 60.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Child:
    """One process to run. ``on_line`` gets each line it writes to standard output; else they count as log lines."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    restart: bool = True  # start it again when it ends
    on_line: Callable[[str], None] | None = None
    log_file: Path | None = None  # gets all its log lines, whatever the terminal shows


@dataclass(slots=True)
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    crashes: int = 0
    start_at: float | None = None  # when to start it again
    code: int | None = None  # how it ended last
    buffers: dict[str, bytes] = field(default_factory=dict)
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))


class Supervisor:
    """Runs children until it is told to stop. ``log(name, line)`` gets their log lines and what happens to them."""

    def __init__(self, log: Callable[[str, str], None], *, grace_s: float = GRACE_S) -> None:
        self._log = log
        self._grace_s = grace_s
        self._running: dict[str, _Running] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_r, self._wake_w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC) if hasattr(os, "pipe2") else _pipe()
        self._selector.register(self._wake_r, selectors.EVENT_READ, None)
        self._stop = False
        self._hurry = False

    # -- what callers ask -------------------------------------------------------------------------------------------

    def start(self, child: Child) -> None:
        """Start a child now. Raises RadarError when its program cannot be run."""
        running = self._running.setdefault(child.name, _Running(child))
        self._spawn(running)

    def alive(self, name: str) -> bool:
        """Does this child run at the moment?"""
        running = self._running.get(name)
        return running is not None and running.process is not None

    def ended(self, name: str) -> int | None:
        """The exit code of a child that has ended; None while it runs, or when it was never started."""
        running = self._running.get(name)
        return None if running is None or running.process is not None else running.code

    def tail(self, name: str) -> list[str]:
        """The last log lines of a child, to say why it ended."""
        running = self._running.get(name)
        return list(running.tail) if running else []

    @property
    def stopping(self) -> bool:
        """Was it told to stop, by a signal or by ``request_stop``?"""
        return self._stop

    def request_stop(self) -> None:
        """Tell the loop to end. Safe in a signal handler; asked twice, it stops waiting for anyone."""
        self._hurry = self._stop
        self._stop = True
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_w, b"!")

    def step(self, seconds: float) -> None:
        """Wait at most so long for something to happen, and deal with it."""
        now = time.monotonic()
        due = [r.start_at - now for r in self._running.values() if r.start_at is not None]
        for key, _events in self._selector.select(max(0.0, min([seconds, *due]))):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_r, 4096)
            else:
                running, stream = key.data
                self._read(running, stream, key.fileobj)
        self._reap()
        if not self._stop:
            for running in self._running.values():
                if running.start_at is not None and running.start_at <= time.monotonic():
                    self._spawn(running)

    def run(self, each: Callable[[], None] | None = None, *, every_s: float = 0.25) -> None:
        """Loop until told to stop; ``each`` is called about every ``every_s``. Children are stopped on the way out."""
        try:
            while not self._stop:
                self.step(every_s)
                if each is not None and not self._stop:
                    each()
        finally:
            self.stop()

    def stop(self) -> None:
        """End all children: asked politely, then killed. Nothing of their process groups remains."""
        self._stop = True
        limit = time.monotonic() + self._grace_s
        processes = [(running, running.process) for running in self._running.values() if running.process is not None]
        for _running, process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        while any(p.poll() is None for _, p in processes) and time.monotonic() < limit and not self._hurry:
            self.step(0.05)
        for running, process in processes:
            if process.poll() is None:
                self._log(running.child.name, "did not stop in time, killed")
            _kill_group(process.pid)
            process.wait()
        self._reap()

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Within this block SIGINT, SIGTERM and SIGHUP ask the supervisor to stop, and an ending child wakes it."""

        def ask(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        def wake(_number: int, _frame: FrameType | None) -> None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_w, b".")

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, wake)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # -- how it does it ---------------------------------------------------------------------------------------------

    def _spawn(self, running: _Running) -> None:
        child = running.child
        parent = os.getpid()
        try:
            process = subprocess.Popen(
                list(child.command),
                env=dict(child.env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
                preexec_fn=lambda: _die_with(parent),
            )
        except OSError as error:
            raise RadarError(f"{child.name} cannot be started: {error}") from None
        running.process, running.code, running.start_at, running.started = process, None, None, time.monotonic()
        running.buffers = {"stdout": b"", "stderr": b""}
        for stream, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._selector.register(pipe, selectors.EVENT_READ, (running, stream))

    def _read(self, running: _Running, stream: str, pipe: object) -> bool:
        """Take what is there; False when nothing more can be read for now."""
        assert hasattr(pipe, "fileno")
        try:
            chunk = os.read(pipe.fileno(), 65536)
        except BlockingIOError:
            return False
        *lines, rest = (running.buffers[stream] + chunk).split(b"\n")
        if not chunk and rest:
            lines, rest = [*lines, rest], b""
        running.buffers[stream] = rest
        for raw in lines:
            line = raw.decode("utf-8", "replace").rstrip("\r")
            if stream == "stdout" and running.child.on_line is not None:
                running.child.on_line(line)
            else:
                self._keep(running, line)
        if not chunk:
            self._close(pipe)
        return bool(chunk)

    def _keep(self, running: _Running, line: str) -> None:
        running.tail.append(line)
        if running.child.log_file is not None:
            with running.child.log_file.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        self._log(running.child.name, line)

    def _close(self, pipe: object) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(pipe)  # type: ignore[arg-type]  # an object of Popen, kept as the selector's key
        with contextlib.suppress(OSError):
            pipe.close()  # type: ignore[attr-defined]  # same

    def _reap(self) -> None:
        for running in list(self._running.values()):
            process = running.process
            if process is None or process.poll() is None:
                continue
            for stream, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
                self._drain(running, stream, pipe)
            _kill_group(process.pid)  # what it started and left behind
            running.code, running.process = process.returncode, None
            if self._stop:
                continue
            if running.child.restart:
                if time.monotonic() - running.started > HEALTHY_S:
                    running.crashes = 0
                wait = min(BACKOFF_S[1], BACKOFF_S[0] * 2**running.crashes)
                running.crashes += 1
                running.start_at = time.monotonic() + wait
                self._log(running.child.name, f"ended ({_how(running.code)}), starts again in {wait:g} s")
            elif running.code != 0:
                self._log(running.child.name, f"ended ({_how(running.code)})")

    def _drain(self, running: _Running, stream: str, pipe: IO[bytes] | None) -> None:
        """Read what an ended child still wrote. What it started may hold the pipe open: that is not waited for."""
        if pipe is not None and not pipe.closed:
            while self._read(running, stream, pipe):
                pass
            self._close(pipe)


def _die_with(parent: int) -> None:
    """In the child, before its program starts: end when the supervisor does."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended in between
            os._exit(1)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _pipe() -> tuple[int, int]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
