"""Causes as readers see them: the numbers are those of the code, and nothing on the pages accuses."""

from __future__ import annotations

from radar.causes import LEARNED, WEIGHTS
from radar.components import causes
from tests.web.conftest import Site
from tests.web.test_reviews import section


def test_the_method_shows_every_weight_with_its_kind(site: Site) -> None:
    told = section(site.page("/method"), "causes")
    assert "161 of 1,250 labelled outages" in told
    assert "no more than 50 % is said of it" in told
    assert told.count("<tr>") == 2 + len(LEARNED.weights) + len(WEIGHTS.evidence)
    assert f"{causes._signed(LEARNED.weights['others'])}" in told
    assert f"a power failure {causes._signed(WEIGHTS.evidence['slid']['power'])}" in told
    assert f"Iraq {causes._signed(LEARNED.countries['IQ'])}" in told


def test_the_scoreboard_shows_the_checks_and_the_calibration_as_they_were_written(site: Site) -> None:
    told = section(site.page("/scoreboard"), "causes")
    unseen = LEARNED.study["validation"]["country left out"]
    assert f"{unseen['rows']['log_loss']:.2f}\N{NO-BREAK SPACE}/ {unseen['countries']['log_loss']:.2f}" in told
    assert told.count("<tr>") == 2 + len(LEARNED.study["validation"]) + len(LEARNED.study["calibration"])
    assert "100 directed, 61 technical, of 49 countries" in told


def test_a_hypothesis_of_next_to_nothing_is_not_called_zero(site: Site) -> None:
    assert causes._p(0.001) == "under 1 %"
    assert causes._p(0.006) == "1 %"
