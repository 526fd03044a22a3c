"""Packed log files as streams: gzip, zstd and bzip2, in steps of bounded size whatever a few bytes stand for."""

from __future__ import annotations

import bz2
import zlib
from typing import Any, cast

import zstandard

from radar.errors import UpstreamChanged

#: How files that are packed begin, and how many bytes are taken at a time.
PACKINGS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh")
STEP = 1 << 18


class Unpacked:
    """The content of a packed file, a little at a time. ``cut``: it ended before its end."""

    def __init__(self, opened: Any, first: bytes) -> None:
        self._opened, self._first = opened, first
        self._machine = self._fresh()
        self._input = self._buffer = b""
        self.cut = False

    def _fresh(self) -> Any:
        if self._first.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31)
        if self._first.startswith(b"BZh"):
            return bz2.BZ2Decompressor()
        return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def read(self, size: int) -> bytes:
        """At most so many bytes; b"" at the end. Raises UpstreamChanged for damaged data."""
        while not self._buffer:
            if self._machine.eof:
                self._input = (self._machine.unused_data or b"") + self._input or self._opened.read(STEP)
                if not self._input:
                    return b""
                self._machine = self._fresh()
            try:
                more = self._step()
            except (zlib.error, zstandard.ZstdError, OSError, EOFError, ValueError) as error:
                raise UpstreamChanged("logs", f"packed data are damaged ({type(error).__name__})") from None
            if more is None:
                self.cut = True
                return b""
            self._buffer = more
        out, self._buffer = self._buffer[:size], self._buffer[size:]
        return out

    def _step(self) -> bytes | None:
        """Some content; None where the input ends early."""
        machine = self._machine
        hungry = machine.needs_input if isinstance(machine, bz2.BZ2Decompressor) else True
        if hungry and not self._input:
            self._input = self._opened.read(STEP)
            if not self._input:
                return None
        if isinstance(machine, bz2.BZ2Decompressor):
            given = b""
            if hungry:
                given, self._input = self._input, b""
            return machine.decompress(given, STEP)
        if self._first.startswith(b"\x1f\x8b"):
            out = cast(bytes, machine.decompress(self._input, STEP))
            self._input = b"" if machine.eof else machine.unconsumed_tail
            return out
        # four bytes of zstd can stand for 128 KiB
        given, self._input = self._input[:256], self._input[256:]
        return cast(bytes, machine.decompress(given))
