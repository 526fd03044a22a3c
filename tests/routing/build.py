"""MRT files made by hand: one function a layer, bytes out. For tests that need a form that no recorded file has."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence

from radar.routing import Element
from radar.routing.mrt import Limits, Tally, read

T0 = 1_767_225_600  # 2026-01-01T00:00:00Z
PEER, ASN = "192.0.2.9", 64511

SEQUENCE, SET, CONFED_SEQUENCE, CONFED_SET = 2, 1, 3, 4
ORIGIN, AS_PATH, NEXT_HOP, AGGREGATOR, MP_REACH, MP_UNREACH, AS4_PATH, AS4_AGGREGATOR = 1, 2, 3, 7, 14, 15, 17, 18


def record(kind: int, subtype: int, body: bytes, *, time: int = T0, micro: int | None = None) -> bytes:
    """One MRT record; with ``micro`` one of an _ET type."""
    if micro is not None:
        body = struct.pack(">I", micro) + body
    return struct.pack(">IHHI", time, kind, subtype, len(body)) + body


def prefixes(*texts: str, ids: Iterable[int] = ()) -> bytes:
    """NLRI, with path identifiers when given."""
    numbers = list(ids)
    out = b""
    for place, text in enumerate(texts):
        address, _, bits = text.partition("/")
        octets = ipaddress.ip_address(address).packed[: (int(bits) + 7) // 8]
        out += (struct.pack(">I", numbers[place]) if numbers else b"") + bytes([int(bits)]) + octets
    return out


def attribute(kind: int, value: bytes, *, flags: int = 0x40) -> bytes:
    """One path attribute; of an extended length when it is long or when the flags say so."""
    if len(value) > 255:
        flags |= 0x10
    return bytes([flags, kind]) + (struct.pack(">H", len(value)) if flags & 0x10 else bytes([len(value)])) + value


def path(*parts: Sequence[int] | tuple[int, Sequence[int]], size: int = 4) -> bytes:
    """The value of AS_PATH: segments as (type, numbers); numbers alone are a sequence."""
    out = b""
    for part in parts:
        kind, numbers = part if len(part) == 2 and not isinstance(part[1], int) else (SEQUENCE, part)
        assert isinstance(kind, int)
        out += bytes([kind, len(numbers)]) + b"".join(number.to_bytes(size, "big") for number in numbers)  # type: ignore[union-attr,arg-type]
    return out


def attributes(*parts: Sequence[int] | tuple[int, Sequence[int]], size: int = 4, more: bytes = b"") -> bytes:
    """ORIGIN, AS_PATH, NEXT_HOP and whatever more."""
    return (
        attribute(ORIGIN, b"\0")
        + attribute(AS_PATH, path(*parts, size=size))
        + attribute(NEXT_HOP, bytes([192, 0, 2, 1]))
        + more
    )


def reach(texts: Sequence[str], *, safi: int = 1, ids: Iterable[int] = ()) -> bytes:
    """MP_REACH_NLRI."""
    family = ipaddress.ip_network(texts[0], strict=False).version if texts else 6
    hop = ipaddress.ip_address("2001:db8::1" if family == 6 else "192.0.2.1").packed
    value = struct.pack(">HBB", 2 if family == 6 else 1, safi, len(hop)) + hop + b"\0" + prefixes(*texts, ids=ids)
    return attribute(MP_REACH, value, flags=0x80)


def unreach(texts: Sequence[str], *, safi: int = 1, ids: Iterable[int] = ()) -> bytes:
    """MP_UNREACH_NLRI; without prefixes an End-of-RIB of IPv6."""
    family = ipaddress.ip_network(texts[0], strict=False).version if texts else 6
    value = struct.pack(">HB", 2 if family == 6 else 1, safi) + prefixes(*texts, ids=ids)
    return attribute(MP_UNREACH, value, flags=0x80)


def update(*, withdrawn: bytes = b"", attrs: bytes = b"", nlri: bytes = b"") -> bytes:
    """A BGP UPDATE message."""
    return message(2, struct.pack(">H", len(withdrawn)) + withdrawn + struct.pack(">H", len(attrs)) + attrs + nlri)


def message(kind: int, body: bytes = b"") -> bytes:
    """A BGP message."""
    return b"\xff" * 16 + struct.pack(">HB", 19 + len(body), kind) + body


def ends(peer: str, asn: int, *, size: int = 4) -> bytes:
    """The head of a BGP4MP record: who speaks to whom."""
    address = ipaddress.ip_address(peer)
    local = ipaddress.ip_address("192.0.2.254" if address.version == 4 else "2001:db8::254")
    numbers = asn.to_bytes(size, "big") + (64500).to_bytes(size, "big")
    return numbers + struct.pack(">HH", 0, 1 if address.version == 4 else 2) + address.packed + local.packed


def bgp4mp(body: bytes, *, peer: str = PEER, asn: int = ASN, subtype: int = 4, time: int = T0,
           micro: int | None = None) -> bytes:  # fmt: skip
    """A BGP4MP record (BGP4MP_ET with ``micro``) that holds a message."""
    size = 4 if subtype in (4, 5, 7, 9, 11) else 2
    kind = 16 if micro is None else 17
    return record(kind, subtype, ends(peer, asn, size=size) + body, time=time, micro=micro)


def state_change(old: int, new: int, *, peer: str = PEER, asn: int = ASN, subtype: int = 5,
                 micro: int | None = None) -> bytes:  # fmt: skip
    """A state change."""
    return bgp4mp(struct.pack(">HH", old, new), peer=peer, asn=asn, subtype=subtype, micro=micro)


def peer_index(*peers: tuple[str, int], view: bytes = b"") -> bytes:
    """PEER_INDEX_TABLE; AS numbers above 65535 take four octets."""
    out = bytes([192, 0, 2, 254]) + struct.pack(">H", len(view)) + view + struct.pack(">H", len(peers))
    for text, asn in peers:
        address = ipaddress.ip_address(text)
        wide = asn > 65535
        out += bytes([(address.version == 6) | wide << 1]) + bytes(4) + address.packed
        out += asn.to_bytes(4 if wide else 2, "big")
    return record(13, 1, out)


def rib(text: str, *entries: tuple[int, bytes], subtype: int | None = None, ids: Iterable[int] = ()) -> bytes:
    """A record of TABLE_DUMP_V2: entries are (number of the peer, attributes)."""
    numbers = list(ids)
    if subtype is None:
        subtype = 2 if ipaddress.ip_network(text, strict=False).version == 4 else 4
    body = struct.pack(">I", 1) + prefixes(text) + struct.pack(">H", len(entries))
    for place, (number, attrs) in enumerate(entries):
        body += struct.pack(">HI", number, T0 - 1000)
        body += struct.pack(">I", numbers[place]) if numbers else b""
        body += struct.pack(">H", len(attrs)) + attrs
    return record(13, subtype, body)


def table_dump(text: str, attrs: bytes, *, peer: str = PEER, asn: int = ASN) -> bytes:
    """A record of TABLE_DUMP."""
    address, _, bits = text.partition("/")
    packed = ipaddress.ip_address(address).packed
    whose = ipaddress.ip_address(peer).packed.ljust(len(packed), b"\0")
    body = struct.pack(">HH", 0, 1) + packed + bytes([int(bits), 1]) + struct.pack(">I", T0 - 1000) + whose
    return record(12, 1 if len(packed) == 4 else 2, body + struct.pack(">HH", asn, len(attrs)) + attrs)


#: One prefix, and an update that announces it.
NLRI = prefixes("198.51.100.0/24")
PLAIN = bgp4mp(update(attrs=attributes((1, 2, 3)), nlri=NLRI))

_LIMITS = Limits()


def elements(
    data: bytes, *, tally: Tally | None = None, limits: Limits = _LIMITS, everything: bool = False
) -> list[Element]:
    """All that the reader makes of a file."""
    batches = read(data, source="mrt_files", tally=tally, limits=limits, everything=everything)
    return [element for batch in batches for element in batch]
