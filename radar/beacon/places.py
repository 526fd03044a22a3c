"""Country and network of a block of addresses, from a table that the worker writes (``<data_dir>/beacon/places.bin``,
radar/sources/_beacon_table.py). It is mapped into memory and searched there: nothing is read at start, and all web
processes share it.
"""

from __future__ import annotations

import mmap
import struct
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from radar.beacon.door import KEPT_BITS, Block

FILE = "places.bin"

#: Magic, starts of IPv6, starts of IPv4, places, digest of all that follows. Little-endian, as are the arrays: starts
#: of IPv6 (the upper 64 bits), starts of IPv4, place of each start of IPv4, of IPv6, AS number of each place (0: none),
#: and its country (two letters, or two zeros).
HEAD = struct.Struct("<8sIII16s")
MAGIC = b"RADARPL1"


@dataclass(frozen=True, slots=True)
class Place:
    """``cc``: alpha-2, "" for none; ``asn``: 0 for none."""

    cc: str
    asn: int


class Places:
    """The table, opened. Raises ValueError for a file that is none, or damaged, and OSError."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        if len(whole) < HEAD.size:
            raise ValueError(f"{path.name} ends after {len(whole)} bytes; expected a table of places")
        magic, self.n6, self.n4, self.places, digest = HEAD.unpack(whole[: HEAD.size])
        rest = whole[HEAD.size :]
        sizes = (8 * self.n6, 4 * self.n4, 4 * self.n4, 4 * self.n6, 4 * self.places, 2 * self.places)
        if magic != MAGIC or len(rest) != sum(sizes) or blake2b(rest, digest_size=16).digest() != digest:
            raise ValueError(f"{path.name} is damaged, or no table of places")
        parts, at = [], 0
        for size in sizes:
            parts.append(rest[at : at + size])
            at += size
        # Little-endian is how every machine that this runs on reads them.
        start4, row4, row6, asn = (part.cast("I") for part in parts[1:5])
        self._starts: dict[int, Sequence[int]] = {4: start4, 6: parts[0].cast("Q")}
        self._rows: dict[int, Sequence[int]] = {4: row4, 6: row6}
        self._asn, self._cc = asn, parts[5]

    def find(self, block: Block) -> Place:
        """Where the block's first address is."""
        shift = (32 if block.family == 4 else 64) - KEPT_BITS[block.family]
        at = bisect_right(self._starts[block.family], block.number << shift) - 1
        if at < 0:
            return Place("", 0)
        row = self._rows[block.family][at]
        return Place(bytes(self._cc[2 * row : 2 * row + 2]).decode("ascii").strip("\0"), self._asn[row])


class Shelf:
    """The newest table of a folder, opened again when the file is another one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._mark: object = None
        self._open: Places | None = None

    def get(self) -> Places | None:
        """The table; the one before where the newest cannot be read; None where there was none yet."""
        with self._lock:
            try:
                stat = self._path.stat()
                mark = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
                if mark != self._mark:
                    self._mark = mark
                    self._open = Places(self._path)
            except (OSError, ValueError):
                pass
            return self._open
