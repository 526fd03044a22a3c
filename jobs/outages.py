"""``radar outages``: the same list as ``GET /api/v1/outages``, for people (a table) or for programs (JSON)."""

from __future__ import annotations

import sys
from collections.abc import Collection
from datetime import datetime

import orjson

from jobs.storage import reachable
from radar.errors import RadarError
from radar.known import select
from radar.labels import STATUSES, _, confidence_words
from radar.settings import Settings
from radar.shapes import Outage
from radar.store import connect, documents


def find(settings: Settings, *, entities: Collection[str] = (), at: datetime | None = None) -> list[Outage]:
    """Published outages, newest first; ``at``: as they were known then.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    RadarError
        Nothing was published yet, which is not the same as "no outages".
    """
    with reachable(settings) as url, connect(url) as client:
        published: list[Outage] | None = documents.get(client, "outages")
    if published is None:
        raise RadarError("nothing was published yet; `radar run`, `radar demo` or `radar replay` does that")
    return select(published, entities=entities, at=at)


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
