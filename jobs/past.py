"""The archive as it was at a moment of the past, for a pipeline that goes through it again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from pathlib import Path

from radar.archive import Archive, ArchivedFile, day_of


class Past(Archive):
    """An archive of which only a part is seen: files up to ``until``, of some sources.

    Listings of whole days are kept: what lies before ``until`` does not change.
    """

    def __init__(self, data_dir: Path | str, only: Collection[str] | None = None) -> None:
        super().__init__(data_dir)
        #: No file after this place in the queue is seen; None: there is none yet.
        self.until: str | None = None
        self._only = frozenset(only) if only is not None else None
        self._names: list[str] | None = None
        self._days: dict[str, tuple[list[str], list[ArchivedFile]]] = {}

    def sources(self) -> list[str]:
        """Names of the sources that are seen and have rows; looked for once."""
        if self._names is None:
            found = super().sources()
            self._names = [name for name in found if self._only is None or name in self._only]
        return self._names

    def files(self, source: str | None = None, after: str | None = None) -> list[ArchivedFile]:
        """See :class:`Archive`."""
        if self.until is None:
            return []
        found: list[ArchivedFile] = []
        for day in self.all_days():
            if day_of(after or "") <= day <= day_of(self.until):
                ids, files = self._of(day)
                first = bisect_right(ids, after) if after is not None else 0
                last = bisect_right(ids, self.until)
                found += [file for file in files[first:last] if source is None or file.source == source]
        return found

    def all_days(self) -> list[str]:
        """Days that have rows of any source that is seen, oldest first."""
        return sorted({day for name in self.sources() for day in self.listing.days(name)})

    def _of(self, day: str) -> tuple[list[str], list[ArchivedFile]]:
        found = self._days.get(day)
        if found is None:
            files = sorted(file for name in self.sources() for file in self.listing.files_of_day(name, day))
            found = [file.id for file in files], files
            self._days = {day: found} if len(self._days) > 40 else {**self._days, day: found}
        return found
