"""``/outages``: narrowed and ordered by its address, with the CSV of exactly what it shows."""

from __future__ import annotations

import csv
import io
import re
import sys
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from radar.components import outage_table
from radar.known import ORDERS, ordered
from radar.store import documents
from tests import samples
from tests.sample_attacks import sample_attacks
from tests.web.conftest import Site

IRAQ, FIJI, ALONE = "IQ-20260302T0500Z", "FJ-20260302T0100Z", "AS5089-20260302T1100Z"
CHILD, PART = "AS21277-20260302T0500Z", "IQ-51684-20260302T0510Z"
RETRACTED, RECORDED = "PT-20260301T1000Z", "RU-20240801T0000Z"


def shown(text: str) -> list[str]:
    """Ids of the outages on the page, in their order, parts where they stand under their whole."""
    list_ = text.partition('data-slot="outages-found"')[2].partition('data-slot="as-known"')[0]
    return re.findall(r'href="/outage/([^"?]+)"', list_)


def file_of(site: Site, text: str) -> list[str]:
    link = re.search(r'href="(/api/v1/outages\?[^"]*format=csv[^"]*)"', text)
    assert link is not None
    answer = site.get(unescape(link[1]))
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in csv.DictReader(io.StringIO(answer.text))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {ALONE, IRAQ, CHILD, PART, FIJI, RETRACTED, RECORDED}),
        ("?place=IQ", {IRAQ, CHILD, PART}),
        ("?network=virgin", {ALONE}),
        ("?status=closed", {FIJI}),
        ("?status=retracted", {RETRACTED}),
        ("?level=degraded&status=open", {ALONE, PART}),
        ("?cause=cable_cut", {FIJI}),
        ("?min_minutes=421", {FIJI, RECORDED}),
        ("?min_confidence=0.9&place=IQ&status=open&level=outage&sort=-depth", {IRAQ, CHILD}),
        ("?place=&network=&status=&level=&cause=&min_minutes=60&min_confidence=&sort=status",
         {ALONE, IRAQ, CHILD, PART, FIJI, RETRACTED, RECORDED}),
    ],
)  # fmt: skip
def test_the_page_shows_what_is_asked_for_and_its_csv_is_the_same(site: Site, query: str, expected: set[str]) -> None:
    text = site.page(f"/outages{query}")
    assert set(shown(text)) == expected
    assert set(file_of(site, text)) == expected
    assert f"<strong>{len(expected)} of 7</strong>" in text
    assert f"CSV of th{'is 1 outage' if len(expected) == 1 else f'ese {len(expected)} outages'}" in text


def test_the_order_of_the_page_is_that_of_its_csv(site: Site) -> None:
    for sort in ("-depth", "minutes", "-confidence", "place", "-signals", "start"):
        text = site.page(f"/outages?status=closed&status=open&min_minutes=60&sort={sort}&place=")
        tops = [id for id in shown(text) if id not in (CHILD, PART, RECORDED)]
        assert tops == [id for id in file_of(site, text) if id in tops], sort


def test_a_heading_puts_in_order_and_at_the_second_click_the_other_way(site: Site) -> None:
    text = site.page("/outages?place=IQ&sort=-depth")
    head = text.partition("<thead>")[2].partition("</thead>")[0]
    assert re.search(r'<th[^>]*aria-sort="descending"[^>]*><a[^>]*>Depth', head)
    links = {name: unescape(href) for href, name in re.findall(r'<a href="([^"]+)" data-sort="(\w+)"', head)}
    links |= {name: unescape(href) for name, href in re.findall(r'<a data-sort="(\w+)" href="([^"]+)"', head)}
    assert parse_qs(urlsplit(links["depth"]).query) == {"place": ["IQ"], "sort": ["depth"]}
    assert parse_qs(urlsplit(links["minutes"]).query) == {"place": ["IQ"], "sort": ["-minutes"]}


