"""Learn the curve of ``radar/detect/confidence.py`` from the tuning seeds of the exam; write it with its provenance.

``.venv/bin/python -m scripts.calibrate [--turns N]``. The report seeds are never looked at. The likelihood of the
alarms' outcomes under a logistic curve with weights that are not negative is made as large as it gets, with Platt's
smoothed targets (1999) and a small penalty: a tuning set with few false alarms must not promise certainty.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from radar.detect import confidence
from radar.detect.exam import grade
from radar.detect.exam.generate import SEEDS, WORLDS, World

F64 = npt.NDArray[np.float64]
#: Of the square of the weights.
PENALTY = 0.5
STEPS, RATE = 20_000, 0.02


def main() -> int:
    """Sit the tuning worlds, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=1, help="how often each world is sat")
    turns = parser.parse_args().turns
    tasks = [(world, turn) for world in WORLDS for turn in range(turns)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        papers = list(pool.map(_sit, tasks))
    confidence.FILE.write_bytes(learned(papers, turns))
    print(confidence.FILE, file=sys.stderr)
    return 0


def _sit(task: tuple[World, int]) -> grade.Paper:
    return grade.sit(task[0], "tuning", task[1], with_baselines=False)


def learned(papers: Sequence[grade.Paper], turns: int) -> bytes:
    """The file: the curve, and what it was learnt from."""
    rows = [(a, hit) for paper in papers for a, hit in grade.marked(paper)]
    seen = np.array([confidence.features(*a.evidence) for a, _ in rows if a.evidence is not None])
    right = np.array([hit for a, hit in rows if a.evidence is not None])
    weights = fit(seen, right)
    curve = dict(zip(("base", *confidence.FEATURES), (round(float(w), 4) for w in weights), strict=True))
    told: dict[str, Any] = {
        "curve": curve,
        "learned": {
            "by": f"python -m scripts.calibrate --turns {turns}", "seeds": "tuning", "seed": SEEDS["tuning"],
            "turns": turns, "worlds": sorted({p.world.name for p in papers}), "alarms": len(right),
            "right": int(right.sum()),
            "entity_weeks": round(sum(sum(p.judged_s.values()) for p in papers) / (7 * 86_400)),
        },
    }  # fmt: skip
    return orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n"


def fit(seen: F64, right: npt.NDArray[np.bool_]) -> F64:
    """Base and weights, [1 + features], of the logistic curve over ``seen`` [alarms, features], each 0..1."""
    hits, misses = int(right.sum()), int((~right).sum())
    goal = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    x = np.hstack((np.ones((len(seen), 1)), seen))
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (goal - p) - PENALTY * np.concatenate(([0.0], weights[1:]))
        weights += RATE * slope / len(x) * 10
        weights[1:] = np.maximum(weights[1:], 0.0)
    return weights


if __name__ == "__main__":
    raise SystemExit(main())
