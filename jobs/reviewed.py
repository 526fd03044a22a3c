"""What people said, laid over the outages of a publication. The rules are in radar/reviews.py."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from jobs.work import PIPELINE, PIPELINE_TTL_S
from radar import reviews
from radar.archive import Archive
from radar.detect import entity_state
from radar.labels import _
from radar.shapes import EntityState, Outage
from radar.shapes.reviews import Review
from radar.store import Store, documents
from radar.store.journal import Journal
from radar.store.lease import lock

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


def show_now(client: Store, journal: Journal, now: datetime) -> bool:
    """Bring the published documents up to date where no worker will: after the end of a replay, or beside a dead one.

    False when a worker publishes at this moment after all: then it has the entry, or will have it next time.

    Raises StoreUnavailable.
    """
    said = read(journal)
    with lock(client, PIPELINE, PIPELINE_TTL_S) as lease:
        if lease is None:
            return False
        listed: list[Outage] = documents.get(client, "outages") or []
        ids = {outage["id"] for outage in listed}
        others = documents.get_many(client, [f"outage:{r['outage']}" for r in said if r["outage"] not in ids])
        held = [*listed, *(outage for outage in others.values() if outage is not None)]
        outages = reviews.apply(held, said, now)
        changed = [new for old, new in zip(held, outages, strict=True) if new != old]
        docs: dict[str, object] = {f"outage:{outage['id']}": outage for outage in changed}
        states = documents.read(client, (), states={outage["entity"] for outage in changed}).states
        documents.publish(
            client,
            docs | {"outages": outages[: len(listed)]},
            states={row["entity"]: _state(row, states[row["entity"]]) for row in changed if row["entity"] in states},
            lease=lease,
        )
    return True


def _state(outage: Outage, state: EntityState) -> EntityState:
    """The state of the outage's entity with what people said. What it would be without an outage that was taken back
    only the next evaluation can tell: until then it is not known."""
    if outage.get("history"):
        return state
    if outage["status"] == "open":
        return {**entity_state(outage["entity"], (), outage), "series": state["series"]}
    if state["outage"] != outage["id"]:
        return state
    said = outage.get("reviews", [])
    words = (
        _("An outage that was shown here was taken back, says {by}.")
        if outage["status"] == "retracted"
        else _("An outage that was shown here has ended, says {by}.")
    )
    gone: EntityState = {**entity_state(outage["entity"], (), None), "series": state["series"]}
    gone["words"] = words.format(by=said[-1]["by"] if said else "")
    return gone
