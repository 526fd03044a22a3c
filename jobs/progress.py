"""What long work says while it runs: a moving bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Log lines that a person at the demo's terminal should see; the rest is in the log files.
_GRAVE = re.compile(
    r"\[(error|critical)\s*\]|\"level\": ?\"(error|critical)|^Traceback|^[\w.]+(Error|Exception)\b"
    r"|did not stop|starts again|ended \("
)


class Screen(Protocol):
    """Where a command speaks. Nothing is said twice."""

    live: bool  # a person at a terminal

    def say(self, text: str, *, strong: bool = False) -> None:
        """One line that stays."""

    def progress(self, done: float, text: str, *, phase: str = "load") -> None:
        """How far the current phase is, 0 to 1."""

    def log(self, name: str, line: str) -> None:
        """A log line of a child: shown when it is grave."""

    def close(self) -> None:
        """Take the bar away."""


class Plain:
    """Lines for a file, a pipe or another program: each quarter of the loading, and one line a minute of the play."""

    live = False

    def __init__(self, to: TextIO) -> None:
        self._to = to
        self._shown: tuple[str, int] = ("", -1)
        self._at = 0.0

    def say(self, text: str, *, strong: bool = False) -> None:
        print(text, file=self._to, flush=True)

    def progress(self, done: float, text: str, *, phase: str = "load") -> None:
        step = (phase, int(done * (4 if phase == "load" else 10)))
        if step != self._shown or time.monotonic() > self._at + 60:
            self._shown, self._at = step, time.monotonic()
            print(f"  {done:4.0%}  {text}", file=self._to, flush=True)

    def log(self, name: str, line: str) -> None:
        if _GRAVE.search(line):
            print(f"{name} | {line}", file=sys.stderr, flush=True)

    def close(self) -> None:
        self._to.flush()


class Live:
    """A bar by rich. It refreshes only when told to: a thread of its own would break the supervisor's promise."""

    live = True

    def __init__(self, to: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=to, highlight=False)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._phase = ""

    def say(self, text: str, *, strong: bool = False) -> None:
        self._console.print(text, style="bold" if strong else None, markup=False, soft_wrap=True)

    def progress(self, done: float, text: str, *, phase: str = "load") -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        if self._bar is None or phase != self._phase:
            self.close()
            self._phase = phase
            self._bar = Progress(
                BarColumn(30),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
                auto_refresh=False,
            )
            self._task = self._bar.add_task(text, total=1.0)
            self._bar.start()
        if self._task is not None:
            self._bar.update(self._task, completed=done, description=text, refresh=True)

    def log(self, name: str, line: str) -> None:
        if _GRAVE.search(line):
            self._console.print(f"{name} | {line}", style="red", markup=False, soft_wrap=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def screen(to: TextIO | None = None) -> Iterator[Screen]:
    """The screen that fits where the text goes: standard output, or ``to``."""
    to = to or sys.stdout
    view: Screen = Live(to) if to.isatty() else Plain(to)
    try:
        yield view
    finally:
        view.close()
