"""``/api/v1/attacks``: the rules of firewalls that matched: since when, how often, from where, aimed at where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Response

from radar import times
from radar.api import access, table
from radar.api.endpoints import endpoint
from radar.api.envelope import CSV, body_of, meta, not_found, success
from radar.api.parameters import Parameter, one_of
from radar.labels import N_, _
from radar.shapes import Clock
from radar.shapes.attacks import AttackRule, Attacks

SOURCE = "waf_events"

#: Times that counts of a rule are given for.
RANGES = ("24h", "7d", "90d")

RULE = Parameter("rule", N_("Only this rule, with its counts by hour and by day."), N_("the id of a rule"), str)
RANGE = Parameter("range", N_("Time of the CSV of one rule: by hour, or by day for 90d."), N_("24h, 7d or 90d"),
                  one_of(*RANGES), default="7d")  # fmt: skip
FORMAT = Parameter("format", N_("Both forms hold the same numbers."), N_("json or csv"), one_of("json", "csv"),
                   default="json")  # fmt: skip

#: Nothing matched for so long: either nothing was tried, or the logs do not reach us.
QUIET = timedelta(hours=2)

COLUMNS = ("rule", "title", "cve", "first_seen", "since_start", "last_seen", "total", "matches_24h", "matches_7d",
           "blocked", "trend", "factor", "doubling_h", "simulated")  # fmt: skip


def standing(found: Attacks, clock: Clock | None) -> str:
    """``live``, or ``quiet``: no rule has matched for two hours."""
    if clock is None or found["newest"] is None:
        return "live"
    return "quiet" if times.parse(clock["now"]) - times.parse(found["newest"]) > QUIET else "live"


@endpoint("/attacks", RULE, RANGE, FORMAT)
def attacks(given: dict[str, Any]) -> Response:
    """Rules of the operator's firewalls that matched, most matches in 24 hours first.

    ``data`` is null where there is nothing, and ``meta.state`` says why: ``off`` (no firewall's log is read) or
    ``waiting`` (one is, and nothing has matched yet). Otherwise it is ``live``, or ``quiet`` when no rule has matched
    for two hours, which says nothing about why. With ``rule``, ``data`` is that rule with ``hourly`` and ``daily``.
    An origin is where an address is registered, not who sent the request. Null means "not known", never zero.
    """
    seen = access.read("attacks")
    found = cast("Attacks | None", seen.docs["attacks"])
    source = seen.sources.get(SOURCE)
    rule: AttackRule | None = None
    if given["rule"] is not None:
        rule = next((row for row in found["rules"] if row["id"] == given["rule"]), None) if found else None
        if rule is None:
            raise not_found(_("There is no rule {id}.").format(id=given["rule"]), parameter="rule",
                            expected=_("an id from /api/v1/attacks"))  # fmt: skip
    if given["format"] == "csv":
        columns, rows = (COLUMNS, _listed(found)) if rule is None or found is None else _series(found, rule, given)
        response = body_of(table.write(columns, rows), CSV)
        response.headers["Content-Disposition"] = 'attachment; filename="radar-attacks.csv"'
        return response
    if found is None:
        waiting = source is not None and source["state"] not in ("off", "history")
        state = "waiting" if waiting else "off"
        return success(None, meta(clock=seen.clock, method="#waf.matches", state=state, count=0, version=seen.version))
    about = meta(
        sources=[source] if source else [],
        clock=seen.clock,
        simulated=found["simulated"],
        method="#waf.matches",
        state=standing(found, seen.clock),
        count=1 if rule else len(found["rules"]),
        version=seen.version,
    )
    if rule is not None:
        return success({**rule, "hours_from": found["hours_from"], "days_from": found["days_from"]}, about)
    rows_ = [{key: value for key, value in row.items() if key not in ("hourly", "daily")} for row in found["rules"]]
    return success({**found, "rules": rows_}, about)


def _listed(found: Attacks | None) -> Iterator[Sequence[table.Cell]]:
    for row in found["rules"] if found else ():
        yield (row["id"], row["title"], " ".join(row["cve"]), row["first_seen"], row["since_start"], row["last_seen"],
               row["total"], row["day"]["matches"], row["week"]["matches"], row["blocked"], row["trend"],
               row["factor"], row["doubling_h"], found["simulated"] if found else False)  # fmt: skip


def _series(
    found: Attacks, rule: AttackRule, given: dict[str, Any]
) -> tuple[Sequence[str], Iterator[Sequence[table.Cell]]]:
    first, step, values = stretch(found, rule, given["range"])
    rows = ((first + step * i, rule["id"], value, found["simulated"]) for i, value in enumerate(values))
    return ("time", "rule", "matches", "simulated"), rows


def stretch(found: Attacks, rule: AttackRule, range: str) -> tuple[datetime, timedelta, list[int | None]]:
    """(start of the first one, width, counts) of a rule over one of ``RANGES``."""
    if range == "90d":
        return times.parse(found["days_from"]), timedelta(days=1), rule["daily"]
    skipped = len(rule["hourly"]) - 24 if range == "24h" else 0
    hour = timedelta(hours=1)
    return times.parse(found["hours_from"]) + skipped * hour, hour, rule["hourly"][skipped:]
