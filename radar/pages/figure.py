"""``/figure``: one drawing alone that is no chart of a series, to be linked, printed, downloaded and cited.

As on ``/chart``, an address with ``sha256`` was made of certain numbers; the page says whether these are still they.
"""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from radar.components import kit, shell, state
from radar.labels import _
from radar.pages import _chart, _figure, _figures

shell.register_page(__name__, path="/figure", title="Figure")


def layout(sha256: str = "", **query: str) -> Component:
    """The page; ``name`` says which drawing (``_figures.FIGURES``), its other parts of what."""
    try:
        found = _figures.read(query)
    except _chart.WrongAddress as error:
        return shell.missing(_("There is no figure at this address: {why}").format(why=error))
    work = _figure.work(found)
    return shell.page(
        work.title,
        kit.standing(sha256.lower(), work.fingerprint) if sha256 else None,
        *([found.shown] if found.whole else _framed(found, work)),
        shell.section(_("Share, download, cite"), kit.kit(found.id, work, found.sentence)),
        html.P(html.A(_("Where it stands"), href=found.page)),
        heading=work.title,
        kicker=_("Figure"),
        description=found.sentence,
        robots="noindex",
    )  # fmt: skip


def _framed(found: _figure.Figure, work: kit.Work) -> list[Component | None]:
    """The drawing with its sentence and its credit."""
    return [
        html.P(found.sentence, className="lede small"),
        html.P(state.simulated(True), className="facts") if found.simulated else None,
        found.shown,
        html.P([html.Span(_("Source: {source}").format(source=work.source)), html.Span([_("Unit: "), found.unit])],
               className="credit"),
    ]  # fmt: skip
