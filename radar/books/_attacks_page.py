"""The document ``attacks`` from its book, as of a moment."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from radar.books._tallies import Tally, direction, largest
from radar.shapes.attacks import AttackRule, Attacks, Share, Trend, Window
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.books.waf_events import AttackBook

HOUR, DAY = 3600, 86_400
HOURS, DAYS = 168, 90

#: Entities that a window names, of a kind.
NAMED = 20

#: Rates that differ by less than this factor are called steady, whatever their intervals.
CLEAR = 1.5

#: Heard hours before the last 24 that a trend needs.
COMPARABLE = 24

#: Hours held against the hours before them for the time of doubling, and the matches that they must hold.
DOUBLING, ENOUGH = 3, 20


def page(book: AttackBook, now: datetime) -> Attacks:
    """The document. Deterministic: it follows from the book and ``now`` alone."""
    second = int(now.timestamp())
    # at the full hour, and at midnight, it is the one before that has just become whole
    this_hour, today = (second - 1) // HOUR * HOUR, (second - 1) // DAY * DAY
    hours_from, days_from = this_hour - (HOURS - 1) * HOUR, today - (DAYS - 1) * DAY
    hourly, daily, tallies = _laid_out(book, hours_from)
    everything = Counter[int]()
    for counts in hourly.values():
        everything.update(counts)
    heard_days = {hour // DAY * DAY for hour in everything} | set(book.days)
    span = range(hours_from, this_hour + HOUR, HOUR)
    week = _merged(row for found in tallies.values() for row in [found[1]])
    elapsed = max(0.0, second - this_hour) / HOUR
    rules = [
        _rule(book, name, [hourly[name].get(h, 0) if h in everything else None for h in span], daily[name],
              heard_days, days_from, tallies[name], _usual(week, tallies[name][1]), elapsed, second)
        for name in book.rules
    ]  # fmt: skip
    rules.sort(key=lambda rule: (-rule["day"]["matches"], -rule["week"]["matches"], rule["id"]))
    return {
        "at": rfc3339(now),
        "source": "waf_events",
        "simulated": book.simulated,
        "since": _text(book.since),
        "newest": _text(book.newest),
        "hours_from": _text(hours_from) or "",
        "days_from": _text(days_from) or "",
        "hourly": [everything.get(h) for h in span],
        "rules": rules,
        "dropped_rules": book.dropped,
        "late": book.late,
        "ahead": book.ahead,
    }


def _laid_out(
    book: AttackBook, hours_from: int
) -> tuple[dict[str, Counter[int]], dict[str, Counter[int]], dict[str, tuple[Tally, Tally]]]:
    """Per rule: matches by hour and by day, and the tallies of the last 24 hours and of the last seven UTC days."""
    hourly: dict[str, Counter[int]] = {rule: Counter() for rule in book.rules}
    daily: dict[str, Counter[int]] = {rule: Counter() for rule in book.rules}
    tallies = {rule: (Tally(), Tally()) for rule in book.rules}
    last_day = hours_from + (HOURS - 24) * HOUR
    for start, found in sorted([*book.hours.items(), *book.bins.items()], key=lambda item: item[0]):
        hour, day = start // HOUR * HOUR, start // DAY * DAY
        for rule, tally in found.items():
            hourly[rule][hour] += tally.matches
            daily[rule][day] += tally.matches
            if hour >= last_day:
                tallies[rule][0].add(tally)
            if tally.places or hour >= last_day:  # else its day has them
                tallies[rule][1].add(tally)
    for day, counts in book.days.items():
        for rule, count in counts.items():
            daily[rule][day] += count
    for day, found in book.origins.items():
        if day > last_day - 6 * DAY:
            for rule, tally in found.items():
                tallies[rule][1].add(tally)
    return hourly, daily, tallies


def _rule(
    book: AttackBook,
    name: str,
    hourly: list[int | None],
    daily: Counter[int],
    heard_days: set[int],
    days_from: int,
    tallies: tuple[Tally, Tally],
    usual: Mapping[str, float],
    elapsed: float,
    now: int,
) -> AttackRule:
    about = book.rules[name]
    day, week = tallies
    first = int(datetime.fromisoformat(about["first"].replace("Z", "+00:00")).timestamp())
    since_start = book.since is None or first < book.since + DAY
    trend, factor = _trend(hourly, elapsed)
    if not since_start and first >= now - DAY:
        trend = "new"
    return {
        "id": name,
        "title": about["title"],
        "cve": about["cve"],
        "first_seen": about["first"],
        "since_start": since_start,
        "last_seen": about["last"],
        "total": about["before"] + sum(daily.values()),
        "blocked": day.blocked / day.acted if day.acted else None,
        "trend": trend,
        "factor": None if factor is None else round(factor, 3),
        "doubling_h": _doubling(hourly, elapsed),
        "day": _window(day, usual),
        "week": _window(week, usual),
        "hourly": hourly,
        "daily": [
            daily.get(start, 0) if start in heard_days else None
            for start in range(days_from, days_from + DAYS * DAY, DAY)
        ],
    }


def _usual(everything: Tally, rule: Tally) -> dict[str, float]:
    """The share of each country and network in the week's matches of all rules but this one."""
    rest = everything.matches - rule.matches
    return {
        entity: others / rest
        for kind in ("countries", "networks")
        for entity, count in everything.places.get(kind, {}).items()
        if (others := count - rule.places.get(kind, {}).get(entity, 0)) > 0 and rest > 0
    }


