"""Drawings that are no chart of a series, each by its address: what ``/figure`` shows, ``/figure.svg`` and
``/figure.csv`` give. What there is stands in ``radar.pages._figures``."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flask
from dash.development.base_component import Component

from radar import entities, languages
from radar.api import envelope, table
from radar.components import kit, times
from radar.errors import EntityError
from radar.figures import sheet
from radar.labels import _
from radar.pages import _chart, _read, _then
from radar.shapes import Outage, SourceStatus

#: Columns of a CSV, and its rows.
Numbers = tuple[Sequence[str], Sequence[Sequence[table.Cell]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One drawing with what must stand around it wherever it goes.

    ``id``: of its kit, the same wherever the drawing stands; ``page``: path of the page on which it stands. ``named``:
    what names it in an address. ``drawing``: SVG for a sheet, and its height. ``numbers``: what is drawn. ``shown``:
    it on a page of its own. ``sources``: those of the numbers; none: ``own``, or our own published record. ``moment``:
    RFC 3339, up to when it is drawn. ``whole``: what is shown says its sentence and its credit itself.
    """

    id: str
    title: str
    sentence: str
    unit: str
    page: str
    named: Mapping[str, str]
    drawing: Callable[[], tuple[str, int]]
    numbers: Callable[[], Numbers]
    shown: Component
    sources: Sequence[SourceStatus]
    simulated: bool
    moment: str
    whole: bool = False
    own: str = ""


Builder = Callable[[Mapping[str, Any]], Figure]


def csv_of(figure: Figure) -> bytes:
    """What is drawn, the same bytes in every language."""
    with languages.speaking("en"):
        return table.write(*figure.numbers())


def work(figure: Figure) -> kit.Work:
    """What is cited."""
    fingerprint = hashlib.sha256(csv_of(figure)).hexdigest()
    share = kit.figure(**figure.named)
    own = figure.own or _("Internet Radar, its published record")
    return kit.Work(
        title=figure.title,
        page=envelope.address(figure.page),
        frozen=envelope.address(f"{share}&sha256={fingerprint[: kit.SHORT]}"),
        csv=envelope.address(share.replace("/figure?", "/figure.csv?", 1)),
        svg=envelope.address(share.replace("/figure?", "/figure.svg?", 1)),
        fingerprint=fingerprint,
        source=kit.credits(figure.sources) or own,
        licence="",
        paired=True,
        simulated=figure.simulated,
        read=figure.moment,
        kind=_("Figure of simulated data") if figure.simulated else _("Figure"),
    )


def svg_file(read: Builder) -> flask.Response:
    """``/figure.svg``: the drawing as a file that can be printed as it is."""
    return _chart.as_file(lambda: _drawn(read(flask.request.args)))


def csv_file(read: Builder) -> flask.Response:
    """``/figure.csv``: exactly what is drawn."""
    return _chart.as_file(lambda: _table(read(flask.request.args)), "text/csv")


def _drawn(figure: Figure) -> tuple[str, str]:
    made, (drawing, high) = work(figure), figure.drawing()
    credit = " · ".join([
        _("Source: {source}").format(source=made.source),
        f"{_('Unit: ')}{figure.unit}", _("as of {time}").format(time=times.words(figure.moment)),
        *([_("simulated")] if figure.simulated else []), made.frozen,
    ])  # fmt: skip
    drawing = drawing.replace('href="/', f'href="{envelope.address("/")}')
    return sheet.svg(drawing, high, title=made.title, sentence=figure.sentence, credit=credit), _name(figure, "svg")


def _table(figure: Figure) -> tuple[str, str]:
    return csv_of(figure).decode(), _name(figure, "csv")


def _name(figure: Figure, ending: str) -> str:
    safe = "-".join(figure.named.values()).replace("/", "-")
    return f"radar-{''.join(c for c in safe if c.isascii() and (c.isalnum() or c in '-_'))[:80]}.{ending}"


def entity_of(query: Mapping[str, Any]) -> str:
    """The entity that an address names. Raises WrongAddress."""
    text = str(query.get("entity", ""))
    try:
        entities.parse(text)
    except EntityError as error:
        raise _chart.WrongAddress(str(error)) from None
    return text


def outage_of(query: Mapping[str, Any]) -> tuple[Outage, _read.Snapshot]:
    """The outage that an address names, of now or as of ``at``. Raises WrongAddress."""
    id, at = str(query.get("outage", "")), str(query.get("at", ""))
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        raise _chart.WrongAddress(_("What was known at {at} cannot be shown.").format(at=repr(at[:60])))
    found = _then.outage(id, snapshot) if 0 < len(id) <= 120 and "/" not in id and id.isprintable() else None
    if found is None:
        raise _chart.WrongAddress(_("We looked for an outage with the id {id}.").format(id=repr(id[:120])))
    return found, snapshot


def one(source: SourceStatus | None) -> tuple[SourceStatus, ...]:
    """The sources of a figure that has one, or of which it is not known."""
    return () if source is None else (source,)
