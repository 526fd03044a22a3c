"""A link restores a view exactly: what was chosen on a page is in its address, and another browser shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from radar.store import documents
from tests import samples
from tests.browser.conftest import Running, serving
from tests.browser.test_site import taken
from tests.sample_attacks import sample_attacks
from tests.sample_performance import sample_now

pytestmark = pytest.mark.browser

View = Callable[..., Page]

#: All that a reader sees of a view: its words, what is chosen, how tables are ordered, forms, time and lines of charts.
SEEN = """() => {
  const page = document.querySelector('#react-entry-point');
  const all = (selector) => [...page.querySelectorAll(selector)];
  return {
    words: page.innerText,
    chosen: all('[aria-current], [aria-pressed="true"]').map((node) => node.textContent),
    ordered: all('th[aria-sort]').map((node) => `${node.textContent} ${node.getAttribute('aria-sort')}`),
    fields: all('select, input').map((node) => `${node.name}=${node.value}`),
    map: all('.map a.c').map((node) => node.className.baseVal),
    charts: all('.js-plotly-plot').map((plot) => [plot.layout.xaxis.range.map((end) => +new Date(end)),
      plot.data.map((line) => [line.meta, line.y ? Array.from(line.y).slice(0, 50) : null])]),
  };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """The samples, with hours of performance and matches of firewalls."""
    with serving(tmp_path_factory.mktemp("links")) as found:
        docs, states = samples.sample_documents()
        docs |= {"performance": sample_now(), "attacks": sample_attacks()}
        documents.publish(found.client, docs, states, {})
        yield found


def seen(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = taken(page).evaluate(SEEN)
    return found


#: Where one begins; links that are followed one after the other, by their words; what the address then holds.
CHOSEN: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
    ("/country/IQ", ("24 hours", "Week before", "% of normal"), ("range=24h", "baseline=week", "scale=normalised")),
    ("/asn/5089", ("28 days", "Four weeks"), ("range=28d", "baseline=median")),
    ("/country/FJ?from=2026-03-01T20:00:00Z&until=2026-03-02T04:00:00Z", ("Week before",),
     ("from=2026-03-01T20:00:00Z", "until=2026-03-02T04:00:00Z", "baseline=week")),
    ("/quality", ("Download", "October 2024", "Tests"), ("by=download", "month=2024-10", "sort=n")),
    ("/quality", ("Games", "Country"), ("by=iqb-gaming", "sort=name")),
    ("/routing", ("More specific prefix", "Dismissed"), ("kind=more_specific", "status=dismissed")),
    ("/providers", ("DNS services", "Outage"), ("kind=dns", "state=outage")),
    ("/attacks?rule=944150", ("90 days",), ("rule=944150", "range=90d")),
    ("/search?q=virgin", ("AS5089 Virgin Media Limited",), ("/asn/5089",)),
)  # fmt: skip


@pytest.mark.parametrize(("start", "links", "holds"), CHOSEN, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_chosen_by_links_is_restored(
    view: View, site: Running, start: str, links: Sequence[str], holds: Sequence[str]
) -> None:
    page = taken(view(start, url=site.url))
    before = seen(page)
    for words in links:
        link = page.locator("main").get_by_role("link", name=words, exact=True).first
        address = link.get_attribute("href") or ""
        link.click()
        page.wait_for_url(f"**{address.partition('#')[0]}*")
        taken(page)
    for part in holds:
        assert part in page.url
    chosen = seen(page)
    assert chosen != before, "nothing has changed, so that nothing is tested"
    assert seen(view(page.url.removeprefix(site.url), url=site.url)) == chosen


def test_a_narrowed_list_is_restored_with_every_field_and_its_order(view: View, site: Running) -> None:
    page = taken(view("/outages", url=site.url))
    page.get_by_label("Status").select_option("open")
    page.wait_for_url("**status=open*")
    page.get_by_label("Level").select_option("degraded")
    page.wait_for_url("**level=degraded*")
    page.get_by_label("Network or provider").press_sequentially("as")
    page.wait_for_url("**network=as*")
    page.locator('.outages [data-sort="confidence"]').first.click()
    page.wait_for_url("**sort=*confidence*")
    expect(page.locator(".outages th[aria-sort]").first).to_contain_text("Confidence")
    chosen = seen(page)
    assert {"status=open", "level=degraded", "network=as"} <= set(chosen["fields"])
    assert seen(view(page.url.removeprefix(site.url), url=site.url)) == chosen


@pytest.mark.parametrize("path", ["/outages", "/country/IQ", "/outage/IQ-20260302T0500Z"])
def test_a_moment_is_restored(view: View, site: Running, path: str) -> None:
    at = f"{path}?at={samples.text(samples.NOW)}"
    page = taken(view(at, url=site.url))
    expect(page.locator(".bar-past")).to_be_visible()
    link = page.locator("main a[href*='at=']").first
    assert samples.text(samples.NOW) in (link.get_attribute("href") or ""), "links stay in the moment"
    assert seen(view(at, url=site.url)) == seen(page)


def test_a_language_stays_in_the_address_from_page_to_page(view: View, site: Running) -> None:
    page = taken(view("/country/IQ?range=24h&lang=es", url=site.url))
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.locator(".top nav a[href^='/outages']").click()
    page.wait_for_url("**/outages?lang=es")
    chosen = seen(page)
    assert seen(view(page.url.removeprefix(site.url), url=site.url)) == chosen
