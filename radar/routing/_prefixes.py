"""Prefixes as BGP writes them (RFC 4271, section 4.3) to text: a length in bits, then as many octets as it needs.

Most time of reading updates goes here, so IPv4 prefixes are only found one by one, and made into text many at a time.
Text is canonical: bits beyond the length, which RFC 4271 calls irrelevant, are zero in it.
"""

from __future__ import annotations

import socket

import numpy as np
import numpy.typing as npt

#: Bytes that a prefix takes, its length included; longer than any data where the length is none. IPv4, IPv6.
_NEVER = 1 << 40
STEP4 = [1 + (bits + 7) // 8 if bits <= 32 else _NEVER for bits in range(256)]
STEP6 = [1 + (bits + 7) // 8 if bits <= 128 else _NEVER for bits in range(256)]

#: IPv6 prefixes that are remembered: more than there are in the global table.
_REMEMBERED = 1 << 18


class Broken(Exception):
    """A record that is not what RFC 4271, 4760 or 6396 describe. The text is the reason; never leaves this package."""


def _words(make: list[str]) -> npt.NDArray[np.uint32]:
    """Texts of up to four characters as 32-bit words, filled up with NULs."""
    return np.frombuffer(b"".join(text.encode().ljust(4, b"\0") for text in make), dtype="<u4")


_DOT = _words([f"{octet}." for octet in range(256)])
_SLASH = _words([f"{octet}/" for octet in range(256)])
_BITS = _words([f"{bits}\n" for bits in range(256)])
#: Of an address as a number, the bits that count; by length.
_MASKS = [0xFFFFFFFF >> (32 - min(bits, 32)) << (32 - min(bits, 32)) for bits in range(256)]
_MASK = np.array(_MASKS, dtype=">u4")


def texts4(data: bytes, places: list[int]) -> list[str]:
    """IPv4 prefixes of which the length octets stand at these places of the data, which has five octets from there on.

    Examples
    --------
    >>> texts4(bytes([24, 192, 0, 2, 9, 10, 255, 0, 0]), [0, 4])
    ['192.0.2.0/24', '10.128.0.0/9']
    """
    count = len(places)
    if not count:
        return []
    at = np.fromiter(places, dtype=np.int64, count=count)
    bits = np.frombuffer(data, dtype=np.uint8).take(at)
    # four octets from every place of the data on, as one number each
    numbers = np.ndarray((len(data) - 3,), dtype=">u4", buffer=data, strides=(1,))[at + 1] & _MASK[bits]
    octets = numbers.astype(">u4", copy=False).view(np.uint8).reshape(count, 4)
    out = np.empty((count, 5), dtype="<u4")
    out[:, :4] = _DOT.take(octets)
    out[:, 3] = _SLASH.take(octets[:, 3])
    out[:, 4] = _BITS.take(bits)
    return out.tobytes().translate(None, b"\0").decode("ascii").split("\n")[:-1]


def address4(octets: bytes) -> str:
    """An IPv4 address in text."""
    return socket.inet_ntop(socket.AF_INET, octets)


def address6(octets: bytes) -> str:
    """An IPv6 address in text as RFC 5952 says, always in hexadecimal.

    Examples
    --------
    >>> address6(bytes(10) + b"\\xff\\xff\\xc0\\x00\\x02\\x01")
    '::ffff:c000:201'
    """
    text = socket.inet_ntop(socket.AF_INET6, octets)
    if "." not in text:
        return text
    return f"{text.rpartition(':')[0]}:{octets[12] << 8 | octets[13]:x}:{octets[14] << 8 | octets[15]:x}"


def prefix4(bits: int, octets: bytes) -> str:
    """One IPv4 prefix of 4 octets. Raises Broken for a length that is none."""
    if bits > 32:
        raise Broken("IPv4 prefix longer than 32 bits")
    value = int.from_bytes(octets, "big") & _MASKS[bits]
    return f"{socket.inet_ntop(socket.AF_INET, value.to_bytes(4, 'big'))}/{bits}"


class Prefixes6(dict[bytes, str]):
    """IPv6 prefixes as BGP writes them -> text; remembers."""

    def __missing__(self, raw: bytes) -> str:
        bits = raw[0]
        octets = raw[1:].ljust(16, b"\0")
        if bits & 7:
            octets = (int.from_bytes(octets, "big") >> (128 - bits) << (128 - bits)).to_bytes(16, "big")
        text = self[raw] = f"{address6(octets)}/{bits}"
        return text

    def trim(self) -> None:
        """Forget all when much is remembered."""
        if len(self) > _REMEMBERED:
            self.clear()


def places4(data: bytes, at: int, end: int, *, add_path: bool, into: list[int]) -> None:
    """Add the place of each IPv4 prefix of ``data[at:end]`` to the list. Raises Broken when they do not fill it."""
    skip = 4 if add_path else 0
    while at < end:
        at += skip
        into.append(at)
        at += STEP4[data[at]]
    if at != end:
        raise Broken("IPv4 prefixes do not fill their field")


def list6(data: bytes, at: int, end: int, known: Prefixes6, *, add_path: bool) -> list[str]:
    """The IPv6 prefixes of ``data[at:end]``. Raises Broken when they do not fill it."""
    skip = 4 if add_path else 0
    found = []
    while at < end:
        at += skip
        after = at + STEP6[data[at]]
        if after > end:
            break
        found.append(known[data[at:after]])
        at = after
    if at != end:
        raise Broken("IPv6 prefixes do not fill their field")
    return found
