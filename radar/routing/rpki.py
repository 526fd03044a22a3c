"""Validated ROA payloads (VRPs): does the holder of this address space allow that network to announce it?

A validator (Routinator, rpki-client, OctoRPKI, StayRTR) checks the RPKI's signatures and writes what holds as JSON; an
operator names that file in the setting ``vrps_file``. This module reads it and answers as RFC 6811 says. Nothing is
shipped or fetched here: without a file every answer is "unknown".

Form: ``{"metadata": {...}, "roas": [{"asn": "AS13335", "prefix": "1.1.1.0/24", "maxLength": 24, "ta": "apnic"}]}``, the
number also as 13335, plain or packed (gzip, bzip2). Licence: the file is the operator's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from socket import AF_INET, AF_INET6, inet_pton
from typing import Any, Literal

import orjson

from radar.errors import UpstreamChanged
from radar.routing.packed import Faults, unpack
from radar.schema import Rejected
from radar.times import parse as parse_time

Validity = Literal["valid", "invalid", "not_found", "unknown"]

NAME = "vrps_file"

#: A file this much older or newer than the moment that is judged says nothing of it, in seconds: objects of the RPKI
#: are made anew every day, and a validator that stopped would call honest routes invalid.
FRESH_S = 2 * 86_400.0

_WIDTH = {4: 32, 6: 128}
_Table = dict[int, tuple[int, ...]]


class Vrps:
    """The payloads of one validator's file, laid out for lookup by covering prefix.

    ``count``: how many there are; ``rejected``: rows that were not used, by reason; ``generated``: when the validator
    made the file (epoch seconds), None where it does not say.
    """

    def __init__(self) -> None:
        self.count = 0
        self.rejected: tuple[Rejected, ...] = ()
        self.generated: float | None = None
        self._levels: dict[int, list[tuple[int, int, _Table]]] = {4: [], 6: []}

    @classmethod
    def load(cls, body: bytes) -> Vrps:
        """Read a validator's JSON.

        Raises UpstreamChanged (``vrps_file: ...``) for bytes that are no such JSON, with the place, and for one in
        which no row can be used: a validator that has finished its first run has hundreds of thousands.

        Examples
        --------
        >>> vrps = Vrps.load(b'{"roas": [{"asn": "AS13335", "prefix": "1.1.1.0/24", "maxLength": 24, "ta": "apnic"}]}')
        >>> vrps.validate("1.1.1.0/24", 13335), vrps.validate("1.1.1.0/24", 3333), vrps.validate("8.8.8.0/24", 15169)
        ('valid', 'invalid', 'not_found')
        """
        try:
            document = orjson.loads(unpack(body, source=NAME))
        except orjson.JSONDecodeError as error:
            place = f"line {error.lineno} column {error.colno}"
            raise UpstreamChanged(NAME, f"{place}: no JSON ({error.msg}); expected a validator's JSON") from None
        rows = document.get("roas") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise UpstreamChanged(NAME, "has no list 'roas'; expected a validator's JSON, such as Routinator's")
        vrps = cls()
        vrps.generated = _generated(document.get("metadata"))
        faults = Faults()
        tables = _tables(_emptied(rows), faults)
        vrps.rejected = faults.done()
        vrps.count = sum(len(entries) for table in tables.values() for entries in table.values())
        if not vrps.count:
            first = f", first {vrps.rejected[0].reason}: {vrps.rejected[0].example}" if vrps.rejected else ""
            raise UpstreamChanged(NAME, f"none of its rows can be used{first}")
        for (family, size), table in sorted(tables.items()):
            vrps._levels[family].append((size, _WIDTH[family] - size, table))
        return vrps

    def validate(self, prefix: str, origin: int) -> Validity:
        """RFC 6811: "valid" when a covering VRP allows this origin at this length, "invalid" when there are covering
        ones and none does, "not_found" when there is none; "unknown" when no file was read.

        ``prefix`` is canonical text; an ``origin`` of 0 (a set, or not known) is never valid. Raises ValueError for a
        text that is no prefix.
        """
        if not self.count:
            return "unknown"
        address, _, tail = prefix.partition("/")
        family = 6 if ":" in address else 4
        try:
            length = int(tail)
            number = int.from_bytes(inet_pton(AF_INET6 if family == 6 else AF_INET, address), "big")
        except (OSError, ValueError) as error:
            raise ValueError(f"{prefix[:60]!r} is no prefix; expected e.g. '193.0.0.0/21'") from error
        covered = False
        for size, shift, table in self._levels[family]:
            if size > length:
                break
            found = table.get(number >> shift)
            if found is None:
                continue
            covered = True
            for entry in found:
                # AS 0 means "nobody": it covers and never matches (RFC 6483)
                if entry >> 8 == origin and length <= entry & 255 and origin:
                    return "valid"
        return "invalid" if covered else "not_found"

    def speaks_of(self, time: float) -> bool:
        """Whether the file is of that time (epoch seconds). One that does not say when it was made is believed."""
        return self.count > 0 and (self.generated is None or abs(time - self.generated) <= FRESH_S)


def _emptied(rows: list[Any]) -> Iterable[Any]:
    """The rows, each let go when the next is asked for: half a million of them take more room than what is kept."""
    rows.reverse()
    while rows:
        yield rows.pop()


def _tables(rows: Iterable[Any], faults: Faults) -> dict[tuple[int, int], _Table]:
    """(family, length) -> network number without host bits -> entries ``asn << 8 | longest``."""
    tables: dict[tuple[int, int], _Table] = {}
    alike: dict[tuple[int, ...], tuple[int, ...]] = {}
    for row in rows:
        if not isinstance(row, dict):
            faults.add("no object", row)
            continue
        asn = _asn(row.get("asn"))
        if asn is None:
            faults.add("no AS number", row)
            continue
        found = _prefix(row.get("prefix"))
        if found is None:
            faults.add("no prefix, or bits set behind its length", row)
            continue
        family, size, number = found
        longest = row.get("maxLength", size)
        if type(longest) is not int or not size <= longest <= _WIDTH[family]:
            faults.add("maxLength out of range", row)
            continue
        table = tables.setdefault((family, size), {})
        entry = asn << 8 | longest
        before = table.get(number, ())
        if entry in before:  # several ROAs may say the same
            continue
        entries = (*before, entry)
        table[number] = alike.setdefault(entries, entries)
    return tables


def _asn(value: Any) -> int | None:
    if type(value) is str:
        digits = value[2:] if value[:2] in ("AS", "as") else value
        if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
            return None
        value = int(digits)
    return value if type(value) is int and 0 <= value < 1 << 32 else None


def _prefix(text: Any) -> tuple[int, int, int] | None:
    """(family, length, number without the host bits), or None."""
    if type(text) is not str:
        return None
    address, _, tail = text.partition("/")
    if not (tail.isascii() and tail.isdecimal() and len(tail) <= 3):
        return None
    family = 6 if ":" in address else 4
    try:
        number = int.from_bytes(inet_pton(AF_INET6 if family == 6 else AF_INET, address), "big")
    except (OSError, ValueError):
        return None
    size, width = int(tail), _WIDTH[family]
    if size > width or number & ((1 << (width - size)) - 1):
        return None
    return family, size, number >> (width - size)


def _generated(metadata: Any) -> float | None:
    """When the file was made: Routinator says ``generated`` (epoch), rpki-client ``buildtime`` (RFC 3339)."""
    if not isinstance(metadata, dict):
        return None
    epoch = metadata.get("generated")
    if type(epoch) is int and 0 < epoch < 1 << 33:
        return float(epoch)
    for name in ("generatedTime", "buildtime"):
        text = metadata.get(name)
        if isinstance(text, str):
            try:
                moment: datetime = parse_time(text)
            except ValueError:
                continue
            return moment.timestamp()
    return None
