"""What was said of one outage when: read from the frames that each publication left (docs/time-travel.md)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from radar import known
from radar.api import access
from radar.components import outages, times
from radar.components.outage_past import Version
from radar.pages import _read
from radar.shapes import Outage
from radar.store import Store, frames, travel

#: Publications are read for so long after the first one at least, and after an end: what was said may be corrected.
LEAST, AFTER = timedelta(hours=48), timedelta(hours=24)

#: From how long after the first publication on how deep it is and how many see it are told once in which step. Any
#: other change is told whenever it came.
STEPS = ((timedelta(days=14), timedelta(days=1)), (timedelta(hours=48), timedelta(hours=6)))

#: Segments that one page reads anew, and that it asks back from the archive, at most; the next one reads on.
READ, ASKED = 40, 12

#: Segments of which what they say is kept; of all but the newest that is all that is kept.
_KEPT = 128


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
    before lies in the archive or is lost, and is not told; ``waiting``: some of that is being brought back; ``coarse``:
    from when on changes of depth and of signals are told by steps, None where all are told."""

    versions: list[Version]
    until: datetime
    gaps: bool
    waiting: bool = False
    coarse: datetime | None = None


def read(outage: Outage, snapshot: _read.Snapshot, *, ask: bool = False) -> Record:
    """What was said of the outage from its first publication on, through its whole life. Raises StoreUnavailable.

    Only what the store holds is read, unless ``ask``: then what lies in the archive is asked back from a worker. That
    is for a reader who wishes it, and not for a page that anybody may open.
    """
    since = times.parse(outage["known_at"])
    until = min(times.parse(snapshot.at or snapshot.now), _last(outage, since))
    client = access.client()
    names = travel.segments(client)
    wanted, newest = _between(names, since, until), names[-1] if names else ""
    found: list[Version] = []
    gaps, waiting = not wanted or int(wanted[0]) > since.timestamp() + 1, False
    fresh = asked = 0
    for name in wanted:
        with _lock:
            fresh += name not in _kept
            if fresh > READ:
                until = min(until, travel.begins(name))
                _read.note_hole()  # the page is not kept: when it is opened again it reads on
                break
            damaged, segment = False, None
            try:
                segment = _read_on(client, name)
            except frames.FrameError:
                damaged = True  # what is damaged says nothing here; the page of a moment in it tells why
            if segment and name != newest:
                segment.rows = {}
            found += segment.versions.get(outage["id"], ()) if segment else ()
        gaps = gaps or segment is None
        if segment is None and not damaged and ask and asked < ASKED:
            asked += 1
            told = travel.read(client, travel.begins(name), _read.wall())
            waiting = waiting or (isinstance(told, travel.Missing) and told.why == "preparing")
            _read.note_hole()  # what comes of it is not of this publication alone
    rows = _changes(row for row in found if since <= row.at <= until)
    thinned = thin(rows, since)
    return Record(thinned, until, gaps, waiting, since + LEAST if len(thinned) < len(rows) else None)


def _last(outage: Outage, since: datetime) -> datetime:
    """Up to when something new may have been said of it: for ever while it is open."""
    if outage["status"] == "open":
        return datetime.max.replace(tzinfo=UTC)
    told = [outage["end"], *(update["at"] for update in outage.get("updates", ()))]
    return max(since + LEAST, *(times.parse(at) + AFTER for at in told if at))


def thin(rows: Sequence[Version], since: datetime) -> list[Version]:
    """The versions, those that differ in depth or in who sees it alone once in a step: the last one of each step.

    A change of state, level, times, confidence or cause is kept whenever it came, and so is what held before it.
    """
    found: list[Version] = []
    for i, row in enumerate(rows):
        after = rows[i + 1] if i + 1 < len(rows) else None
        firm = i == 0 or row.firm() != rows[i - 1].firm()
        if firm or after is None or after.firm() != row.firm() or _step(row, since) != _step(after, since):
            _add(found, row)
    return found


def _step(row: Version, since: datetime) -> tuple[timedelta, float]:
    """The step that a version lies in; its own where every version is told."""
    age = row.at - since
    wide = next((step for start, step in STEPS if age >= start), None)
    return (timedelta(0), age.total_seconds()) if wide is None else (wide, age // wide)


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
    depth, best = row["severity"]["depth"], known.named_cause(row)
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
