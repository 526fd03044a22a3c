"""The time machine under the world map: go through the last 24 hours or any day, play it, pass a moment on.

A form that works without scripts: it asks for the page of a moment. ``assets/home/machine.js`` makes a slider of it,
which recolours the map from ``/film.json`` without asking the server again. What it says comes from here, in
``data-words``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

from radar.components import times
from radar.labels import STATES, _, ngettext

#: Moments one click away, in hours before now.
BACK = (1, 3, 6, 12, 24)


def form(now: str, at: str | None, oldest: datetime | None, kept: Mapping[str, str] | None = None) -> str:
    """The form. ``now``: time of the newest publication; ``at``: the moment of the page, where that is not now;
    ``oldest``: of the first publication, before which nothing can be shown; ``kept``: what else the address of the
    page says, which stays in the addresses of other moments."""
    here, newest = times.parse(at or now), times.parse(now)
    backs = [(hours, newest - timedelta(hours=hours)) for hours in BACK]
    links = "".join(
        f'<a href="/?{escape(_query(then, kept or {}))}">{escape(_("{n} h ago").format(n=hours))}</a>'
        for hours, then in backs
        if oldest is not None and then >= oldest
    )
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in (kept or {}).items()
    )
    return (
        f'<form id="machine" class="machine" action="/" method="get" data-now="{escape(now)}" '
        f'data-at="{escape(at or "")}" data-words="{escape(_words())}">'
        '<div class="reel needs-script"><div class="track"><div class="strip" aria-hidden="true"></div>'
        '<input id="moment" type="range" min="0" max="1" value="1" disabled '
        f'aria-label="{escape(_("Time of the map"))}">'
        '<div class="ticks" aria-hidden="true"></div></div>'
        f'<p class="key">{_key("open", _("Height: outages that were open"))} '
        f"{_key('hole', _('Hatched: nothing recorded'))} "
        f"{_key('ours', _('Bar on top: our own measurement impaired'))}</p></div>"
        '<div class="machine-row"><span class="keys needs-script">'
        f"{_button('day-back', _('A day earlier'), '«')}{_button('hour-back', _('An hour earlier'), _('−1 h'))}"
        f"{_button('back', _('Five minutes earlier'), '‹')}"
        f'<button type="button" data-do="play" class="play" disabled>{escape(_("Play"))}</button>'
        f"{_button('forth', _('Five minutes later'), '›')}{_button('hour-forth', _('An hour later'), _('+1 h'))}"
        f"{_button('day-forth', _('A day later'), '»')}</span>"
        f'<output for="moment" class="moment needs-script">{escape(_("Now"))}</output>'
        '<span class="then-only" hidden>'
        f'<button type="button" data-do="share">{escape(_("Share this moment"))}</button>'
        f'<button type="button" data-do="now">{escape(_("Back to now"))}</button></span></div>'
        '<p class="gap-words" hidden></p>'
        f'<div class="machine-row pick"><label for="at">{escape(_("As known at (UTC)"))}</label> '
        f'<input id="at" name="at" type="datetime-local" required value="{here:%Y-%m-%dT%H:%M}"> '
        f'<button type="submit">{escape(_("Show"))}</button>'
        f'<span class="ago">{links}</span></div>{hidden}</form>'
    )


def _query(then: datetime, kept: Mapping[str, str]) -> str:
    return urlencode({"at": times.rfc3339(then), **kept}, safe=":")


def _button(what: str, label: str, sign: str) -> str:
    # a sign says nothing when it is read out; words do, and then the name of the button has to be what is seen
    named = f'title="{escape(label)}"' + ("" if any(map(str.isalpha, sign)) else f' aria-label="{escape(label)}"')
    named += " data-later" if what.endswith("forth") else ""
    return f'<button type="button" data-do="{what}" {named} disabled>{sign}</button>'


def _key(what: str, text: str) -> str:
    return f'<span><i class="k-{what}"></i>{escape(text)}</span>'


def _words() -> str:
    """What the script says."""
    return json.dumps(
        {
            "site": _("Internet Radar"),
            "now": _("Now"),
            "play": _("Play"),
            "pause": _("Pause"),
            "copied": _("Copied"),
            "loading": _("Loading that day …"),
            "failed": _("That day could not be loaded. Please try again."),
            "since": _("since"),
            "ago": _("{duration} ago"),
            "spans": {"m": _("{n} min"), "h": _("{h} h"), "hm": _("{h} h {m} min"),
                      "day": ngettext("{n} day", "{n} days", 1), "days": ngettext("{n} day", "{n} days", 2)},
            "few": _("{n} of {m}"),
            "parts": [ngettext("{n} part of it", "{n} parts of it", n) for n in (1, 2)],
            "simulated": _("simulated"),
            "attempts": _("More attempts"),
            "open": _("Open then"),
            "none": _("No outage was open then, as far as we could see."),
            "gap": _("We cannot say how it was then."),
            "spoken": _("{time}: {outage} in outage, {degraded} degraded"),
            "all": _("All that was known then"),
            "page": _("The page of {name}"),
            "nothing": _("Nothing open here."),
            "marked": _("{text} (simulated)"),
            "region": _("{name}: {state} in this region since {time}"),
            "states": {"x": _(STATES["outage"]), "d": _(STATES["degraded"]), "i": _(STATES["insufficient"]),
                       "o": _(STATES["ok"]), "": _("No data"), "?": _("Not known")},
        },
        ensure_ascii=False,
    )  # fmt: skip
