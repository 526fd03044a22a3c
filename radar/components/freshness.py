"""How fresh a source is: its state, what it told last, and how far that lies behind the clock.

Some sources have no bins: of what else is known of places (``last_success``) the last answer counts, and what is worked
out from other sources when something happens is never asked at all, so that only its last event can be told.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from radar.components import state, times
from radar.labels import SOURCE_STATES, _
from radar.shapes import SourceStatus

#: The shape that stands for a source's state. Recorded history and sources without data are no fault.
MARKS = {"ok": "ok", "late": "degraded", "failing": "outage"}


def how(row: SourceStatus) -> Component:
    """State of a source by shape and word."""
    return state.mark(MARKS.get(row["state"], "insufficient"), _(SOURCE_STATES[row["state"]]))


def newest(row: SourceStatus, now: str) -> list[Any]:
    """When it last told something; where that is no bin, what it is."""
    if row["newest_bin"]:
        return [times.time(row["newest_bin"], now), html.Small(_("last event")) if is_event(row) else None]
    if row["state"] == "ok" and row["last_success"]:
        return [times.time(row["last_success"], now), html.Small(_("last answer"))]
    return [_("nothing yet")]


def is_event(row: SourceStatus) -> bool:
    """Whether it is never asked, so that it cannot be late: its newest time is that of the last event."""
    return row["state"] == "ok" and bool(row["newest_bin"]) and not row["last_success"]


def behind(row: SourceStatus) -> str:
    """How far its newest bin or answer lies behind the clock; a dash where that means nothing."""
    if row["lag_s"] is None or row["state"] == "history" or is_event(row):
        return "–"
    return times.duration(max(row["lag_s"], 0) / 60)


def usual(row: SourceStatus) -> str:
    """How far behind it usually is; a dash where it cannot be late."""
    return "–" if row["state"] == "history" or is_event(row) else times.duration(row["expected_lag_s"] / 60)