def _trend(hourly: list[int | None], elapsed: float) -> tuple[Trend | None, float | None]:
    """The trend word and the factor of the rates; the last hour counts for as much of it as has passed."""
    recent, before = hourly[-24:], hourly[:-24]
    hours = sum(1.0 for count in recent[:-1] if count is not None) + (elapsed if recent[-1] is not None else 0.0)
    hours_before = sum(1 for count in before if count is not None)
    if hours < 1 or hours_before < COMPARABLE:
        return None, None
    now, then = sum(filter(None, recent)), sum(filter(None, before))
    found = direction(now, hours, then, hours_before, clear=CLEAR)
    word: Trend = "rising" if found > 0 else "falling" if found < 0 else "steady"
    return word, (now / hours) / (then / hours_before) if then else None


def _doubling(hourly: list[int | None], elapsed: float) -> float | None:
    """Hours in which the rate doubles, by the last three whole hours against the three before; None: it does not."""
    whole = (hourly if elapsed >= 1 else hourly[:-1])[-2 * DOUBLING :]
    counts = [count for count in whole if count is not None]
    if len(counts) < 2 * DOUBLING:
        return None
    then, now = sum(counts[:DOUBLING]), sum(counts[DOUBLING:])
    if now < ENOUGH or then == 0 or direction(now, DOUBLING, then, DOUBLING, clear=CLEAR) <= 0:
        return None
    return round(DOUBLING / math.log2(now / then), 2)


def _window(tally: Tally, usual: Mapping[str, float]) -> Window:
    def shares(*kinds: str, known: Mapping[str, float] | None = None) -> list[Share]:
        found = {entity: count for kind in kinds for entity, count in tally.places.get(kind, {}).items()}
        return [
            {
                "entity": entity,
                "matches": count,
                "share": round(count / max(tally.matches, 1), 4),
                "usual": round(known[entity], 4) if known and entity in known else None,
            }
            for entity, count in largest(found, NAMED)
        ]

    return {
        "matches": tally.matches,
        "countries": shares("countries", known=usual),
        "networks": shares("networks", known=usual),
        "targets": shares("targets", "providers"),
    }


def _merged(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.add(tally)
    return whole


def _text(second: int | None) -> str | None:
    return None if second is None else rfc3339(datetime.fromtimestamp(second, UTC))
