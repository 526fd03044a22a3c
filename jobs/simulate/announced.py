"""Which prefixes the networks of the demo announce: real ranges, real origins, few enough to be played quickly.

Ranges and origins are those that RouteViews saw (radar/data/ip_asn.md), countries those of the registries
(radar/data/ip_country.md). Of each network only the largest ranges are taken, so its announced space is a little
smaller than in truth. Places in which something happens to routes have more of their networks, cut into more prefixes,
so that a part of them can go. Prefixes do not overlap: what a country loses is the sum of what was withdrawn in it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from importlib.resources import as_file, files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from radar.routing import space

#: Networks of each country, beside those that the world names: the ones with most space there.
NETWORKS = 2
NETWORKS_IN_PLAY = {4: 130, 6: 12}
#: What a network has in a country counts from this part of what it has in its largest one.
SMALL_PART = 0.02
#: Prefixes of one network in one country, IPv4 and IPv6.
MOST = {4: 20, 6: 4}
MOST_IN_PLAY = {4: 16, 6: 6}
#: A network in play has at least so many there, where its space can be cut so often: none is a large part of it.
LEAST_IN_PLAY = {4: 12, 6: 12}

#: Bits of an address that lie behind those of one block, as the tables hold them (IPv6: the upper half of an address).
_HOST_BITS = {4: 8, 6: 16}


@dataclass(frozen=True, slots=True)
class Announced:
    """Prefixes as parallel lists: text, origin network, country ("" where nobody registered it), size in blocks."""

    prefixes: list[str]
    origins: NDArray[np.int64]
    countries: list[str]
    blocks: NDArray[np.int64]


def announced(named: Collection[int], in_play: Collection[str]) -> Announced:
    """The demo's table. ``named``: AS numbers that must be in it; ``in_play``: countries (alpha-2) whose routes change.

    The same tables give the same prefixes in the same order. Takes a quarter of a second and, for that time, 100 MB.
    """
    found: list[tuple[str, int, str, int]] = []
    for family in (4, 6):
        found += _of_family(family, named, in_play)
    names, asns, codes, sizes = zip(*found, strict=True)
    return Announced(list(names), np.array(asns, np.int64), list(codes), np.array(sizes, np.int64))


def _of_family(family: int, named: Collection[int], in_play: Collection[str]) -> list[tuple[str, int, str, int]]:
    table = space.countries(family)
    with as_file(files("radar").joinpath(f"data/ip_asn_v{family}.parquet")) as path:
        ranges = pl.read_parquet(path)
    bits = _HOST_BITS[family]
    base = 0 if family == 4 else space.blocks_of(6, 0x2000 << 112, 16)[0] - (0x2000 << 32)
    # whole blocks of a range only
    rows = ranges.select(
        "asn",
        first=((pl.col("start").cast(pl.UInt64) + ((1 << bits) - 1)) // (1 << bits)).cast(pl.Int64) + base,
        last=((pl.col("end").cast(pl.UInt64) + 1) // (1 << bits)).cast(pl.Int64) + base,
    ).filter((pl.col("first") < pl.col("last")) & (pl.col("first") >= 0))
    country = table.at(rows["first"].to_numpy())
    rows = rows.with_columns(
        code=pl.Series([*table.codes, ""]).gather(np.where(country < 0, len(table.codes), country)),
        size=pl.col("last") - pl.col("first"),
    )
    largest = (
        rows.filter(pl.col("code") != "")
        .group_by("code", "asn")
        .agg(pl.col("size").sum())
        .sort("code", "size", "asn", descending=[False, True, False])
    )
    most = pl.when(pl.col("code").is_in(list(in_play))).then(NETWORKS_IN_PLAY[family]).otherwise(NETWORKS)
    chosen = largest.filter(
        (pl.int_range(pl.len()).over("code") < most)
        | (pl.col("asn").is_in(list(named)) & (pl.col("size") > SMALL_PART * pl.col("size").max().over("asn")))
    ).select("code", "asn")
    rows = rows.join(chosen, on=["code", "asn"], how="semi").sort("asn", "code", "size", "first",
                                                                  descending=[False, False, True, False])  # fmt: skip
    ranges_of: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for asn, code, first, last in rows.select("asn", "code", "first", "last").iter_rows():
        ranges_of.setdefault((asn, code), []).append((first, last))  # the largest come first
    out = []
    for (asn, code), mine in ranges_of.items():
        playing = code in in_play
        most_here = (MOST_IN_PLAY if playing else MOST)[family]
        least = LEAST_IN_PLAY[family] if playing else 1
        pieces = _pieces(mine[:most_here], most_here, least)
        out += [(_text(family, first, size), asn, code, size) for first, size in pieces]
    return out


def _pieces(ranges: list[tuple[int, int]], most: int, least: int) -> list[tuple[int, int]]:
    """Ranges of blocks as aligned powers of two (first block, size): the ``most`` largest ones, halved until none is
    more than one in ``least`` of all that there is."""
    cut: list[tuple[int, int]] = []
    for low, high in ranges:
        at = low
        while at < high:
            size = at & -at or 1 << 30
            while size > high - at:
                size >>= 1
            cut.append((at, size))
            at += size
    kept = [(-size, first) for first, size in sorted(cut, key=lambda piece: (-piece[1], piece[0]))[:most]]
    heapify(kept)
    largest = max(1, sum(-size for size, _ in kept) // least)
    while -kept[0][0] > largest:
        size, first = heappop(kept)
        heappush(kept, (size // 2, first))
        heappush(kept, (size // 2, first - size // 2))
    return sorted((first, -size) for size, first in kept)


def _text(family: int, first: int, size: int) -> str:
    length = space.BLOCK_BITS[family] - (size.bit_length() - 1)
    if family == 4:
        return f"{ipaddress.IPv4Address(first << 8)}/{length}"
    return f"{ipaddress.IPv6Address((first + (0x2000 << 32)) << 80)}/{length}"
