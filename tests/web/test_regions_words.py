"""Where clouds have regions: on the pages of providers and of countries, with the date of the table."""

from __future__ import annotations

import re

from radar import reference
from radar.store import documents
from tests import samples
from tests.web.conftest import Site
from tests.web.test_pages import Reader
from tests.web.test_routing_page import words_of


def part(html: str) -> str:
    return html.partition('id="regions"')[2].partition("</section>")[0]


def test_a_provider_lists_its_regions_with_the_state_of_their_country(site: Site) -> None:
    html = site.page("/provider/google-cloud")
    assert Reader(html).open == []
    found = part(html)
    assert "europe-west3" in found
    assert 'href="/country/DE"' in found
    assert found.count("<tr>") == 41
    text = words_of(html)
    assert "not of the region" in text
    assert f"Table of {reference.info('cloud_regions').date}" in text


def test_regions_of_a_country_that_is_hit_come_first(site: Site) -> None:
    docs, states = samples.sample_documents()
    states["country/JP"] = {**states["country/IQ"], "state": "outage"}
    documents.publish(site.store, docs, states, {})
    found = part(site.page("/provider/google-cloud"))
    order = re.findall(r"<code>([a-z]+-[a-z]+\d+)</code>", found)
    assert order[:3] == ["asia-northeast1", "asia-northeast2", "africa-south1"]


def test_a_provider_that_is_not_in_the_table_has_no_section(site: Site) -> None:
    assert 'id="regions"' not in site.page("/provider/quad9")


def test_a_country_lists_the_clouds_that_have_a_region_there(site: Site) -> None:
    html = site.page("/country/PT")
    assert 'id="regions"' not in html, "none is known there"
    html = site.page("/country/DE")
    assert Reader(html).open == []
    found = part(html)
    assert 'href="/provider/aws"' in found
    assert "eu-central-1" in found
    assert "europe-west10" in found
    assert "other clouds are not in our table" in found
    assert "GeoNames" in found


def test_no_other_entity_has_regions(site: Site) -> None:
    assert 'id="regions"' not in site.page("/asn/5089")
