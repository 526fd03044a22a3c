"""Cards of pages: what ``/card/home.png``, ``/card/outage/<id>.png``, ``/card/country/<code>.png`` and
``/card/region/<code>.png`` show.

A card is drawn when it is asked for first and kept until the next publication. Addresses in pages carry the number of
the publication (``?v=``), so that whoever keeps pictures by their address shows no old one for a new page.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import flask

from radar import entities, languages
from radar.api import envelope, points
from radar.components import entity, outages, times
from radar.components.state import ORDER
from radar.errors import EntityError, StoreUnavailable
from radar.figures import cards, text
from radar.figures.chart import Chart
from radar.figures.world import Region
from radar.labels import STATES, STATUSES, _
from radar.pages import _attack_chart, _charts, _read, _then
from radar.shapes import EntityState, Outage

#: Cards kept per process.
KEPT = 60

#: What the card of a country shows of its series.
WEEK = timedelta(days=7)

_PAGE = re.compile(r"/(?:(?P<kind>outage|country|region)/(?P<code>[A-Za-z0-9._:-]{1,120}))?")


class _Shelf:
    """The cards of the last publications, least recently used out first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rows: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()

    def get(self, key: tuple[Any, ...], draw: Callable[[], bytes], *, keep: bool) -> bytes:
        with self.lock:
            if (found := self.rows.get(key)) is not None:
                self.rows.move_to_end(key)
                return found
        made = draw()
        if keep and not _read.has_hole():
            with self.lock:
                self.rows[key] = made
                while len(self.rows) > KEPT:
                    self.rows.popitem(last=False)
        return made


_shelf = _Shelf()


def forget() -> None:
    """Drop all cards, as a process that has just started."""
    with _shelf.lock:
        _shelf.rows.clear()


def address_of(path: str, version: int, at: str | None) -> str:
    """Path of the card of a page, with the publication or the moment that it is of and its language; "" for a page that
    has none."""
    page = _PAGE.fullmatch(path)
    if page is None:
        return ""
    name = f"/card/{page['kind']}/{page['code']}.png" if page["kind"] else "/card/home.png"
    when = {"at": at} if at else {"v": version}
    return f"{name}?{urlencode({**when, 'lang': languages.current()}, safe=':')}"


def register(server: flask.Flask, fonts: Path) -> None:
    """Give the application the cards' addresses. ``fonts``: the folder of the site's font files."""

    def home() -> flask.Response:
        return _answer(("home",), _home, fonts)

    def outage(id: str) -> flask.Response:
        return _answer(("outage", id), lambda snapshot: _outage(id, snapshot), fonts)

    def country(code: str) -> flask.Response:
        return _answer(("country", code), lambda snapshot: _place(f"country/{code}", snapshot), fonts)

    def region(code: str) -> flask.Response:
        return _answer(("region", code), lambda snapshot: _place(f"region/{code}", snapshot), fonts)

    server.add_url_rule("/card/home.png", "card_home", home)
    server.add_url_rule("/card/outage/<id>.png", "card_outage", outage)
    server.add_url_rule("/card/country/<code>.png", "card_country", country)
    server.add_url_rule("/card/region/<code>.png", "card_region", region)


def _answer(
    key: tuple[str, ...], make: Callable[[_read.Snapshot], cards.Card | None], fonts: Path
) -> flask.Response:  # fmt: skip
    """The picture; 404 for what has none, 503 where nothing can be read. Machines ask, so errors are short texts."""
    try:
        snapshot = _then.snapshot(flask.request.args.get("at", "")[:60])
        if not isinstance(snapshot, _read.Snapshot):
            return _plain(_("Nothing is known of that time."), 404)
        card = make(snapshot)
    except StoreUnavailable:
        answer = _plain(_("We cannot read the measurements just now."), 503)
        answer.headers["Retry-After"] = "30"
        return answer
    if card is None:
        return _plain(_("There is no such card; expected {forms}.").format(
            forms="/card/home.png, /card/outage/<id>.png, /card/country/IQ.png, /card/region/US-CA.png"
        ), 404)  # fmt: skip
    whole = snapshot.lost_since is None and not snapshot.at
    stamp = (*key, languages.current(), envelope.address(""), snapshot.version, snapshot.stalled_since is not None)
    body = _shelf.get(stamp, lambda: cards.png(card, fonts), keep=whole)
    answer = flask.Response(body, mimetype="image/png")
    current = whole and flask.request.args.get("v") == str(snapshot.version)
    answer.headers["Cache-Control"] = f"public, max-age={86_400 if current else envelope.FRESH_S}"
    answer.set_etag(hashlib.sha256(body).hexdigest()[:20])
    answer.make_conditional(flask.request)
    return answer


