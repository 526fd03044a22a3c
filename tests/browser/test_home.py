"""The front page in a browser: map and list as one thing, the time machine, search, "is it just me?"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from radar.sources import _beacon_table, _geo
from tests.browser.conftest import Running, serving
from tests.browser.test_site import Held
from tests.browser.tools import installed
from tests.samples import NOW, text
from tests.web.test_film import publish

pytestmark = pytest.mark.browser

View = Callable[..., Page]

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


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """A site that published at noon, at ten past, and Iraq's end at twenty past; behind a server of its own."""
    folder = tmp_path_factory.mktemp("home")
    _beacon_table.keep(folder / "data" / "beacon", _geo.index())
    with serving(folder, RADAR_BEACON_PROXIES="1") as site:
        publish(site.client, NOW + timedelta(minutes=10), notice=True)
        publish(site.client, NOW + timedelta(minutes=20), calm=True)
        yield site


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


def test_hovering_the_list_marks_the_map_and_the_map_marks_the_list(view: View, running: Running) -> None:
    page = opened(view, running)
    row = page.locator('#open li[data-places="IQ"]')
    iraq = page.locator('.map a.c[href="/country/IQ"]')
    row.hover()
    expect(iraq).to_have_class(re.compile(r"\bhot\b"))
    iraq.hover(force=True)
    expect(row).to_have_class(re.compile(r"\bhot\b"))
    expect(page.locator(".map-tip")).to_contain_text("Iraq")
    page.locator("h1").hover()
    expect(page.locator(".map-tip")).to_have_count(0)


def test_picking_a_country_narrows_the_list_and_can_be_undone(view: View, running: Running) -> None:
    page = opened(view, running)
    rows = page.locator("#open .items > li")
    expect(rows).to_have_count(2)
    page.locator('.map a.c[href="/country/IQ"]').click(force=True)
    expect(rows.filter(visible=True)).to_have_count(1)
    expect(page.locator("#picked")).to_contain_text("Iraq: Outage")
    expect(page.locator("#picked").get_by_role("link")).to_have_attribute("href", "/country/IQ")
    page.locator('.map a.c[href="/country/BR"]').click(force=True)
    expect(page.locator("#picked")).to_contain_text("Nothing open here.")
    page.get_by_role("button", name="Show all").click()
    expect(rows.filter(visible=True)).to_have_count(2)
    page.get_by_role("button", name="Degraded").click()
    expect(rows.filter(visible=True)).to_have_count(1)
    expect(page.locator(".map")).to_have_class(re.compile("only-degraded"))


def test_what_is_picked_is_in_the_address_and_back_undoes_it(view: View, playing: Running) -> None:
    page = opened(view, playing, "/?lang=es")
    told = page.locator("#picked")
    page.locator('.map a.c[href^="/country/IQ"]').click(force=True)
    assert page.url == f"{playing.url}/?lang=es&place=IQ"
    page.locator('.map a.c[href^="/country/BR"]').click(force=True)
    assert page.url == f"{playing.url}/?lang=es&place=BR"
    expect(page.locator(".tongue")).to_have_attribute("href", re.compile(r"place=BR"))
    asked = asked_by(page)
    page.go_back()
    expect(told).to_contain_text("Irak")
    assert page.url == f"{playing.url}/?lang=es&place=IQ"
    page.go_back()
    expect(told).to_be_hidden()
    expect(page.locator(".map")).not_to_have_class(re.compile("picking"))
    page.go_forward()
    expect(told).to_contain_text("Irak")
    assert [url for url in asked if "/assets/" not in url] == []


