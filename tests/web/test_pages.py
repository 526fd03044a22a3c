"""Pages as the server sends them: finished, honest about what is missing, stale or not to be seen."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from radar import store
from radar.signals import GROUPS
from radar.store import blocks, documents, embedded
from tests import samples
from tests.web.conftest import Site

PAGES = ("/", "/country/IQ", "/country/NR", "/asn/5089", "/geoasn/IQ-51684", "/provider/google-cloud", "/outages",
         "/outage/IQ-20260302T0500Z", "/outage/PT-20260301T1000Z", "/outage/RU-20240801T0000Z", "/search?q=ira",
         "/sources", "/method", "/scoreboard", "/status", "/about", "/privacy", "/routing",
         "/api")  # fmt: skip


class Reader(HTMLParser):
    """Reads a page as a browser without scripts does: ids, links, headings, and whether every tag is closed."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_finished_well_formed_html(site: Site, path: str) -> None:
    text = site.page(path)
    page = Reader(text)
    assert page.open == []
    assert page.headings[0] == "h1"
    assert page.headings.count("h1") == 1
    double = {id for id in page.ids if page.ids.count(id) > 1}
    assert not double, f"ids that occur twice: {double}"
    assert "Loading" not in "".join(page.text)
    assert 'id="react-entry-point"></div>' in text
    assert re.search(r'(src|href)="(https?:)?//(?!localhost|example\.org)', _frame(text)) is None


def _frame(text: str) -> str:
    """Head, scripts and styles: what the browser fetches by itself."""
    return "".join(re.findall(r"<(?:link|script|img|iframe)[^>]*>|<style>.*?</style>", text, re.S))


@pytest.mark.parametrize("path", PAGES)
def test_links_within_the_site_lead_somewhere(site: Site, path: str) -> None:
    for link in dict.fromkeys(Reader(site.page(path)).links):
        if link.startswith("/") and not link.startswith("/api/v1/signals"):
            assert site.get(link.partition("#")[0]).status_code == 200, f"{path} links to {link}"


def test_home_says_what_is_broken_and_draws_it(site: Site) -> None:
    text = site.page("/")
    assert "Outage now: Iraq. Degraded: AS5089 Virgin Media Limited." in text
    assert '<a href="/country/IQ" class="c s-outage"' in text
    assert "2 of 4 signals have seen it, 1 cannot see" in text
    assert 'class="spark' in text
    assert text.index("AS21277") > text.index("2 parts of it"), "parts are folded under the whole"


def test_country_page_has_a_sentence_charts_credit_and_csv(site: Site) -> None:
    text = site.page("/country/IQ")
    assert "Iraq has been mostly offline since 05:00 UTC" in text
    assert text.count('<svg class="ts"') == 3
    assert "93 % below normal" in text
    for words in ("Source: ", "Licence: ", "Unit: ", "Data until ", "CSV of this chart"):
        assert text.count(words) >= 3
    assert "requests per 5 min" in text
    assert "58 Mbit/s" in text, "the quality block"


def test_an_unknown_range_is_the_usual_one(site: Site) -> None:
    assert 'aria-current="true">7 days' in site.page("/country/IQ?range=9y")
    assert 'aria-current="true">24 hours' in site.page("/country/IQ?range=24h")


def test_recorded_charts_say_until_when_and_are_not_stale(site: Site) -> None:
    group = GROUPS["google"]
    start = datetime(2024, 7, 1, tzinfo=UTC)
    rows = np.full((1, 1200, group.width), 40.0, dtype=np.float32)
    rows[0, 400:] = 12.0
    blocks.write_bins(site.store, group, "value", ["country/RU"], start, rows)
    text = site.page("/country/RU")
    assert "YouTube traffic" in text
    assert "Recorded, until " in text
    assert "No data since" not in text
    assert "Recorded sets are always shown whole." in text
    assert 'data-bar="stale"' not in text


def test_too_little_data_is_said_and_not_called_calm(site: Site) -> None:
    text = site.page("/country/NR")
    assert "We have too little data on Nauru to say." in text
    assert "No measurements to draw." in text
    assert "within its usual range" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S)


def test_a_country_that_was_never_measured_is_not_normal(site: Site) -> None:
    text = site.page("/country/TV")
    assert "We have too little data on Tuvalu to say." in text
    assert ">Normal<" not in text


