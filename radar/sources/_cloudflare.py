"""Cloudflare Radar's answers as rows: the envelope around each, traffic by the hour, outages by the hour."""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from radar.entities import countries, is_entity
from radar.errors import UpstreamChanged
from radar.sources._bytes import begins, json_value, unpack
from radar.sources._rejections import Rejections, without_addresses
from radar.sources._ripestat import DAY_S, HOUR_S, count, epoch

#: Days that a day's traffic is held against, and the part of their hours that must be known.
REFERENCE_S, KNOWN = 14 * DAY_S, 0.8
#: Upstream's level of confidence from which on there is enough data; from 3 on what is odd is odd in the traffic.
CONFIDENT = 3
#: What upstream calls its own faults and guesses: values there are none of the traffic.
FAULTS = ("PIPELINE", "PARTIAL_PROJECTION")
#: So many outages are asked for at once, and hours that one answer may be about.
MOST, MOST_HOURS = 500, 24 * 70

TRAFFIC, OUTAGES = "cloudflare.traffic", "cloudflare.outages"

_RANGE = re.compile(r"dateStart=(\d{4}-\d\d-\d\dT\d\d):?00:?00Z[&-]dateEnd=(\d{4}-\d\d-\d\dT\d\d):?00:?00Z")
_HOURS = {"t": pl.Int64, "entity": pl.String, "signal": pl.String, "value": pl.Float64}

Row = tuple[int, str, str, float]


def result(body: bytes, *, source: str) -> dict[str, Any]:
    """The ``result`` of an answer, packed or not. Raises UpstreamChanged for other bytes, and for errors it tells."""
    data, cut = unpack(body, source=source)
    if cut:
        raise UpstreamChanged(source, f"the compressed answer ends early, after {len(data)} unpacked bytes")
    answer = json_value(data, source=source)
    if not isinstance(answer, dict):
        raise UpstreamChanged(source, f"begins with {begins(data)}; expected an object with 'success' and 'result'")
    found = answer.get("result")
    if answer.get("success") is not True or not isinstance(found, dict):
        told = without_addresses(str(answer.get("errors") or ""))[:160]
        raise UpstreamChanged(source, f"upstream says {told!r}; expected 'success' and an object 'result'")
    return found


def table(rows: list[Row]) -> pl.DataFrame:
    """Rows as SIGNALS; upstream tells no numbers of observations."""
    return pl.DataFrame(rows, schema=_HOURS, orient="row").select(
        timebin=pl.from_epoch("t").cast(pl.Datetime("us", "UTC")),
        entity="entity",
        signal="signal",
        value="value",
        n=pl.lit(None, dtype=pl.UInt32),
    )


def traffic(found: dict[str, Any], rejected: Rejections, *, source: str) -> list[Row]:
    """Traffic of each country among the series, in % of the mean of the 14 days before the day.

    Upstream scales the values of one answer by their own maximum: only such a ratio is the same in every answer.
    Raises UpstreamChanged where hours, scale or range are not what was asked for.
    """
    meta = found.get("meta")
    if not isinstance(meta, dict) or meta.get("aggInterval") not in ("ONE_HOUR", "1h"):
        step = str(meta.get("aggInterval"))[:40] if isinstance(meta, dict) else "missing"
        raise UpstreamChanged(source, f"'meta.aggInterval' is {step!r}; expected 'ONE_HOUR'")
    if meta.get("normalization", "MIN0_MAX") != "MIN0_MAX":
        raise UpstreamChanged(source, f"values are scaled by {str(meta['normalization'])[:40]!r}; expected 'MIN0_MAX'")
    begin, end = _span(meta)
    if begin is None or end is None:
        raise UpstreamChanged(source, "'meta.dateRange' has no 'startTime' and 'endTime'; expected the answer's range")
    info = meta.get("confidenceInfo")
    info = info if isinstance(info, dict) else {}
    level = info.get("level")
    rows: list[Row] = []
    for name in sorted(set(found) - {"meta"}):
        if name not in countries():
            rejected.add("a series that is of no country", f"{name[:40]!r}")
        elif isinstance(level, (int, float)) and level < CONFIDENT:
            rejected.add("upstream has too little data for it", f"{name}: confidence level {level}")
        else:
            hours = _hours(name, found[name], end, rejected)
            hours = _sound(hours, info.get("annotations"), name, rejected)
            rows += _ratios(f"country/{name}", hours, begin + REFERENCE_S, rejected)
    return rows


def _span(meta: dict[str, Any]) -> tuple[int | None, int | None]:
    """From when to when an answer has whole hours: its range, or up to upstream's newest data."""
    ranges = meta.get("dateRange")
    listed = [one for one in (ranges if isinstance(ranges, list) else [ranges]) if isinstance(one, dict)]
    starts = [t for one in listed if (t := epoch(one.get("startTime"))) is not None]
    told = [*(one.get("endTime") for one in listed), meta.get("lastUpdated")]
    return max(starts, default=None), min((t for text in told if (t := epoch(text)) is not None), default=None)


