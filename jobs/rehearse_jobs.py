"""The demo tells how its jobs go on the same board as workers do (``jobs.heartbeat``), by the wall clock: its process
collects from all whom it plays, and scores, at each step. When the play has ended there is nothing to tell any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from jobs.heartbeat import BEAT_S, Desk, Herald, Run
from radar.archive import Archive
from radar.store import Store, board, documents


class Told:
    """What the process of the demo tells. ``step_s``: seconds of the wall clock from one step to the next."""

    def __init__(
        self,
        client: Store,
        archive: Archive,
        sources: Iterable[str],
        step_s: float,
        *,
        cursor: Callable[[], str | None],
        now: Callable[[], datetime],
        archive_id: str = "",
    ) -> None:
        every_s = max(1, round(step_s))
        self._client, self._now = client, now
        self._desk = Desk(client, now=now, sources=sources, archive_id=archive_id)
        self._herald = Herald(
            client, archive, cadences={"tick": every_s, "collect": every_s}, cursor=cursor, plays=True
        )
        self._said = float("-inf")

    @contextmanager
    def at(self, job: str) -> Iterator[None]:
        """It does this job for as long as the block runs; what the block raises is the job's error."""
        start, began, error = self._now(), time.perf_counter(), None
        try:
            with self._desk.at(job):
                yield
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            raise
        finally:
            self._desk.ran(Run(job, start, start, time.perf_counter() - began, error))

    def tell(self) -> None:
        """Write it down, if the last time was a beat ago. Raises StoreUnavailable."""
        if time.monotonic() - self._said < BEAT_S:
            return
        self._said = time.monotonic()
        self._desk.beat()
        self._herald.tell(self._now(), self._desk.name)

    def end(self) -> None:
        """The play is over, and this process ends. Raises StoreUnavailable."""
        self._desk.leave()
        documents.put(self._client, board.DOCUMENT, None)
