"""What happens in the played hours, as data: each row says which published event it is shaped after, and what a reader
should (or must not) see.

A curve is a list of (minutes after the start, factor) with straight lines between; before the start the factor is 1,
after the last point it stays. Clock times are our own, so that fourteen hours show outages that are open, closing and
closed; shapes and figures are the published ones. Where a figure is ours, the row says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

from radar.labels import N_

STARTS = datetime(2026, 3, 2, tzinfo=UTC)
ENDS = STARTS + timedelta(hours=14)
BIN = timedelta(minutes=5)
HISTORY = timedelta(days=28)

Curve = tuple[tuple[float, float], ...]
#: What a reader should see: an outage; a candidate for a hijack or a leak, and no outage; a notice about our own
#: measurement, and no outage; nothing at all.
Expect = Literal["outage", "candidate", "notice", "silent"]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens to ``entities`` (all of them when empty) from ``start`` to ``end`` (None: still going on).

    ``requests``, ``routes``, ``pings`` and ``rtt`` are factors; ``errors`` is the share of requests that fail on top of
    the usual one. ``spread``: how far networks differ, as an exponent on ``requests`` of 1 +- ``spread``. ``also``:
    entities that may show it too. ``nightly``: it happened at this time in each night of the history as well.
    ``figure`` is the published one that the curves follow, ``citation`` where it can be read, ``""`` for our own.
    """

    id: str
    title: str
    kind: str
    entities: tuple[str, ...]
    start: datetime
    end: datetime | None
    expect: Expect
    expected: str
    shaped_after: str
    figure: str
    citation: str
    requests: Curve = ()
    errors: Curve = ()
    rtt: Curve = ()
    routes: Curve = ()
    pings: Curve = ()
    spread: float = 0.0
    also: tuple[str, ...] = ()
    nightly: bool = False


def _at(hour: int, minute: int = 0) -> datetime:
    return STARTS + timedelta(hours=hour, minutes=minute)


#: The network of a service that vanishes: a number that nobody holds.
VANISHED = 4_199_999_005

_IBERIA = "https://blog.cloudflare.com/how-power-outage-in-portugal-spain-impacted-internet/"
_ROGERS = "https://www.kentik.com/blog/a-deeper-dive-into-the-rogers-outage/"

