"""The ranges of a MaxMind DB (https://maxmind.github.io/MaxMind-DB/): its tree is walked a level at a time for all
branches together, and each record is decoded once, however many ranges have it.

The file's bytes are not trusted: the C reader of ``maxminddb`` ends the whole process on some damaged files, so only
that package's decoder in Python is used here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import maxminddb
import numpy as np
import polars as pl
from maxminddb.decoder import Decoder
from numpy.typing import NDArray

Numbers = NDArray[np.uint64]

#: Zero bytes between the tree and the records.
_GAP = 16
#: Branches of one level, as a multiple of all nodes: a tree with more runs in circles.
_MOST = 4
#: Upper 64 bits of 2000::, below which IPv6 has aliases of IPv4 only.
_FIRST_V6 = 1 << 61
_DAMAGED = (maxminddb.InvalidDatabaseError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError,
            struct.error)  # fmt: skip


def read(path: Path) -> dict[tuple[str, int], pl.DataFrame]:
    """Tables (``start``, ``end``, ``cc`` or ``asn``) by kind (country, asn) and family (4, 6; of IPv6 the upper 64
    bits). Raises ValueError for a damaged file, or one that says neither."""
    try:
        found = _tables(path)
    except _DAMAGED as error:
        raise ValueError(f"it is no MaxMind DB, or a damaged one ({type(error).__name__}: {error})") from error
    if not found:
        raise ValueError("it names neither a country's iso_code nor an autonomous_system_number")
    return found


def _tables(path: Path) -> dict[tuple[str, int], pl.DataFrame]:
    body = path.read_bytes()
    with maxminddb.open_database(str(path), maxminddb.MODE_MEMORY) as database:
        about = database.metadata()
    nodes, size = about.node_count, about.record_size
    width = size // 4
    if size not in (24, 28, 32) or about.ip_version not in (4, 6) or not 0 < nodes * width + _GAP < len(body):
        raise ValueError(f"{nodes} nodes of {size} bits do not fit into {len(body)} bytes")
    children = _children(np.frombuffer(body, np.uint8, nodes * width).reshape(nodes, width), size)
    decoder = Decoder(body, nodes * width + _GAP)
    root_v4 = 0 if about.ip_version == 4 else _leftmost(children, np.zeros(1, np.int64), 96)[0]
    walks = [(4, 32, int(root_v4))] + ([(6, 64, 0)] if about.ip_version == 6 else [])
    found = {}
    for family, bits, root in walks:
        start, end, record = _ranges(children, root, bits, -1 if family == 4 else int(root_v4))
        kept = start >= (_FIRST_V6 if family == 6 else 0)
        start, end, record = start[kept], end[kept], record[kept]
        unique, place = np.unique(record, return_inverse=True)
        said = [_said(decoder.decode(int(one) - nodes + nodes * width)[0]) for one in unique]
        for kind, column, dtype in (("country", "cc", pl.String()), ("asn", "asn", pl.UInt32())):
            values = pl.Series(column, [one[column] for one in said], dtype=dtype)
            table = pl.DataFrame(
                [pl.Series("start", start), pl.Series("end", end), values.gather(place.astype(np.uint32))]
            ).drop_nulls()
            if table.height:
                found[kind, family] = table.sort("start")
    return found


def _children(raw: NDArray[np.uint8], size: int) -> NDArray[np.int64]:
    """The two records of each node."""
    byte = raw.astype(np.int64).T
    if size == 24:
        left, right = byte[:3], byte[3:]
    elif size == 28:
        left = np.vstack([byte[3:4] >> 4, byte[:3]])
        right = np.vstack([byte[3:4] & 15, byte[4:]])
    else:
        left, right = byte[:4], byte[4:]
    return np.stack([_number(left), _number(right)], axis=1)


def _number(byte: NDArray[np.int64]) -> NDArray[np.int64]:
    number = np.zeros(byte.shape[1], np.int64)
    for one in byte:
        number = number << 8 | one
    return number


def _leftmost(children: NDArray[np.int64], at: NDArray[np.int64], depth: int) -> NDArray[np.int64]:
    """The records that so many zero bits lead to."""
    at = at.copy()
    for _ in range(depth):
        inner = at < len(children)
        at[inner] = children[at[inner], 0]
    return at


def _ranges(
    children: NDArray[np.int64], root: int, bits: int, alias: int
) -> tuple[Numbers, Numbers, NDArray[np.int64]]:
    """Start, end and record of each range below a node; not of what lies below ``alias``."""
    nodes = len(children)
    parts = list(_levels(children, root, bits, alias))
    start, length, record = (np.concatenate(column) for column in zip(*parts, strict=True))
    held = record > nodes
    return start[held], (start + length)[held], record[held]


def _levels(
    children: NDArray[np.int64], root: int, bits: int, alias: int
) -> Iterator[tuple[Numbers, Numbers, NDArray[np.int64]]]:
    """Start, length less 1 and record of the ranges, a level of the tree at a time."""
    at, start = np.array([root], np.int64), np.zeros(1, np.uint64)
    for level in range(bits + 1):
        leaf = at >= len(children)
        yield start[leaf], np.full(leaf.sum(), 2 ** (bits - level) - 1, np.uint64), at[leaf]
        inner = ~leaf & (at != alias)
        at, start = at[inner], start[inner]
        if level == bits or not len(at):
            break
        if len(at) > _MOST * len(children):
            raise ValueError("its tree runs in circles")
        half = np.uint64(1 << (bits - level - 1))
        at, start = children[at].ravel(), np.stack([start, start + half], axis=1).ravel()
    if bits == 32 and len(at):
        raise ValueError("its tree is deeper than an address")
    at = _leftmost(children, at, 64)
    yield start, np.zeros(len(start), np.uint64), at


def _said(record: Any) -> dict[str, Any]:
    """Country and network that a record names."""
    if not isinstance(record, dict):
        return {"cc": None, "asn": None}
    country = record.get("country") or record.get("registered_country")
    code = country.get("iso_code") if isinstance(country, dict) else record.get("country_code")
    asn = record.get("autonomous_system_number")
    return {
        "cc": code.upper() if isinstance(code, str) and len(code) == 2 else None,
        "asn": asn if isinstance(asn, int) and 0 < asn < 2**32 else None,
    }