def _hours(name: str, series: Any, end: int, rejected: Rejections) -> dict[int, float]:
    """Value by hour; hours that are not over at ``end`` are left out."""
    times, values = (series.get(key) if isinstance(series, dict) else None for key in ("timestamps", "values"))
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        rejected.add("no series of timestamps and as many values", f"{name}: {str(series)[:60]!r}")
        return {}
    hours: dict[int, float] = {}
    for place, (time, text) in enumerate(zip(times, values, strict=True)):
        t, value = epoch(time), _number(text)
        if t is None or t % HOUR_S or value is None:
            rejected.add("no hour with a number of zero or more", f"{name} {place}: {time!r:.40} {text!r:.40}")
        elif t + HOUR_S <= end:
            hours[t] = value
    return hours


def _number(text: Any) -> float | None:
    """Upstream writes numbers as text."""
    if isinstance(text, str):
        try:
            return count(float(text))
        except ValueError:
            return None
    return count(text)


def _sound(hours: dict[int, float], annotations: Any, name: str, rejected: Rejections) -> dict[int, float]:
    """The hours without those in which upstream had a fault of its own, or guessed."""
    for note in _list(annotations):
        if not isinstance(note, dict) or note.get("eventType") not in FAULTS:
            continue
        first, last = (epoch(note.get(f"{end}Time") or note.get(f"{end}Date")) for end in ("start", "end"))
        if first is None:
            continue
        bad = [t for t in hours if t + HOUR_S > first and (last is None or t <= last)]
        rejected.add("an hour with a fault of upstream's own", f"{name}: {note['eventType']}", len(bad))
        hours = {t: value for t, value in hours.items() if t not in set(bad)}
    return hours


def _ratios(entity: str, hours: dict[int, float], first: int, rejected: Rejections) -> list[Row]:
    """The hours of each whole day from ``first`` on; the days before are there to hold them against."""
    days: dict[int, list[float]] = {}
    for t, value in hours.items():
        days.setdefault(t // DAY_S * DAY_S, []).append(value)
    rows: list[Row] = []
    for day in sorted(day for day in days if day >= first):
        before = [value for at in range(day - REFERENCE_S, day, DAY_S) for value in days.get(at, ())]
        if len(before) < KNOWN * REFERENCE_S / HOUR_S:
            rejected.add("too little is known of the 14 days before", entity, len(days[day]))
            continue
        mean = sum(before) / len(before)
        if mean <= 0:
            rejected.add("no traffic in the 14 days before", entity, len(days[day]))
            continue
        rows += [(t, entity, TRAFFIC, 100 * value / mean) for t, value in hours.items() if t // DAY_S * DAY_S == day]
    return rows


def outages(listed: list[Any], name: str, rejected: Rejections, *, source: str) -> list[Row]:
    """How many of the outages lasted into each hour that was asked for, of each country and network they name.

    ``name`` says what was asked for (``dateStart``, ``dateEnd``). An entity that no outage names has no rows: that
    upstream tells of none is no measurement. Raises UpstreamChanged for a name without a range.
    """
    asked = _RANGE.search(name)
    first, last = (epoch(f"{asked[1]}:00Z"), epoch(f"{asked[2]}:00Z")) if asked else (None, None)
    if first is None or last is None or not 0 < last - first <= MOST_HOURS * HOUR_S:
        raise UpstreamChanged(source, f"the name {name[-80:]!r} tells no range; expected hours dateStart and dateEnd")
    if len(listed) >= MOST:
        rejected.add("the list is full, and may end early", f"{len(listed)} outages")
    counts: dict[str, dict[int, int]] = {}
    for place, one in enumerate(listed[:MOST]):
        told = one if isinstance(one, dict) else {}
        start, end = epoch(told.get("startDate")), epoch(told.get("endDate"))
        named = _named(told)
        if start is None or (end is None) != (told.get("endDate") is None) or (end is not None and end < start):
            rejected.add("an outage without sound times", f"{place}: {str(one)[:80]}")
        elif not named:
            rejected.add("an outage of no country or network", f"{place}: {str(one)[:80]}")
        else:
            until = last if end is None else min(end, last)
            within = range(max(start // HOUR_S * HOUR_S, first), until, HOUR_S)
            for entity in named:
                hours = counts.setdefault(entity, {})
                for t in within:
                    hours[t] = hours.get(t, 0) + 1
    return [(t, entity, OUTAGES, float(hours.get(t, 0)))
            for entity, hours in sorted(counts.items()) for t in range(first, last, HOUR_S)]  # fmt: skip


def _named(told: dict[str, Any]) -> list[str]:
    """Countries and networks that an outage names, each once."""
    places, asns = _list(told.get("locations")), _list(told.get("asns"))
    keys = [f"country/{code}" for code in places if isinstance(code, str) and code in countries()]
    keys += [f"asn/{asn}" for asn in asns if type(asn) is int and is_entity(f"asn/{asn}")]
    return list(dict.fromkeys(keys))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
