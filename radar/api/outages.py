"""``/api/v1/outages``: what is broken, what was, and what we took back."""

from __future__ import annotations

import re
from typing import Any, cast

from flask import Response

from radar import known
from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import bad_parameter, meta, not_found, not_published, success
from radar.api.parameters import ENTITY, FROM, UNTIL, Parameter, moment, one_of
from radar.labels import N_, _
from radar.shapes import Outage

STATUS = Parameter("status", N_("Only outages of this status. May be repeated."), N_("open, closed or retracted"),
                   one_of("open", "closed", "retracted"), repeat=True)  # fmt: skip
AT = Parameter("at", N_("The list as it was known at this time. What later updates may have changed is null."),
               FROM.expected, moment)  # fmt: skip

_ID = re.compile(r"[A-Za-z0-9._:-]{1,120}")


@endpoint("/outages", ENTITY, STATUS, FROM, UNTIL, AT)
def outages(given: dict[str, Any]) -> Response:
    """Outages, newest first, in the form that ``radar outages --json`` prints: open, closed and retracted ones.

    ``start`` is the best estimate of the onset, ``start_earliest`` the last moment that was still normal, ``known_at``
    when it was first published. ``from`` and ``until`` keep outages that touch the range. An outage marked ``history``
    comes from a recorded set with its own dates. Null means "not known", never zero.
    """
    if given["from"] and given["until"] and given["until"] <= given["from"]:
        raise bad_parameter("until", _("until is not after from."), _("a time after from"))
    seen = access.read("outages")
    if seen.docs["outages"] is None:
        raise not_published()
    found = known.select(
        cast(list[Outage], seen.docs["outages"]),
        entities=given["entity"],
        statuses=given["status"],
        since=given["from"],
        until=given["until"],
        at=given["at"],
    )
    about = meta(
        sources=access.sources_of(found, seen.sources),
        clock=seen.clock,
        simulated=any(outage["simulated"] for outage in found),
        method="#outages",
        count=len(found),
        version=seen.version,
    )
    return success(found, about)


@endpoint("/outages/<id>")
def outage(given: dict[str, Any], id: str) -> Response:
    """One outage with all its updates. The id never changes; a retracted outage keeps its address."""
    if not _ID.fullmatch(id):
        raise not_found(_("There is no such outage."), expected=_("an id from /api/v1/outages"))
    name = f"outage:{id}"
    seen = access.read(name)
    found = cast("Outage | None", seen.docs[name])
    if found is None:
        raise not_found(_("There is no outage {id}.").format(id=id), expected=_("an id from /api/v1/outages"))
    about = meta(
        sources=access.sources_of([found], seen.sources),
        clock=seen.clock,
        simulated=found["simulated"],
        method="#outages",
        version=seen.version,
    )
    return success(found, about)
