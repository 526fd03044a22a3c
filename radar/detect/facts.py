"""What is known of an outage when its cause is asked for, gathered from the book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from radar import entities
from radar.detect import agree, echo, words
from radar.detect.case import Case, family, plane
from radar.detect.cause import Cables, Facts, Vanished, clock
from radar.detect.cause.beside import Beside
from radar.detect.cause.cables import CABLES
from radar.detect.echo import TOGETHER_S
from radar.detect.rules import ONE_SERVICE, RISES, ROUTES
from radar.signals import split

#: Earlier outages this far back are looked at for repeats.
REPEAT_DAYS = 8
#: Onsets this close are at the same clock time, and at once; losses of this long after the onset are those of the first
#: moment.
CLOCK_S, AT_ONCE_S, FIRST_S = 900, 600, 1200


def facts(case: Case, others: Sequence[Case], now: datetime, beside: Beside | None = None) -> Facts:
    """Facts of one case beside all published ones. ``beside``: what else is told of places."""
    live = case.live
    kind = case.entity.partition("/")[0]
    data = [a.depth for a in live if plane(a.series_id) == "data" and a.rule not in RISES]
    control = {"affected": 1.0, "not_affected": 0.0}.get(agree.plane_verdict(case, "control"))
    routes = [a.depth for a in case.alerts.values() if plane(a.series_id) == "control" and not a.withdrawn]
    if control is not None:
        control = max(routes, default=0.0)
    country = _country(case.entity)
    real = [c for c in others if c is not case and c.status != "retracted"]
    abroad = _abroad(case, real) if kind == "country" else []
    finest = min((a.step_s for a in live), default=3600)
    signals = {split(a.series_id)[0] for a in live}
    return Facts(
        entity_type=kind,
        data_depth=max(data, default=0.0),
        control_depth=control,
        families=len({family(a.series_id) for a in live}),
        slide_s=_slide(case),
        minutes=((case.end or int(now.timestamp())) - case.start) / 60,
        on_half_hour=case.start % 1800 == 0 if finest <= 600 else None,
        repeats=len({(case.start - c.start + CLOCK_S) // 86_400 for c in real if _repeats(case, c)}),
        siblings=sum(1 for c in real if country and _overlap(case, c) and c.entity != case.entity
                     and kind != "country" and _home(c.entity) == f"country/{country}"),
        others=len({c.entity for c in abroad}),
        near=_near(case, abroad),
        errors=any(a.rule == "error_rise" for a in live) and not data,
        rtt_times=_rtt_times(case),
        slow=case.slow,
        attempts=any(a.rule == "match_rise" for a in live),
        load=any(a.rule == "load_rise" for a in live),
        withdrawn=_withdrawn(case, real),
        vanished=_vanished(case),
        one_service=bool(signals) and signals <= ONE_SERVICE,
        local_night=clock.night(case.start, country),
        at_once=max((depth for t, depth in case.deepening if t <= case.start + FIRST_S), default=None),
        control_lag_s=_control_lag(case),
        uneven=_uneven(case, real),
        whole=_whole(case, real),
        country=country,
        cables=CABLES.of(country, [c.entity.partition("/")[2] for c in abroad]) if country else Cables(),
        told=beside.of(case.entity, case.start) if beside is not None and not case.history else (),
    )  # fmt: skip


def _country(entity: str) -> str:
    """The code of the country that an entity is or lies in; "" for none."""
    if not entities.is_entity(entity):
        return ""
    place = entity if entity.startswith("country/") else entities.parent(entity) or ""
    return place.partition("/")[2] if place.startswith("country/") else ""


def _abroad(case: Case, others: Sequence[Case]) -> list[Case]:
    """Cases of other countries that began at about the same time."""
    return [
        c for c in others
        if c.entity.startswith("country/") and c.entity != case.entity
        and not c.slow and abs(c.start - case.start) <= TOGETHER_S
    ]  # fmt: skip


def _near(case: Case, abroad: Sequence[Case]) -> tuple[str, ...]:
    """Names of countries of the same region that fell in the same ten minutes: a grid is shared by neighbours."""
    known = entities.countries()
    mine = known.get(_country(case.entity))
    if mine is None:
        return ()
    found = {
        row.name
        for c in abroad
        if abs(c.start - case.start) <= AT_ONCE_S
        and (row := known.get(_country(c.entity))) is not None and row.subregion == mine.subregion
    }  # fmt: skip
    return tuple(sorted(found))


def _rtt_times(case: Case) -> float | None:
    """Round-trip time against the usual at its worst; None: it did not rise."""
    rises = [a.depth for a in case.live if a.rule == "latency_rise"]
    return 1 / max(0.05, 1 - max(rises)) if rises else None


def _control_lag(case: Case) -> float | None:
    """Seconds from onset to the first loss of routes, a shallow one too; None: none was seen."""
    seen = [
        t
        for row in case.rows.values()
        if plane(row.series_id) == "control"
        for t in (row.first_seen, row.shallow_since)
        if t is not None
    ]
    return float(min(seen) - case.start) if seen else None


def _whole(case: Case, others: Sequence[Case]) -> tuple[str, float, str] | None:
    """Of the outage that this is a part of: its likeliest cause, the probability, and its place's name."""
    whole = next((c for c in others if c.id == case.parent and c.causes), None) if case.parent else None
    if whole is None:
        return None
    likely = max(whole.causes, key=lambda cause: cause["p"])
    return likely["cause"], likely["p"], words.name(whole.entity)


def _uneven(case: Case, others: Sequence[Case]) -> tuple[float, float] | None:
    """The least and the largest loss of the country's networks that are hit; None with fewer than two."""
    depths = [c.depth for c in others if c.depth and not c.entity.startswith("country/")
              and _home(c.entity) == case.entity and _overlap(case, c)]  # fmt: skip
    return (min(depths), max(depths)) if len(depths) > 1 else None


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
    near = abs((back + 43_200) % 86_400 - 43_200) <= CLOCK_S
    return other.entity == case.entity and 0 < back <= REPEAT_DAYS * 86_400 and near


@lru_cache(maxsize=4096)  # asked of each outage beside each other one
def _home(entity: str) -> str | None:
    return entities.parent(entity) if entities.is_entity(entity) else None


def _overlap(case: Case, other: Case) -> bool:
    return other.status == "open" or (other.end or 0) >= case.start - TOGETHER_S
