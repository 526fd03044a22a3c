"""The agreement matrix: which series see an outage, which do not, which cannot see."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from radar.detect import confidence as calibrated
from radar.detect.case import Case, Row, family, plane
from radar.detect.model import Alert, View
from radar.detect.profiles import DAY_S
from radar.detect.rules import threshold
from radar.detect.words import percent, when
from radar.labels import N_, _, ngettext
from radar.shapes import AlertNumbers, OutageSignal
from radar.signals import split
from radar.times import rfc3339

#: Why a series cannot say, in words.
REASON_WORDS = {
    "no_data": N_("no data"),
    "warming_up": N_("too little history yet"),
    "too_few": N_("too few measurements to judge"),
    "own_fault": N_("our own measurement was impaired"),
    "not_scored": N_("shown, not judged"),
}


#: A loss that is too small to count: by whether it is one of routes, and came after the onset.
_SLIGHT = {
    (True, True): N_("Not affected at onset; a later, shallow loss of at most {pct} from {when}."),
    (False, True): N_("Not affected at onset; a later, small loss of at most {pct} from {when}."),
    (True, False): N_("A shallow loss of at most {pct} from {when}."),
    (False, False): N_("A small loss of at most {pct} from {when}."),
}


def look(case: Case, views: Iterable[View]) -> list[Row]:
    """Bring the rows up to date. -> rows that have gone silent after having seen the outage, not told before."""
    patience = 2 * DAY_S if case.slow else 0  # a slow case is judged by the day
    for view in views:
        if view.reason == "not_scored":
            continue
        row = case.rows.setdefault(view.series_id, Row(view.series_id))
        blind = view.verdict == "insufficient"
        if blind and view.seen is not None and (view.bin - view.seen).total_seconds() < patience:
            continue
        row.reason, row.now = view.reason, view.verdict
        _silence(row, view)
        if row.first_seen is not None:
            row.verdict = "insufficient" if blind else "affected"
        elif not blind:
            row.verdict = "not_affected"
    update(case)
    silent = [r for r in case.rows.values() if r.first_seen is not None and r.silent_since is not None]
    return [r for r in silent if not r.told_blind]


def update(case: Case) -> None:
    """Bring the rows up to date with the alerts of the case."""
    counted = {id(a) for a in case.live}
    for row in case.rows.values():
        mine = [a for a in case.alerts.values() if a.series_id == row.series_id and not a.withdrawn]
        _seen(row, [a for a in mine if id(a) in counted], [a for a in mine if id(a) not in counted])


def _silence(row: Row, view: View) -> None:
    if view.reason != "no_data":
        if row.silent_since is not None and row.gap_since is not None and row.gap_until is None:
            row.gap_until = int(view.bin.timestamp())
        row.silent_since = None
        return
    if row.silent_since is None:
        row.silent_since = int(view.since.timestamp())
        row.gaps += row.first_seen is not None
    if row.gap_since is None and row.first_seen is not None:
        row.gap_since = row.silent_since


def _seen(row: Row, seen: list[Alert], slight: list[Alert]) -> None:
    if seen:
        row.first_seen = int(min(a.opened for a in seen).timestamp())
        row.last_seen = int(max(a.last for a in seen).timestamp())
        row.depth = max(a.depth for a in seen)
        for alert in seen:  # an alert itself remembers the numbers of its newest bin alone
            if alert.loss is not None and alert.loss > row.worst_loss:
                row.worst_loss, row.worst_value, row.worst_baseline = alert.loss, alert.value, alert.baseline
        if row.reason == "":
            row.verdict = "affected"
    elif row.first_seen is not None:  # what it had seen was withdrawn
        row.first_seen = row.last_seen = None
        row.worst_loss = -1.0
        row.depth = None
        row.verdict = "not_affected" if row.reason == "" else "insufficient"
    if slight:
        row.shallow_since = int(min(a.opened for a in slight).timestamp())
        row.shallow_depth = max(a.depth for a in slight)
    elif row.shallow_since is not None and not seen:
        row.shallow_since = None
    if slight and not seen:
        row.depth = row.shallow_depth


def settle(case: Case) -> None:
    """At the end of an outage: what a series saw stands, also where it cannot see any more."""
    for row in case.rows.values():
        if row.first_seen is not None:
            row.verdict = "affected"


def plane_verdict(case: Case, which: str) -> str:
    """What the series of one plane say together: affected, else not_affected, else insufficient; "" with none."""
    verdicts = [
        "affected" if row.first_seen is not None else row.verdict
        for row in case.rows.values()
        if plane(row.series_id) == which
    ]
    return next((v for v in ("affected", "not_affected", "insufficient") if v in verdicts), "")


def matrix(case: Case, simulated: Collection[str]) -> list[OutageSignal]:
    """The rows as published: affected first, by when they saw it."""
    order = {"affected": 0, "insufficient": 1, "not_affected": 2}
    rows = sorted(
        case.rows.values(),
        key=lambda r: (r.first_seen is None, r.first_seen or 0, order[r.verdict], r.series_id),
    )
    out = []
    for row in rows:
        signal, source = split(row.series_id)
        entry: OutageSignal = {
            "signal": signal,
            "source": source,
            "verdict": row.verdict,
            "first_seen": _text(row.first_seen),
            "last_seen": _text(row.last_seen),
            "note": note(case, row),
            "depth": None if row.depth is None else round(row.depth, 4),
            "simulated": row.series_id in simulated,
        }
        made = _numbers(case, row)
        if made is not None:
            entry["numbers"] = made
        out.append(entry)
    return out


def _numbers(case: Case, row: Row) -> AlertNumbers | None:
    """What made the alert of a row, by its worst bin; of several alerts the deepest. None where none counts."""
    alert = max((a for a in case.live if a.series_id == row.series_id), key=lambda a: (a.depth, a.opened), default=None)
    if alert is None or row.worst_loss < 0:
        return None
    beyond = threshold(alert.rule, row.worst_baseline, alert.step_s)
    # where nothing was usual, the first hour of a rise is as great a part of what came as its greatest one
    value = alert.peak if alert.rule == "match_rise" else row.worst_value
    return {
        "rule": alert.rule,
        "value": round(value, 4),
        "baseline": round(row.worst_baseline, 4),
        "threshold": None if beyond is None else round(beyond, 4),
        "score": alert.score_min or None,
        "bins": alert.bins,
    }


def note(case: Case, row: Row) -> str:
    """One plain sentence on what the row does not say by itself, "" when there is nothing to add."""
    parts = []
    if row.first_seen is None and row.shallow_since is not None:
        later = row.shallow_since > case.start
        text = _(_SLIGHT[plane(row.series_id) == "control", later])
        parts.append(text.format(pct=percent(row.shallow_depth), when=when(_time(row.shallow_since))))
    if row.gap_since is not None and row.first_seen is not None:
        since, until = when(_time(row.gap_since)), row.gap_until
        text = _("Affected, then no data from {since}.")
        if until is not None:
            text = _("Affected, then no data from {since} to {until}.")
        parts.append(text.format(since=since, until=when(_time(until)) if until else ""))
        if row.gaps > 1:
            n = row.gaps - 1
            parts.append(ngettext("{n} more gap since.", "{n} more gaps since.", n).format(n=n))
    elif row.silent_since is not None and row.first_seen is None:
        parts.append(_("No data from {since}.").format(since=when(_time(row.silent_since))))
    elif row.verdict == "insufficient" and row.reason:
        parts.append(_("Cannot say: {why}.").format(why=_(REASON_WORDS[row.reason])))
    return " ".join(parts)


def independent(case: Case) -> int:
    """Number of signal families that saw the outage."""
    return len({family(r.series_id) for r in case.rows.values() if r.first_seen is not None})


def confidence(case: Case) -> float:
    """How sure that this is real, 0..1: see :mod:`radar.detect.confidence`. Of each family the surest alert counts."""
    best: dict[str, float] = {}
    for alert in case.live:
        key = family(alert.series_id)
        sure = calibrated.alone(alert.score_min, alert.depth, alert.bins)
        best[key] = max(best.get(key, 0.0), sure if alert.publishable else calibrated.WEAK * sure)
    against = {
        family(r.series_id)
        for r in case.rows.values()
        if r.first_seen is None and r.verdict == "not_affected" and plane(r.series_id) == "data"
    } - set(best)
    return calibrated.fused(best.values(), len(against))


def _text(t: int | None) -> str | None:
    return None if t is None else rfc3339(_time(t))


def _time(t: int) -> datetime:
    return datetime.fromtimestamp(t, UTC)
