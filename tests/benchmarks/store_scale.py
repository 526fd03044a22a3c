"""One 5-minute bin of 80,000 entities x 6 signals: packed rows against a hash and a sorted set, on one server.

``--rows`` is the number of entities. Written and a sample read back (by each layout's own client code, the same as in
``series_store``); one entity's six signals over seven days read as lists of numbers or None (12,096 of them), and, of
packed rows, as one array of float32; bytes of memory per point. The layouts take turns, so that what else the
machine does falls on all of them. The first bin of a day begins the pages and is told by itself. Beside the time that
passed stands the processor time of this process and of the server, which a busy machine changes least.
"""

from __future__ import annotations

import tempfile
import time
from array import array
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from radar.store import Store, connect, embedded
from radar.store.retention import memory
from tests.benchmarks.series_store import SIGNALS, WEEK, Hash, Packed, SortedSet, timed

DEFAULT_ENTITIES = 80_000
ROUNDS = 5
READS = 200
#: Entities that have all seven days: the others have the bins that are written.
WHOLE = 20


class Spent(NamedTuple):
    """What a write took, in seconds."""

    passed: float
    client: float  # processor time of this process
    server: float


def run(rows: int | None) -> dict[str, Any]:
    """Measure on an embedded server with an append-only file."""
    count = max(WHOLE, rows or DEFAULT_ENTITIES)
    entities = [f"asn/{number}" for number in range(1, count + 1)]
    random = np.random.default_rng(3)
    layouts: dict[str, Packed | Hash | SortedSet] = {"packed": Packed(), "hash": Hash(), "sorted_set": SortedSet()}
    week = random.lognormal(7, 1, (WHOLE, WEEK, SIGNALS)).astype(np.float32)
    writes: dict[str, list[Spent]] = {name: [] for name in layouts}
    reads: dict[str, list[float]] = {name: [] for name in layouts}
    as_array: list[float] = []
    point_bytes: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.start(folder) as server,
        connect(server.url, timeout_s=120) as client,
    ):
        for name, layout in layouts.items():
            layout.write(client, entities[:WHOLE], 0, week)
            found = layout.read(client, entities[3])
            if not np.allclose(np.array(found[2], dtype=float), week[3, :, 2], rtol=1e-6):
                raise AssertionError(f"{name}: what is read is not what was written")
            point_bytes[name] = _point_bytes(client, layout, entities[:WHOLE], week.size)
        for nth in range(ROUNDS + 1):
            block = random.lognormal(7, 1, (count, 1, SIGNALS)).astype(np.float32)
            for name, layout in layouts.items():
                writes[name].append(
                    spent(client, lambda x=layout, b=block, n=nth: x.write(client, entities, WEEK + n, b))
                )
        for nth in range(READS):
            entity = entities[nth % WHOLE]
            as_array.append(timed(lambda e=entity: read_array(client, e)))
            for name, layout in layouts.items():
                if name == "packed" or nth % 10 == 0:
                    reads[name].append(timed(lambda x=layout, e=entity: x.read(client, e)))
        if not np.array_equal(np.array(read_array(client, entities[3])).reshape(WEEK, SIGNALS), week[3]):
            raise AssertionError("packed: what is read is not what was written")
        used = memory(client)
        small = _growth(client, entities)
    write_s = {name: round(median(one.passed for one in seen[1:]), 4) for name, seen in writes.items()}
    return {
        "name": "store_scale",
        "value": write_s["packed"],
        "unit": f"s for one bin of {count:,} entities x {SIGNALS} signals, sample read back",
        "peers": {name: value for name, value in write_s.items() if name != "packed"},
        "ratios": {name: round(write_s["packed"] / value, 3) for name, value in write_s.items() if name != "packed"},
        "details": {
            "write_s_all_rounds": {name: [round(one.passed, 3) for one in seen[1:]] for name, seen in writes.items()},
            "write_s_of_processor_client": {
                name: round(median(one.client for one in seen[1:]), 3) for name, seen in writes.items()
            },
            "write_s_of_processor_server": {
                name: round(median(one.server for one in seen[1:]), 3) for name, seen in writes.items()
            },
            "write_s_first_bin_of_a_day": {name: round(seen[0].passed, 3) for name, seen in writes.items()},
            "read_6_signals_7_days_as_float32_ms": round(1e3 * median(as_array), 3),
            "read_6_signals_7_days_as_float32_ms_fastest": round(1e3 * min(as_array), 3),
            "read_6_signals_7_days_ms": {name: round(1e3 * median(seen), 3) for name, seen in reads.items()},
            "read_6_signals_7_days_ms_fastest": {name: round(1e3 * min(seen), 3) for name, seen in reads.items()},
            "bytes_per_point": point_bytes,
            "server_mb": round(used / 1e6),
            "write_s_by_entities": small,
        },
    }


def spent(client: Store, call: Callable[[], object]) -> Spent:
    """Seconds that a call takes, and those of processor time."""

    def server() -> float:
        seen = client.info("cpu")
        return float(seen["used_cpu_user"]) + float(seen["used_cpu_sys"])

    server_s, client_s, passed_s = server(), time.process_time(), time.perf_counter()
    call()
    passed_s, client_s = time.perf_counter() - passed_s, time.process_time() - client_s
    return Spent(passed_s, client_s, server() - server_s)


def read_array(client: Store, entity: str) -> array[float]:
    """The six series as numbers side by side, row by row: what the bytes of the pages are."""
    values = array("f")
    values.frombytes(b"".join(client.mget(Packed().keys_of(entity))))
    return values


def _point_bytes(client: Store, layout: Packed | Hash | SortedSet, few: list[str], points: int) -> float:
    used = sum(client.memory_usage(key, samples=0) or 0 for entity in few for key in layout.keys_of(entity))
    return round(used / points, 2)


def _growth(client: Store, entities: list[str]) -> dict[str, float]:
    """Seconds to write one bin of the first 1,000, 10,000 and all entities: the smallest of three."""
    packed = Packed()
    found = {}
    for count in sorted({min(size, len(entities)) for size in (1000, 10_000, len(entities))}):
        block = np.ones((count, 1, SIGNALS), np.float32)
        few = entities[:count]
        seen = [timed(lambda n=n, e=few, b=block: packed.write(client, e, WEEK + 20 + n, b)) for n in range(3)]
        found[str(count)] = round(min(seen), 4)
    return found
