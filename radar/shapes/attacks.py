"""Document ``attacks``: the rules of firewalls that matched, since when, how often, from where and aimed at where."""

from __future__ import annotations

from typing import Literal, TypedDict

Trend = Literal["new", "rising", "steady", "falling"]


class Share(TypedDict):
    """One country, network or provider and its part of a rule's matches."""

    entity: str
    matches: int
    share: float  # of all matches of the rule in the window, 0..1
    usual: float | None  # its share of the week's matches of all other rules; None: none or too few, or it is a target


class Window(TypedDict):
    """Where a rule's matches came from and went to in a window of time. The largest, at most 20 each."""

    matches: int
    countries: list[Share]
    networks: list[Share]
    targets: list[Share]  # countries and providers; empty where the log does not say


class AttackRule(TypedDict):
    """One rule. Counts of an hour or a day: None where no rule matched at all, so that nothing was heard."""

    id: str
    title: str  # "": the log names none
    cve: list[str]
    first_seen: str  # the first match that we know of, to the second
    since_start: bool  # it matched within the first day of our records already: its first time may lie before them
    last_seen: str
    total: int  # since first_seen
    blocked: float | None  # share refused or challenged in 24 h, of those of which the log says; None: it says of none
    trend: Trend | None  # None: there is too little to compare
    factor: float | None  # matches an hour in the last 24 h over those of the six days before
    doubling_h: float | None  # hours in which it doubles, by the last six; None: it does not grow clearly
    day: Window  # last 24 h
    week: Window  # last 24 h and the UTC days before them, seven days in all
    hourly: list[int | None]  # 168 hours; the last one is not over yet
    daily: list[int | None]  # 90 UTC days; the last one is not over yet


class Attacks(TypedDict):
    """Document ``attacks``. Absent while no source of firewall logs has told anything."""

    at: str
    source: str
    simulated: bool
    since: str | None  # first bin of our records
    newest: str | None  # end of the newest bin in which a rule matched
    hours_from: str  # start of the first hour of ``hourly``
    days_from: str
    hourly: list[int | None]  # all rules
    rules: list[AttackRule]  # most matches in 24 h first, at most 200
    dropped_rules: int  # that are not listed, being the smallest and longest ago
    late: int  # rows about hours that were closed without them
    ahead: int  # rows about bins that lay ahead of the clock when they came
