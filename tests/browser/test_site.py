"""What a reader sees and can do, with scripts and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from radar.store import documents
from tests import samples
from tests.browser.conftest import serving

pytestmark = pytest.mark.browser

View = Callable[..., Page]

PAGES = ("/", "/country/IQ", "/asn/5089", "/outages", "/outage/IQ-20260302T0500Z", "/sources", "/method", "/status",
         "/about", "/privacy", "/routing", "/asn/10", "/geoasn/IQ-51684", "/search?q=virgin")  # fmt: skip

#: Where Dash asks for a page.
UPDATE = re.compile("/_dash-update-component")

#: Sum of all layout shifts that still counts as "nothing jumps" (0.1 is what the web calls good).
STILL = 0.01


def taken(page: Page) -> Page:
    """Wait until Dash has taken the page over, every chart is live, and the front page has its day."""
    page.wait_for_selector("html.taken")
    for drawing in page.locator(".drawing").all():
        expect(drawing).to_have_attribute("data-live", "")
    if page.locator("#moment").count():
        expect(page.locator("#moment")).to_be_enabled()
    return page


def shift(page: Page) -> float:
    """How far things have jumped so far."""
    return float(page.evaluate("window.shifts.reduce((sum, one) => sum + one, 0)"))


@pytest.mark.parametrize("path", PAGES)
def test_page_is_complete_without_scripts(view: View, path: str) -> None:
    page = view(path, scripts=False)
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#ssr .page")).to_be_visible()
    for drawing in page.locator(".still > svg").all():
        box = drawing.bounding_box()
        assert box is not None
        assert box["width"] > 100
        assert box["height"] > 50


def test_search_works_without_scripts(view: View) -> None:
    page = view("/", scripts=False)
    page.get_by_label("Find a country").fill("iraq")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("h1")).to_have_text("Iraq")
    page.go_back()
    page.get_by_label("Find a country").fill("ira")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Iraq", exact=True).first.click()
    expect(page.locator("h1")).to_have_text("Iraq")
    page.get_by_role("link", name="24 hours").click()
    assert page.url.endswith("/country/IQ?range=24h")


class Held:
    """A page of which Dash's answer waits until ``release``."""

    def __init__(self, view: View, path: str, **more: bool | str) -> None:
        self.page = view("/robots.txt", **more)
        self.waiting: list[Route] | None = []
        self.page.context.route(UPDATE, self._arrived)
        with self.page.expect_request(UPDATE):
            self.page.goto(path)

    def _arrived(self, route: Route) -> None:
        if self.waiting is None:
            route.continue_()
        else:
            self.waiting.append(route)

    def release(self) -> Page:
        """Let Dash go on, and wait until it has taken over."""
        held, self.waiting = self.waiting or [], None
        for route in held:
            route.continue_()
        return taken(self.page)


