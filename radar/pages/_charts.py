"""The series of an entity as charts: which, over what time, with which sentence, credit and CSV.

The numbers come from ``radar.api.points``, the place that the API and its CSV read from, so that the link under a chart
gives exactly what is drawn.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from radar.api import access, points, windows
from radar.api.signals import csv_of
from radar.components import numbers, times
from radar.components.charts import Credit
from radar.errors import StoreUnavailable
from radar.figures.timeseries import Chart, Span
from radar.labels import STATES, _
from radar.pages._read import Snapshot, note_hole
from radar.shapes import Outage, SourceStatus
from radar.signals import MONTH_S, SIGNALS, SLOTS, Signal, split

#: Points of a chart at most; what a screen can show.
POINTS = 400

#: Ranges of the strip, in seconds.
RANGES = {"24h": 86_400, "7d": 7 * 86_400, "28d": 28 * 86_400}
DEFAULT_RANGE = "7d"

#: Planes in the order in which readers ask: do packets arrive, are routes there, how well does it work?
_PLANES = ("data", "control", "quality")

_ORDER = {name: place for place, name in enumerate(SLOTS)}

#: Last good charts of this process, for when the store goes away.
_KEPT = 64
_last: OrderedDict[tuple[str, str], list[Drawing]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart with what stands around it. ``condition``, of the newest bin: within, outside (of the band), weak or
    gone (beyond the threshold, gone: more than half is missing), unknown."""

    id: str
    series: str
    signal: Signal
    chart: Chart
    credit: Credit
    csv: str
    share: str
    condition: str
    words: str


def forget() -> None:
    """Drop the last good charts, as a process that has just started."""
    _last.clear()


def drawable(series: Sequence[str]) -> list[str]:
    """The series that make a chart: known ones, not monthly percentiles (two points are a table). By plane; what is
    shown without being judged comes last."""
    known = [name for name in series if name in SLOTS and SLOTS[name][0].grain_s != MONTH_S]

    def rank(name: str) -> tuple[bool, int, int]:
        signal = SIGNALS[split(name)[0]]
        return signal.profile == "none", _PLANES.index(signal.plane), _ORDER[name]

    return sorted(known, key=rank)


def of_entity(entity: str, series: Sequence[str], snapshot: Snapshot, chosen: str) -> list[Drawing] | None:
    """The charts of an entity that have any data in the range; the last good ones when the store cannot be asked, and
    None when this process never drew them: nothing can be seen, which is not the same as no data."""
    now = times.parse(snapshot.now)
    spans = {name: _span(name, snapshot, chosen, now) for name in drawable(series)}
    return _draw((entity, chosen), entity, spans, snapshot)


def around(outage: Outage, snapshot: Snapshot) -> list[Drawing] | None:
    """The charts of an outage's signals, from well before its onset to after its end; None as in ``of_entity``."""
    now = times.parse(snapshot.now)
    start = times.parse(outage["start_earliest"])
    end = times.parse(outage["end"]) if outage["end"] else now
    names = [f"{row['signal']}@{row['source']}" for row in outage["signals"]]
    spans = {}
    for name in drawable(list(dict.fromkeys(names))):
        status = snapshot.source(split(name)[1])
        if status is not None and status["state"] == "history" and status["newest_bin"]:
            newest = times.parse(status["newest_bin"])
            end = min(end, windows.later(newest, SLOTS[name][0].grain_s, 1))
        margin = max((end - start) / 2, timedelta(hours=12))
        spans[name] = (start - margin, min(end + margin / 2, max(now, end)))
    return _draw((outage["entity"], outage["id"]), outage["entity"], spans, snapshot)


def recent(wanted: Sequence[tuple[str, str]], snapshot: Snapshot, hours: int = 24) -> dict[tuple[str, str], Any]:
    """Values and baseline of (entity, series) over the last hours, for sparklines; empty when the store is gone."""
    now = times.parse(snapshot.now)
    rows = [
        points.align(entity, series, now - timedelta(hours=hours), now,
                     windows.choose(SLOTS[series][0].grain_s, hours * 3600, 60))
        for entity, series in dict.fromkeys(wanted) if series in SLOTS and SLOTS[series][0].grain_s < 86_400
    ]  # fmt: skip
    try:
        drawn = points.draw(access.client(), rows, now=now, lines=True)
    except StoreUnavailable:
        note_hole()
        return {}
    return {(row.wanted.entity, row.wanted.series_id): row.columns for row in drawn}


