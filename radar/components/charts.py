"""Interactive drawings: the server's SVG first, Plotly over it in the same box when a reader comes near it.

A figure is sent when it is wanted, in the colours of the light theme; ``assets/site/live.js`` makes it live, one at a
time, in the reader's. Under each chart stand source, licence, unit, time and the CSV of exactly what is drawn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from dash import dcc, html
from dash.development.base_component import Component

from radar import cldr, languages
from radar.components import kit, shell, state, times
from radar.components.ssr import marks, settled, slot
from radar.figures import timeseries
from radar.figures.text import is_share
from radar.labels import _

HEIGHT = 220


@dataclass(frozen=True, slots=True)
class Credit:
    """Who a chart's numbers come from. ``until``: RFC 3339, end of a recorded set; None for a running one."""

    title: str
    path: str
    licence: str
    licence_url: str
    until: str | None


def interactive(
    id: str,
    svg: Callable[[], str],
    graph: dict[str, Any] | str,
    *,
    class_name: str,
    label: str,
    say: Mapping[str, Any] | None = None,
) -> Component:
    """A drawing that becomes interactive in place.

    ``id`` is unique on the page; ``svg`` is called only for the first response; ``graph`` is what Dash draws (``graph``
    below), or the address that gives it; ``label`` says what it shows, for readers of text. ``say``: how its points are
    said (``spoken``); scripts then let it be reached by keyboard.
    """
    more = {} if say is None else marks(data_say=json.dumps(say, ensure_ascii=False))
    if isinstance(graph, str):
        more |= marks(data_graph=graph)
    return html.Div(
        [
            slot(f"{id}-still", svg, class_name="still"),
            html.Div(
                [
                    # made only when it is wanted: a page has a dozen, a screen one or two
                    dcc.Store(id={"type": "figure", "index": id}, data=graph),
                    dcc.Store(id={"type": "wanted", "index": id}),
                    html.Div(id={"type": "live", "index": id}, className="graph"),
                ],
                className="live",
                **marks(aria_hidden="true"),
            ),
        ],
        className=f"drawing {class_name}",
        role="group",
        **marks(aria_label=label, data_drawing=id),
        **more,
    )


def graph(id: str, drawn: timeseries.Chart) -> dict[str, Any]:
    """The component of Dash that draws a chart, as plain JSON."""
    made = dcc.Graph(
        id={"type": "graph", "index": id},
        figure=timeseries.figure(drawn, theme="light", height=HEIGHT),
        config=cast(Any, timeseries.CONFIG | _tongue()),
        responsive=True,
        className="graph",
    )
    described: dict[str, Any] = made.to_plotly_json()  # type: ignore[no-untyped-call]  # Dash leaves it untyped
    return described


def spoken(drawn: timeseries.Chart) -> dict[str, Any]:
    """What ``assets/site/points.js`` says of a point: the words, the unit, and the shaded spans in milliseconds since
    1970 (None: it lasts)."""
    share = is_share(drawn.unit)
    return {
        "share": share,
        "unit": "" if share else drawn.unit,
        "days": drawn.step_s >= 86_400,
        "role": _("chart"),
        "keys": _("Arrow keys move through its points."),
        "none": _("no data"),
        "baseline": _("{name} {n}").format(name=drawn.baseline_name or _("normal"), n="{n}"),
        "threshold": _("threshold {n}"),
        "spans": [
            [int(span.start.timestamp() * 1000), None if span.end is None else int(span.end.timestamp() * 1000),
             span.label]
            for span in drawn.spans
        ],
    }  # fmt: skip


def _tongue() -> dict[str, Any]:
    """What Plotly needs to write numbers and days in the reader's language; it speaks English by itself."""
    language = languages.current()
    if language == "en":
        return {}
    days, short = cldr.rule("days"), cldr.rule("short_days")  # Plotly's weeks begin on Sunday
    written = {
        "days": [days[6], *days[:6]], "shortDays": [short[6], *short[:6]],
        "months": cldr.rule("months"), "shortMonths": cldr.rule("short_months"),
        "decimal": cldr.rule("decimal"), "thousands": cldr.rule("group"),
    }  # fmt: skip
    return {"locale": language, "locales": {language: {"dictionary": {}, "format": written}}}


