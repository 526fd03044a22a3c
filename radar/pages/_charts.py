"""The series of an entity as charts: which, over what time, with which sentence, credit and CSV.

The numbers come from ``radar.api.points``, the place that the API and its CSV read from, so that the link under a chart
gives exactly what is drawn.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from radar import languages
from radar.api import access, points, windows
from radar.api.signals import csv_of
from radar.components import times
from radar.components.charts import Credit
from radar.errors import StoreUnavailable
from radar.figures.timeseries import Chart, Span
from radar.labels import STATES, _
from radar.pages import _said
from radar.pages._read import Snapshot, note_hole
from radar.pages._view import View
from radar.shapes import Outage, SourceStatus
from radar.signals import MONTH_S, SIGNALS, SLOTS, Signal, split

#: Points of a chart at most; what a screen can show.
POINTS = 400

#: Stretches that were not judged and are marked on a chart.
MOST_UNJUDGED = 6

#: How far back the newest bins lie by which a series is said to stand as it does.
LATELY = timedelta(hours=6)

#: Planes in the order in which readers ask: do packets arrive, are routes there, how well does it work?
_PLANES = ("data", "control", "quality")

_ORDER = {name: place for place, name in enumerate(SLOTS)}

#: What is counted by the hour or day whatever the detector judges, in the order of the catalogue. Of hours the median
#: stands for its quarters and its interval, which the part about performance shows.
LONG = tuple(
    name for name, (group, _slot) in SLOTS.items()
    if 3600 <= group.grain_s < MONTH_S and not re.search(r"_(p25|p75|p95|low|high)_hour@", name)
)  # fmt: skip

#: Last good charts of this process, for when the store goes away.
_KEPT = 64
_last: OrderedDict[tuple[object, ...], list[Drawing]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart with what stands around it. ``condition``: how its newest bin stands (``_said.condition``)."""

    id: str
    series: str
    signal: Signal
    chart: Chart
    credit: Credit
    csv: str
    share: str
    live: str
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


def of_entity(entity: str, series: Sequence[str], snapshot: Snapshot, view: View) -> list[Drawing] | None:
    """The charts of an entity that have any data in the view; the last good ones when the store cannot be asked, and
    None when this process never drew them: nothing can be seen, which is not the same as no data."""
    now = times.parse(snapshot.now)
    names = drawable(series)
    if view.coarse(now):
        names = _long(series, snapshot, whole=view.longest(now))
    spans = {name: _span(name, snapshot, view, now) for name in names}
    return _draw((entity, replace(view, trouble="")), entity, spans, snapshot, view)


def _long(series: Sequence[str], snapshot: Snapshot, *, whole: bool) -> list[str]:
    """What is drawn over more than four weeks: the judged series but those of a minute, and what is counted by the hour
    or day. Of the same thing one stands for both: the judged one as long as its bins are kept, then (``whole``) the
    other."""
    judged = [name for name in series if name in SLOTS and SIGNALS[split(name)[0]].profile != "none"
              and (SLOTS[name][0].grain_s >= 300 or _recorded(name, snapshot))]  # fmt: skip
    doubles = {name: name.replace("_hour@", "@") for name in LONG}
    if whole:
        judged = [name for name in judged if name not in doubles.values()]
    shown = [name for name in LONG if doubles[name] not in judged or doubles[name] == name]
    return drawable(list(dict.fromkeys([*judged, *shown])))


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
    return _draw((outage["entity"], outage["id"], snapshot.at or ""), outage["entity"], spans, snapshot, View())


def recent(
    wanted: Sequence[tuple[str, str]], snapshot: Snapshot, hours: int = 24
) -> dict[tuple[str, str], points.Drawn]:
    """(entity, series) over the last hours, for sparklines. Raises StoreUnavailable."""
    now = times.parse(snapshot.now)
    rows = [
        points.align(entity, series, now - timedelta(hours=hours), now,
                     windows.choose(SLOTS[series][0].grain_s, hours * 3600, 60))
        for entity, series in dict.fromkeys(wanted) if series in SLOTS and SLOTS[series][0].grain_s < 86_400
    ]  # fmt: skip
    drawn = points.draw(access.client(), rows, now=now, lines=True)
    return {(row.wanted.entity, row.wanted.series_id): row for row in drawn}


