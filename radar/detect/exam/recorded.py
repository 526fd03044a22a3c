"""The exam's real part: recorded sets with known events, where the checkout has them beside it.

What is not there is named as not sat; nothing of a recorded set is tuned on here, and what was seen while the detector
was written is said in docs/accuracy.md.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from radar.aggregate.bins import to_block
from radar.detect.evaluate import Loaded, run, to_alarm
from radar.detect.scorecard import Alarm, Label, score
from radar.detect.tape import Tape
from radar.signals import GROUPS, SIGNALS
from radar.sources import get

IRAN = "ioda-iran-2026/ioda-iran-2025-12-01_2026-01-29-normalized.csv"
IRAN_NAME = "ioda-iran-(islamic-republic-of)-normalized.csv"
YOUTUBE = "google-youtube-traffic"
CHOCOLATINE = "chocolatine-outage-labels"

#: Of Chocolatine's scores (larger: fewer sources than predicted) the mean of two hours is held against this many of
#: their own deviations: persistence is what their alarms lack.
MEAN_BINS, TIMES, LEAST = 24, 1.5, 0.5
FIVE_S = 300


def marks(folder: Path) -> list[dict[str, Any]]:
    """One row per set: ``name``, and ``summary`` or None where the set is not there."""
    rows = []
    for name, path, mark in (
        ("Chocolatine (TMA 2019), scores of the authors, our filter only", CHOCOLATINE, chocolatine),
        ("Iran, December 2025 to January 2026 (IODA)", IRAN, _iran),
        ("YouTube in Russia, the Netherlands, Georgia, 2019 to 2025 (Google)", YOUTUBE, _youtube),
    ):
        rows.append({"name": name, "summary": mark(folder) if (folder / path).exists() else None})
    return rows


def _iran(folder: Path) -> dict[str, Any]:
    parsed = get("ioda_signals").parse((folder / IRAN).read_bytes(), name=IRAN_NAME).rows
    start = datetime(2026, 1, 8, 16, tzinfo=UTC)
    label = Label(2, "country/IR", start, None, start_latest=start + timedelta(hours=1), depth=0.9, cause="shutdown")
    return _score(_loaded("ioda_signals", parsed, ("ioda30", "ioda60")), [label])


def _youtube(folder: Path) -> dict[str, Any]:
    parts = [
        get("google_traffic").parse(path.read_bytes(), name=path.name).rows
        for path in sorted((folder / YOUTUBE).glob("*.csv.gz"))
    ]
    label = Label(2, "country/RU", datetime(2024, 8, 1, tzinfo=UTC), None, depth=0.6, cause="throttling")
    return _score(_loaded("google_traffic", pl.concat(parts), ("google",)), [label])


def _loaded(source: str, rows: pl.DataFrame, groups: tuple[str, ...]) -> Loaded:
    rows = rows.with_columns(
        source=pl.lit(source), simulated=pl.lit(False), received_at=pl.lit(rows["timebin"].max(), rows["timebin"].dtype)
    )
    tapes = []
    for name in groups:
        block = to_block(rows, GROUPS[name])
        if block is not None:
            tapes.append(Tape(GROUPS[name], block.start, block.entities, block.value, block.n))
    until = max(t.start + timedelta(seconds=t.bins * t.group.grain_s) for t in tapes)
    return Loaded(tapes, dict(SIGNALS), {}, until)


def _score(loaded: Loaded, labels: list[Label]) -> dict[str, Any]:
    outages, spans = run(loaded)
    judged = {key: sum(e - b for b, e in found) for key, found in spans.items()}
    alarms = [to_alarm(outage) for outage in outages]
    return dict(score(alarms, labels, judged_s=judged, volumes={}, until=loaded.until)["summary"])


def chocolatine(folder: Path) -> dict[str, Any]:
    """Summary of our filter over the authors' scores, within the time that they tested on."""
    table = pl.read_parquet(folder / CHOCOLATINE / "scores.parquet").sort("entity", "ts")
    told = json.loads((folder / CHOCOLATINE / "labels.json").read_text("utf-8"))
    have = set(table["entity"].unique().to_list())
    labels: list[Label] = []
    tests: dict[str, tuple[datetime, datetime]] = {}
    for event in told:
        for entity, spans in event["outages"].items():
            if entity not in have or entity not in event["signals"]:
                continue
            begin, end = (datetime.fromisoformat(t).replace(tzinfo=UTC) for t in event["test_time"])
            tests[entity] = (begin, end)
            labels += [Label(len(labels) + 2, entity, _utc(a), _utc(b)) for a, b in spans]
    alarms: list[Alarm] = []
    for (entity,), part in table.partition_by("entity", as_dict=True).items():
        if entity in tests:
            alarms += filtered(str(entity), part["ts"].to_list(), part["score"].to_numpy(), *tests[str(entity)])
    judged = {key: (end - begin).total_seconds() for key, (begin, end) in tests.items()}
    until = max(end for _, end in tests.values())
    return dict(score(alarms, labels, judged_s=judged, volumes={}, until=until)["summary"])


def filtered(
    entity: str, times: list[datetime], raw: np.ndarray, begin: datetime, end: datetime
) -> list[Alarm]:  # fmt: skip
    """Alarms of one series of scores: the mean of two hours above its threshold; gaps under three hours joined."""
    scores = np.nan_to_num(raw.astype(np.float64))
    mean = np.convolve(scores, np.ones(MEAN_BINS) / MEAN_BINS)[: len(scores)]
    at = [t.replace(tzinfo=UTC) for t in times]
    before = np.array([t < begin for t in at])
    past = scores[before] if before.sum() > MEAN_BINS else scores
    bound = max(LEAST, TIMES * 1.4826 * float(np.median(np.abs(past - np.median(past)))))
    found: list[list[datetime]] = []
    for t, value in zip(at, mean, strict=True):
        if value > bound and begin <= t < end:
            if found and t - found[-1][1] <= timedelta(hours=3):
                found[-1][1] = t + timedelta(seconds=FIVE_S)
            else:
                found.append([t, t + timedelta(seconds=FIVE_S)])
    return [
        Alarm(f"{entity}-{a:%Y%m%d%H%M}", entity, a, b, a + timedelta(seconds=FIVE_S), "outage", "closed", None, ())
        for a, b in found
    ]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
