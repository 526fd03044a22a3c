"""``/api/v1/signals``: measured series, with what is normal for them, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from radar import entities
from radar.api import access, points, table, windows
from radar.api.endpoints import endpoint
from radar.api.envelope import CLOSED_S, CSV, FRESH_S, address, bad_parameter, body_of, meta, success, too_expensive
from radar.api.parameters import ENTITY, FROM, RANGES, UNTIL, Parameter, one_of, whole
from radar.labels import N_, _
from radar.shapes import SourceStatus
from radar.signals import MONTH_S, SIGNALS, SLOTS, series_id, split
from radar.times import parse, rfc3339

#: Native bins that one answer may be made of, all series together; about a second of work.
MOST_BINS = 250_000

#: Series in one answer.
MOST_SERIES = 50

#: Points per series: what is used unless asked for otherwise, and the most there can be.
POINTS, MOST_POINTS = 1000, 10_000

#: Bins may still be filled in for this long after they ended.
SETTLED = timedelta(days=1)


def _series(text: str) -> str:
    signal, source = split(text)
    if signal not in SIGNALS:
        raise ValueError(text)
    wanted = series_id(signal, source or None)
    if wanted not in SLOTS:
        raise ValueError(text)
    return wanted


SIGNAL = Parameter(
    "signal",
    N_("A signal, of its preferred source or of the one named after @. May be repeated. Without it: all series of the "
       "entity that have data."),
    N_("an id such as edge.requests or bgp.visible_24s@ioda_signals"),
    _series,
    repeat=True,
)  # fmt: skip
RANGE = Parameter(
    "range",
    N_("A range that ends now, or at the newest bin of a recorded set. Instead of from and until."),
    N_("24h, 7d, 28d, 12w, 1y or all"),
    one_of(*RANGES, "all"),
)
INTERVAL = Parameter(
    "interval",
    N_("Width of a point, never finer than measured. auto: the finest within max_points."),
    ", ".join(["auto", *windows.INTERVALS]),
    one_of("auto", *windows.INTERVALS),
    default="auto",
)
MAX_POINTS = Parameter(
    "max_points", N_("Points per series at most."), f"1–{MOST_POINTS}", whole(1, MOST_POINTS), default=POINTS
)


def _against(text: str) -> points.Against | None:
    return {"0": None, "1": "forecast", "forecast": "forecast", "week": "week", "median": "median"}[text]


BASELINE = Parameter(
    "baseline",
    N_("Adds baseline, lo, hi and threshold. 1 or forecast: what the detector expects. week: the same time a week "
       "before. median: the middle of the four weeks before."),
    N_("0, 1, forecast, week or median"),
    lambda text: _against(one_of("0", "1", "forecast", "week", "median")(text)),
)  # fmt: skip
SCALE = Parameter(
    "scale",
    N_("normalised: per cent of the baseline of each point, which has to be asked for too; shares, and series that are "
       "held against nothing, stay in their own unit."),
    N_("raw or normalised"),
    one_of("raw", "normalised"),
    default="raw",
)  # fmt: skip
FORMAT = Parameter(
    "format", N_("Both forms hold the same numbers."), N_("json or csv"), one_of("json", "csv"), default="json"
)


@endpoint("/signals", ENTITY, SIGNAL, FROM, UNTIL, RANGE, INTERVAL, MAX_POINTS, BASELINE, SCALE, FORMAT)
def signals(given: dict[str, Any]) -> Response:
    """Series of one or more entities: one item per series with ``times``, ``values`` and ``n`` of the same length.

    ``values`` are in ``meta.unit``, per native bin; null is no data. ``n`` is the number of observations behind a
    value, null where the source does not say. With ``baseline``: ``baseline`` (what is normal), ``lo`` and ``hi``
    (its band) and ``threshold`` (where the detector fires); null where it cannot say. Of the four weeks before,
    ``lo`` and ``hi`` are the lowest and the highest, and two weeks at least have to have a value.

    A point coarser than the native bin is the mean of its bins that have data, weighted by n for medians, shares and
    ratios, and null where fewer than half of them have data; n is their sum. Where a series of minutes is no longer
    kept, points of an hour and more say how their hours ended. A range is widened to whole points. The
    default range is 24h. CSV has one row per point with the columns time, entity, signal, source, unit, interval,
    value, n, (baseline, lo, hi, threshold,) simulated; an empty cell is no data.
    """
    if not given["entity"]:
        raise bad_parameter("entity", _("entity is missing."), _(ENTITY.expected))
    if given["range"] and (given["from"] or given["until"]):
        raise bad_parameter("range", _("range cannot be combined with from and until."), _("one or the other"))
    if given["from"] and given["until"] and given["until"] <= given["from"]:
        raise bad_parameter("until", _("until is not after from."), _("a time after from"))
    if given["scale"] == "normalised" and given["baseline"] is None:
        raise bad_parameter("scale", _("scale=normalised needs a baseline."), _(BASELINE.expected))
    seen = access.read(states=given["entity"])
    now = parse(seen.clock["now"])
    pairs = [(entity, series) for entity in given["entity"] for series in given["signal"] or _known(seen, entity)]
    if len(pairs) > MOST_SERIES:
        fewer = _("at most {n} series: fewer entities or signals").format(n=MOST_SERIES)
        raise too_expensive(_("These are {n} series.").format(n=len(pairs)), fewer, parameter="entity")
    wanted = [_wanted(entity, series, given, now, seen.sources.get(split(series)[1])) for entity, series in pairs]
    bins = sum(row.bins for row in wanted)
    if bins > MOST_BINS:
        fewer = _("at most {n} bins: a shorter range, or fewer series").format(n=MOST_BINS)
        about = "range" if given["range"] else "from"
        raise too_expensive(_("This would read {n} bins.").format(n=bins), fewer, parameter=about)
    drawn = points.draw(access.client(), wanted, now=now, lines=given["baseline"] is not None)
    settled = not seen.clock["simulated"] and all(row.until <= now - SETTLED for row in wanted) and bool(wanted)
    keep_s = CLOSED_S if settled else FRESH_S
    if given["format"] == "csv":
        return _csv(drawn, seen, given["baseline"] is not None, keep_s)
    data = [_item(row, seen) for row in drawn]
    return success(data, _common(data, seen), keep_s=keep_s)


def _known(seen: access.Seen, entity: str) -> list[str]:
    state = seen.states.get(entity)
    return [series for series in state["series"] if series in SLOTS] if state else []


def _wanted(
    entity: str, series: str, given: dict[str, Any], now: datetime, source: SourceStatus | None
) -> points.Wanted:
    """The windows of one series. Its native grain, the range and ``interval`` or ``max_points`` decide how wide they
    are."""
    native_s = SLOTS[series][0].grain_s
    since, until = _range(given, now, native_s, source)
    span_s = (until - since).total_seconds()
    if given["interval"] == "auto":
        step_s = points.step(series, since, until, now, given["max_points"])
    else:
        step_s = windows.INTERVALS[given["interval"]]
        if step_s < native_s or step_s % native_s or (native_s == MONTH_S) != (step_s == MONTH_S):
            fits = [n for n, s in windows.INTERVALS.items() if s >= native_s and s % native_s == 0
                    and (native_s == MONTH_S or s != MONTH_S)]  # fmt: skip
            raise too_expensive(
                _("{series} is measured every {native}; {interval} cannot be made of that.").format(
                    series=series, native=windows.interval_name(native_s), interval=given["interval"]),
                ", ".join(["auto", *fits]), parameter="interval",
            )  # fmt: skip
    if span_s / step_s > given["max_points"]:
        message = _("{interval} gives {n} points of {series}.").format(
            interval=windows.interval_name(step_s), n=round(span_s / step_s), series=series
        )
        fewer = _("at most max_points={n}: a wider interval, interval=auto or a shorter range").format(
            n=given["max_points"]
        )
        about = "interval" if given["interval"] != "auto" else "range" if given["range"] else "from"
        raise too_expensive(message, fewer, parameter=about)
    against: points.Against = given["baseline"] or "forecast"
    return points.align(entity, series, since, until, step_s, against=against, scale=given["scale"])


def _range(
    given: dict[str, Any], now: datetime, native_s: int, source: SourceStatus | None
) -> tuple[datetime, datetime]:
    """The half-open range that is meant for a series of this source.

    A recorded set ends where its data ends, not now: "the last 24 hours" of it are its own last 24 hours.
    """
    newest = source["newest_bin"] if source and source["state"] == "history" else None
    end = windows.later(parse(newest), native_s, 1) if newest else now
    if given["range"] == "all":
        oldest = parse(source["oldest_bin"]) if source and source["oldest_bin"] else end - timedelta(days=28)
        return min(oldest, end), end
    if given["from"] and given["from"] >= now:
        raise bad_parameter("from", _("from lies in the future."), _("a time before {now}").format(now=rfc3339(now)))
    if given["from"]:
        return given["from"], max(min(given["until"] or now, now), given["from"])
    if given["until"]:
        end = min(given["until"], now)
    return end - timedelta(seconds=RANGES[given["range"] or "24h"]), end


def _item(drawn: points.Drawn, seen: access.Seen) -> dict[str, Any]:
    wanted, signal = drawn.wanted, drawn.wanted.signal
    source = seen.sources.get(split(wanted.series_id)[1])
    native_s = wanted.group.grain_s
    times = [rfc3339(at) for at in drawn.times]
    seen_at = [at for at, value in zip(times, drawn.columns["value"], strict=True) if value is not None]
    return {
        "entity": wanted.entity,
        "name": entities.name(wanted.entity),
        "signal": signal.id,
        "source": split(wanted.series_id)[1],
        "title": _(signal.title),
        "from": rfc3339(wanted.since),
        "until": rfc3339(wanted.until),
        "times": times,
        "values": drawn.columns["value"],
        **{name: column for name, column in drawn.columns.items() if name != "value"},
        "meta": meta(
            sources=[source] if source else [],
            clock=seen.clock,
            simulated=source["simulated"] if source else False,
            method=f"#{signal.id}",
            interval=windows.interval_name(wanted.step_s),
            native_interval=windows.interval_name(native_s),
            unit=_(drawn.unit),
            scale=signal.scale,
            bad=signal.bad,
            coverage=drawn.coverage,
            aggregation=_aggregation(wanted),
            last_observed=seen_at[-1] if seen_at else None,
        ),
    }  # fmt: skip


def _aggregation(wanted: points.Wanted) -> str:
    if wanted.step_s == wanted.group.grain_s:
        return _(windows.AGGREGATION_NONE)
    return "; ".join([_(windows.AGGREGATION_MEAN), *([_(windows.AGGREGATION_HOURS)] if wanted.hourly else [])])


def _common(data: Sequence[dict[str, Any]], seen: access.Seen) -> dict[str, Any]:
    """The meta of the whole answer: what all series share, null where they differ."""
    named = dict.fromkeys(item["source"] for item in data)
    about = meta(
        sources=[seen.sources[name] for name in named if name in seen.sources],
        clock=seen.clock,
        simulated=any(item["meta"]["simulated"] for item in data),
        method="#signals",
        count=len(data),
    )
    for key in ("interval", "native_interval", "unit", "coverage", "aggregation"):
        values = {item["meta"][key] for item in data}
        about[key] = values.pop() if len(values) == 1 else None
    return about


def csv_of(drawn: Sequence[points.Drawn], sources: Mapping[str, SourceStatus], *, lines: bool) -> bytes:
    """The CSV of series as they are drawn; the same series give the same bytes."""
    names = ["value", "n", *(points.LINES if lines else ())]
    rows: list[list[table.Cell]] = []
    for row in drawn:
        signal, source = split(row.wanted.series_id)
        status = sources.get(source)
        told = [row.wanted.entity, signal, source, row.unit, windows.interval_name(row.wanted.step_s)]
        simulated = status["simulated"] if status else False
        rows += [[point["time"], *told, *(point[name] for name in names), simulated] for point in points.as_rows(row)]
    return table.write(["time", "entity", "signal", "source", "unit", "interval", *names, "simulated"], rows)


def _csv(drawn: Sequence[points.Drawn], seen: access.Seen, lines: bool, keep_s: int) -> Response:
    response = body_of(csv_of(drawn, seen.sources, lines=lines), CSV, keep_s=keep_s)
    first = drawn[0].wanted.entity.replace("/", "-") if drawn else "nothing"
    response.headers["Content-Disposition"] = f'attachment; filename="radar-{first}.csv"'
    used = dict.fromkeys(split(row.wanted.series_id)[1] for row in drawn)
    links = [f'<{address("/method#signals")}>; rel="describedby"']
    links += [f'<{seen.sources[name]["licence_url"]}>; rel="license"' for name in used if name in seen.sources]
    response.headers["Link"] = ", ".join(links)
    return response
