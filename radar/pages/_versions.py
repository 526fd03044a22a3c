"""What was said of one outage when: read from the frames that each publication left (docs/time-travel.md)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from radar import known
from radar.api import access
from radar.components import outages, times
from radar.components.outage_past import Version
from radar.pages import _read
from radar.shapes import Outage
from radar.store import frames, travel

#: Publications are read for so long after the first one: a page is no archive.
LONGEST = timedelta(hours=48)

#: Segments that are over never change; what they say of an outage is kept, for the last ones asked for.
_KEPT = 200
_kept: OrderedDict[tuple[str, str, int, int], list[Version]] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Record:
    """The versions that differ, oldest first. ``until``: publications were read up to then; ``gaps``: some of the time
    before lies in the archive or is lost, and is not told."""

    versions: list[Version]
    until: datetime
    gaps: bool


def read(outage: Outage, snapshot: _read.Snapshot) -> Record:
    """What was said of the outage from its first publication on. Raises StoreUnavailable.

    Only what the store holds is read: nothing is asked back from the archive for a page that anybody may open.
    """
    since = times.parse(outage["known_at"])
    now = times.parse(snapshot.at or snapshot.now)
    until = min(now, since + LONGEST)
    client = access.client()
    wanted = _between(travel.segments(client), since, until)
    found: list[Version] = []
    gaps = not wanted or int(wanted[0]) > since.timestamp() + 1
    for name in wanted:
        held = travel.held(client, name)
        try:
            found += _of_segment(outage["id"], name, held)
        except frames.FrameError:
            gaps = True  # what is damaged says nothing here; the page of a moment in it tells why
        gaps = gaps or not held
    return Record(_changes(row for row in found if since <= row.at <= until), until, gaps)


def _between(segments: list[str], since: datetime, until: datetime) -> list[str]:
    """The segments of a range, oldest first, from the one that holds at its beginning."""
    ends = [*(int(name) for name in segments[1:]), None]
    return [name for name, end in zip(segments, ends, strict=False)
            if int(name) <= until.timestamp() and (end is None or end > since.timestamp())]  # fmt: skip


def _of_segment(id: str, segment: str, held: list[bytes]) -> list[Version]:
    """The versions in one segment. Raises FrameError."""
    key = (id, segment, len(held), hash(held[-1]) if held else 0)
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    found: list[Version] = []
    row = f"outages/{id}"
    for at, rows, changed, _window in frames.steps(held):
        if row in changed and row in rows:
            found.append(_version(at, rows[row]))
    _kept[key] = _changes(found)
    while len(_kept) > _KEPT:
        _kept.popitem(last=False)
    return _kept[key]


def _version(at: datetime, row: Outage) -> Version:
    depth, best = row["severity"]["depth"], known.likeliest(row)
    sees, _blind = outages.counts(row)
    return Version(
        at=at, status=row["status"], level=row["level"], start=row["start"], end=row["end"],
        depth=None if depth is None else round(depth, 1), sees=sees, signals=len(row["signals"]),
        confidence=row["confidence"], cause=best["cause"] if best else None,
    )  # fmt: skip


def _changes(rows: Iterable[Version]) -> list[Version]:
    found: list[Version] = []
    for row in rows:
        if not found or row.told() != found[-1].told():
            found.append(row)
    return found
