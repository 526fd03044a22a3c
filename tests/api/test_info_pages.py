"""The pages about the radar itself: true to the documents, complete, escaped, readable without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import dash
import pytest
from dash.development.base_component import Component
from flask.testing import FlaskClient

from radar import bands, labels
from radar.aggregate import iqb, performance
from radar.api.quality import ENOUGH
from radar.components import quality
from radar.detect import common, confidence, profiles, rules
from radar.detect.case import CONFIRM
from radar.pages import _kept, _read
from radar.signals import SIGNALS
from radar.sources import discover
from radar.store import Store, embedded
from radar.store.documents import publish
from radar.web import server
from tests.samples import sample_documents, seed
from tests.serving import site_over

PAGES = ("/sources", "/method", "/status", "/about", "/privacy", "/search", "/search?q=ira")


@pytest.fixture
def site(spare: tuple[embedded.Embedded, Store]) -> Iterator[FlaskClient]:
    """The whole site over its own store with the samples."""
    seed(spare[1])
    with site_over(spare[1]) as server:
        yield server.test_client()


def html_of(site: FlaskClient, address: str, status: int = 200) -> str:
    answer = site.get(address)
    assert answer.status_code == status, f"{address}: {answer.status_code}"
    return answer.text


def words_of(html: str) -> str:
    """What a reader sees of the page's own part."""
    main = html.partition('<main id="main">')[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_finished_without_scripts_and_asks_no_other_host(site: FlaskClient, address: str) -> None:
    html = html_of(site, address)
    assert len(re.findall("<h1", html)) == 1
    assert len(words_of(html)) > 200
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r'<(?:script|img|link|iframe)[^>]+(?:src|href)="(?:https?:)?//(?!localhost)', html)
    assert "Set-Cookie" not in site.get(address).headers


@pytest.mark.parametrize("address", PAGES)
def test_dash_can_draw_the_same_tree(site: FlaskClient, address: str) -> None:
    """Dash takes lists of components; a list in a list is drawn by the server and breaks in the browser."""

    def walk(node: Any, path: str) -> None:
        inside = getattr(node, "children", None)
        for child in inside if isinstance(inside, list | tuple) else [inside]:
            assert child is None or isinstance(child, str | int | float | Component), f"{path}: {child!r}"
            if isinstance(child, Component):
                walk(child, f"{path} > {child._type}")

    path, _, query = address.partition("?")
    page = next(row for row in dash.page_registry.values() if row["path"] == path)
    with server.test_request_context(address):
        walk(page["layout"](**dict(pair.split("=") for pair in query.split("&") if pair)), path)


def test_sources_tell_state_lag_licence_credit_error_rejected_rows_and_gaps(site: FlaskClient) -> None:
    html = html_of(site, "/sources")
    words = words_of(html)
    for said in ("On time", "Late", "Failing", "Recorded history", "No data yet", "Not switched on", "CC0 1.0",
                 "sample_failing: 503 from upstream", "7: no such country", "proven on recorded answers",
                 "no recorded answer has been read", "2 of 4 sources are on time"):  # fmt: skip
        assert said in words, said
    assert "<script>" not in html.partition('<main id="main">')[2].partition("</main>")[0], "an example is escaped"
    assert "country=ZZ &lt;script&gt;" in html
    for row in sample_documents()[0]["sources"]:
        assert f'id="{row["name"]}"' in html


def test_recorded_sets_are_history_and_never_late(site: FlaskClient) -> None:
    recorded = words_of(html_of(site, "/sources")).partition("Recorded history Data sets")[2]
    assert "google_traffic" in recorded
    assert "31 March 2025" in recorded
    assert "usually" not in recorded


def test_status_tells_jobs_store_publication_and_who_is_late(site: FlaskClient) -> None:
    words = words_of(html_of(site, "/status"))
    for said in ("collect:google_traffic", "google_traffic: 503 from upstream", "Failing", "1 alive, 1 silent",
                 "valkey", "MB", "answers", "replay at 240 times real speed", "simulated",
                 "2 sources are late or failing"):  # fmt: skip
        assert said in words, said


def test_status_says_that_the_store_is_gone(site: FlaskClient, spare: tuple[embedded.Embedded, Store]) -> None:
    html_of(site, "/status")
    spare[0].stop()
    words = words_of(html_of(site, "/status"))
    assert "the last that we read" in words
    assert "cannot be reached" in words
    assert "answers" not in words


def test_pages_before_the_first_publication_claim_nothing(
    site: FlaskClient, spare: tuple[embedded.Embedded, Store]
) -> None:
    spare[1].flushall()
    _read.forget()
    _kept.forget()
    assert "Nothing has been published yet" in words_of(html_of(site, "/status"))
    assert "No source has reported yet" in words_of(html_of(site, "/sources"))


def test_the_method_tells_every_signal_under_its_own_address(site: FlaskClient) -> None:
    html = html_of(site, "/method")
    words = words_of(html)
    for signal in SIGNALS.values():
        assert f'id="{signal.id}"' in html
        assert signal.title in words
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    for target in re.findall(r'href="#([^"]+)"', html):
        assert target in ids, target
    for address in re.findall(r'href="/method#([^"]+)"', html_of(site, "/sources")):
        assert address in ids, address


