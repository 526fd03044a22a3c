"""The book of attacks: when a rule matched first, how its matches have grown, from where and aimed at where.

Bins of 5 minutes are kept as they are for three hours, and a bin that comes again replaces what was there; then they
become hours. An hour that comes as a whole replaces its bins, for up to ``WHOLE_S``. Older hours keep their counts, and
give their origins to their day; after eight days they become days, after ninety days a total. At most ``MOST`` rules
are kept: the ones with the fewest matches in eight days go first, and of those the ones longest ago.

Trend, by the matches of the last 24 hours against the six days before, per hour in which anything was heard:

* ``new``: first seen in the last 24 hours, while our records reach back at least a day further;
* ``rising``, ``falling``: the 95 % intervals of the two rates (Poisson, Byar's approximation) do not touch, and the
  rates differ by at least half; ``steady`` otherwise;
* nothing is said with fewer than 24 heard hours to compare with.

Rises of single rules, which are news, are judged beside: see ``radar/books/_rises.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import orjson
import zstandard

from radar.books._attacks_page import DAYS, page
from radar.books._rises import Rises, hours_of
from radar.books._tallies import Tally
from radar.detect.model import Moment
from radar.shapes.attacks import Attacks
from radar.times import parse

BIN, HOUR, DAY = 300, 3600, 86_400
FRESH_S, WHOLE_S, KEPT_S = 3 * HOUR, 30 * HOUR, 8 * DAY

#: Rules that are kept.
MOST = 200

#: A bin that begins later than this after its answer came is not believed.
AHEAD_S = HOUR


class AttackBook:
    """The book. See the module."""

    document = "attacks"

    def __init__(self) -> None:
        self.simulated = False
        self.since: int | None = None
        self.newest: int | None = None
        self.late = self.ahead = self.dropped = 0
        #: rule -> title, CVE numbers, first and last match, matches older than ninety days.
        self.rules: dict[str, dict[str, Any]] = {}
        self.bins: dict[int, dict[str, Tally]] = {}
        self.hours: dict[int, dict[str, Tally]] = {}
        #: Origins of the hours that gave theirs away, by day; and counts of the hours that are gone.
        self.origins: dict[int, dict[str, Tally]] = {}
        self.days: dict[int, dict[str, int]] = {}
        self.rises = Rises()

    def take(self, rows: Sequence[Mapping[str, Any]], *, received_at: datetime, simulated: bool) -> None:
        """Add what one answer told: rows of ``radar.sources.waf_events.details``."""
        limit = int(received_at.timestamp()) + AHEAD_S
        found: dict[tuple[int, int], dict[str, Tally]] = {}
        for row in rows:
            start, grain = int(parse(row["bin"]).timestamp()), int(row["grain_s"])
            if start >= limit:
                self.ahead += 1
                continue
            if not self._open(start, grain):
                self.late += start // HOUR * HOUR not in self.hours and start // DAY * DAY not in self.days
                continue
            found.setdefault((start, grain), {})[row["rule"]] = Tally.of(row)
            self._note(row, start, grain)
        if found:
            self.simulated = self.simulated or simulated
        for (start, grain), tallies in found.items():
            if grain == HOUR:
                self.hours[start] = tallies
                for bin_ in range(start, start + HOUR, BIN):
                    self.bins.pop(bin_, None)
            else:
                self.bins[start] = tallies
        self._watch({start: tallies for (start, grain), tallies in found.items()
                     if grain == BIN and start + BIN <= received_at.timestamp()})  # fmt: skip
        self._age()

    def _watch(self, bins: Mapping[int, Mapping[str, Tally]]) -> None:
        """Judge the bins that came and are over for rises of single rules."""
        if bins:
            self.rises.take(
                {start: {rule: tally.matches for rule, tally in tallies.items()} for start, tallies in bins.items()},
                lambda rule: hours_of(rule, (self.hours, self.bins)),
                {start // HOUR * HOUR for start in (*self.hours, *self.bins)},
                {rule: about["title"] for rule, about in self.rules.items()},
            )

    def moments(self, now: datetime) -> list[Moment]:
        """What is news of single rules up to ``now``; each is handed out once."""
        return self.rises.moments(int(now.timestamp()))

    def _open(self, start: int, grain: int) -> bool:
        """Whether a bin can still be changed. An hour that came as a whole is changed by a whole hour only."""
        hour = start // HOUR * HOUR
        if grain == HOUR:
            first = (self.newest or start) // HOUR * HOUR - WHOLE_S
            return hour >= first or (hour not in self.hours and not self.origins and not self.days)
        return hour not in self.hours and start >= (self.newest or start) - KEPT_S

    def _note(self, row: Mapping[str, Any], start: int, grain: int) -> None:
        rule = self.rules.setdefault(
            row["rule"], {"title": "", "cve": [], "first": row["first"], "last": row["last"], "before": 0}
        )
        rule["title"] = rule["title"] or row["title"]
        rule["cve"] = sorted({*rule["cve"], *row["cve"]})[:4]
        rule["first"], rule["last"] = min(rule["first"], row["first"]), max(rule["last"], row["last"])
        self.since = start if self.since is None else min(self.since, start)
        self.newest = start + grain if self.newest is None else max(self.newest, start + grain)

    def _age(self) -> None:
        """Bins to hours, hours to days, days to totals; then only so many rules."""
        if self.newest is None:
            return
        for start in sorted(self.bins):
            hour = start // HOUR * HOUR
            if hour < self.newest - FRESH_S:
                whole = self.hours.setdefault(hour, {})
                for rule, tally in self.bins.pop(start).items():
                    whole.setdefault(rule, Tally()).add(tally)
        for hour in sorted(self.hours):
            if hour >= self.newest - WHOLE_S:
                break
            day, kept = hour // DAY * DAY, hour >= self.newest - KEPT_S
            for rule, tally in self.hours[hour].items():
                if tally.places:
                    self.origins.setdefault(day, {}).setdefault(rule, Tally()).inherit(tally)
                if not kept:
                    counts = self.days.setdefault(day, {})
                    counts[rule] = counts.get(rule, 0) + tally.matches
            if not kept:
                del self.hours[hour]
        for day in [day for day in self.origins if day < self.newest - KEPT_S]:
            del self.origins[day]
        for day in [day for day in self.days if day < self.newest - DAYS * DAY - DAY]:
            for rule, count in self.days.pop(day).items():
                if rule in self.rules:
                    self.rules[rule]["before"] += count
        self._drop()

    def _drop(self) -> None:
        if len(self.rules) <= MOST:
            return
        week = Counter[str]()
        for tallies in (*self.bins.values(), *self.hours.values()):
            week.update({rule: tally.matches for rule, tally in tallies.items()})
        ranked = sorted(self.rules, key=lambda rule: (week[rule], self.rules[rule]["last"], rule), reverse=True)
        gone = set(ranked[MOST:])
        self.dropped += len(gone)
        self.rises.forget(gone)
        self.rules = {rule: row for rule, row in self.rules.items() if rule not in gone}
        for kept in (self.bins, self.hours, self.origins):
            for start, tallies in kept.items():
                kept[start] = {rule: tally for rule, tally in tallies.items() if rule not in gone}
        for day, counts in self.days.items():
            self.days[day] = {rule: count for rule, count in counts.items() if rule not in gone}

    def page(self, now: datetime) -> Attacks:
        """The document as of ``now``."""
        return page(self, now)

    def dump(self) -> bytes:
        """All that is kept, as compressed JSON."""
        plain = {
            "simulated": self.simulated,
            "since": self.since,
            "newest": self.newest,
            "late": self.late,
            "ahead": self.ahead,
            "dropped": self.dropped,
            "rules": self.rules,
            "rises": self.rises.dump(),
            "days": {str(day): counts for day, counts in self.days.items()},
            **{
                name: {str(start): {rule: tally.dump() for rule, tally in tallies.items()} for start, tallies in
                       getattr(self, name).items()}
                for name in ("bins", "hours", "origins")
            },
        }  # fmt: skip
        return zstandard.compress(orjson.dumps(plain), 1)

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """The inverse of :meth:`dump`."""
        plain = orjson.loads(zstandard.decompress(blob))
        book = cls()
        for name in ("simulated", "since", "newest", "late", "ahead", "dropped", "rules"):
            setattr(book, name, plain[name])
        book.rises = Rises.load(plain.get("rises", {}))
        book.days = {int(day): counts for day, counts in plain["days"].items()}
        for name in ("bins", "hours", "origins"):
            kept = {
                int(start): {rule: Tally.load(row) for rule, row in tallies.items()}
                for start, tallies in plain[name].items()
            }
            setattr(book, name, kept)
        return book


BOOK = AttackBook
