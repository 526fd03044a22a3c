"""Bins and the coarser windows they are drawn in: pure functions on lists, None for "no data".

A long range has more bins than a chart has pixels. ``max_points`` then picks the smallest step of a ladder that is a
multiple of the native grain; nothing is ever drawn finer than it was measured. A window is the mean of its bins, so a
count stays "per native bin" and can be held against the same baseline at every zoom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from radar.labels import N_
from radar.signals import MONTH_S

Values = Sequence[float | None]

#: Steps that down-sampling may choose, by the name they have in a request.
INTERVALS: dict[str, int] = {
    "1m": 60, "2m": 120, "5m": 300, "10m": 600, "15m": 900, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21_600,
    "12h": 43_200, "1d": 86_400, "2d": 172_800, "7d": 604_800, "1mo": MONTH_S,
}  # fmt: skip

_NAMES = {seconds: name for name, seconds in INTERVALS.items()}

#: A window with a smaller share of its bins than this is no data.
LEAST_COVERAGE = 0.5

AGGREGATION_NONE = N_("none: native bins")
AGGREGATION_MEAN = N_(
    "mean of the native bins that have data, weighted by n for medians, shares and ratios; "
    "null where fewer than half of them have data; unit per native bin"
)
AGGREGATION_HOURS = N_("where minutes are no longer kept, the mean of how the hours ended")


def interval_name(step_s: int) -> str:
    """``5m`` for 300."""
    return _NAMES.get(step_s, f"{step_s}s")


def choose(native_s: int, span_s: float, max_points: int) -> int:
    """The smallest step of the ladder that is a multiple of the native grain and gives at most ``max_points`` points.

    The widest step that fits the grain, when none is wide enough.
    """
    steps = [native_s, *(s for s in INTERVALS.values() if s > native_s and s % native_s == 0 and s != MONTH_S)]
    return next((step for step in steps if span_s / step <= max_points), steps[-1])


def floor(moment: datetime, step_s: int) -> datetime:
    """Start of the window that holds the moment; steps are counted from 1970, months are calendar months."""
    if step_s == MONTH_S:
        return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    seconds = math.floor(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step_s, UTC)


def ceil(moment: datetime, step_s: int) -> datetime:
    """The first window start at or after the moment."""
    start = floor(moment, step_s)
    return start if start == moment else later(start, step_s, 1)


def later(start: datetime, step_s: int, steps: int) -> datetime:
    """The window start ``steps`` windows on."""
    if step_s == MONTH_S:
        months = start.year * 12 + start.month - 1 + steps
        return start.replace(year=months // 12, month=months % 12 + 1)
    return start + timedelta(seconds=step_s * steps)


def count(start: datetime, end: datetime, step_s: int) -> int:
    """How many windows lie between two window starts."""
    if step_s == MONTH_S:
        return (end.year - start.year) * 12 + end.month - start.month
    return round((end - start).total_seconds()) // step_s


def coverage(values: Sequence[float | None]) -> float | None:
    """The share of bins that have data, 0..1; None when there are no bins."""
    return round(sum(value is not None for value in values) / len(values), 4) if values else None


def coarsen(columns: Mapping[str, Values], per: int, *, weigh: bool) -> dict[str, list[float | None]]:
    """Each column in windows of ``per`` bins.

    Parameters
    ----------
    columns
        Lists of one length: ``value``, maybe ``n`` and the lines of the baseline. The first bin starts a window.
    per
        Bins in a window; the last one may be shorter.
    weigh
        Weigh the bins of ``value`` by ``n`` where every bin of the window that has a value has an ``n``.

    Returns
    -------
    dict
        The same columns. ``value``: mean, None where fewer than half of the bins have one. ``n``: sum over the bins
        that have a value; None when one of them does not say. Others: mean over the bins that have a value, so that
        the baseline of a window with a gap is that of the same bins; over all bins where no bin has a value.
    """
    if per == 1:
        return {name: list(column) for name, column in columns.items()}
    size = len(columns["value"])
    out: dict[str, list[float | None]] = {name: [] for name in columns}
    for start in range(0, size, per):
        part = {name: column[start : start + per] for name, column in columns.items()}
        seen = [i for i, value in enumerate(part["value"]) if value is not None]
        enough = len(seen) >= LEAST_COVERAGE * per and bool(seen)
        counts = [part["n"][i] for i in seen] if "n" in part else []
        for name, bins in part.items():
            if name == "value":
                out[name].append(_mean([bins[i] for i in seen], counts if weigh else []) if enough else None)
            elif name == "n":
                known = [x for x in counts if x is not None]
                out[name].append(sum(known) if enough and len(known) == len(seen) else None)
            else:
                out[name].append(_mean([bins[i] for i in seen] if enough else bins, []))
    return out


def _mean(values: Sequence[float | None], weights: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if weights and all(weights):
        heavy = [weight or 0.0 for weight in weights]
        return math.fsum(v * w for v, w in zip(known, heavy, strict=True)) / math.fsum(heavy)
    return math.fsum(known) / len(known)
