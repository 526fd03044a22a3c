"""The map as something to pass on: what is frozen stays, its fingerprint can be checked, its files say where they come
from."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from radar.signals import SIGNALS
from tests import samples
from tests.samples import NOW, text
from tests.web.conftest import Site
from tests.web.test_film import publish

AT = text(NOW)


def codes(page: str) -> list[str]:
    return [unescape(found) for found in re.findall(r"<(?:code|pre)>(.*?)</", page, re.S)]


@pytest.fixture
def later(site: Site) -> Site:
    """A site that has published Iraq's end since."""
    publish(site.store, NOW + timedelta(minutes=20), calm=True)
    return site


def test_the_front_page_offers_the_kit_of_the_map_that_it_shows(later: Site) -> None:
    now = text(NOW + timedelta(minutes=20))
    assert f'data-href="/map?at={now}"' in later.page("/")
    assert f'data-href="/map?at={AT}"' in later.page(f"/?at={AT}")
    assert 'data-slot="world-map-kit"' in later.page(f"/map?at={now}")


def test_a_frozen_map_shows_what_was_published_then_and_says_that_it_is_the_same(later: Site) -> None:
    frozen = next(code for code in codes(later.page(f"/map?at={AT}")) if "&sha256=" in code)
    address = urlsplit(frozen)
    page = later.page(f"{address.path}?{address.query}")
    assert "the very numbers" in page
    assert re.search(r'<a href="/country/IQ\?at=[^"]+" class="c s-outage"', page)
    assert "Outage then: Iraq" in page
    assert "The numbers have changed" in later.page(f"/map?at={AT}&sha256=0123456789abcdef")
    assert 'class="c s-ok"' in later.page("/map").partition('href="/country/IQ')[2][:60]


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_csv_is_what_is_drawn_and_has_the_fingerprint_of_the_link_in_every_language(
    later: Site, language: str
) -> None:
    page = later.page(f"/map?at={AT}&lang={language}")
    body = later.get(f"/map.csv?at={AT}").data
    assert hashlib.sha256(body).hexdigest() in codes(page)
    rows = {row["country"]: row for row in csv.DictReader(io.StringIO(body.decode()))}
    drawn = dict(re.findall(r'<a href="/country/(\w\w)[^"]*" class="c s-(\w+)', page))
    assert {code: row["state"] or "none" for code, row in rows.items()} == drawn
    assert rows["IQ"] == {
        "country": "IQ", "name": "Iraq", "state": "outage", "simulated": "true", "published": AT,
    }  # fmt: skip
    assert (rows["BR"]["state"], rows["BR"]["simulated"]) == ("", ""), "never measured is no state"


def test_the_picture_says_title_source_licence_time_and_address_and_needs_no_style_sheet(later: Site) -> None:
    answer = later.get(f"/map.svg?at={AT}")
    assert answer.mimetype == "image/svg+xml"
    assert answer.headers["Content-Disposition"] == 'inline; filename="radar-map-20260302T120000Z.svg"'
    root = ElementTree.fromstring(answer.data)
    told = " ".join(root.itertext())
    for part in ("Outage then: Iraq", "Source:", "(CC", "12:00 UTC", "simulated", "Natural Earth",
                 f"http://localhost/map?at={AT}&sha256="):  # fmt: skip
        assert part in told, part
    style = root.findtext("{http://www.w3.org/2000/svg}style") or ""
    assert "var(" not in style
    links = [node.get("href", "") for node in root.iter("{http://www.w3.org/2000/svg}a")]
    assert len(links) == 250
    assert all(href.startswith("http://localhost/country/") for href in links)


def test_the_map_names_only_sources_that_judge_each_with_its_licence(later: Site) -> None:
    apa = next(code for code in codes(later.page(f"/map?at={AT}")) if code.startswith("Internet Radar."))
    data = apa.partition("Data: ")[2].partition(". Retrieved")[0]
    judging = [
        f"{row['title']} ({row['licence']})" for row in samples.sample_sources(NOW)
        if row["state"] in ("ok", "late", "failing") and row["newest_bin"]
        and any(SIGNALS[id].profile != "none" for id in row["signals"] if id in SIGNALS)
    ]  # fmt: skip
    assert len(judging) > 1
    assert sorted(data.split("; ")) == sorted(judging)


@pytest.mark.parametrize("language", ["en", "es"])
def test_pictures_of_a_kit_speak_the_language_of_its_page(later: Site, language: str) -> None:
    page = unescape(later.page(f"/map?at={AT}&lang={language}"))
    found = re.findall(r'(?:href|data-png)="([^"]*/map\.svg[^"]*)"', page)
    assert found
    for address in found:
        assert ("lang=es" in address) == (language == "es"), "the address of English says no language"
        assert later.get(address.removeprefix("http://localhost")).status_code == 200


def test_the_map_is_cited_with_its_moment_and_its_address(later: Site) -> None:
    told = codes(later.page(f"/map?at={AT}"))
    (apa,) = [code for code in told if code.startswith("Internet Radar. (2026, March 2)")]
    assert "[Map of simulated data]" in apa
    assert f"from http://localhost/map?at={AT}&sha256=" in apa
    (bibtex,) = [code for code in told if code.startswith("@misc{radar-")]
    assert "year = {2026}" in bibtex
    assert f"url = {{http://localhost/map?at={AT}&sha256=" in bibtex
    (spanish,) = [
        code for code in codes(later.page(f"/map?at={AT}&lang=es")) if "Internet Radar. (2026, 2 de marzo)" in code
    ]
    assert "March" not in spanish


@pytest.mark.parametrize(
    ("at", "status"), [("yesterday", 400), ("2031-01-01T00:00:00Z", 400), ("2020-01-01T00:00:00Z", 404)]
)
def test_a_moment_that_cannot_be_shown_is_refused_by_page_and_files(later: Site, at: str, status: int) -> None:
    for path in ("/map", "/map.csv", "/map.svg"):
        answer = later.get(f"{path}?at={at}")
        assert answer.status_code == status, path
    assert "no-store" in later.get(f"/map.csv?at={at}").headers["Cache-Control"]


def test_a_radar_that_has_published_nothing_has_no_map(bare: Site) -> None:
    assert bare.get("/map").status_code == 404
    assert bare.get("/map.svg").status_code == 404
