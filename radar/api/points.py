"""Series as they are drawn: one place that reads, bands and down-samples, for the API, its CSV and the pages' charts.

What a chart shows, what its CSV holds and what the API answers are therefore the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from statistics import median
from typing import Any, Literal

from radar import bands
from radar.api import windows
from radar.api.windows import Values
from radar.labels import N_
from radar.signals import HOURLY, MONTH_S, SIGNALS, SLOTS, Group, Signal, split
from radar.store import Store, series

#: Lines that ``baseline=1`` adds.
LINES = ("baseline", "lo", "hi", "threshold")

#: What a series is held against: what the detector expects, the same time a week before, the middle of four weeks.
Against = Literal["forecast", "week", "median"]
#: In which unit it is drawn: the catalogue's, or per cent of what it is held against at that time.
Scale = Literal["raw", "normalised"]

#: How many weeks back each of them looks.
_WEEKS: dict[Against, tuple[int, ...]] = {"forecast": (), "week": (1,), "median": (1, 2, 3, 4)}
_WEEK = timedelta(days=7)
_DAY_S = 86_400
#: Bins in a row that must be unjudged to be spoken of; and what lasts longer than this is no fault of an hour.
_SOME, _MANY_S = 3, 6 * 3600
#: Fewer weeks with a value than this have no middle.
LEAST_WEEKS = 2

#: From so long ago on, hours stand for minutes, of which series are kept for days.
MINUTES_KEPT = timedelta(days=4)
_HOUR_S = 3600

#: Unit of what is normalised.
NORMALISED_UNIT = N_("% of normal")

#: Scales whose bins are weighed by their number of observations.
_WEIGHED = ("share", "ratio", "ms", "mbps")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One series and the windows it is wanted in: ``[since, until)``, both starts of windows of ``step_s``.

    ``against``: what its ``baseline`` is; ``scale``: the unit of all columns but ``n``."""

    entity: str
    series_id: str
    since: datetime
    until: datetime
    step_s: int
    against: Against = "forecast"
    scale: Scale = "raw"

    @property
    def group(self) -> Group:
        """The row layout that the series lies in."""
        return SLOTS[self.series_id][0]

    @property
    def signal(self) -> Signal:
        """The catalogue's row."""
        return SIGNALS[split(self.series_id)[0]]

    @property
    def weeks(self) -> tuple[int, ...]:
        """How many weeks earlier it is read too. A calendar month is no number of weeks."""
        return () if self.group.grain_s == MONTH_S else _WEEKS[self.against]

    @property
    def hourly(self) -> str:
        """The series of hours that stands in for its minutes, where windows are whole hours; else ""."""
        return HOURLY.get(self.series_id, "") if self.step_s % _HOUR_S == 0 else ""

    @property
    def bins(self) -> int:
        """Native bins that have to be read."""
        return windows.count(self.since, self.until, self.group.grain_s) * (1 + len(self.weeks))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series in windows. ``columns``: ``value`` and ``n``, and LINES when asked for, all of one length; None = no
    data.

    ``coverage``: share of the native bins before ``now`` that have a value, 0..1; None when there are none. Where hours
    stand in for minutes it is the share of windows.
    ``scale``: "raw" also where ``normalised`` was wanted of a series that is a share already, or is held against
    nothing. ``judged``: the same windows as the detector sees them, against what it expects, in the catalogue's unit,
    with the ``score`` of those that it could judge; what is not judged has none. ``unjudged``: stretches (start, end)
    of some bins between judged ones in which a count came and had a threshold, and the detector did not judge it: our
    own measurement was impaired, or too little came.
    """

    wanted: Wanted
    columns: Mapping[str, Values]
    coverage: float | None
    judged: Mapping[str, Values]
    scale: Scale = "raw"
    unjudged: Sequence[tuple[datetime, datetime]] = ()

    @property
    def unit(self) -> str:
        """The unit of the numbers, not translated."""
        return NORMALISED_UNIT if self.scale == "normalised" else self.wanted.signal.unit

    @property
    def times(self) -> list[datetime]:
        """Start of each window."""
        step_s = self.wanted.step_s
        return [windows.later(self.wanted.since, step_s, i) for i in range(len(self.columns["value"]))]


def grain(series_id: str, since: datetime, now: datetime) -> int:
    """Seconds of the finest windows that a series still has from ``since`` on."""
    gone = series_id in HOURLY and since < now - MINUTES_KEPT
    return _HOUR_S if gone else SLOTS[series_id][0].grain_s


def step(series_id: str, since: datetime, until: datetime, now: datetime, most: int) -> int:
    """How wide the windows are, in seconds, in which a series is drawn with at most ``most`` points: by the hour at
    the finest where its minutes are no longer kept."""
    return windows.choose(grain(series_id, since, now), (until - since).total_seconds(), most)


def align(
    entity: str,
    series_id: str,
    since: datetime,
    until: datetime,
    step_s: int,
    *,
    against: Against = "forecast",
    scale: Scale = "raw",
) -> Wanted:
    """The series in the whole windows that ``[since, until)`` touches."""
    start, end = windows.floor(since, step_s), windows.ceil(until, step_s)
    return Wanted(entity, series_id, start, end, step_s, against, scale)


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
        (``threshold``). None where the detector cannot say, and for signals that are not scored; of one that this
        entity is not judged by there is no ``threshold``, as nothing fires. Where a series is held
        against earlier weeks, ``baseline`` is their value (of four weeks the median, with the lowest and the highest as
        band); the line at which the detector fires stays its own.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    """
    aspects = ("value", "n", "baseline", "spread", "score") if lines else ("value", "n")
    by_range: dict[tuple[datetime, datetime], list[series.Wanted]] = {}
    for row in wanted:
        by_range.setdefault((row.since, row.until), []).extend((row.entity, row.series_id, a) for a in aspects)
        for span in _earlier(row) if lines else ():
            by_range.setdefault(span, []).extend((row.entity, row.series_id, a) for a in ("value", "n"))
        if row.hourly:
            for span in ((row.since, row.until), *(_earlier(row) if lines else ())):
                by_range[span].append((row.entity, row.hourly, "value"))
    slices = {span: series.read_many(client, asked, *span) for span, asked in by_range.items()}
    drawn = []
    for row in wanted:
        found = slices[row.since, row.until]
        native = {aspect: found[row.entity, row.series_id, aspect].values for aspect in aspects}
        past = windows.count(row.since, windows.ceil(min(max(now, row.since), row.until), row.group.grain_s),
                             row.group.grain_s)  # fmt: skip
        columns: dict[str, Values] = {"value": native["value"], "n": native["n"]}
        if lines:
            columns |= {"score": native["score"], **_lines(row, native["baseline"], native["spread"])}
        unjudged = _unjudged(row, columns) if lines and row.signal.profile in ("seasonal", "flat") else []
        judged = _whole(row, _coarse(row, columns), now)
        coarse = {name: column for name, column in judged.items() if name != "score"}
        coverage = windows.coverage(native["value"][:past])
        if row.hourly:
            coarse |= _whole(row, {"value": _filled(row, coarse["value"], found)}, now)
            over = windows.count(row.since, windows.floor(max(min(now, row.until), row.since), row.step_s), row.step_s)
            coverage = windows.coverage(coarse["value"][:over])
        scale: Scale = "raw"
        if lines and row.weeks:
            coarse |= _of_weeks([_then(row, slices[span]) for span in _earlier(row)])
        if lines and row.scale == "normalised":
            coarse, scale = _normalised(coarse, row.signal)
        tidy = {name: [_seven(value) for value in column] for name, column in coarse.items()}
        tidy["n"] = [None if value is None else round(value) for value in tidy["n"]]
        drawn.append(Drawn(row, tidy, coverage, judged, scale, unjudged))
    return drawn


