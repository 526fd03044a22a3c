"""From requests that stop to the published outage, on the real clock: real log lines, a real worker, a real store.

A server's request log is written as it would be, line by line with the second: 32 countries with the rhythm of their
day and the noise of the detector's exam. Then a part of the requests of ten of them stops, one after the other, spread
evenly over a bin of five minutes; what is measured is the time from each onset until the list of outages has that
country. The store holds 28 days of simulated history of the same countries. The other 22 are the calm ones: an outage
of one of them would be a false alarm, and is told.
"""

from __future__ import annotations

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
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.ledger import Ledger
from jobs.live import LivePipeline
from radar.aggregate.bins import Block
from radar.archive import Archive
from radar.detect.exam.generate import drift
from radar.detect.exam.rhythm import REPORT, TUNING, Habits, usual
from radar.signals import GROUPS
from radar.store import connect, documents, embedded
from tests.benchmarks._processes import environment

GROUP = GROUPS["edge"]
GRAIN_S = GROUP.grain_s
PLACES = (*TUNING, *REPORT)
#: Every third country loses requests: so much of them, in turn.
LOSERS = PLACES[::3][:10]
DEPTHS = (0.5, 0.7, 1.0)
#: Mean requests of a bin, smallest and largest.
VOLUME = (250.0, 2_500.0)
HISTORY = timedelta(days=28)
AHEAD = timedelta(hours=2)
#: Calm before the first onset: bins that the worker scores while all is well.
CALM_S = 2 * GRAIN_S + 120
PATIENCE_S = 2400.0


class World:
    """What arrives from each country: counts of past bins, and lines of the seconds that pass.

    ``mean``: [countries, bins] from ``start`` on, history and what is ahead.
    """

    def __init__(self, end: int) -> None:
        self.rng = np.random.default_rng(20_261)
        self.past = int(HISTORY.total_seconds()) // GRAIN_S
        self.start = end - self.past * GRAIN_S
        bins = self.past + int(AHEAD.total_seconds()) // GRAIN_S
        volumes = np.geomspace(*VOLUME, len(PLACES))
        self.mean = np.stack([
            volume * usual(place, Habits.draw(self.rng), self.start, GRAIN_S, bins)
            * np.exp(drift(self.rng, bins, 0.97, 0.02))
            for place, volume in zip(PLACES, self.rng.permutation(volumes), strict=True)
        ])  # fmt: skip
        #: Country -> when it begins to lose, epoch s, and how much.
        self.loses: dict[str, tuple[float, float]] = {}

    def history(self) -> npt.NDArray[np.float32]:
        """Requests of each past bin, [countries, bins]."""
        return self.rng.poisson(self.mean[:, : self.past]).astype(np.float32)

    def lines(self, begin: float, end: float) -> bytes:
        """The log of these seconds, in the order of time."""
        rows: list[tuple[float, str]] = []
        for number, place in enumerate(PLACES):
            rate = self.mean[number, int(begin - self.start) // GRAIN_S] / GRAIN_S
            at = self.rng.uniform(begin, end, self.rng.poisson(rate * (end - begin)))
            onset, depth = self.loses.get(place.code, (float("inf"), 0.0))
            at = at[(at < onset) | (self.rng.random(len(at)) >= depth)]
            rows += [(float(t), place.code) for t in at]
        return b"".join(_line(at, code) for at, code in sorted(rows))


def run(rows: int | None) -> dict[str, Any]:
    """Measure; ``rows`` is not used: the world has one size."""
    folder = Path(tempfile.mkdtemp(prefix="radar-bench-"))
    try:
        with embedded.start(folder) as server:
            return _measure(folder / "data", folder / "access.ndjson", server.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(data_dir: Path, log: Path, url: str) -> dict[str, Any]:
    end = int(time.time()) // GRAIN_S * GRAIN_S
    world = World(end)
    _prepare(world, data_dir, url)
    found: dict[str, float] = {}
    with _written(world, log, float(end)), _worker(data_dir, log, url):
        client = connect(url, timeout_s=30)
        first = int(time.time() + CALM_S) // GRAIN_S * GRAIN_S + GRAIN_S
        for number, place in enumerate(LOSERS):
            onset = first + (number + 0.5) * GRAIN_S / len(LOSERS)
            world.loses[place.code] = onset, DEPTHS[number % len(DEPTHS)]
        until = first + PATIENCE_S
        others: set[str] = set()
        while time.time() < until and len(found) < len(LOSERS):
            now = time.time()
            for row in documents.get(client, "outages") or []:
                code = row["entity"].removeprefix("country/")
                if code not in world.loses or now < world.loses[code][0]:
                    others.add(row["entity"])
                elif code not in found:
                    found[code] = now - world.loses[code][0]
            time.sleep(0.2)
    runs = [
        {"country": code, "part_lost": depth, "second_of_the_bin": round(onset % GRAIN_S),
         "minutes": round(found[code] / 60, 2) if code in found else None}
        for code, (onset, depth) in world.loses.items()
    ]  # fmt: skip
    times = [found.get(place.code, float("inf")) for place in LOSERS]
    return {
        "name": "edge_alarm",
        "value": round(median(times) / 60, 2),
        "unit": "min from the onset to the publication, median",
        "peers": {},
        "ratios": {},
        "details": {"slowest_min": round(max(times) / 60, 2), "runs": runs, "countries": len(PLACES),
                    "other_outages": sorted(others)},
    }  # fmt: skip


def _line(at: float, code: str) -> bytes:
    moment = datetime.fromtimestamp(at, UTC)
    return f'{{"time":"{moment:%Y-%m-%dT%H:%M:%S.%f}Z","country":"{code}","status":200,"bytes":5120}}\n'.encode()


def _prepare(world: World, data_dir: Path, url: str) -> None:
    """28 days of history in the store, as if they had been collected."""
    data_dir.mkdir(parents=True)
    client = connect(url, timeout_s=60)
    pipeline = LivePipeline(client, Archive(data_dir), ledger=Ledger(data_dir), enabled=("edge_logs",))
    value = np.full((len(PLACES), world.past, GROUP.width), np.nan, np.float32)
    value[:, :, GROUP.series.index("edge.requests@edge_logs")] = world.history()
    start = datetime.fromtimestamp(world.start, UTC)
    names = [f"country/{place.code}" for place in PLACES]
    pipeline.run(GROUP).warm(Block(GROUP, names, start, value, value.copy()), simulated=True)
    pipeline._begun.add("edge_logs")
    pipeline.publish(start + HISTORY)


@contextmanager
def _written(world: World, path: Path, since: float) -> Iterator[None]:
    """The log, from ``since`` on, and each half second what has happened in it."""
    done = threading.Event()
    with path.open("ab", buffering=0) as file:

        def write() -> None:
            at = since
            while not done.is_set():
                upto = min(time.time(), (at // GRAIN_S + 1) * GRAIN_S)
                file.write(world.lines(at, upto))
                at = upto
                if time.time() - at < 0.5:
                    done.wait(0.5)

        thread = threading.Thread(target=write, name="log", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@contextmanager
def _worker(data_dir: Path, log: Path, url: str) -> Iterator[None]:
    """The worker, as an operator starts it."""
    env = environment(RADAR_DATA_DIR=str(data_dir), REDIS_URL=url, RADAR_SOURCES="edge_logs", RADAR_EDGE_LOGS=str(log))
    with (data_dir / "log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "jobs.worker"], env=env, stdout=out, stderr=out)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)
