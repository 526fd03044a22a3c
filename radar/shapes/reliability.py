"""What jobs publish about how reliable an entity was over twelve months: a field of the hash ``reliability``."""

from __future__ import annotations

from typing import TypedDict


class Spell(TypedDict):
    """One outage that was published and not taken back. ``end`` None: it lasts."""

    id: str
    start: str
    end: str | None
    level: str  # degraded | outage


class Tally(TypedDict):
    """A stretch of time. An hour is watched when a series of the entity was judged in at least half of it, or an outage
    was open in it. What was not watched is not known, and counts neither as well nor as ill."""

    hours: int  # that have passed
    watched: int  # of them
    outage_s: float  # seconds of it in an outage of level "outage"
    degraded_s: float  # and of level "degraded", where no outage was
    outages: int  # outages of both levels that touch it
    longest_s: float | None  # the longest of these as a whole, as far as it has come; None: there was none
    longest: str | None  # its id


class Month(Tally):
    """One calendar month, UTC."""

    month: str  # "2026-03"


class Reliability(TypedDict):
    """Twelve months of one entity."""

    entity: str
    until: str  # up to when it is counted
    since: str | None  # first hour that was ever watched within them; None: no hour was
    months: list[Month]  # twelve, oldest first, the last one is that of ``until``
    year: Tally  # all of them
    spells: list[Spell]  # newest first, at most 50
    bits: dict[str, str]  # hours that were judged, by month: hexadecimal, bit 0 is the first hour
    simulated: bool
