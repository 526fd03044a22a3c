"""The shapes of the world map, and its words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from typing import Literal, TypedDict

from radar import reference
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


@dataclass(frozen=True, slots=True)
class Region:
    """A region that an open outage tells of, while its country as a whole may be normal. ``code``: by ISO 3166-2;
    ``kind``: the level, "none" where nothing is open (any more); ``words``: all that is said of it, its name first."""

    code: str
    name: str
    kind: Literal["outage", "degraded", "none"]
    words: str
    simulated: bool = False


#: The projection of the drawing (``scripts/assets/build_map.mjs``: Equal Earth, turned so that this meridian is in the
#: middle): units of the map for one radius of the sphere, and where the equator crosses that meridian.
MERIDIAN, RADIUS, MIDDLE = 11, 1773.56, (4800, 2326.93)
#: The polynomial of Equal Earth (Savric, Patterson, Jenny 2018).
_A1, _A2, _A3, _A4, _M = 1.340264, -0.081106, 0.000893, 0.003796, sqrt(3) / 2

#: Names of the shapes without a code, marked for translation.
NEUTRAL_NAMES = (N_("Somaliland"), N_("Northern Cyprus"), N_("Siachen Glacier"))


@lru_cache(maxsize=1)
def shapes() -> WorldMap:
    """The packaged drawing, read once."""
    raw = files("radar").joinpath("data/world_map.json").read_text(encoding="utf-8")
    loaded: WorldMap = json.loads(raw)
    return loaded


def point(lat: float, lon: float) -> tuple[int, int]:
    """Where a place lies on the drawing, in its units."""
    turned = radians((lon - MERIDIAN + 180) % 360 - 180)
    up = asin(_M * sin(radians(lat)))
    two, six = up**2, up**6
    across = turned * cos(up) / (_M * (_A1 + 3 * _A2 * two + six * (7 * _A3 + 9 * _A4 * two)))
    return (
        round(MIDDLE[0] + RADIUS * across),
        round(MIDDLE[1] - RADIUS * up * (_A1 + _A2 * two + six * (_A3 + _A4 * two))),
    )


def point_of(code: str) -> tuple[int, int]:
    """Where a region is marked: among its people; where that is not known, at the point of its country."""
    x, y = shapes()["countries"][code[:2]]["at"]
    return point(*_regions()[code]) if code in _regions() else (x, y)


@lru_cache(maxsize=1)
def _regions() -> dict[str, tuple[float, float]]:
    return {row["code"]: (float(row["lat"]), float(row["lon"])) for row in reference.table("regions")}


def describe(
    states: Mapping[str, EntityState], *, regions: Sequence[Region] = (), names: Mapping[str, str] | None = None
) -> str:
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
    for kind, one, more in (
        ("outage", N_("Outage in a region: {names}."), N_("Outage in regions: {names}.")),
        ("degraded", N_("Degraded in a region: {names}."), N_("Degraded in regions: {names}.")),
    ):
        if some := [region.name for region in regions if region.kind == kind]:
            # several names hold commas of their own
            parts.append(_(one if len(some) == 1 else more).format(names="; ".join(some)))
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


def calm_first(regions: Sequence[Region]) -> list[Region]:
    """Regions in the order of drawing."""
    return sorted(regions, key=lambda region: (-WORST_FIRST.index(region.kind), region.code))


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
