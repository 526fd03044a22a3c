"""What people said about outages: marks in lists, and the public record on an outage's page.

Names and reasons come from people. They are text nodes here and nothing else, so that markup in them is shown as it is.
"""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import reviews
from radar.components import shell, times
from radar.labels import CAUSES, STATES, _
from radar.shapes import Outage
from radar.shapes.reviews import Review


def marks(outage: Outage, now: str) -> list[Component]:
    """What stands of it in one line each: who confirmed or refuted it, that it was corrected, that it is muted."""
    said = outage.get("reviews", [])
    found: list[Component] = []
    word = reviews.verdict(said)
    if word is not None:
        text = _("confirmed by {name}") if word["kind"] == "confirm" else _("a false alarm, says {name}")
        found.append(html.Span(text.format(name=word["by"]), className="by-people"))
    fixed = reviews.corrected(said)
    if fixed:
        names = ", ".join(dict.fromkeys(review["by"] for review in fixed.values()))
        found.append(html.Span(_("corrected by {names}").format(names=names), className="by-people"))
    muted = outage.get("muted")
    if muted is not None:
        found.append(html.Span([_("muted until "), times.time(muted["until"], now)], className="by-people"))
    return found


def standing(outage: Outage, now: str) -> Component | None:
    """A box on the outage's page: what stands of what people said; None where nothing does."""
    said = outage.get("reviews", [])
    rows: list[Component] = []
    word = reviews.verdict(said)
    if word is not None and word["kind"] == "confirm":
        rows.append(html.P([html.Strong(_("Confirmed by {name}:").format(name=word["by"])), " ", word["reason"], " (",
                            times.time(word["at"], now), ")"]))  # fmt: skip
    fixed = list({review["id"]: review for review in reviews.corrected(said).values()}.values())
    for review in fixed:
        head = html.Strong(_("Corrected by {name}:").format(name=review["by"]))
        rows.append(html.P([head, " ", reviews.changes_of(review), ". ", review["reason"], " (",
                            times.time(review["at"], now), ")"]))  # fmt: skip
    before = _said_before(outage) if fixed else ""
    if before:
        rows.append(html.P(_("What the radar itself says: {what}.").format(what=before), className="said"))
    muted = outage.get("muted")
    if muted is not None:
        rows.append(_muted(outage, now))
    return html.Div(rows, className="retraction people") if rows else None


def _muted(outage: Outage, now: str) -> Component:
    muted = outage["muted"]
    words: list[Any] = [html.Strong([_("Muted until "), times.time(muted["until"], now), "."]), " ",
                        _("It is not on the front page and nobody is notified; it goes on being measured. "),
                        _("{by}: {reason}").format(by=muted["by"], reason=muted["reason"])]  # fmt: skip
    if muted["outage"] != outage["id"]:
        words += [" ", html.A(_("The outage that was muted"), href=f"/outage/{muted['outage']}")]
    return html.P(words)


def _said_before(outage: Outage) -> str:
    """ "start: 05:00 UTC on 2 March 2026, level: outage": the detector's own values of what people corrected."""
    before = outage.get("said_before", {})
    parts = []
    for field, name in (("start", _("start")), ("end", _("end"))):
        if field in before:
            parts.append(f"{name}: {reviews.when(before[field]) if before[field] else _('none')}")
    if "level" in before:
        parts.append(f"{_('level')}: {_(STATES[before['level']]).lower()}")
    if before.get("causes"):
        likely = max(before["causes"], key=lambda cause: float(cause["p"]))["cause"]
        parts.append(f"{_('cause')}: {_(CAUSES.get(likely, likely))}")
    return ", ".join(parts)


def record(outage: Outage, now: str) -> Component:
    """The section "What people said about this": every entry, newest first; those that were taken back say so."""
    said = outage.get("reviews", [])
    note = _("The public record. An entry is never changed or deleted; one that was wrong is taken back by another.")
    if not said:
        body: Component = html.P(_("Nobody has said anything about it yet."), className="none")
    else:
        body = html.Ol([_entry(review, now) for review in reversed(said)], className="plain timeline people")
    return shell.section(_("What people said about this"), body, note=note, id="people")


def _entry(review: Review, now: str) -> Component:
    words: list[Any] = [html.B(review["by"]), ": ", review["reason"]]
    changes = reviews.changes_of(review)
    if changes:
        words += [" ", html.Span(_("Corrects: {what}.").format(what=changes), className="said")]
    if "until" in review:
        words += [" ", html.Span([_("until "), times.time(review["until"], now)], className="said")]
    if "entry" in review:
        words += [" ", html.Span([_("Takes back: "), html.A(review["entry"], href=f"#{review['entry']}")],
                                 className="said")]  # fmt: skip
    kind: list[Any] = [_(reviews.KINDS[review["kind"]])]
    if "withdrawn" in review:
        kind = [html.S(kind)]
        words += [" ", html.A(_("taken back"), href=f"#{review['withdrawn']}")]
    return html.Li([times.time(review["at"], now), html.B(kind), html.Span(words)], id=review["id"],
                   className="is-withdrawn" if "withdrawn" in review else None)  # fmt: skip
