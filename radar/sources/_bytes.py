"""Bytes to tables without surprises: compressed files, Parquet, JSON and lines of JSON.

Whatever the bytes are, these functions return or raise ``UpstreamChanged`` with the source, the place and what was
expected. Polars reports some broken files by a panic, which is no ``Exception``, and is caught here by name.
"""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import zstandard

from radar.errors import UpstreamChanged
from radar.sources._rejections import without_addresses

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"

#: A small file can hold an enormous one; nothing here needs more.
LARGEST = 2 * 1024**3

#: Seconds after which a Parquet file that is still being read is given up.
PATIENCE_S = 120.0

_READER = Path(__file__).with_name("_parquet_reader.py")
_UNREADABLE = 3
_STEP = 1 << 20

#: What Polars raises over broken input.
BROKEN = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError)


def begins(body: bytes) -> str:
    """The first bytes, for a message. Of JSON only the first one, and no address: logs and tests hold clients' own."""
    if not body:
        return "nothing"
    start = body[:200].decode("utf-8", "replace").lstrip()
    return ascii(start[:1] if start[:1] in ("{", "[", '"') else without_addresses(start)[:40])


def unpack(body: bytes, *, source: str) -> tuple[bytes, bool]:
    """Undo gzip or zstd, recognised by its first bytes; other bytes pass through.

    Returns the bytes, and whether the compressed data ended early (the bytes are then what came before the end).
    Raises UpstreamChanged when they are damaged, or larger than ``LARGEST`` when unpacked.
    """
    if body.startswith(GZIP):
        parts, form = _gunzip(body), "gzip"
    elif body.startswith(ZSTD):
        parts, form = _unzstd(body), "zstd"
    else:
        return body, False
    out: list[bytes] = []
    size, cut = 0, False
    try:
        for part in parts:
            if part is None:
                cut = True
                break
            size += len(part)
            if size > LARGEST:
                raise UpstreamChanged(source, f"{form} data unpack to more than {LARGEST} bytes")
            out.append(part)
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise UpstreamChanged(source, f"{form} data are damaged after {size} unpacked bytes: {error}") from error
    return b"".join(out), cut


def _gunzip(body: bytes) -> Iterator[bytes | None]:
    """Parts of all members; None where the data end early."""
    rest = body
    while rest.startswith(GZIP):
        machine = zlib.decompressobj(wbits=31)
        part = machine.decompress(rest, _STEP)
        while part or machine.unconsumed_tail:
            yield part
            part = machine.decompress(machine.unconsumed_tail, _STEP)
        if not machine.eof:
            yield None
            return
        rest = machine.unused_data


def _unzstd(body: bytes) -> Iterator[bytes | None]:
    """Parts of all frames; None where the data end early."""
    rest = body
    while rest.startswith(ZSTD):
        machine = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
        at = 0
        # Small steps: four bytes can stand for 128 KiB, and the size limit is checked between steps.
        while at < len(rest) and not machine.eof:
            yield machine.decompress(rest[at : at + 4096])
            at += 4096
        if not machine.eof:
            yield None
            return
        rest = machine.unused_data + rest[at:]


