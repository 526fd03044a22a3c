"""Candidates for origin hijacks: another network announces a prefix, or a part of it, than the one that held it.

Upstream: none of its own. ``radar stream`` works them out of the routes that ris_live and mrt_files bring
(radar/routing/origins.py; the rules are in docs/routing.md) and archives those that changed each minute, one JSON
object a line (``RouteEvent`` in radar/shapes.py). Where the operator names them, the files of an RPKI validator
(setting ``vrps_file``) and of AS relationships (``relations_file``, such as CAIDA's) are judged by; neither is shipped,
and no row repeats what is in them.

Licence: our own work on the route collectors' data, whose terms go on to hold.
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

NAME = "origin_hijacks"
SIGNAL = "bgp.hijack_candidates"
KINDS = frozenset({"origin_change", "more_specific"})


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """There is nobody to ask. Raises UpstreamUnavailable, with what to do."""
    nobody(SOURCE)
    yield  # an iterator like every other fetch


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read archived candidates. Raises UpstreamChanged when no line is one."""
    return parse_events(body, source=NAME, signal=SIGNAL, kinds=KINDS)


SOURCE = Source(
    name=NAME,
    title="Candidates for hijacks",
    org="This radar, from route collectors' data",
    url="https://ris-live.ripe.net/",
    info_url="https://www.rfc-editor.org/rfc/rfc6811",
    licence="RIPE NCC terms of service for RIS; our own analysis of it",
    licence_url="https://www.ripe.net/about-us/legal/ripe-ncc-service-terms-and-conditions",
    attribution="RIPE NCC RIS (routes); RPKI validator and CAIDA AS Relationships, where the operator has their files",
    cadence_s=60,
    lag_s=RARE_S,
    signals={SIGNAL: GRAIN_S},
    summary="Sudden changes of who announces a prefix that several peers see and nothing explains; never a verdict.",
    proof="own",
    derived_from="ris_live,mrt_files",
)
