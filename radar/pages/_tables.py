"""Tables that hold a bar or a line in each row, as figures: one for a table. ``radar.pages._figures`` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.components import outages, paths, routing, state, times
from radar.components.ssr import Raw, slot
from radar.figures import shares, sheet
from radar.labels import STATES, _
from radar.pages import _depends, _exam, _lines, _paths, _reach, _read
from radar.pages._chart import WrongAddress
from radar.pages._figure import Builder, Figure, entity_of, one, outage_of
from radar.shapes import SourceStatus
from radar.shapes.paths import Paths
from radar.times import rfc3339

Query = Mapping[str, Any]

#: Pixels of a line, and of its height.
_LINE, _HIGH = sheet.WIDE - 2 * sheet.EDGE - sheet.NAMES - sheet.FIGURES, 28


def _ways(query: Query) -> Figure:
    """Whom a place is reached through, or who through it."""
    entity, part = entity_of(query), str(query.get("part", ""))
    about, views = _paths.read([entity])
    view = views[entity]
    found = paths.tables(entity, view, about) if about is not None and view is not None else []
    table = next((table for table in found if table.id == part), None)
    if about is None or view is None or table is None:
        raise WrongAddress(_("There is no such table of {name}.").format(name=entities.name(entity)))
    return _networks(table, about, title=f"{table.title}: {entities.name(entity)}", sentence=paths.said(entity, view),
                     page=f"/{entity}#paths", named={"name": "paths", "entity": entity, "part": part},
                     simulated=view["simulated"])  # fmt: skip


def _through(query: Query) -> Figure:
    """Who is mostly reached through the networks that an outage hits."""
    outage, snapshot = outage_of(query)
    _said, rows = _depends.through(outage, _reach.parts_of(outage, snapshot), snapshot)
    about, _views = _paths.read([])
    if not rows or about is None:
        raise WrongAddress(_("No other network that we see is mostly reached through those that are hit."))
    said = _("Networks that are mostly reached through those that are hit; that they are broken is not said by that.")
    return _networks(paths.dependents("through", _("Reached through it"), rows), about,
                     title=_("Reached through it: {outage}").format(outage=outages.headline(outage).rstrip(".")),
                     sentence=said, page=f"/outage/{outage['id']}#reach",
                     named={"name": "through", "outage": outage["id"]}, simulated=outage["simulated"])  # fmt: skip


def _networks(
    table: paths.Table, about: Paths, *, title: str, sentence: str, page: str, named: Mapping[str, str], simulated: bool
) -> Figure:
    columns = ("network", "name", "share", *([table.told] if table.told else []))

    def under(row: paths.Row) -> str:
        if table.told == "since":
            return "" if row.told is None else _("since {day}").format(day=times.date_words(str(row.told)))
        return "" if row.told is None else f"{table.more}: {row.more}"

    return Figure(
        id=table.id,
        title=title,
        sentence=sentence,
        unit=_("share of address space whose paths run through the network, %"),
        page=page,
        named=named,
        drawing=lambda: sheet.bars([
            sheet.Bar(row.name, row.bar(), shares.HEIGHT, under(row), paths.percent(row.share)) for row in table.rows
        ]),
        numbers=lambda: (columns, [(f"asn/{row.asn}", row.name, row.share, *([row.told] if table.told else []))
                                   for row in table.rows]),
        shown=html.Div(paths.drawn(table)),
        sources=one(_read.snapshot().source(about["source"])),
        simulated=simulated,
        moment=about["at"],
    )  # fmt: skip


def _collectors(query: Query) -> Figure:
    """The route collectors, by how many of their sessions can be relied on."""
    table, snapshot = _read.routing(), _read.snapshot()
    if table is None or not table["peers"]:
        raise WrongAddress(_("No session is known yet."))
    found, peers = routing.by_collector(table["peers"]), table["peers"]
    names = ("sessions", "full", "part", "down", "full_v4", "full_v6")
    return Figure(
        id="collectors",
        title=_("Route collectors and their sessions"),
        sentence=routing.collectors_words(found),
        unit=_("sessions: full view (beside it how many), part of it (low), not live"),
        page="/routing#peers",
        named={"name": "collectors"},
        drawing=lambda: sheet.bars([
            sheet.Bar(row.name, row.bar(), shares.HEIGHT, figures=_("{n} of {m}").format(n=row.full, m=row.sessions))
            for row in found
        ]),
        numbers=lambda: (("collector", *names, "last_heard"),
                         [(row.name, *(getattr(row, name) for name in names), row.heard) for row in found]),
        shown=routing.collectors(peers),
        sources=one(snapshot.source(table["source"])),
        simulated=all(view["simulated"] for view in table["countries"]),
        moment=table["at"],
    )  # fmt: skip


def _speed(query: Query) -> Figure:
    """How long the detector takes in its exam."""
    targets = _exam.card()["targets"]
    return _marks(
        "speed-bars", "time-to-detect", _("Time to detect, median"),
        _("How long it takes until an outage is found, in the worlds that are generated for the exam."),
        _("minutes or days, median of the outages that were found"), "/scoreboard#speed", _exam.speeds(targets),
        (("world", "median_s"), _exam.seconds(targets)),
    )  # fmt: skip


def _confidence(query: Query) -> Figure:
    """How often alarms were right, by how sure they were."""
    bands = _exam.card()["reliability"]
    names = ("band", "alarms", "confidence", "right")
    return _marks(
        "confidence-bars", "confidence", _("Is the confidence true?"),
        _("How often alarms of the exam were right, by the confidence that was said of them. This rests on simulation "
          "and the few real cases."),
        _("share of the alarms that were right, %"), "/scoreboard#confidence", _exam.confidences(bands),
        (names, [[band[name] for name in names] for band in bands]),
    )  # fmt: skip


def _marks(id: str, name: str, title: str, sentence: str, unit: str, page: str, rows: list[_exam.Row],
           numbers: Any) -> Figure:  # fmt: skip
    bars = [
        html.Tr([html.Th(row.name, scope="row"), html.Td(row.figures), html.Td(Raw(row.bar()), className="bar-cell")])
        for row in rows
    ]  # fmt: skip
    return Figure(
        id=id,
        title=title,
        sentence=sentence,
        unit=unit,
        page=page,
        named={"name": name},
        drawing=lambda: sheet.bars([sheet.Bar(row.name, row.bar(), shares.HEIGHT, row.figures) for row in rows]),
        numbers=lambda: numbers,
        shown=html.Div(slot(id, html.Table(html.Tbody(bars), className="figures")), className="scroll"),
        sources=(),
        simulated=False,
        moment=rfc3339(_read.wall()),
        own=_("Internet Radar, the exam of its detector on generated worlds"),
    )


def _open_lines(query: Query) -> Figure:
    """The last day of what the sentences of the open outages speak of."""
    snapshot = _read.snapshot()
    lines = _lines.of(outages.by_urgency(outages.listed(snapshot.current())), snapshot)
    if not lines:
        raise WrongAddress(_("No outage is open of which a line is drawn."))
    sources = [row for line in lines if (row := snapshot.source(line.source)) is not None]
    kept: list[SourceStatus] = list({row["name"]: row for row in sources}.values())

    def drawing() -> tuple[str, int]:
        return sheet.bars([
            sheet.Bar(outages.name_of(line.outage["entity"]), line.svg(_LINE).replace(f'width="{_LINE}"',
                      'width="100%"', 1), _HIGH, line.what, _(STATES[line.outage["level"]]))
            for line in lines
        ])  # fmt: skip

    def rows() -> list[tuple[Any, ...]]:
        return [
            (line.outage["id"], line.outage["entity"], line.drawn.wanted.series_id, at, line.drawn.wanted.step_s, value,
             line.drawn.columns["baseline"][i], line.drawn.unit)
            for line in lines
            for i, (at, value) in enumerate(zip(line.drawn.times, line.drawn.columns["value"], strict=True))
        ]  # fmt: skip

    return Figure(
        id="open-lines",
        title=_("Open outages: their last day"),
        sentence=_("Each line is what the outage's sentence speaks of, in the last 24 hours, from zero to its own "
                   "largest value; dotted is what was to be expected."),
        unit=_("that of each signal"),
        page="/#open",
        named={"name": "open-lines"},
        drawing=drawing,
        numbers=lambda: (("outage", "entity", "series", "from", "seconds", "value", "expected", "unit"), rows()),
        shown=html.Div(html.Table(html.Tbody([_shown(line) for line in lines]), className="figures"),
                       className="scroll"),
        sources=kept,
        simulated=any(line.outage["simulated"] for line in lines),
        moment=snapshot.now,
    )  # fmt: skip


def _shown(line: _lines.Line) -> Component:
    outage = line.outage
    name = html.A(outages.name_of(outage["entity"]), href=outages.place(outage))
    return html.Tr([html.Th([name, html.Small(line.what)], scope="row"),
                    html.Td(slot(f"line-{outage['id']}", lambda: line.svg(160))),
                    html.Td(state.mark(outage["level"]))])  # fmt: skip


#: By the name in an address.
FIGURES: dict[str, Builder] = {
    "paths": _ways,
    "through": _through,
    "collectors": _collectors,
    "time-to-detect": _speed,
    "confidence": _confidence,
    "open-lines": _open_lines,
}