def test_the_form_shows_what_the_address_asks_for(site: Site) -> None:
    text = site.page("/outages?place=IQ&network=AS5089&min_minutes=45&min_confidence=0.7&sort=-depth")
    assert '<option value="IQ" selected>Iraq (3)</option>' in text
    assert 'name="network" type="search" value="AS5089"' in text
    assert '<option value="45" selected>' in text, "a value that is no step of the form is kept"
    assert '<option value="0.7" selected>at least 70 %</option>' in text
    assert '<option value="-depth" selected>Deepest first</option>' in text


def test_each_thing_that_is_asked_for_can_be_taken_back(site: Site) -> None:
    text = site.page("/outages?place=IQ&level=outage&sort=-depth")
    line = text.partition('class="count-line"')[2].partition("</p>")[0]
    assert {unescape(href) for href in re.findall(r'href="([^"]+)"', line)} == {
        "/outages?level=outage&sort=-depth", "/outages?place=IQ&sort=-depth", "/outages?sort=-depth",
    }  # fmt: skip


def test_nothing_found_says_what_was_looked_for_and_how_to_find_more(site: Site) -> None:
    text = site.page("/outages?place=DE&cause=power&min_minutes=60")
    for words in ("No outage fits.", "We looked for outages: in Germany, perhaps a power failure, at least 1 h long.",
                  "We looked through 7 published outages.", "without “in Germany”"):  # fmt: skip
        assert words in text, words
    assert 'href="/outages?cause=power&amp;min_minutes=60"' in text
    assert "format=csv" not in text


@pytest.mark.parametrize(
    ("query", "words"),
    [("level=x", "level is &#x27;x&#x27;"), ("place=Narnia", "Narnia"), ("min_minutes=-5", "min_minutes is &#x27;-5"),
     ("sort=length", "sort is &#x27;length&#x27;"), ("status=%3Cscript%3E", "&lt;script&gt;"),
     ("min_confidence=NaN", "min_confidence")],
)  # fmt: skip
def test_what_cannot_be_read_is_named_and_left_out(site: Site, query: str, words: str) -> None:
    text = site.page(f"/outages?{query}")
    told = " ".join(re.findall(r'<p class="changed">(.*?)</p>', text))
    assert words.replace("&#x27;", "'") in unescape(told).replace("<script>", "&lt;script&gt;")
    assert "Expected: " in told
    assert len(shown(text)) == 7


def test_parts_stand_under_their_whole_and_alone_where_it_is_not_found(site: Site) -> None:
    both = site.page("/outages?place=IQ")
    assert both.index(IRAQ) < both.index("2 parts of it") < both.index(CHILD)
    assert "2 parts of it" not in site.page("/outages?network=21277")


def test_a_long_list_has_pages_that_keep_what_is_asked_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["radar.pages.outages"], "SHOWN", 2)
    first = site.page("/outages?min_minutes=1")
    assert "Shown here: 1 to 2 of 4." in first
    assert 'href="/outages?min_minutes=1&amp;page=2">Next page' in first
    second = site.page("/outages?min_minutes=1&page=2")
    assert not set(shown(first)[:2]) & set(shown(second))
    assert "Previous page" in second
    assert RECORDED not in shown(second), "recorded history stands once, on the first page"
    assert len(file_of(site, second)) == 7, "the file holds all pages"
    assert "This page of the list is empty." in site.page("/outages?min_minutes=1&page=9")


def test_a_page_of_the_past_keeps_its_moment_in_form_links_and_file(site: Site) -> None:
    at = "at=2026-03-02T12:00:00Z"
    text = site.page(f"/outages?place=IQ&{at}")
    assert '<input type="hidden" name="at" value="2026-03-02T12:00:00Z">' in text
    list_ = text.partition('class="count-line"')[2].partition('data-slot="as-known"')[0]
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', list_)]
    assert len(links) > 15
    assert [link for link in links if at not in link and not link.startswith(("/feeds/", "/attacks"))] == []
    assert set(file_of(site, text)) == {IRAQ, CHILD, PART}


