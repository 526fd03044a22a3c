"""What a visitor, a journalist and a planner came for, from start to finish, by keyboard alone."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from radar.aggregate.iqb import iqb
from radar.signals import SLOTS
from radar.sources import _beacon_table, _geo
from radar.store import blocks, documents
from tests import samples
from tests.browser.by_keyboard import Reader
from tests.browser.conftest import Running, serving
from tests.sample_performance import sample_now

pytestmark = pytest.mark.browser

View = Callable[..., Page]

HOURLY, SLOT = SLOTS["edge.requests_hour@edge_logs"]
DAYS = 40


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """The samples, with a table of addresses, ranked countries, and hours of Iraq for longer than four weeks."""
    folder = tmp_path_factory.mktemp("tasks")
    _beacon_table.keep(folder / "data" / "beacon", _geo.index())
    values = {"ndt.download_p5": 12.0, "ndt.upload_p5": 6.0, "ndt.rtt_p5": 80.0, "ndt.loss_p5": 0.008,
              "ndt.download_p50": 50.0}  # fmt: skip
    months = [
        {"entity": f"country/{code}", "month": "2025-10", "tests": tests, "values": values, "iqb": iqb(values, tests)}
        for code, tests in (("IQ", 5000), ("PT", 900), ("NR", 12))
    ]
    with serving(folder, RADAR_BEACON_PROXIES="1") as site:
        hours = np.full((1, DAYS * 24, HOURLY.width), np.nan, dtype=np.float32)
        hours[0, :, SLOT] = np.arange(DAYS * 24) + 1000
        blocks.write_bins(site.client, HOURLY, "value", ["country/IQ"], samples.NOW - timedelta(days=DAYS), hours)
        docs, states = samples.sample_documents()
        docs |= {"performance": sample_now(), "quality": months}
        documents.publish(site.client, docs, states, {})
        yield site


def begin(view: View, world: Running, path: str = "/") -> Reader:
    """A reader at the top of a page, with nothing focused yet."""
    page = view("/robots.txt", url=world.url)
    page.set_extra_http_headers({"X-Forwarded-For": "82.0.0.1"})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(path)
    reader = Reader(page)
    reader.settle()
    return reader


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_a_visitor_finds_out_whether_it_is_just_them(view: View, world: Running) -> None:
    reader = begin(view, world)
    page = reader.page
    page.keyboard.press("Tab")
    assert reader.stop()["text"] == "Skip to the content"
    reader.press("Enter")
    reader.go_to("", "input", name="q")
    page.keyboard.type("britain")
    expect(page.get_by_role("option").first).to_contain_text("UK")
    reader.press("ArrowDown")
    reader.follow("**/country/GB")
    expect(page.locator("h1")).to_have_text("UK")
    expect(page.locator(".lede")).to_have_text("UK: all that we measure is within its usual range.")
    reader.go_to("Now", "a")
    reader.follow(f"{world.url}/")
    reader.go_to("Is it just me?", "button")
    page.keyboard.press("Enter")
    answer = page.locator("#here-answer")
    expect(answer).to_be_focused()
    expect(answer).to_contain_text("It is perhaps not just you: we see degraded service where you are.")
    reader.stop()
    reader.go_to(re.compile("AS5089 Virgin Media Limited has been degraded"), "a")
    reader.follow("**/outage/AS5089-20260302T1100Z")
    expect(page.locator("h1")).to_contain_text("requests are 32 % below normal".replace("32 %", "32\u00a0%"))
    expect(page.locator(".standing")).to_contain_text("confidence medium (74 %)")


def test_a_journalist_checks_an_outage_and_takes_a_chart_along(view: View, world: Running) -> None:
    reader = begin(view, world)
    page = reader.page
    reader.go_to("Map of the world")
    reader.press("ArrowRight")
    expect(page.locator("#map-said")).to_contain_text("Iraq: Outage")
    reader.press("Enter")
    expect(page.locator("#picked")).to_contain_text("Iraq: Outage")
    reader.go_to(re.compile("^Iraq has been mostly offline"), "a")
    reader.follow("**/outage/IQ-20260302T0500Z**")
    for words in ("Requests are 88 % below normal.", "The onset is 05:00, not 05:05."):
        expect(page.locator("main")).to_contain_text(words)
    reader.go_to("The same as a table", "summary")
    while not page.evaluate("document.activeElement.closest('.chart') !== null"):  # the matrix has a table as well
        reader.go_to("The same as a table", "summary")
    reader.press("Enter")
    figures = page.locator(".chart").first.locator("table tbody tr")
    expect(figures.first).to_be_visible()
    drawn = figures.all_inner_texts()
    reader.go_to("Share, download, cite", "summary")
    reader.press("Enter")
    kit = page.locator(".chart").first.locator(".kit")
    expect(kit.locator("pre", has_text="@misc")).to_be_visible()

    def copied(term: str) -> str:
        """Go to the button that copies this line of the kit, and press it."""
        row = f"document.activeElement.closest('dd')?.previousElementSibling?.textContent === '{term}'"
        while not page.evaluate(row):
            reader.go_to("Copy", "button")
        reader.press("Enter")
        expect(page.locator(":focus")).to_have_text("Copied")
        return clipboard(page)

    frozen = copied("Link to these numbers")
    assert "sha256=" in frozen
    reader.go_to("CSV", "a")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    numbers = Path(download.value.path()).read_bytes()
    cited = copied("Citation, APA")
    assert cited.startswith("Internet Radar. (2026, March 2).")
    assert "[Chart of simulated data]" in cited
    assert frozen in cited
    fingerprint = copied("Fingerprint")
    assert hashlib.sha256(numbers).hexdigest() == fingerprint

    other = begin(view, world, frozen.removeprefix(world.url))
    expect(other.page.locator(".lede")).to_contain_text("These are the very numbers that the link was made of.")
    other.go_to("The same as a table", "summary")
    other.press("Enter")
    again = other.page.locator(".chart").first.locator("table tbody tr")
    expect(again).to_have_count(len(drawn))
    assert again.all_inner_texts() == drawn
    values = [row["value"] for row in csv.DictReader(io.StringIO(numbers.decode()))]
    assert len(values) == len(drawn)
    altered = begin(view, world, frozen.removeprefix(world.url)[:-8] + "00000000")
    expect(altered.page.locator(".lede")).to_contain_text("The numbers have changed since the link was made")


def test_a_planner_ranks_countries_and_takes_a_year_of_one(view: View, world: Running) -> None:
    reader = begin(view, world)
    page = reader.page
    reader.go_to(re.compile("^Quality$"), "a")
    reader.follow("**/quality")
    expect(page.locator(".lede")).to_contain_text("Germany is best with 20 ms")
    reader.go_to("Video calls", "a")
    reader.follow("**/quality?by=iqb-conferencing**")
    expect(page.locator(".lede")).to_contain_text("Recorded in October 2025")
    reader.go_to(re.compile("^Tests$"), "a")
    reader.follow("**sort=n**")
    expect(page.locator('#ranking th[aria-sort="descending"]')).to_have_text("Tests")
    rows = page.locator("#ranking tbody tr th").all_inner_texts()
    assert rows[:2] == ["Iraq", "Portugal"]
    reader.go_to(re.compile("^CSV"), "a")
    told = page.evaluate("document.activeElement.href")
    ranked = list(csv.DictReader(io.StringIO(urllib.request.urlopen(told).read().decode())))
    assert {row["entity"] for row in ranked} == {"country/IQ", "country/PT", "country/NR"}
    reader.go_to(re.compile("^Iraq$"), "a")
    reader.follow("**/country/IQ")
    reader.go_to("1 year", "a")
    reader.follow("**/country/IQ?range=1y")
    expect(page.locator(".ranges [aria-current]")).to_have_text("1 year")
    chart = page.locator(".chart", has_text="Requests at our edge, per hour")
    expect(chart).to_be_visible()
    while not page.evaluate("document.activeElement.closest('.chart')?.textContent.includes('per hour')"):
        reader.go_to(re.compile("^CSV"), "a")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    year = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    known = [row for row in year if row["value"]]
    assert len(year) > len(known) > 0, "what was not measured of the year is empty, not zero"
    reader.stop()
