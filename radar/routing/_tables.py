"""Table dumps: TABLE_DUMP (RFC 6396, section 4.2) and TABLE_DUMP_V2 (section 4.3; RFC 8050 for several paths).

The time of an entry is that of the dump: it says what the peer's table held then. When the entry last changed, which
the record also tells, is not used.
"""

from __future__ import annotations

import struct

from radar.routing import Element
from radar.routing._attributes import Paths, Sound, table_path
from radar.routing._prefixes import STEP4, STEP6, Broken, Prefixes6, address4, address6, prefix4
from radar.routing._tally import Tally

_ENTRY = struct.Struct(">HIH").unpack_from
_ENTRY_OF_PATHS = struct.Struct(">HIIH").unpack_from
_SHORT = struct.Struct(">H").unpack_from

#: A record of TABLE_DUMP: (prefix with its length, peer with its AS number, length of attributes). IPv4, IPv6.
_DUMP4, _DUMP6 = struct.Struct(">4x5s5x6sH"), struct.Struct(">4x17s5x18sH")

#: Attribute fields and peers that are remembered, and the longest field.
_REMEMBERED, _LONGEST = 1 << 16, 256


class Tables:
    """What reading table dumps remembers: the newest table of peers, attribute fields, the last prefix."""

    def __init__(self, tally: Tally, paths: dict[int, Paths], prefixes6: Prefixes6, sound: Sound) -> None:
        self._tally = tally
        self._paths, self._prefixes6, self._sound = paths, prefixes6, sound
        self._peers: list[tuple[str, int]] | None = None
        self._used = bytearray()  # which of them have an entry
        self._known: dict[int, dict[bytes, str]] = {2: {}, 4: {}}
        self._peers1: dict[bytes, tuple[str, int]] = {}
        self._prefix1 = (b"", "")

    def settle(self) -> None:
        """Count the peers that had entries; forget all when much is remembered."""
        for peer, used in zip(self._peers or (), self._used, strict=True):
            if used:
                self._tally.saw(*peer)
        for known in self._known.values():
            if len(known) > _REMEMBERED:
                known.clear()
        if len(self._peers1) > _REMEMBERED:
            self._peers1.clear()

    def index(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """PEER_INDEX_TABLE: the peers that entries of the next records name by number."""
        self.settle()
        self._peers, self._used = None, bytearray()
        place = at + 8 + (_SHORT(data, at + 4)[0] if at + 8 <= end else end)
        if place > end:
            raise Broken("table of peers is malformed")
        count = _SHORT(data, place - 2)[0]
        peers = []
        for _ in range(count):
            kind = data[place]
            number = place + 5 + (16 if kind & 1 else 4)
            after = number + (4 if kind & 2 else 2)
            if after > end:
                raise Broken("table of peers is malformed")
            octets = data[place + 5 : number]
            peers.append(
                (address6(octets) if kind & 1 else address4(octets), int.from_bytes(data[number:after], "big"))
            )
            place = after
        self._peers, self._used = peers, bytearray(count)

    def rib4(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_IPV4_UNICAST: one prefix, an entry per peer."""
        prefix, at = self._prefix4(data, at + 4, end)
        self._entries(data, at, end, when, prefix, out)

    def rib6(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_IPV6_UNICAST."""
        prefix, at = self._prefix6(data, at + 4, end)
        self._entries(data, at, end, when, prefix, out)

    def paths4(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_IPV4_UNICAST_ADDPATH: the same with several entries of one peer."""
        prefix, at = self._prefix4(data, at + 4, end)
        self._entries(data, at, end, when, prefix, out, add_path=True)

    def paths6(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_IPV6_UNICAST_ADDPATH."""
        prefix, at = self._prefix6(data, at + 4, end)
        self._entries(data, at, end, when, prefix, out, add_path=True)

    def generic(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_GENERIC: the family is told by the record."""
        family, safi = _SHORT(data, at + 4)[0], data[at + 6]
        if family not in (1, 2) or safi != 1:
            self._tally.passed_over["table entries of other families"] += 1
            return
        prefix, at = self._prefix6(data, at + 7, end) if family == 2 else self._prefix4(data, at + 7, end)
        self._entries(data, at, end, when, prefix, out)

    def _prefix4(self, data: bytes, at: int, end: int) -> tuple[str, int]:
        after = at + STEP4[data[at]]
        if after + 2 > end:
            raise Broken("table entry is malformed")
        return prefix4(data[at], data[at + 1 : after].ljust(4, b"\0")), after

    def _prefix6(self, data: bytes, at: int, end: int) -> tuple[str, int]:
        after = at + STEP6[data[at]]
        if after + 2 > end:
            raise Broken("table entry is malformed")
        return self._prefixes6[data[at:after]], after

    def _entries(
        self, data: bytes, at: int, end: int, when: float, prefix: str, out: list[Element], *, add_path: bool = False
    ) -> None:
        peers, used, known = self._peers, self._used, self._known[4]
        if peers is None:
            raise Broken("table entry before the table of peers")
        began = len(out)
        count = _SHORT(data, at)[0]
        at += 2
        try:
            for _ in range(count):
                if add_path:
                    number, _changed, _path, length = _ENTRY_OF_PATHS(data, at)
                    at += 12
                else:
                    number, _changed, length = _ENTRY(data, at)
                    at += 8
                after = at + length
                if after > end:
                    raise Broken("table entry is malformed")
                field = data[at:after]
                path = known.get(field)
                if path is None:
                    path = self._read(field, 4)
                if number >= len(peers):
                    raise Broken("table entry of a peer that the table of peers does not hold")
                peer, asn = peers[number]
                used[number] = 1
                out.append((when, peer, asn, "B", prefix, path))
                at = after
            if at != end:
                raise Broken("table entries do not fill their record")
        except (Broken, struct.error):
            del out[began:]
            raise
        if add_path:
            self._tally.add_path += count

    def dump4(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """A record of TABLE_DUMP: one IPv4 prefix as one peer sees it."""
        self._dump(data, at, end, when, out, _DUMP4)

    def dump6(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """The same of IPv6."""
        self._dump(data, at, end, when, out, _DUMP6)

    def _dump(self, data: bytes, at: int, end: int, when: float, out: list[Element], form: struct.Struct) -> None:
        written, whose, length = form.unpack_from(data, at)
        at += form.size
        if at + length != end:
            raise Broken("path attributes do not fill their field")
        last, prefix = self._prefix1
        if written != last:
            prefix = self._text(written)
            self._prefix1 = written, prefix
        peer = self._peers1.get(whose)
        if peer is None:
            octets = whose[:-2]
            peer = (address6(octets) if len(octets) == 16 else address4(octets)), int.from_bytes(whose[-2:], "big")
            self._peers1[whose] = peer
            self._tally.saw(*peer)
        field = data[at:end]
        path = self._known[2].get(field)
        if path is None:
            path = self._read(field, 2)
        out.append((when, peer[0], peer[1], "B", prefix, path))

    def _text(self, written: bytes) -> str:
        """A prefix that is written with all its octets, its length at the end."""
        bits = written[-1]
        if len(written) == 5:
            return prefix4(bits, written[:4])
        if bits > 128:
            raise Broken("IPv6 prefix longer than 128 bits")
        return self._prefixes6[written[16:] + written[:16]]

    def _read(self, field: bytes, size: int) -> str:
        path = table_path(field, self._paths[size], self._sound)
        if len(field) <= _LONGEST:
            self._known[size][field] = path
        return path
