"""Documents ``context:<source>``: what else happened, with place and time: holidays, planned work, quakes, weather.

Nothing in them is a measurement of ours, and none of them is a cause: they are what was known at the same time.
"""

from __future__ import annotations

from typing import TypedDict

from radar.labels import N_

#: The sources of happenings. They have no series: ``SOURCE.signals`` is empty, and a book keeps what they tell.
SOURCES = ("earthquakes", "holidays", "planned_maintenance", "weather_alerts")

#: Kinds of happenings as readers see them.
KINDS: dict[str, str] = {
    "earthquake": N_("Earthquake"),
    "holiday": N_("Public holiday"),
    "maintenance": N_("Planned maintenance"),
    "weather": N_("Warning"),
    "weekend": N_("Weekend"),
}


class Happening(TypedDict):
    """One happening. ``places`` are entity keys; empty: it lies in no country that we could name."""

    id: str  # the source's own, with the source's name before it; stays while the source corrects the rest
    source: str
    kind: str  # one of KINDS
    title: str  # the source's own words, plain text
    places: list[str]
    area: str  # the place in the source's own words; "": none
    start: str
    end: str | None  # None: it is over at once, or its end is not known; ``lasts`` tells which
    lasts: bool  # False: a moment, such as a quake
    severity: str | None  # the source's own scale; None: it says none
    known_at: str  # when we read it first
    changed_at: str | None  # when its source said something else of it last; None: never
    withdrawn_at: str | None  # when its source took it back, or no longer listed it; None: it stands
    url: str
    simulated: bool


class Told(TypedDict):
    """Document ``context:<source>``."""

    at: str
    source: str
    asked_at: str | None  # when the source was asked last; None: never
    read_at: str | None  # when all that it was asked could be read last; None: never
    error: str | None  # why some of it could not be read at ``asked_at``
    simulated: bool
    happenings: list[Happening]  # by start, oldest first
    dropped: int  # left out since the book began, because there were too many


def document(source: str) -> str:
    """Name of the document of a source."""
    return f"context:{source}"
