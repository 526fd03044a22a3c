"""Layout of an entity's page; the pages of all entity types share it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.api.routing import standing
from radar.components import (
    candidates,
    charts,
    dependents,
    entity,
    network,
    outages,
    quality,
    ranked,
    record,
    reference,
    regions,
    routes,
    shell,
    times,
)
from radar.components.ssr import settled
from radar.errors import EntityError, StoreUnavailable
from radar.labels import ENTITY_TYPES, _
from radar.pages import _charts, _context, _paths, _read, _then, _view
from radar.pages._view import View
from radar.providers import registry
from radar.shapes import EntityState, Outage
from radar.shapes.quality import Performance
from radar.signals import Signal

_EXAMPLES = {"country": "IQ", "asn": "5089", "geoasn": "ID-23693", "region": "US-CA", "provider": "google-cloud"}


def layout(kind: str, code: str, query: dict[str, Any]) -> Component:
    """The page of ``kind/code``; a real 404 when that names nothing."""
    key = f"{kind}/{code}"
    try:
        entities.parse(key)
    except EntityError as error:
        return _unknown(kind, code, str(error))
    snapshot = _then.snapshot(str(query.get("at", "")))
    if isinstance(snapshot, Component):
        return snapshot
    if snapshot.at:
        return _then.stay(_past(key, snapshot), snapshot)
    now = snapshot.now
    measured = _measured_as(key, snapshot)
    seen = snapshot.states.get(measured)
    mine = [row for row in snapshot.outages if row["entity"] == measured]
    current = next((row for row in mine if row["status"] == "open" and not row.get("history")), None)
    view = _view.read(query, times.parse(now))
    series = _series(seen, mine)
    drawings = _charts.of_entity(measured, series, snapshot, view)
    found = _read.performance_of(measured)
    if kind == "provider" and code not in registry() and not (seen or mine or drawings or found):
        return shell.missing(_("We know of no provider called {code}.").format(code=repr(code)),
                             html.P(html.A(_("All providers that we know"), href="/providers")))  # fmt: skip
    name = entities.name(key)
    # what is judged comes first, then how well it works, then what is only shown
    controls, judged, shown = _drawn(key, name, view, drawings, snapshot, query)
    left: list[Any] = [*controls, *judged, _performs(measured, found, snapshot), *shown,
                       _paths.section(key, snapshot)]  # fmt: skip
    live = _conditions(key, measured, series, drawings, view, snapshot)
    announced = _routes(key, snapshot)
    # of a network the routes are the first thing to know, of a country one among others
    above, beside = (None, announced) if kind == "country" else (announced, None)
    verdict = {current["id"]: current.get("verdict", "")} if current else {}
    right = [entity.planes(live, verdict) if live else None, beside, *_aside(key, measured, mine, snapshot)]
    head = entity.sentence(measured, seen, current)
    return shell.page(
        name,
        html.P(head, className="lede"),
        entity.standing(seen, current, now),
        _broken_regions(key, snapshot),
        _ways([*left, *right]),
        _as_a_whole(key, measured),
        quality.short(found, now) if kind in ("asn", "geoasn") and found is not None else None,
        above,
        html.Div([html.Div(left, className="main-col"),
                  settled("aside", html.Aside([part for part in right if part is not None]))], className="columns"),
        heading=name,
        kicker=entity.kicker(key),
        description=head,
        charts=bool(drawings),
        wide=True,
    )  # fmt: skip


def _aside(key: str, measured: str, mine: list[Outage], snapshot: _read.Snapshot) -> list[Component | None]:
    """What stands beside the charts: who is there, how reliable it was, what else is known."""
    reliable = _read.reliability_of(measured)
    months = [row for row in snapshot.quality if row["entity"] == key]
    return [
        _regions(key, snapshot.states),
        _networks(key, snapshot.states),
        dependents.block(key),
        record.reliability(reliable),
        record.history(mine, reliable["spells"] if reliable else (), snapshot.now),
        entity.quality(months),
        quality.purposes(months),
        None if key.startswith("provider/") else _context.here(key, snapshot),
        reference.country(key),
        regions.country(key),
        network.block(key),
    ]


def _broken_regions(key: str, snapshot: _read.Snapshot) -> Component | None:
    """What is open in regions of a country, which the sentence about the country as a whole does not say."""
    kind, _slash, code = key.partition("/")
    found = outages.regions(snapshot.current()) if kind == "country" else []
    links = [html.A(row.words, href=f"/region/{row.code}") for row in found if row.code.startswith(f"{code}-")]
    return html.Ul([html.Li(link) for link in links], className="plain") if links else None


def _ways(parts: Sequence[Component | None]) -> Component | None:
    """Links to the parts that are there, for a screen on which they stand one below the other."""
    words = (("charts", _("Charts")), ("planes", _("Routes and packets")), ("parts", _("Regions here")),
             ("networks", _("Networks here")), ("paths", _("Neighbours and dependents")),
             ("reliability", _("Reliability")), ("history", _("Outages here")),
             ("performance", _("How it performs")))  # fmt: skip
    there = {getattr(part, "id", None) for part in parts}
    found = [(id, text) for id, text in words if id in there]
    return entity.jump(found) if len(found) > 2 else None


def _performs(measured: str, found: Performance | None, snapshot: _read.Snapshot) -> Component | None:
    """How it performs now, hour by hour; the head of a network's page says the sentence already."""
    csv = f"/api/v1/signals?entity={measured}&signal=edge.rtt_p50_hour&range=24h&format=csv"
    said = measured.startswith(("asn/", "geoasn/"))
    return quality.performance(found, snapshot.source("edge_logs"), snapshot.now, csv, said=said)


