"""How the charts of a place are looked at: the address says it, links keep it, and what is drawn is what it says."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from radar import entities, people
from radar.pages import _view
from radar.signals import GROUPS, SLOTS
from radar.store import blocks, documents
from radar.times import parse
from tests.samples import NOW, sample_documents
from tests.web.conftest import Site


def links(text: str, label: str) -> dict[str, str]:
    """The choices of one strip: words and address."""
    strip = re.search(rf'<nav class="choices" aria-label="{label}">(.*?)</nav>', text)
    assert strip is not None, label
    return {words: unescape(href) for href, words in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', strip[1])}


def chosen(text: str) -> list[str]:
    """What is chosen in the three strips."""
    return re.findall(r'aria-current="true">([^<]+)</a>', text.partition('id="main"')[2])


def drawn(site: Site, text: str) -> list[dict[str, str]]:
    """The rows of the CSV that the first chart links to."""
    href = re.search(r'href="(/api/v1/signals\?[^"]+)">CSV of this chart', text)
    assert href is not None
    return list(csv.DictReader(io.StringIO(site.get(unescape(href[1])).text, newline="")))


def test_each_choice_keeps_the_others(site: Site) -> None:
    text = site.page("/country/IQ?range=24h&baseline=week&scale=normalised")
    assert chosen(text) == ["24 hours", "Week before", "% of normal"]
    assert links(text, "Range of all charts")["28 days"] == "/country/IQ?range=28d&baseline=week&scale=normalised"
    assert links(text, "What all charts are held against")["Forecast"] == "/country/IQ?range=24h&scale=normalised"
    assert links(text, "Unit of all charts")["As measured"] == "/country/IQ?range=24h&baseline=week"


def test_the_csv_and_the_page_of_a_chart_are_of_the_same_view(site: Site) -> None:
    text = site.page("/country/IQ?range=24h&scale=normalised")
    rows = drawn(site, text)
    assert {row["unit"] for row in rows} == {"% of normal"}
    assert {row["baseline"] for row in rows} <= {"100.0", ""}
    assert re.search(r"[67](\.\d)? % of normal at", text), "93 % below normal is said as what is left"
    share = re.search(r'data-href="(/chart\?[^"]+)"', text)
    assert share is not None
    assert parse_qs(urlsplit(unescape(share[1])).query)["scale"] == ["normalised"]
    assert "% of normal" in site.page(unescape(share[1]))


def test_the_state_of_now_does_not_depend_on_how_one_looks(site: Site) -> None:
    def planes(query: str) -> list[str]:
        part = site.page(f"/country/IQ?{query}").partition('id="planes"')[2].partition("</section>")[0]
        return re.findall(r'class="said">([^<]+)<', part)

    usual = planes("range=7d")
    assert "most of it is missing" in usual
    lately(site, back=2)  # a window of two hours is still mostly of the outage
    usual = planes("range=24h")
    assert "within its usual range" in usual
    for query in ("range=28d", "baseline=week", "baseline=median&scale=normalised", "range=1y",
                  "from=2026-02-28T00:00:00Z&until=2026-03-01T00:00:00Z"):  # fmt: skip
        assert planes(query) == usual, query


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("range=junk", "range is 'junk'; expected one of 24h, 7d, 28d, 12w, 1y."),
        ("baseline=junk", "baseline is 'junk'; expected one of forecast, week, median."),
        ("scale=%3Cb%3E", "scale is '<b>'; expected one of raw, normalised."),
    ],
)
def test_what_is_no_choice_is_named(site: Site, query: str, said: str) -> None:
    assert said in unescape(site.page(f"/country/IQ?{query}"))


def test_a_date_alone_is_its_midnight(site: Site) -> None:
    rows = drawn(site, site.page("/country/IQ?from=2026-02-28&until=2026-03-01"))
    assert (rows[0]["time"], rows[-1]["time"][:10]) == ("2026-02-28T00:00:00Z", "2026-02-28")


def lately(site: Site, *, back: int) -> None:
    """The newest bins of Iraq's requests are as the detector expects, and judged to be."""
    group = GROUPS["edge"]
    start = NOW - timedelta(seconds=back * group.grain_s)
    for aspect, value in (("value", 9000.0), ("baseline", 9000.0), ("spread", 0.06), ("score", 0.0)):
        block = np.full((1, back, group.width), np.nan, np.float32)
        block[:, :, 0] = value
        blocks.write_bins(site.store, group, aspect, ["country/IQ"], start, block)


