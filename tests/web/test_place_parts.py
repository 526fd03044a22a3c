"""Parts of a place's page: who depends on a network, and how a month has gone."""

from __future__ import annotations

import re

import pytest

from radar import people
from radar.components import dependents, quality
from radar.components.ssr import to_html
from tests.web.conftest import Site


def words(key: str) -> str:
    return re.sub(r"<[^>]+>", " ", to_html(dependents.block(key)))


def test_people_behind_a_network_are_a_share_of_its_country_and_an_estimate() -> None:
    number, users = people.of_network(58224), people.of_country("IR")
    assert number is not None
    assert users is not None
    text = words("asn/58224")
    assert f"About {round(number / users * 100)} % of the Internet users of Iran" in text
    assert "an estimate" in text
    assert "Its place among the networks there: 1." in text


def test_providers_that_run_on_a_network_are_named() -> None:
    assert 'href="/provider/google-cloud"' in to_html(dependents.block("asn/15169"))


@pytest.mark.parametrize("key", ["country/PT", "provider/google-cloud", "asn/64512", "geoasn/FR-23693"])
def test_what_is_no_network_or_not_known_has_no_such_part(key: str) -> None:
    assert dependents.block(key) is None


def test_before_any_path_was_seen_that_is_said(site: Site) -> None:
    assert "We see too few paths to say" in site.page("/asn/15169")


CALM: list[float | None] = [50.0, 51.0, 49.0] * 7


@pytest.mark.parametrize(
    ("week", "more_is_better", "said"),
    [
        ([60.0] * 7, False, "20 % slower"),
        ([40.0] * 7, False, "20 % faster"),
        ([60.0] * 7, True, "20 % higher"),
        ([40.0] * 7, True, "20 % lower"),
        ([50.0, 51.0] * 3 + [52.0], False, "like the three before"),
    ],
)
def test_a_week_is_held_against_the_three_before(week: list[float], more_is_better: bool, said: str) -> None:
    assert said in quality.trend([*CALM, *week], more_is_better=more_is_better)


def test_too_few_days_are_no_trend() -> None:
    assert quality.trend([*CALM, None, None, None, 60.0, 60.0, 60.0, 60.0], more_is_better=False) == ""
    assert quality.trend([None] * 17 + [50.0] * 4 + [60.0] * 7, more_is_better=False) == ""
    assert quality.trend([0.0] * 21 + [1.0] * 7, more_is_better=False) == "", "nothing to take a share of"
