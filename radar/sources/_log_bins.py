"""Bins of partials in bounded memory: what was counted waits on disk, and is merged one bin at a time.

Partials of pieces are held until they take a part (:func:`room`) of the memory that may be taken; then they go to the
disk, each with its bin, and when as much waits for a bin the bin takes it in. So no more than one bin, and what waits
for it, is in memory at a time.

A bin that is larger than that is cut, so that every sum stays right:

1. first the cells (histograms, registers of distinct counts): of the column with the most different values, those with
   the fewest rows of the log lose them. The cells are then kept without that column, for what the other columns say: a
   network's cells go on counting for its country. The sums of the value stay; what its cells would say is unknown;
2. where that is not enough, all that the bin says: the smallest values are counted together, without a name (null).

Once a bin is cut, a value that has no cells (or no name) there does not get any later: they would be of a part of its
rows only. What was cut in a bin is cut in its hour. What was cut is counted in rows of the log among the rejections.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import polars as pl

from radar.sources._rejections import Rejections

BIN_S, HOUR_S = 300, 3600
#: A bin, and what is held before it goes to the disk, take at most this part of the memory each, of which so many bytes
#: are first set aside: merging takes up to twelve times as much for a moment, and pieces are counted beside it.
PART, ASIDE = 14, 32 << 20
#: A bin that is cut is cut to this part of what it may take, so that not every merge cuts again.
_ROOM = 0.75

TABLES = """
CREATE TABLE IF NOT EXISTS bins (bin INTEGER PRIMARY KEY, body BLOB NOT NULL, changed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS waiting (bin INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS waiting_bins ON waiting (bin);
CREATE TABLE IF NOT EXISTS cuts (bin INTEGER NOT NULL, tier TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
                                 PRIMARY KEY (bin, tier, name, kind));
CREATE TABLE IF NOT EXISTS unlisted (bin INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
                                     example TEXT NOT NULL, PRIMARY KEY (bin, name, kind));
"""

#: What the columns of partials are called in words.
_WORDS = {"asn": "networks", "cc": "countries", "to_cc": "target countries", "provider": "providers", "rule": "rules",
          "title": "titles", "cve": "CVE numbers", "country": "countries", "zone": "zones"}  # fmt: skip


class Cut(NamedTuple):
    """What was cut: ``tier`` (cells or all) of column ``name`` where ``Rules.within`` says ``kind`` ("" for none)."""

    tier: str
    name: str
    kind: str


class Unlisted(NamedTuple):
    """A column of which a bin does not list all values: some were cut. ``kind`` as in a :class:`Cut`; ``example``: one
    that was."""

    name: str
    kind: str
    example: str


class Rules(NamedTuple):
    """How partials merge and are cut.

    ``largest``: fields that merge by the larger. ``once``: partials that count each row of the log once; None: any.
    ``within``: a column that says of which kind a row's key is, and is never cut itself.
    """

    largest: frozenset[str]
    once: pl.Expr | None = None
    within: str | None = None


def size_of(table: pl.DataFrame) -> int:
    """Bytes that a table takes; of text 16 and its length."""
    text = [name for name, kind in table.schema.items() if kind == pl.String]
    fixed = sum(16 if kind == pl.String else 8 for kind in table.schema.values())
    return int(table.height * fixed + sum(table[name].estimated_size() for name in text))


def merged(parts: list[pl.DataFrame], rules: Rules, *, ordered: bool = True) -> pl.DataFrame:
    """Partials of several pieces as those of the whole."""
    table = pl.concat(parts, how="vertical_relaxed") if len(parts) > 1 else parts[0]
    names = [name for name in table.columns if name != "amount"]
    chosen = pl.when(pl.col("field").is_in(list(rules.largest))).then("most").otherwise("total")
    table = (
        table.group_by(names)
        .agg(most=pl.col("amount").max(), total=pl.col("amount").sum())
        .select(*names, amount=chosen.cast(pl.Int64))
    )
    return table.sort(names) if ordered else table


def room(memory: int) -> int:
    """Bytes that a bin may take of so many that counting may."""
    return max(memory - ASIDE, memory // 4) // PART


class Bins:
    """The bins of one source in its state; ``memory`` in bytes is what counting may take. What is cut is counted in
    ``lost``."""

    def __init__(self, state: sqlite3.Connection, rules: Rules, *, memory: int, lost: Rejections) -> None:
        self._state, self._rules, self.lost = state, rules, lost
        self._most = room(memory)
        self._held: list[pl.DataFrame] = []
        self._size = 0
        self._unnamed: dict[tuple[str, str], str] = {}

    def add(self, part: pl.DataFrame) -> None:
        """Take partials of a piece."""
        size = size_of(part)
        if size <= self._most:
            self._hold(part, size)
            return
        step = max(part.height * self._most // size, 1)
        for at in range(0, part.height, step):
            some = part.slice(at, step)
            self._hold(some, size_of(some))
        self._to_disk()  # what is held would keep the whole of it

    def _hold(self, part: pl.DataFrame, size: int) -> None:
        self._held.append(part)
        self._size += size
        if self._size <= self._most:
            return
        self._held = [merged(self._held, self._rules, ordered=False)]
        self._size = size_of(self._held[0])
        if self._size > self._most // 2:
            self._to_disk()

    def _to_disk(self) -> None:
        """Put what is held beside its bins, and merge those for which much waits."""
        if not self._size:
            return
        table = merged(self._held, self._rules, ordered=False) if len(self._held) > 1 else self._held[0]
        self._held, self._size = [], 0
        for start in table["bin"].unique().sort().to_list():
            part = table.filter(pl.col("bin") == start)
            self._state.execute("INSERT INTO waiting VALUES (?, ?, ?)", (start, size_of(part), _written(part)))
        del table
        waiting = self._state.execute("SELECT bin, sum(size) FROM waiting GROUP BY bin ORDER BY bin").fetchall()
        for start, size in waiting:
            if size > self._most:
                self._merge(start)

    def settle(self) -> None:
        """Merge all that waits."""
        self._to_disk()
        for (start,) in self._state.execute("SELECT DISTINCT bin FROM waiting ORDER BY bin").fetchall():
            self._merge(start)

    def _merge(self, start: int) -> None:
        whole, cuts = self.table(start), self._cuts(start)
        before = set(cuts)
        self._unnamed.clear()
        for part in self._waiting(start):
            whole = self._joined(whole, part, cuts, start)
        self._state.execute("DELETE FROM waiting WHERE bin = ?", (start,))
        if whole is not None:
            self._state.execute("INSERT OR REPLACE INTO bins VALUES (?, ?, 1)", (start, _written(whole)))
        self._state.executemany("INSERT INTO cuts VALUES (?, ?, ?, ?)", [(start, *cut) for cut in cuts - before])
        self._state.executemany("INSERT OR IGNORE INTO unlisted VALUES (?, ?, ?, ?)",
                                [(start, *column, example) for column, example in self._unnamed.items()])  # fmt: skip

    def _waiting(self, start: int) -> Iterator[pl.DataFrame]:
        """What waits for a bin, in tables of about as much as a bin may take."""
        parts: list[pl.DataFrame] = []
        size = 0
        for more, body in self._state.execute("SELECT size, body FROM waiting WHERE bin = ? ORDER BY rowid", (start,)):
            if parts and size + more > self._most:
                yield pl.concat(parts, how="vertical_relaxed")
                parts, size = [], 0
            parts.append(_read(body))
            size += more
        if parts:
            yield pl.concat(parts, how="vertical_relaxed")

    def _joined(
        self, whole: pl.DataFrame | None, part: pl.DataFrame, cuts: set[Cut], start: int, *, span: str = "a bin"
    ) -> pl.DataFrame:
        """A bin with more in it, cut where it grew too large; ``cuts`` are then told."""
        cells = sorted({*_cells(part), *(_cells(whole) if whole is not None else ())})
        if whole is not None:
            for cut in sorted(cuts):
                kept = _kept(whole, cut, self._rules, cells)
                part = self._without(part, cut, kept, start, cells=cells, span=span)
        whole = merged([part] if whole is None else [whole, part], self._rules)
        for tier in ("cells", "all"):
            done: set[Cut] = set()
            while (size := size_of(whole)) > self._most:
                found = [cut for cut in _candidates(whole, tier, self._rules, cells) if cut not in done]
                if not found:
                    break
                done.add(found[0])
                room = int(whole.height * _ROOM * self._most / size)
                kept = _fitting(whole, found[0], self._rules, room, cells)
                whole = merged([self._without(whole, found[0], kept, start, cells=cells, span=span)], self._rules)
                cuts.add(found[0])
        return whole

    def _without(
        self, table: pl.DataFrame, cut: Cut, kept: pl.Series, start: int, *, cells: list[str], span: str
    ) -> pl.DataFrame:
        """The table where only the kept values of a column have cells (or a name). What is lost is counted."""
        mine = _mask(cut, self._rules, cells) & ~pl.col(cut.name).is_in(kept.implode())
        gone = table.filter(mine)[cut.name].unique()
        if gone.is_empty():
            return table
        rows = _weights(table.filter(pl.col(cut.name).is_in(gone.implode())), cut, self._rules)["weight"].sum()
        what = _WORDS.get(cut.kind or cut.name, f"values of {cut.kind or cut.name}")
        why = "clients and percentiles of the smallest are not kept" if cut.tier == "cells" else (
            "the smallest are counted together, without a name")  # fmt: skip
        if cut.tier == "all":
            self._unnamed.setdefault((cut.name, cut.kind), str(gone.min()))
        stamp = f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%MZ}"
        self.lost.add(f"more {what} in {span} than logs_memory_mb has room for: {why}",
                       f"{len(gone)} of them at {stamp}", max(int(rows), 1))  # fmt: skip
        return table.with_columns(pl.when(~mine).then(pl.col(cut.name)).alias(cut.name))

    def _cuts(self, start: int) -> set[Cut]:
        return {Cut(*row) for row in self._state.execute("SELECT tier, name, kind FROM cuts WHERE bin = ?", (start,))}

    def table(self, start: int) -> pl.DataFrame | None:
        """The partials of a bin, in order; None where there is none. What still waits for it is not in it."""
        row = self._state.execute("SELECT body FROM bins WHERE bin = ?", (start,)).fetchone()
        return None if row is None else _read(row[0])

    def unlisted(self, start: int, span: int = BIN_S) -> tuple[Unlisted, ...]:
        """Of which columns the bins of this time do not list all values; of an hour, once :meth:`hour` has made it."""
        found = dict(self._unnamed) if span == HOUR_S else {}
        for name, kind, example in self._state.execute(
            "SELECT name, kind, example FROM unlisted WHERE bin >= ? AND bin < ? ORDER BY bin", (start, start + span)
        ):
            found.setdefault((name, kind), example)
        return tuple(Unlisted(*column, example) for column, example in sorted(found.items()))

    def hour(self, start: int) -> pl.DataFrame | None:
        """The partials of an hour's bins as those of one bin of an hour; None where no bin is kept."""
        self._unnamed.clear()
        starts = [row[0] for row in self._state.execute("SELECT bin FROM bins WHERE bin >= ? AND bin < ? ORDER BY bin",
                                                        (start, start + HOUR_S))]  # fmt: skip
        limits = self._limits(starts)
        whole: pl.DataFrame | None = None
        cuts: set[Cut] = set()
        for one in starts:
            part = self.table(one)
            if part is None:
                continue
            part = part.with_columns(bin=pl.lit(start, pl.Int64))
            for cut, (values, named) in sorted(limits.items()):
                inside = _mask(cut, self._rules, _cells(part))
                out = ~pl.col(cut.name).is_in(values.implode()) if named else pl.col(cut.name).is_in(values.implode())
                part = part.with_columns(pl.when(~(inside & out)).then(pl.col(cut.name)).alias(cut.name))
            whole = self._joined(whole, part, cuts, start, span="an hour")
        return whole

    def _limits(self, starts: Iterable[int]) -> dict[Cut, tuple[pl.Series, bool]]:
        """What was cut in any of the bins: of cells the values that lost theirs, of names (True) those that were
        kept in every bin that was cut so."""
        found: dict[Cut, tuple[pl.Series, bool]] = {}
        for start in starts:
            cuts = self._cuts(start)
            table = self.table(start) if cuts else None
            if table is None:
                continue
            for cut in cuts:
                kept = _kept(table, cut, self._rules, _cells(table))
                named = cut.tier == "all"
                if not named:
                    kind = _of_kind(cut, self._rules)
                    everyone = table.filter(kind & pl.col(cut.name).is_not_null())[cut.name].unique()
                    kept = everyone.filter(~everyone.is_in(kept.implode()))
                if cut in found:
                    before = found[cut][0]
                    kept = before.filter(before.is_in(kept.implode())) if named else pl.concat([before, kept]).unique()
                found[cut] = (kept, named)
        return found

    def forget(self, before: int) -> None:
        """Drop the bins that began before then and were given."""
        self._state.execute("DELETE FROM bins WHERE bin < ? AND changed = 0", (before,))
        for table in ("cuts", "unlisted"):
            self._state.execute(f"DELETE FROM {table} WHERE bin < ? AND bin NOT IN (SELECT bin FROM bins)", (before,))


def _dimensions(table: pl.DataFrame, rules: Rules) -> list[str]:
    return [name for name in table.columns if name not in ("bin", "field", "cell", "amount", rules.within)]


def _of_kind(cut: Cut, rules: Rules) -> pl.Expr:
    return pl.lit(True) if rules.within is None else pl.col(rules.within) == cut.kind


def _cells(table: pl.DataFrame) -> list[str]:
    """Fields whose partials are cells."""
    return table.filter(pl.col("cell") != 0)["field"].unique().to_list()


def _mask(cut: Cut, rules: Rules, cells: list[str]) -> pl.Expr:
    """The rows that a cut is about."""
    mine = _of_kind(cut, rules) & pl.col(cut.name).is_not_null()
    return mine & pl.col("field").is_in(cells) if cut.tier == "cells" else mine


def _kept(table: pl.DataFrame, cut: Cut, rules: Rules, cells: list[str]) -> pl.Series:
    return table.filter(_mask(cut, rules, cells))[cut.name].unique()


def _candidates(table: pl.DataFrame, tier: str, rules: Rules, cells: list[str]) -> list[Cut]:
    """What may be cut, that with the most different values first."""
    names = _dimensions(table, rules)
    if tier == "cells":
        table = table.filter(pl.col("field").is_in(cells))
    kinds = [""] if rules.within is None else table[rules.within].unique().to_list()
    found = []
    for kind in kinds:
        rows = table if rules.within is None else table.filter(pl.col(rules.within) == kind)
        found += [(rows[name].drop_nulls().n_unique(), Cut(tier, name, kind)) for name in names]
    return [cut for count, cut in sorted(found, key=lambda item: (-item[0], item[1])) if count > 1]


def _weights(table: pl.DataFrame, cut: Cut, rules: Rules) -> pl.DataFrame:
    """Rows of the log behind each value of a column: ``cut.name``, ``weight``. The largest of the counts counts."""
    once = table.filter(rules.once) if rules.once is not None else table.filter(pl.col("cell") == 0)
    fields = once["field"].unique().to_list()
    return (
        table.filter(_of_kind(cut, rules) & pl.col("field").is_in(fields) & pl.col(cut.name).is_not_null())
        .group_by(cut.name, "field")
        .agg(pl.col("amount").sum())
        .group_by(cut.name)
        .agg(weight=pl.col("amount").max())
    )


def _fitting(table: pl.DataFrame, cut: Cut, rules: Rules, room: int, cells: list[str]) -> pl.Series:
    """The values with the most rows of the log, as many as leave a table of so many rows."""
    mine = table.filter(_mask(cut, rules, cells))
    values = mine.group_by(cut.name).agg(rows=pl.len()).join(_weights(table, cut, rules), on=cut.name, how="left")
    values = values.sort([pl.col("weight").fill_null(0), cut.name], descending=[True, False])
    return values.filter(pl.col("rows").cum_sum() <= room - (table.height - mine.height))[cut.name]


def _written(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_ipc(out, compression="zstd")
    return out.getvalue()


def _read(body: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(body))
