"""``/outage/<id>``: one outage: what, since when, how deep, who sees it, why perhaps, and how that was decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import causes, charts, kit, numbers, outage_past, outages, reviews, shell, state, times
from radar.components.ssr import slot
from radar.errors import StoreUnavailable
from radar.figures import matrix
from radar.figures.chart import last
from radar.labels import STATES, STATUSES, UPDATE_KINDS, _, ngettext
from radar.pages import _attack_chart, _charts, _cite, _context, _dns, _reach, _read, _seen, _then, _versions
from radar.shapes import AlertNumbers, Outage, OutageSignal, Severity
from radar.signals import SIGNALS

shell.register_page(__name__, path_template="/outage/<id_>", title="Outage")

_KINDS = {"affected": "outage", "not_affected": "ok", "insufficient": "insufficient"}


def layout(id_: str = "", at: str = "", **query: str) -> Component:
    """The page; ``table`` may be the id of a chart whose table is to be open. ``at``: as it was known at this time;
    ``cite`` adds what a reader needs to cite it, ``sha256`` says of what the link was made."""
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    outage = _then.outage(id_, snapshot) if 0 < len(id_) <= 120 and "/" not in id_ and id_.isprintable() else None
    if outage is None and snapshot.at:
        return _then.stay(shell.missing(_("No outage {id} had been published by then.").format(id=repr(id_[:120]))),
                          snapshot)  # fmt: skip
    if outage is None:
        return shell.missing(
            _("We looked for an outage with the id {id}.").format(id=repr(id_[:120])),
            html.P([_("Ids never change, and an outage that we take back keeps its page; so this one was never "
                      "published here. "), html.A(_("All outages"), href="/outages")]),
        )  # fmt: skip
    now = snapshot.now
    drawings = [] if snapshot.at else _charts.around(outage, snapshot)
    table = str(query.get("table", ""))
    left: list[Any] = [_retraction(outage, now), reviews.standing(outage, now), _agreement(outage, snapshot)]
    left.append(_restoration(outage, snapshot, drawings or []))
    left += [_reach.section(outage, snapshot), None if snapshot.at else _reach.spoken(outage, snapshot)]
    if snapshot.at:
        left.append(_then.charts_note(f"/outage/{outage['id']}"))
    if drawings is None:
        left.append(charts.unreadable())
    elif drawings:
        drawn = [
            charts.chart(row.id, row.chart, row.credit, csv=row.csv, now=now, help=row.words,
                         share=row.share, live=row.live, with_table=table == row.id,
                         table_href=f"/outage/{outage['id']}?table={row.id}")
            for row in drawings
        ]  # fmt: skip
        left.append(shell.section(_("The signals"), *drawn, id="signals"))
    if outage.get("about") and not snapshot.at:
        left.append(_matches(outage, snapshot, table=table == "rule-matches"))
    if not snapshot.at:  # what these documents say is of now
        left.append(_dns.names(outage["entity"], snapshot) if outage["status"] == "open" else None)
        left.append(_context.at_the_same_time(outage, snapshot))
    known, waiting = _known_when(outage, snapshot, ask=query.get("record") == "all")
    if query.get("cite") or query.get("sha256"):
        left.insert(0, _cite.section(outage, snapshot, str(query.get("sha256", ""))))
    left += [known, reviews.record(outage, now), _timeline(outage, now)]
    right = [
        _facts(outage, now),
        causes.section(outage),
        _rule(outage),
        _family(outage, snapshot),
        _related(outage, snapshot),
        _links(outage, snapshot),
    ]
    head = outages.headline(outage)
    standing: list[Any] = [outages.shape_of(outage)]
    if outage["status"] != "open":
        standing.append(html.Span(_(STATES[outage["level"]])))
    standing += [outages.when(outage, now), html.Span(outages.agreement(outage))]
    standing += [html.Span(numbers.bound(outages.confidence(outage))), state.simulated(outage["simulated"])]
    standing += reviews.marks(outage, now)
    if outage.get("history"):
        standing.append(html.Span(_("recorded history"), className="tag"))
    page = shell.page(
        outages.name_of(outage["entity"]),
        html.P(standing, className="facts standing"),
        html.P([numbers.bound(part) for part in _story(outage)], className="lede small"),
        html.Div([html.Div([part for part in left if part is not None], className="main-col"),
                  html.Aside([part for part in right if part is not None])], className="columns"),
        heading=head,
        kicker=[_("Rise of attempts") if outage.get("about") else _("Outage"), " · ",
                html.A(outages.name_of(outage["entity"]), href=outages.place(outage))],
        description=head,
        charts=bool(drawings) or bool(outage.get("about")),
        wide=True,
        refresh_s=_then.AGAIN_S if waiting else 0,
    )  # fmt: skip
    return _then.stay(page, snapshot)


def _matches(outage: Outage, snapshot: _read.Snapshot, *, table: bool) -> Component | None:
    """The chart of the firewall's rule that the outage is about."""
    try:
        chart = _attack_chart.beside(
            outage.get("about", ""), snapshot, f"/outage/{outage['id']}?table=rule-matches", table=table
        )
    except StoreUnavailable:
        return charts.unreadable()
    return None if chart is None else shell.section(_("Its matches"), chart, id="matches")


