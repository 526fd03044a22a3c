"""``/api/v1/routing``: the routing table as the stream of route messages left it, and what in it looks wrong;
``/api/v1/routing/paths``: who depends on whom to be reached."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Response

from radar import entities, times
from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import meta, success
from radar.api.parameters import Parameter, entity, one_of
from radar.labels import N_
from radar.shapes import Clock, Routing, SourceStatus
from radar.shapes.paths import Paths, PathsView
from radar.store import routes

ENTITY = Parameter(
    "entity",
    N_("Add the view of this country, network or network in a country, and keep the candidates that touch it. May be "
       "repeated."),
    N_("a key such as country/IQ, asn/5089 or geoasn/IQ-51684"),
    entity,
    repeat=True,
)  # fmt: skip
KIND = Parameter("kind", N_("Only candidates of this kind. May be repeated."),
                 N_("origin_change, more_specific or leak"), one_of("origin_change", "more_specific", "leak"),
                 repeat=True)  # fmt: skip
STATUS = Parameter("status", N_("Only candidates of this status. May be repeated."),
                   N_("open, ended or dismissed"), one_of("open", "ended", "dismissed"), repeat=True)  # fmt: skip
OF = Parameter(
    "entity",
    N_("Whose paths to give. May be repeated."),
    N_("a key such as country/IQ or asn/5089"),
    entity,
    repeat=True,
)  # fmt: skip

#: Sources that feed the table.
FEEDS = ("ris_live", "mrt_files")

#: A live table whose last minute is older than this, beyond its source's usual lag, has gone silent.
QUIET = timedelta(minutes=10)


def standing(table: Routing, clock: Clock | None, source: SourceStatus | None) -> str:
    """The table's state; one that calls itself "live" and whose last minute is long ago is "silent"."""
    if table["state"] != "live" or clock is None:
        return table["state"]
    usual = timedelta(seconds=2 * (source["expected_lag_s"] if source else 0))
    # a hurried replay publishes as often by the wall, which is further apart on its own clock
    hurry = timedelta(minutes=2) * clock["speed"] if clock["speed"] > 1 else timedelta()
    age = times.parse(clock["now"]) - times.parse(table["at"])
    return "silent" if age > QUIET + usual + hurry else "live"


@endpoint("/routing", ENTITY, KIND, STATUS)
def routing(given: dict[str, Any]) -> Response:
    """The routing table: totals, what countries and networks announce against a day before, candidates for hijacks and
    leaks, gaps, collectors and peers.

    ``data`` is null where there is no table, and ``meta.state`` says why: ``off`` (no source of route messages runs)
    or ``waiting`` (one does, and its table is not published yet). Otherwise it is the table's state: only ``live``
    speaks of now. ``views`` holds the entities that were asked for, null for one that the table never held.
    A candidate is never a verdict. Null means "not known", never zero.
    """
    seen = access.read("routing")
    found = cast("Routing | None", seen.docs["routing"])
    if found is None:
        feeds = [seen.sources[name] for name in FEEDS if name in seen.sources]
        waiting = any(row["state"] not in ("off", "history") for row in feeds)
        nothing = meta(clock=seen.clock, state="waiting" if waiting else "off", count=0, version=seen.version)
        return success(None, nothing)
    wanted = set(given["entity"])
    events = [
        event for event in found["events"]
        if (not given["kind"] or event["kind"] in given["kind"])
        and (not given["status"] or event["status"] in given["status"])
        and (not wanted or wanted & set(event["entities"]))
    ]  # fmt: skip
    views = routes.read_many(access.client(), given["entity"])
    source = seen.sources.get(found["source"])
    about = meta(
        sources=[source] if source else [],
        clock=seen.clock,
        simulated=found["simulated"],
        state=standing(found, seen.clock, source),
        count=len(events),
        version=seen.version,
    )
    return success({**found, "events": events, "views": views}, about)


@endpoint("/routing/paths", OF)
def routing_paths(given: dict[str, Any]) -> Response:
    """Neighbours and dependents: through whom networks and countries are reached, and who is reached through them.

    ``about`` says of when that is, how many viewpoints it rests on, and how many it takes; null, with ``meta.state``
    ``waiting``, where no table was looked at yet. ``entities`` holds those that were asked for, null for one to which
    too few viewpoints see a path. Shares are of address space, ``hegemony`` is AS hegemony (Fontugne and others 2018),
    both from 0 to 1. Null means "not known", never "nobody".
    """
    seen = access.read("paths")
    about = cast("Paths | None", seen.docs["paths"])
    views = routes.read_paths(access.client(), given["entity"])
    source = seen.sources.get(about["source"]) if about else None
    found = {key: None if view is None else _named(view) for key, view in views.items()}
    told = meta(
        sources=[source] if source else [],
        clock=seen.clock,
        simulated=bool(about and about["simulated"]),
        state="told" if about else "waiting",
        count=sum(view is not None for view in found.values()),
        version=seen.version,
    )
    return success({"about": about, "entities": found}, told)


def _named(view: PathsView) -> dict[str, Any]:
    """A view with the name of every network in it."""
    out: dict[str, Any] = dict(view)
    for part in ("neighbours", "transit", "dependents"):
        rows = out[part]
        out[part] = rows and [{**row, "name": entities.name(f"asn/{row['asn']}")} for row in rows]
    return out
