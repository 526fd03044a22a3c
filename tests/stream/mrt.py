"""MRT bytes for tests: a table dump and a file of updates, as a collector archives them."""

from __future__ import annotations

import gzip
import ipaddress
import struct


def _record(time: float, kind: int, subtype: int, body: bytes) -> bytes:
    return struct.pack(">IHHI", int(time), kind, subtype, len(body)) + body


def _prefix(text: str) -> bytes:
    network = ipaddress.ip_network(text)
    return bytes([network.prefixlen]) + network.network_address.packed[: (network.prefixlen + 7) // 8]


def _attributes(path: list[int]) -> bytes:
    hops = struct.pack(">BB", 2, len(path)) + b"".join(struct.pack(">I", asn) for asn in path)
    return (b"\x40\x01\x01\x00" + b"\x40\x02" + bytes([len(hops)]) + hops
            + b"\x40\x03\x04" + ipaddress.ip_address("192.0.2.1").packed)  # fmt: skip


def dump(time: float, peers: list[tuple[str, int]], routes: dict[str, list[int]]) -> bytes:
    """A TABLE_DUMP_V2 file, gzipped: every peer (address, AS number) has every route (prefix -> path behind it)."""
    index = b"\x7f\x00\x00\x01" + struct.pack(">H", 0) + struct.pack(">H", len(peers))
    for address, asn in peers:
        index += b"\x02" + b"\x0a\x00\x00\x01" + ipaddress.ip_address(address).packed + struct.pack(">I", asn)
    out = _record(time, 13, 1, index)
    for number, (prefix, path) in enumerate(routes.items()):
        body = struct.pack(">I", number) + _prefix(prefix) + struct.pack(">H", len(peers))
        for place, (_, asn) in enumerate(peers):
            attributes = _attributes([asn, *path])
            body += struct.pack(">HIH", place, int(time), len(attributes)) + attributes
        out += _record(time, 13, 2, body)
    return gzip.compress(out)


def updates(rows: list[tuple[float, str, int, list[str], list[str], list[int]]]) -> bytes:
    """A BGP4MP file, gzipped: (time, peer, AS number, announced, withdrawn, path)."""
    out = b""
    for time, peer, asn, announced, withdrawn, path in rows:
        gone = b"".join(map(_prefix, withdrawn))
        attributes = _attributes([asn, *path]) if announced else b""
        update = struct.pack(">H", len(gone)) + gone + struct.pack(">H", len(attributes)) + attributes
        update += b"".join(map(_prefix, announced))
        message = b"\xff" * 16 + struct.pack(">HB", 19 + len(update), 2) + update
        head = struct.pack(">IIHH", asn, 12654, 0, 1) + ipaddress.ip_address(peer).packed + b"\xc1\x00\x04\x1c"
        out += _record(time, 16, 4, head + message)
    return gzip.compress(out)
