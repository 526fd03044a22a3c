"""The front page: complete without scripts, small, honest when nothing is open; search, and "is it just me?"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from radar.beacon.places import FILE
from radar.store import Store, documents, travel
from tests.samples import NOW, sample_documents, text
from tests.web.conftest import Site

IRAQ = "IQ-20260302T0500Z"

#: Readers by the tables that come with the radar: Norway AS205016; a network of the United Kingdom, AS5089.
NORWAY, VIRGIN = "77.111.246.53", "82.0.0.1"

#: Bytes that a first visit may take: the first response, and all of it.
DOCUMENT, VISIT = 100_000, 700_000

Ask = Callable[..., Any]


def plain(html: str) -> str:
    """The text of a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def publish(store: Store, docs: dict[str, Any], states: dict[str, Any]) -> None:
    docs |= {f"outage:{row['id']}": row for row in docs["outages"]}
    with travel.Recorder(store).recording(NOW + timedelta(minutes=5), docs, states) as record:
        documents.publish(store, docs, states, within=record.write)


# -- the first response -----------------------------------------------------------------------------------------------


def test_headline_map_list_and_time_machine_are_in_the_first_response(site: Site) -> None:
    page = site.page("/")
    assert "Outage now: Iraq" in page
    assert len(re.findall(r'<a href="/country/\w\w" class="c s-', page)) == 250
    assert f'href="/outage/{IRAQ}"' in page
    assert re.search(r'<form id="machine" [^>]*method="get"', page)
    assert '<input id="at" name="at" type="datetime-local"' in page


def test_the_first_response_and_the_whole_visit_stay_small(site: Site) -> None:
    answer = site.get("/", headers={"Accept-Encoding": "br"})
    assert len(answer.data) < DOCUMENT
    parts = re.findall(r'"(/[^"]+\.js[^"]*)"', site.page("/")) + re.findall(
        r'<link rel="preload" href="([^"]+)"', site.page("/")
    )
    assert any("dash_renderer" in part for part in parts)
    sizes = {part: len(site.get(part, headers={"Accept-Encoding": "br"}).data) for part in parts}
    assert not any("plotly" in part for part in parts), "the map needs no charts"
    later = len(site.get("/film.json", headers={"Accept-Encoding": "br"}).data)
    assert len(answer.data) + sum(sizes.values()) + later < VISIT, sizes


def test_only_the_front_page_loads_what_only_it_needs(site: Site) -> None:
    assert "/radar/home.v1m" in site.page("/")
    assert "/radar/home." not in site.page("/about")
    assert ".machine{" in site.page("/")
    assert ".machine{" not in site.page("/about")


def test_each_outage_of_the_list_names_the_countries_that_it_touches(site: Site) -> None:
    listed = site.page("/").partition('id="open"')[2].partition("</section>")[0]
    assert re.findall(r'<li data-places="([^"]*)">', listed) == ["IQ", "GB"]


def test_one_click_goes_back_only_to_what_is_recorded(site: Site) -> None:
    def backs() -> list[str]:
        return re.findall(r'<a href="/\?at=[^"]+">(\d+ h ago)</a>', site.page("/"))

    assert backs() == []
    docs, states = sample_documents()
    docs["clock"] |= {"now": text(NOW + timedelta(hours=6))}
    publish(site.store, docs, states)
    assert backs() == ["1 h ago", "3 h ago", "6 h ago"]


def test_when_nothing_is_open_it_says_what_that_rests_on_and_what_it_does_not_cover(site: Site) -> None:
    docs, states = sample_documents()
    docs["outages"] = [row for row in docs["outages"] if row["status"] != "open"]
    for key in ("country/IQ", "asn/5089", "asn/21277"):
        states[key] = states["country/PT"]
    publish(site.store, docs, states)
    part = plain(site.page("/").partition('id="open"')[2].partition("</section>")[0])
    countries = sum(key.startswith("country/") and row["state"] != "insufficient" for key, row in states.items())
    assert "No outage is open." in part
    assert f"{countries} countries and" in part
    assert "Of 1 country and" in part
    assert "we have too little data to say" in part
    assert "The last one ended at 10:00 UTC : Fiji was mostly offline" in part


def test_a_calm_moment_of_the_past_is_headed_as_one_and_is_not_marked_as_now(site: Site) -> None:
    docs, states = sample_documents()
    docs["outages"] = [row for row in docs["outages"] if row["status"] != "open"]
    docs["clock"] |= {"now": text(NOW + timedelta(minutes=5))}
    publish(site.store, docs, states)
    site.at(lambda: NOW + timedelta(minutes=5))
    then = site.page(f"/?at={text(NOW + timedelta(minutes=5))}")
    part = plain(then.partition('id="open"')[2].partition("</section>")[0])
    assert "Open then" in part
    assert "Open now" not in part
    assert 'href="/" aria-current' not in then
    assert '<a href="/" aria-current="page">' in site.page("/")


