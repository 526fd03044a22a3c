"""Rises of single attack rules: more attempts in the last hour than in any hour of the days before.

Judged at the end of every bin of five minutes that came, by counts alone. A rule rises when, in two ends in a row,

* its last hour holds at least ``ENOUGH`` matches, and ``TIMES`` its mean hour of the six days that ended six hours ago;
* and it is clearly above the busiest of those hours: the 95 % intervals of the two do not touch (Poisson, Byar's
  approximation), and it is at least half as much again. A rule that is scanned for in bursts every day thus stays calm.

Only hours in which anything was heard count, and ``COMPARABLE`` of them are needed. What is usual is fixed when a rise
begins. It ends after three ends in a row with an hour no longer above a quarter more than that busiest one; after
``ADOPTED_S`` what was a rise is what is usual. Without matches of any rule nothing ends: the logs may not reach us.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from radar.books._tallies import direction
from radar.detect.model import Alert, Moment, View
from radar.rules import RULES

BIN, HOUR, DAY = 300, 3600, 86_400
#: Whose rises they are, and of which series.
FIREWALLS, SERIES = "provider/our-firewalls", "waf.matches@waf_events"

_RULE = RULES["match_rise"].numbers
ENOUGH, COMPARABLE = int(_RULE["fewest"]), int(_RULE["hours"])
TIMES, CLEAR = _RULE["times"], _RULE["clear"]
#: The hours that a rise is held against: six days, which end so long before it.
SPAN_S, APART_S = 6 * DAY, 6 * HOUR
#: Ends in a row that open and close a rise; what an hour must still be above.
OPENS, CLOSES, STILL = int(_RULE["opens_ends"]), int(_RULE["closes_ends"]), _RULE["still"]
ADOPTED_S = int(_RULE["adopt_days"]) * DAY
#: What is left of a rise when its rate is less than this part of its worst hour is no part of it.
FADED = 8
#: Bins that are kept: a rise's beginning is looked for in them.
KEPT_S = 4 * HOUR


@dataclass(slots=True)
class Rise:
    """One rule that rises. Times in seconds; ``usual`` and ``busiest``: matches of an hour, as fixed at its beginning.

    ``last``: start of the newest bin that belongs to it. ``now``, ``peak``: matches of the last and of the worst hour.
    ``calm``: ends in a row that were not above what was usual.
    """

    opened: int
    last: int
    last_good: int | None
    usual: float
    busiest: int
    now: int = 0
    peak: int = 0
    calm: int = 0

    @property
    def still(self) -> float:
        """Matches that an hour must exceed to be a part of it."""
        return max(STILL * self.busiest, ENOUGH / 2)


class Rises:
    """What rises, and what came of each end: see the module."""

    def __init__(self) -> None:
        self.recent: dict[int, dict[str, int]] = {}
        self.open: dict[str, Rise] = {}
        self.streak: dict[str, int] = {}
        self.judged = 0
        self.silent = False
        self._moments: list[Moment] = []

    def take(
        self,
        bins: Mapping[int, Mapping[str, int]],
        hourly: Callable[[str], Mapping[int, int]],
        heard: Collection[int],
        titles: Mapping[str, str],
    ) -> None:
        """Judge the ends of bins that came.

        ``bins``: start -> rule -> matches, whole bins that replace what was known of them. ``hourly``: matches of a
        rule by hour; ``heard``: hours in which anything matched. ``titles``: of the rules, "" where none is known.
        """
        self.recent.update({start: dict(found) for start, found in bins.items()})
        known: dict[str, Mapping[int, int]] = {}

        def usual(rule: str, end: int) -> tuple[float, int] | None:
            if rule not in known:
                known[rule] = hourly(rule)
            until = (end - APART_S) // HOUR * HOUR
            counts = [known[rule].get(hour, 0) for hour in range(until - SPAN_S, until, HOUR) if hour in heard]
            return (sum(counts) / len(counts), max(counts)) if len(counts) >= COMPARABLE else None

        for end in sorted(start + BIN for start in bins):
            if end > self.judged:
                self._judge(end, usual, titles)
        newest = max(self.recent, default=0)
        self.recent = {start: found for start, found in self.recent.items() if start > newest - KEPT_S}

    def moments(self, now: int) -> list[Moment]:
        """What came of the ends up to ``now``, oldest first; each is handed out once. Also, once, that nothing has been
        heard for an hour while something rose."""
        found = [moment for moment in self._moments if moment.end.timestamp() <= now]
        self._moments = [moment for moment in self._moments if moment.end.timestamp() > now]
        if self.open and not self.silent and not self._moments and now - self.judged >= HOUR:
            self.silent = True
            views = [self._view(rule, rise, now, "no_data") for rule, rise in self.open.items()]
            found.append(Moment(_time(now), (), tuple(views)))
        return found

    def forget(self, rules: Collection[str]) -> None:
        """Rules that are no longer kept rise no more."""
        for rule in rules:
            self.open.pop(rule, None)
            self.streak.pop(rule, None)

    # ------------------------------------------------------------------ one end

    def _judge(
        self, end: int, usual: Callable[[str, int], tuple[float, int] | None], titles: Mapping[str, str]
    ) -> None:
        self.judged, self.silent = end, False
        hour = Counter[str]()
        for start in range(end - HOUR, end, BIN):
            hour.update(self.recent.get(start, {}))
        self.streak = {
            rule: self.streak.get(rule, 0) + 1
            for rule, matches in hour.items()
            if rule not in self.open and matches >= ENOUGH and _rises(matches, usual(rule, end))
        }
        for rule in [rule for rule, ends in self.streak.items() if ends >= OPENS]:
            before = usual(rule, end)
            if before is not None:
                del self.streak[rule]
                self.open[rule] = self._begin(rule, end, *before)
        ended: dict[str, tuple[Rise, bool]] = {}
        for rule, rise in self.open.items():
            self._follow(rule, rise, end, hour[rule])
            old = end - rise.opened > ADOPTED_S
            if rise.calm >= CLOSES or old:
                ended[rule] = (rise, old)
        told = [*((rule, rise, None) for rule, rise in self.open.items() if rule not in ended),
                *((rule, rise, old) for rule, (rise, old) in ended.items())]  # fmt: skip
        for rule in ended:
            del self.open[rule]
        if told:
            self._moments.append(
                Moment(
                    _time(end),
                    tuple(_alert(rule, titles.get(rule, ""), rise, over) for rule, rise, over in told),
                    tuple(self._view(rule, rise, end, "") for rule, rise, _over in told),
                )
            )

    def _begin(self, rule: str, end: int, usual: float, busiest: int) -> Rise:
        """A rise begins with the first of a row of bins whose quarter of an hour was above what was usual."""
        rise = Rise(end - BIN, end - BIN, None, usual, busiest)
        start = end - BIN
        while start > end - KEPT_S and 4 * self._sum(rule, start - 2 * BIN, start + BIN) > rise.still:
            rise.opened = start
            start -= BIN
        if rise.opened == end - BIN:  # it came in one bin within the hour
            rise.opened = next(
                (s for s in range(end - HOUR, end, BIN) if 12 * self._sum(rule, s, s + BIN) > rise.still), end - BIN
            )
        while rise.opened < end - BIN and not self._sum(rule, rise.opened, rise.opened + BIN):
            rise.opened += BIN
        rise.last_good = rise.opened - BIN if rise.opened - BIN in self.recent else None
        rise.last = rise.opened
        return rise

    def _follow(self, rule: str, rise: Rise, end: int, matches: int) -> None:
        rise.now, rise.peak = matches, max(rise.peak, matches)
        rise.calm = 0 if matches > rise.still else rise.calm + 1
        # the quarter of an hour from a bin on tells whether the bin is a part of it
        bound = max(rise.still, rise.peak / FADED)
        for start in range(rise.last + BIN, end - 2 * BIN, BIN):
            if 4 * self._sum(rule, start, start + 3 * BIN) > bound:
                rise.last = start

    def _sum(self, rule: str, begin: int, end: int) -> int:
        return sum(self.recent.get(start, {}).get(rule, 0) for start in range(begin, end, BIN))

    def _view(self, rule: str, rise: Rise, end: int, reason: str) -> View:
        seen = _time(self.judged - BIN)
        calm = "not_affected" if rise.now <= rise.still else "affected"
        return View(
            FIREWALLS, SERIES, "insufficient" if reason else calm, reason,
            since=_time(self.judged if reason else rise.opened), bin=_time(end - BIN), seen=seen, step_s=BIN,
            value=float(rise.now), baseline=rise.usual, score=None, loss=None, about=rule,
        )  # fmt: skip

    # ------------------------------------------------------------------ memory

    def dump(self) -> dict[str, Any]:
        """Plain values; ``load`` is the inverse. What was not handed out is not kept: it is handed out in the tick in
        which it was found."""
        return {
            "recent": {str(start): found for start, found in sorted(self.recent.items())},
            "open": {rule: asdict(rise) for rule, rise in sorted(self.open.items())},
            "streak": dict(sorted(self.streak.items())),
            "judged": self.judged,
            "silent": self.silent,
        }

    @classmethod
    def load(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`dump`; of nothing it makes nothing."""
        rises = cls()
        rises.recent = {int(start): found for start, found in plain.get("recent", {}).items()}
        rises.open = {rule: Rise(**row) for rule, row in plain.get("open", {}).items()}
        rises.streak = dict(plain.get("streak", {}))
        rises.judged, rises.silent = plain.get("judged", 0), plain.get("silent", False)
        return rises