#: In the order in which they begin.
SCENARIO: tuple[Event, ...] = (
    Event(
        id="holiday",
        title=N_("Simulated: a public holiday in Ethiopia"),
        kind="holiday",
        entities=("country/ET",),
        start=_at(0),
        end=None,
        expect="silent",
        expected=N_("Traffic 12 % below normal for a day: no outage."),
        shaped_after="Adwa Victory Day, 2 March",
        figure="-12 % is our own figure",
        citation="",
        requests=((0, 0.88), (840, 0.88)),
    ),
    Event(
        id="shutdown",
        title=N_("Simulated: a nationwide shutdown in Iran"),
        kind="shutdown",
        entities=("country/IR",),
        start=_at(0, 20),
        end=None,
        expect="outage",
        expected=N_("Packets gone within two bins, most routes stay up; a part comes back at 11:30, open to the end."),
        shaped_after="Iran, 2026-01-08",
        figure="traffic down nearly 90 % within 30 minutes, then effectively zero; active probing from 97 to 3 %; "
        "announced IPv4 space at most 14 % lower, and later",
        citation="https://blog.cloudflare.com/iran-protests-internet-shutdown/",
        requests=((0, 0.30), (5, 0.07), (10, 0.03), (670, 0.03), (700, 0.18), (840, 0.32)),
        errors=((0, 0.06), (60, 0.02), (670, 0.01)),
        rtt=((0, 1.6), (840, 1.5)),
        routes=((0, 1.0), (85, 1.0), (95, 0.985), (240, 0.95), (420, 0.87), (690, 0.87), (840, 0.93)),
        pings=((0, 0.5), (10, 0.1), (20, 0.035), (670, 0.035), (840, 0.3)),
        spread=0.1,
        also=("asn/58224", "asn/197207", "asn/44244"),
    ),
    Event(
        id="hijack",
        title=N_("Simulated: a part of AS7418 is announced by somebody else"),
        kind="hijack",
        entities=("asn/7418",),
        start=_at(1, 10),
        end=_at(3, 24),
        expect="candidate",
        expected=N_("AS4199999001, a number that nobody holds, announces a /24 of AS7418: a candidate, no outage."),
        shaped_after="YouTube, 2008-02-24",
        figure="a /24 inside a /22 announced by another network for 134 minutes; after 80 minutes the holder announces "
        "the same /24",
        citation="https://circleid.com/posts/822811_ripe_ncc_case_study_youtube_hijack",
    ),
    Event(
        id="island",
        title=N_("Simulated: the cable of Tonga is cut"),
        kind="cable_cut",
        entities=("country/TO",),
        start=_at(1, 40),
        end=None,
        expect="outage",
        expected=N_("All networks of the island go dark together; a trickle by satellite from 09:00, at 670 ms."),
        shaped_after="Tonga, 2022-01-15",
        figure="one cable, all traffic gone in about an hour; 670 ms by satellite against 139 ms by cable",
        citation="https://therecord.media/tonga-submarine-cable-repaired-restoring-internet-after-eruption",
        requests=((0, 0.55), (10, 0.3), (20, 0.08), (35, 0.0), (440, 0.0), (450, 0.04), (740, 0.07)),
        rtt=((0, 1.3), (30, 2.0), (440, 2.0), (441, 4.82), (740, 4.82)),
        routes=((0, 1.0), (20, 0.9), (35, 0.1), (60, 0.0), (440, 0.0), (450, 0.3), (740, 0.3)),
        pings=((0, 0.6), (20, 0.1), (35, 0.0), (450, 0.0), (740, 0.08)),
        also=("asn/38201", "asn/38198"),
    ),
    Event(
        id="maintenance",
        title=N_("Simulated: nightly maintenance of a small Austrian network"),
        kind="maintenance",
        entities=("asn/1853",),
        start=_at(2, 15),
        end=_at(2, 45),
        expect="silent",
        expected=N_("Gone for half an hour each night, and too small to be judged: no outage."),
        shaped_after="planned maintenance at night",
        figure="-100 % for 30 minutes is our own figure",
        citation="",
        requests=((0, 0.0), (29.9, 0.0), (30, 1.0)),
        nightly=True,
    ),
    Event(
        id="power-es",
        title=N_("Simulated: a power failure in Spain"),
        kind="power",
        entities=("country/ES", "region/ES-CT", "region/ES-MD"),
        start=_at(3),
        end=_at(11),
        expect="outage",
        expected=N_("Down by more than half at once, sliding for five hours, differing by network; then back. The "
                    "Canary Islands have a grid of their own and stay."),
        shaped_after="Spain, 2025-04-28",
        figure="traffic down about 60 % at once, nearly 80 % within five hours; the largest networks 75 to 93 %",
        citation=_IBERIA,
        requests=((0, 0.42), (120, 0.33), (300, 0.19), (330, 0.25), (420, 0.7), (480, 1.0)),
        rtt=((0, 1.15), (300, 1.4), (480, 1.0)),
        routes=((0, 1.0), (60, 0.995), (180, 0.96), (300, 0.92), (420, 0.97), (480, 1.0)),
        pings=((0, 0.7), (120, 0.55), (300, 0.35), (420, 0.8), (480, 1.0)),
        spread=0.3,
        also=("asn/3352", "asn/12430", "asn/6739", "asn/15704"),
    ),
    Event(
        id="power-pt",
        title=N_("Simulated: a power failure in Portugal"),
        kind="power",
        entities=("country/PT",),
        start=_at(3),
        end=_at(11, 30),
        expect="outage",
        expected=N_("Half gone at once, 90 % after five hours, together with Spain; then it comes back."),
        shaped_after="Portugal, 2025-04-28",
        figure="traffic down by half at once, about 90 % within five hours",
        citation=_IBERIA,
        requests=((0, 0.5), (120, 0.3), (300, 0.1), (340, 0.18), (450, 0.7), (510, 1.0)),
        rtt=((0, 1.15), (300, 1.4), (510, 1.0)),
        routes=((0, 1.0), (90, 0.995), (180, 0.95), (300, 0.9), (450, 0.97), (510, 1.0)),
        pings=((0, 0.65), (120, 0.45), (300, 0.2), (450, 0.8), (510, 1.0)),
        spread=0.25,
        also=("asn/3243", "asn/2860", "asn/12353", "asn/13156"),
    ),
    Event(
        id="leak",
        title=N_("Simulated: a network passes on routes that are not its own"),
        kind="leak",
        entities=("asn/2119", "asn/3292", "asn/3301", "asn/3303", "asn/5617", "asn/8447"),
        start=_at(3, 40),
        end=_at(4, 54),
        expect="candidate",
        expected=N_("Routes to six networks run through AS4199999002, a number that nobody holds, from one of its "
                    "providers to the other: a candidate, no outage."),
        shaped_after="MainOne, 2018-11-12",
        figure="routes leaked for 74 minutes; the number of prefixes and networks is our own figure",
        citation="https://www.cnet.com/news/privacy/google-outage-pushed-traffic-through-russia-china-and-nigeria/",
    ),
    Event(
        id="power-region",
        title=N_("Simulated: a power failure in South Carolina"),
        kind="power",
        entities=("region/US-SC",),
        start=_at(4, 20),
        end=None,
        expect="outage",
        expected=N_("Two thirds of what answers in one state are gone within half an hour; the states around it, and "
                    "the country as a whole, are as usual."),
        shaped_after="Hurricane Helene, 2024-09-27",
        figure="networks in three states lost traffic, or went silent, as the power failed; how much of a state is our "
        "own figure",
        citation="https://www.kentik.com/blog/hurricane-helene-devastates-network-connectivity-in-parts-of-the-south/",
        routes=((0, 1.0), (40, 0.98), (180, 0.93), (580, 0.96)),
        pings=((0, 0.7), (10, 0.5), (30, 0.33), (200, 0.3), (420, 0.38), (580, 0.5)),
    ),
    Event(
        id="collector",
        title=N_("Simulated: a route collector is not heard for forty minutes"),
        kind="collector",
        entities=(),
        start=_at(5, 5),
        end=_at(5, 45),
        expect="silent",
        expected=N_("Its peers leave the quorum and come back with new sessions: a gap is put down, and no outage."),
        shaped_after="a collector that is restarted",
        figure="40 minutes are our own figure",
        citation="",
    ),
    Event(
        id="pipeline-dip",
        title=N_("Simulated: our own log delivery loses half of its lines"),
        kind="measurement",
        entities=(),
        start=_at(6),
        end=_at(6, 25),
        expect="notice",
        expected=N_("Requests of all places fall together while routes and pings stay: a notice about us, no outage."),
        shaped_after="a loss in log delivery",
        figure="-50 % for 25 minutes is our own figure",
        citation="",
        requests=((0, 0.46), (24.9, 0.54), (25, 1.0)),
    ),
    Event(
        id="provider-errors",
        title=N_("Simulated: errors at Google Cloud"),
        kind="provider",
        entities=("provider/google-cloud",),
        start=_at(6, 50),
        end=_at(9, 50),
        expect="outage",
        expected=N_("A third of its answers fail for three hours while networks and countries are fine."),
        shaped_after="Google Cloud, 2025-06-12",
        figure="increased 503 errors in external API requests, most regions restored within three hours; the share of "
        "38 % is our own figure",
        citation="https://status.cloud.google.com/incidents/ow5i3PPK96RduMcb1SsW",
        errors=((0, 0.3), (15, 0.38), (60, 0.36), (120, 0.3), (160, 0.12), (180, 0.0)),
    ),
    Event(
        id="late-rows",
        title=N_("Simulated: late, repeated and broken lines in our own logs"),
        kind="late_rows",
        entities=("country/BE",),
        start=_at(7, 35),
        end=_at(7, 40),
        expect="silent",
        expected=N_("A few lines of an earlier bin, some twice, one cut off: counted, and nothing else."),
        shaped_after="ordinary log delivery",
        figure="our own figure",
        citation="",
    ),
    Event(
        id="carrier",
        title=N_("Simulated: AS812 in Canada is gone"),
        kind="routing",
        entities=("asn/812",),
        start=_at(8, 45),
        end=_at(12, 50),
        expect="outage",
        expected=N_("One carrier's routes are withdrawn, its traffic is almost gone; Canada dips by its share."),
        shaped_after="Rogers, AS812, 2022-07-08 (there it took over 15 hours)",
        figure="traffic near zero from 08:44 UTC; a majority of its routes withdrawn, hundreds still announced",
        citation=_ROGERS,
        requests=((0, 0.12), (5, 0.02), (200, 0.01), (215, 0.3), (245, 1.0)),
        routes=((0, 0.45), (5, 0.3), (20, 0.25), (195, 0.25), (210, 0.7), (240, 1.0)),
        pings=((0, 0.1), (10, 0.02), (200, 0.02), (240, 1.0)),
        also=("country/CA",),
    ),
    Event(
        id="flash-crowd",
        title=N_("Simulated: a final in India"),
        kind="flash_crowd",
        entities=("country/IN",),
        start=_at(9, 30),
        end=_at(11, 40),
        expect="silent",
        expected=N_("Traffic up by 80 % and back again: neither the rise nor the end of it is an outage."),
        shaped_after="a sports final watched online",
        figure="+80 % is our own figure",
        citation="",
        requests=((0, 1.25), (20, 1.8), (110, 1.8), (130, 1.0)),
    ),
    Event(
        id="vanished",
        title=N_("Simulated: a social network vanishes, and everybody asks again"),
        kind="vanished",
        entities=("provider/our-resolver",),
        start=_at(10, 40),
        end=_at(13, 10),
        expect="outage",
        expected=N_("All routes of AS4199999005 are withdrawn; queries for its zones fail and are asked again: our "
                    "resolvers get twice their usual queries, and are not the cause."),
        shaped_after="Facebook, 2021-10-04",
        figure="all routes to its name servers withdrawn within minutes, and queries for its names many times the "
        "usual at a public resolver; twice the load in all is our own figure",
        citation="https://blog.cloudflare.com/october-2021-facebook-outage/",
        requests=((0, 1.5), (10, 2.1), (135, 2.1), (150, 1.2)),
        also=("asn/4199999005",),
    ),
)  # fmt: skip


def factor(curve: Curve, minutes: float) -> float:
    """The factor that many minutes after the start; 1 before the start and for an empty curve."""
    if not curve or minutes < 0:
        return 1.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        if minutes < x1:
            return y0 + (y1 - y0) * max(0.0, minutes - x0) / (x1 - x0)
    return curve[-1][1]
