"""Internet address to country and to network, by tables of ranges (radar/data/ip_country.md, ip_asn.md: origin, date,
licence), or by the operator's own (setting ``ranges``, :mod:`radar.sources._range_tables`).

The country of a range is where it is registered; for a client far from home it is wrong. The network is the one that
announced the range when the table was built. Good enough for a country's median, never shown for a single client:
addresses come in, two letters or an AS number go out.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl
import structlog

from radar import settings
from radar.errors import ConfigError
from radar.sources import _range_tables as tables
from radar.sources._addresses import read
from radar.sources._range_index import IS_NONE, NO_ADDRESS, NOWHERE, SPECIAL, Index, Rows

__all__ = ["NOWHERE", "NO_ADDRESS", "SPECIAL", "countries_of", "locate", "networks_of"]

log = structlog.get_logger(__name__)


def locate(addresses: pl.Series) -> pl.DataFrame:
    """Country and network of each address.

    Parameters
    ----------
    addresses
        IPv4 and IPv6 texts, or whole numbers, which are IPv4; null stands for none known. Of IPv4 inside IPv6 (mapped,
        NAT64, 6to4) the inner one counts.

    Returns
    -------
    pl.DataFrame
        One row per address, in their order: ``cc`` (alpha-2) and ``asn`` (UInt32), null where no range holds it, and
        ``reason`` (why there is neither; null where there is one). No column holds an address.

    Examples
    --------
    >>> locate(pl.Series(["8.8.8.8", "10.0.0.1", "x"])).rows()
    [('US', 15169, None), (None, None, 'client address is private or reserved'), (None, None, 'no client address')]
    >>> locate(pl.Series([0x08080808]))["asn"].to_list()
    [15169]
    """
    if addresses.null_count() == len(addresses):  # the tables take 70 MB: not loaded where nothing is asked
        none = pl.DataFrame({"reason": [NO_ADDRESS]}).select(
            cc=pl.lit(None, pl.String), asn=pl.lit(None, pl.UInt32), reason="reason"
        )
        return none.select(pl.all().gather(pl.Series([0] * len(addresses), dtype=pl.UInt32)))
    index = _index()
    places = _of_numbers(addresses, index) if addresses.dtype.is_integer() else _of_texts(addresses, index)
    return index.places.select(pl.all().gather(pl.Series(places).cast(pl.UInt32)))


def index() -> Index:
    """The index in use, for whoever makes a table of another form of it. Holds no address but the ranges' own."""
    return _index()


def _of_numbers(numbers: pl.Series, index: Index) -> Rows:
    """Row of ``index.places`` of each IPv4 number."""
    known = numbers.cast(pl.UInt32, strict=False)
    found = index.find_v4(known.fill_null(0).to_numpy())
    if known.null_count():
        found[known.is_null().to_numpy()] = IS_NONE
    return found


def _of_texts(texts: pl.Series, index: Index) -> Rows:
    """Row of ``index.places`` of each text."""
    found = np.full(len(texts), IS_NONE, np.int32)
    for part in read(texts.cast(pl.String)):
        if part.v4 is not None:
            found[part.rows] = index.find_v4(part.v4)
        if part.v6 is not None:
            found[part.rows] = index.find_v6(part.v6)
    return found


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


@lru_cache(maxsize=4)
def _ranges(table: str, family: int) -> pl.DataFrame:
    """A table of one address family that comes with the radar."""
    return tables.own(table, family)


_lock = threading.Lock()
_kept: dict[str, tuple[object, Index]] = {}


def _index() -> Index:
    """The index in use. That of a folder is made again when a file of it changes; where one cannot be read, the index
    before stays in use, or that of the radar's own tables, and an error is logged once for each change."""
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
def _own() -> Index:
    return tables.own_index()