def _drawn(
    key: str,
    name: str,
    view: View,
    drawings: list[_charts.Drawing] | None,
    snapshot: _read.Snapshot,
    query: dict[str, Any],
) -> tuple[list[Component], list[Component], list[Component]]:
    """The controls, or why there are no charts; the charts of what is judged; those of what is only shown."""
    if drawings is None:
        return [charts.unreadable()], [], []
    recorded = any(row.chart.history for row in drawings)
    controls = _view.strips(f"/{key}", view, times.parse(snapshot.now), recorded=recorded)
    if not drawings:
        return [*([] if view == View() else controls), _no_charts(name, snapshot.clock is None)], [], []
    controls = [html.H2(_("Charts"), className="sr"), *controls]
    wanted = str(query.get("table", ""))
    judged: list[Component] = []
    shown: list[Component] = []
    for row in drawings:
        table = view.address(f"/{key}", table=row.id)
        made = charts.chart(row.id, row.chart, row.credit, csv=row.csv, now=snapshot.now, help=row.words,
                            with_table=wanted == row.id, share=row.share, live=row.live, table_href=table)  # fmt: skip
        # over months what is counted by the hour stands for what is judged
        first = row.signal.judges(key) or view.coarse(times.parse(snapshot.now))
        (judged if first else shown).append(made)
    return controls, judged, shown


def _conditions(
    key: str,
    measured: str,
    series: list[str],
    drawings: list[_charts.Drawing] | None,
    view: View,
    snapshot: _read.Snapshot,
) -> list[tuple[Signal, str, str, str]]:
    """How each judged series stands now, with the address of its chart, whatever stretch of time is looked at."""
    page = ""
    if not view.of_now or view.coarse(times.parse(snapshot.now)):
        day = View("24h")
        drawings, page = _charts.of_entity(measured, series, snapshot, day), day.address(f"/{key}")
    return [
        (row.signal, row.chart.title, row.condition, f"{page}#{row.id}")
        for row in drawings or []
        if not row.chart.history and row.signal.judges(key)
    ]


def _past(key: str, snapshot: _read.Snapshot) -> Component:
    """The page as it was known at an earlier moment: the sentence, the state, the networks and the outages of then."""
    now, name, measured = snapshot.now, entities.name(key), _measured_as(key, snapshot)
    seen = snapshot.states.get(measured)
    mine = [row for row in snapshot.outages if row["entity"] == measured]
    current = next((row for row in mine if row["status"] == "open" and not row.get("history")), None)
    head = entity.sentence(measured, seen, current)
    return shell.page(
        name,
        html.P(head, className="lede"),
        entity.standing(seen, current, now),
        _as_a_whole(key, measured),
        _then.charts_note(f"/{key}"),
        html.Div([html.Div([record.history(mine, (), now)], className="main-col"),
                  html.Aside([_regions(key, snapshot.states),
                              _networks(key, snapshot.states)])], className="columns"),
        heading=name,
        kicker=entity.kicker(key),
        description=head,
        wide=True,
    )  # fmt: skip


