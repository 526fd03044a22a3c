"""The steps of an aggregation: each a function of one argument that reads files, leaves files, and reports.

::

    files --measure--> rows --cut--> pieces --count--> partials of windows --publish--> bins and partials
    files --measure--> rows of each bin --cut--> stretches of time --sort--> bins            (exact)

What ``count`` leaves for ``publish`` is the shuffle: files in the folder of the result, in the order of bin and key,
so that no process holds more than a piece or some rows of each file, and none has to be told what another one made.
"""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
import polars as pl

from jobs.engines import places
from jobs.engines.tapes import BATCH, LEAST, Tape, few, rounds, spool
from radar.aggregate.rollup import exact, footer, partials
from radar.aggregate.rollup.rows import NO_TIME, Spec, bin_of, explained, scan, usable
from radar.errors import ArchiveError, SchemaError

#: Grain -> seconds of a window: so much time lies in one file of bins.
WINDOW_S = {"1m": 3600, "5m": 3600, "1h": 86400, "1d": 86400}

#: Rows in a group of rows of what is written, so that a few can be read without the others.
GROUP = 1 << 16


@dataclass(frozen=True, slots=True)
class Measured:
    """A file: how many rows or partials it has; ``span``: its first and last bin, by number; ``bins``: rows of each."""

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
    """Rows of a file: ``length`` from ``start`` on. ``shuffle`` is where its partials go, below ``into``, and ``name``
    what their files' names begin with.

    ``parts``: into so many parts each window is cut, by the number of the network.
    """

    file: str
    id: str
    start: int
    length: int
    spec: Spec
    into: str
    shuffle: str
    name: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Counted:
    """A piece: (window, part) -> files of its partials, in order; rows that count; why others do not; bytes of the
    shuffle."""

    id: str
    windows: dict[tuple[int, int], tuple[str, ...]]
    rows: int
    lost: dict[str, int]
    size: int


