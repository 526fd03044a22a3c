"""``/``: what is broken now, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.api import parameters
from radar.components import freshness, kit, machine, outages, shell, state, times
from radar.components.document import search_form
from radar.components.ssr import marks, slot
from radar.errors import StoreUnavailable
from radar.figures import worldmap
from radar.labels import STATES, _, ngettext
from radar.pages import _calm, _here, _lines, _picked, _read, _then
from radar.shapes import EntityState, Outage, SourceStatus

shell.register_page(__name__, path="/", title="Internet Radar")

#: Ended outages that are shown, and how long ago they may have ended.
ENDED, ENDED_HOURS = 6, 48

#: Where the list of another moment and the answer to "is it just me?" come to stand.
_THEN = '<section class="section then-list" id="then-list" hidden></section>'
_HERE = '<div id="here" aria-live="polite"></div>'


def layout(at: str = "", place: str = "", level: str = "", **query: str) -> Component:
    """The home page; ``at``: as it was known at this time; ``place``: the country or region that is picked on the map,
    by its code; ``level``: of what level alone outages are shown. Countries and levels narrow ``/outages`` by the same
    words."""
    picked = _picked.read(place, level)
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return _unknown(snapshot, at, picked)
    if snapshot.clock is None:
        return _fresh()
    now = snapshot.now
    every = snapshot.current()
    open_now = outages.by_urgency(outages.listed(every))
    countries = {key.partition("/")[2]: seen for key, seen in snapshot.states.items() if key.startswith("country/")}
    head = outages.heading(open_now, blind=snapshot.is_blind, muted=len(open_now) < len(every), past=bool(snapshot.at),
                           stalled=snapshot.stalled_since is not None)  # fmt: skip
    past = bool(snapshot.at)
    page = shell.page(
        _("Where the Internet was broken") if past else _("Where the Internet is broken now"),
        _finders(past=past),
        html.Div(
            [_map(countries, open_now, snapshot, picked), _list(open_now, countries, snapshot, picked),
             _under(countries, open_now, snapshot, picked)],
            className="front",
        ),
        html.Div([_ended(snapshot, now), _freshness(snapshot.sources, now)], className="columns even"),
        _recorded(snapshot, now),
        heading=head,
        description=head,
        wide=True,
        own="home",
    )  # fmt: skip
    return _then.stay(page, snapshot)


def _finders(*, past: bool) -> Component:
    """Search, and "is it just me?", which is about now alone."""
    label = _("Find a country, a network, a provider or an outage")
    search = slot("search-home", lambda: search_form("q", label=label, big=True))
    me = None if past else slot("me", _here.form)
    return html.Div([html.Div([search, me], className="finders"), None if past else slot("here-box", _HERE)])


def _map(
    countries: Mapping[str, EntityState],
    open_now: Sequence[Outage],
    snapshot: _read.Snapshot,
    picked: _picked.Picked,
) -> Component:
    """The drawing: one and the same with scripts and without."""

    def drawn() -> str:
        regions = outages.regions(open_now, picked.place)
        return _then.links(picked.mark(worldmap.svg(countries, regions=regions), open_now), snapshot)

    return _box(drawn)


def _box(drawn: Callable[[], str]) -> Component:
    hint = _("Map of the world. Arrow keys go from place to place, Enter shows its outages, plus and minus zoom, "
             "Escape shows all.")  # fmt: skip
    tools = [slot("map", drawn), slot("map-tools", _tools)]
    box = html.Div(tools, className="map-box", role="application", tabIndex="0", **marks(aria_label=hint))
    return html.Div(box, className="map-part")


def _under(
    countries: Mapping[str, EntityState],
    open_now: Sequence[Outage],
    snapshot: _read.Snapshot,
    picked: _picked.Picked,
) -> Component:
    """Time machine, legend. On a narrow screen they come after the list."""
    counts: Counter[str] = Counter(seen["state"] for seen in countries.values())
    unknown = len(entities.countries()) - len(countries)
    moment = slot("machine-box", lambda: machine.form(_read.snapshot().now, snapshot.at, _read.oldest(), picked.query))
    return html.Div(
        [
            moment,
            html.P(_("Countries and territories, by state:"), className="legend-head"),
            state.legend(counts, unknown=unknown, regions=Counter(region.kind for region in outages.regions(open_now))),
            html.P(worldmap.note(), className="note"),
            html.Div(kit.offer("world-map", f"/map?at={snapshot.at or snapshot.now}"), className="now-only"),
        ],
        className="map-under",
    )


def _tools() -> str:
    buttons = "".join(
        f'<button type="button" data-zoom="{by}" aria-label="{escape(label)}" title="{escape(label)}">{sign}</button>'
        for by, sign, label in (("2", "+", _("Closer")), ("0.5", "−", _("Farther")), ("0", "○", _("The whole world")))
    )
    return (
        f'<div class="zoom needs-script">{buttons}</div><div class="tip-box"></div>'
        '<p class="sr" id="map-said" aria-live="polite"></p>'
    )


def _list(
    open_now: Sequence[Outage],
    countries: Mapping[str, EntityState],
    snapshot: _read.Snapshot,
    picked: _picked.Picked,
) -> Component:
    """What is open, what is picked of it, and in its place what was open at the time machine's moment."""
    return html.Div(
        [
            slot("filters", lambda: _filters(picked, picked.told(countries, open_now, snapshot.at))),
            _open_now(open_now, snapshot, picked),
            slot("then-box", _THEN),
        ],
        className="open-part",
    )


