"""Causes as readers see them: the numbers are those of the code, and nothing on the pages accuses."""

from __future__ import annotations

import re

from radar import known
from radar.causes import LEARNED, WEIGHTS
from radar.components import causes
from tests import samples
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


FIJI = "FJ-20260302T0100Z"  # a cable cut at 60 %, which is less than names a cause


def test_a_cause_that_is_not_likely_enough_is_not_named_first_anywhere(site: Site) -> None:
    def words(text: str) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", text).split())

    outage = words(section(site.page(f"/outage/{FIJI}"), "causes"))
    assert "Cause not known; a cable cut is likeliest (60 %)." in outage
    assert 0 < outage.index("Not known 40 %") < outage.index("A cable cut 60 %")
    listed = words(site.page("/outages?place=FJ"))
    assert "Cause not known; a cable cut is likeliest (60 %)" in listed
    assert "not known likeliest: a cable cut, 60 %" in listed, "in the table"
    assert "Perhaps a cable cut" not in listed


def test_a_cause_that_is_likely_enough_or_told_by_people_is_named(site: Site) -> None:
    rows = {row["id"]: row for row in samples.sample_outages()}
    assert known.named_cause(rows["IQ-20260302T0500Z"])["cause"] == "shutdown"  # type: ignore[index]  # at exactly 70 %
    fiji = rows[FIJI]
    assert known.named_cause(fiji) is None
    told = {**fiji["causes"][0], "by": "A. Person"}
    assert known.named_cause({**fiji, "causes": [told]}) == told  # type: ignore[typeddict-item]  # as published
