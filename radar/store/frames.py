"""What was published, as frames: one whole one, and after it only what changed. Pure; bytes in, bytes out.

A frame holds everything that was told at one publication: the clock, the sources, the outages, the notice and the state
of every entity. The first of a segment is *whole*; each later one names the rows that came, went or changed, and of a
changed row only the fields that did. Both are JSON, deflated; a later one with the end of the whole one as its
dictionary, as it repeats its names and words. What is read back is, byte for byte, the JSON that was published.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

#: Documents that a frame keeps, in the order of its rows: what changes most stands last, where the dictionary is.
DOCUMENTS = ("notice", "outages", "sources", "clock")
#: Documents that are lists, and the field by which a row is known.
LISTS = {"outages": "id", "sources": "name"}

#: A frame is begun anew as a whole after so many, so that a reader never takes up more.
MOST = 360

_WHOLE, _LATER = 0, 1
_HEAD = struct.Struct(">BIq")  # kind, place in the segment, second of publication
_WINDOW = 32_768

#: Rows of a frame by name: ``state/country/IQ``, ``outages/<id>``, ``outages`` (the ids in order), ``clock``.
Rows = dict[str, Any]
#: The same with each row as its JSON, which is what is compared.
Raw = dict[str, bytes]


class FrameError(ValueError):
    """Bytes that are no frames, or frames that do not follow one another."""


@dataclass(frozen=True, slots=True)
class Told:
    """What had been told at a moment. ``at``: when that was published, by the clock of the data."""

    at: datetime
    docs: dict[str, Any]
    states: dict[str, Any]


def raw(docs: Mapping[str, Any], states: Mapping[str, Any]) -> Raw:
    """The rows of a publication. A document that is not there, or None, is left out; so is a state that is None."""
    rows = {f"state/{key}": orjson.dumps(row) for key, row in states.items() if row is not None}
    for name in DOCUMENTS:
        body = docs.get(name)
        if body is None:
            continue
        if name in LISTS:
            keys = [row[LISTS[name]] for row in body]
            rows |= {f"{name}/{key}": orjson.dumps(row) for key, row in zip(keys, body, strict=True)}
            body = keys
        rows[name] = orjson.dumps(body)
    return rows


def told(at: datetime, rows: Rows) -> Told:
    """The publication of these rows."""
    docs: dict[str, Any] = {name: rows.get(name) for name in DOCUMENTS}
    for name in LISTS:
        if docs[name] is not None:
            docs[name] = [rows[f"{name}/{key}"] for key in docs[name]]
    states = {name.partition("/")[2]: row for name, row in rows.items() if name.startswith("state/")}
    return Told(at, docs, states)


def whole(at: datetime, rows: Raw) -> bytes:
    """The frame that a segment begins with."""
    return _HEAD.pack(_WHOLE, 0, _seconds(at)) + zlib.compress(_json(rows), 6)


def later(at: datetime, place: int, before: Raw, rows: Raw, window: bytes) -> bytes:
    """The frame of what changed since ``before``, the frame one ``place`` before it in the segment. ``window``: of the
    whole frame that the segment began with (:func:`window_of`)."""
    changed: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for name, body in rows.items():
        old = before.get(name)
        if old == body:
            continue
        part = None if old is None else _fields(old, body)
        if part is None:
            changed[name] = orjson.Fragment(body)
        else:
            fields[name] = part
    parts = {"gone": [name for name in before if name not in rows], "rows": changed, "fields": fields}
    pack = zlib.compressobj(9, zdict=window)
    return (
        _HEAD.pack(_LATER, place, _seconds(at))
        + pack.compress(orjson.dumps({k: v for k, v in parts.items() if v}))
        + pack.flush()
    )


def window_of(rows: Raw) -> bytes:
    """The dictionary of the frames that follow a whole one of these rows."""
    return _json(rows)[-_WINDOW:]


def time_of(frame: bytes) -> datetime:
    """When the frame was published. Raises FrameError."""
    return _head(frame)[2]


def steps(
    frames: Iterable[bytes], at: datetime | None = None, *, after: tuple[Rows, bytes, int] | None = None
) -> Iterator[tuple[datetime, Rows, set[str], bytes]]:
    """All publications of the frames, oldest first, up to those by ``at`` (None: to the last one): when it was, its
    rows, the names of the rows that came, went or changed, and the window of its segment.

    The rows are one dict that each step changes: take out what is needed before the next one. ``after``: rows, window
    and place of the frame before the first of these, where they are not the first of their segment.

    Raises
    ------
    FrameError
        Bytes that are no frame, or frames of which one is missing: what follows it changes something else.
    """
    rows: Rows | None
    rows, window, last = after or (None, b"", -1)
    for frame in frames:
        kind, place, when = _head(frame)
        if at is not None and when > at:
            return
        try:
            if kind == _WHOLE:
                text = zlib.decompress(frame[_HEAD.size :])
                window, before, last = text[-_WINDOW:], rows or {}, 0
                rows = orjson.loads(text)
                yield when, rows, set(before) | set(rows), window
                continue
            if rows is None or place != last + 1:
                raise FrameError(f"the frame before that of {when.isoformat()} is missing")
            last = place
            unpack = zlib.decompressobj(zdict=window)
            part = orjson.loads(unpack.decompress(frame[_HEAD.size :]) + unpack.flush())
        except (zlib.error, orjson.JSONDecodeError) as error:
            raise FrameError(f"a frame of {when.isoformat()} cannot be read: {error}") from None
        gone, came, fields = part.get("gone", ()), part.get("rows", {}), part.get("fields", {})
        for name in gone:
            del rows[name]
        rows.update(came)
        for name, some in fields.items():
            rows[name].update(some)
        yield when, rows, {*gone, *came, *fields}, window


def replayed(frames: Iterable[bytes], at: datetime | None = None) -> tuple[datetime, Rows, bytes] | None:
    """The rows as of the last frame that was published by ``at`` (None: the last one), when that was, and the window of
    its segment. None when there is no such frame. Raises FrameError, as ``steps``.
    """
    found = None
    for when, rows, _changed, window in steps(frames, at):
        found = when, rows, window
    return found


def _fields(old: bytes, new: bytes) -> dict[str, Any] | None:
    """The fields that changed, where the row is an object with the same fields in the same order; else None."""
    if not (old.startswith(b"{") and new.startswith(b"{")):
        return None
    a, b = orjson.loads(old), orjson.loads(new)
    if list(a) != list(b):
        return None
    # 1, 1.0 and true are equal to Python and not to a reader
    return {key: value for key, value in b.items() if orjson.dumps(a[key]) != orjson.dumps(value)}


def _json(rows: Raw) -> bytes:
    return orjson.dumps({name: orjson.Fragment(body) for name, body in rows.items()})


def _head(frame: bytes) -> tuple[int, int, datetime]:
    if len(frame) < _HEAD.size or frame[0] not in (_WHOLE, _LATER):
        raise FrameError(f"{len(frame)} bytes are no frame")
    kind, place, seconds = _HEAD.unpack_from(frame)
    try:
        return kind, place, datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise FrameError(f"a frame is of second {seconds}, which is no time") from None


def _seconds(at: datetime) -> int:
    return int(at.timestamp() // 1)