def _draw(
    key: tuple[object, ...],
    entity: str,
    spans: dict[str, tuple[datetime, datetime]],
    snapshot: Snapshot,
    view: View,
) -> list[Drawing] | None:
    now = times.parse(snapshot.now)
    wanted = []
    for name, (since, until) in spans.items():
        step = points.step(name, since, until, now, POINTS)
        # what the detector does not judge is held against its own past
        against = "median" if view.coarse(now) and name in LONG and view.against == "forecast" else view.against
        wanted.append(points.align(entity, name, since, until, step, against=against, scale=view.scale))
    # what ends now stands as its newest bins say, however coarse the windows are
    running = [row for row in wanted if row.until >= now and not _recorded(row.series_id, snapshot)]
    try:
        drawn = points.draw(access.client(), wanted, now=now, lines=True)
        last = points.draw(access.client(), [_last_hours(row, now) for row in running], now=now, lines=True)
    except StoreUnavailable:
        note_hole()
        return _last.get((languages.current(), *key))
    fresh = {row.wanted.series_id: row for row in last}
    found = _told_apart([
        _drawing(row, snapshot, fresh.get(row.wanted.series_id))
        for row in drawn if any(v is not None for v in row.columns["value"])
    ])  # fmt: skip
    if snapshot.at is not None:  # rarely asked for, and in nobody's way when the store is gone
        return found
    kept = (languages.current(), *key)
    _last[kept] = found
    _last.move_to_end(kept)
    while len(_last) > _KEPT:
        _last.popitem(last=False)
    return found


def one(wanted: points.Wanted, snapshot: Snapshot) -> tuple[Drawing, bytes]:
    """The chart of one series in these windows, and the CSV of what it draws. Raises StoreUnavailable."""
    now = times.parse(snapshot.now)
    (row,) = points.draw(access.client(), [wanted], now=now, lines=True)
    last = [] if _recorded(wanted.series_id, snapshot) else [_last_hours(wanted, min(now, wanted.until))]
    fresh = points.draw(access.client(), last, now=now, lines=True)
    sources = {status["name"]: status for status in snapshot.sources}
    with languages.speaking("en"):  # the bytes that the API gives, whose fingerprint is cited
        csv = csv_of([row], sources, lines=True)
    return _drawing(row, snapshot, fresh[0] if fresh else None), csv


def figure(wanted: points.Wanted, snapshot: Snapshot) -> Drawing:
    """The same chart for the eye alone. Raises StoreUnavailable."""
    (row,) = points.draw(access.client(), [wanted], now=times.parse(snapshot.now), lines=True)
    return _drawing(row, snapshot)


def _last_hours(row: points.Wanted, now: datetime) -> points.Wanted:
    """The newest bins of a series before ``now`` as they came, held against what the detector expects."""
    grain_s = row.group.grain_s
    return points.align(row.entity, row.series_id, now - max(LATELY, timedelta(seconds=4 * grain_s)), now, grain_s)


def _told_apart(drawings: list[Drawing]) -> list[Drawing]:
    """Where several sources measure the same, each title says whose chart it is."""
    count = Counter(row.signal.id for row in drawings)
    return [
        replace(row, chart=replace(row.chart, title=_("{signal}, {source}").format(signal=row.chart.title,
                                                                                   source=row.chart.source)))
        if count[row.signal.id] > 1 else row
        for row in drawings
    ]  # fmt: skip


def _recorded(series: str, snapshot: Snapshot) -> bool:
    status = snapshot.source(split(series)[1])
    return status is not None and status["state"] == "history"


def _span(series: str, snapshot: Snapshot, view: View, now: datetime) -> tuple[datetime, datetime]:
    """A running source: the chosen range up to now. A recorded set: its whole span, unless a stretch was asked for."""
    status = snapshot.source(split(series)[1])
    if view.of_now and status is not None and status["state"] == "history" and status["oldest_bin"]:
        newest = times.parse(status["newest_bin"] or status["oldest_bin"])
        return times.parse(status["oldest_bin"]), windows.later(newest, SLOTS[series][0].grain_s, 1)
    return view.span(now)


