"""The world map of a moment as something to cite: what ``/map`` shows, and its files ``/map.csv`` and ``/map.svg``.

A moment is named in each address, so that a link keeps showing what was published then; the fingerprint is that of the
CSV, which is the same in every language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import flask
from dash.development.base_component import Component

from radar import entities, languages
from radar.api import envelope, table
from radar.components import kit, outages, shell, times
from radar.errors import StoreUnavailable
from radar.figures import map_file
from radar.figures.world import Region
from radar.labels import _
from radar.pages import _read, _then
from radar.shapes import EntityState, SourceStatus
from radar.signals import SIGNALS

COLUMNS = ("country", "name", "state", "simulated", "published")

#: States of sources that measure now.
_RUNNING = ("ok", "late", "failing")


@dataclass(frozen=True, slots=True)
class Found:
    """The map as it was published by a moment. ``regions``: what is marked within countries; ``heading``: the sentence
    of the page of then."""

    states: Mapping[str, EntityState]
    regions: Sequence[Region]
    snapshot: _read.Snapshot
    heading: str
    csv: bytes
    work: kit.Work


def read(at: str) -> Found | Component:
    """The map as of ``at``, the newest where that is empty; or the page that says why it cannot be shown.

    Raises StoreUnavailable.
    """
    snapshot = _then.snapshot(at)
    if isinstance(snapshot, Component):
        return snapshot
    if snapshot.clock is None:
        return shell.missing(_("This radar was installed and has not published anything yet."))
    states = {key.partition("/")[2]: seen for key, seen in snapshot.states.items() if key.startswith("country/")}
    every = snapshot.current()
    listed = outages.by_urgency(outages.listed(every))
    heading = outages.heading(listed, blind=snapshot.is_blind, muted=len(listed) < len(every), past=True)
    regions = outages.regions(listed)
    csv = _csv(states, regions, snapshot.clock["now"])
    return Found(states, regions, snapshot, heading, csv, _work(snapshot, states, regions, csv))


def csv_file() -> flask.Response:
    """``/map.csv``: the state of each country; an empty cell is a country that nothing was ever measured of.
    After them the regions that an open outage tells of, by their ISO 3166-2 codes."""
    return _file("text/csv", lambda found: found.csv)


def svg_file() -> flask.Response:
    """``/map.svg``: the map as a file that can be printed as it is."""
    return _file("image/svg+xml", lambda found: _drawn(found).encode())


def _drawn(found: Found) -> str:
    work = found.work
    when = times.words(found.snapshot.now)
    credit = " · ".join([
        _("As published at {time}").format(time=when),
        _("Source: {source}").format(source=work.source),
        *([_("simulated")] if work.simulated else []), _("Shapes: Natural Earth"), work.frozen,
    ])  # fmt: skip
    return map_file.svg(
        found.states, regions=found.regions, title=work.title, sentence=found.heading, credit=credit,
        base=envelope.address(""),
    )  # fmt: skip


def _file(kind: str, body: Callable[[Found], bytes]) -> flask.Response:
    at = flask.request.args.get("at", "")
    try:
        found = read(at)
    except StoreUnavailable:
        answer = flask.Response(_("We cannot read our own data just now.") + "\n", 503, mimetype="text/plain")
        answer.headers.update({"Retry-After": "30", "Cache-Control": "no-store"})
        return answer
    if isinstance(found, Component):
        meta = shell.meta_of(found)
        answer = flask.Response(f"{meta.title}\n", meta.status, mimetype="text/plain")
        answer.headers["Cache-Control"] = "no-store"
        return answer
    answer = flask.Response(body(found), content_type=f"{kind}; charset=utf-8")
    name = f"radar-map-{found.snapshot.now.replace(':', '').replace('-', '')}.{kind.partition('/')[2][:3]}"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = f"public, max-age={envelope.FRESH_S}"
    return answer


def _csv(states: Mapping[str, EntityState], regions: Sequence[Region], published: str) -> bytes:
    with languages.speaking("en"):
        rows: list[tuple[Any, ...]] = [
            (code, entities.country_name(code), seen["state"] if seen else None,
             seen["simulated"] if seen else None, published)
            for code in sorted(entities.countries()) for seen in [states.get(code)]
        ]  # fmt: skip
        rows += [
            (region.code, entities.name(f"region/{region.code}"), region.kind, region.simulated, published)
            for region in sorted(regions, key=lambda region: region.code)
        ]
    return table.write(COLUMNS, rows)


def _work(
    snapshot: _read.Snapshot, states: Mapping[str, EntityState], regions: Sequence[Region], csv: bytes
) -> kit.Work:
    moment = snapshot.now
    fingerprint = hashlib.sha256(csv).hexdigest()
    simulated = any(seen["simulated"] for seen in states.values()) or any(region.simulated for region in regions)
    judging = [row for row in snapshot.sources if row["state"] in _RUNNING and _judges(row)]
    return kit.Work(
        title=_("Where the Internet was broken, {time}").format(time=times.words(moment)),
        page=envelope.address("/"),
        frozen=envelope.address(f"/map?at={moment}&sha256={fingerprint[: kit.SHORT]}"),
        csv=envelope.address(f"/map.csv?at={moment}"),
        svg=envelope.address(f"/map.svg?at={moment}"),
        fingerprint=fingerprint,
        source=kit.credits(judging) or _("none that measures now"),
        licence="",
        paired=True,
        simulated=simulated,
        read=moment,
        kind=_("Map of simulated data") if simulated else _("Map"),
    )


def _judges(source: SourceStatus) -> bool:
    """Whether states come of it: some signal of it is judged, and some value has come."""
    judged = any(id in SIGNALS and SIGNALS[id].profile != "none" for id in source["signals"])
    return judged and source["newest_bin"] is not None
