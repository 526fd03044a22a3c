"""``/outages``: every outage that was published, open, ended or retracted; narrowed and ordered by the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import outage_table, outages, shell
from radar.components.ssr import marks, slot
from radar.labels import _, ngettext
from radar.pages import _asked, _calm, _read, _then
from radar.pages._asked import Asked
from radar.shapes import Outage

shell.register_page(__name__, path="/outages", title="Outages")

#: Outages on one page; parts stand with their whole and are not counted.
SHOWN = 60


def layout(at: str = "", **query: str) -> Component:
    """The list; the parameters of ``_asked`` narrow and order it. ``at``: as it was known at this time."""
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    asked = _asked.ask(query, at=snapshot.at or "")
    lede = _lede(snapshot)
    more = _("Ids never change. An outage that we take back keeps its page and says why.")
    asks = slot("outages-ask", lambda: outage_table.form(snapshot.outages, {**asked.query(), "sort": asked.sort},
                                                         at=snapshot.at or ""))  # fmt: skip
    count, found = _found(asked, snapshot)

    def filled(id: str, content: Component) -> Component:
        # links of a page about the past are made to stay in it, which what lies in a slot would miss
        return content if snapshot.at else slot(id, content)

    return _then.stay(
        shell.page(
            _("Outages"),
            html.P([lede, " ", more], className="lede small"),
            asks,
            html.Div(filled("outages-count", count), role="status"),
            filled("outages-found", html.Div(found)),
            slot("as-known", lambda: _then.form("/outages"), class_name="as-known"),
            description=lede,
            wide=True,
            own="outages",
        ),
        snapshot,
    )


def _lede(snapshot: _read.Snapshot) -> str:
    """How many are open, and what is open besides: "2 outages are open now, with 5 parts; 1 rise of attempts." None is
    not said where nothing can be seen."""
    tops, parts, rises, recorded = outages.sorts([row for row in snapshot.outages if row["status"] == "open"])
    n = len(tops)
    if snapshot.at:
        none = _("No outage was open then.")
        words = ngettext("{n} outage was open then.", "{n} outages were open then.", n)
    elif not n and snapshot.is_blind:
        return _("We cannot say whether an outage is open now: too little data has come in.")
    elif snapshot.stalled_since is not None:
        none = _("No outage was open when we last saw.")
        words = ngettext("{n} outage was open when we last saw.", "{n} outages were open when we last saw.", n)
    else:
        none = _("No outage is open now.")
        words = ngettext("{n} outage is open now.", "{n} outages are open now.", n)
    text = (words.format(n=n) if n else none).rstrip(".")
    if parts:
        text += ngettext(", with {n} part", ", with {n} parts", len(parts)).format(n=len(parts))
    if rises:
        text += ngettext("; {n} rise of attempts", "; {n} rises of attempts", len(rises)).format(n=len(rises))
    if recorded:
        words = ngettext("; {n} recording that ends while an outage lasts",
                         "; {n} recordings that end while an outage lasts", len(recorded))  # fmt: skip
        text += words.format(n=len(recorded))
    return f"{text}."


def _found(asked: Asked, snapshot: _read.Snapshot) -> tuple[Component, list[Any]]:
    """How much fits; and the table of it, recorded history, the files of exactly this."""
    if snapshot.clock is None:
        why = _("This radar has not published anything since it was installed.")
        return html.P(), [shell.empty(_("No data yet."), why)]
    rows = asked.found(snapshot.outages)
    current = [row for row in rows if not row.get("history")]
    recorded = [row for row in rows if row.get("history")]
    tops = outages.wholes(current)
    start = (asked.page - 1) * SHOWN
    here = tops[start : start + SHOWN]
    shown = [row for whole, inside in here for row in (whole, *inside)]
    parts: list[Any] = [html.P(text, className="changed") for text in asked.wrong]
    if shown:
        parts.append(outage_table.table(shown, snapshot.now, asked.sort, lambda by: asked.href(sort=by),
                                        _("Outages, as narrowed and ordered above")))  # fmt: skip
        parts.append(_pages(len(tops), start, asked))
    elif not rows and asked.query() == {"status": "open"}:
        parts.append(_calm.box(snapshot))
    elif not rows:
        parts.append(_nothing(asked, len(snapshot.outages)))
    elif start:
        parts.append(shell.empty(_("This page of the list is empty."), _("There are fewer outages than that."),
                                 html.P(html.A(_("The first page"), href=asked.href()))))  # fmt: skip
    if recorded and not start:
        note = _("From data sets that were recorded earlier; they have their own dates.")
        table = outage_table.table(recorded, snapshot.now, asked.sort, lambda by: asked.href(sort=by),
                                   _("Outages from recorded history"))  # fmt: skip
        parts.append(shell.section(_("From recorded history"), table, note=note))
    inner = sum(len(inside) for _row, inside in tops)
    count = _count(asked, snapshot.outages, rows, inner, len(tops), start, len(here))
    return count, [*parts, _files(asked, len(rows))]


def _count(
    asked: Asked, every: Sequence[Outage], rows: Sequence[Outage], parts: int, tops: int, start: int, here: int
) -> Component:  # fmt: skip
    """ "12 of 40 published outages: in Iraq ×, at least 1 h long ×." with links that ask for less."""
    words: list[Any] = [html.Strong(_("{n} of {m}").format(n=cldr.count(len(rows)), m=cldr.count(len(every)))), " ",
                        ngettext("published outage", "published outages", len(every))]  # fmt: skip
    if parts:
        words.append(ngettext(" ({n} of them is part of another)", " ({n} of them are parts of others)", parts)
                     .format(n=parts))  # fmt: skip
    for i, (text, href) in enumerate(asked.words()):
        less = html.A([text, html.Span(" ×", **marks(aria_hidden="true")), html.Span(_(" (do not ask for this)"),
                      className="sr")], href=href)  # fmt: skip
        words += [": " if i == 0 else ", ", less]
    words.append(".")
    if tops > SHOWN and here:
        words += [" ", _("Shown here: {a} to {b} of {n}.").format(a=start + 1, b=start + here, n=tops)]
    if asked.narrows():
        words += [" ", html.A(_("Show all"), href=Asked(sort=asked.sort).href(sort=asked.sort))]
    return html.P(words, className="count-line", tabIndex="-1")


def _nothing(asked: Asked, published: int) -> Component:
    """What was looked for, through how many, and what would find more."""
    asked_for = asked.words()
    if not asked_for:
        return shell.empty(_("No outage was published yet."), _("That is since this radar was installed."))
    looked = _("We looked for outages: {what}.").format(what=", ".join(text for text, _href in asked_for))
    through = ngettext("We looked through {n} published outage.", "We looked through {n} published outages.", published)
    links = [html.Li(html.A(_("without “{what}”").format(what=text), href=href)) for text, href in asked_for]
    widen = [html.P(_("To find more, look:")), html.Ul([*links, html.Li(html.A(_("at all of them"), href="/outages"))])]
    why = f"{looked} {through.format(n=published)}"
    return shell.empty(_("No outage fits."), why, *widen)


def _pages(total: int, start: int, asked: Asked) -> Component | None:
    links: list[Any] = []
    if start > 0:
        links.append(html.A(_("Previous page"), href=asked.href(page=asked.page - 1)))
    if start + SHOWN < total:
        links.append(html.A(_("Next page"), href=asked.href(page=asked.page + 1)))
    return html.P([link for pair in links for link in (pair, " ")], className="pager") if links else None


def _files(asked: Asked, n: int) -> Component | None:
    if not n:
        return None
    csv = ngettext("CSV of this {n} outage", "CSV of these {n} outages", n).format(n=cldr.count(n))
    return html.P([html.A(csv, href=asked.file("csv")), " · ", html.A(_("JSON"), href=asked.file("json")), " · ",
                   html.A(_("Feed of all"), href="/feeds/outages.atom")], className="note files-line")  # fmt: skip
