"""Count, every few hours, for how long each entity was watched and how much of that it was in an outage.

What was watched is read from the scores that the detector stored, so that it is what was judged and not merely heard.
An hour that is counted twice is one bit that is set twice: a process that died half-way does the same again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import structlog
from numpy.typing import NDArray

from jobs.grouprun import GroupRun
from radar.aggregate.reliability import HOUR, add, tell, watched
from radar.detect.case import plane
from radar.shapes import Outage
from radar.shapes.reliability import Reliability, Spell
from radar.signals import SIGNALS, split
from radar.store import Store, blocks, reliability, series
from radar.store.wire import Guard, free

log = structlog.get_logger(__name__)

#: How often it is counted, in hours of the clock; and how long before it, as sources may be late.
EVERY, LATE = timedelta(hours=3), timedelta(hours=3)
#: What is counted at once when much has not been: the rest waits for the next ticks.
AT_ONCE = timedelta(days=2)
#: Entities whose scores are in memory at once.
CHUNK = 64
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Reliabilities:
    """Keeps the hash ``reliability``. One a pipeline. ``guard`` raises when it must not be written any more."""

    def __init__(self, client: Store, guard: Guard = free) -> None:
        self._client = client
        self._guard = guard
        self._until: datetime | None = None

    def count(self, runs: Mapping[str, GroupRun], outages: Callable[[], Iterable[Outage]], now: datetime) -> int:
        """Count what has become whole since the last time; returns the number of entities, 0 when nothing has.

        ``outages`` gives all that were ever published; of one that comes twice the last counts. Raises
        StoreUnavailable; the next call then does the same again.
        """
        end = now - LATE
        end -= (end - _EPOCH) % EVERY
        if self._until is None:
            self._until = reliability.counted(self._client)
        judged = [run for run in runs.values() if run.group.grain_s <= 3600 and _judged(run)]
        begin = self._until or _first(self._client, judged)
        if begin is None or end <= begin:
            return 0
        began = time.perf_counter()
        end = min(end, begin + AT_ONCE)
        spells = _spells({row["id"]: row for row in outages()}.values())
        names = sorted({name for run in judged for name in run.progress.entities})
        for at in range(0, len(names), CHUNK):
            self._take(names[at : at + CHUNK], judged, spells, begin, end)
        self._guard()
        reliability.note(self._client, end)
        self._until = end
        log.debug("reliability counted", until=end.isoformat(), entities=len(names),
                  seconds=round(time.perf_counter() - began, 3))  # fmt: skip
        return len(names)

    def _take(
        self,
        names: Sequence[str],
        runs: Sequence[GroupRun],
        spells: Mapping[str, list[Spell]],
        begin: datetime,
        end: datetime,
    ) -> None:
        hours = (end - begin) // HOUR
        seen: NDArray[np.bool_] = np.zeros((len(names), hours), dtype=bool)
        routes = seen.copy()
        measured = {view.entity for run in runs for view in run.views(set(names))
                    if plane(view.series_id) != "control" and view.reason != "not_scored"}  # fmt: skip
        simulated: set[str] = set()
        for run in runs:
            known = set(run.progress.entities)
            rows = [i for i, name in enumerate(names) if name in known]
            if not rows:
                continue
            mine = [names[i] for i in rows]
            per_hour = 3600 // run.group.grain_s
            score = blocks.read_bins(self._client, run.group, "score", mine, begin, hours * per_hour)
            control = np.zeros(score.shape[2], dtype=bool)
            control[: len(run.group.series)] = [plane(name) == "control" for name in run.group.series]
            seen[rows] |= watched(score[:, :, ~control], per_hour)
            routes[rows] |= watched(score[:, :, control], per_hour)
            if run.progress.simulated:
                simulated.update(mine)
        # as for the state of now: routes stand while packets are lost, so they tell of what has no traffic measured
        seen |= routes & np.array([[name not in measured] for name in names])
        before = reliability.read_many(self._client, names)
        found: dict[str, Reliability] = {}
        for name, row in zip(names, seen, strict=True):
            old = before[name]
            bits = {month: int(text, 16) for month, text in old["bits"].items()} if old else {}
            add(bits, begin, row.tolist())
            found[name] = tell(name, bits, spells.get(name, ()), end, simulated=name in simulated)
        reliability.write(self._client, found, guard=self._guard)


def _judged(run: GroupRun) -> bool:
    return any(SIGNALS[split(name)[0]].profile != "none" for name in run.group.series)


def _first(client: Store, runs: Iterable[GroupRun]) -> datetime | None:
    """The first hour that was judged as a whole, as far as it is stored."""
    written = [series.span(client, run.group.series[0], "score") for run in runs]
    starts = [span[0] for span in written if span is not None]
    return min(starts) - (min(starts) - _EPOCH) % HOUR if starts else None


def _spells(outages: Iterable[Outage]) -> dict[str, list[Spell]]:
    """By entity: those that stand, of the running clock and of the entity as a whole."""
    found: dict[str, list[Spell]] = {}
    for row in outages:
        if row["status"] != "retracted" and not row.get("history") and not row.get("about"):
            spell: Spell = {"id": row["id"], "start": row["start"], "end": row["end"], "level": row["level"]}
            found.setdefault(row["entity"], []).append(spell)
    return found
