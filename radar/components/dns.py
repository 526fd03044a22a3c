"""Names that fail at our resolvers: the sentence, and the table of zones."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities, retell, times
from radar.components import shell, state
from radar.labels import _
from radar.shapes import Outage
from radar.shapes.dns import Dns, FailingZone


def block(found: Dns | None, outages: Sequence[Outage]) -> Component | None:
    """The section; None where no resolver's log is read. ``outages``: those that are known now."""
    if found is None:
        return None
    tag = state.simulated(found["simulated"])
    parts: list[Component] = [html.P([retell.text(found["words"]), " ", withdrawn(found, outages), " ", tag])]
    if found["zones"]:
        parts.append(_table(found["zones"]))
    note = _("In the last hour of our logs. A zone is told where at least {clients} clients and {queries} queries ask "
             "for it in five minutes; what fewer people ask for is not kept.")  # fmt: skip
    parts.append(html.P(note.format(clients=found["least_clients"], queries=found["least_queries"]), className="note"))
    return shell.section(_("Names that fail"), *parts, id="names")


def withdrawn(found: Dns, outages: Sequence[Outage]) -> str:
    """Whether routes of the network that most failing zones ask were withdrawn, since when; "" when we know of none."""
    asked = {key: row for row in reversed(found["zones"]) for key in row["networks"][:1]}
    for outage in outages:
        if outage["entity"] not in asked or outage["status"] != "open":
            continue
        gone = [
            row["first_seen"]
            for row in outage["signals"]
            if row["signal"].startswith("bgp.") and row["verdict"] == "affected" and row["first_seen"]
        ]
        if gone:
            text = _("Routes of {name} have been withdrawn since {clock} UTC: people and programs ask again, and the "
                     "resolvers are not the cause.")  # fmt: skip
            since = times.parse(min(gone))
            return text.format(name=entities.name(outage["entity"]), clock=f"{since:%H:%M}")
    return ""


def _table(zones: Sequence[FailingZone]) -> Component:
    heads = (_("Zone"), _("Failed"), _("Share"), _("Day before"), _("Queries"), _("Since, UTC"), _("Servers in"))
    return html.Div(
        html.Table([
            html.Thead(html.Tr([html.Th(text, scope="col", className="num" if 0 < i < 6 else "")
                                for i, text in enumerate(heads)])),
            html.Tbody([_row(zone) for zone in zones]),
        ], className="figures zones"),
        className="scroll",
    )  # fmt: skip


def _row(zone: FailingZone) -> Component:
    owner = zone["provider"] or next(iter(zone["networks"]), None)
    usual = _("not known") if zone["share_before"] is None else _percent(zone["share_before"])
    load = "" if zone["times"] is None else _("{times} times the usual").format(times=cldr.fixed(zone["times"], 1))
    return html.Tr([
        html.Th(zone["zone"], scope="row"),
        html.Td(cldr.count(zone["failed"]), className="num"),
        html.Td(_percent(zone["share"]), className="num"),
        html.Td(usual, className="num"),
        html.Td([cldr.count(zone["queries"]), html.Small(load)], className="num"),
        html.Td(f"{times.parse(zone['since']):%H:%M}", className="num"),
        html.Td(_("not known") if owner is None else html.A(entities.name(owner), href=f"/{owner}")),
    ])  # fmt: skip


def _percent(share: float) -> str:
    return _("{n} %").format(n=round(100 * share))
