"""Tables of address ranges as arrays: those that come with the radar, or the operator's own (setting ``ranges``).

A folder of one's own holds ``.mmdb`` files (MaxMind DB; a country's ``iso_code``, ``autonomous_system_number``) or
Parquet files with ``start``, ``end`` (whole numbers; of IPv6 the upper 64 bits) and ``cc`` or ``asn``. A file's name
with ``v6`` in it says that its numbers are of IPv6. What the folder does not say comes from the radar's own tables.

They become one index (:mod:`radar.sources._range_index`) that gives country, network, and whether the address is an
ordinary one at all.
"""

from __future__ import annotations

import ipaddress
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import polars as pl

from radar.errors import ConfigError, UpstreamChanged
from radar.sources import _mmdb
from radar.sources._bytes import parquet
from radar.sources._range_index import Index, Numbers, Ranges, build

#: Not of one client on the open Internet (IANA's registries of special-purpose addresses; multicast; reserved).
SPECIAL_V4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/3",
)  # fmt: skip
SPECIAL_V6 = ("::/3", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/1")


def own(table: str, family: int) -> pl.DataFrame:
    """A table that comes with the radar, sorted by start; country codes as text."""
    with as_file(files("radar").joinpath(f"data/ip_{table}_v{family}.parquet")) as path:
        ranges = pl.read_parquet(path).with_columns(pl.col("start").set_sorted())
    return ranges.with_columns(pl.col("cc").cast(pl.String)) if "cc" in ranges.columns else ranges


def _special(family: int) -> tuple[Numbers, Numbers]:
    """Starts and ends of the special blocks."""
    nets = [ipaddress.ip_network(text) for text in (SPECIAL_V4 if family == 4 else SPECIAL_V6)]
    flat = sorted(ipaddress.collapse_addresses(nets))  # type: ignore[type-var]  # all of one family
    shift = 0 if family == 4 else 64
    return (np.array([int(net[0]) >> shift for net in flat], np.uint64),
            np.array([int(net[-1]) >> shift for net in flat], np.uint64))  # fmt: skip


def own_index() -> Index:
    """The index of the tables that come with the radar."""
    return build({family: Ranges(own("country", family), own("asn", family), _special(family)) for family in (4, 6)})


def read(folder: Path) -> Index:
    """The index of the tables of a folder. Raises ConfigError naming the file that cannot be used and why."""
    found: dict[tuple[str, int], list[pl.DataFrame]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            if path.suffix == ".mmdb":
                for key, table in _mmdb.read(path).items():
                    found.setdefault(key, []).append(table)
            elif path.suffix == ".parquet":
                family = 6 if "v6" in path.stem else 4
                table = _checked(parquet(path.read_bytes(), source="ranges"), family)
                kind = "country" if "cc" in table.columns else "asn"
                found.setdefault((kind, family), []).append(table)
        except (OSError, ValueError, UpstreamChanged) as error:
            raise ConfigError(f"RADAR_RANGES: {path.name} cannot be used: {error}") from error
    if not found:
        raise ConfigError(f"RADAR_RANGES: no table in {str(folder)!r}; expected .mmdb or .parquet files")
    both = {}
    for family in (4, 6):
        parts = [found.get((kind, family)) for kind in ("country", "asn")]
        tables = [pl.concat(part).sort("start") if part else own(kind, family)
                  for part, kind in zip(parts, ("country", "asn"), strict=True)]  # fmt: skip
        both[family] = Ranges(tables[0], tables[1], _special(family))
    return build(both)


def _checked(table: pl.DataFrame, family: int) -> pl.DataFrame:
    """Raises ValueError where it is no table of ranges."""
    value = next((name for name in ("cc", "asn") if name in table.columns), None)
    if value is None or not {"start", "end"} <= set(table.columns):
        raise ValueError(f"columns are {table.columns}; expected start, end and cc or asn")
    try:
        table = table.select(
            pl.col("start", "end").cast(pl.UInt64), pl.col(value).cast(pl.String if value == "cc" else pl.UInt32)
        ).drop_nulls()
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"start, end or {value} is no number that fits") from error
    table = table.sort("start")
    if table.is_empty() or (table["start"] > table["end"]).any() or (table["end"] >= table["start"].shift(-1)).any():
        raise ValueError("it has no ranges, or ranges that overlap")
    if family == 4 and table["end"][-1] >= 2**32:
        raise ValueError("it has numbers beyond IPv4; the name of a table of IPv6 has 'v6' in it")
    return table
