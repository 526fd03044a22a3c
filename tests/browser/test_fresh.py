"""A page that stays open learns that the radar has stalled, cannot read, is gone, and is back again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from radar.store import documents
from tests import samples
from tests.browser.conftest import Running, serving

pytestmark = pytest.mark.browser

View = Callable[..., Page]


def publish(site: Running, *, behind: timedelta = timedelta(0)) -> int:
    """The sample documents as a live radar published them so long ago; gives the number of the publication."""
    docs, states = samples.sample_documents(live=True)
    docs["clock"]["wall"] = samples.text(datetime.now(UTC) - behind)
    return documents.publish(site.client, docs, states, {})


def poll(page: Page) -> None:
    """Ask as the page does each minute, and wait for the number."""
    with page.expect_response("**/version"):
        page.evaluate("document.dispatchEvent(new Event('radar-poll'))")


def until(page: Page, bars: int) -> None:
    """Poll until the page has so many bars that say it is not up to date."""
    for _ in range(60):
        poll(page)
        page.wait_for_timeout(2000)
        if page.locator("[data-bar=stale]").count() == bars:
            return
    raise AssertionError(f"not {bars} bars after two minutes")


def test_an_open_page_learns_that_nothing_is_published_any_more(view: View, tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        publish(site, behind=timedelta(minutes=4))  # after five it has stalled
        left, used = view("/", url=site.url), view("/", url=site.url)
        normal = {}
        for page in (left, used):
            page.wait_for_selector("html.taken")
            expect(page.locator("[data-bar=stale]")).to_have_count(0)
            normal[page] = page.locator(".map a.c.s-ok")
            assert normal[page].count() > 0
        used.keyboard.press("Shift")
        for page in (left, used):
            until(page, 1)
            expect(page.locator("[data-bar=stale]")).to_contain_text("Nothing new has been published")
        expect(normal[left]).to_have_count(0)
        publish(site)
        for page in (left, used):
            until(page, 0)
        used.get_by_role("button", name="Show", exact=True).last.click()
        for page in (left, used):
            expect(normal[page]).not_to_have_count(0)
            page.close()


def test_an_open_page_says_that_nobody_answers_and_takes_it_back(view: View, tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        page = view("/", url=site.url, expect_errors=True)
        page.wait_for_selector("html.taken")
        page.route("**/version", lambda route: route.abort())
        for _ in range(2):
            with page.expect_event("requestfailed"):
                page.evaluate("document.dispatchEvent(new Event('radar-poll'))")
        expect(page.locator("[data-bar=stale]")).to_contain_text("The radar does not answer.")
        page.unroute("**/version")
        poll(page)
        expect(page.locator("[data-bar=stale]")).to_have_count(0)
        page.close()


@pytest.mark.parametrize("path", ["/", "/country/IQ"])
def test_a_page_that_stays_open_all_day_does_not_grow(view: View, tmp_path: Path, path: str) -> None:
    with serving(tmp_path) as site:
        page = view(path, url=site.url)
        page.wait_for_selector("html.taken")
        # a browser keeps the number for some seconds; here publications come faster
        unkept = {"Cache-Control": "no-store"}
        page.route("**/version", lambda route: route.fulfill(response=route.fetch(), headers=unkept))
        tool = page.context.new_cdp_session(page)
        tool.send("Performance.enable")

        def size(publications: int) -> dict[str, float]:
            """Nodes and listeners that live after so many more publications have come onto the page."""
            for _ in range(publications):
                version = publish(site)
                poll(page)
                page.wait_for_function("n => document.body.dataset.version === String(n)", arg=version)
            page.wait_for_timeout(500)
            tool.send("HeapProfiler.collectGarbage")
            found = {row["name"]: row["value"] for row in tool.send("Performance.getMetrics")["metrics"]}
            return {name: found[name] for name in ("Nodes", "JSEventListeners")}

        few = size(5)
        many = size(20)
        assert all(many[name] <= few[name] * 1.02 for name in few), f"{few} after 5, {many} after 25"
        page.close()
