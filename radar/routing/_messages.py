"""BGP messages inside MRT records (RFC 4271, section 4; RFC 6396, section 4.4): who speaks, and what is said."""

from __future__ import annotations

import struct
from collections.abc import Callable

from radar.routing import Element
from radar.routing._attributes import MP_REACH, MP_UNREACH, TELLING, Paths, as_path, walk
from radar.routing._prefixes import Broken, Prefixes6, address4, address6, list6, places4, texts4
from radar.routing._tally import Tally

UPDATE = 2
#: Octets of a BGP message's header, and of an update without content.
MESSAGE, EMPTY = 19, 23

_ESTABLISHED = 6
_SHORT = struct.Struct(">H").unpack_from
_STATES = struct.Struct(">HH").unpack_from
_IPV4, _IPV6 = b"\0\1", b"\0\2"
_UNICAST, _MULTICAST = 1, 2
_UNICAST6 = _IPV6 + bytes((_UNICAST,))
_NAMES = {1: "OPEN messages", 3: "NOTIFICATION messages", 4: "KEEPALIVE messages", 5: "ROUTE-REFRESH messages"}

#: (peer, AS number, octets from the record's body to the BGP message, AS paths, several paths per prefix)
Session = tuple[str, int, int, Paths, bool]

#: (time, peer, AS number, kind, path, first, end): the last two count prefixes.
Run = tuple[float, str, int, str, str | None, int, int]


class Batch:
    """Elements to be, in the order of their records.

    ``places``: of each prefix, where it stands in the data. ``given``: (first, texts) of those that are text already;
    their places are 0. ``multicast``: are prefixes of multicast tables wanted too?
    """

    __slots__ = ("given", "multicast", "places", "runs")

    def __init__(self, *, multicast: bool) -> None:
        self.multicast = multicast
        self.runs: list[Run] = []
        self.places: list[int] = []
        self.given: list[tuple[int, list[str]]] = []

    def give(self, texts: list[str]) -> None:
        """Add prefixes that are text already."""
        self.given.append((len(self.places), texts))
        self.places += [0] * len(texts)

    def cut(self, end: int) -> None:
        """Forget the prefixes from there on."""
        del self.places[end:]
        while self.given and self.given[-1][0] >= end:
            self.given.pop()

    def flush(self, data: bytes, out: list[Element], tally: Tally) -> int:
        """Make the elements, count them, and begin anew. Returns how many they are.

        ``data``: those of the places, and four octets more.
        """
        texts = texts4(data, self.places)
        for first, ready in self.given:
            texts[first : first + len(ready)] = ready
        out += [
            (when, peer, asn, kind, prefix, path)
            for when, peer, asn, kind, path, first, end in self.runs
            for prefix in texts[first:end]
        ]
        others = 0
        for run in self.runs:
            if run[3] == "W":
                tally.withdrawals += run[6] - run[5]
                others += run[6] - run[5]
            elif run[3] == "S":
                tally.states += 1
                others += 1
        tally.announcements += len(texts) - others
        self.runs.clear()
        self.places.clear()
        self.given.clear()
        return len(texts)


def ends(data: bytes, at: int, end: int, size: int) -> tuple[str, int, int]:
    """Who speaks, by the head of a BGP4MP record: address, AS number, octets of the head. Raises Broken."""
    place = at + 2 * size + 4
    if place > end:
        raise Broken("record ends early")
    family = _SHORT(data, place - 2)[0]
    if family not in (1, 2):
        raise Broken("peer's address is neither IPv4 nor IPv6")
    width = 16 if family == 2 else 4
    if place + 2 * width > end:
        raise Broken("record ends early")
    text: Callable[[bytes], str] = address6 if family == 2 else address4
    return text(data[place : place + width]), int.from_bytes(data[at : at + size], "big"), place + 2 * width - at


def state(data: bytes, at: int, end: int, when: float, size: int, batch: Batch, tally: Tally) -> None:
    """A state change of a session; up is the state Established, and nothing else."""
    peer, asn, skip = ends(data, at, end, size)
    if at + skip + 4 != end:
        raise Broken("state change is malformed")
    tally.saw(peer, asn)
    first = len(batch.places)
    batch.give(["up" if _STATES(data, at + skip)[1] == _ESTABLISHED else "down"])
    batch.runs.append((when, peer, asn, "S", None, first, first + 1))


