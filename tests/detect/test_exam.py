"""The small exam: fails when the detector finds less, or cries more, than it did. The full one: docs/accuracy.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.cli import main
from radar.detect.days import is_special
from radar.detect.evaluate import backtest
from radar.detect.exam import baselines, grade, recorded
from radar.detect.exam.generate import SEEDS, WORLDS, World, generate, labels_table
from radar.detect.exam.rhythm import REPORT, TUNING

WORLD = {world.name: world for world in WORLDS}

#: What each world of the small edition must reach, a little below what it did: recall of all events that counting can
#: show, precision, false alarms per entity and week, and the median time to detect in bins.
BOUNDS = {
    "networks, hourly": (0.78, 0.95, 0.01, 2),
    "countries, 30 min, index": (0.78, 0.87, 0.04, 2),
    "countries, hourly, index, 20 % missing": (0.72, 0.88, 0.03, 3),
}


@pytest.fixture(scope="module")
def papers() -> dict[str, grade.Paper]:
    return {world.name: grade.sit(world, "report", turn) for world, turn in grade.rows_of("small")}


def _summary(paper: grade.Paper) -> dict[str, Any]:
    return grade.pool([paper.card(paper.alarms[grade.OURS])])


def test_the_small_edition_sits_what_has_bounds() -> None:
    assert set(BOUNDS) == set(grade.SMALL)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_quality_has_not_fallen(papers: dict[str, grade.Paper], name: str) -> None:
    recall, precision, false, bins = BOUNDS[name]
    found = _summary(papers[name])
    assert found["events"] > 20
    assert found["recall"] >= recall
    assert found["precision"] >= precision
    assert found["false_alarms_per_entity_week"] <= false
    assert found["ttd_p50_s"] <= bins * papers[name].world.grain_s


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_no_other_method_finds_more_at_as_few_false_alarms(papers: dict[str, grade.Paper], name: str) -> None:
    ours = _summary(papers[name])
    for method, ladder in papers[name].ladders.items():
        for alarms in ladder.values():
            theirs = grade.pool([papers[name].card(alarms)])
            if theirs["false_alarms_per_entity_week"] <= baselines.MOST_FALSE:
                assert ours["recall"] >= theirs["recall"], method


def test_a_seed_gives_the_same_world_and_another_one_another() -> None:
    small = World("small", "country", 3600, datetime(2026, 1, 5, tzinfo=UTC), 30, 3, "edge.requests", (100, 900))
    first, again, other = (generate(small, seeds) for seeds in ("tuning", "tuning", "report"))
    assert first.rows.equals(again.rows)
    assert first.labels == again.labels
    assert not set(first.rows["entity"]) & set(other.rows["entity"])


def test_tuning_and_report_share_neither_seed_nor_country() -> None:
    assert SEEDS["tuning"] != SEEDS["report"]
    assert not {place.code for place in TUNING} & {place.code for place in REPORT}


def test_a_kept_world_can_be_scored_as_anybodys_files(tmp_path: Path, papers: dict[str, grade.Paper]) -> None:
    world = WORLD["countries, hourly, index, 20 % missing"]
    sample = generate(world, "report")
    sample.rows.write_parquet(tmp_path / "s.parquet")
    labels_table(sample.labels).write_csv(tmp_path / "l.csv")
    card = backtest(tmp_path / "s.parquet", tmp_path / "l.csv")
    assert card["summary"]["recall"] == pytest.approx(_summary(papers[world.name])["recall"], abs=1e-3)


def test_an_index_stays_within_its_hundred_and_a_fifth_never_came() -> None:
    world = WORLD["countries, hourly, index, 20 % missing"]
    sample = generate(world, "tuning")
    assert 0 <= sample.rows["value"].min() <= sample.rows["value"].max() == 100.0  # type: ignore[operator]
    assert 0.75 < sample.rows.height / (world.entities * world.days * 24) < 0.85


@pytest.mark.parametrize(
    ("code", "when", "special"),
    [
        ("DE", (2026, 3, 29), True),  # clocks
        ("DE", (2026, 3, 25), False),
        ("EG", (2026, 2, 18), True),  # the fast begins
        ("DE", (2026, 2, 18), False),
        ("EG", (2026, 3, 20), True),  # and ends
        ("US", (2025, 11, 27), True),
        ("NZ", (2026, 4, 5), True),
    ],
)
def test_days_on_which_people_live_otherwise_are_known(code: str, when: tuple[int, int, int], special: bool) -> None:
    assert is_special(code, datetime(*when, 12, tzinfo=UTC)) is special


def test_a_persistent_rise_of_scores_is_one_alarm_and_a_spike_is_none() -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * k) for k in range(2016)]
    raw = np.random.default_rng(1).normal(0, 0.2, 2016)
    raw[1500:1700] += 3.0
    raw[1000] += 4.0
    begin, end = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)
    (alarm,) = recorded.filtered("x", times, raw, begin, end)
    assert abs(alarm.start - times[1500]) < timedelta(hours=1)


@pytest.mark.shared
def test_the_labelled_set_of_chocolatine_is_passed(shared_data: Path) -> None:
    found = recorded.chocolatine(shared_data)
    assert found["recall"] >= 0.9
    assert found["false_alarms_per_entity_week"] <= 0.5


def test_sets_that_are_not_there_are_named_and_not_counted(tmp_path: Path) -> None:
    assert [row["summary"] for row in recorded.marks(tmp_path)] == [None, None, None]


@pytest.mark.parametrize(
    "call",
    [
        ["backtest"],
        ["backtest", "--exam", "small", "--signals", "x"],
        ["backtest", "--write", "--signals", "x", "--labels", "y"],
    ],
)
def test_a_wrong_call_says_so(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(call) == 2
    assert "--" in capsys.readouterr().err