def _story(outage: Outage) -> list[str]:
    """What is known in sentences, and what is not in the same breath."""
    severity = outage["severity"]
    said = [_("What follows is what we had said")] if outage["status"] == "retracted" else []
    said += [severity["words"], outage.get("verdict") or ""]
    blind = [row for row in outage["signals"] if row["verdict"] == "insufficient"]
    dark, never = [row for row in blind if matrix.went_dark(row)], [row for row in blind if not matrix.went_dark(row)]
    for text, rows in ((_("Saw it, then had no data: {signals}"), dark), (_("Cannot see it: {signals}"), never)):
        if rows:  # names hold commas: "Round-trip time, median"
            said.append(text.format(signals="; ".join(_titles(rows))))
    if severity["share"] is None and not outage.get("about") and "not known" not in severity["words"]:
        said.append(_("How many people are hit is not known"))
    return [f"{text.rstrip('.')}. " for text in said if text]


def _titles(rows: list[OutageSignal]) -> list[str]:
    """The signals by name, each once."""
    names = (_(SIGNALS[row["signal"]].title) if row["signal"] in SIGNALS else row["signal"] for row in rows)
    return list(dict.fromkeys(names))


def _restoration(outage: Outage, snapshot: _read.Snapshot, drawings: list[_charts.Drawing]) -> Component | None:
    parts = [row for id in outage.get("children", []) if (row := snapshot.outage(id)) is not None]
    standing = {row.series: _standing(row) for row in drawings if not row.chart.history}
    return outage_past.restoration(outage, parts, standing, snapshot.now)


def _standing(row: _charts.Drawing) -> outage_past.Standing:
    newest = last(row.chart.value)
    if newest is None:
        return outage_past.Standing(row.condition)
    at, value = newest
    return outage_past.Standing(row.condition, value, row.chart.baseline[at] if row.chart.baseline else None)


def _known_when(outage: Outage, snapshot: _read.Snapshot, *, ask: bool) -> tuple[Component | None, bool]:
    """The record of what was said of it, and whether more of that is being brought back from the archive."""
    if outage.get("history"):
        return None, False
    try:
        record = _versions.read(outage, snapshot, ask=ask)
    except StoreUnavailable:
        _read.note_hole()
        why = html.P(_("The record of publications cannot be read just now."), className="note")
        return shell.section(_("What we knew when"), why, id="known-when"), False
    told = outage_past.versions(
        outage, record.versions, record.until, snapshot.now,
        gaps=record.gaps, waiting=record.waiting, coarse=record.coarse,
    )  # fmt: skip
    return told, record.waiting


def _retraction(outage: Outage, now: str) -> Component | None:
    if outage["status"] != "retracted":
        return None
    reason = outage.get("retraction") or _("No reason was recorded.")
    when = [row["at"] for row in outage.get("updates", []) if row["kind"] == "retracted"][-1:]
    said: list[Any] = [html.Strong(_("We took this back.")), " ", reason]
    for at in when:
        said += [" (", times.time(at, now), ")"]
    return html.Div(html.P(said), className="retraction")


