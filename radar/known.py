"""Outages by what is asked: filters, and one outage as it was at an earlier moment. Pure functions on documents.

``radar outages`` and the API share these, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from radar.shapes import Outage
from radar.times import parse


def one_then(listed: Sequence[Outage], id: str, current: Outage | None, at: datetime) -> Outage | None:
    """The outage of that id as of a moment; None when it had not been published by then.

    Parameters
    ----------
    listed
        The list that was published then.
    current
        Its document of now. It is what was known then, too, when the outage was over, the list had no more room for it,
        and nothing was published about it since.
    """
    found = next((row for row in listed if row["id"] == id), None)
    if found is not None or current is None or current["status"] == "open" or parse(current["known_at"]) > at:
        return found
    since = [update for update in current.get("updates", []) if parse(update["at"]) > at]
    return None if since else current


def select(
    outages: Iterable[Outage],
    *,
    entities: Collection[str] = (),
    statuses: Collection[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Outage]:
    """The outages that match all that is asked, in their order.

    ``since`` and ``until`` keep outages that touch the half-open range; one that has not ended reaches to the end of
    time.
    """
    found = []
    for outage in outages:
        if entities and outage["entity"] not in entities:
            continue
        if statuses and outage["status"] not in statuses:
            continue
        if until is not None and parse(outage["start"]) >= until:
            continue
        if since is not None and outage["end"] is not None and parse(outage["end"]) <= since:
            continue
        found.append(outage)
    return found