def _whole(row: Wanted, columns: dict[str, list[float | None]], now: datetime) -> dict[str, list[float | None]]:
    """Without the windows of a day and more that are not over: their mean is that of the hours so far, and by night
    would look like a fall."""
    if row.step_s < _DAY_S or row.step_s == row.group.grain_s:
        return columns
    over = windows.count(row.since, windows.floor(max(now, row.since), row.step_s), row.step_s)
    return {name: [*column[:over], *[None] * (len(column) - over)] if name in ("value", "n") else column
            for name, column in columns.items()}  # fmt: skip


def _unjudged(row: Wanted, columns: Mapping[str, Values]) -> list[tuple[datetime, datetime]]:
    bins = zip(columns["value"], columns["threshold"], columns["score"], strict=True)
    kinds = ["judged" if score is not None else "not" if value is not None and threshold is not None else ""
             for value, threshold, score in bins]  # fmt: skip
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds)]
    found, at = [], 0
    for place, (kind, length) in enumerate(runs):
        around = [runs[i][0] for i in (place - 1, place + 1) if 0 <= i < len(runs)]
        if kind == "not" and around == ["judged", "judged"] and _SOME <= length <= _MANY_S / row.group.grain_s:
            start = row.since + timedelta(seconds=row.group.grain_s * at)
            found.append((start, start + timedelta(seconds=row.group.grain_s * length)))
        at += length
    return found


