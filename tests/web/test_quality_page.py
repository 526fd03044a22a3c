"""``/quality`` and the performance part of an entity's page: what is said, and what is not said for want of data."""

from __future__ import annotations

from datetime import timedelta

import pytest

from radar.aggregate.iqb import iqb
from radar.api.quality import BY
from radar.store import performance
from radar.store.documents import publish
from tests.sample_performance import sample_now, sample_performance
from tests.samples import NOW, sample_documents
from tests.web.conftest import Site

NETWORK = "geoasn/ID-23693"


@pytest.fixture
def filled(site: Site) -> Site:
    docs, states = sample_documents()
    values = {"ndt.download_p5": 12.0, "ndt.upload_p5": 6.0, "ndt.rtt_p5": 80.0, "ndt.loss_p5": 0.008,
              "ndt.download_p50": 50.0}  # fmt: skip
    months = [
        {"entity": "country/IQ", "month": "2025-10", "tests": 5000, "values": values, "iqb": iqb(values, 5000)},
        {"entity": "country/NR", "month": "2025-10", "tests": 12, "values": values, "iqb": iqb(values, 12)},
        {"entity": "country/IQ", "month": "2024-10", "tests": 900, "values": values, "iqb": iqb(values, 900)},
    ]
    publish(site.store, {**docs, "performance": sample_now(), "quality": months}, states)
    performance.write(site.store, {NETWORK: sample_performance(NETWORK)})
    return site


@pytest.mark.parametrize("by", BY)
def test_every_measure_has_a_page(filled: Site, by: str) -> None:
    assert "<h1" in filled.page(f"/quality?by={by}")


def test_countries_are_ranked_and_a_dozen_samples_are_hatched(filled: Site) -> None:
    page = filled.page("/quality?by=rtt")
    assert '<a href="/country/NR" class="c s-insufficient"' in page
    assert '<a href="/country/IQ" class="c s-q' in page
    assert "Germany is best with 20 ms" in page
    assert page.count('class="map"') == 1


def test_a_country_with_too_few_tests_has_no_score(filled: Site) -> None:
    page = filled.page("/quality?by=iqb")
    assert '<a href="/country/NR" class="c s-insufficient"' in page
    assert "Recorded in October 2025" in page


def test_another_month_can_be_chosen_and_an_unknown_one_is_the_newest(filled: Site) -> None:
    assert "Recorded in October 2024" in filled.page("/quality?by=download&month=2024-10")
    assert "Recorded in October 2025" in filled.page("/quality?by=download&month=%3Cb%3E")


def test_nothing_published_is_said_and_draws_no_map(site: Site) -> None:
    page = site.page("/quality?by=rtt")
    assert "No hour yet." in page
    assert 'class="map"' not in page


def test_a_network_in_a_country_is_told_of_in_one_sentence(filled: Site) -> None:
    page = filled.page(f"/{NETWORK}")
    assert "and back took 61 ms (11:00–12:00 UTC, median of 900 connections), slower than usual for this hour" in page
    assert "place 2 of 2 networks in Indonesia" in page
    assert 'class="ts hours"' in page


def test_hours_without_data_stay_a_gap(filled: Site) -> None:
    assert filled.page(f"/{NETWORK}").count('<g class="hour">') == 23


def test_an_old_hour_is_not_told_as_now(filled: Site) -> None:
    docs, states = sample_documents(NOW + timedelta(hours=9))
    publish(filled.store, docs, states)
    assert "this does not speak of now" in filled.page(f"/{NETWORK}")


def test_an_entity_without_connections_is_not_called_well(filled: Site) -> None:
    performance.write(filled.store, {NETWORK: sample_performance(NETWORK, median=None)})
    page = filled.page(f"/{NETWORK}")
    assert "too few connections" in page
    assert "as usual for this hour" not in page


def test_the_purposes_of_a_country_say_which_requirement_fails(filled: Site) -> None:
    page = filled.page("/country/IQ")
    assert "What its connections are good enough for" in page
    assert "at least 25 Mbit/s" in page
    assert "not met" in page
    assert "fewer than 100 say nothing" in filled.page("/country/NR")
