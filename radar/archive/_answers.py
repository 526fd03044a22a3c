"""An upstream answer as bytes on disk: a zstd skippable frame with a JSON header, then a zstd frame.

``zstd -dc`` gives the upstream's very bytes. Format: Zstandard (RFC 8878).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from datetime import datetime

import orjson
import zstandard

from radar.archive._names import STAMP, ArchivedFile

_SKIPPABLE = 0x184D2A50

#: What :func:`unpack` raises for bytes that hold no whole answer, or another one.
BROKEN = (ValueError, KeyError, struct.error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An upstream answer as it came."""

    source: str
    name: str
    body: bytes
    received_at: datetime
    simulated: bool


def digest_of(source: str, name: str, moment: datetime, body: bytes) -> str:
    """What identifies an answer: 16 hexadecimal digits."""
    whole = hashlib.sha256(f"{source}\0{name}\0{moment.strftime(STAMP)}\0".encode())
    whole.update(body)
    return whole.hexdigest()[:16]


def pack(source: str, name: str, body: bytes, *, stamp: str, digest: str, simulated: bool) -> bytes:
    """The bytes of the file that holds an answer."""
    header = orjson.dumps(
        {"source": source, "name": name, "received_at": stamp, "simulated": simulated, "digest": digest}
    )
    packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(body)
    return struct.pack("<II", _SKIPPABLE, len(header)) + header + packed


def unpack(data: bytes, file: ArchivedFile) -> RawAnswer:
    """The answer that a file's bytes hold, checked against its digest. Raises one of ``BROKEN``."""
    magic, size = struct.unpack_from("<II", data)
    if magic != _SKIPPABLE:
        raise ValueError("it does not begin with a header")
    header = orjson.loads(data[8 : 8 + size])
    packed = data[8 + size :]
    if not packed:
        raise ValueError("it ends after the header")
    reader = zstandard.ZstdDecompressor().decompressobj()
    body = reader.decompress(packed)
    if not reader.eof:
        raise ValueError("it is cut short")
    if digest_of(header["source"], header["name"], file.received_at, body) != file.digest:
        raise ValueError("its content does not match its digest")
    return RawAnswer(header["source"], header["name"], body, file.received_at, bool(header["simulated"]))
