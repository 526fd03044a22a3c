"""``radar replay``: drive the whole pipeline from recorded bytes, on the data's own clock.

Every bin is fed at the moment it ended, so that nothing is known earlier than it could have been. The same bytes give
the same outages, whatever the speed and the machine.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from jobs.books import Shelf
from jobs.clock import ClockMode
from jobs.history import History, ReplayHistory
from jobs.ingest import Pipeline, groups_of
from jobs.ledger import Ledger
from jobs.reviewed import journal_of
from radar.aggregate.bins import Block, bin_end, bin_index, to_block
from radar.archive import Archive
from radar.errors import RadarError, UpstreamChanged
from radar.schema import ARCHIVED, Parsed, check_signals, empty_signals
from radar.signals import Group
from radar.sources import Answer, SourceModule, get
from radar.store import Store, clear, connect, embedded
from radar.times import rfc3339

#: How often a replay that runs as fast as it can publishes, in seconds of the wall clock.
PUBLISH_S = 1.0
#: What is known in between is recorded when an outage changes, and with each new hour of the data's clock.
REMEMBERED = timedelta(hours=1)


@dataclass(slots=True)
class Recording:
    """Recorded answers of one source, parsed: what a :class:`Replay` plays."""

    source: str
    rows: pl.DataFrame
    rejected: int
    answers: int


@dataclass(slots=True)
class Step:
    """One moment of a replay: the bins that ended then."""

    end: datetime
    parts: list[tuple[Block, int]] = field(default_factory=list)


class Replay:
    """Plays recordings through a pipeline of its own, bin by bin; it may be left and taken up at any bin.

    ``realm`` and ``clock`` are those of :class:`jobs.ingest.Pipeline`.
    """

    def __init__(
        self,
        client: Store,
        recordings: list[Recording],
        *,
        realm: Literal["now", "history"] = "now",
        speed: float = 0.0,
        until: datetime | None = None,
        simulated: bool = False,
    ) -> None:
        rows = pl.concat([recording.rows for recording in recordings])
        found = [to_block(rows, group) for group in groups_of(rows)]
        self._blocks: list[Block] = [block for block in found if block is not None]
        self._simulated = simulated
        self.steps = _steps(self._blocks, until)
        starts = min((b.start for b in self._blocks), default=None)
        self.clock = ClockMode("replay", speed, starts, self.steps[-1].end if self.steps else None)
        extents = {block.group.name: block for block in self._blocks}

        def history(client: Store, group: Group) -> History:
            block = extents[group.name]
            return ReplayHistory(client, group, block.entities, block.start, block.bins)

        self.pipeline = Pipeline(client, None, clock=self.clock, realm=realm, history=history)
        for block in self._blocks:
            self.pipeline.run(block.group).last_bin = bin_index(block.group.grain_s, block.start) + block.bins - 1
        quality = rows.filter(pl.col("signal").str.starts_with("ndt."))
        self.pipeline.keep_quality(quality)
        self._at = 0
        self._news = False

    @property
    def done(self) -> float:
        """Share of the steps that were played, 0 to 1."""
        return self._at / len(self.steps) if self.steps else 1.0

    @property
    def now(self) -> datetime:
        """The replay's clock: the end of the newest bin that was played."""
        return self.steps[self._at - 1].end if self._at else (self.clock.starts or datetime.now(UTC))

    def step(self) -> bool:
        """Play the next moment; False when there is none left."""
        if self._at >= len(self.steps):
            return False
        step = self.steps[self._at]
        for block, index in step.parts:
            self.pipeline.feed_block(block.part(index, index + 1), simulated=self._simulated)
        before, changed = self.now, self.pipeline.advance(step.end)[1]
        self._at += 1
        self._news = bool(changed) or before.replace(minute=0, second=0) + REMEMBERED <= step.end
        return True

    def remember(self) -> None:
        """Record what is known at the clock where it is news, for those who will ask what was known then."""
        if self._news:
            self.pipeline.remember(self.now)

    def publish(self) -> None:
        """Publish what the replay knows at its clock."""
        if self._at == len(self.steps):
            self.pipeline.clock = ClockMode("replay", 0.0, self.clock.starts, self.clock.ends)
        self.pipeline.publish(self.now)


def record(module: SourceModule, answers: list[Answer]) -> Recording:
    """Parse answers into one recording.

    Rows are received when their bin ended: recorded files do not say when they came.

    Raises
    ------
    UpstreamChanged
        An answer is not in the agreed form.
    """
    source = module.SOURCE
    if not answers:
        raise UpstreamChanged(source.name, "no answer to replay; expected a file, or a folder that holds some")
    together = getattr(module, "together", None)
    if together is not None:
        results: list[Parsed] = [together([(answer.name, partial(_body, answer)) for answer in answers])]
    else:
        results = [module.parse(answer.body, name=answer.name) for answer in answers]
    for parsed in results:
        check_signals(parsed.rows, source=source.name, signals=set(source.signals))
    rows = pl.concat([received(parsed.rows, source.name, source.signals) for parsed in results])
    return Recording(source.name, rows, sum(parsed.rejected_count for parsed in results), len(answers))


