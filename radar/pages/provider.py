"""``/provider/google-cloud``: how a provider is doing by what we measure, and what it says of itself."""

from __future__ import annotations

from typing import Any, cast

from dash import html
from dash.development.base_component import Component

from radar.api.providers import first_spoken
from radar.components import providers as parts
from radar.components import regions, shell
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _attacks, _dns, _entity, _providers, _then
from radar.pages._read import Snapshot
from radar.providers import Provider, registry

#: Of our own firewalls there are no series: what they count are attempts.
FIREWALLS = "our-firewalls"

shell.register_page(__name__, path_template="/provider/<slug_>", title="Provider")


def layout(slug_: str = "", **query: str) -> Component:
    """The page; how its charts are looked at (``_view``) and ``table`` (id of a chart) may be given."""
    at = str(query.get("at", ""))
    if slug_ == FIREWALLS:
        return _attacks.firewalls(at)
    page = _entity.layout("provider", slug_, query)
    provider = registry().get(slug_)
    if provider is None or shell.meta_of(page).status != 200:
        return page
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    above, below = _own_words(provider, snapshot)
    _then.hold(below, snapshot)
    failing = _dns.names(provider.key, snapshot)
    children = cast(list[Any], page.children)  # heading, sentence, standing, then columns, and the mark of readiness
    page.children = [*children[:-2], above, failing, children[-2], below, children[-1]]
    return page


def _own_words(provider: Provider, snapshot: Snapshot) -> tuple[Component | None, Component]:
    """Who spoke first, above the charts; what the provider says and owns, below them. On a page about the past only
    what it owns, as it was then: of a provider's words it is not kept when we read which."""
    owned = html.Div([regions.provider(provider.slug, snapshot.states), parts.belongings(provider, snapshot.states)])
    if snapshot.at:
        return None, html.Div([parts.unsaid(provider), owned])
    try:
        says = _providers.told(snapshot.version).get(provider.slug)
    except StoreUnavailable:
        text = _("What it says of itself cannot be read just now.")
        return None, html.Div([html.P(text, className="note"), owned])
    found = first_spoken(provider, says, snapshot.outages, snapshot.now)
    compared = {row["outage"] for row in found}
    simulated = (says is not None and says["simulated"]) or any(
        row["simulated"] for row in snapshot.outages if row["id"] in compared
    )
    above = parts.spoke_first(provider.name, found, snapshot.now, simulated=simulated)
    return above, html.Div([parts.statement(provider, says, snapshot.now), owned])