def test_outage_page_tells_how_it_was_decided(site: Site) -> None:
    text = site.page("/outage/IQ-20260302T0500Z")
    for words in ("Who sees it", "cannot see", "no data from 06:00", "A pattern consistent with a directed shutdown",
                  "Against: ", "No order has been published.", "A loss of at least 50 %", "loss.confident", "04:54 UTC",
                  "81 % of its networks by requests", "The onset is 05:00, not 05:05.",
                  "/api/v1/outages/IQ-20260302T0500Z", "Most routes stayed up"):  # fmt: skip
        assert words in text, words


def test_a_retracted_outage_keeps_its_page_and_says_why(site: Site) -> None:
    text = site.page("/outage/PT-20260301T1000Z")
    assert "We took this back." in text
    assert "Our own pipeline lost a third of the logs." in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/country/XX", "We looked for a country called &#x27;XX&#x27;."),
        ("/country/IQ/x", "We looked for a country called &#x27;IQ/x&#x27;."),
        ("/country/", "There is no page at /country/."),
        ("/asn/abc", "We looked for a network called &#x27;abc&#x27;."),
        ("/asn/99999999999", "We looked for a network"),
        ("/geoasn/ID", "We looked for a network in a country"),
        ("/provider/A%20B", "We looked for a provider"),
        ("/provider/nope", "We know of no provider called &#x27;nope&#x27;."),
        ("/outage/none", "We looked for an outage with the id &#x27;none&#x27;."),
        ("/outage/a/b", "We looked for an outage"),
        ("/nope", "There is no page at /nope."),
        ("/%3Cscript%3E", "There is no page at /&lt;script&gt;."),
        ("/country/%00", "We looked for a country"),
    ],
)
def test_unknown_addresses_are_404_and_say_what_was_looked_for(site: Site, path: str, words: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 404
    assert words.replace("&#x27;", "'") in answer.text.replace("&#x27;", "'")
    assert "list of outages" in answer.text
    assert Reader(answer.text).open == []


def test_the_query_cannot_take_the_place_of_the_path(site: Site) -> None:
    assert '<h1 id="heading"' in site.page("/country/IQ?code_=FJ&code=FJ")
    assert ">Iraq</h1>" in site.page("/country/IQ?code_=FJ&code=FJ")


def test_what_others_wrote_is_escaped(bare: Site) -> None:
    docs, states = samples.sample_documents()
    evil = "<script>alert(1)</script>"
    row = docs["outages"][3]
    row.update(headline=evil, verdict=evil, rule_words=evil)
    row["updates"][0]["text"] = evil
    row["causes"][0]["for"] = [evil]
    row["signals"][0]["note"] = evil
    docs[f"outage:{row['id']}"] = row
    states["country/IQ"]["words"] = evil
    documents.publish(bare.store, docs, states, {})
    for path in ("/", "/country/IQ", "/outages", f"/outage/{row['id']}", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E"):
        assert evil not in site_text(bare, path), path


def site_text(site: Site, path: str) -> str:
    return str(site.get(path).text)


def test_a_fresh_install_says_no_data_yet_and_draws_no_map(bare: Site) -> None:
    text = bare.page("/")
    assert "No data yet" in text
    assert '<svg class="map"' not in text
    for path in ("/country/IQ", "/outages", "/sources", "/status"):
        assert ">Normal<" not in bare.page(path)
    assert "has not published anything" in bare.page("/country/IQ")


def test_a_store_that_was_never_there_is_a_503_without_a_map(bare: Site, tmp_path: Path) -> None:
    bare.use(store.connect(f"unix://{tmp_path}/nothing", timeout_s=1))
    for path in ("/", "/country/IQ", "/outages", "/outage/x", "/nope"):
        answer = bare.get(path)
        assert answer.status_code == 503, path
        assert "We cannot see." in answer.text
        assert '<svg class="map"' not in answer.text
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Cache-Control"] == "no-store"
    assert bare.get("/health").status_code == 200
    assert bare.get("/ready").status_code == 503


def test_a_store_that_goes_away_leaves_the_last_page_with_since_when(bare: Site, tmp_path: Path, now: datetime) -> None:
    with embedded.start(tmp_path) as server, store.connect(server.url, timeout_s=2) as client:
        samples.seed(client)
        bare.use(client)
        bare.at(lambda: now)
        assert 'data-bar="stale"' not in bare.page("/")
        bare.page("/country/IQ")
        server.stop()
        bare.at(lambda: now + timedelta(seconds=30))
        lost = bare.get("/")
        assert lost.status_code == 200
        assert lost.headers["Cache-Control"] == "no-store"
        said = f"{now + timedelta(seconds=30):%H:%M} UTC"
        assert f"We cannot reach our own data since {now.day}" in lost.text
        assert said in lost.text
        assert "Outage now: Iraq." in lost.text
        assert '<svg class="ts"' in bare.page("/country/IQ"), "the last good charts"
        other = bare.page("/country/PT")
        assert "We cannot read the measurements just now." in other
        assert "No measurements to draw." not in other, "not to be seen is not the same as not there"
        bare.at(lambda: now + timedelta(minutes=3))
        assert said in bare.page("/"), "since the first failure, not the last"
        assert bare.get("/ready").status_code == 503
    with embedded.start(tmp_path / "again") as server, store.connect(server.url, timeout_s=2) as client:
        samples.seed(client)
        bare.use(client)
        assert 'data-bar="stale"' not in bare.page("/")
        assert "We cannot read" not in bare.page("/country/PT"), "an error is not kept"


def test_a_stalled_publication_is_said(site: Site, now: datetime) -> None:
    assert 'data-bar="stale"' not in site.page("/")
    site.at(lambda: now + timedelta(minutes=6))
    assert "Nothing new has been published since" in site.page("/")


def test_a_replay_that_has_ended_does_not_grow_stale(bare: Site, now: datetime) -> None:
    docs, states = samples.sample_documents()
    docs["clock"]["speed"] = 0
    documents.publish(bare.store, docs, states, {})
    bare.at(lambda: now + timedelta(days=2))
    text = bare.page("/")
    assert 'data-bar="stale"' not in text
    assert "the replay has ended" in text


def test_impaired_measurement_stands_on_top(bare: Site) -> None:
    samples.seed(bare.store, notice=True)
    text = bare.page("/")
    assert text.index("Our own measurement is impaired.") < text.index("Simulated data.")


def test_live_data_have_no_replay_bar(bare: Site) -> None:
    samples.seed(bare.store, live=True)
    assert 'data-bar="' not in bare.page("/")


def test_a_new_publication_is_shown_at_once_and_nothing_is_rendered_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from radar.pages import _first

    drawn: list[str] = []
    real = _first._render
    monkeypatch.setattr(_first, "_render", lambda found, path, *more: drawn.append(path) or real(found, path, *more))
    site.page("/outages")
    site.page("/outages")
    assert drawn == ["/outages"]
    docs, states = samples.sample_documents()
    docs["outages"] = [row for row in docs["outages"] if row["entity"] != "country/FJ"]
    documents.publish(site.store, docs, states, {})
    assert "Fiji" not in site.page("/outages")
    assert drawn == ["/outages", "/outages"]


def test_dash_gets_the_same_page_without_the_drawings(site: Site) -> None:
    answer = site.dash("/country/IQ")
    assert answer.status_code == 200, answer.text
    assert "Iraq has been mostly offline since 05:00 UTC" in answer.text
    assert "<svg" not in answer.text
    told = str(json.loads(answer.data))
    assert "/chart.json?entity=country/IQ" in told, "its lines are asked for when they are wanted"
    assert "'Graph'" not in told


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}", b'{"output":"x"}', b'{"output":"nope.children","inputs":[]}',
     b'{"output":{},"inputs":[]}', b'{"output":"ROUTE","inputs":[]}', b'{"output":"ROUTE","inputs":[1,2,3]}',
     b'{"output":"ROUTE","outputs":7,"inputs":[{"id":"x"}]}', b"\xff\xfe"],
)  # fmt: skip
def test_malformed_callbacks_are_400(site: Site, body: bytes) -> None:
    route = next(r["output"] for r in site.get("/_dash-dependencies").json if "_pages_content" in r["output"])
    answer = site.browser.post(
        "/_dash-update-component", data=body.replace(b"ROUTE", route.encode()), content_type="application/json"
    )
    assert answer.status_code == 400, answer.text
    assert "Traceback" not in answer.text


def test_a_callback_that_is_too_large_is_413(site: Site) -> None:
    answer = site.browser.post("/_dash-update-component", data=b" " * 300_000, content_type="application/json")
    assert answer.status_code in (400, 413)


def test_every_output_and_input_of_dash_is_on_a_page(site: Site) -> None:
    from radar import web

    known = {"_pages_content", "_pages_store", "_pages_location", "_pages_dummy", "refresh", "look"}
    for row in site.get("/_dash-dependencies").json:
        for part in (*row["inputs"], *row.get("state", [])):
            assert part["id"] in known or part["id"].startswith("{"), part
    assert web.app.layout is not None