def chart(
    id: str,
    drawn: timeseries.Chart,
    credit: Credit,
    *,
    csv: str,
    table_href: str,
    now: str,
    help: str,
    share: str = "",
    live: str = "",
    with_table: bool = False,
    level: int = 3,
) -> Component:
    """One series against its normal, with all that a newspaper would print beside it.

    Parameters
    ----------
    csv
        Address of exactly the drawn numbers.
    table_href
        Address of this page with the table open, for readers without scripts; with them it is loaded in place.
    help
        What the signal is, in one line.
    share
        Address of the page of this chart alone, with all that is needed to pass it on; "" where there is none.
    live
        Address of its ``graph``, for pages of many charts; "" where it comes with the page.
    with_table
        Write the table out.
    level
        Of its heading: 2 where it stands right under the heading of the page.
    """
    heading = (html.H2 if level == 2 else html.H3)([drawn.title, " ", state.simulated(drawn.simulated)])
    head = html.Div([heading, state.what(help)], className="chart-head")
    label = f"{cldr.ended(drawn.title)} {drawn.sentence}"
    said = drawn.sentence.replace(" %", "\N{NO-BREAK SPACE}%")
    return html.Figure(
        [
            settled(f"{id}-caption", html.Figcaption([head, html.P(said, className="sentence")])),
            interactive(id, lambda: timeseries.svg(drawn, height=HEIGHT), live or graph(id, drawn), class_name="ts-box",
                        label=label, say=spoken(drawn)),
            settled(f"{id}-credit", _credit(drawn, credit, now, csv)),
            _table(id, drawn, table_href, with_table),
            kit.offer(id, share) if share else None,
        ],
        className="chart",
        id=id,
    )  # fmt: skip


def _credit(drawn: timeseries.Chart, credit: Credit, now: str, csv: str) -> Component:
    licence: Any = html.A(credit.licence, href=credit.licence_url) if credit.licence_url else credit.licence
    parts: list[Any] = [
        html.Span([_("Source: "), html.A(credit.title, href=credit.path)]),
        html.Span([_("Licence: "), licence]),
        html.Span([_("Unit: "), "%" if drawn.unit in ("share", "ratio") else drawn.unit]),
    ]
    if credit.until is not None:
        parts.append(html.Span([_("Recorded, until "), times.day(credit.until)]))
    elif drawn.updated is not None:
        parts.append(html.Span([_("Data until "), times.time_ago(times.rfc3339(drawn.updated), now)]))
    parts.append(html.A(_("CSV of this chart"), href=csv))
    return html.P(parts, className="credit")


def _table(id: str, drawn: timeseries.Chart, href: str, full: bool) -> Component:
    if full:
        return html.Details(
            [html.Summary(_("The same as a table")), slot(f"{id}-table", lambda: rows(drawn), class_name="scroll")],
            open=True,
        )
    more = html.P(html.A(_("Show the table"), href=f"{href}#{id}"))
    return html.Details(
        [html.Summary(_("The same as a table")), slot(f"{id}-table", more, class_name="scroll")],
        **marks(data_href=href),
    )


def rows(drawn: timeseries.Chart) -> Component:
    """Everything that the chart draws as a table, oldest first as in its CSV; an empty cell is "no data", and what is
    drawn nowhere has no column."""
    share = is_share(drawn.unit)
    usual = drawn.baseline_name
    columns = [
        (name, values)
        for name, values in (
            (_("Observed"), drawn.value),
            (_("Expected") if usual in ("", _("normal")) else usual[0].upper() + usual[1:], drawn.baseline),
            (_("Usual from"), drawn.lo),
            (_("Usual to"), drawn.hi),
            (_("Threshold"), drawn.threshold),
        )
        if any(value is not None for value in values)
    ]
    places = _places([value * (100 if share else 1) for _name, column in columns for value in column
                      if value is not None])  # fmt: skip
    head = html.Tr([html.Th(_("Start"), scope="col"),
                    *(html.Th(name, scope="col", className="num") for name, _values in columns)])  # fmt: skip
    body = []
    for i in range(len(drawn.value)):
        start = times.rfc3339(drawn.at(i))
        moment = times.day(start) if drawn.step_s >= 86_400 else times.time(start)
        cells = [_cell(values[i], places, share) for _name, values in columns]
        body.append(html.Tr([html.Th(moment, scope="row"), *cells]))
    unit = _("{title}. Unit: {unit}.").format(title=drawn.title, unit="%" if share else drawn.unit)
    return html.Table([html.Caption(unit), html.Thead(head), html.Tbody(body)], className="figures")


def _places(numbers: Sequence[float]) -> int:
    """How many decimals all numbers of a table have: none where all are whole, else about four digits."""
    if all(float(number).is_integer() for number in numbers):
        return 0
    largest = max(abs(number) for number in numbers)
    return next(places for places, from_ in ((0, 1000), (1, 100), (2, 1), (4, 0)) if largest >= from_)


def _cell(value: float | None, places: int, share: bool) -> Component:
    if value is None:
        return html.Td("", **marks(aria_label=_("no data")))
    return html.Td(cldr.fixed(value * (100 if share else 1), places), className="num")


def unreadable() -> Component:
    """In place of charts whose numbers cannot be read just now."""
    return shell.empty(_("We cannot read the measurements just now."),
                       _("They are not lost. Please try again in a minute."))  # fmt: skip


def strip(choices: Sequence[tuple[str, str, str]], chosen: str, label: str) -> Component:
    """One strip of links: (value, words, address); the chosen one is marked."""
    links = []
    for value, words, href in choices:
        here = marks(aria_current="true") if value == chosen else {}
        links.append(html.A(words, href=href, **here))
    return html.Nav(links, className="choices", **marks(aria_label=label))