def _measured_as(key: str, snapshot: _read.Snapshot) -> str:
    """The entity whose measurements the page shows: a network that lies nearly whole in one country is measured as a
    network, not a second time as its part there."""
    kind, _slash, code = key.partition("/")
    if kind != "geoasn" or key in snapshot.states or any(row["entity"] == key for row in snapshot.outages):
        return key
    country, _dash, asn = code.partition("-")
    known = entities.networks().get(int(asn))
    if known is None or known.home != country or _read.performance_of(key) is not None:
        return key
    return f"asn/{asn}"


def _as_a_whole(key: str, measured: str) -> Component | None:
    if key == measured:
        return None
    text = _("Nearly all of its addresses lie in this country, so what is measured of the whole network stands here: ")
    return html.P([text, html.A(entities.name(measured), href=f"/{measured}"), "."], className="note")


def _routes(key: str, snapshot: _read.Snapshot) -> Component | None:
    """What the routing table says of a country or a network; None for what has no routes."""
    if not key.startswith(("country/", "asn/", "geoasn/")):
        return None
    try:
        table = _read.routing()
        view = _read.route(key) if table else None
    except StoreUnavailable:
        return routes.unreadable()
    source = snapshot.source(table["source"]) if table else None
    how = standing(table, snapshot.clock, source) if table else ""
    if how == "live" and snapshot.stalled_since:
        how = "silent"
    mentions = candidates.mentions(table["events"], key, snapshot.now) if table else None
    return routes.block(key, view, table, standing=how, status=source, now=snapshot.now, mentions=mentions)


def _series(seen: EntityState | None, mine: list[Outage]) -> list[str]:
    """Series that have data, and those that outages speak of (recorded sets have no state of their own)."""
    named = [f"{row['signal']}@{row['source']}" for outage in mine for row in outage["signals"]]
    return list(dict.fromkeys([*(seen["series"] if seen else []), *named]))


def _no_charts(name: str, fresh: bool) -> Component:
    if fresh:
        return shell.empty(
            _("No data yet."),
            _("This radar has not published anything since it was installed. The first numbers appear when its jobs "
              "have run once."),
        )  # fmt: skip
    return shell.empty(
        _("No measurements to draw."),
        _("We looked for series of {name} from every source and found none in this range.").format(name=name),
        html.P([_("That says nothing about how well it works. See "), html.A(_("what each source covers"),
                href="/sources"), "."]),
    )  # fmt: skip


def _unknown(kind: str, code: str, why: str) -> Component:
    form = _("We looked for a {kind} called {code}.").format(kind=_(ENTITY_TYPES[kind]).lower(), code=repr(code))
    advice = html.P(_("An address here looks like /{kind}/{example}.").format(kind=kind, example=_EXAMPLES[kind]))
    return shell.missing(form, advice)


def _networks(key: str, states: dict[str, EntityState]) -> Component | None:
    """Networks of a country by how many people are behind them, or a network's parts in single countries."""
    kind, _slash, code = key.partition("/")
    if kind == "country":
        return ranked.networks(code, {k: s for k, s in states.items()
                                      if k.startswith(("asn/", "geoasn/")) and _parent(k) == key})  # fmt: skip
    if kind != "asn":
        return None
    parts = [(k, s) for k, s in states.items() if k.startswith("geoasn/") and k.endswith(f"-{code}")]
    return entity.related(_("In single countries"), parts, id="networks")


def _regions(key: str, states: dict[str, EntityState]) -> Component | None:
    """Regions of a country of which anything is known, or the others of the country that a region lies in."""
    kind, _slash, code = key.partition("/")
    if kind not in ("country", "region"):
        return None
    rows = [(k, s) for k, s in states.items() if k.startswith(f"region/{code[:2]}-") and k != key]
    if kind == "country":
        return entity.related(_("Regions here"), rows, id="parts")
    country = cldr.inside(entities.country_name(code[:2]))
    return entity.related(_("Other regions in {country}").format(country=country), rows, id="siblings")


@lru_cache(maxsize=50_000)
def _parent(key: str) -> str | None:
    return entities.parent(key)
