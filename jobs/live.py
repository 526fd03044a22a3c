"""The pipeline of a live radar: the history of a source is learnt from as a whole, and only then is the source judged.

A first collection reaches weeks back and comes in thousands of answers, bin by bin or country by country. Scored as it
comes it would be taken for silence with late rows in it. So a source waits until it was once asked for everything (its
ledger entry says so) or until it has waited long enough; then all that is archived of it is put into the store, the
detector learns from all but the last day, and that last day is scored. The same is done when a store came back empty:
the archive holds everything that it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl
import structlog

from jobs.collect import FIRST_REACH
from jobs.grouprun import SHOWN_DAYS, WARM_CHUNK, GroupRun
from jobs.history import StoreHistory
from jobs.ingest import Pipeline, TickReport, groups_of
from jobs.trail import Tick, Trail, read, state
from radar.aggregate.bins import bin_start
from radar.archive import Archive, ArchivedFile
from radar.errors import ArchiveError
from radar.settings import Settings
from radar.signals import MONTH_S
from radar.sources import discover
from radar.store import Store, blocks, documents
from radar.store.retention import Keep
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: The newest part of history is scored like news, so that an outage that goes on is found.
SCORED = timedelta(days=1)
#: A source whose first collection never ends is judged by what came of it after this time.
PATIENCE = timedelta(hours=1)
#: Rows that are taken in at once, and days that they may reach over: what bounds the memory of a long backlog.
BATCH_ROWS = 500_000
BATCH_SPAN = timedelta(days=35)


def settle(settings: Settings) -> dict[str, int]:
    """Seconds until the bins of a source are scored, where that is not its usual lag: of logs, that of a setting."""
    return dict.fromkeys(("edge_logs", "dns_logs"), settings.logs_wait_s)


class LivePipeline(Pipeline):
    """A :class:`Pipeline` on the archive of a live radar. It needs an archive and a ledger.

    ``keep``: for how long series are kept; what is older when it comes, as a backfill does, is left to the archive.
    ``trail``: where each tick is written down.
    """

    def __init__(
        self, client: Store, archive: Archive, *, keep: Keep | None = None, trail: Trail | None = None, **options: Any
    ) -> None:
        if keep is not None:
            options.setdefault(
                "history", lambda client, group: StoreHistory(client, group, keep=keep, guard=self.check)
            )
        super().__init__(client, archive, **options)
        self._keep, self._trail = keep, trail
        if self.ledger is None:
            raise ValueError("a live pipeline needs the ledger of its collector")
        self._archive, self._ledger = archive, self.ledger
        self._now: datetime | None = None
        raw = documents.blob(client, f"{self.realm}:begun")
        self._begun: set[str] = set(orjson.loads(raw)) if raw else set()
        if self.went_back is not None:
            self._begun &= set(self.went_back["begun"])
        if trail is not None:
            self._make_up(trail)

    def tick(self, now: datetime) -> TickReport:
        """Take in, score and publish once. Raises StoreUnavailable; the next tick then does this one's work too."""
        self._now = now
        report = super().tick(now)
        if self._trail is not None:
            _write(self._trail, self._at(now))
        return report

    def ingest(self) -> tuple[int, int]:
        """Take in every archived file since the cursor, of sources whose history is there; returns (files, rows)."""
        # what the ledger says is read before the archive: all rows that it speaks of are then in the listing
        waiting = {name for name in self._archive.sources() if name not in self._begun}
        ready = {name for name in waiting if self._is_ready(name)}
        files = self._archive.files(after=self.cursor)
        last = files[-1].id if files else self.cursor
        count = rows = 0
        for name in sorted(ready):
            found = [file for file in self._archive.files(name) if last is not None and file.id <= last]
            took = self._learn(name, self._recent(name, found))
            count, rows = count + took[0], rows + took[1]
        late = {name: run.progress.late for name, run in self.runs.items()}
        for frame, size in self._batches(file for file in files if file.source in self._begun - ready):
            self.feed(frame)
            count, rows = count + size, rows + frame.height
        for name, before in late.items():
            if self.runs[name].progress.late > before:
                log.info("data of scored bins changed", group=name, bins=self.runs[name].progress.late - before)
        self._begun |= ready
        self.cursor = last
        return count, rows

    def _begun_names(self) -> list[str]:
        return sorted(self._begun)

    def _blobs(self, now: datetime) -> dict[str, bytes]:
        tick = orjson.dumps(state(self._at(now)))
        return {**super()._blobs(now), "begun": orjson.dumps(self._begun_names()), "tick": tick}

    def _at(self, now: datetime) -> Tick:
        return Tick(now, self.cursor, tuple(self._begun_names()))

    def _make_up(self, trail: Trail) -> None:
        """Write the line of the last publication, if the process that made it did not live to do so."""
        raw = documents.blob(self.client, f"{self.realm}:tick")
        published = read(orjson.loads(raw)) if raw else None
        last = trail.last()
        if published is not None and (last is None or last.now < published.now):
            _write(trail, published)

    def feed(self, rows: pl.DataFrame) -> None:
        """See :meth:`Pipeline.feed`. Rows of long ago are laid out a month at a time, as their bins are dense."""
        for part in self._pieces(rows):
            super().feed(part)

    def _is_ready(self, name: str) -> bool:
        """Was everything asked for once, or has the source waited long enough?"""
        if self._ledger.read(name).asked_until is not None:
            return True
        first = next(iter(self._archive.files(name)), None)
        return first is not None and self._now is not None and self._now - first.received_at > PATIENCE

    def _recent(self, name: str, files: list[ArchivedFile]) -> list[ArchivedFile]:
        """Files that can hold what history needs: months need all of them."""
        module = discover().get(name)
        if module is None or self._now is None or max(module.SOURCE.signals.values(), default=0) >= MONTH_S:
            return files
        return [file for file in files if self._now - file.received_at <= FIRST_REACH]

    def _batches(self, files: Iterable[ArchivedFile]) -> Iterator[tuple[pl.DataFrame, int]]:
        """Rows of the files, some at a time, with the number of files. A file that is broken is passed over: the
        archive has put it aside, and its answer is parsed again when a worker starts."""
        frames: list[pl.DataFrame] = []
        for file in files:
            try:
                frames.append(self._archive.read(file))
            except ArchiveError as error:
                if file.path.exists():
                    raise  # it cannot be read now: later it may
                log.error("archived rows are broken", file=str(file.path), error=str(error))
            if sum(frame.height for frame in frames) >= BATCH_ROWS:
                yield pl.concat(frames), len(frames)
                frames = []
        if frames:
            yield pl.concat(frames), len(frames)

    def _pieces(self, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows whose series are kept for long enough to hold them, at most about a month of them at once."""
        if self._keep is not None and self._now is not None:
            for group in groups_of(rows):
                seconds = self._keep.seconds(group)
                if seconds is not None:
                    series = pl.format("{}@{}", "signal", "source").is_in(group.series)
                    rows = rows.filter(~(series & (pl.col("timebin") < self._now - timedelta(seconds=seconds))))
        first, last = rows["timebin"].min(), rows["timebin"].max()
        if isinstance(first, datetime) and isinstance(last, datetime) and last - first > BATCH_SPAN:
            month = pl.col("timebin").dt.truncate("1mo")
            for (_start,), part in sorted(rows.group_by(month, maintain_order=True), key=lambda found: found[0]):
                yield part
        else:
            yield rows

    def _learn(self, name: str, files: list[ArchivedFile]) -> tuple[int, int]:
        """Put all rows of a source into the store, then learn from all but the newest day."""
        count = rows = 0
        runs: dict[str, GroupRun] = {}
        for frame, size in self._batches(files):
            for part in self._pieces(frame):
                super().feed(part)
                for group in groups_of(part):
                    if group.name in self.runs:
                        runs[group.name] = self.runs[group.name]
            count, rows = count + size, rows + frame.height
        for run in runs.values():
            self._warm(run)
        log.info("history taken in", source=name, files=count, rows=rows, groups=sorted(runs))
        return count, rows

    def _warm(self, run: GroupRun) -> None:
        progress, group = run.progress, run.group
        if progress.oldest_bin is None or progress.newest_bin is None:
            return
        scored = round(SCORED.total_seconds() / group.grain_s)
        first = max(progress.oldest_bin, progress.newest_bin - round(FIRST_REACH.total_seconds() / group.grain_s))
        stop = progress.newest_bin + 1 - scored
        if group.grain_s >= MONTH_S or stop <= first:  # too short to learn from as a whole
            run.begin(progress.oldest_bin)
            return
        start = bin_start(group.grain_s, first)
        for at in range(0, len(progress.entities), WARM_CHUNK):
            names = progress.entities[at : at + WARM_CHUNK]
            values = blocks.read_bins(self.client, group, "value", names, start, stop - first)
            warmed = run.detector.warm(start, names, values, days=SHOWN_DAYS)
            run.history.put_aspect("baseline", names, warmed.start, warmed.baseline)
            run.history.put_aspect("spread", names, warmed.start, warmed.spread)
        run.begin(stop)
        log.info("learnt from history", group=group.name, entities=len(progress.entities), since=rfc3339(start),
                 until=rfc3339(bin_start(group.grain_s, stop)))  # fmt: skip


def _write(trail: Trail, tick: Tick) -> None:
    """A disk that takes nothing does not stop the radar: what is missing is then worked out from when files came."""
    try:
        trail.write(tick)
    except ArchiveError as error:
        log.error("a tick was not written down", error=str(error))
