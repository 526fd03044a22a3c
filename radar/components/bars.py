"""The bars on top of every page, most urgent first: the page is of an earlier moment; our own measurement is impaired;
data is stale; this is simulated or replayed. More than one can apply; each says since when and what it means for the
reader."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import times
from radar.components.ssr import marks
from radar.labels import _
from radar.shapes import Clock, Notice


def bars(
    *,
    clock: Clock | None,
    notice: Notice | None = None,
    lost_since: datetime | None = None,
    stalled_since: datetime | None = None,
    blind: bool = False,
    past: str | None = None,
    unpublished: str = "",
    only_now: bool = False,
    path: str = "/",
) -> list[Component]:
    """All bars that apply.

    Parameters
    ----------
    lost_since
        Wall clock since when the store cannot be asked, while older documents are shown.
    stalled_since
        Wall clock of the last publication, when that is too long ago.
    blind
        The store cannot be asked and nothing older is at hand.
    past
        The moment that the page is of, where that is not now; ``path`` is the page of now, and ``unpublished`` says
        that nothing had been published for long by then.
    only_now
        A moment was asked for, and the page knows none but now.
    """
    found: list[Component] = []
    if past is not None:
        title = [_("As known at"), " ", times.time(past), "."]
        link = html.A(_("Show now"), href=path)
        found.append(_bar("past", title, [_("Later corrections are not shown."), " ", link], "note"))
    if only_now:
        text = _("What it tells is not recorded from moment to moment, so the moment in its address changes nothing.")
        found.append(_bar("past", _("This page shows how it is now."), [text], "note"))
    if unpublished:
        found.append(_bar("stale", _("This page may not tell how it was."), [unpublished], "note"))
    now = clock["now"] if clock else None
    if notice is not None and notice["until"] is None:
        since = [" ", _("Since"), " ", times.time(notice["since"], now), "."]
        found.append(_bar("impaired", _("Our own measurement is impaired."), [notice["text"], *since], "alert"))
    if blind:
        text = _("We cannot reach our own data, so we cannot say how the Internet is. This page shows no states.")
        found.append(_bar("stale", _("We cannot see."), [text], "alert"))
    elif lost_since is not None:
        read = times.rfc3339(lost_since)
        text = _("We cannot reach our own data since {time}; what you see is the last that we read.")
        found.append(_bar("stale", _("This page is not up to date."), [text.format(time=times.words(read))], "alert"))
    elif stalled_since is not None:
        last = times.words(times.rfc3339(stalled_since))
        text = _("Nothing new has been published since {time}. The state of the Internet may have changed.")
        found.append(_bar("stale", _("This page is not up to date."), [text.format(time=last)], "alert"))
    if clock is not None and (clock["simulated"] or clock["mode"] == "replay"):
        found.append(_bar("simulated", *_replay(clock), "note"))
    return found


def _replay(clock: Clock) -> tuple[str, list[Any]]:
    title = _("Simulated data.") if clock["simulated"] else _("A replay of recorded data.")
    at: list[Any] = [_("The clock here reads"), " ", times.time(clock["now"])]
    if clock["speed"] > 0:
        speed = _("played at {n} times real speed").format(n=cldr.written(f"{clock['speed']:g}"))
        return title, [*at, f", {speed}."]
    return title, [*at, "; ", _("the replay has ended"), "."]


def _bar(kind: str, title: Any, text: list[Any], role: str) -> Component:
    inside = html.Div([html.Strong(title), " ", *text], className="bar-in")
    return html.Div(inside, className=f"bar bar-{kind}", role=role, **marks(data_bar=kind))