def test_the_worst_that_is_open_comes_first(site: Site) -> None:
    rows = [{"id": str(at), "status": status, "level": level, "start": f"2026-03-02T0{at}:00:00Z"}
            for at, (status, level) in enumerate([("open", "outage"), ("closed", "outage"), ("open", "degraded"),
                                                  ("closed", "degraded"), ("open", "outage")])]  # fmt: skip
    assert [row["id"] for row in ordered(rows, "status")] == ["4", "0", "2", "3", "1"]  # type: ignore[arg-type]


def test_every_order_of_the_api_is_in_the_form() -> None:
    told = {name.removeprefix("-") for name, _words in outage_table.ORDERS}
    assert told == set(ORDERS)
    assert {name for name, _words, _down in outage_table.COLUMNS} == set(ORDERS) - {"status"}


def test_before_the_first_publication_nothing_is_listed(bare: Site) -> None:
    text = bare.page("/outages?place=IQ")
    assert "No data yet." in text
    assert "No outage fits" not in text


def test_what_people_said_stands_in_the_list(site: Site) -> None:
    docs, states = samples.sample_documents()
    iraq = next(row for row in docs["outages"] if row["id"] == IRAQ)
    iraq["reviews"] = [{"id": "r1", "at": "2026-03-02T09:00:00Z", "wall": "2026-03-02T09:00:00Z", "by": "Desk",
                        "kind": "confirm", "outage": IRAQ, "reason": "Seen."}]  # fmt: skip
    documents.publish(site.store, docs, states)
    assert "confirmed by Desk" in site.page("/outages?place=IQ")


def test_the_lead_says_how_its_number_is_made_up_and_the_filter_fits_it(site: Site) -> None:
    lead = re.sub(r"<[^>]+>", "", site.page("/outages").partition('class="lede small">')[2].partition("</p>")[0])
    assert lead.startswith("2 outages are open now, with 2 parts; 1 recording that ends while an outage lasts.")
    assert "<strong>4 of 7</strong>" in site.page("/outages?status=open")


def test_a_list_in_which_nothing_is_open_says_of_how_many_places_it_speaks(site: Site) -> None:
    calm = [row for row in samples.sample_outages() if row["status"] != "open"]
    documents.publish(site.store, {"outages": calm}, {}, {})
    text = site.page("/outages?status=open")
    assert "No outage is open now." in text
    assert "we have too little data to say; what we do not measure is not counted." in text
    assert "No outage fits." in site.page("/outages?status=open&level=degraded")


def test_a_country_in_small_letters_is_understood_and_what_is_not_is_named_once(site: Site) -> None:
    assert set(shown(site.page("/outages?place=iq"))) == {IRAQ, CHILD, PART}
    text = site.page("/outages?place=xq")
    told = unescape(re.search(r'<p class="changed">(.*?)</p>', text)[1])  # type: ignore[index]  # it is there
    assert told == "place is 'XQ', which cannot be read. Expected: a code of two letters, such as IQ."


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/quality?by=junk", "by is 'junk'; expected one of rtt, throughput,"),
        ("/quality?sort=junk", "sort is 'junk'; expected one of rank, name, n."),
        ("/providers?state=junk", "state is 'junk'; expected one of outage, degraded, ok."),
        ("/providers?kind=%3Cb%3E", "kind is '<b>'; expected one of "),
        ("/routing?kind=junk", "kind is 'junk'; expected one of origin_change, more_specific, leak."),
        ("/attacks?sort=junk", "sort is 'junk'; expected one of "),
        ("/attacks?rule=944150&window=junk", "window is 'junk'; expected one of 24h, 7d."),
    ],
)
def test_what_a_page_has_no_choice_for_is_named_and_not_passed_over(site: Site, path: str, expected: str) -> None:
    from radar.pages import _attacks

    _attacks.forget()
    documents.publish(site.store, {"attacks": sample_attacks(simulated=True)}, {}, {})
    told = re.findall(r'<p class="changed">(.*?)</p>', site.page(path))
    assert len(told) == 1
    assert unescape(told[0]).startswith(expected)
    assert told[0].endswith("Shown is the usual view.")
    assert 'class="changed"' not in site.page(path.partition("?")[0])
