"""``/status``: how well this radar itself works: clock, publication, store, jobs, freshness of the sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr, store
from radar.api import access
from radar.api.status import judge
from radar.components import freshness, shell, state, times
from radar.errors import StoreUnavailable
from radar.labels import _, ngettext
from radar.pages import _read, _workers
from radar.shapes import Clock, SourceStatus
from radar.store import board

shell.register_page(__name__, path="/status", title="Status")

#: The cells of the table of sources that are figures.
FIGURES = range(1, 4)


def layout(**query: str) -> Component:
    """The page."""
    snapshot = _read.snapshot()
    jobs = _read.jobs()
    moment = _workers.moment(jobs, lost=snapshot.lost_since is not None)
    sentence = _sentence(snapshot, dead=jobs is not None and not board.living(jobs["workers"], moment))
    return shell.page(
        _("Status of this radar"),
        html.P(sentence, className="lede"),
        shell.section(_("Publication"), _publication(snapshot, snapshot.clock), id="publication"),
        shell.section(_("Sources"), _sources(snapshot.sources, snapshot.now), id="sources",
                      note=_("How late each source is now. Recorded sets have their own dates and do not grow late.")),
        shell.section(_("Workers"), *_workers.workers(jobs, snapshot.clock, moment), id="workers",
                      note=_("What collects and scores, and what waits for it.")),
        shell.section(_("Jobs"), *_workers.jobs(jobs, moment), id="jobs",
                      note=_("Those in trouble first. The median, and what 95 % of the runs take at most, are of the "
                             "last 40 runs.")),
        shell.section(_("Store"), _store(snapshot), id="store"),
        html.P([_("For machines: "), html.A("/api/v1/status", href="/api/v1/status"), ", ",
                html.A("/ready", href="/ready"), ", ", html.A("/health", href="/health")], className="note"),
        description=sentence,
    )  # fmt: skip


def _sentence(snapshot: _read.Snapshot, *, dead: bool) -> str:
    if snapshot.lost_since is not None:
        return _("We cannot reach our own data just now; what follows is the last that we read.")
    if snapshot.clock is None:
        return _("Nothing has been published yet.")
    if snapshot.notice is not None and snapshot.notice["until"] is None:
        return _("Our own measurement is impaired; part of what we show may be about us, not about the Internet.")
    late = [row["title"] for row in snapshot.sources if row["state"] in ("late", "failing")]
    word, _why = judge(snapshot.clock, snapshot.sources, _read.wall())
    if word == "ok" and dead:
        return _("All that should be on time is on time, but no worker is alive.")
    if word == "ok":
        return _("All that should be on time is on time.")
    if snapshot.stalled_since is not None:
        return _("Publication has stalled; the pages show what was published last.")
    return ngettext(
        "{n} source is late or failing: {names}.", "{n} sources are late or failing: {names}.", len(late)
    ).format(n=len(late), names=", ".join(late))


def _rows(pairs: Sequence[tuple[str, Any]]) -> Component:
    return html.Dl([part for name, value in pairs for part in (html.Dt(name), html.Dd(value))], className="pairs")


def _publication(snapshot: _read.Snapshot, clock: Clock | None) -> Component:
    if clock is None:
        return html.P(_("Nothing has been published yet. The jobs publish when they have run once."), className="none")
    if clock["mode"] == "live":
        mode = _("live")
    elif clock["speed"] > 0:
        mode = _("replay at {n} times real speed").format(n=cldr.written(f"{clock['speed']:g}"))
    else:
        mode = _("replay, ended")
    counts: Counter[str] = Counter(seen["state"] for seen in snapshot.states.values())
    word, why = judge(clock, snapshot.sources, _read.wall())
    words = {"ok": _("up to date"), "stale": _("not up to date")}[word]
    marked = state.mark("ok" if word == "ok" else "degraded", words)
    return _rows([
        (_("State"), [marked, ": " + "; ".join(why)] if why else marked),
        (_("Version"), str(snapshot.version)),
        (_("Published (wall clock)"), times.time(clock["wall"])),
        (_("Clock of the data"), times.time(clock["now"])),
        (_("Mode"), [mode, " ", state.simulated(clock["simulated"])]),
        (_("Places and networks by state"), _counts(counts)),
    ])  # fmt: skip


def _counts(counts: Mapping[str, int]) -> Component:
    parts = [html.Span([state.mark(kind), f" {counts.get(kind, 0)}"]) for kind in state.ORDER]
    return html.Span(parts, className="counts")


def _sources(sources: Sequence[SourceStatus], now: str) -> Component:
    if not sources:
        return html.P(_("No source has reported yet."), className="none")
    head = [_("Source"), _("State"), _("Newest"), _("Behind"), _("Usual")]
    body = []
    for row in sources:
        cells = [freshness.how(row), freshness.newest(row, now), freshness.behind(row), freshness.usual(row)]
        body.append(_workers.line(html.A(row["title"], href=f"/sources#{row['name']}"), cells, head, FIGURES))
    return _workers.table(head, body, FIGURES)


def _store(snapshot: _read.Snapshot) -> Component:
    """What the server says of itself; asked anew, as it is no document."""
    try:
        said = store.describe(access.client())
    except StoreUnavailable:
        since = times.rfc3339(snapshot.lost_since or _read.wall())
        return _rows([(_("State"), state.mark("outage", _("cannot be reached"))), (_("Since"), times.time(since))])
    kept = _("yes") if said.persistent else _("no: a restart of the store loses what it holds")
    return _rows([
        (_("State"), state.mark("ok", _("answers"))),
        (_("Server"), f"{said.name} {said.version}"),
        (_("Memory"), _("{n} MB").format(n=cldr.fixed(said.memory_bytes / 1e6))),
        (_("Survives a restart"), kept),
    ])  # fmt: skip