def _plain(words: str, status: int) -> flask.Response:
    answer = flask.Response(f"{words}\n", status=status, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _home(snapshot: _read.Snapshot) -> cards.Card:
    head, states = headline(snapshot), _countries(snapshot)
    counts: Counter[str] = Counter(seen["state"] for seen in states.values())
    rows = [(kind, _(STATES[kind]), counts[kind]) for kind in ORDER]
    rows.append(("none", _("No data"), len(entities.countries()) - len(states)))
    n = sum(row["state"] not in ("off", "history") for row in snapshot.sources)
    address = _bare("/sources")
    return cards.Card(
        state="none", kicker="", headline=head, facts="", time=_time(snapshot),
        credit=_("{n} sources with their licences: {address} · Shapes: Natural Earth").format(n=n, address=address),
        address=_bare(""), simulated=bool(snapshot.clock and snapshot.clock["simulated"]), states=states,
        legend=rows if snapshot.clock else (), regions=_regions(snapshot),
    )  # fmt: skip


def headline(snapshot: _read.Snapshot) -> str:
    """What the home page says above its map."""
    if snapshot.clock is None:
        return _("No data yet")
    every = snapshot.current()
    listed = outages.by_urgency(outages.listed(every))
    return outages.heading(listed, blind=snapshot.is_blind, muted=len(listed) < len(every), past=bool(snapshot.at),
                           stalled=snapshot.stalled_since is not None)  # fmt: skip


def _outage(id: str, snapshot: _read.Snapshot) -> cards.Card | None:
    found = _then.outage(id, snapshot) if _PAGE.fullmatch(f"/outage/{id}") else None
    if found is None:
        return None
    chart, credit = _chart_of(found, snapshot)
    where = (
        found["entity"].partition("/")[2].partition("-")[0]
        if found["entity"].startswith(("country", "geo", "region"))
        else ""
    )
    kind: str = found["level"]
    word = _("More attempts") if found.get("about") else _(STATES[kind])
    if found["status"] != "open":
        kind = "insufficient" if found["status"] == "retracted" else "ok"
        word = _(STATUSES[found["status"]])
    return cards.Card(
        state=kind, kicker=word, headline=outages.headline(found), facts=_facts(found, snapshot.now),
        time=_("Recorded history") if found.get("history") else _time(snapshot), credit=credit,
        address=_bare(f"/outage/{id}"), simulated=found["simulated"], chart=chart, marked=where,
        states=_countries(snapshot) if _has_map(found, snapshot) else None, regions=_regions(snapshot),
    )  # fmt: skip


def _place(key: str, snapshot: _read.Snapshot) -> cards.Card | None:
    """A country, or a region, whose country is marked."""
    try:
        entities.parse(key)
    except EntityError:
        return None
    seen = snapshot.states.get(key)
    current = next((row for row in snapshot.current() if row["entity"] == key), None)
    chart, credit = _chart_of(current, snapshot) if current else _week(key, seen["series"] if seen else [], snapshot)
    kind: str = seen["state"] if seen else "none"
    word = _(STATES[kind]) if seen else _("No data")
    facts = _facts(current, snapshot.now) if current else seen["words"] if seen and kind == "insufficient" else ""
    return cards.Card(
        state=kind, kicker=f"{entities.name(key)} · {word}", headline=entity.sentence(key, seen, current), facts=facts,
        time=_time(snapshot), credit=credit, address=_bare(f"/{key}"), chart=chart, states=_countries(snapshot),
        marked=key.partition("/")[2][:2], simulated=bool(seen and seen["simulated"]) or bool(chart and chart.simulated),
        regions=_regions(snapshot),
    )  # fmt: skip


def _chart_of(outage: Outage, snapshot: _read.Snapshot) -> tuple[Chart | None, str]:
    """The chart of the signal that the headline tells of, and its credit; None where no series of it is kept.

    Of a moment it ends there; what it shows until then is what is known today, and the credit says so.
    """
    found: _charts.Drawing | _attack_chart.Drawing | None
    if rule := outage.get("about"):
        found = _rule_of(rule, snapshot)
    else:
        best = outages.main_signal(outage)
        drawn = {row.series: row for row in _charts.around(outage, snapshot) or []}
        seen = [f"{row['signal']}@{row['source']}" for row in (best, *outage["signals"]) if row and row["first_seen"]]
        found = next((drawn[name] for name in seen if name in drawn), None)
    if found is None:
        return None, _shapes() if _has_map(outage, snapshot) else _sources_of(outage, snapshot)
    today = snapshot.at and not outage.get("history")
    return found.chart, _credit(found) + (f" · {_('values as known today')}" if today else "")


def _rule_of(rule: str, snapshot: _read.Snapshot) -> _attack_chart.Drawing | None:
    try:
        return _attack_chart.of_rule(rule, snapshot)
    except StoreUnavailable:
        return None


def _week(key: str, series: Sequence[str], snapshot: _read.Snapshot) -> tuple[Chart | None, str]:
    """The last week of the first series that has any, in the order of the country's page, and its credit."""
    now = times.parse(snapshot.now)
    for name in [] if snapshot.at else _charts.drawable(series)[:4]:
        step = points.step(name, now - WEEK, now, now, _charts.POINTS)
        drawing, _csv = _charts.one(points.align(key, name, now - WEEK, now, step), snapshot)
        if not drawing.chart.history and any(value is not None for value in drawing.chart.value):
            return drawing.chart, _credit(drawing)
    return None, _shapes()


def _has_map(outage: Outage, snapshot: _read.Snapshot) -> bool:
    """Whether the world may stand where there is no chart: it is of now, and of countries."""
    return outage["entity"].startswith("country/") and not (snapshot.at or outage.get("history"))


def _credit(drawing: _charts.Drawing | _attack_chart.Drawing) -> str:
    credit = drawing.credit
    return _("Source: {source} · {licence}").format(source=credit.title, licence=credit.licence or _("not stated"))


def _sources_of(outage: Outage, snapshot: _read.Snapshot) -> str:
    """Whose numbers an outage is told by, where none of them is drawn: "Edge logs (the operator's own data)"."""
    rows = [snapshot.source(name) for name in dict.fromkeys(row["source"] for row in outage["signals"])]
    said = "; ".join(f"{row['title']} ({row['licence'] or _('not stated')})" for row in rows if row is not None)
    return _("Source: {source}").format(source=said) if said else ""


def _shapes() -> str:
    return _("Sources and licences: {address} · Shapes: Natural Earth").format(address=_bare("/sources"))


def _facts(outage: Outage, now: str) -> str:
    start = times.words(outage["start"], now)
    if outage["end"]:
        when = _("{start} to {end}").format(start=start, end=times.words(outage["end"], now))
    elif outage.get("history"):
        when = _("from {start} to the end of the recording").format(start=start)
    else:
        when = _("since {start} ({ago})").format(start=start, ago=times.ago(outage["start"], now))
    parts = (when, outages.depth(outage), outages.agreement(outage), outages.confidence(outage))
    # a line is broken between them, not within one
    return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)


def _countries(snapshot: _read.Snapshot) -> dict[str, EntityState]:
    return {key.partition("/")[2]: seen for key, seen in snapshot.states.items() if key.startswith("country/")}


def _regions(snapshot: _read.Snapshot) -> list[Region]:
    return outages.regions(outages.listed(snapshot.current()))


def _time(snapshot: _read.Snapshot) -> str:
    """Of when it is. What is no longer being updated says so: a preview is looked at long after it was made."""
    if snapshot.clock is None:
        return ""
    moment = text.clock(times.parse(snapshot.at or snapshot.now))
    if snapshot.at:
        return _("as of {time}").format(time=moment)
    return (
        _("not updated since {time}").format(time=moment) if snapshot.stalled_since or snapshot.lost_since else moment
    )


def _bare(path: str) -> str:
    """An address as it is read aloud, without how it is fetched."""
    return envelope.address(path).partition("://")[2].rstrip("/")