def _draw(
    key: tuple[str, str], entity: str, spans: dict[str, tuple[datetime, datetime]], snapshot: Snapshot
) -> list[Drawing] | None:
    now = times.parse(snapshot.now)
    wanted = []
    for name, (since, until) in spans.items():
        native = SLOTS[name][0].grain_s
        step = windows.choose(native, (until - since).total_seconds(), POINTS)
        wanted.append(points.align(entity, name, since, until, step))
    try:
        drawn = points.draw(access.client(), wanted, now=now, lines=True)
    except StoreUnavailable:
        note_hole()
        return _last.get(key)
    found = _told_apart([_drawing(row, snapshot) for row in drawn if any(v is not None for v in row.columns["value"])])
    _last[key] = found
    _last.move_to_end(key)
    while len(_last) > _KEPT:
        _last.popitem(last=False)
    return found


def one(wanted: points.Wanted, snapshot: Snapshot) -> tuple[Drawing, bytes]:
    """The chart of one series in these windows, and the CSV of what it draws. Raises StoreUnavailable."""
    (row,) = points.draw(access.client(), [wanted], now=times.parse(snapshot.now), lines=True)
    sources = {status["name"]: status for status in snapshot.sources}
    return _drawing(row, snapshot), csv_of([row], sources, lines=True)


def _told_apart(drawings: list[Drawing]) -> list[Drawing]:
    """Where several sources measure the same, each title says whose chart it is."""
    count = Counter(row.signal.id for row in drawings)
    return [
        replace(row, chart=replace(row.chart, title=_("{signal}, {source}").format(signal=row.chart.title,
                                                                                   source=row.chart.source)))
        if count[row.signal.id] > 1 else row
        for row in drawings
    ]  # fmt: skip


def _span(series: str, snapshot: Snapshot, chosen: str, now: datetime) -> tuple[datetime, datetime]:
    """A running source: the chosen range up to now. A recorded set: its whole span."""
    status = snapshot.source(split(series)[1])
    if status is not None and status["state"] == "history" and status["oldest_bin"] and status["newest_bin"]:
        newest = times.parse(status["newest_bin"])
        return times.parse(status["oldest_bin"]), windows.later(newest, SLOTS[series][0].grain_s, 1)
    return now - timedelta(seconds=RANGES[chosen]), now


def _drawing(row: points.Drawn, snapshot: Snapshot) -> Drawing:
    wanted, signal, columns = row.wanted, row.wanted.signal, row.columns
    name = split(wanted.series_id)[1]
    status = snapshot.source(name)
    history = status is not None and status["state"] == "history"
    moments = row.times
    lost = next((i for i in range(len(moments) - 1, -1, -1) if columns["value"][i] is not None), None)
    condition = _condition(columns, lost, signal)
    sentence = _sentence(row, lost, snapshot, history)
    chart = Chart(
        title=_(signal.title),
        sentence=sentence,
        unit=_unit(row),
        start=wanted.since,
        step_s=wanted.step_s,
        value=columns["value"],
        baseline=columns["baseline"],
        lo=columns["lo"],
        hi=columns["hi"],
        threshold=columns["threshold"],
        spans=_spans(wanted, snapshot),
        source=status["title"] if status else name,
        licence=status["licence"] if status else "",
        address=f"/{wanted.entity}",
        updated=_updated(row, lost, status),
        simulated=bool(status and status["simulated"]),
        history=history,
        y_from_zero=signal.scale in ("count", "share", "ratio", "normalised"),
    )
    return Drawing(
        id=wanted.series_id.replace(".", "-").replace("@", "-").replace("_", "-"),
        series=wanted.series_id,
        signal=signal,
        chart=chart,
        credit=_credit(status, name, history),
        csv=_csv(wanted),
        share=share(wanted),
        condition=condition,
        words=_(signal.help),
    )


def _updated(row: points.Drawn, lost: int | None, status: SourceStatus | None) -> datetime | None:
    """Start of the newest bin with a value: the source's own when the last window has one, else that window's."""
    if lost is None:
        return None
    window = row.times[lost]
    newest = times.parse(status["newest_bin"]) if status and status["newest_bin"] else window
    return newest if window <= newest < windows.later(window, row.wanted.step_s, 1) else window


