"""``/providers``: clouds, content networks, DNS services and large services: what we measure beside what they say."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar.api.providers import standing
from radar.components import charts, shell
from radar.components import providers as parts
from radar.labels import STATES, _, ngettext
from radar.pages import _choices, _providers, _then
from radar.providers import KINDS, registry

shell.register_page(__name__, path="/providers", title="Providers")

#: States that the list can be narrowed to.
NARROW = ("outage", "degraded", "ok")


def layout(kind: str = "", state: str = "", **query: str) -> Component:
    """The list; ``kind`` (cloud, cdn, dns, service) and ``state`` (outage, degraded, ok) narrow it. As of a moment
    (``at``) it tells what was measured, and not what they say: that is known as it reads today."""
    wrong = _choices.unread({"kind": kind, "state": state}, {"kind": KINDS, "state": NARROW})
    kind = kind if kind in KINDS else ""
    state = state if state in NARROW else ""
    snapshot = _then.snapshot(query.get("at", ""))
    if isinstance(snapshot, Component):
        return snapshot
    says = {} if snapshot.at else _providers.told(snapshot.version)
    rows = [standing(row, snapshot.states.get(row.key), says.get(row.slug)) for row in registry().values()
            if row.slug != "our-firewalls"]  # they have a page of attempts, and no state  # fmt: skip
    down = [row for row in rows if row["state"] in ("outage", "degraded")]
    shown = [row for row in rows if (not kind or kind in row["kinds"]) and (not state or row["state"] == state)]
    body: list[Any] = [html.Div([_kinds(kind, state), _states(kind, state)], className="ranges")]
    for one in KINDS:
        mine = [row for row in shown if row["kinds"][0] == one or kind == one]
        if mine and (not kind or kind == one):
            table = parts.table(_worst_first(mine), snapshot.now, past=bool(snapshot.at))
            body.append(shell.section(_(parts.KINDS[one]), table, id=one))
    if not shown:
        body.append(shell.empty(_("No provider fits."), _("We looked through {n} providers.").format(n=len(rows)),
                                html.P(html.A(_("Show all"), href="/providers"))))  # fmt: skip
    measured = sum(row["state"] not in (None, "insufficient") for row in rows)
    lede = (_lede_then if snapshot.at else _lede)(down, measured, len(rows))
    note = _("What a provider says of itself stands beside what we measure and never changes it.")
    if snapshot.at:
        note = _(parts.UNSAID)
    unmeasured = _("A provider that is not measured here is not thereby well.")
    page = shell.page(
        _("Providers"),
        html.P(lede, className="lede"),
        html.P([note, " ", unmeasured], className="note"),
        *wrong,
        *body,
        None if snapshot.at else html.P(html.A(_("JSON"), href="/api/v1/providers"), className="note"),
        description=lede,
        wide=True,
    )
    return _then.stay(page, snapshot)


def _worst_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = ("outage", "degraded", "ok", "insufficient", None)
    return sorted(
        rows, key=lambda row: (order.index(row["state"]), not (row["says"] and row["says"]["open"]), row["name"])
    )


def _lede(down: list[dict[str, Any]], measured: int, total: int) -> str:
    if down:
        names = _names(down)
        return ngettext("We measure trouble at {n} provider: {names}.", "We measure trouble at {n} providers: {names}.",
                        len(down)).format(n=len(down), names=names)  # fmt: skip
    if not measured:
        return _("We measure none of these {total} providers here, so we cannot say how they are.").format(total=total)
    text = _("We see no trouble at the {n} providers that are measured here; of {others} others we cannot say.")
    return text.format(n=measured, others=total - measured)


def _lede_then(down: list[dict[str, Any]], measured: int, total: int) -> str:
    if down:
        return ngettext("We measured trouble then at {n} provider: {names}.",
                        "We measured trouble then at {n} providers: {names}.",
                        len(down)).format(n=len(down), names=_names(down))  # fmt: skip
    if not measured:
        return _("We measured none of these {total} providers then, so we cannot say how they were.").format(
            total=total)  # fmt: skip
    text = _("We saw no trouble then at the {n} providers that were measured here; of {others} others we cannot say.")
    return text.format(n=measured, others=total - measured)


def _names(down: list[dict[str, Any]]) -> str:
    return ", ".join(row["name"] for row in _worst_first(down)[:5])


def _href(kind: str, state: str) -> str:
    query = urlencode([(key, value) for key, value in (("kind", kind), ("state", state)) if value])
    return f"/providers?{query}" if query else "/providers"


def _kinds(kind: str, state: str) -> Component:
    choices = [("", _("All"), _href("", state))]
    choices += [(key, _(parts.KINDS[key]), _href(key, state)) for key in KINDS]
    return charts.strip(choices, kind, _("Kind"))


def _states(kind: str, state: str) -> Component:
    choices = [("", _("All states"), _href(kind, ""))]
    choices += [(key, _(STATES[key]), _href(kind, key)) for key in NARROW]
    return charts.strip(choices, state, _("State"))
