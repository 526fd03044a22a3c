"""``/quality``: how well packets travel around the world: the last hour at our edge, or a month of speed tests."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api import quality as ranks
from radar.components import charts, kit, numbers, outages, shell, state, times
from radar.components import quality as parts
from radar.components.ssr import Raw, marks, slot
from radar.figures import worldmap
from radar.labels import N_, _
from radar.pages import _choices, _quality_map

shell.register_page(__name__, path="/quality", title="Quality")

SORTS = ("rank", "name", "n")

#: Name of the kit.
ID = "quality"

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


def layout(by: str = "", month: str = "", sort: str = "", show: str = "", sha256: str = "", **query: str) -> Component:
    """The page. ``by``: a measure of ``radar.api.quality.BY``; ``month``: a recorded one; ``sort`` orders the table,
    ``show=all`` shows the whole of it; ``sha256``: of the numbers that a link was made of."""
    shown = _quality_map.read(by, month)
    chosen, how, when, rows, known = shown.by, shown.how, shown.month, shown.rows, shown.months
    asked = {"by": chosen, "month": when or "", "sort": sort if sort in SORTS else "",
             "show": "all" if show == "all" else ""}  # fmt: skip
    months_asked = () if how.live else known
    wrong = _choices.unread({"by": by, "month": month if months_asked else "", "sort": sort, "show": show},
                            {"by": ranks.BY, "month": months_asked, "sort": SORTS, "show": ("all",)})  # fmt: skip
    strips = [
        _strip(_(words), [(name, _(word), _href({**asked, "by": name})) for name, word in names], chosen)
        for words, names in CHOICES
    ]
    if not how.live and known:
        months = [(name, times.month_words(name), _href({**asked, "month": name})) for name in known]
        strips.append(_strip(_("Month"), months, when or ""))
    drawn: list[Any] = [_nothing(how)]
    if rows:
        work = _quality_map.work(shown)
        drawn = [
            kit.standing(sha256.lower(), work.fingerprint) if sha256 else None,
            _map(shown), parts.credit(shown.source, shown.unit, shown.csv), _table(how, rows, asked),
            shell.section(_("Share, download, cite"), kit.kit(ID, work, shown.sentence), id="cite"),
        ]  # fmt: skip
    return shell.page(
        _("Quality"),
        html.P([shown.sentence, " ", state.simulated(shown.simulated)], className="lede"),
        *wrong,
        html.Div(strips, className="ranges stacked"),
        *drawn,
        html.P([html.A(_("JSON"), href=shown.csv.replace("&format=csv", "")), " · ",
                html.A(_("How this is judged"), href="/method#quality")], className="note"),
        description=shown.sentence,
        wide=True,
    )  # fmt: skip


def _strip(words: str, choices: list[tuple[str, str, str]], chosen: str) -> Component:
    return html.Div([html.Span(words, className="label"), charts.strip(choices, chosen, words)], className="legs")


def _href(asked: dict[str, str]) -> str:
    return "/quality?" + urlencode([(name, value) for name, value in asked.items() if value])


def _map(shown: _quality_map.Shown) -> Component:
    drawing = slot("quality-map", lambda: _quality_map.drawing(shown), class_name="map-box")
    items = []
    for kind, words, count in _quality_map.legend(shown):
        if kind == "insufficient":
            items.append(html.Li([state.mark("insufficient", words), html.B(str(count))]))
        else:
            swatch = html.Span(className=f"swatch s-{kind}", **marks(aria_hidden="true"))
            items.append(html.Li([swatch, html.Span(words), html.B(str(count))]))
    return html.Div([html.H2(_(shown.how.title)), drawing, html.Ul(items, className="map-legend"),
                     html.P(worldmap.note(), className="note")], className="section")  # fmt: skip


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
        link: Any = html.A(word, href=_href({**asked, "sort": name}) + "#ranking") if name else word
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
                     html.Td([_quality_map.value(how, row.value), html.Small(between)], className="num")]  # fmt: skip
            if how.unit == "score":
                cells.append(html.Td(parts.score(row.half), className="num"))
            cells.append(html.Td("" if row.n is None else cldr.count(row.n), className="num"))
            body.append(html.Tr(cells))
        return html.Div(html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="figures views"),
                        className="scroll")  # fmt: skip

    note = _("Ranked are countries with at least {tests} tests.")
    if how.live:
        note = _("Ranked are countries with at least {enough} measurements and a 95 % interval no wider than "
                 "{widest} % of the median; the interval stands in small figures.")  # fmt: skip
    note = note.format(**parts.JUDGED)
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
