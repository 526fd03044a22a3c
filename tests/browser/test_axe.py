"""No page has anything that axe finds wrong, in either theme, wide or narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Running, serving
from tests.browser.test_site import taken
from tests.browser.test_states import CHART, FIGURE, RULE_CHART, publish
from tests.browser.tools import RUN_AXE, installed

pytestmark = pytest.mark.browser

View = Callable[..., Page]

PAGES = (
    "/", "/country/IQ", "/asn/5089", "/geoasn/IQ-51684", "/region/IQ-BG", "/outages", "/outage/IQ-20260302T0500Z",
    "/providers", "/provider/cloudflare", "/quality", "/attacks", "/routing", "/search?q=virgin", "/sources", "/method",
    "/scoreboard", "/status", "/about", "/api", "/privacy", "/nowhere", CHART, FIGURE, "/figure?name=open-lines",
    "/figure?name=collectors", "/figure?name=confidence",
)  # fmt: skip


#: Pages of which the samples that all tests share have nothing.
OF_ATTACKS = ("/map", "/measure", "/attacks?rule=944150", RULE_CHART)


@pytest.fixture(scope="module")
def axe() -> str:
    return (installed() / "axe-core" / "axe.min.js").read_text()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_wrong_before_anything_is_touched(view: View, axe: str, path: str) -> None:
    page = view(path, width=390, expect_errors=path == "/nowhere", untouched=True)
    page.wait_for_load_state("networkidle")
    page.evaluate("new Promise((done) => requestIdleCallback(done))")
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate(RUN_AXE)
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in result["violations"]] == []


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_wrong(view: View, axe: str, path: str) -> None:
    page = taken(view(path, width=1280, expect_errors=path == "/nowhere"))
    assert wrong(page, axe) == {}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("full"), RADAR_SPEED_BEACON="on") as site:
        publish(site)
        yield site


@pytest.mark.parametrize("path", OF_ATTACKS)
def test_axe_finds_nothing_wrong_where_more_is_known(view: View, full: Running, axe: str, path: str) -> None:
    page = view(path, width=1280, url=full.url)
    assert page.locator("h1").first.inner_text() != "Nothing here"
    assert wrong(taken(page), axe) == {}


@pytest.mark.parametrize("text", ["vir", "xyzzyx"])
def test_axe_finds_nothing_wrong_with_suggestions(view: View, axe: str, text: str) -> None:
    page = taken(view("/method", width=1280))
    page.get_by_label("Country or network").press_sequentially(text)
    page.wait_for_selector(".suggest")
    assert wrong(page, axe) == {}


def test_axe_finds_nothing_wrong_with_an_open_table_of_a_chart(view: View, axe: str) -> None:
    page = taken(view("/country/IQ", width=1280))
    page.locator("summary", has_text="The same as a table").first.click()
    page.wait_for_selector(".chart .scroll[tabindex]")
    assert page.locator(".chart .scroll[tabindex]").first.get_attribute("aria-label") == (
        "Requests at our edge. Unit: requests per 5 min.")  # fmt: skip
    assert wrong(page, axe) == {}


def wrong(page: Page, axe: str) -> dict[str, list[str]]:
    """What axe finds, in both themes and at two widths."""
    found = {}
    for theme in ("light", "dark"):
        for width in (1280, 390):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.set_viewport_size({"width": width, "height": 844})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            page.evaluate(axe)
            result: dict[str, Any] = page.evaluate(RUN_AXE)
            found |= {
                f"{one['id']} ({theme}, {width} px): {one['help']}": [node["html"][:200] for node in one["nodes"]][:3]
                for one in result["violations"]
            }
    return found
