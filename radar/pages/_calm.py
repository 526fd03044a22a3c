"""Nothing is open: a box for the lists of what is. Silence is not health, so it says of how many places it speaks."""

from __future__ import annotations

from collections import Counter

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import outages, shell, times
from radar.labels import _, ngettext
from radar.pages import _read


def box(snapshot: _read.Snapshot) -> Component:
    """Nothing is open: what that rests on, of how many places it says nothing, and what ended last."""
    if snapshot.is_blind:
        why = _("Of every place we have too little data. That does not mean that all is well.")
        return shell.empty(_("We cannot say whether an outage is open."), why)
    counts = Counter((key.partition("/")[0], seen["state"] == "insufficient") for key, seen in snapshot.states.items())
    if snapshot.at:
        lost = _("Of the places that we could see, none had lost a confident part of its connectivity.")
        seen = _("{countries} and {networks} were within their usual range.")
        blind = _("Of {countries} and {networks} we had too little data to say; what we do not measure is not counted.")
    else:
        lost = _("Of the places that we can see, none has lost a confident part of its connectivity.")
        seen = _("{countries} and {networks} are within their usual range.")
        blind = _(
            "Of {countries} and {networks} we have too little data to say; what we do not measure is not counted."
        )
    seen = seen.format(
        countries=_countries(counts["country", False]), networks=_networks(counts["asn", False]))  # fmt: skip
    last = max((row for row in snapshot.current("closed") if not row.get("parent")),
               key=lambda row: row["end"] or "", default=None)  # fmt: skip
    ended = None
    if last is not None:
        when = times.time(last["end"] or "", snapshot.now)
        ended = html.P([_("The last one ended at"), " ", when, ": ", outages.link(last)])
    return shell.empty(
        _("No outage was open.") if snapshot.at else _("No outage is open."),
        lost,
        html.P(seen),
        html.P(blind.format(countries=_countries(counts["country", True]), networks=_networks(counts["asn", True]))),
        ended,
    )


def _countries(n: int) -> str:
    return ngettext("{n} country", "{n} countries", n).format(n=cldr.count(n))


def _networks(n: int) -> str:
    return ngettext("{n} network", "{n} networks", n).format(n=cldr.count(n))
