"""Lines of one template read byte by byte, by compiled code that needs no lock of the interpreter.

A template (``_edge_template``) is a list of steps, each a known text and a value after it. :func:`scan` walks the lines
of a chunk along the steps. Numbers become numbers; texts become numbers of texts, told by where each stands for the
first time; times are kept without their seconds, once for lines of the same minute in a row. A line that differs in one
byte is not of the template, and where it ends is looked for.

Bytes are looked at eight in a word: a little-endian ``uint64``, so that its lowest byte stands first in the text. Some
arithmetic on it works on eight bytes together, as in "SIMD within a register" (Lamport, CACM 1975).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Kinds of values, by number.
KINDS = {"skip": 0, "bare": 1, "text": 2, "whole": 3, "real": 4, "time": 5, "null": 6, "request": 7}
_SKIP, _BARE, _TEXT, _WHOLE, _REAL, _TIME, _NULL, _REQUEST = range(8)
#: Columns of the table of steps. ``LEAD``: the known text's first word; ``SIZE``: its bytes; ``COLUMN``: where the
#: value is kept; ``SLOTS``: the table in which its texts are looked up; ``NONE``: spellings of nothing, by bits
#: (``NONES``); ``FORBIDDEN``: a byte that it must not have; ``BLANK``: whether a blank is another.
LEAD, SIZE, KIND, STOP, COLUMN, SLOTS, NONE, FORBIDDEN, BLANK, LENGTH = range(10)
COLUMNS = 10
#: Spellings of nothing -> bit.
NONES = {b"null": 1, b"-": 2, b"": 4, b"true": 8, b"false": 16}

#: Number of the text of a value that has none.
NO_TEXT = 0xFFFF_FFFF

_PRIME = np.uint64(0x9E37_79B9_7F4A_7C15)
_ONES, _HIGH, _ZEROS = (np.uint64(int.from_bytes(bytes([byte]) * 8, "little")) for byte in (0x01, 0x80, 0x30))
_BACKSLASHES, _BLANKS, _NEWLINES, _POINTS = (
    np.uint64(int.from_bytes(bytes([byte]) * 8, "little")) for byte in (0x5C, 0x20, 0x0A, 0x2E)
)
_LOW, _LEFT, _RIGHT, _SIXES = (
    np.uint64(int.from_bytes(bytes([byte]) * 8, "little")) for byte in (0x7F, 0xF0, 0x0F, 0x06)
)
_PAIRS, _FOURS = np.uint64(0x00FF_00FF_00FF_00FF), np.uint64(0x0000_FFFF_0000_FFFF)
_SUM = np.uint64(0x0001_0001_0001_0001)
_ZERO, _ONE, _TEN = np.uint64(0), np.uint64(1), np.uint64(10)
_NINE, _FORTY_EIGHT, _POINT, _BYTE = (np.uint64(number) for number in (9, 48, 46, 255))
_NEWLINE, _BLANK, _BACKSLASH = (np.uint64(ord(text)) for text in "\n \\")
_SEVEN, _EIGHT, _SIXTEEN, _THIRTY_TWO = (np.uint64(number) for number in (7, 8, 16, 32))
_HUNDRED, _TEN_THOUSAND, _HALF_WORDS = np.uint64(100), np.uint64(10_000), np.uint64(0xFFFF_FFFF)
_SHIFT, _LAST_BYTE = np.uint64(29), np.uint64(56)
_WORDS = {text: np.uint64(int.from_bytes(text[:8], "little")) for text in (b"null", b"true", b"false", b"HTTP/", b"-")}
_NULL_WORD, _TRUE_WORD, _FALSE_WORD, _HTTP_WORD, _DASH_WORD = _WORDS.values()
#: Powers of ten that divide a number of 15 digits, which a double holds exactly: it is rounded once, as a parser does.
_TENS = np.array([10.0**n for n in range(16)])
_MOST = np.uint64(2**63 - 1)

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiled at the first call, and kept on disk where there is a place that can be written."""
    try:
        made: Any = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder that can be written: compiled anew in each process
        made = numba.njit(nogil=True)(function)
    return cast(_Function, made)


def _load(context: Any, address: Any) -> Any:
    """The word at an address. What takes no array has no users of arrays to count, which takes longer than its work."""

    def generate(_: Any, builder: Any, __: Any, given: Any) -> Any:
        return builder.load(builder.inttoptr(given[0], ir.IntType(64).as_pointer()), align=1)

    return numba.types.uint64(numba.types.int64), generate


