"""From the pipeline's memory to the documents that pages, API and feeds read (radar/shapes.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from jobs.clock import ClockMode
from jobs.freshness import source_status
from jobs.grouprun import GroupRun
from jobs.ledger import Entry, Ledger
from jobs.reviewed import Reviewed
from radar import entities
from radar.aggregate.iqb import iqb
from radar.archive import Archive
from radar.detect import OutageBook, View, entity_state
from radar.shapes import EntityState, Outage, QualityRow, SourceStatus
from radar.sources import discover
from radar.store import Store, documents

#: Outages in the list document, the newest ones; each keeps its own document for ever.
LISTED = 500


@dataclass(frozen=True, slots=True)
class Publication:
    """What one transaction writes: documents by name and entity states by key."""

    docs: dict[str, object]
    states: Mapping[str, EntityState | None]

    def recorded(self) -> dict[str, Any]:
        """The part that a recorded set contributes to the publications of the running clock."""
        return {name: self.docs[name] for name in ("outages", "sources", "quality", "entities")}


class Known(Protocol):
    """What a publication is made of: the pipeline, as far as it is read here."""

    client: Store
    archive: Archive | None
    clock: ClockMode
    realm: str
    enabled: frozenset[str]
    off: Mapping[str, str]
    ledger: Ledger | None
    runs: dict[str, GroupRun]
    book: OutageBook
    quality: dict[tuple[str, str], QualityRow]


def build(pipeline: Known, now: datetime, changed: Mapping[str, Outage]) -> Publication:
    """Make all documents of one publication.

    What recorded sets contributed (document ``recorded``) is joined here, so that the site shows one list. Its outages
    are marked ``history`` and never colour the map of now. What people said is laid over all of them.
    """
    recorded: dict[str, Any] = {}
    if pipeline.realm == "now":
        recorded = documents.get(pipeline.client, "recorded") or {}
    own = pipeline.book.all
    found = [*own, *recorded.get("outages", [])]
    said = Reviewed(pipeline.client, pipeline.archive) if pipeline.realm == "now" else None
    outages = said.over(found, now) if said else found
    states = _states(pipeline, now, {o["entity"]: o for o in outages[: len(own)] if o["status"] == "open"})
    listed = sorted(outages, key=lambda o: (o["start"], o["id"]), reverse=True)
    simulated = any(run.progress.simulated for run in pipeline.runs.values())
    docs: dict[str, object] = {
        "clock": pipeline.clock.document(now, simulated=simulated),
        "sources": _sources(pipeline, now, recorded.get("sources", [])),
        "outages": listed[:LISTED],
        "notice": pipeline.book.notice,
        "quality": _quality(pipeline, recorded.get("quality", [])),
        "entities": _entities(pipeline, states, recorded.get("entities", [])),
    }
    # an open outage grows older and deeper between its updates: its document follows
    news = {*changed, *(said.touched if said else ())}
    for outage in outages:
        if outage["status"] == "open" or outage["id"] in news or outage.get("history"):
            docs[f"outage:{outage['id']}"] = outage
    return Publication(docs, states)


def _states(pipeline: Known, now: datetime, opened: Mapping[str, Outage]) -> dict[str, EntityState]:
    keys = {f"country/{code}" for code in entities.countries()}
    for run in pipeline.runs.values():
        keys.update(run.progress.entities)
    views: dict[str, list[View]] = defaultdict(list)
    for run in pipeline.runs.values():
        for view in run.views(keys):
            views[view.entity].append(view)
    states = {key: entity_state(key, views[key], opened.get(key)) for key in sorted(keys)}
    for run in pipeline.runs.values():
        if run.progress.simulated:
            for key in run.progress.entities:
                states[key]["simulated"] = True
    return states


def _sources(pipeline: Known, now: datetime, recorded: list[SourceStatus]) -> list[SourceStatus]:
    entries = pipeline.ledger.entries() if pipeline.ledger else {}
    rows = {row["name"]: row for row in recorded}
    for name, module in discover().items():
        row = source_status(
            module.SOURCE,
            pipeline.runs.values(),
            entries.get(name, Entry(name)),
            now,
            history=pipeline.realm == "history",
            enabled=name in pipeline.enabled,
            off=pipeline.off.get(name, ""),
        )
        if name not in rows or row["newest_bin"] is not None or not row["signals"]:
            rows[name] = row
    return [rows[name] for name in sorted(rows)]


def _quality(pipeline: Known, recorded: list[QualityRow]) -> list[QualityRow]:
    rows = {(row["entity"], row["month"]): row for row in recorded}
    rows.update({key: {**row, "iqb": iqb(row["values"], row["tests"])} for key, row in pipeline.quality.items()})
    return [rows[key] for key in sorted(rows)]


def _entities(
    pipeline: Known, states: Mapping[str, EntityState], recorded: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    known = {key for run in pipeline.runs.values() for key in run.progress.entities}
    rows = {row["key"]: row for row in recorded}
    rows |= {
        key: {
            "key": key,
            "name": entities.name(key),
            "state": states[key]["state"],
            "simulated": states[key]["simulated"],
        }
        for key in known
    }
    return [rows[key] for key in sorted(rows)]
