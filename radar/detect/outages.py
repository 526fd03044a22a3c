"""The book of outages: alerts that agree become one outage, which is published, updated, corrected, closed, reopened or
retracted in the open. An outage is never closed because a source went silent, and its id never changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from radar import entities
from radar.detect import agree, echo, tell
from radar.detect.case import JOIN, MERGE, Case
from radar.detect.cause import hypotheses
from radar.detect.cause.beside import Beside
from radar.detect.document import document
from radar.detect.facts import facts
from radar.detect.model import Alert, Common, Failing, View
from radar.detect.notice import Fault, notice
from radar.labels import _
from radar.shapes import Notice, Outage

VERSION = 1
#: Views of an entity are wanted for this long after its outage ended.
WATCH = timedelta(hours=2)


class OutageBook:
    """See ``radar.detect`` for the contract. Cases are kept in the order in which they were first seen."""

    def __init__(self) -> None:
        self._cases: list[Case] = []
        self._faults: list[Fault] = []
        self._simulated: set[str] = set()
        self._now = 0
        self._beside: Beside | None = None

    # ------------------------------------------------------------------ reading

    def watched(self) -> set[str]:
        """Entities whose views the next update wants: with an outage or a candidate that is open or not long over."""
        until = self._now - int(WATCH.total_seconds())
        return {c.entity for c in self._cases if c.status in ("candidate", "open") or (c.end or 0) >= until}

    @property
    def open(self) -> list[Outage]:
        """Outages that are open, newest first."""
        return [self._document(c) for c in self._published() if c.status == "open"]

    @property
    def all(self) -> list[Outage]:
        """All outages ever published, newest first; retracted ones too."""
        return [self._document(c) for c in self._published()]

    @property
    def notice(self) -> Notice | None:
        """That our own measurement is impaired, or None."""
        return notice(self._faults, self._now)

    # ------------------------------------------------------------------ writing

    def update(
        self,
        now: datetime,
        alerts: Sequence[Alert],
        views: Iterable[View],
        *,
        common: Sequence[Common] = (),
        simulated: Collection[str] = (),
        history: Collection[str] = (),
        failing: Sequence[Failing] = (),
        beside: Beside | None = None,
    ) -> list[Outage]:
        """Take in what the detectors said in one tick: see ``radar.detect``. -> outages that changed, by id."""
        self._now, self._beside = int(now.timestamp()), beside
        self._simulated.update(simulated)
        for item in common:
            Fault.add(self._faults, item, self._now)
        touched = {id(c): c for c in self._cases if c.status in ("candidate", "open")}
        before = {number: tell.Before.of(c) for number, c in touched.items()}
        for alert in sorted(alerts, key=lambda a: (a.opened, a.entity, a.series_id, a.rule)):
            case = self._case_of(alert)
            if case is not None:
                if id(case) not in before:
                    before[id(case)] = tell.Before.of(case)
                case.join(replace(alert))
                touched[id(case)] = case
        echo.pair(list(touched.values()), failing)
        by_entity: dict[tuple[str, str], list[View]] = {}
        for view in views:
            by_entity.setdefault((view.entity, view.about), []).append(view)
        changed = []
        for case in sorted(
            touched.values(), key=lambda c: (c.entity.startswith(("asn/", "geoasn/")), c.seen, c.entity)
        ):
            told = len(case.updates)
            seen = by_entity.get((case.entity, case.about), [])
            self._advance(case, now, seen, before.get(id(case)) or tell.Before.of(case))
            if len(case.updates) > told:
                changed.append(case)
        self._cases = [c for c in self._cases if not (c.status == "candidate" and not c.live and self._cold(c))]
        for case in [c for c in changed if c.status == "open"]:
            changed += self._adopt(case, now)
        for case in changed:
            case.simulated = any(a.series_id in self._simulated for a in case.live or case.alerts.values())
            case.history = all(a.series_id in history for a in case.live or case.alerts.values())
        return [self._document(c) for c in sorted({c.id: c for c in changed}.values(), key=lambda c: c.id)]

    def retract(self, outage_id: str, now: datetime, reason: str) -> Outage:
        """Take an outage back; its page stays and says why. Raises KeyError for an id that was never published."""
        for case in self._cases:
            if case.id == outage_id:
                self._retract(case, now, reason)
                return self._document(case)
        raise KeyError(f"no outage {outage_id!r}")

    # ------------------------------------------------------------------ one case

    def _case_of(self, alert: Alert) -> Case | None:
        slow, begin = alert.rule == "slow_degradation", alert.opened
        mine = [c for c in self._cases if (c.entity, c.about, c.slow) == (alert.entity, alert.about, slow)]
        for case in mine:
            if any(a.opened == begin and a.series_id == alert.series_id for a in case.alerts.values()):
                return None if case.status == "retracted" else case  # what was taken back stays back
        if alert.withdrawn:
            return None
        mine = [c for c in mine if c.status != "retracted"]
        gap = max(MERGE, timedelta(seconds=2 * alert.step_s))
        for case in mine:
            if case.status == "open" or any(
                a.opened - JOIN <= alert.last and begin <= (a.closed or a.last) + (gap if case.id else JOIN)
                for a in case.alerts.values()
                if not a.withdrawn
            ):
                return case
        self._cases.append(Case(alert.entity, slow, self._now, alert.about))
        return self._cases[-1]

    def _advance(self, case: Case, now: datetime, views: list[View], before: tell.Before) -> None:
        silent = agree.look(case, views)
        moved = case.place()
        case.note_depth(self._now)
        if case.status == "candidate":
            rule = case.publishable()
            if rule:
                self._publish(case, now, rule)
            return
        if not [a for a in case.alerts.values() if not a.withdrawn and not a.shallow]:
            if case.status != "retracted" and case.alerts:
                self._retract(case, now, tell.why_withdrawn(case))
            return
        opened = case.open_alerts
        if case.status == "closed" and opened:
            case.status, case.end = "open", None
            tell.say(case, now, "reopened", tell.reopened(case))
        elif case.status == "open":
            tell.changes(case, now, before, silent, moved=moved)
            if not opened:
                self._close(case, now)
        case.confidence = agree.confidence(case)
        case.causes = hypotheses(facts(case, self._published(), now, self._beside))

    def _publish(self, case: Case, now: datetime, rule: str) -> None:
        case.place()
        case.name_it()
        taken = {c.id for c in self._cases if c is not case}
        while case.id in taken:
            case.id += "x"
        case.status, case.known_at, case.rule = "open", int(now.timestamp()), rule
        case.parent = self._parent(case)
        case.confidence = agree.confidence(case)
        case.causes = hypotheses(facts(case, self._published(), now, self._beside))
        for row in case.rows.values():
            row.told_blind = row.silent_since is not None
        tell.say(case, now, "opened", tell.opened(case))

    def _close(self, case: Case, now: datetime) -> None:
        ends = [a.closed for a in case.live if a.closed is not None]
        case.status, case.end = "closed", int(max(ends).timestamp())
        agree.settle(case)
        tell.say(case, now, "closed", tell.closed(case))

    def _retract(self, case: Case, now: datetime, reason: str) -> None:
        case.status, case.retraction = "retracted", reason
        case.end = case.end or int(now.timestamp())
        tell.say(case, now, "retracted", _("Retracted: {reason}").format(reason=reason))

    def _cold(self, case: Case) -> bool:
        newest = max((a.closed or a.last for a in case.alerts.values()), default=None)
        return newest is None or int((newest + MERGE).timestamp()) < self._now

    # ------------------------------------------------------------------ parents and children

    def _parent(self, case: Case) -> str | None:
        """The open outage that this one is a part of: of the country, else of the network as a whole."""
        if not entities.is_entity(case.entity):
            return None
        wanted = [entities.parent(case.entity)]
        if case.entity.startswith("geoasn/"):
            wanted.append(f"asn/{case.entity.rpartition('-')[2]}")
        for key in wanted:
            for other in self._published():
                if key and other.entity == key and other.status == "open" and other.slow == case.slow:
                    return other.id
        return None

    def _adopt(self, case: Case, now: datetime) -> list[Case]:
        """Make open outages of this entity's parts its children. -> those that changed."""
        if case.entity.partition("/")[0] not in ("country", "asn") or case.updates[-1]["kind"] not in (
            "opened",
            "reopened",
        ):
            return []
        found = []
        for other in self._published():
            if other is not case and other.status == "open" and other.parent is None and self._parent(other) == case.id:
                other.parent = case.id
                tell.say(other, now, "updated", tell.part_of(case))
                found.append(other)
        return found

    def _published(self) -> list[Case]:
        return sorted((c for c in self._cases if c.id), key=lambda c: (-c.start, c.id))

    def _document(self, case: Case) -> Outage:
        parts = [c for c in self._cases if c.id and c.parent == case.id]
        return document(case, self._now, self._simulated, parts, echo.others(case, self._cases))

    # ------------------------------------------------------------------ memory

    def dump(self) -> bytes:
        """The book as bytes; the same updates give the same bytes."""
        data: dict[str, Any] = {
            "version": VERSION,
            "now": self._now,
            "simulated": sorted(self._simulated),
            "faults": [asdict(fault) for fault in self._faults],
            "cases": [case.plain() for case in self._cases],
        }
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def load(cls, blob: bytes) -> OutageBook:
        """Read what :meth:`dump` wrote. Raises ValueError for another version."""
        data = json.loads(blob)
        if data.get("version") != VERSION:
            raise ValueError(f"book of outages of version {data.get('version')}; expected {VERSION}")
        self = cls()
        self._now = data["now"]
        self._simulated = set(data["simulated"])
        self._faults = [Fault(**fault) for fault in data["faults"]]
        self._cases = [Case.from_plain(case) for case in data["cases"]]
        return self
