"""What each collection run found, one small file per source beside the archive; a source that is asked in parts has one
for each part, and one for the times that it was asked as a whole.

Collectors write it without needing the store, so that a source's last error is known even while Redis is down. It says
also where the next collection goes on. A file that cannot be read (a disk that was full, a power cut) is put aside and
the source begins anew: asked once more for what the archive already holds, it loses nothing.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from pathlib import Path
from typing import Any

import orjson
import structlog

from radar.errors import ArchiveError
from radar.sources import discover
from radar.times import parse

log = structlog.get_logger(__name__)

EXAMPLES = 5


@dataclass(slots=True)
class Entry:
    """One source's record. Times are RFC 3339 UTC; None: never.

    ``rows`` and ``rejected`` count since the beginning. ``newest_bins``: start of the newest bin of each signal.
    ``complete_until``: up to here everything was asked for and every answer was understood; ``asked_until``: up to here
    everything was asked for, and some answers were not understood.
    """

    source: str
    last_success: str | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    newest_bin: str | None = None
    newest_bins: dict[str, str] = field(default_factory=dict)
    complete_until: str | None = None
    asked_until: str | None = None
    rows: int = 0
    rejected: int = 0
    rejected_examples: list[dict[str, str | int]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def fails(self) -> bool:
        """Whether the last that was heard of it is an error."""
        return self.last_error_at is not None and (self.last_success or "") < self.last_error_at


_TIMES = ("last_success", "last_error_at", "newest_bin", "complete_until", "asked_until")
_KNOWN = {row.name for row in fields(Entry)}


class Ledger:
    """The folder of entries. Several threads may use it at once.

    What cannot be written, on a full disk, is at least remembered here: whoever reads this object is told the failure.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "collect"
        self._lock = threading.Lock()
        self._unwritten: dict[str, Entry] = {}

    def read(self, source: str, part: str = "") -> Entry:
        """The entry of a source, or of a part of it ("2of4"); an empty one when it was never collected.

        Of a source that is asked in parts: what holds for all of them. A part was asked whenever the whole was.
        Raises ArchiveError when the folder cannot be read.
        """
        if part:
            return _later(self._own(f"{source}.{part}"), self._own(source), source)
        module = discover().get(source)
        labels = [shard.label for shard in module.SOURCE.parts()] if module is not None else []
        names = {path.stem for path in self._folder.glob(f"{source}.*.json")} | set(self._unwritten)
        whole = self._own(source)
        if not any(f"{source}.{label}" in names for label in labels):
            return whole
        own = {label: self._own(f"{source}.{label}") for label in labels}
        found = _together(source, {label: _later(entry, whole, source) for label, entry in own.items()})
        found.rows = whole.rows + sum(entry.rows for entry in own.values())
        found.rejected = whole.rejected + sum(entry.rejected for entry in own.values())
        return found

    def _own(self, name: str) -> Entry:
        """What the file of that name holds."""
        kept = self._unwritten.get(name)
        if kept is not None:
            return replace(kept, newest_bins=dict(kept.newest_bins))
        path = self._folder / f"{name}.json"
        try:
            return _checked(name, orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            return Entry(name)
        except OSError as error:
            raise ArchiveError(f"{path}: cannot be read ({error})") from error
        except (ValueError, TypeError) as error:
            aside = path.with_suffix(".broken")
            log.warning("ledger entry is broken, the source begins anew", file=str(path), aside=aside.name,
                        error=str(error))  # fmt: skip
            try:
                path.replace(aside)
            except FileNotFoundError:
                pass  # another process was quicker
            except OSError as failure:
                raise ArchiveError(f"{path}: broken, and cannot be put aside ({failure})") from failure
            return Entry(name)

    @contextmanager
    def change(self, source: str, part: str = "") -> Iterator[Entry]:
        """The entry of that part alone, written back in one step when the block ends. Raises ArchiveError."""
        with self._lock:
            entry = self._own(f"{source}.{part}" if part else source)
            yield entry
            self.write(entry)

    def write(self, entry: Entry) -> None:
        """Replace the entry in one step. Raises ArchiveError."""
        path = self._folder / f"{entry.source}.json"
        draft: str | None = None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._folder, prefix=f"{entry.source}.", suffix=".tmp")
            with os.fdopen(handle, "wb") as out:
                out.write(orjson.dumps(entry, option=orjson.OPT_INDENT_2))
                out.flush()
                os.fsync(out.fileno())
            os.replace(draft, path)
            self._unwritten.pop(entry.source, None)
        except OSError as error:
            self._unwritten[entry.source] = entry
            if draft is not None:
                Path(draft).unlink(missing_ok=True)
            raise ArchiveError(f"{path}: cannot be written ({error})") from error

    def entries(self) -> dict[str, Entry]:
        """All entries by source. Raises ArchiveError."""
        names = {path.stem for path in self._folder.glob("*.json")} | set(self._unwritten)
        return {name: self.read(name) for name in sorted({name.partition(".")[0] for name in names})}


def _later(one: Entry, other: Entry, source: str) -> Entry:
    """How far both came together, and what was heard last."""

    def heard(entry: Entry) -> str:
        return max(entry.last_success or "", entry.last_error_at or "")

    last = max(one, other, key=heard)
    newest = _newest(one, other)
    return replace(
        last,
        source=source,
        newest_bins=newest,
        newest_bin=max(newest.values(), default=None),
        asked_until=max(one.asked_until or "", other.asked_until or "") or None,
        complete_until=max(one.complete_until or "", other.complete_until or "") or None,
    )


def _together(source: str, parts: dict[str, Entry]) -> Entry:
    """What holds for all parts: how far the last of them is; one that fails is told before those that do not."""
    label, last = max(parts.items(), key=lambda item: (item[1].fails, item[1].last_error_at or ""))
    entries = list(parts.values())
    newest = reduce(lambda found, entry: _newest(Entry(source, newest_bins=found), entry), entries, dict[str, str]())
    asked, complete = ([getattr(e, name) for e in entries] for name in ("asked_until", "complete_until"))
    examples = [example for entry in entries for example in entry.rejected_examples]
    return replace(
        last,
        source=source,
        last_success=last.last_success if last.fails else max(e.last_success or "" for e in entries) or None,
        last_error=f"part {label}: {last.last_error}" if last.last_error else None,
        newest_bins=newest,
        newest_bin=max(newest.values(), default=None),
        asked_until=min(asked) if None not in asked else None,
        complete_until=min(complete) if None not in complete else None,
        rejected_examples=examples[:EXAMPLES],
        seconds=max(entry.seconds for entry in entries),
    )


def _newest(one: Entry, other: Entry) -> dict[str, str]:
    found = dict(one.newest_bins)
    for signal, newest in other.newest_bins.items():
        found[signal] = max(newest, found.get(signal, ""))
    return found


def _checked(source: str, raw: Any) -> Entry:
    """The entry that a file holds; ValueError or TypeError when it holds none. Fields of other versions are dropped."""
    if not isinstance(raw, dict):
        raise TypeError(f"{type(raw).__name__}, expected an object")
    entry = Entry(**{"source": source, **{name: value for name, value in raw.items() if name in _KNOWN}})
    if entry.source != source:
        raise ValueError(f"it is about {entry.source!r}")
    for text in (*(getattr(entry, name) for name in _TIMES), *entry.newest_bins.values()):
        if text is not None:
            parse(text)
    if not isinstance(entry.rows, int) or not isinstance(entry.rejected, int):
        raise TypeError("its counts are no numbers")
    return entry
