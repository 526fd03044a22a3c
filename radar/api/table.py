"""Rows as CSV: RFC 4180, UTF-8, one header row, an empty cell for "no data".

A text cell that a spreadsheet would run as a formula gets an apostrophe in front; numbers are never touched.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from radar.times import rfc3339

Cell = str | int | float | bool | datetime | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def write(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The table as bytes. Numbers are written as JSON writes them, times as RFC 3339 UTC, truth as true and false."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
