"""The document of attacks, for the pages that show it: read once, and what rises."""

from __future__ import annotations

from typing import cast

from dash import html
from dash.development.base_component import Component

from radar.api import access
from radar.api.attacks import standing
from radar.components import attacks as parts
from radar.components import outages, shell, state, times
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.pages import _read, _then
from radar.providers import name_of
from radar.shapes import Outage
from radar.shapes.attacks import AttackRule, Attacks
from radar.store import documents

#: The document as this process read it last, and of which publication it is.
_kept: dict[str, tuple[int, Attacks | None]] = {}


def forget() -> None:
    """Drop what was read, as a process that has just started."""
    _kept.clear()


def published(version: int) -> Attacks | None:
    """The document, read once per publication; the last good one when the store is gone. Raises StoreUnavailable."""
    kept = _kept.get("attacks")
    if kept is not None and kept[0] == version:
        return kept[1]
    try:
        found = cast("Attacks | None", documents.get(access.client(), "attacks"))
    except StoreUnavailable:
        _read.note_hole()
        if kept is None:
            raise
        return kept[1]
    _kept["attacks"] = (version, found)
    return found


def firewalls(at: str = "") -> Component:
    """The page of our firewalls as a provider: what they counted in a sentence, what rises, and where the rest is. As
    of a moment only what rose: what they counted is kept as it is today."""
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    found = None if snapshot.at else published(snapshot.version)
    name = name_of("our-firewalls")
    if snapshot.at:
        head = _("What firewalls counted is known as of today, so it is not part of a page about the past.")
    elif found is None:
        head = _("No match of a firewall's rule has been read here.")
    else:
        head = parts.sentence(found, snapshot.now, quiet=standing(found, snapshot.clock) == "quiet")
    more = html.P([_("By rule, origin and target: "), html.A(_("attempts that firewalls saw"), href="/attacks"), "."])
    page = shell.page(
        name,
        html.P([head, " ", state.simulated(found is not None and found["simulated"])], className="lede"),
        rises(risen(snapshot), snapshot.now),
        more,
        heading=name,
        kicker=_("Provider"),
        description=head,
    )
    return _then.stay(page, snapshot)


def risen(snapshot: _read.Snapshot, rule: str = "") -> list[Outage]:
    """News of rules, or of this one: that attempts rise, or rose in the last seven days; newest first."""
    oldest = times.rfc3339(times.parse(snapshot.now) - parts.NEW_FOR)
    return [
        row
        for row in snapshot.outages
        if row.get("about") and (not rule or row.get("about") == rule) and row["status"] != "retracted"
        and (row["end"] is None or row["end"] >= oldest)
    ]  # fmt: skip


def rises(found: list[Outage], now: str) -> Component | None:
    """The section of rises; None where there are none."""
    if not found:
        return None
    note = _("An hour clearly fuller than every hour of the six days before. Attempts, and no outage of a network.")
    return shell.section(_("Rises"), outages.listing(found, now), note=note, id="rises")


def usual_range(rule: AttackRule) -> str:
    """A rule of today is drawn over 24 hours, any other over seven days."""
    return "24h" if rule["trend"] == "new" else "7d"
