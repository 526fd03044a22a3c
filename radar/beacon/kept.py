"""The one line that stays of a measurement: hour, country, network, round-trip time, download rate. No address, no
time of day, nothing about the browser.

Lines lie in ``<data_dir>/beacon/<hour>.ndjson`` until the source ``speed_beacon`` has read the hour.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import orjson

from radar.beacon.places import Place
from radar.beacon.told import Told
from radar.times import rfc3339

#: Bytes of one hour's file: some 60,000 lines.
MOST_BYTES = 6 * 2**20


class Full(Exception):
    """The hour holds all that it may."""


def line(place: Place, told: Told, now: datetime) -> dict[str, str | int | float | None]:
    """What is kept; null for no country, no network, no download."""
    return {"hour": rfc3339(now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)), "cc": place.cc or None,
            "asn": place.asn or None, "rtt_ms": told.rtt_ms, "mbps": told.mbps}  # fmt: skip


def keep(folder: Path, kept: dict[str, str | int | float | None], now: datetime) -> None:
    """Append a line in one write, so that lines of several processes never mix. Raises Full and OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now.astimezone(UTC):%Y-%m-%dT%H}.ndjson"
    place = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.fstat(place).st_size >= MOST_BYTES:
            raise Full
        os.write(place, orjson.dumps(kept) + b"\n")
    finally:
        os.close(place)
