"""The recorded pack: real answers of upstreams that may be shipped, as they came. One folder per source, each with a
SOURCE.md that says origin, licence and attribution. They go through the same ``parse`` as live answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

from radar.sources import Answer

#: Beside the answers, for people.
_PAPERS = frozenset({"SOURCE.md", "LICENSE"})


def recorded() -> Iterator[tuple[str, Answer]]:
    """All recorded answers with their source's name, in a fixed order."""
    for folder in sorted(files("radar").joinpath("data/recorded").iterdir(), key=lambda entry: entry.name):
        if not folder.is_dir():
            continue
        for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if file.name not in _PAPERS:
                yield folder.name, Answer(file.name, file.read_bytes())
