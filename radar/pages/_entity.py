"""Layout of an entity's page; the four pages of entity types share it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.api.routing import standing
from radar.components import candidates, charts, entity, network, quality, reference, regions, routes, shell
from radar.errors import EntityError, StoreUnavailable
from radar.labels import ENTITY_TYPES, _
from radar.pages import _charts, _context, _read, _then
from radar.shapes import EntityState, Outage

_EXAMPLES = {"country": "IQ", "asn": "5089", "geoasn": "ID-23693", "provider": "google-cloud"}


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
    chosen = _chosen(query)
    series = _series(seen, mine)
    seen_charts = _charts.of_entity(measured, series, snapshot, chosen)
    drawings = seen_charts or []
    name = entities.name(key)
    wanted = str(query.get("table", ""))
    hours = f"/api/v1/signals?entity={measured}&signal=edge.rtt_p50_hour&range=24h&format=csv"
    found = _read.performance_of(measured)
    performs = quality.performance(found, snapshot.source("edge_logs"), now, hours,
                                   said=kind in ("asn", "geoasn"))  # fmt: skip
    left: list[Any] = [performs] if performs is not None else []
    left += [_strip(key, chosen, drawings)] if drawings else []
    left += [
        charts.chart(row.id, row.chart, row.credit, csv=row.csv, now=now, help=row.words, with_table=wanted == row.id,
                     share=row.share, table_href=f"/{key}?range={chosen}&table={row.id}")
        for row in drawings
    ]  # fmt: skip
    if seen_charts is None:
        left.append(charts.unreadable())
    elif not drawings:
        left.append(_no_charts(name, snapshot.clock is None))
    verdict = {current["id"]: current.get("verdict", "")} if current else {}
    live = [(row.signal, row.chart.title, row.condition, row.id) for row in drawings
            if not row.chart.history and row.signal.profile != "none"]  # fmt: skip
    history = entity.history(mine, now)
    related = _related(key, snapshot.states)
    months = [row for row in snapshot.quality if row["entity"] == key]
    announced = _routes(key, snapshot)
    # of a network the routes are the first thing to know, of a country one among others
    above, beside = (None, announced) if kind == "country" else (announced, None)
    right = [
        entity.planes(live, verdict) if live else None,
        beside,
        entity.networks(_("Networks here") if kind == "country" else _("In single countries"), related),
        entity.quality(months),
        quality.purposes(months),
        history,
        None if kind == "provider" else _context.here(key, snapshot),
        reference.country(key),
        regions.country(key),
        network.block(key),
    ]
    head = entity.sentence(measured, seen, current)
    return shell.page(
        name,
        html.P(head, className="lede"),
        entity.standing(seen, current, now),
        _as_a_whole(key, measured),
        quality.short(found, now) if kind in ("asn", "geoasn") and found is not None else None,
        above,
        html.Div([html.Div(left, className="main-col"), html.Aside([part for part in right if part is not None])],
                 className="columns"),
        heading=name,
        kicker=entity.kicker(key),
        description=head,
        charts=bool(drawings),
        wide=True,
    )  # fmt: skip


def _past(key: str, snapshot: _read.Snapshot) -> Component:
    """The page as it was known at an earlier moment: the sentence, the state, the networks and the outages of then."""
    now, name = snapshot.now, entities.name(key)
    seen = snapshot.states.get(key)
    mine = [row for row in snapshot.outages if row["entity"] == key]
    current = next((row for row in mine if row["status"] == "open" and not row.get("history")), None)
    head = entity.sentence(key, seen, current)
    related = entity.networks(_("Networks here") if key.startswith("country/") else _("In single countries"),
                              _related(key, snapshot.states))  # fmt: skip
    return shell.page(
        name,
        html.P(head, className="lede"),
        entity.standing(seen, current, now),
        _then.charts_note(f"/{key}"),
        html.Div([html.Div([entity.history(mine, now)], className="main-col"), html.Aside([related])],
                 className="columns"),
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
    mentions = candidates.mentions(table["events"], key, snapshot.now) if table else None
    return routes.block(key, view, table, standing=how, status=source, now=snapshot.now, mentions=mentions)


def _series(seen: EntityState | None, mine: list[Outage]) -> list[str]:
    """Series that have data, and those that outages speak of (recorded sets have no state of their own)."""
    named = [f"{row['signal']}@{row['source']}" for outage in mine for row in outage["signals"]]
    return list(dict.fromkeys([*(seen["series"] if seen else []), *named]))


def _chosen(query: dict[str, Any]) -> str:
    given = str(query.get("range", ""))
    return given if given in _charts.RANGES else _charts.DEFAULT_RANGE


def _strip(key: str, chosen: str, drawings: list[_charts.Drawing]) -> Component:
    words = {"24h": _("24 hours"), "7d": _("7 days"), "28d": _("28 days")}
    choices = [(value, words[value], f"/{key}?range={value}") for value in _charts.RANGES]
    note = _("Recorded sets are always shown whole.") if any(row.chart.history for row in drawings) else ""
    hint = html.Span(note, className="note") if note else None
    return html.Div([charts.strip(choices, chosen, _("Range of all charts")), hint], className="ranges")


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
    advice = [html.P(_("An address here looks like /{kind}/{example}.").format(kind=kind, example=_EXAMPLES[kind]))]
    better = code.strip("/").split("/")[0].upper()
    if kind in ("country", "geoasn") and better != code and entities.is_entity(f"{kind}/{better}"):
        target = f"/{kind}/{better}"
        advice.append(html.P([_("Did you mean "), html.A(entities.name(f"{kind}/{better}"), href=target), "?"]))
    digits = code.upper().removeprefix("AS")
    if kind == "asn" and digits != code and entities.is_entity(f"asn/{digits}"):
        advice.append(html.P([_("Did you mean "), html.A(entities.name(f"asn/{digits}"), href=f"/asn/{digits}"), "?"]))
    return shell.missing(form, *advice)


def _related(key: str, states: dict[str, EntityState]) -> list[tuple[str, EntityState]]:
    """Networks of a country, or the countries' parts of a network, that we know something of."""
    kind, _slash, code = key.partition("/")
    if kind == "country":
        return [(k, s) for k, s in states.items() if k.startswith(("asn/", "geoasn/")) and _parent(k) == key]
    if kind == "asn":
        return [(k, s) for k, s in states.items() if k.startswith("geoasn/") and k.endswith(f"-{code}")]
    return []


@lru_cache(maxsize=50_000)
def _parent(key: str) -> str | None:
    return entities.parent(key)
