"""Axes: the range and ticks of a chart, the same for SVG and Plotly, and where direct labels stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor, log10

from radar import cldr
from radar.figures.chart import Chart, Span, last
from radar.figures.text import short
from radar.labels import _
from radar.signals import MONTH_S

#: Pixels around the plot box: left (numbers), right (direct labels), top (unit), bottom (times).
LEFT, RIGHT, TOP, BOTTOM = 52, 78, 26, 26

_HOUR, _DAY = 3600, 86400
_STEPS = (300, 900, 1800, _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_MONTHS = (1, 3, 6, 12, 24, 60)


@dataclass(frozen=True, slots=True)
class YAxis:
    """Range and ticks of the numbers; ``ticks`` are (number, text)."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    def up(self, value: float) -> float:
        """Where a number lies, 0 at the foot and 1 at the top."""
        return (value - self.low) / (self.high - self.low)


def y_axis(chart: Chart) -> YAxis:
    """A range that holds all that is drawn, with a few round ticks. From zero unless the chart says otherwise."""
    numbers = [
        v
        for column in (chart.value, chart.baseline, chart.lo, chart.hi, chart.threshold)
        for v in column
        if v is not None
    ]
    low, high = (min(numbers), max(numbers)) if numbers else (0.0, 1.0)
    if chart.y_from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-12:
        low, high = (0.0, 1.0) if high == 0 else (min(low, 0.0) if chart.y_from_zero else low * 0.9, high * 1.1)
    step = _round_step((high - low) / 4)
    low, high = floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    count = round((high - low) / step)
    marks = [low + step * i for i in range(count + 1)]
    return YAxis(low, high, tuple((m, short(0.0 if abs(m) < step / 1e6 else m, chart.unit)) for m in marks))


def _round_step(raw: float) -> float:
    size = 10.0 ** floor(log10(raw))
    return next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= raw * 0.999)


def fraction(chart: Chart, moment: datetime) -> float:
    """Where a moment lies along the chart, 0 at its start and 1 at its end; outside is cut off."""
    whole = (chart.end - chart.start).total_seconds() or 1.0
    return min(1.0, max(0.0, (moment - chart.start).total_seconds() / whole))


def x_ticks(chart: Chart, most: int = 6) -> list[tuple[datetime, str]]:
    """At most ``most`` times with their labels, UTC, on round hours, days or months."""
    start, end = chart.start, chart.end
    seconds = (end - start).total_seconds()
    step = next((s for s in _STEPS if seconds / s <= most), None)
    if step is None or chart.step_s == MONTH_S:
        return _month_ticks(start, end, most)
    first = ceil(start.timestamp() / step) * step
    if step >= 7 * _DAY:  # whole weeks begin on Mondays; the epoch was a Thursday
        first = ceil((start.timestamp() - 4 * _DAY) / step) * step + 4 * _DAY
    times = [datetime.fromtimestamp(t, UTC) for t in range(int(first), int(end.timestamp()) + 1, step)]
    labels = []
    for i, t in enumerate(times):
        date = cldr.short_day_month(t)
        if step >= _DAY or (t.hour, t.minute) == (0, 0):
            labels.append(date)
        elif i == 0 and not any((u.hour, u.minute) == (0, 0) for u in times):
            labels.append(f"{date}, {t:%H:%M}")
        else:
            labels.append(f"{t:%H:%M}")
    return list(zip(times, labels, strict=True))


