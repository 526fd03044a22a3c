"""The table by which the site tells a reader's network (:mod:`radar.beacon.places` has its form and reads it). The
site itself must not load what the index of ranges is made of, so the worker writes it down.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from pathlib import Path

import numpy as np
import polars as pl

from radar.sources._range_index import Index

FILE = "places.bin"

_HEAD = struct.Struct("<8sIII16s")
_MAGIC = b"RADARPL1"


def packed(index: Index) -> bytes:
    """The table's bytes: the same index gives the same."""
    places = index.places.select(pl.col("cc").cast(pl.String).fill_null("\0\0"), pl.col("asn").fill_null(0))
    rest = b"".join([
        index.v6.start.astype("<u8").tobytes(),
        index.v4.start.astype("<u4").tobytes(),
        index.v4.row.astype("<u4").tobytes(),
        index.v6.row.astype("<u4").tobytes(),
        places["asn"].to_numpy().astype("<u4").tobytes(),
        np.array(places["cc"].to_list(), dtype="S2").tobytes(),
    ])  # fmt: skip
    digest = blake2b(rest, digest_size=16).digest()
    return _HEAD.pack(_MAGIC, len(index.v6), len(index.v4), places.height, digest) + rest


def keep(folder: Path, index: Index) -> bool:
    """Write the table into the folder, unless it is there already; whoever reads sees a whole one. Raises OSError."""
    body, path = packed(index), folder / FILE
    try:
        with path.open("rb") as file:
            if file.read(_HEAD.size) == body[: _HEAD.size] and path.stat().st_size == len(body):
                return False
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_bytes(body)
    draft.replace(path)
    return True
