"""Candidates for origin hijacks: a network announces space that another one held.

The table (:mod:`radar.routing.table`) tells of every peer that sees a prefix with an origin it never had, and of new
prefixes inside somebody else's. Most such changes are honest. So a pair of prefix and origin is passed over when the
networks are related, when the holder's ROA allows it, when the holder itself passes the route on, when it was so on
many days, and when the numbers belong to nobody; what is left becomes a candidate only when several networks see it.
Its confidence is a sum of stated rules (:mod:`radar.routing.evidence`, docs/routing.md).

Nothing here reads a clock or a file. ``minute`` is called once a minute of the stream.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from typing import Any

import orjson

from radar.routing import evidence
from radar.routing.book import TOGETHER_S, Book, Candidate
from radar.routing.events import origin_words
from radar.routing.pairs import NONE, Pair, Reasons, Watched
from radar.routing.relations import Relations, hops
from radar.routing.rpki import Vrps
from radar.routing.watching import Peers
from radar.shapes import RouteEvent

#: Seen by so many full-feed peers, of so many networks, and by this share of them, a pair is a candidate; with a ROA
#: that allows the holder and not the new origin, so many peers are enough.
MIN_PEERS, MIN_SHARE, MIN_PEERS_INVALID = 3, 0.1, 2
#: A pair that did not spread within this time is forgotten, in seconds.
PATIENCE_S = 1800.0
#: Pairs kept at once; the oldest goes first.
MAX_PAIRS = 100_000

#: Why a candidate is taken back -> rule that says it.
_NOTES = {"usual": "now_usual", "rpki valid": "now_valid", "related": "now_related", "carried": "now_carried"}
_FORM = "origins-1"


class OriginWatch:
    """See the module. Not for several threads.

    ``watched``: prefix -> origin -> a pair that is looked at, or the reason why it is passed over; for reading only.
    ``passed``, ``dropped``: how many pairs were passed over, by reason, and forgotten for want of room.
    """

    def __init__(self, vrps: Vrps | None = None, relations: Relations | None = None, *, simulated: bool = False,
                 room: int = MAX_PAIRS) -> None:  # fmt: skip
        self.watched: Watched = {}
        self.passed: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._reasons = Reasons(vrps, relations)
        self._room, self._pairs = room, 0
        self._peers = Peers()
        self._book = Book(simulated=simulated)
        self._dirty: list[Pair] = []
        self._waiting: deque[Pair] = deque()
        self._bursts: dict[int, dict[tuple[int, ...], float]] = {}  # suspect -> those it hit, and when
        self._day = -1

    # ------------------------------------------------------------------ what the table tells

    def take(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
             known: Collection[int]) -> None:  # fmt: skip
        """A peer announces the prefix with an origin that is not among the known ones (AS numbers)."""
        pair = self.watched.get(prefix, NONE).get(origin)
        if pair is None:
            pair = self._begin("origin_change", time, prefix, origin, path, known, "")
        if type(pair) is Pair:
            self._seen(pair, time, path, peer, peer_as)

    def more_specific(self, time: float, prefix: str, origin: int, path: str, peer: str, peer_as: int,
                      covering_prefix: str, covering_origins: Collection[int]) -> None:  # fmt: skip
        """A peer announces a prefix, new to the table, inside one that other networks announce."""
        pair = self.watched.get(prefix, NONE).get(origin)
        if pair is None:
            pair = self._begin("more_specific", time, prefix, origin, path, covering_origins, covering_prefix)
        if type(pair) is Pair:
            self._seen(pair, time, path, peer, peer_as)

    def end(self, time: float, prefix: str, origin: int) -> None:
        """No peer announces it with that origin any more. May be told again."""
        held = self.watched.get(prefix)
        pair = held.get(origin) if held else None
        if pair is not None:
            self._leave(prefix, origin)
            if isinstance(pair, Pair):
                self._lose(pair, "ended", time)

    # ------------------------------------------------------------------ one pair

    def _begin(self, kind: str, time: float, prefix: str, origin: int, path: str, known: Collection[int],
               covering: str) -> Pair | str:  # fmt: skip
        expected = tuple(sorted({asn for asn in known if asn}))
        if not expected or origin in expected:
            return "known"
        pair = Pair(prefix, origin, kind, expected, covering, "unknown", 0, time, time, path)
        reason = self._reasons.against(pair, time, self.watched)
        if self._pairs >= self._room:
            self._make_room()
        self.watched.setdefault(prefix, {})[origin] = reason or pair
        self._pairs += 1
        if reason:
            self.passed[reason] += 1
            return reason
        self._waiting.append(pair)
        return pair

    def _seen(self, pair: Pair, time: float, path: str, peer: str, peer_as: int) -> None:
        """One more peer shows it."""
        bit = self._peers.bit(peer, peer_as)
        if pair.seen & bit:
            return
        if any(asn in pair.expected for asn in hops(path)[:-1]):
            self._pass(pair, "carried", time)  # a holder that forwards the route agrees with it
            return
        pair.seen |= bit
        pair.last = max(pair.last, time)
        if pair.event and not pair.dirty:
            pair.dirty = True
            self._dirty.append(pair)

    def _is_live(self, pair: Pair) -> bool:
        return self.watched.get(pair.prefix, NONE).get(pair.origin) is pair

    def _pass(self, pair: Pair, reason: str, time: float) -> None:
        """It is no news after all."""
        self.watched[pair.prefix][pair.origin] = reason
        self.passed[reason] += 1
        self._lose(pair, "dismissed", time, _NOTES[reason])

    def _lose(self, pair: Pair, status: str, time: float, note: str = "") -> None:
        """Take a pair out of its candidate; the last one ends it."""
        event = self._book.get(pair.event)
        pair.event, pair.dirty = "", False
        if event is not None:
            event.live -= 1
            if event.live <= 0 and event.status == "open":
                event.finish(status, time, note)

    def _leave(self, prefix: str, origin: int) -> None:
        held = self.watched[prefix]
        del held[origin]
        self._pairs -= 1
        if not held:
            del self.watched[prefix]

    def _make_room(self) -> None:
        """Forget a part of the oldest pairs; those of which something is told only when there are no others."""
        many = 1 + self._room // 20  # many at once: a search for the oldest is not made for each new pair
        oldest = [(prefix, origin) for prefix, held in self.watched.items() for origin in held]
        free = [(prefix, origin) for prefix, origin in oldest if not getattr(self.watched[prefix][origin], "event", "")]
        for prefix, origin in (free if len(free) >= many else oldest)[:many]:
            pair = self.watched[prefix][origin]
            self._leave(prefix, origin)
            if isinstance(pair, Pair):
                self.dropped["pairs"] += 1
                self._lose(pair, "ended", pair.last, "now_lost")

    # ------------------------------------------------------------------ each minute

    def minute(self, now: float, full_v4: Collection[str], full_v6: Collection[str]) -> list[RouteEvent]:
        """Judge what came since the last call. ``now``: the stream's time, epoch seconds; ``full_v4``, ``full_v6``: the
        full-feed peers of each address family, named as in :meth:`take`.

        Returns the candidates that changed, and those first seen within the same five minutes; oldest first.
        """
        full = (self._peers.mask(full_v4), self._peers.mask(full_v6))
        totals = (len(full_v4), len(full_v6))
        self._turn_day(now)
        self._expire(now)
        # pairs that wait are looked at again: which peers count may have changed
        for pair in (*self._waiting, *self._dirty):
            if self._is_live(pair) and (pair.dirty or not pair.event):
                pair.dirty = False
                self._judge(pair, full, totals)
        self._dirty.clear()
        self._waiting = deque(pair for pair in self._waiting if not pair.event and self._is_live(pair))
        self._count_victims(now)
        for event in self._book:
            if event.dirty and event.status == "open":
                self._weigh(event, full, totals)
        return self._book.turn(now)

    def events(self) -> list[RouteEvent]:
        """Every candidate that is kept, oldest first."""
        return self._book.documents()

    def _judge(self, pair: Pair, full: tuple[int, int], totals: tuple[int, int]) -> None:
        """Open or join a candidate, when enough peers show the pair."""
        family = ":" in pair.prefix
        event = self._book.get(pair.event)
        if event is None:
            seen = pair.seen & full[family]
            count = seen.bit_count()
            if count < MIN_PEERS_INVALID:
                return
            least = min(count, self._peers.networks(seen))
            several = least >= MIN_PEERS and count >= MIN_SHARE * totals[family]
            if not several and not (pair.holder and least >= MIN_PEERS_INVALID):
                return
            event = self._join(pair)
        event.seen[family] |= pair.seen
        event.last_seen = max(event.last_seen, pair.last)
        event.dirty = True

    def _join(self, pair: Pair) -> Candidate:
        victim = f"{pair.origin} {pair.expected}"
        hit = self._bursts.setdefault(pair.origin, {})
        hit[pair.expected] = pair.first
        event = self._book.joinable(victim, pair.first)
        if event is None and len(hit) > evidence.WIDE:
            victim = f"{pair.origin} many"
            event = self._book.joinable(victim, pair.first)
        if event is None:
            event = self._book.open(victim, pair.kind, pair.origin, list(pair.expected), pair.prefix, pair.covering,
                                    pair.first, pair.path)  # fmt: skip
        event.expected = sorted({*event.expected, *pair.expected})
        event.join(pair.prefix, pair.first)
        event.live += 1
        if event.rpki != "invalid":
            event.rpki = pair.rpki
        event.holder = event.holder or pair.holder
        pair.event = event.id
        return event

    def _count_victims(self, now: float) -> None:
        """How many networks each suspect hit within ten minutes: the more, the more is said of each."""
        for suspect, hit in list(self._bursts.items()):
            newest = max(hit.values())
            for victim in [v for v, time in hit.items() if newest - time > TOGETHER_S]:
                del hit[victim]
            if now - newest > TOGETHER_S:
                del self._bursts[suspect]
        for event in self._book:
            victims = _apart(self._bursts.get(event.suspect, ()))
            if event.status == "open" and victims > event.victims:
                event.victims, event.dirty = victims, True

    def _weigh(self, event: Candidate, full: tuple[int, int], totals: tuple[int, int]) -> None:
        share = event.count_peers(full, totals, self._peers.networks)
        words = origin_words(event.kind, event.suspect, event.expected, len(event.prefixes), event.prefix,
                             event.covering)  # fmt: skip
        event.weigh(evidence.of_origin(event, share, self._reasons.relations), words, event.expected)

    def _expire(self, now: float) -> None:
        """Forget pairs that did not spread."""
        waiting = self._waiting
        while waiting and now - waiting[0].first > PATIENCE_S:
            pair = waiting.popleft()
            if self._is_live(pair) and not pair.event:
                self._leave(pair.prefix, pair.origin)
                self.passed["did not spread"] += 1

    def _turn_day(self, now: float) -> None:
        """Once a day: what is still there gets used to."""
        day = int(now // 86_400)
        if day == self._day:
            return
        self._day = day
        for prefix, held in list(self.watched.items()):
            for origin, pair in list(held.items()):
                if isinstance(pair, Pair) and self._reasons.usual.note(f"{prefix} {origin}", now):
                    self._pass(pair, "usual", now)

    def use(self, vrps: Vrps | None, relations: Relations | None, now: float) -> None:
        """Judge by these files from now on; what they explain is taken back."""
        reasons = self._reasons
        reasons.vrps, reasons.relations = vrps, relations
        for prefix, held in list(self.watched.items()):
            for origin, pair in list(held.items()):
                if not isinstance(pair, Pair):
                    self._leave(prefix, origin)  # asked again when it comes again
                    continue
                reasons.validate(pair, now)
                if pair.rpki == "valid":
                    self._pass(pair, "rpki valid", now)
                elif reasons.related(pair):
                    self._pass(pair, "related", now)

    # ------------------------------------------------------------------ snapshot

    def dump(self) -> bytes:
        """The whole state as JSON; the same state gives the same bytes."""
        rows = [
            [prefix, origin, pair if isinstance(pair, str) else pair.plain()]
            for prefix, held in self.watched.items()
            for origin, pair in held.items()
        ]
        return orjson.dumps({
            "form": _FORM,
            "pairs": rows,
            "waiting": [[pair.prefix, pair.origin] for pair in self._waiting],
            "peers": self._peers.plain(),
            "usual": self._reasons.usual.plain(),
            "book": self._book.plain(),
            "bursts": [[suspect, list(hit.items())] for suspect, hit in self._bursts.items()],
            "passed": self.passed,
            "dropped": self.dropped,
            "day": self._day,
        })  # fmt: skip

    def load(self, body: bytes) -> None:
        """Go on from what :meth:`dump` gave; the files to judge by are those given here. Raises ValueError for other
        bytes, and then nothing has changed."""
        reasons = self._reasons
        fresh = OriginWatch(reasons.vrps, reasons.relations, simulated=self._book.simulated, room=self._room)
        try:
            fresh._fill(orjson.loads(body))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no snapshot of origins: {error!r}"[:200]) from error
        self.__dict__.update(fresh.__dict__)

    def _fill(self, data: dict[str, Any]) -> None:
        if data["form"] != _FORM:
            raise ValueError(f"form {data['form']!r}, expected {_FORM!r}")
        for prefix, origin, row in data["pairs"]:
            pair = row if isinstance(row, str) else Pair.from_plain(row)
            self.watched.setdefault(prefix, {})[origin] = pair
            if isinstance(pair, Pair) and pair.dirty:
                self._dirty.append(pair)
        self._pairs = len(data["pairs"])
        waiting = [self.watched[prefix][origin] for prefix, origin in data["waiting"]]
        self._waiting.extend(pair for pair in waiting if isinstance(pair, Pair))
        self._peers = Peers.from_plain(data["peers"])
        self._reasons.usual.fill(data["usual"])
        self._book.fill(data["book"])
        self._bursts = {asn: {tuple(victim): time for victim, time in hit} for asn, hit in data["bursts"]}
        self.passed, self.dropped = Counter(data["passed"]), Counter(data["dropped"])
        self._day = data["day"]


def _apart(victims: Iterable[tuple[int, ...]]) -> int:
    """How many of these sets of networks have nobody in common."""
    known: set[int] = set()
    count = 0
    for victim in victims:
        count += known.isdisjoint(victim)
        known.update(victim)
    return count
