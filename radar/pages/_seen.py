"""What each signal of an outage saw, cell by cell, read from the series rather than from the outage's summary.

The detector writes aspect ``score`` only where it could judge a bin: one without cannot say, whether it has no value
or one that too few measurements stand behind. Where a bin was affected, ``clean`` is what was expected of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from radar.api import access
from radar.components import times
from radar.figures import matrix
from radar.figures.matrix import Cell, Row
from radar.labels import _
from radar.pages import _read
from radar.shapes import Outage, OutageSignal, SourceStatus
from radar.signals import SLOTS
from radar.store import series

#: What the detector wrote of a bin.
_ASPECTS = ("score", "clean", "baseline")


def until(outage: Outage, snapshot: _read.Snapshot) -> datetime:
    """Up to when the matrix of an outage is drawn: its end, or the clock; of recorded history six hours after the last
    that was seen."""
    end = times.parse(outage["end"] or snapshot.now)
    if outage["end"] is None and outage.get("history"):
        seen = [times.parse(last) for row in outage["signals"] if (last := row.get("last_seen"))]
        end = min(end, max(seen) + timedelta(hours=6)) if seen else end
    return max(end, times.parse(outage["start_earliest"]) + timedelta(hours=1))


def rows(
    outage: Outage, snapshot: _read.Snapshot, end: datetime, *, of_series: bool = True
) -> tuple[list[Row], datetime, int]:
    """The matrix of an outage up to ``end``: rows, start and width of the first cell.

    Of now it is as the series have it (``of_series``), else as the outage itself says of its signals. Raises
    StoreUnavailable.
    """
    found, first, step = matrix.rows_of(outage["signals"], start=times.parse(outage["start_earliest"]), end=end)
    if of_series and not snapshot.at:  # the series hold what is known today
        found = refine(outage, found, first, step)
    return (
        [
            replace(row, note="", title=snapshot.title(row.source), terms=_terms(snapshot.source(row.source)))
            for row in found
        ],
        first,
        step,
    )


def _terms(source: SourceStatus | None) -> str:
    """How far behind a source is, what it usually is, and its licence: "6 min behind (usually 5 min) · CC BY 4.0"."""
    if source is None:
        return ""
    usual = times.duration(source["expected_lag_s"] / 60)
    if source["state"] == "history":
        lag = _("recorded")
    elif source["lag_s"] is None:
        lag = _("usually {usual} behind").format(usual=usual)
    else:
        lag = _("{lag} behind (usually {usual})").format(lag=times.duration(max(0, source["lag_s"]) / 60), usual=usual)
    return f"{lag} · {source['licence'] or _('licence not stated')}"


def refine(outage: Outage, rows: Sequence[Row], first: datetime, step_s: int) -> list[Row]:
    """The matrix rows with their cells as the series have them.

    Rows whose series is not kept or whose bins do not divide a cell, and outages that no single bin shows (slow
    degradation), stay as they are. Raises StoreUnavailable.
    """
    if outage.get("rule") == "slow_degradation" or not rows:
        return list(rows)
    end = first + timedelta(seconds=step_s * len(rows[0].cells))
    titles = {f"{row['signal']}@{row['source']}": row for row in outage["signals"]}
    kept = [sid for sid in titles if sid in SLOTS and step_s % SLOTS[sid][0].grain_s == 0]
    asked = [(outage["entity"], sid, aspect) for sid in kept for aspect in _ASPECTS]
    found = series.read_many(access.client(), asked, first, end)
    cells: dict[tuple[str, str], list[Cell]] = {}
    for sid in kept:
        slices = [found[outage["entity"], sid, aspect] for aspect in _ASPECTS]
        if not slices[0].empty:
            per = step_s // SLOTS[sid][0].grain_s
            signal, _, source = sid.partition("@")
            bins = [_affected(*bin) for bin in zip(*(row.values for row in slices), strict=True)]
            told = _told(titles[sid], ended=outage["status"] != "open")
            counted = [told(first + timedelta(seconds=SLOTS[sid][0].grain_s * i)) for i in range(len(bins))]
            cells[signal, source] = [_cell(bins[at : at + per], counted[at : at + per])
                                     for at in range(0, len(rows[0].cells) * per, per)]  # fmt: skip
    return [replace(row, cells=cells.get((row.signal, row.source), row.cells)) for row in rows]


def _affected(score: float | None, clean: float | None, baseline: float | None) -> bool | None:
    """Of one bin; None where it cannot say."""
    if score is None:
        return None
    return clean is not None and baseline is not None and math.isclose(clean, baseline, rel_tol=1e-6)


def _told(row: OutageSignal, *, ended: bool) -> Callable[[datetime], bool]:
    """Whether a bin that was beyond its threshold counts as seeing the outage: from when the outage says that the
    signal saw it, and (``ended``) to when. One bin alone before that opens nothing, and one that was found not to see
    it may have left its range later, or by little."""
    since = times.parse(row["first_seen"]) if row["first_seen"] and row["verdict"] != "not_affected" else None
    last = row.get("last_seen")
    until = times.parse(last) if last and ended else None
    return lambda bin: since is not None and since <= bin and (until is None or bin <= until)


def _cell(bins: Sequence[bool | None], counted: Sequence[bool]) -> Cell:
    if all(bin is None for bin in bins):
        return "insufficient"
    if any(bin and told for bin, told in zip(bins, counted, strict=True)):
        return "affected"
    return "small" if any(bins) else "not_affected"
