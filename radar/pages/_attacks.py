"""The document of attacks, for the pages that show it: read once, the chart of a rule, and what rises."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api import access
from radar.api.attacks import SOURCE, standing, stretch
from radar.components import attacks as parts
from radar.components import charts, outages, shell, state, times
from radar.errors import StoreUnavailable
from radar.figures.timeseries import Chart
from radar.labels import _
from radar.pages import _read
from radar.providers import name_of
from radar.shapes import Outage, SourceStatus
from radar.shapes.attacks import AttackRule, Attacks
from radar.store import documents

HOUR = timedelta(hours=1)

#: The document as this process read it last, and of which publication it is.
_kept: dict[str, tuple[int, Attacks | None]] = {}


def forget() -> None:
    """Drop what was read, as a process that has just started."""
    _kept.clear()


def published(version: int) -> Attacks | None:
    """The document, read once per publication; the last good one when the store is gone. Raises StoreUnavailable."""
    kept = _kept.get("attacks")
    if kept is not None and kept[0] == version:
        return kept[1]
    try:
        found = cast("Attacks | None", documents.get(access.client(), "attacks"))
    except StoreUnavailable:
        _read.note_hole()
        if kept is None:
            raise
        return kept[1]
    _kept["attacks"] = (version, found)
    return found


def drawn(rule: str, snapshot: _read.Snapshot, href: str, *, table: bool = False) -> Component | None:
    """The chart of a rule's matches for another page, with a link to its view; None where the rule is not kept any
    more. ``href``: the address at which its table is open. Raises StoreUnavailable."""
    found = published(snapshot.version)
    one = next((row for row in found["rules"] if row["id"] == rule), None) if found else None
    if found is None or one is None:
        return None
    drawing = chart(found, one, snapshot.source(SOURCE), snapshot.now, usual_range(one), lambda **_more: href, table)
    more = html.P(html.A(_("Where they come from, and what they are aimed at"), href=parts.href(one)))
    return html.Div([drawing, more])


def firewalls() -> Component:
    """The page of our firewalls as a provider: what they counted in a sentence, what rises, and where the rest is."""
    snapshot = _read.snapshot()
    found = published(snapshot.version)
    name = name_of("our-firewalls")
    if found is None:
        head = _("No match of a firewall's rule has been read here.")
    else:
        head = parts.sentence(found, snapshot.now, quiet=standing(found, snapshot.clock) == "quiet")
    more = html.P([_("By rule, origin and target: "), html.A(_("attempts that firewalls saw"), href="/attacks"), "."])
    return shell.page(
        name,
        html.P([head, " ", state.simulated(found is not None and found["simulated"])], className="lede"),
        rises(risen(snapshot), snapshot.now),
        more,
        heading=name,
        kicker=_("Provider"),
        description=head,
    )


def risen(snapshot: _read.Snapshot, rule: str = "") -> list[Outage]:
    """News of rules, or of this one: that attempts rise, or rose in the last seven days; newest first."""
    oldest = times.rfc3339(times.parse(snapshot.now) - parts.NEW_FOR)
    return [
        row
        for row in snapshot.outages
        if row.get("about") and (not rule or row.get("about") == rule) and row["status"] != "retracted"
        and (row["end"] is None or row["end"] >= oldest)
    ]  # fmt: skip


def rises(found: list[Outage], now: str) -> Component | None:
    """The section of rises; None where there are none."""
    if not found:
        return None
    note = _("An hour clearly fuller than every hour of the six days before. Attempts, and no outage of a network.")
    return shell.section(_("Rises"), outages.listing(found, now), note=note, id="rises")


def usual_range(rule: AttackRule) -> str:
    """A rule of today is drawn over 24 hours, any other over seven days."""
    return "24h" if rule["trend"] == "new" else "7d"


def chart(
    found: Attacks, rule: AttackRule, source: SourceStatus | None, now: str, range: str, href: Any, table: bool
) -> Component:
    """The chart of a rule's matches over a range. ``href`` gives an address with changed queries."""
    start, step, values = stretch(found, rule, range)
    hourly = step == HOUR
    whole = parts.without_a_false_fall(values)
    counts = [None if value is None else float(value) for value in whole]
    most = max(((value, at) for at, value in enumerate(counts) if value is not None), default=None)
    text = _("Nothing was heard in this time.")
    if most is not None and most[0]:
        peak = start + step * most[1]
        when = times.words(times.rfc3339(peak), now) if hourly else times.date_words(times.rfc3339(peak))
        unit = _("in the hour from {when}") if hourly else _("on {when}")
        text = _("The most were {n} matches {when}.").format(n=cldr.fixed(most[0]), when=unit.format(when=when))
    elif most is not None:
        text = _("It did not match in this time.")
    if len(whole) < len(values):
        so_far = _("The hour that has begun is not drawn: {n} so far.") if hourly else (
            _("The day that has begun is not drawn: {n} so far."))  # fmt: skip
        text += " " + so_far.format(n=cldr.count(values[-1] or 0))
    else:
        text += " " + (_("The last hour may not be over yet.") if hourly else _("The last day may not be over yet."))
    licence, licence_url = (source["licence"], source["licence_url"]) if source else (_("not stated"), "")
    name = source["title"] if source else found["source"]
    drawn = Chart(
        title=_("Matches of this rule"),
        sentence=text,
        unit=_("matches per hour") if hourly else _("matches per day"),
        start=start,
        step_s=int(step.total_seconds()),
        value=counts,
        source=name,
        licence=licence,
        address="/attacks",
        updated=times.parse(found["newest"]) if found["newest"] else None,
        simulated=found["simulated"],
    )
    credit = charts.Credit(name, f"/sources#{SOURCE}", licence, licence_url, None)
    csv = f"/api/v1/attacks?rule={quote(rule['id'], safe='')}&format=csv&range={range}"
    help = _("Requests that matched this rule. An hour is empty where no rule at all matched: then we heard nothing.")
    return charts.chart("rule-matches", drawn, credit, csv=csv, table_href=href(table="1"), now=now, help=help,
                        with_table=table)  # fmt: skip
