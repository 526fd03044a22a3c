"""Which sources see an outage, over time (signatures; drawing follows)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from radar.shapes import OutageSignal, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One source of the matrix: a verdict per cell; None = the cell lies outside of what was asked."""

    label: str
    cells: Sequence[Verdict | None]
    note: str = ""
    simulated: bool = False


def rows_of(
    signals: Sequence[OutageSignal], *, start: datetime, end: datetime, cells: int = 24
) -> tuple[list[Row], datetime, int]:
    """Rows from an outage's signals: (rows, start of the first cell, seconds per cell)."""
    return [], start, 3600


def html(rows: Sequence[Row], *, start: datetime, step_s: int) -> str:
    return '<table class="agree"></table>'
