"""Lay SIGNALS rows out as dense blocks, one row of slots per (entity, bin), as the store keeps them.

A block is the SERIES tier in memory: a bin with no observation is NaN, never 0. Where one key came twice, the row
that was received last counts: upstreams revise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    #: (slot, entity type, number of the bin) of which the source says that it does not list all that it saw.
    unlisted: frozenset[tuple[int, str, int]] = frozenset()

    @property
    def bins(self) -> int:
        """Number of bins."""
        return int(self.value.shape[1])

    def time(self, index: int) -> datetime:
        """Start of the bin at that index."""
        return bin_start(self.group.grain_s, bin_index(self.group.grain_s, self.start) + index)

    def part(self, first: int, last: int | None) -> Block:
        """The bins from ``first`` up to ``last``, counted as in a slice."""
        at = slice(first, last)
        start = self.time(at.indices(self.bins)[0])
        return replace(self, start=start, value=self.value[:, at], n=self.n[:, at])

    def copy(self) -> Block:
        """The same with arrays of its own: a part shares those of the whole, and keeps all of them in memory."""
        return replace(self, entities=list(self.entities), value=self.value.copy(), n=self.n.copy())


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
        rows of other groups are passed over. A null value is no observation and never replaces one; it says that the
        source saw more entities of this type in the bin than it lists. A time inside a bin counts for that bin.

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
    grid = _Grid(group)
    unlisted: set[tuple[int, str, int]] = set()
    for slot, series in enumerate(group.series):
        signal, source = split(series)
        own = (
            rows.lazy()
            .filter((pl.col("signal") == signal) & (pl.col("source") == source))
            .select(
                "entity", _bin_number(group.grain_s).alias("bin"), pl.col("value", "n").cast(pl.Float32), "received_at"
            )
            .collect()
        )
        if own["value"].null_count():
            nulls = own.filter(pl.col("value").is_null()).select(_type(), "bin").unique()
            unlisted.update((slot, kind, number) for kind, number in nulls.iter_rows())
            own = own.filter(pl.col("value").is_not_null())
        if own.height:
            grid.fill(slot, own)
    block = grid.block()
    return None if block is None else replace(block, unlisted=frozenset(unlisted))


def joined(parts: list[Block]) -> Block:
    """Blocks of one group and the same bins, each with entities of its own, as one. Raises ValueError for others."""
    first = parts[0]
    entities = [key for part in parts for key in part.entities]
    if len({(part.group.name, part.start, part.bins) for part in parts}) > 1 or len(set(entities)) < len(entities):
        raise ValueError("blocks can be joined when they are of one group, of the same bins and of different entities")
    return Block(
        first.group,
        entities,
        first.start,
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.n for part in parts]),
        frozenset().union(*(part.unlisted for part in parts)),
    )


def fill_absent(block: Block, known: list[str], slots: list[int]) -> Block:
    """Write 0 where a source was heard in a bin but said nothing of an entity that it knows.

    Only for sources that list what they saw (logs): there, no row means no event. A bin in which the source said
    nothing at all stays NaN everywhere: silence is not a count. So do entities of a type of which the source says that
    it does not list all (``Block.unlisted``). Entities of ``known`` that the block lacks are added.
    """
    if not slots:
        return block
    missing = sorted(set(known) - set(block.entities))
    if missing:
        pad = np.full((len(missing), block.bins, block.group.width), np.nan, dtype=np.float32)
        block = replace(
            block,
            entities=[*block.entities, *missing],
            value=np.concatenate([block.value, pad]),
            n=np.concatenate([block.n, pad]),
        )
    heard = np.logical_not(np.isnan(block.value).all(axis=(0, 2)))[None, :]
    for slot in slots:
        values = block.value[:, :, slot]
        absent = np.isnan(values) & heard & ~_unlisted(block, slot)
        block.value[:, :, slot] = np.where(absent, np.float32(0), values)
    return block


def _unlisted(block: Block, slot: int) -> npt.NDArray[np.bool_]:
    """For which entities and bins an absent row says nothing. Where networks or countries are not all listed, networks
    in a country are neither."""
    out = np.zeros((len(block.entities), block.bins), bool)
    first = bin_index(block.group.grain_s, block.start)
    for at, kind, number in block.unlisted:
        if at == slot and 0 <= number - first < block.bins:
            kinds = (f"{kind}/", "geoasn/") if kind in ("asn", "country") else (f"{kind}/",)
            out[[key.startswith(kinds) for key in block.entities], number - first] = True
    return out


class _Grid:
    """A block that grows with the entities and bins it meets: series are laid out one after the other, so that only one
    of them is in memory as rows."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._places: dict[str, int] = {}
        self._first = 0
        self._value: F32 = np.full((0, 0, group.width), np.nan, np.float32)
        self._n = self._value

    def fill(self, slot: int, rows: pl.DataFrame) -> None:
        """Lay out one series: entity, bin, value, n, received_at."""
        runs = rows["entity"].rle().struct.unnest()
        rising = np.diff(rows["bin"].to_numpy()) > 0
        rising[runs["len"].cum_sum().to_numpy()[:-1] - 1] = True  # from one entity to the next
        if not (rising.all() and runs["value"].is_unique().all()):
            # a key may have come twice: numpy writes repeated positions in order, so the one received last stays
            rows = rows.sort("received_at", maintain_order=True)
            runs = rows["entity"].rle().struct.unnest()
        bins = rows["bin"].to_numpy()
        names = runs["value"].to_list()
        self._cover(names, int(bins.min()), int(bins.max()))
        # rows mostly come sorted by entity: looked up once a run
        entity = np.repeat(np.array([self._places[key] for key in names]), runs["len"].to_numpy())
        self._value[entity, bins - self._first, slot] = rows["value"].to_numpy()
        self._n[entity, bins - self._first, slot] = rows["n"].fill_null(np.nan).to_numpy()

    def block(self) -> Block | None:
        """What was laid out, entities sorted; None when there was nothing."""
        if not self._places:
            return None
        entities = sorted(self._places)
        order = [self._places[key] for key in entities]
        if order != list(range(len(order))):
            self._value, self._n = self._value[order], self._n[order]
        return Block(self._group, entities, bin_start(self._group.grain_s, self._first), self._value, self._n)

    def _cover(self, names: list[str], low: int, high: int) -> None:
        old = (len(self._places), self._value.shape[1])
        for key in names:
            self._places.setdefault(key, len(self._places))
        first = min(self._first, low) if old[1] else low
        last = max(self._first + old[1] - 1, high) if old[1] else high
        if (len(self._places), last - first + 1) == old:
            return
        at = self._first - first if old[1] else 0
        for name in ("_value", "_n"):
            grown = np.full((len(self._places), last - first + 1, self._group.width), np.nan, np.float32)
            grown[: old[0], at : at + old[1]] = getattr(self, name)
            setattr(self, name, grown)
        self._first = first


def _type() -> pl.Expr:
    return pl.col("entity").str.split("/").list.first()


def _bin_number(grain_s: int) -> pl.Expr:
    if grain_s == MONTH_S:
        return pl.col("timebin").dt.year().cast(pl.Int64) * 12 + pl.col("timebin").dt.month().cast(pl.Int64) - 1
    return pl.col("timebin").dt.epoch("s") // grain_s
