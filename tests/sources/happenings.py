"""Rows of a source of happenings as a CSV that a person reads in a diff."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

COLUMNS = ("row", "scope", "id", "kind", "places", "start", "end", "lasts", "severity", "withdrawn", "replaces",
           "title", "area", "url", "asked_at", "since", "until", "error")  # fmt: skip


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """One line a row; lists with spaces, nothing for None."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_text(row.get(name)) for name in COLUMNS])
    return out.getvalue()


def _text(value: Any) -> str:
    return "" if value is None else " ".join(value) if isinstance(value, list) else str(value)
