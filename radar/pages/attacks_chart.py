"""``/attacks/chart``: how often one rule matched, alone at an address that keeps its time: to be linked, printed,
downloaded and cited.

As on ``/chart``, an address with ``sha256`` was made of certain numbers; the page says whether these are still they.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.components import attacks as parts
from radar.components import kit, shell
from radar.labels import _
from radar.pages import _attack_chart, _chart, _read

shell.register_page(__name__, path="/attacks/chart", title="Chart")


def layout(sha256: str = "", at: str = "", table: str = "", **query: str) -> Component:
    """The page; ``rule``, ``range``, ``from`` and ``until`` say which chart. ``at``: when a link with a fingerprint was
    made."""
    try:
        found = _attack_chart.read(query)
    except _chart.WrongAddress as error:
        return shell.missing(_("There is no chart at this address: {why}").format(why=error))
    made, work = found.drawn, found.work
    return shell.page(
        work.title,
        kit.standing(sha256.lower(), work.fingerprint, at) if sha256 else None,
        _attack_chart.chart(made, _read.snapshot().now, f"{made.share}&table=1", table=bool(table),
                            alone=True),
        shell.section(_("Share, download, cite"), kit.kit(_attack_chart.ID, work, made.chart)),
        html.P([_("All of what we know of this rule: "), parts.link(found.rule),
                "."]),
        heading=work.title,
        kicker=_("Chart"),
        description=made.chart.sentence,
        charts=True,
        robots="noindex",
    )  # fmt: skip
