"""Causes are hypotheses: what speaks for and against, and "not known" where nothing fits well enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from radar.detect.cause import Facts, hypotheses

COUNTRY = Facts("country", data_depth=0.9, control_depth=0.05, families=3, slide_s=600, minutes=120)


def _first(facts: Facts) -> str:
    return hypotheses(facts)[0]["cause"]


def _named(facts: Facts) -> str:
    return next(c["cause"] for c in hypotheses(facts) if c["cause"] != "unknown")


def test_routes_up_and_packets_gone_for_days_fits_a_directed_shutdown() -> None:
    assert _first(replace(COUNTRY, minutes=20 * 1440)) == "shutdown"


def test_timing_alone_is_never_enough_for_a_directed_shutdown() -> None:
    timed = Facts("country", data_depth=0.6, control_depth=None, families=1, slide_s=0, minutes=30, on_half_hour=True)
    assert _first(timed) == "unknown"


def test_the_same_clock_time_on_earlier_days_fits_a_directed_shutdown() -> None:
    assert _first(replace(COUNTRY, repeats=2, on_half_hour=True)) == "shutdown"


def test_a_loss_that_slides_for_hours_fits_a_power_failure() -> None:
    slid = replace(COUNTRY, slide_s=5 * 3600, control_depth=0.3, minutes=400)
    assert _named(slid) == "power"


def test_failing_requests_at_a_provider_fit_the_provider() -> None:
    assert _first(Facts("provider", 0.0, None, 1, 0, 40, errors=True)) == "provider"


def test_several_countries_at_once_with_longer_ways_fit_a_cable() -> None:
    cut = replace(COUNTRY, data_depth=0.6, control_depth=0.3, families=2, others=3, rtt_times=1.8)
    assert _named(cut) == "cable_cut"


def test_one_network_alone_does_not_fit_a_shutdown_of_a_country() -> None:
    causes = {c["cause"]: c["p"] for c in hypotheses(Facts("asn", 0.95, 0.9, 2, 0, 30))}
    assert next(c for c in causes if c != "unknown") == "routing"


@pytest.mark.parametrize("facts", [COUNTRY, Facts("asn", 0.2, None, 1, 0, 10), replace(COUNTRY, slow=True)])
def test_every_hypothesis_has_a_probability_and_no_certainty(facts: Facts) -> None:
    found = hypotheses(facts)
    assert all(0 < c["p"] < 1 for c in found)
    assert 2 <= len(found) <= 3
    assert sum(c["p"] for c in found) <= 1.001
