"""Sorted partials on disk, merged a few rows at a time: however many there are, memory holds what it may.

A tape is files whose rows follow each other in the order of bin and key. Of every tape some rows are read; those of all
bins and keys that no tape can have more of are merged and given away, and the next rows are read. Where there are more
tapes than may be open at once, some are first merged into one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from radar.aggregate.rollup import partials
from radar.aggregate.rollup.rows import Spec

#: Rows that are read of a tape at least: a bin and key has no more (5 sums, 4,096 registers and two histograms).
LEAST = 8192

#: Rows of one batch of a file, so that a few can be read without the others.
BATCH = 8192


class Tape:
    """Partials in files, Arrow or Parquet. ``held``: the rows that are read and not given away."""

    def __init__(self, files: Sequence[Path], spec: Spec) -> None:
        self._files, self._spec, self._at = list(files), spec, 0
        self.held = pl.DataFrame(schema=partials.schema(spec))

    @property
    def ended(self) -> bool:
        """Is all of it read?"""
        return not self._files

    def read(self, rows: int) -> None:
        """Hold so many rows, or all that are left."""
        found = [self.held] if self.held.height else []
        wanted = rows - self.held.height
        while wanted > 0 and self._files:
            file = self._files[0]
            scan = pl.scan_parquet(file, glob=False) if file.suffix == ".parquet" else pl.scan_ipc(file, glob=False)
            some = scan.slice(self._at, wanted).collect(engine="in-memory")
            self._at += some.height
            if some.height < wanted:
                self._files.pop(0)
                self._at = 0
            wanted -= some.height
            found.append(some.cast(partials.schema(self._spec)))  # type: ignore[arg-type]  # a dict of types
        if found:
            self.held = pl.concat(found)

    def last(self) -> tuple[Any, ...]:
        """Bin and key of the last row that is held."""
        return self.held.select("bin", *self._spec.keys).row(-1)

    def before(self, bound: tuple[Any, ...] | None) -> pl.DataFrame:
        """Give away the rows of bins and keys before that one; None: all."""
        place = self.held.height
        if bound is not None:
            earlier = pl.lit(value=False)
            for name, value in reversed(list(zip(("bin", *self._spec.keys), bound, strict=True))):
                earlier = (pl.col(name) < value) | ((pl.col(name) == value) & earlier)
            place = int(self.held.select(earlier.sum()).item())
        given, self.held = self.held[:place], self.held[place:]
        return given


def rounds(tapes: Sequence[Tape], most: int) -> Iterator[list[pl.DataFrame]]:
    """All rows of all tapes in order, about ``most`` at a time: what each tape has of the same bins and keys."""
    step = max(most // max(len(tapes), 1), LEAST)
    while True:
        for tape in tapes:
            tape.read(step)
        ends = [tape.last() for tape in tapes if not tape.ended]
        given = [tape.before(min(ends, default=None)) for tape in tapes]
        if any(part.height for part in given):
            yield given
        elif ends:
            step *= 2  # a bin and key of more rows than there can be: never of partials that were merged
        if not ends:
            return


def few(tapes: Sequence[Sequence[Path]], spec: Spec, most: int, folder: Path) -> list[Sequence[Path]]:
    """The same partials on so few tapes that they can be merged in ``most`` rows of memory, with one more of them."""
    width = max(most // (2 * LEAST), 3)
    level = 0
    while len(tapes) >= width:
        level += 1
        merged: list[Sequence[Path]] = []
        for at in range(0, len(tapes), width):
            some = [Tape(files, spec) for files in tapes[at : at + width]]
            write = spool(folder, f"tape-{level}-{at}")
            merged.append([write(partials.merged(parts, spec)) for parts in rounds(some, most)])
            if level > 1:  # what the level before had left
                for file in (file for files in tapes[at : at + width] for file in files):
                    file.unlink()
        tapes = merged
    return list(tapes)


def spool(folder: Path, stem: str) -> Callable[[pl.DataFrame], Path]:
    """What writes tables one after the other, each into a file, and says into which."""
    number = 0

    def write(table: pl.DataFrame) -> Path:
        nonlocal number
        number += 1
        path = folder / f"{stem}-{number:06}.arrow"
        table.write_ipc(path, compression="lz4", record_batch_size=BATCH)
        return path

    return write
