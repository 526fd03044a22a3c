"""``/chart``: one chart alone, at an address that keeps its time: to be linked, printed, downloaded and cited.

An address with ``sha256`` was made of certain numbers; the page says whether these are still they. Late measurements
and revisions change them, and a reader must be told.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.components import charts, kit, shell
from radar.labels import _
from radar.pages import _chart, _read

shell.register_page(__name__, path="/chart", title="Chart")


def layout(sha256: str = "", at: str = "", table: str = "", **query: str) -> Component:
    """The page; ``entity``, ``series``, ``from``, ``until`` and ``interval`` say which chart. ``at``: when a link
    with a fingerprint was made."""
    try:
        found = _chart.read(query)
    except _chart.WrongAddress as error:
        return shell.missing(_("There is no chart at this address: {why}").format(why=error))
    row, work = found.drawing, found.work
    place = entities.name(found.entity)
    return shell.page(
        work.title,
        kit.standing(sha256.lower(), work.fingerprint, at) if sha256 else None,
        charts.chart(row.id, row.chart, row.credit, csv=row.csv, now=_read.snapshot().now, help=row.words,
                     table_href=f"{row.share}&table=1", with_table=bool(table), level=2),
        shell.section(_("Share, download, cite"), kit.kit(row.id, work, row.chart)),
        html.P([_("All of what we know of this place: "), html.A(place, href=f"/{found.entity}"), "."]),
        heading=work.title,
        kicker=_("Chart"),
        description=row.chart.sentence,
        charts=True,
        robots="noindex",
    )  # fmt: skip
