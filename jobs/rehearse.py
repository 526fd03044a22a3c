"""The demo's play: loads recorded and simulated history, then plays the simulated hours through the real jobs.

Run as a process of its own (``python -m jobs.rehearse --data-dir D --speed N``) by ``radar demo``, which reads the JSON
lines it prints; jobs/demo.py describes them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import polars as pl

from jobs import logs, simulate
from jobs.clock import ClockMode
from jobs.collect import keep
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from jobs.rehearse_routes import RouteRehearsal
from jobs.replay import Recording, Replay, record
from jobs.simulate import World
from radar.aggregate.bins import Block, joined, to_block
from radar.archive import Archive
from radar.errors import RadarError
from radar.settings import load
from radar.signals import GROUPS, Group
from radar.sources import Answer, get
from radar.sources._recorded import recorded
from radar.store import connect
from radar.times import rfc3339

#: The demo's clock moves by the finest grain of the world.
STEP = timedelta(minutes=5)
#: Entities whose history is loaded at once: what bounds the memory of it. A multiple of ``jobs.grouprun.WARM_CHUNK``.
ENTITIES = 128


class Rehearsal:
    """One run of the demo over a store and a data folder of its own."""

    def __init__(self, data_dir: Path, url: str, *, speed: float, world: World | None = None) -> None:
        self._folder = data_dir
        self._speed = speed
        self.world = world or World()
        self.archive = Archive(data_dir)
        self.ledger = Ledger(data_dir)
        self._client = connect(url, timeout_s=30)
        self.pipeline = Pipeline(
            self._client,
            self.archive,
            clock=ClockMode("replay", speed, self.world.starts, self.world.ends),
            ledger=self.ledger,
            enabled=(*self.world.sources, "ris_live", "origin_hijacks", "route_leaks"),
        )
        self.routes: RouteRehearsal | None = None
        self._hours = self.world.played_hours()
        self._recorded: Replay | None = None
        self._told: set[str] = set()

    def load(self) -> None:
        """Load 28 days of simulated history and the recorded sets, and publish for the first time."""
        _say("loading", done=0.05, text="simulating 28 days of history")
        path = self._folder / "cache" / f"simulated-{self.world.seed}-{_model()}.parquet"
        with _drawing(path, self.world.seed):
            self.routes = RouteRehearsal(self._folder, self.world, self.archive, self.ledger, self._client)
            self.routes.begin(self.pipeline)
            recordings = list(_recordings())
        _say("loading", done=0.4, text="loading 28 days of history")
        began = time.perf_counter()
        rows = pl.scan_parquet(path)
        _link(path, self.archive.root / "history" / path.name)
        count = 0
        for name, entities in self.world.history_entities().items():
            newest: list[Block] = []
            for block in _blocks(rows, GROUPS[name], entities):
                count += int(np.count_nonzero(~np.isnan(block.value)))
                self.pipeline.run(block.group).warm(block.part(0, -1), simulated=True)
                newest.append(block.part(-1, None).copy())
            # all entities at once: what a bin lacks of an entity that is known counts as nothing seen
            self.pipeline.feed_block(joined(newest), simulated=True)
        for hours in self.world.hours_history():
            count += int(np.count_nonzero(~np.isnan(hours.value)))
            self.pipeline.run(hours.group).warm(hours, simulated=True)
        resolver = self.world.resolver.history()
        self.pipeline.run(resolver.group).warm(resolver, simulated=True)
        self.pipeline.advance(self.world.starts)
        size = path.stat().st_size
        _say("history", rows=count, bytes=size, seconds=round(time.perf_counter() - began, 3))
        _say("loading", done=0.8, text="loading recorded sets")
        self._recorded = Replay(self._client, recordings, realm="history")
        self._recorded.publish()
        self.pipeline.publish(self.world.starts)
        self.routes.tell()
        _say("loaded", now=rfc3339(self.world.starts))

    def play(self, stop: threading.Event) -> None:
        """Play the hours; between two ticks, the recorded sets are worked through."""
        now = self.world.starts
        total = self.world.ends - self.world.starts
        due = time.monotonic()
        while now < self.world.ends and not stop.is_set():
            since, now = now, now + STEP
            self._collect(since, now)
            if self.routes is not None:
                self.routes.play(since, now)
            report = self.pipeline.tick(now)
            if self.routes is not None:
                self.routes.tell()
            for outage in report.changed:
                if outage["id"] not in self._told and outage["status"] == "open":
                    self._told.add(outage["id"])
                    _say("outage", now=rfc3339(now), id=outage["id"], entity=outage["entity"],
                         headline=outage.get("headline", ""))  # fmt: skip
            _say("playing", done=(now - self.world.starts) / total, now=rfc3339(now), open=len(self.pipeline.book.open))
            due += STEP.total_seconds() / self._speed
            self._work_through(due, stop)
            stop.wait(max(0.0, due - time.monotonic()))
        self.pipeline.clock = ClockMode("replay", 0.0, self.world.starts, self.world.ends)
        self._work_through(float("inf"), stop)
        self.pipeline.publish(now)
        if self.routes is not None:
            self.routes.close()
        _say("ended", now=rfc3339(now))

    def _collect(self, since: datetime, until: datetime) -> None:
        found: dict[str, list[Answer]] = defaultdict(list)
        for source, answer in self.world.answers(since, until):
            found[source].append(answer)
            if source == "edge_logs":
                for block in self._hours.take((since - self.world.first) // STEP, answer.body):
                    self.pipeline.feed_block(block, simulated=True)
        for source, answers in sorted(found.items()):
            keep(get(source), answers, until, archive=self.archive, ledger=self.ledger, simulated=True)

    def _work_through(self, until: float, stop: threading.Event) -> None:
        replay = self._recorded
        if replay is None:
            return
        while time.monotonic() < until and not stop.is_set():
            if not replay.step():
                replay.publish()
                self._recorded = None
                return


@contextmanager
def _drawing(path: Path, seed: int) -> Iterator[None]:
    """Draw the history into a file beside the work of the block, unless it is there; it is there afterwards."""
    if path.exists():
        yield
        return
    with subprocess.Popen([sys.executable, "-m", "jobs.simulate", str(path), "--seed", str(seed)]) as drawing:
        yield
    if drawing.returncode != 0:
        raise RadarError(f"the simulated history could not be drawn: exit code {drawing.returncode}")


def _blocks(rows: pl.LazyFrame, group: Group, entities: list[str]) -> Iterator[Block]:
    """The history of a group, some entities at a time: laid out all at once it takes twice the memory."""
    for at in range(0, len(entities), ENTITIES):
        part = entities[at : at + ENTITIES]
        # a range and not a set: row groups outside of it are not read
        block = to_block(rows.filter(pl.col("entity").is_between(pl.lit(part[0]), pl.lit(part[-1]))), group)
        if block is not None:
            yield block


def _recordings() -> Iterator[Recording]:
    found: dict[str, list[Answer]] = defaultdict(list)
    for source, answer in recorded():
        found[source].append(answer)
    for source, answers in found.items():
        yield record(get(source), answers)


def _model() -> str:
    """A digest of the code that draws the world: history drawn by other code is not reused."""
    folder = Path(simulate.__file__).parent
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(folder.glob("*.py")))).hexdigest()[:12]


def _link(path: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, to)
    except OSError:  # another file system
        shutil.copyfile(path, to)


def _say(event: str, **fields: object) -> None:
    sys.stdout.buffer.write(orjson.dumps({"event": event, **fields}) + b"\n")
    sys.stdout.flush()


def main() -> int:
    """Run the rehearsal until it has ended."""
    parser = argparse.ArgumentParser(prog="python -m jobs.rehearse", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--speed", type=float, required=True, help="data seconds per second")
    args = parser.parse_args()
    settings = load()
    logs.configure(settings)
    try:
        rehearsal = Rehearsal(args.data_dir, settings.redis_url, speed=args.speed)
        rehearsal.load()
        rehearsal.play(threading.Event())
    except RadarError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
