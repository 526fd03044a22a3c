"""What was missed, from the collectors' own files: table dumps every eight hours, updates every five minutes.

A thread fetches them after a gap, as soon as they must be there. At the very first start everything is missing: then
the newest dump before the start is fetched, and the updates since.

Upstream: https://data.ris.ripe.net/ (RIPE NCC, RIS raw data; terms as for RIS Live).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from shutil import rmtree

import structlog

from jobs.stream.follow import Fills, Gap
from radar.errors import RadarError, UpstreamChanged
from radar.http import Http
from radar.routing import Element
from radar.routing.mrt import read

log = structlog.get_logger(__name__)

#: Seconds of one file of updates and between two dumps at RIS.
UPDATES_S, DUMP_S = 300, 8 * 3600
#: Seconds after its end before a file can be expected.
PUBLISHED_S = 420.0
#: So many dumps back are tried: the newest may not be there yet.
DUMPS_TRIED = 3
#: A longer gap is not filled from updates: a new dump is read instead.
FROM_DUMP_S = 6 * 3600.0
#: A gap that could not be filled is tried again after this time, in seconds.
AGAIN_S = 300.0

#: Files are kept for so long, in seconds: the table may go back to before this gap for the sake of a later one.
KEPT_S = 3600.0

SOURCE = "ris_live"


class Filler:
    """Fetches what fills gaps. ``patterns``: addresses with ``{collector}`` and the codes of strftime, those of dumps
    with "bview" in them. Without patterns or collectors nothing is ever filled."""

    def __init__(
        self, folder: Path, patterns: Iterable[str], collectors: Iterable[str], http: Http, *,
        now: Callable[[], float] = time.time, published_s: float = PUBLISHED_S,
    ) -> None:  # fmt: skip
        self._folder = folder
        self._patterns = tuple(patterns)
        self._collectors = tuple(collectors)
        self._http = http
        self._now = now
        self._published_s = published_s
        self._wanted: dict[str, Gap] = {}
        self._ready: dict[str, dict[str, list[Path]]] = {}
        self._again: dict[str, float] = {}
        self._known: set[str] = set()
        self._stop = threading.Event()

    def start(self) -> threading.Thread:
        """Fetch in a thread of its own."""
        thread = threading.Thread(target=self._run, name="fill", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End after the file that is under way."""
        self._stop.set()

    def want(self, gap: Gap) -> None:
        """A gap to be filled; may be said again and again."""
        if self._patterns and self._collectors and gap.id not in self._known:
            self._known.add(gap.id)
            self._wanted[gap.id] = gap

    def ready(self, id: str) -> bool:
        """Whether all that fills this gap is on disk and was not given out yet."""
        return id in self._ready

    def fills(self, id: str) -> Fills:
        """The elements that fill a gap, by collector."""
        return {collector: partial(_elements, files) for collector, files in self._ready.pop(id).items()}

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            for id, gap in list(self._wanted.items()):
                if self._stop.is_set():
                    return
                if id in self._ready or self._again.get(id, 0.0) > self._now():
                    continue
                if self._now() < (gap.until or 0.0) + self._published_s:
                    continue
                found = self._fetch(gap)
                if found:
                    self._ready[id] = found
                    del self._wanted[id]
                else:
                    self._again[id] = self._now() + AGAIN_S

    def _fetch(self, gap: Gap) -> dict[str, list[Path]]:
        """Files by collector; a collector whose files cannot be had is left out, and its peers stay unbelieved."""
        folder = self._folder / gap.id
        for old in self._folder.glob("*"):
            known = old.name in self._wanted or old.name in self._ready
            if not known and self._now() - old.stat().st_mtime > KEPT_S:
                rmtree(old, ignore_errors=True)
        found = {}
        for collector in self._collectors if not gap.collector else (gap.collector,):
            try:
                found[collector] = list(self._files(gap, collector, folder / collector))
            except RadarError as error:
                log.warning("gap not filled", gap=gap.id, collector=collector, error=str(error))
        return found

    def _files(self, gap: Gap, collector: str, folder: Path) -> Iterator[Path]:
        until = gap.until or self._now()
        since = gap.since if gap.since is not None and until - gap.since < FROM_DUMP_S else None
        if since is None:
            dump, since = self._dump(collector, until, folder)
            yield dump
        step = int(since // UPDATES_S) * UPDATES_S
        while step < until:
            yield self._file("updates", collector, step, folder)
            step += UPDATES_S

    def _dump(self, collector: str, until: float, folder: Path) -> tuple[Path, float]:
        at = int(until // DUMP_S) * DUMP_S
        for back in range(DUMPS_TRIED):
            try:
                return self._file("bview", collector, at - back * DUMP_S, folder), float(at - back * DUMP_S)
            except UpstreamChanged as error:
                log.info("dump not there", collector=collector, error=str(error))
        raise UpstreamChanged(SOURCE, f"no table dump of {collector} in the {DUMPS_TRIED} newest places")

    def _file(self, kind: str, collector: str, at: float, folder: Path) -> Path:
        pattern = next((p for p in self._patterns if kind in p), None)
        if pattern is None:
            raise UpstreamChanged(SOURCE, f"no address of {kind} files among the patterns")
        url = datetime.fromtimestamp(at, UTC).strftime(pattern.replace("{collector}", collector))
        path = folder / url.rpartition("/")[2]
        if path.exists():
            return path
        body = self._http.get(url, source=SOURCE, file=True).body
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(path.suffix + ".tmp")
        draft.write_bytes(body)
        draft.replace(path)
        return path


def _elements(files: list[Path]) -> Iterator[Element]:
    """Elements of these files, one after the other. A file that is damaged gives what can be read of it."""
    for file in files:
        try:
            with file.open("rb") as stream:
                for batch in read(stream, source=SOURCE):
                    yield from batch
        except (RadarError, OSError) as error:
            log.error("file not read", file=str(file), error=str(error))
