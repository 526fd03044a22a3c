"""The demo's play: loads recorded and simulated history, then plays the simulated hours through the real jobs.

Run as a process of its own (``python -m jobs.rehearse --data-dir D --speed N``) by ``radar demo``, which reads the JSON
lines it prints; jobs/demo.py describes them.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import orjson

from jobs import logs
from jobs.clock import ClockMode
from jobs.collect import keep
from jobs.folder import identity
from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from jobs.rehearse_edge import EdgeRehearsal
from jobs.rehearse_jobs import Told
from jobs.rehearse_routes import RouteRehearsal
from jobs.replay import Recording, Replay, record
from jobs.simulate import World
from jobs.simulate.routing_play import MINUTE
from radar.aggregate.bins import Block, joined
from radar.archive import Archive
from radar.errors import RadarError
from radar.settings import load
from radar.shapes import Outage
from radar.sources import Answer, get
from radar.sources._recorded import recorded
from radar.store import connect
from radar.times import rfc3339

#: The demo's clock moves by the finest grain of the world.
STEP = timedelta(minutes=5)


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
        self._edge = EdgeRehearsal()
        self._recorded: Replay | None = None
        self._told: set[str] = set()
        self.jobs = Told(
            self._client,
            self.archive,
            self.world.sources,
            STEP.total_seconds() / speed,
            cursor=lambda: self.pipeline.cursor,
            now=lambda: datetime.now(UTC),
            archive_id=identity(data_dir),
        )

    def load(self) -> None:
        """Load 28 days of simulated history and the recorded sets, and publish for the first time."""
        with ThreadPoolExecutor(1, "recorded") as beside:
            # most of this is processes of their own that read Parquet files
            recordings = beside.submit(lambda: list(_recordings()))
            _say("loading", done=0.05, text="filling the routing table")
            self.routes = RouteRehearsal(self._folder, self.world, self.archive, self.ledger, self._client)
            self.routes.begin(self.pipeline)
            _say("loading", done=0.2, text="drawing and loading 28 days of history")
            self._load_history()
            self.pipeline.advance(self.world.starts)
            _say("loading", done=0.8, text="loading recorded sets")
            self._recorded = Replay(self._client, recordings.result(), realm="history")
        self._recorded.publish()
        self.pipeline.publish(self.world.starts)
        self.routes.tell()
        _say("loaded", now=rfc3339(self.world.starts))

    def _load_history(self) -> None:
        began = time.perf_counter()
        count = 0
        for _group, drawn in groupby(self.world.history_blocks(), key=lambda block: block.group.name):
            newest: list[Block] = []
            for block in drawn:
                count += int(np.count_nonzero(~np.isnan(block.value)))
                self.pipeline.run(block.group).warm(block.part(0, -1), simulated=True)
                newest.append(block.part(-1, None).copy())
            # all entities at once: what a bin lacks of an entity that is known counts as nothing seen
            self.pipeline.feed_block(joined(newest), simulated=True)
        for hours in (*self.world.hours_history(), self.world.resolver.history()):
            count += int(np.count_nonzero(~np.isnan(hours.value)))
            self.pipeline.run(hours.group).warm(hours, simulated=True)
        self.world.forget_history()
        _say("history", rows=count, seconds=round(time.perf_counter() - began, 3))

    def play(self, stop: threading.Event) -> None:
        """Play the hours; between two ticks, the recorded sets are worked through."""
        now = self.world.starts
        total = self.world.ends - self.world.starts
        due = time.monotonic()
        while now < self.world.ends and not stop.is_set():
            since, now = now, now + STEP
            last = self._play_minutes(since, now)
            with self.jobs.at("collect"):
                self._collect(since, now)
            if self.routes is not None:
                self.routes.play(last, now)
            with self.jobs.at("tick"):
                report = self.pipeline.tick(now)
            self.jobs.tell()
            if self.routes is not None:
                self.routes.tell()
            self._announce(report.changed, now)
            _say("playing", done=(now - self.world.starts) / total, now=rfc3339(now), open=len(self.pipeline.book.open))
            due += STEP.total_seconds() / self._speed
            self._work_through(due, stop)
            stop.wait(max(0.0, due - time.monotonic()))
        self.jobs.end()
        self.pipeline.clock = ClockMode("replay", 0.0, self.world.starts, self.world.ends)
        self._work_through(float("inf"), stop)
        self.pipeline.publish(now)
        if self.routes is not None:
            self.routes.close()
        _say("ended", now=rfc3339(now))

    def _play_minutes(self, since: datetime, until: datetime) -> datetime:
        """Play all minutes of routes but the last one; gives where that begins.

        They are evaluated by the minute. Where a minute decides something of an outage, it is published with it, as a
        running radar does: what an outage says of when it was known is when it could be read.
        """
        at = since
        while self.routes is not None and at + MINUTE < until:
            self.routes.play(at, at + MINUTE)
            at += MINUTE
            self.pipeline.ingest()
            _bins, changed = self.pipeline.advance(at)
            if changed:
                self.pipeline.publish(at)
                self._announce(changed, at)
        return at

    def _announce(self, changed: Iterable[Outage], now: datetime) -> None:
        for outage in changed:
            if outage["id"] not in self._told and outage["status"] == "open":
                self._told.add(outage["id"])
                _say("outage", now=rfc3339(now), id=outage["id"], entity=outage["entity"],
                     headline=outage.get("headline", ""))  # fmt: skip

    def _collect(self, since: datetime, until: datetime) -> None:
        found: dict[str, list[Answer]] = defaultdict(list)
        for source, answer in self.world.answers(since, until):
            found[source] += self._edge.answers(answer, until) if source == "edge_logs" else [answer]
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


def _recordings() -> Iterator[Recording]:
    found: dict[str, list[Answer]] = defaultdict(list)
    for source, answer in recorded():
        found[source].append(answer)
    for source, answers in found.items():
        yield record(get(source), answers)


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
