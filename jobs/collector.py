"""Many sources at once: each in a thread of its own, watched, and never the same one twice.

What is watched is not how long a source takes, which grows with what it has to ask for, but how long it says nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import structlog

from jobs.collect import Report, TakenOver, ask, keep, note
from jobs.ledger import Ledger
from radar.archive import Archive
from radar.errors import UpstreamUnavailable
from radar.http import Http
from radar.sources import WHOLE, Answer, Shard, SourceModule

log = structlog.get_logger(__name__)

#: A source that gives no answer for this long, in seconds, is reported as hanging; one that answers may take its time.
QUIET_S = 240.0
#: After this long without an answer, in seconds, it is given up: what it may still say is not taken, and it is started
#: again when it is next due.
GIVE_UP_S = 3600.0
#: A long collection tells how far it is this often, in seconds.
TELL_S = 30.0


class _Run:
    """One collection that is under way in a thread of its own."""

    def __init__(self, module: SourceModule, shard: Shard) -> None:
        self.module, self.shard = module, shard
        self.began = self.told = self.heard = time.monotonic()
        self.noted = float("-inf")
        self.answers = 0
        self.given_up = self.taken_over = False
        self.fence: Callable[[], None] | None = None
        self.report: Report | None = None
        self.done = threading.Event()

    @property
    def quiet_s(self) -> float:
        """Seconds since it was started or gave an answer."""
        return time.monotonic() - self.heard

    def wanted(self) -> None:
        """Raise when what this run would still say is known to be not wanted."""
        if self.taken_over:
            raise TakenOver
        if self.given_up:
            raise UpstreamUnavailable(self.module.SOURCE.name, "answered long after it had been given up")

    def check(self) -> None:
        """Raise TakenOver when another worker has taken it over, as far as that can be asked."""
        if self.taken_over:
            raise TakenOver
        if self.fence is not None:
            self.fence()

    def watched(self, answers: Iterable[Answer]) -> Iterator[Answer]:
        """Pass the answers on, and remember when they came."""
        for answer in answers:
            self.wanted()
            self.heard = time.monotonic()
            self.answers += 1
            if self.heard - self.told > TELL_S:
                self.told = self.heard
                log.info("collecting", source=self.module.SOURCE.name, answers=self.answers,
                         seconds=round(self.heard - self.began))  # fmt: skip
            yield answer
            self.heard = time.monotonic()
        if self.taken_over:
            raise TakenOver


class Collector:
    """Runs sources side by side, each in a thread of its own, and never one of them twice.

    A source that gives no answer for ``quiet_s`` is reported as hanging and left alone; the others go on. When it comes
    back its own report corrects that. After ``give_up_s`` it is given up.
    """

    def __init__(
        self,
        *,
        http: Http,
        archive: Archive,
        ledger: Ledger,
        quiet_s: float = QUIET_S,
        give_up_s: float = GIVE_UP_S,
    ) -> None:
        self._http = http
        self._archive = archive
        self._ledger = ledger
        self._quiet_s = quiet_s
        self._give_up_s = give_up_s
        self._lock = threading.Lock()
        self._busy: dict[str, _Run] = {}

    def run(
        self,
        modules: Iterable[SourceModule],
        now: datetime,
        shard: Shard = WHOLE,
        fence: Callable[[], None] | None = None,
    ) -> list[Report]:
        """Collect these sources, or this part of them, and return one report each, when all have ended or hang.

        ``fence`` raises :class:`TakenOver` when it is another worker's by now; also a run that goes on heeds it.
        """
        runs = [self._start(module, now, None, shard, fence) for module in modules]
        return sorted((self._wait(run, now, ours=ours) for run, ours in runs), key=lambda report: report.source)

    def start(self, module: SourceModule, now: datetime, then: Callable[[Report], None], shard: Shard = WHOLE) -> bool:
        """Begin to collect a source and return at once; ``then`` gets the report. False: it is still at it."""
        run, ours = self._start(module, now, then, shard, None)
        if not ours and run.quiet_s >= self._quiet_s <= time.monotonic() - run.noted:
            self._hanging(run, now)
        return ours

    def busy(self, source: str, shard: Shard = WHOLE) -> bool:
        """Is a collection under way that is not to be given up? One that is says nothing more from then on."""
        with self._lock:
            run = self._busy.get(shard.name(source))
            if run is None or run.done.is_set() or run.taken_over:
                return False
            run.given_up = run.given_up or run.quiet_s >= self._give_up_s
            return not run.given_up

    def fence(self, source: str, shard: Shard, check: Callable[[], None]) -> None:
        """From now on a collection that is under way heeds this fence."""
        with self._lock:
            run = self._busy.get(shard.name(source))
            if run is not None:
                run.fence = check

    def leave(self, source: str, shard: Shard = WHOLE) -> None:
        """Another worker has taken this collection over: what ours would still say is not taken."""
        with self._lock:
            run = self._busy.get(shard.name(source))
            if run is not None:
                run.taken_over = True

    def _start(
        self,
        module: SourceModule,
        now: datetime,
        then: Callable[[Report], None] | None,
        shard: Shard,
        fence: Callable[[], None] | None,
    ) -> tuple[_Run, bool]:
        name = module.SOURCE.name
        with self._lock:
            busy = self._busy.get(shard.name(name))
            if busy is not None and not busy.done.is_set():
                if busy.quiet_s < self._give_up_s and not busy.taken_over:
                    busy.fence = fence or busy.fence
                    return busy, False
                if not busy.taken_over:
                    log.error("source given up, it is started again", source=name, quiet_s=round(busy.quiet_s))
                busy.given_up = True
            run = self._busy[shard.name(name)] = _Run(module, shard)
            run.fence = fence
        threading.Thread(target=self._one, args=(run, now, then), name=f"collect-{name}", daemon=True).start()
        return run, True

    def _wait(self, run: _Run, now: datetime, *, ours: bool) -> Report:
        """The report of a run: its own when it has ended, else that it hangs or, of one that is not ours, goes on."""
        name, part = run.module.SOURCE.name, run.shard.label
        while not run.done.wait(max(0.0, self._quiet_s - run.quiet_s) if ours else 0.0):
            if run.quiet_s >= self._quiet_s:
                return self._hanging(run, now)
            if not ours:
                return Report(name, running=True, answers=run.answers, part=part)
        if not ours:
            return Report(name, running=True, answers=run.answers, part=part)
        return run.report or Report(name, error=f"{name}: ended without a report", part=part)

    def _one(self, run: _Run, now: datetime, then: Callable[[Report], None] | None) -> None:
        try:
            answers = run.watched(ask(run.module, now, self._http, self._ledger, run.shard))
            run.report = keep(
                run.module,
                answers,
                now,
                archive=self._archive.guarded(run.check),
                ledger=self._ledger,
                part=run.shard.label,
            )
        finally:
            run.done.set()
        if then is not None:
            then(run.report)

    def _hanging(self, run: _Run, now: datetime) -> Report:
        name = run.module.SOURCE.name
        run.noted = time.monotonic()
        seconds = round(time.monotonic() - run.began, 3)
        report = Report(name, answers=run.answers, seconds=seconds, part=run.shard.label)
        report.error = f"{name}: no answer for {run.quiet_s:.0f} s; it is left alone until it returns"
        note(self._ledger, report, now, None, ended=False)
        log.warning("source hangs", source=name, quiet_s=round(run.quiet_s), answers=run.answers)
        return report