_word: Any = intrinsic(_load)


class Found(NamedTuple):
    """What lines say, by column and row. ``ok``: the line is of the template; all else is of no meaning where not.

    ``whole``, ``real``: numbers; ``code``: numbers of texts; ``none``: whether nothing is said. ``first``, ``size`` and
    ``made``: the address at which each text of a column stands for the first time, its bytes, and how many there are.
    ``run``, ``key`` and ``runs``: the row in which a time begins, the time without its seconds in words, and how many
    there are.
    ``seed``: so that nobody can choose texts that all fall into one slot.
    """

    ok: Flags
    whole: NDArray[np.uint64]
    real: NDArray[np.float64]
    code: NDArray[np.uint32]
    none: Flags
    slots: NDArray[np.int32]
    digest: NDArray[np.uint64]
    first: NDArray[np.int64]
    size: NDArray[np.int32]
    made: NDArray[np.int64]
    run: NDArray[np.int64]
    key: NDArray[np.uint64]
    runs: NDArray[np.int64]
    seed: np.uint64


def room(rows: int, columns: int, texts: int, words: int) -> Found:
    """Room for so many lines: nothing is read yet. ``texts``: columns of texts; ``words``: of the time."""
    shape = (columns, rows)
    return Found(
        np.zeros(rows, np.bool_),
        np.empty(shape, np.uint64),
        np.empty(shape, np.float64),
        np.empty(shape, np.uint32),
        np.zeros(shape, np.bool_),
        np.zeros((texts, 1 << max(4, (2 * rows - 1).bit_length())), np.int32),
        np.empty(shape, np.uint64),
        np.empty(shape, np.int64),
        np.empty(shape, np.int32),
        np.zeros(columns, np.int64),
        np.empty(rows, np.int64),
        np.empty((rows, words), np.uint64),
        np.zeros(1, np.int64),
        np.uint64(secrets.randbits(64)),
    )


class Steps(NamedTuple):
    """A template as numbers: ``steps`` (a row each; the last is what follows the last value), the words of all known
    texts with their masks, and the words of the time: which bits are of digits, what makes a byte that is none overflow
    when it is added, and which bits are of the time at all."""

    steps: NDArray[np.int64]
    leads: NDArray[np.uint64]
    masks: NDArray[np.uint64]
    digits: NDArray[np.uint64]
    adds: NDArray[np.uint64]
    whole: NDArray[np.uint64]


@compiled
def _masked(word: Any, size: int) -> Any:
    """A word of which only so many first bytes are kept, the others zero."""
    return word if size >= 8 else word & ((_ONE << np.uint64(8 * size)) - _ONE)


@compiled
def _end(at: int, stop: int) -> Any:
    """Where the first byte ``stop`` is; -1 where a control byte or a backslash comes before. The data end with one."""
    stops = np.uint64(stop) * _ONES
    passed = 0
    while True:
        word = _word(at + passed)
        x, y = word ^ stops, word ^ _BACKSLASHES
        hits = (((x - _ONES) & ~x) | ((y - _ONES) & ~y) | ((word - _BLANKS) & ~word)) & _HIGH
        if hits != _ZERO:
            # bytes up to the lowest of the bits that are set
            end = at + passed + np.int64(((((hits - _ONE) & ~hits) & _ONES) * _ONES) >> _LAST_BYTE) - 1
            return end if np.int64(_word(end) & _BYTE) == stop else -1
        passed += 8


@compiled
def breaks(words: Any) -> Any:
    """Line breaks in so many words, and whether all of their bytes are ASCII."""
    total, together = np.int64(0), _ZERO
    for begin in range(0, len(words), 255):  # so many a byte can count
        block, counts, seen = words[begin : begin + 255], _ZERO, _ZERO
        for at in range(len(block)):
            x = block[at] ^ _NEWLINES
            counts += (~(((x & _LOW) + _LOW) | x) & _HIGH) >> _SEVEN
            seen |= block[at]
        total = total + np.int64((((counts & _PAIRS) + ((counts >> _EIGHT) & _PAIRS)) * _SUM) >> _FORTY_EIGHT)
        together |= seen
    return total, together & _HIGH == _ZERO