def _agreement(outage: Outage, snapshot: _read.Snapshot) -> Component:
    now = snapshot.now
    until = _seen.until(outage, snapshot)
    try:
        rows, first, step = _seen.rows(outage, snapshot, until)
    except StoreUnavailable:
        _read.note_hole()
        rows, first, step = _seen.rows(outage, snapshot, until, of_series=False)
    year = times.parse(now).year
    table = slot("agreement-matrix", lambda: matrix.html(rows, start=first, step_s=step, year=year),
                 class_name="scroll")  # fmt: skip
    same = html.Details([
        html.Summary(_("The same as a table")),
        slot("agreement-table", lambda: matrix.table(rows, first, step, year), class_name="scroll"),
    ])  # fmt: skip
    share = kit.figure("agreement", outage=outage["id"], until=times.rfc3339(until))
    share += f"&at={snapshot.at}" if snapshot.at else ""
    lines = []
    for row in outage["signals"]:
        signal = SIGNALS.get(row["signal"])
        words: list[Any] = [state.shape(_KINDS[row["verdict"]]), html.B(_(signal.title) if signal else row["signal"]),
                            html.Span(outages.verdict(row), className="said")]  # fmt: skip
        depth = row.get("depth")
        if row["verdict"] == "affected" and depth is not None and signal is not None and signal.bad == "low":
            words.append(html.Span(_worst(outage, depth), className="said"))
        if row["first_seen"]:
            words.append(html.Span([_("from "), times.time(row["first_seen"], now)], className="said"))
        if row.get("note"):
            words.append(html.Span(row["note"], className="said"))
        words.append(html.A(snapshot.title(row["source"]), href=f"/sources#{row['source']}", className="source"))
        lines.append(html.Li(words))
    note = _("Rows are independent signals. “Cannot see” is neither a yes nor a no.")
    return shell.section(_("Who sees it"), table, same, kit.offer("agreement", share) if rows else None,
                         html.Ul(lines, className="plain verdicts"), note=note, id="agreement")  # fmt: skip


def _worst(outage: Outage, depth: float) -> str:
    """The worst of one signal. An outage without a depth is a rise of it, where normal is a part of what came."""
    if outage["severity"]["depth"] is None and outage["status"] != "retracted":
        return _("{n} times normal at most").format(n=cldr.fixed(1 / max(1e-3, 1 - depth), 1))
    return _("{n} % below normal at worst").format(n=cldr.fixed(depth * 100))


def _facts(outage: Outage, now: str) -> Component:
    severity = outage["severity"]
    rows: list[tuple[str, Any]] = [
        (_("Status"), _status(outage)),
        *([(_("Severity"), severity["words"])] if severity["words"] else []),
        (
            _("Began"),
            times.time(outage["start"], now) if outage.get("history") else times.time_ago(outage["start"], now),
        ),
    ]
    if outage["start_earliest"] != outage["start"]:
        rows.append((_("At the earliest"), times.time(outage["start_earliest"], now)))
    rows.append((_("First published"), times.time(outage["known_at"], now)))
    if outage["end"]:
        rows.append((_("Ended"), times.time_ago(outage["end"], now)))
    if outage["end"]:
        rows.append((_("Lasted"), times.duration(severity["minutes"])))
    elif not outage.get("history"):
        so_far = (times.parse(now) - times.parse(outage["start"])) / timedelta(minutes=1)
        rows.append((_("Lasts"), times.duration(so_far)))
    if severity["depth"] is not None and outages.depth(outage) is not None:
        rows.append((_("Deepest loss"), _("{n} % of normal is missing").format(n=cldr.fixed(severity["depth"] * 100))))
    rows.append((_("Affected"), _affected(severity)))
    rows.append((_("Confidence"), outages.confidence(outage).removeprefix(_("confidence {words}").format(words=""))))
    pairs = [part for name, value in rows for part in (html.Dt(name), html.Dd(value))]
    return shell.section(_("In figures"), html.Dl(pairs, className="pairs"), id="figures")


def _status(outage: Outage) -> str:
    """Of what lasts in a recorded set it is not known whether it has ended."""
    if outage.get("history") and outage["end"] is None and outage["status"] == "open":
        return _("Not known: the recording ends while it lasts")
    return _(STATUSES[outage["status"]])


