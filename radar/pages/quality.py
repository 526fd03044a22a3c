"""``/quality``: how well packets travel around the world: the last hour at our edge, or a month of speed tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api import quality as ranks
from radar.components import charts, numbers, outages, shell, state, times
from radar.components import quality as parts
from radar.components.ssr import Raw, marks, slot
from radar.figures import quality as drawings
from radar.figures import worldmap
from radar.labels import N_, _
from radar.pages import _read
from radar.shapes.quality import PerformanceNow

shell.register_page(__name__, path="/quality", title="Quality")

SORTS = ("rank", "name", "n")

#: Rows of the ranking before the rest is a link.
ROWS = 40

#: What countries are ranked by, in three kinds: words before the choices, names in ``radar.api.quality.BY``, and what
#: each is called there.
CHOICES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (N_("Last hour"), (("rtt", N_("Round-trip time")), ("throughput", N_("Throughput")))),
    (N_("Good enough"), (("iqb", N_("Overall")), ("iqb-web", N_("Web")), ("iqb-video", N_("Video")),
                         ("iqb-audio", N_("Audio")), ("iqb-conferencing", N_("Video calls")),
                         ("iqb-backup", N_("Backups")), ("iqb-gaming", N_("Games")))),
    (N_("Speed tests"), (("download", N_("Download")), ("upload", N_("Upload")),
                         ("latency", N_("Smallest round-trip time")), ("loss", N_("Packet loss")))),
)  # fmt: skip


def layout(by: str = "", month: str = "", sort: str = "", show: str = "", **query: str) -> Component:
    """The page. ``by``: a measure of ``radar.api.quality.BY``; ``month``: a recorded one; ``sort`` orders the table,
    ``show=all`` shows the whole of it."""
    snapshot = _read.snapshot()
    now = _read.performance_now()
    known = ranks.months(snapshot.quality)
    chosen = by if by in ranks.BY else "rtt" if now is not None or not known else "iqb"
    how = ranks.BY[chosen]
    when = None if how.live else month if month in known else known[0] if known else None
    rows = ranks.ranking(chosen, when, now, snapshot.quality)
    asked = {"by": chosen, "month": when or "", "sort": sort if sort in SORTS else "",
             "show": "all" if show == "all" else ""}  # fmt: skip
    strips = [
        _strip(_(words), [(name, _(word), _href({**asked, "by": name})) for name, word in names], chosen)
        for words, names in CHOICES
    ]
    if not how.live and known:
        months = [(name, times.month_words(name), _href({**asked, "month": name})) for name in known]
        strips.append(_strip(_("Month"), months, when or ""))
    head = _sentence(how, rows, when, now, snapshot.now)
    source = snapshot.source((now["source"] if now else "edge_logs") if how.live else "mlab_ndt")
    csv = "/api/v1/quality?" + urlencode({"by": chosen, **({"month": when} if when else {}), "format": "csv"})
    unit = {"score": _("points of 100"), "ratio": "%"}.get(how.unit, how.unit)
    drawn: list[Any] = [_nothing(how)]
    if rows:
        drawn = [_map(how, rows), parts.credit(source, unit, csv), _table(how, rows, asked)]
    simulated = how.live and now is not None and now["simulated"]
    return shell.page(
        _("Quality"),
        html.P([head, " ", state.simulated(simulated)], className="lede"),
        html.Div(strips, className="ranges stacked"),
        *drawn,
        html.P([html.A(_("JSON"), href=csv.replace("&format=csv", "")), " · ",
                html.A(_("How this is judged"), href="/method#quality")], className="note"),
        description=head,
        wide=True,
    )  # fmt: skip


def _strip(words: str, choices: list[tuple[str, str, str]], chosen: str) -> Component:
    return html.Div([html.Span(words, className="label"), charts.strip(choices, chosen, words)], className="legs")


def _href(asked: dict[str, str]) -> str:
    return "/quality?" + urlencode([(name, value) for name, value in asked.items() if value])


def _value(how: ranks.By, value: float | None) -> str:
    if value is None:
        return _("no data")
    if how.unit == "score":
        return parts.score(value)
    return f"{numbers.rough(value * 100)} %" if how.unit == "ratio" else f"{numbers.rough(value)} {how.unit}"


def _sentence(
    how: ranks.By, rows: list[ranks.Ranked], month: str | None, now: PerformanceNow | None, clock: str
) -> str:
    ranked = [row for row in rows if row.rank is not None and row.value is not None]
    if not ranked:
        return _("We have too little data to rank countries by this.")
    middle = sorted(row.value or 0.0 for row in ranked)[len(ranked) // 2]
    best = outages.name_of(ranked[0].entity)
    text = _("{title}: {middle} in the middle country of {n}; {best} is best with {value}").format(
        title=_(how.title), middle=_value(how, middle), n=len(ranked), best=best, value=_value(how, ranked[0].value)
    )
    if len(rows) > len(ranked):
        text += "; " + _("of {n} more we have too little to say").format(n=len(rows) - len(ranked))
    if how.live and now is not None:
        text += ". " + _("Hour from {when}").format(when=times.words(now["hour"], clock))
        if parts.stale(now["hour"], clock):
            text += "; " + _("no newer one has come")
    elif month:
        text += ". " + _("Recorded in {month}").format(month=times.month_words(month))
    return text + "."


def _map(how: ranks.By, rows: list[ranks.Ranked]) -> Component:
    known = [row.value for row in rows if row.rank is not None and row.value is not None]
    between = drawings.cuts(known)
    kinds, words = {}, {}
    for row in rows:
        code = row.entity.partition("/")[2]
        name = outages.name_of(row.entity)
        words[code] = f"{name}: {_value(how, row.value)}"
        if row.rank is None or row.value is None:
            kinds[code] = "insufficient"
            words[code] = f"{name}: {_('too little data')}"
        else:
            kinds[code] = drawings.shade(row.value, between, lower_is_better=how.lower_is_better)
            words[code] += " " + _("(place {rank} of {n})").format(rank=row.rank, n=len(known))
    title = _("Map of the world: {title}").format(title=_(how.title))
    drawing = slot("quality-map", lambda: drawings.world(kinds, words, title), class_name="map-box")
    counts = {kind: sum(each == kind for each in kinds.values()) for kind in (*_shades(), "insufficient")}
    ends = {"q0": _("worst"), "q4": _("best")}
    items = []
    for kind in reversed(_shades()):
        if counts[kind]:
            said = [row.value for row in rows if kinds[row.entity.partition("/")[2]] == kind and row.value is not None]
            span = f"{_value(how, min(said))} – {_value(how, max(said))}"
            items.append(
                html.Li(
                    [
                        html.Span(className=f"swatch s-{kind}", **marks(aria_hidden="true")),
                        html.Span(f"{ends.get(kind, '')} {span}".strip()),
                        html.B(str(counts[kind])),
                    ]
                )
            )
    few = state.mark("insufficient", _("Too little to rank"))
    items.append(html.Li([few, html.B(str(counts["insufficient"]))]))
    return html.Div([html.H2(_(how.title)), drawing, html.Ul(items, className="map-legend"),
                     html.P(worldmap.note(), className="note")], className="section")  # fmt: skip


def _shades() -> list[str]:
    return [f"q{i}" for i in range(drawings.SHADES)]


def _table(how: ranks.By, rows: list[ranks.Ranked], asked: dict[str, str]) -> Component:
    sort = asked["sort"] or "rank"
    if sort == "name":
        rows = sorted(rows, key=lambda row: outages.name_of(row.entity))
    elif sort == "n":
        rows = sorted(rows, key=lambda row: (-(row.n or 0), row.entity))
    total = len(rows)
    if not asked["show"]:
        rows = rows[:ROWS]
    heads: list[Any] = []
    columns = [("rank", _("Place"), "num"), ("name", _("Country"), ""), ("", _("Value"), "num")]
    if how.unit == "score":
        columns.append(("", _("By half of tests"), "num"))
    columns.append(("n", _("Connections") if how.live else _("Tests"), "num"))
    for name, word, kind in columns:
        link: Any = html.A(word, href=_href({**asked, "sort": name})) if name else word
        here = marks(aria_sort="descending" if name == "n" else "ascending") if name and name == sort else {}
        heads.append(html.Th(link, scope="col", className=kind, **here))

    def table() -> Component:
        body = []
        for row in rows:
            between = "" if row.low is None or row.high is None else _("{low} to {high}").format(
                low=numbers.rough(row.low), high=numbers.rough(row.high))  # fmt: skip
            place: Any = str(row.rank) if row.rank is not None else Raw(worldmap.symbol("insufficient"))
            cells = [html.Td(place, className="num"),
                     html.Th(html.A(outages.name_of(row.entity), href=f"/{row.entity}"), scope="row"),
                     html.Td([_value(how, row.value), html.Small(between)], className="num")]  # fmt: skip
            if how.unit == "score":
                cells.append(html.Td(parts.score(row.half), className="num"))
            cells.append(html.Td("" if row.n is None else cldr.count(row.n), className="num"))
            body.append(html.Tr(cells))
        return html.Div(html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="figures views"),
                        className="scroll")  # fmt: skip

    note = _("Ranked are countries with at least 100 measurements and, for an hour, an interval no wider than 20 % of "
             "the median.")  # fmt: skip
    more = None
    if len(rows) < total:
        label = _("All {n} countries and areas").format(n=total)
        more = html.P(html.A(label, href=_href({**asked, "show": "all"}) + "#ranking"))
    return shell.section(_("Ranking"), slot("quality-table", table), more, note=note, id="ranking")


def _nothing(how: ranks.By) -> Component:
    if how.live:
        return shell.empty(_("No hour yet."), _("We looked for hours of our own edge logs and found none. They appear "
                           "an hour after the source edge_logs is switched on."))  # fmt: skip
    return shell.empty(_("No month yet."), _("We looked for months of M-Lab's speed tests and found none. That says "
                       "nothing about how good connections are."))  # fmt: skip