@pytest.mark.parametrize("path", ["/?place=IQ", "/?place=IQ&level=degraded", "/?level=outage&lang=es"])
def test_a_link_restores_what_was_picked_with_and_without_scripts(view: View, playing: Running, path: str) -> None:
    def seen(page: Page) -> list[str]:
        return page.evaluate(
            "[...document.querySelectorAll('#open .items > li')].filter((row) => row.offsetParent)"
            ".map((row) => row.dataset.places)"
            ".concat(document.querySelector('.map').className.baseVal, document.querySelector('#picked').hidden,"
            " [...document.querySelectorAll('.map .picked title')].map((node) => node.textContent))"
        )

    bare = seen(view(path, url=playing.url, scripts=False))
    assert bare == seen(opened(view, playing, path))


def test_a_shared_moment_carries_what_is_picked_and_back_to_now_keeps_it(view: View, playing: Running) -> None:
    page = opened(view, playing, "/?place=IQ")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("#moment").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#picked")).to_contain_text("Iraq: Outage")
    page.get_by_role("button", name="Share this moment").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == f"{playing.url}/?at={text(NOW + timedelta(minutes=15))}&place=IQ"
    page.goto(link)
    page.wait_for_selector("html.taken")
    expect(page.locator("#picked")).to_contain_text("Iraq: Outage")
    expect(page.locator("#open .items > li").filter(visible=True)).to_have_count(1)
    expect(page.locator(".moment")).to_have_text("2 March, 12:15 UTC")
    page.locator("#moment").focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Back to now").click()
    page.wait_for_url(f"{playing.url}/?place=IQ")


def test_a_newer_publication_keeps_what_is_picked_and_how_close_the_map_is(view: View, playing: Running) -> None:
    page = opened(view, playing, "/?place=GB")
    page.locator(".map-box").focus()
    page.keyboard.press("+")
    near = page.locator(".map").get_attribute("viewBox")
    version = page.evaluate("document.body.dataset.version")
    publish(playing.client, NOW + timedelta(minutes=20), calm=True)
    page.evaluate("document.dispatchEvent(new Event('radar-poll'))")
    page.locator(".fresh button").click()
    expect(page.locator("body")).not_to_have_attribute("data-version", version)
    expect(page.locator(".map")).to_have_count(1)
    expect(page.locator("#picked")).to_be_visible()
    expect(page.locator("#moment")).to_be_enabled()
    expect(page.locator(".map a.c.picked")).to_have_attribute("href", "/country/GB")
    assert page.locator(".map").get_attribute("viewBox") == near


