"""What a pipeline takes in again after a failover, because the new primary may not have had it.

Redis answers before its replicas have a write. When a primary dies, its replica takes over as of a moment before. Where
one primary holds everything, cursor and series go back together: a pipeline that is made anew from what is there does
the same work again. On a Cluster each shard goes back by itself: the cursor may be kept and series before it be gone.
So each publication notes which primaries it was written to, and where the cursor was in the last while. A pipeline that
finds other primaries goes back to a cursor that is older than any replica that may take over, and scores again what
comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypedDict

import structlog

from radar.errors import StoreUnavailable
from radar.store import Store, asking, kind_of, lineage, primaries
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: How far a replica that takes over can be behind, and more: by their defaults, servers promote none that was cut off
#: for longer than ten time-outs and a ping (under three minutes), however long it takes to notice the failover.
BEHIND = timedelta(minutes=30)


class Mark(TypedDict):
    """Where a publication stood. ``at``: the pipeline's clock. ``begun``: sources whose history was taken in."""

    at: str
    cursor: str | None
    begun: list[str]


class WriteBack:
    """Knows to which primaries a pipeline writes, and where it goes back to when they have changed."""

    def __init__(self, client: Store) -> None:
        self._client = client
        self._primaries = lineage(client)
        self._several = kind_of(client) == "cluster"
        self._marks: list[Mark] = []

    def restore(self, state: dict[str, Any]) -> Mark | None:
        """Take up what was published; the place to go back to, or None when the primaries are still the same."""
        self._marks = list(state.get("marks", []))
        if not self._several or state.get("primaries", self._primaries) == self._primaries:
            return None
        back: Mark = {"at": "", "cursor": None, "begun": []}
        if self._marks and self._empty() <= state.get("empty", 0):  # else one came back without its data
            limit = rfc3339(datetime.fromisoformat(self._marks[-1]["at"]) - BEHIND)
            back = next((mark for mark in reversed(self._marks) if mark["at"] <= limit), back)
        log.warning("a primary has changed: what it may have lost is written back from the archive",
                    since=back["at"] or "the beginning")  # fmt: skip
        return back

    def check(self) -> None:
        """Raise StoreUnavailable when a primary has changed since this pipeline was made: what it wrote may be gone."""
        if self._primaries and lineage(self._client) != self._primaries:
            raise StoreUnavailable(
                "publish: a primary of the store has changed; nothing was published, it is done again"
            )

    def state(self, now: datetime, cursor: str | None, begun: list[str]) -> dict[str, Any]:
        """What a publication keeps; nothing where one primary holds everything."""
        if not self._several:
            return {}
        self._marks.append({"at": rfc3339(now), "cursor": cursor, "begun": begun})
        limit = rfc3339(now - BEHIND)
        while len(self._marks) > 1 and self._marks[1]["at"] <= limit:
            del self._marks[0]
        return {"primaries": self._primaries, "marks": self._marks, "empty": self._empty()}

    def _empty(self) -> int:
        """How many primaries hold no key at all. Raises StoreUnavailable."""
        with asking("count keys"):
            return sum(int(node.dbsize()) == 0 for node in primaries(self._client))
