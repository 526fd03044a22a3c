"""What one time series chart holds, and what can be said of it in words and rows; drawing is timeseries.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from radar.figures.text import bin_time, clock, day, is_share, short, utc
from radar.labels import _, ngettext

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A shaded stretch of time. ``end`` None: it lasts. ``level``: degraded | outage | insufficient | simulated."""

    start: datetime
    end: datetime | None
    level: str
    label: str
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that one chart shows.

    Attributes
    ----------
    title, sentence
        The heading, and the one sentence that says what is to be seen.
    unit
        As written at the axis, with the time it counts over where it counts ("requests per 5 minutes"). Numbers of
        "share" and "ratio" run from 0 to 1 and are drawn as percent.
    start, step_s
        Start of bin 0 (aware; axes are drawn in UTC) and the width of a bin; ``MONTH_S`` means calendar months.
    value, baseline, lo, hi, threshold
        One number per bin; None is "no data" and stays a gap. All but ``value`` may be empty: not drawn. ``lo`` and
        ``hi`` bound what is usual, ``baseline`` is its middle.
    baseline_name
        What the baseline is called beside its line; "": normal.
    spans
        Outages and other stretches to shade, also outside of the chart's time (they are cut).
    source, licence, address, updated
        For the credit line: who supplies it, under which licence, where it stands, how new it is.
    simulated, history
        Said on the chart itself.
    y_from_zero
        False only where zero means nothing, or lies far below all numbers (an index, a round-trip time).
    """

    title: str
    sentence: str
    unit: str
    start: datetime
    step_s: int
    value: Values
    baseline: Values = ()
    lo: Values = ()
    hi: Values = ()
    threshold: Values = ()
    baseline_name: str = ""
    spans: Sequence[Span] = ()
    source: str = ""
    licence: str = ""
    address: str = ""
    updated: datetime | None = None
    simulated: bool = False
    history: bool = False
    y_from_zero: bool = True

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("start must be aware (UTC)")
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        for name in ("baseline", "lo", "hi", "threshold"):
            length = len(getattr(self, name))
            if length not in (0, len(self.value)):
                raise ValueError(f"{name} has {length} bins, value has {len(self.value)}")

    @property
    def end(self) -> datetime:
        """End of the last bin, exclusive."""
        return bin_time(self.start, self.step_s, len(self.value))

    def at(self, i: int) -> datetime:
        """Start of bin ``i``."""
        return bin_time(self.start, self.step_s, i)


def runs(*columns: Values) -> Iterator[tuple[int, int]]:
    """Stretches ``[from, to)`` in which every column has a number. Empty columns have none."""
    length = min(len(column) for column in columns)
    begin: int | None = None
    for i in range(length + 1):
        full = i < length and all(column[i] is not None for column in columns)
        if full and begin is None:
            begin = i
        elif not full and begin is not None:
            yield begin, i
            begin = None


def gaps(value: Values) -> list[tuple[int, int]]:
    """Stretches ``[from, to)`` without data, those at either end included."""
    found: list[tuple[int, int]] = []
    at = 0
    for begin, end in runs(value):
        if begin > at:
            found.append((at, begin))
        at = end
    if at < len(value):
        found.append((at, len(value)))
    return found


#: More gaps than this are left as plain breaks: dashed edges everywhere would say nothing.
_MOST_GAPS = 24


def gap_edges(value: Values) -> list[int]:
    """The bins at which a gap is edged: the last one seen before it and the first one after it."""
    found = gaps(value)
    if len(found) > _MOST_GAPS:
        return []
    return sorted({i for begin, end in found for i in (begin - 1, end) if 0 <= i < len(value)})


def last(values: Values) -> tuple[int, float] | None:
    """The newest number and its bin."""
    return next(((i, v) for i in range(len(values) - 1, -1, -1) if (v := values[i]) is not None), None)


def table(chart: Chart) -> list[dict[str, str | float | None]]:
    """Exactly what is drawn, one row per bin: ``time`` (RFC 3339, start of the bin), ``value``, ``baseline``, ``lo``,
    ``hi``, ``threshold``; None where there is no number. Columns that are not drawn are None throughout."""

    def pick(values: Values, i: int) -> float | None:
        return values[i] if values else None

    return [
        {
            "time": utc(chart.at(i)),
            "value": chart.value[i],
            "baseline": pick(chart.baseline, i),
            "lo": pick(chart.lo, i),
            "hi": pick(chart.hi, i),
            "threshold": pick(chart.threshold, i),
        }
        for i in range(len(chart.value))
    ]


def describe(chart: Chart) -> str:
    """The chart in words, for those who do not see it: period, newest number against normal, gaps, shaded spans."""
    unit = "" if is_share(chart.unit) else f" {chart.unit}"
    parts = [chart.sentence] if chart.sentence else []
    parts.append(_("From {a} to {b}.").format(a=clock(chart.start), b=clock(chart.end)))
    newest = last(chart.value)
    if newest is None:
        return " ".join([*parts, _("There is no data in this period.")])
    i, value = newest
    normal = chart.baseline[i] if chart.baseline else None
    said = {"time": clock(chart.at(i)), "value": short(value, chart.unit) + unit}
    if normal is None:
        parts.append(_("Newest: {value} at {time}.").format(**said))
    else:
        parts.append(
            _("Newest: {value} at {time}; {name} is {normal}.").format(
                **said, name=chart.baseline_name or _("normal"), normal=short(normal, chart.unit)
            )
        )
    if missing := sum(1 for v in chart.value if v is None):
        parts.append(
            ngettext("{n} bin of {all} has no data.", "{n} bins of {all} have no data.", missing).format(
                n=missing, all=len(chart.value)
            )
        )
    for span in chart.spans:
        lasts = _("to the end of the recording") if chart.history else _("still lasting")
        until = _("until {time}").format(time=clock(span.end)) if span.end else lasts
        parts.append(
            _("Shaded: {label}, from {start}, {until}.").format(label=span.label, start=clock(span.start), until=until)
        )
    if chart.simulated:
        parts.append(_("All of this is simulated."))
    return " ".join(parts)


def credit(chart: Chart) -> str:
    """The line under a chart: source, licence, newest data, address."""
    parts = []
    if chart.source:
        parts.append(_("Source: {source}").format(source=chart.source))
    if chart.licence:
        parts.append(_("licence: {licence}").format(licence=chart.licence))
    if chart.updated is not None and not chart.history:
        parts.append(_("data until {time}").format(time=clock(chart.updated)))
    if chart.simulated:
        parts.append(_("simulated"))
    if chart.history:
        until = chart.updated or chart.end  # the newest value: the drawn stretch may reach further
        parts.append(_("recorded {from_} to {until}").format(from_=day(chart.start), until=day(until)))
    if chart.address:
        parts.append(chart.address)
    return " · ".join(parts)
