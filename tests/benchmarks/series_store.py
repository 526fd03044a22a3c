"""Packed rows against a hash and a sorted set for each series, on one server and through the same client code.

``rows`` is the number of points of one 5-minute bin: entities x 6 signals. Measured: writing such a bin (each layout
reads a sample back), reading one entity's six signals over seven days as lists, and bytes of memory per point.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import numpy as np

from radar.signals import SLOTS, Group
from radar.store import Store, blocks, connect, embedded, keys, series
from radar.store.wire import command, exchange

DEFAULT_ROWS = 31_500
SIGNALS = 6
WEEK = 7 * 288
REPEATS = 7
GROUP = Group("bench", 300, SIGNALS, ())
START = datetime(2026, 2, 2, tzinfo=UTC)
Columns = list[list[float | None]]
#: In the catalogue of this process, so that the pages' own reader is measured.
SERIES = [f"bench.{slot}@bench" for slot in range(SIGNALS)]
SLOTS.update({name: (GROUP, slot) for slot, name in enumerate(SERIES)})


class Packed:
    """The project's layout: one string for each (entity, day), a row of six float32 for each bin."""

    def write(self, client: Store, entities: list[str], bin_: int, block: blocks.Block) -> None:
        blocks.write_bins(client, GROUP, "value", entities, START + timedelta(minutes=5 * bin_), block)

    def read(self, client: Store, entity: str) -> Columns:
        wanted = [(entity, name, "value") for name in SERIES]
        found = series.read_many(client, wanted, START, START + timedelta(days=7))
        return [found[one].values for one in wanted]

    def keys_of(self, entity: str) -> list[str]:
        pages = keys.spans(GROUP, range(first := keys.bin_index(300, START), first + WEEK))
        return [keys.page(entity, GROUP, "value", number) for number, _, _ in pages]


class Hash:
    """One hash for each (entity, signal, day); field: bin of the day, value: text."""

    def key(self, entity: str, slot: int, day: int) -> str:
        return f"h:{entity}:{slot}:{day}"

    def write(self, client: Store, entities: list[str], bin_: int, block: blocks.Block) -> None:
        asked = [
            command(
                b"HSET", self.key(entity, slot, (bin_ + i) // 288).encode(), b"%d" % ((bin_ + i) % 288), b"%.7g" % v
            )
            for entity, rows in zip(entities, block.tolist(), strict=True)
            for i, row in enumerate(rows)
            for slot, v in enumerate(row)
        ]
        exchange(client, asked, reply_bytes=16, what="hash")
        check(client.hget(self.key(entities[-1], 0, bin_ // 288), str(bin_ % 288)), block[-1, 0, 0])

    def read(self, client: Store, entity: str) -> Columns:
        pipe = client.pipeline(transaction=False)
        for slot in range(SIGNALS):
            for day in range(7):
                pipe.hgetall(self.key(entity, slot, day))
        found: Columns = [[None] * WEEK for _ in range(SIGNALS)]
        for nth, fields in enumerate(pipe.execute()):
            slot, day = divmod(nth, 7)
            for field, value in fields.items():
                found[slot][day * 288 + int(field)] = float(value)
        return found

    def keys_of(self, entity: str) -> list[str]:
        return [self.key(entity, slot, day) for slot in range(SIGNALS) for day in range(7)]


class SortedSet:
    """One sorted set for each (entity, signal); score: bin, member: "bin:value"."""

    def write(self, client: Store, entities: list[str], bin_: int, block: blocks.Block) -> None:
        asked = [
            command(b"ZADD", b"z:%b:%d" % (entity.encode(), slot), b"%d" % (bin_ + i), b"%d:%.7g" % (bin_ + i, v))
            for entity, rows in zip(entities, block.tolist(), strict=True)
            for i, row in enumerate(rows)
            for slot, v in enumerate(row)
        ]
        exchange(client, asked, reply_bytes=16, what="sorted set")
        [member] = client.zrange(f"z:{entities[-1]}:0", bin_, bin_, byscore=True)
        check(member.partition(b":")[2], block[-1, 0, 0])

    def read(self, client: Store, entity: str) -> Columns:
        pipe = client.pipeline(transaction=False)
        for slot in range(SIGNALS):
            pipe.zrange(f"z:{entity}:{slot}", 0, WEEK - 1, byscore=True)
        found: Columns = [[None] * WEEK for _ in range(SIGNALS)]
        for slot, members in enumerate(pipe.execute()):
            for member in members:
                bin_, _, value = member.partition(b":")
                found[slot][int(bin_)] = float(value)
        return found

    def keys_of(self, entity: str) -> list[str]:
        return [f"z:{entity}:{slot}" for slot in range(SIGNALS)]


def check(raw: bytes | None, value: float) -> None:
    """Stop when a sample is not what was written."""
    if raw is None or not math.isclose(float(raw), float(value), rel_tol=1e-6):
        raise AssertionError(f"read back {raw!r}, written {value!r}")


def timed(call: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def run(rows: int | None) -> dict[str, Any]:
    """Measure the three layouts on an embedded server with an append-only file."""
    count = max(20, (rows or DEFAULT_ROWS) // SIGNALS)
    entities = [f"asn/{number}" for number in range(1, count + 1)]
    few = entities[:20]
    random = np.random.default_rng(2)
    layouts: dict[str, Packed | Hash | SortedSet] = {"packed": Packed(), "hash": Hash(), "sorted_set": SortedSet()}
    write_s: dict[str, float] = {}
    read_ms: dict[str, float] = {}
    point_bytes: dict[str, float] = {}
    week = random.lognormal(7, 1, (len(few), WEEK, SIGNALS)).astype(np.float32)
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded.start(folder) as server,
        connect(server.url, timeout_s=60) as client,
    ):
        for name, layout in layouts.items():
            layout.write(client, few, 0, week)
            found = layout.read(client, few[3])
            if not np.allclose(np.array(found[2], dtype=float), week[3, :, 2], rtol=1e-6):
                raise AssertionError(f"{name}: what is read is not what was written")
            used = sum(client.memory_usage(key, samples=0) or 0 for entity in few for key in layout.keys_of(entity))
            point_bytes[name] = round(used / week.size, 2)
            read_ms[name] = round(1e3 * median(timed(lambda x=layout: x.read(client, few[5])) for _ in range(25)), 3)
            seen = []
            for nth in range(REPEATS + 1):  # the first one begins the day's keys and is not counted
                block = random.lognormal(7, 1, (count, 1, SIGNALS)).astype(np.float32)
                seen.append(timed(lambda x=layout, n=nth, b=block: x.write(client, entities, WEEK + n, b)))
            write_s[name] = median(seen[1:])
    points = count * SIGNALS
    speed = {name: round(points / seconds) for name, seconds in write_s.items()}
    peers = {name: value for name, value in speed.items() if name != "packed"}
    return {
        "name": "series_store",
        "value": speed["packed"],
        "unit": "points/s written, one bin at a time, sample read back",
        "peers": peers,
        "ratios": {name: round(speed["packed"] / value, 2) for name, value in peers.items()},
        "details": {
            "points_in_a_bin": points,
            "write_bin_s": {name: round(seconds, 4) for name, seconds in write_s.items()},
            "read_6_signals_7_days_ms": read_ms,
            "bytes_per_point": point_bytes,
        },
    }
