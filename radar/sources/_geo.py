"""Internet address to country and to network, by tables of ranges (radar/data/ip_country.md, ip_asn.md: origin, date,
licence), or by the operator's own (setting ``ranges``, :mod:`radar.sources._range_tables`).

The country of a range is where it is registered; for a client far from home it is wrong. The network is the one that
announced the range when the table was built. Good enough for a country's median, never shown for a single client:
addresses come in, two letters or an AS number go out.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import structlog
from numpy.typing import NDArray

from radar import settings
from radar.errors import ConfigError
from radar.sources import _range_tables as tables

log = structlog.get_logger(__name__)

NO_ADDRESS = "no client address"
SPECIAL = "client address is private or reserved"
NOWHERE = "address is in no table's range"

_V4 = r"^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$"
_MAPPED, _NAT64 = b"\0" * 10 + b"\xff\xff", bytes.fromhex("0064ff9b") + b"\0" * 8


def locate(addresses: pl.Series) -> pl.DataFrame:
    """Country and network of each address.

    Parameters
    ----------
    addresses
        IPv4 and IPv6 texts; null stands for none known. Of IPv4 inside IPv6 (mapped, NAT64, 6to4) the inner one counts.

    Returns
    -------
    pl.DataFrame
        One row per address, in their order: ``cc`` (alpha-2) and ``asn`` (UInt32), null where no range holds it, and
        ``reason`` (why there is neither; null where there is one). No column holds an address.

    Examples
    --------
    >>> locate(pl.Series(["8.8.8.8", "10.0.0.1", "x"])).rows()
    [('US', 15169, None), (None, None, 'client address is private or reserved'), (None, None, 'no client address')]
    """
    texts = addresses.cast(pl.String).rename("text")
    unique = texts.unique()
    family, number = _numbers(unique)
    found = located(family, number).insert_column(0, unique)
    return texts.to_frame().join(found, on="text", how="left", nulls_equal=True, maintain_order="left").drop("text")


def located(family: NDArray[np.uint8], number: NDArray[np.uint64]) -> pl.DataFrame:
    """The same for numbers: ``family`` 4, 6 (the upper 64 bits) or 0 for no address."""
    both = _tables()
    count = len(number)
    asn, special = np.zeros(count, np.uint32), np.zeros(count, np.bool_)
    names: list[pl.Series] = []
    cc = np.full(count, -1, np.int32)
    for kind, table in both.items():
        rows = np.flatnonzero(family == kind)
        whole = len(rows) == count
        asked = number if whole else number[rows]
        at = np.searchsorted(table.start, asked.astype(table.start.dtype), side="right") - 1
        codes, base = table.cc[at].astype(np.int32), sum(map(len, names))
        asn[rows], special[rows] = table.asn[at], table.special[at]
        cc[rows] = np.where(codes < 0, -1, codes + base)
        names.append(pl.Series(table.codes, dtype=pl.String))
    cc[special], asn[special] = -1, 0
    place = pl.Series(cc)
    frame = pl.DataFrame(
        {"place": place.set(place < 0, None).cast(pl.UInt32), "asn": asn, "special": special, "none": family == 0}
    )
    every = pl.concat(names)
    return frame.select(
        cc=every.gather(frame["place"]),
        asn=pl.when(pl.col("asn") > 0).then("asn"),
        reason=pl.when("none").then(pl.lit(NO_ADDRESS)).when("special").then(pl.lit(SPECIAL))
        .when(pl.col("place").is_null() & (pl.col("asn") == 0)).then(pl.lit(NOWHERE)),
    )  # fmt: skip


def countries_of(addresses: Sequence[str | None]) -> pl.DataFrame:
    """Countries of many addresses: ``cc`` and ``reason`` (why there is none), a row each, in their order.

    Examples
    --------
    >>> countries_of(["8.8.8.8", "10.0.0.1", "x"]).rows()
    [('US', None), (None, 'client address is private or reserved'), (None, 'no client address')]
    """
    return _one(addresses, "cc", "client address is in no country's range")


def networks_of(addresses: Sequence[str | None]) -> pl.DataFrame:
    """The same for networks: ``asn`` (UInt32, null when there is none) and ``reason``.

    Examples
    --------
    >>> networks_of(["8.8.8.8", "2001:4860:4860::8888", "192.168.1.1"])["asn"].to_list()
    [15169, 15169, None]
    """
    return _one(addresses, "asn", "address is in no network's range")


def _one(addresses: Sequence[str | None], column: str, nowhere: str) -> pl.DataFrame:
    why = pl.when(pl.col("reason").is_null() | (pl.col("reason") == NOWHERE)).then(pl.lit(nowhere)).otherwise("reason")
    found = locate(pl.Series(addresses, dtype=pl.String))
    return found.select(column, reason=pl.when(pl.col(column).is_null()).then(why))


def _numbers(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """(family, number) of each text; family 0 where it is no address."""
    parts = texts.str.extract_groups(_V4).struct.unnest()
    octets = [pl.col(name).cast(pl.UInt64) for name in parts.columns]
    plain = pl.all_horizontal(
        (octet <= 255) & ~(pl.col(name).str.starts_with("0") & (pl.col(name).str.len_bytes() > 1))
        for octet, name in zip(octets, parts.columns, strict=True)
    ).fill_null(False)
    a, b, c, d = octets
    read = parts.select(v4=plain, number=(a * 2**24 + b * 2**16 + c * 2**8 + d).fill_null(0))
    family = np.where(read["v4"].to_numpy(), 4, 0).astype(np.uint8)
    number = read["number"].to_numpy().astype(np.uint64)
    rest = texts.str.contains(":", literal=True).fill_null(False)
    for row in rest.arg_true().to_list():
        family[row], number[row] = _v6(texts[row])
    return family, number


def _v6(text: str) -> tuple[int, int]:
    try:
        packed = socket.inet_pton(socket.AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return 0, 0
    if packed[:12] in (_MAPPED, _NAT64):
        return 4, int.from_bytes(packed[12:])
    if packed[:2] == b"\x20\x02":
        return 4, int.from_bytes(packed[2:6])
    return 6, int.from_bytes(packed[:8])


@lru_cache(maxsize=4)
def _ranges(table: str, family: int) -> pl.DataFrame:
    """A table of one address family that comes with the radar."""
    return tables.own(table, family)


_lock = threading.Lock()
_kept: dict[str, tuple[object, dict[int, tables.Pieces]]] = {}


def _tables() -> dict[int, tables.Pieces]:
    """The tables in use. Those of a folder are read again when a file of it changes; where they cannot be read, the
    ones before stay in use, or the radar's own, and an error is logged once for each change."""
    place = settings.load().ranges
    with _lock:
        mark = _mark(Path(place)) if place else None
        before = _kept.get(place)
        if before is not None and before[0] == mark:
            return before[1]
        try:
            found = tables.read(Path(place)) if place else _own()
        except ConfigError as error:
            found = before[1] if before is not None else _own()
            log.error("tables of address ranges not read", error=str(error),
                      instead="the ones before" if before is not None else "those of the radar")  # fmt: skip
        _kept[place] = (mark, found)
        return found


def _mark(folder: Path) -> object:
    try:
        return sorted((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in folder.iterdir())
    except OSError as error:
        return str(error)


@lru_cache(maxsize=1)
def _own() -> dict[int, tables.Pieces]:
    return {
        family: tables.pieces(family, tables.own("country", family), tables.own("asn", family)) for family in (4, 6)
    }
