"""Path attributes of BGP (RFC 4271, section 5) as far as routes need them: the AS path, and prefixes other than IPv4's.

Attributes of two peers: one that speaks four-octet AS numbers, and one that does not, whose AS path has 23456
(AS_TRANS) in place of large numbers and is put right by AS4_PATH (RFC 6793, section 4.2.3).
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from radar.routing._prefixes import Broken

AS_PATH, AGGREGATOR, MP_REACH, MP_UNREACH, AS4_PATH, AS4_AGGREGATOR = 2, 7, 14, 15, 17, 18
AS_TRANS = 23456
#: Those that tell of routes beside the AS path.
TELLING = frozenset({MP_REACH, MP_UNREACH, AS4_PATH})
_SET, _SEQUENCE, _CONFED_SEQUENCE, _CONFED_SET = 1, 2, 3, 4
_MARKS = {
    _SET: ("{", "}", ","),
    _SEQUENCE: ("", "", " "),
    _CONFED_SEQUENCE: ("(", ")", " "),
    _CONFED_SET: ("[", "]", ","),
}

#: Ends of attribute fields that are remembered; those that are longer than this are not.
_REMEMBERED, _LONGEST = 1 << 17, 256

#: How attributes usually begin: ORIGIN, then AS_PATH. Does its length have two octets?
USUAL = {b"\x40\x01\x01" + bytes((origin, flags, 2)): flags == 0x50 for origin in range(3) for flags in (0x40, 0x50)}

Segment = tuple[int, tuple[int, ...]]


#: How to read, and how to write, a path that is one sequence of so many AS numbers.
Simple = tuple[Callable[[bytes], tuple[int, ...]], str]

#: Of a path that is one sequence, as nearly all are, by its first octets: how to read it, and how to write it.
SIMPLE: dict[int, dict[bytes, Simple]] = {
    size: {
        bytes((_SEQUENCE, n)): (struct.Struct(f">2x{n}{letter}").unpack, " ".join(["%d"] * n)) for n in range(1, 256)
    }
    for size, letter in ((2, "H"), (4, "I"))
}


class Paths:
    """Reads AS paths of AS numbers of ``size`` octets.

    Nothing is remembered: a path is made faster than it is found again, since most are seen once.
    """

    __slots__ = ("_simple", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._simple = SIMPLE[size]

    def read(self, raw: bytes) -> str:
        """The text of a path. Raises Broken for what is none."""
        try:
            numbers, text = self._simple[raw[:2]]
            return text % numbers(raw)
        except (KeyError, struct.error):
            return written(segments(raw, self.size))


class Sound(set[bytes]):
    """Attributes behind the AS path that were found to be whole, and to tell of no routes themselves."""

    def check(self, others: bytes) -> bool:
        """Are they? Raises Broken when they are not whole."""
        at, end = 0, len(others)
        while at + 2 < end:
            if others[at + 1] in TELLING:
                return False
            if others[at] & 16:
                at += 4 + (others[at + 2] << 8 | others[at + 3])
            else:
                at += 3 + others[at + 2]
        if at != end:
            raise Broken("path attributes do not fill their field")
        if end <= _LONGEST:
            self.add(others)
        return True

    def trim(self) -> None:
        """Forget all when much is remembered."""
        if len(self) > _REMEMBERED:
            self.clear()


def segments(raw: bytes, size: int) -> list[Segment]:
    """The segments of an AS path: (type, AS numbers of ``size`` octets). Raises Broken."""
    at, found = 0, []
    while at < len(raw):
        kind, count = raw[at], raw[at + 1] if at + 1 < len(raw) else 0
        after = at + 2 + size * count
        if kind not in _MARKS or not count or after > len(raw):
            raise Broken("AS path is malformed")
        found.append((kind, struct.unpack_from(f">{count}{'H' if size == 2 else 'I'}", raw, at + 2)))
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


def as_path(data: bytes, found: dict[int, tuple[int, int]], paths: Paths) -> str:
    """The AS path among attributes that ``walk`` found. ``paths`` says of which size AS numbers are. Raises Broken."""
    if AS_PATH not in found:
        raise Broken("route without an AS path")
    first, after = found[AS_PATH]
    raw = data[first:after]
    if AS4_PATH in found and paths.size == 2 and _holds(data, found):  # from a four-octet peer it is discarded
        first, after = found[AS4_PATH]
        try:
            new = segments(data[first:after], 4)
        except Broken:  # an optional attribute that is malformed is discarded (RFC 6793, section 6)
            new = []
        return written(merged(segments(raw, 2), new))
    return paths.read(raw)


def _holds(data: bytes, found: dict[int, tuple[int, int]]) -> bool:
    """Does AS4_PATH hold? Not where someone that knows nothing of it aggregated later (RFC 6793, section 4.2.3)."""
    if AGGREGATOR not in found or AS4_AGGREGATOR not in found:
        return True
    place = found[AGGREGATOR][0]
    return data[place] << 8 | data[place + 1] == AS_TRANS


def table_path(field: bytes, paths: Paths, sound: Sound) -> str:
    """The AS path in the attributes of a table entry. Raises Broken, also when there is none."""
    two = USUAL.get(field[:6])
    if two is not None and len(field) > 8:
        first = 8 if two else 7
        rest = first + (field[6] << 8 | field[7] if two else field[6])
        others = field[rest:]
        if rest <= len(field) and (others in sound or sound.check(others)):
            return paths.read(field[first:rest])
    return as_path(field, walk(field, 0, len(field)), paths)
