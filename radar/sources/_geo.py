"""Internet address to country and to network, by tables of ranges (radar/data/ip_country.md, ip_asn.md: origin, date,
licence).

The country of a range is where it is registered; for a client far from home it is wrong. The network is the one that
announced the range when the table was built. Good enough for a country's median, never shown for a single client:
addresses come in, two letters or an AS number go out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import as_file, files

import polars as pl


def countries_of(addresses: Sequence[str | None]) -> pl.DataFrame:
    """Look up many addresses at once.

    Parameters
    ----------
    addresses
        IPv4 and IPv6 texts, in any order; None stands for none known.

    Returns
    -------
    pl.DataFrame
        One row per address, in their order: ``cc`` (alpha-2, null when there is none) and ``reason`` (why there is
        none; null when there is one). No column holds an address.

    Examples
    --------
    >>> countries_of(["8.8.8.8", "10.0.0.1", "x"]).rows()
    [('US', None), (None, 'client address is private or reserved'), (None, 'no client address')]
    """
    return _found(addresses, "country", "cc", "client address is in no country's range")


def networks_of(addresses: Sequence[str | None]) -> pl.DataFrame:
    """The same for networks: ``asn`` (UInt32, null when there is none) and ``reason``.

    Examples
    --------
    >>> networks_of(["8.8.8.8", "2001:4860:4860::8888", "192.168.1.1"])["asn"].to_list()
    [15169, 15169, None]
    """
    return _found(addresses, "asn", "asn", "address is in no network's range")


def _found(addresses: Sequence[str | None], table: str, column: str, nowhere: str) -> pl.DataFrame:
    """Look the addresses up in one table: ``column`` and ``reason``, a row each, in their order."""
    numbers: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
    reasons: list[str | None] = []
    for row, text in enumerate(addresses):
        family, number, reason = _number(text)
        reasons.append(reason)
        if reason is None:
            numbers[family].append((row, number))
    found = [_lookup(pairs, _ranges(table, family), column) for family, pairs in numbers.items()]
    rows = pl.DataFrame({"row": range(len(reasons)), "reason": reasons}, schema={"row": pl.Int64, "reason": pl.String})
    return (
        rows.join(pl.concat(found), on="row", how="left", maintain_order="left")
        .with_columns(
            reason=pl.when(pl.col(column).is_null() & pl.col("reason").is_null())
            .then(pl.lit(nowhere))
            .otherwise("reason")
        )
        .select(column, "reason")
    )


def _number(text: str | None) -> tuple[int, int, str | None]:
    """(family, number to look up, why there is none)."""
    try:
        address = ipaddress.ip_address(str(text))
    except ValueError:
        return 4, 0, "no client address"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if not address.is_global:
        return 4, 0, "client address is private or reserved"
    return (4, int(address), None) if address.version == 4 else (6, int(address) >> 64, None)


def _lookup(pairs: list[tuple[int, int]], table: pl.DataFrame, column: str) -> pl.DataFrame:
    """The range that each number lies in: the nearest start below it, if that range reaches so far."""
    asked = pl.DataFrame(
        {"row": [row for row, _ in pairs], "number": [number for _, number in pairs]},
        schema={"row": pl.Int64, "number": table.schema["start"]},
    )
    return (
        asked.sort("number")
        .join_asof(table, left_on="number", right_on="start", strategy="backward")
        .select("row", pl.when(pl.col("number") <= pl.col("end")).then(column).alias(column))
    )


@lru_cache(maxsize=4)
def _ranges(table: str, family: int) -> pl.DataFrame:
    """The table of one address family, sorted by start; AS numbers as numbers, country codes as text."""
    with as_file(files("radar").joinpath(f"data/ip_{table}_v{family}.parquet")) as path:
        ranges = pl.read_parquet(path).with_columns(pl.col("start").set_sorted())
    return ranges.with_columns(pl.col("cc").cast(pl.String)) if "cc" in ranges.columns else ranges
