"""The engine of many machines: a Dask cluster that is running. Scheduler and workers have the same radar installed.

Dask runs a step again on another worker when its worker is gone; that is all that is needed, since a step leaves its
results in files and the same files when it is run twice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from jobs.engines import EngineLost
from radar.errors import ConfigError

#: Untyped for the type checker, which need not have it.
distributed: Any = importlib.import_module("distributed")

A = TypeVar("A")
R = TypeVar("R")

#: Seconds in which a scheduler must answer.
PATIENCE_S = 20

#: Steps that are handed out at once, for each thread of a worker: enough that none waits for the next.
AHEAD = 4


class Cluster:
    """Steps on the workers of one scheduler."""

    name = "cluster"

    def __init__(self, scheduler: str) -> None:
        try:
            self._client = distributed.Client(scheduler, timeout=f"{PATIENCE_S}s", set_as_default=False)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise ConfigError(
                f"RADAR_ENGINE_SCHEDULER is {scheduler!r}; expected a Dask scheduler that answers there within "
                f"{PATIENCE_S} s ({str(error) or type(error).__name__})"
            ) from error

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _threads(self) -> list[int]:
        """Threads of each worker. Raises EngineLost when there is no worker."""
        found = list(self._client.nthreads().values())
        if not found:
            raise EngineLost("the scheduler has no workers; expected at least one (dask worker tcp://host:8786)")
        return found

    @property
    def lanes(self) -> int:
        """Threads of the worker that has most of them."""
        return max(self._threads())

    def map(self, step: Callable[[A], R], items: Sequence[A]) -> Iterator[R]:
        """See Engine."""
        waiting = iter(items)
        pending = distributed.as_completed(loop=self._client.loop)
        room = AHEAD * sum(self._threads())

        def hand_out() -> bool:
            for item in waiting:
                pending.add(self._client.submit(step, item, pure=False))
                return True
            return False

        while pending.count() < room and hand_out():
            pass
        try:
            for future in pending:
                result = future.result()
                future.release()
                hand_out()
                yield result
        except distributed.KilledWorker as error:
            raise EngineLost(f"a step ended every worker that took it up, as a lack of memory does: {error}") from error