def _drawing(row: points.Drawn, snapshot: Snapshot, fresh: points.Drawn | None = None) -> Drawing:
    wanted, signal, columns = row.wanted, row.wanted.signal, row.columns
    name = split(wanted.series_id)[1]
    status = snapshot.source(name)
    history = status is not None and status["state"] == "history"
    updated = _recorded_until(row, status) if history else _updated(row, fresh)
    chart = Chart(
        title=_(signal.title),
        sentence=" ".join(
            part
            for part in (
                _said.sentence(row, snapshot, recorded=updated if history else None, fresh=fresh),
                _said.by_days(row, snapshot),
            )
            if part
        ),
        unit=_said.unit(row),
        start=wanted.since,
        step_s=wanted.step_s,
        value=columns["value"],
        baseline=columns["baseline"],
        baseline_name=_(_said.NAMES[wanted.against]),
        lo=columns["lo"],
        hi=columns["hi"],
        threshold=columns["threshold"],
        spans=[*_spans(wanted, snapshot), *_unjudged(row)],
        source=snapshot.title(name),
        licence=status["licence"] if status else "",
        address=f"/{wanted.entity}",
        updated=updated,
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
        live=share(wanted).replace("/chart?", "/chart.json?", 1),
        condition=_said.condition(row, snapshot, fresh),
        words=_(signal.help),
    )


def _recorded_until(row: points.Drawn, status: SourceStatus | None) -> datetime | None:
    """Start of the newest bin of a recorded set where the last window with a value holds it, else of that window."""
    at = _said.newest(row)
    if at is None:
        return None
    window = row.times[at]
    newest = times.parse(status["newest_bin"]) if status and status["newest_bin"] else window
    return newest if window <= newest < windows.later(window, row.wanted.step_s, 1) else window


def _updated(row: points.Drawn, fresh: points.Drawn | None) -> datetime | None:
    """Start of the newest bin with a value, or of the newest window that has one where bins are not at hand."""
    row = fresh if fresh is not None and _said.newest(fresh) is not None else row
    at = _said.newest(row)
    return None if at is None else row.times[at]


def _unjudged(row: points.Drawn) -> list[Span]:
    """Stretches that the detector did not judge, as our own measurement was impaired or too little came: nothing of
    the place is told by them. None where they are so many that they would hide the chart, or too short to be seen."""
    if len(row.unjudged) > MOST_UNJUDGED or row.wanted.step_s > 1800:
        return []
    return [Span(start=start, end=end, level="insufficient", label=_("not judged")) for start, end in row.unjudged]


def _credit(status: SourceStatus | None, name: str, history: bool) -> Credit:
    if status is None:
        return Credit(name, "/sources", _("not stated"), "", None)
    until = status["newest_bin"] if history else None
    return Credit(status["title"], f"/sources#{name}", status["licence"], status["licence_url"], until)


def _csv(wanted: points.Wanted) -> str:
    more = {"scale": str(wanted.scale)} if wanted.scale != "raw" else {}
    return "/api/v1/signals?" + urlencode({
        "entity": wanted.entity, "signal": wanted.series_id, "from": times.rfc3339(wanted.since),
        "until": times.rfc3339(wanted.until), "interval": windows.interval_name(wanted.step_s),
        "baseline": 1 if wanted.against == "forecast" else wanted.against, **more, "format": "csv",
    })  # fmt: skip


def share(wanted: points.Wanted) -> str:
    """Address of the page of one chart (``radar.pages.chart``): these windows, whenever it is read."""
    more: dict[str, str] = {"baseline": wanted.against} if wanted.against != "forecast" else {}
    more |= {"scale": wanted.scale} if wanted.scale != "raw" else {}
    return "/chart?" + urlencode({
        "entity": wanted.entity, "series": wanted.series_id, "from": times.rfc3339(wanted.since),
        "until": times.rfc3339(wanted.until), "interval": windows.interval_name(wanted.step_s), **more,
    }, safe="/@:")  # fmt: skip


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
