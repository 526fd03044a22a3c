"""What the tests of the front page ask of it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Running

View = Callable[..., Page]


def opened(view: View, site: Running, path: str = "/", **more: object) -> Page:
    """The page, with Dash in charge and the last day loaded."""
    page = view(path, url=site.url, **more)
    page.wait_for_selector("html.taken")
    expect(page.locator("#moment")).to_be_enabled()
    return page


def state_of(page: Page, code: str) -> str:
    found = page.locator(f'.map a.c[href^="/country/{code}"]').get_attribute("class") or ""
    return found.split("s-")[1].split()[0]


def asked_by(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url))
    return found
