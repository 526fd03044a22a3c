"""From a withdrawal to the published outage, on the real clock, with real processes and a full-size table.

``radar stream`` with a million prefixes and 300 full-feed peers listens to a websocket on this machine; the worker runs
the pipeline; the store is a real Valkey with a day of history. Then all peers withdraw 12 % of a country's IPv4 space,
at a second of a minute that is early, middle or late; what is measured is the time from the first such message until
the list of outages has the country. Several countries, one after the other. A limit of this measurement: messages come
at ``RATE`` a second, which is what one core makes beside all else, not at the rate of the real RIS Live.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from jobs.ledger import Ledger
from jobs.live import LivePipeline
from jobs.simulate.routes import Routes
from jobs.stream.follow import Follower
from jobs.stream.keep import Snapshots
from jobs.stream.spool import Spool
from jobs.stream.watches import Watches
from radar.aggregate.bins import Block
from radar.archive import Archive
from radar.routing import space
from radar.routing.session import Session
from radar.signals import GROUPS
from radar.store import connect, documents, embedded
from tests.stream.upstream import ServerConnection, stay, upstream

#: Countries, and the second of the minute in which each is withdrawn: right after an evaluation is the worst.
COUNTRIES = {"IQ": 3, "PT": 25, "KE": 50}
PART = 0.12
RATE = 1500.0
PEERS, COLLECTORS = 300, 20
HISTORY = timedelta(hours=30)
PATIENCE_S = 300.0


def run(rows: int | None) -> dict[str, Any]:
    """Measure with ``rows`` prefixes (default a million)."""
    world = Routes(1, prefixes=rows or 1_000_000, peers=PEERS, collectors=COLLECTORS)
    folder = Path(tempfile.mkdtemp(prefix="radar-bench-"))
    try:
        with embedded.start(folder) as server:
            return _measure(world, folder / "data", server.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(world: Routes, data_dir: Path, url: str) -> dict[str, Any]:
    lost = {code: _share(world, code) for code in COUNTRIES}
    _prepare(world, data_dir, url)
    queue: list[tuple[float, bytes]] = []
    lock, done = threading.Lock(), threading.Event()

    def talk(connection: ServerConnection) -> None:
        at = time.time()
        while not done.is_set():
            now = time.time()
            with lock:
                due = [line for when, line in queue if when <= now]
                queue[:] = [row for row in queue if row[0] > now]
            due += [line for _, line in world.churn(at, now - at, RATE)]
            at = now
            for line in due:
                connection.send(line.decode())
            time.sleep(0.02)
        stay(connection)

    results = []
    with upstream(talk) as stream_url, _radar(data_dir, url, stream_url):
        client = connect(url, timeout_s=30)
        _wait(lambda: (documents.get(client, "routing") or {}).get("state") == "live")
        time.sleep(90)  # two evaluations and two ticks of calm
        calm = [row["entity"] for row in documents.get(client, "outages") or []]
        gone: set[int] = set()
        for code, second in COUNTRIES.items():
            time.sleep((second - time.time()) % 60)
            gone |= set(lost[code])
            first = time.time()
            with lock:
                queue.extend(world.set_gone(gone, first, spread_s=5.0))
            _wait(
                lambda code=code: any(
                    row["entity"] == f"country/{code}" for row in documents.get(client, "outages") or []
                )
            )
            results.append({"country": code, "seconds": round(time.time() - first, 1),
                            "second_of_the_minute": round(first % 60), "prefixes": len(lost[code])})  # fmt: skip
        found = sorted({row["entity"] for row in documents.get(client, "outages") or []})
        done.set()
    return {
        "name": "routing_alarm",
        "value": max(row["seconds"] for row in results),
        "unit": "s from the message to the publication, the slowest",
        "peers": {},
        "ratios": {},
        "details": {"runs": results, "prefixes": len(world.prefixes), "peers": PEERS, "messages_per_s": RATE,
                    "outages_before": calm, "outages": found},
    }  # fmt: skip


def _share(world: Routes, code: str) -> list[int]:
    """Prefixes that hold ``PART`` of a country's IPv4 space, or a little more."""
    table = space.countries(4)
    number = table.codes.index(code)
    mine = []
    for pid, prefix in enumerate(world.prefixes):
        if ":" not in prefix:
            family, network, length = space.parse_prefix(prefix) or (4, 0, 32)
            first, last = space.blocks_of(family, network, length)
            if last > first and int(table.at(np.array([first]))[0]) == number:
                mine.append((first, last, pid))
    blocks = {block for first, last, _ in mine for block in range(first, last)}
    wanted, taken, out = PART * len(blocks), set[int](), list[int]()
    for first, last, pid in sorted(mine):
        if len(taken) >= wanted:
            break
        taken |= set(range(first, last))
        out.append(pid)
    # a more specific prefix keeps its blocks visible: all prefixes that touch them go
    return [pid for first, last, pid in mine if not taken.isdisjoint(range(first, last))] if taken else out


