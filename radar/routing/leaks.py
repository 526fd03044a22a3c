"""Candidates for route leaks: a network tells a provider or a peer of routes it had from a provider or a peer.

The table tells of every announcement. A path is judged once, against the operator's file of relations
(:mod:`radar.routing.relations`), and remembered, so that a repeat costs one look into a dict. Without that file nothing
is judged, and ``judging`` says so.

Relations are inferred, and some are wrong: paths that break them every day are usual and no leak. What was so in the
first table dump (:meth:`LeakWatch.learn`), in the first hour of a stream without one, or on many days, is passed over;
what is left becomes a candidate only when several networks see several prefixes.

Nothing here reads a clock or a file. ``minute`` is called once a minute of the stream.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import orjson

from radar.routing import evidence
from radar.routing.book import MAX_PREFIXES, TOGETHER_S, Book, Candidate
from radar.routing.events import leak_words
from radar.routing.owners import alike
from radar.routing.relations import Leak, Relations, hops
from radar.routing.watching import DAY_S, Peers, Usual
from radar.shapes import RouteEvent

#: So many prefixes, each seen by so many full-feed peers of so many networks, and by this share of them, are a
#: candidate; a network of which such a share of all prefixes is in it counts too.
MIN_PREFIXES, MIN_PEERS, MIN_SHARE = 5, 3, 0.1
LARGE_SHARE, LARGE_LEAST = 0.5, 2
#: A path that did not spread within this time is forgotten, in seconds.
PATIENCE_S = 1800.0
#: The first part of a stream that began without a table dump: what breaks relations then is usual, in seconds.
LEARN_S = 3600.0
#: Paths whose verdict is remembered, twice this many at most.
MAX_PATHS = 100_000
#: Prefixes that are followed, of all leaks.
MAX_CARRIED = 100_000
#: Networks in the document, on both sides.
MOST_SIDES = 10


@dataclass(slots=True)
class _Group:
    """What one network leaks. ``held``: prefix -> the peers that show it now, as bits; ``joined``: prefix -> when it
    was first seen; ``origin``: prefix -> whose it is; ``sides``: (learned from, told, type) -> how often."""

    leaker: int
    since: float
    last: float
    path: str
    held: dict[str, int] = field(default_factory=dict)
    joined: dict[str, float] = field(default_factory=dict)
    origin: dict[str, int] = field(default_factory=dict)
    sides: Counter[tuple[int, int, int]] = field(default_factory=Counter)
    event: str = ""
    dirty: bool = True
    beyond: int = 0  # prefixes that were not followed for want of room
    quiet_days: int = 0  # so long was watched, and on no day before was it seen


class LeakWatch:
    """See the module. Not for several threads.

    ``announced(asn)``: how many prefixes a network announces now, None when that is not known. ``passed``, ``dropped``:
    what was passed over, by reason, and what was not followed for want of room. ``carried``: prefix -> networks that
    leak it; for reading only: a withdrawal of a prefix in it is told to :meth:`drop`.
    """

    def __init__(self, relations: Relations | None = None, *, simulated: bool = False,
                 announced: Callable[[int], int | None] = lambda _asn: None, room: int = MAX_CARRIED,
                 paths: int = MAX_PATHS) -> None:  # fmt: skip
        self.carried: dict[str, set[int]] = {}
        self.passed: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._relations = relations
        self._announced = announced
        self._room, self._paths = room, paths
        self._judged: dict[str, Leak | bool] = {}
        self._older: dict[str, Leak | bool] = {}
        self._groups: dict[int, _Group] = {}
        self._peers, self._usual = Peers(), Usual()
        self._book = Book(simulated=simulated)
        self._began: float | None = None  # when it was first told anything
        self._learned = False  # from a dump
        self._day = -1

    @property
    def judging(self) -> bool:
        """Whether there is a file to judge by."""
        return self._relations is not None

    # ------------------------------------------------------------------ what the table tells

    def take(self, time: float, prefix: str, path: str, peer: str, peer_as: int) -> None:
        """A peer announces the prefix over this path."""
        verdict = self._judged.get(path)
        if verdict is None:
            if self._relations is None:
                return
            verdict = self._judge(path, time)
        if verdict is False:
            if prefix in self.carried:
                self.drop(time, prefix, peer)
            return
        if type(verdict) is Leak:
            self._leaked(verdict, time, prefix, path, peer, peer_as)

    def drop(self, time: float, prefix: str, peer: str) -> None:
        """The peer has no longer any leaked route to the prefix: it withdrew it, or has another one."""
        self._clear(prefix, self._peers.bits.get(peer, 0), time, but=0)

    def learn(self, path: str, time: float) -> None:
        """A path of the table dump that the stream begins with: what breaks relations in it is usual."""
        if self._relations is None or self._judged.get(path) is False:
            return
        if self._began is None:
            self._began = time
        self._learned = True
        leak = self._relations.leak_in(path)
        if leak is not None:
            self._usual.settle(_habit(leak), time)
        self._judged.pop(path, None)
        self._judge(path, time)

    # ------------------------------------------------------------------ one path

    def _judge(self, path: str, time: float) -> Leak | bool:
        """The verdict of a path: False for one that is no leak. Two generations of verdicts are kept."""
        verdict = self._older.get(path)
        if verdict is None:
            verdict = self._look_at(path, time)
        if len(self._judged) >= self._paths:
            self._older, self._judged = self._judged, {}
        self._judged[path] = verdict
        return verdict

    def _look_at(self, path: str, time: float) -> Leak | bool:
        if self._began is None:
            self._began = time
        leak = self._relations.leak_in(path) if self._relations is not None else None
        if leak is None:
            return False
        if not self._learned and time - self._began < LEARN_S:
            self._usual.settle(_habit(leak), time)
        if self._usual.note(_habit(leak), time):
            self.passed["usual"] += 1
            return False
        if "same" in (alike(leak.leaker, leak.learned_from), alike(leak.leaker, leak.told)):
            self.passed["related"] += 1
            return False
        return leak

    def _leaked(self, leak: Leak, time: float, prefix: str, path: str, peer: str, peer_as: int) -> None:
        bit = self._peers.bit(peer, peer_as)
        leaker = leak.leaker
        group = self._groups.get(leaker)
        held = group.held.get(prefix, 0) if group is not None else 0
        if held & bit:
            return
        if prefix in self.carried:
            self._clear(prefix, bit, time, but=leaker)
        if group is None:
            group = self._groups[leaker] = _Group(leaker, time, time, path)
        if not held:
            if len(self.carried) >= self._room:
                self.dropped["prefixes"] += 1
                group.beyond += 1
                return
            self.carried.setdefault(prefix, set()).add(leaker)
            group.joined.setdefault(prefix, time)
            group.origin.setdefault(prefix, hops(path)[-1])
        group.held[prefix] = held | bit
        group.sides[leak.learned_from, leak.told, leak.kind] += 1
        group.last = max(group.last, time)
        group.dirty = True

    def _clear(self, prefix: str, bit: int, time: float, *, but: int) -> None:
        """Take a peer out of what is leaked of a prefix, by all but one network."""
        for leaker in [asn for asn in self.carried.get(prefix, ()) if asn != but]:
            group = self._groups[leaker]
            left = group.held[prefix] & ~bit
            if left == group.held[prefix]:
                continue
            group.held[prefix] = left
            group.dirty = True
            group.last = max(group.last, time) if group.event else group.last
            if not left:
                self._forget(group, prefix)

    def _forget(self, group: _Group, prefix: str) -> None:
        """No peer shows it any more."""
        del group.held[prefix]
        if not group.event or len(group.joined) > MAX_PREFIXES:
            group.joined.pop(prefix, None)
            group.origin.pop(prefix, None)
        others = self.carried[prefix]
        others.discard(group.leaker)
        if not others:
            del self.carried[prefix]

    # ------------------------------------------------------------------ each minute

    def minute(self, now: float, full_v4: Collection[str], full_v6: Collection[str]) -> list[RouteEvent]:
        """Judge what came since the last call; see :meth:`radar.routing.origins.OriginWatch.minute`."""
        full = (self._peers.mask(full_v4), self._peers.mask(full_v6))
        totals = (len(full_v4), len(full_v6))
        self._turn_day(now)
        for group in list(self._groups.values()):
            event = self._book.get(group.event)
            if event is None:
                self._open(group, full, totals, now)
            elif group.dirty:
                self._grow(group, event, full, totals)
        return self._book.turn(now)

    def events(self) -> list[RouteEvent]:
        """Every candidate that is kept, oldest first."""
        return self._book.documents()

    def _open(self, group: _Group, full: tuple[int, int], totals: tuple[int, int], now: float) -> None:
        """Open a candidate when enough was seen within ten minutes; forget what did not spread."""
        recent = [p for p in group.held if now - group.joined[p] <= TOGETHER_S]
        wide = [p for p in recent if (group.held[p] & full[":" in p]).bit_count() >= MIN_PEERS]
        masks = [0, 0]
        for prefix in wide:
            masks[":" in prefix] |= group.held[prefix] & full[":" in prefix]
        enough = any(
            mask.bit_count() >= MIN_SHARE * total and self._peers.networks(mask) >= MIN_PEERS
            for mask, total in zip(masks, totals, strict=True)
        )
        if enough and (len(wide) >= MIN_PREFIXES or self._is_large_part(group, wide)):
            first = min(wide, key=lambda p: (group.joined[p], p))
            event = self._book.joinable(str(group.leaker), now) or self._book.open(
                str(group.leaker), "leak", group.leaker, [], first, "", group.joined[first], group.path
            )
            group.event = event.id
            if self._began is not None and all(
                self._usual.days(_habit(Leak(group.leaker, *s))) <= 1 for s in group.sides
            ):
                group.quiet_days = int((event.first_seen - self._began) // DAY_S)
            self._grow(group, event, full, totals)
            return
        for prefix in [p for p in group.held if now - group.joined[p] > PATIENCE_S]:
            self._forget(group, prefix)
            self.passed["did not spread"] += 1
        if not group.held:
            del self._groups[group.leaker]

    def _is_large_part(self, group: _Group, prefixes: list[str]) -> bool:
        """Is most of what one network announces in it?"""
        for asn, count in Counter(group.origin[p] for p in prefixes).items():
            whole = self._announced(asn)
            if whole is not None and count >= max(LARGE_LEAST, LARGE_SHARE * whole):
                return True
        return False

    def _grow(self, group: _Group, event: Candidate, full: tuple[int, int], totals: tuple[int, int]) -> None:
        """Bring a candidate up to date, or end it: at most one peer still shows it, which is a route that got stuck."""
        group.dirty = False
        masks = [0, 0]
        for prefix, mask in group.held.items():
            masks[":" in prefix] |= mask
            event.join(prefix, group.joined[prefix])
        event.live = len(group.held)
        event.last_seen, event.dirty = max(event.last_seen, group.last), True
        event.seen = [old | new for old, new in zip(event.seen, masks, strict=True)]
        share = event.count_peers(full, totals, self._peers.networks)
        counts = Counter(group.origin[p] for p in event.prefixes if p in group.origin)
        origins = [asn for asn, _ in counts.most_common()]
        sides = [side for side, _ in sorted(group.sides.items(), key=lambda item: (-item[1], item[0]))]
        event.expected = list(dict.fromkeys(asn for side in sides for asn in side[:2]))[:MOST_SIDES]
        words = leak_words(group.leaker, sides, len(event.prefixes), len(origins), more=group.beyond > 0)
        customers = self._relations.customers(group.leaker) if self._relations is not None else 0
        event.weigh(
            evidence.of_leak(event, share, origins=origins, hairpin=sides[0][2] == 1, quiet_days=group.quiet_days,
                             customers=customers),
            words, origins,
        )  # fmt: skip
        if (masks[0] | masks[1]).bit_count() <= 1:
            self._close(group, event, "ended", group.last)

    def _close(self, group: _Group, event: Candidate, status: str, time: float, note: str = "") -> None:
        for prefix in list(group.held):
            self._forget(group, prefix)
        del self._groups[group.leaker]
        event.finish(status, time, note)

    def _turn_day(self, now: float) -> None:
        """Once a day: what is still there gets used to."""
        day = int(now // DAY_S)
        if day == self._day:
            return
        self._day = day
        for group in list(self._groups.values()):
            usual = [self._usual.note(_habit(Leak(group.leaker, *side)), now) for side in group.sides]
            event = self._book.get(group.event)
            if event is not None and all(usual):
                self._judged.clear()
                self._older.clear()
                self._close(group, event, "dismissed", now, "now_usual")

    def use(self, relations: Relations | None) -> None:
        """Judge by this file from now on; candidates of the file before are taken back where it explains them."""
        self._relations = relations
        self._judged, self._older = {}, {}
        if relations is None:
            return  # what was found is neither confirmed nor explained
        for group in list(self._groups.values()):
            same = [side for side in group.sides if relations.leak_over([side[1], group.leaker, side[0]]) is not None]
            event = self._book.get(group.event)
            if event is not None and not same:
                self._close(group, event, "dismissed", group.last, "now_explained")

    # ------------------------------------------------------------------ snapshot

    def dump(self) -> bytes:
        """The whole state as JSON, but for the verdicts, which are found again."""
        groups = [
            {
                **{name: getattr(g, name) for name in _PLAIN},
                "held": {prefix: f"{mask:x}" for prefix, mask in g.held.items()},
                "sides": [[*side, n] for side, n in g.sides.items()],
            }
            for g in self._groups.values()
        ]  # fmt: skip
        return orjson.dumps({
            "form": _FORM, "groups": groups, "peers": self._peers.plain(), "usual": self._usual.plain(),
            "book": self._book.plain(), "passed": self.passed, "dropped": self.dropped, "began": self._began,
            "learned": self._learned, "day": self._day,
        })  # fmt: skip

    def load(self, body: bytes) -> None:
        """Go on from what :meth:`dump` gave. Raises ValueError for other bytes, and then nothing has changed."""
        fresh = LeakWatch(self._relations, simulated=self._book.simulated, announced=self._announced, room=self._room,
                          paths=self._paths)  # fmt: skip
        try:
            fresh._fill(orjson.loads(body))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"no snapshot of leaks: {error!r}"[:200]) from error
        self.__dict__.update(fresh.__dict__)

    def _fill(self, data: dict[str, Any]) -> None:
        if data["form"] != _FORM:
            raise ValueError(f"form {data['form']!r}, expected {_FORM!r}")
        for row in data["groups"]:
            held = {prefix: int(mask, 16) for prefix, mask in row["held"].items()}
            sides: Counter[tuple[int, int, int]] = Counter({(a, b, kind): n for a, b, kind, n in row["sides"]})
            group = self._groups[row["leaker"]] = _Group(**{**row, "held": held, "sides": sides})
            for prefix in held:
                self.carried.setdefault(prefix, set()).add(group.leaker)
        self._peers = Peers.from_plain(data["peers"])
        self._usual.fill(data["usual"])
        self._book.fill(data["book"])
        self.passed, self.dropped = Counter(data["passed"]), Counter(data["dropped"])
        self._began, self._learned, self._day = data["began"], data["learned"], data["day"]


_FORM = "leaks-1"
#: Fields of a group that are JSON as they are.
_PLAIN = ("leaker", "since", "last", "path", "joined", "origin", "event", "dirty", "beyond", "quiet_days")


def _habit(leak: Leak) -> str:
    return f"{leak.leaker} {leak.learned_from} {leak.told}"
