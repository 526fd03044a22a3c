"""Score published outages against labelled events: event precision and recall, false alarms, time to detect.

An alarm counts for an event of its entity if it overlaps [onset, end + 30 minutes]. Events that the data cannot show
(``scoreable`` other than yes) count neither for nor against; an alarm over one is excused. Never point-adjusted F1.
Source: docs/method.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from radar.times import rfc3339

GRACE = timedelta(minutes=30)
WEEK_S = 7 * 86_400

#: Bands of the tables: upper bounds and names.
DEPTHS = ((0.1, "under 10 %"), (0.3, "10 to 30 %"), (0.5, "30 to 50 %"), (0.8, "50 to 80 %"), (2.0, "80 % and more"))
VOLUMES = ((30.0, "under 30"), (200.0, "30 to 200"), (1000.0, "200 to 1,000"), (float("inf"), "1,000 and more"))
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled event.

    ``start``..``start_latest`` brackets the onset, ``end``..``end_latest`` the end; ``end`` None: not over when data
    end. ``scoreable``: "yes", "no_coverage" or "unknown". ``kind``: "outage" or "must_not_fire". ``row``: line in the
    file.
    """

    row: int
    entity: str
    start: datetime
    end: datetime | None
    start_latest: datetime | None = None
    end_latest: datetime | None = None
    signal: str = ""
    cause: str = ""
    depth: float | None = None
    scoreable: str = "yes"
    kind: str = "outage"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One published outage, as an answer to be marked. ``end`` None: still open at the end of the data. ``evidence``:
    worst score, depth and bins of the signal that saw it first; None where that is not known."""

    id: str
    entity: str
    start: datetime
    end: datetime | None
    known_at: datetime
    level: str
    status: str
    confidence: float | None
    signals: tuple[str, ...]
    evidence: tuple[float, float, int] | None = None


@dataclass(slots=True)
class _Marked:
    """An event and the alarms that found it."""

    label: Label
    alarms: list[Alarm] = field(default_factory=list)


def score(
    alarms: Sequence[Alarm],
    labels: Sequence[Label],
    *,
    judged_s: Mapping[str, float],
    volumes: Mapping[str, float],
    until: datetime,
) -> dict[str, Any]:
    """Mark the alarms.

    Parameters
    ----------
    judged_s
        For every entity of the data, the seconds in which at least one series could be judged.
    volumes
        Median observations per bin of an entity, where it is known.
    until
        End of the data: where open alarms and events end.

    Returns
    -------
    dict
        ``summary``, ``by_depth``, ``by_volume``, ``by_cause``, ``entities``, ``found``, ``alarms``. Ratios are 0..1,
        None where there is nothing to divide by. ``found``: for each event that was found the row of its label and,
        in seconds, how long after its onset (``ttd_s``), how long after that was sure (``ttd_sure_s``), and how far the
        duration is off (None where the event has no end).
    """
    marked = [_Marked(label) for label in labels]
    outcome: dict[int, tuple[str, list[int]]] = {}
    of_entity: dict[str, list[_Marked]] = {}
    for m in marked:
        of_entity.setdefault(m.label.entity, []).append(m)
    for i, alarm in enumerate(alarms):
        mine = of_entity.get(alarm.entity, [])
        hits = [m for m in mine if m.label.kind == "outage" and _match(alarm, m.label, until)]
        trap = [m for m in mine if m.label.kind != "outage" and _match(alarm, m.label, until)]
        for hit in hits:
            hit.alarms.append(alarm)
        rows = [m.label.row for m in hits or trap]
        if any(m.label.scoreable == "yes" for m in hits):
            outcome[i] = ("true", rows)
        elif hits:
            outcome[i] = ("excused", rows)
        else:
            outcome[i] = ("must_not_fire" if trap else "false", rows)
    events = [m for m in marked if m.label.kind == "outage"]
    scored = [m for m in events if m.label.scoreable == "yes"]
    weeks = sum(judged_s.values()) / WEEK_S
    true = sum(1 for o, _ in outcome.values() if o == "true")
    false = sum(1 for o, _ in outcome.values() if o in ("false", "must_not_fire"))
    recall = _ratio(sum(1 for m in scored if m.alarms), len(scored))
    precision = _ratio(true, true + false)
    found = [_found(m, until) for m in scored if m.alarms]
    sure = [(a.confidence, outcome[i][0] == "true") for i, a in enumerate(alarms)
            if a.confidence is not None and outcome[i][0] != "excused"]  # fmt: skip
    summary = {
        "recall": recall,
        "precision": precision,
        "f1": _f1(precision, recall),
        "false_alarms_per_entity_week": _ratio(false, weeks),
        **quantiles(found),
        "brier": _ratio(sum((p - hit) ** 2 for p, hit in sure), len(sure)),
        "entities": len(judged_s),
        "entity_weeks": round(weeks, 4),
        "events": len(events),
        "scoreable_events": len(scored),
        "alarms": len(alarms),
        "true_alarms": true,
        "false_alarms": false,
        "must_not_fire_events": len(marked) - len(events),
        "must_not_fire_alarms": sum(1 for o, _ in outcome.values() if o == "must_not_fire"),
    }
    return {
        "summary": summary,
        "by_depth": _table(scored, lambda m: _band(m.label.depth, DEPTHS), [name for _, name in DEPTHS]),
        "by_volume": _table(scored, lambda m: _band(volumes.get(m.label.entity), VOLUMES), [n for _, n in VOLUMES]),
        "by_cause": _table(
            scored, lambda m: m.label.cause or UNKNOWN, sorted({m.label.cause or UNKNOWN for m in scored})
        ),
        "entities": [
            _entity(key, judged_s.get(key, 0.0), volumes.get(key), marked, alarms, outcome)
            for key in sorted({*judged_s, *(label.entity for label in labels)})
        ],
        "found": found,
        "alarms": [_alarm(alarm, *outcome[i]) for i, alarm in enumerate(alarms)],
    }


def quantiles(found: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """How fast, and how exact: quantiles over the events of ``found`` (:func:`score`), of one card or of several."""
    delays, sure, errors = (
        [row[key] for row in found if row[key] is not None] for key in ("ttd_s", "ttd_sure_s", "duration_error_s")
    )
    return {
        "ttd_p50_s": quantile(delays, 0.5),
        "ttd_p90_s": quantile(delays, 0.9),
        "ttd_sure_p50_s": quantile(sure, 0.5),
        "ttd_sure_p90_s": quantile(sure, 0.9),
        "duration_error_p50_s": quantile(errors, 0.5),
    }


def quantile(values: Sequence[float], q: float) -> float | None:
    """The q-quantile by linear interpolation; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (at - low), 3)


