"""The book of what providers say: incidents of ninety days, with our own time of first reading.

An incident that was open and is no longer on a page that could be read is kept as it was and marked ``listed`` false:
that the provider took it down does not say that it is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
import zstandard

from radar.shapes.providers import ProviderIncident, Providers, ProviderSays
from radar.times import rfc3339

KEPT = timedelta(days=90)

#: Incidents of a provider, updates of an incident, characters of an update.
MOST, MOST_UPDATES, LONGEST = 60, 16, 600


class StatusBook:
    """The book. See the module."""

    document = "providers"

    def __init__(self) -> None:
        self._says: dict[str, ProviderSays] = {}
        self._incidents: dict[str, dict[str, ProviderIncident]] = {}

    def take(self, rows: Sequence[Mapping[str, Any]], *, received_at: datetime, simulated: bool) -> None:
        """Add one round over the pages: rows of ``radar.sources.provider_status.details``. A round that is older than
        the newest adds incidents and takes none away."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for row in rows:
            if row["kind"] == "incident":
                found.setdefault(row["provider"], {})[row["id"]] = row
        pages: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            if row["kind"] == "page":
                pages.setdefault(row["provider"], []).append(row)
        for slug, asked in pages.items():
            at = max(row["asked_at"] for row in asked)
            error = next((row["error"] for row in asked if row["error"] is not None), None)
            before = self._says.get(slug)
            newest = before is None or at >= before["asked_at"]
            known = self._incidents.setdefault(slug, {})
            for id_, row in found.get(slug, {}).items():
                if newest or id_ not in known:
                    known[id_] = _incident(row, known.get(id_), simulated=simulated)
            if newest:
                if error is None:
                    for id_, incident in known.items():
                        if incident["open"] and id_ not in found.get(slug, {}):
                            incident["open"] = incident["listed"] = False
                read_at = at if error is None else before["read_at"] if before else None
                self._says[slug] = {"asked_at": at, "read_at": read_at, "error": error, "incidents": [],
                                    "simulated": simulated}  # fmt: skip
            self._incidents[slug] = _newest(known, received_at)

    def page(self, now: datetime) -> Providers:
        """The document; what was written after ``now`` is left out."""
        limit = rfc3339(now)
        return {
            "at": limit,
            "providers": {
                slug: {**says, "incidents": [row for row in self._incidents[slug].values() if _when(row) <= limit]}
                for slug, says in sorted(self._says.items())
            },
        }

    def dump(self) -> bytes:
        """All that is kept."""
        kept = {"says": self._says, "incidents": self._incidents}
        return zstandard.ZstdCompressor(3).compress(orjson.dumps(kept))

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """The inverse of :meth:`dump`."""
        kept = orjson.loads(zstandard.ZstdDecompressor().decompress(blob))
        book = cls()
        book._says, book._incidents = kept["says"], kept["incidents"]
        return book


BOOK = StatusBook


def _incident(row: Mapping[str, Any], before: ProviderIncident | None, *, simulated: bool) -> ProviderIncident:
    return {
        "id": row["id"],
        "title": row["title"],
        "impact": row["impact"],
        "status": row["status"],
        "open": not row["over"],
        "listed": True,
        "started_at": row["started_at"],
        "created_at": row["created_at"],
        "resolved_at": row["resolved_at"],
        "first_seen": min(row["asked_at"], before["first_seen"]) if before else row["asked_at"],
        "url": row["url"],
        "components": row["components"],
        "regions": row["regions"],
        "updates": [
            {"at": note["at"], "status": note["status"], "text": note["text"][:LONGEST]}
            for note in row["updates"][-MOST_UPDATES:]
        ],
        "simulated": simulated,
    }


def _when(row: ProviderIncident) -> str:
    """When it was written first, as far as is known."""
    return row["created_at"] or min(row["started_at"] or row["first_seen"], row["first_seen"])


def _newest(known: dict[str, ProviderIncident], now: datetime) -> dict[str, ProviderIncident]:
    oldest = rfc3339(now - KEPT)
    rows = [row for row in known.values() if row["open"] or _when(row) >= oldest]
    rows.sort(key=lambda row: (_when(row), row["id"]), reverse=True)
    return {row["id"]: row for row in sorted(rows[:MOST], key=lambda row: (_when(row), row["id"]), reverse=True)}
