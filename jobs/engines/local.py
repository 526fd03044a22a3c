"""The engine of one machine: a thread a core, as far as the memory goes. Polars and NumPy let go of the interpreter
while they work."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")


#: MB that a thread needs to be of use.
LANE_MB = 32


class Local:
    """Steps in threads of this process; no more of them are begun than run at once."""

    name = "local"

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes
        self._pool = ThreadPoolExecutor(self._lanes, thread_name_prefix="aggregate")

    def __enter__(self) -> Local:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @classmethod
    def of(cls, memory_mb: int) -> Local:
        """As many threads as there are cores, and memory for."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return cls(max(1, min(cores, memory_mb // LANE_MB)))

    @property
    def lanes(self) -> int:
        """Threads."""
        return self._lanes

    def map(self, step: Callable[[A], R], items: Sequence[A]) -> Iterator[R]:
        """See Engine."""
        waiting = iter(items)
        running: set[Future[R]] = set()
        while True:
            for item in waiting:
                running.add(self._pool.submit(step, item))
                if len(running) == self._lanes:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
