"""``POST /here``: is it just me? Where the reader is by the address of this one request, and what we see there.

Only a part of the address is used (``radar.beacon.door``), for this one answer, and nothing of it is kept: no log, no
count, no document. The answer is a page that works without scripts; ``assets/home/here.js`` takes its part of it into
the front page.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
from dash import html
from dash.development.base_component import Component

from radar import entities
from radar.beacon.door import block_of, is_special
from radar.beacon.places import Place, Places, Shelf
from radar.components import outages, shell, state
from radar.components.ssr import marks
from radar.entities import is_entity
from radar.labels import _
from radar.pages import _language, _read
from radar.settings import Settings
from radar.shapes import Outage

_shelves: dict[Path, Shelf] = {}


def form() -> Component:
    """The button. Pressing it is what asks; nothing is looked up before."""
    chosen = _language.explicit()
    return html.Form(
        [
            html.Button(_("Is it just me?"), type="submit"),
            html.Span(_("Looks up your network from your address, and keeps nothing."), className="hint"),
        ],
        id="here-form",
        className="me",
        method="post",
        action=f"/here?lang={chosen}" if chosen else "/here",
        **marks(data_failed=_("We cannot answer just now. Please try again in a moment.")),
    )


def page() -> Component:
    """The page with the answer for whoever asks. Raises StoreUnavailable."""
    snapshot = _read.snapshot()
    found = _found()
    return shell.page(
        _("Is it just me?"),
        html.Div(_answer(found, snapshot), id="here-answer", tabIndex="-1"),
        html.P(html.A(_("World map"), href="/")),
        robots="noindex",
        own="home",
    )


def is_from_elsewhere() -> bool:
    """Whether a page of another site sent the request."""
    return flask.request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")


def table_of(settings: Settings) -> Places | None:
    """The newest table of places that the worker has written; None where there is none yet."""
    folder = settings.data_dir / "beacon"
    return _shelves.setdefault(folder, Shelf(folder)).get()


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why we cannot tell where the reader is; ``looked``: whether the address was looked up for that."""

    why: str
    looked: bool = False


def _found() -> Place | Unknown:
    """Where the reader is, or why we cannot tell."""
    settings: Settings = flask.current_app.config["RADAR_SETTINGS"]
    block = block_of(
        flask.request.remote_addr, flask.request.headers.getlist("X-Forwarded-For"), settings.beacon_proxies
    )
    if block is None:
        return Unknown(_("We cannot tell which address you came from, so we cannot tell where you are."))
    if is_special(block):
        return Unknown(
            _("You came from a private address: you reach this radar from within its own network, or through a "
              "server that does not say who asks. So we cannot tell which network you are on.")
        )  # fmt: skip
    table = table_of(settings)
    if table is None:
        return Unknown(_("This radar has no table of addresses yet, so it cannot tell which network you are on."))
    place = table.find(block)
    if not place.cc and not place.asn:
        return Unknown(_("Your address is in no table that we have, so we cannot tell which network you are on."), True)
    return place


def _answer(found: Place | Unknown, snapshot: _read.Snapshot) -> list[Any]:
    looked = _("For this answer we used the first part of the address that your request came from, to look up country "
               "and network in a table that lies on this server. It was passed on to nobody and written down nowhere, "
               "and with this answer it is forgotten.")  # fmt: skip
    if isinstance(found, Unknown):
        how = html.P(_("You can look for your country or network by name in the search."), className="note")
        none = _("Nothing was looked up for this answer, and your address was written down nowhere.")
        return [html.P(found.why, className="here-words"), how,
                html.P(looked if found.looked else none, className="note")]  # fmt: skip
    keys = _keys(found)
    there = [row for row in snapshot.current() if row["entity"] in keys]
    parts: list[Any] = [html.P(_verdict(keys, there, snapshot), className="here-words"), _place(keys)]
    if snapshot.lost_since or snapshot.stalled_since or snapshot.notice:
        parts.append(html.P(_("Our own data are not up to date or impaired just now; see the bar on top of the page.")))
    if there:
        parts.append(outages.listing(outages.by_urgency(there), snapshot.now))
    simulated = bool(snapshot.clock and snapshot.clock["simulated"])
    mark = (
        [state.simulated(True), " ", _("What we see here is simulated; your place is not."), " "] if simulated else []
    )
    return [*parts, html.P([*mark, looked], className="note")]


def _keys(place: Place) -> list[str]:
    """What a reader there is in: the network, the network in the country, the country."""
    wanted = (f"asn/{place.asn}", f"geoasn/{place.cc}-{place.asn}", f"country/{place.cc}")
    return [key for key in wanted if is_entity(key)]


def _place(keys: list[str]) -> Component:
    links = [html.A(entities.name(key), href=f"/{key}") for key in keys if not key.startswith("geoasn/")]
    joined: list[Any] = [part for link in links for part in (", ", link)][1:]
    return html.P([_("You are on"), " ", *joined, "."])


def _verdict(keys: list[str], there: list[Outage], snapshot: _read.Snapshot) -> str:
    """One sentence; calm is never claimed of what we cannot see."""
    if any(row["level"] == "outage" for row in there):
        return _("It is not just you: we see an outage where you are.")
    if there:
        return _("It is perhaps not just you: we see degraded service where you are.")
    if snapshot.clock is None:
        return _("We cannot say: this radar has not published anything yet.")
    seen = {key.partition("/")[0]: snapshot.states[key]["state"] for key in keys if key in snapshot.states}
    network = "ok" in (seen.get("asn"), seen.get("geoasn"))
    if network and seen.get("country") == "ok":
        return _("We see no outage of your network or of your country. What is smaller than that we would not see.")
    if network:
        return _("We see no outage of your network. Of your country as a whole we have too little data to say.")
    if seen.get("country") == "ok":
        return _("We see no outage of your country. Of your network we have too little data to say.")
    return _("We cannot say: we have too little data on your network and on your country.")
