"""A link restores a view exactly: what was chosen on a page is in its address, and another browser shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Page

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
