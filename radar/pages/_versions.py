"""What was said of one outage when: read from the frames that each publication left (docs/time-travel.md)."""

from __future__ import annotations

import threading
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
from radar.store import Store, frames, travel

#: Publications are read for so long after the first one: a page is no archive.
LONGEST = timedelta(hours=48)

#: Segments of which what they say is kept; of all but the newest that is all that is kept.
_KEPT = 24


@dataclass(slots=True)
class _Segment:
    """What one segment says of all outages, as far as it was read: so many frames, the last of which is ``last``.
    ``rows`` and ``window``: what is needed to read on; rows are dropped once another segment has begun."""

    count: int
    last: bytes
    rows: frames.Rows
    window: bytes
    versions: dict[str, list[Version]]


_lock = threading.Lock()
_kept: OrderedDict[str, _Segment] = OrderedDict()


def forget() -> None:
    """Drop all that was read, as a process that has just started."""
    with _lock:
        _kept.clear()


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
    names = travel.segments(client)
    wanted, newest = _between(names, since, until), names[-1] if names else ""
    found: list[Version] = []
    gaps = not wanted or int(wanted[0]) > since.timestamp() + 1
    for name in wanted:
        with _lock:
            try:
                segment = _read_on(client, name)
            except frames.FrameError:
                segment = None  # what is damaged says nothing here; the page of a moment in it tells why
            gaps = gaps or segment is None
            if segment and name != newest:
                segment.rows = {}
            found += segment.versions.get(outage["id"], ()) if segment else ()
    return Record(_changes(row for row in found if since <= row.at <= until), until, gaps)


def _between(segments: list[str], since: datetime, until: datetime) -> list[str]:
    """The segments of a range, oldest first, from the one that holds at its beginning."""
    ends = [*(int(name) for name in segments[1:]), None]
    return [name for name, end in zip(segments, ends, strict=False)
            if int(name) <= until.timestamp() and (end is None or end > since.timestamp())]  # fmt: skip


def _read_on(client: Store, name: str) -> _Segment | None:
    """The segment as it is now, read on from where it was read last; None where the store does not hold it. Raises
    FrameError, StoreUnavailable."""
    known_ = _kept.pop(name, None)
    held = travel.held(client, name, known_.count - 1) if known_ else []
    stuck = known_ is not None and len(held) > 1 and not known_.rows
    if known_ is None or not held or held[0] != known_.last or stuck:  # new to us, gone, or written anew
        known_, held = None, travel.held(client, name)
        if not held:
            return None
    segment = known_ or _Segment(0, b"", {}, b"", {})
    fresh = held[1:] if known_ else held
    after = (segment.rows, segment.window, segment.count - 1) if known_ else None
    for at, rows, changed, window in frames.steps(fresh, after=after):
        segment.rows, segment.window = rows, window
        for row in changed:
            if row.startswith("outages/") and row in rows:
                _add(segment.versions.setdefault(row.removeprefix("outages/"), []), _version(at, rows[row]))
    segment.count, segment.last = segment.count + len(fresh), held[-1]
    _kept[name] = segment
    while len(_kept) > _KEPT:
        _kept.popitem(last=False)
    return segment


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
        _add(found, row)
    return found


def _add(found: list[Version], row: Version) -> None:
    """Add a version where a reader sees that it differs from the last one."""
    if not found or row.told() != found[-1].told():
        found.append(row)
