"""Run detectors and the book over whole recorded series held in memory: for backtests and for tests.

The same detector and the same book as in the live pipeline, fed bin by bin on the data's own clock: each bin is
judged at its end, knowing only what came before.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from radar.detect.engine import Detector
from radar.detect.model import F32, StepResult
from radar.signals import SIGNALS, Group, Signal


@dataclass(slots=True)
class Tape:
    """One group's recorded series from ``start`` on: ``values`` and ``n`` float32 [entities, bins, width]."""

    group: Group
    start: datetime
    entities: list[str]
    values: F32
    n: F32

    @property
    def bins(self) -> int:
        """Number of bins."""
        return int(self.values.shape[1])


@dataclass(slots=True)
class Moment:
    """What one step gave. ``now``: end of the bin."""

    now: datetime
    entities: list[str]
    detector: Detector
    result: StepResult


def play(tapes: list[Tape], catalogue: Mapping[str, Signal] = SIGNALS) -> Iterator[Moment]:
    """Step all tapes through new detectors, in the order in which their bins end."""
    runs = [_run(tape, Detector(tape.group, catalogue)) for tape in tapes]
    return heapq.merge(*runs, key=lambda moment: moment.now)


def _run(tape: Tape, detector: Detector) -> Iterator[Moment]:
    grain = tape.group.grain_s
    first = int(tape.start.timestamp()) // grain
    clean = tape.values.astype(np.float32)
    for i in range(tape.bins):
        t = datetime.fromtimestamp((first + i) * grain, UTC)
        places = np.asarray(detector.lookback_at(t, tape.entities), np.intp) + i
        past = clean[:, np.maximum(places, 0)]
        past[:, places < 0] = np.nan
        result = detector.step(t, tape.entities, tape.values[:, i], tape.n[:, i], past)
        clean[:, i] = result.clean
        yield Moment(datetime.fromtimestamp((first + i + 1) * grain, UTC), tape.entities, detector, result)
