"""Plain rows of request logs counted by compiled code, with no table of checked rows made in between.

A row is plain when each thing that it says is as it should be, and its country and network are said if it has a client.
What a text means is asked once for each text (``_edge_columns`` gives texts as numbers). All other rows are left to
``_edge_rows`` and ``_edge_counts``, which say what is wrong with them and look addresses up; of plain rows they would
give the same partials.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from radar.cells import CELL, I64, U64, histogram, registers
from radar.entities import countries
from radar.sketch import cell_of
from radar.sources._edge_counts import BIN_S, FIELDS, PARTIALS, SHIFT, SUMS, marks_of
from radar.sources._edge_rows import ENDS, SLUG, are_h3, known_countries, placed, spelled_alike, stripped
from radar.sources._edge_scan import compiled
from radar.sources._edge_times import FIRST_S, LAST_S
from radar.sources._remembered import Remembered

#: A table of fewer rows is not worth the work.
_LEAST = 1 << 12

#: In place of a number: nothing is said; what is said is wrong. In place of a measured value: nothing is said.
_NONE, _WRONG = -(2**63) + 1, -(2**63) + 2  # the compiler takes a number of 64 bits for one without a sign
_NO_VALUE = -np.inf

#: Columns and the only type in which they are read here.
_TYPES: dict[str, Any] = {
    "country": pl.Enum, "provider": pl.Enum, "protocol": pl.Enum, "tcp_end": pl.Enum, "asn": pl.Int64,
    "status": pl.Int64, "bytes": pl.Int64, "rtt_ms": pl.Float64, "throughput_mbps": pl.Float64,
}  # fmt: skip

_NORMAL, _RESET, _TIMEOUT = range(3)
_END_NUMBERS = {"normal": _NORMAL, "reset": _RESET, "timeout": _TIMEOUT}
#: Columns of sums, as in ``SUMS``.
_REQUESTS, _BYTES, _BYTES_NONE, _STATUS_NONE, _S4, _S5, _S0, _H3, _H3_N, _RESETS, _TIMEOUTS, _ENDS_N, _CLIENTS_N = (
    range(len(SUMS))
)


class _Rows(NamedTuple):
    """What rows say: an array for each column, empty where the log has no such column.

    ``second``: epoch seconds; ``cc``, ``provider``: numbers of texts; ``h3``: 0 or 1; ``end``: see ``_END_NUMBERS``;
    ``mark``: the client's register and run (``marks_of``); the others as they stand.
    """

    second: I64
    cc: I64
    asn: I64
    provider: I64
    status: I64
    size: I64
    h3: I64
    end: I64
    mark: I64
    rtt: NDArray[np.float64]
    throughput: NDArray[np.float64]


def tallied(table: pl.DataFrame, key: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Partials of the plain rows of a table (columns of ``COLUMNS``), and its other rows. ``key``: see ``counted``."""
    if table.height < _LEAST or not _is_readable(table):
        return pl.DataFrame(schema=PARTIALS), table
    rows = _rows(table, key)
    group, first = np.empty(table.height, np.int64), np.empty(table.height, np.int64)
    sums = np.empty((table.height, len(SUMS)), np.int64)
    made = _grouped(rows, group, first, sums, np.zeros(1 << (2 * table.height).bit_length(), np.int32))
    if not made:
        return pl.DataFrame(schema=PARTIALS), table
    plain = group >= 0
    groups, fields, cells, amounts = map(np.concatenate, zip(*_cells(rows, group, plain, sums[:made]), strict=True))
    partials = _names(table, rows, first[:made]).select(
        pl.all().gather(groups),
        field=pl.Series(FIELDS).gather(fields),
        cell=pl.Series(cells).cast(pl.Int32),
        amount=pl.Series(amounts),
    )
    return partials, table.clear() if plain.all() else table.filter(pl.Series(~plain))


def _is_readable(table: pl.DataFrame) -> bool:
    """Whether all columns have the types that are read here, and most rows need no address looked up."""
    schema = table.schema
    if "origin" in schema or any(schema.get(name, kind) != kind for name, kind in _TYPES.items()):
        return False
    if "client" not in schema:
        return True
    placed_rows = all(name in schema and 2 * table[name].null_count() < table.height for name in ("country", "asn"))
    return placed_rows and schema["client"] in (pl.Enum, pl.String)


# -- columns to arrays -----------------------------------------------------------------------------------------------