def hours_of(rule: str, books: Iterable[Mapping[int, Mapping[str, Any]]]) -> Counter[int]:
    """Matches of one rule by hour, from bins and hours of tallies."""
    found = Counter[int]()
    for book in books:
        for start, tallies in book.items():
            if rule in tallies:
                found[start // HOUR * HOUR] += tallies[rule].matches
    return found


def _rises(matches: int, before: tuple[float, int] | None) -> bool:
    if before is None:
        return False
    mean, busiest = before
    return matches >= TIMES * mean and direction(matches, 1, busiest, 1, clear=CLEAR) > 0


def _alert(rule: str, title: str, rise: Rise, over: bool | None) -> Alert:
    """The alert of a rise. ``over`` None: it goes on; True: it is over as it is what is usual now."""
    return Alert(
        entity=FIREWALLS,
        series_id=SERIES,
        rule="match_rise",
        opened=_time(rise.opened),
        last=_time(rise.last),
        last_good=None if rise.last_good is None else _time(rise.last_good),
        step_s=BIN,
        closed=None if over is None else _time(rise.last + BIN),
        depth=round(1 - rise.usual / rise.peak, 4) if rise.peak > rise.usual else 0.0,
        loss=round(1 - rise.usual / rise.now, 4) if rise.now > rise.usual else 0.0,
        value=float(rise.now),
        peak=float(rise.peak),
        baseline=round(rise.usual, 4),
        bins=(rise.last - rise.opened) // BIN + 1,
        publishable=True,
        adopted=bool(over),
        about=rule,
        title=title,
    )


def _time(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
