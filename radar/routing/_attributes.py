"""Path attributes of BGP (RFC 4271, section 5) as far as routes need them: the AS path, and prefixes other than IPv4's.

Attributes of two peers: one that speaks four-octet AS numbers, and one that does not, whose AS path has 23456
(AS_TRANS) in place of large numbers and is put right by AS4_PATH (RFC 6793, section 4.2.3).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from radar.routing._prefixes import Broken

AS_PATH, AGGREGATOR, MP_REACH, MP_UNREACH, AS4_PATH, AS4_AGGREGATOR = 2, 7, 14, 15, 17, 18
AS_TRANS = 23456
_SET, _SEQUENCE, _CONFED_SEQUENCE, _CONFED_SET = 1, 2, 3, 4
_MARKS = {
    _SET: ("{", "}", ","),
    _SEQUENCE: ("", "", " "),
    _CONFED_SEQUENCE: ("(", ")", " "),
    _CONFED_SET: ("[", "]", ","),
}

#: Readers of one whole segment of n AS numbers, of two and of four octets. None is no segment (RFC 7606, section 7.2).
_NUMBERS = {
    size: tuple(struct.Struct(f">2x{n}{letter}" if n else ">3x").unpack for n in range(256))
    for size, letter in ((2, "H"), (4, "I"))
}

#: AS paths that are remembered, and up to which length.
_REMEMBERED, _LONGEST = 1 << 17, 128

Segment = tuple[int, tuple[int, ...]]


class Field(NamedTuple):
    """Prefixes of one address family inside MP_REACH or MP_UNREACH: where they stand in the data."""

    afi: int
    safi: int
    at: int
    end: int


class Attributes(NamedTuple):
    """What was found. ``path``: the AS path, None where there is none."""

    path: str | None
    reach: Field | None
    unreach: Field | None


class Paths(dict[bytes, str]):
    """AS paths as BGP writes them -> text, of AS numbers of ``size`` octets. Raises Broken for what is no AS path.

    Remembers, and forgets all when it holds many. Equal paths are mostly the same object.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._readers = _NUMBERS[size]

    def __missing__(self, raw: bytes) -> str:
        try:  # nearly always the path is one sequence
            if raw[0] != _SEQUENCE:
                raise struct.error
            text = " ".join(map(str, self._readers[raw[1]](raw)))
        except (IndexError, struct.error):
            text = written(segments(raw, self.size))
        self.keep(raw, text)
        return text

    def keep(self, raw: bytes, text: str) -> None:
        """Remember."""
        if len(raw) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[raw] = text


def segments(raw: bytes, size: int) -> list[Segment]:
    """The segments of an AS path: (type, AS numbers of ``size`` octets). Raises Broken."""
    at, found = 0, []
    while at < len(raw):
        kind, count = raw[at], raw[at + 1] if at + 1 < len(raw) else 0
        after = at + 2 + size * count
        if kind not in _MARKS or not count or after > len(raw):
            raise Broken("AS path is malformed")
        found.append((kind, _NUMBERS[size][count](raw[at:after])))
        at = after
    return found


def written(path: list[Segment]) -> str:
    """An AS path in text, as :mod:`radar.routing` says.

    Examples
    --------
    >>> written([(2, (3333, 1299)), (1, (64512, 64511))])
    '3333 1299 {64512,64511}'
    """
    out = []
    for kind, numbers in path:
        opens, closes, between = _MARKS[kind]
        out.append(f"{opens}{between.join(map(str, numbers))}{closes}")
    return " ".join(out)