def test_a_moment_that_nothing_is_known_of_has_the_machine_a_hatched_map_and_the_reason(site: Site) -> None:
    answer = site.get(f"/?at={text(NOW - timedelta(hours=3))}")
    assert answer.status_code == 404
    assert "What was published is recorded from" in answer.text
    assert '<svg class="map unknown coarse"' in answer.text
    assert f'data-at="{text(NOW - timedelta(hours=3))}"' in answer.text
    assert "/radar/home.v1m" in answer.text
    assert "s-ok" not in answer.text.partition("<svg class=")[2].partition("</svg>")[0]
    assert "machine" not in site.get(f"/?at={text(NOW + timedelta(days=900))}").text.partition("<main")[2]


def test_a_picked_level_says_how_many_of_all_are_shown_and_the_legend_what_it_counts(site: Site) -> None:
    assert '<span class="count">2</span>' in site.page("/")
    assert '<span class="count">1 of 2</span>' in site.page("/?level=outage")
    assert "Countries and territories, by state:" in site.page("/")


def test_the_small_line_is_of_the_signal_that_the_sentence_names(site: Site) -> None:
    from radar.pages import _lines

    docs, _states = sample_documents()
    row = next(row for row in docs["outages"] if row["id"] == IRAQ)
    seen = {"verdict": "affected", "first_seen": row["start"], "source": "a"}
    row["signals"] = [
        seen | {"signal": "bgp.visible_24s", "depth": 1.0},
        seen | {"signal": "edge.requests", "depth": 0.3},
        seen | {"signal": "edge.requests", "depth": 0.9, "source": "b"},
        seen | {"signal": "ping.up_24s", "depth": 0.95},
    ]
    assert (found := _lines.told_of(row))
    assert (found["signal"], found["source"]) == ("edge.requests", "b")
    unnamed = _lines.told_of(row | {"headline": "Iraq: something."})
    assert unnamed
    assert unnamed["signal"] == "bgp.visible_24s"
    assert _lines.told_of(row | {"signals": []}) is None


def test_the_small_line_says_what_it_is_of() -> None:
    from radar.figures import sparkline

    assert "<title>Requests, line of the last hours; now: Outage</title>" in sparkline.svg(
        [1.0, 0.0], [], "outage", what="Requests"
    )


def test_a_source_that_speaks_when_something_happens_is_not_behind(site: Site) -> None:
    docs, states = sample_documents()
    live = next(row for row in docs["sources"] if row["state"] == "ok" and row["newest_bin"])
    event = {"name": "origin_hijacks", "title": "Candidates for hijacks", "last_success": None, "lag_s": 45_900.0}
    docs["sources"] = [live, live | event]
    publish(site.store, docs, states)
    rows = site.page("/").partition('id="fresh"')[2].partition("</table>")[0].split("<tr>")
    assert "last event" in rows[-1]
    assert "behind" not in rows[-1]
    assert "behind" in rows[-2]


# -- what is picked ---------------------------------------------------------------------------------------------------


def rows(page: str) -> dict[str, str]:
    """The open outages of the list: the classes of each line by its countries."""
    listed = page.partition('id="open"')[2].partition("</section>")[0]
    found = re.findall(r'<li( class="[^"]*")? data-places="([^"]*)"( class="[^"]*")?', listed)
    return {places: before + after for before, places, after in found}


def picked(page: str) -> str:
    return plain("<" + page.partition('id="picked"')[2].partition("</p>")[0])


def test_the_country_of_the_address_is_picked_on_map_and_list_without_scripts(site: Site) -> None:
    page = site.page("/?place=IQ")
    assert '<svg class="map picking coarse"' in page
    assert re.findall(r'href="/country/(\w\w)" class="c s-\w+ picked"', page) == ["IQ"]
    assert ["off" in classes for classes in rows(page).values()] == [False, True]
    assert "Iraq: Outage" in picked(page)
    assert re.search(r'<a href="/" data-clear="">Show all</a>', page)


def test_a_level_of_the_address_narrows_the_list_and_says_when_nothing_is_left(site: Site) -> None:
    page = site.page("/?level=degraded")
    assert '<svg class="map only-degraded coarse"' in page
    assert ["off" in classes for classes in rows(page).values()] == [True, False]
    assert "Nothing open here." in picked(site.page("/?place=IQ&level=degraded"))


