"""What files of the archive are called, and how one is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

STAMP = "%Y%m%dT%H%M%S%fZ"
#: Length of a stamp, and of an id: stamp, dash, digest.
STAMP_LENGTH, ID_LENGTH = 22, 39

SOURCE = re.compile(r"[a-z0-9][a-z0-9_]*")
RAW_NAME = re.compile(r"(?P<order>\d{8}T\d{12}Z)-(?P<digest>[0-9a-f]{16})\.zst")
ROWS_NAME = re.compile(r"(?P<order>\d{8}T\d{12}Z)-(?P<digest>[0-9a-f]{16})(?:-(?P<received>\d{8}T\d{12}Z))?\.parquet")
#: A day: its folder has this name, and its pack the same with ``.parquet`` behind.
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PACK_NAME = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})\.parquet")


@dataclass(frozen=True, slots=True, order=True)
class ArchivedFile:
    """One answer in the archive. ``id`` is the place in the queue: files sort by it, and a cursor holds it.

    ``digest`` identifies the answer: its source, name, time and bytes. ``path`` is a file of its own, or the pack of
    its day.
    """

    id: str
    source: str
    digest: str
    received_at: datetime
    path: Path


def moment(stamp: str) -> datetime:
    """The time that ``STAMP`` wrote; by hand, as a listing reads thousands of them."""
    day, clock = stamp[:8], stamp[9:21]
    return datetime(
        int(day[:4]), int(day[4:6]), int(day[6:]),
        int(clock[:2]), int(clock[2:4]), int(clock[4:6]), int(clock[6:]), tzinfo=UTC,
    )  # fmt: skip


def day_of(stamp: str) -> str:
    """The day, ``YYYY-MM-DD``, of a stamp or of an id; "" of an empty text."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if stamp else ""