def _match(alarm: Alarm, label: Label, until: datetime) -> bool:
    if alarm.entity != label.entity or (label.signal and label.signal not in alarm.signals):
        return False
    return alarm.start <= (label.end_latest or label.end or until) + GRACE and (alarm.end or until) >= label.start


def _delay(marked: _Marked, *, sure: bool = False) -> float:
    """Seconds from the labelled onset until the first alarm was public; 0 for one that was public before. ``sure``:
    from the end of the onset's bracket, by when it had certainly begun."""
    known = min(alarm.known_at for alarm in marked.alarms)
    begun = (marked.label.start_latest if sure else None) or marked.label.start
    return max(0.0, (known - begun).total_seconds())


def _found(marked: _Marked, until: datetime) -> dict[str, Any]:
    return {
        "label_row": marked.label.row,
        "ttd_s": _delay(marked),
        "ttd_sure_s": _delay(marked, sure=True),
        "duration_error_s": _duration_error(marked, until),
    }


def _duration_error(marked: _Marked, until: datetime) -> float | None:
    if marked.label.end is None:
        return None
    begin = min(alarm.start for alarm in marked.alarms)
    end = max(alarm.end or until for alarm in marked.alarms)
    return abs((end - begin).total_seconds() - (marked.label.end - marked.label.start).total_seconds())


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


def _f1(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None:
        return None
    return round(2 * precision * recall / (precision + recall), 6) if precision + recall else 0.0


def _band(value: float | None, bands: Sequence[tuple[float, str]]) -> str:
    return UNKNOWN if value is None else next(name for bound, name in bands if value < bound)


def _table(events: Sequence[_Marked], key: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys([*names, UNKNOWN]):
        mine = [m for m in events if key(m) == name]
        if mine:
            found = [m for m in mine if m.alarms]
            rows.append({
                "band": name,
                "events": len(mine),
                "detected": len(found),
                "recall": _ratio(len(found), len(mine)),
                "ttd_p50_s": quantile([_delay(m) for m in found], 0.5),
            })  # fmt: skip
    return rows


def _entity(
    key: str,
    judged: float,
    volume: float | None,
    marked: Sequence[_Marked],
    alarms: Sequence[Alarm],
    outcome: Mapping[int, tuple[str, list[int]]],
) -> dict[str, Any]:
    events = [m for m in marked if m.label.entity == key and m.label.kind == "outage"]
    scored = [m for m in events if m.label.scoreable == "yes"]
    mine = [outcome[i][0] for i, alarm in enumerate(alarms) if alarm.entity == key]
    return {
        "entity": key,
        "weeks": round(judged / WEEK_S, 4),
        "volume": volume,
        "events": len(events),
        "scoreable_events": len(scored),
        "detected": sum(1 for m in scored if m.alarms),
        "missed": [rfc3339(m.label.start) for m in scored if not m.alarms],
        "alarms": len(mine),
        "false_alarms": sum(1 for o in mine if o in ("false", "must_not_fire")),
    }


def _alarm(alarm: Alarm, outcome: str, rows: list[int]) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "entity": alarm.entity,
        "start": rfc3339(alarm.start),
        "end": None if alarm.end is None else rfc3339(alarm.end),
        "known_at": rfc3339(alarm.known_at),
        "level": alarm.level,
        "status": alarm.status,
        "confidence": alarm.confidence,
        "signals": list(alarm.signals),
        "outcome": outcome,
        "label_rows": rows,
    }
