"""Pages with ``?at=``: what was known then, said to be so, never a calm map in the place of what cannot be shown."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from radar.store import documents, travel
from tests.sample_providers import sample_providers
from tests.samples import NOW, sample_documents, seed, text
from tests.web.conftest import Site

IRAQ = "IQ-20260302T0500Z"
LATER = NOW + timedelta(hours=1)
AT = f"?at={text(NOW + timedelta(minutes=30))}"


def take_back(store: Any, at: Any = LATER) -> None:
    """Publish that Iraq's outage was none, and all is well there."""
    docs, states = sample_documents()
    docs["outages"] = [
        row | {"status": "retracted", "retraction": "Our logs were lost.", "headline": "There was no outage of Iraq."}
        if row["id"] == IRAQ
        else row
        for row in docs["outages"]
    ]
    docs |= {f"outage:{row['id']}": row for row in docs["outages"]}
    states["country/IQ"] = states["country/PT"]
    publish(store, at, docs, states)


def publish(store: Any, at: Any, docs: dict[str, Any], states: dict[str, Any]) -> None:
    """Publish these, and record the moment."""
    docs |= {"clock": docs["clock"] | {"now": text(at)}}
    with travel.Recorder(store).recording(at, docs, states) as record:
        documents.publish(store, docs, states, within=record.write)


@pytest.fixture
def past(site: Site) -> Site:
    """The samples at noon, and an hour later the correction."""
    take_back(site.store)
    site.at(lambda: LATER + timedelta(days=1))
    return site


def main(html: str) -> str:
    return html.partition('<main id="main">')[2].partition("</main>")[0]


def test_the_front_page_shows_the_map_and_the_list_of_then(past: Site) -> None:
    now, then = past.page("/"), past.page(f"/{AT}")
    iraq = re.compile(r'<a href="/country/IQ[^"]*" class="c (s-\w+)"')
    assert iraq.findall(now) == ["s-ok"]
    assert iraq.findall(then) == ["s-outage"]
    assert "Iraq has been mostly offline" not in main(now)
    assert "Iraq has been mostly offline" in main(then)
    assert "Open then" in main(then)
    assert "Outage then: Iraq" in main(then)
    assert "Outage now" not in main(then)


def test_a_bar_says_of_when_it_is_and_leads_back_to_now(past: Site) -> None:
    for path in ("/", "/outages", f"/outage/{IRAQ}", "/country/IQ", "/asn/5089", "/geoasn/IQ-51684"):
        then = past.page(f"{path}{AT}")
        bars = then.partition('<section id="bars"')[2].partition("<header")[0]
        assert "As known at" in bars
        assert "2 March 2026, 12:30 UTC" in bars
        assert "Later corrections are not shown." in bars
        assert f'<a href="{path}">Show now</a>' in bars
        assert 'data-version="0"' in then, "what has passed is not asked whether it is new"
        assert "bar-past" not in past.page(path).partition('<section id="bars"')[2]


@pytest.mark.parametrize("path", ["/routing", "/quality", "/attacks", "/status", "/sources", "/scoreboard"])
def test_a_page_that_knows_only_now_says_so_where_a_moment_is_asked_for(past: Site, path: str) -> None:
    assert "This page shows how it is now." in past.page(f"{path}{AT}")
    assert "This page shows how it is now." not in past.page(path)


def test_links_stay_in_the_moment(past: Site) -> None:
    then = main(past.page(f"/{AT}"))
    links = re.findall(r'href="(/(?:outage/|country/|asn/|outages)[^"]*)"', then)
    assert len(links) > 200
    assert [link for link in links if "at=2026-03-02T12:30:00Z" not in link] == []


def test_an_outage_is_shown_as_it_was_believed(past: Site) -> None:
    now, then = past.page(f"/outage/{IRAQ}"), past.page(f"/outage/{IRAQ}{AT}")
    assert "We took this back." in main(now)
    assert "We took this back." not in main(then)
    assert "Iraq has been mostly offline" in main(then)
    assert "Charts show what is known today" in main(then)
    assert f'href="/outage/{IRAQ}"' in main(then), "the page of now is one click away"


def test_an_outage_that_was_not_published_yet_is_not_there(past: Site) -> None:
    docs, states = sample_documents()
    new = docs["outages"][0] | {"id": "ZZ-1", "known_at": text(LATER)}
    docs |= {"outages": [new, *docs["outages"]], "outage:ZZ-1": new}
    docs["clock"] = docs["clock"] | {"now": text(LATER + timedelta(hours=1))}
    with travel.Recorder(past.store).recording(LATER + timedelta(hours=1), docs, states) as record:
        documents.publish(past.store, docs, states, within=record.write)
    assert past.get("/outage/ZZ-1").status_code == 200
    answer = past.get(f"/outage/ZZ-1{AT}")
    assert answer.status_code == 404
    assert "had been published by then" in answer.text


def test_the_page_of_a_country_says_what_was_said_then(past: Site) -> None:
    assert "all that we measure is within its usual range" in main(past.page("/country/IQ"))
    then = main(past.page(f"/country/IQ{AT}"))
    assert "Iraq has been mostly offline" in then
    assert 'class="state s-outage"' in then


