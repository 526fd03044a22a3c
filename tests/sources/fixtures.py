"""The recorded cases: ``tests/fixtures/<source>/<case>/`` holds one answer, golden.csv and rejected.csv;
of a source of happenings also happenings.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
_PAPERS = {"golden.csv", "rejected.csv", "happenings.csv", "README.md"}


@dataclass(frozen=True, slots=True)
class Case:
    """One recorded answer and what must come of it."""

    source: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.source}-{self.folder.name}"

    @property
    def file(self) -> Path:
        """The answer; there is exactly one."""
        (file,) = (path for path in self.folder.iterdir() if path.name not in _PAPERS)
        return file


def cases(source: str) -> list[Case]:
    """All cases of a source, by name."""
    folder = FIXTURES / source
    return [Case(source, path) for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
