"""``radar outages``: the same list as ``GET /api/v1/outages``, for people (a table) or for programs (JSON)."""

from __future__ import annotations

import sys
from collections.abc import Collection
from datetime import UTC, datetime

import orjson

from jobs import travel
from jobs.storage import reachable
from radar.errors import RadarError
from radar.known import select
from radar.labels import STATUSES, _, confidence_words
from radar.settings import Settings
from radar.shapes import Outage
from radar.store import Store, connect, documents
from radar.store.travel import Found
from radar.times import rfc3339


def find(settings: Settings, *, entities: Collection[str] = (), at: datetime | None = None) -> list[Outage]:
    """Published outages, newest first; ``at``: as they were known then.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    RadarError
        Nothing was published yet, or nothing is recorded of that time, which is not the same as "no outages".
    """
    with reachable(settings) as url, connect(url) as client:
        published: list[Outage] | None = documents.get(client, "outages")
        if published is None:
            raise RadarError("nothing was published yet; `radar run`, `radar demo` or `radar replay` does that")
        if at is not None:
            published = _then(client, settings, at)
    return select(published, entities=entities)


def _then(client: Store, settings: Settings, at: datetime) -> list[Outage]:
    """The list as it was known at that time. Raises RadarError, which says from when to when something is known."""
    found = travel.read(client, settings.data_dir, at, datetime.now(UTC))
    if isinstance(found, Found):
        return found.told.docs["outages"] or []
    known = " to ".join(rfc3339(t) for t in (found.oldest, found.newest) if t)
    if found.why == "lost":
        raise RadarError(f"what was known at {rfc3339(at)} was recorded and cannot be read any more ({found.note})")
    if found.why in ("future", "early"):
        raise RadarError(f"nothing is recorded of what was known at {rfc3339(at)}; it is from {known}")
    raise RadarError(f"what was known at {rfc3339(at)} is not in {settings.data_dir}")


def run(settings: Settings, *, entities: Collection[str] = (), at: datetime | None = None, as_json: bool) -> int:
    """Print them. Raises what ``find`` raises."""
    found = find(settings, entities=entities, at=at)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    if not found:
        print(_("No outages."))
    for outage in found:
        print(line(outage))
    return 0


def line(outage: Outage) -> str:
    """One outage in one line: status, entity, span, how sure, and the sentence that was published."""
    span = outage["start"] + " .. " + (outage["end"] or "")
    words = [
        f"{_(STATUSES[outage['status']]):<10}",
        f"{outage['entity']:<16}",
        f"{span:<45}",
        _("confidence {word}").format(word=confidence_words(outage["confidence"])),
        outage.get("headline", ""),
        _("(simulated)") if outage["simulated"] else "",
        outage["id"],
    ]
    return "  ".join(word for word in words if word)