def _filters(picked: _picked.Picked, told: Sequence[Any]) -> Component:
    levels = (("", _("All"), None), ("outage", _(STATES["outage"]), "outage"),
              ("degraded", _(STATES["degraded"]), "degraded"))  # fmt: skip
    chips = [
        html.Button([state.shape(kind) if kind else None, words], type="button",
                    **marks(data_level=level, aria_pressed=str(level == picked.level).lower()))
        for level, words, kind in levels
    ]  # fmt: skip
    return html.Div([
        html.Div(chips, className="filters needs-script", role="group", **marks(aria_label=_("Show only"))),
        html.P(list(told), id="picked", className="picked", hidden=not told, role="status",
               **marks(data_clear=_("Show all"))),
    ])  # fmt: skip


def _open_now(open_now: Sequence[Outage], snapshot: _read.Snapshot, picked: _picked.Picked) -> Component:
    muted = _muted(snapshot)
    words = _("Open then") if snapshot.at else _("Open now")
    if not open_now and muted is not None:
        return shell.section(words, html.P(_("None but what is muted."), className="none"), muted, id="open")
    if not open_now:
        return shell.section(words, _calm.box(snapshot), id="open")
    sparks = {} if snapshot.at else _sparks(open_now, snapshot)
    rows = picked.narrow(outages.listing(open_now, snapshot.now, sparks), open_now)
    every, few = len(rows.children), sum(getattr(row, "className", None) != "off" for row in rows.children)
    count = str(every) if few == every else _("{n} of {m}").format(n=few, m=every)
    title = [words, " ", html.Span(count, className="count")]
    share = kit.offer("open-lines", kit.figure("open-lines")) if sparks else None
    return shell.section(title, rows, share, muted, id="open")


def _muted(snapshot: _read.Snapshot) -> Component | None:
    """How many are open and not listed; a part of one is not counted. None where there are none."""
    n = sum("muted" in row and not row.get("parent") for row in snapshot.current())
    if not n:
        return None
    words = ngettext(
        "{n} open outage is muted and not listed here.", "{n} open outages are muted and not listed here.", n
    )
    return html.P([words.format(n=n), " ", html.A(_("All outages"), href="/outages?status=open")], className="note")


def _sparks(open_now: Sequence[Outage], snapshot: _read.Snapshot) -> dict[str, Component]:
    """The last day of the series that each outage's sentence speaks of, as a small line."""
    try:
        lines = _lines.of(open_now, snapshot)
    except StoreUnavailable:
        _read.note_hole()
        return {}
    return {line.outage["id"]: slot(f"spark-{line.outage['id']}", line.svg, class_name="spark-box") for line in lines}


