"""Bytes of many lines at once, eight in a word: where a value ends, what number it spells, which texts differ.

A word is a little-endian ``uint64``, so that its lowest byte stands first in the text. Some arithmetic on it works on
eight bytes together, as in "SIMD within a register" (Lamport, CACM 1975; Lemire's notes on parsing eight digits). All
functions take arrays and tell of each element whether it is what it should be; none raises.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Counts = NDArray[np.uint8]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


def word(text: bytes) -> np.uint64:
    """Up to eight bytes as a word."""
    return np.uint64(int.from_bytes(text[:8], "little"))


LOW, HIGH = word(b"\x01" * 8), word(b"\x80" * 8)
ZEROS = word(b"0" * 8)
NULL = word(b"null")

#: By number of bytes, 0 to 8: a mask of so many first bytes, and how far to shift so that they become the last.
BELOW = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
_SHIFT = np.array([64 - 8 * n for n in range(9)], np.uint64)

_TENS = np.array([10**n for n in range(17)], np.uint64)
_REAL_TENS = _TENS.astype(np.float64)
#: Digits of a number that a double holds exactly, so that dividing it by a power of ten rounds once, as a parser does.
_EXACT = 15

_U8 = np.uint64(8)
_FIRST, _ZERO, _POINT = np.uint64(0xFF), np.uint64(ord("0")), ord(".")


def windows(data: bytes, width: int) -> NDArray[Any]:
    """The ``width`` bytes from each place of the data on, to be gathered by places."""
    return np.ndarray((len(data) - width + 1,), f"V{width}", data, strides=(1,))


def gathered(data: bytes, places: Rows, words: int) -> Words:
    """So many words from each place on, in one copy: a row for the first words of all places, one for the second."""
    return np.ascontiguousarray(windows(data, 8 * words)[places].view("<u8").reshape(-1, words).T)


def at(block: Words, offset: int) -> Words:
    """The words that stand ``offset`` bytes after each place."""
    first, bits = offset >> 3, np.uint64((offset & 7) << 3)
    if not bits:
        aligned: Words = block[first]
        return aligned
    joined: Words = (block[first] >> bits) | (block[first + 1] << (np.uint64(64) - bits))
    return joined


def place_of(words: Words, byte: int) -> Counts:
    """Which byte of a word is the first of that value; 8 where none is."""
    return _first_of(_hits(words, byte))


def _hits(words: Words, byte: int) -> Words:
    """The lowest bit that is set stands in the first byte of that value; zero where none is."""
    x = words ^ word(bytes([byte]) * 8)
    return (x - LOW) & ~x & HIGH


def _first_of(hits: Words) -> Counts:
    below: Counts = np.bitwise_count((hits - np.uint64(1)) & ~hits)
    return below >> np.uint8(3)


def length(block: Words, offset: int, words: int, byte: int) -> NDArray[np.int64]:
    """Bytes from ``offset`` to the first of that value; ``8 * words`` where it is not among so many words."""
    hits = _hits(at(block, offset), byte)
    passed = np.zeros(len(hits), np.int64)
    for number in range(1, words):
        left = hits == 0
        if not left.any():
            break
        hits = np.where(left, _hits(at(block, offset + 8 * number), byte), hits)
        passed += left
    return (passed << 3) + _first_of(hits)


def shortened(words: Words, count: NDArray[Any]) -> Words:
    """Words of which only so many first bytes are kept, the others zero."""
    return words & BELOW.take(count, mode="clip")


def _digits(words: Words, count: NDArray[Any]) -> tuple[Words, Words]:
    """The number that the first ``count`` (0 to 8) bytes spell, and not zero where one of them is no digit."""
    x = (words ^ ZEROS) << _SHIFT.take(count, mode="clip")
    wrong = ((x + word(b"\x76" * 8)) | x) & HIGH
    x = (x * np.uint64(2561)) >> _U8
    x = ((x & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601)) >> np.uint64(16)
    return ((x & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001)) >> np.uint64(32), wrong


def whole(block: list[Words], count: NDArray[np.int64]) -> tuple[Words, Flags]:
    """Numbers of 1 to 19 digits, without sign and leading zeros, and where there is none."""
    first = block[0]
    number, odd = _digits(first, count)
    wrong = (odd != 0) | (count == 0) | (((first & _FIRST) == _ZERO) & (count > 1))
    for at_word, words in enumerate(block[1:], 1):
        long = np.flatnonzero(count > 8 * at_word)
        if not len(long):
            break
        more = np.minimum(count[long] - 8 * at_word, 8)
        rest, odd = _digits(words[long], more)
        number[long] = number[long] * _TENS.take(more) + rest
        wrong[long] |= odd != 0
    return number, wrong | (count > min(19, 8 * len(block)))


def decimal(block: list[Words], count: NDArray[np.int64]) -> tuple[NDArray[np.float64], Flags]:
    """Numbers as ``whole`` or with digits after a point, of at most 16 bytes and 15 digits, and where there is none.

    Each is the double that is nearest to what is spelled, which is what other readers of numbers give.
    """
    first = block[0]
    point = np.minimum(place_of(first, _POINT), count)
    joined, digits = _joined(first, np.minimum(count, 8), point)
    number, odd = _digits(joined, digits)
    wrong = (odd != 0) | (count == 0) | (count > 16)
    long = np.flatnonzero(count > 8)
    if len(long):
        rest, end, has = block[1][long], np.minimum(count[long] - 8, 8), point[long] < 8
        second = np.where(has, end, np.minimum(place_of(rest, _POINT), end))
        joined, more = _joined(rest, end, second)
        tail, odd = _digits(joined, more)
        number[long] = number[long] * _TENS.take(more) + tail
        digits[long] += more
        wrong[long] |= (odd != 0) | (digits[long] > _EXACT)
        point[long] = np.where(has, point[long], 8 + second)
    wrong |= (point == 0) | (point + 1 == count) | (((first & _FIRST) == _ZERO) & (point > 1))
    return number.astype(np.float64) / _REAL_TENS.take(digits - point, mode="clip"), wrong


def _joined(words: Words, count: NDArray[Any], point: NDArray[Any]) -> tuple[Words, NDArray[np.int64]]:
    """Words without the byte at ``point`` (``count`` where there is none), and how many bytes are left."""
    before = BELOW.take(point, mode="clip")
    return (words & before) | ((words >> _U8) & ~before), count - (point < count)


#: Bits of the number of a bucket, round by round: in most columns few texts differ, in some nearly all do.
_BUCKETS = (10, 17, 17)
_ODD = tuple(np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))


def distinct(keys: list[Words]) -> tuple[Rows, NDArray[np.uint32]]:
    """Which texts differ: a row of each, and for every row the number of its text among them.

    ``keys`` are the words of a text, the same number for all. Where very many differ, one may be listed more than once;
    every row's number is that of its own text.
    """
    codes = np.zeros(len(keys[0]), np.uint32)
    firsts: list[Rows] = []
    left = np.arange(len(keys[0]))
    made = 0
    for bits, odd in zip(_BUCKETS, _ODD, strict=True):
        own = keys if len(left) == len(codes) else [key[left] for key in keys]
        mixed = own[0] * odd
        for key in own[1:]:
            mixed = ((mixed ^ (mixed >> np.uint64(32))) + key) * odd
        bucket = (mixed >> np.uint64(64 - bits)).astype(np.int64)
        owner = np.full(1 << bits, -1)
        owner[bucket] = left
        mine = owner.take(bucket)
        same = np.ones(len(left), np.bool_)
        for key, all_of_it in zip(own, keys, strict=True):
            same &= all_of_it.take(mine) == key
        used = np.flatnonzero(owner >= 0)
        firsts.append(owner[used])
        number = np.zeros(1 << bits, np.uint32)
        number[used] = np.arange(made, made + len(used), dtype=np.uint32)
        codes[left] = number.take(bucket)
        made += len(used)
        left = left[~same]
        if not len(left):
            break
    else:
        codes[left] = np.arange(made, made + len(left), dtype=np.uint32)
        firsts.append(left)
    return np.concatenate(firsts), codes