@compiled
def joined(places: Any, sizes: Any, out: Any) -> None:
    """Write the texts at these addresses one after the other, a line break after each."""
    at = 0
    for number in range(len(places)):
        for offset in range(sizes[number]):
            out[at] = np.uint8(_word(places[number] + offset) & _BYTE)
            at += 1
        out[at] = np.uint8(_NEWLINE)
        at += 1


@compiled
def _digits(word: Any, size: int) -> Any:
    """The number that the first 1 to 8 bytes of a word spell, and whether all of them are digits."""
    word <<= np.uint64(8 * (8 - size))
    if size < 8:
        word |= _ZEROS >> np.uint64(8 * size)
    fits = word & _LEFT == _ZEROS and (word + _SIXES) & _LEFT == _ZEROS
    word &= _RIGHT
    word = (word * _TEN + (word >> _EIGHT)) & _PAIRS
    word = (word * _HUNDRED + (word >> _SIXTEEN)) & _FOURS
    return (word * _TEN_THOUSAND + (word >> _THIRTY_TWO)) & _HALF_WORDS, fits


@compiled
def _whole(at: int, end: int) -> Any:
    """The number of 1 to 19 digits, without sign and leading zeros, that stands there, and whether there is one."""
    size = end - at
    plain = size == 1 or (_word(at) & _BYTE) != _FORTY_EIGHT
    if 0 < size <= 8:
        few, fits = _digits(_word(at), size)
        return few, fits and plain
    number, worst = _ZERO, _ZERO
    for place in range(at, end):
        digit = (_word(place) & _BYTE) - _FORTY_EIGHT
        worst = max(worst, digit)
        number = number * _TEN + digit
    return number, worst <= _NINE and 0 < size <= 19 and number <= _MOST and plain


@compiled
def _real(at: int, end: int) -> Any:
    """The same with digits after a point, of at most 16 bytes and 15 digits: the double that is nearest to it."""
    size = end - at
    plain = (_word(at) & _BYTE) != _FORTY_EIGHT
    if 0 < size <= 8:
        word = _masked(_word(at), size)
        x = word ^ _POINTS
        hits = (x - _ONES) & ~x & _HIGH
        if hits == _ZERO:
            few, good = _digits(word, size)
            return np.float64(few), good and (size == 1 or plain)
        # without its first point; another one is no digit
        before = np.int64(((((hits - _ONE) & ~hits) & _ONES) * _ONES) >> _LAST_BYTE) - 1
        if before == 0 or before == size - 1:
            return 0.0, False
        cut = np.uint64(8 * before)
        word = (word & ((_ONE << cut) - _ONE)) | ((word >> cut >> _EIGHT) << cut)
        few, good = _digits(word, size - 1)
        return np.float64(few) / _TENS[size - 1 - before], good and (before == 1 or plain)
    number, worst, points, point = _ZERO, _ZERO, 0, end
    for place in range(at, end):
        byte = _word(place) & _BYTE
        if byte == _POINT:
            points += 1
            point = place
        else:
            digit = byte - _FORTY_EIGHT
            worst = max(worst, digit)
            number = number * _TEN + digit
    whole, after = point - at, max(end - point - 1, 0)
    fits = worst <= _NINE and whole > 0 and whole + after <= 15 and (whole == 1 or plain)
    fits = fits and points <= 1 and (points == 0 or after > 0)
    return np.float64(number) / _TENS[min(after, 15)], fits


@compiled
def _nothing(at: int, end: int, nones: int) -> bool:
    """Whether one of those spellings of nothing stands there."""
    size = end - at
    word = _masked(_word(at), min(size, 8))
    return (
        (size == 0 and (nones & 4) != 0)
        or (size == 1 and (nones & 2) != 0 and word == _DASH_WORD)
        or (size == 4 and (((nones & 1) != 0 and word == _NULL_WORD) or ((nones & 8) != 0 and word == _TRUE_WORD)))
        or (size == 5 and (nones & 16) != 0 and word == _FALSE_WORD)
    )