def message(
    data: bytes, at: int, end: int, when: float, session: Session, batch: Batch, tally: Tally, known6: Prefixes6
) -> None:
    """One BGP message. Raises Broken; runs are added only when all of it is sound."""
    size = end - at
    if size < MESSAGE or (data[at + 16] << 8 | data[at + 17]) != size:
        raise Broken("BGP message is not as long as it says")
    if data[at + 18] != UPDATE:
        tally.passed_over[_NAMES.get(data[at + 18], "messages of unknown type")] += 1
        return
    if size < EMPTY:
        raise Broken("update is malformed")
    first = at + MESSAGE + 2
    withdrawn = first + (data[first - 2] << 8 | data[first - 1])
    others = withdrawn + 2
    if others > end:
        raise Broken("fields of an update are longer than it")
    routes = others + (data[withdrawn] << 8 | data[withdrawn + 1])
    if routes > end:
        raise Broken("fields of an update are longer than it")
    peer, asn, _skip, paths, add_path = session
    places = batch.places
    if others == end and first < withdrawn and not add_path:  # IPv4 prefixes are withdrawn, and that is all
        began = len(places)
        places4(data, first, withdrawn, add_path=False, into=places)
        batch.runs.append((when, peer, asn, "W", None, began, len(places)))
        return
    made: list[Run] = []
    aside: list[tuple[str, list[str]]] = []
    began = before = len(places)
    if withdrawn > first:
        places4(data, first, withdrawn, add_path=add_path, into=places)
        made.append((when, peer, asn, "W", None, before, len(places)))
        before = len(places)
    found = walk(data, others, routes) if others < routes else {}
    if MP_UNREACH in found:
        place, after = found[MP_UNREACH]
        _prefixes(data, place, place + 3, after, "W", batch, aside, tally, known6, add_path=add_path)
        if len(places) > before:
            made.append((when, peer, asn, "W", None, before, len(places)))
            before = len(places)
        elif after == place + 3 and withdrawn == first and routes == end and len(found) == 1:
            tally.end_of_rib += 1  # RFC 4724, section 2
    elif size == EMPTY:
        tally.end_of_rib += 1
    if routes < end or MP_REACH in found:
        path = as_path(data, found, paths)
        if routes < end:
            places4(data, routes, end, add_path=add_path, into=places)
            made.append((when, peer, asn, "A", path, before, len(places)))
            before = len(places)
        if MP_REACH in found:
            place, after = found[MP_REACH]
            # family, length of the next hop, next hop, a reserved octet
            begin = place + 5 + (data[place + 3] if place + 5 <= after else after)
            _prefixes(data, place, begin, after, "A", batch, aside, tally, known6, add_path=add_path)
            if len(places) > before:
                made.append((when, peer, asn, "A", path, before, len(places)))
    if add_path:
        tally.add_path += len(places) - began
    for kind, texts in aside:
        tally.saw_multicast(kind, texts)
    batch.runs += made


def announced6(data: bytes, at: int, end: int, known6: Prefixes6) -> list[str] | None:
    """IPv6 prefixes that the attributes ``data[at:end]`` announce; None when they tell more of routes, or not that.

    Raises Broken when the prefixes are no prefixes; what is malformed else is told by whoever reads it next.
    """
    found: list[str] | None = None
    while at + 2 < end:
        if data[at] & 16:
            first = at + 4
            after = first + (data[at + 2] << 8 | data[at + 3])
        else:
            first = at + 3
            after = first + data[at + 2]
        kind = data[at + 1]
        if kind == MP_REACH:
            begin = first + 5 + data[first + 3]
            if found is not None or data[first : first + 3] != _UNICAST6 or not begin < after <= end:
                return None
            found = list6(data, begin, after, known6, add_path=False)
        elif kind in TELLING:
            return None
        at = after
    return found if at == end else None


def _prefixes(
    data: bytes, family: int, at: int, end: int, kind: str, batch: Batch, aside: list[tuple[str, list[str]]],
    tally: Tally, known6: Prefixes6, *, add_path: bool,
) -> None:  # fmt: skip
    """Prefixes of MP_REACH_NLRI or MP_UNREACH_NLRI (RFC 4760). Raises Broken.

    Those of multicast tables come to the batch where they are wanted, else ``aside``.
    """
    if at > end:
        raise Broken("prefixes of other families are malformed")
    if at == end:
        return
    what = data[family : family + 2]
    safi = data[family + 2]
    if what not in (_IPV4, _IPV6) or safi not in (_UNICAST, _MULTICAST):
        tally.passed_over["prefixes of other families"] += 1
    elif safi == _MULTICAST and not batch.multicast:
        if what == _IPV6:
            texts = list6(data, at, end, known6, add_path=add_path)
        else:
            places: list[int] = []
            places4(data, at, end, add_path=add_path, into=places)
            texts = texts4(data, places)
        aside.append((kind, texts))
    elif what == _IPV6:
        batch.give(list6(data, at, end, known6, add_path=add_path))
    else:
        places4(data, at, end, add_path=add_path, into=batch.places)
