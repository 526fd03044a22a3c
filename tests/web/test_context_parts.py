"""What else is known: on the pages of places and of outages; honest where nothing is known or nothing was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from radar.components import freshness
from radar.shapes.context import document
from radar.store import documents
from tests import samples
from tests.sample_context import sample_context, sample_happening, sample_told
from tests.web.conftest import Site
from tests.web.test_attacks_page import words_of
from tests.web.test_pages import Reader

HERE = "What else is known here"
SAME = "At the same time"
OUTAGE = "/outage/IQ-20260302T0500Z"
#: Words that would make a cause of what only happened then.
CLAIMS = ("because", "caused by", "due to", "explains", "led to")


@pytest.fixture
def publish(site: Site) -> Callable[..., None]:
    """Publish the samples with these documents."""

    def put(docs: dict[str, Any], **sources: str) -> None:
        usual, states = samples.sample_documents()
        rows = [{**usual["sources"][0], "name": name, "title": name.title(), "state": state, "simulated": True}
                for name, state in sources.items()]  # fmt: skip
        documents.publish(site.store, {**usual, "sources": [*usual["sources"], *rows], **docs}, states, {})

    return put


def part(site: Site, path: str) -> str:
    """The section's HTML."""
    page = site.page(path)
    assert Reader(page).open == []
    return page.partition('id="context"')[2].partition("</section>")[0]


def said(site: Site, path: str) -> str:
    return re.sub(r" ([,.:])", r"\1", words_of(f'<main id="main"><p {part(site, path)}</main>'))


@pytest.mark.parametrize("path", ["/country/IQ", "/geoasn/IQ-51684", "/asn/21277"])
def test_a_place_shows_what_others_tell_of_it_with_source_and_date(
    site: Site, publish: Callable[..., None], path: str
) -> None:
    publish(sample_context(), planned_maintenance="ok")
    words = said(site, path)
    assert HERE in words
    assert "Planned maintenance 11:00 UTC – 13:00 UTC (2 h) simulated" in words
    assert "Public holiday 2 March 2026, in its own time" in words
    assert "Earthquake 05:30 UTC (6 h 30 min ago)" in words
    assert "corrected 06:00 UTC" in words
    assert "Storm" not in words
    assert "Planned_Maintenance" in words


def test_words_of_others_stay_text(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_context())
    assert "Exchange of &lt;b&gt;routers&lt;/b&gt;" in part(site, "/country/IQ")


def test_what_was_taken_back_says_so(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_context())
    assert "taken back 11:30 UTC" in said(site, "/country/GB")
    assert "end not said" in said(site, "/country/GB")


def test_nothing_known_names_who_was_asked_and_who_was_not(site: Site, publish: Callable[..., None]) -> None:
    publish({document("holidays"): sample_told("holidays")}, holidays="ok")
    words = said(site, "/country/IQ")
    assert "None known from 23 February, 12:00 UTC to 9 March, 12:00 UTC." in words
    assert "Asked were: Holidays" in words
    assert "Not asked here: earthquakes, planned_maintenance, weather_alerts." in words


def test_where_no_source_is_read_it_is_not_called_calm(site: Site) -> None:
    words = said(site, "/country/IQ")
    assert "Nothing is known: no source of holidays" in words
    assert "None known" not in words


@pytest.mark.parametrize(
    ("told", "state"),
    [({"error": "answered 503", "read_at": "2026-03-02T09:00:00Z"}, "ok"), ({}, "late"), ({}, "failing")],
)
def test_what_is_stale_says_that_something_may_be_missing(
    site: Site, publish: Callable[..., None], told: dict[str, Any], state: str
) -> None:
    publish({document("earthquakes"): sample_told("earthquakes", **told)}, earthquakes=state)
    assert "is missing here" in said(site, "/country/IQ")


def test_an_outage_shows_what_fell_together_and_claims_no_cause(site: Site, publish: Callable[..., None]) -> None:
    before = sample_happening(id="x", title="Too early", start="2026-03-01T20:00:00Z", end="2026-03-01T22:00:00Z")
    publish({**sample_context(), document("weather_alerts"): sample_told("weather_alerts", before)})
    words = said(site, OUTAGE)
    assert SAME in words
    assert "Magnitude 6.1" in words
    assert "A public holiday" in words
    assert "Too early" not in words
    assert not [claim for claim in CLAIMS if claim in words.lower()]


def test_an_outage_that_is_over_shows_nothing_that_began_later(site: Site, publish: Callable[..., None]) -> None:
    later = sample_happening(places=["country/FJ"])
    during = sample_happening(id="y", title="Then", places=["country/FJ"], start="2026-03-01T20:00:00Z",
                              end="2026-03-02T01:30:00Z")  # fmt: skip
    publish({document("planned_maintenance"): sample_told("planned_maintenance", later, during)})
    words = said(site, "/outage/FJ-20260302T0100Z")
    assert "Then" in words
    assert "routers" not in words


def test_recorded_history_has_no_such_part(site: Site, publish: Callable[..., None]) -> None:
    publish(sample_context())
    assert SAME not in site.page("/outage/RU-20240801T0000Z")


def test_many_are_counted_after_the_newest(site: Site, publish: Callable[..., None]) -> None:
    rows = [sample_happening(id=str(n), title=f"Work {n}.", start=f"2026-03-02T00:{n:02}:00Z") for n in range(15)]
    publish({document("planned_maintenance"): sample_told("planned_maintenance", *rows)})
    words = said(site, "/country/IQ")
    assert "Work 14." in words
    assert "Work 2." not in words
    assert "3 earlier ones are not shown." in words


def test_what_comes_every_night_is_shown_once_with_the_time_nearest_to_now(
    site: Site, publish: Callable[..., None]
) -> None:
    rows = [
        sample_happening(id=day, title="Nightly", start=f"{day}T02:00:00Z", end=f"{day}T03:00:00Z")
        for day in (f"2026-03-0{number}" for number in range(1, 6))
    ]
    publish({document("planned_maintenance"): sample_told("planned_maintenance", *rows)})
    words = said(site, "/country/IQ")
    assert words.count("Nightly") == 1
    assert "Planned maintenance 02:00 UTC – 03:00 UTC (1 h)" in words
    assert "4 more times in this range" in words


def test_a_source_without_bins_is_as_fresh_as_its_last_answer(site: Site) -> None:
    row: Any = {"newest_bin": None, "state": "ok", "last_success": "2026-03-02T05:10:00Z", "lag_s": 0.0}
    assert "last answer" in str(freshness.newest(row, "2026-03-02T05:15:00Z"))
    assert freshness.newest({**row, "state": "waiting"}, "2026-03-02T05:15:00Z") == ["nothing yet"]


def test_every_page_says_the_same_of_how_fresh_a_source_is(site: Site, publish: Callable[..., None]) -> None:
    rows = samples.sample_documents()[0]["sources"]
    live = next(row for row in rows if row["state"] == "ok" and row["newest_bin"])
    asked = live | {
        "name": "earthquakes",
        "title": "Quakes",
        "newest_bin": None,
        "last_success": "2026-03-02T11:50:00Z",
    }
    event = live | {"name": "origin_hijacks", "title": "Hijacks", "last_success": None, "lag_s": 45_900.0}
    publish({"sources": [asked, event]})
    for path in ("/", "/sources", "/status"):
        first, second = (words_of(site.page(path)).partition(name)[2][:60] for name in ("Quakes", "Hijacks"))
        assert "11:50 UTC last answer" in first, path
        assert "last event" in second, path
        assert "12 h 45 min" not in second, path
