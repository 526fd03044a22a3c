"""Document ``performance`` and its hash: once for each hour that came, and again when an hour was revised.

Everything is read from the store, some entities at a time, so that memory stays bounded and a process that restarts
tells the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import structlog

from jobs.grouprun import GroupRun
from radar.aggregate.bins import bin_start
from radar.aggregate.performance import DAYS, F32, HOURS, RTT, THROUGHPUT, Told, circles, peers, ranks, tell
from radar.shapes.quality import Performance, PerformanceNow, PerformanceRow
from radar.signals import GROUPS, SLOTS, series_id
from radar.store import Store, blocks, performance
from radar.store.wire import Guard, free
from radar.times import rfc3339

log = structlog.get_logger(__name__)

HOUR_S = 3600
DELAY, RATE = GROUPS["edgehour"], GROUPS["edgerate"]
#: Entities whose month is in memory at once.
CHUNK = 256


@dataclass(slots=True)
class _Found:
    rtt: Told
    throughput: Told
    requests: int | None
    clients: int | None


class Performances:
    """Tells how every entity of the edge performs. One a pipeline."""

    def __init__(self, client: Store, guard: Guard = free) -> None:
        self._client = client
        self._guard = guard
        self._told: tuple[int, int] | None = None

    def documents(self, runs: Mapping[str, GroupRun], now: datetime) -> dict[str, object]:
        """The document when an hour came or was revised since the last call, and nothing otherwise; the hash is
        written on the way. Raises StoreUnavailable; the next call then does the same again."""
        run = runs.get(DELAY.name)
        if run is None or run.progress.newest_bin is None:
            return {}
        last = min(run.progress.newest_bin, int(now.timestamp()) // HOUR_S - 1)
        rate = runs.get(RATE.name)
        mark = (last, run.progress.rows + (rate.progress.rows if rate else 0))
        if mark == self._told:
            return {}
        began = time.perf_counter()
        hour = bin_start(HOUR_S, last)
        found: dict[str, _Found] = {}
        names = run.progress.entities
        for at in range(0, len(names), CHUNK):
            found |= self._read(names[at : at + CHUNK], hour)
        simulated = run.progress.simulated
        rows = _rows(found, simulated)
        gone = performance.known(self._client) - set(found)
        performance.write(self._client, _all(found, rows, hour), gone, guard=self._guard)
        self._told = mark
        log.info("performance told", hour=rfc3339(hour), entities=len(found),
                 seconds=round(time.perf_counter() - began, 3))  # fmt: skip
        document: PerformanceNow = {
            "hour": rfc3339(hour),
            "source": run.source.name,
            "simulated": simulated,
            "countries": [rows[key] for key in sorted(rows) if key.startswith("country/")],
        }
        return {"performance": document}

    def _read(self, names: Sequence[str], hour: datetime) -> dict[str, _Found]:
        bins = (DAYS + 1) * HOURS
        start = hour - timedelta(hours=bins - 1)
        delay = blocks.read_bins(self._client, DELAY, "value", names, start, bins)
        seen = np.logical_not(np.isnan(delay[:, -HOURS:])).any(axis=(1, 2))
        names = [names[int(i)] for i in np.flatnonzero(seen)]
        if not names:
            return {}
        delay = delay[seen]
        rate = blocks.read_bins(self._client, RATE, "value", names, start, bins)
        behind = {
            group.name: blocks.read_bins(self._client, group, "n", names, hour, 1)[:, 0] for group in (DELAY, RATE)
        }

        def column(block: F32, signal: str) -> F32:
            return np.ascontiguousarray(block[:, :, SLOTS[series_id(signal)][1]])

        told = []
        for kind, stem, block, group in ((RTT, "rtt", delay, DELAY), (THROUGHPUT, "throughput", rate, RATE)):
            parts = [column(block, f"edge.{stem}_{part}_hour") for part in ("p50", "low", "high")]
            n = behind[group.name][:, SLOTS[series_id(f"edge.{stem}_p50_hour")][1]]
            told.append(tell(kind, parts[0], parts[1], parts[2], n, start.hour))
        counts = [column(delay, f"edge.{what}_hour")[:, -1] for what in ("requests", "clients")]
        return {
            name: _Found(told[0][i], told[1][i], _whole(counts[0][i]), _whole(counts[1][i]))
            for i, name in enumerate(names)
        }


def _rows(found: Mapping[str, _Found], simulated: bool) -> dict[str, PerformanceRow]:
    """Every entity as a ranking shows it; countries have their places in the world."""
    countries = {key: row for key, row in found.items() if key.startswith("country/")}
    rtt = ranks(RTT, {key: row.rtt.measure for key, row in countries.items()})
    throughput = ranks(THROUGHPUT, {key: row.throughput.measure for key, row in countries.items()})
    return {
        key: {
            "entity": key,
            "rtt": row.rtt.measure,
            "throughput": row.throughput.measure,
            "rank": {"rtt": rtt.get(key), "throughput": throughput.get(key)},
            "simulated": simulated,
        }
        for key, row in found.items()
    }


def _all(found: Mapping[str, _Found], rows: Mapping[str, PerformanceRow], hour: datetime) -> dict[str, Performance]:
    measures = {key: row["rtt"] for key, row in rows.items()}
    circle = circles(list(found))
    return {
        key: {
            "entity": key,
            "hour": rfc3339(hour),
            "rtt": row.rtt.measure,
            "throughput": row.throughput.measure,
            "requests": row.requests,
            "clients": row.clients,
            "hours": {"rtt": row.rtt.hours, "throughput": row.throughput.hours},
            "profile": {"rtt": row.rtt.profile, "throughput": row.throughput.profile},
            "month": {"rtt": row.rtt.month, "throughput": row.throughput.month},
            "peers": peers(key, circle[key], measures) if key in circle else None,
            "simulated": rows[key]["simulated"],
        }
        for key, row in found.items()
    }


def _whole(value: np.floating) -> int | None:
    return None if np.isnan(value) else int(value)
