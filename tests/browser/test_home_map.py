"""The front page's map in a browser: one thing with the list, picked, zoomed, walked by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Running
from tests.browser.home_page import View, asked_by, opened
from tests.samples import NOW, text
from tests.web.test_film import publish

pytestmark = pytest.mark.browser


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
    expect(page.locator(".map")).to_have_attribute("viewBox", near or "")


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
    dot = page.locator('.map a.g[href^="/country/MT"] .t').evaluate(
        "(node) => { const at = node.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }"
    )
    page.mouse.click(*dot)
    expect(page.locator("#picked")).to_contain_text("Malta")
    assert page.locator(".zoom").evaluate(
        "(node) => [...node.children].every((one) => one.offsetWidth >= 24 && one.offsetHeight >= 24)"
    )


#: Where the middle of each country is on the screen, whether it is a dot, and how large its shape is of the map.
MIDDLES = """() => {
  const map = document.querySelector('.map').getBoundingClientRect();
  return Object.fromEntries([...document.querySelectorAll('.map a.c')].map((node) => {
    const mark = node.querySelector('.p');
    const [, x, y] = mark.getAttribute('d').match(/M(-?\\d+) (-?\\d+)/);
    const box = (node.querySelector('path:not(.t, .p, .o)') || mark).getBoundingClientRect();
    return [node.getAttribute('href').slice(9, 11), [map.x + x * map.width / 9600, map.y + y * map.width / 9600,
      !mark.matches('.b'), box.width * box.height / map.width / map.height]];
  }));
}"""

#: Large places, and those that lie under the targets of small neighbours.
HIDDEN_BEFORE = ("IR", "ES", "DE", "IT", "FR", "GB", "IL")


def centred(page: Page) -> dict[str, tuple[float, float, bool, float]]:
    page.locator(".map").evaluate("(node) => node.scrollIntoView({ block: 'center' })")
    return {code: tuple(row) for code, row in page.evaluate(MIDDLES).items()}


def at_point(page: Page, x: float, y: float) -> tuple[str, str]:
    """What the tip names at a place of the screen, and what a click there picks; nothing stays picked."""
    page.mouse.move(x, y)
    tip = page.locator(".map-tip b").text_content() if page.locator(".map-tip").count() else ""
    page.mouse.click(x, y)
    picked = page.evaluate(
        "(document.querySelector('.map .picked') || { getAttribute: () => '' }).getAttribute('href')"
    )
    named = page.evaluate("document.querySelector('.map .picked title')?.textContent.split(':')[0] || ''")
    page.evaluate("document.querySelector('[data-clear]')?.click()")
    assert (tip or "") == named, "tip and pick are one"
    return picked[9:11], named


@pytest.mark.parametrize("width", [1440, 390])
def test_a_country_is_hit_on_its_own_ground_and_each_dot_at_its_mark(view: View, playing: Running, width: int) -> None:
    page = opened(view, playing, width=width)
    middles = centred(page)
    large = [code for code, row in middles.items() if (row[3] > 0.004 and not row[2]) or code in HIDDEN_BEFORE]
    assert len(large) > 20
    wrong = {code: hit for code in large if (hit := at_point(page, *middles[code][:2])[0]) != code}
    assert wrong == {}
    for code, (x, y, is_dot, _size) in middles.items():
        if is_dot:
            hit, _name = at_point(page, x, y)
            a, b = middles[hit][:2]
            assert middles[hit][2], code
            assert max(abs(a - x), abs(b - y)) <= 1, f"{code}: {hit}"  # their marks lie over each other


def test_of_two_dots_in_one_place_the_second_click_picks_the_other(view: View, playing: Running) -> None:
    page = opened(view, playing)
    x, y = centred(page)["SX"][:2]
    found = set()
    for _click in range(2):
        page.mouse.click(x, y)
        found.add(page.evaluate("document.querySelector('.map .picked').getAttribute('href').slice(9, 11)"))
    assert found == {"MF", "SX"}


def test_a_target_acts_over_the_sea_and_over_calm_ground_when_it_is_broken(view: View, playing: Running) -> None:
    page = opened(view, playing, width=1440)
    middles = centred(page)
    x, y = middles["MT"][:2]
    assert at_point(page, x + 2, y + 9)[0] == "MT"
    x, y = middles["LU"][:2]
    assert at_point(page, x + 7, y)[0] == "DE"
    page.evaluate("document.querySelector('.map a.c[href^=\"/country/LU\"]').classList.replace('s-ok', 's-outage')")
    page.evaluate("document.querySelector('.map a.c[href^=\"/country/LU\"]').classList"
                  ".replace('s-none', 's-outage')")  # fmt: skip
    assert at_point(page, x + 7, y)[0] == "LU"


def test_without_scripts_a_click_on_a_country_leads_to_it(view: View, playing: Running) -> None:
    page = view("/", url=playing.url, scripts=False, width=1440)
    found = page.evaluate(
        f"""async () => {{ document.querySelector('.map').scrollIntoView({{ block: 'center' }});
        const middles = ({MIDDLES})();
        const under = ([x, y]) => document.elementFromPoint(x, y)?.closest('a')?.getAttribute('href').slice(9, 11);
        const [x, y] = middles.MT;
        return [Object.entries(middles).filter(([code, row]) => row[3] > 0.002 && !row[2] && under(row) !== code),
          under([x + 2, y + 9])]; }}"""
    )
    assert found == [[], "MT"]


def test_the_tip_goes_with_a_click(view: View, playing: Running) -> None:
    page = opened(view, playing)
    x, y = centred(page)["BR"][:2]
    page.mouse.move(x, y)
    expect(page.locator(".map-tip")).to_have_count(1)
    page.mouse.click(x, y)
    expect(page.locator("#picked")).to_contain_text("Brazil")
    expect(page.locator(".map-tip")).to_have_count(0)


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


def test_every_place_is_reached_by_the_arrow_keys(view: View, running: Running) -> None:
    page = opened(view, running)
    page.locator(".map-box").focus()
    page.keyboard.press("ArrowRight")
    reached = page.evaluate(
        """() => {
          const box = document.querySelector('.map-box');
          const press = (key) => box.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
          const at = () => document.querySelector('.map a.c.cur').getAttribute('href').slice(9, 11);
          const back = { ArrowLeft: 'ArrowRight', ArrowRight: 'ArrowLeft', ArrowUp: 'ArrowDown', ArrowDown: 'ArrowUp' };
          const seen = { [at()]: [] };
          const todo = [at()];
          const go = (path) => { box.dispatchEvent(new Event('focusout', { bubbles: true })); press('ArrowRight');
            path.forEach(press); };
          while (todo.length) {
            const from = todo.shift();
            for (const key of Object.keys(back)) {
              go([...seen[from], key]);
              if (!(at() in seen)) { seen[at()] = [...seen[from], key]; todo.push(at()); }
            }
          }
          return Object.keys(seen);
        }"""
    )
    assert len(reached) == 250


def test_a_tap_on_a_large_country_picks_it(view: View, playing: Running) -> None:
    page = opened(view, playing, width=390)
    middles = centred(page)
    touch = fingers(page)
    for code in ("IR", "ES", "DE", "IT"):
        touch("touchStart", [middles[code][:2]])
        touch("touchEnd", [])
        expect(page.locator(".map a.c.picked")).to_have_attribute("href", re.compile(f"/country/{code}"))
        expect(page.locator(".map-tip")).to_have_count(0)
