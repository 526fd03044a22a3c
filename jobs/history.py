"""Where the pipeline keeps bins and finds "clean" history: in the store, or beside it while a recorded set is replayed.

Clean history is what was observed, except where a bin was found to be affected: there it is the baseline of that bin,
so that a long outage never becomes normal. Only these exceptions are written, as aspect ``clean``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import numpy as np
import numpy.typing as npt

from radar.aggregate.bins import F32, Block, bin_index, bin_start
from radar.signals import Group
from radar.store import Store, blocks, keys
from radar.store.retention import Keep
from radar.store.wire import Guard, free

#: Points that are read and written at once: what bounds the memory of a long backfill.
CHUNK_POINTS = 1_000_000
ASPECTS = ("value", "n", "baseline", "spread", "score", "clean")


class History(Protocol):
    """Reads and writes the bins of one group."""

    def put(self, block: Block, *, fresh: bool = False) -> list[int]:
        """Keep observed values; a NaN in the block never removes a value. Returns the bins (as positions in the block)
        in which a value is now another than before, or came where there was none. ``fresh``: nothing of these entities
        was ever kept."""

    def observed(self, entities: Sequence[str], t: datetime) -> tuple[F32, F32]:
        """Values and ``n`` of one bin, float32 [entities, slots]."""

    def past(self, entities: Sequence[str], t: datetime, offsets: Sequence[int]) -> F32:
        """Clean history at ``t`` plus each offset in bins: float32 [entities, offsets, slots]."""

    def keep(self, aspect: str, entities: Sequence[str], t: datetime, values: F32) -> None:
        """Write one bin of one aspect, float32 [entities, slots]."""

    def put_aspect(self, aspect: str, entities: Sequence[str], start: datetime, values: F32) -> None:
        """Write many bins of one aspect, float32 [entities, bins, slots]."""

    def flush(self) -> None:
        """Everything kept so far is in the store when this returns."""


class StoreHistory:
    """History that lies in the store: nothing is held in this process, so a restart loses nothing.

    ``live``: pages are dropped when they are too old to be of use; a replayed or recorded set is kept. ``keep``: what
    the operator set instead. ``guard``: asked before each write whether it may still be made.
    """

    def __init__(
        self, client: Store, group: Group, *, live: bool = False, keep: Keep | None = None, guard: Guard = free
    ) -> None:
        self._client = client
        self._guard = guard
        self._group = group
        self._ttl_s = keep.seconds(group) if keep is not None else keys.live_ttl_s(group) if live else None

    def put(self, block: Block, *, fresh: bool = False) -> list[int]:
        """See :class:`History`. Bins already there are read and overlaid, as slots may come from different answers."""
        changed = np.zeros(block.bins, bool)
        size = max(1, CHUNK_POINTS // (block.bins * self._group.width))
        for at in range(0, len(block.entities), size):
            part = slice(at, at + size)
            names = block.entities[part]
            for aspect, values in (("value", block.value[part]), ("n", block.n[part])):
                if fresh:
                    merged, differs = values, np.logical_not(np.isnan(values)).any(axis=(0, 2))
                else:
                    old = blocks.read_bins(self._client, self._group, aspect, names, block.start, block.bins)
                    merged = np.where(np.isnan(values), old, values)
                    differs = _differs(merged, old)
                if aspect == "value":
                    changed |= differs
                low, high = _filled(merged)
                if low < high:  # a page of nothing takes as much room as any other
                    self.put_aspect(aspect, names, block.time(low), merged[:, low:high])
        return [int(i) for i in np.flatnonzero(changed)]

    def observed(self, entities: Sequence[str], t: datetime) -> tuple[F32, F32]:
        """See :class:`History`."""
        value = blocks.read_bins(self._client, self._group, "value", list(entities), t, 1)[:, 0]
        n = blocks.read_bins(self._client, self._group, "n", list(entities), t, 1)[:, 0]
        return value, n

    def past(self, entities: Sequence[str], t: datetime, offsets: Sequence[int]) -> F32:
        """See :class:`History`."""
        starts = [_shift(self._group, t, offset) for offset in offsets]
        value = blocks.gather(self._client, self._group, "value", list(entities), starts)
        clean = blocks.gather(self._client, self._group, "clean", list(entities), starts)
        return np.where(np.isnan(clean), value, clean)

    def keep(self, aspect: str, entities: Sequence[str], t: datetime, values: F32) -> None:
        """See :class:`History`."""
        self.put_aspect(aspect, entities, t, values[:, None, :])

    def put_aspect(self, aspect: str, entities: Sequence[str], start: datetime, values: F32) -> None:
        """See :class:`History`."""
        blocks.write_bins(
            self._client, self._group, aspect, list(entities), start, values, ttl_s=self._ttl_s, guard=self._guard
        )

    def flush(self) -> None:
        """Nothing is held back."""


class ReplayHistory:
    """History of one recorded set, held beside the store while it is replayed and written out by ``flush``.

    A replay steps through years in a minute; asking the store for each bin would take most of that. The set's extent is
    known beforehand, so plain arrays do.
    """

    def __init__(self, client: Store, group: Group, entities: list[str], start: datetime, bins: int) -> None:
        self._client = client
        self._group = group
        self._rows = {key: i for i, key in enumerate(entities)}
        self._entities = entities
        self._first = bin_index(group.grain_s, start)
        self._arrays = {a: np.full((len(entities), bins, group.width), np.nan, np.float32) for a in ASPECTS}
        self._dirty: list[int] = []

    def put(self, block: Block, *, fresh: bool = False) -> list[int]:
        """See :class:`History`."""
        at = bin_index(self._group.grain_s, block.start) - self._first
        rows = [self._rows[key] for key in block.entities]
        old = self._arrays["value"][rows, at : at + block.bins]
        for aspect, values in (("value", block.value), ("n", block.n)):
            view = self._arrays[aspect][rows, at : at + block.bins]
            self._arrays[aspect][rows, at : at + block.bins] = np.where(np.isnan(values), view, values)
        self._dirty += [at, at + block.bins - 1]
        return [int(i) for i in np.flatnonzero(_differs(self._arrays["value"][rows, at : at + block.bins], old))]

    def observed(self, entities: Sequence[str], t: datetime) -> tuple[F32, F32]:
        """See :class:`History`."""
        at = bin_index(self._group.grain_s, t) - self._first
        rows = [self._rows[key] for key in entities]
        return self._arrays["value"][rows, at], self._arrays["n"][rows, at]

    def past(self, entities: Sequence[str], t: datetime, offsets: Sequence[int]) -> F32:
        """See :class:`History`. Before the set's first bin there is nothing."""
        at = bin_index(self._group.grain_s, t) - self._first + np.asarray(offsets)
        rows = np.array([self._rows[key] for key in entities])
        inside = np.clip(at, 0, self._arrays["value"].shape[1] - 1)
        value = self._arrays["value"][rows[:, None], inside[None, :]]
        clean = self._arrays["clean"][rows[:, None], inside[None, :]]
        past: F32 = np.where(np.isnan(clean), value, clean)
        past[:, at < 0] = np.nan
        return past

    def keep(self, aspect: str, entities: Sequence[str], t: datetime, values: F32) -> None:
        """See :class:`History`."""
        self.put_aspect(aspect, entities, t, values[:, None, :])

    def put_aspect(self, aspect: str, entities: Sequence[str], start: datetime, values: F32) -> None:
        """See :class:`History`."""
        at = bin_index(self._group.grain_s, start) - self._first
        bins = values.shape[1]
        self._arrays[aspect][[self._rows[key] for key in entities], at : at + bins] = values
        self._dirty += [at, at + bins - 1]

    def flush(self) -> None:
        """Write the bins that changed since the last call."""
        if not self._dirty:
            return
        low, high = min(self._dirty), max(self._dirty) + 1
        start = bin_start(self._group.grain_s, self._first + low)
        for aspect, values in self._arrays.items():
            part = values[:, low:high]
            if not np.isnan(part).all():
                blocks.write_bins(self._client, self._group, aspect, self._entities, start, part)
        self._dirty.clear()


def _filled(values: F32) -> tuple[int, int]:
    """The first bin with a value of any entity, and the one after the last; (0, 0) when there is none."""
    some = np.flatnonzero(np.logical_not(np.isnan(values)).any(axis=(0, 2)))
    return (int(some[0]), int(some[-1]) + 1) if some.size else (0, 0)


def _differs(new: F32, old: F32) -> npt.NDArray[np.bool_]:
    """Per bin: is any value another than before? NaN equals NaN."""
    same = (new == old) | (np.isnan(new) & np.isnan(old))
    differs: npt.NDArray[np.bool_] = np.logical_not(same).any(axis=(0, 2))
    return differs


def _shift(group: Group, t: datetime, offset: int) -> datetime:
    return bin_start(group.grain_s, bin_index(group.grain_s, t) + offset)
