"""``radar aggregate``: raw rows, logs and results of any number of files to bins, on the engine of the settings.

What it leaves in its folder::

    aggregate.json                   by which entities, in which grain, and which of the two ways
    bins-20260302T0000Z.parquet      bins of an hour (of a day, for grains of an hour and more)
    partials-20260302T0000Z.parquet  what they were made of, so that late rows can be added

Without ``exact`` the same folder may be given again with more files: a file that is in it already is not counted again,
and a bin that had been published and changes has a ``revision`` above 1 and is told.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import orjson

from jobs.engines import Engine, engine, places
from jobs.engines.convert import ANY, Converted, ToConvert, convert, look
from jobs.engines.plan import apart, lone, pieces_of, stretches_of, windows_of
from jobs.engines.steps import Measured, Published, ToMeasure, count, measure, publish, sort
from jobs.progress import screen
from radar.aggregate.rollup.forms import ROWS
from radar.aggregate.rollup.rows import Spec
from radar.errors import ArchiveError, ConfigError
from radar.settings import Settings
from radar.sources import edge_logs

A = TypeVar("A")
R = TypeVar("R")

#: Memory that a row takes while its piece is counted, or its stretch of time sorted, and that a row of partials takes
#: while a window is merged, in bytes (docs/scale.md).
COUNTED_B, SORTED_B, MERGED_B = 400, 75, 300

_NOTE, _SHUFFLE = "aggregate.json", "shuffle-"


@dataclass(slots=True)
class Report:
    """What was done. ``lost``: reason -> rows that do not count; ``files_again``: files that the folder held before."""

    engine: str
    by: str
    grain: str
    exact: bool
    files: int
    forms: dict[str, int] = field(default_factory=dict)  # form -> files
    files_again: int = 0
    rows: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    bins_new: int = 0
    bins_changed: list[dict[str, Any]] = field(default_factory=list)
    shuffle_bytes: int = 0
    seconds: float = 0.0


#: Told how far a phase is: share done, text, name of the phase.
Progress = Callable[[float, str, str], None]


def run(
    settings: Settings, given: Sequence[str], *, spec: Spec, into: str, exact: bool, parts: int = 1, form: str = ANY,
    name: str, as_json: bool,
) -> int:  # fmt: skip
    """Aggregate and print what was done. Raises RadarError."""
    with screen(sys.stderr) as view, engine(name, settings) as chosen:
        report = aggregate(
            chosen, places.find(given, every=form != ROWS), spec, into, exact=exact, parts=parts, form=form,
            memory_mb=settings.engine_memory_mb, key=lambda: edge_logs.client_key(settings.data_dir),
            progress=lambda done, text, phase: view.progress(done, text, phase=phase),
        )  # fmt: skip
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(asdict(report), option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n")
        return 0
    print(f"{report.rows} rows of {report.files} files by {report.by} and {report.grain}: {report.bins_new} new bins, "
          f"{len(report.bins_changed)} changed ones ({report.seconds:.1f} s, engine {report.engine})")  # fmt: skip
    for reason, rows in report.lost.items():
        print(f"not counted: {rows} rows, {reason}")
    for bin_ in report.bins_changed:
        print(f"changed: {bin_['bin']:%Y-%m-%dT%H:%MZ}, {bin_['rows_before']} rows, now {bin_['rows']} "
              f"(revision {bin_['revision']})")  # fmt: skip
    if report.files_again:
        print(f"{report.files_again} files were in the folder already and were not counted again.")
    return 0


def aggregate(
    chosen: Engine, files: Sequence[str], spec: Spec, into: str, *, exact: bool, memory_mb: int,
    parts: int = 1, form: str = ANY, key: Callable[[], int] = lambda: int.from_bytes(os.urandom(8)),
    progress: Progress = lambda *_: None,
) -> Report:  # fmt: skip
    """All steps, on that engine. ``key`` keys the digests of clients, where the files hold addresses; with another key
    the same client counts again.

    Raises ConfigError for a folder that holds something else, SchemaError, ArchiveError and EngineLost.
    """
    begun = time.monotonic()
    into = into if "://" in into else str(Path(into).absolute())
    report = Report(chosen.name, spec.by, spec.grain, exact, len(files))
    shuffle = f"{_SHUFFLE}{uuid4().hex}"
    with _alone(into):
        wanted = {"by": spec.by, "grain": spec.grain, "exact": exact, "parts": parts}
        _check(into, wanted)
        try:
            memory = (memory_mb << 20) // chosen.lanes
            given = _converted(chosen, files, form, ToConvert("", "", spec, into, shuffle, memory, 0), key, progress)
            report.forms = dict(sorted(Counter(one.form for one in given).items()))
            ids = {file: one.id for one in given for file in one.rows}
            asked = [ToMeasure(file, spec, "span" if exact else "rows") for file in ids]
            measured = sorted(_each(chosen, measure, asked, progress, "measure"), key=lambda one: one.file)
            measured = [replace(one, id=ids[one.file] or one.id) for one in measured]
            _note(into, {**wanted, "whole": not exact})
            if exact:
                _sorted(chosen, measured, spec, into, memory_mb, progress, report)
                _note(into, {**wanted, "whole": True})
                again: set[str] = set()
            else:
                again = _counted(chosen, measured, spec, into, shuffle, memory_mb, progress, report, parts)
        finally:
            places.clear(into, shuffle)
    lost = Counter(report.lost)
    for one in given:
        if one.id not in again:
            lost.update(one.lost)
    report.lost = dict(lost)
    report.lost = dict(sorted(report.lost.items()))
    report.seconds = round(time.monotonic() - begun, 3)
    return report


def _converted(
    chosen: Engine, files: Sequence[str], form: str, like: ToConvert, key: Callable[[], int], progress: Progress
) -> list[Converted]:
    """The files as files of rows: those that are, as they are, and all others once they are converted."""
    told = dict(_each(chosen, look, files, progress, "look")) if form == ANY else dict.fromkeys(files, form)
    rows = [Converted(file, "", ROWS, (file,)) for file in files if told[file] == ROWS]
    others = [replace(like, file=file, form=told[file]) for file in files if told[file] != ROWS]
    if not others:
        return rows
    number = key()
    asked = [replace(one, key=number) for one in others]
    return rows + sorted(_each(chosen, convert, asked, progress, "convert"), key=lambda one: one.file)


def _sorted(
    chosen: Engine, files: list[Measured], spec: Spec, into: str, memory_mb: int, progress: Progress, report: Report
) -> None:
    most = _room(memory_mb, chosen.lanes, SORTED_B)
    alone, others = apart(files, most)
    looked = [ToMeasure(one.file, spec, "bins") for one in others if one.span is not None]
    others = [one for one in others if one.span is None] + list(_each(chosen, measure, looked, progress, "look"))
    stretches = [lone(one, spec, into) for one in alone] + stretches_of(others, most, spec, into)
    _sum(report, _each(chosen, sort, stretches, progress, "sort"))
    lost = Counter(report.lost)
    for one in others:
        lost.update(one.lost)
    report.lost = dict(lost)


def _counted(
    chosen: Engine, files: list[Measured], spec: Spec, into: str, shuffle: str, memory_mb: int, progress: Progress,
    report: Report, parts: int,
) -> set[str]:  # fmt: skip
    """Returns the ids of files that were in the folder before."""
    most = _room(memory_mb, chosen.lanes, COUNTED_B)
    at_once = _room(memory_mb, chosen.lanes, MERGED_B)
    pieces = pieces_of(files, most, spec, into, shuffle, parts)
    counted = list(_each(chosen, count, pieces, progress, "count"))
    run_id = shuffle.removeprefix(_SHUFFLE)
    windows = windows_of(counted, spec, into, run_id, shuffle=shuffle, most=at_once, parts=parts)
    done = list(_each(chosen, publish, windows, progress, "publish"))
    _sum(report, done)
    again = {name for one in done for name in one.again}
    lost: Counter[str] = Counter()
    for one in counted:
        if one.id not in again:
            lost.update(one.lost)
    report.lost = dict(lost)
    report.files_again = len(again)
    report.shuffle_bytes = sum(one.size for one in counted)
    return again


def _sum(report: Report, done: Sequence[Published] | Iterator[Published]) -> None:
    lost: Counter[str] = Counter()
    for one in done:
        report.rows += one.rows
        report.groups += one.groups
        report.bins_new += one.new
        report.bins_changed += one.changed
        lost.update(one.lost)
    report.lost = dict(lost)
    report.bins_changed.sort(key=lambda bin_: bin_["bin"])


def _each(chosen: Engine, step: Callable[[A], R], items: Sequence[A], progress: Progress, phase: str) -> Iterator[R]:
    for number, result in enumerate(chosen.map(step, items), 1):
        progress(number / len(items), f"{phase}: {number} of {len(items)}", phase)
        yield result


def _room(memory_mb: int, lanes: int, row_b: int) -> int:
    """Rows that one step may hold."""
    return max(1, (memory_mb << 20) // lanes // row_b)


def _note(into: str, note: dict[str, Any]) -> None:
    places.write(into, _NOTE, orjson.dumps(note))


def _check(into: str, wanted: dict[str, Any]) -> None:
    """Is the folder new, or does it hold what can be added to? Exact bins of a run that did not end are cleared."""
    body = places.read(into, _NOTE)
    if body is None:
        return
    try:
        found = orjson.loads(body)
        whole = found.pop("whole")
    except (ValueError, AttributeError, KeyError) as error:
        raise ArchiveError(f"{_NOTE} in the folder of results is not what a run leaves there: {error}") from error
    if found != wanted:
        raise ConfigError(f"{into} holds {found}; expected {wanted}")
    if wanted["exact"]:
        if whole:
            raise ConfigError(f"{into} holds exact bins, to which nothing can be added; expected a new folder")
        places.clear(into, "bins-")


@contextmanager
def _alone(into: str) -> Iterator[None]:
    """One run at a time in a folder of this machine; of an object store nobody keeps others away."""
    if "://" in into:
        yield
        return
    try:
        Path(into).mkdir(parents=True, exist_ok=True)
        with (Path(into) / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            places.clear(into, _SHUFFLE)  # of runs that were killed
            yield
    except BlockingIOError:
        raise ConfigError(f"{into} is in use by another run; expected one at a time") from None
    except OSError as error:
        raise ArchiveError(f"{into} cannot be used: {error.strerror or error}") from error