@dataclass(frozen=True, slots=True)
class Window:
    """Partials of one stretch of time, or a part of them: (id of the input, files of the shuffle), to be added to what
    was published, about ``most`` rows of them at a time. ``part`` is told in the names of files where there is more
    than one; ``shuffle`` is where work may be left meanwhile.
    """

    start_s: int
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    spec: Spec
    into: str
    run: str
    shuffle: str
    most: int
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

    ``lone``: one file that nobody has looked into, so that its rows without a time are still to be told. ``share``:
    (which, of how many) shares of the keys, of a bin that is too large for one step.
    """

    since_s: int
    until_s: int
    files: tuple[str, ...]
    whole: bool
    spec: Spec
    into: str
    lone: bool = False
    share: tuple[int, int] = (0, 1)


def measure(asked: ToMeasure) -> Measured:
    """How large a file is. Raises SchemaError, ArchiveError."""
    name, end = places.tail(asked.file)
    if partials.are_in(asked.file):
        if asked.what != "rows":
            raise SchemaError(f"{asked.file}: partials hold no exact percentiles; expected raw rows")
        return Measured(asked.file, name, pl.scan_parquet(asked.file, glob=False).select(pl.len()).collect().item())
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
    """Count a piece and leave its partials, files for each window. Raises SchemaError, ArchiveError."""
    lost: Counter[str] = Counter()
    size = WINDOW_S[piece.spec.grain]
    windows: dict[tuple[int, int], tuple[str, ...]] = {}
    rows = written = 0
    part_of = pl.col("asn").cast(pl.Int64) % piece.parts if "asn" in piece.spec.keys else pl.lit(0, pl.Int64)
    most = max(piece.length // 2, LEAST)
    found = partials.of_file(piece.file, piece.spec, lost, start=piece.start, length=piece.length, most=most)
    for number, table in enumerate(found):
        rows += int(table.filter(pl.col("field") == "rows")["amount"].sum())
        cut = table.with_columns(__window=pl.col("bin") // size * size, __part=part_of)
        for (start, part_number), part in cut.group_by("__window", "__part", maintain_order=True):
            key = (int(start), int(part_number))
            name = f"{piece.shuffle}/{key[0]}-{key[1]}-{piece.name}-{number}.arrow"
            body = io.BytesIO()
            part.select(table.columns).write_ipc(body, compression="lz4", record_batch_size=BATCH)
            places.write(piece.into, name, body.getvalue())
            windows[key] = (*windows.get(key, ()), name)
            written += body.tell()
    return Counted(piece.id, windows, rows, dict(lost), written)


def publish(window: Window) -> Published:
    """Add partials to those of a window, and write its bins anew.

    An input that is in the window already is not added again. The bins are written first: who dies between the two
    leaves partials that lack the input, and does the same again. Raises ArchiveError.
    """
    with places.bench(window.into, window.shuffle) as bench:
        return _publish(window, bench)


def _publish(window: Window, bench: Path) -> Published:
    stem = f"{datetime.fromtimestamp(window.start_s, UTC):%Y%m%dT%H%MZ}{window.part}.parquet"
    before, kept = _kept(window, f"partials-{stem}", bench)
    if kept.get("run") == window.run:  # this very step was done; its worker died before it could say so
        return _told(kept["told"])
    held = set(orjson.loads(kept.get("inputs", "[]")))
    revisions = {int(start): number for start, number in orjson.loads(kept.get("revisions", "{}")).items()}
    given = {name for name, _ in window.parts}
    again = tuple(sorted(given & held))
    shards = [[_left(window.into, file, bench) for file in files] for name, files in window.parts if name not in held]
    if not shards:
        return Published(window.start_s, 0, 0, [], 0, again)
    everything = pl.scan_ipc([file for files in shards for file in files], glob=False)
    touched = sorted(everything.select(pl.col("bin").unique()).collect(engine="streaming")["bin"])
    for start in touched:
        revisions[start] = revisions.get(start, 0) + 1
    number = pl.col("bin").dt.epoch("s").replace_strict(revisions, return_dtype=pl.UInt32).alias("revision")
    added = [Tape(files, window.spec) for files in few(shards, window.spec, window.most, bench)]
    write, write_bins = spool(bench, "partials"), spool(bench, "bins")
    rows_before, rows_after = Counter[int](), Counter[int]()
    files, tables, groups = [], [], 0
    for old, *new in rounds([Tape([before] if before else [], window.spec), *added], window.most):
        rows_before.update(_rows(old))
        table = partials.merged([old, *new], window.spec)
        rows_after.update(_rows(table))
        files.append(write(table))
        found = partials.bins(table, window.spec)
        groups += found.height
        tables.append(write_bins(found.select("bin", number, pl.exclude("bin"))))
    changed = [
        {"bin": datetime.fromtimestamp(start, UTC), "rows_before": rows_before[start], "rows": rows_after[start],
         "revision": revisions[start]}
        for start in touched if start in rows_before
    ]  # fmt: skip
    rows = sum(rows_after.values()) - sum(rows_before.values())
    report = Published(window.start_s, groups, len(touched) - len(changed), changed, rows, again)
    _sink(window.into, f"bins-{stem}", tables, bench, {})
    kept = {
        "grain_s": str(window.spec.grain_s),
        "run": window.run,
        "told": orjson.dumps(asdict(report)).decode(),
        "inputs": orjson.dumps(sorted(held | given)).decode(),
        "revisions": orjson.dumps({str(start): number for start, number in sorted(revisions.items())}).decode(),
    }
    _sink(window.into, f"partials-{stem}", files, bench, kept)
    return report


def sort(stretch: Stretch) -> Published:
    """Exact bins of a stretch of time. Raises SchemaError, ArchiveError."""
    since, until = (None, None) if stretch.whole else (stretch.since_s, stretch.until_s)
    which, of = stretch.share
    found = exact.aggregate(stretch.files, stretch.spec, since_s=since, until_s=until, share_of_keys=stretch.share)
    if found.table.height:
        start = found.table["bin"][0]
        part = f"-{which:04}" if of > 1 else ""
        name = f"bins-{start:%Y%m%dT%H%MZ}{part}.parquet"
        body = io.BytesIO()
        found.table.write_parquet(body, **_FORM)
        places.write(stretch.into, name, body.getvalue())
    bins = found.table["bin"].n_unique()
    lost = {reason: rows for reason, rows in found.lost.items() if stretch.lone or reason != NO_TIME}
    return Published(stretch.since_s, found.table.height, bins, [], found.rows, lost=lost)


def _kept(window: Window, name: str, bench: Path) -> tuple[Path | None, dict[str, str]]:
    """Partials of a window that was published, and what was noted with them."""
    path = places.here(window.into, name, bench)
    if path is None:
        return None, {}
    wanted = list(partials.schema(window.spec))
    try:
        columns = pl.scan_parquet(path, glob=False).collect_schema().names()
        kept = pl.read_parquet_metadata(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ArchiveError(f"{name} cannot be read: {str(error).splitlines()[0][:200]}") from error
    if columns != wanted:
        raise ArchiveError(f"{name} has columns {', '.join(columns)}; expected {', '.join(wanted)}")
    return path, kept


def _left(folder: str, name: str, bench: Path) -> Path:
    path = places.here(folder, name, bench)
    if path is None:
        raise ArchiveError(
            f"{name} is gone; expected what a step before had left there: does someone else use the folder?"
        )
    return path


def _sink(folder: str, name: str, tables: list[Path], bench: Path, notes: dict[str, str]) -> None:
    """Put tables there as one file, which may be larger than the memory."""
    made = bench / name
    pl.scan_ipc(tables, glob=False).sink_parquet(made, **_FORM, row_group_size=GROUP, metadata=notes or None)
    places.move(made, folder, name)


_FORM: Any = {"compression": "zstd", "compression_level": 1}


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
