"""A page answers in the reader's language, keeps a choice in its links, and says what it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from plotly.io.json import to_json_plotly

from radar import languages
from radar.pages import _first, _language, _read
from radar.store import Store, documents
from tests.samples import sample_outages, seed
from tests.serving import site_over

SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.5"}


@pytest.fixture
def browser(client: Store) -> Iterator[FlaskClient]:
    """The whole site over the samples."""
    seed(client, notice=True)
    with site_over(client) as server:
        yield server.test_client()


def page(browser: FlaskClient, address: str, **headers: str) -> str:
    answer = browser.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, address
    return answer.get_data(as_text=True)


def test_the_browsers_preference_holds_and_the_answer_says_so(browser: FlaskClient) -> None:
    answer = browser.get("/country/IQ", headers=SPANISH)
    text = answer.get_data(as_text=True)
    assert '<html lang="es">' in text
    assert "<h1" in text
    assert ">Irak<" in text
    assert answer.headers["Content-Language"] == "es"
    assert "Accept-Language" in answer.headers["Vary"]
    body = re.sub(r"<head>.*?</head>", "", text, flags=re.S)
    assert "lang=es" not in re.sub(r'"/feeds/[^"]*"', "", body), "links go where the preference holds too"


@pytest.mark.parametrize(("query", "headers"), [("", SPANISH), ("?lang=es", {})])
def test_a_spanish_page_links_to_spanish_feeds_and_dash_draws_the_same(
    browser: FlaskClient, query: str, headers: dict[str, str]
) -> None:
    path = "/outage/IQ-20260302T0500Z"
    feeds = {"/feeds/outages.atom?lang=es", "/feeds/country/IQ.atom?lang=es"}
    text = browser.get(path + query, headers=headers).get_data(as_text=True)
    assert set(re.findall(r'"(/feeds/[^"]*)"', text)) == feeds
    found = _first.find(path)
    with browser.application.test_request_context(path + query, headers=headers):
        browser.application.preprocess_request()
        drawn = to_json_plotly(found.layout(**found.variables)).replace("\\u002f", "/")
        _language.end()
    assert set(re.findall(r'"(/feeds/[^"]*)"', drawn)) == feeds
    english = page(browser, path, Accept_Language="en")
    assert set(re.findall(r'"(/feeds/[^"]*)"', english)) == {feed.partition("?")[0] for feed in feeds}


def test_the_address_is_stronger_than_the_preference(browser: FlaskClient) -> None:
    assert '<html lang="en">' in page(browser, "/?lang=en", Accept_Language="es")
    assert '<html lang="es">' in page(browser, "/?lang=es", Accept_Language="en")
    assert '<html lang="en">' in page(browser, "/?lang=xx", Accept_Language="fr")


def test_pages_of_two_languages_are_kept_apart(browser: FlaskClient) -> None:
    first = page(browser, "/outages", Accept_Language="es")
    second = page(browser, "/outages", Accept_Language="en")
    assert ("Interrupciones" in first, "Interrupciones" in second) == (True, False)
    assert page(browser, "/outages", Accept_Language="es") == first
    tag = browser.get("/outages", headers={"Accept-Language": "es"}).headers["ETag"]
    again = browser.get("/outages", headers={"Accept-Language": "en", "If-None-Match": tag})
    assert again.status_code == 200, "a page in another language is another page"


def test_a_choice_stays_in_every_link_and_form(browser: FlaskClient) -> None:
    text = page(browser, "/?lang=es")
    body = text[text.index("<body") :]
    links = [href for href in re.findall(r'<a [^>]*?href="(/[^"]*)"', body) if not href.startswith(("/api", "/feeds"))]
    assert len(links) > 250, "those of the map too"
    assert [href for href in links if "lang=" not in href] == []
    forms = re.findall(r"<form\b.*?</form>", body, flags=re.S)
    assert forms
    assert [form for form in forms if 'name="lang" value="es"' not in form and "lang=es" not in form] == []


def test_the_other_language_is_one_click_away_on_the_same_view(browser: FlaskClient) -> None:
    text = page(browser, "/outages?status=open&lang=es")
    link = re.search(r'<a class="tongue" href="([^"]+)" hreflang="en"', text)
    assert link is not None
    assert link[1] == "/outages?status=open&amp;lang=en"


def test_search_engines_are_told_of_each_language(browser: FlaskClient) -> None:
    head = page(browser, "/country/IQ?lang=es")
    assert re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="http://localhost(/[^"]+)"', head) == [
        ("x-default", "/country/IQ"), ("en", "/country/IQ?lang=en"), ("es", "/country/IQ?lang=es"),
    ]  # fmt: skip
    assert '<link rel="canonical" href="http://localhost/country/IQ?lang=es">' in head


def test_the_setting_holds_where_the_reader_says_nothing(browser: FlaskClient) -> None:
    from radar.web import server

    before = server.config["RADAR_SETTINGS"]
    server.config["RADAR_SETTINGS"] = replace(before, language="es")
    try:
        assert '<html lang="es">' in page(browser, "/about", Accept_Language="fr")
        assert '<html lang="en">' in page(browser, "/about", Accept_Language="en-GB")
    finally:
        server.config["RADAR_SETTINGS"] = before


def test_machines_get_english(browser: FlaskClient) -> None:
    plain = browser.get("/api/v1/outages").get_json()["data"]
    asked = browser.get("/api/v1/outages", headers=SPANISH)
    assert asked.get_json()["data"] == plain
    assert "Accept-Language" not in asked.headers.get("Vary", "")
    csv = "/api/v1/signals?entity=country/IQ&signal=edge.requests&range=24h&format=csv"
    assert browser.get(csv, headers=SPANISH).data == browser.get(csv).data


def test_names_of_countries_are_found_in_both_languages(browser: FlaskClient) -> None:
    for lang, name in (("es", "Alemania"), ("en", "Germany")):
        found = browser.get(f"/api/v1/entities?q=alemania&lang={lang}").get_json()["data"]
        assert (found[0]["key"], found[0]["name"]) == ("country/DE", name)
    assert browser.get("/api/v1/entities?q=x&lang=fr").status_code == 400


def test_what_dash_asks_for_is_in_the_language_of_its_page(browser: FlaskClient) -> None:
    """The query of the page travels in the body of each callback."""
    body = {
        "output": "x", "inputs": [{"id": "_pages_location", "property": "search", "value": "?a=1&lang=es"}],
    }  # fmt: skip
    from radar.web import server

    with server.test_request_context("/_dash-update-component", method="POST", json=body):
        assert _language.explicit() == "es"
    with server.test_request_context("/_dash-update-component", method="POST", json={"inputs": "?"}):
        assert _language.explicit() is None


def test_stored_sentences_are_told_in_the_language_of_the_page(browser: FlaskClient, client: Store) -> None:
    rows = [dict(row, headline="Iraq: requests at our edge 93 % below normal since 05:00 UTC on 2 March 2026.")
            for row in sample_outages()]  # fmt: skip
    documents.put(client, "outages", rows)
    _read.forget()
    told = (
        "Irak: solicitudes a nuestros servidores 93 % por debajo de lo normal desde las 05:00 UTC del 2 de marzo de "
        "2026."
    )
    for language, headline in (("es", told), ("en", rows[0]["headline"]), ("es", told)):
        with browser.application.test_request_context("/"), languages.speaking(language):
            assert _read.snapshot().outages[0]["headline"] == headline
