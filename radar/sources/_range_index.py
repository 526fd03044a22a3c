"""Ranges as an index: a number goes in, a row of :attr:`Index.places` comes out.

What the tables say of one family is cut into atoms, in which nothing changes. Of IPv4, most questions need no search:
the upper 16 bits name a page, the next 8 an entry of it; a block of 65,536 addresses in one atom has a page of one
entry. Only of the few blocks of 256 addresses that hold several atoms is the atom searched for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

NO_ADDRESS = "no client address"
SPECIAL = "client address is private or reserved"
NOWHERE = "address is in no table's range"

#: Rows of ``Index.places`` that every index has: why there is no place.
IS_NONE, IS_NOWHERE, IS_SPECIAL = 0, 1, 2

#: Rows looked up at once: what is between steps stays in the processor's cache.
PIECE = 1 << 17

Rows = NDArray[np.int32]
Numbers = NDArray[np.uint64]
_SEARCH = np.int32(-1)


@dataclass(frozen=True, slots=True)
class Atoms:
    """One family: ``start`` of each atom, sorted, and its row of the places. The first one starts at 0."""

    start: NDArray[Any]
    row: Rows

    def __len__(self) -> int:
        return len(self.start)

    def find(self, numbers: NDArray[Any]) -> Rows:
        """The row of each number. They are sought in order: that is several times as fast as jumping about."""
        order = np.argsort(numbers)
        found = np.empty(len(numbers), np.int32)
        found[order] = self.row[np.searchsorted(self.start, numbers[order], side="right") - 1]
        return found


@dataclass(frozen=True, slots=True)
class Pages:
    """``first``: of each upper 16 bits, where its page starts in ``entries`` (above 8 bits) and its last entry (0 or
    255). ``entries``: rows of the places; -1 where the atom must be searched for."""

    first: NDArray[np.uint32]
    entries: Rows

    def find(self, numbers: NDArray[np.uint32], atoms: Atoms) -> Rows:
        """The row of each number."""
        found = np.empty(len(numbers), np.int32)
        for begin in range(0, len(numbers), PIECE):
            asked = numbers[begin : begin + PIECE]
            page = self.first[asked >> np.uint32(16)]
            piece = self.entries[(page >> np.uint32(8)) + (page & (asked >> np.uint32(8)) & np.uint32(255))]
            several = np.flatnonzero(piece < 0)
            piece[several] = atoms.find(asked[several])
            found[begin : begin + PIECE] = piece
        return found


@dataclass(frozen=True, slots=True)
class Index:
    """Both families. ``places``: ``cc`` (alpha-2), ``asn`` (UInt32), ``reason`` (why there is neither)."""

    v4: Atoms
    pages: Pages
    v6: Atoms
    places: pl.DataFrame

    def find_v4(self, numbers: NDArray[np.uint32]) -> Rows:
        """Row of the places of each IPv4 address."""
        return self.pages.find(numbers, self.v4)

    def find_v6(self, numbers: Numbers) -> Rows:
        """Row of the places of each IPv6 address, of which the upper 64 bits are given."""
        return self.v6.find(numbers)

    @property
    def bytes_kept(self) -> int:
        """Size in memory."""
        arrays = (self.v4.start, self.v4.row, self.pages.first, self.pages.entries, self.v6.start, self.v6.row)
        return sum(array.nbytes for array in arrays) + int(self.places.estimated_size())


@dataclass(frozen=True, slots=True)
class Ranges:
    """One family: two tables (``start``, ``end``, ``cc`` or ``asn``; sorted, without overlaps) and special blocks."""

    countries: pl.DataFrame
    networks: pl.DataFrame
    special: tuple[Numbers, Numbers]


def build(both: Mapping[int, Ranges]) -> Index:
    """Index the ranges of both families (4, 6)."""
    codes = pl.concat([ranges.countries["cc"].cast(pl.String).unique() for ranges in both.values()]).drop_nulls()
    kind = pl.Enum(codes.unique().sort())
    cut = {family: _cut(family, ranges, kind) for family, ranges in both.items()}
    every = np.concatenate([np.array([_NOWHERE, _SPECIAL], np.uint64), *(key for _, key in cut.values())])
    keys, number = np.unique(every, return_inverse=True)
    rows = number[2:].astype(np.int32) + np.int32(IS_NOWHERE)
    (start_v4, _), (start_v6, _) = cut[4], cut[6]
    v4 = _joined(start_v4.astype(np.uint32), rows[: len(start_v4)])
    return Index(v4, _pages(v4), _joined(start_v6, rows[len(start_v4) :]), _places(keys, kind))


#: Keys of atoms without a place. The key of one with a place has the AS number above 16 bits (0 for none), and below
#: them the country's number from 2 on (0 for none).
_NOWHERE, _SPECIAL = 0, 1


def _cut(family: int, ranges: Ranges, kind: pl.Enum) -> tuple[Numbers, Numbers]:
    """Starts of the atoms, and the key of each."""
    countries = ranges.countries.drop_nulls("cc")
    codes = countries["cc"].cast(kind).to_physical().cast(pl.UInt64).to_numpy() + np.uint64(2)
    asns = ranges.networks["asn"].cast(pl.UInt64).to_numpy() << np.uint64(16)
    bounds = [(whole(table["start"]), whole(table["end"])) for table in (countries, ranges.networks)]
    bounds.append(ranges.special)
    last = np.uint64(2**32 - 1 if family == 4 else 2**64 - 1)
    cuts = np.sort(np.concatenate([np.zeros(1, np.uint64), *_ends(bounds, last)]))
    starts = cuts[_first_of_its_kind(cuts)]
    key = _at(starts, *bounds[0], codes) + _at(starts, *bounds[1], asns)
    first, after = np.searchsorted(starts, ranges.special[0]), np.searchsorted(starts, ranges.special[1], "right")
    for begin, end in zip(first.tolist(), after.tolist(), strict=True):
        key[begin:end] = _SPECIAL
    return starts, key


def whole(column: pl.Series) -> Numbers:
    """A column of whole numbers as an array of 64 bits each."""
    return column.cast(pl.UInt64).to_numpy()


def _ends(bounds: Iterable[tuple[Numbers, Numbers]], last: np.uint64) -> Iterable[Numbers]:
    for start, end in bounds:
        yield start
        yield end[end < last] + np.uint64(1)


def _at(starts: Numbers, start: Numbers, end: Numbers, values: Numbers) -> Numbers:
    """The table's value at each start of an atom, 0 where no range holds it."""
    if not len(start):
        return np.zeros(len(starts), np.uint64)
    place = np.searchsorted(start, starts, side="right") - 1
    held = (place >= 0) & (starts <= end[place])
    return np.where(held, values[place], np.uint64(0))


