"""How much each cell of the simulated world expects in each bin: the one model behind history and played hours.

``requests = country x share x day and week x slow noise x what happens``. History draws Poisson counts from it, play
draws the same counts and then writes the rows, so there is no step where one ends and the other begins.

Bins count from the first bin of the history; bin ``HISTORY_BINS`` is the first played one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from jobs.simulate.places import PROVIDER_SHARE, RTT_SCALE, Places, places, stream
from jobs.simulate.scenario import BIN, ENDS, HISTORY, SCENARIO, STARTS, Event, factor

F64 = NDArray[np.float64]

FIRST = STARTS - HISTORY
HISTORY_BINS = HISTORY // BIN
BINS = (ENDS - FIRST) // BIN
#: Slow noise is drawn every half hour, with straight lines between.
_NODE = 6
_NODES = BINS // _NODE + 2

#: Traffic by local hour, relative; the usual shape of consumer traffic: low at 4, high at 20 to 21.
_DAY = np.log([
    0.72, 0.55, 0.44, 0.39, 0.38, 0.42, 0.55, 0.74, 0.92, 1.04, 1.11, 1.14, 1.16, 1.15, 1.14, 1.15, 1.18, 1.22, 1.28,
    1.36, 1.42, 1.40, 1.26, 1.00,
])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slow:
    """Autoregressive noise of many series, given at nodes; log units."""

    nodes: NDArray[np.float32]

    def at(self, low: int, high: int) -> F64:
        """Rows x bins of ``[low, high)``."""
        x = np.arange(low, high) / _NODE
        left = x.astype(np.int64)
        part = x - left
        return np.asarray(self.nodes[:, left] * (1 - part) + self.nodes[:, left + 1] * part, dtype=np.float64)


def slow(rng: np.random.Generator, rows: int, sd: float, hours: float) -> Slow:
    """Noise with this standard deviation and this memory."""
    keep = float(np.exp(-0.5 / hours))
    steps = rng.standard_normal((_NODES, rows), dtype=np.float32) * np.float32(sd * (1 - keep**2) ** 0.5)
    steps[0] *= np.float32(1 / (1 - keep**2) ** 0.5)
    for i in range(1, _NODES):
        steps[i] += np.float32(keep) * steps[i - 1]
    return Slow(np.ascontiguousarray(steps.T))


def joined(*rows: Slow) -> Slow:
    """The noise of all these series, in this order."""
    return Slow(np.concatenate([row.nodes for row in rows]))


class Rates:
    """Expected requests, error shares and round-trip times of all cells, for any stretch of bins."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.places: Places = places(seed)
        p = self.places
        rng = stream(seed, "rhythm")
        count = len(p.codes)
        self._hours = 1.05 + 0.12 * rng.standard_normal(count)
        self._phase = 0.6 * rng.standard_normal(count)
        self._weekend = rng.uniform(-0.1, 0.05, count)
        self._trend = 0.01 * rng.standard_normal(count)
        self._country = slow(rng, count, 0.02, 3.0)
        self._weeks = slow(rng, count, 0.015, 90.0)
        self._cell = slow(rng, len(p.asns), 0.025, 4.0)
        self._rtt = slow(rng, count, 0.02, 8.0)
        self._evening = rng.uniform(0.02, 0.08, count)
        parts = stream(seed, "regions")
        regions = sum(key.startswith("region/") for key in p.ioda)  # the last ones
        wholes = len(p.ioda) - regions
        self._routes = joined(slow(rng, wholes, 0.0006, 60.0), slow(parts, regions, 0.0006, 60.0))
        self._pings = joined(slow(rng, wholes, 0.004, 6.0), slow(parts, regions, 0.004, 6.0))
        self._events = [_Effect(event, p, seed) for event in SCENARIO]

    def _local(self, low: int, high: int) -> tuple[F64, F64]:
        """Local hours since a Monday midnight of each country, and how far the evening is on (0..1)."""
        hours = (np.arange(low, high) + 0.5) * (BIN / timedelta(hours=1))
        start = FIRST.weekday() * 24.0
        local = start + hours[None, :] + self.places.utc_offset[:, None]
        evening = np.exp(-(((local % 24.0) - 20.5) ** 2) / 8.0)
        return local, evening

    def requests(self, low: int, high: int) -> F64:
        """Expected requests, cells x bins ``[low, high)``; what happens is in it."""
        p = self.places
        local, _ = self._local(low, high)
        hours = local + self._phase[:, None]
        shape = np.interp(hours.ravel() % 24.0, np.arange(25.0), np.r_[_DAY, _DAY[0]]).reshape(hours.shape)
        log = shape * self._hours[:, None] + self._weekend[:, None] * self._resting(local)
        log += self._country.at(low, high) + self._weeks.at(low, high)
        log += self._trend[:, None] * (np.arange(low, high)[None, :] - HISTORY_BINS) / 2016.0
        rate = p.requests[:, None] * np.exp(log)
        cells = rate[p.country] * p.share[:, None] * np.exp(self._cell.at(low, high))
        for effect in self._events:
            effect.requests(cells, low, high)
        # Rounded, so that the last digit of exp() on some other processor cannot change a drawn count.
        return np.asarray(np.round(cells, 5), dtype=np.float64)

    def _resting(self, local: F64) -> F64:
        day = (local // 24.0).astype(np.int64) % 7
        rest = np.zeros(local.shape)
        for i, days in enumerate(self.places.weekend):
            rest[i] = np.isin(day[i], days)
        return rest

    def errors(self, low: int, high: int) -> F64:
        """Share of failing requests, cells x bins, errors of providers not counted."""
        cells = np.repeat(self.places.errors[:, None], high - low, axis=1)
        for effect in self._events:
            effect.errors(cells, low, high)
        return np.asarray(np.round(np.clip(cells, 0.0, 0.95), 7), dtype=np.float64)

    def provider_errors(self, low: int, high: int) -> F64:
        """Share of requests that fail because of the provider, providers x bins."""
        extra = np.zeros((len(self.places.providers), high - low))
        for effect in self._events:
            effect.provider_errors(extra, low, high)
        return extra

    def rtt_log(self, low: int, high: int) -> F64:
        """Log of the median round-trip time in ms, countries x bins; add ``places.rtt_offset`` for a cell."""
        _, evening = self._local(low, high)
        log = self.places.rtt_log[:, None] + self._rtt.at(low, high) + self._evening[:, None] * evening
        for effect in self._events:
            effect.rtt(log, low, high)
        return np.round(log, 7)

    def routes(self, low: int, high: int) -> F64:
        """Visible /24 blocks, ``places.ioda`` x bins, whole numbers."""
        return self._blocks("routes", self.places.ioda_24s, self._routes, low, high)

    def pings(self, low: int, high: int) -> F64:
        """/24 blocks that answer, ``places.ioda`` x bins, whole numbers; only even bins are ever published."""
        return self._blocks("pings", self.places.ioda_pings, self._pings, low, high)

    def _blocks(self, plane: str, size: F64, noise: Slow, low: int, high: int) -> F64:
        values = size[:, None] * np.exp(noise.at(low, high))
        for effect in self._events:
            effect.blocks(plane, values, size, low, high)
        return np.floor(np.round(values, 3) + 0.5)

    def provider_median(self, low: int, high: int, requests: F64) -> tuple[F64, F64]:
        """Median (ms) and density at the median (1/log unit) of the round-trip times of all requests together.

        A provider serves all cells, each with its own log-logistic spread, so its median is that of the mixture. It is
        found once an hour by halving; straight lines lie between.
        """
        p = self.places
        hours = np.arange(low, high, 12)
        log = self.rtt_log(low, high)[:, ::12][p.country] + p.rtt_offset[:, None]
        weight = requests[:, ::12] / requests[:, ::12].sum(axis=0)
        left, right = np.full(len(hours), 1.0), np.full(len(hours), 7.0)
        for _ in range(24):
            middle = (left + right) / 2
            below = (weight / (1 + np.exp((log - middle) / RTT_SCALE))).sum(axis=0)
            left, right = np.where(below < 0.5, middle, left), np.where(below < 0.5, right, middle)
        middle = (left + right) / 2
        tail = 1 / (1 + np.exp((log - middle) / RTT_SCALE))
        density = (weight * tail * (1 - tail)).sum(axis=0) / RTT_SCALE
        bins = np.arange(low, high)
        return np.exp(np.interp(bins, hours, middle)), np.interp(bins, hours, density)


class _Effect:
    """One event of the scenario, resolved to cells."""

    def __init__(self, event: Event, p: Places, seed: int) -> None:
        self.event = event
        self.countries = [p.codes.index(key[8:]) for key in event.entities if key.startswith("country/")]
        asns = [int(key[4:]) for key in event.entities if key.startswith("asn/")]
        everywhere = not event.entities
        self.cells = np.flatnonzero(everywhere | np.isin(p.country, self.countries) | np.isin(p.asns, asns))
        self.providers = [p.providers.index(key[9:]) for key in event.entities if key[9:] in p.providers]
        unit = stream(seed, "spread", *event.id.encode()).uniform(-1, 1, len(self.cells))
        weight = p.share[self.cells] / p.share[self.cells].sum()
        self.exponent = 1 + event.spread * (unit - (unit * weight).sum())  # the whole keeps the published figure
        inside = {f"asn/{p.asns[cell]}" for cell in self.cells if p.asns[cell]} if not everywhere else set()
        named = set(event.entities) | inside
        self.ioda = [i for i, key in enumerate(p.ioda) if key in named]
        # A network's loss is also its country's, by the blocks that it announces; so is a region's.
        self.ioda_parents = [
            (p.ioda.index(f"country/{p.codes[p.country[cell]]}"), p.ioda.index(f"asn/{p.asns[cell]}"))
            for cell in self.cells
            if asns and f"asn/{p.asns[cell]}" in p.ioda
        ] + [
            (p.ioda.index(f"country/{key[7:9]}"), p.ioda.index(key))
            for key in event.entities
            if key.startswith("region/") and f"country/{key[7:9]}" not in event.entities
        ]

    def _factors(self, name: str, low: int, high: int) -> F64 | None:
        """The curve's value in each bin, or None when it is 1 throughout (0 for errors)."""
        curve = getattr(self.event, name)
        first = (self.event.start - FIRST) // BIN
        last = BINS if self.event.end is None else (self.event.end - FIRST) // BIN
        if not curve or (not self.event.nightly and (high <= first or low >= last)):
            return None
        bins = np.arange(low, high)
        minutes = (bins - first + 0.5) * 5.0
        if self.event.nightly:
            minutes %= 1440.0
        inside = (minutes >= 0) & (minutes < (last - first) * 5.0)
        usual = 0.0 if name == "errors" else 1.0
        return np.array([factor(curve, m) if yes else usual for m, yes in zip(minutes, inside, strict=True)])

    def requests(self, cells: F64, low: int, high: int) -> None:
        factors = self._factors("requests", low, high)
        if factors is not None:
            cells[self.cells] *= factors[None, :] ** self.exponent[:, None]

    def errors(self, cells: F64, low: int, high: int) -> None:
        factors = None if self.providers else self._factors("errors", low, high)
        if factors is not None:
            cells[self.cells] += factors[None, :]

    def provider_errors(self, extra: F64, low: int, high: int) -> None:
        factors = self._factors("errors", low, high) if self.providers else None
        if factors is not None:
            extra[self.providers] += factors[None, :]

    def rtt(self, log: F64, low: int, high: int) -> None:
        factors = self._factors("rtt", low, high)
        if factors is not None:
            log[self.countries] += np.log(factors)[None, :]

    def blocks(self, plane: str, values: F64, size: F64, low: int, high: int) -> None:
        factors = self._factors(plane, low, high)
        if factors is None:
            return
        values[self.ioda] *= factors[None, :]
        for country, network in self.ioda_parents:
            values[country] *= 1 - (1 - factors) * (size[network] / size[country])


def provider_shares(p: Places) -> F64:
    """Share of all requests by provider, in the order of ``p.providers``."""
    return np.array([PROVIDER_SHARE[name] for name in p.providers])
