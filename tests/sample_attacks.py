"""A document ``attacks`` for tests of pages and API, written by the real book."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from radar.books.waf_events import AttackBook
from radar.shapes.attacks import Attacks
from radar.times import rfc3339
from tests.samples import NOW

#: Matches of the new rule in the hours before now.
GROWTH = (5, 10, 20, 40, 80)

_PLACES: dict[str, Any] = {
    "countries": {"country/BR": 3, "country/FR": 1}, "networks": {"asn/28573": 3},
    "targets": {"country/DE": 4}, "providers": {},
}  # fmt: skip


def sample_attacks(now: datetime = NOW, *, hours_ago: int = 0, simulated: bool = False) -> Attacks:
    """Two rules: one that has matched for ten days, and one of today that doubles every hour. ``hours_ago``: all of it
    lies so far back, and nothing has come since."""
    until = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    rows = []
    for back in range(240, 0, -1):
        at = until - timedelta(hours=back)
        rows.append(_row(at, "920350", 60, title="Host header is an address", acted=60, blocked=3, **_PLACES))
        if back <= len(GROWTH):
            rows.append(_row(at, "944150", GROWTH[-back], title="Log4j / Log4shell", cve=["CVE-2021-44228"], **_PLACES))
    book = AttackBook()
    book.take(rows, received_at=until, simulated=simulated)
    return book.page(now)


def _row(at: datetime, rule: str, matches: int, **more: Any) -> dict[str, Any]:
    told = {"bin": rfc3339(at), "grain_s": 3600, "rule": rule, "cve": [], "matches": matches, "blocked": 0, "acted": 0,
            "first": rfc3339(at), "last": rfc3339(at + timedelta(minutes=50))}  # fmt: skip
    return told | more
