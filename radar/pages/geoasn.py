"""``/geoasn/ID-23693``: how a network within one country is doing."""

from __future__ import annotations

from dash.development.base_component import Component

from radar.components import shell
from radar.pages import _entity

shell.register_page(__name__, path_template="/geoasn/<code_>", title="Network in a country")


def layout(code_: str = "", **query: str) -> Component:
    """The page; how its charts are looked at (``_view``) and ``table`` (id of a chart) may be given."""
    return _entity.layout("geoasn", code_, query)
