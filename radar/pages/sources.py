"""``/sources``: who measures what, under which licence, how late, what was rejected and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.api.routing import FEEDS
from radar.components import freshness, reference, shell, state, times
from radar.components.ssr import marks
from radar.labels import _, ngettext
from radar.pages import _read
from radar.shapes import SourceStatus
from radar.signals import SIGNALS

shell.register_page(__name__, path="/sources", title="Sources")

#: Gaps and signals shown before the rest is counted.
SHOWN = 8


def layout(**query: str) -> Component:
    """The page."""
    snapshot = _read.snapshot()
    rows = snapshot.sources
    sentence = _sentence(rows)
    if not rows:
        nothing = shell.empty(
            _("No source has reported yet."),
            _("We looked for the list that the jobs publish. It appears when they have run once."),
        )
        return shell.page(
            _("Sources"), html.P(sentence, className="lede"), nothing, reference.tables(), description=sentence
        )
    live = [row for row in rows if row["state"] != "history"]
    recorded = [row for row in rows if row["state"] == "history"]
    parts: list[Any] = [_overview(live, snapshot.now)] if live else []
    parts += [_detail(row, snapshot.now) for row in live]
    if recorded:
        note = _("Data sets that were recorded earlier. They keep their own dates, are shown as history, and are never "
                 "part of what is open now.")  # fmt: skip
        parts.append(shell.section(_("Recorded history"), *(_detail(row, snapshot.now) for row in recorded), note=note,
                                   id="recorded"))  # fmt: skip
    parts.append(reference.tables())
    return shell.page(_("Sources"), html.P(sentence, className="lede"), *parts, description=sentence)


def _sentence(rows: Sequence[SourceStatus]) -> str:
    """How many are on time, and who is not."""
    due = [row for row in rows if row["state"] in ("ok", "late", "failing")]
    bad = [row["title"] for row in due if row["state"] != "ok"]
    if not due:
        return _("No source delivers just now; what we have is recorded history.") if rows else _("No sources yet.")
    if not bad:
        return ngettext("{n} source delivers, and is on time.", "{n} sources deliver, all on time.", len(due)).format(
            n=len(due))  # fmt: skip
    return _("{n} of {m} sources are on time; late or failing: {names}.").format(
        n=len(due) - len(bad), m=len(due), names=", ".join(bad)
    )


def _overview(rows: Sequence[SourceStatus], now: str) -> Component:
    head = html.Tr([html.Th(_("Source"), scope="col"), html.Th(_("State"), scope="col"),
                    html.Th(_("Newest"), scope="col", className="num"),
                    html.Th(_("Behind"), scope="col", className="num"),
                    html.Th(_("Licence"), scope="col", className="wide-only")])  # fmt: skip
    body = [
        html.Tr([
            html.Th(html.A(row["title"], href=f"#{row['name']}"), scope="row"),
            html.Td([freshness.how(row), " ", state.simulated(row["simulated"])]),
            html.Td(freshness.newest(row, now), className="num"),
            html.Td(freshness.behind(row), className="num"),
            html.Td(html.A(row["licence"], href=row["licence_url"]), className="wide-only"),
        ])
        for row in rows
    ]  # fmt: skip
    return html.Div(html.Table([html.Thead(head), html.Tbody(body)], className="figures views wraps"),
                    className="scroll")  # fmt: skip


def _detail(row: SourceStatus, now: str) -> Component:
    """One source in full."""
    proof = {
        "recorded": _("Its reader was proven on recorded answers."),
        "documented": _(
            "Unproven: its reader was written from the documented form; no recorded answer has been read with it yet."
        ),
        "own": _("The form is this project's own; it is described with the source."),
    }.get(row["proof"], row["proof"])
    pairs: list[tuple[str, Any]] = [
        (_("State"), [freshness.how(row), " ", state.simulated(row["simulated"])]),
        *([(_("Why"), row["off"])] if row.get("off") else []),
        (_("By"), html.A(row["org"], href=row["info_url"])),
        (_("Address"), html.A(row["url"], href=row["url"], className="url")),
        (_("Licence"), html.A(row["licence"], href=row["licence_url"])),
        (_("Credit"), row["attribution"]),
        *([(_("Signals"), _signals(row["signals"]))] if row["signals"] else []),
        (_("Covers"), _covers(row, now)),
    ]
    if row["state"] not in ("history", "off"):
        pairs.append((_("Behind"), _behind(row)))
        pairs.append((_("Last success"), times.time(row["last_success"]) if row["last_success"] else _("never asked")
                      if freshness.is_event(row) else _("never")))  # fmt: skip
        pairs.append((_("Last error"), _last_error(row)))
    pairs += [
        *([(_("Rows taken in"), cldr.count(row["rows"]))] if row["signals"] else []),
        (_("Rows rejected"), _rejected(row)),
        *([(_("Gaps"), _gaps(row, now))] if row["signals"] else []),
        *(
            [(_("Stream"), html.A(_("Its gaps, collectors and peers"), href="/routing#gaps"))]
            if row["name"] in FEEDS and row["state"] != "off"
            else []
        ),
        (_("Proof"), proof),
    ]
    terms = [item for name, value in pairs for item in (html.Dt(name), html.Dd(value))]
    return shell.section(row["title"], html.P(row["summary"]), html.Dl(terms, className="pairs"), id=row["name"])


def _signals(ids: Sequence[str]) -> list[Any]:
    """Links to what the method says of them, the rest counted."""
    parts: list[Any] = []
    for id in ids[:SHOWN]:
        name = _(SIGNALS[id].title) if id in SIGNALS else id
        parts += [", " if parts else "", html.A(name, href=f"/method#{id}")]
    if len(ids) > SHOWN:
        parts.append(_(" and {n} more").format(n=len(ids) - SHOWN))
    return parts or [_("none")]


def _covers(row: SourceStatus, now: str) -> Any:
    if not row["signals"]:
        return _("happenings with dates of their own")
    if row["oldest_bin"] is None or row["newest_bin"] is None:
        return _("no data yet")
    if row["state"] == "history":
        return [times.day(row["oldest_bin"]), " – ", times.day(row["newest_bin"])]
    return times.between(row["oldest_bin"], row["newest_bin"], now)


def _behind(row: SourceStatus) -> str:
    if freshness.is_event(row):
        return _("it cannot be late: it is worked out from other sources when something happens")
    return _("{lag}; usually {usual}").format(lag=freshness.behind(row), usual=freshness.usual(row))


def _last_error(row: SourceStatus) -> Any:
    if not row["last_error"]:
        return _("none")
    at = [" (", times.time(row["last_error_at"]), ")"] if row["last_error_at"] else []
    return [html.Code(row["last_error"]), *at]


def _rejected(row: SourceStatus) -> Any:
    """How many, and why, with an example of each reason."""
    if not row["rejected"]:
        return "0"
    reasons = [
        html.Li([f"{said['count']}: ", html.Span(str(said["reason"]), lang="en"), " (", _("for example"), " ",
                 html.Code(str(said["example"])), ")"])
        for said in row["rejected_examples"]
    ]  # fmt: skip
    total = cldr.count(row["rejected"])
    return [total, html.Ul(reasons, className="plain", **marks(aria_label=_("Reasons")))] if reasons else total


def _gaps(row: SourceStatus, now: str) -> Any:
    """Stretches that never came for any entity."""
    if not row["gaps"]:
        return _("none known")
    rows = [html.Li(times.between(gap["from"], gap["until"], now)) for gap in row["gaps"][-SHOWN:]]
    older = len(row["gaps"]) - len(rows)
    if older > 0:
        rows.append(html.Li(ngettext("{n} earlier one", "{n} earlier ones", older).format(n=older)))
    return html.Ul(rows, className="plain")
