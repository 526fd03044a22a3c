"""What is known of an outage when its cause is asked for."""

from __future__ import annotations

from dataclasses import dataclass

#: What happenings that others tell of speak for.
TOLD = ("power", "quake", "weather", "holiday", "maintenance", "exams", "provider")


@dataclass(frozen=True, slots=True)
class Vanished:
    """A service that vanished: its network's routes went, and its names are asked for again and again.

    ``name``: of the network. ``zones``, ``share`` (of the failing queries), ``times`` (queries for them against the day
    before; None: not known). ``load``: queries at our resolvers against the usual. ``lost``: part of its announced
    space. ``lead_s``: seconds from the withdrawal to the rise; negative: the rise came first. ``other_start``: when the
    other side began. ``packets_seen``: whether packets to the network are measured.
    """

    name: str
    zones: tuple[str, ...]
    share: float
    times: float | None
    load: float
    lost: float
    lead_s: int
    other_start: str
    packets_seen: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One happening that a source tells of the place and the time. ``speaks``: one of ``TOLD``."""

    speaks: str
    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Cables:
    """Submarine cables of the countries hit, by name. ``lands``: those of the country itself; None: nobody listed
    them. ``whole``: the list of them is whole, so that an empty or a short one says something. ``shared``: those that
    land in more than one of the countries hit. ``places``: where they land in the country, by cable."""

    lands: tuple[str, ...] | None = None
    whole: bool = False
    shared: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an outage when its cause is asked for. Depths are 0..1; None: cannot be said.

    ``slide_s``: from onset until the loss was near its worst. ``at_once``: the loss of the first twenty minutes.
    ``control_lag_s``: from onset until the first loss of routes was seen. ``on_half_hour``: the onset bracket touches
    :00 or :30; None: bins are too coarse to tell. ``repeats``: days of the last eight with an outage at the same clock
    time. ``siblings``: networks of the country that are hit too; ``uneven``: the least and the largest of their losses.
    ``others``: other countries whose outages began within half an hour; ``near``: names of those of the same region
    that began within ten minutes. ``rtt_times``: round-trip time against the usual. ``load``: more than usual
    arrives. ``attempts``: more attempts on a firewall's rule. ``withdrawn``: names of networks whose routes went at
    that time. ``vanished``: the other side of the event, where the failing names are those of such a network.
    ``whole``: of the outage that this one is a part of, the likeliest cause, its probability and the place's name.
    ``country``: the code of the country that it lies in; "": none. ``told``: what others tell of place and time.
    """

    entity_type: str
    data_depth: float
    control_depth: float | None
    families: int
    slide_s: float
    minutes: float
    on_half_hour: bool | None = None
    repeats: int = 0
    siblings: int = 0
    others: int = 0
    errors: bool = False
    rtt_times: float | None = None
    slow: bool = False
    one_service: bool = False
    load: bool = False
    withdrawn: tuple[str, ...] = ()
    attempts: bool = False
    vanished: Vanished | None = None
    local_night: bool = False
    at_once: float | None = None
    control_lag_s: float | None = None
    uneven: tuple[float, float] | None = None
    near: tuple[str, ...] = ()
    whole: tuple[str, float, str] | None = None
    country: str = ""
    cables: Cables = Cables()
    told: tuple[Told, ...] = ()
