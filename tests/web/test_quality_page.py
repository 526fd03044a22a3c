"""``/quality`` and the performance part of an entity's page: what is said, and what is not said for want of data."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

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


@pytest.mark.parametrize("query", ["by=rtt", "by=iqb&month=2025-10", "by=download&month=2024-10"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_map_has_links_files_and_a_citation(filled: Site, query: str, language: str) -> None:
    page = filled.page(f"/quality?{query}&lang={language}")
    codes = [unescape(found) for found in re.findall(r"<(?:code|pre)>(.*?)</", page, re.S)]
    frozen = urlsplit(next(code for code in codes if code.startswith("http") and "&sha256=" in code))
    asked = f"{frozen.path}?{frozen.query}"
    assert "the very numbers" in filled.page(asked)
    assert "The numbers have changed" in filled.page(re.sub("sha256=.*", "sha256=0123456789abcdef", asked))
    csv_at = re.findall(r"'http://[^/]+(/api[^']+)'", next(code for code in codes if code.startswith("curl")))[0]
    assert hashlib.sha256(filled.get(csv_at).data).hexdigest() in codes
    assert any(", 2 March 2026, 11:00 UTC" in code for code in codes) or "rtt" not in query or language == "es"
    assert any(("[Map of simulated data]" if "rtt" in query else "[Map]") in code for code in codes) or language == "es"
    picture = filled.get(f"/quality.svg?{query}")
    assert picture.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(picture.text)
    text = "".join(root.itertext())
    for piece in ("Map of the world: ", "Source: ", "licence: ", "Shapes: Natural Earth", f"/quality?{query}&sha256="):
        assert piece in text, piece
    assert "best " in text
    kinds = {name for node in root.iter() for name in node.get("class", "").split() if name.startswith("s-q")}
    style = next(node.text or "" for node in root.iter() if node.tag.endswith("style"))
    assert kinds
    assert all(f".{kind}" in style for kind in kinds)


def test_there_is_no_file_of_nothing(site: Site) -> None:
    assert site.get("/quality.svg?by=rtt").status_code == 404


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


def test_a_score_says_of_how_many(filled: Site) -> None:
    page = filled.page("/quality?by=iqb")
    assert re.search(r"\d+ of 100 in the middle country of \d+; \w+ is best with \d+ of 100", page)


def test_another_order_leads_back_to_the_table(filled: Site) -> None:
    head = filled.page("/quality").partition('id="ranking"')[2].partition("</thead>")[0]
    heads = re.findall(r'<th[^>]*><a href="([^"]+)">', head)
    assert heads
    assert all(address.endswith("#ranking") for address in heads)


def test_a_change_is_told_only_between_months_with_enough_tests(site: Site) -> None:
    docs, states = sample_documents()
    values = {"ndt.download_p50": 41.0}
    months = [
        {"entity": key, "month": month, "tests": tests, "values": {"ndt.download_p50": was}, "iqb": iqb(values, tests)}
        for key, counts in (("country/IQ", (900, 5000)), ("country/NR", (1, 2)))
        for month, tests, was in (("2024-10", counts[0], 0.15), ("2025-10", counts[1], 41.0))
    ]
    publish(site.store, {**docs, "quality": months}, states)
    told, untold = (site.page(f"/country/{code}").partition('id="quality"')[2] for code in ("IQ", "NR"))
    assert "+27,233\N{NO-BREAK SPACE}%" in told
    assert "Change</th>" not in untold
    assert "Fewer than 100 tests in a month say nothing of a country, so no change is told." in untold