@pytest.mark.parametrize("path", ["/", "/country/IQ", "/outage/IQ-20260302T0500Z", "/outages", "/sources", "/routing"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_dash_takes_over_and_nothing_jumps(view: View, path: str, dark: bool) -> None:
    held = Held(view, path, dark=dark)
    places = "[...document.querySelectorAll('h1, h2, .drawing, footer')].map((n) => n.getBoundingClientRect().top)"
    before = held.page.evaluate(places)
    page = held.release()
    assert page.evaluate(places) == before
    assert shift(page) < STILL
    assert page.locator("#ssr").count() == 0
    assert page.locator("[data-slot]:empty").count() == 0
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((node) => node.id)")
    assert len(set(ids)) == len(ids), "an id occurs twice"


def test_scroll_and_focus_survive(view: View) -> None:
    held = Held(view, "/country/IQ")
    held.page.locator("#ssr a", has_text="28 days").focus()
    held.page.evaluate("window.scrollTo(0, 300)")
    page = held.release()
    assert page.evaluate("document.activeElement.textContent") == "28 days"
    assert page.evaluate("window.scrollY") == 300


def test_what_one_types_while_scripts_load_is_kept(view: View) -> None:
    held = Held(view, "/")
    held.page.get_by_label("Find a country").press_sequentially("fi")
    page = held.release()
    page.keyboard.type("ji")
    expect(page.get_by_label("Find a country")).to_have_value("fiji")
    expect(page.get_by_role("option").first).to_contain_text("Fiji")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_wider_than_the_screen(view: View, path: str, width: int) -> None:
    page = view(path, width=width)
    page.wait_for_selector("html.taken")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", ["/quality", "/attacks", "/providers"])
@pytest.mark.parametrize("width", [390, 1440])
def test_new_pages_fit_the_screen_and_the_header_keeps_its_lines(view: View, path: str, width: int) -> None:
    page = view(path, width=width)
    page.wait_for_selector("html.taken")
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tops = page.evaluate(
        "['.brand', '.top nav', '.switches'].map((n) => document.querySelector(n).getBoundingClientRect())"
        ".map((box) => box.top + box.height / 2)"
    )
    beside = tops if width == 1440 else [tops[0], tops[2]]
    assert max(beside) - min(beside) < 8


def test_every_entry_of_the_header_is_reached_by_keyboard_on_a_small_screen(view: View) -> None:
    page = taken(view("/", width=390))
    entries = page.locator(".top nav a")
    entries.first.focus()
    for _entry in range(entries.count() - 1):
        page.keyboard.press("Tab")
    expect(entries.last).to_be_focused()
    expect(entries.last).to_be_in_viewport(ratio=0.9)


def test_small_screens_have_targets_that_can_be_tapped(view: View) -> None:
    page = view("/", width=390)
    for node in page.locator("header a, header button, .choices a, .search button, .foot a").all():
        box = node.bounding_box()
        assert box is not None
        assert box["height"] >= 38, node.inner_text()


def test_chart_is_painted_in_the_theme_of_the_reader(view: View) -> None:
    page = taken(view("/country/IQ", dark=True))
    light, dark = "rgb(26, 28, 32)", "rgb(237, 235, 229)"
    observed = page.locator(".js-plotly-plot").first.locator("path.js-line").last
    expect(observed).to_have_css("stroke", dark)
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(observed).to_have_css("stroke", light)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_times_can_be_read_in_local_time(view: View) -> None:
    page = taken(view("/outage/IQ-20260302T0500Z"))
    began = page.locator(".pairs time").first
    expect(began).to_have_text("05:00 UTC")
    page.locator("#zone").click()
    expect(began).to_contain_text("14:00")
    page.locator("#zone").click()
    expect(began).to_have_text("05:00 UTC")


def test_search_suggests_and_is_worked_by_keyboard(view: View) -> None:
    page = taken(view("/country/IQ"))
    page.keyboard.press("Control+k")
    page.keyboard.type("fij")
    option = page.get_by_role("option").first
    expect(option).to_contain_text("Fiji")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/country/FJ")


def test_keyboard_reaches_everything_and_shows_where_it_is(view: View) -> None:
    page = taken(view("/"))
    reached: list[str] = []
    for _step in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(
            "(() => { const n = document.activeElement, s = getComputedStyle(n.closest('.search-box') || n);"
            "return `${n.tagName} ${n.textContent.trim().slice(0, 40)} ${s.outlineStyle}` })()"))  # fmt: skip
    text = "\n".join(reached)
    for words in ("Skip to the content", "Now", "Outages", "UTC", "INPUT", "Iraq has been mostly", "2 parts of it"):
        assert words in text, words
    at = next(line for line in reached if "Outages" in line)
    assert at.endswith("solid")
    assert not any("g class" in line or line.startswith("svg") for line in reached), "the map is no row of 250 stops"


def test_a_table_is_loaded_in_place(view: View) -> None:
    page = taken(view("/country/IQ"))
    page.locator("summary", has_text="The same as a table").first.click()
    expect(page.locator("#edge-requests-edge-logs table tbody tr")).to_have_count(336)


def test_a_chart_can_be_copied_cited_and_kept_as_a_picture_without_leaving_the_page(view: View) -> None:
    page = view("/country/IQ")
    taken(page)
    page.locator("summary", has_text="Share, download, cite").first.click()
    kit = page.locator(".kit").first
    expect(kit.locator("pre", has_text="@misc")).to_be_visible()
    with page.expect_download() as download:
        kit.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename.startswith("radar-country-IQ-")
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    kit.get_by_role("button", name="Copy").first.click()
    expect(kit.get_by_role("button", name="Copied")).to_be_visible()


def test_zooming_one_chart_moves_all(view: View) -> None:
    page = taken(view("/country/IQ"))
    page.evaluate(
        "Plotly.relayout(document.querySelector('.js-plotly-plot'), {'xaxis.range': ['2026-03-01 00:00', "
        "'2026-03-02 00:00']}).then(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))))"
    )
    ranges = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map((p) => String(p.layout.xaxis.range))")
    assert len(set(ranges)) == 1
    assert "2026-03-01" in ranges[0]


def test_a_country_on_the_map_leads_to_its_page(view: View) -> None:
    page = taken(view("/"))
    page.locator('.map a.c[href="/country/IQ"]').click(force=True)
    page.get_by_role("link", name="The page of Iraq").click()
    page.wait_for_url("**/country/IQ")


def test_a_new_publication_appears_without_a_reload(view: View, tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        page = taken(view("/", url=site.url))
        expect(page.locator("h1")).to_contain_text("Iraq")
        page.evaluate("window.notReloaded = true")
        docs, states = samples.sample_documents()
        docs["outages"] = [row for row in docs["outages"] if "IQ" not in row["id"] and row["parent"] is None]
        states["country/IQ"] = {**states["country/PT"]}
        documents.publish(site.client, docs, states, {})
        page.evaluate("document.dispatchEvent(new Event('radar-poll'))")
        expect(page.locator("h1")).to_have_text("Degraded now: AS5089 Virgin Media Limited. We see no large outage.")
        assert page.evaluate("window.notReloaded") is True
        page.close()  # an open page would ask on, and be told that nothing answers


def test_store_down_is_said_and_never_an_empty_calm_map(view: View, tmp_path: Path) -> None:
    with serving(tmp_path) as site:
        taken(view("/", url=site.url)).close()  # an open page would ask on, and be told that nothing answers
        site.stop_store()
        page = view("/", url=site.url, expect_errors=True)
        expect(page.locator(".bar-stale")).to_contain_text("This page is not up to date.")
        page.wait_for_selector("html.taken")  # until then the server's page and Dash's stand side by side
        expect(page.locator("h1")).to_contain_text("Iraq")
        fresh = view("/country/PT", url=site.url, expect_errors=True)
        expect(fresh.locator(".bar-stale")).to_be_visible()
        fresh.wait_for_selector("html.taken")
        expect(fresh.locator(".page")).to_contain_text("We cannot read the measurements just now.")


@pytest.mark.parametrize("path", ["/country/XX", "/asn/abc", "/outage/none", "/nope"])
def test_an_unknown_address_says_what_to_do(view: View, path: str) -> None:
    page = view(path, expect_errors=True)
    expect(page.locator("h1").first).to_have_text("Nothing here")  # the server's page; Dash's may stand beside it
    page.wait_for_selector("html.taken")
    expect(page.locator("h1")).to_have_text("Nothing here")
    page.get_by_role("link", name="world map").click()
    page.wait_for_url("**/")
    page.wait_for_selector("html.taken")
    expect(page.locator("h1")).to_contain_text("Outage now")


@pytest.mark.parametrize("width", [390, 1440])
def test_terms_are_explained_on_focus_and_the_explanation_is_not_cut(view: View, width: int) -> None:
    page = taken(view("/routing", width=width))
    for place in ("#totals .what", "#countries .views .what", "#candidates .what"):
        for mark in page.locator(place).all():
            mark.evaluate("(node) => node.scrollIntoView({block: 'center'})")
            mark.focus()
            tip = mark.locator(".tip")
            expect(tip).to_be_visible()
            box = tip.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
            seen = page.evaluate(
                "(b) => { const n = document.elementFromPoint(b.x + 4, b.y + b.height - 4);"
                "return Boolean(n && n.closest('.tip')) }", box)  # fmt: skip
            assert seen, f"{tip.inner_text()!r} is cut or covered"


def test_a_candidate_is_found_from_the_page_of_its_network(view: View) -> None:
    page = taken(view("/asn/5089"))
    page.locator("#routes").get_by_role("link", name="AS64512 may have announced").click()
    page.wait_for_url("**/routing?show=candidates#*")
    taken(page)
    page.locator(".candidates summary").first.click()
    expect(page.locator(".candidates li").first).to_contain_text("Both networks have a provider in common")


def test_sessions_of_peers_are_loaded_in_place(view: View) -> None:
    page = taken(view("/routing"))
    page.locator("summary", has_text="All 21 sessions").click()
    expect(page.locator("#peers-table tbody tr")).to_have_count(21)


def test_a_long_table_without_links_is_reached_by_keys_and_one_with_links_by_its_links(view: View) -> None:
    page = taken(view("/status", width=390))
    page.evaluate("""() => {
      const long = '<p style="height: 900px">';
      for (const inside of [`${long}text</p>`, `${long}<a href="/">link</a></p>`, 'short'])
        document.querySelector('.page section').insertAdjacentHTML('beforeend',
          `<div><div class="scroll" data-tried>${inside}</div></div>`);
      dispatchEvent(new Event('resize'));
    }""")
    tried = page.locator("[data-tried]")
    expect(tried.nth(0)).to_have_attribute("tabindex", "0")
    expect(tried.nth(0)).to_have_attribute("aria-label", re.compile("."))
    for other in (1, 2):
        assert tried.nth(other).get_attribute("tabindex") is None
    tried.nth(0).focus()
    page.keyboard.press("End")
    page.wait_for_function("() => document.querySelector('[data-tried]').scrollTop > 0")
    page.evaluate(
        "() => { document.querySelector('[data-tried]').innerHTML = ''; dispatchEvent(new Event('resize')); }"
    )
    expect(tried.nth(0)).not_to_have_attribute("tabindex", "0")