def test_a_day_that_is_not_over_is_no_fall(site: Site) -> None:
    rows = drawn(site, site.page("/country/IQ?range=28d"))
    assert rows[-1]["value"], "windows of hours are drawn as far as they have come"
    days = csv.DictReader(io.StringIO(site.get(
        "/api/v1/signals?entity=country/IQ&signal=edge.requests@edge_logs&range=28d&interval=1d&format=csv").text,
        newline=""))  # fmt: skip
    values = {row["time"]: row["value"] for row in days}
    assert values["2026-03-01T00:00:00Z"]
    assert values["2026-03-02T00:00:00Z"] == "", "at noon the mean of a day is that of its morning"


def test_what_our_own_fault_kept_from_being_judged_is_marked_on_the_chart(site: Site) -> None:
    group = GROUPS["edge"]
    start = NOW - timedelta(hours=10)
    block = np.full((1, 6, group.width), np.nan, np.float32)
    blocks.write_bins(site.store, group, "score", ["country/IQ"], start, block)
    text = site.page("/country/IQ?range=24h")
    chart = text.partition('id="edge-requests-edge-logs"')[2].partition("</figure>")[0]
    assert 's-insufficient"><title>not judged' in chart


def test_a_chart_says_as_the_list_beside_it_that_its_newest_bin_cannot_be_judged(site: Site) -> None:
    group = GROUPS["edge"]
    block = np.full((1, 12, group.width), np.nan, np.float32)
    blocks.write_bins(site.store, group, "score", ["country/IQ"], NOW - timedelta(hours=1), block)
    for query in ("range=24h", "range=7d"):
        text = site.page(f"/country/IQ?{query}")
        assert "cannot be judged just now" in text.partition('id="planes"')[2].partition("</section>")[0]
        chart = text.partition('id="edge-requests-edge-logs"')[2].partition("</figure>")[0]
        assert "It cannot be judged just now." in chart.partition('class="sentence">')[2].partition("</p>")[0]
    assert text.count("It cannot be judged just now.</p>") == 1, "other series can be"


@pytest.mark.parametrize(("silent", "more"), [(0, ""), (24, ", and no data since 09:40 UTC")])
def test_what_came_too_thinly_to_draw_is_not_silent(site: Site, silent: int, more: str) -> None:
    group = GROUPS["edge"]
    bins = 12 * 12
    start = NOW - timedelta(seconds=bins * group.grain_s)
    block = np.full((1, bins, group.width), np.nan, np.float32)
    block[:, 3 : bins - silent : 8, 0] = 40.0
    for aspect in ("value", "n"):
        blocks.write_bins(site.store, group, aspect, ["country/IQ"], start, block)
    chart = site.page("/country/IQ?range=7d").partition('id="edge-requests-edge-logs"')[2].partition("</figure>")[0]
    sentence = chart.partition('class="sentence">')[2].partition("</p>")[0]
    assert sentence.endswith(f"Too little came since 00:00 UTC to draw it{more}.")


def test_a_stretch_of_its_own_is_drawn_and_no_range_is_chosen(site: Site) -> None:
    text = site.page("/country/IQ?from=2026-03-01T00:00:00Z&until=2026-03-01T12:00:00Z")
    assert "24 hours" not in chosen(text)
    rows = drawn(site, text)
    assert (rows[0]["time"], rows[-1]["time"]) == ("2026-03-01T00:00:00Z", "2026-03-01T11:55:00Z")
    assert "from=2026-03-01T00:00:00Z" in links(text, "Unit of all charts")["% of normal"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "The times of this address cannot be read"),
        ("from=2026-03-02T11:00:00Z&until=2026-03-02T10:00:00Z", "less than ten minutes"),
        ("from=2027-01-01T00:00:00Z&until=2027-02-01T00:00:00Z", "a time that has not come"),
        ("from=2020-01-01T00:00:00Z&until=2026-03-01T00:00:00Z", "more than a year"),
    ],
)
def test_times_that_cannot_be_are_said(site: Site, query: str, words: str) -> None:
    assert words in site.page(f"/country/IQ?{query}")


def test_a_year_shows_hours_in_place_of_what_is_not_kept_so_long_and_what_has_no_hours_as_far_as_it_is_kept(
    site: Site,
) -> None:
    series = "edge.requests_hour@edge_logs"
    group, slot = SLOTS[series]
    rows = np.full((1, 300 * 24, group.width), np.nan, dtype=np.float32)
    rows[:, :, slot] = 1000.0
    start = NOW.replace(hour=0) - timedelta(days=300)
    blocks.write_bins(site.store, group, "value", ["country/IQ"], start, rows)
    text = site.page("/country/IQ?range=1y")
    assert 'id="edge-requests-hour-edge-logs"' in text
    assert 'id="edge-requests-edge-logs"' not in text
    assert 'id="ping-up-24s-ioda-signals"' in text
    assert "is kept for about twelve weeks" in text
    assert "is held against the middle of the four weeks before" in text
    points = [row for row in year(site, text) if row["signal"] == "edge.requests_hour"]
    assert any(row["baseline"] for row in points), "held against its own past"
    assert {row["interval"] for row in points} == {"1d"}
    assert 360 <= len(points) <= 367
    assert points[0]["value"] == "", "what was not measured is no data"