def _body(answer: Answer) -> bytes:
    return answer.body


def received(rows: pl.DataFrame, source: str, grains: dict[str, int], *, simulated: bool = False) -> pl.DataFrame:
    """SIGNALS rows as ARCHIVED rows that were received when their bin ended."""
    grain = pl.col("signal").replace_strict(grains, return_dtype=pl.Int64)
    return rows.with_columns(
        pl.lit(source).alias("source"),
        pl.lit(simulated).alias("simulated"),
        (pl.col("timebin") + pl.duration(seconds=grain)).alias("received_at"),
    ).select(list(ARCHIVED))


def answers_of(path: Path) -> list[Answer]:
    """The recorded answers at a path: one file, or all files below a folder in the order of their names."""
    if not path.exists():
        raise RadarError(f"{path} does not exist; expected a recorded file, or a folder that holds some")
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
    try:
        return [Answer(file.name, file.read_bytes()) for file in files if file.name not in ("SOURCE.md", "LICENSE")]
    except OSError as error:
        raise RadarError(f"{path} cannot be read: {error}") from None


def replay(
    path: Path,
    source: str,
    *,
    into: Path | None = None,
    speed: float | None = None,
    until: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Replay recorded bytes and return ``{rows, rejected, from, until, outages}``.

    Parameters
    ----------
    path
        A file with one recorded answer, or a folder of them.
    into
        Data folder that keeps the result for ``radar web``; what an earlier replay left there is replaced. None: a
        folder that is gone afterwards.
    speed
        Data seconds per second of the wall clock; None as fast as it goes.
    until
        Stop at this moment of the data's clock.
    progress
        Called with the share that is done and a text.
    stop
        When set, the replay ends early; what was played is published.

    Raises
    ------
    KeyError
        No source of that name.
    RadarError
        The path cannot be read, is not in the source's form, or the store cannot be used.
    """
    module = get(source)
    answers = answers_of(path)
    recording = record(module, answers)
    stop = stop or threading.Event()
    with _folder(into) as folder, embedded.start(folder) as server:
        client = connect(server.url, timeout_s=30)
        clear(client)
        journal_of(client, folder).read()  # what people said of these outages, back from the file
        archive = Archive(folder)
        now = datetime.now(UTC)
        for answer in answers:
            file = archive.put_raw(source, answer.name, answer.body, received_at=now, simulated=False)
            archive.put_rows(file, empty_signals(), simulated=False)
        run = Replay(client, [recording], speed=speed or 0.0, until=until)
        run.pipeline.ledger = Ledger(folder)
        run.pipeline.shelf = Shelf(client, archive)
        run.pipeline.shelf.read()
        _play(run, speed, progress, stop)
        run.publish()
        outages = list(run.pipeline.book.all)
    times = recording.rows["timebin"]
    first, last = times.min(), times.max()
    return {
        "rows": recording.rows.height,
        "rejected": recording.rejected,
        "from": rfc3339(first) if isinstance(first, datetime) else None,
        "until": rfc3339(min(run.clock.ends, until) if until and run.clock.ends else run.clock.ends or last)
        if isinstance(last, datetime)
        else None,
        "outages": outages,
    }


def _play(
    run: Replay, speed: float | None, progress: Callable[[float, str], None] | None, stop: threading.Event
) -> None:
    published = time.monotonic()
    clock = run.clock.starts
    while not stop.is_set() and run.step():
        end = run.now
        if speed and clock is not None:
            run.publish()
            stop.wait((end - clock).total_seconds() / speed)
        elif time.monotonic() - published > PUBLISH_S:
            run.publish()
            published = time.monotonic()
        else:
            run.remember()
        clock = end
        if progress:
            progress(run.done, rfc3339(end))


def _steps(blocks: list[Block], until: datetime | None) -> list[Step]:
    steps: dict[datetime, Step] = {}
    for block in blocks:
        for index in range(block.bins):
            end = bin_end(block.group.grain_s, block.time(index))
            if until is None or end <= until:
                steps.setdefault(end, Step(end)).parts.append((block, index))
    return [steps[end] for end in sorted(steps)]


@contextmanager
def _folder(into: Path | None) -> Iterator[Path]:
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        yield into
        return
    with tempfile.TemporaryDirectory(prefix="radar-replay-") as folder:
        yield Path(folder)
