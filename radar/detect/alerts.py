"""Alerts that open and close by several bins in a row, and survive a restart.

An alert opens after two bins (and ten minutes) beyond score and gate, a burst and evaluated routes after one, and
closes after two bins (and ten minutes) near normal. Without data it stays as it is: silence is not health. Kept beside
the detector's arrays; a day after it closed an alert is forgotten.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from radar.detect.model import F32, Alert
from radar.detect.profiles import ADOPT_DEEP_S, ADOPT_SHALLOW_S, Profiles
from radar.detect.rules import BY_PROFILE
from radar.detect.score import B2, Scored
from radar.detect.state import State
from radar.signals import Group

#: Earlier bins this far down (log units) belong to the alert that has just opened.
ONSET = float(np.log(0.85))
#: Alerts this young are withdrawn when their series turns out to be impaired.
YOUNG = timedelta(minutes=30)
KEPT = timedelta(days=1)
#: So many bins may be missing between two that count as "in a row".
MISSED_BINS = 3
TIMES = ("opened", "last", "last_good", "closed", "deep_last")

#: The rule of an alert that tells of a rise.
LOAD = "load_rise"

Key = tuple[int, int, str]  # row, slot, "" or "slow"


class AlertDesk:
    """Open alerts by (row, slot, kind), and those closed within a day."""

    def __init__(self, group: Group, p: Profiles) -> None:
        self.group = group
        self.p = p
        self.open: dict[Key, Alert] = {}
        self.closed: list[tuple[Key, Alert]] = []

    def time(self, number: int) -> datetime:
        """Start of a bin."""
        return datetime.fromtimestamp(number * self.group.grain_s, UTC)

    def advance(self, state: State, number: int, ok: B2, fire: B2, calm: B2, scored: Scored, x: F32, mu: F32,
                lost: F32, own_fault: B2) -> list[Alert]:  # fmt: skip
        """Open, follow and close alerts by one bin. -> those that changed. ``ok``: bins that can be judged."""
        trouble = fire | (ok & scored.shallow)
        # a bin that did not come says nothing: what was counted stands for a while
        missed = ~ok & (state.seen < number) & (number - state.seen <= MISSED_BINS)
        state.bad = np.where(missed, state.bad, _count(trouble, state.bad))
        state.strong = np.where(missed, state.strong, _count(ok & scored.strong, state.strong))
        state.calm = np.where(ok, _count(calm, state.calm), state.calm)
        ripe = ((state.bad >= self.p.opens) | (state.strong >= self.p.fast)) & (
            trouble & (state.state == 0) | fire & (state.state == 1)
        )
        changed = [
            self._begin(state, number, int(row), int(slot), bool(fire[row, slot]), scored)
            for row, slot in np.argwhere(ripe)
        ]
        for key in [k for k in self.open if not k[2]]:
            row, slot, _ = key
            alert = self.open[key]
            if own_fault[0, slot]:
                if alert.opened >= self.time(number) - YOUNG:
                    alert.withdrawn = "own_fault"
                    changed.append(self._end(state, key, number))
            elif ok[row, slot]:
                self._follow(state, key, number, bool(fire[row, slot]), bool(calm[row, slot]), scored, x, mu, lost)
                if state.calm[row, slot] >= self.p.persist:
                    changed.append(self._end(state, key, number))
                elif self._is_old_news(alert, number):
                    if self.p.log[slot]:
                        state.level[row, slot] += scored.windows[-1, row, slot]
                        state.anchor[row, slot] = state.level[row, slot]
                    alert.adopted = True
                    changed.append(self._end(state, key, number))
        return changed

    def loaded(self, shape: tuple[int, ...]) -> B2:
        """Where a rise is open: what is normal again lies below it, not above."""
        where = np.zeros(shape, bool)
        for (row, slot, _), alert in self.open.items():
            where[row, slot] = alert.rule == LOAD
        return where

    def disprove(self, state: State, t: datetime, calm: B2) -> list[Alert]:
        """A bin came again and is normal where ``calm``: alerts that keep too few affected bins are withdrawn."""
        changed = []
        for key, alert in sorted([*self.open.items(), *self.closed], key=lambda item: item[0]):
            row, slot, kind = key
            if kind or alert.withdrawn or not calm[row, slot] or not alert.opened <= t <= alert.last:
                continue
            alert.bins -= 1
            if alert.bins < self.p.opens[slot]:
                alert.withdrawn = "corrected"
                changed.append(alert)
                if alert.closed is None:
                    self._clear(state, row, slot)
                    self.close(key, alert.last + timedelta(seconds=alert.step_s), t)
        return changed

    def close(self, key: Key, end: datetime, now: datetime) -> Alert:
        """Close an alert at ``end``, the end of its last affected bin."""
        alert = self.open.pop(key)
        alert.closed = end
        self.closed = [(k, a) for k, a in self.closed if a.closed is not None and a.closed >= now - KEPT]
        self.closed.append((key, alert))
        return alert

    # ------------------------------------------------------------------ one alert

    def _begin(self, state: State, number: int, row: int, slot: int, deep: bool, scored: Scored) -> Alert:
        key = (row, slot, "")
        state.state[row, slot] = 2 if deep else 1
        state.calm[row, slot] = 0
        if key in self.open:  # it was shallow until now
            self.open[key].shallow = False
            return self.open[key]
        first = number - int(state.bad[row, slot]) + 1
        up = bool(scored.up[row, slot])
        first, last_good = self._onset(state, first, number, row, slot, float(scored.spread[row, slot]), up=up)
        if last_good is None and state.first[row, slot] < first:
            last_good = first - 1
        self.open[key] = Alert(
            entity=state.entities[row],
            series_id=self.group.series[slot],
            rule=LOAD if up else self._rule(slot),
            opened=self.time(first),
            last=self.time(number),
            last_good=None if last_good is None else self.time(last_good),
            step_s=self.group.grain_s,
            bins=number - first,  # the newest is counted when it is followed
            shallow=not deep,
        )
        return self.open[key]

    def _rule(self, slot: int) -> str:
        signal = self.p.signals[slot]
        if self.p.evaluated[slot]:
            return "routes_withdrawn_now"
        return "routes_withdrawn" if self.p.routes[slot] else BY_PROFILE[signal.profile] if signal else ""

    def _onset(
        self, state: State, first: int, number: int, row: int, slot: int, spread: float, *, up: bool
    ) -> tuple[int, int | None]:
        """First bin of the fall (or rise), and the last normal one before it: it may have begun before the alert's own
        bins."""
        size = state.lead["R"]
        bound = np.exp(max(-ONSET, 2.5 * spread) if up else min(ONSET, -2.5 * spread))
        for k in range(first - 1, number - size, -1) if self.p.log[slot] else ():
            mu = float(state.ring_mu[k % size, row, slot])
            if mu > 0:
                x = float(state.ring_x[k % size, row, slot])
                if (x < bound * mu) if up else (x > bound * mu):
                    return first, k
                first = k
        return first, None

    def _follow(self, state: State, key: Key, number: int, fire: bool, calm: bool, scored: Scored, x: F32, mu: F32,
                lost: F32) -> None:  # fmt: skip
        row, slot, _ = key
        t, alert = self.time(number), self.open[key]
        newest = round(float(lost[row, slot]), 4)
        alert.held = max(alert.loss, newest) if alert.loss is not None else newest
        alert.loss = newest
        alert.value, alert.baseline = float(x[row, slot]), float(mu[row, slot])
        if fire:
            alert.deep_last = t
            alert.publishable |= bool(state.strong[row, slot] >= min(self.p.fast, self.p.opens[slot]))
        if fire or not calm:
            alert.last = t
            alert.bins += 1
            below = bool(self.p.log[slot] and scored.windows[-1, row, slot] < self.p.log_gate[slot])
            alert.publishable |= below and alert.bins >= self.p.sustained and not alert.shallow
            alert.depth = max(alert.depth, newest)
            z = float(scored.z[row, slot])
            alert.score_min = min(alert.score_min, round(-abs(z) if alert.rule == LOAD else z, 3))

    def _is_old_news(self, alert: Alert, number: int) -> bool:
        """So long on a new level that this is what is normal now: 7 days of a shallow loss or a rise, 90 of a deep
        loss."""
        t = self.time(number)
        if alert.rule == LOAD:
            return (t - alert.opened).total_seconds() > ADOPT_SHALLOW_S
        since = alert.deep_last or alert.opened
        return (t - since).total_seconds() > ADOPT_SHALLOW_S or (t - alert.opened).total_seconds() > ADOPT_DEEP_S

    def _end(self, state: State, key: Key, number: int) -> Alert:
        self._clear(state, key[0], key[1])
        return self.close(key, self.open[key].last + timedelta(seconds=self.group.grain_s), self.time(number))

    def _clear(self, state: State, row: int, slot: int) -> None:
        """Forget the bins of an alert that is over: they must not open the next one."""
        state.state[row, slot] = state.bad[row, slot] = state.strong[row, slot] = 0
        state.ring_x[:, row, slot] = 0.0
        state.ring_mu[:, row, slot] = 0.0

    # ------------------------------------------------------------------ memory

    def dump(self) -> dict[str, Any]:
        """As plain JSON, in a fixed order."""
        return {
            "open": [[list(key), plain_alert(alert)] for key, alert in sorted(self.open.items(), key=lambda kv: kv[0])],
            "closed": [[list(key), plain_alert(alert)] for key, alert in self.closed],
        }

    def restore(self, data: dict[str, Any]) -> None:
        """Read what :meth:`dump` gave."""
        self.open = {_key(key): alert_from_plain(plain) for key, plain in data["open"]}
        self.closed = [(_key(key), alert_from_plain(plain)) for key, plain in data["closed"]]


def plain_alert(alert: Alert) -> dict[str, Any]:
    """An alert as JSON: times in seconds since the epoch."""
    return {k: int(v.timestamp()) if isinstance(v, datetime) else v for k, v in asdict(alert).items()}


def alert_from_plain(data: dict[str, Any]) -> Alert:
    """Read what :func:`plain_alert` gave."""
    times = {k: datetime.fromtimestamp(data[k], UTC) for k in TIMES if data[k] is not None}
    return Alert(**(data | times))


def _count(now: B2, before: Any) -> Any:
    """Bins in a row, as int16 that never runs over."""
    return np.where(now, np.minimum(before, 30_000) + 1, 0).astype(np.int16)


def _key(raw: list[Any]) -> Key:
    return int(raw[0]), int(raw[1]), str(raw[2])
