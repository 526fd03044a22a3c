"""The injection generator: worlds of entities with a rhythm, outages put into them, and what must not be called one.

Each world (:data:`WORLDS`) is a table row: grain, signal, size of its entities, share of bins that never came. A seed
and a row give the same rows and labels, to the last bit. The seeds and the countries of tuning and of report have
nothing in common (:data:`SEEDS`, ``rhythm.TUNING``, ``rhythm.REPORT``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from radar.detect.exam.rhythm import DAY_S, HOUR_S, REPORT, TUNING, Habits, Place, usual
from radar.detect.scorecard import Label

SeedSet = Literal["tuning", "report"]
Kind = Literal["country", "region", "geoasn"]
F64 = npt.NDArray[np.float64]

#: Seeds that thresholds were looked at with, and seeds that only the report sees: these and their countries were drawn
#: after the last change of the detector (those of the reports before, 77_003_517, 41_927_068,
#: 79_524_229, 56_120_883 and 90_312_467, had been seen).
SEEDS: dict[SeedSet, int] = {"tuning": 20_260_101, "report": 61_508_243}

#: History without events at the start of a world.
CALM_DAYS = 15
#: Quiet time between two things that happen to one entity.
APART_S = 18 * HOUR_S
#: How long outages last, and how often each.
DURATIONS_S = (600, 900, 1800, 3600, 3 * HOUR_S, 12 * HOUR_S, DAY_S, 3 * DAY_S, 10 * DAY_S, 30 * DAY_S)
DURATION_ODDS = (0.10, 0.14, 0.16, 0.16, 0.16, 0.12, 0.08, 0.05, 0.02, 0.01)
DEPTHS = (0.3, 0.5, 0.7, 0.9, 1.0)
DEPTH_ODDS = (0.2, 0.2, 0.2, 0.2, 0.2)
#: An event can be seen where what is lost in its first hours stands out of the noise of counting by so many deviations.
VISIBLE, VISIBLE_S = 6.0, 6 * HOUR_S
#: Shorter ones, and those of which fewer bins came, cannot be told from a bin that was counted wrongly.
LEAST_BINS, LEAST_S = 2, 600
HAZARDS = ("bot_spike", "level_up", "level_down", "campaign", "gap", "late")
HAZARD_ODDS = (0.3, 0.15, 0.15, 0.15, 0.15, 0.10)


@dataclass(frozen=True, slots=True)
class World:
    """One row of the table. ``volume``: smallest and largest mean count of a bin; for ``index`` worlds that of the
    counts behind it. ``missing``: share of bins that never came. ``index``: normalised to 100, one decimal."""

    name: str
    kind: Kind
    grain_s: int
    start: datetime
    days: int
    entities: int
    signal: str
    volume: tuple[float, float]
    missing: float = 0.0
    index: bool = False
    rhythm: bool = True


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


#: Spring of 2026: Ramadan, clock changes of both hemispheres, Easter. Autumn of 2025: clocks go back, Thanksgiving.
WORLDS = (
    World("countries, 5 min", "country", 300, _at(2026, 1, 26), 72, 16, "edge.requests", (200, 20_000)),
    World("networks, 5 min", "geoasn", 300, _at(2026, 1, 26), 72, 32, "edge.requests", (3, 3_000)),
    World("countries, 1 min", "country", 60, _at(2026, 2, 23), 36, 16, "edge.requests", (40, 4_000)),
    World("regions, 5 min, 20 % missing", "region", 300, _at(2026, 1, 26), 72, 16, "edge.requests", (40, 4_000), 0.2),
    World("networks, hourly", "geoasn", 3600, _at(2025, 9, 8), 98, 48, "edge.requests", (3, 20_000)),
    World("countries, 30 min, index", "country", 1800, _at(2026, 1, 19), 84, 16, "google.search_norm",
          (2_000, 60_000), 0.03, index=True),
    World("countries, hourly, index, 20 % missing", "country", 3600, _at(2025, 9, 8), 98, 16, "google.search_norm",
          (5_000, 90_000), 0.2, index=True),
    World("countries, pings, 10 min", "country", 600, _at(2026, 1, 26), 60, 16, "ping.up_24s", (25, 20_000),
          rhythm=False),
)  # fmt: skip


@dataclass(slots=True)
class Sample:
    """What a world gave. ``rows``: SIGNALS with timebin, entity, signal, value, n. ``volumes``: mean count of a bin by
    entity, as it was drawn."""

    world: World
    rows: pl.DataFrame
    labels: list[Label]
    volumes: dict[str, float] = field(default_factory=dict)


def generate(world: World, seeds: SeedSet, turn: int = 0) -> Sample:
    """Rows and labels of a world; ``turn``: another one of the same kind. The same arguments give the same answer."""
    rng = np.random.default_rng([SEEDS[seeds], *world.name.encode(), turn])
    places = TUNING if seeds == "tuning" else REPORT
    bins = world.days * DAY_S // world.grain_s
    first = int(world.start.timestamp())
    sample = Sample(world, pl.DataFrame(), [])
    shared = _pipeline(world, rng, bins)
    frames = []
    for number in range(world.entities):
        place = places[number % len(places)]
        key = _key(world.kind, place, number // len(places))
        low, high = (math.log(v) for v in world.volume)
        volume = math.exp(rng.uniform(low, high))
        mean = volume * _mean(world, place, rng, first, bins)
        entity = _Entity(world, key, rng, mean, sample.labels)
        entity.happen()
        values = entity.draw(shared)
        sample.volumes[key] = volume
        there = np.flatnonzero(np.isfinite(values))
        frames.append(pl.DataFrame({
            "timebin": pl.Series((first + there * world.grain_s) * 1_000_000, dtype=pl.Int64).cast(
                pl.Datetime("us", "UTC")),
            "entity": pl.repeat(key, len(there), dtype=pl.String, eager=True),
            "signal": pl.repeat(world.signal, len(there), dtype=pl.String, eager=True),
            "value": values[there],
            "n": pl.repeat(None, len(there), dtype=pl.UInt32, eager=True),
        }))  # fmt: skip
    for begin, end, _depth in shared:
        for key in sample.volumes:
            sample.labels.append(_label(world, key, begin, end, "pipeline_dip", kind="must_not_fire"))
    sample.labels = [replace(label, row=row) for row, label in enumerate(sample.labels, start=2)]
    sample.rows = pl.concat(frames)
    return sample


def labels_table(labels: Sequence[Label]) -> pl.DataFrame:
    """Labels as the CSV that ``radar backtest --labels`` reads."""
    return pl.DataFrame({
        "entity": [x.entity for x in labels],
        "start": [f"{x.start:%Y-%m-%dT%H:%M:%SZ}" for x in labels],
        "end": [f"{x.end:%Y-%m-%dT%H:%M:%SZ}" if x.end else None for x in labels],
        "start_latest": [f"{x.start_latest:%Y-%m-%dT%H:%M:%SZ}" if x.start_latest else None for x in labels],
        "cause": [x.cause for x in labels],
        "depth": [x.depth for x in labels],
        "scoreable": [x.scoreable for x in labels],
        "kind": [x.kind for x in labels],
    })  # fmt: skip


# ---------------------------------------------------------------------- one entity


@dataclass(slots=True)
class _Entity:
    """One entity's mean, and what is done to it."""

    world: World
    key: str
    rng: np.random.Generator
    mean: F64
    labels: list[Label]
    factor: F64 = field(init=False)
    lost: npt.NDArray[np.bool_] = field(init=False)
    busy: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.factor = np.ones(len(self.mean))
        self.lost = self.rng.random(len(self.mean)) < self.world.missing

    def happen(self) -> None:
        """Outages and hazards, at times that do not touch each other."""
        if self.rng.random() < 0.08:
            self._starts_inside()
        weeks = (self.world.days - CALM_DAYS) / 7
        for _ in range(1 + int(self.rng.poisson(0.45 * weeks))):
            self._outage()
        if self.rng.random() < 0.25:
            self._brown_out()
        for _ in range(1 + int(self.rng.poisson(0.35 * weeks))):
            getattr(self, f"_{self.rng.choice(HAZARDS, p=HAZARD_ODDS)}")()

    def draw(self, shared: Sequence[tuple[int, int, float]]) -> F64:
        """Values of all bins; NaN where none came."""
        grain, size = self.world.grain_s, len(self.mean)
        wobble = self.rng.uniform(0.01, 0.04) if self.world.rhythm else self.rng.uniform(0.001, 0.006)
        noise = drift(self.rng, size, math.exp(-grain / (3 * HOUR_S)), wobble)
        noise += drift(self.rng, size, math.exp(-grain / (3 * DAY_S)), wobble)
        mean = self.mean * self.factor * np.exp(noise)
        for begin, end, depth in shared:
            mean[begin:end] *= 1 - depth
        values = self.rng.poisson(mean).astype(np.float64) if self.world.rhythm else np.round(mean)
        values[self.lost] = np.nan
        if self.world.index:
            values = np.round(100 * values / np.nanmax(values), 1)
        return values

    # -- outages

    def _outage(self) -> None:
        seconds = int(self.rng.choice(DURATIONS_S, p=DURATION_ODDS))
        depth = float(self.rng.choice(DEPTHS, p=DEPTH_ODDS))
        place = self._room(max(1, round(seconds / self.world.grain_s)))
        if place is not None:
            self.factor[slice(*place)] *= 1 - depth
            self._tell(*place, depth, "total" if depth >= 0.9 else "partial")

    def _brown_out(self) -> None:
        """A slide over hours, a day below, a slide back."""
        slide = round(int(self.rng.integers(6, 37)) * HOUR_S / self.world.grain_s)
        depth = float(self.rng.choice((0.5, 0.7)))
        place = self._room(slide + round(DAY_S / self.world.grain_s))
        if place is not None:
            begin, end = place
            size = end - begin
            ramp = np.minimum(np.arange(size) / slide, np.minimum(1.0, (size - np.arange(size)) / (slide / 4)))
            self.factor[begin:end] *= 1 - depth * ramp
            self._tell(begin, end, depth, "brown-out", latest=begin + round(slide * 0.3 / depth))

    def _starts_inside(self) -> None:
        """The series begins while the entity is down."""
        end = round(self.rng.integers(6, 72) * HOUR_S / self.world.grain_s)
        self.factor[:end] *= 0.1
        self.labels.append(_label(self.world, self.key, 0, end, "starts inside", depth=0.9, scoreable="no_coverage"))

    # -- what must not fire

    def _bot_spike(self) -> None:
        place = self._room(round(self.rng.choice((900, HOUR_S, 6 * HOUR_S)) / self.world.grain_s) or 1)
        if place is not None:
            self.factor[slice(*place)] *= float(self.rng.uniform(2, 20))
            self._must_not(*place, "bot_spike")

    def _level_up(self) -> None:
        self._level(float(self.rng.uniform(1.15, 1.8)), "level_shift")

    def _level_down(self) -> None:
        self._level(float(self.rng.uniform(0.84, 0.95)), "level_shift")

    def _level(self, factor: float, cause: str) -> None:
        place = self._room(round(DAY_S / self.world.grain_s))
        if place is not None:
            self.factor[place[0] :] *= factor
            self._must_not(*place, cause)

    def _campaign(self) -> None:
        """More than usual for some days, then back to what was usual before."""
        place = self._room(round(int(self.rng.integers(2, 9)) * DAY_S / self.world.grain_s))
        if place is not None:
            self.factor[slice(*place)] *= float(self.rng.uniform(1.3, 1.7))
            self._must_not(*place, "campaign")

    def _gap(self) -> None:
        place = self._room(int(self.rng.integers(1, 13)))
        if place is not None:
            self.lost[slice(*place)] = True
            self._must_not(*place, "gap")

    def _late(self) -> None:
        """Bins that were closed before all of their data had come; never two in a row."""
        place = self._room(round(6 * HOUR_S / self.world.grain_s) or 1)
        if place is not None:
            self.factor[place[0] : place[1] : 5] *= 0.5
            self._must_not(*place, "late")

    # -- parts

    def _room(self, size: int) -> tuple[int, int] | None:
        grain = self.world.grain_s
        first, last = CALM_DAYS * DAY_S // grain, len(self.mean) - size - 6 * HOUR_S // grain
        apart = APART_S // grain
        for _ in range(20):
            if last <= first:
                return None
            begin = int(self.rng.integers(first, last))
            if all(begin > e + apart or begin + size + apart < b for b, e in self.busy):
                self.busy.append((begin, begin + size))
                return begin, begin + size
        return None

    def _tell(self, begin: int, end: int, depth: float, cause: str, latest: int | None = None) -> None:
        early = self.mean[begin : min(end, begin + VISIBLE_S // self.world.grain_s)].sum()
        came = end - begin - int(self.lost[begin:end].sum())
        seen = depth * math.sqrt(early) >= VISIBLE and came >= LEAST_BINS
        seen &= (end - begin) * self.world.grain_s >= LEAST_S
        self.labels.append(
            _label(
                self.world, self.key, begin, end, cause, depth=depth, latest=latest,
                scoreable="yes" if seen else "no_coverage",
            )
        )  # fmt: skip

    def _must_not(self, begin: int, end: int, cause: str) -> None:
        self.labels.append(_label(self.world, self.key, begin, end, cause, kind="must_not_fire"))


# ---------------------------------------------------------------------- parts


def _mean(world: World, place: Place, rng: np.random.Generator, first: int, bins: int) -> F64:
    habits = Habits.draw(rng)
    growth = np.exp(np.linspace(0.0, rng.normal(0.0, 0.08), bins))
    if not world.rhythm:
        return growth
    return growth * usual(place, habits, first, world.grain_s, bins)


def _pipeline(world: World, rng: np.random.Generator, bins: int) -> list[tuple[int, int, float]]:
    """Dips that all entities share: our own measurement. Worlds of regions of one country have none."""
    found = []
    for _ in range(3):
        begin = int(rng.integers(CALM_DAYS * DAY_S // world.grain_s, bins))
        size = max(1, round(int(rng.choice((600, 1800, 5400))) / world.grain_s))
        found.append((begin, min(bins, begin + size), float(rng.uniform(0.3, 0.9))))
    return found


def drift(rng: np.random.Generator, size: int, keep: float, sigma: float) -> F64:
    """A first-order autoregression of standard deviation ``sigma``: each of ``size`` keeps so much of the last."""
    steps = rng.normal(0.0, sigma * math.sqrt(1 - keep * keep), size)
    steps[0] = rng.normal(0.0, sigma)
    out, before = np.empty(size), 0.0
    block = max(1, int(-30 / math.log(keep)))  # so that the powers below stay within what a float holds
    power = keep ** np.arange(1, block + 1)
    for begin in range(0, size, block):
        part = steps[begin : begin + block]
        scale = power[: len(part)]
        out[begin : begin + block] = scale * (before + np.cumsum(part / scale))
        before = float(out[min(size, begin + block) - 1])
    return out


def _key(kind: Kind, place: Place, copy: int) -> str:
    if kind == "country":
        return f"country/{place.code}"
    return f"region/{place.code}-X{copy}" if kind == "region" else f"geoasn/{place.code}-{64_512 + copy}"


def _label(
    world: World, key: str, begin: int, end: int, cause: str, *, depth: float | None = None,
    latest: int | None = None, scoreable: str = "yes", kind: str = "outage",
) -> Label:  # fmt: skip
    def time(number: int) -> datetime:
        return datetime.fromtimestamp(world.start.timestamp() + number * world.grain_s, UTC)

    return Label(
        row=0, entity=key, start=time(begin), end=time(end), cause=cause, depth=depth, scoreable=scoreable, kind=kind,
        start_latest=None if latest is None else time(latest),
    )  # fmt: skip
