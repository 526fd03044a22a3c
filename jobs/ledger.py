"""What each collection run found, one small file per source beside the archive.

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
from pathlib import Path
from typing import Any

import orjson
import structlog

from radar.errors import ArchiveError
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

    def read(self, source: str) -> Entry:
        """The entry of a source, an empty one when it was never collected. Raises ArchiveError when the folder cannot
        be read."""
        kept = self._unwritten.get(source)
        if kept is not None:
            return replace(kept, newest_bins=dict(kept.newest_bins))
        path = self._folder / f"{source}.json"
        try:
            return _checked(source, orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            return Entry(source)
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
            return Entry(source)

    @contextmanager
    def change(self, source: str) -> Iterator[Entry]:
        """The entry, written back in one step when the block ends. Raises ArchiveError."""
        with self._lock:
            entry = self.read(source)
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
        return {name: self.read(name) for name in sorted(names)}


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
