"""Cause hypotheses: log-odds from what was seen, with the evidence for and against in sentences. Never a verdict.

Weights follow published cases (docs/method.md): routes against packets, how many signals fall at once, how the fall
spreads over hours, the clock, what repeats. Between .3 and .7 in favour of one cause it is left unknown: "unknown"
then leads. A directed shutdown is never told from timing alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

from radar.detect.words import listed, percent
from radar.labels import _
from radar.shapes import Cause

#: Log-odds before any evidence, against "unknown" at 0.
PRIOR = {
    "cable_cut": -1.6,
    "power": -1.4,
    "routing": -1.4,
    "provider": -1.4,
    "shutdown": -1.6,
    "disaster": -2.5,
    "maintenance": -1.6,
    "measurement": -2.0,
    "unknown": 0.0,
}
#: Less than this, and no cause is named before "unknown".
ABSTAIN = 0.7


@dataclass(frozen=True, slots=True)
class Vanished:
    """A service that vanished: its network's routes went, and its names are asked for again and again.

    ``name``: of the network. ``zones``, ``share`` (of the failing queries), ``times`` (queries for them against the day
    before; None: not known). ``load``: queries at our resolvers against the usual. ``lost``: part of its announced
    space. ``lead_s``: seconds from the withdrawal to the rise; negative: the rise came first. ``other_start``: when the
    other side began. ``packets_seen``: whether packets to the network are measured.
    """

    name: str
    zones: tuple[str, ...]
    share: float
    times: float | None
    load: float
    lost: float
    lead_s: int
    other_start: str
    packets_seen: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an outage when its cause is asked for. Depths are 0..1; None: cannot be said.

    ``slide_s``: from onset until the loss was near its worst. ``on_half_hour``: onset bracket touches :00 or :30 and
    bins are fine enough to tell. ``repeats``: earlier outages of the entity at the same clock time within a week.
    ``siblings``: networks of the country that are hit too. ``others``: other countries whose outages began within
    half an hour. ``load``: more than usual arrives. ``attempts``: more attempts on a firewall's rule. ``withdrawn``:
    names of networks whose routes went at that time. ``vanished``: the other side of the event, where the failing names
    are those of such a network.
    """

    entity_type: str
    data_depth: float
    control_depth: float | None
    families: int
    slide_s: float
    minutes: float
    on_half_hour: bool = False
    repeats: int = 0
    siblings: int = 0
    others: int = 0
    errors: bool = False
    latency: bool = False
    slow: bool = False
    one_service: bool = False
    load: bool = False
    withdrawn: tuple[str, ...] = ()
    attempts: bool = False
    vanished: Vanished | None = None
    local_night: bool = False


@dataclass(slots=True)
class _Weighed:
    logit: float
    pro: list[str] = field(default_factory=list)
    con: list[str] = field(default_factory=list)

    def for_(self, weight: float, text: str) -> None:
        self.logit += weight
        self.pro.append(text)

    def against(self, weight: float, text: str) -> None:
        self.logit -= weight
        self.con.append(text)


def hypotheses(facts: Facts) -> list[Cause]:
    """The two likeliest causes, "unknown" before them where none is likely enough. All causes together add up to 1."""
    if facts.attempts:
        text = _("A scan of the whole Internet and an attack that is aimed look the same in these numbers.")
        return [_cause("unknown", 1.0, _Weighed(0.0, [text]))]
    table = {cause: _Weighed(logit) for cause, logit in PRIOR.items()}
    for weigh in (_load,) if facts.load else (_planes, _shape, _clock, _spread, _quality, _asked_for):
        weigh(facts, table)
    total = sum(math.exp(w.logit) for w in table.values())
    ranked = sorted(table.items(), key=lambda item: (-item[1].logit, item[0]))
    named = [(c, w) for c, w in ranked if c != "unknown"][:2]
    chosen = [("unknown", table["unknown"]), *named]
    if math.exp(named[0][1].logit) / total >= ABSTAIN:
        chosen = named
    else:
        table["unknown"].pro.append(_("No pattern fits well enough to name a cause."))
    return [_cause(cause, math.exp(w.logit) / total, w) for cause, w in chosen]


