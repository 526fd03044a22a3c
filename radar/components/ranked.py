"""The networks of a country by how many people are behind them, each with how it is now.

How many is an estimate from addresses (``radar.people``); where none can be made they are ranked by addresses, and the
list says so. A network that nothing was measured of is in it too, and is never called normal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities, people
from radar.components import numbers, outages, shell, state
from radar.labels import _, ngettext
from radar.shapes import EntityState

#: Rows that are seen before the rest is folded away, and in all.
SHOWN, MOST = 10, 40


def networks(code: str, states: Mapping[str, EntityState]) -> Component | None:
    """The largest networks of a country; None where it has none that we know.

    Parameters
    ----------
    code
        Alpha-2 code of the country.
    states
        Those of its networks, and of networks in it, that anything is known of, by key.
    """
    rows = _rows(code, states)
    if not rows:
        return None
    estimated = any(people.of_network(asn) is not None for asn in people.largest(code))
    counted = _("Users") if estimated else _("Addresses")
    head = html.Tr([html.Th(_("Network"), scope="col"), html.Th(counted, scope="col", className="num"),
                    html.Th(_("State"), scope="col")])  # fmt: skip
    body = [_row(key, states.get(key), estimated=estimated) for key in rows]
    parts: list[Any] = [html.P(_sentence(rows, states), className="sentence"), _table(head, body[:SHOWN])]
    if len(body) > SHOWN:
        more = len(body) - SHOWN
        label = ngettext("{n} more", "{n} more", more).format(n=more)
        parts.append(html.Details([html.Summary(label), _table(head, body[SHOWN:])]))
    note = _("Users are an estimate from the country's Internet users and a network's share of its IPv4 addresses; "
             "mobile networks have more, companies and clouds fewer.") if estimated else _(
        "By IPv4 addresses, which say little of how many people are behind a network here.")  # fmt: skip
    return shell.section(_("Networks here"), *parts, id="networks", note=note)


def _rows(code: str, states: Mapping[str, EntityState]) -> list[str]:
    """Keys in the order of the table: the largest first; those that are hit come before what would be folded away."""
    keys = [key if (key := f"asn/{asn}") in states or f"geoasn/{code}-{asn}" not in states else f"geoasn/{code}-{asn}"
            for asn in people.largest(code)]  # fmt: skip
    rest = sorted(set(states) - set(keys))
    hit = [key for key in [*keys[SHOWN:], *rest] if _hit(states.get(key))]
    calm = [key for key in [*keys[SHOWN:], *rest] if key not in hit]
    return [*keys[:SHOWN], *hit, *calm][: max(MOST, SHOWN + len(hit))]


def _hit(seen: EntityState | None) -> bool:
    return seen is not None and seen["state"] in ("degraded", "outage")


def _sentence(rows: list[str], states: Mapping[str, EntityState]) -> str:
    """How many of those that we measure are hit, and how many we cannot speak of."""
    known = [key for key in rows if key in states and states[key]["state"] != "insufficient"]
    hit = sum(_hit(states[key]) for key in known)
    if not known:
        return _("We measure too little of its networks to say how they are.")
    text = ngettext("{hit} of {n} network that we can judge is hit.",
                    "{hit} of {n} networks that we can judge are hit.", len(known)).format(
        hit=hit, n=len(known))  # fmt: skip
    blind = len(rows) - len(known)
    if blind:
        text += " " + ngettext("Of {n} we know too little.", "Of {n} we know too little.", blind).format(n=blind)
    return text


def _table(head: Component, body: list[Component]) -> Component:
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures ranked"), className="scroll")


def _row(key: str, seen: EntityState | None, *, estimated: bool) -> Component:
    asn = int(key.rpartition("/")[2].rpartition("-")[2])
    number = people.of_network(asn) if estimated else None
    if not estimated:
        known = entities.networks().get(asn)
        number = known.ipv4_addresses if known is not None else None
    count = "–" if number is None else numbers.rough(number)
    now: list[Any] = [state.mark(seen["state"]) if seen else state.mark("none", _("Not measured"))]
    if seen is not None and seen["depth"]:
        now.append(html.Small(_("−{n} %").format(n=numbers.rough(seen["depth"] * 100))))
    return html.Tr([html.Th(html.A(outages.name_of(key), href=f"/{key}"), scope="row"),
                    html.Td(count, className="num"), html.Td(now)])  # fmt: skip
