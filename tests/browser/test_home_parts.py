"""What is open in a part of a country: marked on the map as in the list, at any moment."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Running
from tests.browser.home_page import View, opened, state_of

pytestmark = pytest.mark.browser

#: AS5089 is degraded, and the United Kingdom as a whole is not.
WORDS = "; 1 outage is open in a part of it"
MARKS = """() => Object.fromEntries([...document.querySelectorAll('.map a.c:is(.in-outage, .in-degraded)')].map(
  (node) => [node.getAttribute('href').slice(9, 11), node.className.baseVal.match(/in-\\w+/)[0]]))"""


def britain(page: Page) -> Locator:
    return page.locator('.map a.c[href^="/country/GB"]')


def title(page: Page) -> str:
    return (britain(page).locator("title").text_content() or "").removesuffix(" (simulated)")


def middle(page: Page) -> tuple[float, float]:
    box = britain(page).locator(".p").evaluate("(node) => node.getBoundingClientRect().toJSON()")
    return box["x"], box["y"]


def legend(page: Page) -> str:
    return page.locator(".legend li", has_text="Only in a part").locator("b").inner_text()


def test_a_country_of_which_a_part_is_broken_has_a_mark_on_ground_that_says_how_the_whole_is(
    view: View, running: Running
) -> None:
    page = opened(view, running)
    assert page.evaluate(MARKS) == {"GB": "in-degraded"}
    assert state_of(page, "GB") == "ok"
    assert title(page).endswith(WORDS)
    expect(britain(page).locator(".p")).to_be_attached()
    assert britain(page).locator(".p").evaluate("(node) => getComputedStyle(node).display") == "inline"
    assert legend(page) == "1"
    assert "Open in a part of: UK." in (page.locator("#map-desc").text_content() or "")


def test_its_mark_and_its_row_are_one_thing(view: View, running: Running) -> None:
    page = opened(view, running)
    row = page.locator("#open li[data-places]", has_text="AS5089")
    row.hover()
    expect(britain(page)).to_have_class(re.compile(r"\bhot\b"))
    page.mouse.move(*middle(page))
    expect(row).to_have_class(re.compile(r"\bhot\b"))
    expect(page.locator(".map-tip")).to_contain_text("1 outage is open in a part of it")
    page.mouse.click(*middle(page))
    expect(page.locator("#open .items > li").filter(visible=True)).to_have_count(1)
    expect(page.locator("#picked")).to_contain_text(WORDS)
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Outage", exact=True).click()
    expect(britain(page)).to_have_css("opacity", "0.4")
    page.get_by_role("button", name="Degraded").click()
    expect(britain(page)).to_have_css("opacity", "1")


def test_a_link_to_it_says_the_same_without_scripts(view: View, running: Running) -> None:
    page = view("/?place=GB", url=running.url, scripts=False)
    expect(page.locator("#picked")).to_contain_text(WORDS)


def test_each_moment_of_the_film_marks_what_its_page_marks(view: View, playing: Running) -> None:
    page = opened(view, playing)
    now = (page.evaluate(MARKS), legend(page))
    page.locator("#moment").focus()
    for _step in range(3):
        page.keyboard.press("ArrowLeft")
    shown = (page.evaluate(MARKS), legend(page))
    said = title(page)
    moment = page.locator("#then-list a", has_text="All that was known then").get_attribute("href")
    page.keyboard.press("End")
    assert (page.evaluate(MARKS), legend(page)) == now, "put back"
    page.goto(f"{playing.url}{moment}")
    page.wait_for_selector("html.taken")
    assert (page.evaluate(MARKS), legend(page)) == shown
    assert title(page) == said
    assert shown[0], "something is marked"
