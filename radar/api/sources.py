"""``/api/v1/sources``: who measures, under which licence, how late, and what went wrong."""

from __future__ import annotations

from typing import Any

from flask import Response

from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import meta, success


@endpoint("/sources")
def sources(given: dict[str, Any]) -> Response:
    """All sources with licence, attribution, lag, rows, rejected rows by reason, gaps and the last error.

    ``state``: ``ok``, ``late``, ``failing``, ``history`` (a recorded set with its own dates), ``never`` (no data yet)
    or ``off`` (not switched on). ``proof``: whether its reader was proven on ``recorded`` answers or on the
    ``documented`` form alone.
    """
    seen = access.read()
    rows = list(seen.sources.values())
    return success(rows, meta(clock=seen.clock, simulated=any(row["simulated"] for row in rows), count=len(rows)))
