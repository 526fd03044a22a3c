"""One chart by its address: what ``/chart`` shows and what ``/chart.svg`` draws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args

import flask
import orjson

from radar import entities
from radar.api import envelope, points, windows
from radar.components import charts, kit, times
from radar.errors import EntityError, StoreUnavailable
from radar.figures import timeseries
from radar.labels import _
from radar.pages import _charts, _kept, _read
from radar.signals import MONTH_S, SLOTS, series_id, split

#: Points of one chart at most.
MOST = 2000


class WrongAddress(ValueError):
    """A part of the address is none; the text says which, and what was expected."""


@dataclass(frozen=True, slots=True)
class Found:
    """One chart as it is now."""

    entity: str
    drawing: _charts.Drawing
    work: kit.Work


def read(query: Mapping[str, Any]) -> Found:
    """The chart that ``entity``, ``series`` (or ``signal``), ``from``, ``until`` and ``interval`` name.

    Raises WrongAddress, StoreUnavailable.
    """
    wanted = _wanted(query)
    snapshot = _read.snapshot()
    drawing, csv = _charts.one(wanted, snapshot)
    title = f"{drawing.chart.title}: {entities.name(wanted.entity)}"
    fingerprint = hashlib.sha256(csv).hexdigest()
    frozen = envelope.address(f"{drawing.share}&at={snapshot.now}&sha256={fingerprint[: kit.SHORT]}")
    work = kit.Work(
        title=title,
        page=envelope.address(f"/{wanted.entity}#{drawing.id}"),
        frozen=frozen,
        csv=envelope.address(drawing.csv),
        svg=envelope.address(drawing.share.replace("/chart?", "/chart.svg?", 1)),
        fingerprint=fingerprint,
        source=drawing.credit.title,
        licence=drawing.credit.licence,
        simulated=drawing.chart.simulated,
        read=snapshot.now,
    )
    return Found(wanted.entity, drawing, work)


def file() -> flask.Response:
    """``/chart.svg``: the chart as a file that can be printed as it is."""
    return as_file(lambda: _as_file(read(flask.request.args)))


def _as_file(found: Found) -> tuple[str, str]:
    chart = replace(found.drawing.chart, title=found.work.title, address=found.work.frozen)
    return timeseries.svg(chart, standalone=True), f"radar-{found.entity.replace('/', '-')}-{found.drawing.id}.svg"


def graph() -> flask.Response:
    """``/chart.json``: what Dash draws of the chart, for pages that are open."""
    try:
        snapshot = _read.snapshot()
        name = _kept.key("graph", flask.request.path, flask.request.query_string.decode("latin-1"), snapshot)
        row = _kept.shelf.get(name) if name else None
        if row is None:
            drawing = _charts.figure(_wanted(flask.request.args), snapshot)
            row = _kept.Kept(200, orjson.dumps(charts.graph(drawing.id, drawing.chart)), mimetype="application/json")
            if name:
                _kept.shelf.put(name, row)
    except (WrongAddress, StoreUnavailable) as error:
        return _refused(error)
    answer = row.answer()
    answer.headers["Cache-Control"] = f"public, max-age={envelope.FRESH_S}"
    return answer


def as_file(make: Callable[[], tuple[str, str]], kind: str = "image/svg+xml") -> flask.Response:
    """The answer with a file (its text, and its name) that may raise WrongAddress or StoreUnavailable."""
    try:
        drawing, name = make()
    except (WrongAddress, StoreUnavailable) as error:
        return _refused(error)
    answer = flask.Response(drawing, mimetype=kind)
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = f"public, max-age={envelope.FRESH_S}"
    return answer


def _refused(error: WrongAddress | StoreUnavailable) -> flask.Response:
    if isinstance(error, WrongAddress):
        return _plain(f"{error}\n", 400)
    answer = _plain(_("We cannot read the measurements just now.") + "\n", 503)
    answer.headers["Retry-After"] = "30"
    return answer


def _plain(text: str, status: int) -> flask.Response:
    answer = flask.Response(text, status=status, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _wanted(query: Mapping[str, Any]) -> points.Wanted:
    entity = _entity(str(query.get("entity", "")))
    series = _series(str(query.get("series", "")))
    native_s = SLOTS[series][0].grain_s
    since, until = time_of("from", query), time_of("until", query)
    if until <= since:
        raise WrongAddress(_("until is not after from."))
    name = str(query.get("interval", "auto"))
    span_s = (until - since).total_seconds()
    now = times.parse(_read.snapshot().now)
    auto = name == "auto"
    step_s = points.step(series, since, until, now, _charts.POINTS) if auto else windows.INTERVALS.get(name, 0)
    if step_s >= native_s:  # an old link names windows that were finer than what is kept now
        step_s = max(step_s, points.grain(series, since, now))
    if step_s < native_s or step_s % native_s or (native_s == MONTH_S) != (step_s == MONTH_S):
        raise WrongAddress(_("{value} is no interval of {series}, which is measured every {native}.").format(
            value=repr(name[:20]), series=series, native=windows.interval_name(native_s)))  # fmt: skip
    if span_s / step_s > MOST:
        raise WrongAddress(_("{n} points are too many for one chart; expected at most {most}.").format(
            n=round(span_s / step_s), most=MOST))  # fmt: skip
    against = _choice("baseline", query, get_args(points.Against))
    scale = _choice("scale", query, get_args(points.Scale))
    return points.align(entity, series, since, until, step_s, against=against, scale=scale)


def _choice(name: str, query: Mapping[str, Any], choices: tuple[Any, ...]) -> Any:
    """One of the choices, the first where the address says nothing."""
    text = str(query.get(name, choices[0]))
    if text not in choices:
        raise WrongAddress(_("{name} is {value}; expected one of {choices}.").format(
            name=name, value=repr(text[:40]), choices=", ".join(choices)))  # fmt: skip
    return text


def _entity(text: str) -> str:
    try:
        entities.parse(text)
    except EntityError as error:
        raise WrongAddress(str(error)) from None
    return text


def _series(text: str) -> str:
    signal, source = split(text)
    try:
        series = series_id(signal, source or None)
    except KeyError:
        series = ""
    if series not in SLOTS:
        raise WrongAddress(_("{value} is no series; expected one such as edge.requests@edge_logs.").format(
            value=repr(text[:60])))  # fmt: skip
    return series


def time_of(name: str, query: Mapping[str, Any]) -> datetime:
    """The time that a part of an address names. Raises WrongAddress, StoreUnavailable."""
    text = str(query.get(name, ""))
    try:
        found = times.parse(text)
    except ValueError:
        raise WrongAddress(_("{name} is {value}; expected a time such as 2026-03-02T00:00:00Z.").format(
            name=name, value=repr(text[:40]))) from None  # fmt: skip
    return min(max(found, times.parse("1990-01-01T00:00:00Z")), times.parse(_read.snapshot().now) + timedelta(days=1))
