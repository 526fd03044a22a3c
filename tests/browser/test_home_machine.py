"""The time machine of the front page in a browser: one moment on the whole page, in its address, under the pointer."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Running
from tests.browser.home_page import View, opened, state_of
from tests.browser.test_home import SCRUB
from tests.samples import NOW, text

pytestmark = pytest.mark.browser

#: A moment at which Iraq was out, and one in the gap before.
THEN, GAP = NOW + timedelta(minutes=15), NOW - timedelta(hours=3)

#: How far the slider moves on the screen while frames are shown.
MOVES = """(frames) => {
  const slider = document.querySelector('#moment');
  slider.scrollIntoView({ block: 'center' });
  const tops = [slider.getBoundingClientRect().top];
  for (const i of frames) {
    slider.value = i;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    tops.push(slider.getBoundingClientRect().top);
  }
  return Math.max(...tops) - Math.min(...tops);
}"""


def press(page: Page, do: str) -> None:
    page.locator(f'[data-do="{do}"]').click()


def moment(page: Page) -> Any:
    return expect(page.locator(".moment"))


def test_the_buttons_start_from_the_moment_that_a_shared_page_shows(view: View, playing: Running) -> None:
    page = opened(view, playing, f"/?at={text(THEN)}")
    expect(page.get_by_role("button", name="Share this moment")).to_be_visible()
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    press(page, "back")
    moment(page).to_have_text("2 March, 12:10 UTC")
    press(page, "forth")
    moment(page).to_have_text("2 March, 12:15 UTC")
    press(page, "forth")
    moment(page).to_have_text("2 March, 12:20 UTC")
    expect(page.locator("h1")).to_have_text(re.compile("Degraded then"))
    press(page, "day-back")
    moment(page).to_have_text("1 March, 12:20 UTC")
    page.goto(f"/?at={text(THEN)}")
    page.wait_for_selector("html.taken")
    expect(page.locator("#moment")).to_be_enabled()
    press(page, "play")
    moment(page).to_have_text("2 March, 12:20 UTC")  # and not from midnight


def test_the_page_of_the_moment_comes_back_as_the_server_made_it(view: View, playing: Running) -> None:
    page = opened(view, playing, f"/?at={text(THEN)}")
    before = page.locator("#open").inner_text()
    press(page, "back")
    expect(page.locator("#open")).to_be_hidden()
    press(page, "forth")
    expect(page.locator("#open")).to_be_visible()
    assert page.locator("#open").inner_text() == before
    expect(page.locator("#then-list")).to_be_hidden()


def test_the_moment_is_in_the_address_with_what_is_picked_and_survives_a_reload(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.evaluate(SCRUB, [286, 287])
    then = text(THEN)
    page.wait_for_url(f"**/?at={then}")
    expect(page.locator(".tongue")).to_have_attribute("href", re.compile(rf"at={then}"))
    page.locator('.map a.c[href^="/country/IQ"]').click(force=True)
    assert page.url == f"{playing.url}/?at={then}&place=IQ"
    press(page, "back")
    page.wait_for_url("**/?at=2026-03-02T12:10:00Z&place=IQ")
    page.go_back()
    expect(page.locator("#picked")).to_be_hidden()
    moment(page).to_have_text("2 March, 12:15 UTC")
    page.go_forward()
    expect(page.locator("#picked")).to_be_visible()
    moment(page).to_have_text("2 March, 12:10 UTC")
    page.reload()
    page.wait_for_selector("html.taken")
    moment(page).to_have_text("2 March, 12:10 UTC")
    expect(page.locator("#picked")).to_contain_text("Iraq: Outage")


def test_now_has_no_moment_in_its_address(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.evaluate(SCRUB, [287])
    page.wait_for_url("**/?at=*")
    press(page, "now")
    assert page.url == f"{playing.url}/"
    expect(page.locator(".tongue")).not_to_have_attribute("href", re.compile("at="))


def test_what_was_scrubbed_before_dash_came_is_told_to_the_address_after_it(view: View, playing: Running) -> None:
    from tests.browser.test_site import Held

    held = Held(view, "/", url=playing.url)
    page = held.page
    expect(page.locator("#moment")).to_be_enabled()
    page.evaluate(SCRUB, [287])
    page.wait_for_timeout(700)
    assert page.url == f"{playing.url}/", "Dash would draw the page of that moment"
    held.release()
    page.wait_for_url(f"**/?at={text(THEN)}")
    press(page, "now")
    expect(page.locator("h1")).to_contain_text("Degraded now")
    expect(page.locator("#open h2")).to_contain_text("Open now")


@pytest.mark.parametrize("path", ["/", f"/?at={text(THEN)}"])
def test_one_moment_on_the_page(view: View, playing: Running, path: str) -> None:
    page = opened(view, playing, path)
    page.evaluate(SCRUB, [146 if "at=" in path else 286])  # of the day, or of the last 24 hours
    stamp = page.locator(".moment").inner_text()
    assert stamp == "2 March, 12:10 UTC"
    expect(page).to_have_title(f"{stamp} · Internet Radar")
    for name in ("#ended", "#fresh", "#here-form", "#here", "#open"):
        assert not page.locator(name).is_visible(), name
    bars = page.locator('#bars :is([data-bar="past"], [data-bar="simulated"]) time')
    assert set(bars.all_inner_texts()) == {stamp.replace("March,", "March 2026,")}
    assert page.locator("#map-desc").text_content() == page.locator("h1").inner_text()
    expect(page.locator("nav [aria-current]")).to_have_count(0)
    press(page, "back")
    press(page, "forth")
    page.wait_for_timeout(300)
    expect(page).to_have_title(f"{stamp} · Internet Radar")


def test_what_the_bars_and_the_window_said_comes_back_with_now(view: View, playing: Running) -> None:
    page = opened(view, playing)
    before = page.locator("#bars").inner_text(), page.title(), page.locator("#map-desc").text_content()
    page.evaluate(SCRUB, [286, 10, 285])
    press(page, "now")
    expect(page.locator("#fresh")).to_be_visible()
    expect(page.locator("nav [aria-current]")).to_have_text("Now")
    assert (page.locator("#bars").inner_text(), page.title(), page.locator("#map-desc").text_content()) == before


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_slider_stays_where_it_is_whatever_the_heading_says(view: View, playing: Running, width: int) -> None:
    page = opened(view, playing, width=width)
    assert page.evaluate(MOVES, [288, 5, 286, 287, 10, 285]) < 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    high, line = page.locator("h1").evaluate(
        "(node) => [node.offsetHeight, parseFloat(getComputedStyle(node).lineHeight)]"
    )
    assert high <= line * (3 if width == 390 else 2) + 1
    assert page.locator("h1").get_attribute("title") == page.locator("h1").inner_text()


def test_playing_on_a_phone_shifts_little(view: View, playing: Running) -> None:
    page = opened(view, playing, width=390)
    page.evaluate("document.querySelector('#moment').scrollIntoView({ block: 'center' })")
    page.evaluate(SCRUB, [282])
    page.wait_for_timeout(700)
    page.evaluate("window.shifts = []")
    page.evaluate("document.querySelector('[data-do=play]').click()")  # no sign of a reader, which would excuse shifts
    expect(page.locator(".play")).to_have_text("Play")
    moment(page).to_have_text("2 March, 12:20 UTC")
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)") < 0.05


def test_a_gap_offers_no_share_and_its_address_shows_the_machine_and_the_sentence(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.evaluate(SCRUB, [10])
    expect(page.get_by_role("button", name="Share this moment")).to_be_hidden()
    expect(page.get_by_role("button", name="Back to now")).to_be_visible()
    there = view(f"/?at={text(GAP)}", url=playing.url, expect_errors=True)
    there.wait_for_selector("html.taken")
    expect(there.locator("#moment")).to_be_enabled()
    expect(there.locator("main")).to_contain_text("recorded from 2 March 2026, 12:00 UTC on")
    expect(there.locator(".map")).to_have_class(re.compile("unknown"))
    moment(there).to_have_text("2 March, 09:00 UTC")
    expect(there.get_by_role("button", name="Share this moment")).to_be_hidden()
    there.evaluate(SCRUB, [147])
    expect(there.locator("h1")).to_have_text(re.compile("Outage then: Iraq"))
    assert state_of(there, "IQ") == "outage"
    expect(there.locator("main .lede")).to_be_hidden()


def test_the_list_of_a_moment_says_what_the_page_of_that_moment_says(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.evaluate(SCRUB, [286])  # a moment at which something was published: "ago" is counted from there
    seen = (
        "(id) => [...document.querySelectorAll(id + ' .items > li')].map((row) => ["
        "row.querySelector('.place').textContent, row.querySelector('.place').getAttribute('href'),"
        "row.querySelector('h3').textContent, row.querySelector('h3 a').getAttribute('href'),"
        "row.querySelector('.facts').textContent])"
    )
    scrubbed = page.evaluate(seen, "#then-list")
    there = opened(view, playing, f"/?at={text(THEN - timedelta(minutes=5))}")
    assert len(scrubbed) == 2
    assert scrubbed == there.evaluate(seen, "#open")


def test_a_refused_day_leaves_the_moment_and_a_day_of_another_year_is_told_with_it(
    view: View, playing: Running
) -> None:
    page = opened(view, playing, expect_errors=True)
    page.evaluate(SCRUB, [286])
    date = page.get_by_label("As known at (UTC)")
    date.fill("2030-03-02T12:05")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".gap-words")).to_contain_text("it has not come yet")
    expect(date).to_have_value("2026-03-02T12:10")
    moment(page).to_have_text("2 March, 12:10 UTC")
    expect(page.locator("#moment")).to_have_value("286")
    date.fill("1999-03-02T12:05")
    page.get_by_role("button", name="Show").click()
    moment(page).to_have_text("2 March 1999, 12:05 UTC")
    expect(page.locator("h1")).to_have_text("We cannot say how it was then.")
    press(page, "now")
    expect(page.locator("h1")).to_contain_text("Degraded now")
    assert date.input_value() == date.evaluate("(node) => node.defaultValue")


def test_a_refused_day_leaves_now(view: View, playing: Running) -> None:
    page = opened(view, playing, expect_errors=True)
    date = page.get_by_label("As known at (UTC)")
    date.fill("2030-03-02T12:05")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".gap-words")).to_contain_text("it has not come yet")
    moment(page).to_have_text("Now")
    assert date.input_value() == date.evaluate("(node) => node.defaultValue")
    assert "at=" not in page.url


def test_at_now_nothing_leads_later(view: View, playing: Running) -> None:
    page = opened(view, playing)
    for do in ("forth", "hour-forth", "day-forth"):
        expect(page.locator(f'[data-do="{do}"]')).to_be_disabled()
    press(page, "back")
    for do in ("forth", "hour-forth", "day-forth"):
        expect(page.locator(f'[data-do="{do}"]')).to_be_enabled()


def test_the_count_says_how_many_of_all_are_shown(view: View, playing: Running) -> None:
    page = opened(view, playing, f"/?at={text(THEN)}")
    count = page.locator("h2 .count").filter(visible=True)
    expect(count).to_have_text("2")
    page.get_by_role("button", name="Degraded").click()
    expect(count).to_have_text("1 of 2")
    press(page, "back")
    expect(count).to_have_text("1 of 2")
    page.get_by_role("button", name="All", exact=True).click()
    expect(count).to_have_text("2")


def test_playing_begins_where_something_is_known(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.evaluate("window.seen = [];"
                  "new MutationObserver(() => seen.push(document.querySelector('.moment').textContent))"
                  ".observe(document.querySelector('.moment'), { childList: true })")  # fmt: skip
    press(page, "play")
    moment(page).to_have_text("2 March, 12:20 UTC")
    assert page.evaluate("seen[0]") == "2 March, 12:00 UTC"


def test_reduced_motion_has_steps_of_an_hour_in_place_of_playing(view: View, playing: Running) -> None:
    page = opened(view, playing)
    expect(page.get_by_role("button", name="−1 h")).to_be_hidden()
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator(".play")).to_be_hidden()
    page.get_by_role("button", name="−1 h").click()
    moment(page).to_have_text("2 March, 11:20 UTC")
    page.get_by_role("button", name="+1 h").click()
    moment(page).to_have_text("2 March, 12:20 UTC")


def test_a_gap_and_a_pressed_filter_are_seen_in_forced_colours(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.emulate_media(forced_colors="active")
    hole = page.locator(".strip .hole").first
    style = "(node) => { const s = getComputedStyle(node); return [s.backgroundImage, s.borderTopStyle]; }"
    image, border = hole.evaluate(style)
    assert "repeating-linear-gradient" in image
    assert border == "solid"
    colour = "(node) => getComputedStyle(node).backgroundColor"
    chips = page.locator(".filters [data-level]")
    assert chips.nth(0).evaluate(colour) != chips.nth(1).evaluate(colour)


def test_on_a_phone_what_is_open_comes_right_after_the_map(view: View, playing: Running) -> None:
    page = opened(view, playing, width=390)
    tops = page.evaluate(
        "['.map-box', '#open', '#machine'].map((one) => document.querySelector(one).getBoundingClientRect().top)"
    )
    assert tops == sorted(tops)
    assert page.evaluate("document.querySelector('#open .items li').getBoundingClientRect().top + scrollY") < 900
    order = page.evaluate(
        "[...document.querySelectorAll('.map-box, #open a, #machine button')].map((node) => node.closest("
        "'.map-box, #open, #machine').id || 'map')"
    )
    assert list(dict.fromkeys(order)) == ["map", "open", "machine"], "as it is seen"
