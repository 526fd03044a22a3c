"""Address space in blocks: /24 of IPv4, /48 of IPv6; which country each lies in, and how many a set of prefixes covers.

Prefixes overlap: a /16 and the 256 /24s inside it announce 256 blocks, not 512. Counting is therefore a union of
intervals, done for a million prefixes at once. Prefixes longer than a block are seen by few networks and cover none.

The country of a block is where its range is registered (radar/data/ip_country.md: origin, date, licence), which is not
always where it is used.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
import numpy.typing as npt
import polars as pl

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

#: Bits of a prefix that name one block.
BLOCK_BITS = {4: 24, 6: 48}
#: IPv6 blocks are counted from here: 2000::/3 is all that is given out. Keeps block numbers below 2**45.
_BASE_V6 = 0x2000 << 32
_SPAN_V6 = 1 << 45


def parse_prefix(text: str) -> tuple[int, int, int] | None:
    """A prefix as (family, network number, length); None when it is no canonical prefix.

    Examples
    --------
    >>> parse_prefix("192.0.2.0/24")
    (4, 3221225984, 24)
    """
    address, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or len(length) > 3:
        return None
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return None
    bits = int(length)
    width = number.max_prefixlen
    if bits > width or int(number) & ((1 << (width - bits)) - 1):
        return None
    return number.version, int(number), bits


def canonical(family: int, network: int, length: int) -> str:
    """The one spelling of a prefix."""
    return f"{(ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address)(network)}/{length}"


def blocks_of(family: int, network: int, length: int) -> tuple[int, int]:
    """The half-open range of blocks that a prefix covers; (0, 0) for one that is too long, or outside what is counted.

    IPv4 blocks are numbered from 0.0.0.0/24, IPv6 blocks from 2000::/48.
    """
    bits = BLOCK_BITS[family]
    if length > bits:
        return 0, 0
    first = network >> ((32 if family == 4 else 128) - bits)
    size = 1 << (bits - length)
    if family == 6:
        first -= _BASE_V6
        if first < 0 or first + size > _SPAN_V6:
            return 0, 0
    return first, first + size


def covering(text: str) -> list[str]:
    """Every shorter prefix that holds this one, the closest first, down to /8 (IPv4) or /16 (IPv6)."""
    found = parse_prefix(text)
    if found is None:
        return []
    family, number, length = found
    width, least = (32, 8) if family == 4 else (128, 16)
    make = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    return [f"{make(number >> (width - n) << (width - n))}/{n}" for n in range(length - 1, least - 1, -1)]


@dataclass(frozen=True, slots=True)
class Countries:
    """The countries of one address family as steps: blocks from ``edges[i]`` up to ``edges[i + 1]`` lie in country
    ``codes[numbers[i]]``; -1: in none."""

    codes: tuple[str, ...]
    edges: I64
    numbers: I32

    def at(self, blocks: I64) -> I32:
        """The country number of each block; -1 for none."""
        where = np.searchsorted(self.edges, blocks, side="right") - 1
        return np.where(where >= 0, self.numbers[np.maximum(where, 0)], -1).astype(np.int32)

    def split(self, starts: I64, ends: I64) -> tuple[I64, I32, I64]:
        """Cut intervals at the borders of countries.

        Returns
        -------
        (origin, country, size)
            One place per piece: which interval it is of, the country's number (-1: none), its blocks.
        """
        low = np.searchsorted(self.edges, starts, side="right") - 1
        high = np.searchsorted(self.edges, ends - 1, side="right") - 1
        pieces = high - low + 1
        origin = np.repeat(np.arange(len(starts)), pieces)
        step = low[origin] + (np.arange(len(origin)) - np.repeat(np.cumsum(pieces) - pieces, pieces))
        inside = np.maximum(step, 0)
        begin = np.where(step >= 0, np.maximum(self.edges[inside], starts[origin]), starts[origin])
        after = self.edges[np.minimum(step + 1, len(self.edges) - 1)]
        end = np.where(step + 1 < len(self.edges), np.minimum(after, ends[origin]), ends[origin])
        country = np.where(step >= 0, self.numbers[inside], -1).astype(np.int32)
        return origin, country, end - begin


@lru_cache(maxsize=2)
def countries(family: int) -> Countries:
    """The table of one address family (4 or 6)."""
    with as_file(files("radar").joinpath(f"data/ip_country_v{family}.parquet")) as path:
        table = pl.read_parquet(path)
    codes = tuple(sorted(table["cc"].cast(pl.String).unique().to_list()))
    place = {code: i for i, code in enumerate(codes)}
    number = np.array([place[cc] for cc in table["cc"].cast(pl.String).to_list()], np.int32)
    start = table["start"].to_numpy().astype(np.uint64)
    stop = table["end"].to_numpy().astype(np.uint64)
    if family == 4:
        first, last = (start >> 8).astype(np.int64), (stop >> 8).astype(np.int64)
    else:
        # the table holds the upper 64 bits of the address
        first = (start >> 16).astype(np.int64) - _BASE_V6
        last = (stop >> 16).astype(np.int64) - _BASE_V6
        inside = (last >= 0) & (first < _SPAN_V6)
        first, last, number = first[inside], last[inside], number[inside]
    # A block that several ranges share belongs to the one that begins in it last or covers its start: good enough, as
    # such blocks are few. Steps: each range opens its country, and what follows it opens none unless another does.
    edges = np.concatenate((first, last + 1))
    values = np.concatenate((number, np.full(len(number), -1, np.int32)))
    order = np.lexsort((np.concatenate((np.ones(len(first)), np.zeros(len(last)))), edges))
    edges, values = edges[order], values[order]
    keep = np.append(edges[1:] != edges[:-1], True)  # of several steps at one block the opening one counts
    edges, values = edges[keep], values[keep]
    changes = np.append(True, values[1:] != values[:-1])
    return Countries(codes, edges[changes], values[changes])


def union(starts: I64, ends: I64, groups: I64 | None = None) -> tuple[I64, I64, I64]:
    """Merge overlapping and touching intervals, apart for each group.

    Parameters
    ----------
    starts, ends
        Half-open intervals of blocks, in any order; empty ones are left out.
    groups
        Which intervals belong together, numbers from 0 up to 2**17; None: all of them.

    Returns
    -------
    (starts, ends, groups)
        Disjoint intervals in the order of group and start.
    """
    some = ends > starts
    starts, ends = starts[some], ends[some]
    shift = np.int64(45)
    base = np.zeros(len(starts), np.int64) if groups is None else groups[some] << shift
    key = base | starts
    order = np.argsort(key, kind="stable")
    begin, finish = key[order], (base + ends)[order]
    if not len(begin):
        return begin, finish, begin
    reach = np.maximum.accumulate(finish)
    opens = np.append(True, (begin[1:] > reach[:-1]) | (begin[1:] >> shift != begin[:-1] >> shift))
    at = np.flatnonzero(opens)
    group = begin[at] >> shift
    last = np.append(at[1:], len(begin)) - 1
    floor = group << shift
    return begin[at] - floor, reach[last] - floor, group
