"""The door: of a reader's address only the block it lies in comes in, a /24 of IPv4 or a /48 of IPv6."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Bits that stay, by family.
KEPT_BITS = {4: 24, 6: 48}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of addresses: its ``family`` (4, 6) and its ``KEPT_BITS`` upper bits, which no text of it shows."""

    family: int
    number: int = field(repr=False)

    @property
    def packed(self) -> bytes:
        """Family and bits as bytes."""
        return bytes([self.family]) + self.number.to_bytes(KEPT_BITS[self.family] // 8, "big")


def block_of(remote: str | None, forwarded: Sequence[str], proxies: int) -> Block | None:
    """The block that a request came from; None where that cannot be told.

    Parameters
    ----------
    remote
        Address of the connection's other end.
    forwarded
        Values of the headers ``X-Forwarded-For``, in their order.
    proxies
        So many servers of the operator's stand in front, and each adds the address it was asked from: that many
        entries from the end stands the reader. What a reader writes in front of them is not believed. 0: none.

    Examples
    --------
    >>> block_of("192.0.2.7", [], 0) == block_of("10.0.0.1", ["203.0.113.9, 192.0.2.200"], 1)
    True
    """
    text = remote
    if proxies:
        entries = [entry.strip() for value in forwarded for entry in value.split(",")]
        text = entries[-proxies] if len(entries) >= proxies else None
    try:
        address = ipaddress.ip_address(_bare(text or ""))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None:
            return Block(6, int(address) >> 80)
        address = inner
    return Block(4, int(address) >> 8)


def is_special(block: Block) -> bool:
    """Whether addresses of the block are no one's on the Internet: private, of this machine, for documents.

    Examples
    --------
    >>> is_special(block_of("192.168.1.7", [], 0)), is_special(block_of("8.8.8.8", [], 0))
    (True, False)
    """
    if block.family == 4:
        return not ipaddress.IPv4Address(block.number << 8).is_global
    return not ipaddress.IPv6Address(block.number << 80).is_global


def _bare(text: str) -> str:
    """Without brackets and port, which some proxies write."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
