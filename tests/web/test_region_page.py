"""A region: its name, where it lies, what stands beside it, and how it is found."""

from __future__ import annotations

from typing import Any

import pytest

from radar import cldr, entities, languages, retell
from radar.api.search import exactly, known, search
from radar.store import documents
from tests.samples import sample_documents
from tests.web.conftest import Site

ANBAR, BASRA = "region/IQ-AN", "region/IQ-BA"


@pytest.fixture
def parted(site: Site) -> Site:
    """Two regions of Iraq: one is hit, the other is not."""
    docs, states = sample_documents()
    calm = {**states["country/IQ"], "state": "ok", "depth": None, "series": []}
    states |= {BASRA: calm, ANBAR: {**calm, "state": "outage", "depth": 0.6}}
    documents.publish(site.store, docs, states, {})
    return site


def links(text: str, id: str = "parts") -> list[str]:
    """Words of the part that lists regions."""
    part = text.partition(f'id="{id}"')[2].partition("</section>")[0]
    return [piece.partition("<")[0] for piece in part.split('href="/region/')[1:]]


def test_a_country_lists_its_regions_and_a_region_the_others_worst_first(parted: Site) -> None:
    assert links(parted.page("/country/IQ")) == ['IQ-AN">Al Anbar', 'IQ-BA">Basra']
    text = parted.page("/region/IQ-BA")
    assert links(text, "siblings") == ['IQ-AN">Al Anbar']
    assert 'Region · <a href="/country/IQ">Iraq</a>' in text
    assert "Basra, Iraq</h1>" in text
    assert links(parted.page("/country/ID")) == []


@pytest.mark.parametrize("typed", ["US-SC", "us-sc", "region/us-sc"])
def test_a_region_is_found_by_its_code(typed: str) -> None:
    assert exactly(typed) == "region/US-SC"


@pytest.mark.parametrize("typed", ["south carolina", "carolina del sur", "Carolina del S"])
def test_a_region_with_data_is_found_by_its_name_in_each_language(typed: str) -> None:
    here: Any = known([("region/US-SC", entities.name("region/US-SC"))])
    assert search(typed, 1, here) == ["region/US-SC"]


def test_the_table_of_names_has_codes_that_are_regions_and_of_another_language_what_differs() -> None:
    table = cldr.regions()
    assert set(table) == set(languages.LANGUAGES)
    assert all(
        entities.is_entity(f"region/{code}") and name for names in table.values() for code, name in names.items()
    )
    assert not any(table["en"].get(code) == name for code, name in table["es"].items())


def test_a_code_without_a_name_stands_for_itself() -> None:
    assert entities.name("region/US-ZZZ") == "US-ZZZ, US"
    assert exactly("US-ZZZ") is None


def test_what_was_said_of_a_region_is_told_in_another_language() -> None:
    with languages.speaking("es"):
        told = retell.text("South Carolina, US: blocks that answer pings 70 % below normal since 04:20 UTC on 2 March "
                           "2026.")  # fmt: skip
        assert told.startswith("Carolina del Sur, Estados Unidos: ")
