"""What others tell of the place and the time of an outage, as evidence: happenings of the books and providers' own
incidents. Each is named with its source, and none is said to be the cause."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from radar import entities
from radar.detect.cause.known import Told
from radar.shapes.context import Happening
from radar.shapes.providers import ProviderSays
from radar.times import parse

#: A quake counts for so long, seconds, and from this magnitude.
QUAKE_S, QUAKE_LEAST = 86_400, 6.0
#: What began so long after the onset may still be the same thing; what lasts to an unknown end counts for so long.
SLACK_S, UNKNOWN_END_S = 1800, 86_400
#: Severities of warnings that count, in the words of CAP.
SEVERE = ("severe", "extreme")
#: What a calendar or a warning speaks of, by words of its title.
POWER = re.compile(r"\b(power (cut|outage|failure)s?|black-?outs?|load.?shedding|grid failure|electricity)\b", re.I)
MAGNITUDE = re.compile(r"\bmagnitude (\d+(?:\.\d+)?)", re.I)
EXAMS = re.compile(r"\b(exams?|examinations?)\b", re.I)


class Beside:
    """Happenings by place, and incidents by provider, read when they are first asked for."""

    def __init__(
        self,
        happenings: Callable[[], Iterable[Happening]] = tuple,
        providers: Callable[[], Mapping[str, ProviderSays]] = dict,
    ) -> None:
        self._happenings, self._providers = happenings, providers
        self._by_place: dict[str, list[Happening]] | None = None

    def of(self, entity: str, start: int) -> tuple[Told, ...]:
        """What is told of an entity, and of what it lies in, at an onset (seconds); in the order in which it began."""
        if self._by_place is None:
            self._by_place = {}
            for row in self._happenings():
                for place in row["places"]:
                    self._by_place.setdefault(place, []).append(row)
        rows = {row["id"]: (row, place) for place in reversed(_places(entity)) for row in self._by_place.get(place, ())}
        found = [
            (row["start"], Told(speaks, _title(row), row["source"]))
            for row, place in rows.values()
            if row["withdrawn_at"] is None
            and _covers(row, start)
            and (speaks := _speaks(row, own=place == entity or place.startswith("asn/")))
        ]
        return tuple(told for _at, told in sorted(found, key=lambda pair: (pair[0], pair[1].title))) + self._said(
            entity, start
        )

    def _said(self, entity: str, start: int) -> tuple[Told, ...]:
        kind, _slash, slug = entity.partition("/")
        says = self._providers().get(slug) if kind == "provider" else None
        return tuple(
            Told("provider", row["title"], slug)
            for row in (says["incidents"] if says else ())
            if row["started_at"] is not None and _seconds(row["started_at"]) <= start + SLACK_S
            and (row["open"] or (row["resolved_at"] is not None and _seconds(row["resolved_at"]) >= start))
        )  # fmt: skip


def _places(entity: str) -> list[str]:
    """The entity and what it lies in."""
    found = [entity]
    if entity.startswith("geoasn/"):
        found.append(f"asn/{entity.rpartition('-')[2]}")
    parent = entities.parent(entity) if entities.is_entity(entity) else None
    return [*found, parent] if parent else found


def _covers(row: Happening, start: int) -> bool:
    begins = _seconds(row["start"])
    if begins > start + SLACK_S:
        return False
    if not row["lasts"]:
        return start - begins <= QUAKE_S
    ends = _seconds(row["end"]) if row["end"] is not None else begins + UNKNOWN_END_S
    return ends >= start


def _speaks(row: Happening, *, own: bool) -> str:
    """What it speaks for, "" for nothing. ``own``: it is of the network itself, not of the country it lies in."""
    title, severity = row["title"], (row["severity"] or "").lower()
    if row["kind"] == "earthquake":
        magnitude = MAGNITUDE.search(title)
        return "quake" if magnitude and float(magnitude[1]) >= QUAKE_LEAST else ""
    if row["kind"] in ("weather", "maintenance") and POWER.search(title):
        return "power"
    if row["kind"] == "weather":
        return "weather" if severity in SEVERE else ""
    if row["kind"] == "maintenance":
        if EXAMS.search(title):
            return "exams"
        return "maintenance" if own else ""
    return "holiday" if row["kind"] == "holiday" else ""


def _title(row: Happening) -> str:
    """Its own words; of a quake, with the place."""
    return f"{row['title']}, {row['area']}" if row["kind"] == "earthquake" and row["area"] else row["title"]


def _seconds(text: str) -> int:
    return int(parse(text).timestamp())
