"""A reader measures the connection: nothing before the button is pressed, then the numbers, and one line is kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from radar.beacon.told import FASTEST, SIZES
from radar.sources import _beacon_table, _geo
from radar.store import documents, keys
from tests.browser.conftest import Running, serving

pytestmark = pytest.mark.browser

View = Callable[..., Page]
READER = "77.111.246.53"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("beacon")


@pytest.fixture(scope="module")
def measuring(folder: Path, chromium: str) -> Iterator[Running]:
    """A site that lets its readers measure, behind a server of its own that says who they are."""
    _beacon_table.keep(folder / "data" / "beacon", _geo.index())
    with serving(folder, RADAR_SPEED_BEACON="on", RADAR_BEACON_PROXIES="1") as site:
        clock = documents.get(site.client, "clock")
        site.client.set(keys.document("clock"), json.dumps({**clock, "mode": "live", "simulated": False}))
        yield site


def kept(folder: Path) -> list[dict[str, object]]:
    files = sorted((folder / "data" / "beacon").glob("*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def asked(page: Page) -> list[str]:
    """Every request to the beacon from now on."""
    found: list[str] = []
    page.on("request", lambda r: found.append(f"{r.method} {r.url}") if "/beacon/" in r.url else None)
    return found


def opened(view: View, site: Running) -> Page:
    page = view("/robots.txt", url=site.url)
    page.set_extra_http_headers({"X-Forwarded-For": READER})
    return page


def test_nothing_is_measured_before_the_button_is_pressed(view: View, measuring: Running, folder: Path) -> None:
    page = opened(view, measuring)
    seen, before = asked(page), kept(folder)
    page.goto("/measure")
    page.wait_for_selector("html.taken")
    expect(page.get_by_text("Pressing the button is your consent to that.")).to_be_visible()
    page.keyboard.press("End")
    page.reload()
    page.wait_for_selector("html.taken")
    page.wait_for_timeout(1500)
    assert seen == []
    assert kept(folder) == before


def test_the_button_measures_and_one_line_is_kept(view: View, measuring: Running, folder: Path) -> None:
    page = opened(view, measuring)
    page.goto("/measure")
    page.wait_for_selector("html.taken")
    before, seen = kept(folder), asked(page)
    page.get_by_role("button", name="Measure my connection").click()
    result = page.locator("#beacon-result")
    expect(result).to_contain_text("Round-trip time to this site:")
    expect(result).to_contain_text("Mbit/s.")
    expect(result).to_contain_text("Norway")
    expect(page.get_by_role("button", name="Measure my connection")).to_be_enabled()
    (line,) = kept(folder)[len(before) :]
    assert set(line) == {"hour", "cc", "asn", "rtt_ms", "mbps"}
    assert (line["cc"], line["asn"]) == ("NO", 205016)
    assert isinstance(line["rtt_ms"], float)
    assert isinstance(line["mbps"], float)
    assert 0 < line["rtt_ms"] < 5000
    assert 1 < line["mbps"] <= FASTEST
    pings = [one for one in seen if "/beacon/ping" in one]
    assert len(pings) == 11, "one that opens the connection, and ten"
    assert [one for one in seen if one.startswith("POST")] == [f"POST {measuring.url}/beacon/result?lang=en"]
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(localStorage).filter((key) => /beacon|measure/.test(key))") == []


def test_the_result_outlives_a_refresh_of_the_page(view: View, measuring: Running) -> None:
    page = opened(view, measuring)
    page.goto("/measure")
    page.wait_for_selector("html.taken")
    page.get_by_role("button", name="Measure my connection").click()
    expect(page.locator("#beacon-result")).to_contain_text("Kept:")
    measuring.client.incr(keys.VERSION)
    with page.expect_response(lambda r: "/_dash-update-component" in r.url):
        page.evaluate("document.dispatchEvent(new Event('radar-poll'))")
        page.locator(".fresh button").click()
    page.wait_for_timeout(500)
    expect(page.locator("#beacon-result")).to_contain_text("Kept:")


def test_what_the_server_refuses_is_told_and_nothing_is_kept(view: View, measuring: Running, folder: Path) -> None:
    page = view("/robots.txt", url=measuring.url, expect_errors=True)
    page.set_extra_http_headers({"X-Forwarded-For": "not an address"})
    page.goto("/measure")
    before = kept(folder)
    page.get_by_role("button", name="Measure my connection").click()
    expect(page.locator("#beacon-result")).to_contain_text("We cannot tell which network you came from")
    assert kept(folder) == before


def test_a_connection_that_breaks_is_told(view: View, measuring: Running, folder: Path) -> None:
    page = view("/robots.txt", url=measuring.url, expect_errors=True)
    page.route("**/beacon/ping*", lambda route: route.abort())
    page.goto("/measure")
    before = kept(folder)
    page.get_by_role("button", name="Measure my connection").click()
    expect(page.locator("#beacon-result")).to_have_text("The measurement failed. Nothing was kept.")
    assert kept(folder) == before


def test_a_slow_line_is_not_asked_for_the_large_download(view: View, measuring: Running) -> None:
    page = opened(view, measuring)
    tool = page.context.new_cdp_session(page)
    page.goto("/measure")
    tool.send("Network.enable")
    tool.send("Network.emulateNetworkConditions",
              {"offline": False, "latency": 20, "downloadThroughput": 60_000, "uploadThroughput": 60_000})  # fmt: skip
    seen = asked(page)
    page.get_by_role("button", name="Measure my connection").click()
    expect(page.locator("#beacon-result")).to_contain_text("Kept:")
    downloads = [one for one in seen if "/beacon/bytes/" in one]
    assert len(downloads) == 1
    assert f"/beacon/bytes/{SIZES[0]}" in downloads[0]


def test_without_scripts_the_page_says_so(view: View, measuring: Running) -> None:
    page = view("/measure", url=measuring.url, scripts=False)
    expect(page.get_by_text("The button needs scripts.")).to_be_visible()
