"""The front page in a browser: the time machine, search, "is it just me?". Its map is in test_home_map."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Running
from tests.browser.home_page import View, asked_by, opened, state_of
from tests.browser.test_site import Held
from tests.browser.tools import RUN_AXE, installed
from tests.samples import NOW, text

pytestmark = pytest.mark.browser

#: Longest that one frame may take from the slider's move to a finished layout, on two cores that others use too.
SCRUB_MS = 100

#: Moves the slider as a finger does, and says how long each frame took: scripts, styles and layout.
SCRUB = """(frames) => frames.map((i) => {
  const slider = document.querySelector('#moment');
  const began = performance.now();
  slider.value = i;
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  document.body.getBoundingClientRect();
  return performance.now() - began;
})"""


def test_the_slider_shows_any_moment_of_the_day_without_asking_the_server(view: View, playing: Running) -> None:
    page = opened(view, playing)
    expect(page.locator("h1")).to_contain_text("Degraded now")
    assert state_of(page, "IQ") == "ok"
    requests = asked_by(page)
    slider = page.locator("#moment")
    slider.focus()
    page.keyboard.press("ArrowLeft")  # from now to the newest frame
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_have_text(re.compile("Outage then: Iraq"))
    assert state_of(page, "IQ") == "outage"
    expect(page.locator("#then-list")).to_contain_text("Iraq")
    expect(page.locator("#open")).to_be_hidden()
    expect(page.locator(".moment")).to_have_text("2 March, 12:15 UTC")
    expect(page.locator(".gap-words")).to_contain_text("lost part of the logs")
    assert "1 in outage" in (slider.get_attribute("aria-valuetext") or "")
    assert page.locator('.map a.c[href^="/country/IQ"] title').text_content() == "Iraq: Outage"
    page.keyboard.press("End")
    expect(page.locator("h1")).to_contain_text("Degraded now")
    expect(page.locator("#then-list")).to_be_hidden()
    assert state_of(page, "IQ") == "ok"
    assert requests == []


def test_every_frame_is_there_within_a_tenth_of_a_second(view: View, playing: Running) -> None:
    page = opened(view, playing)
    took = sorted(page.evaluate(SCRUB, [288, 285, 284, 10, 286, 288, 3, 287, 284, 285, 288]))
    assert took[len(took) // 2] < SCRUB_MS, took


def test_what_is_not_recorded_is_hatched_and_said_and_never_calm(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.locator("#moment").focus()
    page.keyboard.press("Home")
    expect(page.locator("h1")).to_have_text("We cannot say how it was then.")
    expect(page.locator(".map")).to_have_class(re.compile("unknown"))
    expect(page.locator(".gap-words")).to_contain_text("recorded from 2 March 2026, 12:00 UTC on")
    expect(page.locator("#then-list")).not_to_contain_text("No outage")
    assert page.locator('.map a.c[href^="/country/PT"] title').text_content() == "Portugal: Not known"
    fill = page.locator('.map a.c[href^="/country/BR"] path').first
    assert "hatch" in fill.evaluate("(node) => getComputedStyle(node).fill")


def test_a_moment_is_shared_as_a_link_that_shows_the_same(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#moment").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Share this moment").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{playing.url}/?at={text(NOW + timedelta(minutes=15))}"
    heading = page.locator("h1").inner_text()
    page.goto(link)
    page.wait_for_selector("html.taken")
    expect(page.locator("h1")).to_have_text(heading)
    assert state_of(page, "IQ") == "outage"
    expect(page.locator(".moment")).to_have_text("2 March, 12:15 UTC")


def test_any_day_can_be_gone_to_and_one_that_has_not_come_is_refused(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.get_by_label("As known at (UTC)").fill("2026-03-02T12:05")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".moment")).to_have_text("2 March, 12:05 UTC")
    assert state_of(page, "IQ") == "outage"
    page.get_by_role("button", name="A day earlier").click()
    expect(page.locator(".map")).to_have_class(re.compile("unknown"))
    expect(page.locator(".moment")).to_have_text("1 March, 12:05 UTC")
    page.get_by_role("button", name="Back to now").click()
    expect(page.locator("h1")).to_contain_text("Degraded now")


def test_the_day_is_played_and_never_under_reduced_motion(view: View, playing: Running) -> None:
    page = opened(view, playing)
    page.locator("#moment").focus()
    for _press in range(4):
        page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".moment")).to_have_text("2 March, 12:20 UTC")
    expect(page.get_by_role("button", name="Play")).to_be_visible()  # it stops at the newest frame
    page.emulate_media(reduced_motion="reduce")
    expect(page.locator(".play")).to_be_hidden()


def test_what_was_chosen_before_dash_came_stays(view: View, playing: Running) -> None:
    held = Held(view, "/", url=playing.url)
    page = held.page
    expect(page.locator("#moment")).to_be_enabled()
    page.locator("#moment").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("h1")).to_contain_text("Outage then: Iraq")
    held.release()
    expect(page.locator("h1")).to_have_text(re.compile("Outage then: Iraq"))
    assert state_of(page, "IQ") == "outage"
    page.locator("#moment").focus()
    page.keyboard.press("End")
    expect(page.locator("h1")).to_contain_text("Degraded now")


def test_is_it_just_me_answers_in_place_and_without_scripts(view: View, playing: Running) -> None:
    page = view("/robots.txt", url=playing.url)
    page.set_extra_http_headers({"X-Forwarded-For": "82.0.0.1"})
    page.goto("/")
    page.wait_for_selector("html.taken")
    page.get_by_role("button", name="Is it just me?").click()
    answer = page.locator("#here-answer")
    expect(answer).to_contain_text("AS5089 Virgin Media Limited")
    expect(answer).to_contain_text("we see degraded service where you are")
    expect(answer).to_be_focused()
    assert page.url == f"{playing.url}/"
    bare = view("/robots.txt", url=playing.url, scripts=False)
    bare.set_extra_http_headers({"X-Forwarded-For": "10.0.0.9"})
    bare.goto("/")
    bare.get_by_role("button", name="Is it just me?").click()
    expect(bare.locator("#here-answer")).to_contain_text("You came from a private address")


def test_outages_are_found_while_one_types(view: View, running: Running) -> None:
    page = opened(view, running)
    page.get_by_label("Find a country").press_sequentially("mostly off")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Iraq has been mostly offline")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/outage/IQ-20260302T0500Z")


def test_a_past_page_without_scripts_is_asked_for_by_the_form(view: View, playing: Running) -> None:
    page = view("/", url=playing.url, scripts=False)
    page.get_by_label("As known at (UTC)").fill("2026-03-02T12:15")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("h1")).to_contain_text("Outage then: Iraq")
    assert state_of(page, "IQ") == "outage"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_wrong_at_another_moment_and_with_a_country_picked(
    view: View, playing: Running, dark: bool
) -> None:
    axe = (installed() / "axe-core" / "axe.min.js").read_text()
    page = opened(view, playing, dark=dark)
    page.evaluate(axe)
    run = (
        RUN_AXE
        + ".then((told) => told.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))]))"
    )
    page.evaluate(SCRUB, [286])
    page.locator('.map a.c[href^="/country/IQ"]').click(force=True)
    assert page.evaluate(run) == []
    page.evaluate(SCRUB, [5])
    assert page.evaluate(run) == []
