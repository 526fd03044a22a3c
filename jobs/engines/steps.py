"""The steps of an aggregation: each a function of one argument that reads files, leaves files, and reports.

::

    files --measure--> rows --cut--> pieces --count--> partials of windows --publish--> bins and partials
    files --measure--> rows of each bin --cut--> stretches of time --sort--> bins            (exact)

What ``count`` leaves for ``publish`` is the shuffle: small files in the folder of the result, so that no process
holds more than a piece or a window, and none has to be told what another one made.
"""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Literal

import orjson
import polars as pl

from jobs.engines import places
from radar.aggregate.rollup import exact, footer, partials
from radar.aggregate.rollup.rows import NO_TIME, Spec, bin_of, explained, scan, usable
from radar.errors import ArchiveError, SchemaError

#: Grain -> seconds of a window: so much time lies in one file of bins.
WINDOW_S = {"1m": 3600, "5m": 3600, "1h": 86400, "1d": 86400}

#: So many rows of partials are merged at once, or those of one bin.
SLICE = 300_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A file: how many rows it has; ``span``: its first and last bin, by number; ``bins``: rows of each bin."""

    file: str
    id: str
    rows: int
    span: tuple[int, int] | None = None
    bins: dict[int, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToMeasure:
    """A file to be measured: its ``rows``, its ``span`` where the footer says it, or the rows of its ``bins``."""

    file: str
    spec: Spec
    what: Literal["rows", "span", "bins"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of a file: ``length`` from ``start`` on. ``shuffle`` is where its partials go, below ``into``.

    ``parts``: into so many parts each window is cut, by the number of the network.
    """

    file: str
    id: str
    start: int
    length: int
    spec: Spec
    into: str
    shuffle: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Counted:
    """A piece: (window, part) -> file of its partials; rows that count; why others do not; bytes of the shuffle."""

    id: str
    windows: dict[tuple[int, int], str]
    rows: int
    lost: dict[str, int]
    size: int


@dataclass(frozen=True, slots=True)
class Window:
    """Partials of one stretch of time, or a part of them: (id of the input, file of the shuffle), to be added to what
    was published. ``part`` is told in the names of files where there is more than one.
    """

    start_s: int
    parts: tuple[tuple[str, str], ...]
    spec: Spec
    into: str
    run: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A file of bins. ``changed``: bins that had been published and now say something else."""

    start_s: int
    groups: int
    new: int
    changed: list[dict[str, object]]
    rows: int
    again: tuple[str, ...] = ()  # ids of inputs that were in it already
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Bins of the time [since_s, until_s), for which these files have all rows. ``whole``: and no other rows.

    ``lone``: one file that nobody has looked into, so that its rows without a time are still to be told.
    """

    since_s: int
    until_s: int
    files: tuple[str, ...]
    whole: bool
    spec: Spec
    into: str
    lone: bool = False


