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
    assert put(page, "2026-03-02T14:00:00Z", now="2026-03-02T14:00:00Z", form="dated").startswith(day.format(2))
    year = {"en": "2 March 2026, ", "es": "2 de marzo de 2026, "}[language]
    assert put(page, "2026-03-02T14:00:00Z", now="2026-03-02T14:00:00Z", form="full").startswith(year)


def test_the_switch_says_what_it_does_not_reach(page: Page) -> None:
    page.goto("/country/IQ")
    note = page.locator(".zone-note")
    expect(note).to_be_hidden()
    switch = page.get_by_role("button", name="Times in UTC; switch to local time")
    switch.click()
    expect(note).to_have_text("Charts and citations stay in UTC.")
    box = note.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    switch = page.get_by_role("button", name="Times in local time; switch to UTC")
    expect(switch).to_have_attribute("title", "Charts and citations stay in UTC.")
    switch.click()
    expect(note).to_be_hidden()


def said(page: Page, text: str, now: str = "2026-03-02T14:00:00Z") -> str:
    """A sentence as it is shown in the zone that is chosen."""
    return str(page.evaluate(
        "([text, now]) => { document.body.dataset.now = now; const node = document.createElement('p');"
        "node.textContent = text; document.querySelector('main').append(node); window.radarPage.showTimes();"
        "return node.textContent }", [text, now]))  # fmt: skip


SENTENCES = {
    "America/Lima": [
        ("X has been offline since 00:20 UTC on 2 March 2026: blocks.",
         "X has been offline since 19:20 GMT-5 on 1 March 2026: blocks."),
        ("X was offline from 03:00 to 11:10 UTC on 2 March 2026.",
         "X was offline from 22:00 on 1 March 2026 to 06:10 GMT-5 on 2 March 2026."),
        ("X was offline from 06:00 to 11:10 UTC on 2 March 2026.",
         "X was offline from 01:00 to 06:10 GMT-5 on 2 March 2026."),
        ("73 ms (13:00–14:00 UTC, median)", "73 ms (08:00–09:00 GMT-5, median)"),
        ("No data since 02:05 UTC.", "No data since 21:05 GMT-5 on 1 March."),
        ("Up to 2 March 2026, 09:00 UTC we could judge it", "Up to 2 March 2026, 04:00 GMT-5 we could judge it"),
        ("Since 2 March 14:99 UTCX", "Since 2 March 14:99 UTCX"),
    ],
    "Asia/Tokyo": [
        ("Tonga está sin conexión desde las 01:40 UTC del 2 de marzo de 2026: solicitudes",
         "Tonga está sin conexión desde las 10:40 GMT+9 del 2 de marzo de 2026: solicitudes"),
        ("de las 13:00 a las 16:10 UTC del 2 de marzo de 2026",
         "de las 22:00 del 2 de marzo de 2026 a las 01:10 GMT+9 del 3 de marzo de 2026"),
        ("910 ms (23:00–00:00 UTC, mediana)", "910 ms (08:00–09:00 GMT+9 del 3 de marzo, mediana)"),
    ],
}  # fmt: skip


def test_sentences_change_with_the_switch_and_back(page: Page) -> None:
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    page.goto("/country/IQ" if zone == "America/Lima" else "/country/IQ?lang=es")
    story = page.locator(".lede").first
    utc = story.text_content() or ""
    assert "UTC" in utc
    page.locator("#zone").click()
    for sentence, local in SENTENCES[zone]:
        assert said(page, sentence) == local
    expect(story).to_contain_text("GMT")
    expect(story).not_to_contain_text("UTC")
    page.locator("#zone").click()
    for sentence, _local in SENTENCES[zone]:
        expect(page.locator("main > p", has_text=sentence).first).to_have_text(sentence)
    expect(story).to_have_text(utc)
