"""What people said, on the pages, in the API and in the feeds: shown as it was typed, and hiding nothing for good."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from radar import reviews
from radar.shapes import Outage
from radar.store import documents
from radar.times import parse
from tests import samples
from tests.web.conftest import Site

IRAQ, FIJI, CHILD = "IQ-20260302T0500Z", "FJ-20260302T0100Z", "AS21277-20260302T0500Z"
ATOM = {"a": "http://www.w3.org/2005/Atom"}

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</p></article><h1>Owned</h1>",
    "]]>&lt;!--",
    "=HYPERLINK(1)",
    "{{7*7}} %s {0} {reason}",
    "bell \x07, escape \x1b[2J, zero \x00",
    "turned \u202eright to left",
    "half \ud800 a pair",
    "word " * 800,
    "w" * 4000,
]


def said(kind: str, outage: str = IRAQ, number: int = 1, **more: Any) -> dict[str, Any]:
    at = f"2026-03-02T11:{number:02}:00Z"
    return {"id": f"r{number}", "at": at, "wall": at, "by": "Desk", "kind": kind, "outage": outage,
            "reason": "The operator says so.", **more}  # fmt: skip


def publish(site: Site, *entries: dict[str, Any]) -> None:
    """Publish the samples with what people said, as a worker does."""
    found, wrong = reviews.readable(entries)
    assert wrong == []
    listed: list[Outage] = samples.sample_outages()  # type: ignore[assignment]  # the samples have the whole shape
    outages = reviews.apply(listed, found, parse(samples.text(samples.NOW)))
    documents.publish(site.store, {"outages": outages, **{f"outage:{row['id']}": row for row in outages}})


def section(page: str, id: str) -> str:
    start = page.index(f'id="{id}"')
    return page[start : page.index("</section>", start)]


def test_an_outage_of_which_nobody_spoke_says_so(site: Site) -> None:
    assert "Nobody has said anything about it yet." in section(site.page(f"/outage/{IRAQ}"), "people")


def test_a_confirmation_is_on_the_page_and_in_the_lists(site: Site) -> None:
    publish(site, said("confirm"))
    page = site.page(f"/outage/{IRAQ}")
    assert "<strong>Confirmed by Desk:</strong> The operator says so. (" in page
    assert "<b>Desk</b>: The operator says so." in section(page, "people")
    assert "Confirmed by Desk: The operator says so." in section(page, "updates")
    for path in ("/", "/outages"):
        assert "confirmed by Desk" in site.page(path)


def test_a_false_alarm_keeps_its_page_and_its_line(site: Site) -> None:
    publish(site, said("false_alarm"))
    page = site.page(f"/outage/{IRAQ}")
    assert "We took this back." in page
    told = re.search(r'class="retraction"><p>(.*?)</div>', page)
    assert told is not None
    assert "Desk: The operator says so." in told[1]
    assert 'datetime="2026-03-02T11:01:00Z"' in told[1], "when"
    assert "What follows is what we had said. " in page
    assert "Taken back: Iraq has been mostly offline" in site.page("/outages?status=retracted")
    assert IRAQ not in section(site.page("/"), "open")


def test_what_goes_on_of_an_outage_that_was_taken_back_stands_by_itself(site: Site) -> None:
    publish(site, said("false_alarm"))
    home, listed = site.page("/"), site.page("/outages")
    assert f'href="/outage/{CHILD}"' in section(home, "open")
    assert f'href="/outage/{CHILD}"' not in section(home, "ended")
    assert "AS21277" in re.search(r"<h1[^>]*>(.*?)</h1>", home)[1]  # type: ignore[index]  # there is a heading
    assert "3 outages are open now" in listed
    assert "part of it" not in listed.partition("From recorded history")[0]
    assert "parts of it" not in listed


def test_a_correction_shows_both_times(site: Site) -> None:
    publish(site, said("correct", start="2026-03-02T04:40:00Z", before={"start": "2026-03-02T05:00:00Z"}))
    page = site.page(f"/outage/{IRAQ}")
    assert "start: 04:40 UTC on 2 March 2026 instead of 05:00 UTC on 2 March 2026" in page
    assert "What the radar itself says: start: 05:00 UTC on 2 March 2026." in page
    assert 'datetime="2026-03-02T04:40:00Z"' in section(page, "figures")
    spanish = site.page(f"/outage/{IRAQ}?lang=es")
    assert "04:40 UTC del 2 de marzo de 2026" in spanish
    assert "March" not in section(spanish, "people")
    assert "corrected by Desk" in site.page("/outages")


def test_an_end_that_a_person_gave_is_the_end(site: Site) -> None:
    publish(site, said("correct", end="2026-03-02T10:00:00Z"))
    figures = section(site.page(f"/outage/{IRAQ}"), "figures")
    assert "Ended" in figures
    assert "5 h" in figures
    assert "Severity" not in figures, "our words tell of another time"


def test_a_cause_that_a_person_gave_is_told_as_theirs(site: Site) -> None:
    publish(site, said("correct", cause="power"))
    causes = section(site.page(f"/outage/{IRAQ}"), "causes")
    assert "<b>A power failure</b> <span>says Desk</span>" in causes
    assert "100" not in causes
    assert "A power failure, says Desk" in site.page("/outages")
    assert "cause: a pattern consistent with a directed shutdown" in site.page(f"/outage/{IRAQ}")


def test_a_muted_outage_is_off_the_front_page_and_says_so_everywhere_else(site: Site) -> None:
    publish(site, said("mute", until="2026-03-09T00:00:00Z"))
    home = site.page("/")
    assert IRAQ not in section(home, "open")
    assert "AS21277-20260302T0500Z" not in section(home, "open"), "its parts go with it"
    assert "AS5089-20260302T1100Z" in section(home, "open")
    assert "1 open outage is muted and not listed here." in home
    assert "Iraq" not in home[home.index("<h1") : home.index("</h1>")]
    page = site.page(f"/outage/{IRAQ}")
    assert "It is not on the front page and nobody is notified" in page
    assert IRAQ in site.page("/outages")
    assert "muted until" in site.page("/outages")
    part = site.page("/outage/AS21277-20260302T0500Z")
    assert f'href="/outage/{IRAQ}">The outage that was muted</a>' in part


def test_a_front_page_without_what_is_muted_claims_no_calm(site: Site) -> None:
    publish(site, said("mute", until="2026-03-09T00:00:00Z"),
            said("mute", "AS5089-20260302T1100Z", 2, until="2026-03-09T00:00:00Z"))  # fmt: skip
    home = site.page("/")
    assert "We see no large outage just now but what is muted." in home
    assert "No outage is open." not in home
    assert "2 open outages are muted" in home


def test_what_was_taken_back_is_struck_and_stays(site: Site) -> None:
    publish(site, said("false_alarm"), said("withdraw", number=2, entry="r1", reason="Wrong id."))
    page = section(site.page(f"/outage/{IRAQ}"), "people")
    assert "<s>False alarm</s>" in page
    assert 'href="#r2">taken back</a>' in page
    assert 'id="r1"' in page
    assert "Wrong id." in page
    assert "We took this back." not in site.page(f"/outage/{IRAQ}")


# -- hostile words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("kind", ["confirm", "false_alarm", "mute", "correct"])
def test_hostile_words_are_text_on_every_page(site: Site, kind: str, text: str) -> None:
    more = {"mute": {"until": "2026-03-09T00:00:00Z"}, "correct": {"cause": "power"}}.get(kind, {})
    publish(site, said(kind, by=text, reason=text, **more))
    for path in ("/", "/outages", f"/outage/{IRAQ}", "/country/IQ", "/status"):
        page = site.page(path)
        for bad in ("<script>alert", "<img src=x", "<h1>Owned", "</article><h1>", "\x07", "\x1b", "\x00", "\u202e"):
            assert bad not in page, f"{bad!r} in {path}"
        page.encode()
    if text.startswith("<script>"):
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in site.page(f"/outage/{IRAQ}")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_hostile_words_break_no_feed_and_no_table(site: Site, text: str) -> None:
    publish(site, said("confirm", by=text, reason=text))
    clean = reviews.clean(text)
    feed = ET.fromstring(site.get("/feeds/country/IQ.atom").data)
    texts = [found.text or "" for found in feed.iterfind(".//a:summary", ATOM)]
    assert any(clean[:50] in row for row in texts)
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(site.get("/api/v1/outages?format=csv").text))}
    cell = rows[IRAQ]["review_reason"]
    assert cell == (f"'{clean}" if clean.startswith(("=", "+", "-", "@")) else clean)
    assert site.get(f"/api/v1/outages/{IRAQ}").json["data"]["reviews"][0]["reason"] == clean


# -- API and feeds -----------------------------------------------------------------------------------------------------


def test_the_api_tells_what_people_said_and_what_the_radar_says(site: Site) -> None:
    publish(site, said("correct", start="2026-03-02T04:40:00Z"))
    found = site.get(f"/api/v1/outages/{IRAQ}").json["data"]
    assert found["reviews"] == [said("correct", start="2026-03-02T04:40:00Z")]
    assert (found["start"], found["said_before"]["start"]) == ("2026-03-02T04:40:00Z", "2026-03-02T05:00:00Z")
    listed = {row["id"]: row for row in site.get("/api/v1/outages").json["data"]}
    assert listed[IRAQ] == found
    assert "reviews" not in listed[FIJI]


def test_each_word_is_an_entry_of_the_feed_with_an_id_that_stays(site: Site) -> None:
    publish(site, said("confirm"), said("mute", number=2, until="2026-03-09T00:00:00Z"))

    def entries() -> dict[str, list[str]]:
        feed = ET.fromstring(site.get("/feeds/country/IQ.atom").data)
        return {
            str(row.findtext("a:id", "", ATOM)).rpartition("/")[2]: [
                found.get("term", "") for found in row.iterfind("a:category", ATOM)
            ]
            for row in feed.iterfind("a:entry", ATOM)
        }

    first = entries()
    assert "20260302T110100Z-confirmed" in first
    assert "muted" in first["20260302T110200Z-muted"]
    publish(site, said("confirm"), said("mute", number=2, until="2026-03-09T00:00:00Z"),
            said("withdraw", number=3, entry="r1"))  # fmt: skip
    assert first.keys() < entries().keys(), "nothing that a reader has goes away"


def test_the_table_has_one_line_an_outage_with_empty_cells_for_what_is_not_known(site: Site) -> None:
    publish(site, said("confirm"), said("correct", number=2, level="degraded", start="2026-03-02T04:40:00Z"))
    answer = site.get("/api/v1/outages?format=csv&entity=country/IQ")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["review"], row["review_by"], row["corrected"]) == ("confirm", "Desk", "start level")
    assert (row["end"], row["muted_until"]) == ("", "")
    assert row["signals"] == "edge.requests ping.up_24s"
