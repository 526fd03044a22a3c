"""MRT files (RFC 6396, RFC 8050) to elements: what route collectors archive, as tables and as updates.

Read are TABLE_DUMP and TABLE_DUMP_V2 (IPv4 and IPv6 unicast, also with several paths per peer), BGP4MP and BGP4MP_ET
(messages and state changes, AS numbers of two and of four octets); packed by gzip, bzip2, zstd or not at all. What is
known and of no use here (keep-alives, other protocols, what the collector itself sent) is passed over and counted, as
are multicast tables; what is broken is rejected and counted, and the rest is read on.

The file is read in steps, so memory does not grow with its size. A step's records are gone through one by one; the
text of its IPv4 prefixes is then made in one go, which is much of what makes this fast.

Several paths per peer (ADD-PATH): the path identifier is dropped, so a withdrawal of one path reads like that of the
prefix. ``Tally.add_path`` says how many elements that concerns.

Licence of this reader: the project's own; the formats are the IETF's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from radar.errors import UpstreamChanged
from radar.routing import Element
from radar.routing._records import Reader
from radar.routing._scan import HEADER
from radar.routing._tally import Tally
from radar.routing._unpack import Cut, Limits, unpacked

__all__ = ["Limits", "Tally", "read"]

_LIMITS = Limits()

#: Record types that a file may begin with, and their largest subtype. 5 to 10 are of files from before 2001.
_TYPES = {11: 2, 12: 4, 13: 12, 16: 11, 17: 11, 32: 0, 33: 0, 48: 2, 49: 2, **dict.fromkeys(range(5, 11), 16)}


def read(
    data: bytes | BinaryIO,
    *,
    source: str,
    tally: Tally | None = None,
    limits: Limits = _LIMITS,
    everything: bool = False,
) -> Iterator[list[Element]]:
    """Read one file.

    Parameters
    ----------
    data
        The file's bytes, or an open binary file. Packed or not.
    source
        Named in errors.
    tally
        Counts grow here while the file is read.
    limits
        What the file may ask for. A record that is larger is rejected.
    everything
        Give what is no part of a peer's routing table for packets with one receiver as well, unmarked, as bgpdump and
        ftlbgp do: prefixes of multicast tables, and messages that the collector sent to the peer.

    Yields
    ------
    list[Element]
        Elements in the file's order, some thousand at a time, never none. Of one update the withdrawn prefixes come
        first, and IPv4 before other families.

    Raises
    ------
    UpstreamChanged
        No MRT file: names what it begins with; or one that unpacks to more than the limits allow.

    A file that ends early, or whose packing is damaged, gives what came before; the tally then says ``cut_short``.
    """
    tally = Tally() if tally is None else tally
    reader = Reader(tally, limits.record_bytes, everything=everything)
    parts: list[bytes] = []  # bytes of a record that is not whole yet
    have, need, skip, begun = 0, HEADER, 0, False
    steps = unpacked(data, source=source, limits=limits)
    while True:
        try:
            part = next(steps)
        except StopIteration:
            break
        except Cut as cut:
            tally.cut_short = str(cut)
            break
        if skip:
            over = min(skip, len(part))
            reader.skip(over)
            skip, part = skip - over, part[over:]
        parts.append(part)
        have += len(part)
        if have < need:
            continue
        rest = b"".join(parts)
        if not begun:
            _check(rest, source, limits)
            begun = True
        while True:
            used, elements = reader.take(rest)
            if elements:
                yield elements
            rest = rest[used:]
            need = HEADER + (int.from_bytes(rest[8:12], "big") if len(rest) >= HEADER else 0)
            if need <= HEADER + limits.record_bytes:
                break
            over = reader.reject(need, len(rest))
            skip, rest, need = need - over, rest[over:], HEADER
        parts, have = [rest], len(rest)
    if not begun:
        _check(b"".join(parts), source, limits)
    if (have or skip) and not tally.cut_short:
        tally.cut_short = f"the last record ends early, at {reader.place()}"


def _check(data: bytes, source: str, limits: Limits) -> None:
    """Is this the beginning of an MRT file? Raises UpstreamChanged."""
    if len(data) >= HEADER:
        number, subtype, length = (int.from_bytes(data[at:end], "big") for at, end in ((4, 6), (6, 8), (8, 12)))
        if subtype <= _TYPES.get(number, -1) and 0 < length <= limits.record_bytes:
            return
    begin = ascii(data[:HEADER].decode("latin-1")) if data else "nothing"
    raise UpstreamChanged(source, f"byte 0: begins with {begin}; expected the header of an MRT record")
