"""The book of a source of happenings: kept for a month after they are over, corrected and taken back by later answers.

What a source says anew of a happening takes the place of what it said before, and the time of that is told. What a
source no longer lists, though its answer spans the time, was taken back: it stays in the book and says so. An answer
that could not be read takes nothing back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import orjson
import zstandard

from radar.shapes.context import Happening, Told, document
from radar.times import rfc3339

#: How long a happening is kept after its end, and how many of a source at most: those that ended longest ago go first.
KEPT = timedelta(days=30)
MOST = 4_000

#: What makes a happening another one when its source changes it.
_SAID = ("kind", "title", "places", "area", "start", "end", "lasts", "severity", "url")

#: What the book keeps with a happening and does not publish.
_OWN = ("scope", "replaces")


class ContextBook:
    """The book. See the module, and ``radar/sources/_context.py`` for the rows."""

    source: ClassVar[str]
    document: ClassVar[str]

    def __init__(self) -> None:
        self._rounds: dict[str, dict[str, Any]] = {}  # by scope: asked_at, read_at, error
        self._known: dict[str, dict[str, Any]] = {}  # by id: a Happening and what is in _OWN
        self._simulated = False
        self._dropped = 0

    def take(self, rows: Sequence[Mapping[str, Any]], *, received_at: datetime, simulated: bool) -> None:
        """Add one answer. One that is older than the newest of its scope adds happenings and changes none."""
        self._simulated = simulated
        self._forget(rows)
        for asked in (row for row in rows if row["row"] == "round"):
            before = self._rounds.get(asked["scope"])
            newest = before is None or asked["asked_at"] >= before["asked_at"]
            told = {row["id"]: row for row in rows if row["row"] == "happening" and row["scope"] == asked["scope"]}
            listing = asked["since"] is not None and asked["until"] is not None
            replaced = {old for row in self._known.values() for old in row["replaces"]}
            for row in told.values():
                if row["id"] not in replaced:
                    self._take(row, asked["asked_at"], newest=newest, listing=listing, simulated=simulated)
            if not newest:
                continue
            for row in rows:
                if row["row"] == "cancel" and row["scope"] == asked["scope"] and row["id"] in self._known:
                    known = self._known[row["id"]]
                    known["withdrawn_at"] = known["withdrawn_at"] or asked["asked_at"]
            read_at = asked["asked_at"] if asked["error"] is None else before["read_at"] if before else None
            self._rounds[asked["scope"]] = {"asked_at": asked["asked_at"], "read_at": read_at, "error": asked["error"]}
            if asked["error"] is None and listing:
                self._withdraw(asked, told)
        self._prune(received_at)

    def page(self, now: datetime) -> Told:
        """The document; what was read after ``now`` is left out."""
        limit = rfc3339(now)
        rounds = [self._rounds[scope] for scope in sorted(self._rounds)]
        read = [row["read_at"] for row in rounds]
        shown = [row for row in self._known.values() if row["known_at"] <= limit]
        shown.sort(key=lambda row: (row["start"], row["id"]))
        happenings: list[Any] = [{key: value for key, value in row.items() if key not in _OWN} for row in shown]
        return {
            "at": limit,
            "source": self.source,
            "asked_at": max((row["asked_at"] for row in rounds), default=None),
            "read_at": None if None in read else min(read, default=None),
            "error": next((row["error"] for row in rounds if row["error"] is not None), None),
            "simulated": self._simulated,
            "happenings": happenings,
            "dropped": self._dropped,
        }

    def standing(self, now: datetime) -> list[Happening]:
        """What was known by ``now`` and not taken back, in no order."""
        limit = rfc3339(now)
        rows: list[Any] = [
            row for row in self._known.values() if row["known_at"] <= limit and row["withdrawn_at"] is None
        ]
        return rows

    def dump(self) -> bytes:
        """All that is kept."""
        kept = {"rounds": self._rounds, "known": self._known, "simulated": self._simulated, "dropped": self._dropped}
        return zstandard.ZstdCompressor(3).compress(orjson.dumps(kept))

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """The inverse of :meth:`dump`."""
        kept = orjson.loads(zstandard.ZstdDecompressor().decompress(blob))
        book = cls()
        book._rounds, book._known = kept["rounds"], kept["known"]
        book._simulated, book._dropped = kept["simulated"], kept["dropped"]
        return book

    def _take(self, row: Mapping[str, Any], asked_at: str, *, newest: bool, listing: bool, simulated: bool) -> None:
        before = self._known.get(row["id"])
        if before is not None and not newest:
            return
        known_at = min(asked_at, before["known_at"]) if before else asked_at
        changed_at = before["changed_at"] if before else None
        if before is not None and any(before[key] != row[key] for key in _SAID):
            changed_at = asked_at
        for id_ in row["replaces"]:
            old = self._known.pop(id_, None) if id_ != row["id"] else None
            if old is not None:
                known_at, changed_at = min(known_at, old["known_at"]), asked_at
        # of what is no whole list, one that was taken back does not stand again by being told once more
        back = before["withdrawn_at"] if before and (row["withdrawn"] or not listing) else None
        withdrawn_at = back or (asked_at if row["withdrawn"] else None)
        found: Happening = {
            "id": row["id"], "source": self.source, "kind": row["kind"], "title": row["title"],
            "places": row["places"], "area": row["area"], "start": row["start"], "end": row["end"],
            "lasts": row["lasts"], "severity": row["severity"], "url": row["url"], "known_at": known_at,
            "changed_at": changed_at, "withdrawn_at": withdrawn_at, "simulated": simulated,
        }  # fmt: skip
        replaces = sorted({*row["replaces"], *(before["replaces"] if before else ())})[:50]
        self._known[row["id"]] = {**found, "scope": row["scope"], "replaces": replaces}

    def _forget(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Forget the places that a newer answer does not speak of, and what they told of the time after it: an answer
        holds every place that is asked, so these are asked no more."""
        asked = {row["scope"]: row["asked_at"] for row in rows if row["row"] == "round"}
        latest = max(asked.values(), default="")
        gone = {name for name, known in self._rounds.items() if name not in asked and known["asked_at"] < latest}
        for name in gone:
            del self._rounds[name]
        self._known = {
            id_: row for id_, row in self._known.items() if row["scope"] not in gone or row["start"] < latest
        }

    def _withdraw(self, asked: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        for id_, row in self._known.items():
            if (
                row["scope"] == asked["scope"]
                and id_ not in told
                and row["withdrawn_at"] is None
                and asked["since"] <= row["start"] < asked["until"]
            ):
                row["withdrawn_at"] = asked["asked_at"]

    def _prune(self, now: datetime) -> None:
        oldest = rfc3339(now - KEPT)
        rows = [row for row in self._known.values() if (row["end"] or row["start"]) >= oldest]
        rows.sort(key=lambda row: (row["end"] or row["start"], row["id"]))
        self._dropped += max(0, len(rows) - MOST)
        self._known = {row["id"]: row for row in rows[-MOST:]}


def book_of(name: str) -> type[ContextBook]:
    """The book of one source."""
    return type("ContextBook", (ContextBook,), {"source": name, "document": document(name), "__module__": __name__})
