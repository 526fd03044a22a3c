"""``/search``: countries, networks and providers by name, code or number, and outages; works without scripts."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.components import outages, shell, state
from radar.components.document import search_form
from radar.components.ssr import slot
from radar.labels import ENTITY_TYPES, _, ngettext
from radar.pages import _read, _suggest
from radar.shapes import EntityState

shell.register_page(__name__, path="/search", title="Search")

#: Hits on the page: places, and outages.
HITS, OUTAGES = 30, 10


def layout(q: str = "", **query: str) -> Component:
    """The form, and what fits the text ``q``."""
    wanted = _suggest.wanted(q)
    form: Any = slot("search-page", lambda: search_form("q-page", value=wanted, big=True))
    if not wanted:
        return shell.page(
            _("Search"),
            form,
            html.P(_("Type the name of a country, of a network or of a provider, a country code, an AS number, or an "
                     "Internet address."),
                   className="lede small"),
            html.P([_("For example: "), html.A(_("Iraq"), href="/search?q=Iraq"), ", ",
                    html.A("AS5089", href="/search?q=AS5089"), ", ", html.A("vodafone", href="/search?q=vodafone")]),
            robots="noindex",
        )  # fmt: skip
    snapshot = _read.snapshot()
    fits = _suggest.found(wanted, snapshot, HITS, OUTAGES)
    hits, said = fits.places, fits.outages
    near = _near(fits.near)
    if fits.note:
        form = [form, html.P(fits.note, className="lede small")]
    if not hits and not said and (fits.note or near):
        return shell.page(_("Search"), form, near, robots="noindex")
    if not hits and not said:
        nothing = shell.empty(
            _("Nothing fits “{text}”.").format(text=wanted),
            _("We looked through the names and codes of all countries, of 91,000 networks and of the providers that we "
              "know."),
            html.Ul([
                html.Li(_("Try the start of the name, or a shorter part of it.")),
                html.Li(_("Networks often bear the name of the company behind the brand; their AS number "
                          "always works.")),
            ]),
        )  # fmt: skip
        return shell.page(_("Search"), form, nothing, robots="noindex")
    found = ngettext("{n} match for “{text}”", "{n} matches for “{text}”", len(hits)).format(n=len(hits), text=wanted)
    if len(hits) == HITS:
        found = _("The first {n} matches for “{text}”").format(n=HITS, text=wanted)
    rows = html.Ul([_hit(key, snapshot.states.get(key)) for key in hits], className="plain hits")
    told = shell.section(_("Outages"), outages.listing(said, snapshot.now)) if said else None
    places = [None if fits.note else html.P(f"{found}.", className="lede small"), rows] if hits else []
    return shell.page(_("Search"), form, near, *places, told, robots="noindex")


def _near(keys: list[str]) -> Component | None:
    """ "Did you mean Germany?", where the text may be mistyped."""
    if not keys:
        return None
    names = {key: entities.name(key) for key in keys}
    *firsts, last = [html.A(name, href=f"/{key}") for key, name in names.items()]
    joined = [part for link in firsts for part in (link, ", ")]
    if firsts:
        joined[-1] = f" {_('or')} "
    return html.P([*_split(_("Did you mean {names}?"), [*joined, last])], className="lede")


def _split(text: str, inside: list[Any]) -> list[Any]:
    """The text with components in the place of its one field."""
    before, _field, after = text.partition("{names}")
    return [before, *inside, after]


def _hit(key: str, seen: EntityState | None) -> Component:
    """One hit: name, kind, state. Something that was never measured has no state; it is not called normal."""
    kind = _(ENTITY_TYPES[entities.parse(key).type])
    above = entities.parent(key)
    place = f"{kind}, {entities.name(above)}" if above else kind
    how = state.mark(seen["state"]) if seen else html.Span(_("not measured here"), className="none")
    marked = state.simulated(bool(seen and seen["simulated"]))
    name = html.A(entities.name(key), href=f"/{key}", className="place")
    return html.Li([html.Span([name, " ", html.Span(place, className="note")]), html.Span([how, " ", marked])])
