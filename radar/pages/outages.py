"""``/outages``: every outage that was published, open, ended or retracted; filtered by links."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar.components import charts, shell
from radar.components import outages as lists
from radar.components.ssr import slot
from radar.labels import STATES, STATUSES, _, ngettext
from radar.pages import _then
from radar.shapes import Outage

shell.register_page(__name__, path="/outages", title="Outages")

#: Outages on one page.
SHOWN = 60


def layout(status: str = "", level: str = "", page: str = "", at: str = "", **query: str) -> Component:
    """The list; ``status`` (open, closed, retracted), ``level`` (outage, degraded) and ``page`` narrow it. ``at``: as
    it was known at this time."""
    status = status if status in STATUSES else ""
    level = level if level in ("outage", "degraded") else ""
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    rows = [row for row in snapshot.outages if _fits(row, status, level)]
    current = [row for row in rows if not row.get("history")]
    recorded = [row for row in rows if row.get("history")]
    start = (int(page) - 1) * SHOWN if page.isascii() and page.isdigit() and 0 < int(page[:6]) < 10_000 else 0
    ids = {row["id"] for row in current}
    tops = [row for row in current if not (row.get("parent") and row["parent"] in ids)]
    # What is open comes first; within that, the newest.
    tops = sorted(tops, key=lambda row: row["status"] != "open")[start : start + SHOWN]
    kept = {row["id"] for row in tops}
    shown = tops + [row for row in current if row.get("parent") in kept]
    parts: list[Any] = [html.Div([_statuses(status, level), _levels(status, level)], className="ranges")]
    if snapshot.clock is None:
        parts.append(shell.empty(_("No data yet."), _("This radar has not published anything since it was installed.")))
    elif shown:
        parts.append(lists.listing(shown, snapshot.now))
        parts.append(_pages(len([r for r in current if r.get("parent") not in ids]), start, status, level))
    else:
        parts.append(shell.empty(_("No outage fits."), _("We looked through {n} published outages.").format(
            n=len(snapshot.outages)), html.P(html.A(_("Show all"), href="/outages"))))  # fmt: skip
    if recorded and start == 0:
        note = _("From data sets that were recorded earlier; they have their own dates.")
        parts.append(shell.section(_("From recorded history"), lists.listing(recorded, snapshot.now), note=note))
    apart = ("history", "parent", "about")  # recorded, told with another, or a rise of attempts, which is no outage
    n = sum(row["status"] == "open" for row in snapshot.outages if not any(row.get(name) for name in apart))
    lede = ngettext("{n} outage is open now.", "{n} outages are open now.", n).format(n=n)
    if snapshot.at:
        lede = ngettext("{n} outage was open then.", "{n} outages were open then.", n).format(n=n)
    more = _("Ids never change. An outage that we take back keeps its page and says why.")
    feed = html.A(_("Feed"), href="/feeds/outages.atom")
    data = html.A(_("JSON"), href="/api/v1/outages")
    cells = html.A(_("CSV"), href="/api/v1/outages?format=csv")
    parts.append(slot("as-known", lambda: _then.form("/outages"), class_name="as-known"))
    foot = html.P([feed, " · ", data, " · ", cells], className="note")
    return _then.stay(shell.page(_("Outages"), html.P([lede, " ", more], className="lede small"), *parts, foot,
                      description=lede, wide=True), snapshot)  # fmt: skip


def _fits(row: Outage, status: str, level: str) -> bool:
    return (not status or row["status"] == status) and (not level or row["level"] == level)


def _href(status: str, level: str, page: int = 1) -> str:
    query = urlencode([(k, v) for k, v in (("status", status), ("level", level), ("page", page)) if v and v != 1])
    return f"/outages?{query}" if query else "/outages"


def _statuses(status: str, level: str) -> Component:
    choices = [("", _("All"), _href("", level))]
    choices += [(key, _(word), _href(key, level)) for key, word in STATUSES.items()]
    return charts.strip(choices, status, _("Status"))


def _levels(status: str, level: str) -> Component:
    choices = [("", _("All levels"), _href(status, ""))]
    choices += [(key, _(STATES[key]), _href(status, key)) for key in ("outage", "degraded")]
    return charts.strip(choices, level, _("Level"))


def _pages(total: int, start: int, status: str, level: str) -> Component | None:
    if total <= SHOWN:
        return None
    here = start // SHOWN + 1
    links: list[Any] = []
    if start > 0:
        links.append(html.A(_("Newer"), href=_href(status, level, here - 1)))
    if start + SHOWN < total:
        links.append(html.A(_("Older"), href=_href(status, level, here + 1)))
    return html.P([link for pair in links for link in (pair, " ")], className="pager")
