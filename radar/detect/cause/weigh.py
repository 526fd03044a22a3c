"""What was seen, put on the scales: each piece of evidence adds its stated weights (``radar/data/causes.toml``)."""

from __future__ import annotations

from dataclasses import dataclass, field

from radar.causes import SENTENCES, WEIGHTS
from radar.detect.cause.known import Cables, Facts, Vanished
from radar.detect.words import duration, listed, percent
from radar.labels import _

#: The loss of the first twenty minutes, where a part went at once and a part stayed.
PART_AT_ONCE = (0.25, 0.75)
#: Routes that go so much later than the packets went later, seconds; and so much of them (part of the announced space).
LATER_S, LATER_DEPTH = 3600, 0.02
#: A loss that took longer than this to come near its worst slid.
SLID_S = 2 * 3600
#: Planned work is mostly over by then, minutes.
WORK_MINUTES = 120
#: Networks of one country are hit unevenly when their losses differ by this.
UNEVEN = 0.15
#: They went alike when each lost so much, and their losses differ by less than the part.
EVEN_LEAST, EVEN = 0.85, 0.1
#: Round-trip times this many times the usual are those of another way; less may be a crowd on what is left.
RTT_HIGH = 1.5
#: A place with at most so many cables hangs on them; more than so many shared ones tell nothing.
FEW_CABLES, FEW_SHARED = 2, 4
#: Cables that a sentence names.
NAMED = 4


@dataclass(slots=True)
class Scale:
    """One cause. ``measured``: whether something that was measured speaks for it."""

    logit: float
    pro: list[str] = field(default_factory=list)
    con: list[str] = field(default_factory=list)
    measured: bool = False


Table = dict[str, Scale]


def weigh(facts: Facts, table: Table) -> None:
    """Put all evidence on the scales."""
    for look in (_load,) if facts.load else (_planes, _shape, _clock, _spread, _cables, _quality, _asked_for, _whole):
        look(facts, table)
    _told(facts, table)


def put(table: Table, id: str, by: float = 1.0, /, **words: str) -> None:
    """Add one piece of evidence; ``by`` multiplies its weights, ``words`` fill its sentence."""
    kind, text = SENTENCES[id]
    said = _(text).format(**words)
    if said.endswith("..") and not said.endswith("..."):
        said = said[:-1]  # a name at the end of it has a point of its own
    for cause, weight in WEIGHTS.evidence[id].items():
        scale = table[cause]
        scale.logit += by * weight
        (scale.pro if weight > 0 else scale.con).append(said)
        scale.measured = scale.measured or (kind == "measured" and weight > 0)


def _planes(f: Facts, t: Table) -> None:
    if f.control_depth is None or f.errors:
        return
    if f.data_depth > 0.5 and f.control_depth < 0.25 * f.data_depth:
        put(t, "routes_up")
    elif f.control_depth > 0.1:
        # many networks at once: rarely a fault of routing itself
        put(t, "routes_gone_country" if f.entity_type == "country" else "routes_gone_network")
    later = f.control_lag_s is not None and f.control_lag_s >= LATER_S and f.control_depth >= LATER_DEPTH
    if later and f.control_lag_s is not None and _part_at_once(f):
        put(t, "routes_later", hours=duration(f.control_lag_s / 60))


def _part_at_once(f: Facts) -> bool:
    return f.at_once is not None and PART_AT_ONCE[0] <= f.at_once <= PART_AT_ONCE[1]


def _shape(f: Facts, t: Table) -> None:
    if f.slow:
        put(t, "slow")
        return
    country = f.entity_type == "country"
    if _part_at_once(f) and country and f.at_once is not None:
        put(t, "half_at_once", pct=percent(f.at_once))
    if f.slide_s > SLID_S and f.families >= 1 and f.data_depth > 0.3:
        put(t, "slid")
    elif f.data_depth > 0.8 and f.families >= 2 and country and not _part_at_once(f):
        put(t, "total")
    if f.minutes > 3 * 1440 and country:
        put(t, "days")
    if f.uneven is not None and country:
        least, most = f.uneven
        stayed = f.control_depth is not None and f.control_depth < 0.25 * f.data_depth
        if most - least >= UNEVEN:
            put(t, "uneven", least=percent(least), most=percent(most))
        elif least >= EVEN_LEAST and most - least < EVEN and stayed and (f.at_once or 0.0) >= EVEN_LEAST:
            put(t, "even", least=percent(least))


