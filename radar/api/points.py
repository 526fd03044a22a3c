"""Series as they are drawn: one place that reads, bands and down-samples, for the API, its CSV and the pages' charts.

What a chart shows, what its CSV holds and what the API answers are therefore the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from radar import bands
from radar.api import windows
from radar.api.windows import Values
from radar.signals import SIGNALS, SLOTS, Group, Signal, split
from radar.store import Store, series

#: Lines that ``baseline=1`` adds.
LINES = ("baseline", "lo", "hi", "threshold")

#: Scales whose bins are weighed by their number of observations.
_WEIGHED = ("share", "ratio", "ms", "mbps")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One series and the windows it is wanted in: ``[since, until)``, both starts of windows of ``step_s``."""

    entity: str
    series_id: str
    since: datetime
    until: datetime
    step_s: int

    @property
    def group(self) -> Group:
        """The row layout that the series lies in."""
        return SLOTS[self.series_id][0]

    @property
    def signal(self) -> Signal:
        """The catalogue's row."""
        return SIGNALS[split(self.series_id)[0]]

    @property
    def bins(self) -> int:
        """Native bins that have to be read."""
        return windows.count(self.since, self.until, self.group.grain_s)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series in windows. ``columns``: ``value`` and ``n``, and LINES when asked for, all of one length; None = no
    data.

    ``coverage``: share of the native bins before ``now`` that have a value, 0..1; None when there are none.
    """

    wanted: Wanted
    columns: Mapping[str, Values]
    coverage: float | None

    @property
    def times(self) -> list[datetime]:
        """Start of each window."""
        step_s = self.wanted.step_s
        return [windows.later(self.wanted.since, step_s, i) for i in range(len(self.columns["value"]))]


def align(entity: str, series_id: str, since: datetime, until: datetime, step_s: int) -> Wanted:
    """The series in the whole windows that ``[since, until)`` touches."""
    return Wanted(entity, series_id, windows.floor(since, step_s), windows.ceil(until, step_s), step_s)


def draw(client: Store, wanted: Sequence[Wanted], *, now: datetime, lines: bool) -> list[Drawn]:
    """Read all of it, in one round trip for each range that occurs.

    Parameters
    ----------
    wanted
        What to read; see ``align``.
    now
        The data clock: bins after it do not count as missing.
    lines
        Add what is normal (``baseline``), its band (``lo``, ``hi``) and the line at which the detector fires
        (``threshold``). None where the detector cannot say, and for signals that are not scored.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    """
    aspects = ("value", "n", "baseline", "spread") if lines else ("value", "n")
    by_range: dict[tuple[datetime, datetime], list[series.Wanted]] = {}
    for row in wanted:
        by_range.setdefault((row.since, row.until), []).extend((row.entity, row.series_id, a) for a in aspects)
    slices = {span: series.read_many(client, asked, *span) for span, asked in by_range.items()}
    drawn = []
    for row in wanted:
        found = slices[row.since, row.until]
        native = {aspect: found[row.entity, row.series_id, aspect].values for aspect in aspects}
        past = windows.count(row.since, windows.ceil(min(max(now, row.since), row.until), row.group.grain_s),
                             row.group.grain_s)  # fmt: skip
        columns: dict[str, Values] = {"value": native["value"], "n": native["n"]}
        if lines:
            columns |= _lines(row.signal, native["baseline"], native["spread"])
        per = 1 if row.step_s == row.group.grain_s else row.step_s // row.group.grain_s
        coarse = windows.coarsen(columns, per, weigh=row.signal.scale in _WEIGHED)
        tidy = {name: [_seven(value) for value in column] for name, column in coarse.items()}
        tidy["n"] = [None if value is None else round(value) for value in tidy["n"]]
        drawn.append(Drawn(row, tidy, windows.coverage(native["value"][:past])))
    return drawn


def _lines(signal: Signal, baseline: Values, spread: Values) -> dict[str, Values]:
    rows = [
        (normal, *bands.band(signal.profile, signal.scale, normal, sigma, plane=signal.plane))
        for normal, sigma in zip(baseline, spread, strict=True)
    ]
    return {name: [row[i] for row in rows] for i, name in enumerate(LINES)}


def _seven(value: float | None) -> float | None:
    """Seven significant digits: what a float32 holds. Not a number and infinite are no data."""
    return float(f"{value:.7g}") if value is not None and math.isfinite(value) else None


def as_rows(drawn: Drawn) -> list[dict[str, Any]]:
    """One row per window, with its start in ``time``: what a table or a CSV shows."""
    names = list(drawn.columns)
    rows = zip(drawn.times, *drawn.columns.values(), strict=True)
    return [{"time": at, **dict(zip(names, values, strict=True))} for at, *values in rows]
