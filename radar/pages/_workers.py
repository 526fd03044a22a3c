"""The parts of ``/status`` about the workers: who is alive, what waits, and how every job goes.

All of it is judged by the wall clock at the moment of reading: a worker that has died cannot say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import numbers, state, times
from radar.components.ssr import marks
from radar.labels import N_, _, ngettext
from radar.pages import _read
from radar.shapes import Clock
from radar.shapes.jobs import JobRun, Jobs, WorkerRow
from radar.store import board

#: The shape and the word of a job's state.
_JOBS = {"failing": ("outage", N_("Failing")), "late": ("degraded", N_("Late")),
         "never": ("insufficient", N_("Never run")), "ok": ("ok", N_("On time"))}  # fmt: skip


def moment(found: Jobs | None, *, lost: bool) -> datetime:
    """When it is judged: now; while the store is gone (``lost``), when it was written, as nobody can be heard of."""
    return times.parse(found["at"]) if found is not None and lost else _read.wall()


def workers(jobs: Jobs | None, clock: Clock | None, now: datetime) -> list[Component]:
    """Who is alive and what waits; without a worker, what there is in its place."""
    if jobs is None:
        return _none(clock)
    alive = {row["name"] for row in board.living(jobs["workers"], now)}
    played = jobs.get("plays", False)
    parts = [_play()] if played else []
    if not alive:
        since = times.time(board.last_heard(jobs), times.rfc3339(now))
        parts.append(html.P([state.mark("outage", _("No worker is alive.")), " ", _("No worker was heard of since "),
                             since, _(". What follows is the last that one said; nothing new is published.")],
                            className="verdict"))  # fmt: skip
    elif len({row["archive"] for row in jobs["workers"] if row["name"] in alive}) > 1:
        parts.append(html.P([state.mark("degraded", _("Two archives.")), " ",
                             _("Workers write to different archive folders; those that came later wait until they "
                               "are given the one that all share.")], className="verdict"))  # fmt: skip
    if not played:  # a play has no queue, and its pace is its own
        parts.append(html.Dl(_waiting(jobs, now, len(alive)), className="pairs"))
    if jobs["workers"]:
        parts.append(_people(jobs["workers"], alive, now))
    return parts


def jobs(found: Jobs | None, now: datetime) -> list[Component]:
    """Every job, those in trouble first."""
    if found is None or not found["runs"]:
        return [html.P(_("No job has reported yet."), className="none")]
    rows = board.judge(found["runs"], now)
    counts = Counter(row.state for row in rows)
    told = [html.Span([state.mark(_JOBS[word][0], _(_JOBS[word][1])), f" {counts[word]}"]) for word in board.ORDER]
    head = [_("Job"), _("State"), _("Every"), _("Last run"), _("Took"), _("Past due"), _("Next due")]
    return [html.P(told, className="counts"), table(head, [_job(row, now, head) for row in rows])]


def _none(clock: Clock | None) -> list[Component]:
    if clock is None or clock["mode"] == "live":
        return [html.P(_("No worker has reported yet."), className="none")]
    return [_play()]


def _play() -> Component:
    return html.P(_("No worker runs here. One process plays recorded and simulated hours: it collects, scores and "
                    "publishes them step by step by the code that a worker runs, and asks no upstream. How far it is "
                    "stands under Publication."), className="none")  # fmt: skip


def _waiting(jobs: Jobs, now: datetime, alive: int) -> list[Component]:
    queue, backlog = jobs["queue"], jobs["archive"]
    dead = len(jobs["workers"]) - alive
    who = ngettext("{n} alive", "{n} alive", alive).format(n=alive)
    if dead:
        who += ", " + ngettext("{n} silent", "{n} silent", dead).format(n=dead)
    lies = _("cannot be asked")
    if queue is not None:
        lies = ngettext("{n} task waits", "{n} tasks wait", queue["waiting"]).format(n=queue["waiting"])
        lies += _since(queue["oldest"], now)
        if queue["planned"]:
            lies += ", " + ngettext("{n} is due later", "{n} are due later", queue["planned"]).format(
                n=queue["planned"]
            )
    files = _("the archive cannot be read")
    if backlog is not None:
        files = ngettext("{n} file of rows", "{n} files of rows", backlog["files"]).format(n=backlog["files"])
        files += _since(backlog["oldest"], now)
    skipped, put_off = (sum(run[key] for run in jobs["runs"]) for key in ("skipped", "put_off"))
    left = ngettext("{n} bucket skipped", "{n} buckets skipped", skipped).format(n=skipped)
    left += ", " + ngettext("{n} put off", "{n} put off", put_off).format(n=put_off)
    pairs: list[tuple[str, Any]] = [
        (_("Workers"), who),
        (_("Queue"), lies),
        (_("Waiting for the pipeline"), files),
        (_("In the last day"), left),
        (_("Pace"), _pace(jobs, now)),
    ]
    return [part for name, value in pairs for part in (html.Dt(name), html.Dd(value))]


def _since(oldest: str | None, now: datetime) -> str:
    age = board.age_s(oldest, now)
    return "" if age is None else _(", the oldest for {duration}").format(duration=took(age))


def _pace(jobs: Jobs, now: datetime) -> Any:
    if not jobs["behind_after_s"]:
        return _("Sources are never slowed: RADAR_BEHIND_S is 0.")
    limit = times.duration(jobs["behind_after_s"] / 60)
    if jobs["behind"] is None:
        return _("As planned. If rows wait longer than {limit} for the pipeline, sources that are not urgent are asked "
                 "four times less often until they are taken in.").format(limit=limit)  # fmt: skip
    age = took(board.age_s(jobs["behind"], now))
    return [state.mark("degraded", _("Slowed.")), " ",
            _("Rows have waited for {age}, which is longer than {limit}. Until they are taken in, these sources are "
              "asked four times less often: {names}. Nothing is dropped: each goes on from where it was "
              "left.").format(age=age, limit=limit, names=", ".join(jobs["slowed"]) or _("none"))]  # fmt: skip


def _people(rows: Sequence[WorkerRow], alive: set[str], now: datetime) -> Component:
    stamp = times.rfc3339(now)
    head = [_("Worker"), _("State"), _("Heard of"), _("Started"), _("Does now"), _("Archive")]
    body = []
    for row in sorted(rows, key=lambda row: (row["name"] in alive, not row["waits"], row["name"])):
        how = state.mark("ok", _("Alive"))
        if row["name"] not in alive:
            how = state.mark("outage", _("Silent"))
        elif row["waits"]:
            how = state.mark("degraded", _("Waits: it has another archive"))
        doing = ", ".join(one["job"] for one in row["doing"]) if row["name"] in alive else ""
        cells = [how, times.time_ago(row["heard"], stamp), times.time(row["started"], stamp), doing or "–",
                 html.Code(row["archive"] or "–")]  # fmt: skip
        body.append(line(row["name"], cells, head))
    return table(head, body)


def _job(row: board.Judged, now: datetime, head: Sequence[str]) -> Component:
    run, stamp = row.run, times.rfc3339(now)
    shape, word = _JOBS[row.state]
    how: list[Any] = [state.mark(shape, _(word))]
    if run["running"] is not None:
        how.append(html.Small(_("at it for {duration}").format(duration=took(board.age_s(run["running"], now)))))
    how += _lease(run)
    if run["skipped"]:
        how.append(html.Small(ngettext("{n} bucket skipped", "{n} buckets skipped", run["skipped"])
                              .format(n=run["skipped"])))  # fmt: skip
    if run["put_off"]:
        how.append(html.Small(ngettext("{n} put off", "{n} put off", run["put_off"]).format(n=run["put_off"])))
    past = "–" if row.lag_s is None else took(row.lag_s) if row.lag_s else _("no")
    last: Any = _("never")
    if run["last_run"] is not None:
        last = [times.time(run["last_run"], stamp), html.Small(times.ago(run["last_run"], stamp))]
        if run["worker"] is not None:
            last.append(html.Small(_("by {worker}").format(worker=run["worker"])))
    lasted: list[Any] = [took(run["seconds"])]
    if run["runs"] > 1:
        lasted += [html.Small(_("median {n}").format(n=took(run["median_s"]))),
                   html.Small(_("95 %: {n}").format(n=took(run["p95_s"])))]  # fmt: skip
    cells = [
        how,
        numbers.grain(run["every_s"]) if run["every_s"] >= 60 else took(run["every_s"]),
        last,
        lasted,
        past,
        times.time(run["due"], stamp) if run["due"] else "–",
    ]
    name: list[Any] = [run["name"]]
    if run["error"]:
        name.append(html.Small(run["error"], className="error", lang="en"))
    return line(name, cells, head)


def _lease(run: JobRun) -> list[Component]:
    """Who is at it, as the lease says that keeps all others from it; a worker that died has it until it runs out."""
    holder, before = run.get("holder"), run.get("taken_from")
    told: list[Component] = []
    if holder is not None:
        words = _("its lease ran out at {worker}") if run.get("abandoned") else _("held by {worker}")
        told.append(html.Small(words.format(worker=holder)))
    if before is not None:
        told.append(html.Small(_("taken over from {worker}").format(worker=before)))
    return told


def took(seconds: float | None) -> str:
    """A span of seconds: "0.41 s", "42 s", "3 min"; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return _("{n} s").format(n=cldr.fixed(seconds, 2) if 0 < seconds < 10 else cldr.fixed(seconds))
    return times.duration(seconds / 60)


def line(name: Any, cells: Sequence[Any], head: Sequence[str], figures: range = range(0)) -> Component:
    """A row whose cells carry their column's name, for screens on which it becomes a block. ``figures``: the cells that
    are set to the right."""
    return html.Tr([html.Th(name, scope="row"),
                    *(html.Td(html.Span(cell), className="num" if i in figures else "", **marks(data_label=label))
                      for i, (cell, label) in enumerate(zip(cells, head[1:], strict=True)))])  # fmt: skip


def table(head: Sequence[str], body: Sequence[Component], figures: range = range(0)) -> Component:
    """A table of such rows."""
    named = [html.Th(name, scope="col", className="num" if i in figures else "") for i, name in enumerate(head[1:])]
    top = html.Thead(html.Tr([html.Th(head[0], scope="col"), *named]))
    table = html.Table([top, html.Tbody(list(body))], className="figures stacked")
    return html.Div(table, className="scroll", tabIndex=0)
