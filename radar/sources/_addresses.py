"""Texts of Internet addresses to numbers, many at once and as strictly as Python's ``ipaddress``.

IPv4 is read from the bytes of all texts in one block: where everything but digits stands tells where the octets are.
IPv6 goes through the C library.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Texts read at once: what is between steps stays in the cache of the processor.
PIECE = 1 << 15

_LONGEST_V4 = len("255.255.255.255")
_LONGEST_V6 = 256  # with a zone, which may be long
_NONE = bytes(16)
_BETWEEN = "\n"
_START = np.array([-1])
_ENDS = np.frombuffer(b"..." + _BETWEEN.encode(), np.uint8) - np.uint8(ord("0"))

#: By the number of an octet's digits, 0 to 4 or more: the smallest one that does not begin with a needless zero.
_LEAST = np.array([256, 0, 10, 100, 256], np.uint16)


@dataclass(frozen=True, slots=True)
class Read:
    """Some of the texts: their ``rows``, and of each the number (IPv4), or of IPv6 the upper 64 bits."""

    rows: NDArray[np.int64]
    v4: NDArray[np.uint32] | None = None
    v6: NDArray[np.uint64] | None = None


def read(texts: pl.Series) -> Iterator[Read]:
    """The addresses among some texts. A row that is of none of the parts is no address.

    IPv4 inside IPv6 (mapped, NAT64, 6to4) is given as IPv4. Of one with a zone (``fe80::1%eth0``) the zone is left out.
    """
    for begin in range(0, len(texts), PIECE):
        piece = texts.slice(begin, PIECE).fill_null("")
        short = piece
        if (piece.str.len_bytes() > _LONGEST_V4).any():
            text = pl.col("text")
            short = piece.to_frame("text").select(
                pl.when(text.str.len_bytes() <= _LONGEST_V4).then(text).otherwise(pl.lit(""))
            ).to_series()  # fmt: skip
        good, numbers = v4(short)
        yield Read(begin + good, v4=numbers)
        if len(good) < len(piece):
            yield from _rest(piece, good, begin)


def v4(texts: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """The rows that are IPv4 addresses, and their numbers. No text is null or longer than the longest address."""
    block = np.frombuffer(f"{texts.str.join(_BETWEEN).item()}{_BETWEEN}".encode(), np.uint8) - np.uint8(ord("0"))
    ends = np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64) + 1) - 1
    marks = np.flatnonzero(block > 9)
    if len(marks) == 4 * len(ends) and np.array_equal(marks[3::4], ends):
        rows = np.arange(len(ends))
        before = np.concatenate([_START, marks[:-1]])
    else:
        last = np.searchsorted(marks, ends)
        rows = np.flatnonzero(np.diff(last, prepend=-1) == 4)
        four = (last[rows, None] + np.arange(-3, 1)).ravel()
        before = np.where(four > 0, marks[four - 1], -1)
        marks = marks[four]
    octets, fits = _octets(block, before, marks)
    fits &= block[marks] == np.tile(_ENDS, len(rows))
    number = octets.view(">u4").astype(np.uint32)
    if fits.all():
        return rows, number
    good = fits.reshape(-1, 4).all(axis=1)
    return rows[good], number[good]


def _octets(
    block: NDArray[np.uint8], before: NDArray[np.int64], after: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The numbers between marks, and whether each is one from 0 to 255, written without needless zeros."""
    is_digit = block <= 9
    digit = (block * is_digit).astype(np.uint16)
    number = digit.copy()  # at each byte: of the up to three digits that end there
    number[1:] += digit[:-1] * np.uint16(10)
    number[2:] += digit[:-2] * is_digit[1:-1] * np.uint16(100)
    octet = number[after - 1]
    digits = np.minimum((after - before).astype(np.uint8) - np.uint8(1), 4)
    return octet.astype(np.uint8), (octet >= _LEAST.take(digits)) & (octet <= 255)


def _rest(texts: pl.Series, good: NDArray[np.int64], begin: int) -> Iterator[Read]:
    """The IPv6 addresses among the rows that are not in ``good``."""
    other = np.ones(len(texts), np.bool_)
    other[good] = False
    row = pl.Series("row", np.flatnonzero(other) + begin)
    asked = pl.DataFrame([texts.filter(other).alias("text"), row]).filter(
        pl.col("text").str.contains(":", literal=True) & (pl.col("text").str.len_bytes() <= _LONGEST_V6)
    )
    if asked.is_empty():
        return
    packed, is_address = _packed(asked["text"])
    halves, rows = packed[is_address], asked["row"].to_numpy()[is_address]
    inner, number = _inside(halves)
    yield Read(rows[inner], v4=number)
    yield Read(rows[~inner], v6=halves[~inner, 0])


def _packed(texts: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Upper and lower 64 bits of each text, and whether it is an IPv6 address."""
    if texts.str.contains("%", literal=True).any():
        texts = texts.str.replace("%[^%]+$", "")
    listed = texts.to_list()
    try:
        parts = [socket.inet_pton(socket.AF_INET6, text) for text in listed]
    except (OSError, ValueError):
        parts = [_one(text) for text in listed]
    good = np.array([len(part) == 16 for part in parts], np.bool_)
    block = b"".join(part or _NONE for part in parts)
    return np.frombuffer(block, ">u8").reshape(-1, 2).astype(np.uint64), good


def _one(text: str) -> bytes:
    """The bytes of an address, none where it is none."""
    try:
        return socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return b""


def _inside(halves: NDArray[np.uint64]) -> tuple[NDArray[np.bool_], NDArray[np.uint32]]:
    """Which addresses hold one of IPv4, and those."""
    upper, lower = halves[:, 0], halves[:, 1]
    mapped = (upper == 0) & (lower >> np.uint64(32) == 0xFFFF)
    nat64 = (upper == 0x0064FF9B << 32) & (lower >> np.uint64(32) == 0)
    six_to_four = upper >> np.uint64(48) == 0x2002
    inner = mapped | nat64 | six_to_four
    number = np.where(six_to_four, upper >> np.uint64(16), lower) & np.uint64(0xFFFFFFFF)
    return inner, number[inner].astype(np.uint32)
