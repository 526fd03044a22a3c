"""Addresses looked up: ``radar.sources._geo.locate``, beside the C reader of ``maxminddb`` called once per address.

``rows`` random addresses of IPv4, all different, as numbers and as texts, and a quarter as many of IPv6 inside
announced ranges. The radar answers country, network and why there is none. The database that ``maxminddb`` reads is
made here of the radar's own table of countries, so it answers the country alone; that all countries are the same is
checked.
"""

from __future__ import annotations

import ipaddress
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import maxminddb
import numpy as np
import polars as pl
from mmdb_writer import MMDBWriter
from netaddr import IPRange, IPSet

from radar.sources import _geo
from radar.sources import _range_tables as tables

DEFAULT_ROWS = 2_000_000
REPEATS = 7
#: Addresses that are asked of ``maxminddb``, one at a time.
THEIRS = 200_000


def run(rows: int | None) -> dict[str, Any]:
    """Measure all forms; the value is that of IPv4 numbers."""
    count = rows or DEFAULT_ROWS
    draw = np.random.default_rng(1)
    numbers = pl.Series("number", draw.permutation(np.unique(draw.integers(0, 2**32, count, dtype=np.uint32))))
    asked = {"numbers": numbers, "texts": _texts(numbers), "v6_texts": _v6(draw, count // 4)}
    build_s = _seconds(tables.own_index)
    _geo.locate(numbers.head(1))
    ours = {form: len(column) / _seconds(lambda c=column: _geo.locate(c)) for form, column in asked.items()}
    few = asked["texts"].head(THEIRS)
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        path = Path(name) / "countries.mmdb"
        _database(path)
        with maxminddb.open_database(str(path), maxminddb.MODE_MMAP_EXT) as reader:
            _same(few, [reader.get(text) for text in few.to_list()])
            listed = few.to_list()
            theirs = len(listed) / _seconds(lambda: [reader.get(text) for text in listed])
    return {
        "name": "address_lookup",
        "value": round(ours["numbers"]),
        "unit": f"addresses/s, IPv4 numbers to country and network ({len(numbers):,} different ones)",
        "peers": {"maxminddb_c_reader": round(theirs)},
        "ratios": {"maxminddb_c_reader": round(ours["numbers"] / theirs, 2)},
        "details": {
            "texts_per_s": round(ours["texts"]),
            "texts_ratio": round(ours["texts"] / theirs, 2),
            "v6_texts_per_s": round(ours["v6_texts"]),
            "index_build_s": round(build_s, 3),
            "index_mb": round(_geo._own().bytes_kept / 1e6, 1),
            "threads": {"polars": pl.thread_pool_size(), "maxminddb": 1},
            "maxminddb": maxminddb.__version__,
        },
    }


def _texts(numbers: pl.Series) -> pl.Series:
    octets = [(pl.col("number") // 2**shift % 256).cast(pl.String) for shift in (24, 16, 8, 0)]
    return numbers.to_frame().select(text=pl.concat_str(octets, separator=".")).to_series()


def _v6(draw: np.random.Generator, count: int) -> pl.Series:
    """Texts of addresses, each in a range of the table of networks."""
    starts = tables.own("asn", 6)["start"].to_numpy()
    upper, lower = draw.choice(starts, count), draw.integers(0, 2**63, count, dtype=np.uint64)
    pairs = zip(upper.tolist(), lower.tolist(), strict=True)
    return pl.Series([str(ipaddress.IPv6Address(high << 64 | low)) for high, low in pairs])


def _database(path: Path) -> None:
    """The radar's countries of IPv4 as a MaxMind DB."""
    writer = MMDBWriter(ip_version=4, database_type="Countries")
    ranges = tables.own("country", 4)
    for (code,), part in ranges.group_by("cc"):
        nets = [net for start, end in part.select("start", "end").rows()
                for net in IPRange(start, end).cidrs()]  # fmt: skip
        writer.insert_network(IPSet(nets), {"country": {"iso_code": code}})
    writer.to_db_file(str(path))


def _same(texts: pl.Series, answers: list[Any]) -> None:
    """Raises AssertionError where an ordinary address has another country."""
    said = pl.Series([answer["country"]["iso_code"] if answer else None for answer in answers], dtype=pl.String)
    found = _geo.locate(texts)
    ordinary = (found["reason"] != _geo.SPECIAL).fill_null(True)
    if not said.filter(ordinary).eq_missing(found["cc"].filter(ordinary)).all():
        raise AssertionError("maxminddb names other countries than the radar")


def _seconds(call: Callable[[], object]) -> float:
    """Median seconds of a call."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return median(taken)
