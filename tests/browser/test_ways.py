"""Other ways to read: on paper, by keys, with colours forced, on a low screen, by ear."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from radar.figures.palette import PALETTE
from tests.browser.test_site import taken

pytestmark = pytest.mark.browser

View = Callable[..., Page]


@pytest.mark.parametrize("path", ["/country/IQ", "/outage/IQ-20260302T0500Z"])
def test_print_shows_black_on_white_and_addresses(view: View, path: str) -> None:
    def tokens(page: Page) -> dict[str, str]:
        names = [f"--{name}" for name in (*PALETTE["light"], "q0", "q4")]
        return dict(page.evaluate("(names) => { const s = getComputedStyle(document.documentElement);"
                                  "return names.map((name) => [name, s.getPropertyValue(name)]) }", names))  # fmt: skip

    page = taken(view(path, dark=True))
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    bright = page.context.new_page()
    bright.emulate_media(color_scheme="light")
    bright.goto(path)
    greys = ("--paper", "--paper-2", "--line", "--ink", "--ink-2", "--ink-3")
    said, wanted = tokens(page), tokens(bright)
    assert {name: said[name] for name in said if name not in greys} == {
        name: wanted[name] for name in wanted if name not in greys
    }
    for link in page.locator(".page a:visible").all()[:60]:
        href, after = link.get_attribute("href"), link.evaluate("(a) => getComputedStyle(a, '::after').content")
        assert (href is not None and href.startswith("http")) == ("http" in after), "only whole addresses are of use"
    assert (
        page.locator(".page button:visible, .choices:visible, details:not([open]):visible, .what:visible").count() == 0
    )
    expect(page.locator(".print-only")).to_have_text(
        re.compile(f"^http.*{path} · As known at 2 March 2026, 12:00 UTC$")
    )
    assert page.evaluate(
        "[...document.querySelectorAll('.scroll')].every((box) => box.scrollHeight <= box.clientHeight + 1)"
    )
    assert page.locator(".shape").first.evaluate("(node) => getComputedStyle(node).printColorAdjust") == "exact"
    small = (
        "(node) => parseFloat(getComputedStyle(node).fontSize) < parseFloat(getComputedStyle(node.parentNode).fontSize)"
    )
    assert all(node.evaluate(small) for node in page.locator("td small:visible").all())
    for head in page.locator(".section-head:visible, .section-head h2:visible").all():
        assert head.evaluate("(node) => getComputedStyle(node).breakAfter") == "avoid", "no heading ends a sheet"


def test_a_list_shows_the_row_that_it_is_about(view: View) -> None:
    page = taken(view("/country/IQ", width=1280))
    page.evaluate("""() => {
      const table = (count) => `<div class="scroll tried"><table class="figures"><tbody>${'<tr><td>a</td></tr>'
        .repeat(count - 1)}<tr aria-current="true"><th>own</th></tr></tbody></table></div>`;
      document.querySelector('.main-col').insertAdjacentHTML('beforeend', `<b>${table(12)}</b><b>${table(40)}</b>`);
      document.dispatchEvent(new Event('radar-drawn'));
    }""")
    seen = """() => [...document.querySelectorAll('.tried')].map((box) => {
      const [row, out] = [box.querySelector('th').getBoundingClientRect(), box.getBoundingClientRect()];
      return row.bottom <= out.bottom + 1 && row.top >= out.top - 1 })"""
    page.wait_for_function(f"() => ({seen})().every(Boolean)")


def test_what_explains_a_term_has_a_name_and_goes_at_escape(view: View) -> None:
    page = taken(view("/country/IQ"))
    mark = page.locator(".chart .what").first
    tip = mark.locator(".tip")
    assert mark.get_attribute("aria-label") == tip.text_content()
    mark.focus()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    expect(mark).to_be_focused()
    page.locator("#zone").focus()
    mark.hover()
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_two_keys_go_to_the_search_and_one_alone_does_nothing(view: View) -> None:
    page = taken(view("/country/IQ"))
    search = page.get_by_label("Country or network")
    page.keyboard.press("/")
    page.keyboard.press("k")
    expect(search).not_to_be_focused()
    page.locator(".ts-box").first.focus()
    page.keyboard.press("Control+k")
    expect(search).to_be_focused()


def test_suggestions_are_counted_and_their_states_said(view: View) -> None:
    page = taken(view("/method"))
    search = page.get_by_label("Country or network")
    status = page.locator(".search [role=status]")
    search.press_sequentially("iraq")
    expect(status).to_have_text(re.compile(r"^\d+ suggestions?$"))
    expect(page.get_by_role("option").first).to_contain_text("Outage")
    search.fill("xyzzyx")
    expect(status).to_have_text("Nothing found")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.locator(".suggest")).to_be_visible()


def test_the_strip_of_ranges_stays_only_where_there_is_room(view: View) -> None:
    page = taken(view("/country/IQ", width=320))
    strip = page.locator(".main-col > .ranges")
    expect(strip).to_have_css("position", "sticky")
    page.set_viewport_size({"width": 320, "height": 256})
    expect(strip).to_have_css("position", "static")


def test_forced_colours_tell_what_is_chosen(view: View) -> None:
    page = taken(view("/outages"))
    page.emulate_media(forced_colors="active")
    here, other = page.locator(".top nav a[aria-current]"), page.locator(".top nav a:not([aria-current])").first
    line = "(node) => getComputedStyle(node).borderBlockEndColor"
    assert here.evaluate(line) != other.evaluate(line)
    assert other.evaluate(line) == page.evaluate(
        "(() => { const n = document.createElement('i'); n.style.color = 'Canvas'; document.body.append(n);"
        "return getComputedStyle(n).color })()"
    )
