"""``/api``: the endpoints for people: what each one gives, what it can be asked, and an example that can be opened.

Made from the table that the API itself is made from (``radar.api.endpoints``), so that it says what is answered.
"""

from __future__ import annotations

import re
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar.api.endpoints import ENDPOINTS, Endpoint
from radar.api.parameters import Parameter
from radar.components import shell
from radar.labels import _

shell.register_page(__name__, path="/api", title="API")

#: Examples of the addresses that are nothing without something to ask for; none of those that need an id.
EXAMPLES = {
    "/api/v1/entities": "/api/v1/entities?q=iraq",
    "/api/v1/providers/<slug>": "/api/v1/providers/cloudflare",
    "/api/v1/signals": "/api/v1/signals?entity=country/IQ&signal=edge.requests&range=24h",
    "/feeds/<kind>/<code>.atom": "/feeds/country/IQ.atom",
}

_CODE = re.compile(r"``([^`]+)``")


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    rows = sorted(ENDPOINTS, key=lambda row: row.path)
    lede = _("All that this radar shows can be read by programs, without a key and without an account.")
    return shell.page(
        _("API"),
        html.P(lede, className="lede"),
        html.Div([
            html.P(_("An answer is JSON, with the data under “data” and sources, licences and times under “meta”. Null "
                     "means “not known”, never zero. Times are RFC 3339 in UTC. What cannot be read is refused with a "
                     "sentence that says what was expected.")),
            html.P([_("The same list for programs:"), " ", html.A("/api/v1/", href="/api/v1/"), ". ",
                    _("What the numbers mean:"), " ", html.A(_("Method"), href="/method#api"), "."]),
        ], className="prose"),
        html.Ul([html.Li(html.A(html.Code(row.path), href=f"#{_id(row)}")) for row in rows], className="toc"),
        *(_endpoint(row) for row in rows),
        description=lede,
    )  # fmt: skip


def _id(row: Endpoint) -> str:
    return re.sub(r"[^a-z0-9]+", "-", row.path.removeprefix("/api/v1")).strip("-") or "index"


def _endpoint(row: Endpoint) -> Component:
    first, _blank, rest = row.doc.partition("\n\n")
    said = [html.P(_marked(text), lang="en") for text in (first, *rest.split("\n\n")) if text]
    example = EXAMPLES.get(row.path, row.path)
    opened = None if "<" in example else html.P([_("Open it:"), " ", html.A(example, href=example)], className="note")
    return shell.section(row.path, *said, _parameters(row), opened, id=_id(row), class_name="prose")


def _marked(text: str) -> list[Any]:
    """A paragraph of a docstring: words between two back quotes are code."""
    return [html.Code(part) if i % 2 else part for i, part in enumerate(_CODE.split(" ".join(text.split())))]


def _parameters(row: Endpoint) -> Component | None:
    if not row.parameters:
        return None
    heads = [html.Th(word, scope="col") for word in (_("Parameter"), _("What it does"), _("Expected"))]
    body = [
        html.Tr([
            html.Th(html.Code(one.name), scope="row"),
            html.Td([_(one.help), _usual(one)]),
            html.Td(_(one.expected)),
        ])
        for one in row.parameters
    ]  # fmt: skip
    table = html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="figures views")
    return html.Div(table, className="scroll", tabIndex=0)


def _usual(one: Parameter) -> Component | None:
    return html.Small(_("if not given: {value}").format(value=one.default)) if one.default else None
