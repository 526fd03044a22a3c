"""Hours at the simulated edge: 28 days of history, and the played hours from the very lines that were played.

The history is drawn hour by hour from the rates that the played bins use. Round-trip times of a cell are log-logistic
(``places.RTT_SCALE``) and delivery rates log-normal, as ``jobs.simulate.play`` draws them, so that the percentiles of
an hour and the interval of its median follow from the number of values; what is drawn is the noise of the median.

In the played hours nothing is drawn: the lines of each bin become histogram cells (``radar.sketch``), and those of
twelve bins make the hour. A network within one country is told of where ``seen_entities`` tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from jobs.simulate.history import F32, seen_entities
from jobs.simulate.places import RTT_SCALE, stream
from jobs.simulate.rates import F64, FIRST, HISTORY_BINS, Rates
from radar.aggregate.bins import Block
from radar.signals import GROUPS, SLOTS, series_id
from radar.sketch import Z, cell_of, quantiles

#: Bins of one hour, and hours of the history.
PER_HOUR = 12
HOURS = HISTORY_BINS // PER_HOUR
#: Share of answers that are large enough to be timed, and the spread of their rates (see ``play``).
_LARGE_SHARE = 0.112
_RATE_AT_20MS, _RATE_POWER, _RATE_SIGMA = 4.6, 0.5, 0.63
#: Fewer values than this make no percentile.
FEWEST = 10
_SHARES = (0.25, 0.5, 0.75, 0.95)
#: Of the normal distribution at ``_SHARES``.
_NORMAL = (-0.674, 0.0, 0.674, 1.645)
_CHUNK = 2016


def history(rates: Rates) -> tuple[Block, Block]:
    """The hours of the 28 days, groups ``edgehour`` and ``edgerate``, of all but the providers.

    Values are what ``edge_logs`` would say; ``n`` is not kept. NaN where there were too few values.
    """
    entities = [entity for entity in seen_entities(rates) if entity.cells]
    p = rates.places
    cells = len(p.asns)
    requests = np.zeros((cells, HOURS))
    for low in range(0, HISTORY_BINS, _CHUNK):
        part = rates.requests(low, low + _CHUNK)
        requests[:, low // PER_HOUR : (low + _CHUNK) // PER_HOUR] = part.reshape(cells, -1, PER_HOUR).sum(axis=2)
    log = rates.rtt_log(0, HISTORY_BINS).reshape(len(p.codes), HOURS, PER_HOUR).mean(axis=2)
    rng = stream(rates.seed, "hours")
    counts = np.empty((len(entities), HOURS))
    medians = np.empty((len(entities), HOURS))
    for row, entity in enumerate(entities):
        mine = list(entity.cells)
        volume = requests[mine]
        counts[row] = rng.poisson(volume.sum(axis=0))
        weight = volume / volume.sum(axis=0)
        medians[row] = (weight * (log[p.country[mine]] + p.rtt_offset[mine][:, None])).sum(axis=0)
    names = [entity.key for entity in entities]
    delay = _block("edgehour", names)
    noise = rng.standard_normal((2, *counts.shape))
    root = np.sqrt(np.maximum(counts, 1))
    seen = medians + 2 * RTT_SCALE * noise[0] / root
    logits = [float(np.log(share / (1 - share))) for share in _SHARES]
    _put(delay, "rtt", seen, counts, [RTT_SCALE * logit for logit in logits], 2 * RTT_SCALE)
    _slot(delay, "edge.requests_hour")[:] = counts
    rate = _block("edgerate", names)
    timed = rng.binomial(counts.astype(np.int64), _LARGE_SHARE)
    middle = _RATE_AT_20MS - _RATE_POWER * (medians - np.log(20))
    seen = middle + 1.2533 * _RATE_SIGMA * noise[1] / np.sqrt(np.maximum(timed, 1))
    _put(rate, "throughput", seen, timed, [_RATE_SIGMA * z for z in _NORMAL], 1.2533 * _RATE_SIGMA)
    return delay, rate


class PlayedHours:
    """Adds up the lines of the played bins; gives both blocks of an hour when its last bin was added."""

    def __init__(self, rates: Rates) -> None:
        keys = [entity.key for entity in seen_entities(rates)]
        self._entities = keys
        self._cells: list[pl.DataFrame] = []

    def take(self, number: int, body: bytes) -> Iterator[Block]:
        """The lines of bin ``number``; yields the blocks of the hour that ends with it, if one does."""
        if number % PER_HOUR == 0:
            self._cells.clear()
        whole = body[: body.rfind(b"\n") + 1]
        lines = pl.read_ndjson(whole, infer_schema_length=None, ignore_errors=True)
        self._cells.append(self._count(lines))
        if number % PER_HOUR == PER_HOUR - 1 and len(self._cells) == PER_HOUR:
            yield from self._hour(number - PER_HOUR + 1)
            self._cells.clear()

    def _count(self, lines: pl.DataFrame) -> pl.DataFrame:
        """Cells by entity and quantity: entity, what, cell, amount."""
        keyed = lines.select(
            country=pl.format("country/{}", "country"),
            network=pl.format("asn/{}", "asn"),
            part=pl.format("geoasn/{}-{}", "country", "asn"),
            provider=pl.format("provider/{}", "provider"),
            rtt=cell_of(pl.col("rtt_ms")),
            throughput=cell_of(pl.col("throughput_mbps").cast(pl.Float64)),
            requests=pl.lit(0, pl.Int32),
        )
        views = [
            keyed.rename({by: "entity"})
            .drop_nulls("entity")
            .filter(pl.col("entity").is_in(self._entities))
            .unpivot(["rtt", "throughput", "requests"], index="entity", variable_name="what", value_name="cell")
            .drop_nulls("cell")
            .group_by("entity", "what", "cell")
            .agg(amount=pl.len().cast(pl.Int64))
            for by in ("country", "network", "part", "provider")
        ]
        return pl.concat(views)

    def _hour(self, first: int) -> Iterator[Block]:
        cells = pl.concat(self._cells)
        made = quantiles(cells, ["entity", "what"], _SHARES).filter(
            (pl.col("n") >= FEWEST) | (pl.col("what") == "requests")
        )
        start = FIRST + first * timedelta(minutes=5)
        places = {key: i for i, key in enumerate(self._entities)}
        for name, stem in (("edgehour", "rtt"), ("edgerate", "throughput")):
            shape = (len(places), 1, GROUPS[name].width)
            value, n = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
            block = Block(GROUPS[name], list(self._entities), start, value, n)
            mine = made.filter(pl.col("what") == stem)
            rows = [places[key] for key in mine["entity"]]
            for column in ("p25", "p50", "p75", "p95", "low", "high"):
                slot = SLOTS[series_id(f"edge.{stem}_{column}_hour")][1]
                value[rows, 0, slot] = mine[column].to_numpy()
                n[rows, 0, slot] = mine["n"].to_numpy()
            if stem == "rtt":
                counted = made.filter(pl.col("what") == "requests")
                rows = [places[key] for key in counted["entity"]]
                slot = SLOTS[series_id("edge.requests_hour")][1]
                value[rows, 0, slot] = n[rows, 0, slot] = counted["n"].to_numpy()
            yield block


def _block(name: str, entities: list[str]) -> Block:
    shape = (len(entities), HOURS, GROUPS[name].width)
    nothing: F32 = np.full(shape, np.nan, np.float32)
    return Block(GROUPS[name], entities, FIRST, nothing, nothing.copy())


def _slot(block: Block, signal: str) -> F32:
    column: F32 = block.value[:, :, SLOTS[series_id(signal)][1]]
    return column


def _put(block: Block, stem: str, log: F64, n: NDArray[np.number], spread: list[float], deviation: float) -> None:
    """Percentiles and the interval of the median of ``n`` values whose median is ``exp(log)``."""
    enough = n >= FEWEST
    half = Z * deviation / np.sqrt(np.maximum(n, 1))
    levels = {f"p{share * 100:g}": log + more for share, more in zip(_SHARES, spread, strict=True)}
    for name, level in {**levels, "low": log - half, "high": log + half}.items():
        _slot(block, f"edge.{stem}_{name}_hour")[:] = np.where(enough, np.round(np.exp(level), 2), np.nan)
