"""``/api/v1/providers``: what is measured of clouds, content networks and services, beside what they say themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, TypedDict, cast

from flask import Response

from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import meta, not_found, success
from radar.api.parameters import Parameter, one_of
from radar.labels import N_, _
from radar.providers import KINDS, Provider, registry
from radar.shapes import EntityState, Outage
from radar.shapes.providers import ProviderIncident, Providers, ProviderSays
from radar.times import parse

SOURCE = "provider_status"

KIND = Parameter("kind", N_("Only providers of this kind. May be repeated."), N_("cloud, cdn, dns or service"),
                 one_of(*KINDS), repeat=True)  # fmt: skip

#: An outage and an incident are compared when their spans overlap or lie at most so far apart.
WINDOW = timedelta(hours=1)

#: From the mildest to the worst.
IMPACTS = ("none", "minor", "major", "critical")


class First(TypedDict):
    """Who spoke first of what may be one event. ``minutes`` is positive where we were first."""

    incident: str
    outage: str
    entity: str
    ours: str  # when our outage was published first
    theirs: str  # when the provider says that it wrote first
    minutes: float


def first_spoken(provider: Provider, says: ProviderSays | None, outages: Iterable[Outage], now: str) -> list[First]:
    """For each incident that overlaps with an outage of the provider, who spoke first; newest incident first.

    Rule: maintenance and incidents without a time of writing are left out; the outages are those of the provider itself
    and of its networks that were not taken back; of several that overlap, the one published nearest in time counts.
    """
    keys = {provider.key, *(f"asn/{asn}" for asn in provider.networks)}
    mine = [row for row in outages if row["entity"] in keys and row["status"] != "retracted" and not row.get("history")]
    found: list[First] = []
    for incident in says["incidents"] if says else []:
        theirs = incident["created_at"]
        if theirs is None or incident["impact"] == "maintenance":
            continue
        near = [row for row in mine if touches(row, incident, now)]
        if near:
            best = min(near, key=lambda row: abs(parse(row["known_at"]) - parse(theirs)))
            minutes = (parse(theirs) - parse(best["known_at"])) / timedelta(minutes=1)
            found.append({"incident": incident["id"], "outage": best["id"], "entity": best["entity"],
                          "ours": best["known_at"], "theirs": theirs, "minutes": minutes})  # fmt: skip
    return found


def touches(outage: Outage, incident: ProviderIncident, now: str) -> bool:
    """Whether an incident overlaps with an outage, or lies at most ``WINDOW`` from it."""
    begun = incident["started_at"] or incident["created_at"] or now
    # an incident that is gone from the page without a word ends, for this, where its last text stands
    last = incident["updates"][-1]["at"] if incident["updates"] else begun
    over = incident["resolved_at"] or (now if incident["open"] else last)
    return parse(outage["start_earliest"]) - WINDOW <= parse(over) and parse(begun) - WINDOW <= parse(
        outage["end"] or now
    )


def worst(says: ProviderSays | None) -> str | None:
    """The worst impact that the provider tells of now, maintenance left out; "none" where its page was read and nothing
    is open. None: it has no page that we read, it could not be read, or an open incident says no impact."""
    if says is None or says["error"] is not None or says["read_at"] is None:
        return None
    impacts = [row["impact"] for row in says["incidents"] if row["open"] and row["impact"] != "maintenance"]
    known = [impact for impact in impacts if impact in IMPACTS]
    if impacts and not known:
        return None
    return max(known, key=IMPACTS.index, default="none")


def standing(provider: Provider, state: EntityState | None, says: ProviderSays | None) -> dict[str, Any]:
    """One row of the list."""
    return {
        "slug": provider.slug,
        "name": provider.name,
        "kinds": list(provider.kinds),
        "key": provider.key,
        "path": f"/{provider.key}",
        "state": state["state"] if state else None,
        "since": state["since"] if state else None,
        "outage": state["outage"] if state else None,
        "status_page": provider.status.url or None,
        "words": state["words"] if state else None,
        "says": None
        if says is None
        else {
            "impact": worst(says),
            "open": sum(row["open"] and row["impact"] != "maintenance" for row in says["incidents"])
            if says["read_at"]
            else None,
            "asked_at": says["asked_at"],
            "read_at": says["read_at"],
            "error": says["error"],
        },
        "simulated": bool((state and state["simulated"]) or (says and says["simulated"])),
    }


def _says(document: Any) -> Mapping[str, ProviderSays]:
    return cast(Providers, document)["providers"] if document else {}


@endpoint("/providers", KIND)
def providers(given: dict[str, Any]) -> Response:
    """Providers with the state that is measured and, beside it, what their own status pages say.

    ``state`` is null for a provider of which nothing was ever measured. ``says`` is null where we read no status page;
    ``says.impact`` is null where the page could not be read or does not say. Null is never "all is well", and what a
    provider says never changes ``state``.
    """
    seen = access.read("providers", states=True)
    told = _says(seen.docs["providers"])
    rows = [
        standing(row, seen.states.get(row.key), told.get(row.slug))
        for row in registry().values()
        if not given["kind"] or set(given["kind"]) & set(row.kinds)
    ]
    source = seen.sources.get(SOURCE)
    about = meta(sources=[source] if source else [], clock=seen.clock, count=len(rows), version=seen.version,
                 simulated=any(row["simulated"] for row in rows))  # fmt: skip
    return success(rows, about)


@endpoint("/providers/<slug>")
def provider(given: dict[str, Any], slug: str) -> Response:
    """One provider: its networks with their states, its zones, the incidents of its own status page in 90 days, and who
    spoke first.

    ``first`` compares an outage with an incident where their spans overlap or lie at most an hour apart: ``ours`` is
    when our outage was published, ``theirs`` when the provider says that it wrote first; ``minutes`` is positive where
    we were first. That two spans touch does not prove that they are one event.

    The texts of incidents are the provider's own words, cut and freed of markup.
    """
    one = registry().get(slug)
    if one is None:
        raise not_found(_("There is no such provider."), expected=_("a slug from /api/v1/providers"))
    seen = access.read("providers", "outages", states=True)
    says = _says(seen.docs["providers"]).get(slug)
    rows = cast("list[Outage]", seen.docs["outages"] or [])
    data = {
        **standing(one, seen.states.get(one.key), says),
        "homepage": one.homepage or None,
        "zones": list(one.zones),
        "networks": [
            {"key": f"asn/{asn}", "state": state["state"] if (state := seen.states.get(f"asn/{asn}")) else None}
            for asn in one.networks
        ],
        "incidents": says["incidents"] if says else None,
        "first": first_spoken(one, says, rows, seen.clock["now"]),
    }
    source = seen.sources.get(SOURCE)
    about = meta(sources=[source] if source else [], clock=seen.clock, version=seen.version,
                 simulated=data["simulated"])  # fmt: skip
    return success(data, about)
