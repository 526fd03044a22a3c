"""Learning from labelled outages: generated rows whose rule is known, and the curated ones where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.causes import read
from radar.causes import FEATURES, LEARNED_FILE
from radar.detect.cause import study
from radar.detect.cause.study import Event

CURATED = "ioda-curated-outages/ioda_curated_outages_2018_2020.csv"
DAY = 86_400


def generated(rows: int = 300, countries: int = 20, seed: int = 1) -> list[Event]:
    """Generated, not real: directed outages begin on the half hour, the others at any minute."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(rows):
        directed = bool(rng.random() < 0.5)
        start = (17_600 + 3 * i) * DAY + int(rng.integers(0, 24)) * 3600  # three days apart: no two at once
        start += int(rng.integers(0, 2)) * 1800 if directed else int(rng.integers(1, 29)) * 60
        out.append(Event(start, start + 3600, f"X{rng.integers(countries):02}", False, directed, "shutdown"))
    return out


def test_the_rule_of_generated_rows_is_found_again() -> None:
    found = study.study(generated())
    assert found["weights"]["half_hour"] > 3
    assert abs(found["weights"]["others"]) < 0.5
    checks = found["study"]["validation"]
    assert checks["country left out"]["rows"]["accuracy"] > 0.98
    assert checks["base rate, country left out"]["rows"]["log_loss"] > 0.6
    assert found["study"]["rows_used"] == found["study"]["rows_in_all"] == 300


def test_labels_that_nothing_tells_apart_are_not_told_apart() -> None:
    rng = np.random.default_rng(2)
    shuffled = [Event(e.start, e.end, e.country, e.part, bool(rng.random() < 0.5), "shutdown") for e in generated()]
    checks = study.study(shuffled)["study"]["validation"]
    assert checks["country left out"]["rows"]["log_loss"] > 0.66
    assert 0.35 < checks["country left out"]["rows"]["accuracy"] < 0.65


def test_a_country_left_out_is_predicted_without_any_row_of_its_own() -> None:
    seen: list[tuple[set[str], set[str]]] = []

    def spy(x: study.F64, y: study.F64, countries: list[str], new: study.F64, where: list[str]) -> study.F64:
        seen.append((set(countries), set(where)))
        assert len(x) == len(y)
        return np.zeros(len(new))

    countries = ["A", "B", "A", "C"]
    study.without_country(np.zeros((4, 1)), np.array([0.0, 1, 1, 0]), countries, spy)  # type: ignore[arg-type]
    assert seen == [({"B", "C"}, {"A"}), ({"A", "C"}, {"B"}), ({"A", "B"}, {"C"})]


def test_the_prior_of_a_country_helps_its_later_rows_and_none_that_were_left_out() -> None:
    rng = np.random.default_rng(3)
    countries = [f"C{i % 10}" for i in range(400)]
    y = np.array([float(int(c[1]) < 5) for c in countries])
    x = rng.random((400, 1))
    past = study.marks(study.from_the_past(x, y, countries), y)
    unseen = study.marks(study.without_country(x, y, countries), y)
    assert past["accuracy"] > 0.95  # type: ignore[operator]
    assert unseen["log_loss"] > 0.65  # type: ignore[operator]


def test_the_past_does_not_know_the_future() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.random((80, 1)), np.array([float(i % 2) for i in range(80)])
    countries = ["A", "B"] * 40
    whole, cut = (study.from_the_past(x[:n], y[:n], countries[:n]) for n in (80, 60))
    assert np.isnan(whole[: study.LEAST_BEFORE]).all()
    assert np.array_equal(whole[:60], cut, equal_nan=True)
    y[50] = 1 - y[50]
    assert np.array_equal(study.from_the_past(x, y, countries)[:51], whole[:51], equal_nan=True), "nor its own label"


def test_what_happened_before_and_elsewhere_is_looked_for_in_rows_without_a_cause_too() -> None:
    t = 17_600 * DAY + 4 * 3600
    events = [
        Event(t + 3 * DAY, None, "AA", False, True, "exams"),
        *(Event(t + d * DAY + 600, None, "AA", True, None) for d in (0, 1)),
        Event(t + 3 * DAY + 1700, None, "BB", False, None),
        Event(t + 3 * DAY + 1900, None, "CC", False, None),
    ]
    rows, columns = study.table(events)
    assert [row.country for row in rows] == ["AA"]
    told = {name: column[0] for name, column in columns.items()}
    assert (told["repeats"], told["others"], told["half_hour"], told["part"]) == (2.0, 1.0, 1.0, 0.0)
    assert np.isnan(told["hours_long"])


def test_too_little_to_learn_from_says_so() -> None:
    with pytest.raises(ValueError, match="expected three or more"):
        study.study(generated(30, 1))
    events = [Event(i * DAY, None, f"C{i}", False, True, "exams") for i in range(5)]
    with pytest.raises(ValueError, match="5 of 5 rows are directed; expected some of both"):
        study.study(events)


def test_marks_are_those_of_the_textbook() -> None:
    got = study.marks(np.array([0.9, 0.2, 0.6, np.nan]), np.array([1.0, 0, 0, 1]), ["A", "A", "B", "B"])
    assert got["rows"] == 3
    assert got["brier"] == pytest.approx((0.01 + 0.04) / 4 + 0.36 / 2, abs=1e-3)
    assert got["log_loss"] == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 4 - np.log(0.4) / 2, abs=1e-3)
    assert (got["accuracy"], got["decided"], got["accuracy_decided"]) == (0.5, 0.5, 1.0)


@pytest.mark.shared
def test_the_weights_that_come_with_the_radar_are_those_of_the_curated_outages(shared_data: Path) -> None:
    events, left = read(shared_data / CURATED)
    found, ours = study.study(events), json.loads(LEARNED_FILE.read_bytes())
    for name in ("intercept", "share"):
        assert found[name] == pytest.approx(ours[name], abs=1e-3)
    for name in ("weights", "means", "countries"):
        assert found[name] == pytest.approx(ours[name], abs=1e-3)
    assert found["study"]["validation"] == ours["study"]["validation"]
    assert left == ours["study"]["left_out"]


def test_what_was_learnt_beats_the_base_rate_on_unseen_countries_and_says_how_many_rows_it_had() -> None:
    learnt = json.loads(LEARNED_FILE.read_bytes())["study"]
    assert (learnt["rows_used"], learnt["rows_in_all"]) == (161, 1250)
    for by in ("rows", "countries"):
        unseen, base = (learnt["validation"][n][by] for n in ("country left out", "base rate, country left out"))
        assert unseen["log_loss"] < 0.6 * base["log_loss"]
        assert unseen["brier"] < base["brier"]
    assert set(json.loads(LEARNED_FILE.read_bytes())["weights"]) == set(FEATURES)
