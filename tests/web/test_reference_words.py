"""What pages say from the reference tables: with year and source, called an estimate, and no nought for not known."""

from __future__ import annotations

import pytest

from radar import reference
from radar.components import reference as words
from tests.web.conftest import Site
from tests.web.test_pages import Reader
from tests.web.test_routing_page import words_of


def test_a_country_says_who_uses_the_internet_of_which_year_and_by_whom(site: Site) -> None:
    text = words_of(site.page("/country/IQ"))
    assert "Internet users 82 % of people (2023) That is about 38 million people" in text
    assert "Source: Gapminder, World Bank, ITU; names: Unicode CLDR Licence: CC BY 4.0 Table of November 2026" in text


def test_what_is_not_known_of_a_country_is_said_and_not_nought(site: Site) -> None:
    text = words_of(site.page("/country/TW"))
    assert "Population not known Internet users not known That is not known" in text


def test_users_of_a_network_are_called_an_estimate_and_say_from_what(site: Site) -> None:
    text = words_of(site.page("/asn/5089"))
    assert "about 6.6 million people, an estimate from UK's Internet users (2023)" in text
    assert "Ownership" not in text


def test_no_estimate_is_made_where_addresses_say_little(site: Site) -> None:
    assert "Internet users no estimate" in words_of(site.page("/asn/7922"))


def test_state_ownership_is_said_with_its_study_and_its_year(site: Site) -> None:
    html = site.page("/asn/23693")
    assert "listed in a study of 2021 as an operator in which the state holds the majority (Indonesia)" in words_of(
        html
    )
    assert "That may have changed since." in words_of(html)
    assert f'href="{reference.info("state_owned").source_url}"' in html


def test_a_network_in_another_country_than_its_home_gets_no_users_of_home(site: Site) -> None:
    assert "an estimate from" in words_of(site.page("/geoasn/ID-23693"))
    assert "an estimate from" not in words_of(site.page("/geoasn/FR-23693"))


def test_the_sources_page_lists_every_table_with_date_and_licence(site: Site) -> None:
    html = site.page("/sources")
    text = words_of(html)
    for said in map(reference.info, reference.names()):
        assert f"{said.title} {said.date} {said.version} (came with this release) {said.rows:,}" in text
        assert f'href="{said.licence_url}"' in html
    assert Reader(html).open == []


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, ""), (0, "about 0"), (812, "about 810"), (61_400, "about 61,000"), (2_140_000, "about 2.1 million"),
     (1_412_000_000, "about 1.4 billion")],
)  # fmt: skip
def test_people_are_said_with_two_digits(number: int | None, said: str) -> None:
    assert words._about(number) == said
