"""Columns of keys as bits of one 64-bit number: rows are then sorted and grouped by comparing single numbers.

A country is its two letters, an AS number itself, other texts their place in the alphabet; every column is as wide as
its largest number needs. The order of the packed numbers is the order of the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from radar.aggregate.rollup.rows import KEY_TYPES
from radar.cells import U64

Whole = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True)
class Code:
    """One column as whole numbers; ``texts`` says what each of them stands for, None: itself. ``bits`` wide."""

    name: str
    codes: Whole
    bits: int
    texts: pl.Series | None = None


def narrow(key: str) -> pl.Expr:
    """A column of a key as it is kept until it is coded. What cannot be kept so names no entity: 0, or null."""
    if key == "asn":
        return pl.col(key).cast(pl.UInt32, strict=False).fill_null(0)
    if key == "country":
        letters = pl.col(key).cast(pl.String).cast(pl.Binary).bin.reinterpret(dtype=pl.UInt16, endianness="big")
        return letters.fill_null(0).alias(key)
    return pl.col(key).cast(pl.String)


def coded(values: pl.Series) -> Code:
    """A narrowed column of a key as numbers."""
    if values.name == "asn":
        return plain(values.name, values.to_numpy())
    if values.name == "country":
        letters = values.to_numpy()
        held = np.bincount(letters, minlength=1 << 16) > 0
        places = (np.cumsum(held) - 1).astype(np.uint16)
        pairs = np.flatnonzero(held).astype(">u2").tobytes()
        texts = pl.Series([pairs[at : at + 2].decode("latin-1") for at in range(0, len(pairs), 2)], dtype=pl.String)
        return Code(values.name, places[letters], len(texts).bit_length(), texts)
    texts = values.unique().drop_nulls().sort()
    codes = values.cast(pl.Enum(texts)).to_physical().cast(pl.UInt32).fill_null(len(texts)).to_numpy()
    return Code(values.name, codes, len(texts).bit_length(), pl.concat([texts, pl.Series([None], dtype=pl.String)]))


def plain(name: str, codes: Whole) -> Code:
    """A column of numbers that stand for themselves."""
    return Code(name, codes, int(codes.max(initial=0)).bit_length())


def dense(code: Code) -> Code:
    """The same column as narrow as it can be: its numbers by their rank."""
    if code.texts is not None:
        return code
    held, places = np.unique(code.codes, return_inverse=True)
    return Code(code.name, places.astype(np.uint32), len(held).bit_length(), pl.Series(held))


def width(codes: Sequence[Code]) -> int:
    """Bits of all columns together."""
    return sum(code.bits for code in codes)


def packed(codes: Sequence[Code]) -> U64:
    """All columns as one number a row, the first column in the highest bits. They must fit into 64 bits."""
    numbers: U64 = codes[0].codes.astype(np.uint64)
    for code in codes[1:]:
        numbers <<= np.uint64(code.bits)
        numbers |= code.codes.astype(np.uint64, copy=False)
    return numbers


def unpacked(numbers: U64, codes: Sequence[Code]) -> dict[str, pl.Series]:
    """What the columns held, in their types where they are keys, in the order of ``codes``."""
    found: dict[str, pl.Series] = {}
    rest = numbers.copy()
    for code in reversed(codes):
        places = pl.Series(rest & np.uint64((1 << code.bits) - 1))
        rest >>= np.uint64(code.bits)
        values = places if code.texts is None else code.texts.gather(places)
        found[code.name] = values.cast(KEY_TYPES[code.name]) if code.name in KEY_TYPES else values
    return {code.name: found[code.name] for code in codes}
