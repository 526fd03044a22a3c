"""One outage as the book keeps it: its alerts, its row for every series, what was said and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2s
from typing import Any, Literal

from radar.detect.alerts import alert_from_plain, plain_alert
from radar.detect.model import Alert
from radar.detect.rules import NO_LOSS, ONE_SERVICE, RISES, RULES
from radar.rules import ABOUT_OUTAGES as TOGETHER
from radar.shapes import Cause, Update, Verdict
from radar.signals import SIGNALS, split

Status = Literal["candidate", "open", "closed", "retracted"]

#: Alerts closer than this are one story; a case reopens when the gap is shorter than this.
JOIN, MERGE = timedelta(seconds=TOGETHER["join_s"]), timedelta(seconds=TOGETHER["merge_s"])
#: Two independent signals confirm each other when their onsets lie within this.
CONFIRM = timedelta(seconds=TOGETHER["confirm_s"])
#: A deepening of the loss that is remembered.
DEEPER = 0.04
#: Routes explain a loss of packets only when their own loss is at least this part of it.
ROUTES_EXPLAIN = TOGETHER["routes_explain"]
#: Signals that show whether addresses can be reached at all, whatever people do.
REACH = ("ping", "bgp")
#: What people do changes on holidays: where reachability is seen to be normal, one signal of activity alone must have
#: fallen this far before it is published, two of them that far.
ALONE_DEPTH, PAIR_DEPTH = TOGETHER["alone_depth"], TOGETHER["pair_depth"]


@dataclass(slots=True)
class Row:
    """One series' view of the case. Times in seconds.

    ``silent_since``: no data since then. ``gap_since``, ``gap_until``: the first silence after it had seen the
    outage, and ``gaps`` how many there were. ``shallow_*``: a loss too small to count. ``now``: the verdict of its
    newest bin alone. ``worst_*``: loss, value and baseline of the worst bin, in the signal's own unit.
    """

    series_id: str
    verdict: Verdict = "insufficient"
    now: str = "insufficient"
    reason: str = "no_data"
    first_seen: int | None = None
    last_seen: int | None = None
    depth: float | None = None
    silent_since: int | None = None
    gap_since: int | None = None
    gap_until: int | None = None
    gaps: int = 0
    shallow_since: int | None = None
    shallow_depth: float = 0.0
    told_blind: bool = False
    worst_loss: float = -1.0
    worst_value: float = 0.0
    worst_baseline: float = 0.0


@dataclass(slots=True)
class Case:
    """An outage, or a candidate for one. Times are seconds since the epoch, so that it is plain JSON."""

    entity: str
    slow: bool
    seen: int
    #: What of the entity it is about, where that is not the whole: a firewall's rule.
    about: str = ""
    alerts: dict[str, Alert] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    id: str = ""
    status: Status = "candidate"
    known_at: int | None = None
    rule: str = ""
    level: Literal["degraded", "outage"] = "degraded"
    start: int = 0
    start_earliest: int = 0
    end: int | None = None
    depth: float = 0.0
    told_depth: float = 0.0
    confidence: float | None = None
    updates: list[Update] = field(default_factory=list)
    causes: list[Cause] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    deepening: list[tuple[int, float]] = field(default_factory=list)
    blind: bool = False
    parent: str | None = None
    #: Entity -> what its outage shows of the same event (``radar.detect.echo.Echo`` as JSON).
    echoes: dict[str, dict[str, Any]] = field(default_factory=dict)
    retraction: str | None = None
    simulated: bool = False
    history: bool = False

    @property
    def live(self) -> list[Alert]:
        """Alerts that count: neither withdrawn nor shallow; routes only when they explain the loss."""
        real = [a for a in self.alerts.values() if not a.withdrawn and not a.shallow]
        data = max((a.depth for a in real if plane(a.series_id) == "data"), default=0.0)
        return [a for a in real if plane(a.series_id) != "control" or a.depth >= ROUTES_EXPLAIN * data]

    @property
    def open_alerts(self) -> list[Alert]:
        """Those of ``live`` that are not closed."""
        return [a for a in self.live if a.closed is None]

    @property
    def agreeing(self) -> int:
        """Independent families of signals that lost connectivity: packets or routes, not quality."""
        lost = [a for a in self.live if plane(a.series_id) != "quality" and a.rule not in NO_LOSS]
        return len({family(a.series_id) for a in lost})

    @property
    def main(self) -> Alert:
        """The alert that stands for the case: a rise of load; else, among the deep ones, first reachability, then
        requests, then the rest."""
        alerts = self.live or list(self.alerts.values())
        loads = [a for a in alerts if a.rule in RISES]
        if loads:
            return max(loads, key=lambda a: (a.depth, a.series_id))
        deepest = max(a.depth for a in alerts)
        rank = {"ping": 0, "edge": 1, "bgp": 2}
        deep = [a for a in alerts if a.depth >= 0.9 * deepest and a.rule != "latency_rise"] or alerts
        return min(deep, key=lambda a: (rank.get(family(a.series_id), 3), -a.depth, a.series_id))

    def join(self, alert: Alert) -> None:
        """Take in an alert, or its new state."""
        self.alerts[alert_key(alert)] = alert

    def place(self) -> bool:
        """Set onset bracket, depth and level from the alerts. -> whether the onset of a published case moved."""
        alerts = sorted(self.live, key=lambda a: (a.opened, a.step_s, a.series_id))
        if not alerts:
            return False
        first = alerts[0]
        for alert in alerts[1:]:
            # a coarse bin may begin earlier than a fine one that tells the onset better
            if alert.step_s < first.step_s and alert.opened < first.opened + timedelta(seconds=first.step_s):
                first = alert
        earliest = first.last_good or first.opened - timedelta(seconds=first.step_s)
        start, before = int(first.opened.timestamp()), self.start
        if self.status == "candidate" or start < before:
            self.start, self.start_earliest = start, int(earliest.timestamp())
        deep = [a for a in alerts if a.rule not in NO_LOSS]
        self.depth = max((a.depth for a in deep), default=0.0)
        strongest = [a for a in deep if RULES[a.rule].most == "outage" and not _one_service(a, alerts)]
        if any(a.rule == "load_rise" for a in alerts) and not any(is_activity(a) for a in deep):
            strongest = []  # a flood of queries that fail is load on us, and somebody else's outage
        level = "outage" if max((a.depth for a in strongest), default=0.0) > 0.5 else "degraded"
        if level == "outage" or self.status == "candidate":
            self.level = "outage" if level == "outage" else "degraded"
        return self.status != "candidate" and self.start != before

    def note_depth(self, now: int) -> None:
        """Remember when the loss deepened: how an outage slides tells of its cause."""
        if self.depth > (self.deepening[-1][1] if self.deepening else 0.0) + DEEPER:
            self.deepening.append((now, self.depth))

    def publishable(self) -> str:
        """Id of the publication rule that holds now, "" for none."""
        opened = self.open_alerts
        if any(a.rule == "match_rise" for a in opened):
            return "rise_alone"
        if not opened or not self._beyond_habit(opened):
            return ""
        if any(a.rule == "slow_degradation" for a in opened):
            return "slow_degradation"
        if any(a.publishable for a in opened):
            return "one_strong"
        for a in opened:
            for b in opened:
                slack = max(CONFIRM, timedelta(seconds=max(a.step_s, b.step_s)))
                if family(a.series_id) < family(b.series_id) and abs(a.opened - b.opened) <= slack:
                    return "two_signals"
        return ""

    def _beyond_habit(self, opened: list[Alert]) -> bool:
        """Activity alone, with the network seen to be reachable, must have fallen far: holidays also look like that."""
        if any(not is_activity(a) for a in opened):
            return True
        reach = [r for r in self.rows.values() if family(r.series_id) in REACH and r.now == "not_affected"]
        if not any(plane(r.series_id) == "data" for r in reach):
            return True
        deep = {family(a.series_id): max(b.depth for b in opened if family(b.series_id) == family(a.series_id))
                for a in opened}  # fmt: skip
        return max(deep.values()) > ALONE_DEPTH or sum(d > PAIR_DEPTH for d in deep.values()) >= 2

    def name_it(self) -> None:
        """Fix the id: day, entity, and a digest of entity, onset and what it is about."""
        code = self.entity.partition("/")[2].lower()
        if self.entity.startswith("asn/"):
            code = f"as{code}"
        start = datetime.fromtimestamp(self.start, UTC)
        more = f"{' slow' if self.slow else ''}{f' {self.about}' if self.about else ''}"
        digest = blake2s(f"{self.entity} {start:%Y-%m-%dT%H:%M:%SZ}{more}".encode())
        slug = "".join(c if c.isalnum() else "-" for c in code).strip("-") or "x"
        self.id = f"{start:%Y%m%d}-{slug}-{digest.hexdigest()[:4]}"

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        out = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in ("alerts", "rows")}
        out["alerts"] = {key: plain_alert(alert) for key, alert in self.alerts.items()}
        out["rows"] = {key: asdict(row) for key, row in self.rows.items()}
        return out

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Case:
        """Read what :meth:`plain` gave."""
        data = dict(data)
        data["alerts"] = {key: alert_from_plain(a) for key, a in data["alerts"].items()}
        data["rows"] = {key: Row(**row) for key, row in data["rows"].items()}
        return cls(**data)


def alert_key(alert: Alert) -> str:
    """What makes two states of an alert the same alert."""
    return f"{alert.series_id}|{'slow' if alert.rule == 'slow_degradation' else ''}|{int(alert.opened.timestamp())}"


def plane(series_id: str) -> str:
    """control, data or quality; data for a signal that the catalogue does not have."""
    signal = split(series_id)[0]
    return SIGNALS[signal].plane if signal in SIGNALS else "data"


def family(series_id: str) -> str:
    """What is measured by the same means: the part of the signal before the dot. Families are independent."""
    return split(series_id)[0].partition(".")[0]


def is_activity(alert: Alert) -> bool:
    """Does the signal rise and fall with what people do?"""
    return alert.rule == "seasonal_drop" and family(alert.series_id) not in REACH


def _one_service(alert: Alert, alerts: list[Alert]) -> bool:
    """Does the alert speak of one company's service, with no other family beside it?"""
    return split(alert.series_id)[0] in ONE_SERVICE and len({family(a.series_id) for a in alerts}) == 1
