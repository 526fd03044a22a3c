"""Dash and Plotly on demand: what a page asks for that nobody touches, and how a reader's first sign makes it live."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.test_charts import drag, each
from tests.browser.test_site import pytestmark

__all__ = ["pytestmark"]

View = Callable[..., Page]

#: Addresses of the scripts that have run, and of all that was asked for.
RUN = "performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'script').map((e) => e.name)"
ASKED = "performance.getEntriesByType('resource').map((e) => e.name)"

#: The addresses of what Dash draws.
GRAPH = re.compile(r"/chart\.json\?")
#: A tab in the background, where a while without a sign starts nothing.
HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true })"


def live(drawing: Locator) -> None:
    expect(drawing).to_have_attribute("data-live", "")


def still(drawing: Locator) -> None:
    expect(drawing).not_to_have_attribute("data-live", "")


def ends(page: Page) -> tuple[Locator, Locator]:
    """The first chart and the last."""
    drawings = page.locator("#react-entry-point .drawing")
    return drawings.first, drawings.last


def started(page: Page) -> Page:
    """As after a reader's first sign: Dash has taken the page over."""
    page.mouse.move(5, 5)
    page.wait_for_selector("html.taken")
    return page


def test_a_page_that_nobody_touches_fetches_dash_but_runs_only_our_script(view: View) -> None:
    page = view("/robots.txt", untouched=True)
    page.add_init_script(HIDDEN)
    page.goto("/country/IQ")
    page.wait_for_function(f"() => {ASKED}.some((name) => name.includes('/boot.v1m'))")
    page.wait_for_load_state("networkidle")
    (script,) = page.evaluate(RUN)
    assert "/radar/site.v1m" in script
    assert not any("plotly" in name for name in page.evaluate(ASKED))
    assert page.evaluate("document.documentElement.classList.contains('taken')") is False
    expect(page.locator("#ssr .page")).to_be_visible()


def test_a_while_without_a_sign_is_enough(view: View) -> None:
    page = view("/about", untouched=True)
    page.wait_for_selector("html.taken")


def test_a_sign_from_before_our_script_is_there_is_not_lost(view: View) -> None:
    page = view("/robots.txt", untouched=True)
    page.add_init_script(HIDDEN)
    held: list[Route] = []
    page.route("**/radar/site.v1m*", lambda route: held.append(route))
    page.goto("/about", wait_until="commit")
    page.wait_for_selector("main h1")
    page.mouse.move(5, 5)
    page.mouse.move(9, 9)
    page.wait_for_function("() => window.radarSign === 1")
    held[0].continue_()
    page.wait_for_selector("html.taken")


def test_only_charts_near_the_screen_are_live_and_the_others_print_as_drawn(view: View) -> None:
    page = started(view("/country/IQ", untouched=True, width=390))
    first, last = ends(page)
    first.scroll_into_view_if_needed()
    live(first)
    still(last)
    page.emulate_media(media="print")
    for drawing in (first, last):
        expect(drawing.locator(".still > svg")).to_be_visible()
        expect(drawing.locator(".live")).to_be_hidden()
    page.emulate_media(media="screen")
    last.scroll_into_view_if_needed()
    live(last)


def test_a_chart_that_becomes_live_later_takes_the_stretch_and_the_theme(view: View) -> None:
    page = started(view("/country/IQ?range=24h", untouched=True, width=900))
    page.set_viewport_size({"width": 900, "height": 420})
    first, last = ends(page)
    first.scroll_into_view_if_needed()
    live(first)
    still(last)
    drag(page, 200, 400)
    expect(page.locator(".zoomed")).to_be_visible()
    zoomed = each(page, "range")[0]
    page.locator("#theme").click()
    expect(first.locator("path.js-line").last).to_have_css("stroke", "rgb(237, 235, 229)")
    last.scroll_into_view_if_needed()
    live(last)
    page.wait_for_function(
        "() => new Set([...document.querySelectorAll('.ts-box .js-plotly-plot')]"
        ".map((plot) => String(plot.layout.xaxis.range))).size === 1"
    )
    ranges = each(page, "range")
    assert len(ranges) > 1
    assert ranges[0] == zoomed, "the theme has undone the zoom"
    expect(last.locator("path.js-line").last).to_have_css("stroke", "rgb(237, 235, 229)")


def test_a_key_on_a_chart_that_is_not_live_yet_counts_when_it_is(view: View) -> None:
    page = view("/robots.txt", untouched=True)
    held: list[Route] = []
    waits = [True]
    page.context.route("**/plotly-radar*", lambda route: held.append(route) if waits else route.continue_())
    page.goto("/country/IQ?range=24h")
    first, _last = ends(started(page))
    first.focus()
    page.keyboard.press("End")
    still(first)
    expect(page.locator(".voice")).to_have_count(0)
    waits.clear()
    for route in held:
        route.continue_()
    live(first)
    expect(page.locator(".voice")).to_contain_text("2 March 2026 at 11:55 UTC: ")


def test_without_plotly_the_drawing_stays_and_pointing_at_it_asks_again(view: View) -> None:
    page = view("/robots.txt", untouched=True, expect_errors=True)
    page.context.route("**/plotly-radar*", lambda route: route.abort())
    page.goto("/country/IQ")
    first, _last = ends(page)
    with page.expect_event("requestfailed", lambda request: request.resource_type == "script"):
        started(page)
        first.scroll_into_view_if_needed()
    expect(first.locator(".still > svg")).to_be_visible()
    still(first)
    page.context.unroute("**/plotly-radar*")
    page.mouse.move(5, 5)
    first.hover()
    live(first)


def test_where_a_charts_lines_cannot_be_had_its_drawing_stays_and_pointing_at_it_asks_again(view: View) -> None:
    page = view("/robots.txt", untouched=True, expect_errors=True)
    asked: list[str] = []
    page.context.route(GRAPH, lambda route: (asked.append(route.request.url), route.abort()))
    page.goto("/country/IQ")
    first, _last = ends(started(page))
    first.scroll_into_view_if_needed()
    expect(first.locator(".still > svg")).to_be_visible()
    page.wait_for_function("() => window.Plotly")
    still(first)
    assert asked
    page.context.unroute(GRAPH)
    page.mouse.move(5, 5)
    first.hover()
    live(first)


def test_only_charts_that_are_near_are_asked_for_and_each_once(view: View) -> None:
    page = view("/robots.txt", untouched=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if GRAPH.search(request.url) else None)
    page.goto("/country/IQ?range=24h&lang=es")
    first, last = ends(started(page))
    first.scroll_into_view_if_needed()
    live(first)
    count = page.locator(".drawing[data-graph]").count()
    assert 0 < len(asked) < count
    last.scroll_into_view_if_needed()
    live(last)
    assert len(asked) == len(set(asked))
    assert all(url.endswith("&lang=es") for url in asked)
