"""Times in the reader's own zone say their day wherever it is another one than the page's now has there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running

pytestmark = pytest.mark.browser


@pytest.fixture(params=["America/Lima", "Asia/Tokyo"])
def page(request: pytest.FixtureRequest, browser: Browser, running: Running) -> Iterator[Page]:
    context = browser.new_context(timezone_id=request.param, locale="en-US", base_url=running.url)
    yield context.new_page()
    context.close()


def put(page: Page, moment: str, *, now: str, form: str = "clock") -> str:
    """A time of the page as it is shown when the page's now is another one."""
    return str(page.evaluate(
        "([moment, now, form]) => { document.body.dataset.now = now; const node = document.createElement('time');"
        "node.setAttribute('datetime', moment); node.dataset.form = form; node.textContent = 'x';"
        "document.querySelector('h1').append(node); window.radarPage.showTimes(); return node.textContent }",
        [moment, now, form]))  # fmt: skip


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_time_of_another_local_day_says_its_day(page: Page, language: str) -> None:
    page.goto(f"/country/IQ?lang={language}")
    page.locator("#zone").click()
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    day = {"en": "{} March, ", "es": "{} de marzo, "}[language]
    if zone == "America/Lima":
        assert put(page, "2026-03-02T00:20:00Z", now="2026-03-02T14:00:00Z") == f"{day.format(1)}19:20 GMT-5"
        assert put(page, "2026-03-02T05:00:00Z", now="2026-03-02T14:00:00Z") == "00:00 GMT-5"
    else:
        assert put(page, "2026-03-02T05:00:00Z", now="2026-03-02T17:00:00Z") == f"{day.format(2)}14:00 GMT+9"
        assert put(page, "2026-03-02T15:00:00Z", now="2026-03-02T17:00:00Z") == "00:00 GMT+9"
    year = {"en": "2 March 2026, ", "es": "2 de marzo de 2026, "}[language]
    assert put(page, "2026-03-02T14:00:00Z", now="2026-03-02T14:00:00Z", form="full").startswith(year)


def test_the_switch_says_what_it_does_not_reach(page: Page) -> None:
    page.goto("/country/IQ")
    note = page.locator(".zone-note")
    expect(note).to_be_hidden()
    switch = page.get_by_role("button", name="Times in UTC; switch to local time")
    switch.click()
    expect(note).to_have_text("Sentences and charts stay in UTC.")
    box = note.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    switch = page.get_by_role("button", name="Times in local time; switch to UTC")
    expect(switch).to_have_attribute("title", "Sentences and charts stay in UTC.")
    switch.click()
    expect(note).to_be_hidden()