def merged(old: list[Segment], new: list[Segment]) -> list[Segment]:
    """AS_PATH and AS4_PATH of a two-octet peer as one path (RFC 6793, section 4.2.3).

    As many leading ones of the old path as it has more, then the new path. A set counts once and confederations do not
    count (RFC 5065), which stay where they lead; AS4_PATH may hold none. An old path that is shorter stands alone.
    """
    new = [segment for segment in new if segment[0] in (_SET, _SEQUENCE)]
    keep = _length(old) - _length(new)
    if keep < 0:
        return old
    out: list[Segment] = []
    for kind, numbers in old:
        if kind in (_CONFED_SEQUENCE, _CONFED_SET):
            out.append((kind, numbers))
        elif keep <= 0:
            break
        elif kind == _SET:
            out.append((kind, numbers))
            keep -= 1
        else:
            out.append((kind, numbers[:keep]))
            keep -= len(numbers)
    if out and new and out[-1][0] == new[0][0] == _SEQUENCE:
        out[-1] = (_SEQUENCE, out[-1][1] + new[0][1])
        new = new[1:]
    return out + new


def _length(path: list[Segment]) -> int:
    return sum(len(numbers) if kind == _SEQUENCE else kind == _SET for kind, numbers in path)


def walk(data: bytes, at: int, end: int) -> dict[int, tuple[int, int]]:
    """The attributes of ``data[at:end]``: type -> where its value stands. Raises Broken when they do not fill it."""
    found: dict[int, tuple[int, int]] = {}
    while at < end:
        if data[at] & 16:
            first = at + 4
            after = first + (data[at + 2] << 8 | data[at + 3])
        else:
            first = at + 3
            after = first + data[at + 2]
        kind = data[at + 1]
        if after > end:
            break
        if kind not in found:
            found[kind] = first, after  # of one that comes twice the first counts (RFC 7606, section 3)
        elif kind in (MP_REACH, MP_UNREACH):
            raise Broken("attribute given twice")
        at = after
    if at != end:
        raise Broken("path attributes do not fill their field")
    return found


def attributes(data: bytes, at: int, end: int, paths: Paths, *, table: bool = False) -> Attributes:
    """Read the path attributes of ``data[at:end]``.

    ``paths`` says of which size AS numbers are. ``table``: they are of a table dump, where MP_REACH holds no prefixes
    (RFC 6396, section 4.3.4). Raises Broken when they do not fill their field or one that is needed is malformed.
    """
    found = walk(data, at, end)
    path = _path(data, found, paths) if AS_PATH in found else None
    if table:
        return Attributes(path, None, None)
    reach = _reach(data, *found[MP_REACH]) if MP_REACH in found else None
    unreach = _unreach(data, *found[MP_UNREACH]) if MP_UNREACH in found else None
    return Attributes(path, reach, unreach)


def _path(data: bytes, found: dict[int, tuple[int, int]], paths: Paths) -> str:
    first, after = found[AS_PATH]
    raw = data[first:after]
    if AS4_PATH not in found or paths.size == 4:  # from a four-octet peer AS4_PATH is to be discarded
        return paths[raw]
    if AGGREGATOR in found and AS4_AGGREGATOR in found:
        place = found[AGGREGATOR][0]
        if data[place] << 8 | data[place + 1] != AS_TRANS:
            return paths[raw]
    first, after = found[AS4_PATH]
    try:
        new = segments(data[first:after], 4)
    except Broken:  # an optional attribute that is malformed is discarded (RFC 6793, section 6)
        return paths[raw]
    key = raw + b"\0" + data[first:after]  # no segment has type 0, so no AS path is spelt like this
    text = paths.get(key)
    if text is None:
        text = written(merged(segments(raw, 2), new))
        paths.keep(key, text)
    return text


def _reach(data: bytes, at: int, end: int) -> Field:
    """MP_REACH_NLRI (RFC 4760, section 3): family, next hop, a reserved octet, prefixes."""
    if end - at < 5 or at + 5 + data[at + 3] > end:
        raise Broken("MP_REACH_NLRI is malformed")
    return Field(data[at] << 8 | data[at + 1], data[at + 2], at + 5 + data[at + 3], end)


def _unreach(data: bytes, at: int, end: int) -> Field:
    """MP_UNREACH_NLRI (RFC 4760, section 4): family, prefixes."""
    if end - at < 3:
        raise Broken("MP_UNREACH_NLRI is malformed")
    return Field(data[at] << 8 | data[at + 1], data[at + 2], at + 3, end)
