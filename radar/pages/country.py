"""``/country/IQ``: how a country is doing."""

from __future__ import annotations

from dash.development.base_component import Component

from radar.components import shell
from radar.pages import _entity

shell.register_page(__name__, path_template="/country/<code_>", title="Country")


def layout(code_: str = "", **query: str) -> Component:
    """The page; how its charts are looked at (``_view``) and ``table`` (id of a chart) may be given."""
    return _entity.layout("country", code_, query)
