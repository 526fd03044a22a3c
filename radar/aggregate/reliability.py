"""Reliability: for how long an entity was watched, and how much of that it was in an outage. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from radar.shapes.reliability import Month, Reliability, Spell, Tally
from radar.times import parse, rfc3339

HOUR = timedelta(hours=1)
MONTHS = 12
#: Share of an hour's bins of one series that has to be judged for the hour to count as watched.
ENOUGH = 0.5
#: Spells that are kept for the page.
KEPT = 50

_Pair = tuple[datetime, datetime]


def watched(score: NDArray[np.float32], per_hour: int) -> NDArray[np.bool_]:
    """Hours in which at least one series was judged.

    Parameters
    ----------
    score
        ``[entities, bins, series]``, NaN where the detector could not judge; the first bin begins an hour.
    per_hour
        Bins of an hour.

    Returns
    -------
    bool[entities, hours]
    """
    entities, bins, series = score.shape
    judged = np.logical_not(np.isnan(score)).reshape(entities, bins // per_hour, per_hour, series)
    found: NDArray[np.bool_] = (judged.sum(axis=2) >= ENOUGH * per_hour).any(axis=2)
    return found


def month_of(moment: datetime) -> str:
    """``2026-03``."""
    return f"{moment:%Y-%m}"


def first_of(month: str) -> datetime:
    """Start of a month."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)


def after(month: str) -> str:
    """The month after it."""
    return month_of(first_of(month) + timedelta(days=32))


def add(bits: dict[str, int], start: datetime, hours: Sequence[bool]) -> None:
    """Note consecutive hours from ``start`` on as watched, where they were; what was watched before stays so."""
    for i, seen in enumerate(hours):
        if seen:
            at = start + i * HOUR
            month = month_of(at)
            bits[month] = bits.get(month, 0) | 1 << ((at - first_of(month)) // HOUR)


def tell(
    entity: str, bits: Mapping[str, int], spells: Iterable[Spell], until: datetime, *, simulated: bool
) -> Reliability:
    """Twelve months up to ``until``, the whole hour up to which ``bits`` are known."""
    months = [month_of(until - timedelta(seconds=1))]
    while len(months) < MONTHS:
        months.insert(0, month_of(first_of(months[0]) - HOUR))
    begin = first_of(months[0])
    mine = sorted((row for row in spells if _end(row, until) > begin and parse(row["start"]) < until),
                  key=lambda row: (row["start"], row["id"]))  # fmt: skip
    kept = {month: bits[month] for month in months if bits.get(month)}
    found: list[Month] = []
    for month in months:
        end = min(first_of(after(month)), until)
        found.append({"month": month, **_tally(kept.get(month, 0), mine, first_of(month), end, until)})
    first = min((first_of(month) + _lowest(mask) * HOUR for month, mask in kept.items()), default=None)
    return {
        "entity": entity,
        "until": rfc3339(until),
        "since": None if first is None else rfc3339(first),
        "months": found,
        "year": _whole(found, mine, until),
        "spells": list(reversed(mine))[:KEPT],
        "bits": {month: f"{mask:x}" for month, mask in kept.items()},
        "simulated": simulated,
    }


def _tally(mask: int, spells: Sequence[Spell], start: datetime, end: datetime, until: datetime) -> Tally:
    touching = [row for row in spells if parse(row["start"]) < end and _end(row, until) > start]
    down = _union([row for row in touching if row["level"] == "outage"], start, end, until)
    bad = _union(touching, start, end, until)
    for since, to in bad:  # an open outage is known, also while nothing new is heard
        first, last = (since - start) // HOUR, -((start - to) // HOUR)
        mask |= ((1 << (last - first)) - 1) << first
    outage_s = sum((to - since).total_seconds() for since, to in down)
    hours = (end - start) // HOUR
    longest = max(touching, key=lambda row: _length(row, until), default=None)
    return {
        "hours": hours,
        "watched": (mask & ((1 << hours) - 1)).bit_count(),
        "outage_s": outage_s,
        "degraded_s": sum((to - since).total_seconds() for since, to in bad) - outage_s,
        "outages": len(touching),
        "longest_s": None if longest is None else _length(longest, until),
        "longest": None if longest is None else longest["id"],
    }


def _whole(months: Sequence[Month], spells: Sequence[Spell], until: datetime) -> Tally:
    longest = max(spells, key=lambda row: _length(row, until), default=None)
    return {
        "hours": sum(row["hours"] for row in months),
        "watched": sum(row["watched"] for row in months),
        "outage_s": sum(row["outage_s"] for row in months),
        "degraded_s": sum(row["degraded_s"] for row in months),
        "outages": len(spells),
        "longest_s": None if longest is None else _length(longest, until),
        "longest": None if longest is None else longest["id"],
    }


def _end(row: Spell, until: datetime) -> datetime:
    return until if row["end"] is None else min(parse(row["end"]), until)


def _length(row: Spell, until: datetime) -> float:
    return (_end(row, until) - parse(row["start"])).total_seconds()


def _union(spells: Iterable[Spell], start: datetime, end: datetime, until: datetime) -> list[_Pair]:
    """The time that any of them takes within ``[start, end)``, without overlaps."""
    found: list[_Pair] = []
    for row in sorted(spells, key=lambda row: row["start"]):
        since, to = max(parse(row["start"]), start), min(_end(row, until), end)
        if since >= to:
            continue
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], to)
        else:
            found.append((since, to))
    return found


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1
