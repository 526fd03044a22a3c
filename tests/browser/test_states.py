"""Every page in every state of the radar, on a phone: full, empty, stale, insufficient, lost, blind, simulated.

Whatever the state, a page answers with one heading and one sentence, says on top what is wrong with what it shows, and
never looks calm where nothing is known. One site and one browser context serve all pages of a state.
"""

from __future__ import annotations

import pkgutil
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from radar import pages
from radar.store import documents
from tests import samples
from tests.browser.conftest import EVERYTHING, Running, serving
from tests.sample_attacks import sample_attacks

pytestmark = pytest.mark.browser

IRAQ = "/outage/IQ-20260302T0500Z"
CHART = ("/chart?entity=country/IQ&series=edge.requests@edge_logs&from=2026-03-01T12:00:00Z"
         "&until=2026-03-02T12:00:00Z")  # fmt: skip
FIGURE = "/figure?name=agreement&outage=IQ-20260302T0500Z&until=2026-03-02T12:00:00Z"
RULE_CHART = "/attacks/chart?rule=944150&range=7d&from=2026-03-01T12:00:00Z&until=2026-03-02T12:00:00Z"

#: An address of each module in radar/pages. A page that is missing here fails ``test_every_page_is_walked``.
ADDRESSES = {
    "about": "/about", "api": "/api", "asn": "/asn/5089", "attacks": "/attacks", "attacks_chart": RULE_CHART,
    "chart": CHART,
    "country": "/country/PT", "figure": FIGURE, "geoasn": "/geoasn/IQ-51684", "home": "/", "map": "/map",
    "measure": "/measure", "method": "/method", "not_found_404": "/nowhere", "outage": IRAQ, "outages": "/outages",
    "privacy": "/privacy", "provider": "/provider/cloudflare", "providers": "/providers", "quality": "/quality",
    "region": "/region/IQ-BG", "routing": "/routing", "scoreboard": "/scoreboard", "search": "/search?q=portug",
    "sources": "/sources", "status": "/status",
}  # fmt: skip

#: Pages that explain words, calm ones among them, and say nothing of the world.
EXPLAINING = ("about", "api", "method", "privacy", "scoreboard")

#: What a page would say if all were well.
CALM = re.compile(r"no large outage|all that we measure is within|0 outages are open|all on time|No outage is open")

#: Places on a map, verdicts, hits that look well; a row that counts none of them says nothing.
WELL = """() => [...document.querySelectorAll('.map a.c.s-ok, .page *')].filter((node) => {
  if (node.matches('.map a.c.s-ok')) return true;
  if (node.children.length || node.textContent.trim() !== 'Normal' || node.closest('.choices, select')) return false;
  const row = node.closest('li, tr, .counts > span');
  return !(row && /(^|[^0-9])0([^0-9]|$)/.test(row.textContent));
}).map((node) => node.outerHTML.slice(0, 160))"""


@dataclass(frozen=True)
class State:
    """How a site comes into a state, the bars that its pages bear, and the pages that do not answer with 200."""

    prepare: Callable[[Running], None]
    bars: tuple[str, ...] = ()
    statuses: tuple[tuple[str, int], ...] = ()
    is_known: bool = True  # what the radar shows is of now
    blind: bool = False
    is_lost: bool = False


def publish(site: Running, *, behind: timedelta = timedelta(0), change: Callable[..., None] | None = None) -> None:
    """The sample documents as a live radar publishes them, so long ago."""
    docs, states = samples.sample_documents(live=True)
    docs["clock"]["wall"] = samples.text(datetime.now(UTC) - behind)
    docs["attacks"] = sample_attacks()
    if change is not None:
        change(docs, states)
    documents.publish(site.client, docs, states, {})


def too_little(docs: dict[str, Any], states: dict[str, Any]) -> None:
    """Of every place there is a little, and not enough to judge any."""
    for key in states:
        states[key] = {**states[key], "state": "insufficient", "since": None, "outage": None, "depth": None,
                       "words": "Too few requests to judge", "series": []}  # fmt: skip
    for name in [name for name in docs if name.startswith("outage:")]:
        del docs[name]
    docs |= {"outages": [], "quality": [], "routing": None, "attacks": None}
    docs["entities"] = [{**row, "state": "insufficient"} for row in docs["entities"]]


def _full(site: Running) -> None:
    publish(site)


def _empty(site: Running) -> None:
    site.client.flushall()


def _stale(site: Running) -> None:
    publish(site, behind=timedelta(hours=9))


def _insufficient(site: Running) -> None:
    site.client.flushall()
    publish(site, change=too_little)


def _lost(site: Running) -> None:
    for address in ADDRESSES.values():
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(site.url + address, timeout=30).close()
    site.stop_store()


#: Where no firewall's log is read there is no chart of a rule.
NO_RULE = (("attacks_chart", 404),)
#: Where no outage is known there is no figure of it either.
NO_OUTAGE = (("outage", 404), ("figure", 404))

