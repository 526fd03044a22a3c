"""The front page as it was known earlier, in a browser: the map of then, the bar, and the way back to now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import serving
from tests.samples import NOW, text
from tests.web.test_then import take_back

pytestmark = pytest.mark.browser

View = Callable[..., Page]


@pytest.mark.parametrize("width", [1440, 390])
def test_the_front_page_of_an_earlier_moment(view: View, tmp_path: Path, width: int) -> None:
    with serving(tmp_path) as site:
        take_back(site.client)
        page = view(f"/?at={text(NOW + timedelta(minutes=30))}", url=site.url, width=width)
        page.wait_for_selector("html.taken")
        expect(page.locator(".bar-past")).to_contain_text("Later corrections are not shown.")
        expect(page.locator("#open")).to_contain_text("Iraq has been mostly offline")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        link = page.locator("#open").get_by_role("link", name="Iraq has been mostly offline").first
        expect(link).to_have_attribute("href", "/outage/IQ-20260302T0500Z?at=2026-03-02T12:30:00Z")
        page.get_by_role("link", name="Show now").click()
        page.wait_for_selector("html.taken")
        expect(page.locator("#moment")).to_be_enabled()  # nothing is loading when the site ends
        expect(page.locator(".bar-past")).to_have_count(0)
        expect(page.locator("#open")).not_to_contain_text("Iraq has been mostly offline")
