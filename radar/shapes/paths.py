"""Who depends on whom to be reached: what the paths of the routing table say of each network and country."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class Neighbour(TypedDict):
    """A network right before another one on the paths to it, as the route collectors see them: the upstream side."""

    asn: int
    name: NotRequired[str]  # added by the API
    share: float  # of the address space that is reached through it, 0..1; at most 1 in all, but for rounding
    since: str | None  # None: ever since the network is known here


class Transit(TypedDict):
    """A network that others are reached through."""

    asn: int
    name: NotRequired[str]
    hegemony: float  # 0..1: AS hegemony; 1: every path runs through it
    direct: bool  # it is a neighbour; always False towards a country


class Dependent(TypedDict):
    """A network that is mostly reached through another one."""

    asn: int
    name: NotRequired[str]
    hegemony: float
    users: int | None  # estimated Internet users behind it; None: no estimate, which is not "none"


class PathsView(TypedDict):
    """One network or country: a field of the hash ``paths``. None: not known, never "nobody"."""

    entity: str
    family: int | None  # 4 or 6: of which addresses it speaks; IPv6 only where it has no IPv4
    viewpoints: int | None  # that count for it
    neighbours: list[Neighbour] | None  # largest first; None also for a country
    transit: list[Transit] | None  # whom it depends on, most first
    dependents: list[Dependent]  # who depends on it, at most 50, those with most users first
    dependents_count: int  # all of them
    dependents_users: int | None  # behind all of them that have an estimate; None: none has
    simulated: bool


class Paths(TypedDict):
    """Document ``paths``: of when the views of the hash are, and what they rest on."""

    at: str  # the table's clock when they were made
    source: str
    simulated: bool
    viewpoints_v4: int
    viewpoints_v6: int
    least: int  # with fewer viewpoints nothing is said
    threshold: float  # hegemony from which on a network depends on another one
    watched_from: str | None  # since when neighbours are known; None: not yet
    networks: int  # of which neighbours are known
    countries: int
