"""``/api/v1/attacks``: the rules of firewalls that matched: since when, how often, from where, aimed at where."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Response

from radar import times
from radar.api import access, table
from radar.api.endpoints import endpoint
from radar.api.envelope import CSV, bad_parameter, body_of, meta, not_found, success
from radar.api.parameters import FROM, UNTIL, Parameter, one_of
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

#: Start of the first count, width of each, counts (None: not known).
Stretch = tuple[datetime, timedelta, list[int | None]]
#: Hours or days of one answer at most.
MOST = 2000

#: Nothing matched for so long: either nothing was tried, or the logs do not reach us.
QUIET = timedelta(hours=2)

COLUMNS = ("rule", "title", "cve", "first_seen", "since_start", "last_seen", "total", "matches_24h", "matches_7d",
           "blocked", "trend", "factor", "doubling_h", "simulated")  # fmt: skip


def standing(found: Attacks, clock: Clock | None) -> str:
    """``live``, or ``quiet``: no rule has matched for two hours."""
    if clock is None or found["newest"] is None:
        return "live"
    return "quiet" if times.parse(clock["now"]) - times.parse(found["newest"]) > QUIET else "live"


@endpoint("/attacks", RULE, RANGE, FROM, UNTIL, FORMAT)
def attacks(given: dict[str, Any]) -> Response:
    """Rules of the operator's firewalls that matched, most matches in 24 hours first.

    ``data`` is null where there is nothing, and ``meta.state`` says why: ``off`` (no firewall's log is read) or
    ``waiting`` (one is, and nothing has matched yet). Otherwise it is ``live``, or ``quiet`` when no rule has matched
    for two hours, which says nothing about why. With ``rule``, ``data`` is that rule with ``hourly`` and ``daily``.
    An origin is where an address is registered, not who sent the request. Null means "not known", never zero.
    ``from`` and ``until`` cut the CSV of one rule; hours and days that are not kept are empty in it.
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
        if rule is None or found is None:
            body = table.write(COLUMNS, _listed(found))
        else:
            body = csv_of(found, rule, stretch(found, rule, given["range"], *_cut(given)))
        response = body_of(body, CSV)
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


def _cut(given: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Where the CSV begins and ends; neither where it is not said. Raises ApiError for what is no range."""
    since, until = given["from"], given["until"]
    if (since is None) != (until is None):
        raise bad_parameter("until" if until is None else "from", _("from and until go together."), _("both, or none"))
    width = timedelta(days=1) if given["range"] == "90d" else timedelta(hours=1)
    if since is not None and not timedelta() < until - since <= MOST * width:
        raise bad_parameter("until", _("until is not after from, or too far from it."),
                            _("at most {n} hours, or days for 90d").format(n=MOST))  # fmt: skip
    return since, until


def csv_of(found: Attacks, rule: AttackRule, cut: Stretch) -> bytes:
    """A rule's counts as CSV: time, rule, matches (empty: not known), simulated."""
    first, step, values = cut
    rows = ((first + step * i, rule["id"], value, found["simulated"]) for i, value in enumerate(values))
    return table.write(("time", "rule", "matches", "simulated"), rows)


def stretch(
    found: Attacks, rule: AttackRule, range: str, since: datetime | None = None, until: datetime | None = None
) -> Stretch:
    """A rule's counts over one of ``RANGES``, or from ``since`` to ``until``: by hour, or by day for 90d."""
    if range == "90d":
        first, step, values = times.parse(found["days_from"]), timedelta(days=1), rule["daily"]
    else:
        first, step, values = times.parse(found["hours_from"]), timedelta(hours=1), rule["hourly"]
    if since is not None and until is not None:
        begin, end = (since - first) // step, -((first - until) // step)
        kept = [values[i] if 0 <= i < len(values) else None for i in builtins.range(begin, end)]
        return first + step * begin, step, kept
    skipped = len(values) - 24 if range == "24h" else 0
    return first + skipped * step, step, values[skipped:]
