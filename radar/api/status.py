"""``/api/v1/status``: whether this radar itself can be trusted just now."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from flask import Response

from radar import times
from radar.api import access
from radar.api.endpoints import endpoint
from radar.api.envelope import ApiError, meta, success
from radar.api.then import AT
from radar.labels import SOURCE_STATES, _
from radar.shapes import Clock, SourceStatus
from radar.shapes.jobs import Jobs
from radar.store import board

#: Seconds after which a running clock that was not published again means that publication itself stalls.
STALE_AFTER_S = 300


def judge(clock: Clock | None, sources: list[SourceStatus], wall: datetime) -> tuple[str, list[str]]:
    """The word for the whole, and why.

    ``unavailable``: nothing has been published. ``stale``: publication stalls, a source that should be on time is late
    or failing, or none has given anything yet. ``ok`` otherwise. A replay that has ended does not grow stale, and
    neither does recorded history.
    """
    if clock is None:
        return "unavailable", [_("nothing has been published yet")]
    why = []
    age_s = (wall - times.parse(clock["wall"])).total_seconds()
    if clock["speed"] > 0 and age_s > STALE_AFTER_S:
        why.append(_("last publication {n} min ago").format(n=f"{age_s / 60:.0f}"))
    silent = ("late", "failing") if any(row["newest_bin"] for row in sources) else ("late", "failing", "never")
    why += [
        _("source {name}: {state}").format(name=row["name"], state=_(SOURCE_STATES[row["state"]]))
        for row in sources
        if row["state"] in silent
    ]
    return ("stale" if why else "ok"), why


def workers(found: Jobs | None, wall: datetime) -> dict[str, Any] | None:
    """What the workers say of themselves, judged at ``wall``; None before one said anything. Lags are those of when
    they said it, so that the answer stays the same until they say more."""
    if found is None:
        return None
    alive = {row["name"] for row in board.living(found["workers"], wall)}
    said = times.parse(found["at"])
    runs = [
        {**one.run, "state": one.state, "lag_s": board.age_s(one.run["due"], said)}
        for one in board.judge(found["runs"], wall)
    ]
    people = [{**row, "alive": row["name"] in alive} for row in found["workers"]]
    return {**found, "heard": board.last_heard(found), "alive": len(alive), "runs": runs, "workers": people}


@endpoint("/status", AT)
def status(given: dict[str, Any]) -> Response:
    """The clock, the age of the data, freshness by source, the notice if our own measurement is impaired, how many
    entities are in each state, and how the jobs go.

    ``state`` is ``ok``, ``stale`` (``reasons`` say why) or ``unavailable`` (nothing published yet). When the store
    cannot be asked the answer is a 503. With ``at`` it is what was published then: clock, states, outages and sources
    of that moment; ``version`` and ``jobs`` are null, and ``state`` does not count how long ago that is.
    """
    try:
        seen = access.read("outages", "notice", states=True, at=given["at"])
    except ApiError as error:
        if error.code != "not_published":
            raise
        nothing = {
            "state": "unavailable",
            "reasons": judge(None, [], datetime.now(UTC))[1],
            "version": 0,
            "clock": None,
            "notice": None,
            "states": {},
            "outages": {},
            "sources": [],
            "jobs": workers(board.read(access.client()), datetime.now(UTC)),
        }
        return success(nothing, meta(method=""), keep_s=0)
    rows = list(seen.sources.values())
    wall = datetime.now(UTC) if given["at"] is None else times.parse(seen.clock["wall"])
    word, reasons = judge(seen.clock, rows, wall)
    states = Counter(row["state"] for row in seen.states.values())
    statuses = Counter(row["status"] for row in seen.docs["outages"] or [] if not row.get("history"))
    data = {
        "state": word,
        "reasons": reasons,
        "version": seen.version,
        "clock": seen.clock,
        "notice": seen.docs["notice"],
        "states": {name: states.get(name, 0) for name in ("ok", "degraded", "outage", "insufficient")},
        "outages": {name: statuses.get(name, 0) for name in ("open", "closed", "retracted")},
        "sources": [
            {key: row[key] for key in ("name", "title", "state", "newest_bin", "lag_s", "expected_lag_s",
                                       "last_success", "last_error", "last_error_at", "simulated")} for row in rows
        ],
        "jobs": workers(board.read(access.client()), wall) if given["at"] is None else None,
    }  # fmt: skip
    about = meta(clock=seen.clock, simulated=seen.clock["simulated"], at=given["at"] and seen.clock["now"])
    return success(data, about, keep_s=5, settled=seen.settled)
