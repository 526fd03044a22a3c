"""Candidates for origin hijacks and route leaks: what was seen, how sure a stated rule is, and what speaks against it.

A candidate is never a verdict. Networks change the origin of their prefixes for many good reasons, and who announces
what to whom is agreed in private; so the words are "may have", and the evidence on both sides is one click away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from radar import cldr, entities
from radar.components import outages, state, times
from radar.components.routes import count
from radar.labels import N_, _, confidence_words, ngettext
from radar.shapes import RouteEvent

#: Kinds: word, meaning.
KINDS: dict[str, tuple[str, str]] = {
    "origin_change": (N_("New origin"), N_("Another network announces a prefix than the one that used to.")),
    "more_specific": (N_("More specific prefix"),
                      N_("A part of a prefix is announced by another network; routers prefer the smaller one.")),
    "leak": (N_("Route leak"),
             N_("A network passes on a route that it should have kept, such as from one provider to another.")),
}  # fmt: skip

#: What a validator says of the new origin: word, meaning.
RPKI: dict[str, tuple[str, str]] = {
    "valid": (N_("valid"), N_("The holder of the prefix has signed that this network may announce it.")),
    "invalid": (N_("invalid"),
                N_("What the holder has signed does not allow this network, or not a prefix this long.")),
    "not_found": (N_("not found"), N_("The holder has signed nothing about this prefix, so nothing can be checked.")),
    "unknown": (N_("unknown"), N_("No validator's data are at hand here.")),
}  # fmt: skip

#: Statuses: shape, word. A candidate that lasts is no state of the Internet, so its shape is that of "cannot say".
STATUSES: dict[str, tuple[str, str]] = {
    "open": ("insufficient", N_("Ongoing")),
    "ended": ("none", N_("Ended")),
    "dismissed": ("none", N_("Dismissed")),
}

#: Prefixes written out before the rest is counted.
SHOWN = 12


def number(asn: int) -> Component | str:
    """A network as a link; its number alone when that cannot be one."""
    key = f"asn/{asn}"
    return html.A(entities.name(key), href=f"/{key}") if entities.is_entity(key) else f"AS{asn}"


def sure(event: RouteEvent) -> str:
    """ "confidence low (35 % by a stated rule)"."""
    p = event["confidence"]
    return _("confidence {words} ({p} % by a stated rule)").format(words=confidence_words(p), p=cldr.fixed(p * 100))


def item(event: RouteEvent, now: str) -> Component:
    """One candidate: its sentence, the facts in a line, the evidence folded under it."""
    shape, word = STATUSES[event["status"]]
    kind, meaning = KINDS[event["kind"]]
    ended = None if event["status"] == "open" else event["last_seen"]
    facts: list[Any] = [
        times.span(event["first_seen"], ended, now),
        html.Span(_("seen by {n} of {m} full-feed peers").format(
            n=count(event["peers"]), m=count(event["peers_total"]))),
        html.Span(_("RPKI: {state}").format(state=_(RPKI[event["rpki"]][0]))),
        html.Span(sure(event)),
    ]  # fmt: skip
    if event["simulated"]:
        facts.append(state.simulated(True))
    head = [state.mark(shape, _(word)), html.Span([_(kind), " ", state.what(_(meaning))], className="place")]
    return html.Li(
        html.Article(
            [
                html.Div(head, className="item-head"),
                html.H3(event["words"], className="sentence"),
                html.P(facts, className="facts"),
                html.Details([html.Summary(_("Evidence for and against")), *_evidence(event, now)]),
            ],
            className="item explained",
        ),
        id=event["id"],
    )


def listing(events: Sequence[RouteEvent], now: str) -> Component:
    """Candidates, in the order given."""
    return html.Ul([item(row, now) for row in events], className="plain items candidates")


def mentions(events: Sequence[RouteEvent], key: str, now: str) -> Component | None:
    """The candidates that touch an entity, as links; None when none does."""
    found = [row for row in chosen(events, "", "") if key in row["entities"]]
    if not found:
        return None
    lines = []
    for row in found:
        shape, word = STATUSES[row["status"]]
        href = f"/routing?show=candidates#{quote(row['id'], safe='')}"
        lines.append(html.Li([state.mark(shape, _(word)), html.A(row["words"], href=href),
                              html.Span(times.time_ago(row["first_seen"], now), className="when")]))  # fmt: skip
    head = html.H3(_("Candidates for hijacks and leaks, none of them a verdict"))
    return html.Div([head, html.Ul(lines, className="plain history")])


def _evidence(event: RouteEvent, now: str) -> list[Component]:
    leak = event["kind"] == "leak"
    others = _("Between") if leak else _("Expected origin")
    rpki, meaning = RPKI[event["rpki"]]
    pairs: list[tuple[str, Any]] = [
        (_("Who may have leaked") if leak else _("New origin"), number(event["suspect"])),
        (others, _listed([number(asn) for asn in event["expected"]]) or _("not known")),
        (_("Prefixes"), _prefixes(event)),
        (_("A path that shows it"), html.Code(event["path"]) if event["path"] else _("not kept")),
        (_("RPKI"), f"{_(rpki)}: {_(meaning)}"),
        (_("Last seen"), times.time_ago(event["last_seen"], now)),
        (_("Affected"), _listed([html.A(outages.name_of(key), href=f"/{key}") for key in event["entities"]
                                 if entities.is_entity(key)]) or _("not known")),
        (_("How sure"), _("{sure}; not calibrated on what came out of earlier ones").format(sure=sure(event))),
    ]  # fmt: skip
    terms = [part for name, value in pairs for part in (html.Dt(name), html.Dd(value))]
    said = cast("dict[str, list[str]]", event)
    for_it = [html.Li([html.B(_("For: ")), text]) for text in said["for"]]
    against = [html.Li([html.B(_("Against: ")), text]) for text in said["against"]]
    if not against:
        against = [html.Li([html.B(_("Against: ")), _("nothing that we could check")])]
    return [html.Ul([*for_it, *against], className="plain evidence"), html.Dl(terms, className="pairs")]


def _prefixes(event: RouteEvent) -> list[Any]:
    shown = event["prefixes"][:SHOWN]
    parts = _listed([html.Code(text) for text in shown])
    more = event["prefix_count"] - len(shown)
    if more > 0:
        parts.append(ngettext(" and {n} more", " and {n} more", more).format(n=cldr.count(more)))
    return parts


def _listed(parts: Sequence[Component | str]) -> list[Any]:
    """Components with commas between them, as one flat list."""
    return [piece for i, part in enumerate(parts) for piece in ((", ", part) if i else (part,))]


def hint() -> str:
    """What stands above the list."""
    return _("Sudden changes that look like a hijack or a leak. Each is a candidate with its evidence on both sides, "
             "never a verdict: many changes of origin are meant.")  # fmt: skip


def chosen(events: Sequence[RouteEvent], kind: str, status: str) -> list[RouteEvent]:
    """Those of a kind and a status, "" for all; ongoing ones first, else in the order given."""
    found = [row for row in events if kind in ("", row["kind"]) and status in ("", row["status"])]
    return sorted(found, key=lambda row: row["status"] != "open")
