"""Engines: who runs the steps of an aggregation. One interface, two implementations, the same results.

* ``local``: the threads of this process, over Polars and NumPy, which work beside each other.
* ``cluster``: the workers of a Dask cluster (the extra ``radar[cluster]``), over files that all of them can reach.

A step is a function of this package and one argument, both of which can be pickled; it leaves what it made in files and
returns a short report. A step that is run twice, because its worker died, leaves the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from radar.errors import ConfigError, RadarError
from radar.settings import Settings

A = TypeVar("A")
R = TypeVar("R")

NAMES = ("local", "cluster")


class EngineLost(RadarError):
    """The engine cannot go on: no workers, or a step that ends each of them. Start again; what is done stays."""


class Engine(Protocol):
    """Runs steps. To be used as a context."""

    name: str

    @property
    def lanes(self) -> int:
        """How many steps run at once on one machine: they share its memory."""

    def map(self, step: Callable[[A], R], items: Sequence[A]) -> Iterator[R]:
        """What the step gives for each item, as they are done, in any order.

        The first error of a step is raised, and what has not begun is not begun. Raises EngineLost when the engine
        cannot go on.
        """


def engine(name: str, settings: Settings) -> AbstractContextManager[Engine]:
    """The engine of that name.

    Raises ConfigError where it needs what is not there: the extra, or an address.
    """
    if name == "local":
        from jobs.engines.local import Local

        return Local.of(settings.engine_memory_mb)
    if name != "cluster":
        raise ConfigError(f"engine {name!r} is not known; expected one of {', '.join(NAMES)}")
    if not settings.engine_scheduler:
        raise ConfigError("RADAR_ENGINE_SCHEDULER is empty; expected the address of a Dask scheduler (tcp://host:8786)")
    try:
        from jobs.engines.cluster import Cluster
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"engine 'cluster' needs the package {error.name}; install the extra: pip install 'internet-radar[cluster]'"
        ) from None
    return Cluster(settings.engine_scheduler)