def _prepare(world: Routes, data_dir: Path, url: str) -> None:
    """A snapshot of the table, and a day of history in the store."""
    now = time.time()
    session = Session("ris_live", grain_s=60, min_peers=10)
    world.fill(session, now)
    found = session.close(now // 60 * 60 - 60)
    rows = session.rows()
    folder = data_dir / "stream" / "ris_live"
    spool = Spool(folder / "spool")
    watches = Watches()
    follower = Follower(session, spool)
    Snapshots(folder / "snapshots").write(
        session, {"memory": follower.kept(), "watches": watches.dump()}, now, follower.place.segment
    )
    spool.close()
    group = GROUPS["ris"]
    slots = {series.partition("@")[0]: slot for slot, series in enumerate(group.series)}
    entities = sorted(set(rows["entity"]))
    places = {key: i for i, key in enumerate(entities)}
    usual = np.full((len(entities), group.width), np.nan, np.float32)
    for key, signal, value in rows.select("entity", "signal", "value").iter_rows():
        if signal in slots:
            usual[places[key], slots[signal]] = value
    bins = int(HISTORY.total_seconds()) // 60
    end = datetime.fromtimestamp(now // 60 * 60, UTC)
    client = connect(url, timeout_s=60)
    archive, ledger = Archive(data_dir), Ledger(data_dir)
    pipeline = LivePipeline(client, archive, ledger=ledger, enabled=("ris_live",))
    rng = np.random.default_rng(1)
    for at in range(0, len(entities), 64):
        part = entities[at : at + 64]
        noise = rng.normal(1.0, 0.0005, (len(part), bins, group.width)).astype(np.float32)
        value = usual[at : at + 64, None, :] * noise
        n = np.where(np.isnan(value), np.nan, np.float32(found.sides[0].peers)).astype(np.float32)
        pipeline.run(group).warm(Block(group, part, end - timedelta(minutes=bins), value, n), simulated=True)
    pipeline._begun.add("ris_live")
    pipeline.publish(end)


@contextmanager
def _radar(data_dir: Path, url: str, stream_url: str) -> Iterator[None]:
    """The stream process and the worker, as an operator starts them."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("RADAR_")}
    env |= {"RADAR_DATA_DIR": str(data_dir), "REDIS_URL": url, "RADAR_ACCEPT_TERMS": "ris_live",
            "RADAR_SOURCES": "ris_live", "RADAR_RIS_LIVE_URL": stream_url, "RADAR_RIS_DUMPS": "none"}  # fmt: skip
    log = (data_dir / "log").open("wb")
    processes = [subprocess.Popen([sys.executable, "-m", "jobs.worker"], env=env, stdout=log, stderr=log)]
    # what the snapshot does not hold is a gap: the spool says that we listened until just now
    spool = Spool(data_dir / "stream" / "ris_live" / "spool")
    spool.append(time.time(), [])
    spool.close()
    processes.append(subprocess.Popen([sys.executable, "-m", "jobs.stream.run"], env=env, stdout=log, stderr=log))
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}: {(data_dir / 'log').read_text()[-2000:]}") from error
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        log.close()


def _wait(what: Any) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        if time.monotonic() > until:
            raise AssertionError("it did not happen in time")
        time.sleep(0.2)
