"""Whose networks an outage hits, who depends on them, and what the providers among them say themselves."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities, known, people
from radar.api.providers import touches
from radar.components import kit, network, numbers, providers, shell
from radar.components.ssr import slot
from radar.errors import StoreUnavailable
from radar.figures import reach
from radar.labels import _, ngettext
from radar.pages import _depends, _providers, _read
from radar.providers import Provider, registry
from radar.providers import of_network as provider_of
from radar.shapes import Outage

#: Networks that are drawn, and providers' words that are shown.
MOST, SAID = 40, 3

#: Kinds of blocks of which we cannot say anything.
_UNSEEN = ("insufficient", "none")


def section(outage: Outage, snapshot: _read.Snapshot) -> Component | None:
    """The networks of a country, or of a provider, by how many people are behind them, and who depends on them. None
    for what has no networks."""
    parts = parts_of(outage, snapshot)
    blocks = blocks_of(outage, snapshot)
    depends = _known_of(outage, parts)
    said, reached = _depends.through(outage, parts, snapshot)
    where = _depends.places(outage, parts, reached, snapshot)
    if not blocks and not depends and not said and not where:
        return None
    inside: list[Any] = []
    if blocks:
        inside.append(html.P(sentence(blocks), className="sentence"))
        inside.append(slot("reach-picture", lambda: reach.html(blocks, label())))
        if any(block.kind not in _UNSEEN for block in blocks):
            all_of_them = html.A(_("All its networks, one by one"), href=f"/{outage['entity']}")
            inside.append(html.P(all_of_them, className="note"))
        moment = snapshot.at or snapshot.now
        inside.append(kit.offer("reach", kit.figure("networks-hit", outage=outage["id"], at=moment)))
    if depends or said:
        inside.append(html.H3(_("Who depends on it")))
        inside.append(html.Ul([html.Li(row) for row in depends], className="plain evidence") if depends else None)
        inside += said
    inside += where
    note = _("Widths are estimates from announced addresses, not counts of people.") if blocks else None
    return shell.section(_("Whom it hits"), *inside, note=note, id="reach")


def label() -> str:
    """What the drawing of the networks shows."""
    return _("Networks by how many people are behind them, an estimate")


def parts_of(outage: Outage, snapshot: _read.Snapshot) -> dict[int, Outage]:
    """The outages of single networks that are part of it, or it itself, by AS number."""
    rows = [outage, *(row for id in outage.get("children", []) if (row := snapshot.outage(id)))]
    found = {}
    for row in rows:
        kind, _slash, code = row["entity"].partition("/")
        if kind in ("asn", "geoasn") and row["status"] != "retracted":
            found[int(code.rpartition("-")[2])] = row
    return found


def blocks_of(outage: Outage, snapshot: _read.Snapshot) -> list[reach.Block]:
    """The networks of the country or the provider that an outage is of, the largest first; none for others, and none
    for recorded history: states are of now."""
    if outage.get("history"):
        return []
    parts = parts_of(outage, snapshot)
    kind, _slash, code = outage["entity"].partition("/")
    if kind == "country":
        numbers_ = list(dict.fromkeys([*people.largest(code)[:MOST], *parts]))
    elif kind == "provider" and code in registry():
        numbers_ = list(registry()[code].networks)[:MOST]
    else:
        return []
    weights = {asn: _weight(asn) for asn in numbers_}
    whole = sum(weights.values()) or 1
    found = []
    for asn in sorted(numbers_, key=lambda n: -weights[n]):
        key, part = f"asn/{asn}", parts.get(asn)
        seen = snapshot.states.get(key) or snapshot.states.get(f"geoasn/{code}-{asn}")
        if part is not None:
            state: reach.Kind = "hit" if part["status"] == "open" else "back"
        elif seen is None:
            state = "none"
        else:
            state = "insufficient" if seen["state"] == "insufficient" else "calm"
            state = "hit" if seen["state"] in ("degraded", "outage") and outage["status"] == "open" else state
        level = part["level"] if part else "degraded"
        href = (f"/outage/{part['id']}" if part else f"/{key}") + (f"?at={snapshot.at}" if snapshot.at else "")
        found.append(reach.Block(known.name_of(key), f"AS{asn}", href, weights[asn] / whole, state, level))
    return found


def _weight(asn: int) -> int:
    """People behind a network; where no estimate is made, a tenth of a person an address, so that it is seen at all."""
    known_ = entities.networks().get(asn)
    return people.of_network(asn) or (known_.ipv4_addresses // 10 if known_ else 0)


def sentence(blocks: list[reach.Block]) -> str:
    """How many of them were hit, are back, cannot be seen."""

    def count(*kinds: str) -> int:
        return sum(block.kind in kinds for block in blocks)

    n = len(blocks)
    if count(*_UNSEEN) == n:
        return _("We do not see its networks one by one, so we cannot say which of them are hit.")
    parts = [ngettext("{hit} of its {n} largest network was hit", "{hit} of its {n} largest networks were hit", n)
             .format(hit=count("hit", "back"), n=n)]  # fmt: skip
    if count("back"):
        parts.append(ngettext("{n} of them is back", "{n} of them are back", count("back")).format(n=count("back")))
    blind = count(*_UNSEEN)
    if blind:
        parts.append(_("of {n} we cannot say").format(n=blind))
    return "; ".join(parts) + "."


def _known_of(outage: Outage, parts: dict[int, Outage]) -> list[Any]:
    kind, _slash, code = outage["entity"].partition("/")
    rows: list[Any] = []
    users = people.of_country(code) if kind == "country" else None
    if users:
        rows.append(_("{place} has about {n} Internet users.").format(
            place=known.name_of(outage["entity"]), n=numbers.rough(users)))  # fmt: skip
    if kind in ("asn", "geoasn"):
        asn = int(code.rpartition("-")[2])
        rows.append(network.where(f"asn/{asn}"))
        behind = people.of_network(asn)
        if behind:
            rows.append(_("About {n} Internet users are behind it, an estimate.").format(n=numbers.rough(behind)))
    for asn in parts:
        owner = provider_of(asn)
        if owner is not None and owner.key != outage["entity"]:
            rows.append([html.A(owner.name, href=f"/{owner.key}"), " ", _("runs its services in {network}.").format(
                network=known.name_of(f"asn/{asn}"))])  # fmt: skip
    if kind == "provider" and code in registry():
        zones = registry()[code].zones
        if zones:
            rows.append(_("Names under {zones} are its services.").format(zones=", ".join(zones[:6])))
    return rows


def spoken(outage: Outage, snapshot: _read.Snapshot) -> Component | None:
    """What the providers that it is about said themselves meanwhile; None where it is about none."""
    owners = _owners(outage, parts_of(outage, snapshot))
    if not owners or outage.get("history"):
        return None
    try:
        told = _providers.told(snapshot.version)
    except StoreUnavailable:
        return shell.section(_("In the provider's own words"), html.P(
            _("What providers say cannot be read just now."), className="note"), id="spoken")  # fmt: skip
    inside: list[Any] = []
    for owner in owners[:SAID]:
        says = told.get(owner.slug)
        rows = [row for row in says["incidents"] if touches(outage, row, snapshot.now)] if says else []
        inside.append(providers.meanwhile(owner, says, rows, snapshot.now))
    note = _("Incidents of its own status page that overlap with the outage or lie at most an hour apart. That does "
             "not prove that they are one event; they are its words, not ours.")  # fmt: skip
    return shell.section(_("In the provider's own words"), *inside, note=note, id="spoken")


def _owners(outage: Outage, parts: dict[int, Outage]) -> list[Provider]:
    kind, _slash, code = outage["entity"].partition("/")
    found = [registry()[code]] if kind == "provider" and code in registry() else []
    found += [owner for asn in parts if (owner := provider_of(asn)) is not None]
    return list({owner.slug: owner for owner in found}.values())
