"""Pages as of an earlier moment: ``?at=2026-03-02T12:00:00Z``. What was published then, and nothing that came later."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from radar import known, retell
from radar.api import access, then
from radar.api.parameters import moment
from radar.components import shell, times
from radar.labels import _
from radar.pages import _read
from radar.shapes import Outage
from radar.store import documents, travel
from radar.store.travel import Found, Missing

#: Seconds after which a page that is being prepared loads itself again.
AGAIN_S = 3

#: For how long a publication holds when none follows it, by the mode of its clock. A replay that runs as fast as it can
#: records each full hour.
SILENT = {"live": timedelta(minutes=15), "replay": timedelta(minutes=75)}

#: Pages that can be shown as of a moment: links between them stay in it.
_ON_THE_MAP = re.compile(r'href="/(?:country|region)/[A-Z0-9-]+(?=")')
_MOMENT = re.compile(r"[?&]at=")  # a link that leads to a moment of its own
_PLACES = ("/outage/", "/outages", "/country/", "/region/", "/asn/", "/geoasn/", "/provider/", "/providers")


def snapshot(at: str) -> _read.Snapshot | Component:
    """What was published by ``at``, or the page that says why it cannot be shown; the newest where ``at`` is empty.

    ``at`` is RFC 3339, or a date and time without zone, which is UTC. Raises StoreUnavailable.
    """
    if not at:
        return _read.snapshot()
    try:
        asked = moment(at if at[-1:] in "zZ" or at[-6:-5] in ("+", "-") else f"{at}Z")
    except ValueError:
        return _refused(400, _("We cannot read this time"), _("The time {at} cannot be read. Write it like this: "
                        "2026-03-02T12:00:00Z.").format(at=repr(at[:60])))  # fmt: skip
    found = travel.read(access.client(), asked, _read.wall())
    if isinstance(found, Found):
        return _past(found, asked)
    return _missing(found)


def outage(id: str, seen: _read.Snapshot) -> Outage | None:
    """One outage of that snapshot; None when it had not been published by then."""
    if seen.at is None:
        return _read.outage(id)
    current: Outage | None = documents.get(access.client(), f"outage:{id}")
    found: Outage | None = retell.document(known.one_then(seen.outages, id, current, times.parse(seen.at)))
    return found


def stay(page: Component, seen: _read.Snapshot) -> Component:
    """The page with its bar, and with links that stay in the moment. A page of now is given back as it is."""
    if seen.at is None or seen.clock is None:
        return page
    meta = replace(shell.meta_of(page), past=shell.Past(seen.at, seen.clock, seen.notice))
    setattr(page, "_meta", meta)  # noqa: B010 - not a declared attribute of Component
    hold(page, seen)
    return page


def hold(part: Any, seen: _read.Snapshot) -> None:
    """Make the links of a part of a page stay in the moment of the snapshot."""
    if seen.at is not None:
        _walk(part, seen.at)


def form(path: str) -> str:
    """A form that leads to the page as it was known at a time; it works without scripts."""
    return (
        f'<form action="{path}" method="get"><label for="at">{escape(_("As known at (UTC)"))}</label> '
        f'<input id="at" name="at" type="datetime-local" required> '
        f'<button type="submit">{escape(_("Show"))}</button></form>'
    )


def unpublished(since: datetime) -> str:
    """Why nothing is known of a time after a publication that none followed."""
    return _("Nothing was published after {time} for a while, so we cannot say how the Internet was.").format(
        time=times.words(times.rfc3339(since)))  # fmt: skip


def silence(past: shell.Past) -> str:
    """Why the page of a moment may be out of date: its publication lies too far back. Empty where it does not."""
    published = times.parse(past.clock["now"])
    late = times.parse(past.at) - published > SILENT[past.clock["mode"]]
    return unpublished(published) if late else ""


def links(svg: str, seen: _read.Snapshot) -> str:
    """A drawing with its links to countries and regions in the moment of the snapshot."""
    return svg if seen.at is None else _ON_THE_MAP.sub(rf"\g<0>?at={quote(seen.at, safe=':')}", svg)


def charts_note(path: str) -> Component:
    """What stands where the charts of a page of now are."""
    text = _("Charts show what is known today, so they are not part of a page about the past. ")
    return html.P([text, html.A(_("The page of now"), href=f"{path}?")], className="note")


def _past(found: Found, asked: datetime) -> _read.Snapshot:
    docs = found.told.docs
    past = _read.Snapshot(
        version=0,
        clock=docs["clock"],
        sources=docs["sources"] or [],
        outages=docs["outages"] or [],
        notice=docs["notice"],
        quality=[],
        entities=[],
        states=found.told.states,
        at=times.rfc3339(asked.astimezone(UTC)),
    )
    return _read.told(past)


def _missing(missing: Missing) -> Component:
    """Why nothing can be shown. Never a map that is not hatched throughout: an empty one would look like a calm one."""
    _read.note_hole()
    newest, oldest = (times.words(times.rfc3339(t)) if t else "" for t in (missing.newest, missing.oldest))
    if missing.why == "preparing":
        return shell.page(
            _("This is being prepared"),
            html.P(_("What was known at that time lies in the archive and is being brought back. This page "
                     "loads itself again; it usually takes a few seconds."), className="lede"),
            status=202, robots="noindex", refresh_s=AGAIN_S,
        )  # fmt: skip
    if missing.why == "future":
        return _refused(
            400, _("That time has not come"), _("The newest that is known is of {time}.").format(time=newest)
        )
    if missing.why == "early":
        return _refused(404, _("Nothing is recorded of that time"),
                        _("What was published is recorded from {time} on.").format(time=oldest))  # fmt: skip
    if missing.why == "lost":
        return _refused(404, _("Nothing is left of that time"), then.lost_words(missing.note))
    if missing.why == "nothing":
        return _refused(503, _("No data yet"), _("This radar has not published anything since it was installed."))
    return _refused(503, _("We cannot show that time just now"), then.why_not_prepared(missing))


def _refused(status: int, title: str, why: str) -> Component:
    back = html.P(html.A(_("Show now"), href="/"))
    return shell.page(title, html.P(why, className="lede"), back, status=status, robots="noindex")


def _walk(node: Any, at: str) -> None:
    if isinstance(node, list | tuple):
        for child in node:
            _walk(child, at)
    if not isinstance(node, Component):
        return
    href = getattr(node, "href", None)
    if isinstance(href, str) and (href == "/" or href.startswith(_PLACES)) and not _MOMENT.search(href):
        if href.endswith("?"):
            href = href[:-1]  # one that leads to now
        else:
            path, hash_, part = href.partition("#")
            href = f"{path}{'&' if '?' in path else '?'}at={quote(at, safe=':')}{hash_}{part}"
        setattr(node, "href", href)  # noqa: B010 - not every component has it
    _walk(getattr(node, "children", None), at)