def parquet(body: bytes, *, source: str, columns: frozenset[str] | None = None) -> pl.DataFrame:
    """Read a Parquet file; with ``columns``, those of them that are there.

    Another process reads it (about 0.3 s), see :mod:`radar.sources._parquet_reader`. Raises UpstreamChanged when the
    file is damaged, and when reading it takes the process down or longer than ``PATIENCE_S``.
    """
    if len(body) < 12 or not body.startswith(PARQUET) or not body.endswith(PARQUET):
        raise UpstreamChanged(source, f"byte {len(body)}: the Parquet file ends early; expected 'PAR1' at its end")
    command = [sys.executable, "-P", str(_READER), *sorted(columns or ())]
    try:
        done = subprocess.run(command, input=body, capture_output=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise UpstreamChanged(source, f"the Parquet file was not read within {PATIENCE_S:.0f} s") from error
    if done.returncode == 0:
        return pl.read_ipc(io.BytesIO(done.stdout))
    why = done.stdout.decode("utf-8", "replace").strip() if done.returncode == _UNREADABLE else ""
    first = why.splitlines()[0][:160] if why else f"its sizes make no sense (reader ended with {done.returncode})"
    raise UpstreamChanged(source, f"the Parquet file is damaged: {first}")


def json_value(body: bytes, *, source: str) -> Any:
    """Read one JSON value. ``NaN`` and infinities, which JSON does not know, come as NaN floats, so that one of them
    costs one value and not the answer. Raises UpstreamChanged with line and column."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"NaN" in body or b"Infinity" in body:
            try:
                return json.loads(body, parse_constant=lambda _word: math.nan)
            except (ValueError, RecursionError):
                pass  # broken elsewhere too: the first message names the place
        place = f"line {error.lineno} column {error.colno}"
        raise UpstreamChanged(source, f"{place}: no JSON ({error.msg}); begins with {begins(body)}") from error


def json_lines(body: bytes, schema: dict[str, type[pl.String]]) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """Read lines of JSON objects, all fields as text; fields that are not in the schema are not read.

    Returns the rows, with ``line`` (from 1, blank lines counted), and the lines that hold no JSON object as
    (line, bytes). A blank line is neither. Nothing is raised.
    """
    if b"\n\n" not in body and not body.startswith(b"\n"):
        # The common cases: all is well, or only the last line was cut off while it was written. Lines of another JSON
        # type come as rows of nulls; the caller tells them apart.
        whole = _table(body, schema)
        if whole is not None:
            return whole.with_row_index("line", 1), []
        head, _, tail = body.rpartition(b"\n")
        whole = _table(head, schema) if tail else None
        if whole is not None and not _is_object(tail):
            return whole.with_row_index("line", 1), [(whole.height + 1, len(tail))]
    tables: list[pl.DataFrame] = []
    broken: list[tuple[int, int]] = []
    for first, lines in _blocks(body):
        kept = [(first + i, line) for i, line in enumerate(lines) if line.strip()]
        tables.extend(_salvage(kept, schema, broken))
    frame = pl.concat(tables) if tables else pl.DataFrame(schema={"line": pl.UInt32, **schema})
    return frame, broken


def _blocks(body: bytes, size: int = 8192) -> Iterator[tuple[int, list[bytes]]]:
    lines = body.split(b"\n")
    for at in range(0, len(lines), size):
        yield at + 1, lines[at : at + size]


def _salvage(
    lines: list[tuple[int, bytes]],
    schema: dict[str, type[pl.String]],
    broken: list[tuple[int, int]],
    *,
    deep: bool = False,
) -> Iterator[pl.DataFrame]:
    """Rows of a block of lines. Only a block with a broken line is gone through line by line."""
    if not lines:
        return
    table = _table(b"\n".join(line for _, line in lines), schema)
    if table is not None and table.height == len(lines):
        yield table.insert_column(0, pl.Series("line", [number for number, _ in lines], dtype=pl.UInt32))
        return
    if len(lines) == 1:
        broken.append((lines[0][0], len(lines[0][1])))
        return
    if not deep:
        good = [item for item in lines if _is_object(item[1])]
        taken = {number for number, _ in good}
        broken.extend((number, len(line)) for number, line in lines if number not in taken)
        yield from _salvage(good, schema, broken, deep=True)
        return
    # Rare: the two JSON readers disagree about a line (a number beyond any range). Find it by halves.
    half = len(lines) // 2
    yield from _salvage(lines[:half], schema, broken, deep=True)
    yield from _salvage(lines[half:], schema, broken, deep=True)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _table(body: bytes, schema: dict[str, type[pl.String]]) -> pl.DataFrame | None:
    try:
        return pl.read_ndjson(body, schema=schema, ignore_errors=True)
    except BROKEN:
        return None
