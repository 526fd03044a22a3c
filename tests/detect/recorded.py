"""Recorded series as tapes, through the real parsers, and the driver that plays them as the pipeline does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from radar.aggregate.bins import to_block
from radar.detect import Detector, OutageBook
from radar.detect.tape import Moment, Tape, play
from radar.shapes import Outage
from radar.signals import GROUPS
from radar.sources import get

IRAN = "ioda-iran-2026/ioda-iran-2025-12-01_2026-01-29-normalized.csv"


def iran(shared: Path) -> list[Tape]:
    """The export of Iran; the country is named by the file's original name, which the folder's copy has shortened."""
    path = shared / IRAN
    rows = get("ioda_signals").parse(path.read_bytes(), name="ioda-iran-(islamic-republic-of)-normalized.csv").rows
    return _tapes("ioda_signals", rows, ["ioda30", "ioda60"])


def youtube(shared: Path) -> list[Tape]:
    """Russia, the Netherlands and Georgia, 2019-2025."""
    parts = [
        get("google_traffic").parse(path.read_bytes(), name=path.name).rows
        for path in sorted((shared / "google-youtube-traffic").glob("*.csv.gz"))
    ]
    return _tapes("google_traffic", pl.concat(parts), ["google"])


def _tapes(source: str, rows: pl.DataFrame, groups: list[str]) -> list[Tape]:
    rows = rows.with_columns(
        source=pl.lit(source), simulated=pl.lit(False), received_at=pl.lit(rows["timebin"].max(), rows["timebin"].dtype)
    )
    found = []
    for name in groups:
        block = to_block(rows, GROUPS[name])
        assert block is not None, f"no rows for group {name}"
        found.append(Tape(GROUPS[name], block.start, block.entities, block.value, block.n))
    return found


def story(tapes: list[Tape]) -> Iterator[tuple[datetime, list[Moment], OutageBook, list[Outage]]]:
    """Play the tapes into a book: what was known after each moment, and the outages that changed in it."""
    book = OutageBook()
    detectors: dict[str, Detector] = {}
    for now, group in itertools.groupby(play(tapes), key=lambda moment: moment.now):
        moments = list(group)
        detectors |= {m.detector.group.name: m.detector for m in moments}
        alerts = [alert for m in moments for alert in m.result.alerts]
        wanted = sorted(book.watched() | {alert.entity for alert in alerts})
        views = [view for d in detectors.values() for view in d.views(wanted)]
        changed = book.update(now, alerts, views, common=[c for m in moments for c in m.result.common])
        yield now, moments, book, changed
