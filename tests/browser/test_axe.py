"""No page has anything that axe finds wrong, in either theme, wide or narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.test_site import taken
from tests.browser.tools import RUN_AXE, installed

pytestmark = pytest.mark.browser

View = Callable[..., Page]

PAGES = (
    "/", "/country/IQ", "/asn/5089", "/geoasn/IQ-51684", "/region/IQ-BG", "/outages", "/outage/IQ-20260302T0500Z",
    "/providers", "/provider/cloudflare", "/quality", "/attacks", "/routing", "/search?q=virgin", "/sources", "/method",
    "/scoreboard", "/status", "/about", "/privacy", "/nowhere",
)  # fmt: skip


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
    assert found == {}
