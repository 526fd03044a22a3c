"""The pipeline: archived rows -> series -> alerts -> outages -> one publication.

The archive is the queue. The store holds how far it was taken in (``cursor``), and that moves in the same transaction
as the documents that came of it. A process that dies anywhere in between does the same work again with the same result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, cast

import orjson
import polars as pl
import structlog

from jobs.books import Shelf
from jobs.clock import ClockMode
from jobs.grouprun import GroupRun, Progress
from jobs.history import History, StoreHistory
from jobs.ledger import Ledger
from jobs.publish import Publication, build
from jobs.quality import Performances
from jobs.reliability import Reliabilities
from jobs.tracked import cut, lead_of
from jobs.writeback import Mark, WriteBack
from radar.aggregate.bins import Block, bin_end, to_block
from radar.archive import Archive
from radar.detect import Common, Detector, Moment, OutageBook
from radar.shapes import Outage, QualityRow
from radar.signals import GROUPS, SLOTS, Group
from radar.sources import Source, discover
from radar.store import Store, documents, travel
from radar.store.lease import Lease
from radar.times import rfc3339

log = structlog.get_logger(__name__)

#: On a live clock, what books found is told for so long.
NEWS = timedelta(days=1)

HistoryFactory = Callable[[Store, Group], History]


@dataclass(slots=True)
class TickReport:
    """What one tick did."""

    now: datetime
    files: int = 0
    rows: int = 0
    bins: int = 0
    changed: list[Outage] = field(default_factory=list)
    version: int | None = None
    seconds: float = 0.0


class Pipeline:
    """Takes in rows, scores the bins that are due and publishes.

    Parameters
    ----------
    client
        The store. Holds all state between ticks, so that any process may run the next one (one at a time: see the lock
        in :mod:`jobs.worker`).
    archive
        Where :meth:`ingest` finds new files; None for a pipeline that is only fed.
    realm
        "now" publishes the running clock's documents. "history" is for recorded sets with their own dates: it publishes
        one document ``recorded``, which the running clock's publications then include.
    ledger
        What collection found, for the sources' last errors.
    history
        Makes the :class:`jobs.history.History` of a group.
    settle
        Seconds to wait after a bin's end before it is scored, by source. Default: the source's usual lag on a live
        clock, nothing on a replayed one.
    enabled
        Names of the sources that are collected here.
    off
        Why others are not, in a sentence each.
    lease
        When given, no series is written and nothing is published unless it is still held.
    networks
        How many networks of logs are taken in by bins below an hour (:mod:`jobs.tracked`); 0: all.
    """

    def __init__(
        self,
        client: Store,
        archive: Archive | None,
        *,
        clock: ClockMode | None = None,
        realm: Literal["now", "history"] = "now",
        ledger: Ledger | None = None,
        history: HistoryFactory | None = None,
        settle: Mapping[str, int] | None = None,
        enabled: Collection[str] = (),
        off: Mapping[str, str] | None = None,
        lease: Lease | None = None,
        networks: int = 0,
    ) -> None:
        self.client = client
        self.archive = archive
        self.clock = clock or ClockMode()
        self.realm: str = realm
        self.ledger = ledger
        self.enabled = frozenset(enabled)
        self.off: Mapping[str, str] = dict(off or {})
        self.lease = lease
        #: Adds to the transaction of a publication, on keys that lie beside the documents.
        self.beside: Callable[[Any], None] | None = None
        self.networks = networks
        self._settle = dict(settle or {})
        live = self.clock.mode == "live"
        self._history = history or (lambda client, group: StoreHistory(client, group, live=live, guard=self.check))
        self.runs: dict[str, GroupRun] = {}
        self.book = OutageBook()
        self.cursor: str | None = None
        self.quality: dict[tuple[str, str], QualityRow] = {}
        self._changed: dict[str, Outage] = {}
        self.shelf = Shelf(client, archive) if archive is not None and realm == "now" else None
        self.performances = Performances(client, self.check) if realm == "now" else None
        self.reliabilities = Reliabilities(client, self.check) if realm == "now" else None
        self._back = WriteBack(client)
        self._recorder = travel.Recorder(client)
        #: Where this pipeline went back to, because primaries of the store have changed.
        self.went_back: Mark | None = None
        self._restore()

    # -- taking in -------------------------------------------------------------------------------------------------

    def ingest(self) -> tuple[int, int]:
        """Take in every archived file since the cursor; returns (files, rows). Does not move the stored cursor."""
        if self.archive is None:
            return 0, 0
        files = self.archive.files(after=self.cursor)
        frames = [self.archive.read(file) for file in files]
        if frames:
            self.feed(pl.concat(frames))
            self.cursor = str(files[-1].id)
        return len(files), sum(frame.height for frame in frames)

    def feed(self, rows: pl.DataFrame) -> None:
        """Take in ARCHIVED rows of any sources and groups."""
        simulated = bool(rows["simulated"].any())
        for group in groups_of(rows):
            block = to_block(rows, group)
            if block is not None:
                self.feed_block(block, simulated=simulated)
        self.keep_quality(rows)

    def feed_block(self, block: Block, *, simulated: bool) -> None:
        """Take in bins that are already laid out."""
        lead = lead_of(block.group) if self.networks else None
        if lead is not None:
            known = self.runs[lead].progress.entities if lead in self.runs else []
            inside = cut(block, known, self.networks, leads=lead == block.group.name)
            if inside is None:
                return
            block = inside
        self.run(block.group).take(block, simulated=simulated)

    def run(self, group: Group) -> GroupRun:
        """The run of a group, made when it is first needed."""
        if group.name not in self.runs:
            self.runs[group.name] = self._make(group, Detector(group), Progress())
        return self.runs[group.name]

    # -- scoring ---------------------------------------------------------------------------------------------------

    def advance(self, now: datetime) -> tuple[int, list[Outage]]:
        """Score all bins that are due, in the order in which they ended; returns (bins, outages that changed)."""
        due: list[tuple[datetime, str, datetime]] = []
        for name, run in self.runs.items():
            settle = timedelta(seconds=self._wait_s(run.source))
            due += [(bin_end(run.group.grain_s, t), name, t) for t in run.due(now, settle)]
        due.sort()
        moments = self._moments(now)
        changed: dict[str, Outage] = {}
        at = 0
        for end in sorted({row[0] for row in due} | set(moments)):
            alerts = [alert for moment in moments.get(end, ()) for alert in moment.alerts]
            commons = list[Common]()
            while at < len(due) and due[at][0] == end:
                result = self.runs[due[at][1]].step(due[at][2])
                alerts += result.alerts
                commons += result.common
                at += 1
            # on a live clock a bin is known when it is looked at; on a replayed one at its own end
            known = now if self.clock.mode == "live" else end
            entities = self.book.watched() | {alert.entity for alert in alerts}
            for outage in self.book.update(
                known,
                alerts,
                [view for run in self.runs.values() for view in run.views(entities)]
                + [view for moment in moments.get(end, ()) for view in moment.views],
                common=commons,
                simulated={series for run in self.runs.values() for series in run.simulated_series}
                | (self.shelf.simulated() if self.shelf else set()),
                history={s for run in self.runs.values() for s in run.group.series}
                if self.realm == "history"
                else set(),
                failing=self.shelf.failing(end) if self.shelf else (),
                beside=self.shelf.beside(end) if self.shelf else None,
            ):
                changed[outage["id"]] = outage
        self._changed.update(changed)
        return len(due), list(changed.values())

    def _moments(self, now: datetime) -> dict[datetime, list[Moment]]:
        """What the books have to tell, by the moment it is told at: of a first reading of old logs only the last day
        is news."""
        if self.shelf is None:
            return {}
        live = self.clock.mode == "live"
        found: dict[datetime, list[Moment]] = {}
        for moment in self.shelf.moments(now, since=now - NEWS if live else None):
            found.setdefault(moment.end, []).append(moment)
        return found

    def publish(self, now: datetime) -> int:
        """Write everything that :meth:`advance` found in one transaction and return the new version."""
        for run in self.runs.values():
            run.history.flush()
        self._back.check()
        publication = build(self, now, self._changed)
        if self.reliabilities:  # what people said of the newest ones is in the publication
            listed = cast("list[Outage]", publication.docs["outages"])
            self.reliabilities.count(self.runs, lambda: [*self.book.all, *listed], now)
        with self._recorded(now, publication) as record:
            if self.realm == "history":
                publication = Publication({"recorded": publication.recorded()}, {})
            version = documents.publish(
                self.client,
                docs=publication.docs
                | (self.shelf.pages(now) if self.shelf else {})
                | (self.performances.documents(self.runs, now) if self.performances else {}),
                states=publication.states,
                blobs={f"{self.realm}:{name}": blob for name, blob in self._blobs(now).items()}
                | (self.shelf.blobs() if self.shelf else {}),
                lease=self.lease,
                within=partial(self._within, record),
            )
        self._changed.clear()
        for run in self.runs.values():
            run.published = True
        return version

    def _within(self, record: travel.Record | None, pipe: Any) -> None:
        if record is not None:
            record.write(pipe)
        if self.beside is not None:
            self.beside(pipe)

    def check(self) -> None:
        """Raise StoreUnavailable when the lease was lost: then another worker writes."""
        if self.lease is not None:
            self.lease.check()

    def remember(self, now: datetime) -> None:
        """Record what is known at this moment without publishing it, as between two publications of a fast replay. What
        recorded sets tell is recorded with the publications of the running clock."""
        if self.realm == "history":
            return
        with self._recorded(now, build(self, now, self._changed)) as record:
            if record:
                travel.write(self.client, record)

    def _recorded(self, now: datetime, publication: Publication) -> AbstractContextManager[travel.Record | None]:
        """The frame of this publication, for the block that writes it; none of a recorded set's."""
        if self.realm == "history":
            return nullcontext()
        return self._recorder.recording(now, publication.docs, publication.states)

    def tick(self, now: datetime) -> TickReport:
        """Take in, score and publish once. Raises StoreUnavailable; the next tick then does this one's work too."""
        began = time.perf_counter()
        report = TickReport(now)
        report.files, report.rows = self.ingest()
        if self.shelf:
            self.shelf.read()
        report.bins, report.changed = self.advance(now)
        report.version = self.publish(now)
        report.seconds = time.perf_counter() - began
        log.info("tick", now=rfc3339(now), files=report.files, rows=report.rows, bins=report.bins,
                 changed=len(report.changed), seconds=round(report.seconds, 3))  # fmt: skip
        return report

    # -- state -----------------------------------------------------------------------------------------------------

    def _begun_names(self) -> list[str]:
        """Sources whose history was taken in as a whole."""
        return []

    def _blobs(self, now: datetime) -> dict[str, bytes]:
        blobs = {f"detector:{name}": run.detector.dump() for name, run in self.runs.items()}
        blobs["book"] = self.book.dump()
        state = {
            "cursor": self.cursor,
            "runs": {name: run.dump() for name, run in self.runs.items()},
            "quality": list(self.quality.values()),
            **self._back.state(now, self.cursor, self._begun_names()),
        }
        blobs["pipeline"] = orjson.dumps(state, option=orjson.OPT_SORT_KEYS)
        return blobs

    def _restore(self) -> None:
        raw = documents.blob(self.client, f"{self.realm}:pipeline")
        if raw is None:
            return
        state: dict[str, Any] = orjson.loads(raw)
        self.went_back = self._back.restore(state)
        self.cursor = self.went_back["cursor"] if self.went_back else state["cursor"]
        self.quality = {(row["entity"], row["month"]): row for row in state["quality"]}
        book = documents.blob(self.client, f"{self.realm}:book")
        if book is not None:
            self.book = OutageBook.load(book)
        for name, progress in state["runs"].items():
            blob = documents.blob(self.client, f"{self.realm}:detector:{name}")
            group = GROUPS[name]
            detector = Detector.load(group, blob) if blob is not None else Detector(group)
            self.runs[name] = self._make(group, detector, Progress(**progress))

    def _wait_s(self, source: Source) -> int:
        """A live upstream answers entity by entity: a bin is scored when all of it can have come."""
        return self._settle.get(source.name, source.lag_s if self.clock.mode == "live" else 0)

    def _make(self, group: Group, detector: Detector, progress: Progress) -> GroupRun:
        source = discover()[group.series[0].partition("@")[2]].SOURCE
        return GroupRun(group, source, self._history(self.client, group), detector, progress)

    def keep_quality(self, rows: pl.DataFrame) -> None:
        """Remember monthly percentiles for document ``quality``; rows of other signals are passed over."""
        monthly = rows.filter(pl.col("signal").str.starts_with("ndt.")).sort("received_at", maintain_order=True)
        for entity, timebin, signal, value, n in monthly.select(
            "entity", "timebin", "signal", "value", "n"
        ).iter_rows():
            key = (entity, f"{timebin:%Y-%m}")
            row = self.quality.setdefault(key, {"entity": entity, "month": key[1], "tests": 0, "values": {}})
            row["values"][signal] = value
            row["tests"] = max(row["tests"], n or 0)


def groups_of(rows: pl.DataFrame) -> list[Group]:
    """The groups that the rows belong to, in the catalogue's order."""
    series = rows.select(pl.format("{}@{}", "signal", "source").unique().alias("series"))["series"].to_list()
    names = {SLOTS[s][0].name for s in series if s in SLOTS}
    return [group for name, group in GROUPS.items() if name in names]