def _clock(f: Facts, t: Table) -> None:
    """What the clock says of technical causes; of a directed shutdown it was learnt."""
    if f.repeats:
        put(t, "repeats")
    if f.local_night and f.entity_type in ("asn", "geoasn"):
        put(t, "night")
    if f.minutes > WORK_MINUTES and f.entity_type in ("asn", "geoasn"):
        put(t, "long_work")


def _spread(f: Facts, t: Table) -> None:
    if f.entity_type in ("asn", "geoasn") and not f.siblings:
        put(t, "alone")
    if f.near:
        put(t, "neighbours_at_once", names=listed(f.near, 3))
    elif f.others:
        put(t, "others")
    elif f.entity_type == "country" and not f.slow:
        put(t, "no_others")


def _cables(f: Facts, t: Table) -> None:
    if f.entity_type != "country" or f.slow or f.errors:
        return
    cables: Cables = f.cables
    if cables.lands and cables.whole and len(cables.lands) <= FEW_CABLES:
        put(t, "only_cables", names=listed(cables.places or cables.lands, NAMED))
    elif cables.lands == () and cables.whole:
        put(t, "no_cable")
    if 0 < len(cables.shared) <= FEW_SHARED:
        put(t, "shared_cables", names=listed(cables.shared, NAMED))


def _load(f: Facts, t: Table) -> None:
    """More than usual arrives: retries of a service that vanished, or a crowd. Nothing here is lost by itself."""
    if f.errors:
        put(t, "load_errors")
        t["unknown"].con.append(_("A crowd of visitors would be answered; these queries fail."))
    else:
        put(t, "load_crowd")
    if f.vanished is not None:
        _explained(f.vanished, t)
    elif f.withdrawn:
        put(t, "withdrawn_errors" if f.errors else "withdrawn", names=", ".join(f.withdrawn))
    put(t, "load_more")


def _explained(v: Vanished, t: Table) -> None:
    """The rise at our resolvers is that of names whose network has lost its routes."""
    put(t, "vanished_routes", name=v.name, when=v.other_start, lost=percent(v.lost))
    put(t, "vanished_zones", v.share, n=percent(v.share), zones=listed(v.zones, 3))
    if v.times is not None and v.times > 1.5:
        put(t, "vanished_times", times=f"{v.times:.1f}")
    put(t, "vanished_outside", v.share, n=percent(v.share))
    if v.share < 0.75:
        put(t, "vanished_few", n=percent(v.share), name=v.name)
    _doubts(v, t)


def _asked_for(f: Facts, t: Table) -> None:
    """The network whose routes went is one whose names our resolvers are asked for again and again."""
    v = f.vanished
    if v is None:
        return
    put(t, "asked_again", times=f"{v.load:.1f}", when=v.other_start)
    put(t, "asked_zones", v.share, n=percent(v.share), zones=listed(v.zones, 3))
    _doubts(v, t)


def _doubts(v: Vanished, t: Table) -> None:
    """What is not seen, and what came first. The rise is seen in bins of five minutes, so a few minutes say nothing."""
    if not v.packets_seen:
        put(t, "not_measured", name=v.name)
    if v.lead_s < -600:
        put(t, "rise_first", n=str(round(-v.lead_s / 60)))


def _quality(f: Facts, t: Table) -> None:
    if f.errors:
        put(t, "errors_provider" if f.entity_type == "provider" else "errors_network")
    if f.rtt_times is not None:
        put(t, "rtt_high" if f.rtt_times >= RTT_HIGH else "rtt_some", times=f"{f.rtt_times:.1f}")
    if f.one_service:
        put(t, "one_service")


def _whole(f: Facts, t: Table) -> None:
    """A part takes from the whole what that is likely to be, once it is likelier than all else together."""
    if f.whole is None or f.whole[1] <= 0.5 or f.whole[0] == "unknown":
        return
    cause, p, name = f.whole
    t[cause].logit += WEIGHTS.part_of * p
    t[cause].measured = True  # what was measured of the whole lifted it there
    said = _("It is a part of the outage of {name}, whose likeliest cause this is ({pct}).")
    t[cause].pro.append(said.format(name=name, pct=percent(p)))


def _told(f: Facts, t: Table) -> None:
    """What others tell of place and time; of each kind once, the first told."""
    seen = set[str]()
    for told in f.told:
        if told.speaks not in seen:
            seen.add(told.speaks)
            put(t, f"told_{told.speaks}", title=told.title, source=told.source)