def _month_ticks(start: datetime, end: datetime, most: int) -> list[tuple[datetime, str]]:
    months = (end.year - start.year) * 12 + end.month - start.month
    step = next((m for m in _MONTHS if months / m <= most), 120)
    first = (
        start.year * 12 + start.month - 1 + (start > start.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
    )
    first = ceil(first / step) * step
    ticks = []
    for k in range(first, end.year * 12 + end.month, step):
        moment = datetime(k // 12, k % 12 + 1, 1, tzinfo=UTC)
        if moment <= end:
            year_only = step % 12 == 0 or (k % 12 == 0 and months > 12)
            ticks.append((moment, str(moment.year) if year_only else cldr.short_month_year(moment)))
    return ticks


#: Pixels between the middles of two labels of lines; one that stands further than ``ASTRAY`` from its line is led to
#: it by a short line, and all of that chart stand ``LEAD`` pixels from the plot box in place of ``BESIDE``.
GAP, ASTRAY, BESIDE, LEAD = 14.0, 8.0, 6, 12


@dataclass(frozen=True, slots=True)
class LineLabel:
    """The name at the right end of a line: which line, what is written, pixels from the top of the plot box to the
    middle of the text and to the end of its line."""

    name: str
    text: str
    y: float
    line_y: float

    @property
    def astray(self) -> bool:
        """Whether it needs a line that leads to it."""
        return abs(self.y - self.line_y) > ASTRAY


def line_labels(chart: Chart, axis: YAxis, height: float) -> list[LineLabel]:
    """Names at the right end of the lines, in the order of the lines, moved apart as little as they must be not to
    touch."""
    wanted: list[tuple[float, str, str]] = []
    for name, text, values in (
        ("value", _("observed"), chart.value),
        ("baseline", chart.baseline_name or _("normal"), chart.baseline),
        ("threshold", _("threshold"), chart.threshold),
    ):
        if (newest := last(values)) is not None:
            wanted.append(((1 - axis.up(newest[1])) * height, name, text))
    wanted.sort(key=lambda item: item[0])
    placed = apart([y for y, _name, _text in wanted], height)
    return [LineLabel(name, text, y, own) for (own, name, text), y in zip(wanted, placed, strict=True)]


def apart(wanted: list[float], height: float) -> list[float]:
    """Places at least ``GAP`` apart, in the same order, as near as can be to the ascending ones that are wanted, from 0
    to ``height``. Those that would touch share the way: their middle stays where it was."""
    groups: list[tuple[float, int]] = []  # wanted middle of the first of a group, and how many it has
    for i, y in enumerate(wanted):
        groups.append((y - i * GAP, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (a, n), (b, m) = groups[-2:]
            groups[-2:] = [((a * n + b * m) / (n + m), n + m)]
    firsts = [first for first, many in groups for _one in range(many)]
    most = height - (len(wanted) - 1) * GAP
    return [min(max(first, 0.0), most) + i * GAP for i, first in enumerate(firsts)]


@dataclass(frozen=True, slots=True)
class Shade:
    """A span cut to the chart: left and right as fractions; its label (empty where there is no room) and its place.
    It begins where the span does (``anchor`` "start"), or ends there and points to it ("end")."""

    span: Span
    left: float
    right: float
    label: str
    anchor: str
    row: int


#: Pixels of a plot on a wide screen, and on a phone.
WIDE, NARROW = 600.0, 228.0


def shades(chart: Chart) -> list[Shade]:
    """The spans that touch the chart, in time order; labels that would touch go a row down, at most three rows: on a
    phone where there are rows enough. One for which there is no room after the beginning of its span stands before it:
    over a narrow span it would hide its edge, and be taken for the label of what lies before."""
    found: list[Shade] = []
    ends = {width: [-1.0, -1.0, -1.0] for width in (NARROW, WIDE)}  # how far each row of labels is taken, as a fraction
    for span in sorted(chart.spans, key=lambda s: s.start):
        until = span.end or chart.end
        if until <= chart.start or span.start >= chart.end:
            continue
        left, right = fraction(chart, span.start), fraction(chart, until)
        label, size, anchor = span.label, len(span.label) * 6.6 + 10, "start"
        if left + size / WIDE > 1.0:
            label, size, anchor = f"{label} ›", size + 9, "end"
        begins = {width: left - size / width if anchor == "end" else left for width in ends}
        free = (r for width in ends for r, end in enumerate(ends[width]) if end <= begins[width])
        row = next(free, None)
        if row is not None:
            for width in ends:
                ends[width][row] = begins[width] + size / width
        found.append(Shade(span, left, right, label if row is not None else "", anchor, row or 0))
    return found


def wide_gap(chart: Chart, begin: int, end: int) -> bool:
    """Whether a gap is wide enough to say "no data" in it."""
    return (chart.at(end) - chart.at(begin)) / max(chart.end - chart.start, timedelta(seconds=1)) >= 0.12
