"""``radar backtest --exam``: the detector and four other methods over generated worlds and recorded sets.

The small edition sits three worlds, and is what every change has to pass. The full edition sits all of them and the
recorded sets, and with ``--write`` makes docs/accuracy.md and the table of the page /scoreboard of it.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import orjson

from radar.detect.exam import grade, recorded, report
from radar.detect.exam.generate import SeedSet, World, generate, labels_table
from radar.labels import _

REPO = Path(__file__).resolve().parent.parent
#: Where recorded sets are looked for, beside the checkout.
SETS = REPO.parent / "shared" / "data"
PAGE, TABLE = REPO / "docs" / "accuracy.md", REPO / "radar" / "data" / "accuracy.json"


def run(
    edition: grade.Edition, seeds: SeedSet, *, as_json: bool, write: bool = False, into: Path | None = None,
    sets: Path | None = None,
) -> int:  # fmt: skip
    """Sit the exam and print what came of it. ``into``: also keep the worlds there as files for ``radar backtest``."""
    rows = grade.rows_of(edition)
    if into is not None:
        _keep(rows, seeds, into)
    card = examine(rows, seeds, sets or SETS, edition)
    if write:
        TABLE.write_bytes(orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n")
        PAGE.write_text(report.page(card), encoding="utf-8")
        print(_("Written: {files}").format(files=f"{PAGE.name}, {TABLE.name}"), file=sys.stderr)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(card, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        print(report.page(card))
    return 0


def examine(
    rows: list[tuple[World, int]], seeds: SeedSet, sets: Path, edition: grade.Edition, workers: int = 2
) -> dict[str, Any]:
    """All marks as JSON. Thresholds of the other methods come from the tuning seeds, whatever ``seeds`` says."""
    papers, tuned = [], []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        sitting = [pool.submit(grade.sit, world, seeds, turn) for world, turn in rows]
        tuning = [pool.submit(grade.sit, world, "tuning", turn, ours=False) for world, turn in rows if turn == 0]
        real = pool.submit(recorded.marks, sets)
        for number, job in enumerate(sitting, start=1):
            papers.append(job.result())
            print(f"{number}/{len(sitting)} {papers[-1].world.name}", file=sys.stderr)
        tuned = [job.result() for job in tuning]
        recordings = real.result()
    chosen = grade.thresholds(tuned)
    grade.apply(papers, chosen)
    return {
        "edition": edition,
        "seeds": seeds,
        "command": f"radar backtest --exam {edition} --seed-set {seeds}",
        "targets": grade.targets(papers),
        "worlds": grade.worlds(papers),
        "reliability": grade.reliability(papers),
        "calibration": grade.calibration(papers),
        "thresholds": chosen,
        "recorded": recordings,
    }


def _keep(rows: list[tuple[World, int]], seeds: SeedSet, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for world, turn in rows:
        sample = generate(world, seeds, turn)
        name = f"{'-'.join(''.join(c if c.isalnum() else ' ' for c in world.name).split())}-{turn}"
        sample.rows.write_parquet(into / f"{name}.parquet")
        labels_table(sample.labels).write_csv(into / f"{name}.csv")
