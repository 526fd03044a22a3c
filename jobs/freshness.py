"""How fresh each source is, in numbers and in one word: rows of document ``sources``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from jobs.grouprun import GroupRun
from jobs.ledger import Entry
from radar.aggregate.bins import bin_end, bin_start
from radar.shapes import SourceStatus
from radar.sources import Source
from radar.times import parse as parse_time
from radar.times import rfc3339

#: A source is late once its newest bin is this many times older than it normally is.
LATE = 2.0


def source_status(
    source: Source,
    runs: Collection[GroupRun],
    entry: Entry,
    now: datetime,
    *,
    history: bool,
    enabled: bool,
    off: str = "",
) -> SourceStatus:
    """One source's row.

    A source of happenings has no bins: its lag runs from its last answer.

    ``history``: a recorded set that keeps its own dates, so it is never late. ``enabled``: whether it is collected
    here; a source that is not, and never gave a row, is "off"; ``off`` says why. Lag runs from the end of the newest
    bin to ``now``.
    """
    mine = [run for run in runs if run.source.name == source.name]
    newest = [
        (bin_end(run.group.grain_s, start), start)
        for run in mine
        if run.progress.newest_bin is not None
        for start in [bin_start(run.group.grain_s, run.progress.newest_bin)]
    ]
    oldest = [
        bin_start(run.group.grain_s, run.progress.oldest_bin) for run in mine if run.progress.oldest_bin is not None
    ]
    lag = (now - max(newest)[0]).total_seconds() if newest else None
    if not source.signals and entry.last_success is not None:  # no bins: it is as fresh as its last answer
        lag = (now - parse_time(entry.last_success)).total_seconds()
    gaps = sorted(
        (bin_start(run.group.grain_s, first), bin_end(run.group.grain_s, bin_start(run.group.grain_s, last)))
        for run in mine
        for first, last in run.progress.gaps
    )
    expected = source.lag_s + source.cadence_s
    failing = entry.last_error_at is not None and (entry.last_success or "") < entry.last_error_at
    state = "ok"
    if history and newest:
        state = "history"
    elif failing:
        state = "failing"
    elif lag is None:
        state = "never" if enabled else "off"
    elif lag > LATE * expected:
        state = "late"
    status: SourceStatus = {
        "name": source.name,
        "title": source.title,
        "org": source.org,
        "url": source.url,
        "info_url": source.info_url,
        "licence": source.licence,
        "licence_url": source.licence_url,
        "attribution": source.attribution,
        "summary": source.summary,
        "proof": source.proof,
        "signals": sorted({series.partition("@")[0] for run in mine for series in run.group.series})
        or sorted(source.signals),
        # what has no series is simulated where everything else that is collected is
        "simulated": any(run.progress.simulated for run in (mine if source.signals else runs)),
        "state": state,  # type: ignore[typeddict-item]  # one of the words above
        "oldest_bin": rfc3339(min(oldest)) if oldest else None,
        "newest_bin": rfc3339(max(newest)[1]) if newest else None,
        "lag_s": lag if not history else None,
        "expected_lag_s": expected,
        "last_success": entry.last_success,
        "last_error": entry.last_error,
        "last_error_at": entry.last_error_at,
        "rows": sum(run.progress.rows for run in mine),
        "rejected": entry.rejected,
        "rejected_examples": entry.rejected_examples,
        "gaps": [{"from": rfc3339(first), "until": rfc3339(last)} for first, last in gaps[-20:]],
    }
    if state == "off" and off:
        status["off"] = off
    return status
