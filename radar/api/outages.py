"""``/api/v1/outages``: what is broken, what was, and what we took back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NoReturn, cast

from flask import Response

from radar import entities, known, reviews
from radar.api import access, table
from radar.api.endpoints import endpoint
from radar.api.envelope import CSV, bad_parameter, body_of, meta, not_found, not_published, success
from radar.api.parameters import ENTITY, FROM, UNTIL, Parameter, one_of, whole
from radar.api.then import AT
from radar.labels import CAUSES, N_, _
from radar.shapes import Outage
from radar.store import documents

STATUS = Parameter("status", N_("Only outages of this status. May be repeated. What lasts to the end of a recorded set "
                                "has none of them."), N_("open, closed or retracted"),
                   one_of("open", "closed", "retracted"), repeat=True)  # fmt: skip
FORMAT = Parameter("format", N_("Both forms hold the same outages; CSV the main fields of each."), N_("json or csv"),
                   one_of("json", "csv"), default="json")  # fmt: skip

PLACE = Parameter("place", N_("Only outages of this country or of what lies in it. May be repeated."),
                  N_("a code of two letters, such as IQ"), lambda text: _country(text), repeat=True)  # fmt: skip
NETWORK = Parameter("network", N_("Only networks and providers with this AS number, or this in their name."),
                    N_("AS5089, or a part of a name"), lambda text: text.strip() or _unreadable(text))  # fmt: skip
LEVEL = Parameter("level", N_("Only outages of this level. May be repeated."), N_("outage or degraded"),
                  one_of("outage", "degraded"), repeat=True)  # fmt: skip
CAUSE = Parameter("cause", N_("Only outages of which this is the likeliest cause. May be repeated."), ", ".join(CAUSES),
                  one_of(*CAUSES), repeat=True)  # fmt: skip
MINUTES = Parameter("min_minutes", N_("Only outages that lasted at least so long, or have so far."),
                    N_("whole minutes, up to 1000000"), whole(0, 1_000_000), default=0)  # fmt: skip
CONFIDENCE = Parameter("min_confidence", N_("Only outages of which we are at least so sure."),
                       N_("a number from 0 to 1"), lambda text: _share(text), default=0.0)  # fmt: skip
SORT = Parameter("sort", N_("What they are put in order by, with a minus from the largest down; newest first if not "
                            "given."), ", ".join(known.ORDERS),
                 one_of(*known.ORDERS, *(f"-{name}" for name in known.ORDERS)), default="-start")  # fmt: skip

#: Parameters that narrow and order the list; the page /outages reads the same.
NARROWING = (PLACE, NETWORK, STATUS, LEVEL, CAUSE, MINUTES, CONFIDENCE, SORT)

COLUMNS = ("id", "entity", "status", "level", "start", "start_earliest", "end", "known_at", "confidence", "depth",
           "share", "basis", "minutes", "signals", "cause", "cause_p", "headline", "review", "review_by",
           "review_reason", "corrected", "muted_until", "rule", "simulated", "history")  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9._:-]{1,120}")


@endpoint("/outages", ENTITY, *NARROWING, FROM, UNTIL, AT, FORMAT)
def outages(given: dict[str, Any]) -> Response:
    """Outages, newest first, in the form that ``radar outages --json`` prints: open, closed and retracted ones.

    ``start`` is the best estimate of the onset, ``start_earliest`` the last moment that was still normal, ``known_at``
    when it was first published. ``from`` and ``until`` keep outages that touch the range. An outage marked ``history``
    comes from a recorded set with its own dates. ``reviews`` holds what people said about it; fields that they changed
    are in ``said_before`` as the radar itself says them. Null means "not known", never zero.
    """
    if given["from"] and given["until"] and given["until"] <= given["from"]:
        raise bad_parameter("until", _("until is not after from."), _("a time after from"))
    seen = access.read("outages", at=given["at"])
    if seen.docs["outages"] is None:
        raise not_published()
    found = known.select(
        cast(list[Outage], seen.docs["outages"]),
        entities=given["entity"],
        statuses=given["status"],
        since=given["from"],
        until=given["until"],
        places=given["place"],
        network=given["network"] or "",
        levels=given["level"],
        causes=given["cause"],
        minutes=given["min_minutes"],
        confidence=given["min_confidence"],
    )
    if given["sort"] != SORT.default:
        found = known.ordered(found, given["sort"])
    if given["format"] == "csv":
        response = body_of(csv_of(found), CSV, settled=seen.settled)
        response.headers["Content-Disposition"] = 'attachment; filename="radar-outages.csv"'
        return response
    about = meta(
        sources=access.sources_of(found, seen.sources),
        clock=seen.clock,
        simulated=any(outage["simulated"] for outage in found),
        method="#outages",
        count=len(found),
        version=seen.version,
        at=given["at"] and seen.clock["now"],
    )
    return success(found, about, settled=seen.settled)


@endpoint("/outages/<id>", AT)
def outage(given: dict[str, Any], id: str) -> Response:
    """One outage with all its updates. The id never changes; a retracted outage keeps its address. With ``at``: what
    was believed then, with the updates until then."""
    if not _ID.fullmatch(id):
        raise not_found(_("There is no such outage."), expected=_("an id from /api/v1/outages"))
    name, at = f"outage:{id}", given["at"]
    if at is None:
        seen = access.read(name)
        found = cast("Outage | None", seen.docs[name])
    else:
        seen = access.read("outages", at=at)
        found = known.one_then(seen.docs["outages"] or [], id, documents.get(access.client(), name), at)
    if found is None and at is not None:
        raise not_found(_("No outage {id} had been published by then.").format(id=id), parameter="at")
    if found is None:
        raise not_found(_("There is no outage {id}.").format(id=id), expected=_("an id from /api/v1/outages"))
    about = meta(
        sources=access.sources_of([found], seen.sources),
        clock=seen.clock,
        simulated=found["simulated"],
        method="#outages",
        version=seen.version,
        at=at and seen.clock["now"],
    )
    return success(found, about, settled=seen.settled)


def csv_of(found: Sequence[Outage]) -> bytes:
    """The CSV of outages; the same outages give the same bytes."""
    return table.write(COLUMNS, map(_row, found))


def _country(text: str) -> str:
    return entities.parse(f"country/{text}").code


def _share(text: str) -> float:
    value = float(text) if re.fullmatch(r"[0-9]?\.?[0-9]{1,6}", text) else -1.0
    return value if 0 <= value <= 1 else _unreadable(text)


def _unreadable(text: str) -> NoReturn:
    raise ValueError(text)


def _row(outage: Outage) -> Sequence[table.Cell]:
    """One outage as a line; ``review``: the last confirmation or false alarm that stands."""
    severity, said = outage["severity"], outage.get("reviews", [])
    word, muted = reviews.verdict(said), outage.get("muted")
    likely = known.likeliest(outage)
    return (
        *(outage["id"], outage["entity"], outage["status"], outage["level"], outage["start"]),
        *(outage["start_earliest"], outage["end"], outage["known_at"], outage["confidence"]),
        *(severity["depth"], severity["share"], severity["basis"], severity["minutes"]),
        " ".join(sorted(reviews.shown_by(outage))),
        *((likely["cause"], likely["p"]) if likely else (None, None)),
        outage.get("headline"),
        *((word["kind"], word["by"], word["reason"]) if word else (None, None, None)),
        " ".join(reviews.corrected(said)),
        muted["until"] if muted else None,
        outage.get("rule"),
        outage["simulated"],
        bool(outage.get("history")),
    )
