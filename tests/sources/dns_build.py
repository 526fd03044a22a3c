"""dnstap streams and DNS messages for tests, byte by byte."""

from __future__ import annotations

import ipaddress
import struct

CONTENT = b"protobuf:dnstap.Dnstap"
#: Of public addresses: where a client is, is looked up.
CLIENTS = [f"8.8.{n}.7" for n in range(12)]
START_S = 1_772_409_900  # 2026-03-02T00:05:00Z


def varint(number: int) -> bytes:
    """A number as protocol buffers write it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes) -> bytes:
    """A field: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def question(name: str | list[bytes], rcode: int = 0) -> bytes:
    """A DNS message of one question."""
    labels = name if isinstance(name, list) else [part.encode() for part in name.split(".")]
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">HHHHHH", 7, 0x8180 | rcode, 1, 0, 0, 0) + wire + b"\0\1\0\1"


def message(kind: int, wire: bytes, *, second: int = START_S, address: str = "8.8.8.7") -> bytes:
    """A dnstap message: 3 resolver asks, 5 client asks, 6 client is answered."""
    packed = ipaddress.ip_address(address).packed
    body = field(1, kind) + field(5 if kind == 3 else 4, packed)
    body += field(12 if kind == 6 else 8, second) + field(14 if kind == 6 else 10, wire)
    return field(15, 1) + field(14, body)


def frame(data: bytes) -> bytes:
    """A data frame."""
    return struct.pack(">I", len(data)) + data


def control(kind: int, content: bytes = b"") -> bytes:
    """A control frame."""
    body = struct.pack(">I", kind) + (struct.pack(">II", 1, len(content)) + content if content else b"")
    return struct.pack(">II", 0, len(body)) + body


def stream(*messages: bytes) -> bytes:
    """A whole stream."""
    return control(2, CONTENT) + b"".join(map(frame, messages)) + control(3)


def day() -> bytes:
    """Two streams, one after the other: twelve clients ask for a zone that fails, and for one that does not."""
    asked = [message(5, question("www.shop.example"), address=c) for c in CLIENTS]
    told = [message(6, question("www.shop.example", 2), address=c) for c in CLIENTS]
    fine = [message(6, question("fine.test.example", 0), address=c) for c in CLIENTS]
    servers = [message(3, question("www.shop.example"), address="8.8.8.8") for _ in range(3)]
    return stream(*asked, *told) + stream(*servers, *fine, message(6, question("no.test.example", 3)))
