"""A page in Spanish, in a browser: what Dash draws later speaks it too, and each step from there stays in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

View = Callable[..., Page]


def test_a_reader_who_chose_spanish_stays_in_it(view: View) -> None:
    page = view("/country/IQ?lang=es")
    page.wait_for_selector("html.taken", state="attached")
    expect(page.locator("html")).to_have_attribute("lang", "es")
    expect(page.locator("#react-entry-point h1")).to_have_text("Irak")
    lost = """links => links.map(a => a.getAttribute("href"))
                 .filter(href => !href.includes("lang=es") && !/^[/](api|feeds)/.test(href))"""
    assert page.locator('#react-entry-point a[href^="/"]').evaluate_all(lost) == []
    plot = page.locator(".js-plotly-plot").first
    plot.wait_for(state="attached")
    assert plot.evaluate("plot => [plot._context.locale, plot._fullLayout.separators]") == ["es", ",."]
    page.locator('.top .search input[type="search"]').fill("alemania")
    expect(page.get_by_role("option", name="Alemania")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/country/DE?lang=es")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/country/DE?lang=en")
    expect(page.locator("h1").first).to_have_text("Germany")


@pytest.mark.parametrize("path", ["/", "/outages", "/country/IQ", "/quality", "/status", "/sources"])
def test_longer_words_fit_a_phone(view: View, path: str) -> None:
    page = view(f"{path}?lang=es", width=390, scripts=False)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    clipped = """nodes => nodes.filter(n => !n.closest(".scroll, svg, nav, .sr")
                   && n.getBoundingClientRect().right > 391)
                   .map(n => n.className + ": " + n.textContent.slice(0, 60))"""
    assert page.locator("main *:visible").evaluate_all(clipped) == []
