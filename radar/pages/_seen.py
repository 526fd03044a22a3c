"""What each signal of an outage saw, cell by cell, read from the series rather than from the outage's summary.

The detector writes aspect ``score`` only where it could judge a bin: one without cannot say, whether it has no value
or one that too few measurements stand behind. Where a bin was affected, ``clean`` is what was expected of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from radar.api import access
from radar.figures.matrix import Cell, Row
from radar.shapes import Outage
from radar.signals import SLOTS
from radar.store import series

#: What the detector wrote of a bin.
_ASPECTS = ("score", "clean", "baseline")


def refine(outage: Outage, rows: Sequence[Row], first: datetime, step_s: int) -> list[Row]:
    """The matrix rows with their cells as the series have them.

    Rows whose series is not kept or whose bins do not divide a cell, and outages that no single bin shows (slow
    degradation), stay as they are. Raises StoreUnavailable.
    """
    if outage.get("rule") == "slow_degradation" or not rows:
        return list(rows)
    end = first + timedelta(seconds=step_s * len(rows[0].cells))
    titles = {f"{row['signal']}@{row['source']}": row for row in outage["signals"]}
    kept = [sid for sid in titles if sid in SLOTS and step_s % SLOTS[sid][0].grain_s == 0]
    asked = [(outage["entity"], sid, aspect) for sid in kept for aspect in _ASPECTS]
    found = series.read_many(access.client(), asked, first, end)
    cells: dict[tuple[str, str], list[Cell]] = {}
    for sid in kept:
        slices = [found[outage["entity"], sid, aspect] for aspect in _ASPECTS]
        if not slices[0].empty:
            per = step_s // SLOTS[sid][0].grain_s
            signal, _, source = sid.partition("@")
            # a signal that was found not to see it may have left its range later, or by little
            seen: Cell = "small" if titles[sid]["verdict"] == "not_affected" else "affected"
            bins = [_affected(*bin) for bin in zip(*(row.values for row in slices), strict=True)]
            cells[signal, source] = [_cell(bins[at : at + per], seen) for at in range(0, len(rows[0].cells) * per, per)]
    return [replace(row, cells=cells.get((row.signal, row.source), row.cells)) for row in rows]


def _affected(score: float | None, clean: float | None, baseline: float | None) -> bool | None:
    """Of one bin; None where it cannot say."""
    if score is None:
        return None
    return clean is not None and baseline is not None and math.isclose(clean, baseline, rel_tol=1e-6)


def _cell(bins: Sequence[bool | None], seen: Cell) -> Cell:
    judged = [bin for bin in bins if bin is not None]
    if not judged:
        return "insufficient"
    return seen if any(judged) else "not_affected"
