"""From a case of the book to the outage that API, feeds and pages show (``radar.shapes.Outage``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from radar.detect import agree, rules, tell, words
from radar.detect.case import Case
from radar.detect.hit import hit
from radar.shapes import Outage
from radar.times import rfc3339


def document(case: Case, now: int, simulated: Collection[str], parts: Sequence[Case], related: list[str]) -> Outage:
    """The outage as known at ``now`` (seconds). Only for a case that was published. ``parts``: the cases of which it is
    the whole; ``related``: ids of outages of others that tell of the same event."""
    live = case.live or list(case.alerts.values())
    start = _time(case.start)
    end = _time(case.end) if case.end is not None else None
    minutes = round(((case.end or max(now, case.start)) - case.start) / 60, 1)
    main = case.main
    depth = None if main.rule in rules.NO_LOSS else round(main.depth, 4)
    whom = hit(case, parts)
    out: Outage = {
        "id": case.id,
        "entity": case.entity,
        "status": "open" if case.status == "candidate" else case.status,
        "level": case.level,
        "start": rfc3339(start),
        "start_earliest": rfc3339(_time(case.start_earliest)),
        "end": None if end is None else rfc3339(end),
        "known_at": rfc3339(_time(case.known_at or now)),
        "confidence": None if case.status == "retracted" else case.confidence,
        "severity": {
            "depth": depth,
            "now": round(main.held, 4) if case.end is None and words.has_eased(main) else None,
            "share": whom.share,
            "basis": whom.basis,
            "minutes": minutes,
            "words": words.severity(depth, minutes, whom.words, rule=main.rule),
        },
        "signals": agree.matrix(case, simulated),
        "causes": case.causes,
        "simulated": case.simulated,
        "history": case.history,
        "headline": words.headline(case.entity, main, start, end, agreeing=case.agreeing),
        "verdict": tell.verdict(case),
        "rule": case.rule,
        "rule_words": rules.words(case.rule, [a.rule for a in live]),
        "updates": list(case.updates),
        "retraction": case.retraction,
        "parent": case.parent,
        "children": sorted(part.id for part in parts),
        "related": related,
    }
    if case.about:
        out["about"] = case.about
    return out


def _time(t: int) -> datetime:
    return datetime.fromtimestamp(t, UTC)
