"""RIS Live messages from JSON to the routing table, and the table full-size: memory, a minute's evaluation, a snapshot.

One process on one core (Linux). The table has a million prefixes and 300 full-feed peers, each with all of them;
messages are simulated in the form of the recorded ones (``jobs.simulate.routes``). Beside our rate stands that of
``orjson.loads`` alone on the same lines: nothing that reads them can be faster. Memory is that of another process,
which reads the snapshot, goes on and evaluates: the one that makes the world holds more than the table.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import orjson

from jobs.simulate.routes import Routes
from radar.routing import snapshot
from radar.routing.quorum import members
from radar.routing.ris import Reader
from radar.routing.session import Session

PEERS, COLLECTORS = 300, 20
MESSAGES, BATCH = 150_000, 5000
EVALUATIONS = 5
T = 1_772_409_600.0


def run(rows: int | None) -> dict[str, Any]:
    """Measure with ``rows`` prefixes (default a million)."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    world = Routes(1, prefixes=rows or 1_000_000, peers=PEERS, collectors=COLLECTORS)
    session = Session("ris_live", grain_s=60, min_peers=10)
    world.fill(session, T)
    evaluations = []
    for minute in range(EVALUATIONS):
        began = time.perf_counter()
        found = session.close(T + 60 * minute)
        views = session.views(found, simulated=True)
        evaluations.append(time.perf_counter() - began)
    rates, plain = [], []
    for _ in range(3):
        lines = [line for _, line in world.churn(T + 600, 30.0, MESSAGES / 30)]
        rates.append(_rate(session, Reader(), lines))
        began = time.perf_counter()
        for line in lines:
            orjson.loads(line)
        plain.append(len(lines) / (time.perf_counter() - began))
    keys = session.evaluator.index.keys
    began = time.perf_counter()
    packed = b"".join(snapshot.dump(session, {}))
    dumped = time.perf_counter() - began
    memory = _memory(packed)
    value, fastest = statistics.median(rates), statistics.median(plain)
    return {
        "name": "routing_state",
        "value": round(value),
        "unit": "messages/s from JSON to state",
        "peers": {"orjson.loads alone": round(fastest)},
        "ratios": {"orjson.loads alone": round(value / fastest, 3)},
        "details": {
            "prefixes": len(world.prefixes),
            "full_feed_peers": sum(member.full[0] for member in members(session.table, T + 300)),
            "messages": len(lines),
            "rates": [round(rate) for rate in rates],
            "evaluation_s": round(statistics.median(evaluations), 2),
            "evaluations_s": [round(seconds, 2) for seconds in evaluations],
            "networks": sum(key.startswith("asn/") for key in keys),
            "countries": sum(key.startswith("country/") for key in keys),
            "views": len(views),
            **memory,
            "snapshot_mb": round(len(packed) / 1e6, 1),
            "snapshot_s": round(dumped, 2),
        },
    }


_READS = """
import json, sys, time
from radar.routing import snapshot
from radar.routing.session import Session
session = Session("ris_live", grain_s=60, min_peers=10)
began = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    snapshot.load(session, file.read())
seconds = time.perf_counter() - began
for minute in range(3):
    session.views(session.close(1_772_410_200.0 + 60 * minute), simulated=True)
lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
now, peak = (int(lines[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
print(json.dumps({"state_mb": round(now), "state_peak_mb": round(peak), "load_s": round(seconds, 2)}))
"""


def _memory(packed: bytes) -> dict[str, float]:
    """Memory of a process that has only the table, in MB (10^6 bytes). Linux only."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(packed)
        file.flush()
        done = subprocess.run([sys.executable, "-c", _READS, file.name], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _rate(session: Session, reader: Reader, lines: list[bytes]) -> float:
    began = time.perf_counter()
    for at in range(0, len(lines), BATCH):
        session.apply(reader.elements(lines[at : at + BATCH]))
    seconds = time.perf_counter() - began
    assert not reader.tally.rejected
    for half in session.table.halves:
        half.clear_logs()
    return len(lines) / seconds