def _earlier(row: Wanted) -> list[tuple[datetime, datetime]]:
    """The same time of the weeks that it is held against, the newest first."""
    return [(row.since - weeks * _WEEK, row.until - weeks * _WEEK) for weeks in row.weeks]


def _then(row: Wanted, found: Mapping[series.Wanted, series.SeriesSlice]) -> Values:
    columns = {name: found[row.entity, row.series_id, name].values for name in ("value", "n")}
    return _filled(row, _coarse(row, columns)["value"], found)


def _filled(
    row: Wanted, value: list[float | None], found: Mapping[series.Wanted, series.SeriesSlice]
) -> list[float | None]:
    """The windows, of which those without minutes say how their hours ended."""
    if not row.hourly:
        return value
    hours = {"value": found[row.entity, row.hourly, "value"].values}
    ends = windows.coarsen(hours, row.step_s // _HOUR_S, weigh=False)["value"]
    return [end if mean is None else mean for mean, end in zip(value, ends, strict=True)]


def _coarse(row: Wanted, columns: Mapping[str, Values]) -> dict[str, list[float | None]]:
    per = 1 if row.step_s == row.group.grain_s else row.step_s // row.group.grain_s
    return windows.coarsen(columns, per, weigh=row.signal.scale in _WEIGHED)


def _lines(row: Wanted, baseline: Values, spread: Values) -> dict[str, Values]:
    signal, grain_s = row.signal, row.group.grain_s
    network = bands.is_network(row.entity)
    rows = [
        (
            normal,
            *bands.band(
                signal.profile, signal.scale, normal, sigma, plane=signal.plane, grain_s=grain_s, network=network
            ),
        )
        for normal, sigma in zip(baseline, spread, strict=True)
    ]
    lines: dict[str, Values] = {name: [row[i] for row in rows] for i, name in enumerate(LINES)}
    return lines if signal.judges(row.entity) else lines | {"threshold": [None] * len(rows)}


def _of_weeks(weeks: Sequence[Values]) -> dict[str, list[float | None]]:
    """Baseline and band from earlier weeks: one is drawn as it was; of several the middle, the lowest, the highest."""
    if len(weeks) == 1:
        nothing: list[float | None] = [None] * len(weeks[0])
        return {"baseline": list(weeks[0]), "lo": nothing, "hi": list(nothing)}
    out: dict[str, list[float | None]] = {"baseline": [], "lo": [], "hi": []}
    for values in zip(*weeks, strict=True):
        known = [value for value in values if value is not None]
        enough = len(known) >= LEAST_WEEKS
        out["baseline"].append(median(known) if enough else None)
        out["lo"].append(min(known) if enough else None)
        out["hi"].append(max(known) if enough else None)
    return out


def _normalised(columns: dict[str, list[float | None]], signal: Signal) -> tuple[dict[str, list[float | None]], Scale]:
    """All columns as per cent of the baseline of their window, None where that is not known or not above 0.

    Shares stay as they are: a share of failures that rises from 0.1 to 2 % is no 2,000 % of anything. So do series
    that are held against nothing here."""
    normal = [value if value is not None and value > 0 else None for value in columns["baseline"]]
    if signal.scale in ("share", "ratio") or all(value is None for value in normal):
        return columns, "raw"
    return {
        name: column if name == "n" else [
            None if value is None or base is None else value / base * 100
            for value, base in zip(column, normal, strict=True)
        ]
        for name, column in columns.items()
    }, "normalised"  # fmt: skip


def _seven(value: float | None) -> float | None:
    """Seven significant digits: what a float32 holds. Not a number and infinite are no data."""
    return float(f"{value:.7g}") if value is not None and math.isfinite(value) else None


def as_rows(drawn: Drawn) -> list[dict[str, Any]]:
    """One row per window, with its start in ``time``: what a table or a CSV shows."""
    names = list(drawn.columns)
    rows = zip(drawn.times, *drawn.columns.values(), strict=True)
    return [{"time": at, **dict(zip(names, values, strict=True))} for at, *values in rows]