def _planes(f: Facts, t: dict[str, _Weighed]) -> None:
    if f.control_depth is None or f.errors:
        return
    if f.data_depth > 0.5 and f.control_depth < 0.25 * f.data_depth:
        text = _("Most routes stayed up while packets were lost.")
        t["shutdown"].for_(1.3, text)
        t["power"].for_(0.3, text)
        t["routing"].against(2.5, text)
    elif f.control_depth > 0.1:
        text = _("Routes were withdrawn.")
        country = f.entity_type == "country"  # many networks at once: rarely a fault of routing itself
        t["routing"].for_(0.5 if country else 1.8, text)
        t["cable_cut"].for_(1.2 if country else 0.5, text)
        t["power"].for_(0.3, text)


def _shape(f: Facts, t: dict[str, _Weighed]) -> None:
    if f.slow:
        text = _("The fall took days and came in steps; nothing broke at once.")
        t["shutdown"].for_(1.0, text)
        for cause in ("cable_cut", "power", "routing", "disaster", "maintenance"):
            t[cause].against(2.5, text)
        return
    if f.slide_s > 2 * 3600 and f.families >= 1 and f.data_depth > 0.3:
        text = _("The loss slid deeper over hours, as batteries run out.")
        t["power"].for_(2.2, text)
        t["shutdown"].against(1.5, text)
        t["cable_cut"].against(0.5, text)
    elif f.data_depth > 0.8 and f.families >= 2 and f.slide_s <= 3 * 3600 and f.entity_type == "country":
        text = _("Independent signals fell almost to nothing within a few bins, across networks.")
        t["shutdown"].for_(1.5, text)
        t["power"].against(0.8, text)
    if f.minutes > 3 * 1440 and f.entity_type == "country":
        text = _("It has lasted for days; cables and power mostly come back sooner.")
        t["shutdown"].for_(0.6, text)
        t["power"].against(0.8, text)
        t["maintenance"].against(2.0, text)


def _clock(f: Facts, t: dict[str, _Weighed]) -> None:
    if f.repeats:
        t["shutdown"].for_(min(3.0, 1.5 * f.repeats), _("It began at the same clock time on earlier days."))
        t["cable_cut"].against(2.0, _("It repeats at the same clock time."))
    if f.on_half_hour and f.entity_type == "country" and f.data_depth > 0.5:
        t["shutdown"].for_(0.5, _("It may have begun on the hour or the half hour; timing alone proves nothing."))
    if f.local_night and f.entity_type in ("asn", "geoasn"):
        t["maintenance"].for_(1.5, _("It began at night, local time."))


def _spread(f: Facts, t: dict[str, _Weighed]) -> None:
    if f.entity_type in ("asn", "geoasn") and not f.siblings:
        text = _("Only this network is hit; its neighbours in the country are not known to be.")
        t["routing"].for_(0.8, text)
        t["maintenance"].for_(0.4, text)
        t["shutdown"].against(2.0, text)
        t["power"].against(0.8, text)
        t["cable_cut"].against(0.5, text)
    if f.others:
        text = _("Other countries lost connectivity within the same half hour.")
        t["cable_cut"].for_(1.4, text)
        t["power"].for_(0.5, text)
        t["shutdown"].against(1.5, text)
    elif f.entity_type == "country" and not f.slow:
        t["cable_cut"].against(0.3, _("No other country is known to have been hit at the same time."))