def test_twelve_weeks_are_of_what_is_judged(site: Site) -> None:
    text = site.page("/country/IQ?range=12w")
    assert 'id="edge-requests-edge-logs"' in text
    assert 'class="band"' in text
    assert "edge-requests-hour" not in text


def year(site: Site, text: str) -> list[dict[str, str]]:
    """The rows of all charts of a page."""
    links = [unescape(href) for href in re.findall(r'href="(/api/v1/signals\?[^"]+format=csv)"', text)]
    return [row for href in links for row in csv.DictReader(io.StringIO(site.get(href).text, newline=""))]


def test_a_view_of_more_than_four_weeks_reads_no_short_bins() -> None:
    now = parse("2026-03-02T00:00:00Z")
    assert not _view.View("28d").coarse(now)
    assert _view.View("12w").coarse(now)


def test_what_a_chart_says_of_a_point_is_there_for_the_keyboard(site: Site) -> None:
    text = site.page("/country/IQ")
    box = re.search(r'<div[^>]*class="drawing ts-box"[^>]*>', text)
    assert box is not None
    assert "tabindex" not in box[0], "without scripts no key does anything"
    said = re.search(r'data-say="([^"]+)"', box[0])
    assert said is not None
    told = json.loads(unescape(said[1]))
    assert told["unit"] == "requests per 5 min"
    assert told["spans"][0][1] is None, "the outage lasts"


def test_networks_are_ranked_by_users_and_unmeasured_ones_are_not_called_normal(site: Site) -> None:
    part = site.page("/country/GB").partition('id="networks"')[2].partition("</section>")[0]
    keys = re.findall(r'href="/(asn/\d+)"', part)
    assert keys[0] == f"asn/{people.largest('GB')[0]}"
    assert "asn/5089" in keys[:11], "a network that is hit is not folded away"
    first = part.partition("</tr>")[2].partition("</tr>")[0]
    assert "Not measured" in first
    assert "Normal" not in first


def test_links_to_the_parts_of_a_page_lead_to_parts_that_are_there(site: Site) -> None:
    text = site.page("/country/IQ")
    ways = re.search(r'<nav class="jump".*?</nav>', text)
    assert ways is not None
    targets = re.findall(r'href="#([\w-]+)"', ways[0])
    assert {"charts", "planes", "networks", "history"} <= set(targets)
    assert all(text.count(f' id="{id}"') == 1 for id in targets)
    assert '<nav class="jump"' not in site.page("/region/US-CA"), "a short page needs none"


@pytest.mark.parametrize(("path", "status"), [("/region/US-CA", 200), ("/region/XX-CA", 404), ("/region/US", 404)])
def test_a_region_has_a_page(site: Site, path: str, status: int) -> None:
    answer = site.get(path)
    assert answer.status_code == status
    if status == 200:
        assert f"We have too little data on {entities.name('region/US-CA')} to say." in answer.text


def test_what_only_providers_are_judged_by_is_shown_of_a_country_without_a_threshold(site: Site) -> None:
    docs, states = sample_documents()
    name, group = "dns.servfail_share@dns_logs", GROUPS["dns"]
    both = ["country/PT", "provider/our-resolver"]
    for aspect, number in (("value", 0.6), ("baseline", 0.01), ("spread", 0.002), ("score", -90.0)):
        rows = np.full((2, 24, group.width), np.nan, dtype=np.float32)
        rows[:, :, 1] = number
        blocks.write_bins(site.store, group, aspect, both, NOW - timedelta(hours=2), rows)
    states |= {key: states["country/PT"] | {"series": [name]} for key in both}
    documents.publish(site.store, docs, states)
    title = "Share of queries with a server failure"
    parts = [site.page(f"/{key}?range=24h").partition('id="planes"')[2].partition("</section>")[0] for key in both]
    assert [title in part for part in parts] == [False, True], "what is only shown is not among what can be judged"
    assert "beyond the threshold" in parts[1]
    for key, fires in zip(both, (False, True), strict=True):
        item = site.get(f"/api/v1/signals?entity={key}&signal={name}&range=24h&baseline=1").json["data"][0]
        assert any(value is not None for value in item["threshold"]) == fires
        assert any(value is not None for value in item["baseline"])
