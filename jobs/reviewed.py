"""What people said, laid over the outages of a publication. The rules are in radar/reviews.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from radar import reviews
from radar.archive import Archive
from radar.shapes import Outage
from radar.shapes.reviews import Review
from radar.store import Store
from radar.store.journal import Journal

log = structlog.get_logger(__name__)

#: Name of the journal.
REVIEWS = "reviews"


def journal_of(client: Store, folder: Path | None) -> Journal:
    """The journal of reviews. ``folder``: the data folder."""
    return Journal(client, REVIEWS, folder)


def read(journal: Journal) -> list[Review]:
    """All reviews, oldest first. What cannot be read is logged, and stops nothing. Raises StoreUnavailable."""
    record = journal.read()
    found, wrong = reviews.readable(record.entries)
    for why in (*record.broken, *wrong):
        log.warning("a review cannot be read", why=why)
    return found


class Reviewed:
    """The reviews as one publication knows them. ``touched``: ids of outages whose documents are written anew."""

    def __init__(self, client: Store, archive: Archive | None) -> None:
        self._said = read(journal_of(client, archive.root.parent if archive else None))
        self.touched: set[str] = set()

    def over(self, outages: Sequence[Outage], now: datetime) -> list[Outage]:
        """The outages with what people said by ``now``."""
        self.touched = reviews.touched(outages, self._said)
        return reviews.apply(outages, self._said, now)