def _load(f: Facts, t: dict[str, _Weighed]) -> None:
    """More than usual arrives: retries of a service that vanished, or a crowd. Nothing here is lost by itself."""
    if f.errors:
        t["provider"].for_(1.5, _("More queries, and more of them fail: what gets no answer is asked for again."))
        t["unknown"].con.append(_("A crowd of visitors would be answered; these queries fail."))
    else:
        t["unknown"].for_(1.5, _("What arrives is answered as usual, as when a crowd comes at once."))
    if f.vanished is not None:
        _explained(f.vanished, t)
    elif f.withdrawn:
        text = _("Routes were withdrawn at about the same time: {names}.").format(names=", ".join(f.withdrawn))
        t["routing"].for_(4.0 if f.errors else 1.0, text)
    for cause in ("cable_cut", "power", "shutdown"):
        t[cause].against(2.0, _("More arrives than usual, not less."))


def _explained(v: Vanished, t: dict[str, _Weighed]) -> None:
    """The rise at our resolvers is that of names whose network has lost its routes."""
    text = _("Routes of {name} were withdrawn at {when}: {lost} of its announced space.")
    t["routing"].for_(2.0, text.format(name=v.name, when=v.other_start, lost=percent(v.lost)))
    share = percent(v.share)
    text = _("{n} of failing queries ask for its zones: {zones}.")
    t["routing"].for_(2.0 * v.share, text.format(n=share, zones=listed(v.zones, 3)))
    if v.times is not None and v.times > 1.5:
        text = _("Those zones are asked for {times} times as often as in the day before.")
        t["routing"].for_(0.5, text.format(times=f"{v.times:.1f}"))
    t["provider"].against(
        1.5 * v.share, _("{n} of failing queries ask for zones of one network outside.").format(n=share)
    )
    if v.share < 0.75:
        text = _("Only {n} of failing queries ask for zones of {name}; the others fail for another reason.")
        t["routing"].against(1.0, text.format(n=share, name=v.name))
    _doubts(v, t)


def _asked_for(f: Facts, t: dict[str, _Weighed]) -> None:
    """The network whose routes went is one whose names our resolvers are asked for again and again."""
    v = f.vanished
    if v is None:
        return
    text = _(
        "Our resolvers get {times} times their usual queries since {when}: what gets no answer is asked for again."
    )
    t["routing"].for_(1.0, text.format(times=f"{v.load:.1f}", when=v.other_start))
    text = _("{n} of queries that fail there ask for its zones: {zones}.")
    t["routing"].for_(0.5 * v.share, text.format(n=percent(v.share), zones=listed(v.zones, 3)))
    _doubts(v, t)


def _doubts(v: Vanished, t: dict[str, _Weighed]) -> None:
    """What is not seen, and what came first. The rise is seen in bins of five minutes, so a few minutes say nothing."""
    if not v.packets_seen:
        text = _("Packets to {name} are not measured here: that it cannot be reached follows from the failing queries.")
        t["routing"].against(0.2, text.format(name=v.name))
    if v.lead_s < -600:
        text = _("The rise of queries began {n} minutes before the routes were withdrawn.")
        t["routing"].against(1.5, text.format(n=round(-v.lead_s / 60)))


def _quality(f: Facts, t: dict[str, _Weighed]) -> None:
    if f.errors:
        weight = 3.5 if f.entity_type == "provider" else 1.2
        t["provider"].for_(weight, _("Requests arrive but fail: servers answer with errors."))
        for cause in ("shutdown", "cable_cut", "power", "routing"):
            t[cause].against(1.5, _("Packets still flow."))
    if f.latency:
        t["cable_cut"].for_(1.2, _("Round-trip times rose: traffic takes a longer way."))
    if f.one_service:
        t["provider"].for_(0.8, _("Only one service is seen to be affected."))
        t["measurement"].for_(0.4, _("Only one signal of one source shows it."))


def _cause(cause: str, p: float, weighed: _Weighed) -> Cause:
    return cast(Cause, {"cause": cause, "p": round(p, 3), "for": weighed.pro, "against": weighed.con})
