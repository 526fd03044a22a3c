"""An outage of a region in a browser: its mark on the map and its line in the list pick each other, now and then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Running, serving
from tests.browser.home_page import View, opened
from tests.samples import NOW, text
from tests.web.test_map_regions import publish

pytestmark = pytest.mark.browser

WORDS = "Outage in this region since 2 March 2026, 11:00 UTC"


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """A site on which the power of South Carolina failed five minutes after noon, came back in part at ten past, and is
    out again at twenty past."""
    with serving(tmp_path_factory.mktemp("regions")) as site:
        for minutes, level in ((5, "outage"), (10, "degraded"), (15, None), (20, "outage")):
            publish(site.client, NOW + timedelta(minutes=minutes), level=level)
        yield site


def mark(page: Page) -> Locator:
    return page.locator('.map a.r[href^="/region/US-SC"]')


def row(page: Page, part: str = "#open") -> Locator:
    return page.locator(f'{part} li[data-places="US US-SC"]')


def middle(page: Page) -> tuple[float, float]:
    page.locator(".map").evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    box = (
        mark(page)
        .locator(".p")
        .evaluate(
            "(node) => { const at = node.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }"
        )
    )
    return box[0], box[1]


@pytest.mark.parametrize("width", [1440, 390])
def test_list_and_map_mark_and_pick_each_other_for_a_region(view: View, struck: Running, width: int) -> None:
    page = opened(view, struck, width=width)
    hot = re.compile(r"\bhot\b")
    row(page).get_by_role("link").first.focus()
    expect(mark(page)).to_have_class(hot)
    expect(page.locator('.map a.c[href="/country/US"]')).to_have_class(hot)
    page.locator("h1").click()
    x, y = middle(page)
    page.mouse.move(x + 6, y)
    expect(row(page)).to_have_class(hot)
    expect(page.locator(".map-tip")).to_contain_text(WORDS)
    page.mouse.click(x + 6, y)
    expect(page).to_have_url(f"{struck.url}/?place=US-SC")
    expect(page.locator("#picked")).to_contain_text(f"South Carolina, US: {WORDS}")
    expect(page.locator("#open .items > li").filter(visible=True)).to_have_count(1)
    expect(page.locator("#picked").get_by_role("link")).to_have_attribute("href", "/region/US-SC")
    x, y = middle(page)
    page.mouse.click(x - 20, y - 4)  # the calm country round it picks what lies in it
    expect(page).to_have_url(f"{struck.url}/?place=US")
    expect(page.locator("#picked")).to_contain_text("US: Normal")
    expect(row(page)).to_be_visible()
    assert page.locator(".map .picked").evaluate_all("(nodes) => nodes.map((node) => node.getAttribute('href'))") == [
        "/country/US", "/region/US-SC"
    ]  # fmt: skip


def test_the_keyboard_walks_through_a_region_as_through_a_country(view: View, struck: Running) -> None:
    page = opened(view, struck)
    said = page.locator("#map-said")
    page.locator(".map-box").focus()
    for key in ("ArrowRight", *["ArrowLeft"] * 12):  # from what is broken, Iraq, to the west
        page.keyboard.press(key)
        if "South Carolina" in (said.text_content() or ""):
            break
    expect(said).to_have_text(f"South Carolina, US: {WORDS} (simulated)")
    expect(mark(page)).to_have_class(re.compile(r"\bcur\b"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{struck.url}/?place=US-SC")
    expect(page.locator("#open .items > li").filter(visible=True)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#open .items > li").filter(visible=True)).to_have_count(3)


def test_a_level_hides_line_and_mark_together(view: View, struck: Running) -> None:
    page = opened(view, struck)
    page.get_by_role("button", name="Degraded").click()
    expect(row(page)).to_be_hidden()
    expect(mark(page)).to_have_css("display", "none")
    page.locator(".filters").get_by_role("button", name="Outage").click()
    expect(row(page)).to_be_visible()
    expect(mark(page)).to_have_class(re.compile(r"^r s-outage$"))


def test_the_time_machine_marks_what_was_open_in_each_frame_and_puts_the_page_back(view: View, struck: Running) -> None:
    page = opened(view, struck)
    page.locator("#moment").focus()
    counts = page.locator(".legend li").filter(has_text="Region").locator("b")
    for minutes, level in ((20, "outage"), (15, None), (10, "degraded"), (5, "outage"), (0, None)):
        page.keyboard.press("ArrowLeft")
        expect(page.locator(".moment")).to_have_text(f"2 March, 12:{minutes:02} UTC")
        expect(mark(page)).to_have_count(1 if level else 0)
        expect(counts).to_have_text([str(int(level == "outage")), str(int(level == "degraded"))])
        if level:
            expect(mark(page)).to_have_class(f"r s-{level}")
            expect(mark(page).locator("title")).to_contain_text("2026, 11:00 UTC (simulated)")
            expect(row(page, "#then-list")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.mouse.click(*middle(page))
    expect(page.locator("#picked")).to_contain_text(f"South Carolina, US: {WORDS}")
    at = text(NOW + timedelta(minutes=5))
    expect(page.locator("#picked").get_by_role("link")).to_have_attribute("href", f"/region/US-SC?at={at}")
    page.locator("#moment").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#picked")).to_contain_text("South Carolina, US: Nothing open here.")
    page.get_by_role("button", name="Back to now").click()
    expect(mark(page)).to_have_class("r s-outage picked")
    expect(page.locator("#picked")).to_contain_text(WORDS)