def _rows(table: pl.DataFrame, key: int) -> _Rows:
    def whole(name: str) -> I64:
        return _filled(table[name], _NONE) if name in table.columns else np.empty(0, np.int64)

    def real(name: str) -> NDArray[np.float64]:
        return _filled(table[name], _NO_VALUE) if name in table.columns else np.empty(0)

    def text(name: str, meaning: _Meaning) -> I64:
        return _meant(table[name], numbers.get(name), meaning) if name in table.columns else np.empty(0, np.int64)

    texts = [name for name, kind in table.schema.items() if kind == pl.Enum]
    numbers = table.select(pl.col(texts).to_physical().cast(pl.Int64)).to_dict() if texts else {}

    return _Rows(
        second=_seconds(table),
        cc=text("country", _country),
        asn=whole("asn"),
        provider=text("provider", _provider),
        status=whole("status"),
        size=whole("bytes"),
        h3=text("protocol", _h3),
        end=text("tcp_end", _end),
        mark=text("client", lambda texts: _mark(texts, key)),
        rtt=real("rtt_ms"),
        throughput=real("throughput_mbps"),
    )


def _filled(column: pl.Series, value: float) -> Any:
    return (column.fill_null(value) if column.null_count() else column).to_numpy()


def _seconds(table: pl.DataFrame) -> I64:
    time = table["time"]
    if time.dtype == pl.Datetime("us", "UTC") and not time.null_count():
        found: I64 = time.to_numpy().view(np.int64) // 1_000_000
        return found
    return _filled(placed(table)["second"], _NONE)  # type: ignore[no-any-return]


#: Texts -> a number for each; null where a text says nothing.
_Meaning = Callable[[pl.Series], pl.Series]


def _meant(said: pl.Series, numbers: pl.Series | None, meaning: _Meaning) -> I64:
    """The number that each row's text means. ``numbers``: those of its texts; null where the rows hold texts."""
    if numbers is None:
        return _filled(meaning(said), _NONE)  # type: ignore[no-any-return]
    texts = said.dtype.categories  # type: ignore[attr-defined]
    known = _known.get(meaning)
    meant = meaning(texts) if known is None else pl.Series(known.of(texts.to_list()), dtype=pl.Int64)
    found: I64 = np.append(_filled(meant, _NONE), _NONE)[_filled(numbers, len(texts))]
    return found


def _country(texts: pl.Series) -> pl.Series:
    return known_countries(texts).to_physical().cast(pl.Int64).fill_null(_WRONG)


def _h3(texts: pl.Series) -> pl.Series:
    return are_h3(texts).cast(pl.Int64)


def _end(texts: pl.Series) -> pl.Series:
    numbers = {said: _END_NUMBERS[end] for said, end in ENDS.items()}
    return stripped(texts).str.to_lowercase().replace_strict(numbers, default=_WRONG, return_dtype=pl.Int64)


def _provider(texts: pl.Series) -> pl.Series:
    """The place of a slug among the texts."""
    slug = pl.col("slug")
    number = pl.when(slug.str.contains(SLUG)).then(pl.int_range(pl.len())).otherwise(_WRONG)
    return stripped(texts).to_frame("slug").select(pl.when(slug.is_not_null()).then(number)).to_series()


def _mark(texts: pl.Series, key: int) -> pl.Series:
    client = pl.col("client")
    mark = pl.when(client.is_not_null()).then(marks_of(client.hash(key)).cast(pl.Int64))
    return spelled_alike(texts).to_frame("client").select(mark).to_series()


#: Meanings of texts of which a log has few; never clients.
_known: dict[_Meaning, Remembered] = {meaning: Remembered(meaning) for meaning in (_country, _h3, _end)}


# -- arrays to partials ----------------------------------------------------------------------------------------------


@compiled
def _at(column: Any, row: int) -> Any:
    return column[row] if len(column) else _NONE


@compiled
def _fits(value: float, most: float) -> bool:
    return value == _NO_VALUE or 0 <= value <= most


