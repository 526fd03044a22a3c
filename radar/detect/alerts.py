"""Alerts that open and close by several bins in a row, and survive a restart.

Opens after two bins (and ten minutes) beyond score and gate; closes after as many bins near normal. Without data an alert
stays as it is: silence is not health. Kept beside the detector's arrays; a day after it closed an alert is forgotten.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from radar.detect.model import Alert

KEPT = timedelta(days=1)
TIMES = ("opened", "last", "last_good", "closed", "deep_last")

Key = tuple[int, int, str]  # row, slot, "" or "slow"


class AlertDesk:
    """Open alerts by (row, slot, kind), and those closed within a day."""

    def __init__(self) -> None:
        self.open: dict[Key, Alert] = {}
        self.closed: list[tuple[Key, Alert]] = []

    def start(self, key: Key, alert: Alert) -> Alert:
        """Take in a new alert."""
        self.open[key] = alert
        return alert

    def close(self, key: Key, end: datetime, now: datetime) -> Alert:
        """Close an alert at ``end``, the end of its last affected bin."""
        alert = self.open.pop(key)
        alert.closed = end
        self.closed = [(k, a) for k, a in self.closed if a.closed is not None and a.closed >= now - KEPT]
        self.closed.append((key, alert))
        return alert

    def withdraw(self, key: Key, why: str, now: datetime) -> Alert:
        """Close an open alert as not one after all."""
        alert = self.close(key, now, now)
        alert.withdrawn = why
        return alert

    def covering(self, row: int, slot: int, t: datetime) -> list[tuple[Key, Alert]]:
        """Alerts of a series, open or not long closed, that count the bin at ``t`` among their own."""
        mine = [(k, a) for k, a in (*self.open.items(), *self.closed) if k[:2] == (row, slot) and not k[2]]
        return [(k, a) for k, a in mine if not a.withdrawn and a.opened <= t <= a.last]

    def dump(self) -> dict[str, Any]:
        """As plain JSON, in a fixed order."""
        return {
            "open": [[list(key), plain_alert(alert)] for key, alert in sorted(self.open.items(), key=lambda kv: kv[0])],
            "closed": [[list(key), plain_alert(alert)] for key, alert in self.closed],
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> AlertDesk:
        """Read what :meth:`dump` gave."""
        self = cls()
        self.open = {_key(key): alert_from_plain(plain) for key, plain in data["open"]}
        self.closed = [(_key(key), alert_from_plain(plain)) for key, plain in data["closed"]]
        return self


def _key(raw: list[Any]) -> Key:
    return int(raw[0]), int(raw[1]), str(raw[2])


def plain_alert(alert: Alert) -> dict[str, Any]:
    """An alert as JSON: times in seconds since the epoch."""
    return {k: int(v.timestamp()) if isinstance(v, datetime) else v for k, v in asdict(alert).items()}


def alert_from_plain(data: dict[str, Any]) -> Alert:
    """Read what :func:`plain_alert` gave."""
    return Alert(**{k: datetime.fromtimestamp(v, UTC) if k in TIMES and v is not None else v for k, v in data.items()})
