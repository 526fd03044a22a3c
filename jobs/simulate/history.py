"""The 28 days before the played hours, as SIGNALS: blocks for a fast load, rows of a Parquet file for everyone else.

Counts are Poisson draws from the same rates that the played hours use. Two values are rounded so that the file stays
small: error shares to 1/2048, round-trip times to half of a millisecond; both lie far below the sampling noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.io.plugins import register_io_source

from jobs.simulate.places import RTT_SCALE, stream
from jobs.simulate.rates import F64, FIRST, HISTORY_BINS, Rates, provider_shares
from jobs.simulate.scenario import BIN
from radar.aggregate.bins import Block
from radar.errors import ArchiveError
from radar.schema import ARCHIVED
from radar.signals import GROUPS, SLOTS, series_id
from radar.sources.edge_logs import ENOUGH

F32 = NDArray[np.float32]
U16 = NDArray[np.uint16]

#: Bins that are drawn together; a constant, because the draws depend on it.
_CHUNK = 2016
#: Bins of an hour.
_PER_HOUR = 12
#: Entities in one block, a multiple of ``jobs.grouprun.WARM_CHUNK``; and entities that are turned into rows together:
#: few, as rows take 80 bytes in memory.
_BLOCK = 128
_ENTITIES = 8
#: Rows of one row group: many, as each repeats the dictionary of times; not more, as some are in memory at once.
_ROW_GROUP = 64 * HISTORY_BINS
_LEVEL = 7
#: Bytes of one page: large, so that the times of one entity are found again in the next one.
_PAGE = 16 << 20

#: Signals of the history, in the order of the file, with the bins between two values.
SIGNALS = {
    "bgp.visible_24s": 1,
    "edge.error_share": 1,
    "edge.requests": 1,
    "edge.rtt_p50": 1,
    "ping.up_24s": 2,
}

LABEL = "SIMULATED DATA of Internet Radar's demo; no measurement of any real network"


@dataclass(frozen=True, slots=True)
class Seen:
    """One entity at the edge and the cells it is made of; ``provider`` is its index, or -1."""

    key: str
    cells: tuple[int, ...]
    provider: int = -1


def seen_entities(rates: Rates) -> list[Seen]:
    """All entities of the simulated edge, sorted by key.

    A network within one country is shown on its own (``geoasn``) where it is seen in several countries; otherwise it
    would repeat the network's own series.
    """
    p = rates.places
    ends = np.r_[p.first[1:], len(p.asns)]
    found = [Seen(f"country/{code}", tuple(range(p.first[i], ends[i]))) for i, code in enumerate(p.codes)]
    found += [Seen(f"asn/{asn}", (cell,)) for asn, cell in p.home_cells()]
    for asn, cells in p.global_cells().items():
        found.append(Seen(f"asn/{asn}", tuple(cells)))
        found += [Seen(f"geoasn/{p.codes[p.country[cell]]}-{asn}", (cell,)) for cell in cells]
    found += [Seen(f"provider/{name}", (), i) for i, name in enumerate(p.providers)]
    return sorted(found, key=lambda entity: entity.key)


class History:
    """The drawn history. Building it takes about a second; it holds about 30 MB."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self.entities = seen_entities(rates)
        p = rates.places
        shape = (len(self.entities), HISTORY_BINS)
        self._requests = np.zeros(shape, np.uint16)
        self._errors = np.zeros(shape, np.uint16)
        self._provider_rtt = np.zeros((2, HISTORY_BINS))
        #: Expected requests of each hour, cells x hours.
        self.hourly: F64 = np.zeros((len(p.asns), HISTORY_BINS // _PER_HOUR))
        share = provider_shares(p)
        provider_rows = [i for i, entity in enumerate(self.entities) if entity.provider >= 0]
        for low in range(0, HISTORY_BINS, _CHUNK):
            high = min(low + _CHUNK, HISTORY_BINS)
            rng = stream(rates.seed, "history", low)
            expected = rates.requests(low, high)
            failing = rates.errors(low, high)
            self.hourly[:, low // _PER_HOUR : high // _PER_HOUR] = expected.reshape(len(expected), -1, _PER_HOUR).sum(
                axis=2
            )
            counts = rng.poisson(expected)
            errors = np.minimum(rng.poisson(counts * failing), counts)
            for row, entity in enumerate(self.entities):
                if entity.cells:
                    self._requests[row, low:high] = counts[list(entity.cells)].sum(axis=0)
                    self._errors[row, low:high] = errors[list(entity.cells)].sum(axis=0)
            total = expected.sum(axis=0)
            usual = (expected * failing).sum(axis=0) / total
            served = rng.poisson(np.round(share[:, None] * total[None, :], 5))
            self._requests[provider_rows, low:high] = served
            self._errors[provider_rows, low:high] = np.minimum(rng.poisson(np.round(served * usual, 5)), served)
            self._provider_rtt[:, low:high] = rates.provider_median(low, high, expected)

    @cached_property
    def _rtt_log(self) -> F32:
        return self.rates.rtt_log(0, HISTORY_BINS).astype(np.float32)

    def _rtt(self, row: int) -> F64:
        """Median round-trip times of one entity: the true median and the noise of a median of ``n`` values."""
        entity = self.entities[row]
        p = self.rates.places
        noise = stream(self.rates.seed, "rtt", crc32(entity.key.encode())).standard_normal(HISTORY_BINS, np.float32)
        root = np.sqrt(np.maximum(self._requests[row], 1.0))
        if entity.provider >= 0:
            median, density = self._provider_rtt
            return np.asarray(median * np.exp(noise / (2 * density * root)))
        cells = list(entity.cells)
        weight = p.share[cells] * p.requests[p.country[cells]]
        weight = weight / weight.sum()
        log = np.zeros(HISTORY_BINS)
        for cell, part in zip(cells, weight, strict=True):
            log += part * (self._rtt_log[p.country[cell]] + p.rtt_offset[cell])
        return np.asarray(np.exp(log + 2 * RTT_SCALE * noise / root))

    def hours(self, what: Literal["requests", "errors"]) -> NDArray[np.int64]:
        """Requests of each hour, or those of them that failed: entities x hours."""
        bins = self._requests if what == "requests" else self._errors
        return np.asarray(bins.reshape(len(bins), -1, _PER_HOUR).sum(axis=2), np.int64)

    def edge(self, signal: str, low: int, high: int) -> tuple[F64, U16]:
        """Values and ``n`` of entities ``[low, high)``, rows x bins; NaN where the source would give no row."""
        n = self._requests[low:high]
        if signal == "edge.requests":
            return n.astype(np.float64), n
        if signal == "edge.error_share":
            share = self._errors[low:high] / np.maximum(n, 1)
            return np.where(n > 0, np.round(share * 2048) / 2048, np.nan), n
        rtt = np.stack([self._rtt(row) for row in range(low, high)])
        return np.where(n >= ENOUGH, np.round(rtt * 2) / 2, np.nan), n

    def blocks(self) -> Iterator[Block]:
        """See :meth:`jobs.simulate.World.history_blocks`."""
        keys = [entity.key for entity in self.entities]
        group = GROUPS["edge"]
        for low in range(0, len(keys), _BLOCK):
            high = min(low + _BLOCK, len(keys))
            values = np.full((high - low, HISTORY_BINS, group.width), np.nan, np.float32)
            counts = np.full_like(values, np.nan)
            for signal in ("edge.requests", "edge.error_share", "edge.rtt_p50"):
                slot = SLOTS[series_id(signal)][1]
                value, n = self.edge(signal, low, high)
                values[:, :, slot] = value
                counts[:, :, slot] = np.where((n > 0) & np.isfinite(value), n, np.nan)
            yield Block(group, keys[low:high], FIRST, values, counts)
        for signal in ("bgp.visible_24s", "ping.up_24s"):
            group, slot = SLOTS[series_id(signal)]
            for ioda, value in self._ioda(signal, _BLOCK):
                values = np.full((len(ioda), value.shape[1], group.width), np.nan, np.float32)
                values[:, :, slot] = value
                yield Block(group, ioda, FIRST, values, np.full_like(values, np.nan))

    def _ioda(self, signal: str, rows: int) -> Iterator[tuple[list[str], F64]]:
        keys = list(self.rates.places.ioda)
        values = self.rates.routes(0, HISTORY_BINS) if signal == "bgp.visible_24s" else None
        if values is None:
            values = self.rates.pings(0, HISTORY_BINS)[:, ::2]
        for low in range(0, len(keys), rows):
            yield keys[low : low + rows], values[low : low + rows]

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in ARCHIVED form, sorted by signal, entity and timebin, a few entities at a time.

        A bin without any request is a row with value 0 and ``n`` null for ``edge.requests``, and no row for others.
        """
        keys = [entity.key for entity in self.entities]
        for signal, step in SIGNALS.items():
            if signal.startswith("edge."):
                for low in range(0, len(keys), _ENTITIES):
                    part = keys[low : low + _ENTITIES]
                    value, n = self.edge(signal, low, low + len(part))
                    yield _frame(signal, part, step, value, n)
            else:
                for part, value in self._ioda(signal, _ENTITIES):
                    yield _frame(signal, part, step, value, None)

    def write(self, path: Path) -> Path:
        """See :meth:`jobs.simulate.World.write_history`."""

        def source(
            with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
        ) -> Iterator[pl.DataFrame]:
            for frame in self.frames():
                yield frame if with_columns is None else frame.select(with_columns)

        partial = path.with_name(f"{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            register_io_source(source, schema=ARCHIVED).sink_parquet(
                partial,
                compression="zstd",
                compression_level=_LEVEL,
                row_group_size=_ROW_GROUP,
                data_page_size=_PAGE,
                metadata={"simulated": LABEL, "seed": str(self.rates.seed)},
                maintain_order=True,
            )
            partial.replace(path)
        except OSError as error:
            raise ArchiveError(f"the simulated history cannot be written to {path}: {error}") from error
        finally:
            with suppress(OSError):
                partial.unlink()
        return path


def _frame(signal: str, keys: list[str], step: int, value: F64, n: U16 | None) -> pl.DataFrame:
    bins = value.shape[1]
    start = np.datetime64(FIRST.replace(tzinfo=None), "us")
    width = np.timedelta64(BIN * step // timedelta(microseconds=1), "us")
    times = np.tile(start + np.arange(bins) * width, len(keys))
    rows = np.repeat(np.arange(len(keys), dtype=np.uint32), bins)
    source = series_id(signal).partition("@")[2]
    counts = pl.lit(None, pl.UInt32) if n is None else pl.Series("n", n.ravel()).cast(pl.UInt32)
    frame = pl.DataFrame({"timebin": times, "value": value.ravel()}).select(
        pl.col("timebin").dt.replace_time_zone("UTC"),
        entity=pl.Series(keys).gather(rows),
        signal=pl.lit(signal),
        value="value",
        n=counts,
        source=pl.lit(source),
        simulated=pl.lit(True),
        received_at=(pl.col("timebin") + BIN * step).dt.replace_time_zone("UTC"),
    )
    if n is None:
        return frame
    if signal != "edge.requests":
        frame = frame.filter(pl.col("value").is_not_nan())
    return frame.with_columns(n=pl.when(pl.col("n") > 0).then("n"))