def _ended(snapshot: _read.Snapshot, now: str) -> Component:
    limit = ENDED_HOURS * 60
    rows = [
        row for row in snapshot.outages
        if row["status"] != "open" and not row.get("history") and not row.get("parent") and row["end"]
        and (times.parse(now) - times.parse(row["end"])).total_seconds() / 60 <= limit
    ]  # fmt: skip
    note = _("In the last {n} hours, and what we took back.").format(n=ENDED_HOURS)
    if not rows:
        return shell.section(_("Recently ended"), html.P(_("None."), className="none"), note=note, id="ended")
    rows = sorted(rows, key=lambda row: row["end"] or "", reverse=True)[:ENDED]
    more = html.P(html.A(_("All outages"), href="/outages"))
    shown = {row["id"] for row in rows}
    rows += [row for row in snapshot.outages if row.get("parent") in shown and row["status"] != "open"]
    return shell.section(_("Recently ended"), outages.listing(rows, now), more, note=note, id="ended")


def _freshness(sources: Sequence[SourceStatus], now: str) -> Component:
    rows = [row for row in sources if row["state"] not in ("off", "history")]
    recorded = [row for row in sources if row["state"] == "history"]
    body = [
        html.Tr([
            html.Th(html.A(row["title"], href=f"/sources#{row['name']}"), scope="row"),
            html.Td(freshness.how(row)),
            html.Td(_newest(row, now), className="num"),
        ])
        for row in rows
    ]  # fmt: skip
    head = html.Tr([html.Th(_("Source"), scope="col"), html.Th(_("State"), scope="col"),
                    html.Th(_("Newest"), scope="col", className="num")])  # fmt: skip
    parts: list[Any] = [html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures"),
                                 className="scroll")]  # fmt: skip
    if recorded:
        names = ", ".join(row["title"] for row in recorded)
        parts.append(html.P(_("Recorded history, with its own dates: {names}.").format(names=names), className="note"))
    return shell.section(_("How fresh this is"), *parts, id="fresh",
                         note=_("What each source last told us."))  # fmt: skip


def _newest(row: SourceStatus, now: str) -> list[Any]:
    """When it last told something, and how far that lies behind the clock."""
    told = freshness.newest(row, now)
    if row["newest_bin"] is None or row["lag_s"] is None or freshness.is_event(row):
        return told
    return [*told, html.Small(_("{duration} behind").format(duration=freshness.behind(row)))]


def _recorded(snapshot: _read.Snapshot, now: str) -> Component | None:
    rows = [row for row in snapshot.outages if row.get("history")]
    if not rows:
        return None
    note = _(
        "From data sets that were recorded earlier; they have their own dates and are not part of what is open now."
    )
    return shell.section(_("From recorded history"), outages.listing(rows[:6], now), note=note, id="recorded")


def _unknown(page: Component, at: str, picked: _picked.Picked) -> Component:
    """The page that says why a moment cannot be shown, with the map hatched throughout and the time machine, where
    there was a moment before now that nothing is known of."""
    meta = shell.meta_of(page)
    if meta.status != 404:
        return page
    asked = times.rfc3339(parameters.moment(at if at[-1:] in "zZ" or at[-6:-5] in ("+", "-") else f"{at}Z"))
    drawn = worldmap.svg({}).replace('class="map ', 'class="map unknown ', 1)
    under = slot("machine-box", lambda: machine.form(_read.snapshot().now, asked, _read.oldest(), picked.query))
    front = html.Div([
        _box(lambda: drawn),
        html.Div([html.P(id="picked", className="picked", hidden=True, role="status",
                         **marks(data_clear=_("Show all"))),
                  slot("then-box", _THEN)], className="open-part"),
        html.Div(under, className="map-under"),
    ], className="front")  # fmt: skip
    *content, ready = page.children
    page.children = [*content, front, ready]
    for name, value in (("className", "page wide"), ("_meta", replace(meta, own="home"))):
        setattr(page, name, value)  # Component declares neither
    return page


def _fresh() -> Component:
    text = _("This radar was installed and has not published anything yet.")
    return shell.page(
        _("No data yet"),
        html.P(text, className="lede"),
        html.P(_("The first states appear when its jobs have run once, usually within two minutes. Until then this "
                 "page shows no map, because an empty map would look like a calm one.")),
        html.P([_("Whoever runs it can see at "), html.A(_("Status"), href="/status"),
                _(" which jobs have run, and with "), html.Code("radar doctor"), _(" what is missing.")]),
        description=text,
    )  # fmt: skip