def test_what_is_picked_stays_in_the_language_in_the_moment_and_in_the_forms(site: Site) -> None:
    docs, states = sample_documents()
    docs["clock"] |= {"now": text(NOW + timedelta(hours=2))}
    publish(site.store, docs, states)
    page = site.page(f"/?at={text(NOW)}&place=IQ&lang=es")
    assert re.search(rf'<a href="/country/IQ\?at={text(NOW)}&amp;lang=es"( data-\S+)?>', page)
    assert "/?at=2026-03-02T13:00:00Z&amp;place=IQ&amp;lang=es" in page
    assert '<input type="hidden" name="place" value="IQ">' in page
    assert re.search(r'class="tongue" href="/\?[^"]*place=IQ[^"]*lang=en"', page)
    assert "lang=es" in page.partition('id="picked"')[2].partition('data-clear=""')[0].rpartition("<a ")[2]


@pytest.mark.parametrize("place", ["ZZ", "iq", "Iraq", "<b>", "%00", "a" * 400])
def test_what_is_no_country_picks_nothing_and_is_told(site: Site, place: str) -> None:
    page = site.page(f"/?place={place}")
    assert '<svg class="map coarse" ' in page
    assert "There is no country with the code" in picked(page)
    assert not any("off" in classes for classes in rows(page).values())
    assert "<b>" not in picked(page)


# -- search -----------------------------------------------------------------------------------------------------------


def suggested(site: Site, query: str, **headers: str) -> list[dict[str, Any]]:
    answer = site.get("/suggest.json", query_string={"q": query}, headers=headers)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return list(answer.json["data"])


def test_countries_networks_providers_and_outages_are_found_while_one_types(site: Site) -> None:
    rows = suggested(site, "ira")
    assert {row["path"] for row in rows} >= {"/country/IQ", "/country/IR", f"/outage/{IRAQ}"}
    (iraq,) = [row for row in rows if row["path"] == f"/outage/{IRAQ}"]
    assert iraq["name"].startswith("Iraq has been mostly offline since 05:00 UTC")
    assert (iraq["kind"], iraq["state"]) == ("Outage", "outage")
    assert suggested(site, "virgin med")[0]["path"] == "/asn/5089"
    assert suggested(site, "cloudfl")[0] == {
        "name": "Cloudflare", "path": "/provider/cloudflare", "kind": "Provider", "state": None,
    }  # fmt: skip
    assert f"/outage/{IRAQ}" in [row["path"] for row in suggested(site, "mostly offline")]


def test_an_outage_that_has_ended_is_not_called_one(site: Site) -> None:
    (row,) = [row for row in suggested(site, "fiji") if row["path"].startswith("/outage/FJ")]
    assert (row["kind"], row["state"]) == ("Ended", None)


def test_suggestions_are_in_the_language_of_the_page(site: Site) -> None:
    names = [row["name"] for row in site.get("/suggest.json?q=alem&lang=es").json["data"]]
    assert names[0] == "Alemania"


@pytest.mark.parametrize("query", ["", "   ", "\x00", "%", "a" * 5000, "'\"<script>"])
def test_whatever_is_typed_gets_an_answer(site: Site, query: str) -> None:
    assert isinstance(suggested(site, query), list)


@pytest.mark.parametrize("query", ["iraq outage", "outage iraq", "internet down in Iraq", "corte en Irak", "iq apagón"])
def test_an_outage_is_found_by_a_place_and_a_word_for_it(site: Site, query: str) -> None:
    paths = [row["path"] for row in suggested(site, query)]
    assert paths.index(f"/outage/{IRAQ}") > paths.index("/country/IQ")


def test_a_mistyped_name_is_asked_back(site: Site) -> None:
    (row,) = [row for row in suggested(site, "Germny") if row["path"] == "/country/DE"]
    assert row["kind"] == "Did you mean this? Country"
    page = site.page("/search?q=Germny")
    assert 'Did you mean <a href="/country/DE">Germany</a>?' in page
    assert "Nothing fits" not in page
    assert "Did you mean" not in site.page("/search?q=german")


def test_what_names_one_place_outright_leads_there_with_a_way_back(site: Site) -> None:
    answer = site.get("/search?q=iraq&lang=es")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/country/IQ?sought=iraq&lang=es")
    page = site.page("/country/IQ?sought=iraq")
    assert '<a href="/search?q=iraq&amp;list=1">Search for “iraq” instead</a>' in page
    assert "/country/IQ" in site.page("/search?q=iraq&list=1")
    assert "instead</a>" not in site.page("/country/IQ")
    assert "&lt;b&gt;" in site.page("/country/IQ?sought=%3Cb%3E")