@compiled
def _grouped(rows: _Rows, group: I64, first: I64, sums: I64, slots: NDArray[np.int32]) -> int:
    """Number the groups (bin, country, network, provider) of the plain rows, and add up what their rows say.

    Filled: of each row its ``group`` (-1: not plain), of each group its ``first`` row and its ``sums``. ``slots`` is a
    table of groups by a hash, all 0. How many groups there are.
    """
    made, last = 0, np.uint64(len(slots) - 1)
    for row in range(len(group)):
        group[row] = -1
        second, cc, asn, provider = rows.second[row], _at(rows.cc, row), _at(rows.asn, row), _at(rows.provider, row)
        status, size, h3, end = _at(rows.status, row), _at(rows.size, row), _at(rows.h3, row), _at(rows.end, row)
        mark = _at(rows.mark, row)
        if not FIRST_S <= second < LAST_S or cc == _WRONG or provider == _WRONG or end == _WRONG:
            continue
        if (cc == _NONE or asn == _NONE) and (mark != _NONE or (cc == asn and provider == _NONE)):
            continue
        if not (asn == _NONE or 1 <= asn < 2**32) or not (size == _NONE or 0 <= size <= 2**48):
            continue
        if not (status == _NONE or status == 0 or 100 <= status <= 599):
            continue
        if len(rows.rtt) and not _fits(rows.rtt[row], 600_000):
            continue
        if len(rows.throughput) and not _fits(rows.throughput[row], 1_000_000):
            continue
        slot = np.uint64(second // BIN_S)
        for part in (cc, asn, provider):
            slot = (slot ^ np.uint64(part)) * np.uint64(0x9E37_79B9_7F4A_7C15)
            slot ^= slot >> np.uint64(32)
        here = slots[slot & last] - 1
        while here >= 0:
            other = first[here]
            if (
                rows.second[other] // BIN_S == second // BIN_S
                and _at(rows.cc, other) == cc
                and _at(rows.asn, other) == asn
                and _at(rows.provider, other) == provider
            ):
                break
            slot += np.uint64(1)
            here = slots[slot & last] - 1
        if here < 0:
            here, made = made, made + 1
            slots[slot & last] = made
            first[here] = row
            sums[here] = 0
        group[row] = here
        total = sums[here]
        total[_REQUESTS] += 1
        if size == _NONE:
            total[_BYTES_NONE] += 1
        else:
            total[_BYTES] += size
        total[_STATUS_NONE] += status == _NONE
        total[_S4] += 400 <= status < 500
        total[_S5] += status >= 500
        total[_S0] += status == 0
        total[_H3] += h3 == 1
        total[_H3_N] += h3 != _NONE
        total[_RESETS] += end == _RESET
        total[_TIMEOUTS] += end == _TIMEOUT
        total[_ENDS_N] += end != _NONE
        total[_CLIENTS_N] += mark != _NONE
    return made


#: Of partials: number of the group, number of the field, cell, amount.
_Columns = tuple[I64, I64, I64, I64]


def _cells(rows: _Rows, group: I64, plain: NDArray[np.bool_], sums: I64) -> Iterator[_Columns]:
    """Sums that are not 0, cells of histograms and registers of clients."""
    groups, fields = np.nonzero(sums)
    yield groups, fields, np.zeros(len(groups), np.int64), sums[groups, fields]
    for field, values in (("rtt", rows.rtt), ("throughput", rows.throughput)):
        if len(values) and (held := plain & (values != _NO_VALUE)).any():
            cells = pl.Series("v", values[held]).to_frame().select((cell_of(pl.col("v")) + SHIFT).cast(pl.UInt64))
            numbers, amounts = histogram(group[held].view(np.uint64), cells.to_series().to_numpy())
            yield _placed(numbers, field, amounts, SHIFT)
    if len(rows.mark) and (held := plain & (rows.mark != _NONE)).any():
        numbers, runs = registers(group[held].view(np.uint64), rows.mark[held].view(np.uint64))
        yield _placed(numbers, "client", runs)


def _placed(numbers: U64, field: str, amounts: I64, shift: int = 0) -> _Columns:
    """What ``radar.cells`` counted."""
    places = numbers.view(np.int64)
    return places >> CELL, np.full(len(places), FIELDS.index(field)), (places & ((1 << CELL) - 1)) - shift, amounts


def _names(table: pl.DataFrame, rows: _Rows, first: I64) -> pl.DataFrame:
    """``bin``, ``cc``, ``asn``, ``provider`` of each group, by the first row of it."""

    def texts(column: I64, known: list[str]) -> pl.Series:
        numbers = column[first].tolist() if len(column) else [_NONE] * len(first)
        return pl.Series([None if number == _NONE else known[number] for number in numbers], dtype=pl.String)

    slugs = stripped(table["provider"].dtype.categories).to_list() if len(rows.provider) else []  # type: ignore[attr-defined]
    networks = rows.asn[first].tolist() if len(rows.asn) else [_NONE] * len(first)
    return pl.DataFrame(
        {
            "bin": rows.second[first] // BIN_S * BIN_S,
            "cc": texts(rows.cc, list(countries())),
            "asn": pl.Series([None if number == _NONE else number for number in networks], dtype=pl.Int64),
            "provider": texts(rows.provider, slugs),
        }
    )
