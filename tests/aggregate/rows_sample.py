"""Raw rows for the tests of roll-ups, and what they must give, worked out one by one in plain Python."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from radar.aggregate.rollup.rows import KEYS

T0 = datetime(2026, 3, 2, tzinfo=UTC)
TYPES = {
    "time": pl.Datetime("us", "UTC"), "country": pl.String, "asn": pl.UInt32, "region": pl.String,
    "provider": pl.String, "status": pl.UInt16, "bytes": pl.UInt64, "rtt_ms": pl.Float64,
    "throughput_mbps": pl.Float64, "client": pl.UInt64,
}  # fmt: skip

Row = dict[str, Any]


def digest(client: int) -> int:
    """64 bits that stand for a client."""
    return int.from_bytes(blake2b(client.to_bytes(8, "big"), digest_size=8).digest(), "big")


#: Rows in three hours of a few entities, so that groups have several rows; anything but the key may be null.
rows = st.lists(
    st.fixed_dictionaries(
        {
            "time": st.integers(0, 3 * 3600 * 1000).map(lambda ms: T0 + timedelta(milliseconds=ms)),
            "country": st.sampled_from(["IQ", "ID", "US", "XK"]),
            "asn": st.sampled_from([1, 8075, 65536, 4_200_000_000]),
            "region": st.sampled_from(["US-CA", "ID-JK"]),
            "provider": st.sampled_from(["acme-dns", "acme"]),
            "status": st.none() | st.sampled_from([0, 200, 301, 404, 500, 503]),
            "bytes": st.none() | st.integers(0, 2**40),
            "rtt_ms": st.none() | st.integers(0, 600_000_000).map(lambda us: us / 1000),
            "throughput_mbps": st.none() | st.integers(1, 10**6).map(lambda kilo: kilo / 1000),
            "client": st.none() | st.integers(0, 40).map(digest),
        }
    ),
    min_size=1,
    max_size=60,
)


def frame(some: list[Row]) -> pl.DataFrame:
    """Rows as a table."""
    return pl.DataFrame(some, schema=TYPES)


def write(path: Path, some: list[Row]) -> str:
    """Rows as a Parquet file."""
    frame(some).write_parquet(path)
    return str(path)


def groups(some: list[Row], by: str, grain_s: int) -> dict[tuple[Any, ...], list[Row]]:
    """(bin, key) -> its rows."""
    found = defaultdict(list)
    for row in some:
        second = int(row["time"].timestamp()) // grain_s * grain_s
        found[(datetime.fromtimestamp(second, UTC), *(row[key] for key in KEYS[by]))].append(row)
    return dict(found)


def values(some: list[Row], name: str) -> list[Any]:
    """What the rows say, sorted."""
    return sorted(row[name] for row in some if row[name] is not None)


def error_share(some: list[Row]) -> float | None:
    """Of the rows with a status, those that failed."""
    said = values(some, "status")
    return sum(status >= 500 or status == 0 for status in said) / len(said) if said else None


def percentile(some: list[Row], name: str, share: float) -> float | None:
    """The value at the nearest place."""
    said = values(some, name)
    return said[round(share * (len(said) - 1))] if said else None
