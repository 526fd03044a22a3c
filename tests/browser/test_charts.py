"""Charts of a place under a reader's hands: arrows say points, a zoom moves all of them and stays in the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
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
    whole, before, ticks = each(page, "range"), page.url, each(page, "ticktext")
    names = labels(page)
    drag(page, 200, 400)
    expect(page.locator(".zoomed")).to_be_visible()
    wait_for_ticks(page, ticks, same=False)
    assert len(set(each(page, "range"))) == 1
    assert each(page, "range") != whole
    assert re.search(r"\?baseline=week&from=2026-03-0\dT[\d:]+Z&until=2026-03-0\dT[\d:]+Z$", page.url)
    moved = labels(page)
    assert [row.partition(" ")[0] for row in moved] == [row.partition(" ")[0] for row in names]
    assert moved != names, "names of lines stand where the lines end in the part"
    heights = sorted(float(row.partition(" ")[2]) for row in moved)
    assert all(-168 <= height <= 0 for height in heights)
    assert all(b - a >= 13.9 for a, b in pairwise(heights)), heights
    page.get_by_role("button", name="Show all of it").click()
    wait_for_ticks(page, ticks, same=True)
    assert [row[:16] for row in each(page, "range")] == [row[:16] for row in whole]
    assert page.url == before
    assert labels(page) == names
    expect(page.locator(".zoomed")).to_have_count(0)


def wait_for_ticks(page: Page, ticks: list[str], *, same: bool) -> None:
    """Until the second chart has the ticks that it had before, or others."""
    page.wait_for_function(
        "([text, same]) => { const { xaxis } = document.querySelectorAll('.ts-box .js-plotly-plot')[1].layout;"
        "return (String(xaxis.ticktext) === text) === same }", arg=[ticks[1], same])  # fmt: skip
    page.wait_for_timeout(300)  # Plotly draws them a moment later


def labels(page: Page) -> list[str]:
    """Where the names of the lines stand in the first chart."""
    return [str(row) for row in page.evaluate(
        "document.querySelector('.ts-box .js-plotly-plot').layout.annotations"
        ".filter((one) => (one.name || '').startsWith('line-'))"
        ".sort((a, b) => (a.name < b.name ? -1 : 1)).map((one) => `${one.name} ${one.yshift}`)")]  # fmt: skip


@pytest.mark.parametrize(("language", "day"), [("en", "28 Feb"), ("es", "28 feb")])
def test_the_ticks_of_a_part_say_the_day_in_the_form_of_the_site(view: View, language: str, day: str) -> None:
    page = taken(view(f"/country/IQ?range=7d&lang={language}"))
    ticks = each(page, "ticktext")
    page.evaluate(
        "Plotly.relayout(document.querySelector('.ts-box .js-plotly-plot'),"
        "{'xaxis.range': ['2026-02-27T17:30:00', '2026-02-28T18:30:00']})"
    )
    wait_for_ticks(page, ticks, same=False)
    assert each(page, "ticktext")[0] == f"18:00,{day},06:00,12:00,18:00"
    drawn = page.locator(".ts-box .js-plotly-plot").first.locator(".xtick text")
    assert drawn.all_text_contents() == ["18:00", day, "06:00", "12:00", "18:00"]
    for chart in page.locator(".ts-box .js-plotly-plot .xtick text").all()[:5]:
        box, whole = chart.bounding_box(), page.locator(".ts-box").first.bounding_box()
        assert box is not None
        assert whole is not None
        assert box["y"] + box["height"] <= whole["y"] + whole["height"] + 1, "cut off by the margin"


def test_other_views_keep_a_zoom_and_no_range_is_the_chosen_one(view: View) -> None:
    page = taken(view("/country/IQ?range=7d"))
    week = page.get_by_role("link", name="Week before")
    before = week.get_attribute("href")
    drag(page, 200, 400)
    expect(page.locator(".zoomed")).to_be_visible()
    stretch = page.url.partition("?")[2]
    assert "from=" in stretch
    assert week.get_attribute("href") == f"{page.url.partition('?')[0]}?baseline=week&{stretch}"
    expect(page.locator(".ranges .choices [aria-current]")).to_have_count(0)
    page.get_by_role("button", name="Show all of it").click()
    expect(page.locator(".ranges .choices [aria-current]")).to_have_text("7 days")
    assert week.get_attribute("href") == before


def test_back_after_a_zoom_shows_what_was_shown_before(view: View) -> None:
    page = taken(view("/country/IQ?range=7d"))
    page.evaluate("window.stays = true")
    whole, before, ticks = each(page, "range"), page.url, each(page, "ticktext")
    drag(page, 200, 400)
    expect(page.locator(".zoomed")).to_be_visible()
    wait_for_ticks(page, ticks, same=False)
    zoomed, address = each(page, "range"), page.url
    page.go_back()
    wait_for_ticks(page, ticks, same=True)
    assert page.url == before
    assert [row[:16] for row in each(page, "range")] == [row[:16] for row in whole]
    expect(page.locator(".zoomed")).to_have_count(0)
    page.go_forward()
    wait_for_ticks(page, ticks, same=False)
    assert page.url == address
    assert [row[:16].replace("T", " ") for row in each(page, "range")] == [row[:16] for row in zoomed]
    expect(page.locator(".zoomed")).to_be_visible()
    assert page.evaluate("window.stays") is True
    page.reload()
    taken(page)
    page.go_back()
    page.wait_for_url(before)
    expect(page.locator(".ranges .choices [aria-current]")).to_have_text("7 days")


def test_keys_stay_within_what_a_zoom_shows(view: View) -> None:
    page = taken(view("/country/IQ?range=24h"))
    ticks = each(page, "ticktext")
    page.evaluate(
        "Plotly.relayout(document.querySelector('.ts-box .js-plotly-plot'),"
        "{'xaxis.range': ['2026-03-02T01:00:00', '2026-03-02T02:30:00']})"
    )
    wait_for_ticks(page, ticks, same=False)
    page.locator(FIRST).first.focus()
    page.keyboard.press("Home")
    expect(page.locator(".voice")).to_contain_text("2 March 2026 at 01:00 UTC: ")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".voice")).to_contain_text("01:00 UTC")
    page.keyboard.press("End")
    expect(page.locator(".voice")).to_contain_text("02:30 UTC")


def test_a_link_shows_the_stretch_again_drawn_as_it_was_measured(view: View) -> None:
    page = taken(view("/country/IQ?range=7d"))
    drag(page, 500, 560)
    page.get_by_role("link", name="Draw this stretch finer").click()
    page.wait_for_url("**from=*")
    taken(page)
    steps = page.evaluate("[...document.querySelector('.ts-box .js-plotly-plot').data].map((t) => t.dx)")
    assert set(steps) == {300_000}
