"""``/outages`` in a browser: narrowed in place, by keyboard, without scripts, and on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

View = Callable[..., Page]


def taken(page: Page) -> None:
    """Wait until Dash has taken the page over."""
    expect(page.locator("html")).to_have_class("js taken")


def ids(page: Page) -> list[str]:
    links = page.locator(".outages tbody .sentence > a")
    return [str(link.get_attribute("href")).rpartition("/")[2].partition("?")[0] for link in links.all()]


def test_the_form_narrows_in_place_and_the_address_restores_the_view(view: View) -> None:
    page = view("/outages")
    taken(page)
    page.evaluate("window.same = true")
    page.get_by_label("Place").select_option("IQ")
    expect(page.locator(".count-line")).to_contain_text("3 of 7")
    page.get_by_label("Level").focus()
    page.get_by_label("Level").select_option("outage")
    expect(page.locator(".count-line")).to_contain_text("2 of 7")
    assert page.evaluate("window.same"), "the page was not loaded again"
    assert page.url.endswith("/outages?place=IQ&level=outage")
    assert page.evaluate("document.activeElement.name") == "level", "the focus stays in the form"
    other = view(page.url.removeprefix(page.url.partition("/outages")[0]))
    taken(other)
    assert ids(other) == ids(page) == ["IQ-20260302T0500Z"]
    expect(other.get_by_label("Place")).to_have_value("IQ")
    page.go_back()
    expect(page.locator(".count-line")).to_contain_text("3 of 7")
    expect(page.get_by_label("Level")).to_have_value("")


def test_typing_a_network_narrows_while_one_types(view: View) -> None:
    page = view("/outages")
    taken(page)
    page.get_by_label("Network or provider").press_sequentially("virgin")
    expect(page.locator(".count-line")).to_contain_text("1 of 7")
    assert page.evaluate("document.activeElement.value") == "virgin"
    page.get_by_label("Network or provider").fill("nobody at all")
    expect(page.locator(".empty")).to_contain_text("No outage fits.")
    page.get_by_role("link", name="without “of “nobody at all””").click()
    expect(page.locator(".count-line")).to_contain_text("7 of 7")
    expect(page.get_by_label("Network or provider")).to_have_value("")


def test_columns_put_in_order_by_keyboard_and_keep_the_focus(view: View) -> None:
    page = view("/outages?status=open")
    taken(page)
    page.evaluate("window.same = true")
    heading = page.locator('.outages [data-sort="minutes"]').first
    heading.focus()
    page.keyboard.press("Enter")
    expect(page.locator('.outages th[aria-sort="descending"]').first).to_contain_text("Lasted")
    longest = ids(page)
    assert page.evaluate("document.activeElement.dataset.sort") == "minutes"
    page.keyboard.press("Enter")
    expect(page.locator('.outages th[aria-sort="ascending"]').first).to_contain_text("Lasted")
    assert ids(page)[:2] == longest[:2][::-1]
    assert page.evaluate("window.same")
    expect(page.locator("select[name='sort']")).to_have_value("minutes")


def test_without_scripts_the_form_and_the_columns_load_the_page(view: View) -> None:
    page = view("/outages", scripts=False)
    page.get_by_label("Place").select_option("IQ")
    page.get_by_role("button", name="Show").first.click()
    expect(page.locator(".count-line")).to_contain_text("3 of 7")
    page.locator('.outages [data-sort="start"]').first.click()
    assert "place=IQ" in page.url
    assert "sort=-start" in page.url


def test_times_in_the_readers_zone_stay_so_when_the_list_is_narrowed(view: View) -> None:
    page = view("/outages")
    taken(page)
    page.locator("#zone").click()
    page.get_by_label("Place").select_option("FJ")
    expect(page.locator(".count-line")).to_contain_text("1 of 7")
    expect(page.locator(".outages td time").first).to_contain_text("GMT+9")


@pytest.mark.parametrize("dark", [False, True])
def test_on_a_phone_nothing_is_cut_off(view: View, dark: bool) -> None:
    page = view("/outages?place=IQ", width=390, dark=dark)
    taken(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator(".outages div.narrow-only").first).to_be_visible()
    expect(page.locator(".outages td").first).to_be_hidden()


def test_on_a_phone_the_list_comes_first_and_the_form_unfolds(view: View) -> None:
    page = view("/outages", width=390)
    taken(page)
    expect(page.get_by_label("Place")).to_be_hidden()
    page.get_by_text("Narrow and order the list").click()
    page.get_by_label("Place").select_option("IQ")
    expect(page.locator(".count-line")).to_contain_text("3 of 7")
    expect(page.get_by_label("Place")).to_be_visible()
