"""The candidates that a watch keeps: opened, joined, ended, told and forgotten.

What is told of a minute are the candidates that changed, together with the unchanged ones that were first seen within
the same five minutes as one of them: the archive's newest lines then hold all of those five minutes, and a count made
of them is whole (:mod:`radar.sources._route_events`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from radar.routing.events import GRAIN_S, MOST_NETWORKS, MOST_PREFIXES, event_id, moment
from radar.routing.evidence import LEAST, SHOWN, Held, weigh
from radar.routing.owners import home
from radar.shapes import RouteEvent

#: What comes within this time of the newest prefix belongs to the same candidate, in seconds; what ended is kept as
#: long, so that a route that comes back is not news.
TOGETHER_S = 600.0
#: Candidates at once; the oldest goes first.
MAX_CANDIDATES = 5000
#: Prefixes of one candidate that are told apart.
MAX_PREFIXES = 50_000
#: Networks that are named as affected.
MOST_AFFECTED = 20


@dataclass(slots=True)
class Candidate:
    """One candidate while it is watched. Times are epoch seconds; ``seen``: masks of the peers that ever showed it,
    IPv4 and IPv6; ``live``: prefixes that some peer still shows; ``shown``: it was told, and stays told."""

    id: str
    kind: str
    suspect: int
    expected: list[int]
    prefix: str
    covering: str
    first_seen: float
    last_seen: float
    joined: float
    path: str
    status: str = "open"
    rpki: str = "unknown"
    holder: int = 0  # who may announce it after the RPKI, when the suspect may not
    live: int = 0
    seen: list[int] = field(default_factory=lambda: [0, 0])
    prefixes: dict[str, None] = field(default_factory=dict)
    shown: bool = False
    dirty: bool = True
    finished: float | None = None
    peers: int = 0  # full-feed peers that saw it, at most at one moment; of how many; of how many networks they were
    peers_total: int = 0
    networks: int = 0
    victims: int = 0  # networks that the suspect hit within ten minutes
    confidence: float = 0.0
    words: str = ""
    pro: list[str] = field(default_factory=list)
    con: list[str] = field(default_factory=list)
    entities: list[str] = field(default_factory=list)

    def join(self, prefix: str, time: float) -> None:
        """One more prefix."""
        if len(self.prefixes) < MAX_PREFIXES:
            self.prefixes.setdefault(prefix)
        self.joined = max(self.joined, time)

    def count_peers(self, full: tuple[int, int], totals: tuple[int, int], networks: Callable[[int], int]) -> float:
        """Count the full-feed peers that saw it and return their share. A peer that died since has seen it all the
        same, so the count never falls. ``networks``: of how many networks the peers of a mask are."""
        seen = [mask & known for mask, known in zip(self.seen, full, strict=True)]
        v4, v6 = (mask.bit_count() for mask in seen)
        family = int(v6 * totals[0] > v4 * totals[1])  # the one in which more of the peers saw it
        if (v4, v6)[family] > self.peers:
            self.peers, self.peers_total = (v4, v6)[family], totals[family]
            self.networks = networks(seen[family])
        return self.peers / self.peers_total if self.peers_total else 0.0

    def weigh(self, held: Held, words: str, affected: Iterable[int]) -> None:
        """Say what is known of it now."""
        weighed = weigh(held)
        self.confidence, self.pro, self.con, self.words = weighed.confidence, weighed.pro, weighed.con, words
        networks = list(affected)[:MOST_AFFECTED]
        homes = dict.fromkeys(f"country/{home(asn)}" for asn in networks if home(asn))
        self.entities = [*(f"asn/{asn}" for asn in networks), *homes]
        self.shown |= self.confidence >= SHOWN

    def finish(self, status: str, time: float, note: str = "") -> None:
        """It ended, or was taken back; ``note`` is the rule that says why."""
        self.status, self.finished, self.dirty = status, time, True
        if status == "ended":
            self.last_seen = max(self.last_seen, time)
        if status == "dismissed":
            self.confidence = LEAST
        if note:
            self.con = [*weigh([(note, {})]).con, *self.con]

    def document(self, *, simulated: bool) -> RouteEvent:
        """As pages and the API read it."""
        return cast(RouteEvent, {
            "id": self.id,
            "kind": self.kind,
            "prefix": self.prefix,
            "prefixes": list(self.prefixes)[:MOST_PREFIXES],
            "prefix_count": len(self.prefixes),
            "first_seen": moment(self.first_seen),
            "last_seen": moment(self.last_seen),
            "status": self.status,
            "suspect": self.suspect,
            "expected": self.expected[:MOST_NETWORKS],
            "rpki": self.rpki,
            "peers": self.peers,
            "peers_total": self.peers_total,
            "path": self.path,
            "confidence": self.confidence,
            "words": self.words,
            "entities": self.entities,
            "simulated": simulated,
            "for": self.pro,
            "against": self.con,
        })  # fmt: skip


class Book:
    """All candidates of one watch by id, in the order in which they were opened."""

    def __init__(self, *, simulated: bool, room: int = MAX_CANDIDATES) -> None:
        self.simulated = simulated
        self.dropped = 0
        self._room = room
        self._all: dict[str, Candidate] = {}
        self._newest: dict[str, str] = {}  # group -> id of its newest candidate

    def __iter__(self) -> Iterator[Candidate]:
        return iter(list(self._all.values()))

    def get(self, id: str) -> Candidate | None:
        """The candidate of that id; None when it is no longer kept."""
        return self._all.get(id)

    def joinable(self, group: str, time: float) -> Candidate | None:
        """The candidate of this group that a prefix seen at ``time`` belongs to: open, or ended just now."""
        found = self._all.get(self._newest.get(group, ""))
        if found is None or found.status == "dismissed":
            return None
        if time - (found.joined if found.finished is None else found.finished) > TOGETHER_S:
            return None
        found.status, found.finished = "open", None
        return found

    def open(self, group: str, kind: str, suspect: int, expected: list[int], prefix: str, covering: str, time: float,
             path: str) -> Candidate:  # fmt: skip
        """A new candidate."""
        id = event_id(kind, suspect, prefix, time)
        found = self._all[id] = self._all.get(id) or Candidate(
            id, kind, suspect, expected, prefix, covering, time, time, time, path
        )
        found.status, found.finished = "open", None
        self._newest[group] = id
        if len(self._all) > self._room:
            oldest = next((c for c in self._all.values() if c.status != "open"), None) or next(iter(self._all.values()))
            del self._all[oldest.id]
            self.dropped += 1
        return found

    def turn(self, now: float) -> list[RouteEvent]:
        """What is to be told, oldest first; forgets what is over."""
        changed = {c.id for c in self._all.values() if c.dirty and c.shown}
        bins = {int(self._all[id].first_seen) // GRAIN_S for id in changed}
        told = [
            c.document(simulated=self.simulated)
            for c in self._all.values()
            if c.id in changed or (c.shown and int(c.first_seen) // GRAIN_S in bins)
        ]
        for candidate in self._all.values():
            candidate.dirty = False
        over = {id for id, c in self._all.items() if c.finished is not None and now - c.finished > TOGETHER_S}
        needed = {int(c.first_seen) // GRAIN_S for id, c in self._all.items() if id not in over}
        for id in over:
            if int(self._all[id].first_seen) // GRAIN_S not in needed or not self._all[id].shown:
                del self._all[id]
        self._newest = {group: id for group, id in self._newest.items() if id in self._all}
        return told

    def documents(self) -> list[RouteEvent]:
        """All that were told and are still kept, oldest first."""
        return [c.document(simulated=self.simulated) for c in self._all.values() if c.shown]

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "candidates": [{**asdict(c), "seen": [f"{mask:x}" for mask in c.seen], "prefixes": list(c.prefixes)}
                           for c in self._all.values()],
            "newest": self._newest,
            "dropped": self.dropped,
        }  # fmt: skip

    def fill(self, data: dict[str, Any]) -> None:
        """Take in what :meth:`plain` gave. Raises KeyError, TypeError, ValueError for anything else."""
        self._all = {
            row["id"]: Candidate(**{**row, "seen": [int(mask, 16) for mask in row["seen"]],
                                    "prefixes": dict.fromkeys(row["prefixes"])})
            for row in data["candidates"]
        }  # fmt: skip
        self._newest = dict(data["newest"])
        self.dropped = int(data["dropped"])