@compiled
def scan(base: int, finish: int, row: int, program: Steps, found: Found, begins: Any, odd: Any, numbers: Any) -> int:
    """Read the lines of those numbers that begin before ``finish``, into rows from ``row`` on; all lines where there
    are no numbers. The row after the last one.

    ``base`` is the address of the data, ``finish`` an offset in them before which a line break stands, and behind which
    as many bytes as two words and the longest known text or time have can be looked at. ``begins`` says where in the
    data each line begins and, last, where the next one would. Where all lines are read it is filled after its first,
    and ``odd`` with those that are not of the template and have a control byte or a backslash.
    """
    steps, leads, masks, digits, adds, inside = program
    ok, whole, real, code, none, slots, digest, first, size, made, run, key, runs, seed = found
    some, last = len(numbers) > 0, slots.shape[1] - 1
    while row < len(ok):
        number = numbers[row] if some else row
        begin = base + begins[number]
        if begin >= base + finish:
            break
        at, fits = begin, True
        for step in range(len(steps)):
            # the known text
            length = steps[step, SIZE]
            differs = _ZERO
            for word in range((length + 7) >> 3):
                lead = steps[step, LEAD] + word
                differs |= (_word(at + 8 * word) ^ leads[lead]) & masks[lead]
            at += length
            fits = differs == _ZERO and at <= base + finish
            kind, column, table = steps[step, KIND], steps[step, COLUMN], steps[step, SLOTS]
            if not fits or kind < 0:
                break
            if kind == _TIME:
                # kept without its seconds where that is another than the last one
                wrong, same, now = _ZERO, runs[0] > 0, runs[0]
                for word in range(len(inside)):
                    read: Any = _word(at + 8 * word)
                    x = (read ^ _ZEROS) & digits[word]
                    wrong |= (((x + adds[word]) | x) & digits[word] & _HIGH) | (
                        (read - _BLANKS) & ~read & inside[word] & _HIGH
                    )
                    read = (read & ~digits[word] & inside[word]) | (_ZEROS & digits[word])
                    key[now, word] = read
                    same = same and key[now - 1, word] == read
                at += steps[step, LENGTH]
                fits = wrong == _ZERO and at <= base + finish
                if not fits:
                    break
                if not same:
                    run[now] = row
                    runs[0] = now + 1
                continue
            end = _end(at, steps[step, STOP])
            fits = end >= 0
            if not fits:
                break
            if kind == _WHOLE:
                value, fits = _whole(at, end)
                whole[column, row] = value
            elif kind in (_REAL, _BARE):
                ratio, fits = _real(at, end)
                real[column, row] = ratio
            elif kind == _NULL:
                fits = False
            elif kind == _SKIP:
                forbidden, blank = steps[step, FORBIDDEN], steps[step, BLANK]
                if forbidden:
                    for place in range(at, end):
                        byte = np.int64(_word(place) & _BYTE)
                        fits = fits and byte != forbidden and not (blank and byte == 32)
            else:
                here, known = at, True
                if kind == _REQUEST:
                    here = end
                    while here > at and np.int64(_word(here - 1) & _BYTE) != 32:
                        here -= 1
                    known = here > at and _masked(_word(here), 5) == _HTTP_WORD
                if known:
                    # the number of the text among those of its column
                    long = end - here
                    mixed = seed ^ np.uint64(long)
                    for offset in range(0, long, 8):
                        mixed = (mixed ^ _masked(_word(here + offset), long - offset)) * _PRIME
                        mixed ^= mixed >> _SHIFT
                    slot = np.int64(mixed & np.uint64(last))
                    held = np.int64(slots[table, slot]) - 1
                    while held >= 0:
                        if digest[column, held] == mixed and size[column, held] == long:
                            there, differs = first[column, held], _ZERO
                            for offset in range(0, long, 8):
                                other: Any = _word(here + offset) ^ _word(there + offset)
                                differs |= _masked(other, long - offset)
                            if differs == _ZERO:
                                break
                        slot = (slot + 1) & last
                        held = np.int64(slots[table, slot]) - 1
                    if held < 0:
                        held = made[column]
                        slots[table, slot] = held + 1
                        digest[column, held], first[column, held], size[column, held] = mixed, here, long
                        made[column] = held + 1
                    code[column, row] = held
                else:
                    code[column, row] = NO_TEXT
            if not fits:
                fits = _nothing(at, end, steps[step, NONE])
                none[column, row] = fits
                if not fits:
                    break
            at = end
        if some:
            ok[row] = fits and at == base + begins[number + 1]
        else:
            ok[row] = fits
            if not fits:
                at, byte = begin, _word(begin) & _BYTE
                while byte != _NEWLINE:
                    odd[row] |= byte < _BLANK or byte == _BACKSLASH
                    at += 1
                    byte = _word(at) & _BYTE
                at += 1
            begins[row + 1] = at - base
        row += 1
    return row
