"""Hours of the simulated edge in the 28 days of history; those of the play are merged in ``jobs.rehearse_edge``.

Requests and failures are the sums of the drawn 5-minute bins. Round-trip times of a cell are log-logistic
(``places.RTT_SCALE``) and delivery rates log-normal, as ``jobs.simulate.play`` draws them, so that the percentiles of
an hour and the interval of its median follow from the number of values; what is drawn is the noise of the median.

Distinct clients follow from the same model as well: each request of a cell comes from one of ``places.clients``
addresses, so that ``N`` requests meet ``P (1 - (1 - 1/P)^N)`` of ``P``. What is drawn is how far an hour lies from
that, and how far a distinct count of ``radar.sketch.REGISTERS`` registers lies from the truth (linear counting).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.simulate.history import F32, History
from jobs.simulate.places import RTT_SCALE, stream
from jobs.simulate.rates import F64, FIRST, HISTORY_BINS
from radar.aggregate.bins import Block
from radar.signals import GROUPS, SLOTS, series_id
from radar.sketch import REGISTERS, Z
from radar.sources.edge_logs import ENOUGH

#: Bins of one hour, and hours of the history.
PER_HOUR = 12
HOURS = HISTORY_BINS // PER_HOUR
#: Share of answers that are large enough to be timed, and the spread of their rates (see ``play``).
_LARGE_SHARE = 0.112
_RATE_AT_20MS, _RATE_POWER, _RATE_SIGMA = 4.6, 0.5, 0.63
_SHARES = (0.25, 0.5, 0.75, 0.95)
#: Of the normal distribution at ``_SHARES``.
_NORMAL = (-0.674, 0.0, 0.674, 1.645)


def history(drawn: History) -> tuple[Block, Block]:
    """The hours of the 28 days, groups ``edgehour`` and ``edgerate``, of all but the providers.

    Values are what ``edge_logs`` would say, ``n`` is how many requests, or timed answers, are behind each. NaN where
    there were none, and for percentiles where there were too few.
    """
    rates = drawn.rates
    chosen = [(row, entity) for row, entity in enumerate(drawn.entities) if entity.cells]
    p = rates.places
    rng = stream(rates.seed, "hours")
    log = rates.rtt_log(0, HISTORY_BINS).reshape(len(p.codes), HOURS, PER_HOUR).mean(axis=2)
    pool = p.clients[:, None].astype(np.float64)
    unseen = np.exp(np.log1p(-1 / pool) * drawn.hourly)  # the chance that an address of the cell did not come
    each = (pool * (1 - unseen), pool * unseen * (1 - (1 + drawn.hourly / pool) * unseen))
    shape = (len(chosen), HOURS)
    medians, met, variance = np.empty(shape), np.empty(shape), np.empty(shape)
    counts, failed = (drawn.hours(what)[[row for row, _ in chosen]] for what in ("requests", "errors"))
    for row, (_, entity) in enumerate(chosen):
        mine = list(entity.cells)
        volume = drawn.hourly[mine]
        weight = volume / volume.sum(axis=0)
        medians[row] = (weight * (log[p.country[mine]] + p.rtt_offset[mine][:, None])).sum(axis=0)
        met[row], variance[row] = (part[mine].sum(axis=0) for part in each)
    names = [entity.key for _, entity in chosen]
    noise = rng.standard_normal((3, *shape))

    delay = _block("edgehour", names)
    seen = medians + 2 * RTT_SCALE * noise[0] / np.sqrt(np.maximum(counts, 1))
    logits = [float(np.log(share / (1 - share))) for share in _SHARES]
    _percentiles(delay, "rtt", seen, counts, [RTT_SCALE * logit for logit in logits], 2 * RTT_SCALE)
    _put(delay, "edge.requests_hour", counts, counts)
    filled = met / REGISTERS
    deviation = np.sqrt(np.maximum(variance, 0) + REGISTERS * np.maximum(np.expm1(filled) - filled, 0))
    clients = np.clip(np.round(met + deviation * noise[2]), np.minimum(counts, 1), counts)
    _put(delay, "edge.clients_hour", np.where(counts > 0, clients, np.nan), counts)

    rate = _block("edgerate", names)
    timed = rng.binomial(counts, _LARGE_SHARE)
    middle = _RATE_AT_20MS - _RATE_POWER * (medians - np.log(20))
    seen = middle + 1.2533 * _RATE_SIGMA * noise[1] / np.sqrt(np.maximum(timed, 1))
    _percentiles(rate, "throughput", seen, timed, [_RATE_SIGMA * z for z in _NORMAL], 1.2533 * _RATE_SIGMA)
    _put(rate, "edge.error_share_hour", np.where(counts > 0, failed / np.maximum(counts, 1), np.nan), counts)
    return delay, rate


def _block(name: str, entities: list[str]) -> Block:
    shape = (len(entities), HOURS, GROUPS[name].width)
    nothing: F32 = np.full(shape, np.nan, np.float32)
    return Block(GROUPS[name], entities, FIRST, nothing, nothing.copy())


def _put(block: Block, signal: str, value: NDArray[np.number], n: NDArray[np.number]) -> None:
    """One series; ``n`` only where there is a value and something behind it."""
    slot = SLOTS[series_id(signal)][1]
    block.value[:, :, slot] = value
    block.n[:, :, slot] = np.where(np.isfinite(value) & (n > 0), n, np.nan)


def _percentiles(block: Block, stem: str, log: F64, n: NDArray[np.integer], spread: list[float],
                 deviation: float) -> None:  # fmt: skip
    """Percentiles and the interval of the median of ``n`` values whose median is ``exp(log)``."""
    half = Z * deviation / np.sqrt(np.maximum(n, 1))
    levels = {f"p{share * 100:g}": log + more for share, more in zip(_SHARES, spread, strict=True)}
    for name, level in {**levels, "low": log - half, "high": log + half}.items():
        value = np.where(n >= ENOUGH, np.round(np.exp(level), 2), np.nan)
        _put(block, f"edge.{stem}_{name}_hour", value, n)