def fingers(page: Page) -> Callable[[str, list[tuple[float, float]]], None]:
    """Touch the screen: kind of event, places of the fingers that are down."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, places: list[tuple[float, float]]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


def seen_of(page: Page) -> list[float]:
    return [float(part) for part in (page.locator(".map").get_attribute("viewBox") or "").split()]


def test_two_fingers_zoom_the_map_about_the_place_between_them_and_one_moves_it(view: View, playing: Running) -> None:
    page = opened(view, playing, width=390)
    page.locator(".map").evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    ground = page.locator(".map").bounding_box()
    assert ground is not None
    x, y = ground["x"] + 0.6 * ground["width"], ground["y"] + 0.4 * ground["height"]
    touch = fingers(page)
    touch("touchStart", [(x - 10, y)])
    touch("touchStart", [(x - 10, y), (x + 10, y)])
    for far in (20, 30, 40):
        touch("touchMove", [(x - far, y), (x + far, y)])
    touch("touchEnd", [])
    left, top, wide, high = seen_of(page)
    assert wide == pytest.approx(9600 / 4, rel=0.02)
    assert left + 0.6 * wide == pytest.approx(0.6 * 9600, abs=60), "what lay between the fingers stays there"
    assert top + 0.4 * high == pytest.approx(0.4 * 4283, abs=60)
    touch("touchStart", [(x, y)])
    touch("touchMove", [(x - 20, y)])
    touch("touchMove", [(x - 60, y)])
    touch("touchEnd", [])
    assert seen_of(page)[0] == pytest.approx(left + 60 / ground["width"] * wide, abs=60)
    expect(page.locator("#picked")).to_be_hidden()
    for _again in range(12):  # to the edge of the world and no farther
        touch("touchStart", [(x, y)])
        touch("touchMove", [(x - 20, y)])
        touch("touchMove", [(x - 150, y)])
        touch("touchEnd", [])
    assert seen_of(page)[0] == pytest.approx(9600 - wide, abs=2)
    touch("touchStart", [(x - 60, y), (x + 60, y)])
    touch("touchMove", [(x - 40, y), (x + 40, y)])
    touch("touchMove", [(x - 5, y), (x + 5, y)])
    touch("touchEnd", [])
    assert seen_of(page) == [0, 0, 9600, 4283]


def test_one_finger_on_the_whole_map_scrolls_the_page(view: View, playing: Running) -> None:
    page = opened(view, playing, width=390)
    ground = page.locator(".map").bounding_box()
    assert ground is not None
    x, y = ground["x"] + 200, ground["y"] + 100
    touch = fingers(page)
    touch("touchStart", [(x, y)])
    for step in range(1, 12):
        touch("touchMove", [(x, y - 20 * step)])
    touch("touchEnd", [])
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") > 100
    assert seen_of(page) == [0, 0, 9600, 4283]


def test_the_buttons_zoom_on_a_phone_and_a_small_place_is_picked_by_its_nearest_target(
    view: View, playing: Running
) -> None:
    page = opened(view, playing, width=390)
    page.get_by_role("button", name="Closer").click()
    assert seen_of(page)[2] == 4800
    page.get_by_role("button", name="The whole world").click()
    assert seen_of(page) == [0, 0, 9600, 4283]
    # The targets of Malta and of its neighbours lie over each other: the nearest is meant.
    page.locator(".map").evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    dot = page.locator('.map a.c[href^="/country/MT"] .t').evaluate(
        "(node) => { const at = node.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }"
    )
    page.mouse.click(*dot)
    expect(page.locator("#picked")).to_contain_text("Malta")
    assert page.locator(".zoom").evaluate(
        "(node) => [...node.children].every((one) => one.offsetWidth >= 24 && one.offsetHeight >= 24)"
    )


def test_no_place_of_the_map_lies_under_the_buttons(view: View, playing: Running) -> None:
    page = opened(view, playing)
    covered = page.evaluate(
        "[...document.querySelectorAll('.map a.c .p:not(.b)')].filter((node) => {"
        " const box = node.getBoundingClientRect();"
        " const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
        " return top && top.closest('.zoom'); }).map((node) => node.parentNode.getAttribute('href'))"
    )
    assert covered == []


def test_the_map_is_walked_and_zoomed_by_keyboard(view: View, running: Running) -> None:
    page = opened(view, running)
    page.locator(".map-box").focus()
    page.keyboard.press("ArrowRight")
    said = page.locator("#map-said")
    expect(said).to_contain_text("Iraq: Outage")
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text(re.compile("Kuwait|Iran"))
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#picked")).to_be_visible()
    page.keyboard.press("+")
    assert page.locator(".map").get_attribute("viewBox") != "0 0 9600 4283"
    page.keyboard.press("0")
    assert page.locator(".map").get_attribute("viewBox") == "0 0 9600 4283"
    page.keyboard.press("Escape")
    expect(page.locator("#picked")).to_be_hidden()


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


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_time_machine_fits_the_screen_and_moves_nothing_above_it(view: View, playing: Running, width: int) -> None:
    page = opened(view, playing, width=width)
    top = "document.querySelector('#moment').getBoundingClientRect().top + scrollY"
    before = page.evaluate(top)
    page.evaluate(SCRUB, [288, 5, 286])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert abs(page.evaluate(top) - before) < 60, "only the heading's lines may differ"


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
        "axe.run(document, {resultTypes: ['violations']})"
        ".then((told) => told.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))]))"
    )
    page.evaluate(SCRUB, [286])
    page.locator('.map a.c[href^="/country/IQ"]').click(force=True)
    assert page.evaluate(run) == []
    page.evaluate(SCRUB, [5])
    assert page.evaluate(run) == []
