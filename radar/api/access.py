"""How a request reaches the store, and the few documents that every noun needs.

The store is what ``app.config["RADAR_STORE"]`` holds; without it, one connection is made from the settings on first
use. Nothing is kept between requests: what jobs publish is visible in the next answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from flask import current_app

from radar import settings, store
from radar.api import then
from radar.api.envelope import not_published
from radar.shapes import Clock, EntityState, Outage, SourceStatus
from radar.store import documents


@dataclass(frozen=True, slots=True)
class Seen:
    """What one publication says. ``docs`` holds None for a document that is not there. ``version`` is None for one of
    an earlier moment, and ``settled`` says that the answer cannot change any more."""

    version: int | None
    clock: Clock
    sources: dict[str, SourceStatus]
    docs: dict[str, Any]
    states: dict[str, EntityState]
    settled: bool = False


@lru_cache(maxsize=1)
def _connected() -> store.Store:
    return store.connect(settings.load())


def client() -> store.Store:
    """The store of this application."""
    given = current_app.config.get("RADAR_STORE")
    return _connected() if given is None else cast(store.Store, given)


def read(*names: str, states: bool | Iterable[str] = False, at: datetime | None = None) -> Seen:
    """Clock, sources, the named documents and the wanted entity states, all of one publication: the last one, or the
    last one by ``at``. Of that, only the documents of ``store.frames.DOCUMENTS`` are known.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    ApiError
        503: nothing has been published at all (there is no ``clock``); with ``at``, those of ``then.found``.
    """
    if at is not None:
        past = then.found(client(), at)
        docs, known = past.told.docs, past.told.states
        keys = known if isinstance(states, bool) else states
        wanted = {key: known[key] for key in keys if key in known} if states else {}
        told = {row["name"]: row for row in docs["sources"] or []}
        return Seen(None, docs["clock"], told, {name: docs[name] for name in names}, wanted, past.settled)
    found = documents.read(client(), ["clock", "sources", *names], states=states)
    if found.docs["clock"] is None:
        raise not_published()
    rows = cast(list[SourceStatus], found.docs["sources"] or [])
    return Seen(found.version, found.docs["clock"], {row["name"]: row for row in rows}, found.docs, found.states)


def sources_of(outages: Iterable[Outage], sources: dict[str, SourceStatus]) -> list[SourceStatus]:
    """The sources that these outages rest on, in the order of their names."""
    named = {signal["source"] for outage in outages for signal in outage["signals"]}
    return [sources[name] for name in sorted(named) if name in sources]
