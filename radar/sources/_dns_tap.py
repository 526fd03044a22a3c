"""dnstap: queries and answers as a resolver itself writes them, out of Frame Streams of protocol buffers.

A stream is frames of a 4-byte length and so many bytes; a length of 0 escapes a control frame (START, STOP). Files may
hold several streams one after the other, and a piece of a file may begin between two frames. Of each message only what
is counted is read: type, address, time, and of the DNS message its header and first question; what follows the question
is never looked at.

Source: https://dnstap.info (dnstap.proto), https://farsightsec.github.io/fstrm/, RFC 1035 section 4.1.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from typing import NamedTuple

from radar.sources._rejections import Rejections

#: What the START frame of every dnstap stream says.
CONTENT = b"protobuf:dnstap.Dnstap"
#: Two DNS messages of 64 KiB, addresses and times: no frame of dnstap is larger.
LARGEST_FRAME = 256 * 1024
#: Types of ``Message``: a resolver asks a server of a zone; a client asks, and is answered.
RESOLVER_QUERY, CLIENT_QUERY, CLIENT_RESPONSE = 3, 5, 6

_LENGTH = struct.Struct(">I")
_HEADER = struct.Struct(">HHHHHH")
_START = b"\0\0\0\0"


class Tapped(NamedTuple):
    """One message. ``second``: epoch; ``address``: of the client, or of the server asked (RESOLVER_QUERY); ``rcode``:
    number, None in a query."""

    place: int
    kind: int
    second: int
    address: str | None
    name: str
    rcode: int | None


class BadFrame(ValueError):
    """A frame that holds no message that can be read; says what is wrong with it, and nothing of its content."""


def is_stream(data: bytes) -> bool:
    """Whether the bytes begin like a Frame Streams file."""
    return data.startswith(_START) and CONTENT in data[:512]


def messages(data: bytes, rejected: Rejections, *, first: int = 0) -> Iterator[Tapped]:
    """Messages between clients and the resolver, and what the resolver asks of others; all other types are passed over.

    ``first``: offset of ``data`` in its file, for the messages about what is wrong. Never raises: a frame that cannot
    be read is counted in ``rejected``; after a length that makes no sense reading goes on at the next START frame.
    """
    at = 0
    while at < len(data):
        found = _frame(data, at)
        if isinstance(found, str):
            rejected.add(found, f"byte {first + at}")
            at = _next_start(data, at + 1)
            continue
        begin, at, control = found
        if control:
            continue
        try:
            message = _message(data, begin, at, first + begin)
        except (BadFrame, IndexError, struct.error) as error:
            reason = str(error) if isinstance(error, BadFrame) else "message ends early"
            rejected.add(reason, f"frame at byte {first + begin}")
            continue
        if message is not None:
            yield message


def _frame(data: bytes, at: int) -> tuple[int, int, bool] | str:
    """Begin and end of the frame at ``at``, and whether it is a control frame; or why there is none."""
    if at + 4 > len(data):
        return "stream ends in mid-frame"
    (size,) = _LENGTH.unpack_from(data, at)
    begin, control = at + 4, size == 0
    if control:
        if at + 8 > len(data):
            return "stream ends in mid-frame"
        (size,) = _LENGTH.unpack_from(data, begin)
        begin += 4
    if size > LARGEST_FRAME or (control and not 4 <= size <= 512):
        return "frame length makes no sense"
    return (begin, begin + size, control) if begin + size <= len(data) else "stream ends in mid-frame"


def _next_start(data: bytes, at: int) -> int:
    """Where the next stream begins, 20 bytes before its content type; the end of the data where none does."""
    found = data.find(CONTENT, at)
    return found - 20 if found >= at + 20 else len(data)


def _fields(data: bytes, at: int, end: int) -> dict[int, int | tuple[int, int]]:
    """Fields of a protocol buffer: a number, or where its bytes lie. The last of several counts."""
    found: dict[int, int | tuple[int, int]] = {}
    while at < end:
        key, at = _varint(data, at, end)
        wire = key & 7
        if wire == 0:
            value, at = _varint(data, at, end)
            found[key >> 3] = value
        elif wire == 2:
            size, at = _varint(data, at, end)
            if at + size > end:
                raise BadFrame("field is longer than its message")
            found[key >> 3] = (at, at + size)
            at += size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            if at + size > end:
                raise BadFrame("field is longer than its message")
            at += size  # nanoseconds: bins are five minutes wide
        else:
            raise BadFrame("field has a wire type that dnstap does not use")
    return found


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise BadFrame("number has more than 64 bits")
    raise BadFrame("message ends early")


def _message(data: bytes, at: int, end: int, place: int) -> Tapped | None:
    outer = _fields(data, at, end)
    span = outer.get(14)
    if outer.get(15) != 1 or not isinstance(span, tuple):
        raise BadFrame("frame is no dnstap message")
    inner = _fields(data, *span)
    kind = inner.get(1)
    if kind not in (RESOLVER_QUERY, CLIENT_QUERY, CLIENT_RESPONSE) or not isinstance(kind, int):
        if not isinstance(kind, int):
            raise BadFrame("message has no type")
        return None
    answer = kind == CLIENT_RESPONSE
    time = inner.get(12) if answer else inner.get(8)
    if answer and time is None:
        time = inner.get(8)
    wire = inner.get(14 if answer else 10)
    if not isinstance(time, int):
        raise BadFrame("message has no time")
    if not isinstance(wire, tuple):
        raise BadFrame("message holds no DNS message")
    address = inner.get(5 if kind == RESOLVER_QUERY else 4)
    name, rcode = question(data[wire[0] : wire[1]])
    return Tapped(place, kind, min(time, 1 << 62), _address(data, address), name, rcode if answer else None)


def _address(data: bytes, span: int | tuple[int, int] | None) -> str | None:
    if not isinstance(span, tuple) or span[1] - span[0] not in (4, 16):
        return None
    return str(ipaddress.ip_address(data[span[0] : span[1]]))


def question(wire: bytes) -> tuple[str, int]:
    r"""Name of the first question, in lower case and without the final dot, and the code of the answer.

    Bytes other than letters, digits, hyphens and underscores come as ``\DDD``. Raises BadFrame.

    Examples
    --------
    >>> question(bytes.fromhex("000181830001000000000000") + b"\x03WWW\x07example\0\0\1\0\1")
    ('www.example', 3)
    """
    if len(wire) < 12:
        raise BadFrame("DNS message is shorter than its header")
    _, flags, questions, *_ = _HEADER.unpack_from(wire)
    if questions == 0:
        raise BadFrame("DNS message has no question")
    labels, at, total = [], 12, 0
    while True:
        if at >= len(wire):
            raise BadFrame("DNS message ends early")
        size = wire[at]
        if size == 0:
            break
        total += size + 1
        if size > 63:
            raise BadFrame("name in a question is compressed or damaged")
        if total > 254:
            raise BadFrame("name is longer than 255 octets")
        if at + 1 + size > len(wire):
            raise BadFrame("DNS message ends early")
        labels.append(wire[at + 1 : at + 1 + size])
        at += size + 1
    if at + 5 > len(wire):
        raise BadFrame("DNS message ends early")
    return ".".join(map(_label, labels)), flags & 0xF


def _label(raw: bytes) -> str:
    text = raw.lower()
    if text.replace(b"-", b"").replace(b"_", b"").isalnum():  # bytes: ASCII only
        return text.decode("ascii")
    return "".join(chr(b) if (chr(b).isalnum() and b < 128) or b in b"-_" else f"\\{b:03d}" for b in text)
