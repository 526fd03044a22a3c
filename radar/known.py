"""Outages by what is asked: filters, and the list as it was known at an earlier moment. Pure functions on documents.

``radar outages --at`` and the API share these, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import cast

from radar import reviews
from radar.shapes import Outage, Severity
from radar.times import parse


def as_known(outage: Outage, at: datetime) -> Outage | None:
    """The outage as it was published at ``at``; None when it had not been published by then.

    Status, end, retraction and updates are exact: they come from the published updates. Where a later update exists,
    what it may have changed is not kept by version, and is left out rather than told from later knowledge: depth, share
    and confidence are null, causes and related outages are empty, and sources that first saw it later are not listed.
    What people had said by then is laid over it, and nothing that they said later.
    """
    found = _told(reviews.bare(outage), at)
    return None if found is None else reviews.apply([found], outage.get("reviews", []), at)[0]


def _told(outage: Outage, at: datetime) -> Outage | None:
    """The same for what the detector alone says."""
    if parse(outage["known_at"]) > at:
        return None
    updates = outage.get("updates", [])
    told = [update for update in updates if parse(update["at"]) <= at]
    ended_later = outage["end"] is not None and parse(outage["end"]) > at
    if len(told) == len(updates) and not ended_later:
        return _so_far(outage, at)
    last = told[-1] if told else None
    status = last["kind"] if last and last["kind"] in ("closed", "retracted") else "open"
    end = outage["end"] if status != "open" else None
    start = outage["start"]
    minutes = ((parse(end) if end else at) - parse(start)).total_seconds() / 60
    seen = [dict(row) for row in outage["signals"] if row["first_seen"] and parse(row["first_seen"]) <= at]
    for row in seen:
        row.pop("last_seen", None)
        row.pop("note", None)
        row.pop("depth", None)
    return cast(
        Outage,
        {
            **{key: value for key, value in outage.items() if key not in ("verdict", "rule", "rule_words")},
            "status": status,
            "end": end,
            "confidence": None,
            "severity": {
                "depth": None,
                "share": None,
                "basis": "",
                "minutes": round(max(minutes, 0.0), 1),
                "words": "",
            },
            "signals": seen,
            "causes": [],
            "headline": last["text"] if last else "",
            "updates": told,
            "retraction": outage.get("retraction") if status == "retracted" else None,
            **({"related": []} if "related" in outage else {}),
        },
    )


def _so_far(outage: Outage, at: datetime) -> Outage:
    """The same, lasting only until ``at``: an open outage has gone on since, and its words say for how long."""
    minutes = round((at - parse(outage["start"])).total_seconds() / 60, 1)
    if outage["end"] is not None or minutes >= outage["severity"]["minutes"]:
        return outage
    severity: Severity = {**outage["severity"], "minutes": minutes, "words": ""}
    return {**outage, "severity": severity}


def select(
    outages: Iterable[Outage],
    *,
    entities: Collection[str] = (),
    statuses: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime | None = None,
) -> list[Outage]:
    """The outages that match all that is asked, in their order.

    ``since`` and ``until`` keep outages that touch the half-open range; one that has not ended reaches to the end of
    time. ``at`` shows each as it was known then; ``statuses`` means the status of that moment.
    """
    found = []
    for outage in outages:
        if entities and outage["entity"] not in entities:
            continue
        shown = outage if at is None else as_known(outage, at)
        if shown is None or (statuses and shown["status"] not in statuses):
            continue
        if until is not None and parse(shown["start"]) >= until:
            continue
        if since is not None and shown["end"] is not None and parse(shown["end"]) <= since:
            continue
        found.append(shown)
    return found
