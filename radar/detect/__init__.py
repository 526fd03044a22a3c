"""Detection: SERIES -> ALERTS -> OUTAGES. Pure: no clock, no store, no network; the caller brings time and history.

One :class:`Detector` per group of the catalogue, and one :class:`OutageBook` for all::

    detector = Detector(group)                    # or Detector.load(group, blob)
    detector.lookback_at(t, entities)             # tuple of negative bin offsets, in contiguous runs: ``lookback``,
                                                  #   and what changed clocks and fasts put in the place of some
    detector.warm(start, entities, clean)         # optional: learn from [E, T, W] of history at once, ending before
                                                  #   the first step; -> Warmed(start, baseline, spread), last days=2
    result = detector.step(t, entities, values, n, past, absent=None)
        # t: start of a closed bin. All entities of the group in one call per bin, bins in ascending order.
        # values, n: float32[E, W] (NaN: no data; n NaN: upstream does not say)
        # past: float32[E, len(lookback_at), W]: aspect "clean" at t + offset * grain
        # absent: bool[E, W] or None: True where a missing row means zero (NaN is then read as 0)
        # A t at or before the newest stepped bin is a correction: nothing is learnt, alerts it disproves are withdrawn.
        # -> StepResult(baseline, spread, score, clean: float32[E, W]; verdict, reason: uint8[E, W]; alerts; common)
    detector.views(entities) -> list[View]        # every series of these entities that ever had data
    detector.dump() -> bytes                      # deterministic

    book = OutageBook()                           # or OutageBook.load(blob)
    book.watched() -> set[str]                    # entities that views are wanted for: an outage not long over
    changed = book.update(now, alerts, views, common=..., simulated=..., history=..., failing=..., beside=...)
        # call once per tick after all groups have stepped, with the alerts and commons of those steps,
        # views = [v for d in detectors for v in d.views(book.watched() | {a.entity for a in alerts})]
        # simulated, history: series ids whose data are simulated / from a recorded set
        # failing: zones that fail at our resolvers as of now, by network (radar.books.dns_logs)
        # beside: what others tell of places and providers (radar.detect.cause.beside), as evidence for causes
        # -> list[shapes.Outage] that changed
    book.retract(outage_id, now, reason) -> Outage
    book.open -> list[Outage]; book.all -> list[Outage] (newest first); book.notice -> shapes.Notice | None
    book.dump() -> bytes; OutageBook.load(bytes)

    entity_state(entity, views, outage) -> shapes.EntityState      # for the hash `states`
"""

from __future__ import annotations

from radar.detect.engine import Detector
from radar.detect.model import (
    AFFECTED,
    INSUFFICIENT,
    NOT_AFFECTED,
    REASONS,
    VERDICT_IDS,
    Alert,
    Common,
    Failing,
    Moment,
    StepResult,
    View,
    Warmed,
)
from radar.detect.outages import OutageBook
from radar.detect.states import entity_state

__all__ = [
    "AFFECTED",
    "INSUFFICIENT",
    "NOT_AFFECTED",
    "REASONS",
    "VERDICT_IDS",
    "Alert",
    "Common",
    "Detector",
    "Failing",
    "Moment",
    "OutageBook",
    "StepResult",
    "View",
    "Warmed",
    "entity_state",
]