def test_a_list_is_filtered_by_what_was_so_then(past: Site) -> None:
    assert IRAQ not in main(past.page("/outages?status=open"))
    assert IRAQ in main(past.page(f"/outages{AT}&status=open"))


def test_a_past_page_is_asked_for_again_and_not_sent_again(past: Site) -> None:
    first = past.get(f"/{AT}")
    assert first.headers["Cache-Control"] == "no-cache"
    assert past.get(f"/{AT}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("at", "status", "words"),
    [
        ("2020-01-01T00:00:00Z", 404, "recorded from 2 March 2026, 12:00 UTC on"),
        ("2026-03-02T13:00:01Z", 400, "The newest that is known is of 2 March 2026, 13:00 UTC"),
        ("yesterday", 400, "cannot be read"),
        ("<script>", 400, "cannot be read"),
        ("2026-03-02", 400, "cannot be read"),
    ],
)
def test_what_cannot_be_shown_is_no_map(past: Site, at: str, status: int, words: str) -> None:
    for path in ("/", "/outages", f"/outage/{IRAQ}", "/country/IQ"):
        answer = past.get(path, query_string={"at": at})
        assert answer.status_code == status
        assert words in answer.text
        assert 'class="map ' not in answer.text.replace('class="map unknown ', "")  # hatched throughout is not calm
        assert 's-ok"' not in answer.text
        assert "<script>&" not in answer.text


def test_a_time_without_zone_is_utc(past: Site) -> None:
    assert "12:30 UTC" in past.page("/?at=2026-03-02T12:30")


def test_an_old_time_is_being_prepared_and_a_dead_worker_is_told(past: Site) -> None:
    take_back(past.store, NOW + timedelta(days=1))
    first = travel.segments(past.store)[0]
    held = travel.held(past.store, first)
    travel.drop(past.store, [first])
    waiting = past.get(f"/{AT}")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "3")
    assert waiting.headers["Cache-Control"] == "no-store"
    assert '<meta http-equiv="refresh" content="3">' in waiting.text
    assert "being brought back" in waiting.text
    assert 'class="map ' not in waiting.text
    past.at(lambda: LATER + timedelta(days=2))
    dead = past.get(f"/{AT}")
    assert dead.status_code == 503
    assert "they have not answered" in dead.text
    assert 'class="map ' not in dead.text
    travel.bring_back(past.store, first, held)
    assert "Iraq has been mostly offline" in past.page(f"/{AT}")


def test_samples_that_are_seeded_again_are_the_same_moment(past: Site) -> None:
    seed(past.store)
    assert past.get(f"/?at={text(NOW)}").status_code == 200


def test_the_page_of_a_network_in_a_country_says_what_was_said_of_the_whole_network(past: Site) -> None:
    def lede(page: str) -> str:
        return main(page).partition('<p class="lede">')[2].partition("</p>")[0]

    part = past.page(f"/geoasn/GB-5089{AT}")
    assert lede(part) == lede(past.page(f"/asn/5089{AT}"))
    assert "too little data" not in lede(part)
    assert "what is measured of the whole network stands here" in part


def test_a_provider_is_shown_as_it_was_then_and_its_later_words_are_not(past: Site) -> None:
    docs, states = sample_documents()
    docs["providers"] = sample_providers()
    publish(past.store, LATER + timedelta(minutes=10), docs, states | {"country/ES": states["country/IQ"]})
    publish(past.store, LATER + timedelta(minutes=20), docs, states | {"country/ES": states["country/PT"]})
    at = f"?at={text(LATER + timedelta(minutes=10))}"
    now, page = main(past.page("/provider/google-cloud")), main(past.page(f"/provider/google-cloud{at}"))
    spain = re.compile(r'href="/country/ES[^"]*">Spain</a></td><td><span class="state (s-\w+)')
    assert spain.findall(now) == ["s-ok"]
    assert set(spain.findall(page)) == {"s-outage"}
    assert f'href="/country/ES{at}"' in page
    assert "Errors in an example product" in now
    assert "Errors in an example product" not in page
    assert "it is not part of a page about the past" in page
    assert "Names that fail" not in main(past.page(f"/provider/our-resolver{at}"))
    assert "not part of a page about the past" in main(past.page(f"/provider/our-firewalls{at}"))


def test_the_list_of_providers_tells_what_was_measured_then(past: Site) -> None:
    docs, states = sample_documents()
    docs["providers"] = sample_providers()
    bad = states["country/IQ"] | {"words": "Google Cloud: 39 % of requests fail."}
    publish(past.store, LATER + timedelta(minutes=10), docs, states | {"provider/google-cloud": bad})
    publish(past.store, LATER + timedelta(minutes=20), docs, states | {"provider/google-cloud": states["country/PT"]})
    then = main(past.page(f"/providers?at={text(LATER + timedelta(minutes=10))}"))
    assert "We measured trouble then at 1 provider: Google Cloud." in then
    assert "They say" not in then
    assert "We see no trouble" in main(past.page("/providers"))
    assert past.get("/providers?at=yesterday").status_code == 400
