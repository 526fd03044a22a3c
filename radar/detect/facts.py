"""What is known of an outage when its cause is asked for, gathered from the book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from radar import entities
from radar.detect import agree, echo, words
from radar.detect.case import Case, family, plane
from radar.detect.cause import Facts, Vanished
from radar.detect.echo import TOGETHER_S
from radar.detect.rules import ONE_SERVICE, RISES, ROUTES
from radar.signals import split

#: Earlier outages this far back are looked at for repeats.
REPEAT_DAYS = 8


def facts(case: Case, others: Sequence[Case], now: datetime) -> Facts:
    """Facts of one case beside all published ones."""
    live = case.live
    kind = case.entity.partition("/")[0]
    data = [a.depth for a in live if plane(a.series_id) == "data" and a.rule not in RISES]
    control = {"affected": 1.0, "not_affected": 0.0}.get(agree.plane_verdict(case, "control"))
    routes = [a.depth for a in case.alerts.values() if plane(a.series_id) == "control" and not a.withdrawn]
    if control is not None:
        control = max(routes, default=0.0)
    home = entities.parent(case.entity) if entities.is_entity(case.entity) else None
    real = [c for c in others if c is not case and c.status != "retracted"]
    finest = min((a.step_s for a in live), default=3600)
    signals = {split(a.series_id)[0] for a in live}
    return Facts(
        entity_type=kind,
        data_depth=max(data, default=0.0),
        control_depth=control,
        families=len({family(a.series_id) for a in live}),
        slide_s=_slide(case),
        minutes=((case.end or int(now.timestamp())) - case.start) / 60,
        on_half_hour=finest <= 600 and case.start % 1800 == 0,
        repeats=sum(_repeats(case, c) for c in real),
        siblings=sum(1 for c in real if _overlap(case, c) and c.entity != case.entity and home and _home(c) == home),
        others=sum(
            1
            for c in real
            if kind == "country" and c.entity.startswith("country/") and c.entity != case.entity
            and not c.slow and abs(c.start - case.start) <= TOGETHER_S
        ),
        errors=any(a.rule == "error_rise" for a in live) and not data,
        latency=any(a.rule == "latency_rise" for a in live),
        slow=case.slow,
        attempts=any(a.rule == "match_rise" for a in live),
        load=any(a.rule == "load_rise" for a in live),
        withdrawn=_withdrawn(case, real),
        vanished=_vanished(case),
        one_service=bool(signals) and signals <= ONE_SERVICE,
    )  # fmt: skip


def _withdrawn(case: Case, others: Sequence[Case]) -> tuple[str, ...]:
    """Networks whose routes were withdrawn at about the time at which this case began."""
    found = [
        c for c in others
        if c.entity.startswith("asn/") and abs(c.start - case.start) <= TOGETHER_S
        and any(a.rule in ROUTES for a in c.live)
    ]  # fmt: skip
    return tuple(words.name(c.entity) for c in sorted(found, key=lambda c: (c.start, c.entity)))[:3]


def _vanished(case: Case) -> Vanished | None:
    """The service that vanished, where the case is one side of that event."""
    other = echo.main(case)
    if other is None:
        return None
    rise = echo.is_rise(case)
    return Vanished(
        name=words.name(other.service),
        zones=other.zones,
        share=other.share,
        times=other.times,
        load=other.load,
        lost=other.lost,
        lead_s=case.start - other.start if rise else other.start - case.start,
        other_start=words.when(datetime.fromtimestamp(other.start, UTC)),
        packets_seen=other.packets,
    )


def _slide(case: Case) -> float:
    """Seconds from onset until the loss was within a tenth of its worst."""
    return next((float(t - case.start) for t, depth in case.deepening if depth >= 0.9 * case.depth), 0.0)


def _repeats(case: Case, other: Case) -> bool:
    back = case.start - other.start
    near = abs((back + 43_200) % 86_400 - 43_200) <= 900
    return other.entity == case.entity and 0 < back <= REPEAT_DAYS * 86_400 and near


def _home(case: Case) -> str | None:
    return entities.parent(case.entity) if entities.is_entity(case.entity) else None


def _overlap(case: Case, other: Case) -> bool:
    return other.status == "open" or (other.end or 0) >= case.start - TOGETHER_S
