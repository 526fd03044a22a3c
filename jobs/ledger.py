"""What each collection run found, one small file per source beside the archive.

Collectors write it without needing the store, so that a source's last error is known even while Redis is down.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from radar.errors import ArchiveError

EXAMPLES = 5


@dataclass(slots=True)
class Entry:
    """One source's record. Times are RFC 3339 UTC; None: never. ``rows`` and ``rejected`` count since the beginning."""

    source: str
    last_success: str | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    newest_bin: str | None = None
    rows: int = 0
    rejected: int = 0
    rejected_examples: list[dict[str, str | int]] = field(default_factory=list)
    seconds: float = 0.0


class Ledger:
    """The folder of entries."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "collect"

    def read(self, source: str) -> Entry:
        """The entry of a source, an empty one when it was never collected. Raises ArchiveError when unreadable."""
        path = self._folder / f"{source}.json"
        try:
            raw: dict[str, Any] = orjson.loads(path.read_bytes())
            return Entry(**raw)
        except FileNotFoundError:
            return Entry(source)
        except (OSError, ValueError, TypeError) as error:
            raise ArchiveError(f"{path}: not a readable ledger entry ({error})") from error

    def write(self, entry: Entry) -> None:
        """Replace the entry in one step."""
        path = self._folder / f"{entry.source}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}.tmp")
            draft.write_bytes(orjson.dumps(entry, option=orjson.OPT_INDENT_2))
            draft.replace(path)
        except OSError as error:
            raise ArchiveError(f"{path}: cannot be written ({error})") from error

    def entries(self) -> dict[str, Entry]:
        """All entries by source."""
        return {path.stem: self.read(path.stem) for path in sorted(self._folder.glob("*.json"))}