def measure(asked: ToMeasure) -> Measured:
    """How large a file is. Raises SchemaError, ArchiveError."""
    name, end = places.tail(asked.file)
    if partials.are_in(asked.file):
        if asked.what != "rows":
            raise SchemaError(f"{asked.file}: partials hold no exact percentiles; expected raw rows")
        return Measured(asked.file, name, -1)
    rows = scan(asked.file, asked.spec.keys)
    said = footer.span(end) if asked.what == "span" else None
    if said is not None:
        bin_us = asked.spec.grain_s * 1_000_000
        return Measured(asked.file, name, said.rows, (said.first_us // bin_us, said.last_us // bin_us))
    total = rows.select(pl.len()).collect().item()
    if asked.what == "rows":
        return Measured(asked.file, name, total)
    times = rows.select("time")
    found = times.filter(usable(["time"])).group_by(bin=bin_of(asked.spec.grain_s)).len().collect(engine="streaming")
    bins = dict(sorted(found.rows()))
    return Measured(asked.file, name, total, bins=bins, lost={} if total == sum(bins.values()) else explained(times))


def count(piece: Piece) -> Counted:
    """Count a piece and leave its partials, a file for each window. Raises SchemaError, ArchiveError."""
    found, lost = partials.of_file(piece.file, piece.spec, start=piece.start, length=piece.length)
    size = WINDOW_S[piece.spec.grain]
    windows: dict[tuple[int, int], str] = {}
    written = 0
    part_of = pl.col("asn").cast(pl.Int64) % piece.parts if "asn" in piece.spec.keys else pl.lit(0, pl.Int64)
    cut = found.with_columns(__window=pl.col("bin") // size * size, __part=part_of)
    for (start, number), part in cut.group_by("__window", "__part", maintain_order=True):
        key = (int(start), int(number))
        name = f"{piece.shuffle}/{key[0]}-{key[1]}-{piece.id}-{piece.start}.arrow"
        body = io.BytesIO()
        part.select(found.columns).write_ipc(body, compression="lz4")
        places.write(piece.into, name, body.getvalue())
        windows[key] = name
        written += body.tell()
    rows = int(found.filter(pl.col("field") == "rows")["amount"].sum())
    return Counted(piece.id, windows, rows, lost, written)


def publish(window: Window) -> Published:
    """Add partials to those of a window, and write its bins anew.

    An input that is in the window already is not added again. The bins are written first: who dies between the two
    leaves partials that lack the input, and does the same again. Raises ArchiveError.
    """
    stem = f"{datetime.fromtimestamp(window.start_s, UTC):%Y%m%dT%H%MZ}{window.part}.parquet"
    before, kept = _kept(window, f"partials-{stem}")
    if kept.get("run") == window.run:  # this very step was done; its worker died before it could say so
        return _told(kept["told"])
    held = set(orjson.loads(kept.get("inputs", "[]")))
    revisions = {int(start): number for start, number in orjson.loads(kept.get("revisions", "{}")).items()}
    given = {name for name, _ in window.parts}
    again = tuple(sorted(given & held))
    parts = [_read(window.into, file) for name, file in window.parts if name not in held]
    if not parts:
        return Published(window.start_s, 0, 0, [], 0, again)
    touched = sorted({int(start) for part in parts for start in part["bin"].unique()})
    for start in touched:
        revisions[start] = revisions.get(start, 0) + 1
    rows_before = _rows(before)
    after, table = _added([before, *parts], window.spec)
    del before, parts
    rows_after = _rows(after)
    changed = [
        {"bin": datetime.fromtimestamp(start, UTC), "rows_before": rows_before[start], "rows": rows_after[start],
         "revision": revisions[start]}
        for start in touched if start in rows_before
    ]  # fmt: skip
    added = sum(rows_after.values()) - sum(rows_before.values())
    report = Published(window.start_s, table.height, len(touched) - len(changed), changed, added, again)
    number = pl.col("bin").dt.epoch("s").replace_strict(revisions, return_dtype=pl.UInt32).alias("revision")
    _write(window.into, f"bins-{stem}", table.select("bin", number, pl.exclude("bin")), {})
    kept = {
        "grain_s": str(window.spec.grain_s),
        "run": window.run,
        "told": orjson.dumps(asdict(report)).decode(),
        "inputs": orjson.dumps(sorted(held | given)).decode(),
        "revisions": orjson.dumps({str(start): number for start, number in revisions.items()}).decode(),
    }
    _write(window.into, f"partials-{stem}", after, kept)
    return report


def _added(parts: list[pl.DataFrame], spec: Spec) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Partials of all parts as one, and their bins: a few bins at a time, which takes a fraction of the memory."""
    sizes = pl.concat([part.select("bin") for part in parts]).group_by("bin").len().sort("bin")
    slices = (sizes["len"].cum_sum() // SLICE).alias("slice")
    merged, tables = [], []
    for some in sizes.with_columns(slices).partition_by("slice", maintain_order=True):
        inside = pl.col("bin").is_between(some["bin"][0], some["bin"][-1])
        merged.append(partials.merged([part.filter(inside) for part in parts], spec))
        tables.append(partials.bins(merged[-1], spec))
    return pl.concat(merged), pl.concat(tables)


def sort(stretch: Stretch) -> Published:
    """Exact bins of a stretch of time. Raises SchemaError, ArchiveError."""
    since, until = (None, None) if stretch.whole else (stretch.since_s, stretch.until_s)
    found = exact.aggregate(stretch.files, stretch.spec, since_s=since, until_s=until)
    if found.table.height:
        start = found.table["bin"][0]
        name = f"bins-{start:%Y%m%dT%H%MZ}.parquet"
        _write(stretch.into, name, found.table, {})
    bins = found.table["bin"].n_unique()
    lost = {reason: rows for reason, rows in found.lost.items() if stretch.lone or reason != NO_TIME}
    return Published(stretch.since_s, found.table.height, bins, [], found.rows, lost=lost)


def _kept(window: Window, name: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """Partials of a window that was published, and what was noted with them."""
    body = places.read(window.into, name)
    wanted = partials.schema(window.spec)
    if body is None:
        return pl.DataFrame(schema=wanted), {}
    try:
        table = pl.read_parquet(io.BytesIO(body))
        kept = pl.read_parquet_metadata(io.BytesIO(body))
        if list(table.columns) != list(wanted):
            raise ArchiveError(f"{name} has columns {', '.join(table.columns)}; expected {', '.join(wanted)}")
        return table.cast(wanted), kept  # type: ignore[arg-type]  # a dict of types
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArchiveError(f"{name} cannot be read: {str(error).splitlines()[0][:200]}") from error


def _read(folder: str, name: str) -> pl.DataFrame:
    body = places.read(folder, name)
    if body is None:
        raise ArchiveError(
            f"{name} is gone; expected what a step before had left there: does someone else use the folder?"
        )
    return pl.read_ipc(io.BytesIO(body))


def _write(folder: str, name: str, table: pl.DataFrame, notes: dict[str, str]) -> None:
    body = io.BytesIO()
    table.write_parquet(body, compression="zstd", compression_level=1, metadata=notes or None)
    places.write(folder, name, body.getvalue())


def _rows(table: pl.DataFrame) -> dict[int, int]:
    """Start of a bin -> its rows."""
    sums = table.filter(pl.col("field") == "rows").group_by("bin").agg(pl.col("amount").sum())
    return dict(sums.rows())


def _told(text: str) -> Published:
    told = orjson.loads(text)
    told["again"] = tuple(told["again"])
    for one in told["changed"]:
        one["bin"] = datetime.fromisoformat(one["bin"])
    return Published(**told)


def windows_of(found: list[Counted], spec: Spec, into: str, run: str, parts: int = 1) -> list[Window]:
    """What is to be published, in order of time."""
    files: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for one in found:
        for key, name in one.windows.items():
            files[key].append((one.id, name))
    return [
        Window(start, tuple(sorted(files[start, part])), spec, into, run, f"-{part:04}" if parts > 1 else "")
        for start, part in sorted(files)
    ]


def pieces_of(files: list[Measured], most: int, spec: Spec, into: str, shuffle: str, parts: int = 1) -> list[Piece]:
    """Files as pieces of at most so many rows."""
    return [
        Piece(one.file, one.id, start, min(most, one.rows - start) if one.rows >= 0 else -1, spec, into, shuffle, parts)
        for one in files
        for start in range(0, max(one.rows, 1), most)
    ]


def apart(files: list[Measured], most: int) -> tuple[list[Measured], list[Measured]]:
    """Files of at most so many rows that share no bin with another, as their footers say; and all others."""
    known = sorted((one for one in files if one.span is not None), key=lambda one: one.span or (0, 0))
    if len(known) < len(files):
        return [], files  # one of which nothing is known may share bins with any
    alone: list[Measured] = []
    others: list[Measured] = []
    last: int | None = None
    for at, one in enumerate(known):
        first, end = one.span or (0, 0)
        after = known[at + 1].span if at + 1 < len(known) else None
        free = (last is None or last < first) and (after is None or end < after[0])
        (alone if free and one.rows <= most else others).append(one)
        last = end if last is None else max(last, end)
    return alone, others


def lone(one: Measured, spec: Spec, into: str) -> Stretch:
    """The stretch of a file that shares no bin with another."""
    first, last = one.span or (0, 0)
    return Stretch(first * spec.grain_s, (last + 1) * spec.grain_s, (one.file,), True, spec, into, lone=True)


def stretches_of(files: list[Measured], most: int, spec: Spec, into: str) -> list[Stretch]:
    """Stretches of time of at most so many rows, but at least a bin, and no more than that over where files change."""
    holders: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(files):
        for start in one.bins:
            holders[start].append(number)
    found: list[Stretch] = []
    bins: list[int] = []
    rows, inside = 0, set[int]()

    def close() -> None:
        if not bins:
            return
        whole = sum(len(files[number].bins) for number in inside) == sum(len(holders[start]) for start in bins)
        names = tuple(files[number].file for number in sorted(inside))
        grain = spec.grain_s
        found.append(Stretch(bins[0] * grain, (bins[-1] + 1) * grain, names, whole, spec, into))

    for start in sorted(holders):
        size = sum(files[number].bins[start] for number in holders[start])
        if bins and (rows + size > most or not inside & set(holders[start])):
            close()
            bins, rows, inside = [], 0, set()
        bins.append(start)
        rows += size
        inside |= set(holders[start])
    close()
    return found
