"""Archived candidates to rows: how many were first seen in each five minutes, per network and country that they hit.

A candidate that was taken back counts 0: that corrects the bin, which an earlier answer gave 1. The stream process
archives a changed candidate together with all others of its five minutes, so the newest answer about a bin is whole.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import NoReturn

import polars as pl

from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.routing.events import first_bin, read_lines
from radar.schema import SIGNALS, Parsed
from radar.shapes import RouteEvent
from radar.sources import Source
from radar.sources._bytes import begins, unpack
from radar.sources._rejections import Rejections

#: Candidates come when they come: that none was found for weeks is nothing late.
RARE_S = 30 * 86_400


def nobody(source: Source) -> NoReturn:
    """There is nobody to ask. Raises UpstreamUnavailable, with what to do."""
    known = source.derived_from.replace(",", " and ")
    raise UpstreamUnavailable(
        source.name, f"is worked out from {known} by `radar stream`; nobody can be asked, only a file read"
    )


def parse_events(body: bytes, *, source: str, signal: str, kinds: frozenset[str]) -> Parsed:
    """Read lines of JSON, one ``RouteEvent`` each; the last line of an id counts.

    ``n`` is null: a candidate is one, however many peers saw it. Nothing at all is no candidate. Raises UpstreamChanged
    when no line is a candidate of these kinds.
    """
    data, cut = unpack(body, source=source)
    found, faults, lines = read_lines(data)
    rejected = Rejections()
    for fault in faults.done():
        rejected.add(fault.reason, fault.example, fault.count)
    if cut:
        rejected.add("the compressed file ends early", f"after {len(data)} unpacked bytes")
    events: dict[str, RouteEvent] = {}
    for event in found:
        if event["kind"] in kinds:
            events[event["id"]] = event
        else:
            rejected.add("a candidate of another kind", f"{event['id']}: {event['kind']}")
    if lines and not events:
        raise UpstreamChanged(
            source,
            f"none of {lines} lines is a candidate ({', '.join(sorted(kinds))}); begins with {begins(data)}, "
            "expected one JSON object a line",
        )
    counts: Counter[tuple[int, str]] = Counter()
    for event in events.values():
        for entity in dict.fromkeys(event["entities"]):
            counts[first_bin(event), entity] += event["status"] != "dismissed"
    rows = pl.DataFrame(
        [
            (datetime.fromtimestamp(start, UTC), entity, signal, float(count), None)
            for (start, entity), count in sorted(counts.items())
        ],
        schema=SIGNALS,
        orient="row",
    )
    notes = {"candidates": len(events), "dismissed": sum(e["status"] == "dismissed" for e in events.values())}
    return Parsed(rows, rejected.done(), notes)