def _joined(start: NDArray[Any], row: Rows) -> Atoms:
    """Atoms of which no two neighbours are of one row."""
    new = _first_of_its_kind(row)
    return Atoms(start[new], row[new])


def _first_of_its_kind(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each value differs from the one before it."""
    return np.concatenate([np.ones(1, np.bool_), values[1:] != values[:-1]])


def _pages(atoms: Atoms) -> Pages:
    """The pages of IPv4's atoms."""
    starts = atoms.start.astype(np.int64)
    begins = np.append((starts + 255) >> 8, 1 << 24)  # the first block of 256 that begins in the atom, or after it
    blocks = np.repeat(atoms.row, np.diff(begins))
    blocks[starts[(starts & 255) > 0] >> 8] = _SEARCH
    table = blocks.reshape(1 << 16, 256)
    paged = np.zeros(1 << 16, np.bool_)
    paged[starts[(starts & 0xFFFF) > 0] >> 16] = True
    pages = table[paged]
    entries = np.concatenate([pages.ravel(), table[~paged, 0]])
    first = np.empty(1 << 16, np.uint32)
    first[paged] = np.arange(len(pages), dtype=np.uint32) << np.uint32(16) | np.uint32(255)
    first[~paged] = np.arange(pages.size, len(entries), dtype=np.uint32) << np.uint32(8)
    return Pages(first, entries)


def _places(keys: Numbers, kind: pl.Enum) -> pl.DataFrame:
    """What each row says."""
    with_place = keys[2:]
    low, asn = with_place & np.uint64(0xFFFF), with_place >> np.uint64(16)
    codes = pl.Series(kind.categories).gather(np.where(low > 0, low - np.uint64(2), np.uint64(0)).astype(np.uint32))
    known = pl.DataFrame({"cc": codes, "asn": asn.astype(np.uint32), "known": low > 0}).select(
        cc=pl.when("known").then("cc"), asn=pl.when(pl.col("asn") > 0).then("asn"), reason=pl.lit(None, pl.String)
    )
    none = pl.DataFrame({"reason": [NO_ADDRESS, NOWHERE, SPECIAL]}).select(
        cc=pl.lit(None, pl.String), asn=pl.lit(None, pl.UInt32), reason="reason"
    )
    return pl.concat([none, known]).rechunk()
