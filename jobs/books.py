"""Keep the books (``radar/books``): read what was archived since, and hand the documents to the next publication.

The books have a cursor of their own into the archive. It moves in the transaction that writes their documents, as the
pipeline's does, so that a process that dies in between does the same again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from radar.archive import Archive
from radar.books import Book, discover
from radar.books._context import ContextBook
from radar.books._rises import SERIES
from radar.books.dns_logs import DnsBook
from radar.books.provider_status import StatusBook
from radar.books.waf_events import AttackBook
from radar.detect.cause.beside import Beside
from radar.detect.model import Failing, Moment
from radar.errors import RadarError
from radar.sources import get
from radar.store import Store, documents

log = structlog.get_logger(__name__)

_CURSOR = "books:cursor"


class Shelf:
    """All books of a radar. Raises StoreUnavailable where the store cannot be asked."""

    def __init__(self, client: Store, archive: Archive) -> None:
        self._archive = archive
        blobs = documents.blobs(client, [_CURSOR, *(_blob(name) for name in discover())])
        cursor = blobs[_CURSOR]
        self.cursor = cursor.decode() if cursor else None
        self.books: dict[str, Book] = {}
        for name, kind in discover().items():
            blob = blobs[_blob(name)]
            if blob is not None:
                self.books[name] = kind.load(blob)

    def read(self) -> int:
        """Take in what was archived since; returns the number of answers that a book took."""
        taken = gone = 0
        for file in self._archive.files(after=self.cursor):
            self.cursor = str(file.id)
            kind = discover().get(file.source)
            if kind is None:
                continue
            if not self._archive.has_raw(file):
                gone += 1
                continue
            try:
                raw = self._archive.raw(file)
                rows = get(file.source).details(raw.body, name=raw.name)  # type: ignore[attr-defined]  # a book needs it
                book = self.books.setdefault(file.source, kind())
                book.take(rows, received_at=file.received_at, simulated=raw.simulated)
                taken += 1
            except RadarError as error:
                log.warning("answer not taken into its book", source=file.source, error=str(error))
            except Exception:  # a source's own failure: the pipeline, the other books and the next answer go on
                log.exception("book failed", source=file.source, answer=file.id)
        if gone:
            log.info("answers are no longer kept that books were made of", answers=gone)
        return taken

    def pages(self, now: datetime) -> dict[str, Any]:
        """The documents of all books that were ever written in."""
        return {book.document: book.page(now) for book in self.books.values()}

    def failing(self, now: datetime) -> list[Failing]:
        """Zones that fail at our resolvers, by network: what outages are held against."""
        return [row for book in self.books.values() if isinstance(book, DnsBook) for row in book.unanswered(now)]

    def beside(self, now: datetime) -> Beside:
        """What else is told of places and of providers: evidence for causes."""
        context = [book for book in self.books.values() if isinstance(book, ContextBook)]
        status = [book for book in self.books.values() if isinstance(book, StatusBook)]
        return Beside(
            lambda: [row for book in context for row in book.standing(now)],
            lambda: {slug: says for book in status for slug, says in book.page(now)["providers"].items()},
        )

    def moments(self, now: datetime, *, since: datetime | None = None) -> list[Moment]:
        """What is news of single rules of our firewalls up to ``now``, and after ``since``; each once, oldest first."""
        books = [book for book in self.books.values() if isinstance(book, AttackBook)]
        found = [moment for book in books for moment in book.moments(now) if since is None or moment.end > since]
        return sorted(found, key=lambda moment: moment.end)

    def simulated(self) -> set[str]:
        """Series of which such news are simulated."""
        return {SERIES for book in self.books.values() if isinstance(book, AttackBook) and book.simulated}

    def blobs(self) -> dict[str, bytes]:
        """What is published beside the documents, by name."""
        blobs = {_blob(name): book.dump() for name, book in self.books.items()}
        if self.cursor is not None:
            blobs[_CURSOR] = self.cursor.encode()
        return blobs


def _blob(source: str) -> str:
    return f"books:{source}"
