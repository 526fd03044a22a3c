"""Causes are hypotheses: what speaks for and against, and "not known" where nothing fits well enough."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from radar import causes
from radar.causes import FEATURES, PLACE, SENTENCES, WEIGHTS
from radar.detect.cause import Cables, Facts, Told, hypotheses, learned
from radar.errors import ConfigError
from radar.labels import CAUSES

COUNTRY = Facts("country", data_depth=0.9, control_depth=0.05, families=3, slide_s=600, minutes=120)
#: As Iberia on 28 April 2025: half gone at once, both neighbours, deeper over hours, routes later and in part.
BLACKOUT = Facts(
    "country", data_depth=0.9, control_depth=0.1, families=3, slide_s=4 * 3600, minutes=300, at_once=0.55,
    control_lag_s=2 * 3600, others=1, near=("Spain",), uneven=(0.6, 0.93), rtt_times=1.4, on_half_hour=True,
)  # fmt: skip
#: As Tonga on 15 January 2022: packets and routes gone within the hour, one cable, satellite afterwards.
ISLAND = Facts(
    "country", data_depth=1.0, control_depth=1.0, families=3, slide_s=2100, minutes=600, at_once=0.92, rtt_times=4.8,
    control_lag_s=600, on_half_hour=False, cables=Cables(("Tonga Cable",), whole=True, places=("Tonga Cable (Sopu)",)),
)  # fmt: skip
#: Timing, place and calendar at their worst, and nothing measured that speaks for it.
TIMED = Facts(
    "country", data_depth=0.5, control_depth=0.2, families=1, slide_s=0, minutes=30, on_half_hour=True, repeats=3,
    country="SY", told=(Told("exams", "National examinations", "planned_maintenance"),),
)  # fmt: skip


def _first(facts: Facts) -> str:
    return hypotheses(facts)[0]["cause"]


def _named(facts: Facts) -> str:
    return next(c["cause"] for c in hypotheses(facts) if c["cause"] != "unknown")


def _said(facts: Facts, cause: str, side: str) -> str:
    rows = [cast("dict[str, list[str]]", c) for c in hypotheses(facts) if c["cause"] == cause]
    return " ".join(rows[0][side]) if rows else ""


def test_routes_up_and_packets_gone_for_days_fits_a_directed_shutdown() -> None:
    assert _first(replace(COUNTRY, minutes=20 * 1440)) == "shutdown"


def test_timing_alone_is_never_enough_for_a_directed_shutdown() -> None:
    timed = Facts("country", data_depth=0.6, control_depth=None, families=1, slide_s=0, minutes=30, on_half_hour=True)
    assert _first(timed) == "unknown"


def test_timing_place_and_calendar_together_are_not_enough_either() -> None:
    found = {c["cause"]: c["p"] for c in hypotheses(TIMED)}
    assert _first(TIMED) == "unknown"
    assert found["shutdown"] <= WEIGHTS.timing_most
    assert "prove nothing" in _said(TIMED, "shutdown", "against")


def test_what_is_measured_lifts_the_same_case_above_timing() -> None:
    assert _first(replace(TIMED, data_depth=0.95, control_depth=0.02, families=3)) == "shutdown"


def test_the_same_clock_time_on_earlier_days_fits_a_directed_shutdown() -> None:
    assert _first(replace(COUNTRY, repeats=2, on_half_hour=True)) == "shutdown"


def test_a_loss_that_slides_for_hours_fits_a_power_failure() -> None:
    slid = replace(COUNTRY, slide_s=5 * 3600, control_depth=0.3, minutes=400)
    assert _named(slid) == "power"


def test_neighbours_half_dark_at_once_and_deeper_over_hours_fit_a_power_failure() -> None:
    assert _first(BLACKOUT) == "power"
    assert "Spain, of the same region" in _said(BLACKOUT, "power", "for")


def test_a_power_failure_is_the_likeliest_cause_before_the_loss_has_slid() -> None:
    assert _named(replace(BLACKOUT, data_depth=0.58, control_depth=0.0, slide_s=0, minutes=15, control_lag_s=None,
                          uneven=None, rtt_times=None)) == "power"  # fmt: skip


def test_a_storm_that_is_told_of_does_not_hide_a_power_failure() -> None:
    assert _first(replace(BLACKOUT, told=(Told("weather", "Storm", "weather_alerts"),))) == "power"


def test_an_island_that_is_dark_with_its_only_cable_fits_the_cable_which_is_named() -> None:
    assert _first(ISLAND) == "cable_cut"
    assert "Tonga Cable (Sopu)" in _said(ISLAND, "cable_cut", "for")


def test_a_place_where_no_cable_lands_fits_one_less() -> None:
    without = replace(ISLAND, cables=Cables((), whole=True))
    before = {c["cause"]: c["p"] for c in hypotheses(replace(ISLAND, cables=Cables()))}
    assert {c["cause"]: c["p"] for c in hypotheses(without)}.get("cable_cut", 0.0) < before["cable_cut"]


def test_a_list_of_cables_that_is_not_whole_says_nothing_of_how_few_there_are() -> None:
    part = replace(ISLAND, cables=Cables(("Tonga Cable",), whole=False, places=("Tonga Cable (Sopu)",)))
    assert "Tonga Cable" not in _said(part, "cable_cut", "for")


def test_failing_requests_at_a_provider_fit_the_provider() -> None:
    assert _first(Facts("provider", 0.0, None, 1, 0, 40, errors=True)) == "provider"


def test_several_countries_at_once_with_longer_ways_fit_a_cable() -> None:
    cut = replace(COUNTRY, data_depth=0.6, control_depth=0.3, families=2, others=3, rtt_times=1.8)
    assert _named(cut) == "cable_cut"


def test_one_network_alone_does_not_fit_a_shutdown_of_a_country() -> None:
    causes = {c["cause"]: c["p"] for c in hypotheses(Facts("asn", 0.95, 0.9, 2, 0, 30))}
    assert next(c for c in causes if c != "unknown") == "routing"


def test_a_network_takes_from_its_country_what_that_is_likely_to_be() -> None:
    alone = Facts("asn", 0.7, 0.3, 2, 0, 60, siblings=3)
    assert _named(replace(alone, whole=("power", 0.8, "Portugal"))) == "power"
    assert "Portugal" in _said(replace(alone, whole=("power", 0.8, "Portugal")), "power", "for")
    assert hypotheses(replace(alone, whole=("shutdown", 0.5, "Iran"))) == hypotheses(alone)


@pytest.mark.parametrize(
    ("speaks", "cause"),
    [("power", "power"), ("quake", "disaster"), ("weather", "disaster"), ("maintenance", "maintenance"),
     ("provider", "provider"), ("exams", "shutdown"), ("holiday", "unknown")],
)  # fmt: skip
def test_what_others_tell_is_evidence_with_its_source_named(speaks: str, cause: str) -> None:
    kind = SENTENCES[f"told_{speaks}"][0]
    assert kind == "told"
    assert WEIGHTS.evidence[f"told_{speaks}"][cause] > 0
    plain = Facts("country", 0.6, None, 1, 0, 30)
    told = replace(plain, told=(Told(speaks, "The title of it", "its_source"),))
    before, after = ({c["cause"]: c["p"] for c in hypotheses(f)} for f in (plain, told))
    assert after[cause] > before.get(cause, 0.0)
    twice = replace(told, told=told.told * 2)
    assert hypotheses(twice) == hypotheses(told), "told twice, weighed once"


@pytest.mark.parametrize(
    "facts",
    [COUNTRY, BLACKOUT, ISLAND, TIMED, Facts("asn", 0.2, None, 1, 0, 10), replace(COUNTRY, slow=True)],
)
def test_every_hypothesis_has_a_probability_and_no_certainty(facts: Facts) -> None:
    found = hypotheses(facts)
    assert all(0 < c["p"] < 1 for c in found)
    assert 2 <= len(found) <= 3
    assert sum(c["p"] for c in found) <= 1.001


# ------------------------------------------------------------------ words


def test_no_word_accuses_anybody() -> None:
    texts = [*(text for _, text in SENTENCES.values()), *(t for row in FEATURES.values() for t in row), *PLACE,
             *CAUSES.values()]  # fmt: skip
    accusing = re.compile(r"government|regime|censor|authorit|ordered|deliberate|switched off|sabotage|attack", re.I)
    assert [text for text in texts if accusing.search(text)] == []
    assert CAUSES["shutdown"] == "a pattern consistent with a directed shutdown"


def test_a_start_on_the_half_hour_is_said_to_prove_nothing() -> None:
    half = replace(COUNTRY, on_half_hour=True)
    assert "timing alone proves nothing" in _said(half, "shutdown", "for")


# ------------------------------------------------------------------ the learnt part


def test_a_feature_that_cannot_be_told_says_nothing() -> None:
    unknown = learned.parts(learned.features(replace(COUNTRY, on_half_hour=None)))
    assert unknown["half_hour"] == 0.0
    told = [learned.parts(learned.features(replace(COUNTRY, on_half_hour=on)))["half_hour"] for on in (True, False)]
    assert told[0] > 0 > told[1]


def test_the_share_of_directed_ones_in_the_record_is_replaced_by_the_assumed_one() -> None:
    model = causes.Learned(0.0, 0.5, dict.fromkeys(FEATURES, 0.0), dict.fromkeys(FEATURES, 0.0), {}, {})
    share = WEIGHTS.directed_share
    assert learned.logit(dict.fromkeys(FEATURES, None), "", model) == pytest.approx(math.log(share / (1 - share)))


def test_a_country_of_which_nothing_was_learnt_has_no_prior_of_its_own() -> None:
    known = learned.features(COUNTRY)
    assert learned.logit(known, "QQ") == learned.logit(known, "")
    assert learned.logit(known, "SY") > learned.logit(known, "")


# ------------------------------------------------------------------ the files


def test_every_piece_of_evidence_has_a_sentence_and_weights() -> None:
    assert set(WEIGHTS.evidence) == set(SENTENCES) != set()
    assert {kind for kind, _ in SENTENCES.values()} <= set(causes.KINDS)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("power = -1.4", "", r"\[prior\]: no power"),
        ("slid = {", "slides = {", r"\[weights\]: no slid; unknown slides"),
        ("abstain = 0.7", "abstain = 7", "abstain is 7; expected a number within 0 and 1"),
        ("total = { shutdown = 1.5", "total = { censors = 1.5", "total is .*expected causes"),
        ("total = { shutdown = 1.5", 'total = { shutdown = "1.5"', "total.shutdown is '1.5'; expected a number"),
        ("[prior]", "[prior", "cannot be read"),
    ],
)
def test_a_file_of_weights_that_is_wrong_says_where(tmp_path: Path, old: str, new: str, expected: str) -> None:
    path = tmp_path / "causes.toml"
    text = causes.FILE.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=expected):
        causes.read(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "cannot be read"),
        ("[]", "expected a table"),
        ('{"intercept": 1}', "no share"),
        (causes.LEARNED_FILE.read_text("utf-8").replace('"validation"', '"checks"'), "study: no validation"),
        (
            causes.LEARNED_FILE.read_text("utf-8").replace('"half_hour"', '"hour"'),
            "weights: no half_hour; unknown hour",
        ),
    ],
)
def test_learnt_weights_that_are_wrong_say_where(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "causes.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        causes.read_learned(path)
