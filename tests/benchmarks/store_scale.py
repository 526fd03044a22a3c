"""One 5-minute bin of 80,000 entities x 6 signals: packed rows against a hash and a sorted set, on one server.

``--rows`` is the number of entities. Written and a sample read back (by each layout's own client code, the same as in
``series_store``); one entity's six signals over seven days read as lists of numbers or None (12,096 of them), and, of
packed rows, as one array of float32; bytes of memory per point. The layouts take turns, so that what else the
machine does falls on all of them. The first bin of a day begins the pages and is told by itself, and so is the first
that a process writes, which asks whether they are there. Beside the time that passed stands the processor time of this
process and of the server, which a busy machine changes least. Growth is measured on servers of their own: at 1,000,
10,000 and 80,000 entities, one bin written and a server with one day.
"""

from __future__ import annotations

import tempfile
import time
from array import array
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from radar.store import Store, connect, embedded, keys
from radar.store.retention import memory
from radar.store.wire import fetch
from tests.benchmarks.series_store import GROUP, SIGNALS, WEEK, Hash, Packed, SortedSet, timed

DEFAULT_ENTITIES = 80_000
ROUNDS = 5
#: Growth is measured at 1,000, 10,000 and all 80,000 entities: at these parts of all.
PARTS = (80, 8, 1)
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
        asking = []
        for nth in range(3):
            with connect(server.url, timeout_s=120) as another:
                asking.append(timed(lambda c=another, b=block, n=nth: Packed().write(c, entities, WEEK + 20 + n, b)))
        for nth in range(READS):
            entity = entities[nth % WHOLE]
            as_array.append(timed(lambda e=entity: read_array(client, e)))
            for name, layout in layouts.items():
                if name == "packed" or nth % 10 == 0:
                    reads[name].append(timed(lambda x=layout, e=entity: x.read(client, e)))
        if not np.array_equal(np.array(read_array(client, entities[3])).reshape(WEEK, SIGNALS), week[3]):
            raise AssertionError("packed: what is read is not what was written")
        used = memory(client)
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
            "write_s_first_bin_of_a_process": round(median(asking), 3),
            "read_6_signals_7_days_as_float32_ms": round(1e3 * median(as_array), 3),
            "read_6_signals_7_days_as_float32_ms_fastest": round(1e3 * min(as_array), 3),
            "read_6_signals_7_days_ms": {name: round(1e3 * median(seen), 3) for name, seen in reads.items()},
            "read_6_signals_7_days_ms_fastest": {name: round(1e3 * min(seen), 3) for name, seen in reads.items()},
            "bytes_per_point": point_bytes,
            "server_mb": round(used / 1e6),
            **growth(count),
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
    found = fetch(client, Packed().keys_of(entity), reply_bytes=keys.page_bytes(GROUP), what="read a week")
    values = array("f")
    values.frombytes(b"".join(page or b"" for page in found))
    return values


def _point_bytes(client: Store, layout: Packed | Hash | SortedSet, few: list[str], points: int) -> float:
    used = sum(client.memory_usage(key, samples=0) or 0 for entity in few for key in layout.keys_of(entity))
    return round(used / points, 2)


def growth(count: int) -> dict[str, dict[str, float]]:
    """Seconds to write one bin, and megabytes of a server that holds one day, of so many entities and of fewer.

    Each size has a server of its own, which holds nothing else. Keys: ``write_s_by_entities`` and
    ``server_mb_by_entities``, each with the number of entities -> the number.
    """
    packed = Packed()
    seconds: dict[str, float] = {}
    megabytes: dict[str, float] = {}
    for size in sorted({max(1, count // part) for part in PARTS}):
        entities = [f"asn/{number}" for number in range(1, size + 1)]
        block = np.random.default_rng(size).lognormal(7, 1, (size, 1, SIGNALS)).astype(np.float32)
        with (
            tempfile.TemporaryDirectory() as folder,
            embedded.start(folder) as server,
            connect(server.url, timeout_s=120) as client,
        ):
            packed.write(client, entities, 0, block)  # begins the pages of the day
            seen = [timed(lambda n=n, e=entities, b=block: packed.write(client, e, n, b)) for n in range(1, ROUNDS + 1)]
            seconds[str(size)] = round(median(seen), 5)
            megabytes[str(size)] = round(memory(client) / 1e6, 2)
    return {"write_s_by_entities": seconds, "server_mb_by_entities": megabytes}
