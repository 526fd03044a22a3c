"""Candidates for route leaks: a network tells a provider or a peer of routes that it had from a provider or a peer.

Upstream: none of its own. ``radar stream`` works them out of the routes that ris_live and mrt_files bring
(radar/routing/leaks.py; the rules are in docs/routing.md) and archives those that changed each minute, one JSON object
a line (``RouteEvent`` in radar/shapes.py). Paths are judged by a file of AS relationships that the operator names in
the setting ``relations_file``, such as CAIDA's; without one nothing is judged, and no row is no sign of calm.

Licence: our own work on the route collectors' data, whose terms go on to hold. CAIDA's file comes under its Acceptable
Use Agreement; it is not shipped, and no row repeats what is in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from radar.routing.events import GRAIN_S
from radar.schema import Parsed
from radar.sources import Answer, Source
from radar.sources._route_events import RARE_S, nobody, parse_events

if TYPE_CHECKING:
    from radar.http import Http

NAME = "route_leaks"
SIGNAL = "bgp.leak_candidates"
KINDS = frozenset({"leak"})


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """There is nobody to ask. Raises UpstreamUnavailable, with what to do."""
    nobody(SOURCE)
    yield  # an iterator like every other fetch


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read archived candidates. Raises UpstreamChanged when no line is one."""
    return parse_events(body, source=NAME, signal=SIGNAL, kinds=KINDS)


SOURCE = Source(
    name=NAME,
    title="Candidates for route leaks",
    org="This radar, from route collectors' data",
    url="https://ris-live.ripe.net/",
    info_url="https://www.rfc-editor.org/rfc/rfc7908",
    licence="RIPE NCC terms of service for RIS; our own analysis of it",
    licence_url="https://www.ripe.net/about-us/legal/ripe-ncc-service-terms-and-conditions",
    attribution="RIPE NCC RIS (routes); CAIDA AS Relationships, where the operator has its file",
    cadence_s=60,
    lag_s=RARE_S,
    signals={SIGNAL: GRAIN_S},
    summary="Paths over a network that should not have passed the routes on, seen by several peers; never a verdict.",
    proof="own",
    derived_from="ris_live,mrt_files",
)
