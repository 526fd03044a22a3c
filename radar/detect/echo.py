"""One event told twice: a network's routes are withdrawn, and our resolvers are asked again and again for its names.

The two are outages of different entities, and neither is a part of the other. They are joined by the names: the zones
that fail at our resolvers are answered by the network whose routes went. That both happen at the same time is not
enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from radar.detect import agree
from radar.detect.case import Case, family
from radar.detect.model import Alert, Failing
from radar.detect.rules import ROUTES
from radar.detect.words import listed, name, percent, when
from radar.labels import _

OURS = "provider/our-resolver"
#: Onsets this close may be one event.
TOGETHER_S = 1800
#: Zones of a network must hold this part of the failing queries before they explain a rise.
EXPLAINS = 0.2
#: Zones that a sentence names.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Echo:
    """What the other side of the event shows. ``entity``: who it is about; ``start``: when it began there, seconds.

    ``service``: key of the network whose routes went. ``lost``: part of its announced space that is gone, 0..1.
    ``load``: times the usual queries at our resolvers. ``packets``: whether packets to the network are measured.
    ``zones``, ``share``, ``times``: see :class:`Failing`.
    """

    entity: str
    start: int
    service: str
    lost: float
    load: float
    zones: tuple[str, ...]
    share: float
    times: float | None
    packets: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {field: getattr(self, field) for field in self.__dataclass_fields__}


def main(case: Case) -> Echo | None:
    """The echo that explains most of it, or None."""
    found = [Echo(**{**row, "zones": tuple(row["zones"])}) for row in case.echoes.values()]
    return max(found, key=lambda e: (e.share, e.entity), default=None)


def pair(cases: Sequence[Case], failing: Sequence[Failing]) -> None:
    """Join what is told, or is about to be told: rises at our resolvers, and networks that fail there and lost routes.

    What was joined once stays so: numbers grow with the event, and are kept when the names no longer fail.
    """
    told = [c for c in cases if c.status == "open" or (c.status == "candidate" and c.publishable())]
    for rise in told:
        load = _strongest(rise, ("load_rise",))
        if load is None or family(load.series_id) != "dns":
            continue
        for gone in told:
            routes = _strongest(gone, ROUTES)
            names = next((f for f in failing if f.network == _network(gone.entity)), None)
            if routes is None or names is None or names.share < EXPLAINS:
                continue
            if abs(_begin(rise) - _begin(gone)) > TOGETHER_S:
                continue
            times = 1 / max(1e-6, 1 - min(load.depth, 0.999))
            for case, other in ((rise, gone), (gone, rise)):
                before = case.echoes.get(other.entity, {})
                case.echoes[other.entity] = Echo(
                    entity=other.entity,
                    start=_begin(other),
                    service=_network(gone.entity),
                    lost=round(routes.depth, 4),
                    load=round(times, 2),
                    zones=names.zones,
                    share=max(round(names.share, 4), before.get("share", 0.0)),
                    times=_larger(names.times, before.get("times")),
                    packets=agree.plane_verdict(gone, "data") in ("affected", "not_affected"),
                ).plain()


def others(case: Case, cases: Sequence[Case]) -> list[str]:
    """Ids of the published outages that tell of the same event, by id."""
    return sorted(
        c.id
        for c in cases
        if c.id and c.status != "retracted" and c.entity in case.echoes and case.entity in c.echoes
        and abs(c.start - case.start) <= TOGETHER_S
    )  # fmt: skip


def is_rise(case: Case) -> bool:
    """Is the case the resolvers' side of the event?"""
    return _strongest(case, ("load_rise",)) is not None


def sentence(case: Case) -> str:
    """What the other side shows, for the verdict and the updates; "" where nothing is joined."""
    echo = main(case)
    if echo is None:
        return ""
    since = when(datetime.fromtimestamp(echo.start, UTC))
    if is_rise(case):
        return _(
            "{n} of failing queries ask for zones of {name} ({zones}), whose routes were withdrawn at {when}: our "
            "resolvers are not the cause."
        ).format(n=percent(echo.share), name=name(echo.service), zones=listed(echo.zones, NAMED), when=since)
    text = _(
        "Its names ({zones}) could not be looked up and were asked for again: from {when} on {resolvers} got {times} "
        "times their usual queries."
    )
    who = _("our resolvers") if echo.entity == OURS else name(echo.entity)
    return text.format(zones=listed(echo.zones, NAMED), resolvers=who, times=f"{echo.load:.1f}", when=since)


def _strongest(case: Case, rules: Sequence[str]) -> Alert | None:
    return max((a for a in case.live if a.rule in rules), key=lambda a: (a.depth, a.series_id), default=None)


def _begin(case: Case) -> int:
    """The onset, also of a case that was not placed yet."""
    return case.start if case.id else int(min(a.opened for a in case.live).timestamp())


def _network(entity: str) -> str:
    """The network that an entity is, or is the part in one country of."""
    return f"asn/{entity.rpartition('-')[2]}" if entity.startswith("geoasn/") else entity


def _larger(one: float | None, other: float | None) -> float | None:
    known = [value for value in (one, other) if value is not None]
    return round(max(known), 2) if known else None
