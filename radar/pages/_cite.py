"""An outage as something to cite: what was published of it at a moment, with a fingerprint that a reader can check."""

from __future__ import annotations

import hashlib

from dash import html
from dash.development.base_component import Component

from radar import entities, known, languages
from radar.api import access, envelope
from radar.api.envelope import ApiError
from radar.api.outages import csv_of
from radar.components import kit, outages, shell, times
from radar.labels import _
from radar.pages import _read
from radar.shapes import Outage

#: Name of the kit; the offer and the page that it is fetched from have the same.
ID = "outage"


def offer(outage: Outage, snapshot: _read.Snapshot) -> Component:
    """The line that opens the kit, which is made only then."""
    return kit.offer(ID, f"/outage/{outage['id']}?at={snapshot.at or snapshot.now}&cite=1")


def section(outage: Outage, snapshot: _read.Snapshot, sha256: str) -> Component | None:
    """The kit, and whether what is published is what a link was made of. None where the record of that moment cannot
    be shown. Raises StoreUnavailable."""
    work = _work(outage, snapshot)
    if work is None:
        return None
    same = kit.standing(sha256.lower(), work.fingerprint) if sha256 else None
    note = _("The CSV holds all outages of this place as they were published at that moment, this one among them.")
    return shell.section(_("Share, download, cite"), same, kit.kit(ID, work, outages.agreement(outage)),
                         html.P(note, className="note"), id="cite")  # fmt: skip


def _work(outage: Outage, snapshot: _read.Snapshot) -> kit.Work | None:
    moment = snapshot.at or snapshot.now
    try:
        with languages.speaking("en"):  # the bytes that the API gives
            listed = access.read("outages", at=times.parse(moment)).docs["outages"] or []
            csv = csv_of(known.select(listed, entities=[outage["entity"]]))
    except ApiError:
        return None
    fingerprint = hashlib.sha256(csv).hexdigest()
    named = dict.fromkeys(row["source"] for row in outage["signals"])
    sources = [row for name in named if (row := snapshot.source(name)) is not None]
    page = f"/outage/{outage['id']}"
    return kit.Work(
        title=outages.headline(outage).rstrip("."),
        page=envelope.address(page),
        frozen=envelope.address(f"{page}?at={moment}&sha256={fingerprint[: kit.SHORT]}"),
        csv=envelope.address(f"/api/v1/outages?entity={outage['entity']}&at={moment}&format=csv"),
        svg="",
        png=envelope.address(f"/card/outage/{outage['id']}.png?at={moment}&lang={languages.current()}"),
        fingerprint=fingerprint,
        source=kit.credits(sources) or entities.name(outage["entity"]),
        licence="",
        paired=True,
        simulated=outage["simulated"],
        read=snapshot.now,
        kind=_("Record of a simulated outage") if outage["simulated"] else _("Record of an outage"),
    )