def test_the_method_tells_the_numbers_that_the_detector_works_with(site: FlaskClient) -> None:
    from radar.pages.method import FACTS  # a page can only be imported once the application is there

    assert {
        "warm_up_days": profiles.WARM_UP_S // 86_400,
        "weeks": profiles.WEEKS,
        "days": profiles.DAYS,
        "bins": profiles.PERSIST_BINS,
        "minutes": profiles.PERSIST_S // 60,
        "confirm_minutes": CONFIRM.total_seconds() / 60,
        "common_percent": round((1 - 2.718281828**-common.COMMON_DROP) * 100),
        "common_share": round(common.COMMON_SHARE * 100),
        "voters": common.MIN_VOTERS,
        "least_voters": common.LEAST_VOTERS,
        "nearly_all": round(common.NEARLY_ALL * 100),
        "most_alone": round(confidence.MOST_ALONE * 100),
    } == FACTS
    words = words_of(html_of(site, "/method"))
    assert f"at least {-bands.OPEN_Z:g} robust" in words
    assert f"at least {-bands.PUBLISH_Z:g} deviations" in words
    assert "at least 20 % below normal" in words
    assert f"from {labels.HIGH * 100:g} % high, from {labels.MEDIUM * 100:g} % medium" in words
    assert set(rules.BY_PROFILE) <= {"seasonal", "flat", "ratio", "latency", "burst"}, "the page knows these alone"


def test_the_pages_of_quality_tell_the_numbers_that_the_jobs_work_with(site: FlaskClient) -> None:
    assert {
        "days": performance.DAYS,
        "fewest_days": performance.FEWEST_DAYS,
        "enough": performance.ENOUGH,
        "widest": round(performance.WIDEST * 100),
        "ms": performance.RTT.least,
        "percent": round(performance.THROUGHPUT.least_share * 100),
        "tests": iqb.ENOUGH,
        "reach": 100 - iqb.NEARLY_ALL,
    } == quality.JUDGED
    assert quality.JUDGED["tests"] == ENOUGH
    words = words_of(html_of(site, "/method"))
    assert f"on the {performance.DAYS} days before, of which at least {performance.FEWEST_DAYS} must" in words


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("iraq", "Iraq"),
        ("5089", "AS5089 Virgin Media Limited"),
        ("nauru", "Too little data"),
        ("antarctica", "not measured here"),
        ("qqqqzzzz", "Nothing fits"),
        ("%3Cscript%3Ealert(1)%3C/script%3E", "Nothing fits"),
        ("%00%01", "Nothing fits"),
        ("x" * 5000, "Nothing fits"),
        ("", "For example"),
    ],
)
def test_search_answers_what_was_typed(site: FlaskClient, typed: str, said: str) -> None:
    html = html_of(site, f"/search?q={typed}&list=1")
    assert said in words_of(html)
    assert "<script>alert" not in html
    assert "noindex" in html


def test_search_links_to_pages_that_exist(site: FlaskClient) -> None:
    for address in re.findall(r'<a href="(/(?:country|asn)/[^"]+)" class="place"', html_of(site, "/search?q=virgin"))[
        :3
    ]:
        assert site.get(address).status_code == 200, address


def test_unknown_queries_and_trailing_paths_are_harmless(site: FlaskClient) -> None:
    for address in ("/about?x=1&q=2", "/method?" + "a=b&" * 50, "/status?now=never"):
        assert site.get(address).status_code == 200
    for address in ("/about/x", "/sources/x", "/method/x"):
        assert site.get(address).status_code == 404


def test_a_document_with_odd_text_cannot_break_out(site: FlaskClient, spare: tuple[embedded.Embedded, Store]) -> None:
    docs: dict[str, Any] = sample_documents()[0]
    docs["sources"][0]["summary"] = docs["jobs"]["runs"][0]["error"] = "</p><script>alert(1)</script>"
    publish(spare[1], docs)
    for address in ("/sources", "/status"):
        assert "<script>alert" not in html_of(site, address)


def test_the_api_answers_inside_the_whole_site(site: FlaskClient) -> None:
    packed = site.get("/api/v1/outages", headers={"Accept-Encoding": "br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert packed.headers["Access-Control-Allow-Origin"] == "*"
    again = site.get("/api/v1/outages", headers={"If-None-Match": packed.headers["ETag"], "Accept-Encoding": "br"})
    assert again.status_code == 304
    assert site.get("/feeds/outages.atom").status_code == 200
    for address in ("/api/v1/nothing", "/api/nothing", "/feeds/nothing.atom"):
        answer = site.get(address)
        assert answer.status_code == 404, address
        if address.startswith(("/api/v1", "/feeds")):
            assert answer.json["error"]["code"] == "not_found"


def test_what_never_says_more_than_degraded_is_told_as_the_detector_has_it(site: FlaskClient) -> None:
    from radar.pages import method

    assert set(method.ONE_SERVICE) == rules.ONE_SERVICE
    assert rules.RULES[method._CAPPED].most == "degraded"
    words = words_of(html_of(site, "/method"))
    assert "company's service (YouTube traffic)" in words
    assert "(rule slow_degradation)" in words


def test_a_licence_of_the_operator_leads_to_where_it_is_told(site: FlaskClient) -> None:
    own = [m.SOURCE for m in discover().values() if m.SOURCE.licence == "The operator's own data"]
    assert own
    html = html_of(site, "/about")
    for source in own:
        path, _hash, id = source.licence_url.partition("#")
        assert path == "/about"
        assert f'id="{id}"' in html, source.name
    assert "ask the operator" in words_of(html)
