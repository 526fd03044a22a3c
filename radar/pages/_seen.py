"""What each signal of an outage saw, cell by cell, read from the series rather than from the outage's summary.

The detector writes aspect ``clean`` only where a bin was affected; a bin with a value and without that was not, and a
bin without a value cannot say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from radar.api import access
from radar.figures.matrix import Cell, Row
from radar.shapes import Outage
from radar.signals import SLOTS
from radar.store import series


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
    asked = [(outage["entity"], sid, aspect) for sid in kept for aspect in ("value", "clean")]
    found = series.read_many(access.client(), asked, first, end)
    cells: dict[tuple[str, str], list[Cell]] = {}
    for sid in kept:
        value, clean = (found[outage["entity"], sid, aspect] for aspect in ("value", "clean"))
        if not value.empty:
            per = step_s // SLOTS[sid][0].grain_s
            signal, _, source = sid.partition("@")
            # a signal that was found not to see it may have left its range later, or by little
            seen: Cell = "small" if titles[sid]["verdict"] == "not_affected" else "affected"
            cells[signal, source] = [
                _cell(value.values[at : at + per], clean.values[at : at + per], seen)
                for at in range(0, len(rows[0].cells) * per, per)
            ]
    return [replace(row, cells=cells.get((row.signal, row.source), row.cells)) for row in rows]


def _cell(values: Sequence[float | None], affected: Sequence[float | None], seen: Cell) -> Cell:
    if any(v is not None for v in affected):
        return seen
    return "not_affected" if any(v is not None for v in values) else "insufficient"
