"""The title of the window is the server's own, also when Dash has drawn the page, and when it draws another one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

View = Callable[..., Page]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Internet Radar"),
        ("/country/IQ", "Iraq · Internet Radar"),
        ("/country/IQ?lang=es", "Irak · Internet Radar"),
        ("/outage/IQ-20260302T0500Z?lang=es", None),
        ("/method?lang=es", None),
        ("/nowhere", "Nothing here · Internet Radar"),
        ("/country/XX?lang=es", None),
    ],
)
def test_dash_keeps_the_title_of_the_server(view: View, path: str, title: str | None) -> None:
    page = view(path, expect_errors=True)
    said = page.locator('meta[property="og:title"]').get_attribute("content")
    page.wait_for_selector("html.taken")
    page.wait_for_load_state("networkidle")
    expect(page).to_have_title(title or str(said))
    assert page.title() == said


def test_a_page_that_dash_draws_without_the_server_has_its_own_title(view: View) -> None:
    page = view("/country/IQ")
    page.wait_for_selector("html.taken")
    page.evaluate(
        "history.pushState({}, '', '/country/PT?lang=es'); dispatchEvent(new CustomEvent('_dashprivate_pushstate'))"
    )
    expect(page).to_have_title("Portugal · Internet Radar")
    expect(page.locator("h1")).to_have_text("Portugal")
    page.go_back()
    expect(page).to_have_title("Iraq · Internet Radar")
