"""The chart of how often a firewall's rule matched: on the rule's view, alone at ``/attacks/chart``, and as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import flask
from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api import envelope
from radar.api.attacks import MOST, RANGES, SOURCE, Stretch, csv_of, stretch
from radar.components import attacks as parts
from radar.components import charts, kit, times
from radar.figures import timeseries
from radar.figures.chart import Chart
from radar.labels import _
from radar.pages import _attacks, _chart, _read
from radar.shapes import SourceStatus
from radar.shapes.attacks import AttackRule, Attacks

HOUR = timedelta(hours=1)
#: Name of the chart; the offer under it and the page that it is fetched from have the same.
ID = "rule-matches"


@dataclass(frozen=True, slots=True)
class Drawing:
    """One rule's chart with what stands around it. ``counts``: what is drawn; ``share``: the page of this chart alone;
    ``csv``: exactly the drawn numbers."""

    chart: Chart
    credit: charts.Credit
    counts: Stretch
    share: str
    csv: str


def drawing(found: Attacks, rule: AttackRule, source: SourceStatus | None, now: str, range: str,
            since: datetime | None = None, until: datetime | None = None) -> Drawing:  # fmt: skip
    """A rule's matches over a range, or from ``since`` to ``until``, by hour or (90d) by day."""
    start, step, values = stretch(found, rule, range, since, until)
    hourly = step == HOUR
    whole = list(parts.without_a_false_fall(values)) if since is None else values
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
    elif start + step * len(whole) > times.parse(now):
        text += " " + (_("The last hour may not be over yet.") if hourly else _("The last day may not be over yet."))
    licence, licence_url = (source["licence"], source["licence_url"]) if source else (_("not stated"), "")
    name = source["title"] if source else found["source"]
    span = {"rule": rule["id"], "range": range if range == "90d" else "7d", "from": times.rfc3339(start),
            "until": times.rfc3339(start + step * len(whole))}  # fmt: skip
    return Drawing(
        Chart(
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
        ),
        charts.Credit(name, f"/sources#{SOURCE}", licence, licence_url, None),
        (start, step, whole),
        f"/attacks/chart?{urlencode(span, safe=':')}",
        f"/api/v1/attacks?{urlencode(span | {'format': 'csv'}, safe=':')}",
    )


def chart(drawn: Drawing, now: str, table_href: str, *, table: bool, alone: bool = False) -> Component:
    """The chart of a rule's matches, with the offer to pass it on; ``alone``: on the page that the offer leads to."""
    help = _("Requests that matched this rule. An hour is empty where no rule at all matched: then we heard nothing.")
    return charts.chart(ID, drawn.chart, drawn.credit, csv=drawn.csv, table_href=table_href, now=now, help=help,
                        share="" if alone else drawn.share, with_table=table, level=2 if alone else 3)  # fmt: skip


def of_rule(rule: str, snapshot: _read.Snapshot) -> Drawing | None:
    """The matches of a rule over its usual range; of an earlier moment the week until then. None where the rule is not
    kept any more. Raises StoreUnavailable."""
    found = _attacks.published(_read.snapshot().version)
    one = next((row for row in found["rules"] if row["id"] == rule), None) if found else None
    if found is None or one is None:
        return None
    source = snapshot.source(SOURCE)
    if snapshot.at is None:
        return drawing(found, one, source, snapshot.now, _attacks.usual_range(one))
    until = times.parse(snapshot.at).replace(minute=0, second=0, microsecond=0)
    made = drawing(found, one, source, snapshot.now, RANGES[1], until - timedelta(days=7), until)
    return made if any(value is not None for value in made.chart.value) else None


def beside(rule: str, snapshot: _read.Snapshot, href: str, *, table: bool = False) -> Component | None:
    """The chart of a rule's matches for another page, with a link to its view; None where the rule is not kept any
    more. ``href``: the address at which its table is open. Raises StoreUnavailable."""
    made = of_rule(rule, snapshot)
    if made is None:
        return None
    more = html.P(
        html.A(_("Where they come from, and what they are aimed at"), href=f"/attacks?{urlencode({'rule': rule})}")
    )
    return html.Div([chart(made, snapshot.now, href, table=table), more])


@dataclass(frozen=True, slots=True)
class Found:
    """One rule's chart by its address."""

    rule: AttackRule
    drawn: Drawing
    work: kit.Work


def read(query: Mapping[str, Any]) -> Found:
    """The chart that ``rule``, ``range``, ``from`` and ``until`` name. Raises WrongAddress, StoreUnavailable."""
    snapshot = _read.snapshot()
    found = _attacks.published(snapshot.version)
    name = str(query.get("rule", ""))
    rule = next((row for row in found["rules"] if row["id"] == name), None) if found else None
    if found is None or rule is None:
        raise _chart.WrongAddress(
            _("We know of no rule {id} that matched. Rules with few matches are dropped after a time.").format(
                id=name[:100]))  # fmt: skip
    range = str(query.get("range", RANGES[1]))
    if range not in RANGES:
        raise _chart.WrongAddress(_("{name} is {value}; expected one of {choices}.").format(
            name="range", value=repr(range[:40]), choices=", ".join(RANGES)))  # fmt: skip
    since, until = _chart.time_of("from", query), _chart.time_of("until", query)
    width = timedelta(days=1) if range == "90d" else HOUR
    if not timedelta() < until - since <= MOST * width:
        raise _chart.WrongAddress(_("until is not after from, or too far from it."))
    made = drawing(found, rule, snapshot.source(SOURCE), snapshot.now, range, since, until)
    fingerprint = hashlib.sha256(csv_of(found, rule, made.counts)).hexdigest()
    work = kit.Work(
        title=f"{made.chart.title}: {parts.title(rule)}",
        page=envelope.address(parts.href(rule, range=range)),
        frozen=envelope.address(f"{made.share}&at={snapshot.now}&sha256={fingerprint[: kit.SHORT]}"),
        csv=envelope.address(made.csv),
        svg=envelope.address(made.share.replace("/attacks/chart?", "/attacks/chart.svg?", 1)),
        fingerprint=fingerprint,
        source=made.credit.title,
        licence=made.credit.licence,
        simulated=found["simulated"],
        read=snapshot.now,
    )
    return Found(rule, made, work)


def file() -> flask.Response:
    """``/attacks/chart.svg``: the chart as a file that can be printed as it is."""
    return _chart.as_file(lambda: _as_file(read(flask.request.args)))


def _as_file(found: Found) -> tuple[str, str]:
    chart = replace(found.drawn.chart, title=found.work.title, address=found.work.frozen)
    safe = "".join(letter if letter.isalnum() else "-" for letter in found.rule["id"][:40] if letter.isascii())
    return timeseries.svg(chart, standalone=True), f"radar-rule-{safe}.svg"