STATES = {
    "full": State(_full),
    "empty": State(_empty, statuses=(*NO_OUTAGE, ("map", 404), *NO_RULE), is_known=False),
    "stale": State(_stale, bars=("stale",), is_known=False),
    "insufficient": State(_insufficient, statuses=(*NO_OUTAGE, *NO_RULE), is_known=False),
    # three pages keep nothing of what they read, and say that they cannot see
    "lost": State(
        _lost,
        bars=("stale", "simulated"),
        is_lost=True,
        statuses=(("quality", 503), ("chart", 503), ("figure", 503), *NO_RULE),
    ),
    "blind": State(lambda site: site.stop_store(), bars=("stale",), is_known=False, blind=True),
    "simulated": State(lambda site: None, bars=("simulated",), statuses=NO_RULE),
}


@dataclass(frozen=True)
class Shown:
    """A site in a state, and the context in which its pages are opened."""

    name: str
    state: State
    site: Running
    context: BrowserContext

    def open(self, page: Page, address: str, status: int) -> Page:
        """The page, taken over by Dash where there is something to take over."""
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == status
        if status != 503:
            page.wait_for_selector("html.taken")
        return page


@pytest.fixture(scope="module", params=STATES)
def shown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Shown]:
    name = request.param
    with serving(tmp_path_factory.mktemp(name), RADAR_SPEED_BEACON="on") as site:
        STATES[name].prepare(site)
        context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=site.url, locale="en-GB")
        context.add_init_script(EVERYTHING)
        yield Shown(name, STATES[name], site, context)
        context.close()


def test_every_page_is_walked() -> None:
    found = {info.name for info in pkgutil.iter_modules(pages.__path__) if not info.name.startswith("_")}
    assert found == set(ADDRESSES), "give ADDRESSES an address of the new page"


@pytest.mark.parametrize("name", ADDRESSES)
def test_page_says_what_it_knows_and_no_more(shown: Shown, name: str) -> None:
    state = shown.state
    status = 503 if state.blind else dict(state.statuses).get(name, 404 if name == "not_found_404" else 200)
    wrong: list[str] = []
    page = shown.context.new_page()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    page.on("request", lambda sent: wrong.append(sent.url) if _is_elsewhere(sent.url, shown.site.url) else None)
    try:
        shown.open(page, ADDRESSES[name], status)
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("h1")).to_be_visible()
        said = sentence(page)
        assert said.rstrip().endswith("."), f"no sentence: {said!r}"
        bars = page.eval_on_selector_all("[data-bar]", "bars => bars.map((bar) => bar.dataset.bar)")
        assert tuple(bars) == (("stale",) if status == 503 else state.bars)
        tops = "[data-bar], h1", "nodes => nodes.map((node) => node.getBoundingClientRect().top)"
        places = page.eval_on_selector_all(*tops)
        assert places == sorted(places), "a bar stands below the heading"
        if not state.is_known and name not in EXPLAINING:
            assert CALM.search(page.locator("main").inner_text()) is None
            assert page.evaluate(WELL) == []
            assert page.locator(".map").count() == 0 or shown.name in ("stale", "insufficient"), "an empty map is calm"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # what Dash has drawn is called what the server called it
        assert page.title() == page.locator('meta[property="og:title"]').get_attribute("content")
        # the browser itself notes that an address answers with an error: the page's own, or what it asks a lost store
        noted = "Failed to load resource" if status != 200 else "503 (SERVICE UNAVAILABLE)" if state.is_lost else None
        assert [text for text in wrong if noted is None or noted not in text] == []
        assert shown.context.cookies() == []
    finally:
        page.close()


def _is_elsewhere(address: str, site: str) -> bool:
    """Whether something is asked of another host; what a page holds itself (``data:``) is asked of none."""
    return not address.startswith((f"{site}/", "data:", "blob:"))


def sentence(page: Page) -> str:
    """The one sentence that the page opens with: its heading, what stands under it, or that of its only chart."""
    heading = page.locator("h1").inner_text()
    under = page.locator("main .lede").all()
    assert len(under) <= 1, "more than one main sentence"
    if heading.rstrip().endswith(".") or not (under or page.locator(".empty, .chart .sentence").count()):
        return heading
    return under[0].inner_text() if under else page.locator(".empty p, .chart .sentence").first.inner_text()


@pytest.mark.parametrize("shown", ["stale"], indirect=True)
def test_calm_is_not_claimed_of_what_is_old(shown: Shown) -> None:
    def calm(docs: dict[str, Any], states: dict[str, Any]) -> None:
        docs["outages"] = []
        for key in states:
            states[key] = {**states["country/PT"]}

    publish(shown.site, behind=timedelta(hours=9), change=calm)
    page = shown.open(shown.context.new_page(), "/", 200)
    expect(page.locator("h1")).to_have_text("We cannot say how it is now: nothing new has come in.")
    expect(page.locator("#open")).to_contain_text("We cannot say whether an outage is open.")
    assert page.evaluate(WELL) == []
    page.goto("/country/PT")
    expect(page.locator("#ssr .lede, .taken .lede").first).to_have_text("We have too little data on Portugal to say.")
    page.close()
