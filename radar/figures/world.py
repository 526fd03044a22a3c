"""The shapes of the world map, and its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TypedDict

from radar.entities import countries, country_name
from radar.figures.palette import WORST_FIRST
from radar.labels import N_, STATES, _, ngettext
from radar.shapes import EntityState


class Place(TypedDict):
    """One shape: path, label point in map units and in degrees, and whether it is too small to see."""

    d: str
    at: list[int]
    lonlat: list[float]
    dot: bool


class Neutral(Place):
    """A shape without an ISO code."""

    id: str
    name: str


class Border(TypedDict):
    """Disputed borders as one path."""

    d: str


class WorldMap(TypedDict):
    """The packaged drawing."""

    width: int
    height: int
    countries: dict[str, Place]
    neutral: list[Neutral]
    disputed: Border


#: Names of the shapes without a code, marked for translation.
NEUTRAL_NAMES = (N_("Somaliland"), N_("Northern Cyprus"), N_("Siachen Glacier"))


@lru_cache(maxsize=1)
def shapes() -> WorldMap:
    """The packaged drawing, read once."""
    raw = files("radar").joinpath("data/world_map.json").read_text(encoding="utf-8")
    loaded: WorldMap = json.loads(raw)
    return loaded


def describe(states: Mapping[str, EntityState], *, names: Mapping[str, str] | None = None) -> str:
    """The map in words: what is worst first, then how many are normal and how many we cannot speak of."""
    by_kind: dict[str, list[str]] = {kind: [] for kind in WORST_FIRST}
    for code, state in by_urgency(states):
        by_kind[kind_of(state)].append(name_of(code, names))
    parts = []
    for kind, message in (("outage", _("Outage: {names}.")), ("degraded", _("Degraded: {names}."))):
        if by_kind[kind]:
            parts.append(message.format(names=", ".join(by_kind[kind])))
    if not parts:
        parts.append(_("No country is in outage or degraded as far as we can see."))
    normal, blind = len(by_kind["ok"]), len(by_kind["insufficient"]) + len(by_kind["none"])
    parts.append(ngettext("{n} country is normal.", "{n} countries are normal.", normal).format(n=normal))
    parts.append(
        ngettext("Of {n} we have too little data to say.", "Of {n} we have too little data to say.", blind).format(
            n=blind
        )
    )
    return " ".join(parts)


def by_urgency(states: Mapping[str, EntityState]) -> Iterator[tuple[str, EntityState | None]]:
    """All countries, calm ones first, so that what is broken is drawn on top."""
    rank = {kind: -i for i, kind in enumerate(WORST_FIRST)}
    yield from sorted(
        ((code, states.get(code)) for code in countries()), key=lambda item: (rank[kind_of(item[1])], item[0])
    )


def kind_of(state: EntityState | None) -> str:
    """The state by name; "none" for a country we hold nothing on, which is not the same as normal."""
    return "none" if state is None else state["state"]


def name_of(code: str, names: Mapping[str, str] | None) -> str:
    """The given name, or the country table's."""
    return (names or {}).get(code) or country_name(code)


def words_of(code: str, state: EntityState | None, names: Mapping[str, str] | None, *, short: bool = False) -> str:
    """What a country says of itself: "Iraq: Outage. Requests at our edge are 72 % below normal (simulated)"."""
    name = name_of(code, names)
    if state is None:
        return _("{name}: no data").format(name=name)
    text = _("{name}: {state}").format(name=name, state=_(STATES[state["state"]]))
    if state["words"] and state["state"] != "ok" and not short:
        text += f". {state['words']}"
    return _("{text} (simulated)").format(text=text) if state["simulated"] else text


def neutral_words(place: Neutral) -> str:
    """What a shape without a code says of itself."""
    return _("{name}: disputed, without a country code of its own; not measured apart").format(name=_(place["name"]))