def test_an_address_is_looked_up_and_kept_nowhere(site: Site, table: bytes, tmp_path: Path) -> None:
    settings = site.server.config["RADAR_SETTINGS"]
    site.server.config["RADAR_SETTINGS"] = replace(settings, data_dir=tmp_path)
    try:
        assert "no table of addresses yet" in site.page("/search?q=8.8.8.8")
        (tmp_path / "beacon").mkdir()
        (tmp_path / "beacon" / "places.bin").write_bytes(table)
        for query in ("8.8.8.8", "8.8.8.0/24", "2001:4860:4860::8888"):
            answer = site.get("/search", query_string={"q": query})
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
            assert 'href="/asn/15169"' in answer.text
            assert suggested(site, query)[0]["path"] == "/asn/15169"
        assert "private or reserved" in site.page("/search?q=192.168.1.1")
        (row,) = suggested(site, "192.168.1.1")
        assert "private or reserved" in row["name"]
    finally:
        site.server.config["RADAR_SETTINGS"] = settings


def test_the_page_of_results_shows_outages_too(site: Site) -> None:
    page = site.page("/search?q=mostly+offline")
    assert f'href="/outage/{IRAQ}"' in page
    assert "Nothing fits" not in page


# -- is it just me? ---------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(site: Site, tmp_path: Path, table: bytes) -> Iterator[Ask]:
    """Ask as a reader at an address; ``proxies``: servers of the operator's in front."""
    before = site.server.config["RADAR_SETTINGS"]
    (tmp_path / "beacon").mkdir()
    (tmp_path / "beacon" / FILE).write_bytes(table)

    def ask(address: str, *, proxies: int = 0, **headers: str) -> Any:
        site.server.config["RADAR_SETTINGS"] = replace(before, data_dir=tmp_path, beacon_proxies=proxies)
        return site.browser.post("/here", environ_base={"REMOTE_ADDR": address}, headers=headers)

    yield ask
    site.server.config["RADAR_SETTINGS"] = before


def told(answer: Any) -> str:
    assert answer.status_code == 200
    return plain(answer.text.partition('id="here-answer"')[2].partition("World map")[0])


def test_a_reader_whose_network_has_an_outage_is_told_and_led_to_it(ask: Ask) -> None:
    answer = ask(VIRGIN)
    words = told(answer)
    assert "It is perhaps not just you: we see degraded service where you are." in words
    assert "AS5089 Virgin Media Limited" in words
    assert 'href="/outage/AS5089-20260302T1100Z"' in answer.text
    assert 'href="/country/GB"' in answer.text


def test_of_a_network_that_we_do_not_see_nothing_calm_is_said(ask: Ask) -> None:
    words = told(ask(NORWAY))
    assert "We cannot say: we have too little data on your network and on your country." in words
    assert "You are on AS205016" in words
    assert "no outage" not in words


def test_a_network_and_a_country_that_are_well_are_told_so_with_what_that_does_not_cover(ask: Ask, site: Site) -> None:
    docs, states = sample_documents()
    for key in ("asn/205016", "country/NO"):
        states[key] = states["country/PT"]
    publish(site.store, docs, states)
    assert "We see no outage of your network or of your country. What is smaller" in told(ask(NORWAY))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "192.168.0.7", "100.64.0.9", "fe80::1", "::1", "fd00::5"])
def test_a_private_address_is_told_to_be_one(ask: Ask, address: str) -> None:
    words = told(ask(address))
    assert "You came from a private address" in words
    assert "Nothing was looked up for this answer" in words
    assert "we used the first part of the address" not in words


def test_the_reader_behind_our_own_server_is_found_and_a_claimed_address_is_not_believed(ask: Ask) -> None:
    claim = {"X-Forwarded-For": f"{VIRGIN}, {NORWAY}"}
    assert "private address" in told(ask("10.0.0.1", **claim))
    assert "AS205016" in told(ask("10.0.0.1", proxies=1, **claim))
    assert "cannot tell which address" in told(ask("10.0.0.1", proxies=1))


def test_without_a_table_it_says_so(site: Site, tmp_path: Path) -> None:
    before = site.server.config["RADAR_SETTINGS"]
    site.server.config["RADAR_SETTINGS"] = replace(before, data_dir=tmp_path)
    answer = site.browser.post("/here", environ_base={"REMOTE_ADDR": NORWAY})
    site.server.config["RADAR_SETTINGS"] = before
    assert "This radar has no table of addresses yet" in told(answer)


def test_it_says_what_was_looked_up_and_keeps_nothing(ask: Ask, site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    keys = sorted(site.store.scan_iter())
    answer = ask(VIRGIN)
    assert "with this answer it is forgotten" in told(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert sorted(site.store.scan_iter()) == keys
    assert VIRGIN not in caplog.text + answer.text
    assert VIRGIN.rpartition(".")[0] not in caplog.text + answer.text


def test_nothing_is_looked_up_by_reading_and_no_other_site_can_ask(ask: Ask, site: Site) -> None:
    assert site.get("/here").status_code == 404
    assert ask(VIRGIN, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert 'action="/here"' in site.page("/")
    assert 'action="/here"' not in site.page(f"/?at={text(NOW)}"), "it is about now"
