"""How the jobs and the workers are judged at a moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from radar.shapes.jobs import JobRun
from radar.store import board
from tests.samples import NOW, sample_jobs, text


def run(every_s: int, past_s: float | None, **more: Any) -> JobRun:
    """A job of that cadence that is so far past due; None: it never ran."""
    due = None if past_s is None else text(NOW - timedelta(seconds=past_s))
    row = sample_jobs(NOW)["runs"][0]
    return {**row, "name": "a", "every_s": every_s, "due": due, "put_off": 0, **more}  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("row", "state", "lag_s"),
    [
        (run(60, -20), "ok", 0),
        (run(60, 120), "ok", 120),
        (run(60, 121), "late", 121),
        (run(300, 300), "ok", 300),
        (run(300, 301), "late", 301),
        (run(86_400, 3601), "late", 3601),
        (run(300, 900, running=text(NOW)), "ok", 900),
        (run(3600, 14_400, put_off=3), "ok", 14_400),
        (run(3600, 14_401, put_off=3), "late", 14_401),
        (run(60, -20, ok=False), "failing", 0),
        (run(60, None), "never", None),
    ],
)
def test_a_job_is_late_when_it_is_past_due_by_its_cadence(row: JobRun, state: str, lag_s: float | None) -> None:
    (found,) = board.judge([row], NOW)
    assert (found.state, found.lag_s) == (state, lag_s)


def test_those_in_trouble_come_first_and_of_these_the_latest() -> None:
    rows = [run(60, 0, name="well"), run(60, None, name="new"), run(60, 200, name="late"),
            run(60, 900, name="later"), run(60, 5, name="broken", ok=False)]  # fmt: skip
    assert [one.run["name"] for one in board.judge(rows, NOW)] == ["broken", "later", "late", "new", "well"]


def test_a_worker_that_was_not_heard_of_for_45_seconds_is_dead() -> None:
    jobs = sample_jobs(NOW)
    heard = jobs["workers"][0]["heard"]
    for age_s, alive in ((45, 1), (46, 0)):
        now = NOW - timedelta(seconds=4) + timedelta(seconds=age_s)
        assert len(board.living(jobs["workers"], now)) == alive
    assert board.last_heard(jobs) == heard
