"""Table dumps: TABLE_DUMP (RFC 6396, section 4.2) and TABLE_DUMP_V2 (section 4.3; RFC 8050 for several paths).

The time of an entry is that of the dump: it says what the peer's table held then. When the entry last changed, which
the record also tells, is not used.
"""

from __future__ import annotations

import struct

from radar.routing import Element
from radar.routing._attributes import Paths, attributes
from radar.routing._prefixes import STEP4, STEP6, Broken, Prefixes6, address4, address6, prefix4
from radar.routing._tally import Tally

_ENTRY = struct.Struct(">HIH").unpack_from
_ENTRY_PATH = struct.Struct(">HIIH").unpack_from
_DUMP_END = struct.Struct(">IH").unpack_from  # peer's AS number and length of attributes of a V1 entry, see below
_SHORT = struct.Struct(">H").unpack_from

#: Attribute fields that are remembered, and up to which length.
_REMEMBERED, _LONGEST = 1 << 16, 512


class Tables:
    """What reading table dumps remembers: the newest table of peers, and attribute fields."""

    def __init__(self, tally: Tally, paths2: Paths, paths4: Paths, prefixes6: Prefixes6) -> None:
        self._tally = tally
        self._paths2, self._paths4, self._prefixes6 = paths2, paths4, prefixes6
        self._peers: list[tuple[str, int]] | None = None
        self._known2: dict[bytes, str] = {}
        self._known4: dict[bytes, str] = {}
        self._peer1: dict[bytes, tuple[str, int]] = {}
        self._prefix1: tuple[bytes, str] = (b"", "")

    def index(self, data: bytes, at: int, end: int) -> None:
        """PEER_INDEX_TABLE: the peers that entries of the next records name by number."""
        self._peers = None
        if end - at < 8:
            raise Broken("table of peers is malformed")
        at += 6 + _SHORT(data, at + 4)[0]
        if at + 2 > end:
            raise Broken("table of peers is malformed")
        count = _SHORT(data, at)[0]
        at += 2
        peers = []
        for _ in range(count):
            kind = data[at]
            place = at + 5 + (16 if kind & 1 else 4)
            after = place + (4 if kind & 2 else 2)
            if after > end:
                raise Broken("table of peers is malformed")
            octets = data[at + 5 : place]
            peers.append((address6(octets) if kind & 1 else address4(octets), int.from_bytes(data[place:after], "big")))
            at = after
        self._peers = peers

    def rib(self, data: bytes, at: int, end: int, when: float, out: list[Element], *, v6: bool, add_path: bool) -> None:
        """RIB_IPV4_UNICAST, RIB_IPV6_UNICAST and these with several paths: one prefix, an entry per peer."""
        if end - at < 7:
            raise Broken("table entry is malformed")
        prefix, at = self._prefix(data, at + 4, end, v6=v6)
        self._entries(data, at, end, when, prefix, out, add_path=add_path)

    def generic(self, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """RIB_GENERIC: like the above, and the family is told."""
        if end - at < 10:
            raise Broken("table entry is malformed")
        afi, safi = _SHORT(data, at + 4)[0], data[at + 6]
        if afi not in (1, 2) or safi != 1:
            self._tally.passed_over["table entries of other families"] += 1
            return
        prefix, at = self._prefix(data, at + 7, end, v6=afi == 2)
        self._entries(data, at, end, when, prefix, out, add_path=False)

    def _prefix(self, data: bytes, at: int, end: int, *, v6: bool) -> tuple[str, int]:
        after = at + (STEP6 if v6 else STEP4)[data[at]]
        if after + 2 > end:
            raise Broken("table entry is malformed")
        if v6:
            return self._prefixes6[data[at:after]], after
        return prefix4(data[at], data[at + 1 : after].ljust(4, b"\0")), after

    def _entries(
        self, data: bytes, at: int, end: int, when: float, prefix: str, out: list[Element], *, add_path: bool
    ) -> None:
        peers, known = self._peers, self._known4
        if peers is None:
            raise Broken("table entry before the table of peers")
        count = _SHORT(data, at)[0]
        at += 2
        head = 12 if add_path else 8
        found: list[Element] = []
        for _ in range(count):
            if add_path:
                number, _changed, _path, length = _ENTRY_PATH(data, at)
            else:
                number, _changed, length = _ENTRY(data, at)
            at += head
            after = at + length
            if after > end:
                raise Broken("table entry is malformed")
            field = data[at:after]
            path = known.get(field)
            if path is None:
                path = self._path(field, known, self._paths4)
            peer, asn = peers[number] if number < len(peers) else self._no_peer()
            found.append((when, peer, asn, "B", prefix, path))
            at = after
        if at != end:
            raise Broken("table entries do not fill their record")
        self._count(found, add_path=add_path)
        out += found

    def _count(self, found: list[Element], *, add_path: bool) -> None:
        tally = self._tally
        tally.rib_entries += len(found)
        if add_path:
            tally.add_path += len(found)
        for _when, peer, asn, *_rest in found:
            tally.saw(peer, asn)

    @staticmethod
    def _no_peer() -> tuple[str, int]:
        raise Broken("table entry of a peer that the table of peers does not hold")

    @staticmethod
    def _path(field: bytes, known: dict[bytes, str], paths: Paths) -> str:
        path = attributes(field, 0, len(field), paths, table=True).path
        if path is None:
            raise Broken("route without an AS path")
        if len(field) <= _LONGEST:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[field] = path
        return path

    def dump(self, data: bytes, at: int, end: int, when: float, out: list[Element], *, v6: bool) -> None:
        """A record of TABLE_DUMP: one prefix as one peer sees it."""
        size = 16 if v6 else 4
        place = at + 4 + size  # after view and sequence number
        fields = place + 6 + size + 4  # length, status, time, peer, its AS number, length of attributes
        if fields > end:
            raise Broken("table entry is malformed")
        key = data[at + 4 : place + 1]
        before, prefix = self._prefix1
        if key != before:
            prefix = self._text1(key, v6=v6)
            self._prefix1 = key, prefix
        key = data[place + 6 : fields - 2]
        peer = self._peer1.get(key)
        if peer is None:
            peer = self._peer(key, v6=v6)
        if fields + _SHORT(data, fields - 2)[0] != end:
            raise Broken("path attributes do not fill their field")
        field = data[fields:end]
        path = self._known2.get(field)
        if path is None:
            path = self._path(field, self._known2, self._paths2)
        self._tally.rib_entries += 1
        out.append((when, peer[0], peer[1], "B", prefix, path))

    def _text1(self, key: bytes, *, v6: bool) -> str:
        bits = key[-1]
        if v6:
            if bits > 128:
                raise Broken("IPv6 prefix longer than 128 bits")
            return self._prefixes6[bytes((bits,)) + key[:-1]]
        return prefix4(bits, key[:-1])

    def _peer(self, key: bytes, *, v6: bool) -> tuple[str, int]:
        peer = (address6(key[:16]) if v6 else address4(key[:4])), int.from_bytes(key[-2:], "big")
        if len(self._peer1) >= _REMEMBERED:
            self._peer1.clear()
        self._peer1[key] = peer
        self._tally.saw(*peer)
        return peer