def _affected(severity: Severity) -> str:
    """ "9.9 % of the Internet users in the United Kingdom, an estimate ..."; what is not known is said to be so."""
    if severity["share"] is None:
        return _("not known")
    share = _("under 0.1 %") if 0 < severity["share"] < 0.001 else f"{numbers.rough(100 * severity['share'])} %"
    return f"{share} {severity['basis']}"


def _rule(outage: Outage) -> Component | None:
    if not outage.get("rule"):
        return None
    words = html.P([outage.get("rule_words", ""), " ", html.Code(outage["rule"])])
    made = [html.Li(_numbers(row["signal"], row["numbers"])) for row in outage["signals"] if "numbers" in row]
    numbers_ = html.Ul(made, className="plain evidence") if made else None
    more = html.P(html.A(_("How we decide"), href="/method#rules"))
    return shell.section(_("The rule that published it"), words, numbers_, more, id="rule")


def _numbers(signal_id: str, made: AlertNumbers) -> list[Any]:
    """What made one alert: its rule, and value, normal value, threshold, score and bins."""
    signal = SIGNALS.get(signal_id)

    def said(value: float) -> str:
        return f"{value:g}" if signal is None else numbers.quantity(value, signal)

    parts = [
        _("{value} against {normal} normally, at the worst").format(
            value=said(made["value"]), normal=said(made["baseline"])
        )
    ]
    if made["threshold"] is not None:
        parts.append(_("the rule holds from {threshold}").format(threshold=said(made["threshold"])))
    if made["score"] is not None:
        parts.append(_("{n} deviations").format(n=cldr.fixed(abs(made["score"]), 1)))
    parts.append(ngettext("{n} bin affected", "{n} bins affected", made["bins"]).format(n=made["bins"]))
    title = _(signal.title) if signal else signal_id
    return [html.Code(made["rule"]), " ", html.B(title), ": ", "; ".join(parts), "."]


def _family(outage: Outage, snapshot: _read.Snapshot) -> Component | None:
    parts: list[Any] = []
    whole = snapshot.outage(outage.get("parent") or "")
    if whole is not None:
        parts.append(html.P([_("Part of: "), outages.link(whole)]))
    children = [row for row in (snapshot.outage(id) for id in outage.get("children", [])) if row is not None]
    if children:
        rows = [html.Li([outages.shape_of(row), " ", outages.link(row)]) for row in children]
        parts.append(html.Ul(rows, className="plain parts"))
    return shell.section(_("Parts") if children else _("Part of"), *parts, id="parts") if parts else None


def _related(outage: Outage, snapshot: _read.Snapshot) -> Component | None:
    """Outages of others that tell of the same event, and how they are joined."""
    found = [row for row in map(snapshot.outage, outage.get("related", [])) if row is not None]
    if not found:
        return None
    rows = [html.Li([outages.shape_of(row), " ", outages.link(row)]) for row in found]
    note = _("Joined because the names that fail at our resolvers are those of the network whose routes were "
             "withdrawn, within half an hour. Neither is a part of the other.")  # fmt: skip
    return shell.section(_("The same event elsewhere"), html.Ul(rows, className="plain parts"), note=note, id="related")


def _timeline(outage: Outage, now: str) -> Component:
    rows = [
        html.Li([times.time(row["at"], now), html.B(_(UPDATE_KINDS.get(row["kind"], row["kind"]))),
                 html.Span(numbers.bound(row["text"]))], className=f"kind-{row['kind']}")
        for row in reversed(outage.get("updates", []))
    ]  # fmt: skip
    body = html.Ol(rows, className="plain timeline") if rows else html.P(_("No updates yet."), className="none")
    return shell.section(_("What we published, newest first"), body, id="updates")


def _links(outage: Outage, snapshot: _read.Snapshot) -> Component:
    links = [
        html.Li(html.A(_("This outage as JSON"), href=f"/api/v1/outages/{outage['id']}")),
        html.Li(html.A(_("Feed of this place"), href=f"/feeds/{outage['entity']}.atom")),
        html.Li(html.A(_("Feed of all outages"), href="/feeds/outages.atom")),
    ]
    return shell.section(
        _("Take it with you"), html.Ul(links, className="plain"), _cite.offer(outage, snapshot), id="take"
    )
