"""A small steady world to break on purpose: four weeks of history taken in at once, then bin after bin."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from radar.detect import Detector, OutageBook, StepResult
from radar.detect.model import F32
from radar.entities import countries
from radar.shapes import Outage
from radar.signals import GROUPS, Group

#: A Monday that is a holiday in none of the countries here. History begins four weeks before.
NOW = datetime(2026, 2, 23, tzinfo=UTC)
COUNTRIES = [f"country/{code}" for code in countries()]


class World:
    """One group of series, fed with ``usual`` values times what a test says.

    ``usual``: value per slot; None: the series has never been seen. ``wobble``: relative noise.
    """

    def __init__(
        self,
        group: str | Group,
        entities: Sequence[str],
        usual: Sequence[float | None],
        *,
        n: float = np.nan,
        days: int = 28,
        wobble: float = 0.02,
        seed: int = 1,
    ) -> None:
        self.group = GROUPS[group] if isinstance(group, str) else group
        self.entities = list(entities)
        self.n = n
        self.wobble = wobble
        self.rng = np.random.default_rng(seed)
        self.usual = np.array([np.nan if v is None else v for v in usual], np.float32)
        self.detector = Detector(self.group)
        self.t = NOW
        self.history = np.stack([self._bin() for _ in range(days * 86_400 // self.group.grain_s)], axis=1)
        start = NOW - self.history.shape[1] * self.grain
        self.warmed = self.detector.warm(start, self.entities, self.history)

    @property
    def grain(self) -> timedelta:
        """Length of one bin."""
        return timedelta(seconds=self.group.grain_s)

    def _bin(self) -> F32:
        noise = self.rng.normal(1.0, self.wobble, (len(self.entities), self.group.width))
        return (self.usual * noise).astype(np.float32)

    def past(self, t: datetime) -> F32:
        """Clean history as the detector wants it."""
        at = self.history.shape[1] - round((self.t - t) / self.grain) + np.asarray(self.detector.lookback)
        past = self.history[:, np.clip(at, 0, self.history.shape[1] - 1)].copy()
        past[:, at < 0] = np.nan
        return past

    def step(
        self, change: dict[tuple[str, int], float] | None = None, *, all_times: Sequence[float] = ()
    ) -> StepResult:
        """One bin. ``change``: (entity, slot) -> value; ``all_times``: factor per slot, for all entities."""
        values = self._bin()
        if len(all_times):
            values *= np.asarray(all_times, np.float32)
        for (entity, slot), value in (change or {}).items():
            values[self.entities.index(entity), slot] = value
        return self.feed(values)

    def feed(self, values: F32) -> StepResult:
        """One bin of given values."""
        n = np.full(values.shape, self.n, np.float32)
        result = self.detector.step(self.t, self.entities, values, n, self.past(self.t))
        self.history = np.concatenate((self.history, result.clean[:, None]), axis=1)
        self.t += self.grain
        return result


class Radar:
    """Several worlds of one length of bin and the book that hears of them."""

    def __init__(self, *worlds: World) -> None:
        self.worlds = worlds
        self.book = OutageBook()

    def step(self, *changes: dict[tuple[str, int], float] | None, all_times: Sequence[float] = ()) -> list[Outage]:
        """One bin of every world, with the change of each. -> outages that changed."""
        given = [*changes, *([None] * (len(self.worlds) - len(changes)))]
        results = [w.step(change, all_times=all_times) for w, change in zip(self.worlds, given, strict=True)]
        return self.hear(results)

    def hear(self, results: Sequence[StepResult]) -> list[Outage]:
        """Tell the book of steps just taken."""
        alerts = [alert for result in results for alert in result.alerts]
        wanted = sorted(self.book.watched() | {alert.entity for alert in alerts})
        views = [view for w in self.worlds for view in w.detector.views(wanted)]
        commons = [item for result in results for item in result.common]
        return self.book.update(self.worlds[0].t, alerts, views, common=commons)