def _credit(status: SourceStatus | None, name: str, history: bool) -> Credit:
    if status is None:
        return Credit(name, "/sources", _("not stated"), "", None)
    until = status["newest_bin"] if history else None
    return Credit(status["title"], f"/sources#{name}", status["licence"], status["licence_url"], until)


def _unit(row: points.Drawn) -> str:
    native = numbers.grain(row.wanted.group.grain_s)
    # A flat count is a level (blocks that answer), any other is an amount per bin.
    if row.wanted.signal.scale == "count" and row.wanted.signal.profile != "flat":
        return _("{unit} per {grain}").format(unit=row.wanted.signal.unit, grain=native)
    return row.wanted.signal.unit


def _csv(wanted: points.Wanted) -> str:
    return "/api/v1/signals?" + urlencode({
        "entity": wanted.entity, "signal": wanted.series_id, "from": times.rfc3339(wanted.since),
        "until": times.rfc3339(wanted.until), "interval": windows.interval_name(wanted.step_s), "baseline": 1,
        "format": "csv",
    })  # fmt: skip


def share(wanted: points.Wanted) -> str:
    """Address of the page of one chart (``radar.pages.chart``): these windows, whenever it is read."""
    return "/chart?" + urlencode({
        "entity": wanted.entity, "series": wanted.series_id, "from": times.rfc3339(wanted.since),
        "until": times.rfc3339(wanted.until), "interval": windows.interval_name(wanted.step_s),
    }, safe="/@:")  # fmt: skip


def _condition(columns: Mapping[str, Sequence[float | None]], at: int | None, signal: Signal) -> str:
    if at is None:
        return "unknown"
    value, lo, hi, threshold = (columns[name][at] for name in ("value", "lo", "hi", "threshold"))
    if value is None or lo is None or hi is None:
        return "unknown"
    low = signal.bad == "low"
    if threshold is not None and (value < threshold if low else value > threshold):
        normal = columns["baseline"][at]
        return "gone" if low and normal and value < normal / 2 else "weak"
    inside = value >= lo if low else value <= hi
    return "within" if inside else "outside"


def _sentence(row: points.Drawn, at: int | None, snapshot: Snapshot, history: bool) -> str:
    signal, columns, moments = row.wanted.signal, row.columns, row.times
    value = columns["value"][at] if at is not None else None
    if at is None or value is None:
        return _("No data in this range.")
    if history:
        return _("Recorded from {start} to {end}; the newest value is {value}.").format(
            start=times.date_words(times.rfc3339(row.wanted.since)), end=times.date_words(times.rfc3339(moments[at])),
            value=numbers.quantity(value, signal))  # fmt: skip
    when = times.words(times.rfc3339(moments[at]), snapshot.now)
    normal = columns["baseline"][at]
    against = f", {numbers.compared(value, normal, signal)}" if normal is not None else ""
    text = _("{value} at {when}{against}.").format(value=numbers.quantity(value, signal), when=when, against=against)
    # Two windows and the source's usual lag may be missing at the end of any series.
    status = snapshot.source(split(row.wanted.series_id)[1])
    slack = timedelta(seconds=2 * row.wanted.step_s + (status["expected_lag_s"] if status else 0) * 2)
    if times.parse(snapshot.now) - moments[at] > slack + timedelta(seconds=row.wanted.step_s):
        since = moments[at] + timedelta(seconds=row.wanted.step_s)
        text += " " + _("No data since {when}.").format(when=times.words(times.rfc3339(since), snapshot.now))
    return text


def _spans(wanted: points.Wanted, snapshot: Snapshot) -> list[Span]:
    found = []
    for outage in snapshot.outages:
        if outage["entity"] != wanted.entity or outage["status"] == "retracted":
            continue
        if outage.get("history") and f"{wanted.series_id}" not in {
            f"{row['signal']}@{row['source']}" for row in outage["signals"]
        }:
            continue
        start = times.parse(outage["start"])
        end = times.parse(outage["end"]) if outage["end"] else None
        if start >= wanted.until or (end is not None and end <= wanted.since):
            continue
        found.append(Span(start=start, end=end, level=outage["level"], label=_(STATES[outage["level"]]),
                          href=f"/outage/{outage['id']}"))  # fmt: skip
    return found
