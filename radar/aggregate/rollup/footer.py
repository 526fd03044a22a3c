"""How many rows a Parquet file has and which times, from its last bytes alone, where the writer noted them.

Formats: Apache Parquet, file metadata and statistics; Thrift compact protocol. What is read here only saves work: where
anything is odd the answer is None, and the file's times are read instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_MAGIC = b"PAR1"
_INT64 = 2
#: Unit of a timestamp -> how many microseconds are one of it, and how many of it are one microsecond.
_UNITS = {1: (1000, 1), 2: (1, 1), 3: (1, 1000)}
#: Deepest nesting that is followed; the format needs six.
_DEPTH = 16


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of a file, and its first and last time in microseconds since the epoch, rounded outwards."""

    rows: int
    first_us: int
    last_us: int


def span(tail: bytes, column: str = "time") -> Span | None:
    """Read the end of a Parquet file. None when it does not hold all of the footer, or says no times of every part."""
    if len(tail) < 8 or tail[-4:] != _MAGIC:
        return None
    size = int.from_bytes(tail[-8:-4], "little")
    if size + 8 > len(tail):
        return None
    try:
        return _span(_Reader(tail[-8 - size : -8]).struct(), column)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _span(meta: dict[int, Any], column: str) -> Span | None:
    times = [element for element in meta[2] if element[4] == column.encode()]
    if len(times) != 1 or times[0].get(1) != _INT64:
        return None
    larger, smaller = _UNITS[next(iter(times[0][10][8][2]))]
    first: list[int] = []
    last: list[int] = []
    for group in meta[4]:
        if not group[3]:
            continue
        (said,) = [chunk[3][12] for chunk in group[1] if chunk[3][3] == [column.encode()]]
        low, high = said[6], said[5]
        if len(low) != 8 or len(high) != 8:
            return None
        first.append(int.from_bytes(low, "little", signed=True))
        last.append(int.from_bytes(high, "little", signed=True))
    if not first or sum(group[3] for group in meta[4]) != meta[3]:
        return None
    return Span(meta[3], min(first) * larger // smaller, -(-max(last) * larger // smaller))


class _Reader:
    """Thrift's compact protocol: structures as dictionaries by field number. Raises IndexError where the bytes end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > _DEPTH:
            raise ValueError("nested too deep")
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._signed()
            kind = head & 15
            found[number] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind in (7, 8):
            return self._bytes(8 if kind == 7 else self._unsigned())
        if kind in (9, 10):
            head = self._byte()
            size = self._unsigned() if head >> 4 == 15 else head >> 4
            return [self._value(head & 15, depth + 1) for _ in range(self._sane(size))]
        if kind == 11:
            size = self._sane(self._unsigned())
            kinds = self._byte() if size else 0
            return [(self._value(kinds >> 4, depth + 1), self._value(kinds & 15, depth + 1)) for _ in range(size)]
        if kind == 12:
            return self.struct(depth + 1)
        raise ValueError(f"no type {kind}")

    def _sane(self, size: int) -> int:
        if size > len(self._data) - self._at:  # every element takes a byte at least
            raise ValueError("a list longer than the file")
        return size

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _bytes(self, size: int) -> bytes:
        self._sane(size)
        self._at += size
        return self._data[self._at - size : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("a number of more than 64 bits")

    def _signed(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
