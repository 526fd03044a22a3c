"""Candidates as documents: their id, their words, and their lines in the archive.

A line is one ``RouteEvent`` (:mod:`radar.shapes`) as JSON. The id comes from what was seen, not from when we looked:
the same stream gives the same id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import blake2s
from typing import Any, cast, get_args

import orjson

from radar.entities import is_entity
from radar.labels import _, ngettext
from radar.routing.owners import label
from radar.routing.packed import Faults
from radar.routing.rpki import Validity
from radar.routing.space import parse_prefix
from radar.shapes import RouteEvent
from radar.times import parse as parse_time
from radar.times import rfc3339

KINDS = ("origin_change", "more_specific", "leak")
STATUSES = ("open", "ended", "dismissed")

#: What a document lists at most.
MOST_PREFIXES, MOST_NETWORKS = 50, 50

#: Grain of the candidates' series, in seconds.
GRAIN_S = 300

_LONGEST_LINE = 1 << 20
_YEARS = (1990, 2100)


def event_id(kind: str, suspect: int, prefix: str, time: float) -> str:
    """The id of a candidate: day, suspect, and a digest of kind, suspect, first prefix and minute.

    Examples
    --------
    >>> event_id("more_specific", 17557, "208.65.153.0/24", 1203878835.0)
    '20080224-as17557-396b10ac'
    """
    start = datetime.fromtimestamp(time, UTC)
    digest = blake2s(f"{kind} {suspect} {prefix} {start:%Y-%m-%dT%H:%MZ}".encode(), digest_size=4).hexdigest()
    return f"{start:%Y%m%d}-as{suspect}-{digest}"


def moment(time: float) -> str:
    """Epoch seconds as RFC 3339."""
    return rfc3339(datetime.fromtimestamp(time, UTC))


def listed(networks: Iterable[int], *, most: int = 3) -> str:
    """Networks in a sentence: "AS3333 RIPE NCC, AS1299 Arelion and 5 more"."""
    known = list(networks)
    names = ", ".join(label(asn) for asn in known[:most])
    if len(known) <= most:
        return names
    return _("{names} and {n} more").format(names=names, n=len(known) - most)


def origin_words(kind: str, suspect: int, expected: list[int], prefixes: int, first: str, covering: str) -> str:
    """One sentence about a new origin. It says what is seen and not why."""
    values = {"suspect": label(suspect), "holder": listed(expected), "prefix": first, "covering": covering}
    if prefixes > 1:
        return ngettext(
            "{suspect} announces {n} prefix of {holder}: {prefix}.",
            "{suspect} announces {n} prefixes of {holder}, the first of them {prefix}.",
            prefixes,
        ).format(n=f"{prefixes:,}", **values)
    if kind == "more_specific":
        return _("{suspect} announces {prefix}; {holder} announces {covering} around it.").format(**values)
    return _("{suspect} announces {prefix}, which {holder} announced before.").format(**values)


def leak_words(suspect: int, sides: list[tuple[int, int, int]], prefixes: int, origins: int, *, more: bool) -> str:
    """One sentence about a leak. ``sides``: (learned from, told, RFC 7908's type), the most frequent first; ``more``:
    not all prefixes were counted."""
    learned, told, kind = sides[0]
    from_, to = {
        1: (_("its provider"), _("its provider")),
        2: (_("its peer"), _("its peer")),
        3: (_("its provider"), _("its peer")),
        4: (_("its peer"), _("its provider")),
    }[kind]
    count = f"{prefixes:,}" if not more else _("at least {n}").format(n=f"{prefixes:,}")
    return ngettext(
        "{suspect} passes {n} prefix on from {learned} ({from_}) to {told} ({to}); {networks}.",
        "{suspect} passes {n} prefixes on from {learned} ({from_}) to {told} ({to}); {networks}.",
        prefixes,
    ).format(
        suspect=label(suspect), n=count, learned=label(learned), from_=from_, told=label(told), to=to,
        networks=ngettext("they are of {n} network", "they are of {n} networks", origins).format(n=f"{origins:,}"),
    )  # fmt: skip


def to_lines(events: Iterable[RouteEvent]) -> bytes:
    """Events as lines of JSON, each ended."""
    return b"".join(orjson.dumps(event, option=orjson.OPT_SORT_KEYS) + b"\n" for event in events)


def read_lines(body: bytes) -> tuple[list[RouteEvent], Faults, int]:
    """Read lines of JSON: the events in their order, what was wrong with others, and how many lines there were.

    Total: whatever the bytes are, nothing is raised. Each event is checked field by field, so that whoever reads it
    may rely on :class:`radar.shapes.RouteEvent`; entities that are none are left out and counted.
    """
    events: list[RouteEvent] = []
    faults = Faults()
    lines = 0
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        lines += 1
        if len(line) > _LONGEST_LINE:
            faults.add("line too long", f"line {number}: {len(line)} bytes")
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            faults.add("no JSON", f"line {number}: {len(line)} bytes")
            continue
        fault = _fault(row)
        if fault:
            faults.add(f"no candidate: {fault}", f"line {number}")
            continue
        kept = [key for key in row["entities"] if isinstance(key, str) and _is_affected(key)]
        if len(kept) < len(row["entities"]):
            faults.add("an entity that is no network and no country", f"line {number}")
        events.append(cast(RouteEvent, {**row, "entities": kept}))
    return events, faults, lines


def first_bin(event: RouteEvent) -> int:
    """Start of the five minutes in which it was first seen, epoch seconds."""
    return int(parse_time(event["first_seen"]).timestamp()) // GRAIN_S * GRAIN_S


def _is_affected(key: str) -> bool:
    return key.startswith(("asn/", "country/")) and is_entity(key)


def _fault(row: Any) -> str:
    """The first field that is not as agreed; "" when all are."""
    if not isinstance(row, dict):
        return "not an object"
    for name, fits in _FIELDS.items():
        if name not in row or not fits(row[name]):
            return name
    return ""


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 32


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= 1


def _is_time(value: Any) -> bool:
    if type(value) is not str or len(value) > 40:
        return False
    try:
        return _YEARS[0] <= parse_time(value).year < _YEARS[1]
    except (ValueError, OverflowError):
        return False


def _is_prefix(value: Any) -> bool:
    return type(value) is str and parse_prefix(value) is not None


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) < 20_000


def _list_of(fits: Any, most: int = 1000) -> Any:
    return lambda value: type(value) is list and len(value) <= most and all(map(fits, value))


_FIELDS: Mapping[str, Any] = {
    "id": lambda value: _is_text(value) and 0 < len(value) <= 80,
    "kind": lambda value: value in KINDS if type(value) is str else False,
    "prefix": _is_prefix,
    "prefixes": _list_of(_is_prefix),
    "prefix_count": _is_count,
    "first_seen": _is_time,
    "last_seen": _is_time,
    "status": lambda value: value in STATUSES if type(value) is str else False,
    "suspect": _is_count,
    "expected": _list_of(_is_count),
    "rpki": lambda value: value in get_args(Validity) if type(value) is str else False,
    "peers": _is_count,
    "peers_total": _is_count,
    "path": _is_text,
    "confidence": _is_number,
    "words": _is_text,
    "entities": _list_of(_is_text),
    "simulated": lambda value: type(value) is bool,
    "for": _list_of(_is_text),
    "against": _list_of(_is_text),
}
