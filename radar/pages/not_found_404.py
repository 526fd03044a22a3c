"""What an address without a page shows; Dash finds it by its name when it takes such an address over."""

from __future__ import annotations

import dash
from dash.development.base_component import Component

from radar.components import shell
from radar.labels import _

shell.register_page(__name__, path="/not-found-404", title="Nothing here")


def layout(path_: str = "", **query: str) -> Component:
    """The 404 page. The server gives the path; Dash has it among the inputs of its routing callback."""
    path = path_ or str(dash.callback_context.inputs.get("_pages_location.pathname", ""))
    return shell.missing(_("There is no page at {path}.").format(path=path))
