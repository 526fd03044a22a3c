"""Books: what some sources tell beyond series, kept as one document each: zones that fail, rules that match, incidents.

One module per source, found by name; a file that starts with ``_`` is a helper. A module has ``BOOK``, a class of the
shape :class:`Book`. What goes in are the plain rows that the source's ``details(body, name=...)`` makes of an archived
answer; what comes out is a document of ``radar/shapes``. Books are pure: they see no clock and no store, and the same
answers in the same order give the same document (``jobs/books.py`` drives them).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol, Self


class Book(Protocol):
    """What one source tells, added up. ``document`` is the name of what it publishes."""

    document: str

    def take(self, rows: Sequence[Mapping[str, Any]], *, received_at: datetime, simulated: bool) -> None:
        """Add what one answer told. Called with answers in the order in which they were archived; an answer may come
        again, and the bins that it speaks of are then replaced by it."""

    def page(self, now: datetime) -> Any:
        """The document as of ``now``: JSON, times as RFC 3339 texts."""

    def dump(self) -> bytes:
        """All that is kept, bounded in size."""

    @classmethod
    def load(cls, blob: bytes) -> Self:
        """The inverse of :meth:`dump`."""


@lru_cache(maxsize=1)
def discover() -> dict[str, type[Book]]:
    """The book of each source that has one, by the source's name."""
    found: dict[str, type[Book]] = {}
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("_"):
            found[info.name] = importlib.import_module(f"{__name__}.{info.name}").BOOK
    return found
