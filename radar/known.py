"""Outages by what is asked: filters, and one outage as it was at an earlier moment. Pure functions on documents.

``radar outages`` and the API share these, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from radar import entities as entity_names
from radar.causes import WEIGHTS
from radar.errors import EntityError
from radar.shapes import Cause, Outage
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
    places: Collection[str] = (),
    network: str = "",
    levels: Collection[str] = (),
    causes: Collection[str] = (),
    minutes: float = 0,
    confidence: float = 0,
) -> list[Outage]:
    """The outages that match all that is asked, in their order.

    Parameters
    ----------
    statuses
        What lasts to the end of a recorded set is not open: nobody knows.
    since, until
        Keep outages that touch the half-open range; one that has not ended reaches to the end of time.
    places
        Alpha-2 codes: the country itself and all that lies in it.
    network
        An AS number ("AS5089", "5089"), or a part of the name of a network or a provider; letters of any case.
    causes
        Ids of causes: the likeliest one of the outage must be among them.
    minutes
        It lasted at least so long, or has so far.
    confidence
        At least so sure, 0 to 1. Above 0 an outage whose confidence is not stated is left out.
    """
    found = []
    for outage in outages:
        if entities and outage["entity"] not in entities:
            continue
        if statuses and standing(outage) not in statuses:
            continue
        if levels and outage["level"] not in levels:
            continue
        if places and country_of(outage["entity"]) not in places:
            continue
        if network and not _is_called(outage["entity"], network):
            continue
        if causes and not ((best := likeliest(outage)) and best["cause"] in causes):
            continue
        if outage["severity"]["minutes"] < minutes or (confidence and (outage["confidence"] or 0) < confidence):
            continue
        if until is not None and parse(outage["start"]) >= until:
            continue
        if since is not None and outage["end"] is not None and parse(outage["end"]) <= since:
            continue
        found.append(outage)
    return found


def standing(outage: Outage) -> str:
    """The status that an outage is asked for by; "" for what lasts in a recorded set: whether it has ended since is not
    known."""
    return "" if outage["status"] == "open" and outage.get("history") else outage["status"]


#: By what outages can be put in order: what each is compared by, None where it is not known.
ORDERS: dict[str, Callable[[Outage], Any]] = {
    "status": lambda outage: (outage["status"] != "open", outage["status"] == "open" and outage["level"] != "outage"),
    "start": lambda outage: parse(outage["start"]),
    "minutes": lambda outage: outage["severity"]["minutes"],
    "depth": lambda outage: outage["severity"]["depth"],
    "share": lambda outage: outage["severity"]["share"],
    "confidence": lambda outage: outage["confidence"],
    "signals": lambda outage: sum(row["first_seen"] is not None for row in outage["signals"]),
    "place": lambda outage: name_of(outage["entity"]).casefold(),
}


def ordered(outages: Iterable[Outage], by: str) -> list[Outage]:
    """The outages in an order: a name of ``ORDERS``, with "-" in front from the largest down. Those of which it is not
    known come last either way; of those that are alike the newest comes first. "status": what is open comes first,
    and of that outages before what is degraded."""
    rows = sorted(outages, key=ORDERS["start"], reverse=True)
    key = ORDERS[by.removeprefix("-")]
    known = [outage for outage in rows if key(outage) is not None]
    known.sort(key=key, reverse=by.startswith("-"))
    return known + [outage for outage in rows if key(outage) is None]


def likeliest(outage: Outage) -> Cause | None:
    """The likeliest cause; None where none is named."""
    return max(outage["causes"], key=lambda cause: cause["p"], default=None)


def named_cause(outage: Outage) -> Cause | None:
    """The cause that may be named first: one that people told, or the likeliest where it is likely enough; else None,
    for then the cause is not known (/method says so, of the same number)."""
    best = likeliest(outage)
    if best is None or best["cause"] == "unknown" or not ("by" in best or best["p"] >= WEIGHTS.abstain):
        return None
    return best


@lru_cache(maxsize=50_000)
def country_of(key: str) -> str | None:
    """Alpha-2 code of the country that an entity is or lies in; None where it lies in none."""
    try:
        above = key if key.startswith("country/") else entity_names.parent(key)
    except EntityError:
        return None
    return above.partition("/")[2] if above else None


def name_of(key: str) -> str:
    """The name of an entity; the key itself when it cannot be read."""
    try:
        return entity_names.name(key)
    except EntityError:
        return key


def _is_called(key: str, text: str) -> bool:
    kind, _slash, code = key.partition("/")
    if kind not in ("asn", "geoasn", "provider"):
        return False
    wanted = text.strip().casefold()
    number = wanted.removeprefix("as")
    if number.isdecimal():
        return code.rpartition("-")[2] == number
    return wanted in name_of(key).casefold()
