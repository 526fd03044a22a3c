"""Lay SIGNALS rows out as dense blocks, one row of slots per (entity, bin), as the store keeps them.

A block is the SERIES tier in memory: a bin with no observation is NaN, never 0. Where one key came twice, the row
that was received last counts: upstreams revise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from radar.signals import MONTH_S, Group, split

F32 = npt.NDArray[np.float32]


@dataclass(slots=True)
class Block:
    """Dense bins of one group.

    ``value`` and ``n`` are float32 [entities, bins, slots]; NaN is "no data" or, in ``n``, "the upstream does not
    say". ``start`` is the first bin; bins follow each other every ``group.grain_s`` (every calendar month for MONTH_S).
    """

    group: Group
    entities: list[str]
    start: datetime
    value: F32
    n: F32

    @property
    def bins(self) -> int:
        """Number of bins."""
        return int(self.value.shape[1])

    def time(self, index: int) -> datetime:
        """Start of the bin at that index."""
        return bin_start(self.group.grain_s, bin_index(self.group.grain_s, self.start) + index)


def bin_index(grain_s: int, t: datetime) -> int:
    """Number of the bin that holds ``t``, counted from the epoch; months from year 0."""
    if grain_s == MONTH_S:
        return t.year * 12 + t.month - 1
    return int(t.timestamp()) // grain_s


def bin_start(grain_s: int, index: int) -> datetime:
    """Start of a bin by its number; the inverse of :func:`bin_index`."""
    if grain_s == MONTH_S:
        return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)
    return datetime.fromtimestamp(index * grain_s, UTC)


def bin_end(grain_s: int, start: datetime) -> datetime:
    """First moment after the bin that starts at ``start``."""
    if grain_s == MONTH_S:
        return bin_start(grain_s, bin_index(grain_s, start) + 1)
    return start + timedelta(seconds=grain_s)


def to_block(rows: pl.DataFrame | pl.LazyFrame, group: Group) -> Block | None:
    """Lay out all rows that belong to the group; None when there are none.

    Parameters
    ----------
    rows
        ARCHIVED rows (``radar.schema.ARCHIVED``) in any order, or a scan of them, which is read a series at a time;
        rows of other groups are passed over. A null value is no observation and never replaces one. A time inside a
        bin counts for that bin.

    Examples
    --------
    Two rows of one key, the later received one wins:

    >>> from radar.signals import GROUPS
    >>> t = datetime(2026, 3, 2, tzinfo=UTC)
    >>> rows = pl.DataFrame({"timebin": [t, t], "entity": ["country/IQ"] * 2, "signal": ["ping.up_24s"] * 2,
    ...     "value": [5.0, 7.0], "n": [None, None], "source": ["ioda_signals"] * 2, "received_at": [t, t]})
    >>> to_block(rows, GROUPS["ioda10"]).value.tolist()
    [[[7.0]]]
    """
    parts: list[_Part] = []
    for slot, series in enumerate(group.series):
        signal, source = split(series)
        mine = (
            rows.lazy()
            .filter((pl.col("signal") == signal) & (pl.col("source") == source) & pl.col("value").is_not_null())
            .select(
                "entity", _bin_number(group.grain_s).alias("bin"), pl.col("value", "n").cast(pl.Float32), "received_at"
            )
            .collect()
        )
        if mine.height:
            parts.append(_part(slot, mine))
    if not parts:
        return None
    entities = sorted(set().union(*(set(part.names) for part in parts)))
    first = min(int(part.bin.min()) for part in parts)
    last = max(int(part.bin.max()) for part in parts)
    shape = (len(entities), last - first + 1, group.width)
    value = np.full(shape, np.nan, dtype=np.float32)
    count = np.full(shape, np.nan, dtype=np.float32)
    place = {key: i for i, key in enumerate(entities)}
    for part in parts:
        entity = np.repeat(np.array([place[key] for key in part.names]), part.lengths)
        # numpy writes repeated positions in order, so the row received last stays
        value[entity, part.bin - first, part.slot] = part.value
        count[entity, part.bin - first, part.slot] = part.n
    return Block(group, entities, bin_start(group.grain_s, first), value, count)


def fill_absent(block: Block, known: list[str], slots: list[int]) -> Block:
    """Write 0 where a source was heard in a bin but said nothing of an entity that it knows.

    Only for sources that list what they saw (logs): there, no row means no event. A bin in which the source said
    nothing at all stays NaN everywhere: silence is not a count. Entities of ``known`` that the block lacks are added.
    """
    if not slots:
        return block
    missing = sorted(set(known) - set(block.entities))
    if missing:
        pad = np.full((len(missing), block.bins, block.group.width), np.nan, dtype=np.float32)
        block = Block(
            block.group,
            [*block.entities, *missing],
            block.start,
            np.concatenate([block.value, pad]),
            np.concatenate([block.n, pad]),
        )
    heard = np.logical_not(np.isnan(block.value).all(axis=(0, 2)))[None, :]
    for slot in slots:
        values = block.value[:, :, slot]
        block.value[:, :, slot] = np.where(np.isnan(values) & heard, np.float32(0), values)
    return block


@dataclass(slots=True)
class _Part:
    """One series' rows, oldest received first; entities as runs, since rows mostly come sorted by them."""

    slot: int
    names: list[str]
    lengths: npt.NDArray[np.int64]
    bin: npt.NDArray[np.int64]
    value: F32
    n: F32


def _part(slot: int, rows: pl.DataFrame) -> _Part:
    runs = rows["entity"].rle().struct.unnest()
    rising = np.diff(rows["bin"].to_numpy()) > 0
    rising[runs["len"].cum_sum().to_numpy()[:-1] - 1] = True  # from one entity to the next
    if not (rising.all() and runs["value"].is_unique().all()):
        # a key may have come twice
        rows = rows.sort("received_at", maintain_order=True)
        runs = rows["entity"].rle().struct.unnest()
    return _Part(
        slot,
        runs["value"].to_list(),
        runs["len"].cast(pl.Int64).to_numpy(),
        rows["bin"].to_numpy(),
        rows["value"].to_numpy(),
        rows["n"].fill_null(np.nan).to_numpy(),
    )


def _bin_number(grain_s: int) -> pl.Expr:
    if grain_s == MONTH_S:
        return pl.col("timebin").dt.year().cast(pl.Int64) * 12 + pl.col("timebin").dt.month().cast(pl.Int64) - 1
    return pl.col("timebin").dt.epoch("s") // grain_s
