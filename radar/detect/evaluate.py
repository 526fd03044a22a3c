"""Run the production detector over SIGNALS rows from a file, and mark it against labelled events.

The same :class:`Detector` and :class:`OutageBook` as in the live pipeline, on the data's own clock. Entities may be any
names; the grain of each series is read off its bins. What is wrong with a file is told with file, column and row.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from radar.detect.engine import Detector
from radar.detect.model import Alert, Common
from radar.detect.outages import OutageBook
from radar.detect.scorecard import Alarm, Label, score
from radar.detect.tape import Tape, play
from radar.errors import SchemaError
from radar.shapes import Outage
from radar.signals import SIGNALS, Group, Profile, Signal, series_id
from radar.times import parse

ProfileName = Literal["seasonal", "flat", "burst", "latency", "ratio"]
COLUMNS = ("timebin", "entity", "signal", "value")
WIDTH = 8
NAN = np.float32(np.nan)


class UnknownSignal(SchemaError):
    """A signal that the catalogue does not have, and no profile was given for it. Names it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Series laid out for the detector. ``volumes``: median observations per bin by entity, where known."""

    tapes: list[Tape]
    catalogue: dict[str, Signal]
    volumes: dict[str, float]
    until: datetime


def backtest(signals: Path, labels: Path, *, profile: ProfileName | None = None) -> dict[str, Any]:
    """Play the signals through the detector and score what it published; see :func:`radar.detect.scorecard.score`.

    Raises
    ------
    UnknownSignal
        A signal outside the catalogue and no ``profile``.
    SchemaError
        A file that cannot be read, a column missing or of another kind, a bad value; names file, column and row.
    """
    loaded = load_signals(signals, profile=profile)
    truth = load_labels(labels)
    outages, judged = run(loaded)
    truth = [_scoreable(label, judged) for label in truth]
    alarms = [to_alarm(outage) for outage in sorted(outages, key=lambda o: (o["entity"], o["start"], o["id"]))]
    seconds = {key: sum(e - b for b, e in spans) for key, spans in judged.items()}
    return score(alarms, truth, judged_s=seconds, volumes=loaded.volumes, until=loaded.until)


def run(loaded: Loaded) -> tuple[list[Outage], dict[str, list[tuple[float, float]]]]:
    """All outages ever published, and for each entity the spans (seconds) in which something could be judged."""
    book = OutageBook()
    detectors: dict[str, Detector] = {}
    judged: dict[str, list[tuple[float, float]]] = {key: [] for tape in loaded.tapes for key in tape.entities}
    for now, moments in itertools.groupby(play(loaded.tapes, loaded.catalogue), key=lambda moment: moment.now):
        alerts: list[Alert] = []
        commons: list[Common] = []
        for moment in moments:
            group = moment.detector.group
            detectors[group.name] = moment.detector
            alerts += moment.result.alerts
            commons += moment.result.common
            end = now.timestamp()
            for row in np.flatnonzero((moment.result.verdict > 0).any(axis=1)):
                _extend(judged[moment.entities[row]], end - group.grain_s, end)
        if not alerts and not commons and not book.watched():
            continue
        wanted = sorted(book.watched() | {alert.entity for alert in alerts})
        book.update(now, alerts, [v for d in detectors.values() for v in d.views(wanted)], common=commons)
    return book.all, judged


def load_signals(path: Path, *, profile: ProfileName | None = None) -> Loaded:
    """Read SIGNALS rows (Parquet, or CSV by its name) and lay them out. Raises SchemaError, UnknownSignal."""
    return from_rows(_read(path), path, profile=profile)


def from_rows(rows: pl.DataFrame, path: Path, *, profile: ProfileName | None = None) -> Loaded:
    """The same from rows at hand; ``path``: what errors call them. Raises SchemaError, UnknownSignal."""
    rows = _checked(rows, path)
    names = sorted(rows["signal"].unique().to_list())
    unknown = [name for name in names if name not in SIGNALS]
    if unknown and profile is None:
        raise UnknownSignal(f"{path}: column signal: {', '.join(unknown)} not in the catalogue; say how to judge it "
                            "with --profile")  # fmt: skip
    catalogue = {name: _signal(name, rows, profile) for name in names}
    judged = [name for name in names if catalogue[name].profile != "none"]
    rows = rows.filter(pl.col("signal").is_in(judged))
    if rows.is_empty():
        raise SchemaError(f"{path}: column signal: {', '.join(names)} are shown but never judged; give --profile")
    series: dict[int, list[tuple[str, pl.DataFrame]]] = defaultdict(list)
    for (name, source), part in sorted(rows.partition_by("signal", "source", as_dict=True).items()):
        series[_grain(part, path, str(name))].append((series_id(str(name), str(source)), part))
    entities = sorted(rows["entity"].unique().to_list())
    tapes = []
    for grain, members in sorted(series.items()):
        for i in range(0, len(members), WIDTH):
            some = members[i : i + WIDTH]
            group = Group(f"file{grain}_{i // WIDTH}", grain, len(some), tuple(name for name, _ in some))
            tapes.append(_tape(group, [part for _, part in some], entities))
    until = max(datetime.fromtimestamp(t.start.timestamp() + t.bins * t.group.grain_s, UTC) for t in tapes)
    return Loaded(tapes, catalogue, _volumes(rows, catalogue), until)


def load_labels(path: Path) -> list[Label]:
    """Read labelled events. Raises SchemaError with file, column and row for what cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in ("entity", "start", "end") if name not in (reader.fieldnames or ())]
            if missing:
                raise SchemaError(f"{path}: no column {', '.join(missing)}; expected entity,start,end")
            return [_label(row, number, path) for number, row in enumerate(reader, start=2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SchemaError(f"{path}: cannot be read as CSV: {error}") from None


# ---------------------------------------------------------------------- signals


def _read(path: Path) -> pl.DataFrame:
    try:
        if path.suffix.lower() == ".csv":
            return pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SchemaError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from None


def _checked(rows: pl.DataFrame, path: Path) -> pl.DataFrame:
    missing = [name for name in COLUMNS if name not in rows.columns]
    if missing:
        raise SchemaError(f"{path}: no column {', '.join(missing)}; expected {', '.join(COLUMNS)} and, if known, n")
    if rows.is_empty():
        raise SchemaError(f"{path}: holds no rows")
    kind = rows.schema["timebin"]
    if not isinstance(kind, pl.Datetime):
        raise SchemaError(f"{path}: column timebin is {kind}; expected times with a zone")
    if kind.time_zone is None:
        raise SchemaError(f"{path}: column timebin has no time zone; expected times in UTC")
    for name in ("entity", "signal"):
        if rows.schema[name] not in (pl.String, pl.Categorical, pl.Enum):
            raise SchemaError(f"{path}: column {name} is {rows.schema[name]}; expected text")
    for name in ("value", "n"):
        if name in rows.columns and not (rows.schema[name].is_numeric() or rows.schema[name] == pl.Null):
            raise SchemaError(f"{path}: column {name} is {rows.schema[name]}; expected numbers")
    rows = rows.with_row_index("row", offset=1)
    for name in ("timebin", "entity", "signal"):
        _refuse(rows.filter(pl.col(name).is_null()), path, name, "is null")
    value = pl.col("value").cast(pl.Float64)
    _refuse(rows.filter(value.is_nan() | value.is_infinite()), path, "value", "is not a finite number; no data is null")
    counted = [name for name, signal in SIGNALS.items() if signal.scale == "count"]
    below = pl.col("signal").cast(pl.String).is_in(counted) & (value < 0)
    _refuse(rows.filter(below), path, "value", "is negative; expected a count")
    if "n" not in rows.columns:
        rows = rows.with_columns(n=pl.lit(None, pl.Float64))
    _refuse(rows.filter(pl.col("n").cast(pl.Float64) < 0), path, "n", "is negative")
    if "source" not in rows.columns:
        rows = rows.with_columns(source=pl.lit("file"))
    rows = rows.with_columns(
        pl.col("timebin").dt.convert_time_zone("UTC").dt.cast_time_unit("us"),
        pl.col("entity", "signal", "source").cast(pl.String),
        pl.col("value", "n").cast(pl.Float64),
    )
    key = ["timebin", "entity", "signal", "source"]
    if "received_at" in rows.columns:
        return rows.sort("received_at", maintain_order=True).unique(key, keep="last", maintain_order=True)
    twice = rows.filter(rows.select(key).is_duplicated())
    _refuse(twice, path, "timebin", "repeats another row's time, entity, signal and source")
    return rows


def _refuse(rows: pl.DataFrame, path: Path, column: str, why: str) -> None:
    if not rows.is_empty():
        first = rows.row(0, named=True)
        seen = first[column].isoformat() if isinstance(first[column], datetime) else repr(first[column])
        raise SchemaError(f"{path}: column {column}, row {first['row']}: {seen} {why} ({rows.height} such rows)")


def _signal(name: str, rows: pl.DataFrame, profile: ProfileName | None) -> Signal:
    known = SIGNALS.get(name)
    if known is not None and profile is None:
        return known
    bad: Literal["low", "high"] = "low" if profile in ("seasonal", "flat") else "high"
    kind: Profile = profile or "none"
    if known is not None:
        return replace(known, profile=kind, bad=bad)
    values = rows.filter(pl.col("signal") == name)["value"].drop_nulls()
    numbers = values.to_numpy()
    whole = bool(((numbers == np.round(numbers)) & (numbers >= 0)).all()) and bool((numbers > 1).any())
    scale = {"latency": "ms", "ratio": "share"}.get(str(profile), "count" if whole else "normalised")
    return Signal(name, name, "", scale, kind, bad, "data", "file", "")  # type: ignore[arg-type]  # one of the scales


def _grain(part: pl.DataFrame, path: Path, name: str) -> int:
    """Seconds of one bin: the commonest step between neighbouring bins of one entity."""
    steps: Counter[int] = Counter()
    for times in part.sort("timebin").partition_by("entity"):
        seconds = times["timebin"].dt.epoch("s").unique().sort().diff().drop_nulls()
        steps.update(seconds.to_list())
    if not steps:
        raise SchemaError(f"{path}: column timebin: {name} has one bin only; the width of a bin cannot be told")
    best = max(steps.values())
    return max(1, min(step for step, count in steps.items() if count == best))


def _tape(group: Group, parts: list[pl.DataFrame], entities: list[str]) -> Tape:
    rows = {key: i for i, key in enumerate(entities)}
    bins = [part["timebin"].dt.epoch("s").to_numpy() // group.grain_s for part in parts]
    first, last = min(int(b.min()) for b in bins), max(int(b.max()) for b in bins)
    shape = (len(entities), last - first + 1, group.width)
    values, n = np.full(shape, NAN, np.float32), np.full(shape, NAN, np.float32)
    for slot, (part, at) in enumerate(zip(parts, bins, strict=True)):
        who = np.array([rows[key] for key in part["entity"].to_list()], np.intp)
        values[who, at - first, slot] = part["value"].fill_null(np.nan).to_numpy()
        n[who, at - first, slot] = part["n"].fill_null(np.nan).to_numpy()
    return Tape(group, datetime.fromtimestamp(first * group.grain_s, UTC), entities, values, n)


def _volumes(rows: pl.DataFrame, catalogue: dict[str, Signal]) -> dict[str, float]:
    counts = [name for name, signal in catalogue.items() if signal.scale == "count"]
    observed = pl.when(pl.col("signal").is_in(counts)).then(pl.col("value")).otherwise(pl.col("n"))
    table = rows.with_columns(v=observed).filter(pl.col("v").is_not_null())
    table = (
        table.group_by("entity", "signal", "source").agg(pl.col("v").median()).group_by("entity").agg(pl.col("v").max())
    )
    return dict(sorted((str(entity), float(v)) for entity, v in table.iter_rows()))


# ---------------------------------------------------------------------- labels and alarms


def _label(row: dict[str, str | None], number: int, path: Path) -> Label:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    def fail(name: str, expected: str) -> SchemaError:
        return SchemaError(f"{path}: column {name}, row {number}: {text(name)!r}; expected {expected}")

    def time(name: str) -> datetime | None:
        if not text(name):
            return None
        try:
            found = datetime.fromisoformat(text(name))
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except ValueError:
            raise fail(name, "a time such as 2026-01-08T16:30:00Z (UTC where no zone is given)") from None

    def one_of(name: str, default: str, *words: str) -> str:
        word = text(name) or default
        if word not in words:
            raise fail(name, f"one of {', '.join(words)}")
        return word

    start, end = time("start"), time("end")
    if not text("entity"):
        raise fail("entity", "the entity's name")
    if start is None:
        raise fail("start", "a time such as 2026-01-08T16:30:00Z")
    if end is not None and end < start:
        raise fail("end", "a time not before the start")
    try:
        depth = float(text("depth")) if text("depth") else None
    except ValueError:
        raise fail("depth", "a number from 0 to 1") from None
    if depth is not None and not 0 <= depth <= 1:
        raise fail("depth", "a number from 0 to 1")
    return Label(
        row=number,
        entity=text("entity"),
        start=start,
        end=end,
        start_latest=time("start_latest"),
        end_latest=time("end_latest"),
        signal=text("signal"),
        cause=text("cause"),
        depth=depth,
        scoreable=one_of("scoreable", "", "", "yes", "no_coverage", "unknown"),
        kind=one_of("kind", "outage", "outage", "must_not_fire"),
    )


def _scoreable(label: Label, judged: dict[str, list[tuple[float, float]]]) -> Label:
    """A label that does not say whether the data can show it: yes where at least one bin of it could be judged."""
    if label.scoreable:
        return label
    begin, end = label.start.timestamp(), label.end.timestamp() if label.end else float("inf")
    seen = any(b < max(end, begin + 1) and e > begin for b, e in judged.get(label.entity, []))
    return replace(label, scoreable="yes" if seen else "no_coverage")


def _extend(spans: list[tuple[float, float]], begin: float, end: float) -> None:
    """Add a span to ascending ones, joined with the newest where they touch: time is never counted twice."""
    if spans and begin <= spans[-1][1]:
        spans[-1] = (min(spans[-1][0], begin), max(spans[-1][1], end))
    else:
        spans.append((begin, end))


def _evidence(outage: Outage) -> tuple[float, float, int] | None:
    for row in outage["signals"]:
        numbers, depth = row.get("numbers"), row["depth"]
        if numbers is not None and numbers["score"] is not None and depth is not None:
            return numbers["score"], depth, numbers["bins"]
    return None


def to_alarm(outage: Outage) -> Alarm:
    """An outage as an answer to be marked."""
    return Alarm(
        id=outage["id"],
        entity=outage["entity"],
        start=parse(outage["start"]),
        end=None if outage["end"] is None else parse(outage["end"]),
        known_at=parse(outage["known_at"]),
        level=outage["level"],
        status=outage["status"],
        confidence=outage["confidence"],
        signals=tuple(row["signal"] for row in outage["signals"] if row["verdict"] == "affected"),
        evidence=_evidence(outage),
    )
