"""BGP messages inside MRT records (RFC 4271, section 4; RFC 6396, section 4.4): who speaks, and what is said."""

from __future__ import annotations

import struct
from collections.abc import Callable

from radar.routing import Element
from radar.routing._attributes import Field, Paths, attributes
from radar.routing._prefixes import Broken, Prefixes6, address4, address6, list6, places4, texts4
from radar.routing._tally import Tally

UPDATE = 2
#: Octets of a BGP message's header, and of an update without content.
MESSAGE, EMPTY = 19, 23

_ESTABLISHED = 6
_SHORT = struct.Struct(">H").unpack_from
_STATES = struct.Struct(">HH").unpack_from
_NAMES = {1: "OPEN messages", 3: "NOTIFICATION messages", 4: "KEEPALIVE messages", 5: "ROUTE-REFRESH messages"}

#: (peer, AS number, octets from the record's body to the BGP message, AS paths, several paths per prefix)
Session = tuple[str, int, int, Paths, bool]


class Batch:
    """Elements to be, in the order of their records.

    ``runs``: (time, peer, AS number, kind, path, first, end), the last two counting prefixes. ``places``: of each
    prefix, where it stands in the data. ``given``: (first, texts) of those that are text already; their places are 0.
    """

    __slots__ = ("given", "places", "runs")

    def __init__(self) -> None:
        self.runs: list[tuple[float, str, int, str, str | None, int, int]] = []
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

    def flush(self, data: bytes, out: list[Element], tally: Tally) -> None:
        """Make the elements, count them, and begin anew."""
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
    if end - at < MESSAGE or _SHORT(data, at + 16)[0] != end - at:
        raise Broken("BGP message is not as long as it says")
    if data[at + 18] != UPDATE:
        tally.passed_over[_NAMES.get(data[at + 18], "messages of unknown type")] += 1
        return
    if end - at < EMPTY:
        raise Broken("update is malformed")
    first = at + MESSAGE + 2
    withdrawn = first + _SHORT(data, at + MESSAGE)[0]
    if withdrawn + 2 > end:
        raise Broken("fields of an update are longer than it")
    routes = withdrawn + 2 + _SHORT(data, withdrawn)[0]
    if routes > end:
        raise Broken("fields of an update are longer than it")
    peer, asn, _skip, paths, add_path = session
    made = []
    began = len(batch.places)

    def take(kind: str, path: str | None, given: Field) -> None:
        if given.safi != 1 or given.afi not in (1, 2):
            tally.passed_over["prefixes of other families"] += 1
            return
        before = len(batch.places)
        if given.afi == 1:
            places4(data, given.at, given.end, add_path=add_path, into=batch.places)
        else:
            batch.give(list6(data, given.at, given.end, known6, add_path=add_path))
        made.append((when, peer, asn, kind, path, before, len(batch.places)))

    path, reach, unreach = attributes(data, withdrawn + 2, routes, paths)
    if path is None and (routes < end or reach is not None):
        raise Broken("route without an AS path")
    if withdrawn > first:
        take("W", None, Field(1, 1, first, withdrawn))
    if unreach is not None and unreach.at < unreach.end:
        take("W", None, unreach)
    if routes < end:
        take("A", path, Field(1, 1, routes, end))
    if reach is not None:
        take("A", path, reach)
    if withdrawn == first and routes == end and reach is None:  # RFC 4724, section 2
        tally.end_of_rib += routes == withdrawn + 2 or (unreach is not None and unreach.at == unreach.end)
    if add_path:
        tally.add_path += len(batch.places) - began
    batch.runs += made
