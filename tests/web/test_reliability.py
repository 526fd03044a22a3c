"""Twelve months of a place on its page: what was not watched is not known, and never as good as no outage."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from xml.etree import ElementTree

from radar.aggregate.reliability import HOUR, add, tell
from radar.figures import months
from radar.shapes.reliability import Spell
from radar.store import reliability
from tests.web.conftest import Site

UNTIL = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG: Spell = {"id": "IQ-old", "start": "2026-01-10T00:00:00Z", "end": "2026-01-11T06:00:00Z", "level": "outage"}


def part(site: Site, hours: int, *spells: Spell, id: str = "reliability") -> str:
    """That section of Iraq's page, when it was watched for the last so many hours."""
    bits: dict[str, int] = {}
    add(bits, UNTIL - hours * HOUR, [True] * hours)
    row = tell("country/IQ", bits, spells, UNTIL, simulated=True)
    reliability.write(site.store, {"country/IQ": row})
    return unescape(site.page("/country/IQ").partition(f'id="{id}"')[2].partition("</section>")[0])


def test_the_year_is_one_sentence_with_how_much_of_it_is_known(site: Site) -> None:
    text = part(site, 60 * 24, LONG)
    known = re.search(r"we could judge it for (\d+) % of twelve months \(60 days, since 1 January 2026\)", text)
    assert known is not None
    assert 15 <= int(known[1]) <= 19
    assert "was in an outage or degraded (30 h): 1 outage, the longest 30 h." in text
    assert "simulated" in text


def test_without_an_outage_it_says_that_none_was_published_not_that_it_is_perfect(site: Site) -> None:
    text = part(site, 24)
    assert "Up to 2 March 2026, 09:00 UTC we could judge it" in text
    assert "We published no outage of it." in text
    assert "100 %" not in text.partition("<details")[0]


def test_what_was_never_watched_is_no_number_at_all(site: Site) -> None:
    text = part(site, 0)
    assert "We have not watched it for long enough" in text
    assert "<svg" not in text
    assert "%" not in text.partition("</section>")[0].partition("Source:")[0]


def test_months_without_data_are_hatched_and_have_no_row(site: Site) -> None:
    text = part(site, 60 * 24, LONG)
    drawing = ElementTree.fromstring(re.search(r"<svg class=\"months\".*?</svg>", text, re.S)[0])  # type: ignore[index]
    said = [node.text or "" for node in drawing.iter() if node.tag.endswith("title")]
    assert said[1] == "April 2025: not watched"
    assert said[-3].startswith("January 2026: watched")
    assert text.count('scope="row"') == 3


def test_a_place_of_which_nothing_was_counted_has_no_such_part(site: Site) -> None:
    assert 'id="reliability"' not in site.page("/country/FR")


def test_outages_that_the_list_has_no_room_for_are_still_told(site: Site) -> None:
    text = part(site, 24, LONG, id="history")
    assert 'href="/outage/IQ-old"' in text
    assert text.count('href="/outage/IQ-20260302T0500Z"') == 1, "what the list has is not told twice"


def test_an_hour_in_a_month_is_seen_and_nothing_is_drawn_outside() -> None:
    parts = months.Parts(watched=1.0, degraded=0.0, outage=1 / 744)
    text = months.svg([months.Column("March 2026", parts, "x")], "Reliability", "Words.")
    out = re.search(r'class="out"[^>]*y="([\d.]+)"[^>]*height="([\d.]+)"', text)
    assert out is not None
    assert float(out[2]) >= 2
    assert float(out[1]) + float(out[2]) == months.HIGH
    assert 'class="blind"' not in text


def test_all_but_a_minute_is_not_all(site: Site) -> None:
    short: Spell = {**LONG, "start": "2026-03-02T00:00:00Z", "end": "2026-03-02T00:01:00Z"}
    text = part(site, 24 * 28, short)
    assert "Of that, under 0.01 % was" in text
