"""An outage of a region: marked within its country, which keeps its own state; one thing with its line in the list."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from radar.figures.world import point_of
from radar.pages import _cards
from radar.store import Store, documents, travel
from tests.samples import NOW, sample_documents, text
from tests.web.conftest import Site
from tests.web.test_film import film
from tests.web.test_home import picked, plain, rows

CAROLINA = "US-SC-20260302T1100Z"
START = NOW - timedelta(hours=1)
MARK = re.compile(r'<a href="/region/([\w-]+)[^"]*" class="(r [^"]*)" tabindex="-1"><title>([^<]*)</title>')


def publish(store: Store, at: datetime, *, level: str | None = "outage", parent: str | None = None) -> None:
    """The samples as of a moment with an outage of South Carolina beside them; ``level``: None where it has ended."""
    docs, states = sample_documents()
    docs["clock"] = docs["clock"] | {"now": text(at)}
    whole = docs["outages"][0]
    row: dict[str, Any] = whole | {
        "id": CAROLINA, "entity": "region/US-SC", "level": level or "outage", "start": text(START), "parent": parent,
        "headline": "South Carolina has been mostly offline since 11:00 UTC.",
        **({} if level else {"status": "closed", "end": text(at)}),
    }  # fmt: skip
    docs["outages"] = [*docs["outages"], row]
    states["country/US"] = states["country/PT"]
    with travel.Recorder(store).recording(at, docs, states) as record:
        documents.publish(store, docs | {f"outage:{row['id']}": row for row in docs["outages"]}, states,
                          within=record.write)  # fmt: skip


@pytest.fixture
def struck(site: Site) -> Site:
    """In outage five minutes after the samples, degraded at ten past, over at twenty past."""
    publish(site.store, NOW + timedelta(minutes=5))
    publish(site.store, NOW + timedelta(minutes=10), level="degraded")
    publish(site.store, NOW + timedelta(minutes=20), level=None)
    site.at(lambda: NOW + timedelta(minutes=20))
    return site


def marks(page: str) -> list[tuple[str, ...]]:
    return MARK.findall(page)


def legend(page: str) -> str:
    return plain(page.partition('class="legend"')[2].partition("</ul>")[0])


def test_the_region_is_marked_and_its_country_keeps_its_own_state(site: Site) -> None:
    publish(site.store, NOW + timedelta(minutes=5))
    page = site.page("/")
    words = "South Carolina, US: Outage in this region since 2 March 2026, 11:00 UTC (simulated)"
    assert marks(page) == [("US-SC", "r s-outage", words)]
    assert '<a href="/country/US" class="c s-ok"' in page
    assert "Outage: Iraq. Outage in a region: South Carolina, US." in page.partition('id="map-desc">')[2]
    assert "Region in outage 1" in legend(page)
    assert "Region degraded 0" in legend(page)
    assert rows(page)["US US-SC"] == ""
    assert f'<a href="/region/US-SC">{words}</a>' in site.page("/country/US"), "the whole is normal, a part is not"


@pytest.mark.parametrize(
    ("query", "shown", "classes"),
    [
        ("?place=US-SC", [False, True, False], "r s-outage picked"),
        ("?place=US", [False, True, False], "r s-outage picked"),
        ("?place=IQ", [True, False, False], "r s-outage"),
        ("?level=outage", [True, True, False], "r s-outage"),
        ("?level=degraded", [False, False, True], "r s-outage off"),
    ],
)
def test_what_is_picked_is_picked_on_map_and_list_alike(
    site: Site, query: str, shown: list[bool], classes: str
) -> None:
    publish(site.store, NOW + timedelta(minutes=5))
    page = site.page(f"/{query}")
    assert ["off" not in row for row in rows(page).values()] == shown
    assert [mark[1] for mark in marks(page)] == [classes]
    assert ('class="c s-ok picked"' in page) == ("US" in query)


def test_a_picked_region_is_named_and_leads_to_its_page_and_says_when_nothing_is_open(struck: Site) -> None:
    then = picked(struck.page(f"/?place=US-SC&at={text(NOW + timedelta(minutes=5))}"))
    assert "South Carolina, US: Outage in this region since" in then
    assert "The page of South Carolina, US" in then
    now = struck.page("/?place=US-SC")
    assert picked(now).count("South Carolina, US: Nothing open here.") == 1
    assert picked(now).count("Nothing open here.") == 1
    assert [mark[1] for mark in marks(now)] == ["r s-none picked off"]
    assert "There is no country with the code" in picked(struck.page("/?place=US-TOOLONG"))


def test_links_of_a_page_of_the_past_stay_in_it(struck: Site) -> None:
    at = text(NOW + timedelta(minutes=5))
    page = struck.page(f"/?at={at}")
    assert f'<a href="/region/US-SC?at={at}" class="r s-outage"' in page
    listed = page.partition('id="open"')[2].partition("</section>")[0]
    assert re.search(rf'<a [^>]*href="/region/US-SC\?at={at}"', listed)


def test_a_part_of_an_outage_is_not_marked_for_its_whole_tells_of_it(site: Site) -> None:
    publish(site.store, NOW + timedelta(minutes=5), parent="IQ-20260302T0500Z")
    page = site.page("/")
    assert marks(page) == []
    assert "IQ US US-SC" in rows(page)
    assert [mark[1] for mark in marks(site.page("/?place=US-SC"))] == ["r s-outage picked"]


def test_a_frame_of_the_film_tells_the_regions_that_the_page_of_that_moment_marks(struck: Site) -> None:
    told = film(struck)
    assert told.body["regions"] == {"US-SC": list(point_of("US-SC"))}
    for minutes, level in ((0, None), (5, "outage"), (10, "degraded"), (15, "degraded"), (20, None)):
        at = NOW + timedelta(minutes=minutes)
        found = {row["page"]: row["level"] for row in told.listed(at) if row["page"].startswith("/region/")}
        assert found == ({"/region/US-SC": level} if level else {})
        shown = {f"/region/{code}": kind.split("s-")[1] for code, kind, _ in marks(struck.page(f"/?at={text(at)}"))}
        assert shown == found
    (row,) = {
        row["name"]: row for row in told.body["outages"] if row["level"] == "outage" and "US" in row["places"]
    }.values()
    assert row["places"] == ["US", "US-SC"]


def test_the_map_as_a_figure_marks_it_and_its_table_says_it_after_the_countries(struck: Site) -> None:
    at = text(NOW + timedelta(minutes=5))
    page = struck.page(f"/map?at={at}")
    assert [mark[:2] for mark in marks(page)] == [("US-SC", "r s-outage")]
    assert "Outage in a region: South Carolina, US." in page
    assert re.search(r"Region in outage</span> <b>1</b>", page)
    lines = list(csv.DictReader(io.StringIO(struck.get(f"/map.csv?at={at}").text)))
    assert lines[-1] == {"country": "US-SC", "name": "South Carolina, US", "state": "outage", "simulated": "true",
                         "published": at}  # fmt: skip
    assert all(len(line["country"]) == 2 for line in lines[:-1])
    drawn = struck.get(f"/map.svg?at={at}").text
    assert 'href="http://localhost/region/US-SC"' in drawn
    assert "Region in outage 1" in drawn
    assert re.search(r"\.map a\.r > \.h[^{]*\{[^}]*stroke:#1a1c20", drawn)
    calm = struck.get(f"/map.csv?at={text(NOW)}").text
    assert "US-" not in calm, "the table of a moment without such an outage is what it was"


def test_the_card_marks_it(struck: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(_cards.cards, "png", lambda card, fonts: drawn.append(card) or b"png")
    struck.get(f"/card/home.png?at={text(NOW + timedelta(minutes=5))}")
    assert [(region.code, region.kind) for region in drawn[0].regions] == [("US-SC", "outage")]
