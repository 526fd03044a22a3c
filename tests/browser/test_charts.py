"""Charts of a place under a reader's hands: arrows say points, a zoom moves all of them and stays in the address."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.test_site import pytestmark, taken

__all__ = ["pytestmark"]

View = Callable[..., Page]

FIRST = ".ts-box[data-live][data-say]"
STATES = "[...document.querySelectorAll('.ts-box .js-plotly-plot')].map((p) => {what})"


def each(page: Page, what: str) -> list[str]:
    """Something of every chart's horizontal axis."""
    return [str(row) for row in page.evaluate(STATES.replace("{what}", f"String(p.layout.xaxis.{what})"))]


def drag(page: Page, start: int, end: int) -> None:
    """Mark a stretch of the first chart."""
    page.locator(FIRST).first.scroll_into_view_if_needed()
    box = page.locator(FIRST).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + start, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + end, box["y"] + 100, steps=6)
    page.mouse.up()


def test_arrows_move_through_points_and_each_is_said(view: View) -> None:
    page = taken(view("/country/IQ?range=24h"))
    chart = page.locator(FIRST).first
    chart.focus()
    expect(chart).to_have_attribute("aria-roledescription", "chart")
    expect(chart).to_have_attribute("aria-label", re.compile(r"Arrow keys move through its points\.$"))
    page.keyboard.press("End")
    voice = page.locator(".voice")
    expect(voice).to_have_attribute("aria-live", "polite")
    expect(voice).to_contain_text("2 March 2026 at 11:55 UTC: ")
    expect(voice).to_contain_text(re.compile(r"requests per 5 min; normal [\d,]+; threshold [\d,]+; Outage\."))
    page.keyboard.press("ArrowLeft")
    expect(voice).to_contain_text("11:50 UTC")
    page.keyboard.press("Home")
    expect(voice).to_contain_text("1 March 2026 at 12:00 UTC: ")
    expect(voice).not_to_contain_text("Outage")
    page.keyboard.press("Escape")
    expect(voice).to_have_count(0)


def test_a_gap_is_said_to_have_no_data(view: View) -> None:
    page = taken(view("/country/IQ?from=2026-03-01T06:00:00Z&until=2026-03-01T09:00:00Z"))
    page.locator(FIRST).first.focus()
    page.keyboard.press("Home")
    expect(page.locator(".voice")).to_contain_text("06:00 UTC: no data;")


def test_a_zoom_moves_all_charts_stays_in_the_address_and_can_be_undone(view: View) -> None:
    page = taken(view("/country/IQ?range=24h&baseline=week"))
    whole, before = each(page, "range"), page.url
    drag(page, 200, 400)
    expect(page.locator(".zoomed")).to_be_visible()
    page.wait_for_function(
        "() => document.querySelectorAll('.ts-box .js-plotly-plot')[1].layout.xaxis.tickmode === 'auto'"
    )
    assert len(set(each(page, "range"))) == 1
    assert each(page, "range") != whole
    assert re.search(r"\?baseline=week&from=2026-03-0\dT[\d:]+Z&until=2026-03-0\dT[\d:]+Z$", page.url)
    page.get_by_role("button", name="Show all of it").click()
    page.wait_for_function(
        "() => document.querySelectorAll('.ts-box .js-plotly-plot')[1].layout.xaxis.tickmode === 'array'"
    )
    assert [row[:16] for row in each(page, "range")] == [row[:16] for row in whole]
    assert page.url == before
    expect(page.locator(".zoomed")).to_have_count(0)


def test_a_link_shows_the_stretch_again_drawn_as_it_was_measured(view: View) -> None:
    page = taken(view("/country/IQ?range=7d"))
    drag(page, 500, 560)
    page.get_by_role("link", name="Draw this stretch finer").click()
    page.wait_for_url("**from=*")
    taken(page)
    steps = page.evaluate("[...document.querySelector('.ts-box .js-plotly-plot').data].map((t) => t.dx)")
    assert set(steps) == {300_000}
