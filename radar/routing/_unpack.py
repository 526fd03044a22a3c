"""Packed bytes to plain ones, in steps: gzip, bzip2, zstd or none of them, told apart by their first bytes.

A file may be several packed members after one another, as ``cat`` makes them. However much a file unpacks to, a step
is small: that is what bounds the memory of whoever reads it.
"""

from __future__ import annotations

import bz2
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import zstandard

from radar.errors import UpstreamChanged

#: Unpacked bytes of one step, about.
STEP = 1 << 18
_READ = 1 << 15
#: zstd has no limit on what one call gives, and four of its bytes can stand for 128 KiB: these give 16 MiB at most.
_ZSTD_READ = 512
#: A packed file whose unpacked size passes this is looked at more closely: small ones may be as dense as they like.
_SMALL = 1 << 26


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may ask of its reader.

    ``unpacked_bytes``: largest size of one file when unpacked. ``ratio``: how many bytes one packed byte may stand for
    in a file that unpacks to more than 64 MiB; table dumps reach about 12. ``record_bytes``: largest record.
    """

    unpacked_bytes: int = 32 << 30
    ratio: int = 200
    record_bytes: int = 4 << 20


class Cut(Exception):
    """The packed data end early or are damaged; what was unpacked before is good. Never leaves this package."""


class _Member(Protocol):
    """One packed member being undone. ``unused``: what was fed and lies behind its end."""

    eof: bool
    unused: bytes

    def parts(self, data: bytes) -> Iterator[bytes]:
        """What these bytes unpack to, in steps."""


class _Gzip:
    def __init__(self) -> None:
        self.eof, self.unused = False, b""
        self._machine = zlib.decompressobj(wbits=31)

    def parts(self, data: bytes) -> Iterator[bytes]:
        machine = self._machine
        while part := machine.decompress(data, STEP):
            yield part
            if machine.eof:
                break
            data = machine.unconsumed_tail
        self.eof, self.unused = machine.eof, machine.unused_data


class _Bzip2:
    def __init__(self) -> None:
        self.eof, self.unused = False, b""
        self._machine = bz2.BZ2Decompressor()

    def parts(self, data: bytes) -> Iterator[bytes]:
        machine = self._machine
        yield machine.decompress(data, STEP)
        while not machine.eof and not machine.needs_input:
            yield machine.decompress(b"", STEP)
        self.eof, self.unused = machine.eof, machine.unused_data


class _Zstd:
    def __init__(self) -> None:
        self.eof, self.unused = False, b""
        self._machine = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def parts(self, data: bytes) -> Iterator[bytes]:
        at = 0
        while at < len(data) and not self._machine.eof:
            yield self._machine.decompress(data[at : at + _ZSTD_READ])
            at += _ZSTD_READ
        self.eof, self.unused = self._machine.eof, self._machine.unused_data + data[at:]


_FORMS: tuple[tuple[bytes, Callable[[], _Member]], ...] = (
    (b"\x1f\x8b", _Gzip),
    (b"BZh", _Bzip2),
    (b"\x28\xb5\x2f\xfd", _Zstd),
)
_BROKEN = (zlib.error, OSError, EOFError, ValueError, zstandard.ZstdError)


class _Feed:
    """A file's bytes with a place to put some back. ``read``: how many it gave."""

    def __init__(self, data: bytes | BinaryIO) -> None:
        self._stream = data if not isinstance(data, bytes | bytearray | memoryview) else io.BytesIO(data)
        self._held = b""
        self.read = 0

    def take(self) -> bytes:
        """Some bytes; none at the end."""
        held, self._held = self._held, b""
        return held or self._more()

    def put_back(self, data: bytes) -> None:
        """The next bytes to take."""
        self._held = data + self._held

    def begins(self) -> bytes:
        """The next four bytes, which stay; fewer at the end."""
        while len(self._held) < 4 and (more := self._more()):
            self._held += more
        return self._held[:4]

    def pass_zeros(self) -> None:
        """Tapes, and some tools, fill up with zeros."""
        while self.begins()[:1] == b"\0":
            self._held = self._held.lstrip(b"\0")

    def _more(self) -> bytes:
        more = self._stream.read(_READ)
        self.read += len(more)
        return more


def unpacked(data: bytes | BinaryIO, *, source: str, limits: Limits) -> Iterator[bytes]:
    """The plain bytes of a file, in steps.

    Parameters
    ----------
    data
        The file's bytes, or an open file that gives them by ``read(n)``.
    source
        Named in errors.

    Raises
    ------
    Cut
        After the last good step: the packed data end early, are damaged, or go on with something else.
    UpstreamChanged
        The file unpacks to more than the limits allow.
    """
    feed = _Feed(data)
    make = _form(feed.begins())
    size = 0
    if make is None:
        while part := feed.take():
            size += len(part)
            _check(size, size, source, limits)
            yield part
        return
    while make is not None:
        member = make()
        while not member.eof:
            taken = feed.take()
            if not taken:
                raise Cut(f"the packed data end early, after {size} unpacked bytes")
            try:
                for part in member.parts(taken):
                    size += len(part)
                    _check(size, feed.read, source, limits)
                    yield part
            except _BROKEN as error:
                raise Cut(f"the packed data are damaged after {size} unpacked bytes: {error}") from error
        feed.put_back(member.unused)
        feed.pass_zeros()
        if not feed.begins():
            return
        make = _form(feed.begins())
    raise Cut(f"something else follows the packed data, after {size} unpacked bytes")


def _form(begin: bytes) -> Callable[[], _Member] | None:
    """What undoes data that begin so; None when they are not packed."""
    return next((make for magic, make in _FORMS if begin.startswith(magic)), None)


def _check(size: int, read: int, source: str, limits: Limits) -> None:
    if size > limits.unpacked_bytes:
        raise UpstreamChanged(source, f"the file unpacks to more than {limits.unpacked_bytes} bytes")
    if size > _SMALL and size > limits.ratio * read:
        raise UpstreamChanged(source, f"{read} packed bytes unpack to {size} and more; expected at most {limits.ratio} "
                              "times as many")  # fmt: skip
