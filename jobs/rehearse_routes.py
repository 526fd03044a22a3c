"""The stream of routes in the demo: simulated messages on a spool, and from there on what ``radar stream`` does.

Nothing connects to anything: the play writes minutes of messages with its own clock, the follower reads them, and each
minute is archived, watched over and told as if it had been heard. What is loaded beforehand is a table as after a dump,
a day of its evaluations, since routes of a stream are judged against their last day, and four weeks of hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from jobs.ingest import Pipeline
from jobs.ledger import Ledger
from jobs.simulate import World
from jobs.simulate.places import stream
from jobs.simulate.routing_play import MINUTE, RoutingPlay
from jobs.stream.follow import GRACE_S
from jobs.stream.run import Streaming
from jobs.stream.watches import Watches
from radar.aggregate.bins import Block, bin_index, bin_start, to_block
from radar.archive import Archive
from radar.routing.session import DAY_S, HOUR_S
from radar.signals import GROUPS, SLOTS
from radar.sources import ris_live
from radar.store import Store

#: Evaluations that are there when the play begins, and how the hours before ended.
HISTORY, HOURS = timedelta(days=1), timedelta(days=28)
#: Networks whose series are kept: those of the play are among the largest of this small world.
TRACKED = 61
#: In the history a table loses up to about this part of its space for minutes, as peers differ.
WOBBLE = 0.0004
#: No snapshots: a demo that ends is made anew.
NEVER_S = float("inf")


class RouteRehearsal:
    """The demo's stream of routes, in the demo's data folder."""

    def __init__(self, data_dir: Path, world: World, archive: Archive, ledger: Ledger, client: Store) -> None:
        self.play_book = RoutingPlay(world.seed, world.places)
        self._world = world
        self._archive = archive
        folder = data_dir / "stream"
        files = folder / "simulated"
        files.mkdir(parents=True, exist_ok=True)
        watches = Watches(vrps=files / "vrps.json", relations=files / "relations.txt", simulated=True)
        (files / "vrps.json").write_bytes(self.play_book.vrps())
        (files / "relations.txt").write_bytes(self.play_book.relations())
        self.streaming = Streaming(
            folder / ris_live.NAME,
            archive=archive,
            ledger=ledger,
            client=client,
            watches=watches,
            tracked=TRACKED,
            snapshot_s=NEVER_S,
            simulated=True,
        )

    def begin(self, pipeline: Pipeline) -> None:
        """Fill the table, play the last minute before the start, and let the pipeline learn from the days before."""
        starts = self._world.starts
        before = starts - MINUTE
        streaming = self.streaming
        session = streaming.follower.session
        streaming.watches.refresh(session.table, starts.timestamp())
        self.play_book.fill(session, before - MINUTE / 60)
        self._write(before, self.play_book.quiet(before))
        streaming.step()
        if session.newest is not None:
            blocks = (session.newest.sides[0].blocks, session.newest.sides[1].blocks)
            hour = int(starts.timestamp()) // HOUR_S
            session.days.update({hour - back: blocks for back in range(DAY_S // HOUR_S + 1)})
        rows = pl.concat([self._archive.read(file) for file in self._archive.files(ris_live.NAME)])
        newest, ended = (to_block(rows, GROUPS[name]) for name in ("ris", "rishour"))
        if newest is not None:
            minutes = history(newest, HISTORY, self._world.seed)
            pipeline.run(newest.group).warm(minutes, simulated=True)
            if ended is not None:  # the play begins with an hour
                hours = hours_of(minutes, history(ended, HOURS, self._world.seed))
                pipeline.run(ended.group).warm(hours, simulated=True)
        pipeline.ingest()

    def play(self, since: datetime, until: datetime) -> None:
        """Play the minutes of this time: they lie in the archive afterwards."""
        at = since
        while at < until:
            self._write(at, self.play_book.minute(at))
            at += MINUTE
        self.streaming.step()
        self.streaming.spool.purge(self.streaming.follower.place)

    def tell(self) -> None:
        """Publish the table as of the newest minute."""
        self.streaming.tell()

    def close(self) -> None:
        """Nothing more is played."""
        self.streaming.spool.close()

    def _write(self, start: datetime, lines: list[bytes]) -> None:
        end = (start + MINUTE).timestamp()
        self.streaming.spool.append(end - 1.0, lines)
        self.streaming.spool.append(end + GRACE_S, [])


def history(newest: Block, span: timedelta, seed: int) -> Block:
    """The bins before one that was evaluated: the same values, of which a little is missing now and then."""
    group = newest.group
    bins = span // timedelta(seconds=group.grain_s) - 1
    rng = stream(seed, f"routing history {group.name}")
    value = np.repeat(newest.value[:, :1], bins, axis=1)
    for series in group.series:
        slot = SLOTS[series][1]
        if series.startswith("bgp.visible"):
            missing = np.abs(rng.standard_normal(value.shape[:2], np.float32)) * np.float32(WOBBLE / 2)
            value[:, :, slot] -= np.floor(value[:, :, slot] * missing)
    first = bin_start(group.grain_s, bin_index(group.grain_s, newest.start) - bins)
    return Block(group, newest.entities, first, value, np.repeat(newest.n[:, :1], bins, axis=1))


def hours_of(minutes: Block, hours: Block) -> Block:
    """The hours, of which the newest end as their last minutes say. Both tell of the same entities."""
    ends = minutes.value[:, HOUR_S // ris_live.GRAIN_S - 1 :: HOUR_S // ris_live.GRAIN_S]
    for signal, hour in ris_live.OF_HOURS.items():
        (_, slot), (_, slot_of_hours) = SLOTS[f"{signal}@{ris_live.NAME}"], SLOTS[f"{hour}@{ris_live.NAME}"]
        hours.value[:, -ends.shape[1] :, slot_of_hours] = ends[:, :, slot]
    return hours
